"""WidthLab: move along the recorded ladders of widths. What do a goal and a method make of a
network at each rung?"""

from dataclasses import dataclass
from functools import cache, partial

import numpy as np

from ...course.canvas import Canvas
from ...course.lab import SliderLab, choice, menu, slider, table
from ...course.rows import method_of
from ...course.style import figure
from ...ground.checks import one_of
from ...loop import unlearn
from ...study.choosing import standard_error
from ...tasks import width as ladder
from . import choosing, regions
from .pictures import fraction, show_rung

METHOD_NAMES = ("SCRUB", "NegGrad", "l1-Sparse", "MinNorm-OG")
PLANES = 12
RESOLUTION = 30
COLUMNS = {
    "forget": "forget_error",
    "forget-test": "forget_test_error",
    "test": "test_error",
    "validation": "validation_error",
    "MIA": "mia",
    "J": "objective",
}


@dataclass(frozen=True)
class Rung:
    """What is in the picture: metrics of the three networks of seed 1 at a width, with J as
    "objective", the setting that made the unlearned one, and a plane with the classes they give to
    its points."""

    width: float
    setting: str
    metrics: dict[str, dict[str, float]]
    survey: regions.Survey
    said: list[np.ndarray]


class WidthLab(SliderLab):
    """Sliders move along the ladders, lambda and the plane; menus choose the method and the goal.

    record: what `unlearnlab.chapters.ch12_width.study.load` returned, with runs on digits; the
    first slider climbs its ladders one after the other. network, width: where it begins. The curves
    are the recorded ones, means over seeds. The three networks on the right are those of seed 1,
    which ship with the package; the setting that is best by the recorded validation data unlearns
    one of them here, within a second. `shown` is the Rung in the picture.
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
        self.runs, self.models = (
            frame[frame.share == 0.2] for frame in (record.runs, record.models)
        )
        rungs = self.runs.groupby("network").width.unique()
        rungs = [(name, float(w)) for name, widths in rungs.items() for w in sorted(widths)]
        one_of("network and width", (network, width), rungs)
        one_of("method", method, METHOD_NAMES)
        one_of("goal", goal, choosing.GOALS)
        one_of("lam", lam, choosing.LAMBDAS)
        self.test = ladder.splits(seed=1)["test"]
        self.task = cache(partial(ladder.task, seed=1))
        self.unlearned = cache(self._unlearned)
        self.figure, late = figure(size=(10.4, 3.7))[0], {"continuous_update": False}
        named = [(f"{name} {fraction(width)}", (name, width)) for name, width in rungs]
        self.build(
            {
                "rung": choice("width", (network, width), named, **late),
                "method": menu("method", method, METHOD_NAMES),
                "goal": menu("goal", goal, choosing.GOALS),
                "lam": choice("lambda", lam, choosing.LAMBDAS, **late),
                "plane": slider("plane", 1, 1, PLANES, **late),
            },
            Canvas(self.figure, [], "Errors by width, and a plane of decisions"),
        )

    @property
    def summary(self):
        network, width = self.rung.value
        return (
            f"WidthLab: {self.method.value} for {self.goal.value}, lambda {self.lam.value}, "
            f"{network} at width {width:.4g}; run the notebook to move along the ladder"
        )

    def _selected(self, network, method, goal, lam):
        """The selected runs of a method, one row per width and seed."""
        runs = self.runs.query("network == @network and method == @method")
        return choosing.select(runs, goal, lam)

    def _unlearned(self, network, width, *selected):
        """(network, its setting in words)"""
        row = self._selected(network, *selected).query("width == @width").iloc[0]
        setting, epochs = method_of(row), int(row["epochs"])
        model = unlearn(self.task(network=network, width=width), setting, epochs).model
        shown = [name for name in ("lr", "ascent", "reg") if hasattr(setting, name)]
        words = [f"{name} {getattr(setting, name):g}" for name in shown]
        return model, ", ".join([*words, f"{epochs} epochs"])

    def compute(self, rung, method, goal, lam, plane):
        network, width = rung
        task = self.task(network=network, width=width)
        unlearned, setting = self.unlearned(network, width, method, goal, lam)
        models = {"original": task.original, method: unlearned, "retrained": task.ground_truth}
        near = regions.typical_distance(task.original.normalise(task.retain.tensors[0]))
        size = {"planes": 1, "resolution": RESOLUTION, "delta": choosing.NEAR * near}
        survey = regions.survey(task, self.test, seed=plane, **size)
        said = [regions.classes(m, survey.near)[0].cpu().numpy() for m in models.values()]
        metrics = {name: task.evaluate(model) for name, model in models.items()}
        for values in metrics.values():
            values["objective"] = choosing.objective(values, goal, lam)
        return Rung(width, setting, metrics, survey, said)

    def draw(self, shown):
        network, method = self.rung.value[0], self.method.value
        goal, lam = self.goal.value, self.lam.value
        selected = self._selected(network, method, goal, lam)
        models = self.models[self.models.network == network].set_index("role")
        errors = models.loc["original"].groupby("width").training_error
        lines = {
            "forget error": _line(selected, "forget_error"),
            "test error": _line(selected, "test_error"),
            "forget error, retrained": _line(models.loc["ground-truth"], "forget_error"),
        }
        threshold = choosing.threshold(errors.apply(list).to_dict())
        title = f"{network}: {method} for {goal}, lambda {lam}"
        show_rung(self.figure, lines, threshold, shown, title)

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
        cells = lambda metrics: [f"{metrics[key]:.3f}" for key in COLUMNS.values()]
        rows = {name: cells(metrics) for name, metrics in shown.metrics.items()}
        caption = "errors of seed 1, accuracy of the attack (MIA); " + shown.setting
        return table(rows, tuple(COLUMNS), caption)


def _line(frame, column):
    """(k, 3): width, mean over seeds, standard error."""
    means = frame.groupby("width")[column].agg(["mean", standard_error])
    return means.reset_index().to_numpy()
