"""What goes wrong without a drift penalty? Feasible steps that lose the retain fit (D.4.1)."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from ...ground.checks import integer
from ...projection import project_out
from ...theory.linear_network.network import (
    Layers,
    check_inputs,
    doubled,
    flatten,
    product,
    random_network,
    rows,
)
from .search import solve_relaxed


@dataclass(frozen=True)
class CounterExample:
    """D.4.1: an original that interpolates (X, y), and a step that solves (6) and breaks the fit.

    The retain set is the first row of X.
    """

    layers: list[torch.Tensor]
    delta: list[torch.Tensor]
    X: torch.Tensor
    y: torch.Tensor


def counter_example(m: int) -> CounterExample:
    """Paper A, D.4.1, for any m >= 3: c = e1 + e2, A = I; D = {(e1, 1), (e2, 1)}, D_r = {(e1, 1)}.

    Delta_c = -e3, Delta_A = e3 e1^T - e2 e2^T - e3 e3^T is feasible for (6) and gives the predictor
    0. All entries are integers: no rounding.
    """
    e = torch.eye(integer("m", m, low=3), dtype=torch.float64)
    layers = [e.clone(), (e[0] + e[1])[None]]
    moved = torch.outer(e[2], e[0]) - torch.outer(e[1], e[1]) - torch.outer(e[2], e[2])
    return CounterExample(layers, [moved, -e[2:3]], e[:2].clone(), torch.ones(2, dtype=e.dtype))


@torch.no_grad()
def cancelling_step(layers: Layers) -> list[torch.Tensor]:
    """A step that solves (6) for R = ||w|| and gives the predictor 0, for any two or more layers.

    A_1 doubles, c goes. f is linear in each layer, so <grad_{A_l} f(theta, x), A_l> = f(theta, x)
    for each l (Euler). Hence Delta_{A_1} = A_1 and Delta_c = -c change every output to first order
    by f(theta, x) - f(theta, x) = 0, and c + Delta_c = 0. So without a penalty every solution has
    w = 0. Not in the paper, which gives one example (D.4.1).
    """
    doubled(layers)
    if len(layers) < 2:
        raise ValueError(
            "layers must be at least two, got one: a linear model has no second layer to cancel "
            "against"
        )
    return [layers[0].clone(), *(torch.zeros_like(a) for a in layers[1:-1]), -layers[-1]]


@dataclass(frozen=True)
class Outcome:
    """A new network beside the original and the retrained predictor.

    Every number is a share, 0 where nothing is wrong.
    """

    infeasible: float  # max |<g_i, Delta>| / (||g_i|| ||Delta||): 0 if the constraints (6) hold
    retain_error: float  # ||X_r w - X_r w*|| / ||X_r w*||
    distance: float  # ||w - w_r|| / ||w_r||
    norm: float  # ||w|| / ||w_r||: below 1 only if the retain fit is lost
    drift: float  # ||Delta|| / ||theta*||


@torch.no_grad()
def outcome(layers: Layers, new: Layers, X_retain: torch.Tensor) -> Outcome:
    """What the step from `layers` to `new` did on the retain inputs X_retain (n_r, m).

    w_r is the minimum-norm predictor with the retained outputs of `layers`.

    Raises ValueError when the retained outputs are all 0: there is nothing to compare with.
    """
    old, changed, X = doubled(layers), doubled(new, "new"), X_retain
    check_inputs("X_retain", X, layers)
    shapes = [[tuple(a.shape) for a in each] for each in (old, changed)]
    if shapes[0] != shapes[1]:
        raise ValueError(f"new must have the shapes {shapes[0]}, got {shapes[1]}")
    X, before, after = X.double(), product(old), product(changed)
    retrained, kept = before - project_out(before, X), X @ before
    if not kept.norm() > 1e-12 * X.norm() * before.norm():
        raise ValueError("the retained outputs are all 0: an error relative to them means nothing")
    g, delta = rows(old, X), flatten(changed) - flatten(old)
    limits = (g.norm(dim=1) * delta.norm()).clamp_min(torch.finfo(torch.float64).tiny)
    return Outcome(
        infeasible=float(((g @ delta).abs() / limits).max()),
        retain_error=float((X @ (after - before)).norm() / kept.norm()),
        distance=float((after - retrained).norm() / retrained.norm()),
        norm=float(after.norm() / retrained.norm()),
        drift=float(delta.norm() / flatten(old).norm()),
    )


def find_failures(
    m: int, widths: Sequence[int], n_retain: int, tries: int = 20, seed: int = 0
) -> list[Outcome]:
    """Random networks where L-BFGS on (7) without a penalty ends feasible and too short.

    It starts from a random short step. Every Outcome in the list is a failure: infeasible < 1e-9,
    norm < 1 - 1e-3, and so retain_error > 0 (the retrained predictor is the shortest that fits).

    m: inputs. widths: hidden ones. n_retain: retain inputs, random too. tries: networks, each with
    inputs of its own, so at most that many are returned.
    """
    n_retain, failures = integer("n_retain", n_retain, low=1), []
    for k in range(tries):
        layers = random_network(m, widths, seed=1000 * seed + k)
        draw = torch.Generator().manual_seed(1000 * seed + k)
        X = torch.randn(n_retain, m, generator=draw, dtype=torch.float64)
        theta = flatten(layers)
        start = torch.randn(len(theta), generator=draw, dtype=torch.float64)
        start = 0.01 * theta.norm() / len(theta) ** 0.5 * start
        step = solve_relaxed(layers, X, only_first=False, start=start).delta
        result = outcome(layers, [a + d for a, d in zip(layers, step)], X)
        if result.infeasible < 1e-9 and result.norm < 1 - 1e-3:
            failures.append(result)
    return failures
