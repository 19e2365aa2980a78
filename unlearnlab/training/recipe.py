"""By which recipe is a model trained? The published ones, and how to write one's own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from numbers import Integral

from ..ground import checks

WORDS = {
    "augment": ("none", "crop+flip"),
    "precision": ("float32", "bfloat16"),
    "optimizer": ("sgd", "adamw"),
    "loss": ("cross-entropy", "squared error"),
}


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A training from start to end. The defaults are minibatch SGD with momentum on the
    cross-entropy.

    Args:
        epochs: how often every sample is used.
        batch_size: of a minibatch; None: all samples at once, one update an epoch.
        lr: the learning rate, multiplied by `drop` at the start of each epoch in `milestones`.
        momentum: of "sgd".
        weight_decay: as torch's optimizer of that name has it.
        first_head_epochs: so many epochs at the start train the first head's loss alone.
        augment: "crop+flip" is a random resized crop of .7 to 1 of the area, and a mirror image
            every second time.
        precision: "bfloat16" runs on a GPU under autocast, channels last; on a CPU it is float32.
        optimizer: "sgd" or "adamw". loss: "cross-entropy", summed over heads, or "squared error".

    Raises ValueError that names the field.
    """

    epochs: int
    batch_size: int | None
    lr: float
    momentum: float = 0.9
    weight_decay: float = 5e-4
    milestones: Sequence[int] = ()
    drop: float = 0.1
    first_head_epochs: int = 0
    augment: str = "none"
    precision: str = "float32"
    optimizer: str = "sgd"
    loss: str = "cross-entropy"

    def __post_init__(self):
        own = vars(self)  # numbers of numpy become Python's
        own["epochs"] = checks.integer("epochs", self.epochs, low=1)
        if self.batch_size is not None:
            # one image has no batch statistics
            own["batch_size"] = checks.integer("batch_size", self.batch_size, low=2)
        first = checks.integer("first_head_epochs", self.first_head_epochs, low=0, high=self.epochs)
        own["first_head_epochs"] = first
        own["lr"] = checks.number("lr", self.lr, above=0)
        own["momentum"] = checks.number("momentum", self.momentum, low=0, below=1)
        own["weight_decay"] = checks.number("weight_decay", self.weight_decay, low=0)
        own["drop"] = checks.number("drop", self.drop, above=0)
        for name, words in WORDS.items():
            checks.one_of(name, getattr(self, name), words)
        given = self.milestones
        listed = isinstance(given, (tuple, list))
        own_kind = lambda epoch: isinstance(epoch, Integral) and not isinstance(epoch, bool)
        whole = listed and all(own_kind(epoch) and epoch > 0 for epoch in given)
        if not whole or [*given] != sorted(set(given)):
            raise ValueError(f"milestones must be increasing epochs from 1 on, got {given!r}")
        own["milestones"] = tuple(map(int, given))

    def lr_in(self, epoch: int) -> float:
        """The learning rate in epoch number `epoch`, counted from 0."""
        return self.lr * self.drop ** sum(epoch >= milestone for milestone in self.milestones)


def full_batch(epochs: int, lr: float = 1e-3, weight_decay: float = 0.01) -> Recipe:
    """AdamW on the mean squared error of all samples at once: how the small regressions are
    trained."""
    return Recipe(
        epochs=epochs,
        batch_size=None,
        lr=lr,
        weight_decay=weight_decay,
        optimizer="adamw",
        loss="squared error",
    )


# Paper A, experiment 2: 100 epochs, the rate a tenth from epoch 50 on; the ground truth likewise
CIFAR10_ERASURE = Recipe(epochs=100, batch_size=256, lr=3e-2, milestones=(50,))
# The same on Tiny ImageNet: the rate times .3 every 25 epochs, the content head alone for the first
# 10
TINY_IMAGENET_ERASURE = Recipe(
    epochs=100,
    batch_size=512,
    lr=0.1,
    weight_decay=1e-4,
    milestones=(25, 50, 75),
    drop=0.3,
    first_head_epochs=10,
    augment="crop+flip",
)
# Experiment 3: 20 epochs on gray images, then 50 on the weighted colored ones, whose schedule
# starts anew
COLLAPSE_WARM_START = Recipe(epochs=20, batch_size=256, lr=3e-2)
COLLAPSE = replace(COLLAPSE_WARM_START, epochs=50, milestones=(20, 40))
