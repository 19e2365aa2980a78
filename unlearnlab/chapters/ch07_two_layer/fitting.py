"""A two-layer network that interpolates its data to rounding."""

import math

import torch

from ...ground import optim
from ...ground.checks import integer, reals
from ...ground.threads import one_thread
from ...networks import seeded
from ...theory.two_layer.network import Activation, features

RESIDUAL = 1e-12
ROUNDS, EPOCHS, LR = 6, 600, 0.03  # epochs and rate of AdamW in a round


def fit(
    X: torch.Tensor, y: torch.Tensor, width: int, activation: Activation, seed: int = 0
) -> tuple[torch.Tensor, torch.Tensor]:
    """Trains A and c until f(x_i) = y_i within 1e-12 of the largest |y_i|.

    AdamW for the shape, then Gauss-Newton steps; up to six rounds of both. The start is standard
    normal, c over sqrt(h).

    X: (n, d_in). y: (n,). Computed in float64, which interpolation to 1e-12 needs.
    width: h. activation: entry by entry. seed: of the start.

    Returns (A (h, d_in), c (h,)), float64, the same for the same arguments.

    Raises TypeError or ValueError for arguments that do not fit, ArithmeticError if the network
    does not interpolate (too few neurons, or equal inputs with different targets).
    """
    return fit_many(X, y, width, activation, [seed])[0]


@one_thread()
def fit_many(X, y, width, activation, seeds) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """As `fit`, a network from each of the seeds. They take AdamW's steps together: eight of 100
    neurons took less than twice as long as one."""
    reals("X", X, ("n", "d_in"))
    reals("y", y, (len(X),))
    X, y = X.double(), y.double()
    width = integer("width", width, low=1)
    if len(seeds) == 0:
        raise ValueError("seeds is empty")
    start = lambda: torch.randn(width, X.shape[1] + 1, dtype=torch.float64)
    starts = torch.stack([seeded(start, seed) for seed in seeds])
    A, c = starts[..., :-1].clone(), starts[..., -1] / math.sqrt(width)
    if not torch.isfinite(features(A.flatten(0, 1), X, activation)).all():
        raise ValueError("activation must be finite everywhere, it returned a NaN or an infinity")
    goal = RESIDUAL * max(1.0, float(y.abs().max()))
    found = {}
    for _ in range(ROUNDS):
        A, c = _descended(A, c, X, y, activation)
        for i in set(range(len(A))) - set(found):
            *network, left = _interpolated(A[i], c[i], X, y, activation, goal)
            if left <= goal:
                found[i] = tuple(network)
            else:
                remains = left
        if len(found) == len(A):
            return [found[i] for i in range(len(A))]
    raise ArithmeticError(
        f"a network of {width} neurons does not fit these {len(y)} points: a residual of "
        f"{remains:.1e} remains"
    )


@torch.enable_grad()
def _descended(A, c, X, y, activation):
    """A (networks, h, d_in) and c (networks, h) after AdamW's epochs, each network for itself."""
    A, c = A.requires_grad_(), c.requires_grad_()
    optimizer = optim.AdamW([A, c], lr=LR, weight_decay=0, fused=True)
    for _ in range(EPOCHS):
        optimizer.zero_grad()
        outputs = (activation(X @ A.mT) @ c.unsqueeze(2)).squeeze(2)
        (outputs - y).square().mean(1).sum().backward()
        optimizer.step()
    return A.detach(), c.detach()


def _interpolated(A, c, X, y, activation, goal):
    """A and c with the residual repaired by small changes, and the most that remains of it.

    Damped Gauss-Newton steps in (A, c) while they help, then least squares in c.
    """
    damping, eye = 1e-3, torch.eye(len(y), dtype=y.dtype)
    for _ in range(100):
        z, pull = torch.func.vjp(activation, X @ A.T)
        missing, slope = y - z @ c, pull(torch.ones_like(z))[0] * c
        if missing.abs().max() <= goal:
            break
        # of the gradients by (A, c), which are never formed
        gram = z @ z.T + (slope @ slope.T) * (X @ X.T)
        for tried in (damping * 10.0**k for k in range(-1, 8)):
            weights = _solve(gram + tried * gram.diagonal().mean() * eye, missing)
            nearer = A + (slope * weights[:, None]).T @ X, c + z.T @ weights
            if (y - activation(X @ nearer[0].T) @ nearer[1]).norm() < missing.norm():
                (A, c), damping = nearer, tried
                break
        else:
            break
    z = activation(X @ A.T)
    for _ in range(2):
        c = c + z.T @ _solve(z @ z.T, y - z @ c)
    return A, c, float((y - z @ c).abs().max())


def _solve(gram, missing):
    return torch.linalg.lstsq(gram, missing, driver="gelsd").solution
