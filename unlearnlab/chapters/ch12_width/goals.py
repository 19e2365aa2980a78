"""Which runs serve a goal best, and from which width on does a network interpolate?

[paper] marks what the paper says of itself, of which only a summary was at hand; [ours] what this
file had to decide.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ... import selection
from ...experiments import width as tasks
from ...ground import checks

GOALS = ("privacy", "bias")
LAMBDAS = (0.2, 0.4, 0.6, 0.8)  # [paper] .8 for strong bias removal
GROUP = ("network", "width", "share", "method")


def objective(metrics, goal: str = "privacy", lam: float = 0.4):
    """J of a goal from what `ul.width.evaluate` returned, or from a table with such columns.

    Smaller is better. Only validation data and the forget set have a say in it. [paper] a trade-off
    lambda between the goal and generalization. [ours] its form:
        "privacy"   J = (1 - lambda) E_val + lambda |E_forget - E_forget-val|
        "bias"      J = (1 - lambda) E_val + lambda (1 - E_forget)

    Raises ValueError for another goal or a lambda outside [0, 1].
    """
    if goal not in GOALS:
        raise ValueError(f'goal must be "privacy" or "bias", got {goal!r}')
    lam = checks.number("lam", lam, low=0, high=1)
    if goal == "privacy":
        aim = abs(metrics["forget_error"] - metrics["forget_validation_error"])
    else:
        aim = 1 - metrics["forget_error"]
    return (1 - lam) * metrics["validation_error"] + lam * aim


def select(frame, goal: str = "privacy", lam: float = 0.4, by: Sequence[str] | None = None):
    """The runs of the settings with the lowest J, one per group and seed, with J as "objective".

    frame: what `ul.sweep` returned, or recorded runs. by: columns that make a group, default those
    of GROUP that it has. J is made of validation data, so the setting is one a user could have
    chosen; it is the one with the lowest median over seeds (`ul.select`).
    """
    if by is None:
        by = [name for name in GROUP if name in frame.columns]
    judged = frame.assign(objective=objective(frame, goal, lam))
    return selection.select(judged, "objective", by=tuple(by))


@dataclass(frozen=True)
class Threshold:
    """width: the smallest at which every seed's training error is 0. low, high: over the seeds, the
    smallest and the largest of the widths at which a seed's is 0 for the first time. inf where no
    width is wide enough."""

    width: float
    low: float
    high: float


def threshold(errors: Mapping[float, Sequence[float]]) -> Threshold:
    """The interpolation threshold, measured. errors: width -> training error of each seed.

    [paper] underparameterized networks have a training error above 0, overparameterized ones 0.
    Raises ValueError for no widths, or different numbers of seeds.
    """
    seeds = {len(values) for values in errors.values()}
    if len(seeds) != 1 or seeds == {0}:
        counts = ", ".join(f"{len(values)} at {width:g}" for width, values in errors.items())
        raise ValueError(
            "errors must hold the same seeds, at least one, for each width; got "
            + (counts or "no width")
        )
    first = []
    for i in range(seeds.pop()):
        reached = [width for width, values in errors.items() if values[i] == 0]
        first.append(min(reached, default=math.inf))
    everywhere = [width for width, values in errors.items() if not any(values)]
    return Threshold(min(everywhere, default=math.inf), min(first), max(first))


def training_errors(
    dataset: str = "digits",
    preset: str = "quick",
    seeds: Sequence[int] = tasks.SHIPPED_SEEDS,
    *,
    network: str = "resnet18",
    widths: Sequence[float] | None = None,
    **options,
) -> dict[float, list[float]]:
    """Width -> training error of the original of each seed, over the preset's ladder or `widths`.

    Trains what is not there. options: of `ul.width.task`.
    """
    errors = {}
    for width in tasks.ladder(dataset, preset, network) if widths is None else widths:
        errors[width] = []
        for seed in seeds:
            task = tasks.task(dataset, preset, seed, network=network, width=width, **options)
            errors[width].append(float(task.facts["original"]["training_error"]))
    return errors
