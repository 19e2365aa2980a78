"""A picture of notebook 01: what a trained vector gives away. The notebook draws its other ones
itself. finding: as in Figure.done."""

import numpy as np

from ...course.marks import space
from ...course.style import figure, look


@look()
def leak_space(inputs, vectors: dict, finding: str = ""):
    """Vectors in three dimensions, and the plane that two inputs (2, 3) span.

    vectors: name -> the points it runs through, (n, 3).
    """
    fig, ax = figure(size=(7.4, 4.2), subplot_kw={"projection": "3d"})
    corners = np.stack(np.meshgrid((-0.35, 1.9), (-0.35, 1.9)), -1) @ np.asarray(inputs)
    points = np.concatenate([*corners, *map(np.stack, vectors.values())])
    space(ax, np.moveaxis(corners, -1, 0), vectors)
    ax.set_box_aspect(np.ptp(points, axis=0), zoom=0.9)
    ax.view_init(elev=16, azim=-62)
    fig.legend(loc="outside left center")
    return fig.done(finding, f"In space: {', '.join(vectors)}")
