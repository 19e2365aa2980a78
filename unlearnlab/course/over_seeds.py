"""Pictures of what was run on several seeds: rows of dots, and lines with bands around them."""

import numpy as np

from .graphs import graph
from .marks import name_rows, plain_ticks
from .style import (
    BLACK,
    BLUE,
    GROUND_TRUTH,
    METHOD_LOOKS,
    ORIGINAL,
    RIGHT,
    SERIES,
    VERMILLION,
    WRONG,
    figure,
    look,
)

TRUTH = {**GROUND_TRUTH, "marker": "^"}
LOOKS = {
    **METHOD_LOOKS,
    "original": {**ORIGINAL, "marker": "D"},
    "retrained": TRUTH,
    "ground truth": TRUTH,
}


@look()
def rows(
    values: dict[str, dict[str, list[float]]],
    measures: dict[str, str],
    finding: str = "",
    *,
    log: bool = False,
    neutral: bool = False,
    middle=np.mean,
):
    """One row per version, one panel per measure: every seed a dot, joined from row to row, and the
    middle a diamond.

    values: version -> measure -> one number per seed; the LAST version is the right one. measures:
    measure -> its words. finding: without numbers, which differ from machine to machine. log: of
    the horizontal axes. neutral: no version is the right one. middle: np.mean or np.median.
    """
    size = 1.6 + 3.9 * len(measures), 1.35 + 0.42 * len(values)
    fig, axes = figure(1, len(measures), size=size, sharey=True, squeeze=False)
    name_rows(axes[0, 0], list(values))
    looks = [(VERMILLION, "X")] * (len(values) - 1) + [(BLUE, "o")]
    looks = [(BLACK, "o")] * len(values) if neutral else looks
    for ax, (measure, words) in zip(axes[0], measures.items()):
        table = np.array([numbers[measure] for numbers in values.values()], float)
        ax.plot(table, range(len(table)), "-", color="#CFCFCF", linewidth=0.8, zorder=1)
        for row, (numbers, (color, marker)) in enumerate(zip(table, looks)):
            own = {"color": color, "clip_on": False}
            ax.plot(numbers, 0 * numbers + row, marker, markersize=5, alpha=0.45, **own)
            own |= {"markersize": 9, "markeredgecolor": "white"}
            ax.plot(middle(numbers), row, "D", zorder=4, **own)
        ax.set_xlabel(words)
        if log:
            ax.set_xscale("log")
            plain_ticks(ax.xaxis)
    what = f"{', '.join(measures.values())} of every seed and their middle, for {', '.join(values)}"
    return fig.done(finding, what)


def bands(
    x,
    panels: dict[str, dict[str, np.ndarray]],
    xlabel: str,
    finding: str = "",
    *,
    log: str = "",
    shaded=(),
    ticks=None,
    middle=np.mean,
):
    """What changes with x, in the middle and in the range without the lowest and the highest tenth;
    one panel per measure.

    x: (k,), from left to right, perhaps falling. panels: words of the measure -> name of a line ->
    (k, n), n seeds or draws; the same lines in every panel. log: the axes on a log scale, such as
    "xy". shaded: values of x behind which a grey stripe stands. ticks: of the horizontal axis.
    finding, middle: as in `rows`.
    """
    single = len(panels) == 1
    names = dict.fromkeys(name for curves in panels.values() for name in curves)
    others = [name for name in names if name not in LOOKS]
    looks = LOOKS | dict(zip(others, (WRONG, RIGHT, *SERIES[2:])))
    drawn = {}
    for words, curves in panels.items():
        low, high = np.quantile(list(curves.values()), [0.1, 0.9], axis=2)
        means = [middle(values, axis=1) for values in curves.values()]
        panel = {"curves": dict(zip(curves, zip(low, means, high)))}
        if "y" not in log:  # zero is in sight
            panel["ylim"] = min(0, 1.05 * low.min() - 0.05 * high.max()), None
        drawn["" if single else words] = panel | {"ylabel": words if single else ""}
    fig = graph(
        x,
        panels=drawn,
        looks={name: {"linewidth": 2, **looks[name]} for name in names},
        line={"markersize": 4},
        key=0 if single else len(names),
        size=None if single else (0.8 + 3.7 * len(panels), 3.7),
        log=log,
        ticks=ticks if ticks or "x" in log else x,
        finding=f"For {', '.join(names)}. {finding}",
        xlabel=xlabel,
        xmargin=0.03,
    )
    for ax in fig.axes:
        ax.xaxis.set_inverted(x[0] > x[-1])
        for at in shaded:
            ax.axvspan(at - 0.5, at + 0.5, color="#EFEFEF", linewidth=0, zorder=0)
    return fig
