"""How many neurons does a two-layer network keep once it must fit only the retain set, and what
becomes of its function?"""

from functools import cache, partial
from types import SimpleNamespace

import numpy as np
import torch
import torch.nn.functional as F

from ...course.lab import SliderLab, check, table
from ...theory import two_layer
from . import pictures
from .fitting import fit
from .pursuit import basis_pursuit, matching_pursuit

ACTIVATIONS = {"ReLU": torch.relu, "tanh": torch.tanh, "SiLU": F.silu, "GELU": F.gelu}
METHODS = {
    "pivoted": two_layer.sparsify,
    "linear program": basis_pursuit,
    "matching pursuit": matching_pursuit,
}
GRID = {1: np.linspace(-3.2, 3.2, 241), 2: np.linspace(-3.2, 3.2, 61)}
CONTROLS = {
    "n_r": ("retain points", 10, 5, 12),
    "copies": ("of them copies", 0, 0, 3),
    "h": ("neurons h", 100, 40, 150, 10),
    "activation": ("activation", "SiLU", list(ACTIVATIONS)),
    "method": ("survivors by", "pivoted", list(METHODS)),
    "inputs": ("inputs", 1, (1, 2)),
}


@torch.no_grad()
def cut_network(
    n_r: int, h: int, activation: str, copies: int = 0, method: str = "pivoted", inputs: int = 1
) -> SimpleNamespace:
    """Trains h neurons on n_r retain points and one forget point, then keeps what the retain
    points need.

    Of the n_r points the last `copies` repeat others. inputs: 1 (a sine) or 2 (a product of two).
    Returns tensors and numbers:

    X, y                  the retain points (n_r, inputs), copies last, and their targets
    X_forget, y_forget    the forget point, (1, inputs) and (1,)
    before, after         f on the grid, of all neurons and after the cut
    alive                 (h,), which neurons are active after the cut
    kept, rank            how many these are, and s
    retain_error          largest |f - y| on the retain points after the cut
    forget_output         f at the forget point after the cut
    sums                  sum of |c_i| before and after

    Raises ValueError for what CONTROLS do not offer.
    """
    check(CONTROLS, n_r=n_r, h=h, activation=activation)
    check(CONTROLS, copies=copies, method=method, inputs=inputs)
    phi, distinct = ACTIVATIONS[activation], range(n_r - copies)
    points, heights, A, c = _trained(len(distinct), h, activation, inputs)
    retained = [*distinct, *distinct[:copies]]
    X, y, X_f, y_f = points[retained], heights[retained], points[-1:], heights[-1:]
    features = two_layer.features(A, X, phi)
    c_new = METHODS[method](c, features)
    A_new = torch.where(c_new[:, None] != 0, A, 0)
    after, grid = partial(two_layer.predict, A_new, c_new, activation=phi), _grid(inputs)
    return SimpleNamespace(
        X=X[:, :-1],
        y=y,
        X_forget=X_f[:, :-1],
        y_forget=y_f,
        before=two_layer.predict(A, c, grid, phi),
        after=after(grid),
        alive=(A_new.any(1) & (c_new != 0)),
        rank=two_layer.rank(features),
        kept=two_layer.active_neurons(A_new, c_new),
        retain_error=float((after(X) - y).abs().max()),
        forget_output=float(after(X_f)),
        sums=(float(c.abs().sum()), float(c_new.abs().sum())),
    )


@cache
def _trained(distinct, h, activation, inputs):
    """Distinct points and, last, a forget point of height 1.5 in a gap between them, all with a
    last entry 1; their heights; and the A and c that fit them: copies change nothing about it."""
    if inputs == 1:
        X = torch.linspace(-3, 3, distinct, dtype=torch.float64)[:, None]
        gap = (X[:-1] + X[1:]) / 2
        X_f = gap[(gap + 1.2).abs().argmin()]
    else:
        number = torch.arange(distinct, dtype=torch.float64)
        angle = 2.399963 * number  # the golden angle: an even spread over the disc
        radius = 2.9 * ((number + 0.7) / distinct).sqrt()
        X = radius[:, None] * torch.stack([angle.cos(), angle.sin()], 1)
        X_f = X.new_zeros(2)
    y = X[:, 0].sin() * X[:, 1:].cos().prod(1)
    points, heights = _with_bias(torch.vstack([X, X_f])), torch.hstack([y, y.new_tensor(1.5)])
    return points, heights, *fit(points, heights, h, ACTIVATIONS[activation], seed=1)


def _with_bias(X):
    return F.pad(X, (0, 1), value=1.0)


def _grid(inputs):
    """All points, (k, inputs + 1): the rows of an image are x_2, its columns x_1."""
    axes = [torch.from_numpy(GRID[inputs])] * inputs
    return _with_bias(torch.stack(torch.meshgrid(*axes, indexing="xy"), -1).view(-1, inputs))


class PruneLab(SliderLab):
    """Sliders for the retain set and the network; the picture shows which neurons die, and the
    function before and after. `shown` is what `cut_network` returned."""

    panels = {"size": (11, 3.6)}
    offers, late = CONTROLS, True

    def compute(self, **values):
        return cut_network(**values)

    def draw(self, shown):  # as many panels as inputs, so everything is laid out anew
        drawn = self.canvas.figure
        drawn.clear()
        drawn.set_layout_engine("constrained")
        pictures.cut_network(drawn, GRID[shown.X.shape[1]], shown)

    def sentence(self, shown):
        return (
            f"Of {len(shown.alive)} neurons {shown.kept} stay, the rank of the features of "
            f"{len(shown.X)} retain points is {shown.rank}; the output at the forget point "
            f"goes from {shown.y_forget[0]:.2g} to {shown.forget_output:.2g}"
        )

    def table(self, shown):
        error, most = shown.retain_error, [f.abs().max() for f in (shown.before, shown.after)]
        rows = {
            "kept | bound s | n_r": f"{shown.kept} | {shown.rank} | {len(shown.X)}",
            "largest retain error": "below 10⁻⁸" if error < 1e-8 else f"{error:.1e}",
            "forget output, before | after": f"{shown.y_forget[0]:.2f} | {shown.forget_output:.2f}",
            "sum of |c|, before | after": "{:.3g} | {:.3g}".format(*shown.sums),
            "largest |f|, before | after": "{:.3g} | {:.3g}".format(*most),
        }
        return table({name: [words] for name, words in rows.items()})
