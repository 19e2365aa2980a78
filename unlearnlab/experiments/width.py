"""Paper B: what does the WIDTH of a network change about unlearning? One task per width, and the width at which networks interpolate.

[paper] marks what the paper says of itself, of which only a summary was at hand; [ours] what this file had to decide.
The models of the digits task, seed 1, ship with the package; `python -m unlearnlab.experiments width` makes them. Of these commands the
first makes the recorded runs of notebook 12, the second surveys more planes with their settings, the third makes its ladder
on a part of CIFAR-10. All skip what is finished:

    python -m unlearnlab.experiments.width --record
    python -m unlearnlab.experiments.width --record --planes
    python -m unlearnlab.experiments.width --record --dataset cifar10
"""
import argparse
import dataclasses
import json
import math
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
from ..ground import checks
from ..ground.seeds import generator
from ..ground.files import default_folder, interruptible, kept, write_text
from ..methods import METHODS
from ..metrics import margin, mia, regions
from ..models import AllCNN, ResNet
from ..provenance import provenance
from ..training.recipe import CIFAR10_ERASURE, Recipe
from ..training.zoo import Stage, Training
from ..store import code_fingerprint
from ..sweep import sweep
from ..task import Task
from ..unlearning import unlearn
from .outputs import outputs
from .presets import Means, choose, command, image_task, share_of

NETWORKS = {"resnet18": partial(ResNet, 18), "resnet50": partial(ResNet, 50), "allcnn": AllCNN}  # [paper] of (classes, width)
GOALS = ("privacy", "bias")
LAMBDAS = (.2, .4, .6, .8)         # [paper] .8 for strong bias removal
SHARES = (.1, .2, .3)              # [paper] of the training images for validation
FORGET = 200                       # [paper] examples to forget
ROLES = ("original", "ground-truth", "ground-truth-2")
SHIPPED_SEEDS = (1,)
RESULTS = Path(__file__).parents[2] / "notebooks" / "results"
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
        return replace(whole, train=_some(whole.train, self.train_images), test=_some(whole.test, self.test_images))


def _widths(**channels):
    return {network: tuple(c / CHANNELS[network] for c in count) for network, count in channels.items()}


PRESETS = {
    ("digits", "quick"): Ladder(
        widths=_widths(resnet18=(1, 1.5, 2, 3, 4, 6), allcnn=(1, 2, 3, 4, 6, 12, 24)), batch_size=64, forget_classes=4,
        recipe=Recipe(epochs=30, batch_size=64, lr=3e-2, milestones=(20,))),
    ("cifar10", "quick"): Ladder(
        widths=_widths(resnet18=(1, 2, 4, 8, 12), allcnn=(2, 4, 8, 16, 32)), batch_size=64, forget_classes=2, train_images=2_000,
        test_images=1_000, recipe=Recipe(epochs=30, batch_size=64, lr=3e-2, milestones=(20,))),
    ("cifar10", "paper"): Ladder(  # [paper] says no recipe; ours is that of paper A, longer than which only interpolation asks for
        widths=_widths(resnet18=(2, 4, 8, 12, 16, 24, 32, 64), resnet50=(2, 4, 8, 16, 32, 64), allcnn=(4, 8, 16, 32, 64, 96)),
        batch_size=64, forget_classes=1, recipe=CIFAR10_ERASURE),
}


