"""Paper B: what does the WIDTH of a network change about unlearning? One task per width.

[paper] marks what the paper says of itself, of which only a summary was at hand; [ours] what this
file had to decide. The models of the digits task, seed 1, ship with the package; this makes those
that are missing:

    python -m unlearnlab.experiments.width --seeds 1
"""

import math
import numbers
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import TensorDataset

from ..data import images as data
from ..data.images import Images
from ..models import AllCNN, ResNet, seeded
from ..recipes import CIFAR10_ERASURE, Recipe
from ..task import Task
from ..tasks.width_parts import FORGET, evaluate, split
from . import trained
from .presets import check_seed, choose, share_of
from .trained import Stage, Training

NETWORKS = {
    "resnet18": lambda classes, width: ResNet(18, classes, width),
    "resnet50": lambda classes, width: ResNet(50, classes, width),
    "allcnn": lambda classes, width: AllCNN(classes, width),
}  # [paper] its three networks
SHARES = (0.1, 0.2, 0.3)  # [paper] of the training images for validation
ROLES = ("original", "ground-truth", "ground-truth-2")
SHIPPED_SEEDS = (1,)
# of the typical distance: about what paper B's delta of 10 is on CIFAR-10, with pixels in [-1, 1]
NEAR = 0.25
CHANNELS = {"resnet18": 64, "resnet50": 64, "allcnn": 96}  # of the first layer at width 1


@dataclass(frozen=True, kw_only=True)
class Ladder:
    """widths: by network, from the narrowest. recipe: of the original and the ground truth.
    batch_size: of the unlearning. forget_classes: from how many classes the forget set comes.
    train_images, test_images: how many take part, None for all."""

    widths: Mapping[str, tuple[float, ...]]
    recipe: Recipe
    batch_size: int
    forget_classes: int
    train_images: int | None = None
    test_images: int | None = None

    def images(self, dataset: str, folder=None) -> Images:
        """The data set, three channels, or as much of it as takes part: the same images whatever
        the task's seed."""
        whole = data.load(dataset, folder)
        return replace(
            whole,
            train=_some(whole.train, self.train_images),
            test=_some(whole.test, self.test_images),
        )


def _widths(**channels):
    return {
        network: tuple(c / CHANNELS[network] for c in count) for network, count in channels.items()
    }


PRESETS = {
    ("digits", "quick"): Ladder(
        widths=_widths(resnet18=(1, 1.5, 2, 3, 4, 6), allcnn=(1, 2, 3, 4, 6, 12, 24)),
        batch_size=64,
        forget_classes=4,
        recipe=Recipe(epochs=30, batch_size=64, lr=3e-2, milestones=(20,)),
    ),
    ("cifar10", "quick"): Ladder(
        widths=_widths(resnet18=(1, 2, 4, 8, 12), allcnn=(2, 4, 8, 16, 32)),
        batch_size=64,
        forget_classes=2,
        train_images=2_000,
        test_images=1_000,
        recipe=Recipe(epochs=30, batch_size=64, lr=3e-2, milestones=(20,)),
    ),
    # [paper] says no recipe; ours is that of paper A, longer only where interpolation asks for it
    ("cifar10", "paper"): Ladder(
        widths=_widths(
            resnet18=(2, 4, 8, 12, 16, 24, 32, 64),
            resnet50=(2, 4, 8, 16, 32, 64),
            allcnn=(4, 8, 16, 32, 64, 96),
        ),
        batch_size=64,
        forget_classes=1,
        recipe=CIFAR10_ERASURE,
    ),
}


