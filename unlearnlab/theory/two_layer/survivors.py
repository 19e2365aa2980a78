"""Which neurons stay, and with which weights? Lemma 6 and Theorem 5 by linear algebra."""

import torch
from torch import Tensor

from ...ground.threads import one_thread
from ..checks import reals
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
    """New weights with the same features @ c, at most rank(features) nonzero (paper A, Lemma 6).

    c: (h,), float32 or float64.
    features: (n, h), row i = phi(A x_i), of any rank; zero or equal columns, h < n and n = 0 are
        fine. Cost O(n^2 h) for n <= h.

    Returns (h,) in c's dtype, computed in float64. A weight that is 0 stays 0, so the bound is the
    rank of the columns in use.

    How. The lemma takes the reduced column echelon basis of the null space and cancels the leading
    entries of c one by one. In that basis the leading rows form an identity, so afterwards c stands
    on the s other rows. Order the neurons with those first and the basis reads [-B^{-1} F; I],
    where B holds the s independent columns that stay and F the rest: the result is c_B + B^{-1} F
    c_F, c moved onto the columns B. All the freedom is in which columns stay. The echelon order
    takes the last independent ones, however nearly dependent. Here partial pivoting chooses: an LU
    factorisation of an orthonormal basis of the row space of features * c, whose columns are what
    each neuron contributes, so that neither the scale of a neuron nor that of its weight matters.

    How well. `rank(features)` is numerical, a little stricter than torch.linalg.matrix_rank's
    default. The result misses at most 1e-11 of |features| @ |c| in float64 (1e-6 in float32),
    usually rounding alone. Of features @ c itself that is more where the contributions cancel, by
    the factor of the cancellation. If so few neurons cannot keep this, because tiny features meet
    huge weights or float32 features fall off fast, as many stay as contribute above rounding.

    Raises TypeError or ValueError for anything but finite floating tensors that fit.
    """
    problem = Contributions(c, features)
    return problem.weights(problem.sparsified()).to(c.dtype)


@one_thread()
def rank(features: Tensor) -> int:
    """s = dim span{phi(A x_i)}: the bound of Theorem 5. features: (n, h).

    It counts singular values above 2 max(n, h) eps times the largest.
    """
    reals("features", features, ("n", "h"))
    sizes = _singular_values(to_unit_size(features.detach()))
    return count(sizes, features.shape, torch.finfo(features.dtype).eps)


class Contributions:
    """The neurons in use. Column j of `columns` (n, k) is c_j phi_j, what neuron j contributes.

    Multipliers t (k,) stand for the weights c_j t_j: 1 everywhere is c itself, and t is allowed if
    columns @ t = columns @ 1.
    """

    def __init__(self, c, features):
        reals("features", features, ("n", "h"))
        reals("c", c, (features.shape[1],))
        c, features = c.detach(), features.detach()
        self.c, self.features = c.double(), to_unit_size(features)
        self.eps = max(torch.finfo(t.dtype).eps for t in (c, features))
        self.missed = max(MISSED.get(t.dtype, 1e-6) for t in (c, features))
        columns = self.features * to_unit_size(c)
        self.used = (columns != 0).any(0).nonzero().flatten()
        self.columns = columns[:, self.used]
        self.outputs = self.columns.sum(1)
        self.size = self.columns.abs().sum(1).norm()

    def weights(self, t):
        """(h,): the weights that the multipliers stand for."""
        new = torch.zeros_like(self.c)
        new[self.used] = self.c[self.used] * t
        return new

    def sparsified(self):
        """Multipliers, as many as the features' rank; more only where the outputs need it."""
        q, r = torch.linalg.qr(self.columns.T)
        for kept in (self._features_rank(), count(_singular_values(r), (1, 1), self.eps)):
            if kept >= len(self.used):
                break
            rows = q
            if kept < q.shape[1]:
                rows = q @ torch.linalg.svd(r, full_matrices=False)[0][:, :kept]
            moved = self._moved_onto(independent_rows(rows), rows)
            if self.missing(moved) <= self.missed * self.size:
                return moved
        return torch.ones_like(self.used, dtype=torch.float64)

    def _features_rank(self):
        """Of all columns or those in use, the lesser: rounding can make a part look larger."""
        shape, parts = self.features.shape, [self.features]
        if len(self.used) < shape[1]:
            parts.append(self.features[:, self.used])
        return min(count(_singular_values(part), shape, self.eps) for part in parts)

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

    def missing(self, t):
        """|columns @ t - columns @ 1|."""
        return (self.columns @ t - self.outputs).norm()


def _singular_values(matrix):
    tall = matrix if matrix.shape[0] >= matrix.shape[1] else matrix.T
    return torch.linalg.svdvals(torch.linalg.qr(tall, mode="r")[1])


def count(sizes, shape, eps):
    """How many singular values are more than rounding."""
    return int((sizes > 2 * max(shape) * eps * sizes[0]).sum()) if len(sizes) else 0


def independent_rows(matrix):
    """Indices of r rows of a (k, r) matrix of full rank that form a well-conditioned square.

    They are those that partial pivoting picks.
    """
    if matrix.shape[1] == 0:
        return torch.zeros(0, dtype=torch.long, device=matrix.device)
    _, pivots = torch.linalg.lu_factor(matrix)
    order = list(range(len(matrix)))
    for i, j in enumerate((pivots - 1).tolist()):
        order[i], order[j] = order[j], order[i]
    return torch.tensor(order[: matrix.shape[1]], dtype=torch.long, device=matrix.device)


def to_unit_size(tensor):
    """float64, divided by the largest entry: the squares of 1e-200 are 0."""
    tensor = tensor.double()
    largest = tensor.abs().max() if tensor.numel() else 0
    return tensor / largest if largest > 0 else tensor