def task(dataset: str = "digits", preset: str = "quick", seed: int = 1, *, batch_size: int | None = None, **options) -> Task:
    """Forget 200 examples with a network of a certain width. Everything about it follows from its arguments.

    retain, forget: see `split`; inputs (n, 3, h, w) uint8, targets (n,). The whole retain set is accessible.
    original: trained on retain and forget; its `facts` hold "training_error", the share of both that it gets wrong.
    ground_truth: by the same recipe on retain. evaluate: see `evaluate`.

    Args:
        dataset, preset: "digits" and "quick", "cifar10" and "quick" (2,000 images, for a CPU) or "paper" (all, for a GPU).
        batch_size: of the unlearning, default the preset's.
        width: factor on the number of channels, default the widest of the preset's `ladder`.
        network: "resnet18", "resnet50" or "allcnn".
        share: of the training images, for validation.
        forget: how many examples. forget_classes: from how many classes they come ([ours]; 4 on digits, 1 in the paper's setting).
        recipe: of the two trainings, default the preset's.
        folder, cache, device, progress, stop: as in `Means`.

    Models of the digits ladder, seed 1, ship with the package; others are trained at first use. Raises ValueError by name for wrong
    arguments, what `ul.images.load` raises for missing data, and BadCheckpoint or FileNotFoundError for a damaged or missing
    file of the package.
    """
    rung = _rung(dataset, preset, seed, **options)
    return image_task(rung.name, rung.seed, *rung.models(ROLES[:2]), rung.build, rung.means.device, retain=rung.parts["retain"],
                      forget=rung.parts["forget"], evaluate=partial(evaluate, parts=rung.parts),
                      batch_size=rung.ladder.batch_size if batch_size is None else batch_size)


def retrained_again(dataset: str = "digits", preset: str = "quick", seed: int = 1, **options) -> nn.Module:
    """A second ground truth of the task with these arguments: the same retain set, another start and other batches.

    What two retrained models differ in is the floor of everything that is measured against one. options, and
    errors: those of `task`, batch_size apart.
    """
    return _rung(dataset, preset, seed, **options).models(ROLES[2:])[0]["ground-truth-2"]


def ladder(dataset: str = "digits", preset: str = "quick", network: str = "resnet18") -> tuple[float, ...]:
    """The widths of a preset, from the narrowest. Raises ValueError for what it has not."""
    widths = choose(PRESETS, dataset, preset).widths
    checks.one_of("network", network, widths, f" for {dataset}, {preset}")
    return widths[network]


def splits(dataset: str = "digits", preset: str = "quick", seed: int = 1, *, share: float = .2, forget_classes: int | None = None,
           forget: int = FORGET, folder: Path | None = None) -> dict[str, TensorDataset]:
    """The data of a task: "retain", "forget", "validation", "forget_validation" of the training images, see `split`, "test",
    all test images, and "forget_test", those of them whose class occurs in the forget set."""
    chosen = choose(PRESETS, dataset, preset)
    return _parts(chosen, chosen.images(dataset, folder), seed, share, forget_classes, forget)


def split(labels: torch.Tensor, seed: int, share: float = .2, forget_classes: int = 4, forget: int = FORGET) -> dict[str, torch.Tensor]:
    """Positions of training examples by what they are for, in parts that never overlap and together are all of them.

    labels: (n,). Of every class a `share` is held out. "validation" are those held out, "forget_validation" every second one
    held out of the classes the forget set comes from: [ours] the two estimates of an objective are then independent. "forget":
    so many examples, in equal parts of `forget_classes` classes, drawn at random; "retain": all others.

    Raises ValueError for a share outside (0, 1), or when the classes have too few examples to leave any to retain.
    """
    labels, drawn = labels.cpu(), generator(checks.seed(seed), 5)
    known = labels.unique()
    checks.number("share", share, above=0, below=1)
    forget_classes = checks.integer("forget_classes", forget_classes, low=1, high=len(known))
    forget = checks.integer("forget", forget, low=1, high=len(labels))
    touched = known[torch.randperm(len(known), generator=drawn)[:forget_classes]].sort().values.tolist()
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
            raise ValueError(f"forget={forget} of {forget_classes} classes at share={share:g} does not fit: class {label} has "
                             f"{len(kept)} training and {len(held)} validation examples")
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
    return errors | {"validation_error": torch.stack(by_class).mean().item(), "mia": attack(said, parts)}


