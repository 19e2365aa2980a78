"""How large is an image experiment: which images, which network, which recipe?"""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn
from torch.utils.data import TensorDataset

from ..data import images as data
from ..ground import checks, seeds
from ..ground.files import beside
from ..ground.seeds import on_cpu
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
        drawn_by: the seed by which these are drawn, whatever the task's seed.
    """

    recipe: Recipe
    batch_size: int
    train_images: int | None = None
    test_images: int | None = None
    drawn_by: int = 0

    label = ""  # goes into the names of the task and its models
    unlearning = ("batch_size",)  # what no trained model follows from
    measuring = ("test_images", "drawn_by")  # what its metrics follow from

    def __post_init__(self):
        for name in vars(self).keys() & {"recipe", "warm_start"}:
            checks.instance(name, getattr(self, name), Recipe, "a Recipe")
        checks.integer("batch_size", self.batch_size, low=1)
        for name in ("train_images", "test_images"):
            if (count := getattr(self, name)) is not None:
                checks.integer(name, count, low=1)

    def images(self, dataset: str, folder=None, stop=None) -> data.Images:
        """The data set, or as much of it as takes part."""
        whole = data.load(dataset, folder, stop=stop)
        train = self._some(whole.train, self.train_images)
        return dataclasses.replace(
            whole, train=train, test=self._some(whole.test, self.test_images)
        )

    def _some(self, data, count):
        if count is None or count >= len(data):
            return data
        return _rows(data, count, seeds.from_seed(self.drawn_by))

    def trains_as(self, other: "Size") -> bool:
        """Whether both give the same original and ground truth."""
        own = {name: getattr(self, name) for name in self.unlearning}
        return dataclasses.replace(other, **own) == self

    def measured(self, images: data.Images, usual: "Size") -> str:
        """On what its models are measured, in words; "" where that is as for the digits that ship
        with the package. usual: the preset."""
        own = {name: getattr(self, name) for name in self.measuring}
        if images.name == "digits" and dataclasses.replace(usual, **own) == usual:
            return ""
        own["test_images"] = len(images.test)
        return ", ".join(f"{name}={value}" for name, value in own.items())

    def changed(self, **fields) -> "Size":
        """With these fields in place of its own, where they are not None."""
        given = {name: value for name, value in fields.items() if value is not None}
        return dataclasses.replace(self, **given)

    def recipes_in(self, precision: str) -> dict[str, Recipe]:
        """Its recipes by the name of their field, in another precision."""
        return {
            name: dataclasses.replace(part, precision=precision)
            for name, part in vars(self).items()
            if isinstance(part, Recipe)
        }

    def epochs(self, role: str) -> int:
        """Of the training of the "original" or the "ground truth"."""
        return self.recipe.epochs


@dataclass(frozen=True, kw_only=True)
class Preset(Size):
    """The size of an experiment with tinted images.

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

    unlearning = ("batch_size", "p_retain")

    def __post_init__(self):
        super().__post_init__()
        checks.function("network", self.network, "of the classes that returns a model")
        for name in ("p_forget", "p_retain"):
            checks.number(name, getattr(self, name), above=0, high=1)


def models(trainings: dict[str, Training], cache, *hears) -> dict:
    """The fields of a Task that trainings of an "original" and a "ground-truth" give.

    A ground truth that would have to be trained is trained when somebody asks for it: an
    experiment that needs the original alone begins at once. Until then its facts are those that
    it will follow from. cache, and hears: progress and stop, as in `zoo.get`.
    """
    original, known = zoo.get(trainings["original"], cache, *hears)
    training = trainings["ground-truth"]
    facts = {"original": known, "ground-truth": dict(training.identity)}

    def make():
        model, known = zoo.get(training, cache, *hears)
        facts["ground-truth"].update(known)
        return model

    ground_truth = Later(make, training.identity)
    if training.shipped or zoo.place(training, cache).exists():
        ground_truth()
    return {"original": original, "ground_truth": ground_truth, "facts": facts}


def sizes(task: str, kind: type[Size]) -> dict[tuple[str, str], Size]:
    """The sizes of a task in sizes.json, by data set and name.

    A network there is a ResNet, given its classes later; a recipe in words is one of `recipes`.
    """
    known = {}
    for row in beside(__file__, "sizes.json")[task]:
        if "network" in row:
            row["network"] = partial(ResNet, row["network"].pop("depth"), **row["network"])
        for name in row.keys() & {"recipe", "warm_start"}:
            given = row[name]
            row[name] = getattr(recipes, given) if isinstance(given, str) else Recipe(**given)
        place = row.pop("dataset"), row.pop("preset")
        known[place] = kind(**row)
    return known


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
    fast = preset == "paper" and torch.device(device).type == "cuda"
    return size.changed(**size.recipes_in("bfloat16")) if fast else size


