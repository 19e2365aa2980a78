"""The pictures of the passages: how far a projection is linear, and what every method keeps and
forgets."""

from ...course import fronts as planes
from ...course.over_seeds import bands
from ...course.style import METHOD_LOOKS, OTHER, look

LOOKS = {
    "NPO + retain": {**METHOD_LOOKS["NPO"], "marker": "<", "linestyle": "-"},
    "plain shrinkage": {**OTHER, "marker": "s", "linestyle": "-."},
}


def linear(strengths, moved: dict, title: str):
    """By how much protected logits move with the strength of one projection, both on log scales.

    moved: what is protected -> (strengths, seeds). title: the finding.
    """
    ylabel = "change of the protected logits"
    fig = bands(strengths, {ylabel: moved}, "strength s of one projection", title + ".", log="xy")
    fig.axes[0].set_title(title, fontsize=10)
    return fig


@look()
def fronts(points: dict, references: dict, title: str):
    """`course.fronts.fronts` in the plane of facts kept and of how far a rank is from retrained."""
    kept = "facts kept of the persons to retain, in a way nobody told"
    gap = "forget gap (1: as the original, 0: as retrained)"
    fig = planes.fronts(points, references, title + ".", LOOKS, kept, gap)
    fig.axes[0].set_title(title, fontsize=10)
    return fig
