"""What happens to the outputs when theta moves along the span of the retain gradients, and when it moves off it?"""
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.utils import parameters_to_vector

from ..experiments import curve
from ..figures import relaxed
from ..models import outputs_at
from ..projection import output_gradients, project_out
from ..task import Task
from .canvas import Canvas
from .lab import SliderLab, slider, table


@dataclass(frozen=True)
class Move:
    """theta* + Delta beside theta*. Arrays follow the order of the retain points; changes are new minus old output."""

    delta: torch.Tensor        # (d,)
    drift_off: float           # length of the part of Delta off the span
    drift_along: float         # length of the part inside
    curve: np.ndarray          # f(theta* + Delta, x) on curve.grid()
    predicted: np.ndarray      # <grad f(theta*, x_i), Delta>, per retain point
    actual: np.ndarray         # f(theta* + Delta, x_i) - f(theta*, x_i)
    forget_predicted: float
    forget_actual: float
    forget_output: float       # f(theta* + Delta) at the forget point


@torch.no_grad()
def move(task: Task, off: float, along: float, n_pert: int) -> Move:
    """Delta = -off P_perp theta* - along P theta*, where P projects on the gradients of the first n_pert retain points.

    off, along: shares from 0 to 1 (off = 1 / (1 + lambda) of paper A, App. E; off = along shrinks all of theta).
    Raises ValueError for shares outside [0, 1] or n_pert outside [0, number of retain points].
    """
    for name, share in (("off", off), ("along", along)):
        if not 0 <= share <= 1:
            raise ValueError(f"{name} must be in [0, 1], got {share}")
    retain, forget = task.retain.tensors[0], task.forget.tensors[0]
    if not 0 <= n_pert <= len(retain):
        raise ValueError(f"n_pert must be in [0, {len(retain)}], got {n_pert}")
    model, inputs = task.original, torch.cat([retain, forget])
    theta = parameters_to_vector(model.parameters())
    rows = output_gradients(model, inputs)
    outside = project_out(theta, rows[:n_pert])
    delta = -off * outside - along * (theta - outside)
    predicted = rows @ delta
    new = outputs_at(model, theta + delta, torch.cat([inputs, curve.grid()])).flatten()
    actual = new[:len(inputs)] - model(inputs).flatten()
    return Move(delta, float(off * outside.norm()), float(along * (theta - outside).norm()), new[len(inputs):].numpy(),
                predicted[:-1].numpy(), actual[:-1].numpy(), float(predicted[-1]), float(actual[-1]), float(new[len(retain)]))


class SpanLab(SliderLab):
    """Three sliders move theta* of the small curve problem: off the span, along it, and which rows
    make the span.

    seed: of the problem. `shown` is the Move in the picture.
    """

    def __init__(self, seed: int = 1, off: float = .1, along: float = 0.0):
        self.task = curve.task(seed)
        count = len(self.task.retain)
        self.build({"off": slider("off the span", off, 0, 1, .01, readout_format=".2f"),
                    "along": slider("along the span", along, 0, 1, .01, readout_format=".2f"),
                    "n_pert": slider("n_pert (rows)", count, 0, count)}, self._canvas())

    @property
    def summary(self):
        return (f"SpanLab: off the span {self.off.value:.2f}, along the span "
                f"{self.along.value:.2f}, {self.n_pert.value} retain gradients")

    def _canvas(self):
        x = curve.grid()
        with torch.no_grad():
            before = self.task.original(x).flatten().numpy()
        retain, forget = (tuple(t.flatten().numpy() for t in data.tensors)
                          for data in (self.task.retain, self.task.forget))
        figure, self.picture = relaxed.span(
            x.flatten().numpy(), before, x.sin().flatten().numpy(), retain, forget)
        return Canvas(figure, self.picture.list(), "The function before and after the move, and "
                                                   "the change at each data point")

    def compute(self, off, along, n_pert):
        return move(self.task, off, along, n_pert)

    def sentence(self, shown):
        return (f"Moving theta by {shown.drift_off:.2g} off the span and {shown.drift_along:.2g} "
                "along it changes the retain outputs by at most "
                f"{np.abs(shown.actual).max():.2g} and the forget output by "
                f"{shown.forget_actual:.2g}")

    def table(self, shown):
        def number(value):
            return "0" if abs(value) < relaxed.FLOOR else f"{value:.2g}"

        largest = [number(np.abs(v).max()) for v in (shown.predicted, shown.actual)]
        forget = [number(v) for v in (shown.forget_predicted, shown.forget_actual)]
        drift = [f"{v:.2f}" for v in (shown.drift_off, shown.drift_along)]
        return table({"largest retain change": largest, "forget change": forget,
                      "drift off | along": drift}, ("predicted", "actual"))
