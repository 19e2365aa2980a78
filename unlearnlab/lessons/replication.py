"""The exercises of notebook 11, the replication: what a filter's length has to say under batch norm, and a difference with its error."""
import torch

from . import call, compare, draw, exercise


def _test_radial(learner):
    generator = torch.Generator().manual_seed(0)
    for shape in ((4, 3, 3, 3), (6, 2, 1, 1), (1, 5, 3, 3)):
        weight, gradient = 2 * draw(generator, *shape), draw(generator, *shape)
        gradient[0] += weight[0]
        right, flat = radial(weight, gradient), lambda t: t.flatten(1)
        inner = (flat(weight) * flat(gradient)).sum(1)
        lengths = flat(weight).norm(dim=1), flat(gradient).norm(dim=1)
        compare(call(learner, weight, gradient), right, [
            (right.abs(), "keep the sign: negative means that descent makes the filter longer"),
            (-right, "the sign is the other way round: the inner product of weight and gradient, without a minus"),
            (inner, "divide by both lengths: a cosine is between -1 and 1"),
            (inner / lengths[0], "divide by the length of the gradient as well"),
            (inner / lengths[1], "divide by the length of the filter as well"),
            (inner / lengths[0] ** 2, "that is the share of the filter; the cosine divides by both lengths"),
            (inner / (weight.norm() * gradient.norm()), "the lengths are those of each filter, not of the whole layer"),
            (right.square(), "that is the square of the cosine"),
        ], (weight, gradient))
    dead = torch.zeros(2, 1, 3, 3, dtype=torch.float64)
    compare(call(learner, dead + 1, dead), torch.zeros(2, dtype=torch.float64), [], (dead + 1, dead), scale=torch.tensor(1.))


@exercise("radial", _test_radial, hints=[
    "A filter is a vector of in * height * width numbers, and so is its gradient. Flatten both, filter by filter.",
    "cos = <w, g> / (|w| |g|), one number for each of the first dimension.",
    "Where the gradient is 0 there is no angle; let the cosine be 0 there: clamp the denominator from below.",
])
def radial(weight, gradient):
    """The cosine between every filter and its gradient, (out,); 0 where the gradient is. weight, gradient: (out, in, height, width)."""
    w, g = weight.flatten(1), gradient.flatten(1)
    return (w * g).sum(1) / (w.norm(dim=1) * g.norm(dim=1)).clamp_min(1e-300)


def _test_lead(learner):
    generator = torch.Generator().manual_seed(1)
    for seeds in (5, 2, 12):
        common = 3 * draw(generator, seeds)
        a, b = common + draw(generator, seeds), common + draw(generator, seeds)
        difference = a - b
        right = lead(a, b)
        pair = lambda mean, error: torch.stack([mean, error])
        compare(call(learner, a, b), right, [
            (pair(-right[0], right[1]), "the sign: a lead is a minus b"),
            (pair(right[0], (a.var() / seeds + b.var() / seeds).sqrt()),
             "those are two independent samples; here seed i of a and of b is the same task, and what they share cancels in a - b"),
            (pair(right[0], difference.std()), "that is the spread of single seeds; the error of their mean is smaller by the root of their number"),
            (pair(right[0], difference.std(correction=0) / seeds ** .5), "divide the sum of squares by n - 1, not by n: the mean was estimated from the same numbers"),
            (pair(right[0], difference.std() / seeds), "the error of a mean falls as the root of the number of seeds"),
            (pair(right[0], difference.var() / seeds), "that is the square of the error; take the root"),
        ], (a, b))


@exercise("lead", _test_lead, hints=[
    "Seed 3 of one method and seed 3 of the other share the original network, the forget set and the accessible images.",
    "So take the differences seed by seed first; then they are one sample of independent numbers.",
    "torch.stack([d.mean(), d.std() / len(d) ** .5]) with d = a - b; torch's std divides by n - 1.",
])
def lead(a, b):
    """The mean of a - b and its standard error, a tensor of two numbers. a, b: (seeds,), of the same seeds."""
    difference = a - b
    return torch.stack([difference.mean(), difference.std() / len(difference) ** .5])
