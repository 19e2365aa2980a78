"""Which neurons stay, and with which weights? Lemma 6 and Theorem 5 by linear algebra."""

import torch
from torch import Tensor

from ...ground.checks import reals
from ...ground.threads import one_thread
from .network import Activation, features

# How much of |features| @ |c| a result may miss: far above rounding, far below anything a reader
# would see.
MISSED = {torch.float64: 1e-11, torch.float32: 1e-6}


def cut(A: Tensor, c: Tensor, X_retain: Tensor, activation: Activation) -> tuple[Tensor, Tensor]:
    """The same outputs on the retain set from at most s active neurons (paper A, Theorem 5).

    A: (h, d_in). c: (h,). X_retain: (n_r, d_in). activation: entry by entry.

    Returns a new pair (A', c') of the same shapes with c' = sparsify(c, features) and the rows of A
    zeroed where c' is 0, which changes the function nowhere (Proposition 1). At most
    s = dim span{phi(A x) : x retained} <= n_r rows of A' are nonzero (Corollary 1). This keeps the
    theorem's bound; whether still fewer neurons would do is a combinatorial question that nobody
    answers fast.
    """
    reals("A", A, ("h", "d_in"))
    reals("X_retain", X_retain, ("n_r", A.shape[1]))
    c = sparsify(c, features(A, X_retain, activation))
    return torch.where(c[:, None] != 0, A, 0), c


# a second thread halves the largest problems at best; on a busy machine it costs 5 to 20 times
@one_thread()
def sparsify(c: Tensor, features: Tensor) -> Tensor:
    """New weights with the same features @ c, at most rank-many nonzero (paper A, Lemma 6).

    c: (h,), float32 or float64.
    features: (n, h), row i = phi(A x_i), of any rank; zero or equal columns, h < n and n = 0 are
        fine. Cost O(n^2 h) for n <= h.

    Returns (h,) in c's dtype, computed in float64. A weight that is 0 stays 0, so the bound is the
    rank of the columns in use. The sizes of points, neurons and weights do not matter.

    How. The lemma takes the reduced column echelon basis of the null space and cancels the leading
    entries of c one by one. In that basis the leading rows form an identity, so afterwards c stands
    on the s other rows. Order the neurons with those first and the basis reads [-B^{-1} F; I],
    where B holds the s independent columns that stay and F the rest: the result is c_B + B^{-1} F
    c_F, c moved onto the columns B. All the freedom is in which columns stay. The echelon order
    takes the last independent ones, however nearly dependent. Here partial pivoting chooses: an LU
    factorisation of an orthonormal basis of the row space of features * c, whose columns are what
    each neuron contributes, so that neither the scale of a neuron nor that of its weight matters.

    How well. At every point the result misses at most 1e-11 of |phi(A x_i)| @ |c| in float64 (1e-6
    in float32), usually rounding alone. Of the output itself that is more where the contributions
    cancel, by the factor of the cancellation. As many stay as the rank of the contributions, each
    point scaled to count alike. That is at most the rank of the features in exact arithmetic. It
    can be more than the numerical `rank(features)` where features are uneven in a way that scaling
    rows and columns does not undo, and the weights undo it.

    Raises TypeError or ValueError for anything but finite floating tensors that fit, and ValueError
    where so few weights in c's dtype cannot keep the outputs: they are too large or denormal.
    """
    return Contributions(c, features, along=1).sparsified()


@one_thread()
def rank(features: Tensor) -> int:
    """s = dim span{phi(A x_i)}: the bound of Theorem 5. features: (n, h).

    It counts singular values above 2 max(n, h) eps times the largest. The rank does not depend on
    the sizes of rows and columns, so first each is scaled to have its largest entry near 1: rows
    before columns, or after them, whichever shows more.
    """
    reals("features", features, ("n", "h"))
    parts, eps = torch.frexp(features.detach().double()), torch.finfo(features.dtype).eps
    return max(count(_scaled(*parts, order), features.shape, eps) for order in ((1, 0), (0, 1)))


