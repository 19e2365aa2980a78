"""Paper B: what does the WIDTH of a network change about unlearning? One task per width.

[paper] marks what the paper says of itself, of which only a summary was at hand; [ours] what this
file had to decide. The models of the digits task, seed 1, ship with the package;
`python -m unlearnlab.tasks width` makes them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import TensorDataset

from ..ground import checks
from ..ground.identity import fingerprint
from ..ground.points import dataset
from ..ground.seeds import generator, members, shuffled
from ..metrics import margin, mia
from ..networks import AllCNN, ResNet
from ..networks.pixels import scaled
from ..networks.predict import outputs
from ..networks.resnet import BLOCKS
from ..task import Task
from ..training import zoo
from ..training.zoo import Stage, Training
from .presets import Experiment, Plan, Size, choose, sizes, together

# functions of (classes, width); [paper] resnet18, resnet50 and allcnn
NETWORKS = {f"resnet{depth}": partial(ResNet, depth) for depth in BLOCKS} | {"allcnn": AllCNN}
CHANNELS = {**dict.fromkeys(NETWORKS, 64), "allcnn": 96}  # of the first layer at width 1
SHARES = (0.1, 0.2, 0.3)  # [paper] of the training images for validation
FORGET = 200  # [paper] examples to forget
ROLES = ("original", "ground-truth", "ground-truth-2")
SHIPPED_SEEDS = (1,)


@dataclass(frozen=True, kw_only=True)
class Ladder(Size):
    """The size of an experiment at one of its widths.

    Args:
        channels: of the first layer, by network, from the narrowest.
        forget_classes, network, width, share, forget: as in `task`.
    """

    channels: Mapping[str, list[float]]
    forget_classes: int
    network: str | Callable[[int, float], nn.Module] = "resnet18"
    width: float | None = None
    share: float = 0.2
    forget: int = FORGET

    unlearning = ("batch_size", "network", "width")

    def __post_init__(self):
        super().__post_init__()
        if callable(self.network):
            return
        checks.one_of("network", self.network, NETWORKS)
        if self.width is not None:
            scaled(self.width, CHANNELS[self.network])

    @property
    def ladder(self) -> tuple[float, ...]:
        """The widths of the network. Raises ValueError where the preset has none."""
        checks.one_of("network", self.network, self.channels, ", the preset's")
        return tuple(c / CHANNELS[self.network] for c in self.channels[self.network])

    @property
    def factor(self) -> float:
        """The width, or the widest."""
        return self.ladder[-1] if self.width is None else self.width

    @property
    def label(self) -> str:
        # the name of a class or function, or what a partial or an object does
        name = getattr(self.network, "__name__", None) or fingerprint(self.network)[:8]
        return f"-{self.network if isinstance(self.network, str) else name}-{self.factor:.4g}"

    def trains_as(self, other):
        known = self.network in self.channels and self.factor in self.ladder
        return known and super().trains_as(other)


# [paper] says no recipe; ours is that of paper A, longer than which only interpolation asks for
PRESETS = sizes("width", Ladder)


def task(dataset: str = "digits", preset: str = "quick", seed: int = 1, **options) -> Task:
    """Forget 200 examples with a network of a certain width. Everything follows from its arguments.

    retain, forget: see `split`; inputs (n, 3, h, w) uint8, targets (n,). The whole retain set is
    accessible.
    original: trained on retain and forget; its `facts` hold "training_error", the share of both
    that it gets wrong. ground_truth: by the same recipe on retain. evaluate: see `evaluate`.

    Args:
        dataset, preset: "digits" and "quick", "cifar10" and "quick" (2,000 images, for a CPU) or
            "paper" (all, for a GPU).
        batch_size: of the unlearning, default the preset's.
        width: factor on the number of channels, default the widest of the preset's `ladder`.
        network: a name in NETWORKS, or a function of your own, of the number of classes and the
            width.
        share: of the training images, for validation.
        forget: how many examples.
        forget_classes: from how many classes they come ([ours]; 4 on digits, 1 in the paper's
            setting).
        recipe: of the two trainings, default the preset's.
        folder, cache, device, progress, stop, evaluate_in: as in `Experiment.task`.

    Models of the digits ladder, seed 1, ship with the package; others are trained at first use, the
    ground truth when `task.ground_truth` is first read. "paper" trains in bfloat16 on a GPU. Raises
    ValueError by name for wrong arguments, what `ul.images.load` raises, and BadCheckpoint or
    FileNotFoundError for a file of the package.
    """
    return _EXPERIMENT.task(dataset, preset, seed, **options)


def retrained_again(
    dataset: str = "digits",
    preset: str = "quick",
    seed: int = 1,
    *,
    cache: Path | None = None,
    progress=None,
    stop=None,
    **options,
) -> nn.Module:
    """A second ground truth of the task with these arguments: another start and other batches.

    What two retrained models differ in is the floor of everything that is measured against one.
    Arguments and errors: those of `task`, evaluate_in apart.
    """
    trainings = _EXPERIMENT.prepared(dataset, preset, seed, **options)[2]
    return zoo.get(trainings[ROLES[2]], cache, progress, stop)[0]


def ladder(
    dataset: str = "digits", preset: str = "quick", network: str = "resnet18"
) -> tuple[float, ...]:
    """The widths of a preset, from the narrowest. Raises ValueError for what it has not."""
    return choose(PRESETS, dataset, preset).changed(network=network).ladder


def splits(
    dataset: str = "digits", preset: str = "quick", seed: int = 1, folder=None, **options
) -> dict[str, TensorDataset]:
    """The data of a task: "retain", "forget", "validation", "forget_validation" of the training
    images, see `split`, "test", all test images, and "forget_test", those of them whose class
    occurs in the forget set. options: share, forget_classes, forget, folder, as in `task`."""
    size = choose(PRESETS, dataset, preset).changed(**options)
    return _parts(size, size.images(dataset, folder), seed)


def split(
    labels: Tensor, seed: int, share: float = 0.2, forget_classes: int = 4, forget: int = FORGET
) -> dict[str, Tensor]:
    """Positions of training examples by what they are for, in parts that never overlap and together
    are all of them.

    labels: (n,). Of every class a `share` is held out. "validation" are those held out,
    "forget_validation" every second one held out of the classes the forget set comes from: [ours]
    the two estimates of an objective are then independent. "forget": so many examples, in equal
    parts of `forget_classes` classes, drawn at random; "retain": all others.

    Raises ValueError for a share outside (0, 1), or when the classes have too few examples to leave
    any to retain.
    """
    checks.tensor("labels", labels, dtype=torch.int64, shape=("n",))
    labels, drawn = labels.cpu(), generator(checks.seed(seed), 5)
    known = labels.unique()
    checks.number("share", share, above=0, below=1)
    forget_classes = checks.integer("forget_classes", forget_classes, low=1, high=len(known))
    forget = checks.integer("forget", forget, low=1, high=len(labels))
    order = shuffled(len(known), drawn)
    touched = known[order[:forget_classes]].sort().values.tolist()
    parts = {"retain": [], "forget": [], "validation": [], "forget_validation": []}
    for label in known.tolist():
        some = members(labels, label, drawn)
        held, kept = some.tensor_split([round(share * len(some))])
        if label in touched:
            gone = forget // forget_classes + (touched.index(label) < forget % forget_classes)
            if gone >= len(kept) or len(held) < 2:
                raise ValueError(
                    f"forget={forget} of {forget_classes} classes at share={share:g} does not fit: "
                    f"class {label} has {len(kept)} training and {len(held)} validation examples"
                )
            parts["forget_validation"].append(held[1::2])
            parts["forget"].append(kept[:gone])
            held, kept = held[0::2], kept[gone:]
        parts["validation"].append(held)
        parts["retain"].append(kept)
    return {name: torch.cat(part).sort().values for name, part in parts.items()}


def evaluate(
    model: nn.Module, parts: Mapping[str, TensorDataset], precision: str | None = None
) -> dict[str, float]:
    """The share of wrong answers of each of `parts` (as in `splits`), all between 0 and 1:
    "test_error", "forget_error", "forget_test_error", "validation_error",
    "forget_validation_error", "retain_error"; and "mia", the accuracy of telling the forget set
    from unseen images of its classes, forget-test, by the loss: `metrics.mia`.

    The validation error is the mean over classes of their errors, because the forget set's classes
    gave half of theirs away. The attack has as many of each class on either side; 3 draws of 5
    folds, always the same. Its value for a retrained model is its floor: beside .5 alone it says
    nothing. Raises ValueError for fewer than 5 comparable images.

    precision: of the network's products on a GPU, as in `networks.predict.outputs`.
    """
    checks.instance("parts", parts, Mapping, "a dict of TensorDatasets")
    parts = {name: dataset(f"parts[{name!r}]", part) for name, part in parts.items()}
    said = {name: outputs(model, part.tensors[0], precision)[0] for name, part in parts.items()}
    wrong = {name: said[name].argmax(1) != part.tensors[1] for name, part in parts.items()}
    errors = {f"{name}_error": misses.double().mean().item() for name, misses in wrong.items()}
    labels = parts["validation"].tensors[1]
    by_class = [wrong["validation"][labels == label].double().mean() for label in labels.unique()]
    return errors | {
        "validation_error": torch.stack(by_class).mean().item(),
        "mia": _attack(said, parts),
    }


def _attack(said, parts):
    """The "mia" of `evaluate`. said: by part, the logits (n, classes)."""
    seen, unseen = (parts[name].tensors[1] for name in ("forget", "forget_test"))
    losses = margin(said["forget"], seen), margin(said["forget_test"], unseen)
    losses = [nn.functional.softplus(-margins) for margins in losses]
    return mia(*losses, seen_labels=seen, unseen_labels=unseen, repeats=3)


def _measure(parts, names, model):
    """What goes into a trained model's facts: its errors, and that on what it was trained on."""
    errors = evaluate(model, parts)
    sizes = {name: len(parts[name]) for name in names}
    wrong = sum(errors[f"{name}_error"] * size for name, size in sizes.items())
    return errors | {"training_error": wrong / sum(sizes.values())}


