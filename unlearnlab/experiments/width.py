"""Paper B: what does the WIDTH of a network change about unlearning? One task per width, and the width at which networks interpolate.

[paper] marks what the paper says of itself, of which only a summary was at hand; [ours] what this file had to decide.
The models of the digits task, seed 1, ship with the package; this makes those that are missing:

    python -m unlearnlab.experiments.width --seeds 1
"""

import math
import numbers
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import TensorDataset

from .. import selection
from ..data import images as data
from ..data.images import Images
from ..metrics import margin, mia
from ..models import AllCNN, ResNet, seeded
from ..recipes import CIFAR10_ERASURE, Recipe
from ..task import Task
from . import trained
from .outputs import outputs
from .presets import check_seed, choose, generator, share_of
from .trained import Stage, Training

NETWORKS = {
    "resnet18": lambda classes, width: ResNet(18, classes, width),
    "resnet50": lambda classes, width: ResNet(50, classes, width),
    "allcnn": lambda classes, width: AllCNN(classes, width),
}  # [paper] its three networks
GOALS = ("privacy", "bias")
LAMBDAS = (0.2, 0.4, 0.6, 0.8)  # [paper] .8 for strong bias removal
SHARES = (0.1, 0.2, 0.3)  # [paper] of the training images for validation
FORGET = 200  # [paper] examples to forget
ROLES = ("original", "ground-truth", "ground-truth-2")
SHIPPED_SEEDS = (1,)
NEAR = 0.25  # of the typical distance: about what paper B's delta of 10 is on CIFAR-10, with pixels in [-1, 1]
CHANNELS = {"resnet18": 64, "resnet50": 64, "allcnn": 96}  # of the first layer at width 1


@dataclass(frozen=True, kw_only=True)
class Ladder:
    """widths: by network, from the narrowest. recipe: of the original and the ground truth. batch_size: of the unlearning.
    forget_classes: from how many classes the forget set comes. train_images, test_images: how many take part, None for all."""

    widths: Mapping[str, tuple[float, ...]]
    recipe: Recipe
    batch_size: int
    forget_classes: int
    train_images: int | None = None
    test_images: int | None = None

    def images(self, dataset: str, folder=None) -> Images:
        """The data set, three channels, or as much of it as takes part: the same images whatever the task's seed."""
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
    (
        "cifar10",
        "paper",
    ): Ladder(  # [paper] says no recipe; ours is that of paper A, longer than which only interpolation asks for
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
    width: float | None = None,
    network: str = "resnet18",
    share: float = 0.2,
    forget_classes: int | None = None,
    forget: int = FORGET,
    batch_size: int | None = None,
    recipe: Recipe | None = None,
    folder: Path | None = None,
    cache: Path | None = None,
    device: str | torch.device = "cpu",
    progress=None,
    stop=None,
) -> Task:
    """Forget 200 examples with a network of a certain width. Everything about it follows from its arguments.

    retain, forget: see `split`; inputs (n, 3, h, w) uint8, targets (n,). The whole retain set is accessible.
    original: trained on retain and forget; its `facts` hold "training_error", the share of both that it gets wrong.
    ground_truth: by the same recipe on retain. evaluate: see `evaluate`.

    width: factor on the number of channels, default the widest of the preset's `ladder`. network: "resnet18", "resnet50" or "allcnn".
    share: of the training images, for validation. forget: how many examples; forget_classes: from how many classes they come
    ([ours]; 4 on digits, 1 in the paper's setting).
    dataset, preset: "digits" and "quick", "cifar10" and "quick" (2,000 images, for a CPU) or "paper" (all, for a GPU).
    Models of the digits ladder, seed 1, ship with the package. The rest is as in `ul.erasure.task`: others are trained at first
    use on `device` and kept in `cache`; progress(name, epochs done, loss), stop, folder and the errors are the same.

    Raises ValueError by name for wrong arguments, what `ul.images.load` raises for missing data, and BadCheckpoint or
    FileNotFoundError for a damaged or missing file of the package.
    """
    rung = _rung(
        dataset,
        preset,
        seed,
        width=width,
        network=network,
        share=share,
        forget_classes=forget_classes,
        forget=forget,
        recipe=recipe,
        folder=folder,
        device=device,
    )
    trained_on = {
        role: rung.trained(role, cache=cache, progress=progress, stop=stop) for role in ROLES[:2]
    }
    (original, _), (ground_truth, _) = trained_on.values()
    return Task(
        name=rung.name,
        kind="classification",
        seed=rung.seed,
        original=original,
        ground_truth=ground_truth,
        retain=rung.parts["retain"],
        forget=rung.parts["forget"],
        build=lambda run_seed: seeded(rung.build, run_seed).to(device),
        evaluate=partial(evaluate, parts=rung.parts),
        batch_size=rung.batch_size if batch_size is None else batch_size,
        facts={role: facts for role, (_, facts) in trained_on.items()},
    )


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
    """A second ground truth of the task with these arguments: the same retain set, another start and other batches.

    which: width, network, share, forget_classes, forget, recipe, folder and device of `task`. What two retrained models differ in
    is the floor of everything that is measured against one. Errors as in `task`.
    """
    rung = _rung(dataset, preset, seed, **which)
    return rung.trained(ROLES[2], cache=cache, progress=progress, stop=stop)[0]


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
    """The data of a task: "retain", "forget", "validation", "forget_validation" of the training images, see `split`, "test",
    all test images, and "forget_test", those of them whose class occurs in the forget set."""
    chosen = choose(PRESETS, dataset, preset)
    return _parts(chosen, chosen.images(dataset, folder), seed, share, forget_classes, forget)


