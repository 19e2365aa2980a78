"""An independent replication of paper A's label erasure: which part of the method does the work, and does a tuned GD do as well?

A case is a task for every seed, and a grid. `unlearnlab.record` runs them:

    python -m unlearnlab.record replication --cases digits no-norm
"""
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from ..models import AllCNN, ResNet
from ..training.recipe import Recipe
from ..task import Task
from . import erasure

PUBLISHED_RATES = (1e-6, 1e-5, 1e-4, 1e-3)  # paper A, the grid of the main CIFAR-10 figure
LOW_RATES, RATES = (1e-4, 3e-4), (1e-3, 3e-3, 1e-2)
FINE_RATES = (1e-4, 3e-4, 5.5e-4, 1e-3, 1.7e-3, 3e-3, 5.5e-3, 1e-2, 1.7e-2, 3e-2)

# The published procedure, as the public code runs it, and what undoes each of its four oddities
AS_PUBLISHED = {"rows": "train", "outputs": "before", "decay": "projection", "batch_norm": "all"}
CORRECTIONS = {"rows": "eval", "outputs": "after", "decay": "epoch", "batch_norm": "retain"}
ARMS = {"as published": AS_PUBLISHED, **{f"{name} corrected": {**AS_PUBLISHED, name: right} for name, right in CORRECTIONS.items()},
        "all corrected": CORRECTIONS, "all but decay": {**CORRECTIONS, "decay": "projection"}}

PLAIN = partial(AllCNN, width=1 / 6, batch_norm=False)
NORMED = partial(AllCNN, width=1 / 6)
PLAIN_RECIPE = Recipe(epochs=30, batch_size=64, lr=1e-2, milestones=(20,))  # without batch norm 3e-2 is where training becomes uncertain
NORMED_RECIPE = Recipe(epochs=30, batch_size=64, lr=3e-2, milestones=(20,))


@dataclass(frozen=True)
class Case:
    """task(seed), what it is in words, and the grid."""

    task: Callable[[int], Task]
    about: str
    grid: list


def _rivals(epochs, rates=RATES, longer=()):
    """Ridge, NGP and GD; GD also at `longer` epochs, and at rates as fine as its only hyperparameter needs."""
    return [{"GD": {"epochs": [epochs, *longer], "lr": FINE_RATES},
             "Ridge": {"epochs": epochs, "lr": rates, "reg": [1e-3, 1e-2, 3e-2, .1], "reg_decay": [.4, .8]},
             "NGP": {"epochs": epochs, "lr": rates, "ascent": [1e-3, 1e-2, .03, .1]}}]


def _minnorm(epochs, rates=(3e-4, *RATES), reg=(.02, .05, .1), reg_decay=(.4, .8, .95), name="MinNorm-OG", **more):
    return {name: {"epochs": epochs, "lr": rates, "reg": reg, "reg_decay": reg_decay, **more}}


def _variants(epochs, *names):
    return [_minnorm(epochs, RATES, reg, (.4, .8), name) for name, reg in names]


_ONCE = ("MinNorm-OG once an epoch", (.05, .1, .2, .4))
_START = ("MinNorm-OG to the start", (.02, .05, .1))
_DIRECTION = ("MinNorm-OG, filters' lengths kept", (.02, .05, .1))

