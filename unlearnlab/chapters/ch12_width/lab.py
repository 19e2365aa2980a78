"""WidthLab: move along the recorded ladder of widths. What do a goal and a method make of a
network at each rung?"""

import math
from dataclasses import dataclass
from functools import cache, partial

import numpy as np

from ...course.canvas import Canvas
from ...course.lab import SliderLab, choice, menu, slider, table
from ...ground.checks import one_of
from ...loop import unlearn
from ...study.choosing import standard_error
from ...study.rows import method_of
from ...tasks import width as ladder
from . import choosing, regions
from .pictures import LadderPicture, fraction

METHOD_NAMES = ("SCRUB", "NegGrad", "l1-Sparse", "MinNorm-OG")
PLANES = 12
RESOLUTION = 30
COLUMNS = {
    "forget": "forget_error",
    "forget-test": "forget_test_error",
    "test": "test_error",
    "validation": "validation_error",
    "MIA": "mia",
}


@dataclass(frozen=True)
class Rung:
    """What is in the picture: metrics of the three networks of seed 1 at a width, the setting that
    made the unlearned one, and a plane with the classes they give to its points."""

    width: float
    setting: str
    metrics: dict[str, dict[str, float]]
    objective: dict[str, float]
    survey: regions.Survey
    said: list[np.ndarray]


class WidthLab(SliderLab):
    """Sliders move the width, lambda and the plane; menus choose the network, the method and the
    goal.

    record: what `unlearnlab.chapters.ch12_width.study.load` returned, with runs on digits; its
    networks are those of the menu. The curves are the recorded ones, means over seeds. The three
    networks on the right are those of seed 1, which ship with the package; the setting that is best
    by the recorded validation data unlearns one of them here, within a second. `shown` is the Rung
    in the picture.
    """

    def __init__(
        self,
        record,
        width: float = 1 / 8,
        method: str = "NegGrad",
        goal: str = "bias",
        lam: float = 0.4,
        network: str = "allcnn",
    ):
        self.record = record
        self.networks = record.runs.network[record.runs.share == 0.2].unique().tolist()
        one_of("method", method, METHOD_NAMES)
        one_of("goal", goal, choosing.GOALS)
        one_of("lam", lam, choosing.LAMBDAS)
        one_of("network", network, self.networks)
        self._climb(network)
        one_of("width", width, self.widths, f" for {network}")
        self.test = ladder.splits(seed=1)["test"]
        self.task = cache(partial(ladder.task, seed=1))
        self.unlearned = cache(self._unlearned)
        self.picture, late = LadderPicture(), {"continuous_update": False}
        self.build(
            {
                "network": menu("network", network, self.networks),
                "width": choice("width", width, self._rungs(), **late),
                "method": menu("method", method, METHOD_NAMES),
                "goal": menu("goal", goal, choosing.GOALS),
                "lam": choice("lambda", lam, choosing.LAMBDAS, **late),
                "plane": slider("plane", 1, 1, PLANES, **late),
            },
            Canvas(self.picture.figure, [], "Errors by width, and a plane of decisions"),
        )

    @property
    def summary(self):
        return (
            f"WidthLab: {self.method.value} for {self.goal.value}, lambda "
            f"{self.lam.value}, {self.network.value} at width {self.width.value:.4g}; run the "
            "notebook to move along the ladder"
        )

    def _climb(self, network):
        """Takes what is recorded of a network."""
        runs, models = (
            table[(table.network == network) & (table.share == 0.2)]
            for table in (self.record.runs, self.record.models)
        )
        self.runs, recorded = runs, set(runs.width)
        self.widths = [width for width in ladder.ladder(network=network) if width in recorded]
        self.truth = models[models.role == "ground-truth"]
        originals = models[models.role == "original"].groupby("width")
        self.threshold = choosing.threshold(originals.training_error.apply(list).to_dict())

    def _rungs(self):
        return [(fraction(width), width) for width in self.widths]

    def redraw(self, change=None):
        if change and change.owner is self.network:  # to the rung that is nearest in width
            self._climb(change.new)
            here = math.log(self.width.value)
            nearest = min(self.widths, key=lambda width: abs(math.log(width) - here))
            with self.held():
                self.width.options = self._rungs()
                self.width.value = nearest
            return
        super().redraw(change)

    def _chosen(self, method, goal, lam):
        """The selected runs of a method, one row per width and seed."""
        return choosing.select(self.runs[self.runs.method == method], goal, lam)

    def _unlearned(self, network, width, method, goal, lam):
        """(network, its setting in words)"""
        rows = self._chosen(method, goal, lam)
        row = rows[rows.width == width].iloc[0]
        setting, epochs = method_of(row), int(row["epochs"])
        model = unlearn(self.task(network=network, width=width), setting, epochs).model
        words = [
            f"{name} {getattr(setting, name):g}"
            for name in ("lr", "ascent", "reg")
            if hasattr(setting, name)
        ]
        return model, ", ".join([*words, f"{epochs} epochs"])

    def compute(self, network, width, method, goal, lam, plane):
        task = self.task(network=network, width=width)
        unlearned, setting = self.unlearned(network, width, method, goal, lam)
        models = {"original": task.original, method: unlearned, "retrained": task.ground_truth}
        near = regions.typical_distance(task.original.normalise(task.retain.tensors[0]))
        survey = regions.survey(
            task, self.test, planes=1, resolution=RESOLUTION, seed=plane, delta=choosing.NEAR * near
        )
        said = [regions.classes(m, survey.near)[0].cpu().numpy() for m in models.values()]
        metrics = {name: task.evaluate(model) for name, model in models.items()}
        objective = {name: choosing.objective(m, goal, lam) for name, m in metrics.items()}
        return Rung(width, setting, metrics, objective, survey, said)

    def draw(self, shown):
        method, goal, lam = self.method.value, self.goal.value, self.lam.value
        chosen = self._chosen(method, goal, lam)
        lines = {
            "forget error": _line(chosen, "forget_error"),
            "test error": _line(chosen, "test_error"),
            "forget error, retrained": _line(self.truth, "forget_error"),
        }
        title = f"{self.network.value}: {method} for {goal}, lambda {lam}"
        self.picture.show(lines, self.threshold, shown, title)

    def sentence(self, shown):
        forget = ", ".join(f"{name} {m['forget_error']:.2f}" for name, m in shown.metrics.items())
        original, unlearned, retrained = shown.said
        return (
            f"{self.method.value} for {self.goal.value} at width {shown.width:.4g}: forget "
            f"errors {forget}; on this plane the unlearned network differs from the original "
            f"on {np.mean(original != unlearned):.0%} of the points, the retrained one on "
            f"{np.mean(original != retrained):.0%}"
        )

    def table(self, shown):
        rows = {
            name: [f"{m[key]:.3f}" for key in COLUMNS.values()] + [f"{shown.objective[name]:.3f}"]
            for name, m in shown.metrics.items()
        }
        caption = "errors of seed 1, accuracy of the attack (MIA); " + shown.setting
        return table(rows, (*COLUMNS, "J"), caption)


def _line(frame, column):
    found = frame.groupby("width")[column].agg(["mean", standard_error])
    return found.reset_index().to_numpy()