def split(
    labels: torch.Tensor,
    seed: int,
    share: float = 0.2,
    forget_classes: int = 4,
    forget: int = FORGET,
) -> dict[str, torch.Tensor]:
    """Positions of training examples by what they are for, in parts that never overlap and together are all of them.

    labels: (n,). Of every class a `share` is held out. "validation" are those held out, "forget_validation" every second one
    held out of the classes the forget set comes from: [ours] the two estimates of an objective are then independent. "forget":
    so many examples, in equal parts of `forget_classes` classes, drawn at random; "retain": all others.

    Raises ValueError for a share outside (0, 1), or when the classes have too few examples to leave any to retain.
    """
    labels, drawn = labels.cpu(), generator(check_seed(seed), 5)
    _check_share(share)
    known = labels.unique()
    for name, value, most in (
        ("forget_classes", forget_classes, len(known)),
        ("forget", forget, len(labels)),
    ):
        if (
            isinstance(value, bool)
            or not isinstance(value, numbers.Integral)
            or not 1 <= value <= most
        ):
            raise ValueError(f"{name} must be an integer from 1 to {most}, got {value!r}")
    touched = (
        known[torch.randperm(len(known), generator=drawn)[:forget_classes]].sort().values.tolist()
    )
    parts = {"retain": [], "forget": [], "validation": [], "forget_validation": []}
    for label in known.tolist():
        members = (labels == label).nonzero().flatten()
        members = members[torch.randperm(len(members), generator=drawn)]
        held, kept = members.tensor_split([round(share * len(members))])
        if label not in touched:
            parts["validation"].append(held), parts["retain"].append(kept)
            continue
        first = touched.index(label) < forget % forget_classes
        gone = forget // forget_classes + first
        if gone >= len(kept) or len(held) < 2:
            raise ValueError(
                f"forget={forget} of {forget_classes} classes at share={share:g} does not fit: class {label} has "
                f"{len(kept)} training and {len(held)} validation examples"
            )
        parts["validation"].append(held[0::2]), parts["forget_validation"].append(held[1::2])
        parts["forget"].append(kept[:gone]), parts["retain"].append(kept[gone:])
    return {name: torch.cat(part).sort().values for name, part in parts.items()}


def evaluate(model: nn.Module, parts: Mapping[str, TensorDataset]) -> dict[str, float]:
    """The share of wrong answers of each of `parts` (as in `splits`), all between 0 and 1: "test_error", "forget_error",
    "forget_test_error", "validation_error", "forget_validation_error", "retain_error"; and "mia", see `attack`.

    The validation error is the mean over classes of their errors, because the forget set's classes gave half of theirs away.
    """
    said = {name: outputs(model, part.tensors[0])[0] for name, part in parts.items()}
    wrong = {name: said[name].argmax(1) != part.tensors[1] for name, part in parts.items()}
    errors = {f"{name}_error": found.double().mean().item() for name, found in wrong.items()}
    labels = parts["validation"].tensors[1]
    by_class = [wrong["validation"][labels == label].double().mean() for label in labels.unique()]
    return errors | {
        "validation_error": torch.stack(by_class).mean().item(),
        "mia": attack(said, parts),
    }


