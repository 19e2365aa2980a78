"""The exercises of notebook 11, the replication: what a filter's length has to say under batch
norm, and a difference with its error."""

import torch

from ...course.exercises import Trap, draw, exercise

RADIAL = """
hint 1: A filter is a vector of in * height * width numbers, and so is its gradient. Flatten both,
    filter by filter.
hint 2: cos = <w, g> / (|w| |g|), one number for each of the first dimension.
hint 3: Where the gradient is 0 there is no angle; let the cosine be 0 there: clamp the denominator
    from below.
zero: the gradient is 0, and there is no angle: let the cosine be 0 there, not 0 / 0
size: keep the sign: negative means that descent makes the filter longer
sign: the sign is the other way round: the inner product of weight and gradient, without a minus
inner: divide by both lengths: a cosine is between -1 and 1
filter: divide by the length of the gradient as well
gradient: divide by the length of the filter as well
share: that is the share of the filter; the cosine divides by both lengths
layer: the lengths are those of each filter, not of the whole layer
squared: that is the square of the cosine
"""


def _radial_cases():
    for shape in ((4, 3, 3, 3), (6, 2, 1, 1), (1, 5, 3, 3)):
        weight, gradient = 2 * draw(*shape), draw(*shape)
        gradient[0] += weight[0]
        yield weight, gradient
    yield Trap("zero", weight, 0 * gradient)


def _radial_mistakes(weight, gradient):
    w, g = weight.flatten(1), gradient.flatten(1)
    inner = (w * g).sum(1)
    return {
        "inner": inner,
        "filter": inner / w.norm(dim=1),
        "gradient": inner / g.norm(dim=1),
        "share": inner / w.square().sum(1),
        "layer": inner / (w.norm() * g.norm()),
    }


@exercise(RADIAL, _radial_cases, _radial_mistakes)
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
minus: the sign: a lead is a minus b
unpaired: those are two independent samples; here seed i of a and of b is the same task, and what
    they share cancels in a - b
spread: that is the spread of single seeds; the error of their mean is smaller by the root of their
    number
correction: divide the sum of squares by n - 1, not by n: the mean was estimated from the same
    numbers
n: the error of a mean falls as the root of the number of seeds
variance: that is the square of the error; take the root
"""


def _lead_cases():
    for seeds in (5, 2, 12):
        common = 3 * draw(seeds)
        yield common + draw(seeds), common + draw(seeds)


def _lead_mistakes(a, b):
    d, n = a - b, len(a)
    mean, error = lead(a, b)
    errors = {
        "unpaired": ((a.var() + b.var()) / n).sqrt(),
        "spread": d.std(),
        "correction": d.std(correction=0) / n**0.5,
        "n": d.std() / n,
        "variance": d.var() / n,
    }
    wrong = {name: torch.stack([mean, wrong_error]) for name, wrong_error in errors.items()}
    return wrong | {"minus": torch.stack([-mean, error])}


@exercise(LEAD, _lead_cases, _lead_mistakes)
def lead(a, b):
    """The mean of a - b and its standard error, a tensor of two numbers. a, b: (seeds,), of the
    same seeds."""
    difference = a - b
    return torch.stack([difference.mean(), difference.std() / len(difference) ** 0.5])
