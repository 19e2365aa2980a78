"""SineLab: poison a sine, unlearn it by any method under sliders, and compare all methods."""

import math
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

import numpy as np
import torch
from ipywidgets import HBox, ToggleButton, VBox
from torch.nn.utils import parameters_to_vector, vector_to_parameters
from torch.utils.data import TensorDataset

from ...course.lab import MENU, button, close, control, table, weakly
from ...course.marks import central, name_rows, note, over_points, plain_ticks
from ...course.style import BLUE, COLORS, FORGET, NAMED, ORIGINAL, TARGET, UNLEARNED, look
from ...course.unlearning_lab import UnlearningLab, heading
from ...data.sine import HALF_WIDTH, POISON, RETAIN, points
from ...ground import checks
from ...ground.models import copied
from ...loop import unlearn
from ...methods import Method
from ...task import Task
from ...tasks import sine
from ...tasks.presets import together
from ...training.fit import fit
from ...training.recipe import full_batch
from .pictures import curve, worst

try:
    from ipyevents import Event
except ImportError:  # sliders do all that the mouse does
    Event = None

EPOCHS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
ALL = "all ten seeds"
LEARN = 2000  # epochs in which an original learns poison that the reader moved
MOST, HIGHEST = 8, 3.0  # of the forget points, how many and how far from 0
NEAR = 20  # pixels from a forget point, where the mouse takes hold of it
KEPT = 100  # how many epochs of a run can be looked at afterwards
OF_A = {"color": COLORS["wine"], "linestyle": "--", "linewidth": 1.4}
ERRORS = {"sup error": "sup", "retain": "retain", "forget": "forget", "rms": "rms"}


