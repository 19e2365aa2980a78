"""Pictures of notebook 08: what the projection does beyond shrinking, by each measure."""

import numpy as np

from ...course.marks import band, central, level, lines, name_rows, plain_ticks, seed_row
from ...course.style import BLUE, DARK_ORANGE, GREY, SERIES, TARGET, figure, line_look, look

MEASURES = {
    "sup_error": "largest error",
    "rms_error": "root-mean-square error",
    "retain_error": "error on the retain points",
}
ZERO = {"sup_error": 1.0, "rms_error": 0.5**0.5, "retain_error": 0.5**0.5}  # of the function 0


@look()
def arms(values: dict[str, dict[str, list[float]]], title: str = ""):
    """One row per arm, one panel per measure: every seed, the median, and the range without the 2
    best and 2 worst; dotted, the function 0.

    values: arm -> measure -> one number per seed.
    """
    fig, axes = figure(1, 3, size=(9.6, 1.1 + 0.36 * len(values)), sharey=True)
    name_rows(axes[0], list(values))
    for ax, (measure, words) in zip(axes, MEASURES.items()):
        for row, found in enumerate(values.values()):
            seed_row(ax, row, found[measure])
        ax.axvline(ZERO[measure], **TARGET)
        ax.set(xscale="log", xlabel=words)
        plain_ticks(ax.xaxis)
    axes[0].set(ylabel="what is run", title=title)
    axes[2].set_title("dotted: the function 0", loc="right", fontsize=9)
    return fig.done(what=f"{title}. Three errors of every seed for: {', '.join(values)}")


@look()
def by_rows(counts, values: dict[str, list[list[float]]], samples: int, finding: str = ""):
    """The three errors against the number of protected samples.

    counts: (k,). values: measure -> (k, seeds). samples: how many there are.
    """
    fig, axes = figure(1, 3, size=(9.6, 3.0))
    for ax, (measure, words) in zip(axes, MEASURES.items()):
        median, low, high = np.transpose([central(found) for found in values[measure]])
        band(ax, counts, low, high, BLUE)
        ax.plot(counts, median, "o-", color=BLUE, markersize=5)
        level(ax, ZERO[measure], "the function 0", counts[-1], (0, 4), ha="right", fontsize=9)
        ax.set(xlabel=f"protected samples, of {samples}", ylabel=words, yscale="log")
        plain_ticks(ax.yaxis)
    axes[0].set_title("Median of ten seeds; band: without the 2 best and 2 worst")
    return fig.done(finding)


@look()
def one_step(shares, errors: dict[str, list[list[float]]], before: float, finding: str = ""):
    """The error on the retain points after one shrink step of each size.

    errors: which part shrinks -> (shares, seeds). before: the median error of the originals.
    """
    fig, ax = figure()
    middle = {part: np.median(values, axis=1) for part, values in errors.items()}
    most, least = max(map(max, middle.values())), min(before, *map(min, middle.values()))
    ax.set(
        xscale="log",
        yscale="log",
        xlim=(shares[0] / 1.2, shares[-1] * 1.2),
        ylim=(least / 1.7, most * 1.3),
        xlabel="share of that part of θ removed in one step",
        ylabel="error on the retain points,\nmedian of ten seeds",
        title="One step, and what it does to what should stay",
    )
    looks = [
        {**series, "color": color}
        for series, color in zip((SERIES[0], SERIES[1], SERIES[3]), (BLUE, DARK_ORANGE, GREY))
    ]
    lines(ax, shares, middle, looks, markersize=4, linewidth=2)
    level(ax, before, "before the step", shares[0], (0, -12), fontsize=9)
    plain_ticks(ax.xaxis)
    plain_ticks(ax.yaxis)
    return fig.done(finding)


@look()
def budgets(curves: dict[str, tuple], cost: str):
    """Median error against what was spent.

    curves: name -> (spent (k,), median error (k,)). cost: what the x axis counts.
    """
    fig, ax = figure()
    ax.set(
        xscale="log",
        yscale="log",
        xlabel=cost,
        title="What the same work buys",
        ylabel="root-mean-square error,\nmedian of ten seeds",
    )
    looks = {name: {**line_look(name), "marker": "o"} for name in curves}
    lines(ax, None, curves, looks, markersize=4)
    plain_ticks(ax.xaxis)
    plain_ticks(ax.yaxis)
    return fig.done(f"For {', '.join(curves)}")
