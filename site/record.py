"""Records what the labs show, for the website:

    python site/record.py                every lab that moves on the website
    python site/record.py SpanLab        one of them

Each is written to site/replays/. From ten seconds to some minutes a lab.
"""

import itertools
import re
import sys
import threading

from replay import Replay

import unlearnlab as ul
from unlearnlab.chapters import (
    ch02_relaxed,
    ch04_sine,
    ch05_linear,
    ch06_linear_network,
    ch07_two_layer,
    ch09_erasure,
    ch10_collapse,
    ch12_width,
    ch13_evidence,
    ch18_passage,
)
from unlearnlab.chapters.ch12_width import choosing
from unlearnlab.chapters.ch12_width import study as widths
from unlearnlab.course.lab_settings import first_settings
from unlearnlab.course.style import look
from unlearnlab.course.unlearning_lab import ImageLab
from unlearnlab.loop import measure

# the cell of a table that says how long a run took, which is another time at every recording
SECONDS = re.compile(r"<td[^>]*>[\d.]+ s for \d+ epochs?</td>")
TENTHS = [round(0.1 * i, 1) for i in range(11)]
NETWORKS, _ = ch13_evidence.verdicts.load("evidence")
LADDERS = widths.load("width")
# lab -> which settings of which control, in the order of its sliders; others stay where they begin
SLIDERS = {
    ch02_relaxed.ValleyLab: {"steps": list(range(0, 101, 4))},
    ch02_relaxed.SpanLab: {"off": TENTHS, "along": TENTHS[::2], "n_pert": [0, 3, 6, 9]},
    ch05_linear.LinearLab: {
        "heading": list(range(0, 360, 15)),
        "tilt": [-60, -30, 0, 25, 50, 75],
        "label": [-1.0, 0.0, 1.0, 2.0],
        "retained": [1, 2],
    },
    ch06_linear_network.LinearNetworkLab: {
        "depth": [1, 2, 3, 4, 5, 6],
        "width": [1, 2, 4, 6, 12],
        "n_retain": [1, 3, 6, 9, 12, 15],
        "seed": [1, 2, 3],
    },
    ch07_two_layer.PruneLab: {
        "n_r": [5, 8, 10, 12],
        "copies": [0, 2],
        "h": [40, 100, 150],
        "activation": ["ReLU", "tanh", "SiLU", "GELU"],
        "method": ["pivoted", "linear program", "matching pursuit"],
    },
    ch12_width.WidthLab: {
        "rung": sorted(LADDERS.runs.groupby(["network", "width"]).groups),
        "method": list(ch12_width.lab.METHOD_NAMES),
        "goal": list(choosing.GOALS),
        "lam": [0.2, 0.4, 0.8],
    },
    ch13_evidence.EvidenceLab: {
        "method": list(NETWORKS.margins["forget"]),
        "metric": [*ch13_evidence.verdicts.PER_EXAMPLE, ch13_evidence.verdicts.ATTACK],
        "part": list(ch13_evidence.lab.PARTS),
        "example": [0, 15, 30, 45],
    },
}
# what a lab is given
RECORDS = {ch12_width.WidthLab: [LADDERS], ch13_evidence.EvidenceLab: [NETWORKS]}


def begun(kind, lab, grid):
    """A replay without states; it begins where the lab's controls are, which are now let go."""
    controls = {}
    for name, values in grid.items():
        control = getattr(lab, name)
        pairs = [one for one in getattr(control, "options", ()) if isinstance(one, tuple)]
        words = {value: word for word, value in pairs}
        said = [str(words.get(value, value)) for value in values]
        controls[name] = control.description, said, values.index(control.value)
        control.unobserve_all("value")
    return Replay(kind.__name__, controls)


def sliders(kind):
    """A lab whose picture follows its controls, at all settings of its grid."""
    lab, grid = kind(*RECORDS.get(kind, [])), SLIDERS[kind]
    replay = begun(kind, lab, grid)
    for values in itertools.product(*grid.values()):
        for name, value in zip(grid, values):
            getattr(lab, name).value = value
        lab.show()
        with look():
            replay.add(lab.canvas.figure, lab.numbers.value, lab.status.value)
    return replay


def frames(kind, wanted):
    """A lab that runs a method, but its frames come after the epochs `wanted(T)`, not by the
    clock."""

    class Framed(kind):
        pause = 0
        seen = staticmethod(lambda figure: None)

        def _epoch(self, run, epochs, stop):
            self.epoch = len(run.history)
            if self.epoch in wanted(epochs):
                super()._epoch(run, epochs, stop)
                with look():
                    self.seen(self.figure)
            else:
                self.between(run, stop)

        def between(self, run, stop):
            if issubclass(kind, ImageLab):  # its way goes through every epoch
                metrics = measure(self.task, run.model, stop)
                self.track = [*self.track, self.place(metrics)]

        def keep(self, run, stopped):
            if not issubclass(kind, ImageLab):  # its run before would be the one recorded before
                super().keep(run, stopped)

        def start(self, event=None):
            pass

    return Framed


