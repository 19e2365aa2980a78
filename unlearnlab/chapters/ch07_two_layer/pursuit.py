"""Few weights by other means: a linear program, and one neuron at a time."""

import torch

from ...ground.threads import one_thread
from ...theory.two_layer.survivors import Contributions, count, independent_rows
from .echelon import row_space


@one_thread()
def basis_pursuit(c: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
    """The weights of least sum |c'_i| with the same features @ c': basis pursuit, a linear program.

    SciPy's HiGHS solves it by the simplex method, which ends in a corner of the feasible set: at
    most s nonzeros. Its tolerance is 1e-7, so the weights on the neurons it chose are solved for
    again. Feasible for a few hundred points and neurons.

    c: (h,). features: (n, h). Returns (h,) in c's dtype; neurons not in use stay so.

    Raises TypeError and ValueError as `sparsify` does, ArithmeticError if HiGHS finds no solution
    or the outputs are not kept.
    """
    problem = Contributions(c, features)
    units, sizes = _unit_columns(problem.columns)
    if len(units) == 0 or units.shape[1] == 0:
        return torch.zeros_like(c)
    rows, values = row_space(units)
    rows = rows[:, : count(values, features.shape, problem.eps)]
    cost = problem.c[problem.used].abs() / sizes  # of one unit of contribution
    shares = _least_absolute_sum(cost / cost.max(), rows, rows.T @ (sizes / sizes.max()))
    stay = _completed(shares.nonzero().flatten(), rows)
    t = _solved_on(problem, stay, units, sizes)
    _check_kept("basis pursuit", problem, t)
    return problem.weights(t).to(c.dtype)


@one_thread()
def matching_pursuit(c: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
    """Few weights with the same features @ c', taken one at a time (orthogonal matching pursuit).

    Each step takes the neuron whose outputs, scaled to length 1, have the largest inner product
    with what is still missing, and solves for all taken weights again. What is missing is
    orthogonal to the taken outputs, so every step takes an independent one and there are at most s
    steps; it stops when nothing is missing. Cost O(n h) a step.

    c: (h,). features: (n, h). Returns (h,) in c's dtype; neurons not in use stay so.

    Raises TypeError and ValueError as `sparsify` does, ArithmeticError if the outputs are not kept.
    """
    problem = Contributions(c, features)
    units, sizes = _unit_columns(problem.columns)
    taken = _greedy(units, problem.outputs, problem.eps * problem.size, problem.eps)
    t = _solved_on(problem, torch.tensor(taken, dtype=torch.long, device=c.device), units, sizes)
    _check_kept("matching pursuit", problem, t)
    return problem.weights(t).to(c.dtype)


def _least_absolute_sum(cost, rows, wanted):
    """x (k,) of least sum cost_j |x_j| with rows^T x = wanted, from its positive and negative
    parts.
    """
    from scipy.optimize import linprog

    cost = cost.clamp_min(1e-8).cpu().numpy()  # less is nothing to HiGHS, whose tolerance is 1e-7
    equations = torch.cat([rows.T, -rows.T], 1).cpu().numpy()
    for presolve in (True, False):
        options = {"presolve": presolve, "maxiter": 50 * (rows.shape[1] + len(cost))}
        result = linprog(
            [*cost, *cost],
            A_eq=equations,
            b_eq=wanted.cpu().numpy(),
            method="highs-ds",
            options=options,
        )
        if result.status == 0:
            positive, negative = rows.new_tensor(result.x).chunk(2)
            return positive - negative
    raise ArithmeticError(f"basis pursuit: HiGHS found no solution: {result.message}")


def _completed(stay, rows):
    """`stay` and as many more columns as span everything.

    A weight below HiGHS's tolerance is missing from its answer.
    """
    if len(stay) >= rows.shape[1]:
        return stay
    free = torch.linalg.qr(rows[stay].T, mode="complete")[0][:, len(stay) :]
    return torch.cat([stay, independent_rows(rows @ free)])


def _greedy(units, wanted, enough, eps):
    """Indices of columns as matching pursuit takes them, until at most `enough` is missing."""
    basis, missing, taken = units[:, :0], wanted, []
    open_ = torch.ones(units.shape[1], dtype=torch.bool, device=units.device)
    while missing.norm() > enough and open_.any():
        j = int(torch.where(open_, (units.T @ missing).abs(), -1).argmax())
        open_[j] = False
        new = units[:, j]
        for _ in range(2):
            new = new - basis @ (basis.T @ new)
        if new.norm() > 4 * max(units.shape) * eps:  # else it is a combination of the taken ones
            basis = torch.cat([basis, (new / new.norm())[:, None]], 1)
            missing = wanted - basis @ (basis.T @ wanted)
            missing = missing - basis @ (basis.T @ missing)
            taken.append(j)
    return taken


def _unit_columns(columns):
    sizes = columns.norm(dim=0)
    return columns / sizes, sizes


def _solved_on(problem, stay, units, sizes):
    """Multipliers on `stay` that come nearest to the outputs, by two rounds of least squares."""
    t, missing = torch.zeros_like(problem.used, dtype=torch.float64), problem.outputs
    q, r = torch.linalg.qr(units[:, stay])
    for _ in range(2):
        lengths = torch.linalg.solve_triangular(r, (q.T @ missing)[:, None], upper=True)[:, 0]
        t[stay] += lengths / sizes[stay]
        missing = problem.outputs - problem.columns @ t
    return t


def _check_kept(name, problem, t):
    missing = float(problem.missing(t) / problem.size) if problem.size > 0 else 0.0
    if not missing <= 10 * problem.missed:
        raise ArithmeticError(
            f"{name}: the neurons it chose miss {missing:.1e} of |features| @ |c|; the features "
            "are too nearly dependent"
        )
