"""What does exact unlearning do to a linear network: many parameters, one linear predictor?

A linear network of L layers is a list of matrices in order of application, layers = [A_1, ..., A_{L-1}, c]: A_1 is (h_1, m), A_l is
(h_l, h_{l-1}), c is (1, h_{L-1}). Its output and its predictor are (paper A, L-layer linear networks)

    f(theta, x) = c A_{L-1} ... A_1 x = <w(theta), x>,    w(theta) = A_1^T ... A_{L-1}^T c^T.

With v = A_2^T ... A_{L-1}^T c^T this reads w = A_1^T v: whatever the depth, A_1 moves w linearly, and v is its lever. One layer
(L = 1, layers = [c]) is the linear model, with v = 1.

Every function takes float32 or float64 layers of one dtype, computes in float64 and returns that dtype; none changes its arguments.
Wrong types raise TypeError, wrong shapes, NaN or infinity ValueError, before any work.
"""
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ..projection import project_out

EPS = 2.0 ** -52  # of float64
Layers = Sequence[torch.Tensor]


def predictor(layers: Layers) -> torch.Tensor:
    """w(theta) = A_1^T ... A_{L-1}^T c^T, (m,): the linear function the network computes. Differentiable in the layers."""
    check_layers(layers)
    return _predictor([a.double() for a in layers]).to(layers[0].dtype)


def upper(layers: Layers) -> torch.Tensor:
    """v = A_2^T ... A_{L-1}^T c^T, (h_1,): f(theta, x) = <v, A_1 x>, and w(theta) = A_1^T v (Lemma 1). One layer: (1,), a one."""
    check_layers(layers)
    return _upper([a.double() for a in layers]).to(layers[0].dtype)


def norm_squared(layers: Layers) -> torch.Tensor:
    """||theta||^2, a scalar: the squares of all entries of all layers, added up."""
    check_layers(layers)
    return sum(a.double().square().sum() for a in layers).to(layers[0].dtype)


def output_gradients(layers: Layers, X: torch.Tensor) -> torch.Tensor:
    """The rows of the linearised constraints (6): row i is grad_theta f(theta, x_i), (n, d), parameters ordered as in `flatten`.

    X: (n, m), one input per row, n may be 0. The part of row i that belongs to layer l is the matrix u z^T, with what the layers above
    make of its output, u = A_{l+1}^T ... c^T, and what arrives at it, z = A_{l-1} ... A_1 x_i.
    """
    check_layers(layers)
    check_inputs("X", X, layers)
    return _gradients([a.double() for a in layers], X.double()).to(layers[0].dtype)


def flatten(layers: Layers) -> torch.Tensor:
    """theta, (d,): the entries of all layers, first layer first, row by row."""
    return torch.cat([a.flatten() for a in layers])


def unflatten(theta: torch.Tensor, like: Layers) -> list[torch.Tensor]:
    """The inverse of `flatten`: theta (d,) as a list of matrices shaped as those of `like`. ValueError when d does not fit."""
    sizes = [a.numel() for a in like]
    if theta.shape != (sum(sizes),):
        raise ValueError(f"theta must have shape ({sum(sizes)},) for layers of shapes {[tuple(a.shape) for a in like]}, got "
                         f"{tuple(theta.shape)}")
    return [part.view(a.shape) for part, a in zip(theta.split(sizes), like)]


def random_network(m: int, widths: Sequence[int], seed: int = 0) -> list[torch.Tensor]:
    """Layers with independent normal entries of variance 1 / fan-in, float64; m inputs, hidden `widths` (none: one layer).

    With targets y = X @ predictor(layers), it interpolates any inputs X (n, m): a random original model.
    """
    sizes = [_size("m", m), *_widths(widths), 1]
    draw = torch.Generator().manual_seed(seed)
    return [torch.randn(b, a, generator=draw, dtype=torch.float64) / a ** .5 for a, b in zip(sizes, sizes[1:])]


