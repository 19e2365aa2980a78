"""What ErasureLab and CollapseLab share: a task that is made when it is needed, a method under sliders, and its run in a thread."""
import dataclasses
import threading
import time
from pathlib import Path
from types import ModuleType

import ipywidgets

from ..data.images import Images
from ..experiments.presets import choose
from ..methods import Method
from ..training.fit import Stopped
from ..unlearning import Run, unlearn
from .canvas import Canvas
from .controls import sliders
from .job import WorkingLab
from .lab import STYLE, WIDE

SEEDS = (1, 5)  # those whose models ship with the package
EPOCHS = (1, 20)
HIDDEN = ("weight_decay", "temperature", "max_epochs")


class UnlearningLab(WorkingLab):
    """A lab that reruns the unlearning whenever the seed, the method, T or a hyperparameter changes.

    experiment: the module that makes the task of a data set, a preset and a seed. settings: by name, the methods on offer with
    the values their sliders begin with. columns: of the table under the picture, heading -> metric. A subclass makes its picture in
    `prepare`, says in `draw_task` and `draw` what is seen of the task, and in `place` where a model stands. `draw_task` and `draw`
    are called one at a time. Everything that may take seconds happens in the job's thread, apart from the digits' first run.
    """

    experiment: ModuleType
    settings: dict[str, Method]
    columns: dict[str, str]

    def __init__(self, seed: int, method: str, epochs: int, dataset: str, preset: str, device: str, folder: Path | None):
        self._check(seed, method, epochs)
        self.preset = choose(self.experiment.PRESETS, dataset, preset)
        super().__init__()
        self.where = {"dataset": dataset, "preset": preset, "folder": folder}
        self.device, self.picture = device, None
        self.task, self._staged = None, (None, None)  # the task; the seed and the T whose background is drawn
        self.model, self.metrics = None, {}  # the unlearned model, once a run is over; what was measured last
        self.track = []  # the run's way, from the original on
        self.previous = self.finished = ("", [])  # name and way of the whole run before it, and of the last one
        self.under_way, self._lock = method, threading.RLock()  # name of the method of that run
        self._build_controls(seed, method, epochs)
        self._fill(self.settings[method])
        if dataset == "digits":  # whose models are there: at once, so that the notebook has a picture before anyone clicks
            self._unlearn(*self._chosen(), stop=threading.Event())
        else:
            self._start()

    # -- what a subclass says

    def prepare(self, images: Images):
        """A picture for these images, that holds its `figure` and what is `moving`; after it the controls that choose among them."""
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
        self.reset = button("Reset", "undo", tooltip="the method's first values")
        self.readout = ipywidgets.HTML()
        self.hyperparameters, self.box, self.view = {}, ipywidgets.VBox(), ipywidgets.VBox()
        self.left = ipywidgets.VBox([self.seed, self.name, self.epochs])
        buttons = ipywidgets.HBox([self.run, self.stop, self.reset, self.progress])
        self.panel = ipywidgets.VBox([ipywidgets.HBox([self.left, self.box]), buttons, self.view, self.readout, self.status])
        self.seed.observe(lambda change: self._start(), "value")
        self.name.observe(lambda change: self._refill(self.settings[self.name.value]), "value")
        self.epochs.observe(lambda change: self._refill(self.method), "value")
        self.reset.on_click(lambda button: self._refill(self.settings[self.name.value]))
        self.run.on_click(lambda button: self._start())

    def _fill(self, method):
        """New sliders, at the values of `method` as far as T allows them."""
        epochs = self.epochs.value
        limits = {name: epochs for name in ("descent_epochs", "max_epochs") if getattr(method, name, 0) > epochs}
        made = sliders(dataclasses.replace(method, **limits), epochs, self.preset.batch_size)
        self.hyperparameters = {name: slider for name, slider in made.items() if name not in HIDDEN}
        for slider in self.hyperparameters.values():
            slider.observe(lambda change: self._start(), "value")
        self.box.children = tuple(self.hyperparameters.values())

    def _refill(self, method):
        self._fill(method)
        self._start()

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
            try:
                self._stage(seed, method, epochs, stop)
            except Stopped:
                self._say(f"Stopped before the models of seed {seed} were there. Press Run to go on.")
                return
            task = dataclasses.replace(self.task, evaluate=lambda model: self.metrics)  # every epoch was measured; after Stop nobody waits
            run = unlearn(task, method, epochs, callback=lambda run: self._epoch(run, epochs, stop), stop=stop)
        stopped = run.stopped or stop.is_set() and len(self.track) <= epochs
        with self._lock:
            self.model = run.model
            self.draw(run.model)  # other images may have been chosen since its last epoch
            self.readout.value = self._table(run)
            if not stopped:
                self.finished = (method.name, self.track)
        if stopped:
            self._say(f"Stopped in epoch {len(self.track)} of {epochs}.")

    def _stage(self, seed, method, epochs, stop):
        """The task of this seed, and an empty track. Raises Stopped."""
        changed, stretched = self._staged[0] != seed, self._staged[1] != epochs
        if changed:
            task = self._made(seed, stop)
            start, truth = (self._measure(task, model, stop) for model in (task.original, task.ground_truth))
        with self._lock:
            if changed:
                self.task, self.start_metrics, self.truth_metrics, self.finished = task, start, truth, ("", [])
            self._staged, self.model, self.metrics, self.under_way = (seed, epochs), None, self.start_metrics, method.name
            self.track, self.previous = [self.place(self.start_metrics)], self.finished
            if self.canvas is None:
                self.canvas = Canvas(self.picture.figure, self.picture.moving, self.summary)
                self.view.children = (self.canvas.widget,)
            if changed or stretched:
                self.draw_task()
                self.draw(None, background=True)

    def _made(self, seed, stop):
        """The task of a seed: its images and models, shipped, kept, or made now."""
        self._say(f"Getting the images and the models of seed {seed} ready.")
        if self.picture is None:
            self.picture, *controls = self.prepare(self.experiment.images(**self.where))
            self.left.children += tuple(controls)
        self._reported = time.monotonic()
        task = self.experiment.task(**self.where, seed=seed, device=self.device, progress=self._trained, stop=stop)
        self._say("")
        return task

    def _trained(self, name, done, loss):
        """Says how far a training is, after each of its epochs."""
        role = "original" if name.endswith("original") else "ground truth"
        epochs, before, self._reported = self.preset.epochs(role), self._reported, time.monotonic()
        left = (self._reported - before) * (epochs - done)
        self.progress.value = done / epochs
        self._say(f"Training the {role} of seed {self.seed.value}, which is then kept: epoch {done} of {epochs}, loss {loss:.3f}, "
                  f"about {left:.0f} s to go." + (" Then the ground truth." if role == "original" else ""))

    def _epoch(self, run, epochs, stop):
        try:
            self.metrics = self._measure(self.task, run.model, stop)
        except Stopped:  # the run ends before its next update
            return
        with self._lock:
            self.track = [*self.track, self.place(self.metrics)]
            self.draw(run.model)
        self.progress.value = len(run.history) / epochs

    def _measure(self, task, model, stop):
        """The task's metrics of a model. It may take seconds: within a layer of `stop` it ends by Stopped."""
        def check(module, inputs):
            if stop.is_set():
                raise Stopped("stopped while a model was measured")
        hooks = [module.register_forward_pre_hook(check) for module in model.modules()]
        try:
            return task.evaluate(model)
        finally:
            for hook in hooks:
                hook.remove()

    # -- showing

    def _look(self, background):
        """Draws again what a control shows in another way, without a run. background: what does not move, too."""
        if not self.track:  # nothing to see yet
            return
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

    def _table(self, run: Run):
        """HTML: the numbers of a run, beside those of the trained models."""
        seconds = f"{run.seconds:.2f} s for {len(run.history)} epoch{'s' * (len(run.history) != 1)}"
        rows = [("original", self.start_metrics, ""), (run.method.name, self.metrics, seconds), ("ground truth", self.truth_metrics, "")]
        lines = [[name, *(f"{metrics[key]:.3f}" for key in self.columns.values()), more] for name, metrics, more in rows]
        line = lambda cells, tag: "".join(f"<{tag} style='padding:0 14px 0 4px; text-align:left'>{cell}</{tag}>" for cell in cells)
        body = "".join(f"<tr>{line(cells, 'td')}</tr>" for cells in lines)
        return f"<table><tr>{line(['model', *self.columns, ''], 'th')}</tr>{body}</table>"