def task(
    dataset: str = "digits",
    preset: str = "quick",
    seed: int = 1,
    *,
    batch_size: int | None = None,
    cache: Path | None = None,
    progress=None,
    stop=None,
    **which,
) -> Task:
    """Forget 200 examples with a network of a certain width. Its arguments say everything about it.

    retain, forget: see `split`; inputs (n, 3, h, w) uint8, targets (n,). The whole retain set is
    accessible.
    original: trained on both; its `facts` hold "training_error", the share that it gets wrong.
    ground_truth: by the same recipe on retain. evaluate: see `evaluate`.

    dataset, preset: "digits" and "quick", "cifar10" and "quick" (2,000 images, for a CPU) or
    "paper" (all, for a GPU). Models of the digits ladder, seed 1, ship with the package; others are
    trained at first use, see `ul.erasure.task` for cache, progress and stop.
    which: width, network, share, forget_classes, forget, recipe, folder and device of `rung`.

    Raises ValueError by name for wrong arguments, what `ul.images.load` raises for missing data,
    and BadCheckpoint or FileNotFoundError for a damaged or missing file of the package.
    """
    place = rung(dataset, preset, seed, **which)
    how = {"cache": cache, "progress": progress, "stop": stop}
    original, original_facts = place.trained("original", **how)
    ground_truth, truth_facts = place.trained("ground-truth", **how)
    return Task(
        name=place.name,
        kind="classification",
        seed=place.seed,
        original=original,
        ground_truth=ground_truth,
        retain=place.parts["retain"],
        forget=place.parts["forget"],
        build=partial(_untrained, place.build, place.device),
        evaluate=partial(evaluate, parts=place.parts),
        batch_size=place.batch_size if batch_size is None else batch_size,
        facts={"original": original_facts, "ground-truth": truth_facts},
    )


def _untrained(build, device, run_seed):
    return seeded(build, run_seed).to(device)


def retrained_again(
    dataset: str = "digits",
    preset: str = "quick",
    seed: int = 1,
    *,
    cache: Path | None = None,
    progress=None,
    stop=None,
    **which,
) -> nn.Module:
    """A second ground truth of a task: the same retain set, another start and other batches.

    Arguments and errors as in `task`. What two retrained models differ in is the floor of
    everything that is measured against one.
    """
    place = rung(dataset, preset, seed, **which)
    return place.trained(ROLES[2], cache=cache, progress=progress, stop=stop)[0]


def ladder(
    dataset: str = "digits", preset: str = "quick", network: str = "resnet18"
) -> tuple[float, ...]:
    """The widths of a preset, from the narrowest. Raises ValueError for what it has not."""
    widths = choose(PRESETS, dataset, preset).widths
    if network not in widths:
        raise ValueError(
            f"network must be one of {', '.join(widths)} for {dataset}, {preset}, got {network!r}"
        )
    return widths[network]


def splits(
    dataset: str = "digits",
    preset: str = "quick",
    seed: int = 1,
    *,
    share: float = 0.2,
    forget_classes: int | None = None,
    forget: int = FORGET,
    folder: Path | None = None,
) -> dict[str, TensorDataset]:
    """The data of a task: "retain", "forget", "validation", "forget_validation" of the training
    images, see `split`, "test", all test images, and "forget_test", those of them whose class
    occurs in the forget set."""
    chosen = choose(PRESETS, dataset, preset)
    return _parts(chosen, chosen.images(dataset, folder), seed, share, forget_classes, forget)


@dataclass(frozen=True)
class Rung:
    """One width of a ladder, its data and how its models are trained. name: of the task. shipped:
    whether its models must be in the package. command: what makes them."""

    name: str
    seed: int
    build: Callable[[], nn.Module]
    recipe: Recipe
    batch_size: int
    device: str | torch.device
    parts: dict[str, TensorDataset]
    shipped: bool
    command: str

    def training(self, role: str) -> Training:
        data = [
            self.parts[part].tensors
            for part in (("retain", "forget") if role == "original" else ("retain",))
        ]
        stage = Stage(*map(torch.cat, zip(*data)), self.recipe)
        return Training(
            f"{self.name}-{self.seed}-{role}",
            self.build,
            1_000 * self.seed + 10 * ROLES.index(role),
            (stage,),
        )

    def trained(self, role: str, **how) -> tuple[nn.Module, dict[str, str]]:
        """(model, facts). how: cache, progress and stop of `trained.get`."""
        return trained.get(
            self.training(role),
            partial(self.measure, role),
            shipped=self.shipped,
            command=self.command,
            **how,
        )

    def measure(self, role: str, model: nn.Module) -> dict[str, float]:
        """What goes into a trained model's facts: its errors, and that on what it was trained
        on."""
        errors = evaluate(model, self.parts)
        if role != "original":
            return errors | {"training_error": errors["retain_error"]}
        count = {name: len(self.parts[name]) for name in ("retain", "forget")}
        wrong = sum(errors[f"{name}_error"] * n for name, n in count.items())
        return errors | {"training_error": wrong / sum(count.values())}


