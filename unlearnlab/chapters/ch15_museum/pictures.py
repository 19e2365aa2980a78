"""The picture of notebook 15: settings that a front with ties keeps. The notebook draws its other
ones itself."""

import numpy as np

from ...course.graphs import graph


def ties(losses, kept, right, xlabel: str, ylabel: str):
    """Every setting, the front as stairs, and what ties add to it, each with a line to what beats
    it. losses: (n, 2), smaller is better. kept, right: (n,), True for what ties keep, and for the
    front."""
    extra = losses[kept & ~right]
    front = losses[right][np.lexsort(losses[right].T[::-1])]
    better = [front[(front <= point).all(1)][-1] for point in extra]
    ends = np.stack([extra, better, np.nan * extra], 1).reshape(-1, 2)  # a gap after each line
    title = f"{len(front)} settings are on the front, ties keep {len(extra)} more"
    parts = {"background": losses, "stairs": front, "to what beats it": ends, "forget": extra}
    return graph(
        curves={f"_{look}": tuple(points.T) for look, points in parts.items()},
        xlabel=xlabel,
        ylabel=ylabel,
        title=title,
        what=f"Of {len(losses)} settings: {title}",
    )
