"""How large is an image experiment: which images, which network, which recipe?"""
import dataclasses
import math
import numbers
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.utils.data import TensorDataset

from ..data import images as data
from ..recipes import Recipe


@dataclass(frozen=True, kw_only=True)
class Preset:
    """network(classes): an untrained model, classes as in ResNet. recipe: of the original and the ground truth. batch_size: of the
    unlearning. p_forget, p_retain: the share of images the forget set is made of, and of the retain set that is accessible.
    train_images, test_images: how many of the data set take part, None for all. published: whether the network starts from
    published weights."""

    network: Callable[[int | Sequence[int]], nn.Module]
    recipe: Recipe
    batch_size: int
    p_forget: float
    p_retain: float
    train_images: int | None = None
    test_images: int | None = None
    published: bool = False

    def __post_init__(self):
        if not callable(self.network):
            raise TypeError(f"network must be a function of the classes that returns a model, got {self.network!r}")
        if not isinstance(self.recipe, Recipe):
            raise TypeError(f"recipe must be a Recipe, got {self.recipe!r}")
        if isinstance(self.batch_size, bool) or not isinstance(self.batch_size, int) or self.batch_size < 1:
            raise ValueError(f"batch_size must be an integer of at least 1, got {self.batch_size!r}")

    def changed(self, **given) -> "Preset":
        """With the fields that are given and not None."""
        return dataclasses.replace(self, **{name: value for name, value in given.items() if value is not None})

    def epochs(self, role: str) -> int:
        """Of the training of the "original" or the "ground truth"."""
        return self.recipe.epochs

    def images(self, dataset: str, folder=None) -> data.Images:
        """The data set, or as much of it as takes part: the same images whatever the task's seed."""
        whole = data.load(dataset, folder)
        return dataclasses.replace(whole, train=_some(whole.train, self.train_images), test=_some(whole.test, self.test_images))


def choose(presets: dict[tuple[str, str], Preset], dataset: str, preset: str) -> Preset:
    """The preset of a data set. Raises ValueError that lists what there is."""
    if (dataset, preset) in presets:
        return presets[dataset, preset]
    names = list(dict.fromkeys(name for name, _ in presets))
    if dataset not in names:
        raise ValueError(f"dataset must be one of {', '.join(names)}, got {dataset!r}")
    has = " or ".join(f'"{p}"' for name, p in presets if name == dataset)
    raise ValueError(f"preset must be {has} for {dataset}, got {preset!r}")


def check_share(name: str, value: float) -> None:
    """Raises ValueError unless `value` is a share: greater than 0 and at most 1."""
    number = isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)
    if not number or not 0 < value <= 1:
        raise ValueError(f"{name} must be a number greater than 0 and at most 1, got {value!r}")


def check_seed(seed: int) -> int:
    """`seed` as an int. Raises ValueError unless it is an integer of at least 0."""
    if isinstance(seed, bool) or not isinstance(seed, numbers.Integral) or seed < 0:
        raise ValueError(f"seed must be a non-negative integer, got {seed!r}")
    return int(seed)


def generator(seed: int, stream: int) -> torch.Generator:
    """Random numbers of a task's seed; those of one stream are independent of another's."""
    draw = np.random.SeedSequence([seed, stream]).generate_state(1, np.uint64)[0] >> np.uint64(1)
    return torch.Generator().manual_seed(int(draw))


def share_of(data: TensorDataset, share: float, seed: int, stream: int) -> TensorDataset:
    """round(share * n) random rows, at least one; of one seed and stream, a smaller share is part of a larger one."""
    return _rows(data, max(1, round(share * len(data))), generator(seed, stream))


def _some(images, count):
    return images if count is None or count >= len(images) else _rows(images, count, torch.Generator().manual_seed(0))


def _rows(data, count, numbers):
    chosen = torch.randperm(len(data), generator=numbers)[:count].to(data.tensors[0].device)
    return TensorDataset(*(t[chosen] for t in data.tensors))
