"""How many neurons does a two-layer network keep once it must fit only the retain set, and what becomes of its function?"""
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F

from ..figures import two_layer as figures
from ..theory import two_layer
from .canvas import Canvas
from .lab import SliderLab, choice, slider, table

ACTIVATIONS = {"ReLU": torch.relu, "tanh": torch.tanh, "SiLU": F.silu, "GELU": F.gelu}
METHODS = {"pivoted": two_layer.sparsify, "linear program": two_layer.basis_pursuit, "matching pursuit": two_layer.matching_pursuit}
GRID = {1: np.linspace(-3.2, 3.2, 241), 2: np.linspace(-3.2, 3.2, 61)}
POINTS, WIDTHS, COPIES = (5, 12), (40, 150), (0, 3)


@dataclass(frozen=True)
class Cut:
    """A trained network beside its cut. Arrays; n_r retain points, one forget point."""

    X: np.ndarray            # (n_r, inputs), retain points, copies last
    y: np.ndarray            # (n_r,)
    X_forget: np.ndarray     # (1, inputs)
    y_forget: np.ndarray     # (1,)
    before: np.ndarray       # f on the grid, of all neurons
    after: np.ndarray        # f on the grid, after the cut
    strength: np.ndarray     # (h,), |c_i| ||a_i|| after the cut
    rank: int                # s
    kept: int                # active neurons after the cut
    retain_error: float      # largest |f - y| on the retain points after the cut
    forget_output: float
    sums: tuple              # sum of |c_i| before and after


@torch.no_grad()
def cut_network(n_r: int, h: int, activation: str, copies: int = 0, method: str = "pivoted", inputs: int = 1) -> Cut:
    """Trains h neurons on n_r retain points and one forget point, then keeps what the retain points need.

    n_r: 5 to 12, of which the last `copies` (0 to 3) repeat others. activation, method: names in ACTIVATIONS, METHODS.
    inputs: 1 (a sine) or 2 (a product of two). Raises ValueError for anything else.
    """
    for name, value, (low, high) in (("n_r", n_r, POINTS), ("h", h, WIDTHS), ("copies", copies, COPIES)):
        if not low <= value <= high:
            raise ValueError(f"{name} must be in [{low}, {high}], got {value}")
    for name, value, known in (("activation", activation, ACTIVATIONS), ("method", method, METHODS), ("inputs", inputs, GRID)):
        if value not in known:
            raise ValueError(f"{name} must be one of {', '.join(map(str, known))}, got {value!r}")
    phi, (X, y, X_f, y_f) = ACTIVATIONS[activation], _data(n_r - copies, copies, inputs)
    A, c = _trained(n_r - copies, h, activation, inputs)
    features = two_layer.features(A, _with_bias(X), phi)
    c_new = METHODS[method](c, features)
    A_new = torch.where(c_new[:, None] != 0, A, 0)
    on = lambda A, c, points: two_layer.predict(A, c, _with_bias(points), phi)
    grid = _grid(inputs)
    return Cut(X.numpy(), y.numpy(), X_f.numpy(), y_f.numpy(), on(A, c, grid).numpy(), on(A_new, c_new, grid).numpy(),
               (c_new.abs() * A_new.norm(dim=1)).numpy(), two_layer.rank(features), two_layer.active_neurons(A_new, c_new),
               float((on(A_new, c_new, X) - y).abs().max()), float(on(A_new, c_new, X_f)), (float(c.abs().sum()), float(c_new.abs().sum())))


@lru_cache(maxsize=64)
def _trained(distinct, h, activation, inputs):
    """Copies change nothing about what fits, so the network is trained on the distinct points."""
    X, y, X_f, y_f = _data(distinct, 0, inputs)
    return two_layer.fit(_with_bias(torch.cat([X, X_f])), torch.cat([y, y_f]), h, ACTIVATIONS[activation], seed=1)


