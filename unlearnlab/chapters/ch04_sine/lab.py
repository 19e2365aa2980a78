"""SineLab: rerun the sine poisoning by any method under sliders, and compare all methods."""

import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from ...course.lab import MENU, control, table
from ...course.marks import central, name_rows, over_points, plain_ticks
from ...course.style import BLUE, NAMED, ORIGINAL, TARGET, UNLEARNED
from ...course.unlearning_lab import UnlearningLab, heading
from ...data.sine import RETAIN
from ...ground import checks
from ...loop import unlearn
from ...methods import Method
from ...tasks import sine
from .pictures import curve, worst

EPOCHS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
ALL = "all ten seeds"


class SineLab(UnlearningLab):
    """The lab of notebook 04. Every slider reruns the unlearning in a thread and redraws the fit.

    seed: 1 to 10. method: one of Table 5's eight, or of `methods`. epochs: one of EPOCHS. Changing
    the method or T sets the hyperparameters to the paper's best for the nearest published T.
    methods: of your own, each with the values its sliders begin with, under its `name`.
    """

    experiment = sine
    possible_seeds, possible_epochs = (1, 10), (EPOCHS,)
    size, pause = (9.2, 3.7), 0.3
    go = "Compare all methods", "bar-chart", 190
    back = "Paper's best settings", "undo", 190
    columns = {"sup error": "<b>{sup_error:.2f}</b>"}
    summary = (
        "SineLab: run the notebook to choose seed, method, epochs and hyperparameters with sliders"
    )
    resize = UnlearningLab.restart

    def __init__(
        self,
        seed: int = 1,
        method: str = "MinNorm-OG",
        epochs: int = 100,
        methods: Sequence[Method] = (),
    ):
        checks.instance("methods", methods, (tuple, list), "a list of methods")
        for own in methods:
            checks.instance("what methods holds", own, Method, "a method")
        self.own = {own.name: own for own in methods}
        self.seeds = control("compare on", "this seed", ("this seed", ALL), MENU)
        self._staged = None
        super().__init__(seed, method, epochs, RETAIN)
        self.left.children += (self.seeds,)

    @property
    def settings(self):
        """The paper's best setting of every method for the chosen T, and one's own methods."""
        return sine.best_settings(self.epochs.value) | self.own

    # -- running

    def stage(self, seed, method, epochs, stop):
        self.under_way, self.epoch = method.name, 0
        if self._staged != (seed, epochs):
            self._staged, self.scores, self.results.value = (seed, epochs), {}, ""
            super().stage(seed, method, epochs, stop)

    def keep(self, run, stopped):
        self.scores = {**self.scores, run.method.name: run.metrics["sup_error"]}

    def press(self, event):
        self.work(self._compare, *self.asked())

    def _compare(self, seed, method, epochs, stop):
        """All methods at the paper's best settings, result by result."""
        seeds = range(1, 11) if self.seeds.value == ALL else [seed]
        self.say()
        self.scores, errors = {}, {}
        for record in compare(seeds, epochs, self.settings, stop):
            errors.setdefault(record["method"], []).append(record["sup_error"])
            self.scores = {name: central(values)[0] for name, values in errors.items()}
            done = sum(map(len, errors.values()))
            self.progress.value = done / len(seeds) / len(self.settings)
            self.results.value = _results(errors, epochs)
            self.canvas.move(lambda: self._add(self.model))
        if stop.is_set():
            self.say(
                f"Stopped. {len(errors)} of {len(self.settings)} methods were begun; their results "
                "stand."
            )

    # -- showing

    def draw(self):
        self.figure.set_layout_engine("constrained")
        fit, scores = self.figure.subplots(1, 2, width_ratios=[3, 1.15])
        task, T = self.task, self.epochs.value
        x, y = curve(task.original)
        curves = {"sin x": np.sin(x), "original": y}
        over_points(fit, x, curves, task.retain.tensors, task.forget.tensors)
        fit.plot([], [], label="unlearned", **UNLEARNED)
        limit = np.clip(1.3 * np.abs(y).max(), 2.6, 6)
        fit.set(ylim=(-limit, limit), title=" ")  # room for what moves
        fit.legend(ncols=5, fontsize=8.5, loc="upper right")
        nearest = min(sine.PUBLISHED, key=lambda t: abs(math.log(T / t)))
        name_rows(scores, self.settings)
        for row, (_, *ends) in enumerate(sine.PUBLISHED[nearest].values()):
            scores.plot(ends, [row, row], **NAMED["published range"])
        scores.axvline(self.start_metrics["sup_error"], **ORIGINAL)
        scores.axvline(1, **TARGET)  # the function 0
        scores.set(
            xscale="log",
            xlim=(0.3, 60 if T < 500 else 3000),
            xlabel="sup error (log)",
            title=f"Gray: published, T = {nearest}",
        )
        plain_ticks(scores.xaxis)

    def move(self, model):
        fit, scores = self.figure.axes
        x, y = curve(model or self.task.original)
        error, bar = worst(x, y)
        fit.plot(*bar, **NAMED["worst"])
        words = f"{self.under_way} after {self.epoch} epochs"
        fit.plot(x, y, **UNLEARNED)
        heading(fit, f"{words}: sup error {error:.2f}", size=11)
        rows = map(list(self.settings).index, self.scores)
        scores.plot(list(self.scores.values()), list(rows), "D", color=BLUE)
        return f"The poisoned sine: {words} has sup error {error:.1f}"


def compare(
    seeds: Iterable[int], epochs: int, settings: dict[str, Method] | None = None, stop=None
) -> Iterator[dict]:
    """Every method on every seed: yields {"method", "seed", and the errors of `sine.errors`},
    methods in the table's order.

    settings: name -> Method, default `sine.best_settings(epochs)`. stop: a threading.Event that
    ends it.
    """
    tasks = [sine.task(seed) for seed in seeds]
    for name, method in (settings or sine.best_settings(epochs)).items():
        for task in tasks:
            run = unlearn(task, method, epochs, stop=stop)
            if run.stopped:
                return
            yield {"method": name, "seed": task.seed, **sine.errors(task, run.model)}


def _results(errors, epochs):
    """Sup errors by method so far, beside the published ones, as HTML."""
    published, rows = sine.PUBLISHED.get(epochs, {}), {}
    for name, own in errors.items():
        median, low, high = central(own)
        spread = f"{low:.2f} to {high:.2f}, {len(own)} seeds" if len(own) > 1 else "one seed"
        theirs = f"none for T = {epochs}" if name in sine.PUBLISHED[10] else "none, your own method"
        if name in published:
            theirs = "{:.3g} ({:.3g} to {:.3g})".format(*published[name])
        rows[name] = f"<b>{median:.2f}</b>", spread, theirs
    return table(rows, ("sup error", "range", "published median (range)"))
