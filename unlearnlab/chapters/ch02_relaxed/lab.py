"""What happens to the outputs when theta slides along the valley of interpolators, when it moves
along the span of the retain gradients, and when it moves off it?"""

import functools
from types import SimpleNamespace

import torch
from torch.nn.utils import parameters_to_vector

from ...course import curve
from ...course.lab import SliderLab, check, table
from ...projection import output_gradients, project_out
from ...task import Task
from . import pictures

ROWS, STEPS = curve.RETAIN_POINTS, 100
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


@functools.cache
def valley(seed: int, strength: float = 0.02) -> torch.Tensor:
    """The way from theta* of the small curve problem along the models that fit its retain points,
    towards shorter ones: (STEPS + 1, d).

    A step removes a share `strength` of P_perp theta; Gauss-Newton steps then bring the outputs
    back to their targets.
    """
    task = curve.task(seed)
    x, y = task.retain.tensors
    path = [parameters_to_vector(task.original.parameters()).detach()]
    outputs = lambda theta: curve.outputs_at(task.original, theta, x).flatten()
    gradients = torch.func.jacrev(outputs)
    for _ in range(STEPS):
        theta = path[-1] - strength * project_out(path[-1], gradients(path[-1]))
        for _ in range(3):
            residuals = outputs(theta).detach() - y[:, 0]
            theta = theta - torch.linalg.pinv(gradients(theta)) @ residuals
        path.append(theta.detach())
    return torch.stack(path)


class ValleyLab(SliderLab):
    """One slider takes a network down the valley of the models that fit nine points: the length of
    theta falls, and what it was taught besides goes. seed: of the problem."""

    offers = {"steps": ("steps walked", 0, 0, STEPS)}
    legend = {"loc": "outside lower center", "ncols": 4}

    def __init__(self, seed: int = 1, **first):
        self.task, self.path = curve.task(seed), valley(seed)
        super().__init__(**first)

    def picture(self, left, right, shown):
        pictures.valley(left, right, self.task, *shown[:2])

    def compute(self, steps):
        theta, (x, y) = self.path[steps], self.task.retain.tensors
        outputs = lambda theta, at=x: curve.outputs_at(self.task.original, theta, at)[:, 0]
        rows, residuals = torch.func.jacrev(outputs)(theta), outputs(theta) - y[:, 0]
        numbers = {
            "largest error on the nine dots": residuals.abs().max(),
            "length of the loss gradient": (2 / ROWS * residuals @ rows).norm(),
            "mean length of the output gradients": rows.norm(dim=1).mean(),
            "length of θ": theta.norm(),
            "height at the cross": outputs(theta, self.task.forget.tensors[0]),
        }
        return steps / STEPS, outputs(theta, curve.grid()).detach(), numbers

    def sentence(self, shown):
        return ", ".join(f"{name} {_number(value)}" for name, value in shown[2].items())

    def table(self, shown):
        return table({name: [_number(value)] for name, value in shown[2].items()})


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
    return "0" if abs(value) < pictures.FLOOR else f"{float(value):.2g}"
