"""Pictures of notebook 04: fits of the sine, and the table. The notebook draws its simpler ones
itself."""

import numpy as np
import torch

from ...course import graphs
from ...course.marks import central
from ...data.sine import grid

FAR = 40.0  # the table ends there


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
        panels[f"{name}: sup error {error:.2f}"] = {"sin x": np.sin(x), name: y, "worst": bar}
    return graphs.fits(x, panels, task.retain.tensors, task.forget.tensors, limit)


def table(records: list[dict], published: dict, title: str):
    """Ours below the published medians and central ranges, one row per method; the function 0
    dotted. A median beyond the axis is written beside its name.

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
        "rule": ([1, 1], [-0.5, len(ours) - 0.5]),
    }
    far = {name: f"{name}: {median:,.0f} →" for name, median in zip(published, own[0])}
    rows = [far[name] if median > FAR else name for name, median in zip(published, own[0])]
    what = f"Sup errors of {', '.join(published)}, published and ours. {title}"
    return graphs.draw("sine_table", curves, rows=rows, title=title, what=what)