def attack(said: Mapping[str, torch.Tensor], parts: Mapping[str, TensorDataset]) -> float:
    """Accuracy of telling the forget set from unseen images of its classes, forget-test, by the loss: `metrics.mia`.

    said: logits (n, classes) of both parts. As many of each class on either side; 3 draws of 5 folds, always the same. The value of
    a retrained model is its floor: beside .5 alone it says nothing. Raises ValueError for fewer than 5 comparable images.
    """
    losses = {name: nn.functional.softplus(-margin(said[name], parts[name].tensors[1])) for name in ("forget", "forget_test")}
    return mia(losses["forget"], losses["forget_test"], seen_labels=parts["forget"].tensors[1], unseen_labels=parts["forget_test"].tensors[1], repeats=3)


def objective(metrics, goal: str = "privacy", lam: float = .4):
    """J of a goal from what `evaluate` returned, or from a table with such columns: smaller is better. Only validation data and
    the forget set have a say in it.

    [paper] a trade-off lambda between the goal and generalization. [ours] its form:
        "privacy"   J = (1 - lambda) E_val + lambda |E_forget - E_forget-val|
        "bias"      J = (1 - lambda) E_val + lambda (1 - E_forget)

    Raises ValueError for another goal or a lambda outside [0, 1].
    """
    checks.one_of("goal", goal, GOALS)
    checks.number("lam", lam, low=0, high=1)
    aim = abs(metrics["forget_error"] - metrics["forget_validation_error"]) if goal == "privacy" else 1 - metrics["forget_error"]
    return (1 - lam) * metrics["validation_error"] + lam * aim


def select(frame, goal: str = "privacy", lam: float = .4, by: Sequence[str] | None = None):
    """The runs of the settings with the lowest J, one per group and seed, with J as column "objective".

    frame: what `ul.sweep` returned, or the runs of a record. by: columns that make a group, default those of network, width, share
    and method that it has. J is made of validation data, so the setting is one a user could have chosen; it
    is the one with the lowest median over seeds (`ul.select`).
    """
    by = [name for name in ("network", "width", "share", "method") if name in frame.columns] if by is None else by
    return selection.select(frame.assign(objective=objective(frame, goal, lam)), "objective", by=tuple(by))


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
        raise ValueError("errors must hold the same seeds, at least one, for each width; got "
                         + (", ".join(f"{len(values)} at {width:g}" for width, values in errors.items()) or "no width"))
    first = [min((width for width, values in errors.items() if values[i] == 0), default=math.inf) for i in range(seeds.pop())]
    everywhere = min((width for width, values in errors.items() if not any(values)), default=math.inf)
    return Threshold(everywhere, min(first), max(first))


def training_errors(dataset: str = "digits", preset: str = "quick", seeds: Sequence[int] = SHIPPED_SEEDS, *,
                    network: str = "resnet18", widths: Sequence[float] | None = None, **options) -> dict[float, list[float]]:
    """Width -> training error of the original of each seed, over the preset's ladder or `widths`; trains what is not there.

    options: of `task`.
    """
    widths = ladder(dataset, preset, network) if widths is None else widths
    return {width: [float(task(dataset, preset, seed, network=network, width=width, **options).facts["original"]["training_error"])
                    for seed in seeds] for width in widths}


