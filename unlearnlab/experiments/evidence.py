"""What do many networks, unlearned in every way we have, say of what they were to forget? The runs behind notebook 13 and EvidenceLab.

    python -m unlearnlab.study evidence            # a few minutes on one core; it reads erasure.json

Three experiments. "privacy": 400 digits, of which 60 random ones are to be forgotten, as if they had never been in; 32 originals, 64
retrained networks, and every method on each original. "erasure": the task of notebook 09, seeds 1 to 5, every method. "sine": that of
notebook 04, seeds 1 to 10, every method that works on it.
"""

import dataclasses
import functools
import itertools
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import TensorDataset

from ..data import images
from ..data import sine as sine_data
from ..methods import METHODS, Method
from ..methods.base import HYPERPARAMETERS
from ..metrics import (
    Ensemble,
    Interval,
    epsilons,
    forgetting_quality,
    forgetting_quality_floor,
    jackknife,
    klom,
    klom_floor,
    margin,
    mia,
    relearn_time,
    train_ensemble,
    u_lira,
    u_lira_floor,
)
from ..models import MLP, seeded
from ..sgd import sample_losses
from ..study import table
from ..study.rows import method_of
from ..task import Task
from ..unlearning import unlearn
from . import erasure, sine
from .outputs import outputs
from .presets import generator

TRAIN, FORGET, MODELS, TUNING = 400, 60, 32, 8
EPOCHS, BATCH = 30, 60  # of unlearning: one update per epoch
LAMBDA = 0.4  # paper B's weight of the goal against generalisation; it tried .2, .4 and .6
RELEARN_MODELS, RELEARN_LR, RELEARN_STEPS = 8, 1e-3, 200
ERASURE_RELEARN = {"target": 0.1, "lr": 3e-3, "max_steps": 40}
SEEDS, SINE_SEEDS = range(1, 6), range(1, 11)  # of erasure, and of the sine
ERASURE_EPOCHS = 3
SINE_RELEARN = {"target": 0.01, "lr": 1e-3, "max_steps": 200}
SINE_EPOCHS, CLOSE = 100, 0.1  # a prediction is right when it is this close

# Settings to choose from, for privacy, on originals that are not measured
GRID = {
    "Retrain": {"lr": [1e-2, 3e-2]},
    "MinNorm-OG": {
        "lr": [1e-3, 3e-3, 1e-2],
        "reg": [0.01, 0.03, 0.1],
        "reg_decay": 0.9,
        "n_pert": 50,
        "project_every": 3,
        "descent_epochs": 15,
    },
    "GD": {"lr": [1e-3, 3e-3, 1e-2]},
    "GA": {"lr": [1e-4, 3e-4, 1e-3]},
    "NGP": {"lr": [1e-3, 3e-3], "ascent": [0.03, 0.1, 0.3]},
    "NGD": {"lr": [1e-3, 3e-3, 1e-2], "noise": [0.01, 0.1]},
    "Ridge": {"lr": [3e-3, 1e-2], "reg": [1e-3, 1e-2], "reg_decay": 0.9},
    "l1-Sparse": {"lr": [1e-3, 3e-3, 1e-2], "reg": [1e-5, 1e-4, 1e-3]},
    "SCRUB": {"lr": [1e-3, 3e-3], "reg": 0.1, "ascent": [0.1, 0.3, 1.0], "descent_epochs": 5},
    "NPO": {"lr": [1e-4, 3e-4, 1e-3], "reg": [0.1, 1.0]},
    "SalUn": {"lr": [1e-3, 3e-3], "ascent": [0.03, 0.1, 0.3]},
    "KL-Unif": {"lr": [1e-3, 3e-3], "reg": [0.03, 0.1, 0.3]},
    "NegGrad": {"lr": [1e-3, 3e-3], "ascent": [0.03, 0.1, 0.3]},
}


@dataclass(frozen=True)
class Problem:
    """Digits as vectors of 64 numbers in [-.5, .5], labels, and who is who among them: index tensors that share no example."""

    inputs: torch.Tensor
    labels: torch.Tensor
    forget: torch.Tensor
    retain: torch.Tensor
    unseen: torch.Tensor
    validation: torch.Tensor
    test: torch.Tensor

    def data(self, part: str) -> TensorDataset:
        """The examples of "forget", "retain", "unseen", "validation" or "test"."""
        chosen = getattr(self, part)
        return TensorDataset(self.inputs[chosen], self.labels[chosen])


