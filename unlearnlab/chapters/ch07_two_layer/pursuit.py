"""Few weights by other means: a linear program, and one neuron at a time."""

import torch

from ...ground.threads import one_thread
from ...theory.two_layer.survivors import Contributions, count, independent_rows


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
    from scipy.optimize import linprog

    problem = Contributions(c, features)
    units, sizes = _unit_columns(problem.columns)
    if units.numel() == 0:
        return torch.zeros_like(c)
    q, r = torch.linalg.qr(units.T)  # first, as the SVD is then of a small square
    u, values, _ = torch.linalg.svd(r, full_matrices=False)
    rows = (q @ u)[:, : count(values, features.shape, problem.eps)]
    cost = problem.c[problem.used].abs() / sizes  # of one unit of contribution
    cost = (cost / cost.max()).clamp_min(1e-8)  # less is nothing to HiGHS, whose tolerance is 1e-7
    parts = [cost, cost], [rows, -rows], [rows.T @ (sizes / sizes.max())]  # positive, negative
    costs, equations, wanted = (torch.cat(part).cpu().numpy() for part in parts)
    found = linprog(costs, A_eq=equations.T, b_eq=wanted, method="highs-ds")
    if found.status != 0:
        raise ArithmeticError(f"basis pursuit: HiGHS found no solution: {found.message}")
    positive, negative = rows.new_tensor(found.x).chunk(2)
    stay = (positive - negative).nonzero().flatten()
    if len(stay) < rows.shape[1]:  # a weight below the tolerance is missing: as many as span all
        free = torch.linalg.qr(rows[stay].T, mode="complete")[0][:, len(stay) :]
        stay = torch.cat([stay, independent_rows(rows @ free)])
    return _kept("basis pursuit", problem, stay).to(c.dtype)


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
    units = _unit_columns(problem.columns)[0]
    basis, missing, taken = units[:, :0], problem.outputs, []
    off = lambda vector: vector - basis @ (basis.T @ vector)
    while missing.norm() > problem.eps * problem.size:
        j = int((units.T @ missing).abs().argmax())
        new = off(off(units[:, j]))
        if new.norm() <= 4 * max(units.shape) * problem.eps:  # a combination of the taken ones
            break
        basis = torch.cat([basis, (new / new.norm())[:, None]], 1)
        missing = off(off(problem.outputs))
        taken.append(j)
    return _kept("matching pursuit", problem, taken).to(c.dtype)


def _unit_columns(columns):
    sizes = columns.norm(dim=0)
    return columns / sizes, sizes


def _kept(name, problem, stay):
    """The weights on `stay` that come nearest to the outputs, by two rounds of least squares."""
    t, missing = torch.zeros_like(problem.used, dtype=torch.float64), problem.outputs
    units, sizes = _unit_columns(problem.columns[:, stay])
    q, r = torch.linalg.qr(units)
    for _ in range(2):
        lengths = torch.linalg.solve_triangular(r, (q.T @ missing)[:, None], upper=True)[:, 0]
        t[stay] += lengths / sizes
        missing = problem.outputs - problem.columns @ t
    share = float(missing.norm() / problem.size) if problem.size > 0 else 0.0
    if not share <= 10 * problem.missed:
        raise ArithmeticError(
            f"{name}: the neurons it chose miss {share:.1e} of |features| @ |c|; the features "
            "are too nearly dependent"
        )
    return problem.weights(t)
