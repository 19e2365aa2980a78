"""Paper A, experiment 1: a network that fitted 5 poisoned points among 50 of sin x. Can it be
brought back?

The models of seeds 1 to 10 ship with the package; `python -m unlearnlab.tasks sine` makes
them.
"""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import numpy as np
import torch

from ..data import sine as data
from ..ground import checks
from ..loop import unlearn
from ..methods import GA, GD, NGD, NGP, L1Sparse, Method, MinNormOG, Retrain, Ridge
from ..networks import MLP, seeded
from ..task import Task
from ..training.recipe import full_batch
from ..training.zoo import Stage, Training
from .presets import Means

WIDTHS = (1, 300, 300, 1)
RECIPES = {"original": full_batch(100_000), "ground-truth": full_batch(50_000)}
SHIPPED_SEEDS = range(1, 11)

# Table 5: median sup error over 10 seeds, and the central range without the 2 best and the 2 worst
PUBLISHED = {
    10: {
        "Retrain": (1.50, 1.34, 1.85),
        "MinNorm-OG": (1.50, 1.45, 2.96),
        "GD": (3.23, 2.52, 6.65),
        "GA": (2.56, 2.19, 3.45),
        "NGP": (2.50, 2.20, 3.94),
        "NGD": (2.73, 2.26, 7.23),
        "Ridge": (2.27, 1.90, 3.02),
        "l1-Sparse": (3.28, 2.52, 3.62),
    },
    100: {
        "Retrain": (1.36, 1.27, 1.44),
        "MinNorm-OG": (1.08, 1.00, 1.63),
        "GD": (2.76, 2.48, 3.54),
        "GA": (23.8, 18.1, 30.0),
        "NGP": (2.62, 2.31, 7.87),
        "NGD": (2.85, 2.47, 3.57),
        "Ridge": (2.13, 1.75, 3.12),
        "l1-Sparse": (1.79, 1.54, 2.48),
    },
    1000: {
        "Retrain": (1.17, 1.08, 1.26),
        "MinNorm-OG": (0.63, 0.42, 0.96),
        "GD": (2.61, 2.39, 3.38),
        "GA": (1400, 1025, 1869),
        "NGP": (2.75, 2.07, 9.80),
        "NGD": (2.45, 1.96, 3.67),
        "Ridge": (1.96, 1.61, 3.84),
        "l1-Sparse": (1.37, 1.19, 1.55),
    },
}


def best_settings(epochs: int) -> dict[str, Method]:
    """The settings the paper found best (Table 6) for the published T nearest to `epochs` on a log
    scale.

    They were chosen on the reported metric, so they are oracle-tuned. Table 6 gives no rate for
    l1-Sparse at T = 10; 1e-3, its rate at the other two, stands there. MinNorm-OG's descent_epochs
    scale with `epochs`.
    """
    checks.integer("epochs", epochs, low=1)
    i = int(np.argmin([abs(np.log(epochs / t)) for t in PUBLISHED]))
    pick = lambda *values: values[i]
    settings = [
        Retrain(lr=1e-4),
        MinNormOG(
            lr=1e-3,
            reg=0.1,
            reg_decay=0.9,
            n_pert=50,
            project_every=pick(1, 2, 10),
            descent_epochs=round(epochs * pick(0.2, 0.5, 0.5)),
        ),
        GD(lr=pick(1e-4, 1e-3, 1e-3)),
        GA(lr=1e-4),
        NGP(lr=pick(1e-4, 5e-4, 1e-3), ascent=pick(1.0, 0.01, 0.001)),
        NGD(lr=pick(1e-2, 1e-3, 1e-3), noise=pick(0.5, 0.1, 1.0)),
        Ridge(lr=pick(1e-2, 1e-3, 1e-3), reg=3.0, reg_decay=pick(0.6, 0.9, 0.9)),
        L1Sparse(lr=1e-3, reg=0.1),
    ]
    return {m.name: m for m in settings}


def published_grid(epochs: int) -> dict[str, dict]:
    """The paper's grid (Table 7) for T = 10, 100 or 1000, as `ul.sweep` takes it: all 8 methods,
    n_pert 50.

    MinNorm-OG's reg is a share, so its grid stops at 1. Raises ValueError for another T.
    """
    checks.one_of("epochs", epochs, PUBLISHED, ", the paper's")
    pick = lambda *values: values[list(PUBLISHED).index(epochs)]
    common = {
        "epochs": epochs,
        "lr": pick([1e-2, 1e-3, 1e-4], [1e-3, 5e-4, 1e-4], [1e-3, 5e-4, 1e-4]),
    }
    reg, reg_decay = [0.1, 1.0, 3.0], [0.3, 0.6, 0.9]
    return {
        "Retrain": common,
        "MinNorm-OG": {
            **common,
            "reg": [0.1, 1.0],
            "reg_decay": reg_decay,
            "n_pert": 50,
            "project_every": pick([1, 2, 5], [1, 2], [10, 50, 100]),
            "descent_epochs": pick([1, 2, 5], [25, 50], [100, 200, 500]),
        },
        "GD": common,
        "GA": common,
        "NGP": {**common, "ascent": [1e-3, 1e-2, 0.1, 1.0]},
        "NGD": {**common, "noise": [0.1, 0.5, 1.0]},
        "Ridge": {**common, "reg": reg, "reg_decay": reg_decay},
        "l1-Sparse": {**common, "reg": reg},
    }


