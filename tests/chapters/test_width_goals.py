"""Two goals ask for opposite numbers, and the width at which networks interpolate is measured."""

import math

import pandas
import pytest
import torch
from torch.nn.utils import parameters_to_vector

import unlearnlab as ul
from unlearnlab.chapters.ch12_width import goals
from unlearnlab.experiments.outputs import outputs


def vector(model):
    return parameters_to_vector(model.parameters()).detach()


def test_the_objectives_are_those_of_the_formulas():
    found = {
        "validation_error": 0.1,
        "forget_error": 0.3,
        "forget_validation_error": 0.5,
        "test_error": 0.9,
        "forget_test_error": 0.9,
    }
    assert goals.objective(found, "privacy", 0.4) == pytest.approx(0.6 * 0.1 + 0.4 * 0.2)
    assert goals.objective({**found, "forget_error": 0.7}, "privacy", 0.4) == pytest.approx(
        0.6 * 0.1 + 0.4 * 0.2
    )  # neither high nor low
    assert goals.objective(found, "bias", 0.8) == pytest.approx(0.2 * 0.1 + 0.8 * 0.7)
    assert goals.objective(found, "bias", 0) == pytest.approx(0.1) and goals.objective(
        found, "privacy", 1
    ) == pytest.approx(0.2)
    for change, words in (
        (dict(goal="utility"), 'goal must be "privacy" or "bias", got'),
        (dict(lam=1.1), r"lam must be a number in \[0, 1\]"),
        (dict(lam=True), "lam must be"),
    ):
        with pytest.raises(ValueError, match=words):
            goals.objective(found, **change)


def test_settings_are_selected_by_validation_at_each_width_and_test_numbers_have_no_say():
    rows = [
        (w, lr, seed, *numbers)
        for seed in (1, 2)
        for w, lr, *numbers in (
            (0.1, 1e-3, 0.30, 0.00, 0.9, 0.0),
            (0.1, 1e-2, 0.10, 0.50, 0.9, 0.9),
            (0.2, 1e-3, 0.10, 0.90, 0.9, 0.9),
            (0.2, 1e-2, 0.15, 0.10, 0.1, 0.1),
        )
    ]
    frame = pandas.DataFrame(
        rows,
        columns=[
            "width",
            "lr",
            "seed",
            "validation_error",
            "forget_error",
            "forget_validation_error",
            "test_error",
        ],
    )
    frame = frame.assign(method="NegGrad", epochs=5)

    def chosen(goal, lam):
        return {
            w: lr
            for w, lr in goals.select(frame, goal, lam)[["width", "lr"]].itertuples(index=False)
        }

    assert chosen("privacy", 0.4) == {0.1: 1e-2, 0.2: 1e-3} and chosen("bias", 0.8) == {
        0.1: 1e-2,
        0.2: 1e-3,
    }
    frame["validation_error"] = [0.0, 0.9, 0.9, 0.0] * 2
    assert chosen("privacy", 0.2) == {0.1: 1e-3, 0.2: 1e-2}
    frame["test_error"] = frame["test_error"].to_numpy()[::-1]
    assert chosen("privacy", 0.2) == {0.1: 1e-3, 0.2: 1e-2}
    frame["validation_error"], frame["forget_error"] = (
        [0.0, 0.3, 0.0, 0.3] * 2,
        [0.0, 0.5, 0.0, 0.5] * 2,
    )
    assert chosen("bias", 0.2) == {0.1: 1e-3, 0.2: 1e-3} and chosen("bias", 0.8) == {
        0.1: 1e-2,
        0.2: 1e-2,
    }  # lambda weighs
    assert "objective" in goals.select(frame) and set(goals.select(frame)["seed"]) == {1, 2}


def test_the_threshold_is_the_smallest_width_at_which_no_seed_is_wrong():
    found = goals.threshold(
        {1 / 8: [0, 0, 0], 1 / 64: [0.2, 0.1, 0.3], 1 / 32: [0, 0.01, 0], 1 / 16: [0, 0, 0]}
    )
    assert found == goals.Threshold(1 / 16, 1 / 32, 1 / 16)
    assert goals.threshold({0.1: [0.1, 0], 0.2: [0, 0.1]}) == goals.Threshold(math.inf, 0.1, 0.2)
    assert goals.threshold({0.1: [0.1]}) == goals.Threshold(math.inf, math.inf, math.inf)
    for errors, words in (
        ({}, "got no width"),
        ({0.1: [0], 0.2: [0, 0]}, "got 1 at 0.1, 2 at 0.2"),
        ({0.1: []}, "at least one"),
    ):
        with pytest.raises(ValueError, match=words):
            goals.threshold(errors)


@pytest.mark.parametrize("network", ["allcnn", "resnet18"])
def test_shipped_models_climb_from_a_training_error_above_0_to_one_of_0(network):
    errors = goals.training_errors(network=network)
    widths = list(errors)
    assert tuple(widths) == ul.width.ladder(network=network) and widths == sorted(widths)
    assert errors[widths[0]][0] > 0.01 and errors[widths[-1]] == [0]
    found = goals.threshold(errors)
    assert widths[0] < found.width <= widths[-1] and found.low == found.high == found.width
    for chosen in (widths[0], widths[-1]):
        task = ul.width.task(seed=1, network=network, width=chosen)
        both = [torch.cat(pair) for pair in zip(task.retain.tensors, task.forget.tensors)]
        wrong = outputs(task.original, both[0])[0].argmax(1) != both[1]
        assert wrong.double().mean().item() == pytest.approx(errors[chosen][0], abs=2e-3)
        assert "commit" in task.facts["original"] and task.facts["ground-truth"][
            "command"
        ].startswith("python -m unlearnlab.experiments.width")
        truth, original = task.evaluate(task.ground_truth), task.evaluate(task.original)
        assert truth["forget_error"] > original["forget_error"] and truth["test_error"] < 1 - 1 / 10
        again = ul.width.retrained_again(seed=1, network=network, width=chosen)
        assert (
            not torch.equal(vector(again), vector(task.ground_truth))
            and task.evaluate(again)["test_error"] < 1 - 1 / 10
        )
