"""Pictures of linear models: the shortest interpolator, and LinearLab. The notebook draws its other
ones itself. finding: as in Figure.done."""

import numpy as np
from matplotlib.patches import Circle

from ...course.marks import dot, note, vectors
from ...course.style import BLACK, BLUE, GREEN, GREY, ORANGE, SKY, TARGET, VERMILLION, picture

REACH = 2.0  # of the lab's axes, to both sides, in the units of theta


@picture(
    (
        "θ, first entry",
        "θ, second entry",
        "Every interpolator has the same projection on the span of the input",
    ),
    size=(7, 4.2),
    what="The line of interpolators of one point, and the span of its input",
    xlim=(-1.2, 2.4),
    ylim=(-0.5, 1.9),
    aspect="equal",
)
def shortest(ax, x, y, points):
    """One retain point in the plane of theta: its line of interpolators, some of them, their foot.

    x (2,), y: the retain input and label. points (k, 2): interpolators.
    """
    x = np.asarray(x)
    foot = float(y) * x / (x @ x)
    length = np.linalg.norm(foot)
    ax.axline(foot, foot + [-x[1], x[0]], label="interpolators", **TARGET)
    ax.axline((0, 0), x, color=SKY, label="span of the input")
    ax.add_patch(Circle((0, 0), length, fill=False, edgecolor=GREY, linestyle=":"))
    note(ax, "equal ‖θ‖", (-length, 0), (4, 4), GREY)
    for point in points:
        ax.plot(*zip(point, foot), "s--", color=ORANGE)
    dot(ax, foot, "shortest interpolator", BLUE)
    ax.legend(loc="upper right")


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
