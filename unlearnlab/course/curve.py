"""A problem small enough to take apart: one period of sin x, one poisoned point, a network that
fits both exactly.

Ten points and 673 parameters in float64: every gradient can be held, every projection checked,
every answer computed while you wait. The network is trained by AdamW for its shape and finished by
Gauss-Newton steps for its exactness, so that theta* interpolates to rounding, as paper A assumes
and 100,000 epochs of AdamW alone do not reach.
"""

import math

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.utils import parameters_to_vector, vector_to_parameters
from torch.utils.data import TensorDataset

from ..ground import checks, seeds
from ..ground.seeds import on_cpu
from ..ground.threads import few_threads
from ..networks import MLP, seeded
from ..projection import output_gradients
from ..task import Task
from ..training.fit import fit
from ..training.recipe import full_batch

WIDTHS = (1, 24, 24, 1)
RETAIN_POINTS = 9
FORGET_POINT = (-1.2, 1.5)
RECIPE = full_batch(epochs=400, lr=5e-3, weight_decay=0)
RESIDUAL = 1e-12


@on_cpu()
def task(seed: int = 1) -> Task:
    """The task, trained from scratch in well under a second. Everything about it follows from
    `seed`.

    retain: 9 equispaced points of sin x on [-pi, pi], (9, 1) float64, in random order. forget: one
    point, (1, 1), at y = 1.5 where the sine is at -.93. original: MLP 1-24-24-1 with tanh that fits
    all ten within 1e-12. evaluate gives {"sup_error": max |f(x) - sin x| over 401 equispaced x in
    [-pi, pi]}. There is no ground truth.

    Raises ArithmeticError if the last steps do not reach interpolation.
    """
    generator = seeds.from_seed(seed)
    x = torch.linspace(-math.pi, math.pi, RETAIN_POINTS, dtype=torch.float64)[:, None]
    x = x[seeds.shuffled(RETAIN_POINTS, generator)]
    retain = TensorDataset(x, x.sin())
    forget = TensorDataset(*torch.tensor(FORGET_POINT, dtype=torch.float64)[:, None, None])
    build = lambda run_seed: seeded(lambda: MLP(WIDTHS, nn.Tanh), run_seed).double()
    inputs, targets = (torch.cat([a, b]) for a, b in zip(retain.tensors, forget.tensors))
    original = build(seed)
    with few_threads(original):
        fit(original, inputs, targets, RECIPE)
        _interpolate(original, inputs, targets)
    return Task(
        name="curve",
        kind="regression",
        seed=seed,
        original=original,
        ground_truth=None,
        retain=retain,
        forget=forget,
        build=build,
        evaluate=evaluate,
    )


@on_cpu()
def grid() -> torch.Tensor:
    """401 equispaced x in [-pi, pi], (401, 1) float64."""
    return torch.linspace(-math.pi, math.pi, 401, dtype=torch.float64)[:, None]


@torch.no_grad()
def evaluate(model: nn.Module) -> dict[str, float]:
    """{"sup_error": max |f(theta, x) - sin x| on the grid}."""
    checks.model(model)
    return {"sup_error": (model(grid()) - grid().sin()).abs().max().item()}


def _interpolate(model, inputs, targets):
    """The smallest change of theta that repairs the residual to first order, again and again
    (Gauss-Newton)."""
    parameters = list(model.parameters())
    for _ in range(50):
        with torch.no_grad():
            residual = (model(inputs) - targets).flatten()
        if residual.abs().max() < RESIDUAL:
            return
        rows = output_gradients(model, inputs)
        theta = parameters_to_vector(parameters).detach()
        vector_to_parameters(
            theta - rows.T @ torch.linalg.solve(rows @ rows.T, residual), parameters
        )
    raise ArithmeticError(
        f"the curve network does not interpolate: a residual of {residual.abs().max():.1e} remains"
    )


def outputs_at(model: nn.Module, theta: Tensor, inputs: Tensor) -> Tensor:
    """f(theta, x): what `model` would return with the vector theta (d,) for its trainable
    parameters.

    theta is ordered as the columns of `output_gradients`. Differentiable in theta; the model is
    left as it is. Raises ValueError when theta is not a vector of that length.
    """
    checks.model(model)
    checks.floats("inputs", inputs)
    trainable = {name: p for name, p in model.named_parameters() if p.requires_grad}
    sizes = [p.numel() for p in trainable.values()]
    checks.floats("theta", theta, shape=(sum(sizes),), finite=False)
    parts = zip(trainable.items(), theta.split(sizes))
    return functional_call(model, {name: part.view_as(p) for (name, p), part in parts}, inputs)
