"""Labs that run a method: its hyperparameters under sliders, its run in a thread on a task that is
made when it is needed, and a picture of how far it has come."""

import dataclasses
import threading
import time

import numpy as np
from ipywidgets import HTML, Checkbox, FloatProgress, HBox, VBox

from ..ground.checks import one_of
from ..ground.models import copied
from ..ground.stopping import Stopped
from ..loop import measure, unlearn
from ..methods import Method
from ..tasks.presets import choose
from . import style
from .canvas import Canvas
from .controls import sliders
from .lab import MENU, WIDE, Lab, button, close, table
from .lab_settings import first_settings
from .marks import note

GHOST = "#9A9A9A"  # of the run before


class UnlearningLab(Lab):
    """A lab that reruns the unlearning whenever the seed, the method, T or a hyperparameter
    changes.

    seed, method, epochs: at first. samples: the largest n_pert. source, more: arguments of the
    experiment's task. Choosing a method sets its hyperparameters to those of `settings`.

    A subclass has

    experiment   the module that makes the task of a seed
    settings     name -> method on offer, with the values its sliders begin with
    hidden       hyperparameters without a slider
    columns      of the table under the picture: heading -> format of the metrics
    judged       the metrics that the picture of the run shows
    possible_seeds, possible_epochs   as a `control` is given them
    go, back     words, icon, width and hint of the buttons
    size         of the picture, in inches
    pause        seconds from one frame of a run to the next, so that the run has most of the time
    extra        controls beside the buttons

    prepare(stop)  name -> control of what is shown, made once; none by default
    draw()         draws into the empty `figure` what stays during a run on `task`
    move(model)    adds what changes, and what `model` says, None: nothing yet; returns the alt text

    These are called one at a time. Everything that may take seconds happens in the job's thread,
    apart from the first run on models that ship with the package.
    """

    hidden = judged = extra = ()
    _lock = threading.RLock()  # a message of a widget may lead back here
    go = "Run", "play", 110, "the same run again, to watch"
    back = "Reset", "undo", 110, "the method's first values"
    pause = 0
    trained = None  # called as training goes on

    def __init__(self, seed, method, epochs, samples, source=(), **more):
        super().__init__()
        self.samples, self.source, self.more = samples, source, more
        self.figure, self._halt = style.figure(size=self.size)[0], threading.Event()
        self.figure.set_layout_engine("none")  # a lab places its axes itself
        self.task = self._thread = self._behind = None
        self.add(self.start, {"seed": ("seed", seed, *self.possible_seeds)}, late=True)
        self.add(self.resize, {"epochs": ("T (epochs)", epochs, *self.possible_epochs)}, late=True)
        one_of("method", method, self.settings)
        self.add(self.restart, {"name": ("method", method, list(self.settings), MENU)})
        self.run = button(self.press, *self.go, button_style="info")
        self.stop = button(self.halt, "Stop", "stop", disabled=True)
        self.reset = button(self.restart, *self.back)
        self.progress = FloatProgress(max=1, layout={"width": "240px"})
        self.readout, self.results, self.box, self.view = HTML(), HTML(), VBox(), VBox()
        self.left = VBox([self.seed, self.name, self.epochs])
        buttons = HBox([self.run, self.stop, self.reset, *self.extra, self.progress])
        shown = self.view, self.readout, self.results, self.status
        self.lay_out(HBox([self.left, self.box]), buttons, *shown)
        self.fill(self.settings[method])
        if not source or "digits" in source:  # so that there is a picture before anyone clicks
            self.unlearn(*self.asked(), stop=threading.Event())
        else:
            self.start()

    # -- the method under sliders

    @property
    def method(self) -> Method:
        """The Method the sliders stand for. Raises ValueError for values that do not fit."""
        values = {name: slider.value for name, slider in self.hyperparameters.items()}
        return dataclasses.replace(self.settings[self.name.value], **values)

    def asked(self) -> tuple:
        """Seed, method and T."""
        return self.seed.value, self.method, self.epochs.value

    def fill(self, method: Method) -> None:
        """New sliders, at the values of `method` as far as T allows them."""
        made = sliders(method, self.epochs.value, self.samples)
        gone = *self.box.children, *(made.pop(name) for name in self.hidden if name in made)
        self.hyperparameters, self.box.children = made, self.add(self.start, made)
        for slider in gone:
            close(slider)

    def restart(self, event=None) -> None:
        """The method's first values, and a run."""
        self.fill(self.settings[self.name.value])
        self.start()

    def resize(self, change) -> None:
        """Another T: the values as they are, and a run."""
        self.fill(self.method)
        self.start()

    # -- running

    def start(self, event=None) -> None:
        """A new run in the thread, in place of the one before."""
        try:
            asked = self.asked()
        except ValueError as error:
            self._halt.set()
            self.say(str(error), error=True)
            return
        self.work(self.unlearn, *asked)

    press = start

    def work(self, function, *arguments) -> None:
        """function(*arguments, stop) in a thread, once what ran before has ended, which is stopped.
        stop is a threading.Event that the function must watch. Returns at once."""

        def told(stop, before):
            if before:
                before.join()
            if self._halt is not stop:  # another took its place
                return
            self.progress.value = 0
            with self.telling():
                function(*arguments, stop)
            with self._lock:
                if self._halt is stop:
                    self.stop.disabled = True

        with self._lock:
            self._halt.set()
            self._halt = threading.Event()
            self.stop.disabled = False  # at once, and not when the run before has come to its end
            given = self._halt, self._thread
            thread = threading.Thread(target=told, args=given, daemon=True)
            thread.start()
            self._thread = thread  # begun: `wait` may join it

    def wait(self, timeout: float = 1800) -> None:
        """Waits for what runs, and raises what went wrong in it. For tests and scripts."""
        end = time.monotonic() + timeout
        while self._thread and self._thread.is_alive():  # another may take its place
            self._thread.join(max(0, end - time.monotonic()))
            if time.monotonic() > end:
                raise TimeoutError(f"the lab is still busy after {timeout} s")
        if self.error:
            raise self.error

    def close(self):
        self._halt.set()
        self._halt = threading.Event()  # so that nothing begins that waits for its turn
        super().close()

    def halt(self, event=None) -> None:
        """Asks what runs to end; returns at once."""
        self.stop.disabled = True  # heard; it may take a moment
        self._halt.set()

    def unlearn(self, seed, method, epochs, stop):
        """One run, drawn as it goes."""
        self.say()
        try:
            self.stage(seed, method, epochs, stop)
        except Stopped:
            self.say(f"Stopped before the models of seed {seed} were there. Press Run to go on.")
            return
        task = self.task
        if not self.pause:  # every epoch was measured; after Stop nobody waits
            task = task.changed(evaluate=lambda model: self.metrics)
        self._next = time.monotonic() + self.pause
        run = unlearn(
            task, method, epochs, callback=lambda run: self._epoch(run, epochs, stop), stop=stop
        )
        done = len(run.history) if self.pause else self.epoch
        stopped = run.stopped or stop.is_set() and done < epochs
        if stopped:
            self.say(f"Stopped in epoch {done + 1} of {epochs}.")
        if not run.history:
            return
        self.progress.value = done / epochs
        with style.look():
            self.model, self.metrics, self.epoch = run.model, run.metrics, done
            self.keep(run, stopped)
            # there may be other images since its last epoch
            self.frame(self.model, run)

    def prepare(self, stop) -> dict:
        return {}

    def stage(self, seed, method, epochs, stop):
        """The task of this seed, and an empty track. Raises Stopped."""
        if not self.stands(self.task, seed) or (self.truth_metrics is None and self.wants_truth()):
            made = self._made(seed, stop)
            with style.look():  # not while it is drawn: the picture is of one task
                self.task, self.start_metrics, self.truth_metrics = made
                self._behind = None
                self.finished = "", []  # the last whole run: its method's name, and its track
        with style.look():
            # the model: once the run is over. The track: what is judged, after every epoch of it,
            # from the original on.
            self.model = self.drawn = None
            self.metrics, self.under_way = self.start_metrics, method.name
            self.track, self.previous = [self.place(self.metrics)], self.finished
            self.epoch = 0
            if self.canvas is None:
                self.canvas = Canvas(self.figure)
                self.view.children = (self.canvas.widget,)
            if self._behind != self.epochs.value:
                self.show()
            elif not self.pause:  # only what moves is another; where epochs are short, it soon is
                self.frame(None)

    def stands(self, task, seed) -> bool:
        """Whether a task is the one that is asked for."""
        return task is not None and task.seed == seed

    def wants_truth(self) -> bool:
        """Whether somebody asked for a ground truth that would have to be trained."""
        return False

    def _made(self, seed, stop):
        """The task of a seed, its data and models shipped, kept, or made now, and the metrics of
        the two; None of a ground truth that would have to be trained and that nobody asked for."""
        self.say(
            f"Getting the images and the models of seed {seed} ready. How long a training takes "
            "stands here after its first epoch."
        )
        if len(self.left.children) == 3:  # the first time
            self.left.children += self.add(self.redraw, self.prepare(stop))
        self._reported = time.monotonic()
        task = self.experiment.task(
            *self.source, seed=seed, progress=self.trained, stop=stop, **self.more
        )
        truth = vars(task)["ground_truth"].model
        if truth is None and self.wants_truth():
            truth = task.ground_truth
        self.say()
        own = measure(task, task.original, stop)
        return task, own, None if truth is None else measure(task, truth, stop)

    def _epoch(self, run, epochs, stop):
        done = len(run.history)
        if self.pause and (time.monotonic() < self._next or done == epochs):  # `unlearn` draws it
            return
        began = time.monotonic()
        try:  # it may take seconds
            metrics = measure(self.task, run.model, stop)
        except Stopped:  # the run ends before its next update
            return
        with style.look():
            self.metrics, self.epoch = metrics, done
            self.track = [*self.track, self.place(metrics)]
            self.frame(run.model)
        self.progress.value = done / epochs
        now = time.monotonic()  # on a busy machine frames take longer, and are fewer
        self._next = now + max(self.pause, 10 * (now - began))

    def place(self, metrics: dict[str, float]) -> tuple[float, ...]:
        """What is judged of a model's metrics."""
        return tuple(metrics[name] for name in self.judged)

    def keep(self, run, stopped: bool) -> None:
        """Remembers what later pictures show of a run that has ended."""
        if not stopped:
            self.finished = run.method.name, self.track

    # -- showing

    def show(self) -> None:
        """The whole picture anew."""
        with style.look():
            self._behind, epochs = None, self.epochs.value  # which may change meanwhile
            for ax in self.figure.axes:  # clear() alone would make all their ticks once more
                ax.remove()
            self.figure.clear()
            self.draw()
            self.canvas.draw(lambda: self._add(self.drawn))
            self._behind = epochs  # the T that it is the background of

    def frame(self, model, run=None) -> None:
        """One frame, of what `model` says; and the numbers of a run that has ended."""
        self.canvas.move(lambda: self._add(model))
        if run:
            self.readout.value = self._table(run)

    def _add(self, model):
        if model is not self.drawn:  # a copy: a run that goes on has other tensors in its own
            self.drawn = model and copied(model)
        self.figure.alt = self.move(self.drawn)

    def compared(self, name) -> dict[str, dict[str, float]]:
        """The rows of the table: names, one of them the method's, and metrics."""
        now = {name: self.metrics, "ground truth": self.truth_metrics}
        return {"original": self.start_metrics} | now

    def _table(self, run):
        """HTML: the numbers of a run, beside those of the trained models."""
        rows = {
            name: [words.format(**metrics) for words in self.columns.values()]
            for name, metrics in self.compared(run.method.name).items()
            if metrics
        }
        epochs = len(run.history)
        rows[run.method.name].append(f"{run.seconds:.2f} s for {epochs} epoch{'s' * (epochs != 1)}")
        return table(rows, head=tuple(self.columns))


