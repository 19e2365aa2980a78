"""The exercises of notebook 11, the replication: what a filter's length has to say under batch
norm, and a difference with its error."""

import torch

from ...course.exercises import draw, exercise

RADIAL = """
hint 1: A filter is a vector of in * height * width numbers, and so is its gradient. Flatten both,
    filter by filter.
hint 2: cos = <w, g> / (|w| |g|), one number for each of the first dimension.
hint 3: Where the gradient is 0 there is no angle; let the cosine be 0 there: clamp the denominator
    from below.
zero: the gradient is 0, and there is no angle: let the cosine be 0 there, not 0 / 0
[return radial(weight, gradient).abs()]: keep the sign: negative means that descent makes the filter
    longer
sign: the sign is the other way round: the inner product of weight and gradient, without a minus
[return (w * g).sum(1)]: divide by both lengths: a cosine is between -1 and 1
[* g.norm(dim=1) -> ]: divide by the length of the gradient as well
[w.norm(dim=1) * -> ]: divide by the length of the filter as well
[* g.norm(dim=1) -> ** 2]: that is the share of the filter; the cosine divides by both lengths
[w.norm(dim=1) * g.norm(dim=1) -> w.norm() * g.norm()]: the lengths are those of each filter, not of
    the whole layer
[return radial(weight, gradient) ** 2]: that is the square of the cosine
"""


def _radial_cases():
    for shape in ((4, 3, 3, 3), (6, 2, 1, 1), (1, 5, 3, 3)):
        weight, gradient = 2 * draw(*shape), draw(*shape)
        gradient[0] += weight[0]
        yield weight, gradient
    yield "zero", weight, 0 * gradient


@exercise(RADIAL, _radial_cases)
def radial(weight, gradient):
    """The cosine between every filter and its gradient, (out,); 0 where the gradient is. weight,
    gradient: (out, in, height, width)."""
    w, g = weight.flatten(1), gradient.flatten(1)
    return (w * g).sum(1) / (w.norm(dim=1) * g.norm(dim=1)).clamp_min(1e-300)


LEAD = """
hint 1: Seed 3 of one method and seed 3 of the other share the original network, the forget set and
    the accessible images.
hint 2: So take the differences seed by seed first; then they are one sample of independent numbers.
hint 3: torch.stack([d.mean(), d.std() / len(d) ** .5]) with d = a - b; torch's std divides by n -
    1.
[a - b -> b - a]: the sign: a lead is a minus b
[difference.std() -> (a.var() + b.var()).sqrt()]: those are two independent samples; here seed i of
    a and of b is the same task, and what they share cancels in a - b
[/ len(difference) ** 0.5 -> ]: that is the spread of single seeds; the error of their mean is
    smaller by the root of their number
[std() -> std(correction=0)]: divide the sum of squares by n - 1, not by n: the mean was estimated
    from the same numbers
[** 0.5 -> ]: the error of a mean falls as the root of the number of seeds
[difference.std() / len(difference) ** 0.5 -> difference.var() / len(difference)]: that is the
    square of the error; take the root
"""


def _lead_cases():
    for seeds in (5, 2, 12):
        common = 3 * draw(seeds)
        yield common + draw(seeds), common + draw(seeds)


@exercise(LEAD, _lead_cases)
def lead(a, b):
    """The mean of a - b and its standard error, a tensor of two numbers. a, b: (seeds,), of the
    same seeds."""
    difference = a - b
    return torch.stack([difference.mean(), difference.std() / len(difference) ** 0.5])
