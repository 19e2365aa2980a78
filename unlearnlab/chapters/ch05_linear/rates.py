"""What do gradient descent and passes over batches do to a linear model, and how fast?"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from ...ground.checks import integer, number
from ...projection.definition import project_out
from ...theory.linear import check_data, decompose, min_norm


def gradient_descent(
    X: Tensor, y: Tensor, start: Tensor, steps: int, lr: float | None = None, lam: float = 0.0
) -> Tensor:
    """Every iterate of plain gradient descent on |X theta - y|^2 / n + lam |theta|^2.

    X: (n, m). y: (n,). start: (m,). steps: how many, at least 0.
    lr: step size, by default 1 / L, where L = 2 (s_1^2 / n + lam) is the largest curvature and s_1
        the largest singular value of X; from 2 / L on descent diverges.
    lam: 0 is GD, more the Ridge baseline with a fixed penalty.

    Returns (steps + 1, m), `start` first.

    Raises as `min_norm` does, and ValueError for lr, lam or steps out of range.
    """
    check_data(X, y, start=start)
    lr = step_size(X, lr, lam)
    steps = integer("steps", steps, low=0)
    rows, labels, theta = X.double(), y.double(), start.double()
    path = [theta]
    for _ in range(steps):
        slope = 2 / max(len(rows), 1) * rows.T @ (rows @ theta - labels) + 2 * lam * theta
        theta = theta - lr * slope
        path.append(theta)
    return torch.stack(path).to(start.dtype)


def descent_distance(
    X: Tensor, y: Tensor, start: Tensor, steps: Tensor, lam: float = 0.0, lr: float | None = None
) -> Tensor:
    """How far `gradient_descent` is from min_norm(X, y) after each of `steps`, without running it.

    Along v_i the error shrinks by q_i = 1 - 2 lr (s_i^2 / n + lam) a step, towards the bias
    -n lam / (s_i^2 + n lam) of `ridge` relative to min_norm; off the span by 1 - 2 lr lam, which is
    1 for lam = 0: there descent does nothing.

    steps: any shape, whole numbers from 0 to 1e15. The other arguments as in `gradient_descent`.

    Returns distances, shaped like steps, float64. Raises as `gradient_descent` does.
    """
    check_data(X, y, start=start)
    lr = step_size(X, lr, lam)
    n, target = max(len(X), 1), min_norm(X.double(), y.double())
    U, s, V = decompose(X)
    count = torch.as_tensor(steps, dtype=torch.float64, device=X.device)[..., None]
    if not (count >= 0).all():
        raise ValueError(f"steps must be at least 0, got {float(count.min()):g}")
    bias = -n * lam / (s.square() + n * lam) * (V @ target) if lam > 0 else torch.zeros_like(s)
    shrunk = (1 - 2 * lr * (s.square() / n + lam)) ** count
    inside = bias * (1 - shrunk) + shrunk * (V @ (start.double() - target))
    outside = project_out(start.double(), X).norm() * (1 - 2 * lr * lam) ** count
    return torch.cat([inside, outside], -1).norm(dim=-1)


def steps_to_reach(
    distance: Callable[[Tensor], Tensor], goal: float, limit: int = 10**12
) -> int | float:
    """The first number of steps after which distance(steps) <= goal.

    distance: takes a tensor of whole numbers (k,), returns distances (k,); smooth in the logarithm
        of the number of steps, as sums of powers are: it is looked at in a hundredth of a decade,
        then by bisection.
    goal: greater than 0. limit: the most steps, at least 1.

    Returns math.inf where it takes more than `limit`. Raises ValueError for a goal that is not
    positive.
    """
    number("goal", goal, above=0)
    decades = torch.arange(0, 100 * math.log10(limit) + 1, dtype=torch.float64) / 100
    counts = torch.cat([torch.arange(100), (10**decades).round().long()]).clamp_max(limit).unique()
    near = (distance(counts) <= goal).nonzero()
    if len(near) == 0:
        return math.inf
    first = int(near[0])
    low, high = (int(counts[first - 1]) if first else -1), int(counts[first])
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if distance(torch.tensor([middle]))[0] <= goal else (middle, high)
    return high


def batch_pass(
    theta: Tensor, X: Tensor, y: Tensor, n_pert: int, strength: float = 1.0, repair: bool = True
) -> Tensor:
    """One pass of MinNorm-OG over batches of retain rows, in order (paper A, Algorithm 1).

    Each batch does theta <- theta - strength P_perp theta, with P_perp off the rows of this batch
    alone; then, if `repair`, descent on the batch until it ends, which adds
    min_norm(X_batch, y_batch - X_batch theta).

    theta: (m,). X: (n_r, m). y: (n_r,). n_pert: rows in a batch; the last may be smaller.
    strength: in [0, 1]. repair: whether to descend.

    Returns (batches + 1, m): theta before the pass and after every batch.

    Raises as `min_norm` does, and ValueError for n_pert < 1 or a strength outside [0, 1].
    """
    check_data(X, y, theta=theta)
    n_pert = integer("n_pert", n_pert, low=1)
    number("strength", strength, low=0, high=1)
    path = [theta.double()]
    for i in range(0, len(X), n_pert):
        rows, labels = X[i : i + n_pert], y[i : i + n_pert].double()
        moved = path[-1] - strength * project_out(path[-1], rows)
        if repair:
            moved = moved + min_norm(rows.double(), labels - rows.double() @ moved)
        path.append(moved)
    return torch.stack(path).to(theta.dtype)


def step_size(X, lr, lam):
    """lr, or by default one over the largest curvature; ValueError where descent would diverge."""
    number("lam", lam, low=0)
    top = float(torch.linalg.matrix_norm(X.double(), ord=2)) if X.numel() else 0.0
    curvature = 2 * (top**2 / max(len(X), 1) + lam)
    if lr is None:
        return 1 / curvature if curvature else 1.0
    most = 2 / curvature if curvature else math.inf
    if number("lr", lr) <= 0 or lr * curvature >= 2:
        raise ValueError(
            f"lr must be a positive number below {most:.3g}, where descent on these rows "
            f"begins to diverge, got {lr!r}"
        )
    return lr
