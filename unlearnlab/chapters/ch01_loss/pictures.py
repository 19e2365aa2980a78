"""A picture of notebook 01: what a trained vector gives away. The notebook draws its other ones
itself. finding: as in Figure.done."""

import numpy as np

from ...course.marks import vectors
from ...course.style import BLACK, BLUE, GREEN, ORANGE, SKY, VERMILLION, figure, look


@look()
def leak_space(X_retain, theta, x_forget, finding: str = ""):
    """Two retain inputs (2, 3) span a plane in three dimensions; theta* (3,) and the forget input
    (3,) stand out of it."""
    fig, ax = figure(size=(7.4, 4.2), subplot_kw={"projection": "3d"})
    X, theta, x = map(np.asarray, (X_retain, theta, x_forget))
    onto = np.linalg.pinv(X) @ X
    corners = np.stack(np.meshgrid((-0.35, 1.9), (-0.35, 1.9)), -1) @ X
    ax.plot_surface(*corners.transpose(2, 0, 1), color=SKY, alpha=0.25, shade=False)
    vectors(
        ax,
        (0 * x, X[0], "retain inputs, and their span", BLACK, "-"),
        (0 * x, X[1], None, BLACK, "-"),
        (onto @ theta, theta, "leaked", GREEN, "-"),
        (onto @ x, x, "out of the span", GREEN, ":"),
        (0 * x, x, "forget input", VERMILLION, "-"),
        (0 * x, theta, "θ*", ORANGE, "--"),
        (0 * x, onto @ theta, "unlearned", BLUE, "-"),
    )
    ax.set_box_aspect(np.ptp([*corners.reshape(-1, 3), theta, x], axis=0), zoom=0.9)
    ax.view_init(elev=16, azim=-62)
    ax.set(xlabel="entry 1", ylabel="entry 2", zlabel="entry 3")
    fig.legend(loc="outside left center")
    return fig.done(finding, "θ*, the retain and the forget inputs in space")
