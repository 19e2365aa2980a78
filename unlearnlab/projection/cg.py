"""What is left of theta off rows that can be multiplied but not looked at? Conjugate gradients."""

import math
import warnings
from collections.abc import Callable

import torch
from torch import Tensor

from .network import NonFiniteGradients, check_finite, in_working_precision, products
from .watch import watched

# |J v| / |J theta| at which conjugate gradients stop, by the precision of the pass, and the most
# iterations.
STOP = {torch.float32: 1e-5, torch.float64: 1e-10}
LIMIT = 500


def off_rows(
    product: Callable, transposed: Callable, theta: Tensor, rtol: float, limit: int
) -> tuple[Tensor, float, int, int]:
    """P_perp theta by conjugate gradients on min_c |theta - J^T c| (CGLS; Hestenes, Stiefel 1952).

    product, transposed: v (d,) -> J v (k,), and c (k,) -> J^T c (d,).
    theta: (d,).
    rtol, limit: it stops when |J v| <= rtol |J theta|, after `limit` iterations, or when rounding
        ends the progress.

    The residual of that least-squares problem is the projection, for any rank. It converges in as
    many steps as J has distinct singular values, in practice in a multiple of its condition number;
    holds four vectors of length d.

    Returns that (d,), of all iterates the one with the least |J v|; how much of the rows is left in
    it, |J v| / |J theta|, 0 when exact, NaN when J theta is no number; the iterations, products
    with J and with its transpose each; and k.
    """
    v = least = theta.clone()
    s = product(v)
    start = size = float(s.norm())
    p, best, count = s, start, 0
    while count < limit and size > rtol * start:
        q = transposed(p)
        alpha = size**2 / float(q @ q)
        v = v - alpha * q
        s = product(v)
        new = float(s.norm())
        count += 1
        p, size = s + (new / size) ** 2 * p, new
        if size < best:
            best, least = size, v
        elif not size < 1e3 * best:  # rounding has taken over
            break
    return least, best / start if start != 0 else 0.0, count, len(s)


def matrix_free(net, center):
    """(P_perp of theta - theta_0 (d,), in the order of `net.trainable`; left, as in `off_rows`; k)
    of a Network.

    center: theta_0 by name, {} for the origin. Warns where conjugate gradients end before STOP;
    raises NonFiniteGradients, as the layerwise way does.
    """
    try:
        off, precision = in_working_precision(net, lambda precision: _off(net, center, precision))
    except RuntimeError as error:
        raise ValueError(
            f'solver="cg" takes gradients of gradients, which this model refuses: {error}. '
            'solver="layerwise" needs none'
        ) from error
    vector, left, count, rows = off
    if left > STOP.get(precision, 1e-2):
        warnings.warn(
            f"conjugate gradients stopped after {count} iterations with |J v| = "
            f"{left:.1e} |J theta|: the rows are nearly dependent, or the precision is used "
            'up. solver="layerwise" does not depend on that',
            stacklevel=5,
        )
    return vector, left, rows


def _off(net, center, precision):
    if not net.mixes_samples:
        watched(net, ())
    with products(net) as (theta, push, pull):
        if center:
            theta = theta - torch.cat([center[name].flatten() for name in net.trainable]).to(theta)
        result = off_rows(push, pull, theta, STOP.get(precision, 1e-2), LIMIT)
        vector, left, *_ = result
        if not (math.isfinite(left) and torch.isfinite(vector).all()):
            check_finite(torch.isfinite(push(theta)), net.count)
            raise NonFiniteGradients("the output gradients overflow: scale the inputs or the model")
    return result
