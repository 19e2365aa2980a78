"""What do numerical optimisers find for problems (4) and (7), which the theorems solve exactly?"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from ...ground.checks import floats
from ...theory.checks import reals
from ...theory.linear_network.network import (
    Layers,
    check_inputs,
    doubled,
    flatten,
    lever,
    product,
    random_network,
    rows,
    unflatten,
    unit_upper,
)


def fit_first_layer(layers: Layers, X: torch.Tensor, y: torch.Tensor) -> list[torch.Tensor]:
    """The layers with the shortest change of A_1 after which X w = y: Lemma 1's lever once more.

    That is A_1 + (v / ||v||^2) (X^+ (y - X w))^T. When no predictor fits y, X w comes as near to it
    as it can. It turns the constraints of (4) into a change of variables: run any optimiser on
    ||fit_first_layer(theta)||^2, and every point it visits interpolates. Differentiable.

    X: (n, m) of any rank. y: (n,). Raises ValueError when v = 0 up to rounding.
    """
    theta = doubled(layers)
    _check_fit(X, y, layers)
    unit_upper(layers)
    fitted = _fitted_first(theta, torch.linalg.pinv(X.double()), X.double(), y.double())
    return [a.to(layers[0].dtype) for a in fitted]


def search_min_norm(
    X: torch.Tensor, y: torch.Tensor, widths: Sequence[int], seed: int = 0, iterations: int = 500
) -> list[torch.Tensor]:
    """What L-BFGS (SciPy) finds for: min ||theta||^2 subject to f(theta, x_i) = y_i.

    It starts at random_network(m, widths, seed). The constraints hold at every iterate, by
    `fit_first_layer`.

    X: (n, m). y: (n,), not all 0, and some predictor fits. Returns float64 layers.
    """
    like = random_network(X.shape[1], widths, seed)
    _check_fit(X, y, like)
    if not y.any():
        raise ValueError(
            "y must not be all 0: then zero layers fit, and the smallest norm is 0 "
            "(see min_param_norm)"
        )
    X, y = X.double(), y.double()
    pinv = torch.linalg.pinv(X)

    def objective(theta):
        theta = torch.from_numpy(theta).requires_grad_()
        value = sum(a.square().sum() for a in _fitted_first(unflatten(theta, like), pinv, X, y))
        (gradient,) = torch.autograd.grad(value, theta)
        return value.item(), gradient.numpy()

    best = _descended(objective, flatten(like), iterations)
    return _fitted_first(unflatten(best, like), pinv, X, y)


@dataclass(frozen=True)
class Relaxed:
    """What a numerical solution of (7) found.

    delta: a list shaped like the layers. path: the Delta of every iteration, (k, d).
    """

    delta: list[torch.Tensor]
    path: torch.Tensor


def solve_relaxed(
    layers: Layers,
    X_retain: torch.Tensor,
    only_first: bool = True,
    start: torch.Tensor | None = None,
    iterations: int = 500,
) -> Relaxed:
    """Minimise ||w(theta + Delta)|| subject to <grad f(theta, x_i), Delta> = 0, by L-BFGS (SciPy).

    It works on layers of norm 1, which changes neither the constraints nor the minimisers: f is
    linear in each layer. The gradient is output_gradients at the input w itself: the derivative of
    ||w||^2 / 2 is that of <w, .> with w held fixed.

    X_retain: (n_r, m).
    only_first: True adds the drift penalty of Theorem 3: infinite unless all layers but A_1 stay.
        False: no penalty, (7) with Rhat = 0.
    start: (d,), a Delta in the order of `flatten`, None for 0; its infeasible part is projected
        off, so every iterate is feasible.
    iterations: at most.
    """
    theta = [a.detach() for a in doubled(layers)]
    check_inputs("X_retain", X_retain, layers)
    unit_upper(layers)
    norms = [float(a.norm()) or 1.0 for a in theta]
    scale = torch.cat([torch.full_like(a, norm).flatten() for a, norm in zip(theta, norms)])
    if start is not None:
        floats("start", start, shape=(len(scale),))
    theta = [a / norm for a, norm in zip(theta, norms)]
    movable = torch.ones_like(scale)
    if only_first:
        movable[theta[0].numel() :] = 0
    keep = _projector(rows(theta, X_retain.double()) * movable, movable)
    size = product(theta).norm().clamp_min(torch.finfo(torch.float64).tiny)

    def objective(z):
        moved = [a + d for a, d in zip(theta, unflatten(keep(torch.from_numpy(z)), theta))]
        w = product(moved) / size
        gradient = rows(moved, w[None])[0] / size
        return float(w @ w) / 2, keep(gradient).numpy()

    begin = keep(torch.zeros_like(scale) if start is None else start.double() / scale)
    path = [begin]
    last = _descended(objective, begin, iterations, path)
    path = torch.stack([keep(z) * scale for z in (*path, last)])
    return Relaxed([d.to(layers[0].dtype) for d in unflatten(path[-1], theta)], path)


def _fitted_first(layers, pinv, X, y):
    """The layers with A_1 as in `fit_first_layer`; pinv: X^+."""
    v = lever(layers)
    first = layers[0] + (v / v.square().sum())[:, None] * (pinv @ (y - X @ (layers[0].T @ v)))
    return [first, *layers[1:]]


def _check_fit(X, y, layers):
    """TypeError or ValueError unless X (n, m) and y (n,) fit the first layer."""
    check_inputs("X", X, layers)
    reals("y", y, (len(X),))


def _descended(objective, begin, iterations, path=None):
    """Where L-BFGS ends; appends its iterates to `path`."""
    from scipy.optimize import minimize

    options = {"maxiter": iterations, "maxfun": 2 * iterations}
    options |= {"ftol": 1e-16, "gtol": 1e-12, "maxcor": 20}
    note = None if path is None else lambda z: path.append(torch.from_numpy(z.copy()))
    end = minimize(
        objective, begin.numpy(), jac=True, method="L-BFGS-B", options=options, callback=note
    )
    return torch.from_numpy(end.x)


def _projector(rows, movable):
    """z -> the part of z that is orthogonal to every row and zero where nothing may move."""
    _, sizes, basis = torch.linalg.svd(rows, full_matrices=False)
    basis = basis[sizes > 1e-12 * sizes.max()] if len(rows) else basis

    def keep(z):
        z = movable * z
        for _ in range(2):
            z = z - basis.T @ (basis @ z)
        return z

    return keep
