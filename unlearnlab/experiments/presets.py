"""How large is an image experiment: which images, which network, which recipe?"""
import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.data import TensorDataset

from ..data import images as data
from ..ground import checks, seeds
from ..training.recipe import Recipe


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
        checks.function("network", self.network, "of the classes that returns a model")
        checks.instance("recipe", self.recipe, Recipe, "a Recipe")
        checks.integer("batch_size", self.batch_size, low=1)

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
    checks.one_of("dataset", dataset, dict.fromkeys(name for name, _ in presets))
    checks.one_of("preset", preset, [p for name, p in presets if name == dataset], f" for {dataset}")


def share_of(data: TensorDataset, share: float, seed: int, stream: int) -> TensorDataset:
    """round(share * n) random rows, at least one; of one seed and stream, a smaller share is part of a larger one."""
    return _rows(data, max(1, round(share * len(data))), seeds.generator(seed, stream))


def _some(images, count):
    return images if count is None or count >= len(images) else _rows(images, count, torch.Generator().manual_seed(0))


def _rows(data, count, numbers):
    chosen = torch.randperm(len(data), generator=numbers)[:count].to(data.tensors[0].device)
    return TensorDataset(*(t[chosen] for t in data.tensors))
