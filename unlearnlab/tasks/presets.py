"""How large is an image experiment: which images, which network, which recipe?"""

import dataclasses
import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import TensorDataset

from ..data import images as data
from ..ground import checks, seeds
from ..networks import ResNet, seeded
from ..networks.predict import PRECISIONS
from ..task import Later, Task
from ..training import recipe as recipes
from ..training import zoo
from ..training.recipe import Recipe
from ..training.zoo import Training


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much of a data set takes part, and how networks are trained on it.

    Args:
        recipe: of the original and the ground truth.
        batch_size: of the unlearning.
        train_images, test_images: how many of the data set take part, None for all.
    """

    recipe: Recipe
    batch_size: int
    train_images: int | None = None
    test_images: int | None = None

    def images(self, dataset: str, folder=None) -> data.Images:
        """The data set, or as much of it as takes part: the same images whatever the task's
        seed."""
        whole = data.load(dataset, folder)
        train = _some(whole.train, self.train_images, self._numbers())
        test = _some(whole.test, self.test_images, self._numbers())
        return dataclasses.replace(whole, train=train, test=test)

    def _numbers(self):
        return torch.Generator().manual_seed(0)


@dataclass(frozen=True, kw_only=True)
class Preset(Size):
    """The size of an image experiment.

    Args:
        network: of the classes, as in ResNet, an untrained model.
        p_forget, p_retain: the share of images the forget set is made of, and of the retain set
            that is accessible.
        published: whether the network starts from published weights.
    """

    network: Callable[[int | Sequence[int]], nn.Module]
    p_forget: float
    p_retain: float
    published: bool = False

    def __post_init__(self):
        checks.function("network", self.network, "of the classes that returns a model")
        checks.instance("recipe", self.recipe, Recipe, "a Recipe")
        checks.integer("batch_size", self.batch_size, low=1)
        checks.number("p_retain", self.p_retain, above=0, high=1)

    def trains_as(self, other: "Preset") -> bool:
        """Whether both give the same original and ground truth."""
        own = {"p_retain": self.p_retain, "batch_size": self.batch_size}
        return dataclasses.replace(other, **own) == self

    def changed(self, options: dict) -> tuple["Preset", "Means"]:
        """With the options that are fields and not None, and Means made of the others."""
        names = {field.name for field in dataclasses.fields(self)}
        own = {name: options[name] for name in names & options.keys() if options[name] is not None}
        others = {name: options[name] for name in options.keys() - names}
        return dataclasses.replace(self, **own), Means(**others)

    def epochs(self, role: str) -> int:
        """Of the training of the "original" or the "ground truth"."""
        return self.recipe.epochs


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


def sizes(task: str, kind: type[Size]) -> dict[tuple[str, str], Size]:
    """The sizes of a task in sizes.json, by data set and name.

    A network there is a ResNet, given its classes later; a recipe in words is one of `recipes`.
    """
    found = {}
    for row in json.loads(Path(__file__).with_name("sizes.json").read_text())[task]:
        if "network" in row:
            row["network"] = partial(ResNet, row["network"].pop("depth"), **row["network"])
        for name in row.keys() & {"recipe", "warm_start"}:
            row[name] = _recipe(row[name])
        place = row.pop("dataset"), row.pop("preset")
        found[place] = kind(**row)
    return found


def _recipe(row):
    if isinstance(row, str):
        return getattr(recipes, row)
    return Recipe(**row | {"milestones": tuple(row.get("milestones", ()))})


def choose(
    presets: dict[tuple[str, str], Size],
    dataset: str,
    preset: str,
    device: str | torch.device = "cpu",
) -> Size:
    """The preset of a data set; "paper" trains in bfloat16 on a GPU. Raises ValueError that lists
    what there is."""
    checks.one_of("dataset", dataset, dict.fromkeys(name for name, _ in presets))
    known = [p for name, p in presets if name == dataset]
    checks.one_of("preset", preset, known, f" for {dataset}")
    size = presets[dataset, preset]
    if preset != "paper" or torch.device(device).type != "cuda":
        return size
    own = {name: part for name, part in vars(size).items() if isinstance(part, Recipe)}
    fast = {name: dataclasses.replace(r, precision="bfloat16") for name, r in own.items()}
    return dataclasses.replace(size, **fast)


def command(task: str, shipped: bool, dataset: str, preset: str, seed: int) -> str:
    """What makes the models of a task."""
    if shipped:
        return f"python -m {__package__} {task} --seeds {seed}"
    return f"ul.{task}.task({dataset!r}, {preset!r}, {seed}, ...)"


@dataclass(frozen=True)
class Experiment:
    """A task on images, of an original and a ground truth for every seed.

    name: of the task. presets: what `sizes` gives.
    plan(seed, size, images): all points to retain, those to forget, the untrained network, the
        metric, and the stages of the trainings by role.
    """

    name: str
    presets: dict[tuple[str, str], Preset]
    plan: Callable

    def images(
        self, dataset: str = "digits", preset: str = "quick", folder: Path | None = None
    ) -> data.Images:
        """The images a preset's task is made of, as they are before tinting."""
        return choose(self.presets, dataset, preset).images(dataset, folder)

    def shipped(self, seed: int) -> list[tuple[Training, Callable]]:
        """How the models that ship with the package are made, and what is measured of them."""
        plan = self.plan(seed, self.presets["digits", "quick"], self.images())
        return list(self._trainings("digits", seed, *plan[2:]).values())

    def task(
        self, dataset: str, preset: str, seed: int, size: Preset, means: Means, ships=True, **own
    ) -> Task:
        """The Task. size: of the preset, or another. ships: whether the package may have its
        models. own: further arguments of `plan`."""
        seed, default = checks.seed(seed), choose(self.presets, dataset, preset, means.device)
        usual = dataset == "digits" and seed in zoo.SHIPPED_SEEDS and size.trains_as(default)
        ships = ships and usual
        images = size.images(dataset, means.folder).to(means.device)
        retain, forget, build, measure, stages = self.plan(seed, size, images, **own)
        networks = self._trainings(dataset, seed, build, measure, stages)
        models = means.models(networks, ships, command(self.name, ships, dataset, preset, seed))
        return image_task(
            f"{self.name}-{dataset}",
            seed,
            models,
            build,
            means.device,
            retain=share_of(retain, size.p_retain, seed, 0),
            forget=forget,
            evaluate=partial(measure, precision=means.evaluate_in),
            batch_size=size.batch_size,
        )

    def _trainings(self, dataset, seed, build, measure, stages):
        """{role: (Training, measure)}. They start from different weights, as trainings of their own
        would."""
        name, found = f"{self.name}-{dataset}-{seed}", {}
        for i, (role, parts) in enumerate(stages.items()):
            found[role] = Training(f"{name}-{role}", build, 1_000 * seed + 10 * i, parts), measure
        return found


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


def together(*data: TensorDataset) -> list[torch.Tensor]:
    """The inputs and targets of several sets, one after the other."""
    return [torch.cat(tensors) for tensors in zip(*(part.tensors for part in data))]


def _some(data, count, numbers):
    return data if count is None or count >= len(data) else _rows(data, count, numbers)


def _rows(data, count, numbers):
    some = torch.randperm(len(data), generator=numbers)[:count].to(data.tensors[0].device)
    return TensorDataset(*(t[some] for t in data.tensors))
