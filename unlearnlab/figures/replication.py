"""Pictures of the replication: one number per seed, for every arm, method or data set."""
import numpy as np

from .. import pareto
from . import style
from .style import Figure, figure, look


@look()
def by_seed(values: dict[str, np.ndarray], xlabel: str, highlight: tuple[str, ...] = (), zero: bool = False) -> Figure:
    """A row for each name: a small circle per seed, the mean as a diamond with its standard error, and the mean in words.

    values: name -> (seeds,). highlight: names drawn in blue. zero: a line at 0, for differences.
    """
    if not values:
        raise ValueError("values is empty: there is no row to draw")
    for name in highlight:
        if name not in values:
            raise ValueError(f"highlight names {name!r}; there are {', '.join(values)}")
    fig, ax = figure(size=(7.5, .6 + .36 * len(values)))
    said = []
    for row, (name, found) in enumerate(values.items()):
        found = np.asarray(found, float)
        if found.ndim != 1 or len(found) == 0 or not np.isfinite(found).all():
            raise ValueError(f"values[{name!r}] must be finite numbers (seeds,), got {found.tolist()}")
        mean, error = found.mean(), float(np.nan_to_num(pareto.standard_error(found)))
        color = style.BLUE if name in highlight else style.BLACK
        ax.plot(found, np.full(len(found), row), "o", markersize=4, markerfacecolor="none", markeredgecolor=color, alpha=.45, linestyle="none")
        ax.errorbar(mean, row, xerr=error, marker="D", color=color, markersize=6, markeredgecolor="white", markeredgewidth=.6, linestyle="none",
                    elinewidth=1.8, capsize=3, zorder=4)
        said.append(f"{name} {mean:.3f} ± {error:.3f}")
        ax.text(1.01, row, f"{mean:+.3f} ± {error:.3f}" if zero else f"{mean:.3f} ± {error:.3f}", va="center", fontsize=9,
                transform=ax.get_yaxis_transform(), color=color)
    if zero:
        ax.axvline(0, color=style.GREY, linewidth=1)
    ax.set_yticks(range(len(values)), list(values))
    ax.set(xlabel=xlabel, ylim=(len(values) - .5, -.5))
    ax.grid(False, axis="y")
    fig.alt = f"{xlabel}, mean and standard error over seeds: " + "; ".join(said)
    return fig
