"""Pictures of notebook 10: which color or content a network goes by, and how far each method gets from one to the other."""
import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from .. import pareto
from . import style
from .marks import halo, name_ends
from .style import METHOD_LOOKS, OTHER, Figure, figure, look

SHARES = LinearSegmentedColormap.from_list("shares", ["white", style.SKY, style.BLUE, "#002A44"])
AXIS = "color accuracy: share named after the color"


@look()
def pairs(panels: dict[str, np.ndarray], colors, finding: str = "") -> Figure:
    """A map for each model: content downwards, color across, in each cell the share of images that are named after their color.

    panels: title -> (classes, classes), shares from 0 to 1. colors: (classes, 3) uint8, drawn below their columns.
    finding: what there is to see, for the alt text, which holds no number: runs differ in theirs from machine to machine.
    """
    panels = {title: np.asarray(shares, float) for title, shares in panels.items()}
    colors = np.asarray(colors) / 255
    classes = len(colors)
    for title, shares in panels.items():
        if shares.shape != (classes, classes):
            raise ValueError(f"panels[{title!r}] must have shape ({classes}, {classes}), got {shares.shape}")
    fig, axes = figure(1, len(panels), size=(2.9 * len(panels) + .9, 3.7), sharey=True, squeeze=False)
    for ax, (title, shares) in zip(axes[0], panels.items()):
        drawn = ax.imshow(shares, vmin=0, vmax=1, cmap=SHARES)
        ax.scatter(range(classes), [classes] * classes, s=70, marker="s", c=colors, edgecolors="black", linewidths=.6, clip_on=False)
        ax.set(title=title, xticks=range(classes), yticks=range(classes), xlabel="color (that of class ...)", ylim=(classes - .5, -.5))
        ax.tick_params(length=0, pad=2)
        ax.tick_params(axis="x", pad=17)
        ax.grid(False)
    axes[0, 0].set_ylabel("content (digit)")
    fig.colorbar(drawn, ax=axes[0].tolist(), label="share named after the color", shrink=.85)
    fig.alt = f"Share of images named after their color, by content and color: {', '.join(panels)}. {finding}".strip()
    return fig


@look()
def landings(panels: dict[str, dict[str, tuple[float, float]]], lines: dict[str, dict[str, float]] | None = None,
             across: str = AXIS) -> Figure:
    """Where each method lands: one row per method, one panel per table, the methods in the order of the first, best on top.

    panels: title -> method -> (mean, standard error) of a share, by default of color accuracy. lines: title -> name -> share,
    dotted. across: what the share is, in words.
    """
    first = next(iter(panels.values()))
    names = sorted(first, key=lambda name: -first[name][0])
    names += [name for found in panels.values() for name in found if name not in first]
    names, rows = list(dict.fromkeys(names)), {}
    fig, axes = figure(1, len(panels), size=(4.3 * len(panels) + .8, 1.3 + .27 * len(names)), sharey=True, squeeze=False)
    for ax, (title, found) in zip(axes[0], panels.items()):
        for row, name in enumerate(names):
            if name not in found:
                continue
            looks, (mean, error) = METHOD_LOOKS.get(name, OTHER), found[name]
            ax.errorbar(mean, row, xerr=error, color=looks["color"], marker=looks["marker"], markersize=7, markeredgecolor="white",
                        markeredgewidth=.5, elinewidth=1.6, linestyle="none")
        for name, value in (lines or {}).get(title, {}).items():
            ax.axvline(value, color=style.GREY, linestyle=":", linewidth=1.2)
            ax.annotate(name, (value, len(names) - .55), ha="center", va="top", fontsize=9, **halo())
        ax.set(title=title, xlim=(0, 1.03), ylim=(len(names) - .1 + .3 * bool(lines), -.7), xlabel=across)
        rows[title] = ", ".join(f"{name} {found[name][0]:.2f}" for name in names if name in found)
    axes[0, 0].set_yticks(range(len(names)), names)
    fig.alt = f"{across[0].upper()}{across[1:]}. " + "; ".join(f"{title}: {words}" for title, words in rows.items())
    return fig


@look()
def tracks(curves: dict[str, tuple], across: str, original: float, ground_truth: float, finding: str = "") -> Figure:
    """Color accuracy against what was spent. curves: name -> (spent (k,), color accuracy (seeds, k)); mean and standard error.

    A name "GD, twice" has the look of GD. across: what is spent, in words. original, ground_truth: dotted lines.
    finding: as in `pairs`.
    """
    fig, ax = figure(size=(7.5, 3.9))
    ends = {}
    for name, (spent, values) in curves.items():
        values = np.asarray(values, float)
        if values.ndim != 2 or values.shape[1] != len(spent):
            raise ValueError(f"curves[{name!r}] must hold values of shape (seeds, {len(spent)}), got {values.shape}")
        looks, mean = METHOD_LOOKS.get(name.split(",")[0], OTHER), values.mean(0)
        error = np.nan_to_num(pareto.standard_error(values))
        ax.fill_between(spent, mean - error, mean + error, color=looks["color"], alpha=.15, linewidth=0)
        ax.plot(spent, mean, color=looks["color"], linestyle=looks["linestyle"], linewidth=1.9, marker=looks["marker"], markersize=5,
                markeredgecolor="white", markeredgewidth=.5, label=name)
        ends[name] = spent[-1], mean[-1], looks["color"]
    right = max(x for x, *_ in ends.values())
    for value, name in ((original, "original"), (ground_truth, "ground truth")):
        ax.axhline(value, color=style.GREY, linestyle=":", linewidth=1.2)
        ax.annotate(name, (.99, value), (0, 3), xycoords=("axes fraction", "data"), textcoords="offset points", ha="right", fontsize=9)
    ax.set(xlim=(0, 1.33 * right), ylim=(0, 1), xlabel=across, ylabel="color accuracy")
    ax.set_xticks([tick for tick in ax.get_xticks() if tick <= right])
    name_ends(ax, ends, gap=14, shift=0, column=1.03 * right, fontsize=9)
    fig.alt = f"Color accuracy against {across}: {'; '.join(ends)}. {finding}".strip()
    return fig
