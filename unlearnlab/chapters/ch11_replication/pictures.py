"""Pictures of the replication: one number per seed, for every arm, method or data set, and fronts
in the plane of the two metrics."""

import itertools

import numpy as np

from ...course import style
from ...course.marks import halo, mean_mark, name_points, name_rows
from ...course.style import Figure, figure, look
from ...study import choosing


@look()
def by_seed(values: dict[str, np.ndarray], xlabel: str, highlight=(), zero: bool = False) -> Figure:
    """A row for each name: a small circle per seed, the mean as a diamond with its standard error,
    and the mean in words.

    values: name -> (seeds,). highlight: names drawn in blue. zero: a line at 0, for differences.
    """
    fig, ax = figure(size=(7.5, 0.6 + 0.36 * len(values)))
    said = []
    for row, (name, numbers) in enumerate(values.items()):
        mean, error = np.mean(numbers), np.nan_to_num(choosing.standard_error(numbers))
        color = style.BLUE if name in highlight else style.BLACK
        circles = {"markersize": 4, "markerfacecolor": "none", "alpha": 0.45}
        ax.plot(numbers, [row] * len(numbers), "o", color=color, **circles)
        mean_mark(ax, mean, row, {"color": color, "marker": "D"}, xerr=error, capsize=3)
        place = {"transform": ax.get_yaxis_transform(), "va": "center", "fontsize": 9}
        words = f"{mean:{'+' * zero}.3f} ± {error:.3f}"
        ax.text(1.01, row, words, color=color, **place)
        said.append(f"{name} {words}")
    if zero:
        ax.axvline(0, color=style.GREY, linewidth=1)
    name_rows(ax, list(values))
    ax.set_xlabel(xlabel)
    ax.grid(False, axis="y")
    return fig.done(what=f"{xlabel}, mean and standard error over seeds: {'; '.join(said)}")


@look()
def fronts(points: dict[str, np.ndarray], original: tuple[float, float]) -> Figure:
    """The front of each way to unlearn: settings that no other of the same way beats in both.

    points: name -> (k, 2), a row per setting, retain accuracy and forget error. original: the same
    two. Names stand at the setting nearest to the ideal (1, 0); dominated settings are dots.
    """
    fig, ax = figure(size=(7.5, 5))
    places, said = {}, []
    series = zip(points, itertools.cycle(style.SERIES))
    looks = {name: style.METHOD_LOOKS.get(name, one) for name, one in series}
    for name, found in points.items():
        losses = np.abs([1, 0] - found)
        kept = choosing.front(losses)
        best = found[kept][np.argsort(found[kept, 0], kind="stable")]
        ax.plot(*best.T, **looks[name], markersize=5)
        ax.plot(*found[~kept].T, ".", color=looks[name]["color"], markersize=3, alpha=0.35)
        places[name] = tuple(found[np.hypot(*losses.T).argmin()])
        x, y = places[name]
        said.append(f"{name} {kept.sum()} of {len(found)} settings, nearest {x:.2f}, {y:.2f}")
    ax.plot(*original, "s", color=style.ORANGE, markeredgecolor=style.BLACK, markersize=8)
    places["original"] = original
    ax.set_xlabel("retain accuracy (higher is better)")
    ax.set_ylabel("forget error (lower is better)")
    colors = {name: looks[name]["color"] for name in points} | {"original": style.ORANGE}
    name_points(ax, places, colors, **halo())
    return fig.done(what=f"Fronts of retain accuracy and forget error: {'; '.join(said)}")
