"""How is K c = t solved, when K may be singular and was added up in float32?"""

import torch

from .network import check_finite

# An eigenvalue of a float64 Gram matrix (the square of a singular value) below this share of the
# largest is rounding, by the precision of the pass it was made from. In float64 its own is k *
# 1e-16; the sine nets need all the rest.
TOLERANCE = {torch.float32: 1e-12, torch.float64: 1e-13}
# A float32 Gram matrix is trusted while its smallest eigenvalue stays above this share of the
# largest.
FLOAT32_LIMIT = 1e-5


def coefficients(blocks, n, precision, felt=0):
    """(c, t, rank of K, precision K was computed in), from the blocks of n samples.

    precision: of the pass that made the blocks. felt: J theta_0 (k,), what is taken off t.
    """
    dtype, inner = precision, sum(block.inner() for block in blocks) - felt
    while True:
        gram = sum(block.gram(dtype).double() for block in blocks)
        finite = torch.isfinite(gram.diagonal()) & torch.isfinite(inner)
        if dtype == torch.float64:
            check_finite(finite, n)
        if finite.all():
            c, rank, smallest = _solve(gram, inner, TOLERANCE.get(precision, 1e-6))
            if dtype == torch.float64 or smallest > FLOAT32_LIMIT:
                return c, inner, rank, dtype
        dtype = torch.float64


def _solve(gram, inner, tolerance):
    """c with K c = t in the range of K, its rank, its smallest eigenvalue (the largest is 1).

    The eigenvalues are those of K scaled to unit diagonal.
    """
    size = gram.diagonal().clamp_min(0).sqrt()
    inverse = torch.where(size > 0, 1 / size, 0)
    values, vectors = torch.linalg.eigh(gram * inverse[:, None] * inverse)
    top = values[-1].clamp_min(0)
    keep = values > tolerance * top
    values, vectors = values[keep], vectors[:, keep]
    c = inverse * (vectors @ ((vectors.T @ (inverse * inner)) / values))
    smallest = float(values[0] / top) if len(values) == len(gram) else 0.0
    return c, len(values), smallest