class ImageLab(UnlearningLab):
    """A lab of an experiment with images, whose run is a way through the metrics that are judged.

    seed: 1 to 5. method: any of ul.METHODS. epochs: T, 1 to 20, default that of the settings.
    dataset, preset, device: as in the experiment's task. An original that is not there yet is
    trained at first use, in the thread, and a ground truth when its box is ticked; the lab says how
    far that is, and Stop keeps what was done.

    settings: `first_settings` of the data set and the preset.
    """

    hidden = "weight_decay", "temperature", "max_epochs"
    possible_seeds = 1, 5  # those whose models ship with the package
    possible_epochs = 1, 20

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
        self.preset = choose(self.experiment.PRESETS, dataset, preset)
        usual, self.settings = first_settings(self.row, dataset, preset)
        epochs, size = usual if epochs is None else epochs, self.preset.batch_size
        if dataset != "digits":
            box = Checkbox(description="train the ground truth", **WIDE)
            self.extra = self.add(self.start, {"truth": box})
        super().__init__(seed, method, epochs, size, (dataset, preset), device=device)

    def wants_truth(self):
        return bool(self.extra) and self.truth.value

    def trained(self, name, done, loss):
        """Says how far a training is, after each of its epochs."""
        role = "original" if name.endswith("original") else "ground truth"
        epochs, before, self._reported = self.preset.epochs(role), self._reported, time.monotonic()
        left = (self._reported - before) * (epochs - done)
        self.progress.value = done / epochs
        self.say(
            f"Training the {role} of seed {self.seed.value}, which is then kept: epoch {done} of "
            f"{epochs}, loss {loss:.3f}, about {left:.0f} s to go."
        )

    def titles(self) -> list[str]:
        """What run it is, where it stands, and where the run before ended."""
        now = [f"{n.replace('_', ' ')} {v:.3f}" for n, v in zip(self.judged, self.track[-1])]
        (name, way), before = self.previous, ""
        if way:
            before = f"before, dashed: {name}, {', '.join(f'{value:.3f}' for value in way[-1])}"
        return [f"{self.under_way}, epoch {len(self.track) - 1}", ", ".join(now), before]

    def move_run(self, ax) -> None:
        """The run, what it is, and behind it the run before, if there is one."""
        before, way = self._way(self.previous[1]), self._way(self.track)
        ax.plot(*before, ".--", color=GHOST, linewidth=1.2, zorder=1.9)
        ax.plot(*way, "o-", color=style.BLUE, markersize=5)
        ax.plot(*way, "o", color=style.BLUE, markersize=10, markevery=[-1])
        heading(ax, "\n".join(self.titles()), style.BLUE)

    def _way(self, track):
        """What to plot: each metric that is judged, after every epoch."""
        return np.reshape(track, (-1, len(self.judged))).T


def heading(ax, text: str, color=style.BLACK, size: float = 9.5) -> None:
    """A title that may move."""
    note(ax, text, (0, 1), (0, 6), color, xycoords="axes fraction", fontsize=size)
