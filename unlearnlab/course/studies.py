"""A study: a task, a grid and seeds that make one recorded file, seed by seed.

    GD = {"GD": {"epochs": 100, "lr": [1e-3, 1e-4]}}
    study = Study(name="mine", title="two rates", factory=my_task, grid=GD, seeds=(1, 2, 3))
    record(study, Place(store="runs/mine", out="mine.json"))

Whatever ends it, the seeds that are whole are in the file, and the same call goes on from there.
A result of another kind has a class of its own, a Shape.
"""

import inspect
import itertools
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from torch import nn

from ..ground import files
from ..ground.models import copied
from ..ground.provenance import provenance
from ..ground.source import contents
from ..ground.stopping import Stopped, heeding
from ..ground.threads import one_thread
from ..loop import measure
from ..study import table
from ..study.grid import expand
from ..study.store import code_fingerprint
from ..study.sweep import sweep
from ..study.table import RESULTS
from ..task import Task

# what an option is when nobody says otherwise; all others but `originals`, which its provenance
# names, are part of a study's name
USUAL = {
    "dataset": "digits",
    "preset": "quick",
    "device": "cpu",
    "p_retain": None,
    "width": None,
    "precision": "float32",
    "test_images": None,
    "originals": None,
}
# how the name of a study says them; another device adds in another order, whatever its number
WORDS = {
    "dataset": "{}",
    "preset": "{}",
    "device": "{}",
    "p_retain": "retain{:g}",
    "width": "width{:g}",
    "precision": "{}",
    "test_images": "test{}",
}
MADE = ("commit", "device", "torch", "threads")  # columns of a sweep that the provenance has once

Tables = dict[str, list[dict]]  # rows by the name of their table, each a dict of cells


@dataclass
class Place:
    """Where and how a study is made.

    store: the folder of finished runs. out: the file. workers: processes, default the cores; with
    1 all is done in this one, in the grid's order.
    stop: set it to end early. say: is told how far it is. partial: whether the file is to have
    the runs of the seed within which it ended, too.
    code: of the package, as it was when this was made and, in short, when it runs.
    """

    store: Path
    out: Path
    workers: int = field(default_factory=os.cpu_count)
    stop: threading.Event = field(default_factory=threading.Event)
    say: Callable[[str], None] = print
    partial: bool = False
    code: str = field(default_factory=contents, init=False)

    def __post_init__(self):
        self.store, self.out = (Path(path).expanduser() for path in (self.store, self.out))

    def go_on(self) -> None:
        """Raises Stopped when the study is to end."""
        if self.stop.is_set():
            raise Stopped("stopped")

    def kept(self, study, name: str, make: Callable[[], dict], given: str = "") -> dict:
        """The tables, lists of rows by name, that `make` returned first: for what is no sweep.

        given: what they follow from besides the study. They are made again when that, any file
        of the package, the module of `study` or its options are others, and when the kept file
        is damaged. Raises Stopped when the study is to end, also while a network runs in
        `make`.
        """
        module = inspect.getmodule(type(study))
        source = inspect.getsource(module if hasattr(module, "__file__") else type(study))
        words = table.sha256(f"{source}{study.options}{given}")
        own = {"part": name, "code": self.code + code_fingerprint(), "study": words}
        path = self.store / "parts" / f"{name}.json"
        try:
            if path.exists() and table.read(path).provenance == own:
                return table.read(path).rows
        except table.BadTable as error:
            self.say(f"{error}. It is made again")
        self.go_on()
        with heeding(self.stop, nn.Identity(), f"while {name} was made"):
            tables = make()
        table.write(path, tables, own)
        self.say(name)
        return table.read(path).rows

    def beside(self, name: str) -> Path:
        """A recorded file that this one follows from: in the folder of `out`, or in RESULTS."""
        own = self.out.with_name(name)
        return own if own.exists() else RESULTS / name


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What makes one recorded file, part by part; a part is a seed unless `parts` says otherwise.

    name, title: of the study, the second in words. options: those of USUAL in which its task is
    another. unit: what its parts are, in one word.
    """

    name: str
    title: str
    seeds: tuple[int, ...]
    options: dict = field(default_factory=dict)
    unit = "seeds"

    @property
    def large(self) -> bool:
        """Whether it wants a GPU, or days: then it is made when it is asked for by name."""
        return self.options.get("preset") == "paper"

    def origins(self, place: Place) -> dict[str, str]:
        """Words for the provenance on the recorded files it follows from."""
        return {}

    def parts(self) -> Sequence:
        """What is made one after the other."""
        return self.seeds

    def make(self, part, place: Place, so_far: Tables) -> Tables:
        """The rows of one part, by table. so_far: those of the parts before it.

        Raises Stopped when `place.stop` is set before it is whole. Where `place.partial` asks for
        the rows so far, its arguments are how many of how many, in words, and these.
        """
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Study(Shape):
    """Every setting of a grid on the task of every seed.

    factory: called with a seed, and with `stop=` the first time, as trainings may be long; gives
    the Task. grid: as `ul.sweep` takes it.
    """

    factory: Callable[..., Task]
    grid: object

    def make(self, part, place, so_far):
        """Tables "runs" and "models", the original and, once all runs are there, the ground
        truth."""
        task = self.factory(part, stop=place.stop)

        def told(role, model):
            return {"role": role, "seed": part, **measure(task, copied(model), place.stop)}

        # the original before the runs, as a stop leaves no time for it; the ground truth after
        # them, as it may have to be trained
        models = [told("original", task.original)]
        backend, factory = "local", self.factory
        elsewhere = self.options.get("device", "cpu") != "cpu"
        if elsewhere or place.workers == 1:  # a large task takes seconds to make, and memory
            backend, factory = "serial", {part: task}.__getitem__
        frame = sweep(
            factory,
            self.grid,
            [part],
            place.store,
            backend=backend,
            workers=place.workers,
            stop=place.stop,
        )
        rows = run_rows(frame)
        count = len(expand(self.grid))
        tables = {"runs": rows, "models": models}
        try:
            if len(rows) < count:
                raise Stopped("stopped")
            if (truth := task.ground_truth) is not None:
                models.append(told("ground truth", truth))
        except Stopped as early:
            if rows and place.partial:
                said = f"{len(rows)} of {count} settings of seed {part}"
                raise Stopped(said, tables) from early
            raise
        return tables


def run_rows(frame) -> list[dict]:
    """What `ul.sweep` returned as rows, columns in the order of their names, as a sweep that goes
    on may have them in another."""
    first = ("method", "epochs", "seed")
    return frame[[*first, *sorted({*frame.columns} - {*first, *MADE})]].to_dict("records")


def unusual(options: dict) -> dict:
    """Those of a study's options that are not as in USUAL."""
    return {name: value for name, value in options.items() if value != USUAL[name]}


