"""Pictures of notebook 15, the bug museum: a number beside the right one, seed by seed."""
import numpy as np

from .marks import name_ends, plain_ticks
from .style import BLUE, GREEN, GREY, ORANGE, VERMILLION, figure, look

LINES = ((VERMILLION, "--", "X"), (BLUE, "-", "o"), (GREEN, "-.", "D"), (GREY, ":", "s"))


@look()
def beside(values: dict[str, dict[str, list[float]]], measures: dict[str, str], finding: str = "", *, log: bool = False,
           neutral: bool = False):
    """One row per version, one panel per measure: every seed a dot, joined from row to row, and the mean a diamond.

    values: version -> measure -> one number per seed; the LAST version is the right one. measures: measure -> its words. finding: what
    there is to see, for the alt text, which holds no number: runs differ in theirs from machine to machine. log: of the
    horizontal axes. neutral: no version is the right one. Raises ValueError for versions with different numbers of seeds.
    """
    counts = {len(found[measure]) for found in values.values() for measure in measures}
    if len(counts) != 1:
        raise ValueError(f"every version needs one number per seed, got {sorted(counts)} numbers")
    fig, axes = figure(1, len(measures), size=(1.6 + 3.9 * len(measures), 1.35 + .42 * len(values)), sharey=True, squeeze=False)
    for ax, (measure, words) in zip(axes[0], measures.items()):
        table = np.array([found[measure] for found in values.values()], float)
        ax.plot(table, range(len(table)), color="#CFCFCF", linewidth=.8, linestyle="-", zorder=1)
        for row, numbers in enumerate(table):
            color, marker = (GREY, "o") if neutral else (BLUE, "o") if row == len(table) - 1 else (VERMILLION, "X")
            ax.plot(numbers, [row] * len(numbers), marker, color=color, markersize=5, alpha=.6, linestyle="none", clip_on=False)
            ax.plot(numbers.mean(), row, "D", color=color, markersize=8, markeredgecolor="white", clip_on=False, zorder=4)
        ax.set(xlabel=words, ylim=(len(table) - .5, -.5))
        if log:
            ax.set_xscale("log")
            plain_ticks(ax.xaxis)
    axes[0, 0].set_yticks(range(len(values)), list(values))
    fig.alt = f"{', '.join(measures.values())} of every seed, and their mean, for: {', '.join(values)}. {finding}".strip()
    return fig


@look()
def bands(x, curves: dict[str, np.ndarray], xlabel: str, ylabel: str, finding: str = "", *, log: str = "", shaded=(), ticks=None):
    """Numbers that change with x. curves: name -> (k, n): for each of the k values of x, n seeds or draws; drawn is their mean, and
    the range without the lowest and the highest tenth. log: the axes on a log scale, such as "xy". shaded: values of x behind
    which a grey stripe stands. ticks: of the horizontal axis, default x. finding: as in `beside`."""
    x = np.asarray(x, float)
    fig, ax = figure(size=(7.5, 3.4))
    for at in shaded:
        ax.axvspan(at - .5, at + .5, color="#EFEFEF", linewidth=0, zorder=0)
    ends = {}
    for (name, values), (color, line, marker) in zip(curves.items(), LINES):
        values = np.asarray(values, float)
        if values.ndim != 2 or len(values) != len(x):
            raise ValueError(f"curves[{name!r}] must have shape ({len(x)}, n), got {values.shape}")
        middle = values.mean(1)
        ax.fill_between(x, *np.quantile(values, [.1, .9], axis=1), color=color, alpha=.15, linewidth=0)
        ax.plot(x, middle, color=color, linestyle=line, marker=marker, markersize=4, linewidth=2)
        ends[name] = x[-1], middle[-1], color
    ax.set(xlabel=xlabel, ylabel=ylabel, **{f"{axis}scale": "log" for axis in log})
    ax.set_xticks(x if ticks is None else ticks, [f"{tick:g}" for tick in (x if ticks is None else ticks)])
    ax.set_xticks([], minor=True)
    if "y" in log:
        plain_ticks(ax.yaxis)
    ax.margins(x=.03)
    name_ends(ax, ends, gap=14, shift=9, fontsize=9)
    fig.alt = f"{ylabel} against {xlabel}, mean and range: {', '.join(curves)}. {finding}".strip()
    return fig


@look()
def ties(points, wrong, right, xlabel: str, ylabel: str):
    """A front with points on it that do not belong there. points: (n, 2), both to be small. wrong, right: (n,) bool, what each
    version of the code keeps. What only the wrong one keeps is crossed, with an arrow from the point that dominates it."""
    points, wrong, right = np.asarray(points, float), np.asarray(wrong, bool), np.asarray(right, bool)
    fig, ax = figure(size=(7.5, 3.6))
    ax.plot(*points[~wrong & ~right].T, ".", color=GREY, alpha=.5, linestyle="none")
    front = points[right][np.lexsort(points[right].T[::-1])]
    ax.step(*front.T, where="post", color=BLUE, linestyle="-", linewidth=1.4)
    ax.plot(*front.T, "o", color=BLUE, markersize=7, linestyle="none")
    for point in points[wrong & ~right]:
        better = front[(front <= point).all(1)][-1]
        ax.annotate("", better, point, arrowprops={"arrowstyle": "<-", "color": ORANGE, "shrinkA": 6, "shrinkB": 6})
        ax.plot(*point, "X", color=VERMILLION, markersize=9, markeredgecolor="white", zorder=4)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.set_title(f"{right.sum()} settings are on the front, ties keep {(wrong & ~right).sum()} more")
    fig.alt = f"{right.sum()} of {len(points)} settings are on the Pareto front; {(wrong & ~right).sum()} dominated ones are kept because of ties"
    return fig
