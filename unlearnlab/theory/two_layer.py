"""How few neurons can a two-layer network keep without changing one retained prediction?

The network is f(x) = c^T phi(A x): A (h, d_in) holds one neuron per row, c (h,) its output weights, phi acts entry by
entry, and a bias is the weight of a constant input. Complexity is the number of active neurons,
R = sum_i 1{|c_i| ||a_i|| > 0}. With A fixed, the retained outputs are linear in c:

    f(x_i) = <phi(A x_i), c>,    or all at once    features @ c,    features (n, h) with rows phi(A x_i).

So a change of c keeps them exactly if it lies in the null space of the features, and Lemma 6 of paper A finds one that
leaves at most s = rank(features) weights different from zero. Theorem 5, Proposition 1 and Corollary 1 follow.
"""
import functools
import math
from collections.abc import Callable

import torch

from ..models import seeded
from ..ground.threads import few_threads

Activation = Callable[[torch.Tensor], torch.Tensor]

# How much of |features| @ |c| a result may miss: far above rounding, far below anything a reader would see.
MISSED = {torch.float64: 1e-11, torch.float32: 1e-6}
RESIDUAL = 1e-12
ROUNDS = 6


def _on_one_thread(work):
    """Runs `work` on one thread. A second one halves the largest problems at best; on a busy machine it costs 5 to 20 times."""
    @functools.wraps(work)
    def run(*args, **options):
        with few_threads(torch.nn.Identity()):             # a model without parameters: small, whatever the tensors are
            return work(*args, **options)
    return run


def features(A: torch.Tensor, X: torch.Tensor, activation: Activation) -> torch.Tensor:
    """phi(A x_i) for every input. A: (h, d_in). X: (n, d_in), n may be 0. activation: entry by entry, as torch.relu is.

    Returns (n, h): row i holds the outputs of all neurons on x_i.
    Raises TypeError or ValueError for anything but finite floating matrices that fit, or an activation that changes the shape.
    """
    _check_matrix("A", A, "(h, d_in)"), _check_matrix("X", X, "(n, d_in)")
    if X.shape[1] != A.shape[1]:
        raise ValueError(f"X must have shape (n, {A.shape[1]}) to match A, got {tuple(X.shape)}")
    if X.dtype != A.dtype:
        raise TypeError(f"X must have the dtype of A, {A.dtype}, got {X.dtype}")
    if not callable(activation):
        raise TypeError(f"activation must be a function of a tensor, such as torch.relu, got {type(activation).__name__}")
    phi = activation(X @ A.T)
    if not isinstance(phi, torch.Tensor) or phi.shape != (len(X), len(A)):
        got = tuple(phi.shape) if isinstance(phi, torch.Tensor) else type(phi).__name__
        raise ValueError(f"activation must keep the shape {(len(X), len(A))}, it returned {got}")
    return phi


def predict(A: torch.Tensor, c: torch.Tensor, X: torch.Tensor, activation: Activation) -> torch.Tensor:
    """f(x_i) = c^T phi(A x_i) for every input. A: (h, d_in), c: (h,), X: (n, d_in). Returns (n,)."""
    phi = features(A, X, activation)
    _check_weights(c, phi, "A")
    return phi @ c


def active_neurons(A: torch.Tensor, c: torch.Tensor) -> int:
    """R = sum_i 1{|c_i| ||a_i|| > 0}: the neurons with a weight in and a weight out. A: (h, d_in), c: (h,)."""
    _check_matrix("A", A, "(h, d_in)")
    _check_weights(c, A.T, "A")
    return int(((c != 0) & (A != 0).any(1)).sum())


def cut(A: torch.Tensor, c: torch.Tensor, X_retain: torch.Tensor, activation: Activation) -> tuple[torch.Tensor, torch.Tensor]:
    """The same outputs on the retain set from at most s active neurons, A_i otherwise unchanged (paper A, Theorem 5).

    A: (h, d_in), c: (h,), X_retain: (n_r, d_in). Returns a new pair (A', c') of the same shapes with c' =
    sparsify(c, features) and the rows of A zeroed where c' is 0, which changes the function nowhere (Proposition 1). At
    most s = dim span{phi(A x) : x retained} <= n_r rows of A' are nonzero (Corollary 1). This keeps the theorem's bound; whether
    still fewer neurons would do is a combinatorial question that nobody answers fast.
    """
    phi = features(A, X_retain, activation)
    _check_weights(c, phi, "A")
    c = sparsify(c, phi)
    return torch.where(c[:, None] != 0, A, 0), c