class Contributions:
    """The neurons in use. Column j of `columns` (n, k) is c_j phi_j, what neuron j contributes.

    Multipliers t (k,) stand for the weights c_j t_j: 1 everywhere is c itself, and t is allowed if
    columns @ t = columns @ 1. The columns are scaled by powers of two, so that the largest entry
    of all is near 1, or with along=1 that of each row.
    """

    def __init__(self, c, features, along=(0, 1)):
        reals("features", features, ("n", "h"))
        reals("c", c, (features.shape[1],))
        c, features = c.detach(), features.detach()
        self.c, self.dtype, self.shape = c.double(), c.dtype, features.shape
        self.eps = max(torch.finfo(t.dtype).eps for t in (c, features))
        self.missed = max(MISSED[t.dtype] for t in (c, features))
        (weight, power), (phi, powers) = torch.frexp(self.c), torch.frexp(features.double())
        columns = _scaled(phi * weight, powers + power, [along])
        self.used = columns.any(0).nonzero().flatten()
        self.columns = columns[:, self.used]
        self.outputs = self.columns.sum(1)
        self.sizes = self.columns.abs().sum(1)
        self.size = self.sizes.norm()

    def weights(self, t):
        """(h,): the weights that the multipliers stand for."""
        new = torch.zeros_like(self.c)
        new[self.used] = self.c[self.used] * t
        return new

    def sparsified(self):
        """Weights, as many as the features' rank; more only where the outputs need it."""
        q, r = torch.linalg.qr(self.columns.T)
        for shape in (self.shape, (1, 1)):  # the second leaves less to rounding
            kept = count(r, shape, self.eps)
            if kept >= len(self.used):
                return self.weights(1).to(self.dtype)
            rows = q
            if kept < q.shape[1]:
                rows = q @ torch.linalg.svd(r, full_matrices=False)[0][:, :kept]
            new = self.weights(self._moved_onto(independent_rows(rows), rows)).to(self.dtype)
            t = new.double()[self.used] / self.c[self.used]  # as they are stored
            if ((self.columns @ t - self.outputs).abs() <= self.missed * self.sizes).all():
                return new
        raise ValueError(
            f"c must be of another size, or in float64: {kept} weights in {self.dtype} miss the "
            f"outputs by more than {self.missed}"
        )

    def _moved_onto(self, stay, rows):
        """All contributions moved onto the columns `stay`.

        B t = columns @ 1 is solved in the row space and refined on the columns.
        """
        t, columns = torch.linalg.solve(rows[stay].T, rows.sum(0)), self.columns[:, stay]
        left = lambda t: (columns @ t - self.outputs).norm()
        q, r = torch.linalg.qr(columns)
        for _ in range(2):
            residual = q.T @ (self.outputs - columns @ t)
            better = t + torch.linalg.solve_triangular(r, residual[:, None], upper=True)[:, 0]
            # also when r is singular and the step is not finite
            if not left(better) < left(t):
                break
            t = better
        moved = torch.zeros_like(self.used, dtype=torch.float64)
        moved[stay] = t
        return moved


def _scaled(mantissa, power, along):
    """mantissa * 2^power, then scaled by powers of two until its largest entry along each of the
    dimensions is near 1, one after the other. Nothing overflows on the way."""
    power = power.double().masked_fill(mantissa == 0, -1e9)
    for dims in along if mantissa.numel() else ():
        power = power - power.amax(dims, keepdim=True)
    return mantissa * torch.exp2(power)


def count(matrix, shape, eps):
    """How many singular values are more than rounding in a matrix of this shape."""
    return int(torch.linalg.matrix_rank(matrix, rtol=2 * max(shape) * eps))


def independent_rows(matrix):
    """Indices of r rows of a (k, r) matrix of full rank that form a well-conditioned square.

    They are those that partial pivoting picks.
    """
    _, pivots = torch.linalg.lu_factor(matrix)
    order = list(range(len(matrix)))
    for i, j in enumerate((pivots - 1).tolist()):
        order[i], order[j] = order[j], order[i]
    return torch.tensor(order[: matrix.shape[1]], device=matrix.device)