def _data(distinct, copies, inputs):
    """Retain points with copies, and a forget point of height 1.5 in a gap between them."""
    if inputs == 1:
        X = torch.linspace(-3, 3, distinct, dtype=torch.float64)[:, None]
        gap = (X[:-1] + X[1:]) / 2
        X_f = gap[(gap + 1.2).abs().argmin()][None]
    else:
        angle = torch.arange(distinct, dtype=torch.float64) * 2.399963   # the golden angle: an even spread over the disc
        X = 2.9 * ((torch.arange(distinct) + .7) / distinct).sqrt()[:, None] * torch.stack([angle.cos(), angle.sin()], 1)
        grid = _grid(2)[(_grid(2).abs() < 2.2).all(1)]
        X_f = grid[torch.cdist(grid, X).amin(1).argmax()][None]
    X = torch.cat([X, X[:copies]])
    y = X[:, 0].sin() if inputs == 1 else X[:, 0].sin() * X[:, 1].cos()
    return X, y, X_f, torch.full((1,), 1.5, dtype=torch.float64)


def _with_bias(X):
    return torch.cat([X, torch.ones_like(X[:, :1])], 1)


def _grid(inputs):
    axis = torch.from_numpy(GRID[inputs])
    return axis[:, None] if inputs == 1 else torch.cartesian_prod(axis, axis)[:, [1, 0]]  # rows of an image: x_2, columns: x_1


class WidthLab(SliderLab):
    """Sliders for the retain set and the network; the picture shows which neurons die, and the
    function before and after. `shown` is the Cut in the picture.

    The picture for one input and that for two are different: the panel holds one of them.
    """

    def __init__(self, n_r: int = 10, h: int = 100, activation: str = "SiLU", copies: int = 0,
                 method: str = "pivoted", inputs: int = 1):
        self._pictures, late = {}, {"continuous_update": False}
        canvas, self.picture = self._picture(inputs)
        self.build({"n_r": slider("retain points", n_r, *POINTS, **late),
                    "copies": slider("of them copies", copies, *COPIES, **late),
                    "h": slider("neurons h", h, *WIDTHS, 10, **late),
                    "activation": choice("activation", activation, ACTIVATIONS, **late),
                    "method": choice("survivors by", method, METHODS, **late),
                    "inputs": choice("inputs", inputs, [("1", 1), ("2", 2)], **late)}, canvas)

    @property
    def summary(self):
        return (f"WidthLab: {self.n_r.value} retain points, {self.copies.value} of them copies, "
                f"{self.h.value} neurons, {self.activation.value}, {self.method.value}, "
                f"{self.inputs.value} input{'s' * (self.inputs.value > 1)}")

    def compute(self, n_r, copies, h, activation, method, inputs):
        return cut_network(n_r, h, activation, copies, method, inputs)

    def draw(self, shown):
        self.canvas, self.picture = self._picture(shown.X.shape[1])
        controls, picture, trouble = self.panel.children
        if picture is not self.canvas.widget:
            self.panel.children = controls, self.canvas.widget, trouble
        self.picture.update(shown)

    def _picture(self, inputs):
        if inputs not in self._pictures:
            figure, artists = figures.width(GRID[inputs], inputs, WIDTHS[1])
            words = "A two-layer network before and after the cut"
            self._pictures[inputs] = Canvas(figure, artists.list(), words), artists
        return self._pictures[inputs]

    def sentence(self, shown):
        return (f"Of {len(shown.strength)} neurons {shown.kept} stay, the rank of the features of "
                f"{len(shown.X)} retain points is {shown.rank}; the output at the forget point "
                f"goes from {shown.y_forget[0]:.2g} to {shown.forget_output:.2g}")

    def table(self, shown):
        error, most = shown.retain_error, [np.abs(f).max() for f in (shown.before, shown.after)]
        rows = {"kept | bound s | n_r": f"{shown.kept} | {shown.rank} | {len(shown.X)}",
                "largest retain error": "below 10⁻⁸" if error < 1e-8 else f"{error:.1e}",
                "forget output, before | after":
                    f"{shown.y_forget[0]:.2f} | {shown.forget_output:.2f}",
                "sum of |c|, before | after": "{:.3g} | {:.3g}".format(*shown.sums),
                "largest |f|, before | after": "{:.3g} | {:.3g}".format(*most)}
        return table({name: [words] for name, words in rows.items()})
