"""Depth, width, retain points: how do exact unlearning, retraining and the relaxed problem without
a penalty compare?"""

from dataclasses import dataclass

import numpy as np
import torch

from ...course.canvas import Canvas
from ...course.lab import SliderLab, slider, table
from ...theory import linear
from ...theory import linear_network as net
from .pictures import NAMES, NetworkPicture
from .search import solve_relaxed

INPUTS = 16  # m of every network of the lab


@dataclass(frozen=True)
class Comparison:
    """Predictors (m,) and their errors by name: "unlearned" (Lemma 1), "retrained" (Theorem 4's
    layers) and "relaxed" ((7), no penalty)."""

    original: np.ndarray
    predictors: dict[str, np.ndarray]
    retain_error: dict[str, float]  # ||X_r w - y_r|| / ||y_r||
    distance: dict[str, float]  # ||w - w_r|| / ||w_r||, w_r the minimum-norm interpolator
    drift: dict[str, float]  # ||Delta|| / ||theta*||, from the original to the network


def compare(depth: int, width: int, n_retain: int, seed: int) -> Comparison:
    """A random network (`depth` layers, hidden ones `width` wide), n_retain random retain points:
    unlearned in two ways, and retrained.

    Raises ValueError unless depth and width are at least 1 and 1 <= n_retain < INPUTS.
    """
    if min(depth, width) < 1:
        raise ValueError(f"depth and width must be at least 1, got {depth} and {width}")
    if not 1 <= n_retain < INPUTS:
        raise ValueError(f"n_retain must be in [1, {INPUTS - 1}], got {n_retain}")
    widths = [width] * (depth - 1)
    draw = torch.Generator().manual_seed(1000 * seed + 7)
    X = torch.randn(n_retain, INPUTS, generator=draw, dtype=torch.float64)
    layers = net.random_network(INPUTS, widths, seed)
    theta, original = net.flatten(layers), net.predictor(layers)
    y = X @ original  # the original interpolates
    start = 0.01 * torch.randn(len(theta), generator=draw, dtype=torch.float64)
    step = solve_relaxed(layers, X, only_first=False, start=start, iterations=200).delta
    w_r = linear.min_norm(X, y)
    networks = {
        "unlearned": net.unlearn(layers, X),
        "retrained": net.min_param_norm(w_r, widths),
        "relaxed": [a + d for a, d in zip(layers, step)],
    }
    predictors = {name: net.predictor(found) for name, found in networks.items()}
    return Comparison(
        original.numpy(),
        {name: w.numpy() for name, w in predictors.items()},
        {name: _far(X @ w, y) for name, w in predictors.items()},
        {name: _far(w, w_r) for name, w in predictors.items()},
        {name: _far(net.flatten(found), theta) for name, found in networks.items()},
    )


def _far(vector, reference):
    return float((vector - reference).norm() / reference.norm())


class LinearNetworkLab(SliderLab):
    """Four sliders: depth, width, retain points, seed. `shown` is the Comparison in the picture."""

    def __init__(self, seed: int = 1, depth: int = 3, width: int = 6, n_retain: int = 6):
        self.picture = NetworkPicture(INPUTS)
        self.build(
            {
                "depth": slider("depth L", depth, 1, 6),
                "width": slider("width", width, 1, 12),
                "n_retain": slider("retain points", n_retain, 1, INPUTS - 1),
                "seed": slider("seed", seed, 0, 20),
            },
            Canvas(self.picture.figure, self.picture.moving, ""),
        )

    @property
    def summary(self):
        return (
            f"LinearNetworkLab: depth {self.depth.value}, width {self.width.value}, "
            f"{self.n_retain.value} retain points, seed {self.seed.value}"
        )

    def compute(self, depth, width, n_retain, seed):
        self.width.disabled = depth == 1  # one layer has no hidden width
        return compare(depth, width, n_retain, seed)

    def sentence(self, shown):
        def word(value):  # a stored picture's words are the same on every machine
            return "0 up to rounding" if value < 1e-12 else _number(value)

        return "; ".join(
            f"{words}: retain error {word(shown.retain_error[name])}, distance from "
            f"the retrained predictor {word(shown.distance[name])}"
            for name, words in NAMES.items()
        )

    def table(self, shown):
        rows = {
            words: [
                _number(shown.retain_error[name]),
                _number(shown.distance[name]),
                f"{shown.drift[name]:.2f}",
            ]
            for name, words in NAMES.items()
        }
        return table(rows, ("retain error", "distance", "drift"))


def _number(value):
    """Rounding differs from machine to machine, so it is not given by its digits; an exact zero
    says so."""
    return "exactly 0" if value == 0 else "rounding" if value < 1e-12 else f"{value:.2g}"
