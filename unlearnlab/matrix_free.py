"""What is left of a vector off the rows of a matrix that can be multiplied but not looked at?"""
from collections.abc import Callable
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Residual:
    """The part of a vector orthogonal to the rows, as far as it was found.

    vector: (d,). left: |J v| / |J theta|, 0 when exact. iterations: products with J and with its transpose, each.
    """

    vector: torch.Tensor
    left: float
    iterations: int


def off_rows(product: Callable[[torch.Tensor], torch.Tensor], transposed: Callable[[torch.Tensor], torch.Tensor],
             theta: torch.Tensor, rtol: float, limit: int) -> Residual:
    """P_perp theta by conjugate gradients on min_c |theta - J^T c| (CGLS; Hestenes and Stiefel, 1952).

    product(v) = J v: (d,) -> (k,). transposed(c) = J^T c: (k,) -> (d,). The residual of that least-squares problem is the
    projection, for any rank. It converges in as many steps as J has distinct singular values, in practice in a multiple of its
    condition number; holds three vectors of length d. Stops when |J v| <= rtol |J theta|, after `limit` iterations, or when
    rounding ends the progress.
    """
    v = theta.clone()
    s = product(v)
    start = size = float(s.norm())
    p, best, count = s, start, 0
    while count < limit and size > rtol * start:
        q = transposed(p)
        alpha = size ** 2 / float(q @ q)
        v = v - alpha * q
        s = product(v)
        new = float(s.norm())
        count += 1
        p, size = s + (new / size) ** 2 * p, new
        if not size < 1e3 * best:  # rounding has taken over
            break
        best = min(best, size)
    return Residual(v, size / start if start > 0 else 0.0, count)
