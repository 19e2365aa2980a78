"""Few weights by other means: a linear program, and one neuron at a time."""

import torch

from ...ground.threads import one_thread
from ...theory.two_layer.survivors import Contributions, rank


@one_thread()
def basis_pursuit(c: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
    """The weights of least sum |c'_i| with the same features @ c': basis pursuit, a linear program.

    SciPy's HiGHS solves it by the simplex method, which ends in a corner of the feasible set: at
    most s nonzeros. Its tolerance is 1e-7, so the weights on the neurons it chose are solved for
    again, and neurons whose columns are more than a million times as long as another's may all
    count as equally dear. Feasible for a few hundred points and neurons.

    c: (h,). features: (n, h). Returns (h,) in c's dtype; neurons not in use stay so.

    Raises TypeError and ValueError as `sparsify` does, ArithmeticError if HiGHS finds no solution
    or the outputs are not kept.
    """
    from scipy.optimize import linprog

    problem = Contributions(c, features)
    if problem.columns.numel() == 0:
        return torch.zeros_like(c)
    sizes = problem.columns.norm(dim=0)
    units = problem.columns / sizes
    cost = problem.c[problem.used].abs() / sizes  # of one unit of contribution
    cost = (cost / cost.max()).clamp_min(1e-8)  # less is nothing to HiGHS, whose tolerance is 1e-7
    # of the positive and of the negative parts
    parts = [cost, cost], [units.T, -units.T], [units @ (sizes / sizes.max())]
    costs, equations, wanted = (torch.cat(part).cpu().numpy() for part in parts)
    best = linprog(costs, A_eq=equations.T, b_eq=wanted, method="highs-ds")
    if best.status != 0:
        raise ArithmeticError(f"basis pursuit: HiGHS found no solution: {best.message}")
    positive, negative = units.new_tensor(best.x).chunk(2)
    taken = (positive - negative).nonzero().flatten().tolist()
    return _kept("basis pursuit", problem, taken).to(c.dtype)


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
    return _kept("matching pursuit", Contributions(c, features), []).to(c.dtype)


def _kept(name, problem, taken):
    """The weights that keep the outputs, on the neurons `taken` and as many more as matching
    pursuit takes: a weight below the tolerance of HiGHS is missing from its answer."""
    sizes = problem.columns.norm(dim=0)
    units = problem.columns / sizes
    basis = torch.linalg.qr(units[:, taken])[0]
    off = lambda vector: vector - basis @ (basis.T @ vector)
    missing, most = off(off(problem.outputs)), rank(units)
    while missing.norm() > problem.eps * problem.size:
        j = int((units.T @ missing).abs().argmax())
        new = off(off(units[:, j]))
        rounding = 4 * max(units.shape) * problem.eps
        if len(taken) >= most:  # nearly parallel ones say little about what they span
            rounding /= torch.linalg.svdvals(units[:, taken])[-1]
        if new.norm() <= rounding:  # a combination of the taken ones
            break
        basis = torch.cat([basis, (new / new.norm())[:, None]], 1)
        missing = off(off(problem.outputs))
        taken.append(j)
    t, missing = torch.zeros_like(sizes), problem.outputs
    for _ in range(2):  # the second time takes away the rounding of the first
        t[taken] += torch.linalg.lstsq(units[:, taken], missing[:, None])[0][:, 0] / sizes[taken]
        missing = problem.outputs - problem.columns @ t
    share = float(missing.norm() / problem.size) if problem.size > 0 else 0.0
    if not share <= 10 * problem.missed:
        raise ArithmeticError(
            f"{name}: the neurons it chose miss {share:.1e} of |features| @ |c|; the features "
            "are too nearly dependent"
        )
    return problem.weights(t)
