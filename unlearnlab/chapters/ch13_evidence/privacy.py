"""400 digits of which 60 are to be forgotten, as if they had never been in: what do networks say?

32 originals, 64 retrained networks, and every method on each original: the runs behind notebook 13
and EvidenceLab.

    python -m unlearnlab.study evidence    # a few minutes on one core
"""

from collections import defaultdict
from types import SimpleNamespace

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import TensorDataset

from ...course.relearning import relearn_time
from ...course.studies import Shape
from ...data import images
from ...loop import unlearn
from ...methods import METHODS, Method
from ...metrics import margin
from ...networks import MLP, seeded
from ...study.grid import expand
from ...task import Task
from ...tasks import papers
from .shadow import train_ensemble

TRAIN, FORGET, MODELS, TUNING = 400, 60, 32, 8
EPOCHS, BATCH = 30, 60  # of unlearning: one update per epoch
LAMBDA = 0.4  # paper B's weight of the goal against generalisation; it tried .2, .4 and .6
RELEARN_MODELS, RELEARN_LR, RELEARN_STEPS = 8, 1e-3, 200

# Settings to choose from, for privacy, on originals that are not measured
GRID = papers.grid("privacy", EPOCHS)


def problem(seed: int = 0) -> SimpleNamespace:
    """The privacy problem: inputs, digits as vectors of 64 numbers in [-.5, .5], labels, and who is
    who among them, index tensors that share no example: forget, retain, unseen, validation, test.

    unseen: as many examples of each class as are to be forgotten, of those that no network sees."""
    digits = images.load("digits")
    pixels, labels = map(torch.cat, zip(digits.train.tensors, digits.test.tensors))
    count = len(digits.train)
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    forget, retain, others = order[:FORGET], order[FORGET:TRAIN], order[TRAIN:]
    alike = [others[labels[others] == c][: int((labels[forget] == c).sum())] for c in range(10)]
    unseen = torch.cat(alike)
    return SimpleNamespace(
        inputs=pixels.flatten(1).float() / 255 - 0.5,
        labels=labels,
        forget=forget,
        retain=retain,
        unseen=unseen,
        validation=others[~torch.isin(others, unseen)][:300],
        test=torch.arange(count, len(labels)),
    )


def data(the: SimpleNamespace, part: str) -> TensorDataset:
    """The examples of "forget", "retain", "unseen", "validation" or "test"."""
    some = getattr(the, part)
    return TensorDataset(the.inputs[some], the.labels[some])


def build(seed: int) -> nn.Module:
    """The untrained network, 64-128-10."""
    return seeded(lambda: MLP([64, 128, 10]), seed)


def train(the: SimpleNamespace, with_forget: torch.Tensor, seed: int) -> list[nn.Module]:
    """Networks of the privacy problem, trained as one, so that all take the same number of steps.
    They fit what they see.

    with_forget: (models,) booleans, whether a network is an original or a retrained one."""
    included = torch.zeros(len(with_forget), len(the.labels), dtype=torch.bool)
    included[:, the.retain] = True
    included[:, the.forget] = with_forget[:, None]
    return train_ensemble(build, the.inputs, the.labels, included, epochs=20, lr=1e-2, seed=seed)


def tasks(the: SimpleNamespace, originals: list[nn.Module]) -> list[Task]:
    """One task for each original: forget the 60, keep the 340, in batches of 60."""
    retain, forget = data(the, "retain"), data(the, "forget")
    return [
        Task(
            name="digits-privacy",
            kind="classification",
            seed=i,
            original=original,
            ground_truth=None,
            retain=retain,
            forget=forget,
            build=build,
            evaluate=lambda model: {},
            batch_size=BATCH,
        )
        for i, original in enumerate(originals)
    ]


def choose(the: SimpleNamespace, tuning: list[Task], name: str) -> Method:
    """The setting of a method with the least J = (1 - lambda) E_val + lambda |E_forget - E_val|,
    E_val the error on validation images.

    Our form of paper B's privacy goal, of which its summary gives no formula."""
    settings = [setting.method for setting in expand({name: GRID[name]})]
    goals = lambda method: [_goal(the, unlearn(task, method, EPOCHS).model) for task in tuning]
    return min(settings, key=lambda method: np.mean(goals(method)))


def experiment(say=print) -> dict[str, list[dict]]:
    """The whole of it. Tables "settings", "relearn", "margins" and "accuracy"."""
    the = problem()
    count = 3 * MODELS + TUNING
    trained = train(the, torch.arange(count) % (3 * MODELS) < MODELS, 0)
    models = {"original": trained[:MODELS], "retrained": trained[MODELS : 3 * MODELS]}
    measured, tuning = tasks(the, models["original"]), tasks(the, trained[3 * MODELS :])
    tables = defaultdict(list)
    for name in METHODS:
        method = choose(the, tuning, name)
        own = {key: getattr(method, key) for key in GRID[name] if key != "epochs"}
        words = ", ".join(f"{key} {value:g}" for key, value in own.items())
        tables["settings"].append({"method": name, "setting": words, **own})
        models[name] = [unlearn(task, method, EPOCHS).model for task in measured]
        say(f"privacy: {name} {words}")
    inputs, labels = data(the, "forget").tensors
    losses = [F.cross_entropy(model(inputs), labels).item() for model in models["original"]]
    level = 2 * np.mean(losses).item()
    for name, some in models.items():
        for i, model in enumerate(some):
            who = {"name": name, "network": i}
            for part, count in (("forget", FORGET), ("unseen", FORGET), ("retain", FORGET // 3)):
                inputs, labels = data(the, part)[:count]
                values = [round(value, 2) for value in margin(model(inputs), labels).tolist()]
                tables["margins"].append({"part": part, **who, "margins": values})
            for part in ("forget", "retain", "test"):
                right = _right(model, data(the, part))
                tables["accuracy"].append({"part": part, **who, "accuracy": right})
            if i < RELEARN_MODELS:
                steps = relearn_time(
                    model, data(the, "forget"), level, lr=RELEARN_LR, max_steps=RELEARN_STEPS
                )
                # JSON has no word for infinity
                tables["relearn"].append({**who, "steps": None if steps == np.inf else steps})
    return tables


def _goal(the, model):
    wrong = {part: 1 - _right(model, data(the, part)) for part in ("forget", "validation")}
    return (1 - LAMBDA) * wrong["validation"] + LAMBDA * abs(wrong["forget"] - wrong["validation"])


@torch.no_grad()
def _right(model, data):
    inputs, labels = data.tensors
    return round((model(inputs).argmax(1) == labels).double().mean().item(), 4)


class EvidenceStudy(Shape):
    """One part, whose seeds are its own."""

    unit = "parts"

    def parts(self):
        return ("privacy",)

    def make(self, part, place, so_far):
        return place.kept(self, part, lambda: experiment(place.say), str(GRID))


STUDIES = (EvidenceStudy(name="evidence", title="what metrics say of 512 networks", seeds=()),)
