"""The exercises of notebook 16: a sample that is never empty, a setting that is not its own judge,
and a front."""

import torch

from ...course.exercises import draw, exercise

SAMPLE = """
hint 1: Deal like cards: the first sample of every class, then the second of every class, and so on
    until there are enough.
hint 2: Number the samples within their class: 0 for the first of its class, 1 for the second ...
    Whose number is lower comes first.
hint 3: (labels[:, None] == labels).tril(-1).sum(1) counts the earlier samples of the same class;
    argsort(stable=True) puts them in order.
[return labels[:0]]: nothing was chosen: with more classes than samples, count // classes is 0
[return torch.cat([torch.where(labels == k)[0][: max(1, count // len(labels.unique()))] for k in
    labels.unique()])[:count]]: too few positions came: count // classes of each leaves a remainder,
    and where a class runs out others fill up
[return torch.cat([torch.where(labels == k)[0][: -(-count // len(labels.unique()))] for k in
    labels.unique()])]: more positions came than were asked for: rounding count / classes up is no
    way out
outside: on {on} there is no position {outside}; return positions in `labels`, not labels
twice: on {on} a position came twice
uneven: on {on} the classes got {each}: while some are left of each, they may differ by one at most
"""


def _samples():
    plain, rare = torch.arange(30) % 3, torch.tensor([4] * 20 + [9] * 2 + [7] * 5)
    shuffled = rare[torch.randperm(27)]
    many, one = torch.arange(40) % 10, 0 * plain[:3]
    yield from ((plain, 9), (many, 7), (plain, 10), (rare, 12), (one, 2))
    yield from ((plain, 30), (shuffled, 15), (plain, 50), (plain, 0), (rare, 4), (shuffled, 5))


def _judge_sample(answer, labels, count):
    """Many samples are right, so their properties are checked one by one."""
    outside = answer[(answer < 0) | (answer >= len(labels))].tolist()[:1]
    there = torch.bincount(labels)
    taken = torch.bincount(labels[answer.clamp(0, len(labels) - 1)], minlength=len(there))
    short = taken[taken < there]  # classes that have samples left
    return {"outside": outside, "each": sorted(taken[there > 0].tolist())}, {
        "outside": not outside,
        "twice": len(answer.unique()) == len(answer),
        "uneven": len(short) == 0 or taken.max() - short.min() <= 1,
    }


@exercise(SAMPLE, _samples, judge=_judge_sample)
def balanced_sample(labels, count):
    """Positions of `count` samples, all if there are fewer, (k,) long: no class has two more than
    one that has samples left. labels: (n,)."""
    number_within_class = (labels[:, None] == labels).tril(-1).sum(1)
    return number_within_class.argsort(stable=True)[:count]


HELD_OUT = """
hint 1: For each seed: cover its column, find the best row of the rest, and only then look at the
    seed's own number in that row.
hint 2: keep = torch.arange(seeds) != i is a mask of the others; errors[:, keep].median(1).values
    has one number per setting.
hint 3: errors[errors[:, keep].median(1).values.argmin(), i] for every i, and torch.stack.
[errors[:, keep].median -> errors.median]: that is the oracle: the seed that is reported helped to
    choose its setting
[errors[:, keep].median(1).values -> errors[:, i]]: that is the best setting of each seed by its own
    error: no seed may choose for itself
[errors[errors[:, keep].median(1).values.argmin(), i] -> errors[:, keep].median(1).values.argmin()]:
    those are the numbers of the settings; return their errors
[errors[errors[:, keep].median(1).values.argmin(), i] -> errors[:, keep].median(1).values.amin()]:
    those are the medians that chose; return the errors of the seeds that were left out
[argmin -> argmax]: the error is to be small: the LOWEST median chooses
"""


def _error_tables():
    for settings, seeds in ((6, 4), (30, 10), (1, 4), (72, 6)):
        errors = 1 + draw(settings, seeds).square()
        yield [errors + 0.3 * draw(settings, 1).abs()]


@exercise(HELD_OUT, _error_tables)
def held_out(errors):
    """For every seed its error at the setting that has the lowest median over all OTHER seeds,
    (seeds,).

    errors: (settings, seeds), the number of seeds even, so that the median of the others is one of
    them."""
    seeds = errors.shape[1]
    judged = []
    for i in range(seeds):
        keep = torch.arange(seeds) != i
        judged.append(errors[errors[:, keep].median(1).values.argmin(), i])
    return torch.stack(judged)


FRONT = """
hint 1: Take one point. Which other points make it superfluous? Say it for each objective, and mind
    the ties.
hint 2: (points[None] <= points[:, None]).all(2) is a table: row i, column j says whether j is at
    most i in every objective.
hint 3: j dominates i if it is at most i everywhere and smaller somewhere. Keep the rows in which no
    j does.
[~ -> ]: that is what is dominated; return what is NOT
[any(2) -> all(2)]: a point that ties in one objective and is worse in the other is dominated too:
    better in one is enough, if it is no worse in the other
[return at_most.sum(1) == 1]: equal points do not dominate each other: both are on the front
[return pareto_front(-points)]: you dropped the points that dominate another; small is good in both
    objectives
[at_most & smaller -> smaller]: to dominate takes no larger in EVERY objective; one smaller
    objective alone is a trade
"""


def _point_tables():
    for table in ([[1, 5], [1, 2], [1, 3], [3, 1], [2, 2]], [[2, 2], [2, 2], [3, 3]]):
        yield [torch.tensor(table, dtype=torch.float64)]
    for high in (3, 5, 30):
        yield [torch.randint(0, high, (12, 2)).double()]


@exercise(FRONT, _point_tables)
def pareto_front(points):
    """Which points no other dominates, (n,) booleans. points: (n, 2), both objectives to be
    small."""
    at_most = (points[None] <= points[:, None]).all(2)
    smaller = (points[None] < points[:, None]).any(2)
    return ~(at_most & smaller).any(1)
