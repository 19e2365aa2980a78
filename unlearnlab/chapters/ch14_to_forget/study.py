"""What do the metrics of one model say of what other notebooks unlearned?

    python -m unlearnlab.study evidence-erasure                    # digits, three minutes
    python -m unlearnlab.study evidence-erasure --dataset mnist    # or cifar10: ten minutes
    python -m unlearnlab.study evidence-sine                       # two minutes

Label erasure, the task of notebook 09, with every method at the setting that is nearest to the
ideal in that notebook's record: an oracle's choice, by the same measure as is reported. And the
sine of notebook 04, with every method that works on it."""

from dataclasses import dataclass

import numpy as np
import torch
from torch.utils.data import TensorDataset

from ...course.relearning import relearn_time
from ...course.rows import method_of
from ...course.studies import Shape
from ...data import sine as sine_data
from ...ground import checks
from ...ground.seeds import generator
from ...loop import unlearn
from ...methods import METHODS, Method
from ...metrics import mia
from ...networks.predict import outputs
from ...study import choosing, table
from ...tasks import erasure, sine
from ...training.fit import sample_losses

ERASURE_RELEARN = {"target": 0.1, "lr": 3e-3, "max_steps": 40}
SINE_RELEARN = {"target": 0.01, "lr": 1e-3, "max_steps": 200}
SINE_EPOCHS, CLOSE = 100, 0.1  # a prediction is right when it is this close
PROBE_IMAGES = {"probe": 500, "probe_few": 10}  # of the training images, in each color
SHRINKAGE = 1e-2  # of the probe, per example


def erased(task, images, settings: dict[str, tuple[Method, int]]) -> list[dict]:
    """Rows for "untrained", "original", "ground truth" and every method at its setting and epochs.

    mia, svc: attacks on the summed loss of both heads, forget set against red and green copies that
    were not in it, twice as many, class by class. probe, probe_few: how well color is read from the
    features, see PROBE_IMAGES. relearn: steps to a loss of .1 on the forget set, of digits alone.
    forget, retain: accuracy (both heads) on forget set and accessible retain set."""
    unseen = other_copies(images, len(task.forget), task.seed)
    kinds = [3 * content + color for content, color in (task.forget[:][1].T, unseen[:][1].T)]
    labels = dict(zip(("seen_labels", "unseen_labels"), kinds))

    def measure(model):
        said, losses = {}, []
        for part in ("forget", "retain"):
            inputs, targets = getattr(task, part).tensors
            heads = torch.stack([head.argmax(1) for head in outputs(model, inputs)], 1)
            said[part] = (heads == targets).all(1).double().mean().item()
        for inputs, targets in (task.forget.tensors, unseen.tensors):
            losses.append(sample_losses(outputs(model, inputs), targets))
        for column, count in PROBE_IMAGES.items():
            said[column] = readable(model, images.train[:count], images.test[:])
        return said | attacks(losses, labels)

    relearn = ERASURE_RELEARN if images.name == "digits" else {}
    return _rows(task, {"untrained": task.fresh(task.seed).eval()}, settings, measure, relearn)


def readable(model, fit, test) -> float:
    """The share of `test` images, in gray, red and green, whose color a ridge regression on the
    model's last features names; 1/3 is chance. fit, test: images (n, 1 or 3, h, w) and labels, each
    used in all three colors. What it reads in a network that never saw a color is its floor."""
    from sklearn.linear_model import RidgeClassifier
    from sklearn.preprocessing import StandardScaler

    (x, color), (others, truth) = (_features(model, data) for data in (fit, test))
    scale = StandardScaler().fit(x)
    probe = RidgeClassifier(alpha=SHRINKAGE * len(x)).fit(scale.transform(x), color)
    return probe.score(scale.transform(others), truth)


@torch.no_grad()
def _features(model, data):
    """Features (3 n, channels) in double precision, and colors (3 n,)."""
    copies = [erasure.painted(TensorDataset(*data), name).tensors for name in erasure.COLORS]
    features = [model.features(pixels).double() for pixels, _ in copies]
    return torch.cat(features).numpy(), torch.cat([targets[:, 1] for _, targets in copies]).numpy()