def attack(said: Mapping[str, torch.Tensor], parts: Mapping[str, TensorDataset]) -> float:
    """Accuracy of telling the forget set from unseen images of its classes, forget-test, by the loss: `metrics.mia`.

    said: logits (n, classes) of both parts. As many of each class on either side; 3 draws of 5 folds, always the same. The value of
    a retrained model is its floor: beside .5 alone it says nothing. Raises ValueError for fewer than 5 comparable images.
    """
    losses = {
        name: nn.functional.softplus(-margin(said[name], parts[name].tensors[1]))
        for name in ("forget", "forget_test")
    }
    return mia(
        losses["forget"],
        losses["forget_test"],
        seen_labels=parts["forget"].tensors[1],
        unseen_labels=parts["forget_test"].tensors[1],
        repeats=3,
    )


def objective(metrics, goal: str = "privacy", lam: float = 0.4):
    """J of a goal from what `evaluate` returned, or from a table with such columns: smaller is better. Only validation data and
    the forget set have a say in it.

    [paper] a trade-off lambda between the goal and generalization. [ours] its form:
        "privacy"   J = (1 - lambda) E_val + lambda |E_forget - E_forget-val|
        "bias"      J = (1 - lambda) E_val + lambda (1 - E_forget)

    Raises ValueError for another goal or a lambda outside [0, 1].
    """
    if goal not in GOALS:
        raise ValueError(f'goal must be "privacy" or "bias", got {goal!r}')
    number = isinstance(lam, numbers.Real) and not isinstance(lam, bool)
    if not number or not 0 <= lam <= 1:
        raise ValueError(f"lam must be a number in [0, 1], got {lam!r}")
    aim = (
        abs(metrics["forget_error"] - metrics["forget_validation_error"])
        if goal == "privacy"
        else 1 - metrics["forget_error"]
    )
    return (1 - lam) * metrics["validation_error"] + lam * aim


def select(frame, goal: str = "privacy", lam: float = 0.4, by: Sequence[str] | None = None):
    """The runs of the settings with the lowest J, one per group and seed, with J as column "objective".

    frame: what `ul.sweep` returned, or the runs of a record. by: columns that make a group, default those of network, width, share
    and method that it has. J is made of validation data, so the setting is one a user could have chosen; it
    is the one with the lowest median over seeds (`ul.select`).
    """
    by = (
        [name for name in ("network", "width", "share", "method") if name in frame.columns]
        if by is None
        else by
    )
    return selection.select(
        frame.assign(objective=objective(frame, goal, lam)), "objective", by=tuple(by)
    )


@dataclass(frozen=True)
class Threshold:
    """width: the smallest at which every seed's training error is 0. low, high: over the seeds, the smallest and the largest
    of the widths at which a seed's is 0 for the first time. inf where no width is wide enough."""

    width: float
    low: float
    high: float


def threshold(errors: Mapping[float, Sequence[float]]) -> Threshold:
    """The interpolation threshold, measured. errors: width -> training error of each seed, as `training_errors` gives them.

    [paper] underparameterized networks have a training error above 0, overparameterized ones have 0.
    Raises ValueError for no widths, or different numbers of seeds.
    """
    seeds = {len(values) for values in errors.values()}
    if len(seeds) != 1 or seeds == {0}:
        raise ValueError(
            "errors must hold the same seeds, at least one, for each width; got "
            + (
                ", ".join(f"{len(values)} at {width:g}" for width, values in errors.items())
                or "no width"
            )
        )
    first = [
        min((width for width, values in errors.items() if values[i] == 0), default=math.inf)
        for i in range(seeds.pop())
    ]
    everywhere = min(
        (width for width, values in errors.items() if not any(values)), default=math.inf
    )
    return Threshold(everywhere, min(first), max(first))


def training_errors(
    dataset: str = "digits",
    preset: str = "quick",
    seeds: Sequence[int] = SHIPPED_SEEDS,
    *,
    network: str = "resnet18",
    widths: Sequence[float] | None = None,
    **options,
) -> dict[float, list[float]]:
    """Width -> training error of the original of each seed, over the preset's ladder or `widths`; trains what is not there.

    options: of `task`.
    """
    widths = ladder(dataset, preset, network) if widths is None else widths
    return {
        width: [
            float(
                task(dataset, preset, seed, network=network, width=width, **options).facts[
                    "original"
                ]["training_error"]
            )
            for seed in seeds
        ]
        for width in widths
    }


