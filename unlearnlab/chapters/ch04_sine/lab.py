"""SineLab: poison a sine, unlearn it by any method under sliders, and compare all methods."""

import math
from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from ipyevents import Event
from ipywidgets import HBox, ToggleButton
from torch.nn.utils import parameters_to_vector, vector_to_parameters
from traitlets import Instance

from ...course.lab import button, weakly
from ...course.marks import name_rows, over_points, pi_ticks, plain_ticks
from ...course.style import BLUE, COLORS, FORGET, NAMED, ORIGINAL, TARGET, UNLEARNED, look
from ...course.unlearning_lab import UnlearningLab, heading
from ...data.sine import POISON, RETAIN
from ...ground import checks
from ...ground.models import copied
from ...methods import Method
from ...tasks import sine
from . import runs
from .pictures import curve, worst

EPOCHS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
# of its own, whatever torch's defaults are when this is imported
OWN = {"dtype": torch.float32, "device": "cpu"}
MORE = torch.tensor([[0.0, POISON], [5.0, POISON], [11.0, POISON]], **OWN)  # points to add
KEPT = 100  # how many epochs of a run can be looked at afterwards
EMPTY = torch.nn.Linear(1, 1, bias=False, **OWN)  # the function 0
torch.nn.init.zeros_(EMPTY.weight)
OF_A = {"color": COLORS["wine"], "linestyle": "--", "linewidth": 1.4}
ERRORS = {f"{name}_error": f"{name} error" for name in ("sup", "retain", "forget", "rms")}