def poisoned(seed: int) -> list[dict]:
    """Rows as in `erased`, at the paper's best settings for T = 100.

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
        right = {
            part: (squares <= CLOSE**2).double().mean().item() for part, squares in off.items()
        }
        return right | attacks(losses, {})

    settings = {name: (it, SINE_EPOCHS) for name, it in sine.best_settings(SINE_EPOCHS).items()}
    return _rows(task, {}, settings, measure, SINE_RELEARN)


def attacks(losses, labels) -> dict[str, float]:
    """Both attacks on a pair of losses, with the classes that `mia` balances."""
    kinds = {"mia": "logistic", "svc": "svc"}
    return {name: mia(*losses, attack=kind, repeats=4, **labels) for name, kind in kinds.items()}


def _rows(task, models, settings, measure, relearn):
    """A row for each of `models`, the original, the ground truth, and what each method makes of the
    original; measure: of a model, numbers by name; relearn: for `relearn_time`, or empty."""
    models = models | {"original": task.original, "ground truth": task.ground_truth}
    for name, (method, epochs) in settings.items():
        models[name] = unlearn(task, method, epochs).model
    rows = []
    for name, model in models.items():
        said = {key: round(x, 4) for key, x in (task.evaluate(model) | measure(model)).items()}
        if relearn:
            steps = relearn_time(model, task.forget, loss=task.loss, **relearn)
            said["relearn"] = None if steps == np.inf else steps  # JSON has no word for it
        rows.append({"seed": task.seed, "method": name, **said})
    return rows


def other_copies(images, count: int, seed: int) -> TensorDataset:
    """Red and green copies of training images that are not in the task's forget set of `count`,
    drawn as that was: twice as many, or as many as there are."""
    copies = erasure.forget_set(images, 1.0, seed)
    # red, then green; the task's share of either comes first
    place, mine = torch.arange(len(copies)) % (len(copies) // 2), count // 2
    return TensorDataset(*copies[(place >= mine) & (place < 3 * mine)])


def nearest(frame) -> dict[str, tuple[Method, int]]:
    """By method, the setting whose mean over seeds is nearest to accuracy 1 and forget error 0, and
    its epochs."""
    points = choosing.points(frame, ["retain_accuracy", "forget_error"])
    points["gap"] = np.hypot(1 - points.retain_accuracy, points.forget_error)
    best = points.loc[points.groupby("method").gap.idxmin()].set_index("method", drop=False)
    known = [name for name in METHODS if name in best.index]
    return {name: (method_of(best.loc[name]), int(best.loc[name].epochs)) for name in known}


@dataclass(frozen=True, kw_only=True)
class OfErasure(Shape):
    """Label erasure on one data set, with the settings of a record, which is beside the file that
    is made or among the notebooks' results. CIFAR-10's was recorded at twice the width."""

    source: str

    def _source(self, place):
        return table.read(place.beside(f"{self.source}.json"))

    def origins(self, place):
        return {"erasure": self._source(place).provenance["commit"]}

    def make(self, part, place, so_far):
        best = nearest(self._source(place)["runs"])
        dataset = self.options["dataset"]

        def rows():
            task = erasure.task(dataset, seed=part, stop=place.stop)
            return {"runs": erased(task, erasure.images(dataset), best)}

        return place.kept(self, str(part), rows, str(best))


class OfSine(Shape):
    """The sine of notebook 04."""

    def make(self, part, place, so_far):
        return place.kept(self, str(part), lambda: {"runs": poisoned(part)})


SOURCES = {
    "digits": ("erasure", (1, 2, 3, 4, 5)),
    "mnist": ("erasure-mnist-quick", (1, 2)),
    "cifar10": ("erasure-cifar10-quick-width0.25", (1,)),
}


def study(dataset: str = "digits") -> OfErasure:
    """What metrics say of label erasure on one of SOURCES. Raises ValueError for another."""
    checks.one_of("dataset", dataset, SOURCES)
    source, seeds = SOURCES[dataset]
    return OfErasure(
        name="evidence-erasure",
        title="what metrics say of label erasure",
        seeds=seeds,
        source=source,
        options={"dataset": dataset},
    )


STUDIES = (
    *map(study, SOURCES),
    OfSine(name="evidence-sine", title="what metrics say of the sine", seeds=tuple(range(1, 11))),
)