@dataclass(frozen=True)
class Evidence:
    """What was recorded of "privacy". margins: by part ("forget", "unseen", "retain"), by name ("original", "retrained" or a method's),
    (models, examples). accuracy: by part ("forget", "retain", "test"), by name, (models,). relearn: by name, (few models,).
    settings: by method, in words."""

    margins: dict[str, dict[str, torch.Tensor]]
    accuracy: dict[str, dict[str, torch.Tensor]]
    relearn: dict[str, list[float]]
    settings: dict[str, str]


def problem(seed: int = 0) -> Problem:
    """The privacy problem. unseen: as many examples of each class as are to be forgotten, of those that no network sees."""
    found = images.load("digits")
    pixels, labels = (torch.cat(pair) for pair in zip(found.train.tensors, found.test.tensors))
    count = len(found.train)
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    forget, retain, others = order[:FORGET], order[FORGET:TRAIN], order[TRAIN:]
    alike = [others[labels[others] == c][: int((labels[forget] == c).sum())] for c in range(10)]
    unseen = torch.cat(alike)
    validation = others[~torch.isin(others, unseen)][:300]
    return Problem(
        pixels.flatten(1).float() / 255 - 0.5,
        labels,
        forget,
        retain,
        unseen,
        validation,
        torch.arange(count, len(labels)),
    )


def build(seed: int) -> nn.Module:
    """The untrained network, 64-128-10."""
    return seeded(lambda: MLP([64, 128, 10]), seed)


def train(the: Problem, with_forget: torch.Tensor, seed: int, **more) -> Ensemble:
    """Networks of the privacy problem as one ensemble, so that all take the same number of steps. They fit what they see.

    with_forget: (models,) booleans, whether a network is an original or a retrained one."""
    included = torch.zeros(len(with_forget), len(the.labels), dtype=torch.bool)
    included[:, the.retain] = True
    included[:, the.forget] = with_forget[:, None]
    return train_ensemble(
        build, the.inputs, the.labels, included, epochs=20, lr=1e-2, seed=seed, **more
    )


def tasks(the: Problem, originals: list[nn.Module]) -> list[Task]:
    """One task for each original: forget the 60, keep the 340, in batches of 60."""
    return [
        Task(
            "digits-privacy",
            "classification",
            i,
            original,
            None,
            the.data("retain"),
            the.data("forget"),
            build,
            lambda model: {},
            batch_size=BATCH,
        )
        for i, original in enumerate(originals)
    ]


def choose(the: Problem, tuning: list[Task], name: str) -> Method:
    """The setting of a method with the least J = (1 - lambda) E_val + lambda |E_forget - E_val|, E_val the error on validation images.

    Our form of paper B's privacy goal, of which its summary gives no formula."""
    settings = _settings(name)
    if len(settings) == 1:
        return settings[0]
    return min(
        settings,
        key=lambda method: np.mean(
            [_goal(the, unlearn(task, method, EPOCHS).model) for task in tuning]
        ),
    )


def privacy(say=print) -> dict[str, list[dict]]:
    """The first experiment. Tables "settings", "level", "relearn", "margins" and "accuracy"."""
    the = problem()
    count = 3 * MODELS + TUNING
    ensemble = train(the, torch.arange(count) % (3 * MODELS) < MODELS, 0)
    trained = [ensemble.model(i) for i in range(len(ensemble))]
    models = {"original": trained[:MODELS], "retrained": trained[MODELS : 3 * MODELS]}
    measured, tuning, settings = (
        tasks(the, models["original"]),
        tasks(the, trained[3 * MODELS :]),
        [],
    )
    for name in METHODS:
        method = choose(the, tuning, name)
        settings.append({"method": name, "setting": _words(method)})
        models[name] = [unlearn(task, method, EPOCHS).model for task in measured]
        say(f"privacy: {name} {_words(method)}")
    inputs, labels = the.data("forget").tensors
    losses = [F.cross_entropy(model(inputs), labels).item() for model in models["original"]]
    level = 2 * np.mean(losses).item()
    return {
        "settings": settings,
        "level": [{"relearn_level": level}],
        "relearn": _each(models, "steps", functools.partial(_relearned, the, level)),
        **_told(the, models),
    }


