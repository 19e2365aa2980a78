"""Pictures of notebook 08: what the projection does beyond shrinking, by each measure."""

import numpy as np

from ...course.marks import band, level, lines, name_rows, plain_ticks, seed_row
from ...course.style import BLUE, TARGET, figure, look

MEASURES = {  # in words, and of the function 0
    "sup_error": ("largest error", 1.0),
    "rms_error": ("root-mean-square error", 0.5**0.5),
    "retain_error": ("error on the retain points", 0.5**0.5),
}


@look()
def arms(values: dict[str, dict[str, list[float]]], title: str = "", finding: str = ""):
    """One row per arm, one panel per measure: every seed, the median, and the range without the 2
    best and 2 worst; dotted, the function 0.

    values: arm -> measure -> one number per seed.
    """
    fig, axes = figure(1, 3, size=(9.6, 1.1 + 0.36 * len(values)), sharey=True)
    name_rows(axes[0], list(values))
    for ax, (measure, (words, zero)) in zip(axes, MEASURES.items()):
        for row, errors in enumerate(values.values()):
            seed_row(ax, row, errors[measure])
        ax.axvline(zero, **TARGET)
        ax.set(xscale="log", xlabel=words)
        plain_ticks(ax.xaxis)
    axes[0].set(ylabel="what is run", title=title)
    axes[2].set_title("dotted: the function 0", loc="right", fontsize=9)
    return fig.done(finding, f"{title}. Three errors of every seed for: {', '.join(values)}")


@look()
def by_rows(counts, values: dict[str, list[list[float]]], samples: int, finding: str = ""):
    """The three errors against the number of protected samples.

    counts: (k,). values: measure -> (k, seeds). samples: how many there are.
    """
    from ...tasks.sine import central

    fig, axes = figure(1, 3, size=(9.6, 3.0))
    for ax, (measure, (words, zero)) in zip(axes, MEASURES.items()):
        median, low, high = np.transpose([central(errors) for errors in values[measure]])
        band(ax, counts, low, high, BLUE)
        ax.plot(counts, median, "o-", color=BLUE, markersize=5)
        level(ax, zero, "the function 0", counts[-1], (0, 4), ha="right", fontsize=9)
        ax.set(xlabel=f"protected samples, of {samples}", ylabel=words, yscale="log")
        plain_ticks(ax.yaxis)
    axes[0].set_title("Median of ten seeds; band: without the 2 best and 2 worst")
    return fig.done(finding)


@look()
def medians(curves: dict[str, tuple], finding: str = "", before: float | None = None, **labels):
    """Median errors against what grows along the axis. curves: name -> (x (k,), error (k,)).

    before: the error at the start, dotted. labels: as in Axes.set.
    """
    fig, ax = figure()
    ax.set(xscale="log", yscale="log", **labels)
    if before:
        (x, _), *_ = curves.values()
        level(ax, before, "before the step", x[0], (0, -12), fontsize=9)
    lines(ax, None, curves, markersize=4, linewidth=2)
    plain_ticks(ax.xaxis)
    plain_ticks(ax.yaxis)
    return fig.done(f"For {', '.join(curves)}. {finding}")
