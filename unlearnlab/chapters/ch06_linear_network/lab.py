"""Depth, width, retain points: how do exact unlearning, retraining and the relaxed problem without
a penalty compare?"""

from types import SimpleNamespace

import torch

from ...course.lab import SliderLab, check, table
from ...theory import linear
from ...theory import linear_network as net
from .pictures import COMPARED, comparison
from .search import solve_relaxed

INPUTS = 16  # m of every network of the lab
CONTROLS = {
    "depth": ("depth L", 3, 1, 6),
    "width": ("width", 6, 1, 12),
    "n_retain": ("retain points", 6, 1, INPUTS - 1),
    "seed": ("seed", 1, 0, 20),
}


def compare(depth: int, width: int, n_retain: int, seed: int) -> SimpleNamespace:
    """A random network (`depth` layers, hidden ones `width` wide), n_retain random retain points:
    unlearned in two ways, and retrained.

    Returns `original`, a predictor (m,), and dictionaries whose keys are "unlearned" (Lemma 1),
    "retrained" (Theorem 4's layers) and "relaxed" ((7), no penalty):

    predictors     (m,)
    retain_error   ||X_r w - y_r|| / ||y_r||
    distance       ||w - w_r|| / ||w_r||, w_r the minimum-norm interpolator
    drift          ||Delta|| / ||theta*||, from the original to the network

    Raises ValueError for what CONTROLS do not offer.
    """
    check(CONTROLS, depth=depth, width=width, n_retain=n_retain, seed=seed)
    widths = [width] * (depth - 1)
    draw = torch.Generator().manual_seed(1000 * seed + 7)
    X = torch.randn(n_retain, INPUTS, generator=draw, dtype=torch.float64)
    layers = net.random_network(INPUTS, widths, seed)
    theta, original = net.flatten(layers), net.predictor(layers)
    y = X @ original  # the original interpolates
    start = 0.01 * torch.randn(len(theta), generator=draw, dtype=torch.float64)
    step = solve_relaxed(layers, X, only_first=False, start=start, iterations=200)[-1]
    w_r = linear.min_norm(X, y)
    networks = {
        "unlearned": net.unlearn(layers, X),
        "retrained": net.min_param_norm(w_r, widths),
        "relaxed": net.unflatten(theta + step, layers),
    }
    shown = SimpleNamespace(predictors={}, retain_error={}, distance={}, drift={})
    shown.original = original.numpy()
    for name, network in networks.items():
        w = net.predictor(network)
        shown.predictors[name] = w.numpy()
        shown.retain_error[name] = _far(X @ w, y)
        shown.distance[name] = _far(w, w_r)
        shown.drift[name] = _far(net.flatten(network), theta)
    return shown


def _far(vector, reference):
    return float((vector - reference).norm() / reference.norm())


class LinearNetworkLab(SliderLab):
    """Four sliders: depth, width, retain points, seed. `shown` is what `compare` returned."""

    offers, picture = CONTROLS, staticmethod(comparison)

    def compute(self, **values):
        self.width.disabled = values["depth"] == 1  # one layer has no hidden width
        return compare(**values)

    def sentence(self, shown):
        def word(value):  # a stored picture's words are the same on every machine
            return "0 up to rounding" if value < 1e-12 else _number(value)

        return "; ".join(
            f"{look['label']}: retain error {word(shown.retain_error[name])}, distance from "
            f"the retrained predictor {word(shown.distance[name])}"
            for name, look in COMPARED.items()
        )

    def table(self, shown):
        rows = {
            look["label"]: [
                _number(shown.retain_error[name]),
                _number(shown.distance[name]),
                f"{shown.drift[name]:.2f}",
            ]
            for name, look in COMPARED.items()
        }
        return table(rows, ("retain error", "distance", "drift"))


def _number(value):
    """Rounding differs from machine to machine, so it is not given by its digits; an exact zero
    says so."""
    return "exactly 0" if value == 0 else "rounding" if value < 1e-12 else f"{value:.2g}"
