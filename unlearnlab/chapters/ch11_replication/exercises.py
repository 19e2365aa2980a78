"""The exercises of notebook 11, the replication: what a filter's length has to say under batch
norm, and a difference with its error."""

import torch

from ...course.exercises import draw, exercise


def _radial_cases(generator):
    for shape in ((4, 3, 3, 3), (6, 2, 1, 1), (1, 5, 3, 3)):
        weight, gradient = 2 * draw(generator, *shape), draw(generator, *shape)
        gradient[0] += weight[0]
        yield weight, gradient
    yield torch.ones_like(weight), torch.zeros_like(weight)


def _radial_mistakes(weight, gradient):
    w, g = weight.flatten(1), gradient.flatten(1)
    inner, right = (w * g).sum(1), radial(weight, gradient)
    return [
        (right.abs(), "keep the sign: negative means that descent makes the filter longer"),
        (
            -right,
            "the sign is the other way round: the inner product of weight and gradient, without a "
            "minus",
        ),
        (inner, "divide by both lengths: a cosine is between -1 and 1"),
        (inner / w.norm(dim=1), "divide by the length of the gradient as well"),
        (inner / g.norm(dim=1), "divide by the length of the filter as well"),
        (
            inner / w.square().sum(1),
            "that is the share of the filter; the cosine divides by both lengths",
        ),
        (
            inner / (w.norm() * g.norm()),
            "the lengths are those of each filter, not of the whole layer",
        ),
        (right.square(), "that is the square of the cosine"),
    ]


@exercise(
    "radial",
    hints=[
        "A filter is a vector of in * height * width numbers, and so is its gradient. Flatten "
        "both, "
        "filter by filter.",
        "cos = <w, g> / (|w| |g|), one number for each of the first dimension.",
        "Where the gradient is 0 there is no angle; let the cosine be 0 there: clamp the "
        "denominator from below.",
    ],
    cases=_radial_cases,
    mistakes=_radial_mistakes,
    scale=lambda weight, gradient: torch.tensor(1.0),
)
def radial(weight, gradient):
    """The cosine between every filter and its gradient, (out,); 0 where the gradient is. weight,
    gradient: (out, in, height, width)."""
    w, g = weight.flatten(1), gradient.flatten(1)
    return (w * g).sum(1) / (w.norm(dim=1) * g.norm(dim=1)).clamp_min(1e-300)


def _lead_cases(generator):
    for seeds in (5, 2, 12):
        common = 3 * draw(generator, seeds)
        yield common + draw(generator, seeds), common + draw(generator, seeds)


def _lead_mistakes(a, b):
    d, n = a - b, len(a)
    mean, error = lead(a, b)
    wrong = [
        (-mean, error, "the sign: a lead is a minus b"),
        (
            mean,
            ((a.var() + b.var()) / n).sqrt(),
            "those are two independent samples; here seed i of a and of b is the same task, and "
            "what they share cancels in a - b",
        ),
        (
            mean,
            d.std(),
            "that is the spread of single seeds; the error of their mean is smaller by the root "
            "of their number",
        ),
        (
            mean,
            d.std(correction=0) / n**0.5,
            "divide the sum of squares by n - 1, not by n: the mean was estimated from the same "
            "numbers",
        ),
        (mean, d.std() / n, "the error of a mean falls as the root of the number of seeds"),
        (mean, d.var() / n, "that is the square of the error; take the root"),
    ]
    return [(torch.stack(pair), message) for *pair, message in wrong]


@exercise(
    "lead",
    hints=[
        "Seed 3 of one method and seed 3 of the other share the original network, the forget set "
        "and the accessible images.",
        "So take the differences seed by seed first; then they are one sample of independent "
        "numbers.",
        "torch.stack([d.mean(), d.std() / len(d) ** .5]) with d = a - b; torch's std divides by "
        "n - 1.",
    ],
    cases=_lead_cases,
    mistakes=_lead_mistakes,
)
def lead(a, b):
    """The mean of a - b and its standard error, a tensor of two numbers. a, b: (seeds,), of the
    same seeds."""
    difference = a - b
    return torch.stack([difference.mean(), difference.std() / len(difference) ** 0.5])