@_on_one_thread
def sparsify(c: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
    """New output weights with the same features @ c and at most rank(features) nonzeros (paper A, Lemma 6).

    c: (h,). features: (n, h), row i = phi(A x_i), of any rank; zero or equal columns, h < n and n = 0 are fine. float32 or
    float64. Returns (h,) in c's dtype, computed in float64. A weight that is 0 stays 0, so the bound is the rank of the
    columns in use.

    How. The lemma takes the reduced column echelon basis of the null space and cancels the leading entries of c one by
    one. In that basis the leading rows form an identity, so afterwards c stands on the s other rows. Order the neurons
    with those first and the basis reads [-B^{-1} F; I], where B holds the s independent columns that stay and F the
    rest: the result is c_B + B^{-1} F c_F, c moved onto the columns B. All the freedom is in which columns stay. The
    echelon order takes the last independent ones, however nearly dependent. Here partial pivoting chooses: an LU
    factorisation of an orthonormal basis of the row space of features * c, whose columns are what each neuron
    contributes, so that neither the scale of a neuron nor that of its weight matters.

    How well. `rank(features)` is numerical, a little stricter than torch.linalg.matrix_rank's default. The result misses at
    most 1e-11 of |features| @ |c| in float64 (1e-6 in float32), usually rounding alone. Of features @ c itself that is more where the
    contributions cancel, by the factor of the cancellation. If so few neurons cannot keep this, because tiny features
    meet huge weights or float32 features fall off fast, as many stay as contribute above rounding.

    Cost O(n^2 h) for n <= h. Raises TypeError or ValueError for anything but finite floating tensors that fit.
    """
    _check_matrix("features", features, "(n, h)")
    _check_weights(c, features, "features")
    problem = _Contributions(c, features)
    return problem.weights(problem.sparsified()).to(c.dtype)


@_on_one_thread
def rank(features: torch.Tensor) -> int:
    """s = dim span{phi(A x_i)}: the bound of Theorem 5. features: (n, h).

    Counts singular values above 2 max(n, h) eps times the largest.
    """
    _check_matrix("features", features, "(n, h)")
    return _count(_singular_values(_to_unit_size(features.detach())), features.shape, torch.finfo(features.dtype).eps)


@_on_one_thread
def null_basis(features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The basis of Lemma 6: changes of c that change no output, in reduced column echelon form up to the order of the rows.

    features: (n, h), of rank s. Returns (basis (h, h - s), leading (h - s,)): features @ basis = 0, and basis[leading] is
    the identity. The s rows outside `leading` are chosen by pivoting, as in `sparsify`. Holds a matrix of h (h - s) numbers.
    """
    _check_matrix("features", features, "(n, h)")
    h = features.shape[1]
    rows, sizes = _row_space(_to_unit_size(features.detach()))
    rows = rows[:, :_count(sizes, features.shape, torch.finfo(features.dtype).eps)]
    stay = _independent_rows(rows)
    leading = torch.ones(h, dtype=torch.bool, device=features.device)
    leading[stay] = False
    leading = leading.nonzero().flatten()
    basis = rows.new_zeros(h, len(leading))
    basis[leading] = torch.eye(len(leading), dtype=rows.dtype, device=rows.device)
    basis[stay] = -torch.linalg.solve(rows[stay].T, rows[leading].T)
    return basis.to(features.dtype), leading


class _Contributions:
    """The neurons in use. Column j of `columns` (n, k) is c_j phi_j, what neuron j contributes to the outputs.

    Multipliers t (k,) stand for the weights c_j t_j: 1 everywhere is c itself, and t is allowed if columns @ t = columns @ 1.
    """

    def __init__(self, c, features):
        c, features = c.detach(), features.detach()
        self.c, self.features = c.double(), _to_unit_size(features)
        self.eps = max(torch.finfo(t.dtype).eps for t in (c, features))
        self.missed = max(MISSED.get(t.dtype, 1e-6) for t in (c, features))
        columns = self.features * _to_unit_size(c)
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
        """Multipliers with as many nonzeros as the rank of the features; more, only where that cannot keep the outputs."""
        q, r = torch.linalg.qr(self.columns.T)
        for count in (self._features_rank(), _count(_singular_values(r), (1, 1), self.eps)):
            if count >= len(self.used):
                break
            rows = q if count == q.shape[1] else q @ torch.linalg.svd(r, full_matrices=False)[0][:, :count]
            moved = self._moved_onto(_independent_rows(rows), rows)
            if self._missing(moved) <= self.missed * self.size:
                return moved
        return torch.ones_like(self.used, dtype=torch.float64)

    def _features_rank(self):
        """Of all columns and of those in use, whichever is less: rounding can make the part look larger than the whole."""
        shape, parts = self.features.shape, [self.features]
        if len(self.used) < shape[1]:
            parts.append(self.features[:, self.used])
        return min(_count(_singular_values(part), shape, self.eps) for part in parts)

    def _moved_onto(self, stay, rows):
        """All contributions moved onto the columns `stay`: B t = columns @ 1, solved in the row space, refined on the columns."""
        t = torch.linalg.solve(rows[stay].T, rows.sum(0))
        q, r = torch.linalg.qr(self.columns[:, stay])
        for _ in range(2):
            step = torch.linalg.solve_triangular(r, (q.T @ (self.outputs - self.columns[:, stay] @ t))[:, None], upper=True)[:, 0]
            better = t + step
            if not self._left(stay, better) < self._left(stay, t):  # also when r is singular and the step is not finite
                break
            t = better
        moved = torch.zeros_like(self.used, dtype=torch.float64)
        moved[stay] = t
        return moved

    def _left(self, stay, t):
        return (self.columns[:, stay] @ t - self.outputs).norm()

    def _missing(self, t):
        return (self.columns @ t - self.outputs).norm()


def _row_space(matrix):
    """(orthonormal rows' span (k, r), singular values (r,)) of a matrix (n, k). QR first: the SVD is then of a small square."""
    q, r = torch.linalg.qr(matrix.T)
    u, sizes, _ = torch.linalg.svd(r, full_matrices=False)
    return q @ u, sizes


def _singular_values(matrix):
    tall = matrix if matrix.shape[0] >= matrix.shape[1] else matrix.T
    return torch.linalg.svdvals(torch.linalg.qr(tall, mode="r")[1])


def _count(sizes, shape, eps):
    return int((sizes > 2 * max(shape) * eps * sizes[0]).sum()) if len(sizes) else 0


def _independent_rows(matrix):
    """Indices of r rows of a (k, r) matrix of full rank that form a well-conditioned square: those partial pivoting picks."""
    if matrix.shape[1] == 0:
        return torch.zeros(0, dtype=torch.long, device=matrix.device)
    _, pivots = torch.linalg.lu_factor(matrix)
    order = list(range(len(matrix)))
    for i, j in enumerate((pivots - 1).tolist()):
        order[i], order[j] = order[j], order[i]
    return torch.tensor(order[:matrix.shape[1]], dtype=torch.long, device=matrix.device)


def _to_unit_size(tensor):
    """float64, divided by the largest entry: the squares of 1e-200 are 0."""
    tensor = tensor.double()
    largest = tensor.abs().max() if tensor.numel() else 0
    return tensor / largest if largest > 0 else tensor


@_on_one_thread
def basis_pursuit(c: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
    """The weights of least sum |c'_i| with the same features @ c', by linear programming (basis pursuit, SciPy's HiGHS).

    c: (h,), features: (n, h), as in `sparsify`. Returns (h,) in c's dtype; neurons not in use stay so. The simplex method
    ends in a corner of the feasible set, which has at most s nonzeros. Its tolerance is 1e-7, so the weights on the neurons it
    chose are solved for again. Feasible for a few hundred points and neurons.

    Raises TypeError and ValueError as `sparsify` does, ArithmeticError if HiGHS finds no solution or the outputs are not kept.
    """
    from scipy.optimize import linprog

    _check_matrix("features", features, "(n, h)")
    _check_weights(c, features, "features")
    problem = _Contributions(c, features)
    units, sizes = _unit_columns(problem.columns)
    if len(units) == 0 or units.shape[1] == 0:
        return torch.zeros_like(c)
    rows, values = _row_space(units)
    rows = rows[:, :_count(values, features.shape, problem.eps)]
    cost = problem.c[problem.used].abs() / sizes           # of one unit of contribution
    cost = (cost / cost.max()).clamp_min(1e-8).cpu().numpy()   # less is nothing to HiGHS, whose tolerance is 1e-7
    wanted = rows.T @ (sizes / sizes.max())
    equations = {"A_eq": torch.cat([rows.T, -rows.T], 1).cpu().numpy(), "b_eq": wanted.cpu().numpy()}
    for presolve in (True, False):
        options = {"presolve": presolve, "maxiter": 50 * (rows.shape[1] + len(cost))}
        found = linprog([*cost, *cost], **equations, method="highs-ds", options=options)
        if found.status == 0:
            break
    else:
        raise ArithmeticError(f"basis pursuit: HiGHS found no solution: {found.message}")
    positive, negative = rows.new_tensor(found.x).chunk(2)
    stay = _completed((positive != negative).nonzero().flatten(), rows)
    t = _solved_on(problem, stay, units, sizes)
    _check_kept("basis pursuit", problem, t)
    return problem.weights(t).to(c.dtype)


@_on_one_thread
def matching_pursuit(c: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
    """Few weights with the same features @ c', chosen one at a time (orthogonal matching pursuit).

    c: (h,), features: (n, h), as in `sparsify`. Each step takes the neuron whose outputs, scaled to length 1, have the largest
    inner product with what is still missing, and solves for all chosen weights again. What is missing is orthogonal to the
    chosen outputs, so every step takes an independent one and there are at most s steps; it stops when nothing is missing.
    Returns (h,) in c's dtype; neurons not in use stay so. Cost O(n h) a step.

    Raises TypeError and ValueError as `sparsify` does, ArithmeticError if the outputs are not kept.
    """
    _check_matrix("features", features, "(n, h)")
    _check_weights(c, features, "features")
    problem = _Contributions(c, features)
    units, sizes = _unit_columns(problem.columns)
    chosen = _greedy(units, problem.outputs, problem.eps * problem.size, problem.eps)
    t = _solved_on(problem, torch.tensor(chosen, dtype=torch.long, device=c.device), units, sizes)
    _check_kept("matching pursuit", problem, t)
    return problem.weights(t).to(c.dtype)


def _completed(stay, rows):
    """`stay` and as many more columns as span everything: a weight below HiGHS's tolerance is missing from its answer."""
    if len(stay) >= rows.shape[1]:
        return stay
    free = torch.linalg.qr(rows[stay].T, mode="complete")[0][:, len(stay):]
    return torch.cat([stay, _independent_rows(rows @ free)])


def _greedy(units, wanted, enough, eps):
    """Indices of columns, in the order orthogonal matching pursuit takes them, until at most `enough` is missing."""
    basis, missing, chosen = units[:, :0], wanted, []
    open_ = torch.ones(units.shape[1], dtype=torch.bool, device=units.device)
    while missing.norm() > enough and open_.any():
        j = int(torch.where(open_, (units.T @ missing).abs(), -1).argmax())
        open_[j] = False
        new = units[:, j]
        for _ in range(2):
            new = new - basis @ (basis.T @ new)
        if new.norm() > 4 * max(units.shape) * eps:        # else it is a combination of the chosen ones
            basis = torch.cat([basis, (new / new.norm())[:, None]], 1)
            missing = wanted - basis @ (basis.T @ wanted)
            missing = missing - basis @ (basis.T @ missing)
            chosen.append(j)
    return chosen


def _unit_columns(columns):
    sizes = columns.norm(dim=0)
    return columns / sizes, sizes


def _solved_on(problem, stay, units, sizes):
    """Multipliers on `stay` that come nearest to the outputs, by two rounds of least squares."""
    t, missing = torch.zeros_like(problem.used, dtype=torch.float64), problem.outputs
    q, r = torch.linalg.qr(units[:, stay])
    for _ in range(2):
        t[stay] += torch.linalg.solve_triangular(r, (q.T @ missing)[:, None], upper=True)[:, 0] / sizes[stay]
        missing = problem.outputs - problem.columns @ t
    return t


def _check_kept(name, problem, t):
    missing = float(problem._missing(t) / problem.size) if problem.size > 0 else 0.0
    if not missing <= 10 * problem.missed:
        raise ArithmeticError(f"{name}: the chosen neurons miss {missing:.1e} of |features| @ |c|; the features are too nearly dependent")


@_on_one_thread
def fit(X: torch.Tensor, y: torch.Tensor, width: int, activation: Activation, seed: int = 0,
        epochs: int = 600, lr: float = .03) -> tuple[torch.Tensor, torch.Tensor]:
    """Trains A and c until f(x_i) = y_i within 1e-12 of the largest |y_i|: AdamW for the shape, then Gauss-Newton steps;
    up to six rounds of both.

    X: (n, d_in), y: (n,), float64. width: h. The start is standard normal, c over sqrt(h). Returns (A (h, d_in), c (h,)), the same
    for the same arguments; deterministic. Raises TypeError or ValueError for arguments that do not fit, ArithmeticError if
    the network does not interpolate (too few neurons, or equal inputs with different targets).
    """
    _check_matrix("X", X, "(n, d_in)"), _check_vector("y", y, len(X), "one target for every row of X")
    if X.dtype != torch.float64 or y.dtype != torch.float64:
        raise TypeError(f"X and y must be float64, got {X.dtype} and {y.dtype}: interpolation to 1e-12 needs it")
    if isinstance(width, bool) or not isinstance(width, int) or width < 1:
        raise ValueError(f"width must be a positive whole number, got {width!r}")
    if not callable(activation):
        raise TypeError(f"activation must be a function of a tensor, such as torch.relu, got {type(activation).__name__}")
    start = seeded(lambda: torch.randn(width, X.shape[1] + 1, dtype=torch.float64), seed)
    A, c = start[:, :-1].clone(), start[:, -1] / math.sqrt(width)
    for _ in range(ROUNDS):
        A, c = _descend(A, c, X, y, activation, epochs, lr)
        found, left = _interpolate(A, c, X, y, activation)
        if found is not None:
            return found
    raise ArithmeticError(f"a network of {width} neurons does not fit these {len(y)} points: a residual of {left:.1e} remains")


@torch.enable_grad()
def _descend(A, c, X, y, activation, epochs, lr):
    A, c = A.requires_grad_(), c.requires_grad_()
    optimizer = torch.optim.AdamW([A, c], lr=lr, weight_decay=0)
    for _ in range(epochs):
        optimizer.zero_grad()
        (activation(X @ A.T) @ c - y).square().mean().backward()
        optimizer.step()
    return A.detach(), c.detach()


def _interpolate(A, c, X, y, activation):
    """((A, c) after small changes that repair the residual, 0), or (None, the residual that remains).

    Damped Gauss-Newton steps in (A, c) while they help, then least squares in c.
    """
    if not len(y):
        return (A, c), 0.0
    goal, damping = RESIDUAL * max(1.0, float(y.abs().max())), 1e-3
    for _ in range(100):
        z, slope = _with_slope(activation, X @ A.T)
        missing, slope = y - z @ c, slope * c
        if missing.abs().max() <= goal:
            return (A, c), 0.0
        gram = z @ z.T + (slope @ slope.T) * (X @ X.T)     # of the gradients by (A, c), which are never formed
        for damping in (damping / 10, damping, *(damping * 10. ** k for k in range(1, 8))):
            weights = _solve(gram, damping, missing)
            nearer = A + (slope * weights[:, None]).T @ X, c + z.T @ weights
            if (y - activation(X @ nearer[0].T) @ nearer[1]).norm() < missing.norm():
                A, c = nearer
                break
        else:
            break
    for _ in range(3):
        z = activation(X @ A.T)
        missing = y - z @ c
        if missing.abs().max() <= goal:
            return (A, c), 0.0
        c = c + z.T @ _solve(z @ z.T, 0, missing)
    return None, float(missing.abs().max())


def _solve(gram, damping, missing):
    damped = gram + damping * gram.diagonal().mean() * torch.eye(len(gram), dtype=gram.dtype)
    return torch.linalg.lstsq(damped, missing, driver="gelsd").solution


@torch.enable_grad()
def _with_slope(activation, z):
    z = z.detach().requires_grad_()
    value = activation(z)
    return value.detach(), torch.autograd.grad(value.sum(), z)[0]


def _check_matrix(name, tensor, shape):
    _check_floating(name, tensor)
    if tensor.ndim != 2:
        raise ValueError(f"{name} must have shape {shape}, got {tuple(tensor.shape)}")
    if not torch.isfinite(tensor).all():
        raise ValueError(f"{name} holds a NaN or an infinity")


def _check_weights(c, features, name):
    _check_vector("c", c, features.shape[1], f"one weight for every neuron of {name}")


def _check_vector(name, tensor, size, meaning):
    _check_floating(name, tensor)
    if tensor.shape != (size,):
        raise ValueError(f"{name} must have shape ({size},), {meaning}, got {tuple(tensor.shape)}")
    if not torch.isfinite(tensor).all():
        raise ValueError(f"{name} holds a NaN or an infinity")


def _check_floating(name, tensor):
    if not isinstance(tensor, torch.Tensor) or tensor.dtype not in (torch.float32, torch.float64):
        got = f"a {tensor.dtype} tensor" if isinstance(tensor, torch.Tensor) else type(tensor).__name__
        raise TypeError(f"{name} must be a float32 or float64 tensor, got {got}")
