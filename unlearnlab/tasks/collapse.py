"""Paper A, experiment 3: color gives the class away in all but a few images. Can a network be
brought to rely on color alone?

Every training image has its class's color; a few have another one, and for them the original
network, which began with gray images, had to go by content. Once those few are forgotten, the color
is an answer to all that is left, whatever the image shows: the representation may collapse. The
models of the digits task, seeds 1 to 5, ship with the package; `python -m unlearnlab.tasks
collapse` makes them.
"""

from dataclasses import dataclass
from functools import partial

import torch
from torch import nn
from torch.utils.data import TensorDataset

from ..data.images import Images, checked
from ..data.tint import CLASS_COLORS, GRAY, tint
from ..ground import checks, seeds
from ..ground.points import dataset
from ..networks.predict import outputs
from ..task import Task
from ..training.recipe import Recipe
from ..training.zoo import Stage
from .presets import Experiment, Plan, Preset, share_of, sizes, together


@dataclass(frozen=True, kw_only=True)
class WarmPreset(Preset):
    """warm_start: the recipe on gray images that the original begins with; `recipe` is that of the
    colored ones."""

    warm_start: Recipe

    def epochs(self, role):
        return super().epochs(role) + (self.warm_start.epochs if role == "original" else 0)


PRESETS = sizes("collapse", WarmPreset)


def task(dataset: str = "digits", preset: str = "quick", seed: int = 1, **options) -> Task:
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

    options: p_forget, p_retain, batch_size, network, warm_start and recipe in place of what the
    preset says, and the rest as in `Experiment.task`. Shipped models, files and errors are those of
    `ul.erasure.task`.
    """
    return _EXPERIMENT.task(dataset, preset, seed, **options)


def _plan(seed, size, images):
    """As `Experiment.plan`."""
    own, other = retain_set(images), forget_set(images, size.p_forget, seed)
    build = partial(size.network, len(images.classes))
    measure = partial(evaluate, test=images.test)
    pixels, labels = images.train.tensors
    p = size.p_forget
    counts = torch.tensor([len(own), len(other)])
    weights = torch.tensor([p / (1 + p), 1 / (1 + p)], dtype=torch.float32)
    weights = weights.repeat_interleave(counts).to(labels.device)
    first = Stage(tint(pixels, GRAY), labels, size.warm_start)
    second = Stage(*together(own, other), size.recipe, weights)
    trainings = {
        "original": ((first, second), measure),
        "ground-truth": ((Stage(*own.tensors, size.recipe),), measure),
    }
    return Plan(share_of(own, size.p_retain, seed, 0), other, build, measure, trainings)


_EXPERIMENT = Experiment("collapse", PRESETS, _plan)
images, shipped = _EXPERIMENT.images, _EXPERIMENT.shipped


def evaluate(
    model: nn.Module, test: TensorDataset, precision: str | None = None
) -> dict[str, float]:
    """What a model goes by, on test images (n, 1 or 3, h, w) with content labels (n,), each painted
    in each of the 10 class colors:

    "color_accuracy": the share of the 10 n painted images that are given the class of their color.
    "unlearning", "utility": the pair of Goel et al. (2024), accuracy on what the forget set
    touched, with corrected labels, and on what it did not. Touched are images in another class's
    color; their corrected label is the class of that color, what a network is to say that never saw
    color and content disagree, nor gray images. Untouched are images in their own class's color.

    precision: of the network's products on a GPU, as in `networks.predict.outputs`.
    """
    pixels, labels = dataset("test", test).tensors
    says = [outputs(model, tint(pixels, color), precision)[0].argmax(1) for color in CLASS_COLORS]
    says = torch.stack(says).cpu()  # (10, n)
    painted = torch.arange(len(CLASS_COLORS), device="cpu")[:, None]
    right, own = says == painted, painted == labels.cpu()
    share = lambda which: right[which].double().mean().item()
    return {
        "color_accuracy": right.double().mean().item(),
        "unlearning": share(~own),
        "utility": share(own),
    }


def retain_set(images: Images) -> TensorDataset:
    """All training images in their class's color: inputs (n, 3, h, w) uint8, targets (n,)."""
    pixels, labels = checked(images).train.tensors
    return TensorDataset(tint(pixels, CLASS_COLORS.to(labels.device)[labels]), labels)


def forget_set(images: Images, p_forget: float, seed: int) -> TensorDataset:
    """round(p_forget * its size) images of each class, at least one, each in a random color of
    another class; targets content."""
    pixels, labels = checked(images).train.tensors
    p_forget = checks.number("p_forget", p_forget, above=0, high=1)
    numbers, parts = seeds.generator(checks.seed(seed), 1), []
    for label in range(len(images.classes)):
        some = seeds.members(labels.cpu(), label, numbers)
        parts.append(some[: max(1, round(p_forget * len(some)))])
    gone = torch.cat(parts).to(labels.device)
    away = torch.randint(1, len(CLASS_COLORS), (len(gone),), generator=numbers).to(labels.device)
    colors = CLASS_COLORS.to(labels.device)[(labels[gone] + away) % len(CLASS_COLORS)]
    return TensorDataset(tint(pixels[gone], colors), labels[gone])
