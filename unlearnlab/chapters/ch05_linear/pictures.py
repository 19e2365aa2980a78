"""The picture of LinearLab. The notebook draws its other ones itself."""

import numpy as np

from ...course.marks import lines
from ...course.style import SKY

REACH = 2.0  # of the lab's axes, to both sides, in the units of theta


def space(ax, shown) -> None:
    """LinearLab's picture of a `scene`, in Axes3D: the retain span, the inputs and the models."""
    X, zero = shown.X_retain, np.zeros(3)
    # one retain input: the same vector twice, and a line
    u, w = 0.75 * REACH * shown.basis.numpy()[[0, -1]]
    vectors = {
        "retain span": (-u, u),
        "retain inputs": (X[0], zero, X[-1]),
        "forget input": (zero, shown.x_forget),
        "its foot in the span": (shown.x_forget, shown.x_foot),
        "θ*: shortest vector\nthat fits all of D": (zero, shown.original),
        "its projection:\nunlearned": (shown.original, shown.unlearned),
        "shortest vector that\nfits Dᵣ: retrained": [shown.retrained],
    }
    runs = {name: tuple(np.stack(points).T) for name, points in vectors.items()}
    plane = np.array([[-u - w, u - w], [w - u, u + w]]).T
    ax.plot_surface(*plane, color=SKY, alpha=0.25, shade=False)
    lines(ax, None, runs, named=False)
    for axis, place in zip("xyz", ("entry 1", "entry 2", "entry 3")):
        ax.set(**{f"{axis}lim": (-REACH, REACH), f"{axis}ticks": [], f"{axis}label": place})
    ax.set(proj_type="ortho", box_aspect=(1, 1, 1), in_layout=False)