def runs(kind, grid, shares, **first):
    """A lab that runs a method, at all settings of `grid`: seed, epochs (T) and name (method).

    shares: of T, after which there is a frame.
    """
    wanted = lambda T: [max(1, round(share * T)) for share in shares[1:]]
    lab = frames(kind, wanted)(**first)
    replay = begun(kind, lab, grid)
    done = [f"{share:.0%} of T" for share in shares]
    replay.controls["done"] = "epochs done", done, len(shares) - 1
    for values in itertools.product(*grid.values()):
        for name, value in zip(grid, values):
            getattr(lab, name).value = value
        lab.seen = replay.add
        run_of(lab, replay)
        print(kind.__name__, *values, flush=True)
    return replay


def run_of(lab, replay):
    """The frames of one run: the original, and after each share of T."""
    lab.fill(lab.settings[lab.name.value])
    seed, method, T = lab.asked()
    stop = threading.Event()
    lab.stage(seed, method, T, stop)
    with look():
        lab.canvas.move(lambda: lab._add(None))
        replay.add(lab.figure)
    lab.unlearn(seed, method, T, stop)
    if lab.error:
        raise lab.error
    replay.states[-1]["table"] = SECONDS.sub("", lab.readout.value)


class SineLab(ch04_sine.SineLab):
    """The scores of all methods stand beside every run, as after "Compare all methods"."""

    def stage(self, seed, method, epochs, stop):
        super().stage(seed, method, epochs, stop)
        if not self.scores:
            known = ch04_sine.compare([ul.sine.task(seed)], epochs)
            self.scores = {row["method"]: row for row in known}


class PassageLab(ch18_passage.PassageLab):
    """What the models write stands in the picture; the table has the numbers alone."""

    columns = {k: v for k, v in ch18_passage.PassageLab.columns.items() if k != "writes"}


def prompts(kind):
    """PassageLab at its first seed: one run of each method, over the first T, then all prompts."""
    lab = frames(kind, lambda T: [T])()
    people, ways = ([value for _, value in menu.options] for menu in (lab.person, lab.way))
    # the methods innermost: what the trained models write stays as it is, and packs well
    replay = begun(kind, lab, {"person": people, "way": ways, "name": list(lab.settings)})
    lab.prompt.unobserve_all("value")  # `read` below follows it
    ended = {}
    for name in lab.settings:
        lab.name.value = name
        ended[name] = end_of(lab)
        print(kind.__name__, name, flush=True)
    for person, way, name in itertools.product(people, ways, ended):
        lab.person.value, lab.way.value = person, way
        lab.under_way, (lab.model, table) = name, ended[name]
        lab.choose()
        lab.read()
        if lab.error:
            raise lab.error
        replay.add(lab.figure, table)
    return replay


def end_of(lab):
    """The model that a run ends with, and its table."""
    lab.fill(lab.settings[lab.name.value])
    lab.unlearn(*lab.asked(), threading.Event())
    if lab.error:
        raise lab.error
    lab.ended = None  # or every prompt would make its table anew
    return lab.model, SECONDS.sub("", lab.readout.value)


def main(names):
    made = {kind.__name__: lambda kind=kind: sliders(kind) for kind in SLIDERS}
    seeds = [1, 2, 3, 4, 5]
    sine = {"seed": seeds, "epochs": [10, 100, 1000], "name": list(ul.sine.best_settings(100))}
    made["SineLab"] = lambda: runs(SineLab, sine, (0, 0.1, 0.25, 0.5, 1), seed=3)
    fifths = (0, 0.2, 0.4, 0.6, 0.8, 1)
    _, methods = first_settings("erasure", "digits", "quick")
    erasure = {"seed": seeds, "epochs": [5, 10], "name": list(methods)}
    made["ErasureLab"] = lambda: runs(ch09_erasure.ErasureLab, erasure, fifths)
    _, methods = first_settings("collapse", "digits", "quick")
    collapse = {"seed": seeds[:3], "epochs": [5, 15], "name": list(methods)}
    made["CollapseLab"] = lambda: runs(ch10_collapse.CollapseLab, collapse, fifths)
    made["PassageLab"] = lambda: prompts(PassageLab)
    for name in names or made:
        path = made[name]().save()
        print(f"{name}: {path.stat().st_size // 1000} kB", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
