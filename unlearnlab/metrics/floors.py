"""What counts as nothing, and how sure is a number? Retrained models against retrained models;
intervals over seeds."""

import math
import numbers
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch


class Interval(NamedTuple):
    """A mean over seeds, and the ends of its interval."""

    mean: float
    low: float
    high: float

    def __str__(self):
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}]"


def interval(values, level: float = 0.95) -> Interval:
    """Student's t interval of a mean over independent runs, one value each: for normal values it
    holds the true mean with probability `level`. Values that are all alike give an interval of no
    width.

    Seeds are independent; repeats of a split of the same examples are not, and an interval over
    them is too short. For a score that is one number of many models, see `jackknife`.
    Raises ValueError for fewer than 2 values, values that are not finite, or a level outside
    (0, 1).
    """
    values = np.asarray(
        values.detach().cpu() if isinstance(values, torch.Tensor) else values, float
    )
    if values.ndim != 1 or len(values) < 2:
        raise ValueError(
            f"values must be at least 2 numbers, one per seed, got shape {values.shape}"
        )
    if not np.isfinite(values).all():
        raise ValueError("values must be finite")
    half = _student(level, len(values) - 1) * values.std(ddof=1) / math.sqrt(len(values))
    return Interval(float(values.mean()), float(values.mean() - half), float(values.mean() + half))


def jackknife(
    score: Callable[..., float],
    *models: torch.Tensor,
    groups: int = 8,
    seed: int = 0,
    level: float = 0.95,
) -> Interval:
    """The interval of a score that takes many models to compute, as if all of them had been trained
    again: of KLoM by jackknife(lambda a, b: klom(a, b).mean(), unlearned, retrained), of its floor
    by jackknife(lambda r: klom_floor(r).mean(), retrained).

    score(*models): one number. models: tensors (models, ...), independent of each other. In turn
    one of `groups` equal parts, drawn at random, of every kind of model is left out, and the score
    taken of the others; their spread gives Student's interval with groups - 1 degrees of freedom
    about the score of all. For a difference of two means that is the classical interval of the
    groups' differences. Examples stay the same: it is no interval over other forget sets.

    A score that depends on the number of models, as KLoM does, has the interval of what as many
    other models would give. Scores made of bins and thresholds jump when a model goes, so theirs is
    cautious: at 32 models those of KLoM, U-LiRA and the challenge's quality held the truth in 97 to
    100 of 100 trials on Gaussians.
    Raises ValueError for fewer models than groups, or groups below 2, a score that is not finite,
    and a level outside (0, 1).
    """
    whole("groups", groups, 2)
    if not models or min(map(len, models)) < groups:
        raise ValueError(
            f"groups={groups} needs as many models of every kind, got "
            f"{', '.join(str(len(some)) for some in models) or 'none'}"
        )
    generator, student = torch.Generator().manual_seed(seed), _student(level, groups - 1)
    parts = [
        torch.randperm(len(some), generator=generator).to(some.device).tensor_split(groups)
        for some in models
    ]
    kept = [
        [some[torch.cat([*part[:i], *part[i + 1 :]])] for some, part in zip(models, parts)]
        for i in range(groups)
    ]
    all_, *without = found = [float(score(*some)) for some in (models, *kept)]
    if not np.isfinite(found).all():
        raise ValueError(
            f"score must be finite, with all models and without a part of them, got {found}"
        )
    half = student * math.sqrt((groups - 1) * np.var(without))
    return Interval(all_, all_ - half, all_ + half)


def _student(level, freedom):
    from scipy import stats

    if isinstance(level, bool) or not isinstance(level, numbers.Real) or not 0 < level < 1:
        raise ValueError(f"level must be a number between 0 and 1, got {level!r}")
    return float(stats.t.ppf((1 + level) / 2, freedom))


def against_itself(
    metric: Callable,
    retrained: torch.Tensor,
    *,
    size: int | None = None,
    draws: int = 10,
    seed: int = 0,
) -> torch.Tensor:
    """metric(some, others) for random disjoint groups of retrained models, (draws, ...): the metric
    where nothing is to be found.

    retrained: (models, n). size: models in each group, default half of them. A metric between two
    samples of models depends on how many there are: for the floor of N unlearned against N
    retrained models, give 2 N retrained ones. Draws share models, so their spread understates how
    much the floor itself varies: `jackknife`. Raises ValueError for too few models, or wrong size
    or draws.
    """
    samples("retrained", retrained, least=4)
    whole("draws", draws, 1)
    size = len(retrained) // 2 if size is None else whole("size", size, 2)
    if 2 * size > len(retrained):
        raise ValueError(
            f"size={size} needs {2 * size} retrained models for two groups, got {len(retrained)}"
        )
    generator, found = torch.Generator().manual_seed(seed), []
    for _ in range(draws):
        order = torch.randperm(len(retrained), generator=generator).to(retrained.device)
        found.append(
            torch.as_tensor(metric(retrained[order[:size]], retrained[order[size : 2 * size]]))
        )
    return torch.stack(found)


def samples(name: str, values: torch.Tensor, least: int = 2) -> torch.Tensor:
    """`values`, one row per model and one column per example, in double precision. Raises by `name`
    for anything else."""
    if not isinstance(values, torch.Tensor) or not values.is_floating_point():
        raise TypeError(
            f"{name} must be a floating tensor (models, examples), got "
            f"{getattr(values, 'dtype', type(values).__name__)}"
        )
    if values.ndim != 2 or values.shape[1] == 0:
        raise ValueError(f"{name} must have shape (models, examples), got {tuple(values.shape)}")
    if len(values) < least:
        raise ValueError(f"{name} must hold at least {least} models, got {len(values)}")
    if values.isnan().any():
        raise ValueError(f"{name} holds a NaN")
    return values.detach().double()


def two_samples(
    first: str, a: torch.Tensor, second: str, b: torch.Tensor, least: int = 2
) -> tuple[torch.Tensor, torch.Tensor]:
    """Both through `samples`, about the same examples."""
    a, b = samples(first, a, least), samples(second, b, least)
    if a.shape[1] != b.shape[1]:
        raise ValueError(
            f"{first} and {second} must be about the same examples, got {a.shape[1]} and "
            f"{b.shape[1]}"
        )
    return a, b.to(a.device)


def whole(name: str, value: int, least: int) -> int:
    """`value` as an int. Raises ValueError unless it is an integer of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < least:
        raise ValueError(f"{name} must be an integer of at least {least}, got {value!r}")
    return int(value)
