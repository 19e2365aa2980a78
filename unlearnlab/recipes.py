"""By which recipe is an image model trained? The published ones, and the small ones that fit a laptop."""
import math
import numbers
from dataclasses import asdict, dataclass, replace

AUGMENTATIONS = ("none", "crop+flip")
PRECISIONS = ("float32", "bfloat16")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Minibatch SGD with momentum, and a learning rate that is multiplied by `drop` at the start of each epoch in `milestones`.

    weight_decay: added to the gradient, as in torch's SGD. first_head_epochs: so many epochs at the start train the first
    head's loss alone. augment: "crop+flip" is a random resized crop of .7 to 1 of the area and a mirror image every second
    time. precision: "bfloat16" runs on a GPU under autocast, channels last; on a CPU it is float32.

    Raises ValueError that names the field.
    """

    epochs: int
    batch_size: int
    lr: float
    momentum: float = .9
    weight_decay: float = 5e-4
    milestones: tuple[int, ...] = ()
    drop: float = .1
    first_head_epochs: int = 0
    augment: str = "none"
    precision: str = "float32"

    def __post_init__(self):
        for name, low in (("epochs", 1), ("batch_size", 2), ("first_head_epochs", 0)):  # one image alone has no batch statistics
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < low:
                raise ValueError(f"{name} must be an integer of at least {low}, got {value!r}")
        for name, high in (("lr", math.inf), ("momentum", 1), ("weight_decay", math.inf), ("drop", math.inf)):
            value = getattr(self, name)
            number = isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)
            if not number or not 0 <= value or not value < high or name in ("lr", "drop") and value == 0:
                above = "greater than 0" if name in ("lr", "drop") else "of at least 0" + (" and below 1" if high == 1 else "")
                raise ValueError(f"{name} must be a number {above}, got {value!r}")
        whole = isinstance(self.milestones, tuple) and all(isinstance(m, int) and not isinstance(m, bool) and m >= 1 for m in self.milestones)
        if not whole or list(self.milestones) != sorted(set(self.milestones)):
            raise ValueError(f"milestones must be a tuple of increasing epochs from 1 on, got {self.milestones!r}")
        if self.first_head_epochs > self.epochs:
            raise ValueError(f"first_head_epochs={self.first_head_epochs} is more than epochs={self.epochs}")
        for name, words in (("augment", AUGMENTATIONS), ("precision", PRECISIONS)):
            if getattr(self, name) not in words:
                raise ValueError(f"{name} must be one of {', '.join(words)}, got {getattr(self, name)!r}")

    def lr_in(self, epoch: int) -> float:
        """The learning rate in epoch number `epoch`, counted from 0."""
        return self.lr * self.drop ** sum(epoch >= milestone for milestone in self.milestones)

    def facts(self) -> dict:
        """The fields by name, as plain values: what identifies the recipe in a checkpoint."""
        return asdict(self)


# Paper A, experiment 2: 100 epochs, the rate a tenth from epoch 50 on; the ground truth by the same recipe
CIFAR10_ERASURE = Recipe(epochs=100, batch_size=256, lr=3e-2, momentum=.9, weight_decay=5e-4, milestones=(50,))
# Paper A, experiment 2 on Tiny ImageNet: the rate times .3 every 25 epochs, the content head alone for the first 10
TINY_IMAGENET_ERASURE = Recipe(epochs=100, batch_size=512, lr=.1, momentum=.9, weight_decay=1e-4, milestones=(25, 50, 75), drop=.3,
                               first_head_epochs=10, augment="crop+flip")
# Paper A, experiment 3: 20 epochs on gray images, then 50 on the weighted colored ones, whose schedule starts anew
COLLAPSE_WARM_START = Recipe(epochs=20, batch_size=256, lr=3e-2, momentum=.9, weight_decay=5e-4)
COLLAPSE = replace(COLLAPSE_WARM_START, epochs=50, milestones=(20, 40))
