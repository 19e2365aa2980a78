"""SineLab: rerun the sine poisoning by any method under sliders, and compare all methods."""
import time

import ipywidgets

from ..experiments import sine
from ..figures.sine import LabPicture, curve
from ..methods import METHODS
from ..unlearning import unlearn
from .canvas import Canvas
from .controls import sliders
from .job import WorkingLab
from .lab import STYLE, WIDE

OFFERED = {name: METHODS[name] for name in sine.PUBLISHED[10]}  # those the paper ran here; others need classes
EPOCHS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
DRAWING_SHARE = .25  # of a run's time that may go into frames on the way


class SineLab(WorkingLab):
    """The lab of notebook 04. Every slider reruns the unlearning in a thread and redraws the fit.

    seed: 1 to 10. method: one of Table 5's eight. epochs: one of 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000.
    Changing the method or T sets the hyperparameters to the paper's best for the nearest published T.
    """

    summary = "SineLab: run the notebook to choose seed, method, epochs and hyperparameters with sliders"

    def __init__(self, seed: int = 1, method: str = "MinNorm-OG", epochs: int = 100):
        if method not in OFFERED:
            raise ValueError(f"method must be one of {', '.join(OFFERED)}, got {method!r}")
        if epochs not in EPOCHS:
            raise ValueError(f"epochs must be one of {EPOCHS}, got {epochs!r}")
        super().__init__()
        self.task, self.scores, self._drawn = sine.task(seed), {}, None
        self._build_controls(seed, method, epochs)
        self.picture = LabPicture(list(OFFERED), sine.PUBLISHED)
        self.picture.fixed(self.task, epochs)
        self.canvas = Canvas(self.picture.figure, self.picture.moving, "The poisoned sine, its original and unlearned fits")
        self._drawn = (seed, epochs)
        self._fill_hyperparameters()
        self._assemble()
        self._unlearn(*self._chosen(), stop=None)  # at once, so that the notebook has a picture before anyone clicks

    @property
    def method(self):
        """The Method the sliders stand for."""
        return OFFERED[self.name.value](**{name: slider.value for name, slider in self.hyperparameters.items()})

    # -- building

    def _build_controls(self, seed, method, epochs):
        wide = {"style": STYLE, "layout": WIDE}
        self.seed = ipywidgets.IntSlider(value=seed, min=1, max=10, description="seed", continuous_update=False, **wide)
        self.name = ipywidgets.Dropdown(options=list(OFFERED), value=method, description="method", **wide)
        self.epochs = ipywidgets.SelectionSlider(options=EPOCHS, value=epochs, description="T (epochs)",
                                                 continuous_update=False, **wide)
        self.seeds = ipywidgets.Dropdown(options=[("this seed", 1), ("all ten seeds", 10)], description="compare on", **wide)
        self.compare = ipywidgets.Button(description="Compare all methods", icon="bar-chart", button_style="info",
                                         layout=ipywidgets.Layout(width="190px"))
        self.reset = ipywidgets.Button(description="Paper's best settings", icon="undo",
                                       layout=ipywidgets.Layout(width="190px"))
        self.readout, self.results = ipywidgets.HTML(), ipywidgets.HTML()
        self.hyperparameters, self.box = {}, ipywidgets.VBox()
        self.seed.observe(lambda change: self._start(), "value")
        for control in (self.name, self.epochs):
            control.observe(lambda change: self._fill_hyperparameters() or self._start(), "value")
        self.reset.on_click(lambda button: self._fill_hyperparameters() or self._start())
        self.compare.on_click(lambda button: self._start_comparison())

    def _assemble(self):
        left = ipywidgets.VBox([self.seed, self.name, self.epochs, self.seeds])
        buttons = ipywidgets.HBox([self.compare, self.stop, self.reset, self.progress])
        self.panel = ipywidgets.VBox([ipywidgets.HBox([left, self.box]), buttons, self.canvas.widget, self.readout,
                                      self.results, self.status])

    def _fill_hyperparameters(self):
        """New sliders for the chosen method, at the paper's best setting for the chosen T."""
        best = sine.best_settings(self.epochs.value)[self.name.value]
        self.hyperparameters = sliders(best, self.epochs.value, len(self.task.retain))
        for slider in self.hyperparameters.values():
            slider.observe(lambda change: self._start(), "value")
        self.box.children = tuple(self.hyperparameters.values())

    # -- running

    def _chosen(self):
        return self.seed.value, self.method, self.epochs.value

    def _start(self):
        try:
            chosen = self._chosen()
        except ValueError as error:
            self._say(str(error), "error")
            return
        self.job.start(lambda stop: self._unlearn(*chosen, stop))

    def _start_comparison(self):
        seed, _, epochs = self._chosen()
        seeds = range(1, 11) if self.seeds.value == 10 else [seed]
        self.job.start(lambda stop: self._compare(seed, seeds, epochs, stop))

    def _unlearn(self, seed, method, epochs, stop):
        """One run, drawn as it goes."""
        self._say("")
        self._stage(seed, epochs)
        with self._busy():
            pace = _Pace(DRAWING_SHARE)
            show = lambda run: pace.maybe(lambda: self._frame(run.model, method.name, len(run.history), epochs))
            run = unlearn(self.task, method, epochs, callback=show, stop=stop)
            if run.stopped and not run.history:
                return
            self.scores = {**self.scores, method.name: run.metrics["sup_error"]}
            self._frame(run.model, method.name, len(run.history), epochs)
            self._read_out(run)
            if run.stopped:
                self._say(f"Stopped after {len(run.history)} of {epochs} epochs.")

    def _compare(self, seed, seeds, epochs, stop):
        """All methods at the paper's best settings, result by result."""
        self._say("")
        self._stage(seed, epochs)
        self.scores, found = {}, {}
        with self._busy():
            def finished(record, total):
                found.setdefault(record["method"], []).append(record["sup_error"])
                self.scores = {name: sine.central(errors)[0] for name, errors in found.items()}
                self.progress.value = sum(map(len, found.values())) / total
                self.results.value = _results_table(found, epochs)
                self._redraw_scores()
            sine.compare(seeds, epochs, progress=finished, stop=stop)
            if stop.is_set():
                self._say(f"Stopped. {len(found)} of {len(OFFERED)} methods were begun; their results stand.")

    def _stage(self, seed, epochs):
        """Task and background for this seed and T."""
        if self._drawn == (seed, epochs):
            return
        self.task, self.scores = sine.task(seed), {}
        self.results.value = ""
        self.picture.fixed(self.task, epochs)
        self.canvas.background()
        self._drawn = (seed, epochs)

    # -- showing

    def _frame(self, model, name, epoch, epochs):
        was_training = model.training
        error = self.picture.frame(curve(model.eval())[1], name, epoch, self.scores)
        model.train(was_training)
        self.canvas.describe(f"The poisoned sine: {name} after {epoch} epochs has sup error {error:.1f}")
        self.canvas.draw()
        self.progress.value = epoch / epochs

    def _redraw_scores(self):
        self.picture.mark(self.scores)
        self.canvas.draw()

    def _read_out(self, run):
        error = lambda model: self.task.evaluate(model)["sup_error"]
        cells = [("original", error(self.task.original)), (run.method.name, run.metrics["sup_error"]),
                 ("ground truth", error(self.task.ground_truth))]
        shown = "".join(f"<td style='padding:0 14px'>{name}: <b>{value:.2f}</b></td>" for name, value in cells)
        self.readout.value = (f"<table><tr><td><b>sup error</b></td>{shown}<td style='padding:0 14px'>"
                              f"{run.seconds:.2f} s for {len(run.history)} epochs</td></tr></table>")