def _predictor(layers):
    return layers[0].T @ _upper(layers)


def _upper(layers):
    v = layers[0].new_ones(1)
    for a in reversed(layers[1:]):
        v = a.T @ v
    return v


def _gradients(layers, X):
    into, above = [X], [X.new_ones(1)]
    for a in layers[:-1]:
        into.append(into[-1] @ a.T)
    for a in reversed(layers[1:]):
        above.append(a.T @ above[-1])
    return torch.cat([(u[:, None] * z[:, None, :]).flatten(1) for u, z in zip(reversed(above), into)], 1)


@torch.no_grad()
def perturbation(layers: Layers, X_retain: torch.Tensor) -> list[torch.Tensor]:
    """Lemma 1's Delta, a list shaped like layers: Delta_{A_1} = -(v / ||v||^2) (P_perp w(theta))^T, every other layer 0.

    P_perp projects off the rows of X_retain (n_r, m), n_r < m, of any rank; n_r = 0 is no constraint at all. Delta keeps every retain
    output, and w(theta + Delta) = P w(theta), the minimum-norm predictor among those that do. Of all steps of A_1 with these two
    properties it is the shortest.

    Computed as -u (P_perp A_1^T u)^T with u = v / ||v||, which is the same matrix: the length of v, which can be 1e-200 or
    1e200 in a deep network, cancels.

    Raises ValueError when v = 0 up to rounding (then A_1 moves nothing), or when n_r >= m.
    """
    check_layers(layers)
    check_inputs("X_retain", X_retain, layers)
    n, m = X_retain.shape
    if n >= m:
        raise ValueError(f"X_retain must have fewer rows than columns (n_r < m), got {n} rows and {m} columns: with m independent "
                         "retain points the outputs fix the predictor and nothing is left to unlearn; if rows repeat, pass each once")
    first = layers[0].double()
    u = _unit_upper(layers)
    moved = -u[:, None] * project_out(first.T @ u, X_retain)
    return [moved.to(layers[0].dtype), *(torch.zeros_like(a) for a in layers[1:])]


@torch.no_grad()
def unlearn(layers: Layers, X_retain: torch.Tensor) -> list[torch.Tensor]:
    """theta + Delta of Lemma 1: a new list of layers whose predictor is P w(theta), exactly (4)'s solution for R = ||w(theta)||_2.

    X_retain: (n_r, m), n_r < m, of any rank. float64 layers are exact to rounding, float32 ones to that of storing them.
    Raises ValueError when v = 0 up to rounding, or when n_r >= m; see `perturbation`.
    """
    check_layers(layers)
    delta = perturbation([a.double() for a in layers], X_retain)
    return [(a.double() + d).to(a.dtype) for a, d in zip(layers, delta)]


def _unit_upper(layers):
    """v / ||v||, by unit vectors all the way up. ValueError when a product is 0, or so small that it is only rounding."""
    u = layers[0].new_ones(1, dtype=torch.float64)
    for l in range(len(layers) - 1, 0, -1):
        a = layers[l].detach().double()
        a = a / a.abs().max().clamp_min(torch.finfo(torch.float64).tiny)
        product, rounding = a.T @ u, len(layers) * len(u) * EPS * (a.abs().T @ u.abs()).norm()
        if product.norm() <= rounding:
            what = "c" if l == len(layers) - 1 else f"the product of layers[{l}] to layers[{len(layers) - 1}]"
            raise ValueError(f"v = 0: {what} is zero up to rounding, so the output is 0 for every input and no change of A_1 moves "
                             "it; "
                             "Lemma 1 needs v = A_2^T ... A_{L-1}^T c^T to be nonzero")
        u = product / product.norm()
    return u


