"""What ErasureLab and CollapseLab share: a task that is made when it is needed, a method under
sliders, its run in a thread, and a picture of how far it has come."""

import threading
import time

import ipywidgets
import numpy as np

from ..ground.checks import integer, one_of
from ..loop import unlearn
from ..tasks.presets import choose
from ..training.fit import Stopped
from . import style
from .canvas import Canvas
from .lab import button, menu, slider, table
from .method_lab import MethodLab

SEEDS = (1, 5)  # those whose models ship with the package
EPOCHS = (1, 20)
GHOST = "#9A9A9A"  # of the run before


class UnlearningLab(MethodLab):
    """A lab that reruns the unlearning whenever the seed, the method, T or a hyperparameter
    changes.

    seed: 1 to 5. method: any of ul.METHODS. epochs: T, 1 to 20, default `usual`. dataset, preset,
    device: as in the experiment's task. Models that are not there yet are trained at first
    use, in the thread; the lab says how far that is, and Stop keeps what was done. Choosing a
    method sets its hyperparameters to those of `settings`.

    A subclass has

    experiment   the module that makes the task of a data set, a preset and a seed
    settings     name -> method on offer, with the values its sliders begin with
    columns      of the table under the picture: heading -> metric
    judged       the metrics that the plot of the run shows
    usual        T at first

    size         of the picture, in inches

    prepare(images)   name -> control of what is shown of these images
    draw(model)       draws into the empty `figure` what is to be seen of `task` and `track`, and
                      what `model` says, None: nothing yet; returns the alt text

    These are called one at a time. Everything that may take seconds happens in the job's thread,
    apart from the digits' first run.
    """

    hidden = "weight_decay", "temperature", "max_epochs"

    def __init__(
        self,
        seed: int = 1,
        method: str = "MinNorm-OG",
        epochs: int | None = None,
        *,
        dataset: str = "digits",
        preset: str = "quick",
        device: str = "cpu",
    ):
        epochs = self.usual if epochs is None else epochs
        one_of("method", method, self.settings)
        integer("seed", seed, low=SEEDS[0], high=SEEDS[1])
        integer("epochs", epochs, low=EPOCHS[0], high=EPOCHS[1])
        self.preset = choose(self.experiment.PRESETS, dataset, preset)
        self.samples = self.preset.batch_size
        super().__init__()
        self.where, self.device = {"dataset": dataset, "preset": preset}, device
        self.task, self.figure = None, style.figure(size=self.size)[0]
        self.figure.set_layout_engine("none")  # a lab places its axes itself
        self.model, self.metrics = None, {}  # once a run is over; what was measured last
        self.track = []  # what is judged, after every epoch of the run, from the original on
        self.previous = self.finished = ("", [])  # the whole run before, the last whole one
        self.under_way, self._lock = method, threading.RLock()  # name of the run's method
        self._build(seed, method, epochs)
        if dataset == "digits":  # at once, so that the notebook has a picture before anyone clicks
            self.unlearn(*self.chosen(), stop=threading.Event())
        else:
            self.start()

    # -- what a reader, a subclass and a test may ask

    def place(self, metrics: dict[str, float]) -> tuple[float, ...]:
        """What is judged of a model's metrics."""
        return tuple(metrics[name] for name in self.judged)

    def titles(self) -> list[str]:
        """What run it is, where it stands, and where the run before ended."""
        now = [f"{n.replace('_', ' ')} {v:.3f}" for n, v in zip(self.judged, self.track[-1])]
        name, way = self.previous
        ended = ", ".join(f"{value:.3f}" for value in way[-1]) if way else ""
        before = f"before, dashed: {name}, {ended}" if way else ""
        return [f"{self.under_way}, epoch {len(self.track) - 1}", ", ".join(now), before]

    def draw_run(self, ax, points) -> None:
        """The run and the one before, under their titles. points: of a track, what to draw:
        pairs (x, y)."""
        before, way = (np.reshape(points(w), (-1, 2)) for w in (self.previous[1], self.track))
        ax.plot(*before.T, ".--", color=GHOST, linewidth=1.2)
        ax.plot(*way.T, "o-", color=style.BLUE, markersize=5)
        ax.plot(*way[-1], "o", color=style.BLUE, markersize=10)
        ax.set_title("\n".join(self.titles()), loc="left", color=style.BLUE, fontsize=9.5)

    def look(self, change=None) -> None:
        """Draws again what a control shows in another way, without a run."""
        if not self.track:  # nothing to see yet
            return
        before, self.error = self.error, None
        try:
            self._show(self.model)
            if before:
                self._say("")
        except Exception as error:
            self.error = error
            self._fail(error)

    # -- building

    def _build(self, seed, method, epochs):
        self.seed = slider("seed", seed, *SEEDS, continuous_update=False)
        self.name = menu("method", method, self.settings)
        self.epochs = slider("T (epochs)", epochs, *EPOCHS, continuous_update=False)
        again = "the same run again, to watch"
        self.run = button("Run", "play", button_style="info", tooltip=again)
        self.reset = button("Reset", "undo", tooltip="the method's first values")
        self.readout, self.box, self.view = ipywidgets.HTML(), ipywidgets.VBox(), ipywidgets.VBox()
        self.left = ipywidgets.VBox([self.seed, self.name, self.epochs])
        top = ipywidgets.HBox([self.left, self.box])
        buttons = ipywidgets.HBox([self.run, self.stop, self.reset, self.progress])
        self.panel = ipywidgets.VBox([top, buttons, self.view, self.readout, self.status])
        self.follow()
        self.epochs.observe(lambda change: self.refill(self.method), "value")
        self.run.on_click(self.start)

    # -- running

    def unlearn(self, seed, method, epochs, stop):
        """One run, drawn after every epoch."""
        self._say("")
        with self._busy():
            try:
                self._stage(seed, method, stop)
            except Stopped:
                self._say(
                    f"Stopped before the models of seed {seed} were there. Press Run to go on."
                )
                return
            # every epoch was measured; after Stop nobody waits
            task = self.task.changed(evaluate=lambda model: self.metrics)
            epoch = lambda run: self._epoch(run, epochs, stop)
            run = unlearn(task, method, epochs, callback=epoch, stop=stop)
        stopped = run.stopped or stop.is_set() and len(self.track) <= epochs
        with self._lock:
            self.model = run.model
            self._show(run.model)  # other images may have been chosen since its last epoch
            self.readout.value = self._table(run)
            if not stopped:
                self.finished = method.name, self.track
        if stopped:
            self._say(f"Stopped in epoch {len(self.track)} of {epochs}.")

    def _stage(self, seed, method, stop):
        """The task of this seed, and an empty track. Raises Stopped."""
        changed = self.task is None or self.task.seed != seed
        if changed:
            task = self._made(seed, stop)
            models = task.original, task.ground_truth  # the second may be trained only now
            self._say("")
            start, truth = (self._measure(task, model, stop) for model in models)
        with self._lock:
            if changed:
                self.task, self.start_metrics, self.truth_metrics = task, start, truth
                self.finished = "", []
            self.model, self.metrics, self.under_way = None, self.start_metrics, method.name
            self.track, self.previous = [self.place(self.start_metrics)], self.finished
            if self.canvas is None:
                self.canvas = Canvas(self.figure, [], self.summary)
                self.view.children = (self.canvas.widget,)
            self._show(None)

    def _made(self, seed, stop):
        """The task of a seed: its images and models, shipped, kept, or made now."""
        self._say(f"Getting the images and the models of seed {seed} ready.")
        if self.canvas is None:
            for name, control in self.prepare(self.experiment.images(**self.where)).items():
                setattr(self, name, control)
                control.observe(self.look, "value")
                self.left.children += (control,)
        self._reported = time.monotonic()
        more = {"seed": seed, "device": self.device, "progress": self._trained, "stop": stop}
        return self.experiment.task(**self.where, **more)

    def _trained(self, name, done, loss):
        """Says how far a training is, after each of its epochs."""
        first = name.endswith("original")
        role = "original" if first else "ground truth"
        epochs, before, self._reported = self.preset.epochs(role), self._reported, time.monotonic()
        left = (self._reported - before) * (epochs - done)
        self.progress.value = done / epochs
        self._say(
            f"Training the {role} of seed {self.seed.value}, which is then kept: epoch {done} of "
            f"{epochs}, loss {loss:.3f}, about {left:.0f} s to go."
            f"{' Then the ground truth.' if first else ''}"
        )

    def _epoch(self, run, epochs, stop):
        try:
            self.metrics = self._measure(self.task, run.model, stop)
        except Stopped:  # the run ends before its next update
            return
        with self._lock:
            self.track = [*self.track, self.place(self.metrics)]
            self._show(run.model)
        self.progress.value = len(run.history) / epochs

    def _measure(self, task, model, stop):
        """The task's metrics of a model. It may take seconds: within a layer of `stop` it ends by
        Stopped."""

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

    def _show(self, model):
        with self._lock, style.look():
            self.figure.clear()
            self.canvas.describe(self.draw(model))
            self.canvas.background()

    def _table(self, run):
        """HTML: the numbers of a run, beside those of the trained models."""
        models = {
            "original": self.start_metrics,
            run.method.name: self.metrics,
            "ground truth": self.truth_metrics,
        }
        rows = {n: [f"{m[key]:.3f}" for key in self.columns.values()] for n, m in models.items()}
        epochs = len(run.history)
        rows[run.method.name].append(f"{run.seconds:.2f} s for {epochs} epoch{'s' * (epochs != 1)}")
        return table(rows, head=tuple(self.columns))
