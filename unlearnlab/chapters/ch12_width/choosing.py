"""Which settings are chosen at each width, and at which width do networks interpolate? (notebook
12)

[paper] marks what paper B says of itself, [ours] what this file had to decide.
"""

import math
from collections import namedtuple
from collections.abc import Mapping, Sequence

import numpy as np

from ...ground import checks
from ...study import choosing
from ...tasks import papers

GOALS = ("privacy", "bias")
LAMBDAS = (0.2, 0.4, 0.6, 0.8)  # [paper] .8 for strong bias removal
NEAR = 0.25  # of the typical distance: paper B's delta of 10 on CIFAR-10, with pixels in [-1, 1]


def objective(metrics, goal: str = "privacy", lam: float = 0.4):
    """J of a goal from what `evaluate` returned, or from a table with such columns: smaller is
    better. Only validation data and the forget set have a say in it.

    [paper] a trade-off lambda between the goal and generalization. [ours] its form:
        "privacy"   J = (1 - lambda) E_val + lambda |E_forget - E_forget-val|
        "bias"      J = (1 - lambda) E_val + lambda (1 - E_forget)

    Raises ValueError for another goal or a lambda outside [0, 1].
    """
    checks.one_of("goal", goal, GOALS)
    checks.number("lam", lam, low=0, high=1)
    aim = (
        abs(metrics["forget_error"] - metrics["forget_validation_error"])
        if goal == "privacy"
        else 1 - metrics["forget_error"]
    )
    return (1 - lam) * metrics["validation_error"] + lam * aim


def select(frame, goal: str = "privacy", lam: float = 0.4):
    """The runs of the settings with the lowest J, one per method and seed of each network, width
    and share that there is, with J as column "objective".

    frame: what `ul.sweep` returned, or the runs of a record. J is made of validation data, so the
    setting is one a user could have chosen; it is the one with the lowest median over seeds
    (`ul.select`).
    """
    groups = [name for name in ("network", "width", "share", "method") if name in frame]
    scored = frame.assign(objective=objective(frame, goal, lam))
    return choosing.select(scored, "objective", by=tuple(groups))


def distance(frame, models, columns: Sequence[str] = ("forget_error", "test_error")):
    """How far from retraining the rows of a table are: 0 is a retrained model's twin.

    The absolute differences of `columns` to a retrained model of the same network, width, share and
    seed, summed, and averaged over these models: [ours]. It asks for retrained models, which a user
    has not; it measures methods, and tunes none in the field. frame: runs, or models. models: of a
    record; one that is in frame is compared with the others alone, which gives the floor. Returns a
    column for `frame`.
    """
    place, rows = ["network", "width", "share", "seed"], frame.reset_index(drop=True)
    truth = models[models.role.str.startswith("ground-truth")][[*place, "role", *columns]]
    pairs = rows.reset_index().merge(truth, on=place, suffixes=("", "_retrained"))
    if "role" in rows:
        pairs = pairs[pairs.role != pairs.role_retrained]
    apart = sum((pairs[name] - pairs[f"{name}_retrained"]).abs() for name in columns)
    return apart.groupby(pairs["index"]).mean().reindex(rows.index).to_numpy()


Threshold = namedtuple("Threshold", "width low high")


def threshold(errors: Mapping[float, Sequence[float]]) -> Threshold:
    """The interpolation threshold, measured. errors: width -> training error of each seed.

    [paper] underparameterized networks have a training error above 0, overparameterized ones have
    0. width: the smallest at which every seed's is 0. low, high: over the seeds, the smallest and
    the largest of the widths at which a seed's is 0 for the first time. inf where no width is wide
    enough. Raises ValueError for different numbers of seeds.
    """
    widths, fits = np.array(list(errors)), np.array(list(errors.values())) == 0
    narrowest = lambda fit: widths[fit].min(initial=math.inf)
    first = [narrowest(seed) for seed in fits.T]
    return Threshold(narrowest(fits.all(1)), min(first), max(first))


def grid(name: str = "width", methods: Sequence[str] | None = None) -> dict[str, dict]:
    """Settings of a name in tasks/papers.json, as `ul.sweep` takes them, all for six epochs; of
    these methods, or all. "width": for digits, the methods of paper B, MinNorm-OG, and Retrain.

    [ours] Rates and weights reach from nearly no effect to a broken network, after a look at seed
    1. All but Retrain have batch_norm="frozen": they descend and ascend the deployed network's
    losses. With forget batches normalised by statistics of their own, ascent teaches a wide network
    to be wrong in training mode alone, and the deployed one keeps its answers.
    """
    grids = papers.grid(name, epochs=6)
    return {name: grids[name] for name in methods or grids}
