"""What happens to the outputs when theta moves along the span of the retain gradients, and when it moves off it?"""
from dataclasses import dataclass

import ipywidgets
import numpy as np
import torch
from torch.nn.utils import parameters_to_vector

from ..experiments import curve
from ..figures import relaxed
from ..models import outputs_at
from ..projection import output_gradients, project_out
from ..task import Task
from .canvas import Canvas
from .lab import STYLE, WIDE, Lab, message


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


class SpanLab(Lab):
    """Three sliders move theta* of the small curve problem: off the span, along it, and which rows make the span.

    seed: of the problem. `shown` is the Move in the picture; `error`: what went wrong with the last frame, or None.
    """

    def __init__(self, seed: int = 1, off: float = .1, along: float = 0.0):
        self.task, self.error = curve.task(seed), None
        count = len(self.task.retain)
        share = dict(min=0, max=1, step=.01, style=STYLE, layout=WIDE, readout_format=".2f")
        self.off = ipywidgets.FloatSlider(value=off, description="off the span", **share)
        self.along = ipywidgets.FloatSlider(value=along, description="along the span", **share)
        self.n_pert = ipywidgets.IntSlider(value=count, min=0, max=count, description="n_pert (rows)", style=STYLE, layout=WIDE)
        self.numbers, self.trouble = ipywidgets.HTML(), ipywidgets.HTML()
        self.canvas = self._canvas()
        sliders = ipywidgets.VBox([self.off, self.along, self.n_pert])
        self.panel = ipywidgets.VBox([ipywidgets.HBox([sliders, self.numbers]), self.canvas.widget, self.trouble])
        for slider in (self.off, self.along, self.n_pert):
            slider.observe(self._redraw, names="value")
        self._redraw()

    @property
    def summary(self):
        return (f"SpanLab: off the span {self.off.value:.2f}, along the span {self.along.value:.2f}, "
                f"{self.n_pert.value} retain gradients")

    def _canvas(self):
        x = curve.grid()
        with torch.no_grad():
            before = self.task.original(x).flatten().numpy()
        flat = lambda data: tuple(t.flatten().numpy() for t in data.tensors)
        figure, self._artists = relaxed.span(x.flatten().numpy(), before, x.sin().flatten().numpy(), flat(self.task.retain), flat(self.task.forget))
        return Canvas(figure, self._artists.list(), "The function before and after the move, and the change at each data point")

    def _redraw(self, change=None):
        try:
            self.shown = move(self.task, self.off.value, self.along.value, self.n_pert.value)
            self._artists.update(self.shown)
            self.canvas.describe(_sentence(self.shown))
            self.canvas.draw()
            self.numbers.value, self.trouble.value, self.error = _table(self.shown), "", None
        except Exception as error:
            self.error = error
            self.trouble.value = message(f"{type(error).__name__}: {error}", "error")


def _sentence(shown):
    return (f"Moving theta by {shown.drift_off:.2g} off the span and {shown.drift_along:.2g} along it changes the retain outputs by at most "
            f"{np.abs(shown.actual).max():.2g} and the forget output by {shown.forget_actual:.2g}")


def _table(shown):
    cell = lambda value: f'<td style="text-align:right;padding:0 8px">{value}</td>'
    number = lambda value: cell("0" if abs(value) < relaxed.FLOOR else f"{value:.2g}")
    head = "<tr><td></td>" + cell("<b>predicted</b>") + cell("<b>actual</b>") + "</tr>"
    rows = [("largest retain change", np.abs(shown.predicted).max(), np.abs(shown.actual).max()),
            ("forget change", shown.forget_predicted, shown.forget_actual)]
    body = "".join(f"<tr><td>{name}</td>{number(a)}{number(b)}</tr>" for name, a, b in rows)
    return (f'<table style="margin-left:16px;line-height:1.4">{head}{body}'
            f"<tr><td>drift off | along</td>{cell(f'{shown.drift_off:.2f}')}{cell(f'{shown.drift_along:.2f}')}</tr></table>")