def grid(epochs: int = 6, methods: Sequence[str] | None = None) -> dict[str, dict]:
    """Settings for the digits' quick task, as `ul.sweep` takes them: the methods of paper B, MinNorm-OG, and Retrain for as many
    epochs; or some of these.

    [ours] Rates and weights reach from nearly no effect to a broken network, after a look at seed 1. All but Retrain have
    batch_norm="frozen": they descend and ascend the deployed network's losses. With forget batches normalised by statistics of
    their own, ascent teaches a wide network to be wrong in training mode alone, and the deployed one keeps its answers.
    """
    rates = lambda *lr: {"epochs": epochs, "lr": list(lr), "batch_norm": "frozen"}
    found = {
        "SCRUB": {**rates(3e-4, 1e-3, 3e-3), "reg": .1, "ascent": [.3, 1.], "variant": "original", "max_epochs": max(1, epochs - 2)},
        "NegGrad": {**rates(3e-4, 1e-3, 3e-3), "ascent": [.1, .3]},
        "l1-Sparse": {**rates(1e-3, 3e-3, 1e-2), "reg": [1e-3, 1e-2]},
        "MinNorm-OG": {**rates(1e-3, 3e-3), "reg": [.01, .03], "reg_decay": .9, "n_pert": 50, "descent_epochs": epochs // 2},
        "Retrain": {**rates(3e-3, 1e-2), "batch_norm": "retain"},
    }
    return {name: found[name] for name in (found if methods is None else methods)}


@dataclass(frozen=True, kw_only=True)
class _Rung:
    """One width of a ladder with its data: what the arguments of `task` say, checked. shipped: whether the package has its models."""

    name: str
    seed: int
    ladder: Ladder
    recipe: Recipe
    parts: dict[str, TensorDataset]
    build: partial
    means: Means
    shipped: bool
    command: str

    def training(self, role: str) -> tuple[Training, Callable]:
        """How the model of a role is made, and what is measured of it."""
        data = [self.parts["retain"].tensors] + ([self.parts["forget"].tensors] if role == "original" else [])
        stage = Stage(*map(torch.cat, zip(*data)), self.recipe)
        name, seed = f"{self.name}-{self.seed}-{role}", 1_000 * self.seed + 10 * ROLES.index(role)
        return Training(name, self.build, seed, (stage,)), partial(_measure, role, self.parts)

    def models(self, roles: Sequence[str]) -> tuple[dict, dict]:
        """({role: model}, {role: facts})"""
        return self.means.models({role: self.training(role) for role in roles}, self.shipped, self.command)


def _rung(dataset: str, preset: str, seed: int, *, width: float | None = None, network: str = "resnet18", share: float = .2,
          forget_classes: int | None = None, forget: int = FORGET, recipe: Recipe | None = None, **means) -> _Rung:
    chosen, seed, means = choose(PRESETS, dataset, preset), checks.seed(seed), Means(**means)
    checks.one_of("network", network, NETWORKS)
    width = ladder(dataset, preset, network)[-1] if width is None else width
    least = CHANNELS[network]
    checks.number("width", width, low=1 / least, words=f"a number of at least 1/{least}, one channel in the first layer of {network}")
    if recipe is not None:
        checks.instance("recipe", recipe, Recipe, "a Recipe")
    parts = _parts(chosen, chosen.images(dataset, means.folder).to(means.device), seed, share, forget_classes, forget)
    changed = share != .2 or forget != FORGET or recipe not in (None, chosen.recipe) or forget_classes not in (None, chosen.forget_classes)
    shipped = not changed and dataset == "digits" and seed in SHIPPED_SEEDS and width in chosen.widths.get(network, ())
    return _Rung(name=f"width-{dataset}-{network}-{width:.4g}", seed=seed, ladder=chosen, recipe=recipe or chosen.recipe, parts=parts,
                 build=partial(NETWORKS[network], len(parts["validation"].tensors[1].unique()), width), means=means,
                 shipped=shipped, command=command("width", shipped, dataset, preset, seed))


def _parts(chosen, images, seed, share, forget_classes, forget):
    pixels, labels = images.train.tensors
    found = split(labels, seed, share, chosen.forget_classes if forget_classes is None else forget_classes, forget)
    parts = {name: _colored(pixels[where.to(pixels.device)], labels[where.to(labels.device)]) for name, where in found.items()}
    pixels, labels = images.test.tensors
    touched = torch.isin(labels, parts["forget"].tensors[1])
    return parts | {"test": _colored(pixels, labels), "forget_test": _colored(pixels[touched], labels[touched])}


def _colored(pixels, labels):
    return TensorDataset(pixels.expand(-1, 3, -1, -1).contiguous(), labels)


def _some(images, count):
    return images if count is None or count >= len(images) else share_of(images, count / len(images), 0, 0)


def _measure(role, parts, model):
    """What goes into a trained model's facts: its errors, and that on what it was trained on."""
    found, count = evaluate(model, parts), {name: len(parts[name]) for name in ("retain", "forget")}
    if role != "original":
        return found | {"training_error": found["retain_error"]}
    wrong = sum(found[f"{name}_error"] * n for name, n in count.items())
    return found | {"training_error": wrong / sum(count.values())}


# The recorded runs of notebook 12. -------------------------------------------------------------------------------------

RECORDED = {"digits": {"allcnn": (1, 2, 3, 4, 5), "resnet18": (1, 2, 3)},  # seeds of each ladder; unlearned on digits alone
            "cifar10": {"allcnn": (1,), "resnet18": (1,)}}
SHARE_STUDY = {"network": "allcnn", "widths": (2 / 96,), "seeds": (1, 2, 3, 4, 5), "methods": ("SCRUB", "NegGrad", "l1-Sparse")}
REGION_STUDY = {"network": "allcnn", "widest": 1 / 8}
SURVEYS = {"small": {"planes": 40, "resolution": 20}, "full": {"planes": 500, "resolution": 50}}  # full: millions of points a model
FULL_STUDY = {"network": "allcnn", "widths": (2 / 96, 6 / 96), "seeds": (1,)}
NEAR = .25  # of the typical distance: about what paper B's delta of 10 is on CIFAR-10, with pixels in [-1, 1]


@dataclass(frozen=True)
class Record:
    """What `load` returns, three pandas.DataFrames and the provenance. Every row has network, width, share and seed.

    runs: one row per run, as `ul.sweep` returns them. models: one per trained model, with role, parameters, what `evaluate` says
    of it, and training_error. regions: one per pair of models compared, with before, after, goal (of a method's selection), survey
    ("small" or "full"), c_prox and s_far, and c_prox_se and s_far_se, their standard errors over planes. That of CIFAR-10 has models
    alone, that of more planes regions alone.
    """

    runs: object
    models: object
    regions: object
    provenance: dict


def record(store: Path, out: Path, dataset: str = "digits", seeds: Mapping[str, Sequence[int]] | None = None, progress=None) -> None:
    """Makes the recorded runs: trains the ladders; on digits also runs `grid` at every width, and compares AllCNN's decision regions
    up to a width of 1/8. Goes on from `store`, whose runs are of one version of the code. seeds: of each network, default `RECORDED`.

    `out` is written after every part, unless it holds a finished record: one that was stopped says how many parts it has, as
    "finished" in its provenance.
    """
    made = provenance("python -m unlearnlab.experiments.width --record" + ("" if dataset == "digits" else f" --dataset {dataset}"))
    say, seeds = progress or (lambda text: print(text, flush=True)), RECORDED[dataset] if seeds is None else seeds
    jobs = []
    for network, own in seeds.items():
        jobs += [(network, width, .2, own, grid()) for width in ladder(dataset, network=network)]
        if dataset == "digits" and network == SHARE_STUDY["network"]:
            jobs += [(network, width, share, SHARE_STUDY["seeds"], grid(methods=SHARE_STUDY["methods"])) for share in SHARES if share != .2
                     for width in SHARE_STUDY["widths"]]
    runs, models, areas = {}, [], []
    for finished, (network, width, share, own, settings) in enumerate(jobs, 1):
        say(f"{network} at width {width:.4g}, share {share}")
        at = _Place(Path(store), dataset, network, width, share)
        for seed in own:
            models += [{**at.facts(), "seed": seed, **row} for row in _model_rows(at.task(seed), at.again(seed) if dataset == "digits" else None)]
        if dataset == "digits":
            runs[network, width, share] = sweep(at.task, settings, own, Path(store) / f"{network}-{width:.4g}-{share}", backend="serial",
                                                progress=False).assign(**at.facts())
            if share == .2 and network == REGION_STUDY["network"] and width <= REGION_STUDY["widest"]:
                areas += [row for seed in own for row in at.regions(seed, runs[network, width, share], "small")]
        _write(out, made, runs, models, areas, finished, len(jobs))


def record_planes(store: Path, out: Path, recorded: Record, progress=None) -> None:
    """Surveys 500 planes at 50 by 50 points where `FULL_STUDY` says: millions of points for every network. recorded: what `load`
    returned, whose selected settings are compared; its commit is part of the provenance. Goes on from `store`, as `record` does."""
    made, say = provenance("python -m unlearnlab.experiments.width --record --planes"), progress or (lambda text: print(text, flush=True))
    runs, made = recorded.runs, made | {"runs": recorded.provenance["commit"]}
    places, areas = [(width, seed) for width in FULL_STUDY["widths"] for seed in FULL_STUDY["seeds"]], []
    for finished, (width, seed) in enumerate(places, 1):
        network = FULL_STUDY["network"]
        say(f"{network} at width {width:.4g}, all planes, seed {seed}")
        own = runs[(runs.network == network) & (runs.width == width) & (runs.share == .2)]
        if own.empty:
            raise ValueError(f"the runs hold none of {network} at width {width:.4g}: record them first, with --record")
        areas += _Place(Path(store), "digits", network, width, .2).regions(seed, own, "full")
        _write(out, made, {}, [], areas, finished, len(places))


def load(path: Path | str) -> Record:
    """The recorded runs of a file that `record` made."""
    import pandas
    content = json.loads(Path(path).read_text(encoding="utf-8"))
    tables = [pandas.DataFrame(content.get(name, {"network": [], "width": []})) for name in ("runs", "models", "regions")]
    for table in tables:  # in half channels: the file holds six digits, a ladder the fraction itself
        half = [2 * CHANNELS[network] for network in table["network"]]
        table["width"] = [round(width * count) / count for width, count in zip(table["width"], half)]
    return Record(*tables, content["provenance"])


@dataclass(frozen=True)
class _Place:
    """A rung of a recorded ladder, and where its models and comparisons are kept."""

    store: Path
    dataset: str
    network: str
    width: float
    share: float

    def facts(self):
        return {"network": self.network, "width": self.width, "share": self.share}

    def task(self, seed):
        return task(self.dataset, "quick", seed, **self.facts(), cache=self.store / "models", progress=_silent)

    def again(self, seed):
        return retrained_again(self.dataset, "quick", seed, **self.facts(), cache=self.store / "models", progress=_silent)

    def regions(self, seed, frame, survey):
        path = self.store / "regions" / f"{self.network}-{self.width:.4g}-{seed}-{survey}-{code_fingerprint()}.json"
        rows = kept(path, lambda: _compare(self.task(seed), self.again(seed), frame, SURVEYS[survey]))
        return [{**self.facts(), "seed": seed, "survey": survey, **row} for row in rows]


def _silent(*done):
    pass


def _write(out, made, runs, models, areas, finished, parts):
    import pandas
    if finished < parts and Path(out).exists() and "finished" not in load(out).provenance:
        return
    joined = pandas.concat(runs.values(), ignore_index=True) if runs else pandas.DataFrame()
    tables = {"runs": joined.drop(columns=[c for c in made if c in joined]), "models": pandas.DataFrame(models), "regions": pandas.DataFrame(areas)}
    tables = {name: table for name, table in tables.items() if len(table)}
    text = ",\n".join(f"{json.dumps(name)}: {_columns(table)}" for name, table in tables.items())
    made = made if finished == parts else made | {"finished": f"{finished} of {parts} parts"}
    write_text(Path(out), f'{{"provenance": {json.dumps(made)},\n{text}\n}}\n')


def _model_rows(found, again):
    """What the record says of the original and of the retrained models, of which the second may be None."""
    trained_error = float(found.facts["original"]["training_error"])
    for role, model in zip(ROLES, (found.original, found.ground_truth, again) if again else (found.original, found.ground_truth)):
        errors = found.evaluate(model)
        yield {"role": role, "parameters": sum(p.numel() for p in model.parameters()), **errors,
               "training_error": trained_error if role == "original" else errors["retain_error"]}


def _compare(found, again, frame, size):
    """Rows of C_prox and S_far: two retrained models (the floor), the original and a retrained one, the original and what each
    selected setting makes of it."""
    seen = found.original.normalise(found.retain.tensors[0])
    survey = regions.survey(found, splits(seed=found.seed)["test"], **size, delta=NEAR * regions.typical_distance(seen), seed=found.seed)
    original, retrained = survey.classes(found.original), survey.classes(found.ground_truth)
    compared = lambda before, after: {**survey.scores(before, after), **survey.standard_errors(before, after)}
    rows = [{"before": "retrained", "after": "retrained again", "goal": None, **compared(retrained, survey.classes(again))},
            {"before": "original", "after": "retrained", "goal": None, **compared(original, retrained)}]
    for goal in GOALS:
        chosen = select(frame, goal, by=("method",))
        for row in chosen[chosen.seed == found.seed].to_dict("records"):
            if row["method"] == "Retrain":
                continue
            kind = METHODS[row["method"]]
            given = {f.name: row[f.name] for f in dataclasses.fields(kind) if f.name in row and row[f.name] == row[f.name]}
            model = unlearn(found, kind(**given), row["epochs"]).model
            rows.append({"before": "original", "after": row["method"], "goal": goal, **compared(original, survey.classes(model))})
    return rows


def _columns(table):
    """A table as JSON, a line per column, floats with 6 significant digits."""
    import pandas
    short = lambda v: None if pandas.isna(v) else float(f"{v:.6g}") if isinstance(v, float) else getattr(v, "item", lambda: v)()
    return "{\n" + ",\n".join(f"{json.dumps(name)}: {json.dumps([short(v) for v in table[name].tolist()])}" for name in table) + "}"


def shipped(seed: int) -> list[tuple[Training, Callable]]:
    """How the models that ship with the package are made, and what is measured of them: both ladders on digits."""
    if seed not in SHIPPED_SEEDS:
        return []
    rungs = [_rung("digits", "quick", seed, network=network, width=width)
             for network, widths in PRESETS["digits", "quick"].widths.items() for width in widths]
    return [rung.training(role) for rung in rungs for role in ROLES]


def _main(arguments=None):
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(prog="python -m unlearnlab.experiments.width", description=__doc__.splitlines()[0])
    parser.add_argument("--record", action="store_true", help="make the recorded runs of notebook 12")
    parser.add_argument("--dataset", choices=RECORDED, default="digits", help="which of them (default: %(default)s)")
    parser.add_argument("--planes", action="store_true", help="survey 500 planes with the settings that the runs in width.json select")
    parser.add_argument("--runs", type=Path, default=RESULTS / "width.json", help="those runs, if elsewhere")
    parser.add_argument("--store", type=Path, help="folder for finished runs (default: the user cache)")
    parser.add_argument("--out", type=Path, help="the JSON file (default: width.json, width-cifar10.json or width-planes.json in notebooks/results)")
    chosen = parser.parse_args(arguments)
    if chosen.planes and chosen.dataset != "digits":
        parser.error("--planes is for the runs on digits")
    name = "width-planes" if chosen.planes else "width" if chosen.dataset == "digits" else f"width-{chosen.dataset}"
    store, out = chosen.store or default_folder("runs", name), chosen.out or RESULTS / f"{name}.json"
    if chosen.planes:
        return interruptible(lambda: record_planes(store, out, load(chosen.runs)))
    return interruptible(lambda: record(store, out, chosen.dataset))


if __name__ == "__main__":
    sys.exit(_main())