def rung(
    dataset: str = "digits",
    preset: str = "quick",
    seed: int = 1,
    *,
    width: float | None = None,
    network: str = "resnet18",
    share: float = 0.2,
    forget_classes: int | None = None,
    forget: int = FORGET,
    recipe: Recipe | None = None,
    folder: Path | None = None,
    device: str | torch.device = "cpu",
) -> Rung:
    """One width of a ladder: what `task` trains and unlearns.

    width: factor on the number of channels, default the widest of the preset's `ladder`.
    network: "resnet18", "resnet50" or "allcnn".
    share: of the training images, for validation.
    forget: how many examples. forget_classes: from how many classes they come ([ours]; 4 on digits,
    1 in the paper's setting).
    recipe: of the training, default the preset's. folder: of the data set. device: of all tensors.
    """
    size, seed = choose(PRESETS, dataset, preset), check_seed(seed)
    if network not in NETWORKS:
        raise ValueError(f"network must be one of {', '.join(NETWORKS)}, got {network!r}")
    width = ladder(dataset, preset, network)[-1] if width is None else width
    _check_width(width, network)
    if recipe is not None and not isinstance(recipe, Recipe):
        raise TypeError(f"recipe must be a Recipe, got {recipe!r}")
    images = size.images(dataset, folder).to(device)
    parts = _parts(size, images, seed, share, forget_classes, forget)
    usual = share == 0.2 and forget == FORGET and recipe in (None, size.recipe)
    usual = usual and forget_classes in (None, size.forget_classes)
    on_a_rung = dataset == "digits" and width in size.widths.get(network, ())
    shipped = usual and on_a_rung and seed in SHIPPED_SEEDS
    command = f"ul.width.task({dataset!r}, {preset!r}, {seed}, ...)"
    return Rung(
        name=f"width-{dataset}-{network}-{width:.4g}",
        seed=seed,
        build=partial(NETWORKS[network], len(parts["validation"].tensors[1].unique()), width),
        recipe=recipe or size.recipe,
        batch_size=size.batch_size,
        device=device,
        parts=parts,
        shipped=shipped,
        command=f"python -m {__name__} --seeds {seed}" if shipped else command,
    )


def _check_width(width, network):
    number = (
        isinstance(width, numbers.Real) and not isinstance(width, bool) and math.isfinite(width)
    )
    if not number or width < 1 / CHANNELS[network]:
        raise ValueError(
            f"width must be a number of at least 1/{CHANNELS[network]}, one channel in the first "
            f"layer of {network}, got {width!r}"
        )


def _parts(chosen, images, seed, share, forget_classes, forget):
    pixels, labels = images.train.tensors
    found = split(
        labels,
        seed,
        share,
        chosen.forget_classes if forget_classes is None else forget_classes,
        forget,
    )
    parts = {
        name: _colored(pixels[where.to(pixels.device)], labels[where.to(labels.device)])
        for name, where in found.items()
    }
    pixels, labels = images.test.tensors
    touched = torch.isin(labels, parts["forget"].tensors[1])
    return parts | {
        "test": _colored(pixels, labels),
        "forget_test": _colored(pixels[touched], labels[touched]),
    }


def _colored(pixels, labels):
    return TensorDataset(pixels.expand(-1, 3, -1, -1).contiguous(), labels)


def _some(images, count):
    return (
        images
        if count is None or count >= len(images)
        else share_of(images, count / len(images), 0, 0)
    )


def _shipped(seed):
    """What the package ships of a seed: every model of both ladders on digits."""
    jobs = []
    ladders = PRESETS["digits", "quick"].widths if seed in SHIPPED_SEEDS else {}
    for network, widths in ladders.items():
        for width in widths:
            place = rung("digits", "quick", seed, network=network, width=width)
            jobs += [(place.training(role), partial(place.measure, role)) for role in ROLES]
    return jobs


if __name__ == "__main__":
    sys.exit(trained.run("unlearnlab.experiments.width", __doc__, _shipped))