@torch.no_grad()
def min_param_norm(w: torch.Tensor, widths: Sequence[int]) -> list[torch.Tensor]:
    """Layers with predictor w and the smallest ||theta||^2 there is, L rho^(2/L) with rho = ||w|| (Theorem 4).

    w: (m,). widths: (h_1, ..., h_{L-1}), positive; empty for one layer. With unit vectors v_0 = w / rho, v_1, ..., v_{L-1} and
    v_L = 1, layer l is rho^(1/L) v_l v_{l-1}^T, of Frobenius norm rho^(1/L). Any unit vectors do; here v_1, ..., v_{L-1} are the
    first ones of their spaces, so that one neuron per layer works. w = 0 gives zero layers: norm 0 is the minimum then. Returns w's dtype.

    Raises TypeError for a w that is no float32 or float64 tensor or widths that are no integers, ValueError for shapes or values.
    """
    _check_tensor("w", w, 1)
    sizes = [*_widths(widths), 1]
    top = float(w.abs().max())
    if top == 0:
        return [w.new_zeros(b, a) for a, b in zip([len(w), *sizes], sizes)]
    unit = w.double() / top
    size = float(unit.norm())
    units = [unit / size] + [torch.eye(1, h, dtype=torch.float64, device=w.device)[0] for h in sizes]
    each = top ** (1 / len(sizes)) * size ** (1 / len(sizes))  # rho^(1/L), without forming rho: it may overflow
    return [(each * b[:, None] * a).to(w.dtype) for a, b in zip(units, units[1:])]


def fit_first_layer(layers: Layers, X: torch.Tensor, y: torch.Tensor) -> list[torch.Tensor]:
    """The layers with the shortest change of A_1 after which X w = y: A_1 + (v / ||v||^2) (X^+ (y - X w))^T.

    X: (n, m) of any rank, y: (n,); when no predictor fits y, X w comes as near to it as it can. Lemma 1's lever once more. It turns the
    constraints of (4) into a change of variables: run any optimiser on ||fit_first_layer(theta)||^2, and every point it visits
    interpolates. Differentiable. Raises ValueError when v = 0 up to rounding.
    """
    check_layers(layers)
    check_inputs("X", X, layers)
    _check_targets(y, X)
    _unit_upper(layers)
    double = [a.double() for a in layers]
    return [a.to(layers[0].dtype) for a in _fit_first_layer(double, torch.linalg.pinv(X.double()), X.double(), y.double())]


def _fit_first_layer(layers, pinv, X, y):
    v = _upper(layers)
    lever = v / v.square().sum()
    return [layers[0] + lever[:, None] * (pinv @ (y - X @ (layers[0].T @ v))), *layers[1:]]


def search_min_norm(X: torch.Tensor, y: torch.Tensor, widths: Sequence[int], seed: int = 0, iterations: int = 500) -> list[torch.Tensor]:
    """What L-BFGS (SciPy) finds for: min ||theta||^2 subject to f(theta, x_i) = y_i. It starts at random_network(m, widths, seed).

    X: (n, m), y: (n,), not all 0, and some predictor fits. The constraints hold at every iterate, by `fit_first_layer`.
    Returns float64 layers.
    """
    from scipy.optimize import minimize
    like = random_network(X.shape[1], widths, seed)
    check_inputs("X", X, like)
    _check_targets(y, X)
    if not y.any():
        raise ValueError("y must not be all 0: then zero layers fit, and the smallest norm is 0 (see min_param_norm)")
    X, y = X.double(), y.double()
    pinv = torch.linalg.pinv(X)

    def objective(theta):
        theta = torch.from_numpy(theta).requires_grad_()
        value = sum(a.square().sum() for a in _fit_first_layer(unflatten(theta, like), pinv, X, y))
        (gradient,) = torch.autograd.grad(value, theta)
        return value.item(), gradient.numpy()

    found = minimize(objective, flatten(like).numpy(), jac=True, method="L-BFGS-B", options=_options(iterations))
    return _fit_first_layer(unflatten(torch.from_numpy(found.x), like), pinv, X, y)


