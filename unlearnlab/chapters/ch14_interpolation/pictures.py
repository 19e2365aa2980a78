"""Pictures of notebook 14: what unlearning makes of originals that were trained less and less."""

import numpy as np

from ...course.marks import band, plain_ticks
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
    words of the measure -> model -> (k, n), n seeds. log: of the vertical axes. Raises ValueError
    for losses that are not positive, or shapes that do not fit.
    """
    losses = np.asarray(losses, float)
    if losses.ndim != 1 or not (losses > 0).all():
        raise ValueError(f"losses must be positive numbers of shape (k,), got {losses.tolist()}")
    fig, axes = figure(1, len(panels), size=(0.8 + 3.7 * len(panels), 3.7), squeeze=False)
    names = {name: None for curves in panels.values() for name in curves}  # each once, in order
    looks = dict(zip([name for name in names if name not in LOOKS], (WRONG, SERIES[4]))) | LOOKS
    drawn = {}
    for ax, (words, curves) in zip(axes[0], panels.items()):
        for name, values in curves.items():
            values = np.asarray(values, float)
            if values.ndim != 2 or len(values) != len(losses):
                raise ValueError(
                    f"panels[{words!r}][{name!r}] must have shape ({len(losses)}, n), got "
                    f"{values.shape}"
                )
            band(ax, losses, values.min(1), values.max(1), looks[name]["color"], 0.12)
            shared = {"markersize": 5, "linewidth": 1.8}
            (drawn[name],) = ax.plot(losses, values.mean(1), **{**looks[name], **shared})
        ax.set(xscale="log", xlabel=xlabel, title=words)
        _few_ticks(ax.xaxis)
        if log:
            ax.set_yscale("log")
            _few_ticks(ax.yaxis)
        else:
            ax.set_ylim(min(0, ax.get_ylim()[0]), None)
        if losses[0] > losses[-1]:
            ax.invert_xaxis()
    fig.legend(drawn.values(), drawn, loc="outside upper center", ncols=len(drawn))
    return fig.done(f"For {', '.join(drawn)}. {finding}")


def _few_ticks(axis):
    """Plain numbers over up to five decades; powers of ten, which are there, over more."""
    low, high = axis.get_view_interval()
    if high / low < 1e5:
        plain_ticks(axis)
