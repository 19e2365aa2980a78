"""Pictures of notebook 14: what unlearning makes of originals that were trained less and less."""
import numpy as np

from matplotlib.ticker import NullFormatter

from .marks import plain_ticks
from .style import BLUE, DARK_ORANGE, GREEN, GREY, SKY, VERMILLION, figure, look

# Color, line, marker of a model; names that are not here take those of OTHERS in turn
LOOKS = {"original": (DARK_ORANGE, "--", "s"), "MinNorm-OG": (BLUE, "-", "o"), "GD": (SKY, (0, (5, 1)), "^"), "retrained": (GREEN, "-.", "D")}
OTHERS = ((VERMILLION, ":", "v"), (GREY, (0, (3, 1, 1, 1)), "P"))


@look()
def stopped(losses, panels: dict[str, dict[str, np.ndarray]], finding: str = "", *, log: str = "", xlabel: str = "training loss of the original"):
    """Against the training loss at which an original was stopped, training going on to the right: one panel per measure.

    losses: (k,), positive, in the order of training; or what grows with it, such as epochs. panels: words of the measure -> model -> (k, n), n seeds; drawn are their mean and their range. log: "y" for
    a logarithmic vertical axis too. finding: what there is to see, for the alt text, which holds no number: runs differ in theirs from
    machine to machine. Raises ValueError for losses that are not positive, or shapes that do not fit.
    """
    losses = np.asarray(losses, float)
    if losses.ndim != 1 or not (losses > 0).all():
        raise ValueError(f"losses must be positive numbers of shape (k,), got {losses.tolist()}")
    fig, axes = figure(1, len(panels), size=(.8 + 3.7 * len(panels), 3.7), squeeze=False)
    names = list(dict.fromkeys(name for curves in panels.values() for name in curves))
    spare = iter(OTHERS)
    looks = {name: LOOKS[name] if name in LOOKS else next(spare) for name in names}
    for ax, (words, curves) in zip(axes[0], panels.items()):
        for name, values in curves.items():
            values, (color, line, marker) = np.asarray(values, float), looks[name]
            if values.ndim != 2 or len(values) != len(losses):
                raise ValueError(f"panels[{words!r}][{name!r}] must have shape ({len(losses)}, n), got {values.shape}")
            ax.fill_between(losses, values.min(1), values.max(1), color=color, alpha=.12, linewidth=0)
            ax.plot(losses, values.mean(1), color=color, linestyle=line, marker=marker, markersize=5, linewidth=1.8, label=name)
        ax.set(xscale="log", xlabel=xlabel, title=words, **({"yscale": "log"} if "y" in log else {"ylim": (min(0, ax.get_ylim()[0]), None)}))
        for axis, limits in ((ax.xaxis, ax.get_xlim()), (ax.yaxis, ax.get_ylim())):
            if axis.get_scale() == "log":
                _few_ticks(axis, limits)
        if losses[0] > losses[-1]:
            ax.invert_xaxis()
    handles = {handle.get_label(): handle for ax in axes[0] for handle in ax.get_lines()}
    fig.legend([handles[name] for name in names], names, loc="outside upper center", ncols=len(names))
    fig.alt = f"{', '.join(panels)} against {xlabel}, for: {', '.join(names)}. {finding}".strip()
    return fig


def _few_ticks(axis, limits):
    """Plain numbers over up to five decades, powers of ten over more."""
    if limits[1] / limits[0] < 1e5:
        plain_ticks(axis, limits)
    else:
        axis.set_minor_formatter(NullFormatter())
