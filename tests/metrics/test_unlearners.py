"""Every metric on two methods whose answers are known: perfect unlearning is at the floor,
doing nothing is far above it."""

import pytest
import torch
import torch.nn.functional as F
from torch.utils.data import TensorDataset

import unlearnlab as ul
from unlearnlab.chapters.ch13_evidence.challenge import epsilons, forgetting_quality
from unlearnlab.chapters.ch13_evidence.shadow import train_ensemble
from unlearnlab.course.relearning import relearn_time
from unlearnlab.metrics import (
    against_itself,
    average_gap,
    gap_floor,
    klom,
    margin,
    memorisation,
    memorisation_floor,
    mia,
    tow,
    u_lira,
)
from unlearnlab.networks import seeded

N, FORGET, MODELS = 120, 30, 24


@pytest.fixture(scope="module")
def found():
    """Margins (models, examples) of the forget set, then of as many unseen examples;
    labels are drawn, so all has to be learnt by heart."""
    g = torch.Generator().manual_seed(0)
    x, y = torch.randn(N + FORGET, 20, generator=g), torch.randint(4, (N + FORGET,), generator=g)
    included = (torch.arange(N + FORGET) < N).repeat(4 * MODELS, 1)
    included[MODELS:, :FORGET] = False  # the others are retrained
    build = lambda seed: seeded(lambda: ul.MLP([20, 48, 4]), seed)
    ensemble = train_ensemble(build, x, y, included, epochs=40, batch_size=32, lr=2e-2)
    with torch.no_grad():
        margins = margin(torch.stack([model(x) for model in ensemble]), y)
    models = [ensemble[i] for i in (0, MODELS, MODELS + 1, MODELS + 2)]
    groups = {
        "nothing": margins[:MODELS],
        "perfect": margins[MODELS : 2 * MODELS],
        "retrained": margins[2 * MODELS : 3 * MODELS],
        "floor": margins[2 * MODELS :],
    }
    return {name: (m[:, :FORGET], m[:, N:], m[:, FORGET:N]) for name, m in groups.items()} | {
        "models": models,
        "forget": TensorDataset(x[:FORGET], y[:FORGET]),
    }


def of_forget(found, name):
    return found[name][0]


def test_klom_is_at_its_floor_for_retrained_models_and_near_its_most_for_the_original(found):
    scores = {
        name: klom(of_forget(found, name), of_forget(found, "retrained")).mean()
        for name in ("nothing", "perfect")
    }
    floor = against_itself(klom, of_forget(found, "floor"), draws=6).mean(1)
    assert (
        floor.min() - 0.5 < scores["perfect"] < floor.max() + 0.5
        and scores["nothing"] > floor.max() + 4
    )


def test_u_lira_is_at_its_floor_for_retrained_models_and_certain_of_the_original(found):
    scores = {
        name: u_lira(of_forget(found, name), of_forget(found, "retrained")).mean()
        for name in ("nothing", "perfect")
    }
    floor = against_itself(u_lira, of_forget(found, "floor"), draws=6).mean(1)
    assert floor.min() - 0.05 < scores["perfect"] < floor.max() + 0.05 and scores["nothing"] > 0.9


def test_the_challenge_gives_retrained_models_their_floor_and_the_original_next_to_nothing(found):
    quality = lambda some, others: forgetting_quality(epsilons(some, others))
    score = {
        name: quality(of_forget(found, name), of_forget(found, "retrained"))
        for name in ("nothing", "perfect")
    }
    floor = against_itself(quality, of_forget(found, "floor"), draws=6)
    assert floor.min() - 0.07 < score["perfect"] < floor.max() + 0.07 and score["nothing"] < 0.03


@pytest.mark.parametrize("attack", ["logistic", "svc"])
def test_membership_is_at_its_floor_for_retrained_models_and_plain_in_the_original(found, attack):
    losses = lambda name, i: tuple(F.softplus(-found[name][side][i]) for side in (0, 1))
    attacked = lambda name, i: mia(*losses(name, i), attack=attack, repeats=2)
    score = {name: attacked(name, 0) for name in ("nothing", "perfect")}
    floor = [attacked("retrained", i) for i in range(5)]
    assert (
        min(floor) - 0.05 <= score["perfect"] <= max(floor) + 0.05
        and score["nothing"] > max(floor) + 0.15
    )


@pytest.mark.parametrize("metric, sign", [(tow, -1), (average_gap, 1)])
def test_gaps_are_at_their_floor_for_retrained_models_and_large_for_the_original(
    found, metric, sign
):
    def accuracies(name, i):
        return {
            part: (values[i] > 0).double().mean().item()
            for part, values in zip(("forget", "test", "retain"), found[name])
        }

    retrained = [accuracies("retrained", i) for i in range(6)]
    floor = sign * gap_floor(metric, retrained)
    score = {
        name: sign * metric(accuracies(name, 0), retrained[0]) for name in ("nothing", "perfect")
    }
    assert score["perfect"] <= floor.max() + 0.05 and score["nothing"] > floor.max() + 0.1


def test_the_original_has_nothing_to_relearn_and_retrained_models_take_their_time(found):
    how = {"target": 0.2, "max_steps": 200, "lr": 1e-2}
    original, perfect, *retrained = (
        relearn_time(model, found["forget"], **how) for model in found["models"]
    )
    assert original == 0 < 0.6 * min(retrained) <= perfect <= 1.6 * max(retrained) < 200


def test_what_only_members_know_is_memorised(found):
    right = torch.cat([of_forget(found, "nothing"), of_forget(found, "retrained")]) > 0
    included = (torch.arange(2 * MODELS) < MODELS)[:, None].expand(-1, FORGET)
    floor = memorisation_floor(right, included)
    assert memorisation(right, included).mean() > 0.5 and floor.mean().abs() < 0.05
    perfect = torch.cat([of_forget(found, "perfect"), of_forget(found, "retrained")]) > 0
    assert memorisation(perfect, included).abs().mean() < 1.2 * floor.abs().mean()