@dataclass(frozen=True)
class Relaxed:
    """What a numerical solution of (7) found: `delta`, a list shaped like the layers, and `path`, the Delta of every iteration (k, d)."""

    delta: list[torch.Tensor]
    path: torch.Tensor


def solve_relaxed(layers: Layers, X_retain: torch.Tensor, only_first: bool = True, start: torch.Tensor | None = None,
                  iterations: int = 500) -> Relaxed:
    """Minimise ||w(theta + Delta)|| subject to <grad f(theta, x_i), Delta> = 0 on the retain set, by L-BFGS (SciPy), from `start`.

    only_first=True adds the drift penalty of Theorem 3: infinite unless all layers but A_1 stay. False: no penalty, (7) with Rhat = 0.
    X_retain: (n_r, m). start: (d,), a Delta in the order of `flatten`, None for 0; its infeasible part is projected off, so every iterate
    is feasible. It works on layers of norm 1, which changes neither the constraints nor the minimisers: f is linear in each layer.

    The gradient is output_gradients at the input w itself: the derivative of ||w||^2 / 2 is that of <w, .> with w held fixed.
    """
    from scipy.optimize import minimize
    check_layers(layers)
    check_inputs("X_retain", X_retain, layers)
    _unit_upper(layers)
    theta = [a.detach().double() for a in layers]
    norms = [float(a.norm()) or 1.0 for a in theta]
    scale = torch.cat([torch.full((a.numel(),), norm, dtype=torch.float64) for a, norm in zip(theta, norms)])
    if start is not None and start.shape != scale.shape:
        raise ValueError(f"start must have shape ({len(scale)},) to match the layers, got {tuple(start.shape)}")
    theta = [a / norm for a, norm in zip(theta, norms)]
    movable = torch.ones_like(scale)
    if only_first:
        movable[theta[0].numel():] = 0
    keep = _projector(_gradients(theta, X_retain.double()) * movable, movable)
    size = _predictor(theta).norm().clamp_min(torch.finfo(torch.float64).tiny)

    def objective(z):
        moved = [a + d for a, d in zip(theta, unflatten(keep(torch.from_numpy(z)), theta))]
        w = _predictor(moved) / size
        gradient = _gradients(moved, w[None])[0] / size
        return float(w @ w) / 2, keep(gradient).numpy()

    begin = keep(torch.zeros_like(scale) if start is None else start.double() / scale)
    path = [begin]
    found = minimize(objective, begin.numpy(), jac=True, method="L-BFGS-B", options=_options(iterations),
                     callback=lambda z: path.append(torch.from_numpy(z.copy())))
    path.append(torch.from_numpy(found.x))
    path = torch.stack([keep(z) * scale for z in path])
    return Relaxed([d.to(layers[0].dtype) for d in unflatten(path[-1], theta)], path)


def _projector(rows, movable):
    """z -> the part of z that is orthogonal to every row and zero where nothing may move."""
    _, sizes, basis = torch.linalg.svd(rows, full_matrices=False)
    basis = basis[sizes > 1e-12 * sizes.max()] if len(rows) else basis
    off = lambda z: z - basis.T @ (basis @ z)
    return lambda z: off(off(movable * z))


def _options(iterations):
    return {"maxiter": iterations, "maxfun": 2 * iterations, "ftol": 1e-16, "gtol": 1e-12, "maxcor": 20}


@dataclass(frozen=True)
class CounterExample:
    """D.4.1: an original that interpolates (X, y), the retain set (its first row), and a step that solves (6) and breaks the fit."""

    layers: list[torch.Tensor]
    delta: list[torch.Tensor]
    X: torch.Tensor
    y: torch.Tensor


