"""What does MinNorm-OG remove? The definition: rows, and what of theta is off their span.

Row i of J is the gradient of one output on one retained sample. To first order a change v of theta
changes these outputs by J v. They feel nothing of P_perp theta, the part of theta orthogonal to
every row, and MinNorm-OG shrinks that part (paper A, eqs. (6)-(7) and App. E). The rest of this
package computes the same faster, but for directions that it cannot tell from rounding
(`minnorm_step`).
"""

import torch
from torch import Tensor, nn

from ..ground.checks import floats, in_range
from .network import Network, check_finite, per_sample_rows
from .watch import watched

# A singular value of the unit-length rows below this share of the largest is rounding, not a
# direction.
RANK_TOLERANCE = {torch.float32: 1e-6, torch.float64: 1e-12}


def output_gradients(model: nn.Module, inputs: Tensor, outputs: str = "largest") -> Tensor:
    """The rows grad_theta f(theta, x_i) that span G_r (paper A, eq. (6) and App. E).

    model: returns (n,), (n, outputs) or (n, length, outputs), or a tuple of such heads. It is run
        in evaluation mode and left as it was.
    inputs: (n, ...), samples along the first dimension.
    outputs: what a head contributes: its "largest" (the largest logit, as in the paper) or "every"
        one; of a sequence, at every position, or "summed", these summed.

    Returns (heads * n, d): all samples of the first head, then of the second; columns in the order
    of `model.parameters()`, trainable ones only.

    Raises TypeError for a model or inputs of another kind, ValueError for an empty batch, a model
    with nothing trainable, non-finite gradients, or samples that the model couples.
    """
    network = Network(model, inputs, outputs)
    with network.evaluation():
        network.cast(None)
        watched(network, ())  # refuses what couples samples, or what no output feels
        rows = per_sample_rows(network, list(network.parameters))
    check_finite(torch.isfinite(rows).all(1), len(inputs))
    return rows


def project_out(theta: Tensor, rows: Tensor) -> Tensor:
    """P_perp theta: the part of `theta` orthogonal to every row (paper A, App. E).

    theta: (d,), float32 or float64.
    rows: (k, d), float32 or float64, of any rank; zero rows, duplicates, k > d and k = 0 are fine.

    Returns (d,) in theta's dtype, computed in float64 from a singular value decomposition of the
    rows scaled to unit length; RANK_TOLERANCE says which directions are rounding. Costs O(k^2 d)
    and holds the rows twice. Sizes do not matter, of theta or of a row, from 1e-320 to 1e308.

    Raises TypeError for anything but floating tensors, ValueError for shapes that do not fit,
    non-finite entries, or a result too large for theta's dtype.
    """
    floats("theta", theta, shape=("d",))
    floats("rows", rows, shape=("k", len(theta)))
    size, basis = power_of_two(theta), row_basis(rows)
    v = theta.double() / size
    for _ in range(2):  # once leaves rounding of size |theta|, twice of size |P_perp theta|
        v = v - basis.T @ (basis @ v)
    return in_range("theta", size * v, theta.dtype)


def row_basis(rows: Tensor) -> Tensor:
    """V (r, d), float64: an orthonormal basis of the span of the rows (k, d).

    It is that of the rows scaled to unit length; r is their rank (RANK_TOLERANCE).
    """
    units = rows.double() / power_of_two(rows)  # the squares of 1e-200 are 0
    units = units[units.any(1)]
    _, s, V = torch.linalg.svd(units / units.norm(dim=1, keepdim=True), full_matrices=False)
    return V[: int((s > RANK_TOLERANCE.get(rows.dtype, 1e-6) * s[:1]).sum())]


def power_of_two(x: Tensor) -> Tensor:
    """(..., 1), float64: the power of two next below the largest |entry| of each row x (..., d).

    1 for a row without entries other than 0. To divide by it is exact.
    """
    sizes = x.double().abs()
    largest = sizes.amax(-1, keepdim=True) if x.numel() else sizes.sum()
    return torch.where(largest > 0, largest / (2 * torch.frexp(largest).mantissa), 1)
