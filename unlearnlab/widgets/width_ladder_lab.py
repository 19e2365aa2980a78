"""WidthLadderLab: move along the recorded ladder of widths. What do a goal and a method make of a network at each rung?"""
import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import ipywidgets
import numpy as np

from ..chapters.ch12_width import choosing
from ..experiments import width as ladder
from ..figures.width import LadderPicture
from ..metrics import regions
from ..pareto import standard_error
from ..study.rows import method_of
from ..unlearning import unlearn
from .canvas import Canvas
from .lab import STYLE, WIDE, Lab, message

METHOD_NAMES = ("SCRUB", "NegGrad", "l1-Sparse", "MinNorm-OG")
PLANES = 12
RESOLUTION = 30
COLUMNS = {"forget": "forget_error", "forget-test": "forget_test_error", "test": "test_error", "validation": "validation_error", "MIA": "mia"}


@dataclass(frozen=True)
class Rung:
    """What is in the picture: metrics of the three networks of seed 1 at a width, and the setting that made the unlearned one."""

    width: float
    setting: str
    metrics: dict[str, dict[str, float]]
    objective: dict[str, float]


class WidthLadderLab(Lab):
    """Sliders move the width, lambda and the plane; menus choose the network, the method and the goal.

    record: what `unlearnlab.chapters.ch12_width.study.load` returned, with runs on digits; its networks are those of the menu. The curves are the recorded ones, means over seeds. The three networks
    on the right are those of seed 1, which ship with the package; the setting that is best by the recorded validation data
    unlearns one of them here, within a second. `shown` is the Rung in the picture; `error`: what went wrong with the last, or None.
    """

    def __init__(self, record, width: float = 1 / 8, method: str = "NegGrad", goal: str = "bias", lam: float = .4, network: str = "allcnn"):
        self.record, self.networks = record, record.runs.network[record.runs.share == .2].unique().tolist()
        if method not in METHOD_NAMES or goal not in choosing.GOALS or lam not in choosing.LAMBDAS or network not in self.networks:
            raise ValueError(f"the lab takes a method of {METHOD_NAMES}, a goal of {choosing.GOALS}, lam of {choosing.LAMBDAS} and a network "
                             f"with recorded runs; got {method!r}, {goal!r}, {lam!r}, {network!r}")
        self._climb(network)
        if width not in self.widths:
            raise ValueError(f"width must be one of the ladder's, {', '.join(f'{w:.4g}' for w in self.widths)}, got {width!r}")
        self.test, self.error, self.task, self.unlearned = ladder.splits(seed=1)["test"], None, cache(self._task), cache(self._unlearned)
        self._build(network, width, method, goal, lam)
        self._redraw()

    def _climb(self, network):
        """Takes what is recorded of a network."""
        runs, models = (table[(table.network == network) & (table.share == .2)] for table in (self.record.runs, self.record.models))
        self.runs, self.widths = runs, [width for width in ladder.ladder(network=network) if width in set(runs.width)]
        self.truth, originals = models[models.role == "ground-truth"], models[models.role == "original"]
        self.threshold = choosing.threshold({w: group.training_error.tolist() for w, group in originals.groupby("width")})

    @property
    def summary(self):
        return (f"WidthLadderLab: {self.method.value} for {self.goal.value}, lambda {self.lam.value}, {self.network.value} at width {self.width.value:.4g}; "
                "run the notebook to move along the ladder")

    def _build(self, network, width, method, goal, lam):
        common = dict(style=STYLE, layout=WIDE)
        chosen = lambda name, options, value: ipywidgets.SelectionSlider(options=options, value=value, description=name,
                                                                         continuous_update=False, **common)
        self.network = ipywidgets.Dropdown(options=self.networks, value=network, description="network", **common)
        self.width = chosen("width", self._rungs(), width)
        self.lam = chosen("lambda", list(choosing.LAMBDAS), lam)
        self.plane = ipywidgets.IntSlider(value=1, min=1, max=PLANES, description="plane", continuous_update=False, **common)
        self.method = ipywidgets.Dropdown(options=METHOD_NAMES, value=method, description="method", **common)
        self.goal = ipywidgets.Dropdown(options=choosing.GOALS, value=goal, description="goal", **common)
        self.numbers, self.trouble, self.picture = ipywidgets.HTML(), ipywidgets.HTML(), LadderPicture()
        self.canvas = Canvas(self.picture.figure, [], "Errors along the ladder, and a plane of decision regions")
        controls = ipywidgets.VBox([self.network, self.width, self.method, self.goal, self.lam, self.plane])
        self.panel = ipywidgets.VBox([ipywidgets.HBox([controls, self.numbers]), self.canvas.widget, self.trouble])
        for control in (self.width, self.method, self.goal, self.lam, self.plane):
            control.observe(self._redraw, names="value")
        self.network.observe(self._change_network, names="value")

    def _rungs(self):
        return [(str(Fraction(w).limit_denominator(128)), w) for w in self.widths]

    def _change_network(self, change):
        """To the rung of the other ladder that is nearest in width, in one frame."""
        self._climb(change.new)
        nearest = min(self.widths, key=lambda width: abs(math.log(width / self.width.value)))
        self.width.unobserve(self._redraw, names="value")
        self.width.options, self.width.value = self._rungs(), nearest
        self.width.observe(self._redraw, names="value")
        self._redraw()

    def _task(self, network, width):
        return ladder.task(seed=1, network=network, width=width)

    def _chosen(self, method, goal, lam):
        """The selected runs of a method, one row per width and seed."""
        return choosing.select(self.runs[self.runs.method == method], goal, lam)

    def _unlearned(self, network, width, method, goal, lam):
        """(network, its metrics, its setting in words)"""
        row = self._chosen(method, goal, lam)
        row = row[row.width == width].iloc[0]
        setting = method_of(row)
        run = unlearn(self.task(network, width), setting, int(row["epochs"]))
        words = ", ".join(f"{name} {getattr(setting, name):g}" for name in ("lr", "ascent", "reg") if hasattr(setting, name))
        return run.model, run.metrics, f"{words}, {int(row['epochs'])} epochs"

    def _redraw(self, change=None):
        try:
            network, width, method, goal, lam = (c.value for c in (self.network, self.width, self.method, self.goal, self.lam))
            task, (model, metrics, setting) = self.task(network, width), self.unlearned(network, width, method, goal, lam)
            survey = regions.survey(task, self.test, planes=1, resolution=RESOLUTION, seed=self.plane.value,
                                    delta=choosing.NEAR * regions.typical_distance(task.original.normalise(task.retain.tensors[0])))
            said = [regions.classes(m, survey.near)[0].cpu().numpy() for m in (task.original, model, task.ground_truth)]
            found = {"original": task.evaluate(task.original), method: metrics, "retrained": task.evaluate(task.ground_truth)}
            self.shown = Rung(width, setting, found, {name: choosing.objective(m, goal, lam) for name, m in found.items()})
            chosen = self._chosen(method, goal, lam)
            lines = {"forget error": _line(chosen, "forget_error"), "test error": _line(chosen, "test_error"),
                     "forget error, retrained": _line(self.truth, "forget_error")}
            self.picture.show(lines, self.threshold, width, survey, said, f"{network}: {method} for {goal}, lambda {lam}")
            self.canvas.describe(_sentence(self.shown, method, goal, said))
            self.canvas.background()
            self.numbers.value, self.trouble.value, self.error = _table(self.shown), "", None
        except Exception as error:
            self.error = error
            self.trouble.value = message(f"{type(error).__name__}: {error}", "error")


def _line(frame, column):
    return np.array([[value, group[column].mean(), float(standard_error(group[column]))] for value, group in frame.groupby("width")])


def _sentence(shown, method, goal, said):
    forget = ", ".join(f"{name} {m['forget_error']:.2f}" for name, m in shown.metrics.items())
    return (f"{method} for {goal} at width {shown.width:.4g}: forget errors {forget}; on this plane the unlearned network differs from "
            f"the original on {np.mean(said[0] != said[1]):.0%} of the points, the retrained one on {np.mean(said[0] != said[2]):.0%}")


def _table(shown):
    cell = lambda value: f'<td style="text-align:right;padding:0 8px">{value}</td>'
    head = "<tr><td></td>" + "".join(cell(f"<b>{name}</b>") for name in (*COLUMNS, "J")) + "</tr>"
    rows = {name: [*(m[key] for key in COLUMNS.values()), shown.objective[name]] for name, m in shown.metrics.items()}
    body = "".join(f"<tr><td>{name}</td>{''.join(cell(f'{value:.3f}') for value in values)}</tr>" for name, values in rows.items())
    return f'<table style="margin-left:16px;line-height:1.4"><caption>errors of seed 1, accuracy of the attack (MIA); {shown.setting}</caption>{head}{body}</table>'
