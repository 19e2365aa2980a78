"""Pictures of notebook 14: what unlearning makes of originals that were trained less and less."""

import numpy as np

from ...course.marks import band, key, plain_ticks
from ...course.style import GROUND_TRUTH, METHOD_LOOKS, ORIGINAL, SERIES, WRONG, figure, look

LOOKS = {
    **METHOD_LOOKS,
    "original": {**ORIGINAL, "marker": "D"},
    "retrained": {**GROUND_TRUTH, "marker": "^"},
}


@look()
def stopped(
    losses,
    panels: dict[str, dict[str, np.ndarray]],
    finding: str = "",
    *,
    log: bool = False,
    xlabel: str = "training loss of the original",
):
    """Means and ranges against the training loss at which an original was stopped, training going
    on to the right; one panel per measure.

    losses: (k,), positive, in the order of training; or what grows with it, such as epochs. panels:
    words of the measure -> model -> (k, n), n seeds. log: of the vertical axes.
    """
    fig, axes = figure(1, len(panels), size=(0.8 + 3.7 * len(panels), 3.7), squeeze=False)
    names = dict.fromkeys(name for curves in panels.values() for name in curves)
    others = [name for name in names if name not in LOOKS]
    looks = LOOKS | dict(zip(others, (WRONG, SERIES[4])))
    for ax, (words, curves) in zip(axes[0], panels.items()):
        for name, values in curves.items():
            band(ax, losses, values.min(1), values.max(1), looks[name]["color"], 0.12)
            ax.plot(losses, values.mean(1), **{**looks[name], "markersize": 5, "linewidth": 1.8})
        ax.set(xscale="log", xlabel=xlabel, title=words)
        _few_ticks(ax.xaxis)
        if log:
            ax.set_yscale("log")
            _few_ticks(ax.yaxis)
        else:
            ax.set_ylim(min(0, ax.get_ylim()[0]), None)
        if losses[0] > losses[-1]:
            ax.invert_xaxis()
    shown = {name: {**looks[name], "markersize": 5, "linewidth": 1.8} for name in names}
    key(fig, shown, loc="outside upper center", ncols=len(names))
    return fig.done(f"For {', '.join(names)}. {finding}")


def _few_ticks(axis):
    """Plain numbers over up to five decades; powers of ten, which are there, over more."""
    low, high = axis.get_view_interval()
    if high / low < 1e5:
        plain_ticks(axis)
