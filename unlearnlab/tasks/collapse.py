"""Paper A, experiment 3: color gives the class away in all but a few images. Can a network be
brought to rely on color alone?

Every training image has its class's color; a few have another one, and for them the original
network had to learn content. Forgetting those few, the simplest answer is the color, whatever the
image shows: its representation collapses. The models of the digits task, seeds 1 to 5, ship with
the package; `python -m unlearnlab.tasks collapse` makes them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import TensorDataset

from ..data.images import Images
from ..data.tint import CLASS_COLORS, GRAY, tint
from ..ground import checks, seeds
from ..networks import ResNet
from ..networks.predict import outputs
from ..task import Task
from ..training import recipe as recipes
from ..training import zoo
from ..training.recipe import Recipe
from ..training.zoo import Stage, Training
from .presets import Means, Preset, choose, command, image_task, share_of


@dataclass(frozen=True, kw_only=True)
class WarmPreset(Preset):
    """warm_start: the recipe on gray images that the original begins with; `recipe` is that of the
    colored ones."""

    warm_start: Recipe

    def __post_init__(self):
        super().__post_init__()
        checks.instance("warm_start", self.warm_start, Recipe, "a Recipe")

    def epochs(self, role):
        return super().epochs(role) + (self.warm_start.epochs if role == "original" else 0)


# color accuracy of the paper's Tables 2 and 17 on CIFAR-10: (accessible share of the retain set,
# epochs) -> method -> (mean, standard error)
TABLE = "Retrain MinNorm-OG GD GA NGP NGD Ridge l1-Sparse SCRUB NPO SalUn".split()
_MEANS_AND_ERRORS = {
    (0.001, 5): (
        (0.791, 0.491, 0.240, 0.345, 0.459, 0.126, 0.209, 0.124, 0.373, 0.406, 0.294),
        (0.045, 0.061, 0.032, 0.044, 0.034, 0.002, 0.037, 0.003, 0.037, 0.037, 0.055),
    ),
    (0.001, 10): (
        (0.955, 0.787, 0.552, 0.383, 0.737, 0.330, 0.600, 0.230, 0.619, 0.432, 0.534),
        (0.011, 0.034, 0.043, 0.054, 0.038, 0.022, 0.037, 0.065, 0.034, 0.069, 0.079),
    ),
    (0.001, 15): (
        (0.963, 0.932, 0.782, 0.398, 0.815, 0.469, 0.813, 0.251, 0.741, 0.446, 0.763),
        (0.008, 0.013, 0.033, 0.051, 0.016, 0.034, 0.027, 0.047, 0.039, 0.076, 0.053),
    ),
    (0.01, 5): (
        (0.928, 0.595, 0.407, 0.342, 0.583, 0.329, 0.335, 0.125, 0.478, 0.425, 0.425),
        (0.026, 0.061, 0.024, 0.047, 0.060, 0.036, 0.061, 0.002, 0.049, 0.041, 0.027),
    ),
    (0.01, 10): (
        (0.985, 0.947, 0.736, 0.382, 0.924, 0.705, 0.634, 0.314, 0.758, 0.435, 0.687),
        (0.001, 0.011, 0.030, 0.054, 0.025, 0.032, 0.050, 0.066, 0.028, 0.069, 0.040),
    ),
}
PUBLISHED = {
    row: dict(zip(TABLE, zip(means, errors))) for row, (means, errors) in _MEANS_AND_ERRORS.items()
}

_STEPS = partial(Recipe, lr=3e-2)
_QUICK = partial(
    WarmPreset,
    network=partial(ResNet, 18, width=1 / 8),
    batch_size=64,
    p_forget=0.02,
    p_retain=0.02,
    test_images=500,
)
PRESETS = {
    ("digits", "quick"): WarmPreset(
        network=partial(ResNet, 18, width=3 / 32),
        warm_start=_STEPS(epochs=3, batch_size=64),
        recipe=_STEPS(epochs=16, batch_size=64, milestones=(6, 12)),
        batch_size=32,
        p_forget=0.05,
        p_retain=0.3,
    ),
    ("mnist", "quick"): _QUICK(
        warm_start=_STEPS(epochs=2, batch_size=128),
        recipe=_STEPS(epochs=8, batch_size=128, milestones=(4, 6)),
        train_images=6_000,
    ),
    ("cifar10", "quick"): _QUICK(
        warm_start=_STEPS(epochs=6, batch_size=128),
        recipe=_STEPS(epochs=10, batch_size=128, milestones=(4, 8)),
        train_images=8_000,
    ),
    ("cifar10", "paper"): WarmPreset(
        network=partial(ResNet, 18),
        warm_start=recipes.COLLAPSE_WARM_START,
        recipe=recipes.COLLAPSE,
        batch_size=256,
        p_forget=0.01,
        p_retain=0.01,
    ),
}


def task(
    dataset: str = "digits",
    preset: str = "quick",
    seed: int = 1,
    *,
    p_forget: float | None = None,
    p_retain: float | None = None,
    batch_size: int | None = None,
    network: Callable | None = None,
    warm_start: Recipe | None = None,
    recipe: Recipe | None = None,
    **means,
) -> Task:
    """The representation-collapse task. Everything about it follows from its arguments.

    retain: the accessible part, a random share `p_retain`, of all training images in their class's
    color; inputs (n, 3, h, w) uint8, targets (n,): content.
    forget: a share `p_forget` of each class, each image in another class's color, drawn at random,
    with its content as target.
    original: trained on gray images (`warm_start`), then on all colored ones, forget set included,
    by `recipe` with sample weights p/(1+p) for a retained image and 1/(1+p) for a forgotten one,
    p = p_forget: the two sets count alike. The rate starts anew with the second recipe.
    ground_truth: `recipe` on the images in their class's color, from a fresh start.
    evaluate: see `evaluate`.

    The other arguments, shipped models, files and errors are those of `ul.erasure.task`.
    """
    default = choose(PRESETS, dataset, preset, means.get("device", "cpu"))
    chosen = default.changed(
        p_forget=p_forget,
        p_retain=p_retain,
        batch_size=batch_size,
        network=network,
        warm_start=warm_start,
        recipe=recipe,
    )
    return _task(dataset, preset, seed, chosen, chosen.trains_as(default), Means(**means))


def _task(dataset, preset, seed, chosen, shipped, means):
    checks.number("p_forget", chosen.p_forget, above=0, high=1)
    checks.number("p_retain", chosen.p_retain, above=0, high=1)
    seed = checks.seed(seed)
    images = chosen.images(dataset, means.folder).to(means.device)
    own, other = retain_set(images), forget_set(images, chosen.p_forget, seed)
    build, measure = (
        partial(chosen.network, len(images.classes)),
        partial(evaluate, test=images.test),
    )
    shipped = shipped and dataset == "digits" and seed in zoo.SHIPPED_SEEDS
    trainings = _trainings(dataset, seed, build, chosen, images, own, other, measure)
    made = command("collapse", shipped, dataset, preset, seed)
    models = means.models(trainings, shipped, made)
    parts = {
        "retain": share_of(own, chosen.p_retain, seed, 0),
        "forget": other,
        "evaluate": partial(measure, precision=means.evaluate_in),
    }
    name, size = f"collapse-{dataset}", chosen.batch_size
    return image_task(name, seed, models, build, means.device, batch_size=size, **parts)


def grid(epochs: int = 15) -> dict[str, dict]:
    """Settings for the digits' quick task, as `ul.sweep` takes them: the methods of the paper's
    table.

    Three to five rates, about a factor of 3 apart, and two or three values of what else a method
    has; chosen after a look at seeds 1 and 2, so that the rate that is best is not the first or
    last. Longer runs project and ascend for longer in proportion.
    """
    rates = lambda *lr: {"epochs": epochs, "lr": list(lr)}
    usual, low = rates(3e-3, 1e-2, 3e-2, 1e-1), rates(1e-4, 3e-4, 1e-3, 3e-3, 1e-2)
    return {
        "Retrain": rates(3e-4, 1e-3, 3e-3, 1e-2, 3e-2),
        "MinNorm-OG": {
            **usual,
            "reg": [0.05, 0.1],
            "reg_decay": [0.8, 0.9],
            "n_pert": 50,
            "descent_epochs": (epochs + 1) // 2,
        },
        "GD": rates(1e-3, 3e-3, 1e-2, 3e-2, 1e-1),
        "GA": low,
        "NGP": {**rates(3e-3, 1e-2, 3e-2), "ascent": [0.1, 0.3, 1.0]},
        "NGD": {**usual, "noise": [0.01, 0.1]},
        "Ridge": {**usual, "reg": [0.003, 0.01, 0.03], "reg_decay": 0.95},
        "l1-Sparse": {**usual, "reg": [1e-4, 3e-4, 1e-3]},
        "SCRUB": {
            **rates(1e-3, 3e-3, 1e-2, 3e-2),
            "reg": 0.01,
            "ascent": [0.3, 1.0, 3.0],
            "descent_epochs": epochs // 3,
        },
        "NPO": {**low, "reg": [1.0, 10.0]},
        "SalUn": {**usual, "ascent": [0.1, 0.3, 1.0]},
    }


def short_grid(epochs: int = 15) -> dict[str, dict]:
    """A quarter of `grid`, as `ul.sweep` takes it, for tasks where a run takes half a minute:
    CIFAR-10 on a laptop.

    Two or three rates, and of every other hyperparameter the value that did best on MNIST. A
    method's best may lie at an end of this grid: whoever reads a result of it has to look.
    """
    usual, low = (
        {"epochs": epochs, "lr": [1e-3, 3e-3, 1e-2]},
        {"epochs": epochs, "lr": [1e-4, 3e-4]},
    )
    return {
        "Retrain": usual,
        "MinNorm-OG": {
            **usual,
            "reg": 0.05,
            "reg_decay": 0.9,
            "n_pert": 50,
            "descent_epochs": (epochs + 1) // 2,
        },
        "GD": usual,
        "GA": low,
        "NGP": {**usual, "ascent": 0.3},
        "NGD": {**usual, "noise": 0.01},
        "Ridge": {**usual, "reg": 0.003, "reg_decay": 0.95},
        "l1-Sparse": {**usual, "reg": 1e-4},
        "SCRUB": {**usual, "reg": 0.01, "ascent": 0.3, "descent_epochs": epochs // 3},
        "NPO": {**low, "reg": 10.0},
        "SalUn": {**usual, "ascent": 0.3},
    }


def published_grid(epochs: int, p_retain: float = 0.01) -> dict[str, dict]:
    """The paper's grid for a row of its table, T = 5, 10 or 15 and the accessible share, as
    `ul.sweep` takes it, n_pert 50.

    Raises ValueError for a row that the table has not.
    """
    if (p_retain, epochs) not in PUBLISHED:
        rows = ", ".join(f"({share:g}, {t})" for share, t in PUBLISHED)
        raise ValueError(
            f"p_retain, epochs must be one of {rows}, the rows of the paper's table, "
            f"got ({p_retain!r}, {epochs!r})"
        )
    first = (p_retain, epochs) == (0.001, 5)
    common = {"epochs": epochs, "lr": [5e-3, 1e-3, 5e-4, 1e-4][first:]}
    reg, reg_decay, ascent = (
        [0.1, 0.2, 0.5, 0.9] if first else [0.01, 0.1, 0.5, 0.9],
        [0.2, 0.4, 0.8],
        [1e-3, 1e-2, 0.1],
    )
    last = {"descent_epochs": [1, 2, 3] if epochs == 5 else [3, 5, 7]}
    return {
        "Retrain": common,
        "MinNorm-OG": {**common, "reg": reg, "reg_decay": reg_decay, "n_pert": 50, **last},
        "GD": common,
        "GA": common,
        "NGP": {**common, "ascent": ascent},
        "NGD": {**common, "noise": [0.1, 1.0, 10.0]},
        "Ridge": {**common, "reg": reg, "reg_decay": reg_decay},
        "l1-Sparse": {**common, "reg": reg},
        "SCRUB": {**common, "reg": reg, "ascent": ascent, **last},
        "NPO": {**common, "reg": reg},
        "SalUn": {**common, "ascent": ascent},
    }


def images(dataset: str = "digits", preset: str = "quick", folder: Path | None = None) -> Images:
    """The images a preset's task is made of, as they are before tinting."""
    return choose(PRESETS, dataset, preset).images(dataset, folder)


