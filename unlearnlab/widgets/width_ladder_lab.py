"""WidthLadderLab: move along the recorded ladder of widths. What do a goal and a method make of a
network at each rung?"""
import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import numpy as np

from ..experiments import width as ladder
from ..figures.width import LadderPicture
from ..metrics import regions
from ..pareto import standard_error
from ..study.rows import method_of
from ..unlearning import unlearn
from .canvas import Canvas
from .lab import SliderLab, choice, menu, slider, table

METHOD_NAMES = ("SCRUB", "NegGrad", "l1-Sparse", "MinNorm-OG")
PLANES = 12
RESOLUTION = 30
COLUMNS = {"forget": "forget_error", "forget-test": "forget_test_error", "test": "test_error",
           "validation": "validation_error", "MIA": "mia"}


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


class WidthLadderLab(SliderLab):
    """Sliders move the width, lambda and the plane; menus choose the network, the method and the
    goal.

    record: what `unlearnlab.chapters.ch12_width.study.load` returned, with runs on digits; its networks are those of the menu.
    The curves are the recorded ones, means over seeds. The three networks on the right are those of
    seed 1, which ship with the package; the setting that is best by the recorded validation data
    unlearns one of them here, within a second. `shown` is the Rung in the picture.
    """

    def __init__(self, record, width: float = 1 / 8, method: str = "NegGrad", goal: str = "bias",
                 lam: float = .4, network: str = "allcnn"):
        self.record = record
        self.networks = record.runs.network[record.runs.share == .2].unique().tolist()
        for name, value, known in (
                ("method", method, METHOD_NAMES), ("goal", goal, ladder.GOALS),
                ("lam", lam, ladder.LAMBDAS), ("network", network, self.networks)):
            if value not in known:
                raise ValueError(f"{name} must be one of {', '.join(map(str, known))}, "
                                 f"got {value!r}")
        self._climb(network)
        if width not in self.widths:
            raise ValueError("width must be one of the ladder's, "
                             f"{', '.join(f'{w:.4g}' for w in self.widths)}, got {width!r}")
        self.test = ladder.splits(seed=1)["test"]
        self.task, self.unlearned = cache(self._task), cache(self._unlearned)
        self.picture, late = LadderPicture(), {"continuous_update": False}
        self.build({"network": menu("network", network, self.networks),
                    "width": choice("width", width, self._rungs(), **late),
                    "method": menu("method", method, METHOD_NAMES),
                    "goal": menu("goal", goal, ladder.GOALS),
                    "lam": choice("lambda", lam, ladder.LAMBDAS, **late),
                    "plane": slider("plane", 1, 1, PLANES, **late)},
                   Canvas(self.picture.figure, [], "Errors by width, and a plane of decisions"))

    @property
    def summary(self):
        return (f"WidthLadderLab: {self.method.value} for {self.goal.value}, lambda "
                f"{self.lam.value}, {self.network.value} at width {self.width.value:.4g}; run the "
                "notebook to move along the ladder")

    def _climb(self, network):
        """Takes what is recorded of a network."""
        runs, models = (table[(table.network == network) & (table.share == .2)]
                        for table in (self.record.runs, self.record.models))
        self.runs, recorded = runs, set(runs.width)
        self.widths = [width for width in ladder.ladder(network=network) if width in recorded]
        self.truth = models[models.role == "ground-truth"]
        originals = models[models.role == "original"].groupby("width")
        self.threshold = ladder.threshold(originals.training_error.apply(list).to_dict())

    def _rungs(self):
        return [(str(Fraction(w).limit_denominator(128)), w) for w in self.widths]

    def redraw(self, change=None):
        if change and change.owner is self.network:  # to the rung that is nearest in width
            self._climb(change.new)
            here = math.log(self.width.value)
            self._held = True
            nearest = min(self.widths, key=lambda width: abs(math.log(width) - here))
            self.width.options, self.width.value = self._rungs(), nearest
            self._held = False
        super().redraw(change)

    def _task(self, network, width):
        return ladder.task(seed=1, network=network, width=width)

    def _chosen(self, method, goal, lam):
        """The selected runs of a method, one row per width and seed."""
        return ladder.select(self.runs[self.runs.method == method], goal, lam)

    def _unlearned(self, network, width, method, goal, lam):
        """(network, its metrics, its setting in words)"""
        rows = self._chosen(method, goal, lam)
        row = rows[rows.width == width].iloc[0]
        setting, epochs = method_of(row), int(row["epochs"])
        run = unlearn(self.task(network, width), setting, epochs)
        words = [f"{name} {getattr(setting, name):g}" for name in ("lr", "ascent", "reg")
                 if hasattr(setting, name)]
        return run.model, run.metrics, ", ".join([*words, f"{epochs} epochs"])

    def compute(self, network, width, method, goal, lam, plane):
        task = self.task(network, width)
        model, metrics, setting = self.unlearned(network, width, method, goal, lam)
        near = regions.typical_distance(task.original.normalise(task.retain.tensors[0]))
        survey = regions.survey(task, self.test, planes=1, resolution=RESOLUTION, seed=plane,
                                delta=ladder.NEAR * near)
        said = [regions.classes(m, survey.near)[0].cpu().numpy()
                for m in (task.original, model, task.ground_truth)]
        found = {"original": task.evaluate(task.original), method: metrics,
                 "retrained": task.evaluate(task.ground_truth)}
        objective = {name: ladder.objective(m, goal, lam) for name, m in found.items()}
        return Rung(width, setting, found, objective, survey, said)

    def draw(self, shown):
        method, goal, lam = self.method.value, self.goal.value, self.lam.value
        chosen = self._chosen(method, goal, lam)
        lines = {"forget error": _line(chosen, "forget_error"),
                 "test error": _line(chosen, "test_error"),
                 "forget error, retrained": _line(self.truth, "forget_error")}
        self.picture.show(lines, self.threshold, shown.width, shown.survey, shown.said,
                          f"{self.network.value}: {method} for {goal}, lambda {lam}")

    def sentence(self, shown):
        forget = ", ".join(f"{name} {m['forget_error']:.2f}" for name, m in shown.metrics.items())
        original, unlearned, retrained = shown.said
        return (f"{self.method.value} for {self.goal.value} at width {shown.width:.4g}: forget "
                f"errors {forget}; on this plane the unlearned network differs from the original "
                f"on {np.mean(original != unlearned):.0%} of the points, the retrained one on "
                f"{np.mean(original != retrained):.0%}")

    def table(self, shown):
        rows = {name: [f"{m[key]:.3f}" for key in COLUMNS.values()]
                + [f"{shown.objective[name]:.3f}"] for name, m in shown.metrics.items()}
        return table(rows, (*COLUMNS, "J"), "errors of seed 1, accuracy of the attack (MIA); "
                                            + shown.setting)


def _line(frame, column):
    return np.array([[value, group[column].mean(), float(standard_error(group[column]))]
                     for value, group in frame.groupby("width")])
