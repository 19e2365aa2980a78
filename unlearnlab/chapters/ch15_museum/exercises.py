"""The exercises of notebook 15: a sample that is never empty, a setting that is not its own judge,
and a front."""

import torch

from ...course.exercises import call, describe, draw, exercise, expect


def _expect_flat(answer, what, kind, dtype, length):
    """The answer must be a vector of `dtype`: of `what`, which are numbers of a `kind`."""
    got = "None (is there a return?)" if answer is None else type(answer).__name__
    expect(isinstance(answer, torch.Tensor), f"expected a tensor of {what}, got {got}")
    expect(answer.dtype == dtype, f"expected {kind}, got {answer.dtype}")
    expect(answer.ndim == 1, f"expected shape ({length},), got {tuple(answer.shape)}")


def _sample_cases(generator):
    plain, rare = torch.arange(30) % 3, torch.tensor([4] * 20 + [9] * 2 + [7] * 5)
    shuffled = rare[torch.randperm(27, generator=generator)]
    return [
        (plain, 9),
        (torch.arange(40) % 10, 7),
        (plain, 10),
        (rare, 12),
        (torch.tensor([5, 5, 5]), 2),
        (plain, 30),
        (shuffled, 15),
        (plain, 50),
        (plain, 0),
    ]


def _test_balanced_sample(learner):
    for labels, count in _sample_cases(torch.Generator().manual_seed(0)):
        on, wanted = f"on {describe(labels, count)}", min(count, len(labels))
        answer = call(learner, labels, count)
        if not (wanted == 0 and isinstance(answer, torch.Tensor) and answer.numel() == 0):
            kind = "positions, whole numbers (torch.long)"
            _expect_flat(answer, "positions", kind, torch.long, wanted)
            _judge_sample(answer, labels, wanted, on)


def _judge_sample(answer, labels, wanted, on):
    """Many samples are right, so their properties are checked one by one."""
    n = len(answer)
    expect(n > 0, f"{on} nothing was chosen: with more classes than samples, count // classes is 0")
    beyond = answer[(answer < 0) | (answer >= len(labels))].tolist()
    expect(
        not beyond,
        f"{on} there is no position {beyond[:1]}; return positions in `labels`, not labels",
    )
    expect(len(answer.unique()) == n, f"{on} a position came twice")
    expect(
        n == wanted,
        f"{on} {n} positions came, {wanted} were asked for"
        + (
            ": count // classes of each leaves a remainder, and where a class runs out others fill "
            "up"
            if n < wanted
            else ""
        ),
    )
    there = torch.bincount(labels)
    taken = torch.bincount(labels[answer], minlength=len(there))
    short = taken[taken < there]  # classes that have samples left
    expect(
        len(short) == 0 or taken.max() - short.min() <= 1,
        f"{on} the classes got {sorted(taken[there > 0].tolist())}: while some are left of each, "
        "they may differ by one at most",
    )


@exercise(
    "balanced_sample",
    _test_balanced_sample,
    hints=[
        "Deal like cards: the first sample of every class, then the second of every class, and "
        "so on until there are enough.",
        "Number the samples within their class: 0 for the first of its class, 1 for the second "
        "... Whose number is lower comes first.",
        "(labels[:, None] == labels).tril(-1).sum(1) counts the earlier samples of the same "
        "class; argsort(stable=True) puts them in order.",
    ],
)
def balanced_sample(labels, count):
    """Positions of `count` samples, all if there are fewer, (k,) long: no class has two more than
    one that has samples left. labels: (n,)."""
    number_within_class = (labels[:, None] == labels).tril(-1).sum(1)
    return number_within_class.argsort(stable=True)[:count]


def _error_tables(generator):
    for settings, seeds in ((6, 4), (30, 10), (1, 4), (72, 6)):
        errors = 1 + draw(generator, settings, seeds).square()
        yield (errors + 0.3 * draw(generator, settings, 1).abs(),)


