"""A picture of notebook 01: what a trained vector gives away. The notebook draws its other ones
itself. finding: as in Figure.done."""

import numpy as np

from ...course.marks import space
from ...course.style import figure, look


@look()
def leak_space(X_retain, theta, x_forget, finding: str = ""):
    """Two retain inputs (2, 3) span a plane in three dimensions; theta* (3,) and the forget input
    (3,) stand out of it."""
    fig, ax = figure(size=(7.4, 4.2), subplot_kw={"projection": "3d"})
    X, theta, x = map(np.asarray, (X_retain, theta, x_forget))
    onto, zero = np.linalg.pinv(X) @ X, np.zeros(3)
    plane = np.moveaxis(np.stack(np.meshgrid((-0.35, 1.9), (-0.35, 1.9)), -1) @ X, -1, 0)
    vectors = {
        "retain inputs, and their span": (X[0], zero, X[1]),
        "leaked": (onto @ theta, theta),
        "out of the span": (onto @ x, x),
        "forget input": (zero, x),
        "θ*": (zero, theta),
        "unlearned model": (zero, onto @ theta),
    }
    space(ax, plane, vectors)
    ax.set_box_aspect(np.ptp([*plane.reshape(3, -1).T, theta, x], axis=0), zoom=0.9)
    ax.view_init(elev=16, azim=-62)
    fig.legend(loc="outside left center")
    return fig.done(finding, "θ*, the retain and the forget inputs in space")
