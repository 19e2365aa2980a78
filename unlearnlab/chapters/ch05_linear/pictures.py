"""The picture of LinearLab. The notebook draws its other ones itself."""

import numpy as np

from ...course import marks

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
    limits = dict.fromkeys(("xlim", "ylim", "zlim"), (-REACH, REACH))
    plane = np.array([[-u - w, u - w], [w - u, u + w]]).T
    marks.space(
        ax, plane, vectors, **limits, proj_type="ortho", box_aspect=(1, 1, 1), in_layout=False
    )
    ax.set(xticks=[], yticks=[], zticks=[])
