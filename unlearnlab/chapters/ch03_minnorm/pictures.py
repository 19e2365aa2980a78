"""A picture of MinNorm-OG's inside: how strong each projection is. The notebook draws its other
ones itself. finding: as in Figure.done."""

import numpy as np

from ...course.marks import note
from ...course.style import BLUE, ORANGE, picture


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
