"""The exercises of notebook 04, the sine poisoning."""

import statistics

import torch

from ...course.exercises import exercise

SUP = """
hint 1: Two curves on the same grid: at each x, how far are they apart?
hint 2: The distance at one x is |f(x) - sin x|. The metric is the largest of them.
hint 3: torch has .abs() and .max(); .item() turns a tensor with one number into a float.
[return f - torch.sin(x)]: expected one number, got one for each x; take the maximum
[.abs() -> ]: a spike that points down counts too: take the absolute value before the maximum
[max() -> mean()]: that is the mean distance; the sup error is the largest one
[abs().max() -> square().mean().sqrt()] [abs().max() -> square().mean()]: that is a (root) mean
    square, which averages a spike away; the sup error is the largest distance
[abs().max() -> square().max()]: the distance is squared: use the absolute value
[torch.sin(x) -> 1.5]: the distance is to sin x, not to the poisoned height 1.5
[- torch.sin(x) -> ]: that is the largest |f|; subtract sin x first
"""


def _sup_cases():
    x, spike = torch.linspace(-15, 15, 301), torch.zeros(301)
    noise = torch.randn(301)
    spike[40] = -3.0
    for gap in (spike, noise.abs(), noise, 0 * spike):
        yield x.sin() + gap, x


@exercise(SUP, _sup_cases, close=1e-4)
def sup_error(f, x):
    """max |f(x) - sin x|, a float. f, x: (n,), the values of a model on the grid, and the grid."""
    return (f - torch.sin(x)).abs().max().item()


RANGE = """
hint 1: Which seeds are the 2 best and the 2 worst? Put the values in order.
hint 2: After sorting, the range goes from index 2 to index -3.
hint 3: statistics.median, or numpy.median, handles an even number of values.
[median(ordered) -> mean(ordered)]: the first number is the mean; a seed with a huge spike moves it,
    so the table uses the median
[statistics.median(ordered) -> ordered[len(values) // 2]] [statistics.median(ordered) ->
    values[len(values) // 2]]: with an even number of seeds the median is the mean of the two middle
    ones (of the sorted list)
[ordered[2], ordered[-3] -> values[2], values[-3]]: sort the values first: the 2 best and 2 worst
    are not the first and last seeds
[ordered[2], ordered[-3] -> ordered[0], ordered[-1]]: that is the full range; drop the 2 lowest and
    the 2 highest first
[ordered[2], ordered[-3] -> ordered[1], ordered[-2]]: you dropped 1 on each side; the paper drops 2
[ordered[2], ordered[-3] -> ordered[-3], ordered[2]]: low and high are swapped
"""


def _range_cases():
    for n in (10, 10, 7, 5):
        yield [torch.randn(n).exp().tolist()]


@exercise(RANGE, _range_cases, close=1e-4)
def central_range(values):
    """(median, low, high) of at least five numbers; low and high after dropping the 2 lowest and
    the 2 highest."""
    ordered = sorted(values)
    return statistics.median(ordered), ordered[2], ordered[-3]
