"""Label erasure replicated: which part of the method does the work, and does a tuned GD do as well?

Each case is a study of its own:

    python -m unlearnlab.study replication-no-norm
"""

from functools import partial

from ...course.studies import Study
from ...networks import AllCNN, ResNet
from ...tasks import erasure
from ...training.recipe import Recipe
from .published import MinNormPublished
from .variants import MinNormDirection, MinNormOnce, MinNormStart

PUBLISHED_RATES = (1e-6, 1e-5, 1e-4, 1e-3)  # paper A, the grid of the main CIFAR-10 figure
LOW_RATES, RATES = (1e-4, 3e-4), (1e-3, 3e-3, 1e-2)
FINE_RATES = (1e-4, 3e-4, 5.5e-4, 1e-3, 1.7e-3, 3e-3, 5.5e-3, 1e-2, 1.7e-2, 3e-2)

# The published procedure, as the public code runs it, and what undoes each of its four oddities
AS_PUBLISHED = {"rows": "train", "outputs": "before", "decay": "projection", "batch_norm": "all"}
CORRECTIONS = {"rows": "eval", "outputs": "after", "decay": "epoch", "batch_norm": "retain"}
ARMS = {
    "as published": AS_PUBLISHED,
    **{f"{name} corrected": {**AS_PUBLISHED, name: right} for name, right in CORRECTIONS.items()},
    "all corrected": CORRECTIONS,
    "all but decay": {**CORRECTIONS, "decay": "projection"},
}

PLAIN = partial(AllCNN, width=1 / 6, batch_norm=False)
NORMED = partial(AllCNN, width=1 / 6)
PLAIN_RECIPE = Recipe(
    epochs=30, batch_size=64, lr=1e-2, milestones=(20,)
)  # without batch norm 3e-2 is where training becomes uncertain
NORMED_RECIPE = Recipe(epochs=30, batch_size=64, lr=3e-2, milestones=(20,))


def _rivals(epochs, rates=RATES, longer=()):
    """Ridge, NGP and GD; GD also at `longer` epochs, and at finer rates, its only number."""
    weights, shrinking = [1e-3, 1e-2, 3e-2, 0.1], [0.4, 0.8]
    return [
        {
            "GD": {"epochs": [epochs, *longer], "lr": FINE_RATES},
            "Ridge": {"epochs": epochs, "lr": rates, "reg": weights, "reg_decay": shrinking},
            "NGP": {"epochs": epochs, "lr": rates, "ascent": [1e-3, 1e-2, 0.03, 0.1]},
        }
    ]


def _minnorm(
    epochs,
    rates=(3e-4, *RATES),
    reg=(0.02, 0.05, 0.1),
    reg_decay=(0.4, 0.8, 0.95),
    method="MinNorm-OG",
    **more,
):
    return {method: {"epochs": epochs, "lr": rates, "reg": reg, "reg_decay": reg_decay, **more}}


def _variants(epochs, *methods):
    return [_minnorm(epochs, RATES, reg, (0.4, 0.8), method) for method, reg in methods]


_ONCE = (MinNormOnce, (0.05, 0.1, 0.2, 0.4))
_START = (MinNormStart, (0.02, 0.05, 0.1))
_DIRECTION = (MinNormDirection, (0.02, 0.05, 0.1))

SEEDS = (1, 2, 3, 4, 5)
DIGITS = partial(erasure.task, "digits", "quick")
NORMED_DIGITS = partial(DIGITS, network=NORMED, recipe=NORMED_RECIPE)
PLAIN_DIGITS = partial(DIGITS, network=PLAIN, recipe=PLAIN_RECIPE)
WIDER = partial(erasure.task, "cifar10", "quick", network=partial(ResNet, 18, width=1 / 4))

CASES = {}  # name -> Study


def _case(name, factory, title, grid):
    CASES[name] = Study(
        name=f"replication-{name}", title=title, factory=factory, grid=grid, seeds=SEEDS
    )


