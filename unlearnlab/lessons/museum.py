"""The exercises of notebook 15, the bug museum: a sample that is never empty, a setting that is not its own judge, and a front."""
import torch

from . import call, compare, describe, draw, exercise, expect


def _test_balanced_sample(learner):
    generator = torch.Generator().manual_seed(0)
    plain = torch.arange(30) % 3
    few = torch.cat([torch.full((20,), 4), torch.full((2,), 9), torch.full((5,), 7)])
    for labels, count in ((plain, 9), (torch.arange(40) % 10, 7), (plain, 10), (few, 12), (torch.tensor([5, 5, 5]), 2), (plain, 30),
                          (few[torch.randperm(27, generator=generator)], 15), (plain, 50), (plain, 0)):
        given, wanted = describe(labels, count), min(count, len(labels))
        answer = call(learner, labels, count)
        expect(isinstance(answer, torch.Tensor), f"expected a tensor of positions, got {type(answer).__name__}"
               + (" (is there a return?)" if answer is None else ""))
        if wanted == 0 and answer.numel() == 0:
            continue
        expect(answer.dtype == torch.long, f"expected positions, whole numbers (torch.long), got {answer.dtype}")
        expect(answer.ndim == 1, f"expected shape ({wanted},), got {tuple(answer.shape)}")
        expect(len(answer) > 0, f"on {given} nothing was chosen: with more classes than samples, count // classes is 0")
        expect(int(answer.min()) >= 0 and int(answer.max()) < len(labels), f"on {given} there is no position {int(answer.max())}; return "
               "positions in `labels`, not labels")
        expect(len(answer.unique()) == len(answer), f"on {given} a position came twice")
        expect(len(answer) >= wanted, f"on {given} {len(answer)} positions came, {wanted} were asked for: count // classes of each leaves a "
               "remainder, and where a class runs out others fill up")
        expect(len(answer) == wanted, f"on {given} {len(answer)} positions came, {wanted} were asked for")
        taken, there = (torch.stack([(part == c).sum() for c in labels.unique()]) for part in (labels[answer], labels))
        expect(not (taken < there).any() or int(taken.max()) - int(taken[taken < there].min()) <= 1,
               f"on {given} the classes got {sorted(taken.tolist())}: while some are left of each, they may differ by one at most")


@exercise("balanced_sample", _test_balanced_sample, hints=[
    "Deal like cards: the first sample of every class, then the second of every class, and so on until there are enough.",
    "Number the samples within their class: 0 for the first of its class, 1 for the second ... Whose number is lower comes first.",
    "(labels[:, None] == labels).tril(-1).sum(1) counts the earlier samples of the same class; argsort(stable=True) puts them in order.",
])
def balanced_sample(labels, count):
    """Positions of `count` samples, all if there are fewer, (k,) long: no class has two more than one that has samples left.
    labels: (n,)."""
    number_within_class = (labels[:, None] == labels).tril(-1).sum(1)
    return number_within_class.argsort(stable=True)[:count]


def _test_held_out(learner):
    generator = torch.Generator().manual_seed(1)
    for settings, seeds in ((6, 4), (30, 10), (1, 4), (72, 6)):
        errors = 1 + draw(generator, settings, seeds).square() + .3 * draw(generator, settings, 1).abs()
        others = torch.stack([errors[:, torch.arange(seeds) != i].median(1).values for i in range(seeds)], 1)
        every = torch.arange(seeds)
        oracle, worst, chosen = errors.median(1).values.argmin(), others.argmax(0), others.argmin(0)
        compare(call(learner, errors), held_out(errors), [
            (errors[oracle], "that is the oracle: the seed that is reported helped to choose its setting"),
            (errors.min(0).values, "that is the best setting of each seed by its own error: no seed may choose for itself"),
            (chosen.double(), "those are the numbers of the settings; return their errors"),
            (others.min(0).values, "those are the medians that chose; return the errors of the seeds that were left out"),
            (errors[worst, every], "the error is to be small: the LOWEST median chooses"),
        ], (errors,))


@exercise("held_out", _test_held_out, hints=[
    "For each seed: cover its column, find the best row of the rest, and only then look at the seed's own number in that row.",
    "keep = torch.arange(seeds) != i is a mask of the others; errors[:, keep].median(1).values has one number per setting.",
    "errors[errors[:, keep].median(1).values.argmin(), i] for every i, and torch.stack.",
])
def held_out(errors):
    """For every seed its error at the setting that has the lowest median over all OTHER seeds, (seeds,).

    errors: (settings, seeds), the number of seeds even, so that the median of the others is one of them."""
    seeds = errors.shape[1]
    found = []
    for i in range(seeds):
        keep = torch.arange(seeds) != i
        found.append(errors[errors[:, keep].median(1).values.argmin(), i])
    return torch.stack(found)


def _test_pareto_front(learner):
    generator = torch.Generator().manual_seed(2)
    tables = [torch.tensor([[1, 4], [2, 2], [4, 1], [3, 3]]), torch.tensor([[1, 5], [1, 2], [1, 3], [3, 1], [2, 2]]), torch.tensor([[2, 2], [2, 2], [3, 3]])]
    tables += [torch.randint(0, high, (12, 2), generator=generator) for high in (3, 5, 30)]
    for points in (table.double() for table in tables):
        answer = call(learner, points)
        expect(isinstance(answer, torch.Tensor) and answer.dtype == torch.bool and answer.shape == (len(points),),
               f"expected a tensor of {len(points)} booleans, got " + (f"{answer.dtype} of shape {tuple(answer.shape)}"
               if isinstance(answer, torch.Tensor) else type(answer).__name__) + (" (is there a return?)" if answer is None else ""))
        right, at_most = pareto_front(points), (points[None] <= points[:, None]).all(2)
        smaller = (points[None] < points[:, None])
        for wrong, message in (
                (~right, "that is what is dominated; return what is NOT"),
                (~smaller.all(2).any(1), "a point that ties in one objective and is worse in the other is dominated too: better in one is enough, if "
                                         "it is no worse in the other"),
                (at_most.sum(1) == 1, "equal points do not dominate each other: both are on the front"),
                (pareto_front(-points), "you dropped the points that dominate another; small is good in both objectives"),
                (~smaller.any(2).any(1), "to dominate takes no larger in EVERY objective; one smaller objective alone is a trade")):
            expect(torch.equal(answer, right) or not torch.equal(answer, wrong), message)
        differs = (answer != right).nonzero().flatten()
        expect(len(differs) == 0, f"among {points.long().tolist()} the point {points[differs[:1]].long().flatten().tolist()} should "
               + ("not " if len(differs) and answer[differs[0]] else "") + "be on the front")


@exercise("pareto_front", _test_pareto_front, hints=[
    "Take one point. Which other points make it superfluous? Say it for each objective, and mind the ties.",
    "(points[None] <= points[:, None]).all(2) is a table: row i, column j says whether j is at most i in every objective.",
    "j dominates i if it is at most i everywhere and smaller somewhere. Keep the rows in which no j does.",
])
def pareto_front(points):
    """Which points no other dominates, (n,) booleans. points: (n, 2), both objectives to be small."""
    at_most = (points[None] <= points[:, None]).all(2)
    smaller = (points[None] < points[:, None]).any(2)
    return ~(at_most & smaller).any(1)
