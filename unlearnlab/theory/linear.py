"""What is exact unlearning of a linear model, and where do other methods end?

The model is f(theta, x) = <theta, x>, its parameters theta (m,), its inputs the rows of X (n, m),
its labels y (n,). The loss is the mean squared error J(theta) = |X theta - y|^2 / n. Paper A:
Theorem 2 with Lemmas 3-5 (`unlearn` equals `min_norm` of the retain set), Proposition 2 (`gd_limit`
from zero), and the Ridge baseline. X may have any shape and any rank, also 0 rows.

The span of the rows does not depend on their lengths. So every rank is that of the rows scaled to
unit length, with the cut of `ul.project_out`: singular values below 1e-12 times the largest (1e-6
for float32 rows) count as rounding. Everything is computed in float64 and returned in the precision
it came in. Numbers may have any size: what is near the ends of floating point is scaled by powers
of two, which is exact, and the result is scaled back.
"""

import numpy as np
import torch
from torch import Tensor

from ..ground.checks import floats, in_range, number
from ..projection.definition import RANK_TOLERANCE, power_of_two, project_out, row_basis

UNEVEN = 20  # rows more than 2^20 apart in length leave least squares too few digits


def min_norm(X: Tensor, y: Tensor) -> Tensor:
    """The shortest theta with X theta = y (paper A, problem (4) with R = |theta|_2; Lemmas 3-5).

    X: (n, m). y: (n,). Neither is changed.

    Returns (m,), in the span of the rows; zeros when there are no rows. When no theta interpolates,
    the shortest of those that minimise |X theta - y|.

    First every row counts alike, whatever its length: where an interpolator exists, that is one,
    also when one row is 1e300 times as long as another. Then least squares on what is left, which
    is nothing unless none exists. There the lengths of rows decide, and they must lie within 1e6 of
    each other: their ratio multiplies the rounding.

    The error is about 1e-15 (1e-7 for float32) times |theta| times the condition number of the rows
    scaled to unit length, and in least squares times that ratio. Entries below the least number of
    the precision are 0.

    Raises TypeError for anything but floating tensors. Raises ValueError for shapes that do not
    fit, non-finite entries, labels y whose solution is too large for its precision, and an X of too
    uneven rows where X theta misses y by more than 1e-10 of |x_i| |theta| + |y_i| (1e-4 for
    float32).
    """
    check_data(X, y)
    basis, used = row_basis(X.detach()), X.any(1)
    arrays = [t.detach().double().cpu().numpy() for t in (X[used], y[used], basis)]
    dtype = torch.promote_types(X.dtype, y.dtype)
    theta = _shortest(*arrays, 100 * RANK_TOLERANCE.get(dtype, 1e-6))
    return in_range("y", torch.from_numpy(theta).to(X.device), dtype)


@np.errstate(over="ignore")
def _shortest(rows, labels, basis, rounding):
    """The least squares solution in the span of the basis (r, m). No row is zero."""
    length = np.frexp(np.abs(rows).max(1, initial=0))[1]
    label, power = np.frexp(labels)
    power = np.where(label == 0, -9999, power - length)  # of labels of rows of length about 1
    top = power.max(initial=-9999)
    A, b = np.ldexp(rows, -length[:, None]) @ basis.T, np.ldexp(label, power - top)
    weight = length - length.max(initial=-9999)
    z = _refined(A, b, np.zeros(len(basis)), 0 * weight)
    if weight.min(initial=0) >= -UNEVEN:
        z = _refined(A, b, z, weight)
    elif (np.abs(b - A @ z) > rounding * (np.abs(A) @ np.abs(z) + np.abs(b))).any():
        raise ValueError(
            f"X must have rows whose lengths lie within 2^{UNEVEN} where no theta interpolates, "
            f"got 2^{-weight.min()}"
        )
    return np.ldexp(basis.T @ z, top)


def _refined(A, b, z, weight):
    """z moved to where it minimises |W (A z - b)|, W = 2^weight; A has full column rank."""
    inverse = np.linalg.pinv(np.ldexp(A, weight[:, None]))
    for _ in range(2):  # the second time takes away the rounding of the first
        z = z + inverse @ np.ldexp(b - A @ z, weight)
    return z


def unlearn(theta: Tensor, X_retain: Tensor) -> Tensor:
    """P theta, the projection of theta on the span of the retain inputs (paper A, Theorem 2).

    theta: (m,), the original model.
    X_retain: (n_r, m), of any rank; zero rows, duplicates, n_r > m and n_r = 0 are fine.

    Returns (m,): same retain predictions as theta, and the shortest with them. So it is the
    minimum-norm interpolator of the retain set when theta interpolates it, however theta was found;
    `min_norm(X_retain, X_retain @ theta)` in any case.

    Raises TypeError for anything but floating tensors, ValueError for shapes that do not fit,
    non-finite entries, or a theta whose projection is too large for its dtype.
    """
    floats("theta", theta, shape=("m",))
    floats("X_retain", X_retain, shape=("n", len(theta)))
    size, basis = power_of_two(theta), row_basis(X_retain)
    return in_range("theta", size * (basis.T @ (basis @ (theta.double() / size))), theta.dtype)


def gd_limit(X: Tensor, y: Tensor, start: Tensor) -> Tensor:
    """Where gradient descent on the mean squared error ends: min_norm(X, y) + P_perp start.

    Paper A, Proposition 2, is the case start = 0. Every step adds a combination of the rows: what
    of `start` is orthogonal to all of them stays.

    X: (n, m). y: (n,). start: (m,). Returns (m,). Raises as `min_norm` does.
    """
    end = min_norm(X, y).double()
    floats("start", start, shape=(X.shape[1],))
    return in_range("start", end + project_out(start.double(), X), start.dtype)


def ridge(X: Tensor, y: Tensor, lam: float) -> Tensor:
    """The minimiser of |X theta - y|^2 / n + lam |theta|^2, the objective of paper A's Ridge
    baseline.

    With the singular value decomposition X = sum_i s_i u_i v_i^T it is

        theta_lam = sum_i  s_i <u_i, y> / (s_i^2 + n lam)  v_i,

    which tends to min_norm(X, y) as lam -> 0; lam = 0 returns that. Beside it, for a lam above 0,
    rows that are shorter than rounding of the longest are lost.

    X: (n, m). y: (n,). lam: at least 0. Returns (m,).

    Raises as `min_norm` does, and ValueError for lam < 0.
    """
    check_data(X, y)
    number("lam", lam, low=0)
    if lam == 0:
        return min_norm(X, y)
    basis = row_basis(X)  # without the directions that are rounding
    U, s, V = torch.linalg.svd(X.double() @ basis.T, full_matrices=False)
    theta = (V @ basis).T @ (U.T @ y.double() / (s + len(X) * lam / s))
    return in_range("y", theta, torch.promote_types(X.dtype, y.dtype))


def check_data(X, y):
    """X (n, m), y (n,)."""
    floats("X", X, shape=("n", "m"))
    floats("y", y, shape=(len(X),))
