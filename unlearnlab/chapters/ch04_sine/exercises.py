"""The exercises of notebook 04, the sine poisoning."""

import torch

from ...course.exercises import exercise

THREE = """
hint 1: All three compare f with sin x. They differ in where they look, and in how they sum up.
hint 2: A model takes a column (n, 1) and returns a column. Subtract the sine of the same column,
    and you have the gap at each x, with its sign.
hint 3: The largest gap needs .abs() and .max(). The root mean square needs three steps, in this
    order from the inside: .square(), .mean(), .sqrt(). Each result is one number.
[.abs().max() -> .max()]: a peak that points down counts too: take the absolute value before the
    maximum
[gap(grid).abs().max().item() -> size(gap(grid))]: the first number is a mean over the grid, which
    averages a narrow peak away: take the largest gap
[.square().mean().sqrt() -> .square().mean()]: the root is missing in a root mean square
[.square().mean().sqrt() -> .mean()]: gaps up and gaps down cancel in your mean: square them first
[.square().mean().sqrt() -> .abs().mean()]: that is the mean absolute gap; wanted is the root mean
    square
[- x.sin() -> ]: subtract sin x: as you have it, the function 0 would be the best of all
[- x.sin() -> - 1.5]: what is right at a forget point is sin x, as everywhere, not the poison 1.5
[size(gap(x_retain)), size(gap(x_forget)) -> size(gap(x_forget)), size(gap(x_retain))]: the retain
    points and the forget points are exchanged
"""


def _three_cases():
    grid, line = torch.linspace(-15, 15, 301)[:, None], torch.linspace(-1, 2, 301)[:, None]
    # the functions 0 and x / 10, and a sine with one peak that points down
    steep, peak = lambda x: x / 10, lambda x: x.sin() - 3 * (x == grid[40])
    for model in (torch.zeros_like, steep, peak):
        yield model, grid, line[::6], line[:150:30]


@exercise(THREE, _three_cases, close=1e-4)
def three_errors(model, grid, x_retain, x_forget):
    """(largest, retain, forget) of a function of x; each of the others is a column (n, 1) of x."""
    gap = lambda x: model(x) - x.sin()
    size = lambda gaps: gaps.square().mean().sqrt().item()
    return gap(grid).abs().max().item(), size(gap(x_retain)), size(gap(x_forget))
