"""What do many networks, unlearned in every way we have, say of what they were to forget?

    python -m unlearnlab.study evidence    # a few minutes on one core; it reads erasure.json

The runs behind notebook 13 and EvidenceLab, three experiments. "privacy": see privacy.py.
"erasure": the task of notebook 09, seeds 1 to 5, every method. "sine": that of notebook 04, seeds 1
to 10, every method that works on it."""

import functools
import inspect
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch.utils.data import TensorDataset

from ...course.rows import method_of
from ...course.studies import Shape
from ...data import sine as sine_data
from ...ground.seeds import generator
from ...loop import unlearn
from ...methods import METHODS, Method
from ...metrics import mia
from ...networks.predict import outputs
from ...study import choosing, table
from ...tasks import erasure, sine
from ...training.fit import sample_losses
from . import privacy
from .relearning import relearn_time

ERASURE_RELEARN = {"target": 0.1, "lr": 3e-3, "max_steps": 40}
SEEDS, SINE_SEEDS = range(1, 6), range(1, 11)  # of erasure, and of the sine
ERASURE_EPOCHS = 3
SINE_RELEARN = {"target": 0.01, "lr": 1e-3, "max_steps": 200}
SINE_EPOCHS, CLOSE = 100, 0.1  # a prediction is right when it is this close


def erased(seed: int, settings: dict[str, Method]) -> list[dict]:
    """The second experiment: rows for "original", "ground truth" and every method at its setting.

    mia, svc: attacks on the summed loss of both heads, forget set against red and green copies that
    were not in it, class by class. relearn: steps to a loss of .1 on the forget set. forget,
    retain: accuracy (both heads) on forget set and accessible retain set."""
    task = erasure.task(seed=seed)
    unseen = _other_copies(task, seed)
    classes = {"seen_labels": _classes(task.forget), "unseen_labels": _classes(unseen)}

    def measure(model):
        known = {part: _both_right(model, getattr(task, part)) for part in ("forget", "retain")}
        losses = [_loss(model, data) for data in (task.forget, unseen)]
        attack = functools.partial(mia, *losses, **classes, repeats=4)
        return known, attack, relearn_time(model, task.forget, loss=task.loss, **ERASURE_RELEARN)

    return _rows(task, settings, ERASURE_EPOCHS, measure)


def poisoned(seed: int) -> list[dict]:
    """The third experiment, rows as in `erased`, at the paper's best settings for T = 100.

    forget, retain, test: the share of predictions within .1 of the target, on the poisoned points,
    the others, and the sine on the grid. mia, svc: attacks on the squared error, five poisoned
    points against (x, 1.5) at five other x, which nobody was taught. relearn: steps to a mean
    squared error of .01 on the poisoned points."""
    task, grid = sine.task(seed), sine_data.grid()
    other = grid[torch.randperm(len(grid), generator=generator(seed, 6))[: len(task.forget)]]
    untaught = (other, torch.full_like(other, sine_data.POISON))
    retain, forget = task.retain.tensors, task.forget.tensors
    parts = {"forget": forget, "retain": retain, "test": (grid, grid.sin())}

    def measure(model):
        right = {part: _squares(model, *data) <= CLOSE**2 for part, data in parts.items()}
        known = {part: close.double().mean().item() for part, close in right.items()}
        squares = [_squares(model, *data) for data in (forget, untaught)]
        attack = functools.partial(mia, *squares, repeats=4)
        return known, attack, relearn_time(model, task.forget, loss=F.mse_loss, **SINE_RELEARN)

    return _rows(task, sine.best_settings(SINE_EPOCHS), SINE_EPOCHS, measure)


def _rows(task, settings, epochs, measure):
    """A row for the original, the ground truth, and what each method makes of the original.

    measure: of a model (metrics, attack, steps to relearn)."""
    models = {"original": task.original, "ground truth": task.ground_truth}
    for name, method in settings.items():
        models[name] = unlearn(task, method, epochs).model
    rows = []
    for name, model in models.items():
        known, attack, steps = measure(model)
        metrics = task.evaluate(model) | known | {"mia": attack(), "svc": attack(attack="svc")}
        short = {key: round(value, 4) for key, value in metrics.items()}
        relearn = {"relearn": privacy.finite(steps)}
        rows.append({"seed": task.seed, "method": name, **short, **relearn})
    return rows


@dataclass(frozen=True, kw_only=True)
class EvidenceStudy(Shape):
    """A part is the privacy experiment, which has seeds of its own, or a seed of the others.

    In "erasure" every method has the setting that is nearest to the ideal in erasure.json, beside
    the file that is made or among the notebooks' results: an oracle's choice, by the same measure
    as is reported.
    """

    name: str = "evidence"
    title: str = "what the metrics say of 512 networks and their likes: a few minutes"
    seeds: tuple[int, ...] = tuple(SINE_SEEDS)
    unit = "parts"

    def origins(self, place):
        return {"erasure": table.read(place.beside("erasure.json")).provenance["commit"]}

    def parts(self):
        return ("privacy", *self.seeds)

    def make(self, part, place, so_far):
        if part == "privacy":
            make = functools.partial(privacy.experiment, place.say)
            return place.kept(self, "privacy", make, inspect.getsource(privacy))
        tables = place.kept(self, f"sine-{part}", lambda: {"sine": poisoned(part)})
        if part in SEEDS:
            best = _nearest(table.read(place.beside("erasure.json"))["runs"])
            make = lambda: {"erasure": erased(part, best)}
            tables |= place.kept(self, f"erasure-{part}", make, given=str(best))
        return tables


STUDIES = (EvidenceStudy(),)


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
    copies = []
    for stream, name in ((1, "red"), (2, "green")):
        data = erasure.painted(erasure.images().train, name)
        # as the forget set was drawn: its first tenth
        order = torch.randperm(len(data), generator=generator(seed, stream))
        mine = task.forget.tensors[0][task.forget.tensors[1][:, 1] == stream]
        if not torch.equal(data.tensors[0][order[: len(mine)]], mine):
            raise RuntimeError("the forget set is no longer drawn as its complement is here")
        copies.append(data[order[len(mine) :]])
    return TensorDataset(*map(torch.cat, zip(*copies)))


def _nearest(frame):
    """By method, the setting whose mean over seeds is nearest to accuracy 1 and forget error 0."""
    settings = choosing.points(frame, ["retain_accuracy", "forget_error"])
    settings["gap"] = np.hypot(1 - settings.retain_accuracy, settings.forget_error)
    best = settings.loc[settings.groupby("method").gap.idxmin()].set_index("method", drop=False)
    return {name: method_of(best.loc[name]) for name in METHODS}
