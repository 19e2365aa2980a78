"""What is exact unlearning of a linear model, and where do other methods end?

The model is f(theta, x) = <theta, x>, its parameters theta (m,), its inputs the rows of X (n, m),
its labels y (n,). The loss is the mean squared error J(theta) = |X theta - y|^2 / n. Paper A:
Theorem 2 with Lemmas 3-5 (`unlearn` equals `min_norm` of the retain set), Proposition 2 (`gd_limit`
from zero), and the Ridge baseline. X may have any shape and any rank, also 0 rows.

The span of the rows does not depend on their lengths. So every rank is that of the rows scaled to
unit length, with the cut of `ul.project_out`: singular values below 1e-12 times the largest (1e-6
for float32 rows) count as rounding. Everything is computed in float64 and returned in the precision
it came in.
"""

import torch
from torch import Tensor

from ..ground.checks import floats, number
from ..projection.definition import project_out, unit_svd


def min_norm(X: Tensor, y: Tensor) -> Tensor:
    """The shortest theta with X theta = y (paper A, problem (4) with R = |theta|_2; Lemmas 3-5).

    X: (n, m). y: (n,). Neither is changed.

    Returns (m,), in the span of the rows; zeros when there are no rows. When no theta interpolates,
    the shortest of those that minimise |X theta - y|.

    First every row counts alike, whatever its length: where an interpolator exists, that is one,
    also when one row is 1e6 times as long as another. Then least squares on what is left, which is
    nothing unless none exists.

    Raises TypeError for anything but floating tensors, ValueError for shapes that do not fit or
    non-finite entries, OverflowError when the solution is too long for its precision.
    """
    check_data(X, y)
    rows, labels = X.double(), y.double()
    U, s, V, lengths = unit_svd(X)
    used = lengths > 0
    theta = V.T @ ((U.T @ (labels[used] / lengths[used])) / s)
    U, s, V = _svd_in_span(rows, V)
    inverse = torch.where(s > torch.finfo(s.dtype).eps * s[:1], 1 / s, 0)
    for _ in range(2):  # the second time takes away the rounding of the first
        theta = theta + V.T @ (inverse * (U.T @ (labels - rows @ theta)))
    theta = theta.to(torch.promote_types(X.dtype, y.dtype))
    if not torch.isfinite(theta).all():
        raise OverflowError(
            f"the minimum-norm solution has entries too large for {theta.dtype}: scale X up or "
            "y down"
        )
    return theta


def unlearn(theta: Tensor, X_retain: Tensor) -> Tensor:
    """P theta, the projection of theta on the span of the retain inputs (paper A, Theorem 2).

    theta: (m,), the original model.
    X_retain: (n_r, m), of any rank; zero rows, duplicates, n_r > m and n_r = 0 are fine.

    Returns (m,): same retain predictions as theta, and the shortest with them. So it is the
    minimum-norm interpolator of the retain set when theta interpolates it, however theta was found;
    `min_norm(X_retain, X_retain @ theta)` in any case.

    Raises TypeError for anything but floating tensors, ValueError for shapes that do not fit or
    non-finite entries.
    """
    floats("theta", theta, shape=("m",))
    floats("X_retain", X_retain, shape=("n", len(theta)))
    whole = theta.double()
    return (whole - project_out(whole, X_retain)).to(theta.dtype)


def gd_limit(X: Tensor, y: Tensor, start: Tensor) -> Tensor:
    """Where gradient descent on the mean squared error ends: min_norm(X, y) + P_perp start.

    Paper A, Proposition 2, is the case start = 0. Every step adds a combination of the rows: what
    of `start` is orthogonal to all of them stays.

    X: (n, m). y: (n,). start: (m,). Returns (m,). Raises as `min_norm` does.
    """
    check_data(X, y, start=start)
    return (min_norm(X.double(), y.double()) + project_out(start.double(), X)).to(start.dtype)


def ridge(X: Tensor, y: Tensor, lam: float) -> Tensor:
    """The minimiser of |X theta - y|^2 / n + lam |theta|^2, the objective of paper A's Ridge
    baseline.

    With the singular value decomposition X = sum_i s_i u_i v_i^T it is

        theta_lam = sum_i  s_i <u_i, y> / (s_i^2 + n lam)  v_i,

    which tends to min_norm(X, y) as lam -> 0; lam = 0 returns that.

    X: (n, m). y: (n,). lam: at least 0. Returns (m,).

    Raises as `min_norm` does, and ValueError for lam < 0.
    """
    check_data(X, y)
    number("lam", lam, low=0)
    if lam == 0:
        return min_norm(X, y)
    U, s, V = decompose(X)
    theta = V.T @ (s / (s.square() + len(X) * lam) * (U.T @ y.double()))
    return theta.to(torch.promote_types(X.dtype, y.dtype))


def decompose(X):
    """The singular value decomposition of X without the directions that are rounding."""
    return _svd_in_span(X.double(), unit_svd(X)[2])


def _svd_in_span(rows, basis):
    """U (n, r), s (r,), V (r, m) of the rows themselves, r the size of the basis (r, m) of their
    span.
    """
    U, s, W = torch.linalg.svd(rows @ basis.T, full_matrices=False)
    return U, s, W @ basis


def check_data(X, y, **vectors):
    """X (n, m), y (n,), and vectors (m,) by name."""
    floats("X", X, shape=("n", "m"))
    floats("y", y, shape=(len(X),))
    for name, vector in vectors.items():
        floats(name, vector, shape=(X.shape[1],))
