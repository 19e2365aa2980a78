"""The linear network, what Lemma 1 does to it, and Theorem 4's smallest one.

A linear network of L layers is a list of matrices in order of application,
layers = [A_1, ..., A_{L-1}, c]: A_1 is (h_1, m), A_l is (h_l, h_{l-1}), c is (1, h_{L-1}). Its
output and its predictor are (paper A, L-layer linear networks)

    f(theta, x) = c A_{L-1} ... A_1 x = <w(theta), x>,    w(theta) = A_1^T ... A_{L-1}^T c^T.

With v = A_2^T ... A_{L-1}^T c^T this reads w = A_1^T v: whatever the depth, A_1 moves w linearly,
and v is its lever. One layer (L = 1, layers = [c]) is the linear model, with v = 1.

Every function takes float32 or float64 layers of one dtype, computes in float64 and returns that
dtype; none changes its arguments. Anything but such tensors raises TypeError, wrong shapes, sizes,
NaN or infinity ValueError, before any work.
"""

from collections.abc import Sequence

import numpy
import torch
from torch import Tensor

from ...ground.checks import floats, in_range, integer, reals
from ...ground.seeds import from_seed
from ...projection.definition import power_of_two, project_out

EPS = 2.0**-52  # of float64
Layers = Sequence[Tensor]


def predictor(layers: Layers) -> Tensor:
    """w(theta) = A_1^T ... A_{L-1}^T c^T, (m,): the function it computes. Differentiable."""
    theta = doubled(layers)
    return (theta[0].T @ lever(theta)).to(layers[0].dtype)


def upper(layers: Layers) -> Tensor:
    """v = A_2^T ... A_{L-1}^T c^T, (h_1,), of f(theta, x) = <v, A_1 x> and w(theta) = A_1^T v.

    Lemma 1. Of one layer (1,), a one.
    """
    return lever(doubled(layers)).to(layers[0].dtype)


def norm_squared(layers: Layers) -> Tensor:
    """||theta||^2, a scalar: the squares of all entries of all layers, added up."""
    return sum(a.square().sum() for a in doubled(layers)).to(layers[0].dtype)


def output_gradients(layers: Layers, X: Tensor) -> Tensor:
    """The rows of the linearised constraints (6): row i is grad_theta f(theta, x_i), (n, d).

    The part of row i that belongs to layer l is the matrix u z^T, with what the layers above make
    of its output, u = A_{l+1}^T ... c^T, and what arrives at it, z = A_{l-1} ... A_1 x_i.

    X: (n, m), one input per row, n may be 0. Parameters are ordered as in `flatten`.
    """
    theta = doubled(layers)
    reals("X", X, ("n", layers[0].shape[1]))
    into, above = [X.double()], [theta[0].new_ones(1)]
    for a in theta[:-1]:
        into.append(into[-1] @ a.T)
    for a in reversed(theta[1:]):
        above.append(a.T @ above[-1])
    parts = [(u[:, None] * z[:, None, :]).flatten(1) for u, z in zip(reversed(above), into)]
    return torch.cat(parts, 1).to(layers[0].dtype)


def flatten(layers: Layers) -> Tensor:
    """theta, (d,): the entries of all layers, first layer first, row by row."""
    check_layers(layers)
    return torch.cat([a.flatten() for a in layers])


def unflatten(theta: Tensor, like: Layers) -> list[Tensor]:
    """The inverse of `flatten`: theta (d,) as a list of matrices shaped as those of `like`."""
    check_layers(like, "like")
    sizes = [a.numel() for a in like]
    floats("theta", theta, shape=(sum(sizes),), finite=False)
    return [part.view(a.shape) for part, a in zip(theta.split(sizes), like)]


def random_network(m: int, widths: Sequence[int], seed: int = 0) -> list[Tensor]:
    """Layers with independent normal entries of variance 1 / fan-in, float64.

    With targets y = X @ predictor(layers), it interpolates any inputs X (n, m): a random original.

    m: inputs. widths: hidden ones; none: one layer. seed: of the entries.
    """
    sizes = [integer("m", m, low=1), *_checked(widths), 1]
    draw = from_seed(seed)
    shapes = zip(sizes[1:], sizes)
    return [torch.randn(b, a, generator=draw, dtype=torch.float64) / a**0.5 for b, a in shapes]


@torch.no_grad()
def perturbation(layers: Layers, X_retain: Tensor) -> list[Tensor]:
    """Lemma 1's Delta: Delta_{A_1} = -(v / ||v||^2) (P_perp w(theta))^T, every other layer 0.

    It keeps every retain output, and w(theta + Delta) = P w(theta), the minimum-norm predictor
    among those that do. Of all steps of A_1 with these two properties it is the shortest. Computed
    as -u (P_perp A_1^T u)^T with u = v / ||v||, which is the same matrix: the length of v, which
    can be 1e-200 or 1e200 in a deep network, cancels.

    X_retain: (n_r, m), of any rank; P_perp projects off its rows. n_r = 0 is no constraint. m
    independent rows fix the predictor: P_perp = 0, and Delta is 0 up to rounding.

    Returns a list shaped like layers. All are 0 when v = 0 up to rounding: then A_1 moves nothing,
    and nothing need be moved, since w = 0 is shortest. Raises ValueError when an entry of Delta is
    too large for the dtype.
    """
    first = doubled(layers)[0]
    reals("X_retain", X_retain, ("n", layers[0].shape[1]))
    size, u = power_of_two(first.flatten()), unit_upper(layers)
    moved = -u[:, None] * project_out((first / size).T @ u, X_retain) * size
    zeros = [torch.zeros_like(a) for a in layers[1:]]
    return [in_range("layers[0]", moved, layers[0].dtype), *zeros]