def _plan(seed, size, images):
    """As `Experiment.plan`."""
    parts = _parts(size, images, seed)
    network = NETWORKS.get(size.network, size.network)
    build = partial(network, len(images.classes), size.factor)
    trainings = {}
    for role in ROLES:
        names = ("retain", "forget") if role == "original" else ("retain",)
        stage = Stage(*together(*(parts[name] for name in names)), size.recipe)
        trainings[role] = (stage,), partial(_measure, parts, names)
    return Plan(parts["retain"], parts["forget"], build, partial(evaluate, parts=parts), trainings)


_EXPERIMENT = Experiment("width", PRESETS, _plan, SHIPPED_SEEDS)


def shipped(seed: int) -> list[Training]:
    """How the models that ship with the package are made."""
    trainings = []
    for network in PRESETS["digits", "quick"].channels:
        for width in ladder(network=network):
            trainings += _EXPERIMENT.shipped(seed, network=network, width=width)
    return trainings


def _parts(size, images, seed):
    train, test = map(_three_channels, (images.train, images.test))
    places = split(train.tensors[1], seed, size.share, size.forget_classes, size.forget)
    parts = {name: TensorDataset(*train[rows]) for name, rows in places.items()}
    touched = torch.isin(test.tensors[1], parts["forget"].tensors[1])
    return parts | {"test": test, "forget_test": TensorDataset(*test[touched])}


def _three_channels(images):
    pixels, labels = images.tensors
    return TensorDataset(pixels.expand(-1, 3, -1, -1).contiguous(), labels)
