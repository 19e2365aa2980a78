"""Pictures of notebook 04: the table, and the lab's."""

import numpy as np
import torch

from ...course.marks import name_rows, over_points, plain_ticks, seed_row
from ...course.style import BLACK, figure, look
from ...data.sine import grid

PUBLISHED = {"color": "#C4C4C4", "linestyle": "-", "linewidth": 6, "solid_capstyle": "butt"}


@torch.no_grad()
def curve(model) -> tuple[np.ndarray, np.ndarray]:
    """(x, f(x)), each (1000,): the model on the grid where its sup error is measured."""
    x = grid()
    return x.flatten().numpy(), model(x).flatten().numpy()


def worst(x, y) -> tuple[tuple, float]:
    """A bar from sin x to a curve where they are farthest apart, ((x, x), (sin x, y)), and its
    length."""
    distance = np.abs(y - np.sin(x))
    at = distance.argmax()
    return ((x[at], x[at]), (np.sin(x[at]), y[at])), float(distance[at])


def _over_points(ax, task, x, curves, limit):
    curves = {"sin x": np.sin(x), **curves}
    over_points(ax, x, curves, task.retain.tensors, task.forget.tensors)
    ax.set_ylim(-limit, limit)


@look()
def table(records: list[dict], published: dict, epochs: int):
    """Ours below the published medians and central ranges, one row per method.

    records: as from `compare`. published: name -> (median, low, high).
    """
    fig, ax = figure()
    ax.set(xlabel="sup error (log scale; lower is better)", xscale="log")
    name_rows(ax, published)
    for row, (name, (median, *ends)) in enumerate(published.items()):
        ax.plot(ends, [row - 0.2] * 2, **PUBLISHED)
        ax.plot(median, row - 0.2, "|", color=BLACK, markersize=10, markeredgewidth=2)
        ours = [r["sup_error"] for r in records if r["method"] == name]
        if ours:
            seed_row(ax, row + 0.2, ours)
    plain_ticks(ax.xaxis)
    ax.set_title(f"T = {epochs}. Gray: published range and median. Blue: ours, and every seed.")
    what = f"Sup errors at T = {epochs} of {', '.join(published)}, published and ours"
    return fig.done(what=what)