def _relearned(the, level, models):
    how = {"lr": RELEARN_LR, "max_steps": RELEARN_STEPS}
    some = models[:RELEARN_MODELS]
    return [_finite(relearn_time(model, the.data("forget"), level, **how)) for model in some]


def _told(the, models):
    """Tables "margins" and "accuracy", by part of the data."""
    parts = {"forget": the.forget, "unseen": the.unseen, "retain": the.retain[: FORGET // 3]}
    margins, accuracy = [], []
    for part, which in parts.items():
        rows = _each(models, "margins", lambda some, which=which: _margins(some, the, which))
        margins += [{"part": part, **row} for row in rows]
    for part in ("forget", "retain", "test"):
        data = the.data(part)
        rows = _each(models, "accuracy", lambda some, data=data: [_right(m, data) for m in some])
        accuracy += [{"part": part, **row} for row in rows]
    return {"margins": margins, "accuracy": accuracy}


def _each(models, column, values):
    """A row for every network of every name, with its value in `column`."""
    rows = []
    for name, some in models.items():
        for i, value in enumerate(values(some)):
            rows.append({"name": name, "network": i, column: value})
    return rows


def erased(seed: int, settings: dict[str, Method]) -> list[dict]:
    """The second experiment: rows for "original", "ground truth" and every method at its setting.

    mia, svc: attacks on the summed loss of both heads, forget set against red and green copies that
    were not in it, class by class. relearn: steps to a loss of .1 on the forget set. forget, retain:
    accuracy (both heads) on forget set and accessible retain set.
    """
    task = erasure.task(seed=seed)
    unseen = _other_copies(task, seed)
    classes = {"seen_labels": _classes(task.forget), "unseen_labels": _classes(unseen)}
    rows = []
    for name, model in _models(task, settings, ERASURE_EPOCHS):
        known = {part: _both_right(model, getattr(task, part)) for part in ("forget", "retain")}
        losses = [_loss(model, data) for data in (task.forget, unseen)]
        steps = relearn_time(model, task.forget, loss=task.loss, **ERASURE_RELEARN)
        metrics = task.evaluate(model) | known | _attacks(losses, **classes)
        rows.append(_row(seed, name, metrics, steps))
    return rows


def poisoned(seed: int) -> list[dict]:
    """The third experiment, rows as in `erased`, at the paper's best settings for T = 100.

    forget, retain, test: the share of predictions within .1 of the target, on the poisoned points,
    the others, and the sine on the grid. mia, svc: attacks on the squared error, five poisoned points
    against (x, 1.5) at five other x, which nobody was taught. relearn: steps to a mean squared error
    of .01 on the poisoned points.
    """
    task, grid = sine.task(seed), sine_data.grid()
    other = grid[torch.randperm(len(grid), generator=generator(seed, 6))[: len(task.forget)]]
    untaught = (other, torch.full_like(other, sine_data.POISON))
    retain, forget = task.retain.tensors, task.forget.tensors
    parts = {"forget": forget, "retain": retain, "test": (grid, grid.sin())}
    rows = []
    for name, model in _models(task, sine.best_settings(SINE_EPOCHS), SINE_EPOCHS):
        known = {}
        for part, data in parts.items():
            known[part] = (_squares(model, *data) <= CLOSE**2).double().mean().item()
        squares = [_squares(model, *data) for data in (forget, untaught)]
        steps = relearn_time(model, task.forget, loss=F.mse_loss, **SINE_RELEARN)
        metrics = task.evaluate(model) | known | _attacks(squares)
        rows.append(_row(seed, name, metrics, steps))
    return rows


def _models(task, settings, epochs):
    """(name, model): the original, the ground truth, and what each method makes of the original."""
    yield "original", task.original
    yield "ground truth", task.ground_truth
    for name, method in settings.items():
        yield name, unlearn(task, method, epochs).model


def _attacks(losses, **labels):
    attack = functools.partial(mia, *losses, **labels, repeats=4)
    return {"mia": attack(), "svc": attack(attack="svc")}


def _row(seed, name, metrics, steps):
    short = {key: round(value, 4) for key, value in metrics.items()}
    return {"seed": seed, "method": name, **short, "relearn": _finite(steps)}


def _finite(steps):
    """Infinity as None: JSON has no word for it."""
    return None if steps == float("inf") else steps


@dataclass(frozen=True, kw_only=True)
class EvidenceStudy:
    """A part is the privacy experiment, which has seeds of its own, or a seed of the others.

    In "erasure" every method has the setting that is nearest to the ideal in erasure.json, beside
    the file that is made or among the notebooks' results: an oracle's choice, by the same measure
    as is reported.
    """

    name: str = "evidence"
    title: str = "what the metrics say of 512 networks and their likes: a few minutes"
    seeds: tuple[int, ...] = tuple(SINE_SEEDS)
    options: dict = field(default_factory=dict)
    unit = "parts"

    def origins(self, place):
        return {"erasure": table.read(place.beside("erasure.json")).provenance["commit"]}

    def parts(self):
        return ("privacy", *self.seeds)

    def make(self, part, place, so_far):
        if part == "privacy":
            return place.kept(self, "privacy", lambda: privacy(place.say))
        tables = place.kept(self, f"sine-{part}", lambda: {"sine": poisoned(part)})
        if part in SEEDS:
            best = _nearest(table.read(place.beside("erasure.json"))["runs"])
            make = lambda: {"erasure": erased(part, best)}
            tables |= place.kept(self, f"erasure-{part}", make, given=str(best))
        return tables


STUDIES = (EvidenceStudy(),)


@dataclass(frozen=True)
class Verdict:
    """What one metric says of every candidate. scores: by name, one number. each: by name, (examples,), or None for a metric that has
    no score for a single example. floor: what retrained networks score against retrained ones, (draws or networks,)."""

    scores: dict[str, float]
    each: dict[str, torch.Tensor] | None
    floor: torch.Tensor


PER_EXAMPLE = {
    "U-LiRA": (u_lira, u_lira_floor),
    "KLoM": (klom, klom_floor),
    "challenge epsilon": (epsilons, None),
}
ATTACK = "membership attack"


def candidates(margins: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """By name, what stands in line to be judged: the originals, half of the retrained networks, and every method's."""
    return {
        name: rows[: len(rows) // 2] if name == "retrained" else rows
        for name, rows in margins.items()
    }


def judge(found: Evidence, metric: str, part: str = "forget") -> Verdict:
    """A metric of PER_EXAMPLE for every candidate, against the other half of the retrained networks, on the examples of `part`.

    Of epsilons the score is the forgetting quality. Raises ValueError for another metric or part."""
    if metric not in PER_EXAMPLE or part not in found.margins:
        raise ValueError(
            f"judge knows {', '.join(PER_EXAMPLE)} on {', '.join(found.margins)}, got {metric!r} on {part!r}"
        )
    rows, (score, floor) = found.margins[part], PER_EXAMPLE[metric]
    truth = rows["retrained"][len(rows["retrained"]) // 2 :]
    each = {name: score(values, truth) for name, values in candidates(rows).items()}
    if floor is None:
        return Verdict(
            {name: forgetting_quality(values) for name, values in each.items()},
            each,
            forgetting_quality_floor(rows["retrained"]),
        )
    return Verdict(
        {name: values.mean().item() for name, values in each.items()},
        each,
        floor(rows["retrained"]).mean(1),
    )


def sure(found: Evidence, metric: str, part: str, name: str) -> Interval:
    """The score of one candidate under a metric of PER_EXAMPLE, as in `judge`, with its interval over networks: `jackknife`."""
    rows, score = found.margins[part], PER_EXAMPLE[metric][0]
    whole = forgetting_quality if metric == "challenge epsilon" else torch.mean
    return jackknife(
        lambda a, b: whole(score(a, b)),
        candidates(rows)[name],
        rows["retrained"][len(rows["retrained"]) // 2 :],
    )


def attack(found: Evidence, network: int, others: int = 8) -> Verdict:
    """Membership inference on network number `network` of every candidate, forget set against unseen examples; the floor is that of
    `others` retrained networks. Raises ValueError for a network that is not there."""
    losses = {
        part: {name: F.softplus(-rows) for name, rows in candidates(found.margins[part]).items()}
        for part in ("forget", "unseen")
    }
    count = len(losses["forget"]["original"])
    if not 0 <= network < count:
        raise ValueError(f"network must be an integer from 0 to {count - 1}, got {network!r}")
    one = lambda name, i: mia(losses["forget"][name][i], losses["unseen"][name][i], repeats=1)
    return Verdict(
        {name: one(name, network) for name in losses["forget"]},
        None,
        torch.tensor(
            [one("retrained", i) for i in range(count) if i != network][:others],
            dtype=torch.float64,
        ),
    )


def load(path: Path | str):
    """(Evidence of "privacy", {"erasure" and "sine": pandas.DataFrame}, provenance) of the file.

    Errors as in `table.read`, and KeyError for one that does not hold all three experiments.
    """
    recorded = table.read(path)
    settings = recorded["settings"].set_index("method")["setting"].to_dict()
    by_name = recorded["relearn"].groupby("name", sort=False)["steps"]
    relearn = {name: steps.astype(float).fillna(np.inf).tolist() for name, steps in by_name}
    frames = {}
    for name in ("erasure", "sine"):
        steps = recorded[name]["relearn"].astype(float).fillna(np.inf)
        frames[name] = recorded[name].assign(relearn=steps)
    evidence = Evidence(
        _tensors(recorded["margins"], "margins"),
        _tensors(recorded["accuracy"], "accuracy"),
        relearn,
        settings,
    )
    return evidence, frames, recorded.provenance


def _tensors(frame, column):
    """{part: {name: the column's values, a row for each network}}."""
    tensors = {}
    for (part, name), rows in frame.groupby(["part", "name"], sort=False):
        values = torch.tensor(rows[column].tolist(), dtype=torch.float64)
        tensors.setdefault(part, {})[name] = values
    return tensors


def _settings(name):
    given = {k: v if isinstance(v, list) else [v] for k, v in GRID[name].items()}
    return [
        METHODS[name](**dict(zip(given, values))) for values in itertools.product(*given.values())
    ]


def _words(method):
    shown = {
        k: v
        for k, v in dataclasses.asdict(method).items()
        if k in HYPERPARAMETERS and k in GRID[method.name]
    }
    return ", ".join(f"{k} {v:g}" for k, v in shown.items())


def _goal(the, model):
    wrong = {part: 1 - _right(model, the.data(part)) for part in ("forget", "validation")}
    return (1 - LAMBDA) * wrong["validation"] + LAMBDA * abs(wrong["forget"] - wrong["validation"])


@torch.no_grad()
def _right(model, data):
    inputs, labels = data.tensors
    return round((model(inputs).argmax(1) == labels).double().mean().item(), 4)


@torch.no_grad()
def _margins(models, the, which):
    logits = torch.stack([model(the.inputs[which]) for model in models])
    margins = margin(logits, the.labels[which]).tolist()
    return [[round(value, 2) for value in row] for row in margins]


def _loss(model, data):
    inputs, targets = data.tensors
    return sample_losses(outputs(model, inputs), targets)


@torch.no_grad()
def _both_right(model, data):
    inputs, targets = data.tensors
    said = torch.stack([head.argmax(1) for head in outputs(model, inputs)], 1)
    return (said == targets).all(1).double().mean().item()


@torch.no_grad()
def _squares(model, inputs, targets):
    return (model(inputs) - targets).square().flatten()


def _classes(data):
    content, color = data.tensors[1].T
    return 3 * content + color


def _other_copies(task, seed):
    """The red and green copies of training images that are not in the task's forget set."""
    found = []
    for stream, name in ((1, "red"), (2, "green")):
        inputs, targets = erasure.painted(erasure.images().train, name).tensors
        order = torch.randperm(
            len(inputs), generator=generator(seed, stream)
        )  # as the forget set was drawn: its first tenth
        count = int((task.forget.tensors[1][:, 1] == stream).sum())
        mine = task.forget.tensors[0][task.forget.tensors[1][:, 1] == stream]
        if not torch.equal(inputs[order[:count]], mine):
            raise RuntimeError("the forget set is no longer drawn as its complement is here")
        found.append((inputs[order[count:]], targets[order[count:]]))
    return TensorDataset(*(torch.cat(pair) for pair in zip(*found)))


def _nearest(frame):
    """By method, the setting whose mean over seeds is nearest to retain accuracy 1 and forget error 0."""
    setting = ["method", *(name for name in HYPERPARAMETERS if name in frame.columns)]
    groups = frame[frame.error.isna()].groupby(setting, dropna=False)
    means = groups[["retain_accuracy", "forget_error"]].mean().reset_index()
    means["gap"] = np.hypot(1 - means.retain_accuracy, means.forget_error)
    best = means.loc[means.groupby("method").gap.idxmin()].to_dict("records")
    nearest = {row["method"]: method_of(row) for row in best}
    return {name: nearest[name] for name in METHODS}