class SineLab(UnlearningLab):
    """The lab of notebook 04. Every slider reruns the unlearning in a thread and redraws the fit.

    The forget points can be moved, by the mouse or by sliders, and there may be more or fewer: then
    an original learns them first, in LEARN epochs (see `taught`). Afterwards the run's epochs can
    be looked at, and one of its curves kept beside the next run.

    seed: 1 to 10. method: one of Table 5's eight, or of `methods`. epochs: one of EPOCHS. Changing
    the method or T sets the hyperparameters to the paper's best for the nearest published T.
    methods: of your own, each with the values its sliders begin with, under its `name`.
    """

    experiment = sine
    possible_seeds, possible_epochs = (1, 10), (EPOCHS,)
    size, pause = (9.2, 3.7), 0.3
    go = "Compare all methods", "bar-chart", 190
    back = "Paper's best settings", "undo", 190
    columns = {words: f"{{{name}_error:.2f}}" for words, name in ERRORS.items()}
    columns["sup error"] = "<b>{sup_error:.2f}</b>"
    summary = "SineLab: run the notebook to move forget points, and for a method under sliders"
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
        self.moved = {}  # by seed: the forget points where the reader has put them
        self.kept, self.a, self.ended, self.dragged = [], None, None, False
        self.seeds = control("compare on", "this seed", ("this seed", ALL), MENU)
        self.a_button = ToggleButton(description="Keep this curve as A", layout={"width": "190px"})
        self.add(self.keep_a, {"a_button": self.a_button})
        column = *self._point_controls(), button(self.restore, "Paper's points", "undo", 190)
        shown = self.add(self.seek, {"shown": ("epoch shown", 0, 0, EPOCHS[-1])})
        self._staged = None
        super().__init__(seed, method, epochs, RETAIN)
        self.left.children += (self.seeds,)
        top, *rest = self.panel.children
        top.children += (VBox(column),)
        top.layout.flex_flow = "row wrap"
        rest.insert(2, HBox((*shown, self.a_button)))
        self.panel.children = top, *rest
        if Event:
            watched = ["mousedown", "mousemove", "mouseup", "mouseleave"]
            calm = {"prevent_default_action": True, "wait": 40}
            self.mouse = Event(source=self.canvas.widget, watched_events=watched, **calm)
            self.mouse.on_dom_event(weakly(self.drag))
            weakref.finalize(self, close, self.mouse)

    def _point_controls(self):
        count = {"count": ("forget points", 5, 1, MOST)}
        point = {"point": ("point", 1, 1, 5)}
        place = {
            "x": ("its x", 0.0, -15.75, 15.75, 0.05),
            "height": ("its height", POISON, -HIGHEST, HIGHEST, 0.05),
        }
        return (
            *self.add(self.recount, count, late=True),
            *self.add(self.choose, point),
            *self.add(self.relocate, place, late=True),
        )

    def close(self):
        super().close()
        if Event:
            close(self.mouse)

    @property
    def settings(self):
        """The paper's best setting of every method for the chosen T, and one's own methods."""
        return sine.best_settings(self.epochs.value) | self.own

    # -- the forget points

    @property
    def places(self) -> torch.Tensor:
        """The forget points of the chosen seed, (n, 2): x and height."""
        seed = self.seed.value
        return self.moved[seed] if seed in self.moved else torch.cat(points(seed)[1].tensors, 1)

    def put(self, place) -> None:
        """Moves the chosen point."""
        places = self.places.clone()
        places[self.point.value - 1] = torch.tensor(place)
        self.moved[self.seed.value] = places

    def choose(self, change=None) -> None:
        """The sliders go to the chosen point of those that there are."""
        self.count.value = self.point.max = len(self.places)
        self.x.value, self.height.value = self.places[self.point.value - 1].tolist()

    def relocate(self, change):
        place = self.places[self.point.value - 1].tolist()
        now = self.x.value, self.height.value
        axis = change["owner"] is self.height
        if place[axis] != now[axis]:
            place[axis] = now[axis]
            self.put(place)
            self.start()

    def recount(self, change):
        """The last points go, or new ones come, each in the widest gap between the others."""
        places = self.places[: self.count.value]
        while len(places) < self.count.value:
            ends = np.sort([-HALF_WIDTH, *places[:, 0], HALF_WIDTH])
            gap = np.diff(ends).argmax()
            new = [[ends[gap : gap + 2].mean(), POISON]]
            places = torch.cat([places, torch.tensor(new, dtype=places.dtype)])
        if len(places) != len(self.places):
            self.moved[self.seed.value] = places
            self.choose()
            self.start()

    def restore(self, event=None):
        self.moved.pop(self.seed.value, None)
        self.start()

    def drag(self, event):
        """A forget point follows the mouse; where it is let go, the original learns it."""
        with look():
            ax = self.figure.axes[0]
            right, down = (
                event[f"relative{axis}"] / event[f"boundingRect{side}"]
                for axis, side in (("X", "Width"), ("Y", "Height"))
            )
            spot = self.figure.bbox.size * (right, 1 - down)
            if event["type"] == "mousedown":
                far = np.linalg.norm(ax.transData.transform(self.places) - spot, axis=1)
                self.dragged = far.min() < NEAR
                if self.dragged:
                    self.point.value = int(far.argmin()) + 1
            elif self.dragged and event["type"] == "mousemove":
                most = np.array([HALF_WIDTH, HIGHEST])
                self.put(np.clip(ax.transData.inverted().transform(spot), -most, most))
                self.canvas.move(lambda: self._add(self.seen))
            elif self.dragged:
                self.dragged = False
                self.start()

    # -- running

    def stands(self, seed):
        return super().stands(seed) and torch.equal(
            torch.cat(self.task.forget.tensors, 1), self.places
        )

    def _made(self, seed, stop):
        task = sine.task(seed)
        if seed in self.moved:
            task = taught(task, self.places, self._learning, stop)
            self.say()
        task = task.changed(evaluate=partial(sine.errors, task))
        return task, *map(task.evaluate, (task.original, task.ground_truth))

    def _learning(self, model, done):
        self.under_way, self.epoch, self.progress.value = (
            "Learning these points",
            done,
            done / LEARN,
        )
        self.say("The original learns these points, from the ground truth on.")
        self.canvas.move(lambda: self._add(model))

    def stage(self, seed, method, epochs, stop):
        self.choose()
        self.ended = None
        if self._staged != (seed, epochs) or not self.stands(seed):
            self._staged, self.scores, self.results.value = (seed, epochs), {}, ""
        super().stage(seed, method, epochs, stop)
        self.kept = [parameters_to_vector(self.task.original.parameters())]
        self.shown.step = max(1, epochs // KEPT)

    def _epoch(self, run, epochs, stop):
        if len(run.history) % self.shown.step == 0:
            self.kept.append(parameters_to_vector(run.model.parameters()))
        super()._epoch(run, epochs, stop)

    def keep(self, run, stopped):
        self.scores = {**self.scores, run.method.name: run.metrics["sup_error"]}
        self.shown.max = self.shown.step * (len(self.kept) - 1)
        self.shown.value, self.ended = self.shown.max, run

    def press(self, event):
        self.work(self._compare, *self.asked())

    def _compare(self, seed, method, epochs, stop):
        """All methods at the paper's best settings, result by result."""
        if not self.stands(seed):
            self.unlearn(seed, method, epochs, stop)
        tasks = range(1, 11) if self.seeds.value == ALL else [self.task]
        self.say()
        self.scores, errors = {}, {}
        for record in compare(tasks, epochs, self.settings, stop):
            errors.setdefault(record["method"], []).append(record)
            self.scores = {name: _median(records) for name, records in errors.items()}
            done = sum(map(len, errors.values()))
            self.progress.value = done / len(tasks) / len(self.settings)
            self.results.value = _results(errors, epochs)
            self.canvas.move(lambda: self._add(self.model))
        if stop.is_set():
            self.say(
                f"Stopped. {len(errors)} of {len(self.settings)} methods were begun; their results "
                "stand."
            )

    # -- looking

    def seek(self, change):
        """The run as it was after another of its epochs."""
        run = self.ended
        if run is None:
            return
        self.epoch, self.model = change["new"], copied(run.model)
        kept = self.kept[self.epoch // self.shown.step]
        vector_to_parameters(kept, self.model.parameters())
        self.metrics = self.task.evaluate(self.model)
        self.canvas.move(lambda: self._add(self.model))
        self.readout.value = self._table(run)

    def keep_a(self, change):
        """What is seen stays beside the next runs, until it is let go."""
        self.a = None
        if change["new"]:
            words = f"A: {self.under_way}, {self.epoch} epochs"
            self.a = words, curve(self.seen or self.task.original), self.metrics
        self.redraw()
        if self.ended:
            self.readout.value = self._table(self.ended)

    def compared(self, name):
        empty = copied(self.task.original)
        vector_to_parameters(torch.zeros_like(self.kept[0]), empty.parameters())
        rows = {"the function 0": self.task.evaluate(empty)} | super().compared(name)
        return rows | ({self.a[0]: self.a[2]} if self.a else {})

    def draw(self):
        self.figure.set_layout_engine("constrained")
        fit, scores = self.figure.subplots(1, 2, width_ratios=[3, 1.15])
        task, T = self.task, self.epochs.value
        x, y = curve(task.original)
        curves = {"sin x": np.sin(x), "original": y}
        nowhere = [np.nan], [np.nan]  # those to forget may move
        over_points(fit, x, curves, task.retain.tensors, nowhere)
        fit.plot([], [], label="unlearned", **UNLEARNED)
        if self.a:
            fit.plot(*self.a[1], label="A", **OF_A)
        limit = np.clip(1.3 * np.abs(y).max(), 1.3 * HIGHEST, 6)
        fit.set(ylim=(-limit, limit), title=" ")  # room for what moves
        fit.legend(ncols=6, fontsize=8.5, loc="upper right", columnspacing=1.2)
        nearest = min(sine.PUBLISHED, key=lambda t: abs(math.log(T / t)))
        name_rows(scores, self.settings)
        for row, (_, *ends) in enumerate(sine.PUBLISHED[nearest].values()):
            scores.plot(ends, [row, row], **NAMED["published range"])
        scores.axvline(self.start_metrics["sup_error"], **ORIGINAL)
        scores.axvline(1, **TARGET)
        note(scores, "function 0", (1, 0), (-3, 0), rotation=90, ha="right", va="top", fontsize=8)
        scores.set(
            xscale="log",
            xlim=(0.3, 60 if T < 500 else 3000),
            xlabel="sup error (log)",
            title=f"Gray: published, T = {nearest}",
        )
        plain_ticks(scores.xaxis)

    def move(self, model):
        fit, scores = self.figure.axes
        self.seen = model
        x, y = curve(model or self.task.original)
        error, bar = worst(x, y)
        fit.plot(*bar, **NAMED["worst"])
        words = f"{self.under_way} after {self.epoch} epochs"
        fit.plot(x, y, **UNLEARNED)
        fit.plot(*self.places.T, **FORGET)
        chosen = self.places[self.point.value - 1 :][:1].T
        fit.plot(*chosen, "o", color=FORGET["color"], fillstyle="none", markersize=14)
        heading(fit, f"{words}: sup error {error:.2f}", size=11)
        rows = map(list(self.settings).index, self.scores)
        scores.plot(list(self.scores.values()), list(rows), "D", color=BLUE)
        return f"The poisoned sine: {words} has sup error {error:.1f}"


def taught(
    task: Task, places: torch.Tensor, watch: Callable | None = None, stop=None, epochs: int = LEARN
) -> Task:
    """The sine task with other forget points, and an original that has learnt them.

    The paper's originals take 100,000 epochs from random weights. This one begins at the ground
    truth, which knows the retain points, and goes on for `epochs` on all of them.

    places: (n, 2), x and height of every forget point. watch(model, epochs done): called on the
    way. stop: as in `fit`, which raises Stopped.
    """
    forget, model = TensorDataset(*places.split(1, 1)), copied(task.ground_truth)
    progress = watch and (lambda done, loss: watch(model, done))
    recipe = full_batch(epochs)
    fit(model, *together(task.retain, forget), recipe, progress=progress, stop=stop)
    return task.changed(original=model, forget=forget)


def compare(
    tasks: Iterable[int | Task], epochs: int, settings: dict[str, Method] | None = None, stop=None
) -> Iterator[dict]:
    """Every method on every task: yields {"method", "seed", and the errors of `sine.errors`},
    methods in the table's order.

    tasks: or seeds of those that ship. settings: name -> Method, default
    `sine.best_settings(epochs)`. stop: a threading.Event that ends it.
    """
    tasks = [each if isinstance(each, Task) else sine.task(each) for each in tasks]
    for name, method in (settings or sine.best_settings(epochs)).items():
        for task in tasks:
            run = unlearn(task, method, epochs, stop=stop)
            if run.stopped:
                return
            yield {"method": name, "seed": task.seed, **sine.errors(task, run.model)}


def _median(records, measure="sup"):
    return central([record[f"{measure}_error"] for record in records])[0]


def _results(errors, epochs):
    """Medians of the errors by method so far, beside the published ones, as HTML."""
    published, rows = sine.PUBLISHED.get(epochs, {}), {}
    for name, own in errors.items():
        median, low, high = central([record["sup_error"] for record in own])
        others = [f"{_median(own, measure):.2f}" for measure in list(ERRORS.values())[1:]]
        spread = f"{low:.2f} to {high:.2f}, {len(own)} seeds" if len(own) > 1 else "one seed"
        theirs = f"none for T = {epochs}" if name in sine.PUBLISHED[10] else "none, your own method"
        if name in published:
            theirs = "{:.3g} ({:.3g} to {:.3g})".format(*published[name])
        rows[name] = f"<b>{median:.2f}</b>", *others, spread, theirs
    return table(rows, (*ERRORS, "range of sup", "published sup, median (range)"))
