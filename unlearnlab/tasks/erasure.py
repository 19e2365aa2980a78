"""Paper A, experiment 2: a network names an image's content and its color. Can it be made to forget
that there is color?

Every image comes in gray, red and green; the retain set is gray, the forget set holds some of the
red and the green copies. The models of the digits task, seeds 1 to 5, ship with the package;
`python -m unlearnlab.tasks erasure` makes them.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import TensorDataset

from ..data.images import Images, checked
from ..data.tint import GRAY, GREEN, RED, tint
from ..ground import checks
from ..ground.points import dataset
from ..networks.predict import outputs
from ..task import Task
from ..training.zoo import Stage
from .presets import Experiment, Plan, Preset, choose, share_of, sizes, together

COLORS = {"gray": GRAY, "red": RED, "green": GREEN}  # in the order of the color head's classes


@dataclass(frozen=True, kw_only=True)
class ErasurePreset(Preset):
    """both_heads, weights: as in `task`."""

    both_heads: bool = True
    weights: Path | None = None

    unlearning = ("batch_size", "p_retain", "both_heads")
    measuring = (*Preset.measuring, "both_heads")

    def __post_init__(self):
        super().__post_init__()
        checks.flag("both_heads", self.both_heads)
        if self.weights is not None:
            object.__setattr__(self, "weights", checks.path("weights", self.weights))


# For MNIST, of which the paper gives no recipe, "paper" has that of CIFAR-10.
PRESETS = sizes("erasure", ErasurePreset)


def task(
    dataset: str = "digits",
    preset: str = "quick",
    seed: int = 1,
    *,
    p_color: float | None = None,
    **options,
) -> Task:
    """The label-erasure task. Everything about it follows from its arguments.

    retain: a random share `p_retain` of the gray training images, inputs (n, 3, h, w), targets
    (n, 2): content, and color 0. Not balanced over classes: the paper says "fraction", no more.
    forget: a random share `p_color` of the red copies (color 1), and one of the green (color 2),
    drawn apart.
    original: trained on ALL gray images and the forget set; ground_truth: by the same recipe on all
    gray images.

    Args:
        dataset: "digits", "mnist", "cifar10" or "tiny-imagenet".
        preset: "quick" is a narrow ResNet-18 (width 3/32 or 1/8), on 6,000 to 10,000 images of the
            larger data sets, two to five minutes of training on one core; "paper" is the paper's
            setting, for a GPU, there in bfloat16 (recipe=ul.recipes.CIFAR10_ERASURE: float32).
        both_heads: as in `evaluate`.
        weights: torchvision's file for the body of the network, which Tiny ImageNet's "paper"
            cannot do without.
        p_color, p_retain, batch_size, network, recipe: in place of what the preset says; network
            is given the classes [content, color].
        folder, cache, device, progress, stop, evaluate_in: as in `Experiment.task`.

    Models of digits, seeds 1 to 5, ship with the package unless p_color, network or recipe differ;
    others are trained at first use, the ground truth when `task.ground_truth` is first read. Raises
    ValueError by name for wrong arguments, what `ul.images.load` raises, and BadCheckpoint or
    FileNotFoundError for a file of the package.
    """
    if "p_forget" in options:
        raise TypeError("erasure.task takes p_color, a share of each color, in place of p_forget")
    if p_color is not None:
        options["p_forget"] = checks.number("p_color", p_color, above=0, high=1)
    published = choose(PRESETS, dataset, preset).published
    if published and options.get("network") is options.get("weights") is None:
        raise ValueError(
            f"weights must name a file: {preset} of {dataset} starts from torchvision's ResNet-50 "
            "of ImageNet (resnet50-*.pth)"
        )
    task = EXPERIMENT.task(dataset, preset, seed, **options)
    if options.get("both_heads") in (None, True):
        return task
    return task.changed(name=f"{task.name}-content")  # of another metric


def _plan(seed, size, images):
    """As `Experiment.plan`."""
    gray, colored = retain_set(images), forget_set(images, size.p_forget, seed)
    build = partial(size.network, [len(images.classes), len(COLORS)])
    if size.weights is not None:
        build = partial(_with_body, build, size.weights)
    measure = partial(evaluate, test=images.test, both_heads=size.both_heads)
    trainings = {
        "original": ((Stage(*together(gray, colored), size.recipe),), measure),
        "ground-truth": ((Stage(*gray.tensors, size.recipe),), measure),
    }
    return Plan(share_of(gray, size.p_retain, seed, 0), colored, build, measure, trainings)


EXPERIMENT = Experiment("erasure", PRESETS, _plan)
images, shipped = EXPERIMENT.images, EXPERIMENT.shipped


def evaluate(
    model: nn.Module, test: TensorDataset, both_heads: bool = True, precision: str | None = None
) -> dict[str, float]:
    """What is kept, and what is forgotten, on test images (n, 1 or 3, h, w) in gray, red and green,
    with content labels (n,):

    "retain_accuracy": the share of gray images that are answered right. both_heads: right is
    (content, gray), the target of a retained image, as the paper's public code has it; else content
    alone, as the paper's text can be read. The default is the pair because a network that calls a
    gray image red has not kept what it was to keep. "forget_error": the mean of (1 - p(gray))^2
    over gray, red and green images. "unlearning", "utility": the pair of Goel et al. (2024),
    accuracy on what the forget set touched, with corrected labels, and on what it did not. Touched
    are red and green images; their corrected label is (content, gray), what a network that never
    saw color is to say (content alone unless both_heads). Untouched are gray ones, so "utility" is
    "retain_accuracy".

    precision: of the network's products on a GPU, as in `networks.predict.outputs`.
    """
    checks.flag("both_heads", both_heads)
    pixels, labels = dataset("test", test).tensors
    right, error = [], []
    for color in COLORS.values():
        content, colors = outputs(model, tint(pixels, color), precision)
        hit = content.argmax(1) == labels.to(content.device)
        hit = hit & (colors.argmax(1) == 0) if both_heads else hit
        right.append(hit.double().mean())
        error.append((1 - colors.double().softmax(1)[:, 0]).square().mean())
    # only now: a GPU that is asked for a number in between waits for the next work
    gray, red, green = torch.stack(right).tolist()
    return {
        "retain_accuracy": gray,
        "forget_error": sum(torch.stack(error).tolist()) / len(error),
        "unlearning": (red + green) / 2,
        "utility": gray,
    }


def retain_set(images: Images) -> TensorDataset:
    """All gray training images: inputs (n, 3, h, w) uint8, targets (n, 2): content and 0."""
    return painted(checked(images).train, "gray")


def forget_set(images: Images, p_color: float, seed: int) -> TensorDataset:
    """A share p_color of the red training images, then one of the green, drawn apart; targets
    content and 1 or 2."""
    p_color = checks.number("p_color", p_color, above=0, high=1)
    train = checked(images).train
    shares = [
        share_of(painted(train, name), p_color, seed, i)
        for i, name in enumerate(COLORS)
        if name != "gray"
    ]
    return TensorDataset(*together(*shares))


def painted(data: TensorDataset, name: str) -> TensorDataset:
    """Every image of `data`, inputs (n, 1 or 3, h, w) with content labels (n,), in one of COLORS;
    targets (n, 2): content and color."""
    checks.one_of("name", name, COLORS)
    pixels, labels = dataset("data", data).tensors
    color = torch.full_like(labels, list(COLORS).index(name))
    return TensorDataset(tint(pixels, COLORS[name]), torch.stack([labels, color], 1))


def _with_body(build, weights):
    model = build()
    if not hasattr(model, "load_body"):
        raise TypeError(
            "weights are for a network that has a load_body, as ul.ResNet does: network returns a "
            f"{type(model).__name__}"
        )
    return model.load_body(weights)
