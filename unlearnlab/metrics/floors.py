"""What counts as nothing, and how sure is a number? Retrained models against retrained models;
intervals over seeds."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..ground import checks
from ..ground.seeds import from_seed, shuffled


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
    values = checks.numbers_of("values", values)
    if values.ndim != 1 or len(values) < 2:
        raise ValueError(
            f"values must be at least 2 numbers, one per seed, got shape {values.shape}"
        )
    if not np.isfinite(values).all():
        raise ValueError("values must be finite")
    mean_and_error = lambda x: (x.mean(), x.std(ddof=1) / math.sqrt(len(x)))
    return _student(values, mean_and_error, len(values) - 1, level)


def jackknife(
    score: Callable[..., float],
    *models: Tensor,
    groups: int = 8,
    seed: int = 0,
    level: float = 0.95,
) -> Interval:
    """The interval of a score that takes many models to compute, as if all of them had been trained
    again: of KLoM by jackknife(lambda a, b: klom(a, b).mean(), unlearned, retrained), of its floor
    by jackknife(lambda r: against_itself(klom, r).mean(), retrained).

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
    checks.function("score", score)
    groups = checks.integer("groups", groups, low=2)
    for some in models:
        checks.instance("models", some, Tensor, "tensors (models, ...)")
    counts = [sum(some.shape[:1]) for some in models]
    if min(counts, default=0) < groups:
        raise ValueError(f"groups={groups} needs as many models of every kind, got {counts}")
    kept = [[rest for _, rest in parts] for parts in zip(*folded(groups, seed, *models))]
    scores = [float(score(*some)) for some in (models, *kept)]
    if not np.isfinite(scores).all():
        raise ValueError(
            f"score must be finite, with all models and without a part of them, got {scores}"
        )
    mean_and_error = lambda x: (x[0], math.sqrt((groups - 1) * np.var(x[1:])))
    return _student(np.array(scores), mean_and_error, groups - 1, level)


def folded(folds: int, seed: int, *samples: Tensor) -> list[list[tuple]]:
    """For each of `samples`, tensors (n, ...), its rows in `folds` random parts of nearly equal
    size, each part with all the other rows: [(part, rest), ...]."""
    generator, sides = from_seed(seed), []
    for some in samples:
        order = shuffled(len(some), generator).to(some.device)
        parts = order.tensor_split(folds)
        rest = [torch.cat([*parts[:i], *parts[i + 1 :]]) for i in range(folds)]
        sides.append([(some[part], some[others]) for part, others in zip(parts, rest)])
    return sides


def _student(values, mean_and_error, freedom, level):
    """Student's interval about a mean with its standard error."""
    from scipy import stats

    checks.number("level", level, above=0, below=1)
    # by a power of two, which is exact: the squares of 1e200 are infinite, those of 1e-200 are 0
    size = np.frexp(np.abs(values).max())[1]
    mean, error = mean_and_error(np.ldexp(values, -size))
    half = stats.t.ppf((1 + level) / 2, freedom) * error
    return Interval(*np.ldexp([mean, mean - half, mean + half], size).tolist())


def against_itself(
    metric: Callable, retrained: Tensor, *, size: int | None = None, draws: int = 10, seed: int = 0
) -> Tensor:
    """metric(some, others) for random disjoint groups of retrained models, (draws, ...): the metric
    where nothing is to be found.

    retrained: (models, n). size: models in each group, default half of them. A metric between two
    samples of models depends on how many there are: for the floor of N unlearned against N
    retrained models, give 2 N retrained ones. Draws share models, so their spread understates how
    much the floor itself varies: `jackknife`. Raises ValueError for too few models, or wrong size
    or draws.
    """
    samples("retrained", retrained, least=4)
    draws = checks.integer("draws", draws, low=1)
    checks.function("metric", metric)
    size = len(retrained) // 2 if size is None else checks.integer("size", size, low=2)
    if 2 * size > len(retrained):
        raise ValueError(
            f"size={size} needs {2 * size} retrained models for two groups, got {len(retrained)}"
        )
    generator, values = from_seed(seed), []
    for _ in range(draws):
        order = shuffled(len(retrained), generator).to(retrained.device)
        some, others = retrained[order[: 2 * size]].split(size)
        values.append(torch.as_tensor(metric(some, others)))
    return torch.stack(values)


def samples(name: str, values: Tensor, least: int = 2) -> Tensor:
    """`values`, one row per model and one column per example, in double precision. Raises by `name`
    for anything else."""
    checks.floats(name, values, finite=False)
    if values.ndim != 2 or values.shape[1] == 0:
        raise ValueError(f"{name} must have shape (models, examples), got {tuple(values.shape)}")
    if len(values) < least:
        raise ValueError(f"{name} must hold at least {least} models, got {len(values)}")
    if values.isnan().any():
        raise ValueError(f"{name} holds a NaN")
    return values.detach().double()


def two_samples(
    first: str, a: Tensor, second: str, b: Tensor, least: int = 2
) -> tuple[Tensor, Tensor]:
    """Both through `samples`, about the same examples."""
    a, b = samples(first, a, least), samples(second, b, least)
    if a.shape[1] != b.shape[1]:
        raise ValueError(
            f"{first} and {second} must be about the same examples, got {a.shape[1]} and "
            f"{b.shape[1]}"
        )
    return a, b.to(a.device)