def task(
    seed: int = 1, preset: str = "quick", cache: Path | None = None, progress=None, stop=None
) -> Task:
    """The sine-poisoning task. Everything about it follows from `seed`.

    retain: 50 points on the sine, (50, 1). forget: 5 points at height 1.5, (5, 1).
    evaluate gives {"sup_error": max |f(x) - sin x| over 1,000 equispaced x in [-5 pi, 5 pi]}.

    Args:
        seed: of the points and the networks, an integer of at least 0.
        preset: "quick" uses the models that ship with the package (seeds 1-10), which were trained
            at the paper's full setting; "paper" trains any other seed here (100,000 and 50,000
            epochs, minutes per seed).
        cache, progress, stop: as in `Means`.

    Raises ValueError for an unknown preset, or a seed that "quick" does not ship. A damaged or
    missing file of the package is an error that names it (BadCheckpoint, FileNotFoundError).
    """
    seed = checks.seed(seed)
    checks.one_of("preset", preset, ("quick", "paper"))
    if preset == "quick" and seed not in SHIPPED_SEEDS:
        raise ValueError(
            f'seed={seed}: preset="quick" ships seeds 1 to 10. '
            'preset="paper" trains any seed (minutes)'
        )
    retain, forget = data.points(seed)
    shipped = preset == "quick"
    program = f"python -m {__package__} sine --seeds {seed}"
    command = program if shipped else f"ul.sine.task({seed}, preset='paper')"
    means = Means(cache=cache, progress=progress, stop=stop)
    original, ground_truth, facts = means.models(trainings(seed), shipped, command)
    return Task(
        name="sine",
        kind="regression",
        seed=seed,
        original=original,
        ground_truth=ground_truth,
        retain=retain,
        forget=forget,
        build=partial(seeded, partial(MLP, WIDTHS)),
        evaluate=evaluate,
        facts=facts,
    )


def trainings(seed: int) -> dict[str, tuple[Training, Callable]]:
    """How the two models of a task are made, and what is measured of them. They start from
    different weights, as two trainings would."""
    retain, forget = data.points(seed)
    everything = [torch.cat(pair) for pair in zip(retain.tensors, forget.tensors)]
    found = {}
    for i, (role, tensors) in enumerate(
        {"original": everything, "ground-truth": retain.tensors}.items()
    ):
        stage = Stage(*tensors, RECIPES[role])
        training = Training(f"sine-{seed}-{role}", partial(MLP, WIDTHS), 1_000 * seed + i, (stage,))
        found[role] = training, partial(_measure, *tensors)
    return found


def shipped(seed: int) -> list[tuple[Training, Callable]]:
    """How the models that ship with the package are made, and what is measured of them."""
    return list(trainings(seed).values())


@torch.no_grad()
def _measure(inputs, targets, model):
    return {"largest_residual": (model(inputs) - targets).abs().max().item(), **evaluate(model)}


def compare(
    seeds: Iterable[int],
    epochs: int,
    settings: dict[str, Method] | None = None,
    progress: Callable[[dict, int], None] | None = None,
    stop=None,
) -> list[dict]:
    """Every method on every seed: [{"method", "seed", "sup_error", "seconds"}, ...], methods in the
    table's order.

    settings: name -> Method, default `best_settings(epochs)`. progress(record, number of runs in
    all) after every run. stop: a threading.Event; once set, the records finished so far come back.
    """
    settings, seeds = settings or best_settings(epochs), list(seeds)
    tasks, records = {seed: task(seed) for seed in seeds}, []
    for name, method in settings.items():
        for seed in seeds:
            run = unlearn(tasks[seed], method, epochs, stop=stop)
            if run.stopped:
                return records
            records.append(
                {
                    "method": name,
                    "seed": seed,
                    "sup_error": run.metrics["sup_error"],
                    "seconds": run.seconds,
                }
            )
            if progress is not None:
                progress(records[-1], len(settings) * len(seeds))
    return records


def central(values: Iterable[float]) -> tuple[float, float, float]:
    """(median, low, high): the median and the range left when the 2 lowest and the 2 highest are
    dropped (Table 5).

    With fewer than five values nothing is dropped.
    """
    ordered = sorted(values)
    kept = ordered[2:-2] if len(ordered) >= 5 else ordered
    return float(np.median(ordered)), kept[0], kept[-1]


@torch.no_grad()
def evaluate(model: torch.nn.Module) -> dict[str, float]:
    """{"sup_error": max |f(theta, x) - sin x|} over 1,000 equispaced points (paper A, experiment
    1)."""
    first = next(model.parameters())
    x = data.grid().to(first.device, first.dtype)
    return {"sup_error": (model(x) - x.sin()).abs().max().item()}


@torch.no_grad()
def errors(task: Task, model: torch.nn.Module) -> dict[str, float]:
    """Three ways to be wrong: {"sup_error": as in `evaluate`, "rms_error": root mean square of f(x)
    - sin x on the same grid, "retain_error": the same on the retain points}. The function 0 has
    about 1, 0.71 and 0.7."""
    inputs, targets = task.retain.tensors
    x = data.grid().to(inputs.device, inputs.dtype)
    size = lambda difference: difference.square().mean().sqrt().item()
    return {
        **task.evaluate(model),
        "rms_error": size(model(x) - x.sin()),
        "retain_error": size(model(inputs) - targets),
    }