def counter_example(m: int) -> CounterExample:
    """Paper A, D.4.1, for any m >= 3: c = e1 + e2, A = I; D = {(e1, 1), (e2, 1)}, D_r = {(e1, 1)}.

    Delta_c = -e3, Delta_A = e3 e1^T - e2 e2^T - e3 e3^T is feasible for (6) and gives the predictor 0. All entries are integers:
    no rounding.
    """
    if _size("m", m) < 3:
        raise ValueError(f"m must be at least 3, got {m}: the example needs a third direction")
    e = torch.eye(m, dtype=torch.float64)
    layers = [e.clone(), (e[0] + e[1])[None]]
    delta = [torch.outer(e[2], e[0]) - torch.outer(e[1], e[1]) - torch.outer(e[2], e[2]), -e[2:3]]
    return CounterExample(layers, delta, e[:2].clone(), torch.ones(2, dtype=torch.float64))


@torch.no_grad()
def cancelling_step(layers: Layers) -> list[torch.Tensor]:
    """A step that solves (6) for R = ||w|| and gives the predictor 0, for every network of two or more layers: A_1 doubles, c goes.

    f is linear in each layer, so <grad_{A_l} f(theta, x), A_l> = f(theta, x) for each l (Euler). Hence Delta_{A_1} = A_1 and
    Delta_c = -c change every output to first order by f(theta, x) - f(theta, x) = 0, and c + Delta_c = 0. So without a penalty
    every solution has w = 0. Not in the paper, which gives one example (D.4.1).
    """
    check_layers(layers)
    if len(layers) < 2:
        raise ValueError("layers must be at least two, got one: a linear model has no second layer to cancel against")
    return [layers[0].clone(), *(torch.zeros_like(a) for a in layers[1:-1]), -layers[-1]]


@dataclass(frozen=True)
class Outcome:
    """A new network beside the original and the retrained predictor; every number is a share, 0 where nothing is wrong."""

    infeasible: float     # largest |<g_i, Delta>| / (||g_i|| ||Delta||): 0 if the linearised constraints hold
    retain_error: float   # ||X_r w - X_r w*|| / ||X_r w*||
    distance: float       # ||w - w_r|| / ||w_r||
    norm: float           # ||w|| / ||w_r||: below 1 only if the retain fit is lost
    drift: float          # ||Delta|| / ||theta*||


@torch.no_grad()
def outcome(layers: Layers, new: Layers, X_retain: torch.Tensor) -> Outcome:
    """What the step from `layers` to `new` did on the retain inputs X_retain (n_r, m).

    w_r is the minimum-norm predictor with the retained outputs of `layers`.

    Raises ValueError when the retained outputs are all 0: there is nothing to compare with.
    """
    check_layers(layers), check_layers(new, "new")
    check_inputs("X_retain", X_retain, layers)
    if [a.shape for a in layers] != [a.shape for a in new]:
        raise ValueError(f"new must have the shapes {[tuple(a.shape) for a in layers]}, got {[tuple(a.shape) for a in new]}")
    old, new, X = [a.double() for a in layers], [a.double() for a in new], X_retain.double()
    before, after = _predictor(old), _predictor(new)
    retrained = before - project_out(before, X)
    if not (X @ before).norm() > 1e-12 * X.norm() * before.norm():
        raise ValueError("the retained outputs are all 0, so an error relative to them has no meaning")
    rows, delta = _gradients(old, X), flatten(new) - flatten(old)
    limits = rows.norm(dim=1) * delta.norm()
    infeasible = ((rows @ delta).abs() / limits.clamp_min(torch.finfo(torch.float64).tiny)).max()
    return Outcome(infeasible=float(infeasible), retain_error=float((X @ (after - before)).norm() / (X @ before).norm()),
                   distance=float((after - retrained).norm() / retrained.norm()), norm=float(after.norm() / retrained.norm()),
                   drift=float(delta.norm() / flatten(old).norm()))