_as_published = {"epochs": 3, "lr": [1e-3, 3e-3], "reg": [0.01, 0.02, 0.05, 0.1], "reg_decay": 0.8}
_case(
    "arms",
    NORMED_DIGITS,
    "digits, AllCNN at width 1/6 with batch norm, a tenth accessible: "
    "the public code and its corrections",
    [
        *({MinNormPublished: _as_published | arm} for arm in ARMS.values()),
        {"GD": {"epochs": 3, "lr": FINE_RATES, "batch_norm": ["all", "retain", "frozen"]}},
    ],
)
_published = erasure.grid(3, PUBLISHED_RATES)
_case(
    "digits",
    DIGITS,
    "digits, ResNet-18 at width 3/32, a tenth accessible",
    [
        _minnorm(3),
        *_rivals(3, longer=(12,)),
        *_variants(3, _ONCE, _START, _DIRECTION),
        _minnorm(3, (1e-3, 3e-3), (0.05, 0.1), (0.8,), n_pert=[10, 20]),
        {name: _published[name] for name in ("MinNorm-OG", "GD", "Ridge", "NGP")},
    ],
)
_case(
    "normed",
    NORMED_DIGITS,
    "digits, AllCNN at width 1/6 with batch norm",
    [_minnorm(3), *_rivals(3, longer=(20,)), *_variants(3, _ONCE, _START, _DIRECTION)],
)
_case(
    "no-norm",
    PLAIN_DIGITS,
    "digits, AllCNN at width 1/6 without batch norm",
    [
        _minnorm(3, (1e-4, 3e-4, *RATES)),
        *_rivals(3, (*LOW_RATES, *RATES), (20,)),
        *_variants(3, _ONCE, _START),
    ],
)
_case(
    "few",
    partial(DIGITS, p_retain=0.02),
    "digits, ResNet-18 at width 3/32, a fiftieth accessible",
    [_minnorm(3), *_rivals(3, longer=(12,))],
)
_case(
    "many",
    partial(DIGITS, p_retain=0.5),
    "digits, ResNet-18 at width 3/32, half accessible",
    [_minnorm(3), *_rivals(3, longer=(12,))],
)
# as many epochs as GD does in the time of its longer runs
for _name, _epochs in (("digits", 9), ("no-norm", 10)):
    _same = CASES[_name]
    _case(
        f"{_name}-longer",
        _same.factory,
        f"{_same.title}: the cheapest variant at more epochs",
        [_minnorm(_epochs, RATES, (0.02, 0.05, 0.1, 0.2), (0.4, 0.8), _ONCE[0])],
    )
    _case(
        f"{_name}-start",
        _same.factory,
        f"{_same.title}: stronger steps to the start, whose best lay at an end",
        [_minnorm(3, RATES, (0.2, 0.4, 0.8), (0.4, 0.8), _START[0])],
    )
# ten projections an epoch, so each is weaker than on the digits
_WEAK, _WEAK_ONCE = (0.002, 0.005, 0.01, 0.02, 0.05), (0.02, 0.05, 0.1, 0.2)
for _name, _what in (("mnist", "MNIST, 6,000 images"), ("cifar10", "CIFAR-10, 8,000 images")):
    _title = f"{_what}, ResNet-18 at width 1/8, a fiftieth accessible"
    _case(
        _name,
        partial(erasure.task, _name, "quick"),
        _title,
        [
            {"GD": {"epochs": [2, 8], "lr": FINE_RATES[1:-1]}},
            _minnorm(2, (1e-3, 3e-3), _WEAK, (0.8,)),
            _minnorm(2, (1e-3, 3e-3), _WEAK_ONCE, (0.8,), _ONCE[0]),
            {"Ridge": {"epochs": 2, "lr": RATES, "reg": [1e-4, 1e-3, 1e-2], "reg_decay": 0.8}},
            {"NGP": {"epochs": 2, "lr": (3e-4, 1e-3, 3e-3), "ascent": [1e-3, 1e-2, 0.1]}},
        ],
    )
    _case(
        f"{_name}-finer",
        CASES[_name].factory,
        f"{_title}: the rates between, which GD has too",
        [
            _minnorm(2, (1.7e-3, 5.5e-3), _WEAK, (0.8,)),
            _minnorm(2, (1.7e-3, 5.5e-3), _WEAK_ONCE, (0.8,), _ONCE[0]),
        ],
    )
# MinNorm-OG and its rivals at equal epochs are in erasure-cifar10-quick-width0.25
_case(
    "cifar10-wider",
    WIDER,
    "CIFAR-10, 8,000 images, ResNet-18 at width 1/4: GD with as much work as MinNorm-OG in "
    "notebook 09, and the cheapest variant",
    [
        {"GD": {"epochs": 10, "lr": FINE_RATES[:6]}},
        _minnorm(2, (5.5e-4, 1e-3, 1.7e-3), (0.05, 0.1, 0.2), (0.8,), _ONCE[0]),
    ],
)

STUDIES = tuple(CASES.values())