class Plan(NamedTuple):
    """What an experiment makes of its images.

    retain, forget: what a method is given. build: an untrained network. evaluate: of a model and a
    precision, the metrics. trainings: by role, the stages and what is measured of the model.
    """

    retain: TensorDataset
    forget: TensorDataset
    build: Callable[[], nn.Module]
    evaluate: Callable[..., dict[str, float]]
    trainings: dict[str, tuple]


@dataclass(frozen=True)
class Experiment:
    """A task on images, of an original and a ground truth for every seed.

    name: of the task. presets: what `sizes` gives. plan(seed, size, images): the Plan.
    seeds: those whose models of the digits ship with the package.
    """

    name: str
    presets: dict[tuple[str, str], Size]
    plan: Callable
    seeds: Sequence[int] = zoo.SHIPPED_SEEDS

    def images(
        self, dataset: str = "digits", preset: str = "quick", folder: Path | None = None, stop=None
    ) -> data.Images:
        """The images a preset's task is made of, as they are before tinting. stop: ends a
        download, as in `task`."""
        return choose(self.presets, dataset, preset).images(dataset, folder, stop)

    def shipped(self, seed: int, **options) -> list[Training]:
        """How the models that ship with the package are made."""
        return list(self.prepared("digits", "quick", seed, **options)[2].values())

    def task(
        self,
        dataset: str,
        preset: str,
        seed: int,
        *,
        device: str | torch.device = "cpu",
        evaluate_in: str | None = None,
        cache=None,
        progress=None,
        stop=None,
        **options,
    ) -> Task:
        """The Task.

        Args:
            folder: where the data set is, as in `ul.images.load`.
            cache: a folder, where trained models are kept; default UNLEARNLAB_DATA or the user
                cache.
            device: on which the task's models and data are, and models are trained.
            progress: called with (name, epochs done, loss); default a bar on standard error.
            stop: a threading.Event; set it to end a download or a training within a second by
                `Stopped`. The next training goes on from there. It and progress hear of a ground
                truth that is trained later, too.
            evaluate_in: of the task's metrics, the precision that `networks.predict.outputs` takes;
                the default is that of records.
            options: fields of the preset, in place of its own.
        """
        if evaluate_in is not None:
            checks.one_of("evaluate_in", evaluate_in, PRECISIONS)
        size, plan, trainings = self.prepared(
            dataset, preset, seed, device=device, stop=stop, **options
        )
        build = plan.build  # what a run follows from, and no more
        return Task(
            name=f"{self.name}-{dataset}{size.label}",
            kind="classification",
            seed=seed,
            retain=plan.retain,
            forget=plan.forget,
            build=lambda run_seed: seeded(build, run_seed).to(device),
            evaluate=partial(plan.evaluate, precision=evaluate_in),
            batch_size=size.batch_size,
            **models(trainings, cache, progress, stop),
        )

    @on_cpu()
    def prepared(
        self,
        dataset: str,
        preset: str,
        seed: int,
        *,
        folder=None,
        device="cpu",
        stop=None,
        **options,
    ) -> tuple[Size, Plan, dict[str, Training]]:
        """What the arguments of `task` say, checked. The trainings start from different weights, as
        trainings of their own would."""
        seed, device = checks.seed(seed), checks.device(device)
        default = choose(self.presets, dataset, preset, device)
        size = default.changed(**options)
        images = size.images(dataset, folder, stop).to(device)
        plan = self.plan(seed, size, images)
        ships = dataset == "digits" and seed in self.seeds and size.trains_as(default)
        command = f"ul.{self.name}.task({dataset!r}, {preset!r}, {seed}, ...)"
        if ships:
            command = f"python -m {__package__} {self.name} --seeds {seed}"
        name, trainings = f"{self.name}-{dataset}{size.label}-{seed}", {}
        for i, (role, own) in enumerate(plan.trainings.items()):
            start = seeds.started(seed, 10 * i)
            trainings[role] = Training(
                f"{name}-{role}",
                plan.build,
                start,
                *own,
                command,
                ships,
                measured=size.measured(images, default),
            )
        return size, plan, trainings


def share_of(data: TensorDataset, share: float, seed: int, stream: int) -> TensorDataset:
    """round(share * n) random rows, at least one; of one seed and stream, a smaller share is part
    of a larger one."""
    return _rows(data, max(1, round(share * len(data))), seeds.generator(checks.seed(seed), stream))


def together(*data: TensorDataset) -> list[torch.Tensor]:
    """The inputs and targets of several sets, one after the other."""
    return [torch.cat(tensors) for tensors in zip(*(part.tensors for part in data))]


def _rows(data, count, numbers):
    some = seeds.shuffled(len(data), numbers)[:count].to(data.tensors[0].device)
    return TensorDataset(*data[some])
