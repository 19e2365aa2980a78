"""What does a numerical optimiser find for problem (7), which Theorem 3 solves exactly?"""

import torch

from ...ground.checks import floats, reals
from ...projection.definition import row_basis
from ...theory.linear_network import network as net

CLOSELY = {"ftol": 1e-16, "gtol": 1e-12, "maxcor": 20}


def solve_relaxed(
    layers: net.Layers,
    X_retain: torch.Tensor,
    only_first: bool = True,
    start: torch.Tensor | None = None,
    iterations: int = 500,
) -> torch.Tensor:
    """Minimise ||w(theta + Delta)|| subject to <grad f(theta, x_i), Delta> = 0, by L-BFGS (SciPy).

    It works on layers of norm 1: f is linear in each, so constraints and minimisers stay. The
    derivative of ||w||^2 / 2 is that of <w, .> with w held fixed: output_gradients at the input w.

    X_retain: (n_r, m). iterations: at most.
    only_first: True adds the drift penalty of Theorem 3: infinite unless all layers but A_1 stay.
        False: no penalty, (7) with Rhat = 0.
    start: (d,), a Delta in the order of `flatten`, None for 0. Its infeasible part is taken off.

    Returns (k, d), float64: Delta at the start, after every iteration, and last the solution.
    Raises ValueError when v = 0.
    """
    from scipy.optimize import minimize

    theta = [a.detach() for a in net.doubled(layers)]
    reals("X_retain", X_retain, ("n", layers[0].shape[1]))
    if not net.unit_upper(theta).any():
        raise ValueError("layers must have v = A_2^T ... c^T other than 0: else no A_1 has effect")
    norms = [a.norm().item() or 1.0 for a in theta]
    scale = net.flatten([torch.full_like(a, norm) for a, norm in zip(theta, norms)])
    start = torch.zeros_like(scale) if start is None else start
    floats("start", start, shape=scale.shape)
    theta = [a / norm for a, norm in zip(theta, norms)]
    movable = torch.ones_like(scale)
    movable[theta[0].numel() if only_first else len(scale) :] = 0
    basis = row_basis(net.output_gradients(theta, X_retain.double()) * movable)
    off = lambda z: z - basis.T @ (basis @ z)
    keep = lambda z: movable * off(off(movable * z))  # what is feasible; twice, as in project_out
    size = net.predictor(theta).norm().clamp_min(torch.finfo(torch.float64).tiny)

    def objective(z):
        moved = [a + d for a, d in zip(theta, net.unflatten(keep(torch.from_numpy(z)), theta))]
        w = net.predictor(moved) / size
        gradient = net.output_gradients(moved, w[None])[0] / size
        return float(w @ w) / 2, keep(gradient).numpy()

    path = [keep(start / scale)]
    note = lambda z: path.append(torch.from_numpy(z.copy()))
    options = {"maxiter": iterations, "maxfun": 2 * iterations, **CLOSELY}
    how = {"method": "L-BFGS-B", "jac": True, "callback": note, "options": options}
    note(minimize(objective, path[0], **how).x)
    return torch.stack([keep(z) * scale for z in path])
