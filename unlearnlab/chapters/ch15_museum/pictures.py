"""Pictures of notebook 15, the bug museum: a number beside the right one, seed by seed."""

import numpy as np

from ...course.marks import arrow, band, lines, name_rows, number_ticks, plain_ticks
from ...course.style import BLUE, GREY, ORANGE, RIGHT, SERIES, VERMILLION, WRONG, figure, look


@look()
def beside(
    values: dict[str, dict[str, list[float]]],
    measures: dict[str, str],
    finding: str = "",
    *,
    log: bool = False,
    neutral: bool = False,
):
    """One row per version, one panel per measure: every seed a dot, joined from row to row, and the
    mean a diamond.

    values: version -> measure -> one number per seed; the LAST version is the right one. measures:
    measure -> its words. finding: without numbers, which differ from machine to machine. log: of
    the horizontal axes. neutral: no version is the right one.
    """
    size = 1.6 + 3.9 * len(measures), 1.35 + 0.42 * len(values)
    fig, axes = figure(1, len(measures), size=size, sharey=True, squeeze=False)
    name_rows(axes[0, 0], list(values))
    looks = [(VERMILLION, "X")] * (len(values) - 1) + [(BLUE, "o")]
    if neutral:
        looks = [(GREY, "o")] * len(values)
    for ax, (measure, words) in zip(axes[0], measures.items()):
        table = np.array([found[measure] for found in values.values()], float)
        ax.plot(table, range(len(table)), "-", color="#CFCFCF", linewidth=0.8, zorder=1)
        for row, (numbers, (color, marker)) in enumerate(zip(table, looks)):
            shared = {"color": color, "clip_on": False}
            ax.plot(numbers, 0 * numbers + row, marker, markersize=5, alpha=0.6, **shared)
            mean = {"markersize": 8, "markeredgecolor": "white", "zorder": 4}
            ax.plot(numbers.mean(), row, "D", **mean, **shared)
        ax.set_xlabel(words)
        if log:
            ax.set_xscale("log")
            plain_ticks(ax.xaxis)
    what = f"{', '.join(measures.values())} of every seed and their mean, for: {', '.join(values)}"
    return fig.done(finding, what)


@look()
def bands(
    x,
    curves: dict[str, np.ndarray],
    xlabel: str,
    ylabel: str,
    finding: str = "",
    *,
    log: str = "",
    shaded=(),
    ticks=None,
):
    """Means that change with x, and the range without the lowest and the highest tenth.

    curves: name -> (k, n): for each of the k values of x, n seeds or draws. log: the axes on a log
    scale, such as "xy". shaded: values of x behind which a grey stripe stands. ticks: of the
    horizontal axis, default x. finding: as in `beside`.
    """
    fig, ax = figure()
    ax.set(xlabel=xlabel, ylabel=ylabel, **{f"{axis}scale": "log" for axis in log})
    for at in shaded:
        ax.axvspan(at - 0.5, at + 0.5, color="#EFEFEF", linewidth=0, zorder=0)
    looks = dict(zip(curves, (WRONG, RIGHT, *SERIES[2:])))
    means = {}
    for name, values in curves.items():
        band(ax, x, *np.quantile(values, [0.1, 0.9], axis=1), looks[name]["color"])
        means[name] = np.mean(values, 1)
    ax.margins(x=0.03)
    lines(ax, x, means, looks, gap=14, markersize=4, linewidth=2)
    number_ticks(ax.xaxis, x if ticks is None else ticks)
    if "y" in log:
        plain_ticks(ax.yaxis)
    return fig.done(f"Mean and range of: {', '.join(curves)}. {finding}")


@look()
def ties(points, wrong, right, xlabel: str, ylabel: str):
    """A front with points on it that do not belong there: crossed, with an arrow from each to the
    point that dominates it.

    points: (n, 2), both to be small. wrong, right: (n,) bool, what each version of the code keeps.
    """
    points, extra = np.asarray(points), np.asarray(wrong) & ~np.asarray(right)
    fig, ax = figure(size=(7.5, 3.6))
    ax.plot(*points.T, ".", color=GREY, alpha=0.5)
    front = points[right][np.lexsort(points[right].T[::-1])]
    ax.step(*front.T, "o-", where="post", color=BLUE, linewidth=1.4, markersize=7)
    for point in points[extra]:
        better = front[(front <= point).all(1)][-1]
        arrow(ax, point, better, ORANGE, "<-", shrinkA=6, shrinkB=6)
    crosses = {"color": VERMILLION, "markersize": 9, "markeredgecolor": "white", "zorder": 4}
    ax.plot(*points[extra].T, "X", **crosses)
    title = f"{len(front)} settings are on the front, ties keep {extra.sum()} more"
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    return fig.done(what=f"Of {len(points)} settings: {title}")
