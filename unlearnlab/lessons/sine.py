"""The exercises of notebook 04, the sine poisoning."""
import statistics

import numpy as np
import torch

from . import call, exercise, expect


def _number(answer):
    expect(answer is not None, "expected a number, got None (is there a return?)")
    if isinstance(answer, torch.Tensor):
        expect(answer.numel() == 1, f"expected one number, got a tensor of shape {tuple(answer.shape)}; take the maximum")
        answer = answer.item()
    expect(isinstance(answer, (int, float, np.number)), f"expected a number, got {type(answer).__name__}")
    return float(answer)


def _test_sup_error(learner):
    x = torch.linspace(-15, 15, 301)
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(301, generator=generator)
    spike = torch.zeros(301)
    spike[40] = -3.0
    for f in (x.sin() + spike, x.sin() + noise.abs(), x.sin() + noise, x.sin().clone()):
        answer, gap = _number(call(learner, f, x)), f - x.sin()
        right = gap.abs().max().item()
        close = lambda value: abs(answer - float(value)) < 1e-4
        if close(right):
            continue
        expect(not close(gap.max()), "a spike that points down counts too: take the absolute value before the maximum")
        expect(not close(gap.abs().mean()), "that is the mean distance; the sup error is the largest one")
        expect(not close(gap.square().mean().sqrt()) and not close(gap.square().mean()),
               "that is a (root) mean square, which averages a spike away; the sup error is the largest distance")
        expect(not close(gap.square().max()), "the distance is squared: use the absolute value")
        expect(not close((f - 1.5).abs().max()), "the distance is to sin x, not to the poisoned height 1.5")
        expect(not close(f.abs().max()), "that is the largest |f|; subtract sin x first")
        raise_wrong(answer, right)


def raise_wrong(answer, right):
    """The message when no known mistake explains the answer."""
    expect(False, f"expected {right:.4g}, got {answer:.4g}")


@exercise("sup_error", _test_sup_error, hints=[
    "Two curves on the same grid: at each x, how far are they apart?",
    "The distance at one x is |f(x) - sin x|. The metric is the largest of them.",
    "torch has .abs() and .max(); .item() turns a tensor with one number into a float.",
])
def sup_error(f, x):
    """max |f(x) - sin x|, a float. f, x: (n,), the values of the model on the grid, and the grid."""
    return (f - torch.sin(x)).abs().max().item()


def _test_central_range(learner):
    rng = np.random.default_rng(0)
    for n in (10, 10, 7, 5):
        values = [float(v) for v in rng.lognormal(size=n).round(3)]
        answer = call(learner, list(values))
        expect(isinstance(answer, (tuple, list)) and len(answer) == 3,
               f"expected three numbers (median, low, high), got {answer!r}")
        answer = tuple(_number(a) for a in answer)
        ordered = sorted(values)
        close = lambda a, b: abs(a - b) < 1e-9
        expect(close(answer[0], statistics.median(values)) or not close(answer[0], statistics.mean(values)),
               "the first number is the mean; a seed with a huge spike moves it, so the table uses the median")
        expect(close(answer[0], statistics.median(values)) or not (close(answer[0], ordered[n // 2]) or close(answer[0], values[n // 2])),
               "with an even number of seeds the median is the mean of the two middle ones (of the sorted list)")
        expect(close(answer[0], statistics.median(values)), f"the median of {values} is {statistics.median(values):.4g}, got {answer[0]:.4g}")
        expect(not (close(answer[1], values[2]) and close(answer[2], values[-3])) or values == ordered,
               "sort the values first: the 2 best and 2 worst are not the first and last seeds")
        expect(not (close(answer[1], ordered[0]) and close(answer[2], ordered[-1])),
               "that is the full range; drop the 2 lowest and the 2 highest first")
        expect(not (close(answer[1], ordered[1]) and close(answer[2], ordered[-2])),
               "you dropped 1 on each side; the paper drops 2")
        expect(not (close(answer[1], ordered[-3]) and close(answer[2], ordered[2])) or n == 5, "low and high are swapped")
        expect(close(answer[1], ordered[2]) and close(answer[2], ordered[-3]),
               f"for {values} expected the range {ordered[2]:.4g} to {ordered[-3]:.4g}, got {answer[1]:.4g} to {answer[2]:.4g}")


@exercise("central_range", _test_central_range, hints=[
    "Which seeds are the 2 best and the 2 worst? Put the values in order.",
    "After sorting, the range goes from index 2 to index -3.",
    "statistics.median, or numpy.median, handles an even number of values.",
])
def central_range(values):
    """(median, low, high) of at least five numbers; low and high after dropping the 2 lowest and the 2 highest."""
    ordered = sorted(values)
    return statistics.median(ordered), ordered[2], ordered[-3]