def find_failures(m: int, widths: Sequence[int], n_retain: int, tries: int = 20, seed: int = 0) -> list[Outcome]:
    """Random networks for which L-BFGS on (7) without a penalty, from a random short start, ends feasible and below the retrained norm.

    Every Outcome in the list is a failure: infeasible < 1e-9, norm < 1 - 1e-3, and so retain_error > 0 (the retrained predictor is
    the shortest that fits). At most `tries`, one per random network and inputs.
    """
    found = []
    for k in range(tries):
        layers = random_network(m, widths, seed=1000 * seed + k)
        draw = torch.Generator().manual_seed(1000 * seed + k)
        X = torch.randn(_size("n_retain", n_retain), m, generator=draw, dtype=torch.float64)
        theta = flatten(layers)
        start = .01 * theta.norm() / len(theta) ** .5 * torch.randn(len(theta), generator=draw, dtype=torch.float64)
        step = solve_relaxed(layers, X, only_first=False, start=start).delta
        result = outcome(layers, [a + d for a, d in zip(layers, step)], X)
        if result.infeasible < 1e-9 and result.norm < 1 - 1e-3:
            found.append(result)
    return found


def check_layers(layers: Layers, name: str = "layers") -> None:
    """TypeError or ValueError unless `layers` is a linear network: matrices of one dtype whose widths chain, the last (1, h)."""
    if not isinstance(layers, (list, tuple)) or not layers:
        raise TypeError(f"{name} must be a list of matrices [A_1, ..., A_{{L-1}}, c], got "
                        + ("an empty one" if isinstance(layers, (list, tuple)) else type(layers).__name__))
    for l, a in enumerate(layers):
        _check_tensor(f"{name}[{l}]", a, 2)
        if a.dtype != layers[0].dtype:
            raise TypeError(f"{name}[{l}] must have the dtype of {name}[0], {layers[0].dtype}, got {a.dtype}")
        if l and a.shape[1] != layers[l - 1].shape[0]:
            raise ValueError(f"{name}[{l}] must have {layers[l - 1].shape[0]} columns to follow {name}[{l - 1}] of shape "
                             f"{tuple(layers[l - 1].shape)}, got shape {tuple(a.shape)}")
    if layers[-1].shape[0] != 1:
        raise ValueError(f"the last of {name} is c and must have shape (1, {layers[-1].shape[1]}), got {tuple(layers[-1].shape)}")


def check_inputs(name: str, X: torch.Tensor, layers: Layers) -> None:
    """TypeError or ValueError unless X is a finite (n, m) tensor that fits the first layer; n may be 0."""
    _check_tensor(name, X, 2, empty=True)
    if X.shape[1] != layers[0].shape[1]:
        raise ValueError(f"{name} must have shape (n, {layers[0].shape[1]}) to fit layers[0] of shape {tuple(layers[0].shape)}, got "
                         f"{tuple(X.shape)}")


def _check_targets(y, X):
    _check_tensor("y", y, 1, empty=True)
    if len(y) != len(X):
        raise ValueError(f"y must have shape ({len(X)},), one target per row of X, got {tuple(y.shape)}")


def _check_tensor(name, tensor, dimensions, empty=False):
    if not isinstance(tensor, torch.Tensor):
        raise TypeError(f"{name} must be a tensor, got {type(tensor).__name__}")
    if tensor.dtype not in (torch.float32, torch.float64):
        raise TypeError(f"{name} must be float32 or float64, got {tensor.dtype}")
    if tensor.ndim != dimensions or (0 in tensor.shape and not empty):
        raise ValueError(f"{name} must be a {'vector (m,)' if dimensions == 1 else 'matrix'} with entries, got shape "
                         f"{tuple(tensor.shape)}")
    if not torch.isfinite(tensor).all():
        raise ValueError(f"{name} holds a NaN or an infinity")


def _widths(widths):
    if isinstance(widths, (str, int)) or not hasattr(widths, "__iter__"):
        raise TypeError(f"widths must be a list of integers, one per hidden layer, got {widths!r}")
    return [_size(f"widths[{l}]", h) for l, h in enumerate(widths)]


def _size(name, value):
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    if value < 1:
        raise ValueError(f"{name} must be at least 1, got {value}")
    return int(value)
