"""Depth, width, retain points: how do exact unlearning, retraining and the relaxed problem without a penalty compare?"""
from dataclasses import dataclass

import ipywidgets
import numpy as np
import torch

from ..figures import linear_network as figures
from ..theory import linear
from ..theory import linear_network as net
from .canvas import Canvas
from .lab import STYLE, WIDE, Lab, message

INPUTS = 16  # m of every network of the lab


@dataclass(frozen=True)
class Comparison:
    """Predictors (m,) and their errors by name: "unlearned" (Lemma 1), "retrained" (Theorem 4's layers) and "relaxed" ((7), no penalty)."""

    original: np.ndarray
    predictors: dict[str, np.ndarray]
    retain_error: dict[str, float]   # ||X_r w - y_r|| / ||y_r||
    distance: dict[str, float]       # ||w - w_r|| / ||w_r||, w_r the minimum-norm interpolator of D_r
    drift: dict[str, float]          # ||Delta|| / ||theta*||, from the original to the network


def compare(depth: int, width: int, n_retain: int, seed: int) -> Comparison:
    """A random network (`depth` layers, hidden ones `width` wide), n_retain random retain points: unlearned in two ways, and retrained.

    Raises ValueError unless depth and width are at least 1 and 1 <= n_retain < INPUTS.
    """
    if depth < 1 or width < 1:
        raise ValueError(f"depth and width must be at least 1, got {depth} and {width}")
    if not 1 <= n_retain < INPUTS:
        raise ValueError(f"n_retain must be in [1, {INPUTS - 1}], got {n_retain}")
    widths = [width] * (depth - 1)
    draw = torch.Generator().manual_seed(1000 * seed + 7)
    X = torch.randn(n_retain, INPUTS, generator=draw, dtype=torch.float64)
    layers = net.random_network(INPUTS, widths, seed)
    y = X @ net.predictor(layers)                                      # the original interpolates
    start = .01 * torch.randn(len(net.flatten(layers)), generator=draw, dtype=torch.float64)
    step = net.solve_relaxed(layers, X, only_first=False, start=start, iterations=200).delta
    w_r = linear.min_norm(X, y)
    networks = {"unlearned": net.unlearn(layers, X), "retrained": net.min_param_norm(w_r, widths),
                "relaxed": [a + d for a, d in zip(layers, step)]}
    w = {name: net.predictor(found) for name, found in networks.items()}
    theta = net.flatten(layers)
    return Comparison(net.predictor(layers).numpy(), {name: p.numpy() for name, p in w.items()},
                      {name: float((X @ p - y).norm() / y.norm()) for name, p in w.items()},
                      {name: float((p - w_r).norm() / w_r.norm()) for name, p in w.items()},
                      {name: float((net.flatten(found) - theta).norm() / theta.norm()) for name, found in networks.items()})


class LinearNetworkLab(Lab):
    """Four sliders: depth, width, retain points, seed.

    `shown` is the Comparison in the picture; `error`: what went wrong with the last frame, or None.
    """

    def __init__(self, seed: int = 1, depth: int = 3, width: int = 6, n_retain: int = 6):
        self.error = None
        slider = lambda value, low, high, text: ipywidgets.IntSlider(value=value, min=low, max=high, description=text,
                                                                     style=STYLE, layout=WIDE)
        self.depth = slider(depth, 1, 6, "depth L")
        self.width = slider(width, 1, 12, "width")
        self.n_retain = slider(n_retain, 1, INPUTS - 1, "retain points")
        self.seed = slider(seed, 0, 20, "seed")
        self.sliders = [self.depth, self.width, self.n_retain, self.seed]
        self.numbers, self.trouble = ipywidgets.HTML(), ipywidgets.HTML()
        figure, self._artists = figures.network(INPUTS)
        self.canvas = Canvas(figure, self._artists.list(), "The predictors and their errors")
        self.panel = ipywidgets.VBox([ipywidgets.HBox([ipywidgets.VBox(self.sliders), self.numbers]), self.canvas.widget, self.trouble])
        for each in self.sliders:
            each.observe(self._redraw, names="value")
        self._redraw()

    @property
    def summary(self):
        return (f"LinearNetworkLab: depth {self.depth.value}, width {self.width.value}, {self.n_retain.value} retain points, "
                f"seed {self.seed.value}")

    def _redraw(self, change=None):
        try:
            self.width.disabled = self.depth.value == 1  # one layer has no hidden width
            self.shown = compare(self.depth.value, self.width.value, self.n_retain.value, self.seed.value)
            self._artists.update(self.shown)
            self.canvas.describe(_sentence(self.shown))
            self.canvas.draw()
            self.numbers.value, self.trouble.value, self.error = _table(self.shown), "", None
        except Exception as error:
            self.error = error
            self.trouble.value = message(f"{type(error).__name__}: {error}", "error")


def _number(value):
    """Rounding differs from machine to machine, so it is not given by its digits; an exact zero says so."""
    return "exactly 0" if value == 0 else "rounding" if value < 1e-12 else f"{value:.2g}"


def _sentence(shown):
    word = lambda value: "0 up to rounding" if value < 1e-12 else _number(value)  # a stored picture's words are the same everywhere
    return "; ".join(f"{figures.NAMES[name]}: retain error {word(shown.retain_error[name])}, distance from the retrained predictor "
                     f"{word(shown.distance[name])}" for name in figures.SOLUTIONS)


def _table(shown):
    cell = lambda value: f'<td style="text-align:right;padding:0 8px">{value}</td>'
    head = "<tr><td></td>" + "".join(cell(f"<b>{text}</b>") for text in ("retain error", "distance", "drift")) + "</tr>"
    body = "".join(f"<tr><td>{figures.NAMES[name]}</td>{cell(_number(shown.retain_error[name]))}{cell(_number(shown.distance[name]))}"
                   f"{cell(f'{shown.drift[name]:.2f}')}</tr>" for name in figures.SOLUTIONS)
    return f'<table style="margin-left:16px;line-height:1.4">{head}{body}</table>'
