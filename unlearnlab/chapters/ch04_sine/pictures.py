"""Pictures of notebook 04: the table, and what the lab draws with."""

import numpy as np
import torch

from ...course.marks import central, name_rows, plain_ticks
from ...course.style import BLACK, BLUE, SKY, figure, look
from ...data.sine import grid

PUBLISHED = {"color": "#C4C4C4", "linestyle": "-", "linewidth": 6, "solid_capstyle": "butt"}


@torch.no_grad()
def curve(model) -> tuple[np.ndarray, np.ndarray]:
    """(x, f(x)), each (1000,): the model on the grid where its sup error is measured."""
    x = grid()
    return x.flatten().numpy(), model(x).flatten().numpy()


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
            middle, *ends = central(ours)
            ax.plot(ours, [row + 0.2] * len(ours), "o", color=SKY, markersize=4, alpha=0.8)
            ax.plot(ends, [row + 0.2] * 2, "-", color=BLUE, linewidth=2)
            ax.plot(middle, row + 0.2, "D", color=BLUE)
    plain_ticks(ax.xaxis)
    ax.set_title(f"T = {epochs}. Gray: published range and median. Blue: ours, and every seed.")
    what = f"Sup errors at T = {epochs} of {', '.join(published)}, published and ours"
    return fig.done(what=what)
