"""The picture of notebook 15, the bug museum, that no other chapter has; see course/over_seeds.py
for the others."""

import numpy as np

from ...course.marks import arrow
from ...course.style import BLUE, GREY, ORANGE, VERMILLION, figure, look


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
