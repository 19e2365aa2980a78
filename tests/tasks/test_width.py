"""The width task is paper B's: 200 examples to forget, parts that never overlap, a threshold
that is measured, two goals."""

import functools
import math

import pandas
import pytest
import torch
from torch import nn
from torch.utils.data import TensorDataset
from width_cases import vector

import unlearnlab as ul
from unlearnlab.chapters.ch12_width import choosing
from unlearnlab.networks import AllCNN
from unlearnlab.tasks import width

LABELS = ul.images.load("digits").train.tensors[1]


@pytest.mark.parametrize(
    "seed, share, classes", [(1, 0.2, 4), (2, 0.1, 4), (3, 0.3, 4), (4, 0.2, 10), (5, 0.2, 2)]
)
def test_the_parts_never_overlap_and_are_all_of_the_training_images(seed, share, classes):
    parts = width.split(LABELS, seed, share, classes)
    together = torch.cat(list(parts.values()))
    assert sorted(parts) == ["forget", "forget_validation", "retain", "validation"]
    assert torch.equal(
        together.sort().values, torch.arange(len(LABELS))
    )  # so no position is in two
    labels = {name: LABELS[where] for name, where in parts.items()}
    touched = labels["forget"].unique()
    assert (
        len(labels["forget"]) == 200
        and len(touched) == classes
        and labels["forget"].bincount()[touched].min() == 200 // classes
    )
    assert torch.equal(labels["forget_validation"].unique(), touched)
    assert len(labels["validation"].unique()) == 10 and len(labels["retain"].unique()) == 10
    held = torch.cat([labels["validation"], labels["forget_validation"]]).bincount()
    assert held.tolist() == [round(share * int(count)) for count in LABELS.bincount()]


def test_the_training_error_is_the_share_of_wrong_answers_on_all_that_was_trained_on():
    training, parts = width.shipped(1)[0], width.splits()
    model = training.untrained().eval()
    both = [torch.cat(t) for t in zip(parts["retain"].tensors, parts["forget"].tensors)]
    with torch.no_grad():
        expected = (model(both[0]).argmax(1) != both[1]).double().mean().item()
    assert 0 < expected < 1
    assert training.measure(model)["training_error"] == pytest.approx(expected)


def test_a_width_beside_the_ladder_does_not_ship():
    at = lambda factor: width._EXPERIMENT.shipped(1, network="allcnn", width=factor)
    assert all(one.shipped for one in at(width.ladder(network="allcnn")[0]))
    assert not any(one.shipped for one in at(5 / 96))


def test_a_split_follows_from_its_seed_and_refuses_what_does_not_fit():
    one, same, other = width.split(LABELS, 1), width.split(LABELS, 1), width.split(LABELS, 2)
    assert all(torch.equal(one[name], same[name]) for name in one) and not torch.equal(
        one["forget"], other["forget"]
    )
    odd = width.split(LABELS, 1, forget_classes=3)
    assert sorted(LABELS[odd["forget"]].bincount()[LABELS[odd["forget"]].unique()].tolist()) == [
        66,
        67,
        67,
    ]
    for change, words in (
        (dict(share=0), r"share must be a number in \(0, 1\), got 0"),
        (dict(share=1.0), "share must be"),
        (dict(forget_classes=11), "forget_classes must be an integer from 1 to 10, got 11"),
        (dict(forget=0), "forget must be an integer from 1 to 1437, got 0"),
        (
            dict(forget_classes=1),
            "forget=200 of 1 classes at share=0.2 does not fit: class . has 11. training",
        ),
    ):
        with pytest.raises(ValueError, match=words):
            width.split(LABELS, 1, **change)