def evaluate(
    model: nn.Module, test: TensorDataset, precision: str | None = None
) -> dict[str, float]:
    """What a model goes by, on test images (n, 1 or 3, h, w) with content labels (n,), each painted
    in each of the 10 class colors:

    "color_accuracy": the share of the 10 n painted images that are given the class of their color.
    "unlearning", "utility": the pair of Goel et al. (2024), accuracy on what the forget set
    touched, with corrected labels, and on what it did not. Touched are images in another class's
    color; their corrected label is the class of that color, what a network is to say that never saw
    color and content disagree. Untouched are images in their own class's color.

    precision: of the network's products on a GPU, as in `networks.predict.outputs`.
    """
    pixels, labels = test.tensors
    says = [outputs(model, tint(pixels, color), precision)[0].argmax(1) for color in CLASS_COLORS]
    says = torch.stack(says).cpu()  # (10, n)
    right = says == torch.arange(len(CLASS_COLORS))[:, None]
    own = torch.arange(len(CLASS_COLORS))[:, None] == labels.cpu()
    share = lambda which: right[which].double().mean().item()
    return {
        "color_accuracy": right.double().mean().item(),
        "unlearning": share(~own),
        "utility": share(own),
    }


def retain_set(images: Images) -> TensorDataset:
    """All training images in their class's color: inputs (n, 3, h, w) uint8, targets (n,)."""
    pixels, labels = images.train.tensors
    return TensorDataset(tint(pixels, CLASS_COLORS.to(labels.device)[labels]), labels)


