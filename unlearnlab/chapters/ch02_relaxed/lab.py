"""What happens to the outputs when theta moves along the span of the retain gradients, and when it
moves off it?"""

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.utils import parameters_to_vector

from ...course import curve
from ...course.lab import SliderLab, slider, table
from ...ground.checks import number
from ...networks import outputs_at
from ...projection import output_gradients, project_out
from ...task import Task
from . import pictures


@dataclass(frozen=True)
class Move:
    """theta* + Delta beside theta*. Changes are new minus old output, at the retain points and,
    last, at the forget point."""

    delta: torch.Tensor  # (d,)
    drift_off: float  # length of the part of Delta off the span
    drift_along: float  # length of the part inside
    curve: np.ndarray  # f(theta* + Delta, x) on curve.grid()
    predicted: np.ndarray  # <grad f(theta*, x_i), Delta>
    actual: np.ndarray  # f(theta* + Delta, x_i) - f(theta*, x_i)


@torch.no_grad()
def move(task: Task, off: float, along: float, n_pert: int) -> Move:
    """Delta = -off P_perp theta* - along P theta*, where P projects on the gradients of the first
    n_pert retain points.

    off, along: shares from 0 to 1 (off = 1 / (1 + lambda) of paper A, App. E; off = along shrinks
    all of theta). Raises ValueError for shares outside [0, 1] or n_pert outside [0, number of
    retain points].
    """
    count = len(task.retain)
    for name, value, most in (("off", off, 1), ("along", along, 1), ("n_pert", n_pert, count)):
        number(name, value, low=0, high=most)
    model, inputs = task.original, torch.cat([task.retain.tensors[0], task.forget.tensors[0]])
    theta = parameters_to_vector(model.parameters())
    rows = output_gradients(model, inputs)
    outside = project_out(theta, rows[:n_pert])
    inside = theta - outside
    delta = -off * outside - along * inside
    new, shown = (outputs_at(model, theta + delta, x).flatten() for x in (inputs, curve.grid()))
    actual = new - model(inputs).flatten()
    return Move(
        delta,
        float(off * outside.norm()),
        float(along * inside.norm()),
        shown.numpy(),
        (rows @ delta).numpy(),
        actual.numpy(),
    )


class SpanLab(SliderLab):
    """Three sliders move theta* of the small curve problem: off the span, along it, and which rows
    make the span.

    seed: of the problem. `shown` is the Move in the picture.
    """

    def __init__(self, seed: int = 1, off: float = 0.1, along: float = 0.0):
        self.task = curve.task(seed)
        count = len(self.task.retain)
        self.build(
            {
                "off": slider("off the span", off, 0, 1, 0.01, readout_format=".2f"),
                "along": slider("along the span", along, 0, 1, 0.01, readout_format=".2f"),
                "n_pert": slider("n_pert (rows)", count, 0, count),
            }
        )

    def picture(self, left, right, shown):
        pictures.span(left, right, self.task, shown)

    def compute(self, off, along, n_pert):
        return move(self.task, off, along, n_pert)

    def sentence(self, shown):
        return (
            f"Moving theta by {shown.drift_off:.2g} off the span and {shown.drift_along:.2g} "
            "along it changes the retain outputs by at most "
            f"{np.abs(shown.actual[:-1]).max():.2g} and the forget output by "
            f"{shown.actual[-1]:.2g}"
        )

    def table(self, shown):
        changes = shown.predicted, shown.actual
        drift = [f"{v:.2f}" for v in (shown.drift_off, shown.drift_along)]
        return table(
            {
                "largest retain change": [_number(np.abs(c[:-1]).max()) for c in changes],
                "forget change": [_number(change[-1]) for change in changes],
                "drift off | along": drift,
            },
            ("predicted", "actual"),
        )


def _number(value):
    return "0" if abs(value) < pictures.FLOOR else f"{value:.2g}"
