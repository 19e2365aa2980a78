"""What do many networks, unlearned in every way we have, say of what they were to forget?

    python -m unlearnlab.study evidence    # a few minutes on one core; it reads erasure.json

The runs behind notebook 13 and EvidenceLab, three experiments. "privacy": see privacy.py.
"erasure": the task of notebook 09, seeds 1 to 5, every method. "sine": that of notebook 04, seeds 1
to 10, every method that works on it."""

import inspect
from dataclasses import dataclass

import numpy as np
import torch
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
SEEDS = range(1, 6)  # of erasure
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
    kinds = [3 * content + color for content, color in (task.forget[:][1].T, unseen[:][1].T)]
    labels = dict(zip(("seen_labels", "unseen_labels"), kinds))

    def measure(model):
        right, losses = {}, []
        for part in ("forget", "retain"):
            inputs, targets = getattr(task, part).tensors
            said = torch.stack([head.argmax(1) for head in outputs(model, inputs)], 1)
            right[part] = (said == targets).all(1)
        for inputs, targets in (task.forget.tensors, unseen.tensors):
            losses.append(sample_losses(outputs(model, inputs), targets))
        return right, losses

    return _rows(task, settings, ERASURE_EPOCHS, measure, ERASURE_RELEARN, labels)


def poisoned(seed: int) -> list[dict]:
    """The third experiment, rows as in `erased`, at the paper's best settings for T = 100.

    forget, retain, test: the share of predictions within .1 of the target, on the poisoned points,
    the others, and the sine on the grid. mia, svc: attacks on the squared error, five poisoned
    points against (x, 1.5) at five other x, which nobody was taught. relearn: steps to a mean
    squared error of .01 on the poisoned points."""
    task, grid = sine.task(seed), sine_data.grid()
    other = grid[torch.randperm(len(grid), generator=generator(seed, 6))[: len(task.forget)]]
    parts = {
        "forget": task.forget.tensors,
        "retain": task.retain.tensors,
        "test": (grid, grid.sin()),
        "untaught": (other, torch.full_like(other, sine_data.POISON)),
    }

    @torch.no_grad()
    def measure(model):
        off = {part: (model(x) - y).square().flatten() for part, (x, y) in parts.items()}
        losses = off["forget"], off.pop("untaught")
        return {part: squares <= CLOSE**2 for part, squares in off.items()}, losses

    settings = sine.best_settings(SINE_EPOCHS)
    return _rows(task, settings, SINE_EPOCHS, measure, SINE_RELEARN, {})


def _rows(task, settings, epochs, measure, relearn, labels):
    """A row for the original, the ground truth, and what each method makes of the original.

    measure: of a model, which examples of every part it has right, and its losses on the forget set
    and on comparable unseen examples. relearn, labels: for `relearn_time` and `mia`."""
    models = {"original": task.original, "ground truth": task.ground_truth}
    for name, method in settings.items():
        models[name] = unlearn(task, method, epochs).model
    rows = []
    for name, model in models.items():
        right, losses = measure(model)
        metrics = task.evaluate(model)
        metrics |= {part: hits.double().mean().item() for part, hits in right.items()}
        for column, kind in (("mia", "logistic"), ("svc", "svc")):
            metrics[column] = mia(*losses, attack=kind, repeats=4, **labels)
        short = {key: round(value, 4) for key, value in metrics.items()}
        steps = privacy.finite(relearn_time(model, task.forget, loss=task.loss, **relearn))
        rows.append({"seed": task.seed, "method": name, **short, "relearn": steps})
    return rows


@dataclass(frozen=True, kw_only=True)
class EvidenceStudy(Shape):
    """A part is the privacy experiment, which has seeds of its own, or a seed of the others.

    In "erasure" every method has the setting that is nearest to the ideal in erasure.json, beside
    the file that is made or among the notebooks' results: an oracle's choice, by the same measure
    as is reported.
    """

    unit = "parts"

    def origins(self, place):
        return {"erasure": table.read(place.beside("erasure.json")).provenance["commit"]}

    def parts(self):
        return ("privacy", *self.seeds)

    def make(self, part, place, so_far):
        best = _nearest(table.read(place.beside("erasure.json"))["runs"])

        def tables():
            if part == "privacy":
                return privacy.experiment(place.say)
            more = {"erasure": erased(part, best)} if part in SEEDS else {}
            return {"sine": poisoned(part), **more}

        given = f"{inspect.getsource(privacy)}{privacy.GRID}{best}"
        return place.kept(self, str(part), tables, given)


STUDIES = (
    EvidenceStudy(
        name="evidence",
        title="what the metrics say of 512 networks and their likes: a few minutes",
        seeds=tuple(range(1, 11)),
    ),
)


def _other_copies(task, seed):
    """The red and green copies of training images that are not in the task's forget set."""
    # red, then green; the task's share of either comes first
    copies = erasure.forget_set(erasure.images(), 1.0, seed)
    count, mine = len(copies) // 2, len(task.forget) // 2
    return TensorDataset(*copies[torch.arange(len(copies)) % count >= mine])


def _nearest(frame):
    """By method, the setting whose mean over seeds is nearest to accuracy 1 and forget error 0."""
    settings = choosing.points(frame, ["retain_accuracy", "forget_error"])
    settings["gap"] = np.hypot(1 - settings.retain_accuracy, settings.forget_error)
    best = settings.loc[settings.groupby("method").gap.idxmin()].set_index("method", drop=False)
    return {name: method_of(best.loc[name]) for name in METHODS}
