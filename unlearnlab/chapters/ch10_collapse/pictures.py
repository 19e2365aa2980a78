"""The picture of notebook 10: how far each method gets from going by content to going by color."""

from ...course import style
from ...course.marks import halo, mean_mark, name_rows
from ...course.style import METHOD_LOOKS, OTHER, Figure, figure, look


@look()
def landings(
    panels: dict[str, dict[str, tuple[float, float]]],
    references: dict[str, dict[str, float]],
    across: str = "color accuracy: share named after the color",
    finding: str = "",
) -> Figure:
    """Where each method lands: one row per method, one panel per table, the methods in the order
    of the first, best on top.

    panels: title -> method -> (mean, standard error) of a share, of the same methods. references:
    title -> name -> share, dotted. across: what the share is, in words.
    """
    first = next(iter(panels.values()))
    names = sorted(first, key=lambda name: -first[name][0])
    size = 4.3 * len(panels) + 0.8, 1.3 + 0.27 * len(names)
    fig, _ = figure(1, len(panels), size, sharey=True)
    name_rows(fig.axes[0], names)
    for ax, (title, shares) in zip(fig.axes, panels.items()):
        for row, name in enumerate(names):
            mean, error = shares[name]
            mean_mark(ax, mean, row, METHOD_LOOKS.get(name, OTHER), xerr=error)
        for name, value in references.get(title, {}).items():
            ax.axvline(value, color=style.GREY, linestyle=":")
            side = "right" if value > 0.8 else "left" if value < 0.2 else "center"
            ax.text(value, len(names) - 0.55, name, ha=side, va="top", fontsize=9, **halo())
        ax.set(title=title, xlim=(0, 1.03), ylim=(len(names) + 0.2, -0.7), xlabel=across)
    return fig.done(finding, f"{across}. {', '.join(panels)}: {', '.join(names)}")