CASES = {
    "arms": Case(
        partial(erasure.task, "digits", "quick", network=NORMED, recipe=NORMED_RECIPE),
        "digits, AllCNN at width 1/6 with batch norm, a tenth accessible: the public code and its corrections",
        [{"MinNorm-OG": {"epochs": 3, "lr": [1e-3, 3e-3], "reg": [.01, .02, .05, .1], "reg_decay": .8, **arm}} for arm in ARMS.values()]
        + [{"GD": {"epochs": 3, "lr": FINE_RATES, "batch_norm": ["all", "retain", "frozen"]}}]),
    "digits": Case(
        partial(erasure.task, "digits", "quick"), "digits, ResNet-18 at width 3/32, a tenth accessible",
        [_minnorm(3), *_rivals(3, longer=(12,)), *_variants(3, _ONCE, _START, _DIRECTION),
         _minnorm(3, (1e-3, 3e-3), (.05, .1), (.8,), n_pert=[10, 20]),
         {name: erasure.grid(3, PUBLISHED_RATES)[name] for name in ("MinNorm-OG", "GD", "Ridge", "NGP")}]),
    "normed": Case(
        partial(erasure.task, "digits", "quick", network=NORMED, recipe=NORMED_RECIPE), "digits, AllCNN at width 1/6 with batch norm",
        [_minnorm(3), *_rivals(3, longer=(20,)), *_variants(3, _ONCE, _START, _DIRECTION)]),
    "no-norm": Case(
        partial(erasure.task, "digits", "quick", network=PLAIN, recipe=PLAIN_RECIPE), "digits, AllCNN at width 1/6 without batch norm",
        [_minnorm(3, (1e-4, 3e-4, *RATES)), *_rivals(3, (*LOW_RATES, *RATES), (20,)), *_variants(3, _ONCE, _START)]),
    "few": Case(
        partial(erasure.task, "digits", "quick", p_retain=.02), "digits, ResNet-18 at width 3/32, a fiftieth accessible",
        [_minnorm(3), *_rivals(3, longer=(12,))]),
    "many": Case(
        partial(erasure.task, "digits", "quick", p_retain=.5), "digits, ResNet-18 at width 3/32, half accessible",
        [_minnorm(3), *_rivals(3, longer=(12,))]),
}
for _name, _epochs in (("digits", 9), ("no-norm", 10)):  # as many as GD does in the time of its longer runs
    CASES[f"{_name}-longer"] = Case(CASES[_name].task, f"{CASES[_name].about}: the cheapest variant at more epochs",
                                    [_minnorm(_epochs, RATES, (.02, .05, .1, .2), (.4, .8), _ONCE[0])])
    CASES[f"{_name}-start"] = Case(CASES[_name].task, f"{CASES[_name].about}: stronger steps to the start, whose best lay at an end",
                                   [_minnorm(3, RATES, (.2, .4, .8), (.4, .8), _START[0])])
for _name, _what in (("mnist", "MNIST, 6,000 images"), ("cifar10", "CIFAR-10, 8,000 images")):
    CASES[_name] = Case(
        partial(erasure.task, _name, "quick"), f"{_what}, ResNet-18 at width 1/8, a fiftieth accessible",
        [{"GD": {"epochs": [2, 8], "lr": FINE_RATES[1:-1]}},  # ten projections an epoch, so each is weaker
         _minnorm(2, (1e-3, 3e-3), (.002, .005, .01, .02, .05), (.8,)), _minnorm(2, (1e-3, 3e-3), (.02, .05, .1, .2), (.8,), _ONCE[0]),
         {"Ridge": {"epochs": 2, "lr": RATES, "reg": [1e-4, 1e-3, 1e-2], "reg_decay": .8}},
         {"NGP": {"epochs": 2, "lr": (3e-4, 1e-3, 3e-3), "ascent": [1e-3, 1e-2, .1]}}])
    CASES[f"{_name}-finer"] = Case(
        CASES[_name].task, f"{CASES[_name].about}: the rates between, which GD has too",
        [_minnorm(2, (1.7e-3, 5.5e-3), (.002, .005, .01, .02, .05), (.8,)), _minnorm(2, (1.7e-3, 5.5e-3), (.02, .05, .1, .2), (.8,), _ONCE[0])])
CASES["cifar10-wider"] = Case(  # MinNorm-OG and its rivals at equal epochs are in `unlearnlab.record erasure --dataset cifar10 --width .25`
    partial(erasure.task, "cifar10", "quick", network=partial(ResNet, 18, width=1 / 4)),
    "CIFAR-10, 8,000 images, ResNet-18 at width 1/4: GD with as much work as MinNorm-OG in notebook 09, and the cheapest variant",
    [{"GD": {"epochs": 10, "lr": FINE_RATES[:6]}}, _minnorm(2, (5.5e-4, 1e-3, 1.7e-3), (.05, .1, .2), (.8,), _ONCE[0])])
