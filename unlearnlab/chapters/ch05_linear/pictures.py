"""The picture of LinearLab. The notebook draws its other ones itself."""

import numpy as np

from ...course.marks import vectors
from ...course.style import BLACK, BLUE, GREEN, ORANGE, SKY, VERMILLION

REACH = 2.0  # of the lab's axes, to both sides, in the units of theta


def space(ax, shown) -> None:
    """LinearLab's picture of a `scene`, in Axes3D: the retain span, the inputs and the models."""
    X, basis, zero = (np.asarray(array) for array in (shown.X_retain, shown.basis, np.zeros(3)))
    u, w = 0.75 * REACH * basis[[0, -1]]  # one retain input: the same vector twice, and a line
    corners = np.array([[-u - w, u - w], [w - u, u + w]])
    ax.plot_surface(*corners.T, color=SKY, alpha=0.25, shade=False)
    ax.plot(*np.stack([-u, u]).T, color=SKY, label="retain span")
    vectors(
        ax,
        *((zero, x, name, BLACK, "-") for x, name in zip(X, ("retain inputs", None))),
        (zero, shown.x_forget, "forget input", VERMILLION, "-"),
        (shown.x_forget, shown.x_foot, "its foot in the span", VERMILLION, ":"),
        (zero, shown.original, "θ*: shortest vector\nthat fits all of D", ORANGE, "--"),
        (shown.original, shown.unlearned, "its projection:\nunlearned", BLUE, ":"),
    )
    ring = {"markersize": 16, "mfc": "none", "mew": 2.2, "linestyle": "none"}
    words = "shortest vector that\nfits Dᵣ: retrained"
    ax.plot(*shown.retrained[:, None], "o", color=GREEN, label=words, **ring)
    limits = dict.fromkeys(("xlim", "ylim", "zlim"), (-REACH, REACH))
    ax.set(**limits, proj_type="ortho", box_aspect=(1, 1, 1), xticks=[], yticks=[], zticks=[])
    ax.set(xlabel="entry 1", ylabel="entry 2", zlabel="entry 3", in_layout=False)
