"""SineLab: rerun the sine poisoning by any method under sliders, and compare all methods."""

import time
from collections.abc import Sequence

from ipywidgets import HTML, HBox, VBox

from ...course.canvas import Canvas
from ...course.lab import button, choice, menu, slider, table
from ...course.marks import central
from ...course.method_lab import MethodLab
from ...data.sine import RETAIN
from ...ground.checks import one_of
from ...loop import unlearn
from ...methods import METHODS, Method
from ...tasks import sine
from .comparison import compare
from .pictures import LabPicture, curve

OFFERED = {name: METHODS[name] for name in sine.PUBLISHED[10]}  # those the paper ran here
EPOCHS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
PAUSE = 0.1  # seconds between two frames, so that a run has most of the time


class SineLab(MethodLab):
    """The lab of notebook 04. Every slider reruns the unlearning in a thread and redraws the fit.

    seed: 1 to 10. method: one of Table 5's eight, or of `methods`. epochs: one of EPOCHS. Changing
    the method or T sets the hyperparameters to the paper's best for the nearest published T.
    methods: of your own, each with the values its sliders begin with, under its `name`.
    """

    summary = (
        "SineLab: run the notebook to choose seed, method, epochs and hyperparameters with sliders"
    )

    def __init__(
        self,
        seed: int = 1,
        method: str = "MinNorm-OG",
        epochs: int = 100,
        methods: Sequence[Method] = (),
    ):
        self.own = {own.name: own for own in methods}
        self.offered = [*OFFERED, *(name for name in self.own if name not in OFFERED)]
        one_of("method", method, self.offered)
        one_of("epochs", epochs, EPOCHS)
        super().__init__()
        self.samples, self._staged = RETAIN, None
        self.picture = LabPicture(self.offered, sine.PUBLISHED)
        self.canvas = Canvas(self.picture.figure, self.picture.moving, "")
        self._build(seed, method, epochs)
        self.unlearn(*self.chosen(), stop=None)  # so that there is a picture before any click

    @property
    def settings(self):
        """The paper's best setting of every method for the chosen T, and one's own methods."""
        return sine.best_settings(self.epochs.value) | self.own

    # -- building

    def _build(self, seed, method, epochs):
        self.seed = slider("seed", seed, 1, 10, continuous_update=False)
        self.name = menu("method", method, self.offered)
        self.epochs = choice("T (epochs)", epochs, EPOCHS, continuous_update=False)
        self.seeds = menu("compare on", 1, [("this seed", 1), ("all ten seeds", 10)])
        self.compare = button("Compare all methods", "bar-chart", 190, button_style="info")
        self.reset = button("Paper's best settings", "undo", 190)
        self.readout, self.results, self.box = HTML(), HTML(), VBox()
        left = VBox([self.seed, self.name, self.epochs, self.seeds])
        top = HBox([left, self.box])
        buttons = HBox([self.compare, self.stop, self.reset, self.progress])
        below = self.canvas.widget, self.readout, self.results, self.status
        self.panel = VBox([top, buttons, *below])
        self.follow()
        self.epochs.observe(lambda change: self.reset.click(), "value")
        self.compare.on_click(self._start_comparison)

    # -- running

    def _start_comparison(self, button):
        seed, _, epochs = self.chosen()
        seeds = range(1, 11) if self.seeds.value == 10 else [seed]
        self.job.start(lambda stop: self._compare(seed, seeds, epochs, stop))

    def unlearn(self, seed, method, epochs, stop):
        """One run, drawn as it goes."""
        self._stage(seed, epochs)
        self._drawn = time.perf_counter()
        frame = lambda run: self._frame(run, epochs, PAUSE)
        with self._busy():
            run = unlearn(self.task, method, epochs, callback=frame, stop=stop)
            if run.stopped and not run.history:
                return
            self.scores = {**self.scores, method.name: run.metrics["sup_error"]}
            self._frame(run, epochs)
            self._read_out(run)
            if run.stopped:
                self._say(f"Stopped after {len(run.history)} of {epochs} epochs.")

    def _compare(self, seed, seeds, epochs, stop):
        """All methods at the paper's best settings, result by result."""
        self._stage(seed, epochs)
        self.scores, found = {}, {}

        def finished(record, total):
            found.setdefault(record["method"], []).append(record["sup_error"])
            self.scores = {name: central(errors)[0] for name, errors in found.items()}
            self.progress.value = sum(map(len, found.values())) / total
            self.results.value = _results(found, epochs)
            self.picture.mark(self.scores)
            self.canvas.draw()

        with self._busy():
            compare(seeds, epochs, self.settings, progress=finished, stop=stop)
            if stop.is_set():
                count = f"{len(found)} of {len(self.offered)}"
                self._say(f"Stopped. {count} methods were begun; their results stand.")

    def _stage(self, seed, epochs):
        """Task and background for this seed and T."""
        self._say("")
        if self._staged == (seed, epochs):
            return
        self.task, self.scores = sine.task(seed), {}
        self.results.value = ""
        self.picture.fixed(self.task, epochs)
        self.canvas.background()
        self._staged = (seed, epochs)

    # -- showing

    def _frame(self, run, epochs, pause=0):
        """Shows where a run is, unless the last frame is less than `pause` seconds old."""
        if time.perf_counter() - self._drawn < pause:
            return
        epoch = len(run.history)
        words = f"{run.method.name} after {epoch} epochs"
        error = self.picture.frame(curve(run.model)[1], words, self.scores)
        self.canvas.describe(f"The poisoned sine: {words} has sup error {error:.1f}")
        self.canvas.draw()
        self.progress.value = epoch / epochs
        self._drawn = time.perf_counter()

    def _read_out(self, run):
        models = {
            "original": self.task.original,
            run.method.name: run.model,
            "ground truth": self.task.ground_truth,
        }
        errors = {name: self.task.evaluate(m)["sup_error"] for name, m in models.items()}
        words = [f"{name}: <b>{error:.2f}</b>" for name, error in errors.items()]
        seconds = f"{run.seconds:.2f} s for {len(run.history)} epochs"
        self.readout.value = " &emsp; ".join(["<b>sup error</b>", *words, seconds])


def _results(found, epochs):
    """Sup errors so far beside the published ones, as HTML."""
    published, rows = sine.PUBLISHED.get(epochs, {}), {}
    for name, errors in found.items():
        median, low, high = central(errors)
        spread = f"{low:.2f} to {high:.2f}, {len(errors)} seeds" if len(errors) > 1 else "one seed"
        theirs = f"none for T = {epochs}" if name in OFFERED else "none, your own method"
        if name in published:
            theirs = "{:.3g} ({:.3g} to {:.3g})".format(*published[name])
        rows[name] = f"<b>{median:.2f}</b>", spread, theirs
    return table(rows, ("sup error", "range", "published median (range)"))