def test_the_task_is_made_of_these_parts_and_forget_test_is_of_the_forgotten_classes():
    task, parts, images = (
        ul.width.task(seed=1, width=1 / 32),
        ul.width.splits(seed=1),
        ul.images.load("digits"),
    )
    where = width.split(images.train.tensors[1], 1)
    for name, data in (
        ("retain", task.retain),
        ("forget", task.forget),
        ("validation", parts["validation"]),
    ):
        assert torch.equal(data.tensors[0][:, 1], images.train.tensors[0][where[name], 0])
        assert torch.equal(data.tensors[1], images.train.tensors[1][where[name]])
    assert (
        len(task.forget) == 200
        and task.forget.tensors[0].shape == (200, 3, 8, 8)
        and task.batch_size == 64
    )
    assert torch.equal(parts["test"].tensors[0][:, 2], images.test.tensors[0][:, 0])
    touched = [
        label in task.forget.tensors[1].unique().tolist()
        for label in images.test.tensors[1].tolist()
    ]
    assert torch.equal(
        parts["forget_test"].tensors[1], images.test.tensors[1][touched]
    ) and 0 < sum(touched) < len(touched)
    again = ul.width.task(seed=1, width=1 / 32, batch_size=16)
    assert again.batch_size == 16 and torch.equal(vector(again.original), vector(task.original))
    assert not torch.equal(vector(task.fresh(3)), vector(task.fresh(4))) and torch.equal(
        vector(task.fresh(3)), vector(task.fresh(3))
    )


class Reads(nn.Module):
    """Says of an image the class its first pixel is."""

    def __init__(self):
        super().__init__()
        self.unused = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return nn.functional.one_hot(x[:, 0, 0, 0].long(), 4).double()


class Told(Reads):
    """Says of an image what its first pixel stands for: class 0 well, 1 badly; surer; wrong."""

    def forward(self, x):
        known = torch.tensor([[5.0, 0, 0, 0], [0.0, 1, 0, 0]])
        return torch.cat([known, 3 * known, -known])[x[:, 0, 0, 0].long()]


def pairs(said, labels):
    return TensorDataset(
        torch.tensor(said, dtype=torch.uint8)[:, None, None, None].repeat(1, 3, 2, 2),
        torch.tensor(labels),
    )


def test_errors_are_those_of_a_count_by_hand_and_validation_counts_every_class_alike():
    parts = {
        "retain": pairs([0, 1, 2, 3], [0, 1, 2, 3]),
        "forget": pairs([0, 1] * 5, [0] * 10),
        "test": pairs([0, 1, 1, 1], [0, 0, 0, 1]),
        "validation": pairs([0, 0, 0, 3, 2], [0, 0, 0, 1, 2]),
        "forget_validation": pairs([1], [0]),
        "forget_test": pairs([0] * 5, [0] * 5),
    }
    found = width.evaluate(Reads(), parts)
    assert 0 < found.pop("mia") < 1
    assert found == pytest.approx(
        {
            "retain_error": 0,
            "forget_error": 0.5,
            "test_error": 0.5,
            "validation_error": 1 / 3,
            "forget_validation_error": 1,
            "forget_test_error": 0,
        }
    )


def test_the_attack_tells_the_forget_set_apart_by_its_loss_alone_class_by_class():
    """Class 0 is well known, class 1 badly, and the forget set has more of class 0:
    that alone must not give it away."""
    classes = {"forget": [0] * 30 + [1] * 10, "forget_test": [0] * 10 + [1] * 30}

    def mia(first, **classes):
        """`first`: what a pixel of the forget set says of class 0."""
        parts = {name: pairs(labels, labels) for name, labels in classes.items()}
        parts["forget"].tensors[0].add_(first)
        return width.evaluate(Told(), parts | {"validation": pairs([0], [0])})["mia"]

    assert mia(0, **classes) == 0.5
    assert mia(2, **classes) > 0.7 and mia(2, **classes) == mia(2, **classes)
    assert mia(4, **classes) == 1
    with pytest.raises(ValueError, match="folds=5 needs at least 5"):
        mia(0, forget=[0], forget_test=[0])


