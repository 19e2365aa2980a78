"""What does MinNorm-OG remove? The definition: rows, and what of theta is off their span.

Row i of J is the gradient of one output on one retained sample. To first order a change v of theta
changes these outputs by J v. They feel nothing of P_perp theta, the part of theta orthogonal to
every row, and MinNorm-OG shrinks that part (paper A, eqs. (6)-(7) and App. E). The rest of this
package computes the same faster.
"""

import torch
from torch import Tensor, nn

from ..ground.checks import floats
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
        one; of a sequence, at every position.

    Returns (heads * n, d): all samples of the first head, then of the second; columns in the order
    of `model.parameters()`, trainable ones only.

    Raises TypeError for a model or inputs of another kind, ValueError for an empty batch, a model
    with nothing trainable, non-finite gradients, or samples that the model couples.
    """
    network = Network(model, inputs, outputs)
    with network.evaluation():
        network.cast(None)
        watched(network, ())
        rows = per_sample_rows(network, list(network.parameters))
    check_finite(torch.isfinite(rows).all(1), len(inputs))
    return rows


def project_out(theta: Tensor, rows: Tensor) -> Tensor:
    """P_perp theta: the part of `theta` orthogonal to every row (paper A, App. E).

    theta: (d,), float32 or float64.
    rows: (k, d), float32 or float64, of any rank; zero rows, duplicates, k > d and k = 0 are fine.

    Returns (d,) in theta's dtype, computed in float64 from a singular value decomposition of the
    rows scaled to unit length; RANK_TOLERANCE says which directions are rounding. Costs O(k^2 d)
    and holds the rows twice.

    Raises TypeError for anything but floating tensors, ValueError for shapes that do not fit or
    non-finite entries.
    """
    floats("theta", theta, shape=("d",))
    floats("rows", rows, shape=("k", len(theta)))
    v, basis = theta.double(), unit_svd(rows)[2]
    for _ in range(2):  # once leaves rounding of size |theta|, twice of size |P_perp theta|
        v = v - basis.T @ (basis @ v)
    return v.to(theta.dtype)


def unit_svd(rows: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """U (n, r), s (r,), V (r, d) of the n nonzero rows scaled to unit length, in float64; r is the
    rank in their own precision (RANK_TOLERANCE). And the lengths of all rows (k,)."""
    units, lengths = unit_rows(rows.double())
    U, s, V = torch.linalg.svd(units[lengths > 0], full_matrices=False)
    r = int((s > RANK_TOLERANCE.get(rows.dtype, 1e-6) * s[:1]).sum())
    return U[:, :r], s[:r], V[:r], lengths


def unit_rows(rows):
    """(rows scaled to length 1, their lengths); a zero row stays zero."""
    largest = rows.abs().amax(1) if rows.shape[1] else rows.new_zeros(len(rows))
    scaled = rows / torch.where(largest > 0, largest, 1)[:, None]  # squares of 1e-200 are 0
    norms = scaled.norm(dim=1)
    return scaled / torch.where(norms > 0, norms, 1)[:, None], largest * norms
