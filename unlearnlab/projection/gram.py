"""How is K c = t solved, when K may be singular and was added up in float32?"""

from dataclasses import dataclass

import torch

from .network import check_finite

# An eigenvalue of a float64 Gram matrix (the square of a singular value) below this share of the
# largest is rounding, by the precision of the pass it was made from. In float64 its own is k *
# 1e-16; the sine nets need all the rest.
TOLERANCE = {torch.float32: 1e-12, torch.float64: 1e-13}
# A float32 Gram matrix is trusted while its smallest eigenvalue stays above this share of the
# largest.
FLOAT32_LIMIT = 1e-5
# Up to so many rows the host solves faster than a GPU: an eigendecomposition is hundreds of small
# launches there (100 rows: 2 ms on one core), and its result decides what comes next.
HOST_ROWS = 500


@dataclass(frozen=True)
class Solution:
    """c with K c = t, where the blocks are and in the precision K was computed in. rank: of K.
    inside: c^T t, the squared length of the projection on the rows. theta: |theta|^2."""

    c: torch.Tensor
    rank: int
    inside: float
    theta: float


def coefficients(blocks, heads, precision, theta, felt=0):
    """The Solution for these blocks.

    heads: of the model. precision: of the pass that made the blocks. theta: |theta|^2 (), float64.
    felt: J theta_0 (k,), what is taken off t.

    K, t and |theta|^2 come to the host together, in the one wait for the device of a projection; a
    K that has to be computed again in float64 takes another.
    """
    dtype, inner = (
        precision,
        torch.stack([block.inner() for block in blocks]).sum(0).flatten() - felt,
    )
    while True:
        shares = torch.stack([block.gram(dtype) for block in blocks])
        gram, t, squared = _where_it_is_solved(shares.sum(0, dtype=torch.float64), inner, theta)
        finite = torch.isfinite(gram.diagonal()) & torch.isfinite(t)
        if dtype == torch.float64:
            check_finite(finite.view(-1, heads).T.flatten(), len(finite) // heads)
        if finite.all():
            c, rank, smallest = _solve(gram, t, TOLERANCE.get(precision, 1e-6))
            if dtype == torch.float64 or smallest > FLOAT32_LIMIT:
                break
        dtype = torch.float64
    # non_blocking: so small a copy need not wait for what the device still has to do
    there = c.to(dtype).to(inner.device, non_blocking=True)
    return Solution(there, rank, float(c @ t), float(squared))


def _where_it_is_solved(*tensors):
    """K, t and |theta|^2, on the host where that is the place to solve."""
    gram = tensors[0]
    if gram.device.type == "cpu" or len(gram) > HOST_ROWS:
        return tensors
    packed = torch.cat([t.flatten() for t in tensors]).cpu()
    parts = packed.split([t.numel() for t in tensors])
    return [part.view(t.shape) for part, t in zip(parts, tensors)]


def _solve(gram, inner, tolerance):
    """c with K c = t in the range of K, its rank, its smallest eigenvalue (the largest is 1).

    The eigenvalues are those of K scaled to unit diagonal.
    """
    size = gram.diagonal().clamp_min(0).sqrt()
    inverse = torch.where(size > 0, 1 / size, 0)
    values, vectors = torch.linalg.eigh(gram * inverse[:, None] * inverse)
    top = values[-1].clamp_min(0)
    keep = values > tolerance * top
    inside = torch.where(keep, (vectors.T @ (inverse * inner)) / values, 0)
    rank = int(keep.sum())
    smallest = float(values[0] / top) if rank == len(gram) else 0.0
    return inverse * (vectors @ inside), rank, smallest