@torch.no_grad()
def unlearn(layers: Layers, X_retain: Tensor) -> list[Tensor]:
    """theta + Delta of Lemma 1: a new list of layers whose predictor is P w(theta).

    That is exactly (4)'s solution for R = ||w(theta)||_2. float64 layers are exact to rounding,
    float32 ones to that of storing them.

    X_retain: (n_r, m), of any rank. Raises as `perturbation` does.
    """
    theta = doubled(layers)
    moved = [a + d for a, d in zip(theta, perturbation(theta, X_retain))]
    return [in_range("layers[0]", a, layers[0].dtype) for a in moved]


@torch.no_grad()
def min_param_norm(w: Tensor, widths: Sequence[int]) -> list[Tensor]:
    """Layers with predictor w and the smallest ||theta||^2 there is, L rho^(2/L), rho = ||w||.

    Theorem 4: with unit vectors v_0 = w / rho, v_1, ..., v_{L-1} and v_L = 1, layer l is
    rho^(1/L) v_l v_{l-1}^T, of Frobenius norm rho^(1/L). Any unit vectors do; here v_1, ...,
    v_{L-1} are the first ones of their spaces, so that one neuron per layer works. w = 0 gives zero
    layers: norm 0 is the minimum then.

    w: (m,). widths: (h_1, ..., h_{L-1}), positive; empty for one layer. Returns w's dtype.
    """
    reals("w", w, ("m",))
    sizes = [*_checked(widths), 1]
    if len(w) == 0:
        raise ValueError("w must have entries, got shape (0,)")
    top = float(w.abs().max())
    if top == 0:
        return [w.new_zeros(b, a) for a, b in zip([len(w), *sizes], sizes)]
    unit = w.double() / top
    size = float(unit.norm())
    units = [unit / size] + [torch.eye(1, h, dtype=unit.dtype, device=w.device)[0] for h in sizes]
    # rho^(1/L) as two factors: with one layer it is rho itself, and may overflow
    low, high = (factor ** (1 / len(sizes)) for factor in (size, top))
    return [(high * (low * b[:, None] * a)).to(w.dtype) for a, b in zip(units, units[1:])]


# What chapter 06 computes with too: float64 layers that are checked already.


def doubled(layers):
    """The layers in float64, once they are checked."""
    check_layers(layers)
    return [a.double() for a in layers]


def lever(layers):
    """v (h_1,) with w = A_1^T v: the gradient of the output by the first hidden layer."""
    v = layers[0].new_ones(1)
    for a in reversed(layers[1:]):
        v = a.T @ v
    return v


def unit_upper(layers):
    """v / ||v||, by unit vectors all the way up; 0 when a product is 0 or only rounding."""
    u = layers[0].new_ones(1, dtype=torch.float64)
    for a in reversed(layers[1:]):
        a = a.detach().double()
        a = a / a.abs().max().clamp_min(torch.finfo(torch.float64).tiny)
        up = a.T @ u
        if up.norm() <= len(layers) * len(u) * EPS * (a.abs().T @ u.abs()).norm():
            return u.new_zeros(len(layers[0]))
        u = up / up.norm()
    return u


def check_layers(layers: Layers, argument: str = "layers") -> None:
    """TypeError or ValueError unless `layers` is a linear network.

    That is a list of matrices of one dtype whose widths chain, the last (1, h).
    """
    if not isinstance(layers, (list, tuple)) or not layers:
        got = "an empty one" if isinstance(layers, (list, tuple)) else type(layers).__name__
        raise TypeError(
            f"{argument} must be a list of matrices [A_1, ..., A_{{L-1}}, c], got {got}"
        )
    width = "fan-in"
    for l, a in enumerate(layers):
        name, last = f"{argument}[{l}]", l == len(layers) - 1
        reals(name, a, (1 if last else "h", width))
        if a.numel() == 0:
            raise ValueError(f"{name} must have entries, got shape {tuple(a.shape)}")
        if a.dtype != layers[0].dtype:
            raise TypeError(
                f"{name} must have the dtype of {argument}[0], {layers[0].dtype}, got {a.dtype}"
            )
        width = len(a)


def _checked(widths):
    if isinstance(widths, str) or not numpy.iterable(widths):
        raise TypeError(f"widths must be a list of integers, one per hidden layer, got {widths!r}")
    return [integer(f"widths[{l}]", h, low=1) for l, h in enumerate(widths)]