class _Pace:
    """Lets frames through only as long as drawing takes no more than its share of the time."""

    def __init__(self, share):
        self.share, self.began, self.drawing = share, time.perf_counter(), 0.0

    def maybe(self, draw):
        now = time.perf_counter()
        if self.drawing + .03 <= self.share * (now - self.began):
            draw()
            self.drawing += time.perf_counter() - now


def _results_table(found, epochs):
    """Sup errors so far beside the published ones, as HTML."""
    published, row = sine.PUBLISHED.get(epochs, {}), lambda cells, tag: "".join(
        f"<{tag} style='padding:0 14px 0 4px; text-align:left'>{cell}</{tag}>" for cell in cells)
    rows = [row(["method", "sup error", "range", "published median (range)"], "th")]
    for name, errors in found.items():
        median, low, high = sine.central(errors)
        theirs = "{:.3g} ({:.3g} to {:.3g})".format(*published[name]) if name in published else f"none for T = {epochs}"
        spread = f"{low:.2f} to {high:.2f}, {len(errors)} seeds" if len(errors) > 1 else "one seed"
        rows.append(row([name, f"<b>{median:.2f}</b>", spread, theirs], "td"))
    return f"<table>{''.join(f'<tr>{cells}</tr>' for cells in rows)}</table>"