def file_name(study: Shape) -> str:
    """The name of a study's file and store, without an ending: whatever is unusual is in it."""
    own = unusual(study.options)
    if own.keys() & {"dataset", "preset"}:
        own = {name: USUAL[name] for name in ("dataset", "preset")} | own
    words = [word.format(own[name]) for name, word in WORDS.items() if name in own]
    return "-".join([study.name, *(word.partition(":")[0] for word in words)])


def command(study: Shape) -> str:
    """The line that makes a study again."""
    words = ["python -m unlearnlab.study", study.name]
    for name, value in unusual(study.options).items():
        # of a folder its name, wherever it lies
        words.append(f"--{name.replace('_', '-')} {getattr(value, 'name', value)}")
    return " ".join(words)


def check(study: Shape, place: Place) -> None:
    """Looks, before any work, whether a study can be made here, and makes the folder of `out`.

    Raises PermissionError or IsADirectoryError where nothing can be written, BadTable for a file
    that is damaged, ValueError for one with seeds that the study has not, as they would be lost,
    and what a study raises that follows from another's file.
    """
    study.origins(place)
    out = place.out
    files.check_writable(out, "--out")
    if not out.exists():
        return
    lost = sorted(_seeds(table.read(out).rows) - {*study.seeds})
    if lost:
        raise ValueError(f"{out} holds seeds {lost}, which this would not make: name another --out")


def record(study: Shape, place: Place) -> int:
    """Makes a study and writes its file after each part; how many parts are whole.

    Fewer parts than the study has are said in the file's provenance, as "finished". They replace
    no file that has more rows, or a seed that they have not.

    Raises before any work what `check` raises, during it what `ul.sweep` and the study raise.
    """
    check(study, place)
    known, written, count = [], True, len(study.parts())
    size = lambda tables: sum(map(len, tables.values()))

    def write(parts, more=""):
        """Whether it is written: part of a result never replaces more of it."""
        tables, own = _together(parts), made
        if len(known) < count:
            own = made | {"finished": f"{len(known)} of {count} {study.unit}{more}"}
            there = table.read(place.out).rows if place.out.exists() else {}
            if size(there) > size(tables) or _seeds(there) - _seeds(tables):
                return False
        table.write(place.out, tables, own)
        return True

    with one_thread():  # sums depend on their number
        # now, as a checkout may change while this runs
        made = provenance(command(study), study.options.get("device", "cpu"))
        made |= {"workers": str(place.workers), **study.origins(place)}
        try:
            for part in study.parts():
                place.go_on()
                known.append(study.make(part, place, _together(known)))
                written = write(known)
        except Stopped as early:
            said, *unfinished = early.args
            if unfinished:
                written = write([*known, *unfinished], f", and {said}")
                place.say(said)
    stays = "" if written else ", and the file there has more or others: it stays as it is"
    place.say(f"{place.out.name}: {len(known)} of {count} {study.unit}{stays}")
    return len(known)


def _seeds(tables):
    return {row["seed"] for row in itertools.chain(*tables.values()) if "seed" in row}


def significant(value, digits: int = 6):
    """A float with so many significant digits; anything else as it is."""
    return float(f"{value:.{digits}g}") if isinstance(value, float) else value


def _together(parts):
    """One list of rows per table, numbers with 6 digits: the first rows of all parts, then the
    second ones, ..."""
    joined = {}
    for name in dict.fromkeys(itertools.chain(*parts)):
        rows = itertools.zip_longest(*(tables.get(name, []) for tables in parts))
        joined[name] = [
            {column: significant(cell) for column, cell in row.items()}
            for row in itertools.chain(*rows)
            if row
        ]
    return joined