def test_the_objectives_are_those_of_the_formulas():
    found = {
        "validation_error": 0.1,
        "forget_error": 0.3,
        "forget_validation_error": 0.5,
        "test_error": 0.9,
        "forget_test_error": 0.9,
    }
    assert choosing.objective(found, "privacy", 0.4) == pytest.approx(0.6 * 0.1 + 0.4 * 0.2)
    assert choosing.objective({**found, "forget_error": 0.7}, "privacy", 0.4) == pytest.approx(
        0.6 * 0.1 + 0.4 * 0.2
    )  # neither high nor low
    assert choosing.objective(found, "bias", 0.8) == pytest.approx(0.2 * 0.1 + 0.8 * 0.7)
    assert choosing.objective(found, "bias", 0) == pytest.approx(0.1) and choosing.objective(
        found, "privacy", 1
    ) == pytest.approx(0.2)
    for change, words in (
        (dict(goal="utility"), "goal must be one of privacy, bias, got"),
        (dict(lam=1.1), r"lam must be a number in \[0, 1\]"),
        (dict(lam=True), "lam must be"),
    ):
        with pytest.raises(ValueError, match=words):
            choosing.objective(found, **change)


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
            for w, lr in choosing.select(frame, goal, lam)[["width", "lr"]].itertuples(index=False)
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
    assert "objective" in choosing.select(frame) and set(choosing.select(frame)["seed"]) == {1, 2}


def test_the_distance_is_that_to_the_retrained_models_of_the_same_place_and_never_to_itself():
    place = dict(network="allcnn", width=0.5, share=0.2, seed=1)
    rows = [("original", 0.0, 0.1), ("ground-truth", 0.3, 0.2), ("ground-truth-2", 0.5, 0.1)]
    columns = ["role", "forget_error", "test_error"]
    models = pandas.DataFrame(rows, columns=columns).assign(**place)
    # the other seed's models are no measure of this one's
    far = models.assign(seed=2, forget_error=0.9)
    both = pandas.concat([models, far])
    found = choosing.distance(both, both)
    assert found[:3] == pytest.approx([(0.4 + 0.5) / 2, 0.3, 0.3])
    assert found[3:] == pytest.approx([0.05, 0.1, 0.1])
    run = pandas.DataFrame([dict(place, forget_error=0.4, test_error=0.2)], index=[7])
    assert choosing.distance(run, both) == pytest.approx([(0.1 + 0.2) / 2])
    assert choosing.distance(run, both, ["test_error"]) == pytest.approx([0.05])


def test_a_task_of_a_partial_has_the_same_name_in_every_process():
    made = lambda network: width.PRESETS["digits", "quick"].changed(network=network, width=0.125)
    named = made(functools.partial(AllCNN, kernels=3)).label
    assert named == made(functools.partial(AllCNN, kernels=3)).label and " at 0x" not in named
    assert named != made(functools.partial(AllCNN, kernels=5)).label
    assert made(AllCNN).label == "-AllCNN-0.125"


def test_the_threshold_is_the_smallest_width_at_which_no_seed_is_wrong():
    found = choosing.threshold(
        {1 / 8: [0, 0, 0], 1 / 64: [0.2, 0.1, 0.3], 1 / 32: [0, 0.01, 0], 1 / 16: [0, 0, 0]}
    )
    assert found == choosing.Threshold(1 / 16, 1 / 32, 1 / 16)
    assert choosing.threshold({0.1: [0.1, 0], 0.2: [0, 0.1]}) == choosing.Threshold(
        math.inf, 0.1, 0.2
    )
    assert choosing.threshold({0.1: [0.1]}) == choosing.Threshold(math.inf, math.inf, math.inf)
    for errors, words in (({0.1: [0], 0.2: [0, 0]}, "inhomogeneous"), ({0.1: []}, "empty")):
        with pytest.raises(ValueError, match=words):
            choosing.threshold(errors)