class SineLab(UnlearningLab):
    """The lab of notebook 04. Every slider reruns the unlearning in a thread and redraws the fit.

    The forget points can be moved, by the mouse or by sliders, and there may be more or fewer: then
    an original learns them first, as `runs.taught` says. Afterwards the run's epochs can be looked
    at, and one of its curves kept beside the next run.

    seed: 1 to 10. method: one of Table 5's eight, or of `methods`. epochs: one of EPOCHS. Changing
    the method or T sets the hyperparameters to the paper's best for the nearest published T.
    methods: of your own, each with the values its sliders begin with, under its `name`.
    """

    experiment = sine
    possible_seeds, possible_epochs = (1, 10), (EPOCHS,)
    size, pause = (9.2, 3.7), 0.3
    go = "Compare all methods", "bar-chart", 190
    back = "Paper's best settings", "undo", 190
    columns = {words: f"{{{name}:.2f}}" for name, words in ERRORS.items()}
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
        if self.own:  # no recording of the lab without them may stand for it
            self.summary = self.summary.replace(":", f" with {', '.join(self.own)}:")
        self.moved = {}  # by seed: where the reader has put the forget points, and those to add
        self.a = self.ended = None
        self.dragged = False
        keep = ToggleButton(description="Keep curve as A")
        below = self.add(self.seek, {"shown": ("epoch shown", 0, 0, EPOCHS[-1])})
        below += self.add(self.keep_a, {"a_button": keep})
        across = {"x": ("its x", 0.0, -15.75, 15.75, 0.05)}
        up = {"height": ("its height", POISON, -3.0, 3.0, 0.05)}
        points = self.add(self.start, {"count": ("forget points", 5, 1, 8)}, late=True)
        points += self.add(self.choose, {"point": ("point", 1, 1, 5)})
        points += self.add(self.relocate, across | up, late=True)
        super().__init__(seed, method, epochs, RETAIN)
        self.choose()
        self.left.children += *points, button(self.restore, "Paper's points", "undo", 190)
        self.view.children += (HBox(below),)
        watched = ["mousedown", "mousemove", "mouseup", "mouseleave"]
        mouse = Event(source=self.canvas.widget, watched_events=watched, wait=40)
        mouse.prevent_default_action = True
        mouse.on_dom_event(weakly(self.drag))
        self.view.add_traits(mouse=Instance(Event))  # so that it is closed with the panel
        self.view.mouse = mouse

    @property
    def settings(self):
        """The paper's best setting of every method for the chosen T, and one's own methods."""
        return sine.best_settings(self.epochs.value) | self.own

    # -- the forget points

    @property
    def places(self) -> torch.Tensor:
        """The forget points of the chosen seed, (n, 2): x and height. A view: what is written to it
        moves them."""
        seed = self.seed.value
        if seed not in self.moved:
            shipped = sine.task(seed).forget.tensors
            self.moved[seed] = torch.cat([torch.cat(shipped, 1), MORE])
        return self.moved[seed][: self.count.value]

    def choose(self, change=None):
        """The sliders go to the chosen point."""
        self.point.max = len(self.places)
        self.x.value, self.height.value = self.places[self.point.value - 1].tolist()

    def relocate(self, change):
        """The chosen point goes where the sliders are."""
        place, axis = self.places[self.point.value - 1], int(change["owner"] is self.height)
        if place[axis].item() == change["new"]:  # the sliders came to the point
            return
        place[axis] = change["new"]
        if self.dragged:
            self.frame(self.drawn)
        else:
            self.start()

    def restore(self, event=None):
        self.moved.pop(self.seed.value, None)  # a seed that has only just been chosen has none
        self.count.value = 5
        self.start()

    def drag(self, event):
        """The forget point that is nearest follows the mouse; where it is let go, the original
        learns it."""
        with look():  # no picture is half drawn: its axes would not be where they are seen
            to_pixels = self.figure.axes[0].transData.frozen()
        spot = event["dataX"], self.figure.bbox.height - event["dataY"]
        if event["type"] == "mousedown":
            far = np.linalg.norm(to_pixels.transform(self.places) - spot, axis=1)
            self.point.value, self.dragged = int(far.argmin()) + 1, True
        elif self.dragged:
            self.x.value, self.height.value = to_pixels.inverted().transform(spot)
            self.dragged = event["type"] == "mousemove"
            if not self.dragged:
                self.start()

    # -- running

    def start(self, event=None):
        self.choose()  # here: within a run it would move another point, chosen meanwhile
        super().start()

    def stands(self, task, seed):
        return super().stands(task, seed) and torch.equal(
            torch.cat(task.forget.tensors, 1), self.places
        )

    def _made(self, seed, stop):
        task = sine.task(seed)
        if not self.stands(task, seed):
            task = runs.taught(task, self.places.clone(), self._learning, stop)
            self.say()
        task = task.changed(evaluate=partial(sine.errors, task))
        return task, *map(task.evaluate, (task.original, task.ground_truth))

    def _learning(self, model, done):
        self.under_way, self.epoch = "Learning these points", done
        self.progress.value = done / runs.LEARN
        self.say("The original learns these points, from the ground truth on.")
        self.frame(model)

    def stage(self, seed, method, epochs, stop):
        self.ended = None
        super().stage(seed, method, epochs, stop)
        self.kept = [parameters_to_vector(self.task.original.parameters())]
        self.shown.step = max(1, epochs // KEPT)

    def _epoch(self, run, epochs, stop):
        if len(run.history) % self.shown.step == 0:
            self.kept.append(parameters_to_vector(run.model.parameters()))
        super()._epoch(run, epochs, stop)

    def keep(self, run, stopped):
        if not stopped:
            self.scores = {**self.scores, run.method.name: run.metrics}
        self.shown.max = self.shown.step * (len(self.kept) - 1)
        self.shown.value, self.ended = self.shown.max, run

    def press(self, event):
        self.work(self._compare, *self.asked())

    def _compare(self, seed, method, epochs, stop):
        """All methods at the paper's best settings, result by result."""
        if self.ended is None or not self.stands(self.task, seed):
            self.unlearn(seed, method, epochs, stop)
        self.say()
        for done, record in enumerate(runs.compare([self.task], epochs, self.settings, stop), 1):
            self.scores = {**self.scores, record["method"]: record}
            self.progress.value = done / len(self.settings)
            self.frame(self.model, self.ended)
        if stop.is_set():
            self.say("Stopped. The methods that are done stand in the table.")

    # -- looking

    def seek(self, change):
        """The run as it was after another of its epochs."""
        with look():  # no run begins or ends meanwhile
            run = self.ended
            if run is None:
                return
            self.epoch, self.model = self.shown.value, copied(run.model)
            kept = self.kept[self.epoch // self.shown.step]
            vector_to_parameters(kept, self.model.parameters())
            self.metrics = self.task.evaluate(self.model)
            self.frame(self.model, run)

    def keep_a(self, change):
        """What is seen stays beside the next runs, until it is let go."""
        with look():  # one frame's words, curve and numbers
            self.a = None
            if change["new"]:
                words = f"A: {self.under_way}, {self.epoch} epochs"
                self.a = words, curve(self.drawn or self.task.original), self.metrics
            self.frame(self.drawn, self.ended)

    def compared(self, name):
        rows = {"the function 0": self.task.evaluate(EMPTY), "original": self.start_metrics}
        rows |= {"ground truth": self.truth_metrics, **self.scores, name: self.metrics}
        return rows | ({self.a[0]: self.a[2]} if self.a else {})

    def draw(self):
        self.scores = {}
        self.figure.set_layout_engine("constrained")
        fit, scores = self.figure.subplots(1, 2, width_ratios=[3, 1.15])
        task, T = self.task, self.epochs.value
        x, y = curve(task.original)
        curves = {"sin x": np.sin(x), "original": y}
        nowhere = [np.nan], [np.nan]  # forget points may move
        over_points(fit, x, curves, task.retain.tensors, nowhere)
        fit.plot([], [], label="unlearned", **UNLEARNED)
        fit.plot([], [], label="A", **OF_A)
        limit = np.clip(1.3 * np.abs(y).max(), 4, 6)
        fit.set(ylim=(-limit, limit), title=" ")  # room for what moves
        fit.legend(ncols=6, fontsize=8.5, loc="upper right", columnspacing=1.2)
        pi_ticks(fit.xaxis)
        nearest = min(sine.PUBLISHED, key=lambda t: abs(math.log(T / t)))
        name_rows(scores, self.settings)
        _, *ends = np.transpose(list(sine.PUBLISHED[nearest].values()))
        scores.plot(ends, [range(len(ends[0]))] * 2, **NAMED["published range"])
        scores.axvline(self.start_metrics["sup_error"], **ORIGINAL)
        scores.axvline(1, **TARGET)
        scores.set(
            xscale="log",
            xlim=(0.3, 60 if T < 500 else 3000),
            xlabel="sup error (dotted: function 0)",
            title=f"Gray: published, T = {nearest}",
        )
        plain_ticks(scores.xaxis)

    def move(self, model):
        fit, scores = self.figure.axes
        x, y = curve(model or self.task.original)
        error, bar = worst(x, y)
        fit.plot(*bar, **NAMED["worst"])
        fit.plot(*(self.a[1] if self.a else ([], [])), **OF_A)
        words = f"{self.under_way} after {self.epoch} epochs"
        fit.plot(x, y, **UNLEARNED)
        fit.plot(*self.places.T, **FORGET)
        chosen = self.places[self.point.value - 1 :][:1]  # none where there are fewer by now
        fit.plot(*chosen.T, "o", color=FORGET["color"], fillstyle="none", markersize=14)
        heading(fit, f"{words}: sup error {error:.2f}", size=11)
        for name, errors in self.scores.items():
            scores.plot(errors["sup_error"], list(self.settings).index(name), "D", color=BLUE)
        return f"The poisoned sine: {words} has sup error {error:.1f}"