def forget_set(images: Images, p_forget: float, seed: int) -> TensorDataset:
    """round(p_forget * its size) images of each class, at least one, each in a random color of
    another class; targets content."""
    pixels, labels = images.train.tensors
    numbers, chosen = seeds.generator(seed, 1), []
    for label in range(len(images.classes)):
        members = (labels.cpu() == label).nonzero().flatten()
        chosen.append(
            members[
                torch.randperm(len(members), generator=numbers)[
                    : max(1, round(p_forget * len(members)))
                ]
            ]
        )
    chosen = torch.cat(chosen).to(labels.device)
    away = torch.randint(1, len(CLASS_COLORS), (len(chosen),), generator=numbers).to(labels.device)
    colors = CLASS_COLORS.to(labels.device)[(labels[chosen] + away) % len(CLASS_COLORS)]
    return TensorDataset(tint(pixels[chosen], colors), labels[chosen])


def _trainings(dataset, seed, build, chosen, images, own, other, measure):
    """By role. The two start from different weights, as two trainings would."""
    pixels, labels = images.train.tensors
    everything = [torch.cat(pair) for pair in zip(own.tensors, other.tensors)]
    p = chosen.p_forget
    weights = torch.cat(
        [torch.full((len(own),), p / (1 + p)), torch.full((len(other),), 1 / (1 + p))]
    ).to(labels.device)
    stages = {
        "original": (
            Stage(tint(pixels, GRAY), labels, chosen.warm_start),
            Stage(*everything, chosen.recipe, weights),
        ),
        "ground-truth": (Stage(*own.tensors, chosen.recipe),),
    }
    return {
        role: (
            Training(f"collapse-{dataset}-{seed}-{role}", build, 1_000 * seed + 10 * i, parts),
            measure,
        )
        for i, (role, parts) in enumerate(stages.items())
    }


def shipped(seed: int) -> list[tuple[Training, Callable]]:
    """How the models that ship with the package are made, and what is measured of them."""
    chosen = PRESETS["digits", "quick"]
    images = chosen.images("digits")
    own, other = retain_set(images), forget_set(images, chosen.p_forget, seed)
    build, measure = (
        partial(chosen.network, len(images.classes)),
        partial(evaluate, test=images.test),
    )
    return list(_trainings("digits", seed, build, chosen, images, own, other, measure).values())
