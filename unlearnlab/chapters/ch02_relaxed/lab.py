"""What happens to the outputs when theta moves along the span of the retain gradients, and when it
moves off it?"""

from types import SimpleNamespace

import torch
from torch.nn.utils import parameters_to_vector

from ...course import curve
from ...course.lab import SliderLab, check, table
from ...projection import output_gradients, project_out
from ...task import Task
from . import pictures

ROWS = curve.RETAIN_POINTS
CONTROLS = {
    "off": ("off the span", 0.1, 0, 1, 0.01),
    "along": ("along the span", 0.0, 0, 1, 0.01),
    "n_pert": ("n_pert (rows)", ROWS, 0, ROWS),
}


@torch.no_grad()
def move(task: Task, off: float, along: float, n_pert: int) -> SimpleNamespace:
    """Delta = -off P_perp theta* - along P theta*, where P projects on the gradients of the first
    n_pert retain points.

    off, along: shares from 0 to 1 (off = 1 / (1 + lambda) of paper A, App. E; off = along shrinks
    all of theta). Raises ValueError for what CONTROLS do not offer. Returns theta* + Delta beside
    theta*; changes are new minus old output, at the retain points and, last, at the forget point:

    delta                    (d,) tensor
    drift_off, drift_along   lengths of the parts of Delta off the span and inside
    curve                    f(theta* + Delta, x) on curve.grid(), a tensor
    predicted, actual        <grad f(theta*, x_i), Delta>, f(theta* + Delta, x_i) - f(theta*, x_i)
    """
    check(CONTROLS, off=off, along=along, n_pert=n_pert)
    model, inputs = task.original, torch.cat([task.retain.tensors[0], task.forget.tensors[0]])
    theta = parameters_to_vector(model.parameters())
    rows = output_gradients(model, inputs)
    outside = project_out(theta, rows[:n_pert])
    inside = theta - outside
    delta = -off * outside - along * inside
    new, shown = (
        curve.outputs_at(model, theta + delta, x).flatten() for x in (inputs, curve.grid())
    )
    actual = new - model(inputs).flatten()
    return SimpleNamespace(
        delta=delta,
        drift_off=float(off * outside.norm()),
        drift_along=float(along * inside.norm()),
        curve=shown,
        predicted=(rows @ delta),
        actual=actual,
    )


class SpanLab(SliderLab):
    """Three sliders move theta* of the small curve problem: off the span, along it, and which rows
    make the span.

    seed: of the problem. `shown` is what `move` returned.
    """

    offers = CONTROLS

    def __init__(self, seed: int = 1, **first):
        self.task = curve.task(seed)
        super().__init__(**first)

    def picture(self, left, right, shown):
        pictures.span(left, right, self.task, shown)

    def compute(self, **values):
        return move(self.task, **values)

    def sentence(self, shown):
        return (
            f"Moving theta by {shown.drift_off:.2g} off the span and {shown.drift_along:.2g} "
            "along it changes the retain outputs by at most "
            f"{shown.actual[:-1].abs().max():.2g} and the forget output by "
            f"{shown.actual[-1]:.2g}"
        )

    def table(self, shown):
        changes = shown.predicted, shown.actual
        return table(
            {
                "largest retain change": [_number(change[:-1].abs().max()) for change in changes],
                "forget change": [_number(change[-1]) for change in changes],
                "drift off | along": [f"{v:.2f}" for v in (shown.drift_off, shown.drift_along)],
            },
            ("predicted", "actual"),
        )


def _number(value):
    return "0" if abs(value) < pictures.FLOOR else f"{value:.2g}"
