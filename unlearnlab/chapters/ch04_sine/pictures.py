"""Pictures of notebook 04: fits of the sine. The notebook draws the others itself."""

import numpy as np
import torch

from ...course import graphs
from ...course.style import NAMED
from ...data.sine import grid


@torch.no_grad()
def curve(model) -> tuple[np.ndarray, np.ndarray]:
    """(x, f(x)), each (1000,): the model on the grid where its sup error is measured."""
    x = grid()
    return x.flatten().numpy(), model(x).flatten().numpy()


def worst(x, y) -> tuple[float, tuple]:
    """How far sin x and a curve are apart at most, and a bar there: its two x, its two y."""
    gaps = np.abs(y - np.sin(x))
    at = gaps.argmax()
    return gaps[at], (x[[at, at]], [np.sin(x[at]), y[at]])


def fits(task, models: dict, limit: float):
    """One panel per model: its curve over the points, and a bar at its worst place.

    models: name -> model.
    """
    panels = {}
    for name, model in models.items():
        x, y = curve(model)
        error, bar = worst(x, y)
        drawn = name if name in NAMED else "unlearned"
        panels[f"{name}: sup error {error:.2f}"] = {"sin x": np.sin(x), drawn: y, "worst": bar}
    return graphs.fits(x, panels, task.retain.tensors, task.forget.tensors, limit)