def _held_out_mistakes(errors):
    every = torch.arange(errors.shape[1])
    others = torch.stack([errors[:, every != i].median(1).values for i in every], 1)
    return [
        (
            errors[errors.median(1).values.argmin()],
            "that is the oracle: the seed that is reported helped to choose its setting",
        ),
        (
            errors.min(0).values,
            "that is the best setting of each seed by its own error: no seed may choose for itself",
        ),
        (others.argmin(0), "those are the numbers of the settings; return their errors"),
        (
            others.min(0).values,
            "those are the medians that chose; return the errors of the seeds that were left out",
        ),
        (errors[others.argmax(0), every], "the error is to be small: the LOWEST median chooses"),
    ]


@exercise(
    "held_out",
    cases=_error_tables,
    mistakes=_held_out_mistakes,
    hints=[
        "For each seed: cover its column, find the best row of the rest, and only then look at "
        "the seed's own number in that row.",
        "keep = torch.arange(seeds) != i is a mask of the others; errors[:, "
        "keep].median(1).values has one number per setting.",
        "errors[errors[:, keep].median(1).values.argmin(), i] for every i, and torch.stack.",
    ],
)
def held_out(errors):
    """For every seed its error at the setting that has the lowest median over all OTHER seeds,
    (seeds,).

    errors: (settings, seeds), the number of seeds even, so that the median of the others is one of
    them."""
    seeds = errors.shape[1]
    found = []
    for i in range(seeds):
        keep = torch.arange(seeds) != i
        found.append(errors[errors[:, keep].median(1).values.argmin(), i])
    return torch.stack(found)


def _point_tables(generator):
    yield from (
        [[1, 4], [2, 2], [4, 1], [3, 3]],
        [[1, 5], [1, 2], [1, 3], [3, 1], [2, 2]],
        [[2, 2], [2, 2], [3, 3]],
    )
    for high in (3, 5, 30):
        yield torch.randint(0, high, (12, 2), generator=generator).tolist()


def _front_mistakes(points):
    at_most = (points[None] <= points[:, None]).all(2)
    smaller = points[None] < points[:, None]
    return [
        (~pareto_front(points), "that is what is dominated; return what is NOT"),
        (
            ~smaller.all(2).any(1),
            "a point that ties in one objective and is worse in the other is dominated too: "
            "better in one is enough, if it is no worse in the other",
        ),
        (at_most.sum(1) == 1, "equal points do not dominate each other: both are on the front"),
        (
            pareto_front(-points),
            "you dropped the points that dominate another; small is good in both objectives",
        ),
        (
            ~smaller.any(2).any(1),
            "to dominate takes no larger in EVERY objective; one smaller objective alone is a "
            "trade",
        ),
    ]


def _test_pareto_front(learner):
    for table in _point_tables(torch.Generator().manual_seed(2)):
        points = torch.tensor(table, dtype=torch.float64)
        answer, right = call(learner, points), pareto_front(points)
        n = len(points)
        _expect_flat(answer, "booleans", "booleans", torch.bool, n)
        expect(len(answer) == n, f"expected {n} booleans, got {len(answer)}")
        if torch.equal(answer, right):
            continue
        for wrong, message in _front_mistakes(points):
            expect(not torch.equal(answer, wrong), message)
        at = (answer != right).nonzero()[0]
        expect(
            False,
            f"among {table} the point {table[at]} should {'' if right[at] else 'not '}be on the "
            "front",
        )


@exercise(
    "pareto_front",
    _test_pareto_front,
    hints=[
        "Take one point. Which other points make it superfluous? Say it for each objective, and "
        "mind the ties.",
        "(points[None] <= points[:, None]).all(2) is a table: row i, column j says whether j is "
        "at most i in every objective.",
        "j dominates i if it is at most i everywhere and smaller somewhere. Keep the rows in "
        "which no j does.",
    ],
)
def pareto_front(points):
    """Which points no other dominates, (n,) booleans. points: (n, 2), both objectives to be
    small."""
    at_most = (points[None] <= points[:, None]).all(2)
    smaller = (points[None] < points[:, None]).any(2)
    return ~(at_most & smaller).any(1)
