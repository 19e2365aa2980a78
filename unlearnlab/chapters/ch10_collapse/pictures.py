"""Pictures of notebook 10: which color or content a network goes by, and how far each method gets
from one to the other."""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from ...course import style
from ...course.marks import halo, mean_mark, name_rows
from ...course.style import METHOD_LOOKS, OTHER, Figure, figure, look

SHARES = LinearSegmentedColormap.from_list("shares", ["white", style.SKY, style.BLUE, "#002A44"])


@look()
def pairs(panels: dict[str, np.ndarray], colors, finding: str = "") -> Figure:
    """A map for each model: content downwards, color across, in each cell the share of images that
    are named after their color.

    panels: title -> (classes, classes), shares from 0 to 1. colors: (classes, 3) uint8, drawn
    below their columns.
    """
    count = range(len(colors))
    edge = {"edgecolors": style.BLACK, "linewidths": 0.6, "clip_on": False}
    size = 2.9 * len(panels) + 0.9, 3.7
    fig, _ = figure(1, len(panels), size, sharey=True)
    squares = {"s": 70, "marker": "s", "c": np.asarray(colors) / 255, **edge}
    for ax, (title, shares) in zip(fig.axes, panels.items()):
        drawn = ax.imshow(shares, vmin=0, vmax=1, cmap=SHARES)
        ax.scatter(count, [len(count)] * len(count), **squares)
        ax.set(title=title, xticks=count, yticks=count, xlabel="color (that of class ...)")
        ax.set_ylim(len(count) - 0.5, -0.5)
        ax.tick_params(length=0, pad=2)
        ax.tick_params(axis="x", pad=17)
        ax.grid(False)
    fig.axes[0].set_ylabel("content (digit)")
    fig.colorbar(drawn, ax=fig.axes, label="share named after the color", shrink=0.85)
    words = "Share of images named after their color, by content and color"
    return fig.done(finding, what=f"{words}: {', '.join(panels)}")


@look()
def landings(
    panels: dict[str, dict[str, tuple[float, float]]],
    references: dict[str, dict[str, float]],
    across: str = "color accuracy: share named after the color",
    finding: str = "",
) -> Figure:
    """Where each method lands: one row per method, one panel per table, the methods in the order
    of the first, best on top.

    panels: title -> method -> (mean, standard error) of a share, of the same methods. references:
    title -> name -> share, dotted. across: what the share is, in words.
    """
    first = next(iter(panels.values()))
    names = sorted(first, key=lambda name: -first[name][0])
    size = 4.3 * len(panels) + 0.8, 1.3 + 0.27 * len(names)
    fig, _ = figure(1, len(panels), size, sharey=True)
    name_rows(fig.axes[0], names)
    for ax, (title, shares) in zip(fig.axes, panels.items()):
        for row, name in enumerate(names):
            mean, error = shares[name]
            mean_mark(ax, mean, row, METHOD_LOOKS.get(name, OTHER), xerr=error)
        for name, value in references.get(title, {}).items():
            ax.axvline(value, color=style.GREY, linestyle=":")
            side = "right" if value > 0.8 else "left" if value < 0.2 else "center"
            ax.text(value, len(names) - 0.55, name, ha=side, va="top", fontsize=9, **halo())
        ax.set(title=title, xlim=(0, 1.03), ylim=(len(names) + 0.2, -0.7), xlabel=across)
    return fig.done(finding, f"{across}. {', '.join(panels)}: {', '.join(names)}")
