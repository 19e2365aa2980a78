"""Pictures of notebook 01: many minimisers, gradients, noise, and what a trained vector gives away.
The notebook draws its simpler ones itself. finding: as in Figure.done."""

import numpy as np

from ...course.graphs import planned
from ...course.marks import vectors
from ...course.style import BLACK, BLUE, GREEN, ORANGE, SKY, VERMILLION, figure, look

draw = planned(__file__)


def gradient_norms(norms, finding: str = ""):
    """Lengths of gradients, a row for each model. norms: model -> lengths "retain", "forget" and
    "output"."""
    lengths = np.maximum([list(map(float, own.values())) for own in norms.values()], 1e-18)
    rows = np.arange(len(norms))
    curves = {
        "loss gradient, retain": (lengths[:, 0], rows + 0.16),
        "loss gradient, forget": (lengths[:, 1], rows - 0.16),
        "output gradient (mean length)": (lengths[:, 2], rows),
        "_rounding": ([1e-11] * 2, [-0.5, 3.5]),
    }
    return draw("gradient_norms", curves, rows=norms, finding=finding)


def suspicions(scores, finding: str = ""):
    """How suspicious each input looks, a row for each model. scores: model -> None, or those of the
    inputs that were never trained on, (k,), and of the forget input."""
    curves, rows = {}, []
    for row, (name, found) in enumerate(scores.items()):
        rows.append(name if found else f"{name}:\nno leak is left to compare")
        if found:
            spread = np.linspace(row - 0.22, row + 0.22, len(found[0]))
            curves |= {f"_inputs {row}": (found[0], spread), f"_forget {row}": ([found[1]], [row])}
    return draw("suspicions", curves, rows=rows, finding=finding)


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
