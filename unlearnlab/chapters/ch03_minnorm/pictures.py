"""Pictures of MinNorm-OG's inside: what a projection keeps, how strong each one is. The notebook
draws its other ones itself. finding: as in Figure.done."""

import numpy as np

from ...course.marks import note
from ...course.style import BLUE, ORANGE, SERIES, picture


@picture(
    (
        "n_pert: retain samples whose outputs the projection keeps",
        "change of all 50 retain outputs\n(root mean square)",
        "The more samples a projection keeps, the less it disturbs",
    ),
    yscale="log",
)
def kept_by_samples(ax, counts, changes, first_order):
    """Change of the retain outputs after one projection, against the number of samples it was told
    to keep.

    counts: (m,). changes: {strength: (m, repeats)} root mean squares, one column per random subset.
    first_order: the same shape, what the rows predict.
    """
    for (strength, change), style in zip(changes.items(), SERIES):
        color, marker = style["color"], style["marker"]
        ax.plot(counts, change, marker, color=color, markersize=3.5, alpha=0.55)
        words = f"strength {strength:g}, median"
        ax.plot(counts, np.median(change, 1), "-", color=color, label=words)
        first = np.median(first_order[strength], 1)[:-1]  # with all samples it is 0
        ax.plot(counts[:-1], first, ":", color=color, label="first order alone")
    ax.legend(ncols=2)


@picture(
    *[("", "strength")] * 2,
    *[("epoch", "share left\noff the span")] * 2,
    rows=2,
    size=(7.5, 4.2),
    panels={"sharex": "col", "sharey": "row"},
)
def schedules(axes, plans):
    """plans: {title: strengths per epoch}, two. Above, the strength of every projection; below,
    what is left of the part off the span."""
    for above, below, (title, plan) in zip(axes, axes[2:], plans.items()):
        share = np.cumprod(np.append(1, 1 - np.array(plan)))
        above.vlines(range(len(plan)), 0, plan, BLUE)
        above.set_title(title)
        below.step(range(len(share)), share, where="post", color=ORANGE)
        note(below, f"{share[-1]:.2f}", (len(plan), share[-1]), (-2, 6), ORANGE, ha="right")
        below.set_ylim(0, 1.08)
