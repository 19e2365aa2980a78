"""How large is an image experiment: which images, which network, which recipe?"""

import dataclasses
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import TensorDataset

from ..data import images as data
from ..ground import checks, seeds
from ..networks import seeded
from ..networks.predict import PRECISIONS
from ..task import Later, Task
from ..training import zoo
from ..training.recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class Preset:
    """The size of an image experiment.

    Args:
        network: of the classes, as in ResNet, an untrained model.
        recipe: of the original and the ground truth.
        batch_size: of the unlearning.
        p_forget, p_retain: the share of images the forget set is made of, and of the retain set
            that is accessible.
        train_images, test_images: how many of the data set take part, None for all.
        published: whether the network starts from published weights.
    """

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

    def trains_as(self, other: "Preset") -> bool:
        """Whether both give the same original and ground truth."""
        return (
            dataclasses.replace(other, p_retain=self.p_retain, batch_size=self.batch_size) == self
        )

    def changed(self, **given) -> "Preset":
        """With the fields that are given and not None."""
        return dataclasses.replace(
            self, **{name: value for name, value in given.items() if value is not None}
        )

    def epochs(self, role: str) -> int:
        """Of the training of the "original" or the "ground truth"."""
        return self.recipe.epochs

    def images(self, dataset: str, folder=None) -> data.Images:
        """The data set, or as much of it as takes part: the same images whatever the task's
        seed."""
        whole = data.load(dataset, folder)
        return dataclasses.replace(
            whole,
            train=_some(whole.train, self.train_images),
            test=_some(whole.test, self.test_images),
        )


@dataclass(frozen=True, kw_only=True)
class Means:
    """Where data and models are, where models are trained and measured, and who hears of it.

    Args:
        folder: where the data set is, as in `ul.images.load`.
        cache: where trained models are kept; default UNLEARNLAB_DATA or the user cache.
        device: on which the task's models and data are, and models are trained.
        progress: called with (name, epochs done, loss); default a bar on standard error.
        stop: a threading.Event; set it to end a training by `Stopped`. Its next one goes on from
            there. It and progress hear of a ground truth that is trained later, too.
        evaluate_in: of the task's metrics, the precision that `networks.predict.outputs` takes; the
            default is that of records.
    """

    folder: Path | None = None
    cache: Path | None = None
    device: str | torch.device = "cpu"
    progress: Callable[[str, int, float], None] | None = None
    stop: threading.Event | None = None
    evaluate_in: str | None = None

    def __post_init__(self):
        if self.evaluate_in is not None:
            checks.one_of("evaluate_in", self.evaluate_in, PRECISIONS)

    def model(self, training, measure, shipped: bool, command: str) -> tuple[nn.Module, dict]:
        """(model, facts) of one training, as `zoo.get` takes it."""
        how = {"shipped": shipped, "command": command, "cache": self.cache}
        return zoo.get(training, measure, **how, progress=self.progress, stop=self.stop)

    def models(
        self, trainings: dict, shipped: bool, command: str
    ) -> tuple[nn.Module, Later, dict[str, dict]]:
        """(original, ground truth, facts by role) of trainings with their measures, by role.

        A ground truth that would have to be trained is trained when somebody asks for it: an
        experiment that needs the original alone begins at once. Until then its facts are those that
        it will follow from.
        """
        original, known = self.model(*trainings["original"], shipped, command)
        training, measure = trainings["ground-truth"]
        facts = {"original": known, "ground-truth": dict(training.identity)}

        def make():
            model, known = self.model(training, measure, shipped, command)
            facts["ground-truth"].update(known)
            return model

        ground_truth = Later(make, training.identity)
        if shipped or zoo.place(training, shipped=shipped, cache=self.cache).exists():
            ground_truth()
        return original, ground_truth, facts


def choose(
    presets: dict[tuple[str, str], Preset],
    dataset: str,
    preset: str,
    device: str | torch.device = "cpu",
) -> Preset:
    """The preset of a data set; "paper" trains in bfloat16 on a GPU. Raises ValueError that lists
    what there is."""
    if (dataset, preset) not in presets:
        checks.one_of("dataset", dataset, dict.fromkeys(name for name, _ in presets))
        known = [p for name, p in presets if name == dataset]
        checks.one_of("preset", preset, known, f" for {dataset}")
    found = presets[dataset, preset]
    if preset != "paper" or torch.device(device).type != "cuda":
        return found
    recipes = {name: part for name, part in vars(found).items() if isinstance(part, Recipe)}
    fast = {name: dataclasses.replace(r, precision="bfloat16") for name, r in recipes.items()}
    return dataclasses.replace(found, **fast)


def command(task: str, shipped: bool, dataset: str, preset: str, seed: int) -> str:
    """What makes the models of a task."""
    if shipped:
        return f"python -m {__package__} {task} --seeds {seed}"
    return f"ul.{task}.task({dataset!r}, {preset!r}, {seed}, ...)"


def image_task(name: str, seed: int, models: tuple, build: Callable, device, **parts) -> Task:
    """A Task of classification. models: as in `Means.models`. parts: its other fields."""
    original, ground_truth, facts = models
    return Task(
        name=name,
        kind="classification",
        seed=seed,
        original=original,
        ground_truth=ground_truth,
        facts=facts,
        build=lambda run_seed: seeded(build, run_seed).to(device),
        **parts,
    )


def share_of(data: TensorDataset, share: float, seed: int, stream: int) -> TensorDataset:
    """round(share * n) random rows, at least one; of one seed and stream, a smaller share is part
    of a larger one."""
    return _rows(data, max(1, round(share * len(data))), seeds.generator(seed, stream))


def _some(images, count):
    return (
        images
        if count is None or count >= len(images)
        else _rows(images, count, torch.Generator().manual_seed(0))
    )


def _rows(data, count, numbers):
    chosen = torch.randperm(len(data), generator=numbers)[:count].to(data.tensors[0].device)
    return TensorDataset(*(t[chosen] for t in data.tensors))