def grid(epochs: int = 6, methods: Sequence[str] | None = None) -> dict[str, dict]:
    """Settings for the digits' quick task, as `ul.sweep` takes them: the methods of paper B, MinNorm-OG, and Retrain for as many
    epochs; or some of these.

    [ours] Rates and weights reach from nearly no effect to a broken network, after a look at seed 1. All but Retrain have
    batch_norm="frozen": they descend and ascend the deployed network's losses. With forget batches normalised by statistics of
    their own, ascent teaches a wide network to be wrong in training mode alone, and the deployed one keeps its answers.
    """
    rates = lambda *lr: {"epochs": epochs, "lr": list(lr), "batch_norm": "frozen"}
    found = {
        "SCRUB": {
            **rates(3e-4, 1e-3, 3e-3),
            "reg": 0.1,
            "ascent": [0.3, 1.0],
            "variant": "original",
            "max_epochs": max(1, epochs - 2),
        },
        "NegGrad": {**rates(3e-4, 1e-3, 3e-3), "ascent": [0.1, 0.3]},
        "l1-Sparse": {**rates(1e-3, 3e-3, 1e-2), "reg": [1e-3, 1e-2]},
        "MinNorm-OG": {
            **rates(1e-3, 3e-3),
            "reg": [0.01, 0.03],
            "reg_decay": 0.9,
            "n_pert": 50,
            "descent_epochs": epochs // 2,
        },
        "Retrain": {**rates(3e-3, 1e-2), "batch_norm": "retain"},
    }
    return {name: found[name] for name in (found if methods is None else methods)}


@dataclass(frozen=True)
class _Rung:
    """One width of a ladder, its data and how its models are trained. name: of the task. shipped: whether its models must be
    in the package. command: what makes them."""

    name: str
    seed: int
    build: Callable[[], nn.Module]
    recipe: Recipe
    batch_size: int
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
        """What goes into a trained model's facts: its errors, and that on what it was trained on."""
        errors = evaluate(model, self.parts)
        if role != "original":
            return errors | {"training_error": errors["retain_error"]}
        count = {name: len(self.parts[name]) for name in ("retain", "forget")}
        wrong = sum(errors[f"{name}_error"] * n for name, n in count.items())
        return errors | {"training_error": wrong / sum(count.values())}


def _rung(
    dataset,
    preset,
    seed,
    *,
    width=None,
    network="resnet18",
    share=0.2,
    forget_classes=None,
    forget=FORGET,
    recipe=None,
    folder=None,
    device="cpu",
):
    """The rung with these arguments of `task`, which it checks."""
    size, seed = choose(PRESETS, dataset, preset), check_seed(seed)
    if network not in NETWORKS:
        raise ValueError(f"network must be one of {', '.join(NETWORKS)}, got {network!r}")
    width = ladder(dataset, preset, network)[-1] if width is None else width
    _check_width(width, network)
    if recipe is not None and not isinstance(recipe, Recipe):
        raise TypeError(f"recipe must be a Recipe, got {recipe!r}")
    parts = _parts(
        size, size.images(dataset, folder).to(device), seed, share, forget_classes, forget
    )
    usual = (
        share == 0.2
        and forget == FORGET
        and recipe in (None, size.recipe)
        and forget_classes in (None, size.forget_classes)
        and width in size.widths.get(network, ())
    )
    shipped = usual and dataset == "digits" and seed in SHIPPED_SEEDS
    command = (
        f"python -m {__name__} --seeds {seed}"
        if shipped
        else f"ul.width.task({dataset!r}, {preset!r}, {seed}, ...)"
    )
    build = partial(NETWORKS[network], len(parts["validation"].tensors[1].unique()), width)
    return _Rung(
        f"width-{dataset}-{network}-{width:.4g}",
        seed,
        build,
        recipe or size.recipe,
        size.batch_size,
        parts,
        shipped,
        command,
    )


def _check_width(width, network):
    number = (
        isinstance(width, numbers.Real) and not isinstance(width, bool) and math.isfinite(width)
    )
    if not number or width < 1 / CHANNELS[network]:
        raise ValueError(
            f"width must be a number of at least 1/{CHANNELS[network]}, one channel in the first layer of {network}, "
            f"got {width!r}"
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


def _check_share(share):
    number = isinstance(share, numbers.Real) and not isinstance(share, bool)
    if not number or not 0 < share < 1:
        raise ValueError(f"share must be a number between 0 and 1, got {share!r}")


def _shipped(seed):
    """What the package ships of a seed: every model of both ladders on digits."""
    jobs = []
    for network, widths in (
        PRESETS["digits", "quick"].widths.items() if seed in SHIPPED_SEEDS else ()
    ):
        for width in widths:
            rung = _rung("digits", "quick", seed, network=network, width=width)
            jobs += [(rung.training(role), partial(rung.measure, role)) for role in ROLES]
    return jobs


if __name__ == "__main__":
    sys.exit(trained.run("unlearnlab.experiments.width", __doc__, _shipped))
