"""Pictures of what was run on several seeds: rows of dots, and lines with bands around them."""

import numpy as np

from .graphs import graph
from .marks import dots
from .style import METHOD_LOOKS, RIGHT, SERIES, WRONG, looks

LOOKS = METHOD_LOOKS | looks("over seeds")


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
    kinds, panels = ("neutral", "neutral") if neutral else ("wrong", "right"), {}
    heights, last = np.arange(len(values)), len(values) - 1
    for measure, words in measures.items():
        numbers = np.array([numbers[measure] for numbers in values.values()], float)
        curves = {"joined": (numbers, heights)}
        for kind, part in {"versions": slice(last), "last": slice(last, None)}.items():
            every = dots(numbers[part], shift=heights[part][0])
            curves |= {kind: every, f"{kind}, middle": (middle(numbers[part], 1), heights[part])}
        panels[words] = {"curves": curves, "title": "", "xlabel": words}
    what = f"{', '.join(measures.values())} of every seed and their middle, for {', '.join(values)}"
    return graph(
        panels=panels,
        looks=["joined", *(f"{kind} {mark}" for kind in kinds for mark in ("seeds", "middle"))],
        rows=list(values),
        line={"label": "_"},
        log="x" * log,
        size=(1.6 + 3.9 * len(measures), 1.35 + 0.42 * len(values)),
        subplots={"sharey": True},
        finding=finding,
        what=what,
    )


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
    single, names, drawn = len(panels) == 1, list(next(iter(panels.values()))), {}
    others = [name for name in names if name not in LOOKS]
    looks = LOOKS | dict(zip(others, (WRONG, RIGHT, *SERIES[2:])))
    for words, curves in panels.items():
        seeds = list(curves.values())
        low, high = np.quantile(seeds, [0.1, 0.9], axis=2)
        lines = np.stack([low, [middle(values, axis=1) for values in seeds], high], 1)
        panel = {"curves": dict(zip(curves, lines))}
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
