"""Pictures of notebook 04: fits of the sine, and the table. The notebook draws its simpler ones
itself."""

import numpy as np
import torch

from ...course import graphs
from ...course.marks import central
from ...data.sine import grid


@torch.no_grad()
def curve(model) -> tuple[np.ndarray, np.ndarray]:
    """(x, f(x)), each (1000,): the model on the grid where its sup error is measured."""
    x = grid()
    return x.flatten().numpy(), model(x).flatten().numpy()


def worst(x, y) -> tuple[np.ndarray, np.ndarray]:
    """The ends (2,), (2,) of a bar from sin x to a curve where they are farthest apart."""
    at = np.abs(y - np.sin(x)).argmax()
    return x[[at, at]], np.array([np.sin(x[at]), y[at]])


def fits(task, models: dict, limit: float = 3.5):
    """One panel per model: its curve over the points, and a bar at its worst place.

    models: name -> model.
    """
    panels = {}
    for name, model in models.items():
        x, y = curve(model)
        bar = worst(x, y)
        title = f"{name}: sup error {abs(np.diff(bar[1])[0]):.2f}"
        panels[title] = {"sin x": np.sin(x), name: y, "worst": bar}
    return graphs.fits(x, panels, task.retain.tensors, task.forget.tensors, limit)


def table(records: list[dict], published: dict, epochs: int):
    """Ours below the published medians and central ranges, one row per method.

    records: as from `compare`. published: name -> (median, low, high).
    """
    ours = [[r["sup_error"] for r in records if r["method"] == name] for name in published]
    ours = [errors or [np.nan] for errors in ours]
    own, theirs = np.transpose([*map(central, ours)]), np.transpose(list(published.values()))
    above, below = (np.arange(len(ours)) + shift for shift in (-0.2, 0.2))
    every = np.concatenate(ours), below.repeat([len(errors) for errors in ours])
    curves = {
        "published range": (theirs[1:], [above] * 2),
        "published median": (theirs[0], above),
        "every seed": every,
        "our range": (own[1:], [below] * 2),
        "our median": (own[0], below),
    }
    title = f"T = {epochs}. Gray: published range and median. Blue: ours, and every seed."
    what = f"Sup errors at T = {epochs} of {', '.join(published)}, published and ours"
    return graphs.draw("sine_table", curves, rows=list(published), title=title, what=what)
