"""WidthLab: move along the recorded ladders of widths. What do a goal and a method make of a
network at each rung?"""

from functools import cache
from types import SimpleNamespace

import numpy as np

from ...course.lab import MENU, SliderLab, table
from ...course.rows import method_of
from ...ground import checks
from ...loop import unlearn
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


class WidthLab(SliderLab):
    """Sliders move along the ladders, lambda and the plane; menus choose the method and the goal.

    record: what `unlearnlab.chapters.ch12_width.study.load` returned, with runs on digits; the
    first slider climbs its ladders one after the other. first: where controls begin, such as
    rung, (network, width). The curves are the recorded ones, means over seeds. The three networks
    on the right are those of seed 1, which ship with the package; the setting that is best by the
    recorded validation data unlearns one of them here, within a second. `shown` is what is in the
    picture: the width, metrics of the three networks with J as "objective", the setting that made
    the unlearned one, in words, a plane with the classes they give to its points, and the curves
    with their threshold.
    """

    panels = {"columns": 4, "size": (10.4, 3.7), "width_ratios": (2, 1, 1, 1)}
    legend, late = None, True

    def __init__(self, record, **first):
        words = "what ch.study.load returns"
        checks.instance("record", record, SimpleNamespace, words)
        frames = record.runs, record.models
        self.runs, self.models = (frame[frame.share == 0.2] for frame in frames)
        rungs = sorted(self.runs.groupby(["network", "width"]).groups)
        named = {f"{name} {fraction(width)}": (name, width) for name, width in rungs}
        self.test = ladder.splits(seed=1)["test"]
        self.task = cache(lambda name, width: ladder.task(seed=1, network=name, width=width))
        self.unlearned = cache(lambda rung, *run: unlearn(self.task(*rung), *run))
        self.measured = cache(lambda task, role: task.evaluate(getattr(task, role)))
        self.offers = {
            "rung": ("width", ("allcnn", 1 / 8), named),
            "method": ("method", "NegGrad", METHOD_NAMES, MENU),
            "goal": ("goal", "bias", choosing.GOALS, MENU),
            "lam": ("lambda", 0.4, choosing.LAMBDAS),
            "plane": ("plane", 1, 1, PLANES),
        }
        super().__init__(**first)

    @property
    def summary(self):
        network, width = self.rung.value
        return (
            f"WidthLab: {self.method.value} for {self.goal.value}, lambda {self.lam.value}, "
            f"{network} at width {width:.4g}; run the notebook to move along the ladder"
        )

    def compute(self, rung, method, goal, lam, plane):
        network, width = rung
        runs = self.runs.query("network == @network and method == @method")
        selected = choosing.select(runs, goal, lam)
        row = selected.query("width == @width").iloc[0]
        setting, epochs = method_of(row), int(row["epochs"])
        told = [name for name in ("lr", "ascent", "reg") if hasattr(setting, name)]
        words = [f"{name} {getattr(setting, name):g}" for name in told]
        task, run = self.task(*rung), self.unlearned(rung, setting, epochs)
        models = {"original": task.original, method: run.model, "retrained": task.ground_truth}
        near = regions.typical_distance(task.original.normalise(task.retain.tensors[0]))
        survey = regions.survey(
            task, self.test, seed=plane, planes=1, resolution=RESOLUTION, delta=choosing.NEAR * near
        )
        first, last = (self.measured(task, role) for role in ("original", "ground_truth"))
        metrics = {
            name: values | {"objective": choosing.objective(values, goal, lam)}
            for name, values in zip(models, (first, run.metrics, last))
        }
        recorded = self.models[self.models.network == network].set_index("role")
        errors = recorded.loc["original"].groupby("width").training_error
        return SimpleNamespace(
            width=width,
            setting=", ".join([*words, f"{epochs} epochs"]),
            metrics=metrics,
            survey=survey,
            said=[regions.classes(m, survey.near)[0].cpu().numpy() for m in models.values()],
            threshold=choosing.threshold(errors.apply(list).to_dict()),
            lines={
                "forget error": _line(selected, "forget_error"),
                "test error": _line(selected, "test_error"),
                "forget error, retrained": _line(recorded.loc["ground-truth"], "forget_error"),
            },
        )

    def picture(self, ax, first, second, third, shown):
        network, _ = self.rung.value
        title = f"{network}: {self.method.value} for {self.goal.value}, lambda {self.lam.value}"
        show_rung(ax, (first, second, third), shown, title)

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
            name: [f"{metrics[key]:.3f}" for key in COLUMNS.values()]
            for name, metrics in shown.metrics.items()
        }
        caption = "errors of seed 1, accuracy of the attack (MIA); " + shown.setting
        return table(rows, tuple(COLUMNS), caption)


def _line(frame, column):
    """(k, 3): width, mean over seeds, standard error."""
    return frame.groupby("width")[column].agg(["mean", "sem"]).reset_index().to_numpy()
