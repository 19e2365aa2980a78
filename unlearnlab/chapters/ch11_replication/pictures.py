"""The picture of the replication: one number per seed, for every arm, method or data set."""

import numpy as np

from ...course import style
from ...course.marks import mean_mark, name_rows
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
