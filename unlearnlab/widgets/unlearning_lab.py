"""What ErasureLab and CollapseLab share: a method under sliders, its run in a thread, Stop, and errors that are shown."""
import dataclasses
import threading
from contextlib import contextmanager

import ipywidgets

from ..methods import Method
from ..task import Task
from ..unlearning import Run, unlearn
from .controls import sliders
from .job import Job
from .lab import STYLE, WIDE, Lab, message

SEEDS = (1, 5)  # those whose models ship with the package
EPOCHS = (1, 20)
SHOWN = ("lr", "reg", "reg_decay", "n_pert", "project_every", "descent_epochs", "ascent", "noise")


class UnlearningLab(Lab):
    """A lab that reruns the unlearning whenever the seed, the method, T or a hyperparameter changes.

    settings: by name, the methods on offer with the values their sliders begin with. columns: of the table under the picture,
    heading -> metric. A subclass says in `load` which task, in `draw_task` and `draw` what is seen of it, and in `place` where a
    model stands. `draw_task` and `draw` are called one at a time.
    """

    settings: dict[str, Method]
    columns: dict[str, str]

    def __init__(self, seed: int, method: str, epochs: int):
        self._check(seed, method, epochs)
        self.task, self._staged = self.load(seed), (None, None)  # the task; the seed and the T whose background is drawn
        self.model, self.error = None, None  # the unlearned model, once a run is over; what went wrong with a redrawing
        self.track = []  # the run's way, from the original on
        self.previous = self.finished = ("", [])  # name and way of the whole run before it, and of the last one
        self.under_way, self._lock = method, threading.RLock()  # name of the method of that run
        self.job = Job(on_error=lambda error: self._say(f"{type(error).__name__}: {error}", "error"))
        self._build_controls(seed, method, epochs)
        self._fill(self.settings[method])

    # -- what a subclass says

    def load(self, seed: int) -> Task:
        """The task of a seed."""
        raise NotImplementedError

    def draw_task(self) -> None:
        """What does not move: `self.task`, its two trained models, and T. A `draw` with background=True follows."""
        raise NotImplementedError

    def draw(self, model, background: bool = False) -> None:
        """A frame: `self.track`, and what `model` says; None: nothing yet. background: what does not move is drawn again, too."""
        raise NotImplementedError

    def place(self, metrics: dict[str, float]):
        """What the track keeps of a model's metrics."""
        raise NotImplementedError

    # -- what a reader and a test may ask

    @property
    def method(self) -> Method:
        """The Method the sliders stand for. Raises ValueError for values that do not fit together."""
        return dataclasses.replace(self.settings[self.name.value], **{name: s.value for name, s in self.hyperparameters.items()})

    def wait(self, timeout: float = 60) -> None:
        """Waits for what runs, and raises what went wrong in it. For tests and scripts."""
        if not self.job.wait(timeout):
            raise TimeoutError(f"the lab is still busy after {timeout} s")
        if self.job.error or self.error:
            raise self.job.error or self.error

    # -- building

    def _check(self, seed, method, epochs):
        if method not in self.settings:
            raise ValueError(f"method must be one of {', '.join(self.settings)}, got {method!r}")
        for name, value, (low, high) in (("seed", seed, SEEDS), ("epochs", epochs, EPOCHS)):
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise ValueError(f"{name} must be an integer from {low} to {high}, got {value!r}")

    def _build_controls(self, seed, method, epochs):
        wide = {"style": STYLE, "layout": WIDE}
        whole = lambda name, value, limits: ipywidgets.IntSlider(value=value, min=limits[0], max=limits[1], description=name,
                                                                 continuous_update=False, **wide)
        button = lambda text, icon, **more: ipywidgets.Button(description=text, icon=icon, layout=ipywidgets.Layout(width="110px"), **more)
        self.seed, self.epochs = whole("seed", seed, SEEDS), whole("T (epochs)", epochs, EPOCHS)
        self.name = ipywidgets.Dropdown(options=list(self.settings), value=method, description="method", **wide)
        self.run = button("Run", "play", button_style="info", tooltip="the same run again, to watch")
        self.stop, self.reset = button("Stop", "stop", disabled=True), button("Reset", "undo", tooltip="the method's first values")
        self.progress = ipywidgets.FloatProgress(value=0, min=0, max=1, layout=ipywidgets.Layout(width="240px"))
        self.readout, self.status = ipywidgets.HTML(), ipywidgets.HTML()
        self.hyperparameters, self.box = {}, ipywidgets.VBox()
        self.seed.observe(lambda change: self._start(), "value")
        self.name.observe(lambda change: self._refill(self.settings[self.name.value]), "value")
        self.epochs.observe(lambda change: self._refill(self.method), "value")
        self.reset.on_click(lambda button: self._refill(self.settings[self.name.value]))
        self.run.on_click(lambda button: self._start())
        self.stop.on_click(lambda button: self.job.stop())

    def _fill(self, method):
        """New sliders, at the values of `method` as far as T allows them."""
        epochs = self.epochs.value
        limits = {name: epochs for name in ("descent_epochs", "max_epochs") if getattr(method, name, 0) > epochs}
        made = sliders(dataclasses.replace(method, **limits), epochs, self.task.batch_size)
        self.hyperparameters = {name: slider for name, slider in made.items() if name in SHOWN}
        for slider in self.hyperparameters.values():
            slider.observe(lambda change: self._start(), "value")
        self.box.children = tuple(self.hyperparameters.values())

    def _refill(self, method):
        self._fill(method)
        self._start()

    def _assemble(self, *more):
        """The panel, with a subclass's own controls under the common ones; and a first run, so that there is a picture."""
        left = ipywidgets.VBox([self.seed, self.name, self.epochs, *more])
        buttons = ipywidgets.HBox([self.run, self.stop, self.reset, self.progress])
        self.panel = ipywidgets.VBox([ipywidgets.HBox([left, self.box]), buttons, self.canvas.widget, self.readout, self.status])
        self._unlearn(*self._chosen(), stop=None)

    # -- running

    def _chosen(self):
        return self.seed.value, self.method, self.epochs.value

    def _start(self):
        try:
            chosen = self._chosen()
        except ValueError as error:
            self.job.stop()
            self._say(str(error), "error")
            return
        self.job.start(lambda stop: self._unlearn(*chosen, stop))

    def _unlearn(self, seed, method, epochs, stop):
        """One run, drawn after every epoch."""
        self._say("")
        with self._busy():
            self._stage(seed, method, epochs)
            run = unlearn(self.task, method, epochs, callback=lambda run: self._epoch(run, epochs), stop=stop)
        with self._lock:
            self.model = run.model
            self.draw(run.model)  # other images may have been chosen since its last epoch
            self.readout.value = self._table(run)
            if not run.stopped:
                self.finished = (method.name, self.track)
        if run.stopped:
            self._say(f"Stopped in epoch {len(run.history)} of {epochs}.")

    def _stage(self, seed, method, epochs):
        """The task of this seed, and an empty track."""
        changed, stretched = self._staged[0] != seed, self._staged[1] != epochs
        task = self.load(seed) if self.task.seed != seed else self.task
        with self._lock:
            self.task, self._staged, self.model, self.under_way = task, (seed, epochs), None, method.name
            if changed:
                self.finished = ("", [])
                self.start_metrics, self.truth_metrics = task.evaluate(task.original), task.evaluate(task.ground_truth)
            self.track, self.previous = [self.place(self.start_metrics)], self.finished
            if changed or stretched:
                self.draw_task()
                self.draw(None, background=True)

    def _epoch(self, run, epochs):
        metrics = self.task.evaluate(run.model)
        with self._lock:
            self.track = [*self.track, self.place(metrics)]
            self.draw(run.model)
        self.progress.value = len(run.history) / epochs

    @contextmanager
    def _busy(self):
        """Stop can be pressed while work goes on."""
        self.stop.disabled, self.progress.value = False, 0
        try:
            yield
        finally:
            self.stop.disabled = True

    # -- showing

    def _look(self, background):
        """Draws again what a control shows in another way, without a run. background: what does not move, too."""
        try:
            with self._lock:
                if background:
                    self.draw_task()
                self.draw(self.model, background)
            if self.error is not None:
                self.error = None
                self._say("")
        except Exception as error:
            self.error = error
            self._say(f"{type(error).__name__}: {error}", "error")

    def _table(self, run):
        """HTML: the numbers of a run, beside those of the trained models."""
        seconds = f"{run.seconds:.2f} s for {len(run.history)} epoch{'s' * (len(run.history) != 1)}"
        rows = [("original", self.start_metrics, ""), (run.method.name, run.metrics, seconds), ("ground truth", self.truth_metrics, "")]
        lines = [[name, *(f"{metrics[key]:.3f}" for key in self.columns.values()), more] for name, metrics, more in rows]
        line = lambda cells, tag: "".join(f"<{tag} style='padding:0 14px 0 4px; text-align:left'>{cell}</{tag}>" for cell in cells)
        body = "".join(f"<tr>{line(cells, 'td')}</tr>" for cells in lines)
        return f"<table><tr>{line(['model', *self.columns, ''], 'th')}</tr>{body}</table>"

    def _say(self, text, kind="note"):
        self.status.value = message(text, kind) if text else ""
