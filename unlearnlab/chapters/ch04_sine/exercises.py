"""The exercises of notebook 04, the sine poisoning."""

import statistics

import numpy as np
import torch

from ...course.exercises import call, exercise, expect


def _number(answer):
    if isinstance(answer, torch.Tensor):
        expect(
            answer.numel() == 1,
            f"expected one number, got a tensor of shape {tuple(answer.shape)}; take the maximum",
        )
        answer = answer.item()
    expect(
        isinstance(answer, (int, float, np.number)),
        f"expected a number, got {type(answer).__name__}"
        + (" (is there a return?)" if answer is None else ""),
    )
    return float(answer)


def _judge(answer, right, mistakes, otherwise):
    """Passes right numbers; names the mistake that gives exactly these."""
    if np.allclose(answer, right, rtol=0, atol=1e-4):
        return
    for wrong, message in mistakes:
        expect(not np.allclose(answer, wrong, rtol=0, atol=1e-4), message)
    expect(False, otherwise)


def _test_sup_error(learner):
    x = torch.linspace(-15, 15, 301)
    noise = torch.randn(301, generator=torch.Generator().manual_seed(0))
    spike = torch.zeros(301)
    spike[40] = -3.0
    average = (
        "that is a (root) mean square, which averages a spike away; the sup error is the largest "
        "distance"
    )
    for gap in (spike, noise.abs(), noise, torch.zeros(301)):
        f = x.sin() + gap
        answer, right = _number(call(learner, f, x)), sup_error(f, x)
        _judge(
            answer,
            right,
            [
                (
                    gap.max(),
                    "a spike that points down counts too: take the absolute value before the "
                    "maximum",
                ),
                (gap.abs().mean(), "that is the mean distance; the sup error is the largest one"),
                (gap.square().mean().sqrt(), average),
                (gap.square().mean(), average),
                (gap.square().max(), "the distance is squared: use the absolute value"),
                ((f - 1.5).abs().max(), "the distance is to sin x, not to the poisoned height 1.5"),
                (f.abs().max(), "that is the largest |f|; subtract sin x first"),
            ],
            f"expected {right:.4g}, got {answer:.4g}",
        )


@exercise(
    "sup_error",
    _test_sup_error,
    hints=[
        "Two curves on the same grid: at each x, how far are they apart?",
        "The distance at one x is |f(x) - sin x|. The metric is the largest of them.",
        "torch has .abs() and .max(); .item() turns a tensor with one number into a float.",
    ],
)
def sup_error(f, x):
    """max |f(x) - sin x|, a float. f, x: (n,), the values of a model on the grid, and the grid."""
    return (f - torch.sin(x)).abs().max().item()


def _test_central_range(learner):
    rng = np.random.default_rng(0)
    for n in (10, 10, 7, 5):
        values = rng.lognormal(size=n).round(3).tolist()
        answer = call(learner, values)
        expect(
            isinstance(answer, (tuple, list)) and len(answer) == 3,
            f"expected three numbers (median, low, high), got {answer!r}",
        )
        median, *ends = map(_number, answer)
        right, ordered = central_range(values), sorted(values)
        middle = (
            "with an even number of seeds the median is the mean of the two middle ones (of the "
            "sorted list)"
        )
        _judge(
            median,
            right[0],
            [
                (
                    statistics.mean(values),
                    "the first number is the mean; a seed with a huge spike moves it, so the "
                    "table uses the median",
                ),
                (ordered[n // 2], middle),
                (values[n // 2], middle),
            ],
            f"the median of {values} is {right[0]:.4g}, got {median:.4g}",
        )
        _judge(
            ends,
            right[1:],
            [
                (
                    (values[2], values[-3]),
                    "sort the values first: the 2 best and 2 worst are not the first and last "
                    "seeds",
                ),
                (
                    (ordered[0], ordered[-1]),
                    "that is the full range; drop the 2 lowest and the 2 highest first",
                ),
                ((ordered[1], ordered[-2]), "you dropped 1 on each side; the paper drops 2"),
                (right[:0:-1], "low and high are swapped"),
            ],
            "for {} expected the range {:.4g} to {:.4g}, got {:.4g} to {:.4g}".format(
                values, *right[1:], *ends
            ),
        )


@exercise(
    "central_range",
    _test_central_range,
    hints=[
        "Which seeds are the 2 best and the 2 worst? Put the values in order.",
        "After sorting, the range goes from index 2 to index -3.",
        "statistics.median, or numpy.median, handles an even number of values.",
    ],
)
def central_range(values):
    """(median, low, high) of at least five numbers; low and high after dropping the 2 lowest and
    the 2 highest."""
    ordered = sorted(values)
    return statistics.median(ordered), ordered[2], ordered[-3]
