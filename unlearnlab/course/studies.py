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
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..ground import files
from ..ground.provenance import provenance
from ..ground.source import source_digest
from ..ground.threads import one_thread
from ..study import table
from ..study.grid import expand
from ..study.store import code_fingerprint
from ..study.sweep import sweep
from ..task import Task
from ..training.fit import Stopped

RESULTS = Path(__file__).parents[2] / "notebooks" / "results"
# what an option is when nobody says otherwise; all others are part of a study's name
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
IMAGE_OPTIONS = tuple(USUAL)[:6]  # of a study that takes no others
# how the name of a study says them; another device adds in another order, whatever its number
WORDS = {
    "device": "{}",
    "p_retain": "retain{:g}",
    "width": "width{:g}",
    "precision": "{}",
    "test_images": "test{}",
}
MADE = ("commit", "device", "torch", "threads")  # columns of a sweep that the provenance has once


@dataclass(frozen=True)
class Place:
    """Where and how a study is made.

    store: the folder of finished runs. out: the file. workers: processes, default the cores; with
    1 all is done in this one, in the grid's order.
    stop: set it to end early. say: is told how far it is. partial: whether the file is to have
    the runs of the seed within which it ended, too.
    """

    store: Path
    out: Path
    workers: int = field(default_factory=os.cpu_count)
    stop: threading.Event = field(default_factory=threading.Event)
    say: Callable[[str], None] = print
    partial: bool = False

    def __post_init__(self):
        for name in ("store", "out"):
            object.__setattr__(self, name, Path(getattr(self, name)).expanduser())

    def go_on(self) -> None:
        """Raises Stopped when the study is to end."""
        if self.stop.is_set():
            raise Stopped("stopped")

    def kept(self, study, name: str, make: Callable[[], dict], given: str = "") -> dict:
        """The tables, lists of rows by name, that `make` returned first: for what is no sweep.

        given: what they follow from besides the study. They are made again when that, the
        package's code, the module of `study` or its options are others, and when the kept file
        is damaged. Raises Stopped instead of making them when the study is to end.
        """
        source = source_digest(inspect.getsource(sys.modules[type(study).__module__]))
        words = table.sha256(f"{source}{study.options}{given}")
        own = {"part": name, "code": code_fingerprint(), "study": words}
        path = self.store / "parts" / f"{name}.json"
        try:
            if path.exists() and table.read(path).provenance == own:
                return table.read(path).rows
        except table.BadTable as error:
            self.say(f"{error}. It is made again")
        self.go_on()
        table.write(path, make(), own)
        self.say(name)
        return table.read(path).rows

    def beside(self, name: str) -> Path:
        """A recorded file that this one follows from: in the folder of `out`, or in RESULTS."""
        own = self.out.with_name(name)
        return own if own.exists() else RESULTS / name


class Unfinished(Stopped):
    """A part that ended before it was whole. tables: its rows so far. said: how many of how many,
    in words."""

    def __init__(self, tables: dict[str, list[dict]], said: str):
        super().__init__(said)
        self.tables, self.said = tables, said


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

    def origins(self, place: Place) -> dict[str, str]:
        """Words for the provenance on the recorded files it follows from."""
        return {}

    def parts(self) -> Sequence:
        """What is made one after the other."""
        return self.seeds

    def make(self, part, place: Place, so_far: dict[str, list[dict]]) -> dict[str, list[dict]]:
        """The rows of one part, by table. so_far: those of the parts before it.

        Raises Stopped when `place.stop` is set before it is whole; Unfinished, which is one,
        with the rows so far where `place.partial` asks for them.
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
        """Tables "models", the original and the ground truth of a seed, and "runs"."""
        task = self.factory(part, stop=place.stop)
        backend, factory = "local", self.factory
        elsewhere = self.options.get("device", "cpu") != "cpu"
        if elsewhere or place.workers == 1:  # a large task takes seconds to make, and memory
            backend, factory = "serial", {part: task}.__getitem__
        how = {"backend": backend, "workers": place.workers, "stop": place.stop}
        frame = sweep(factory, self.grid, [part], place.store, **how)
        made, count = len(frame), len(expand(self.grid))
        if made < count and not (made and place.partial):
            raise Stopped("stopped")
        tables = {"runs": run_rows(frame), "models": model_rows(task)}
        if made < count:
            raise Unfinished(tables, f"{made} of {count} settings of seed {part}")
        return tables


def run_rows(frame) -> list[dict]:
    """What `ul.sweep` returned as rows, numbers with 6 digits.

    Columns are in the order of their names, as a sweep that goes on may have them in another.
    """
    first = ("method", "epochs", "seed")
    names = [*first, *sorted(set(frame.columns) - {*first, *MADE})]
    rows = frame[names].to_dict("records")
    return [{name: table.significant(value) for name, value in row.items()} for row in rows]


def model_rows(task: Task) -> list[dict]:
    """The metrics of a task's original, and of its ground truth where it has one."""
    models = {"original": task.original, "ground truth": task.ground_truth}
    rows = []
    for role, model in models.items():
        if model is not None:
            metrics = {name: table.significant(v) for name, v in task.evaluate(model).items()}
            rows.append({"role": role, "seed": task.seed, **metrics})
    return rows


def file_name(study: Shape) -> str:
    """The name of a study's file and store, without an ending: whatever is unusual is in it."""
    values, words = USUAL | study.options, [study.name]
    if (values["dataset"], values["preset"]) != (USUAL["dataset"], USUAL["preset"]):
        words += [values["dataset"], values["preset"]]
    for option, word in WORDS.items():
        if values[option] != USUAL[option]:
            words.append(word.format(values[option]).partition(":")[0])
    return "-".join(words)


def command(study: Shape) -> str:
    """The line that makes a study again."""
    options = [
        # of a folder its name, wherever it lies
        f"--{name.replace('_', '-')} {value.name if isinstance(value, Path) else value}"
        for name, value in study.options.items()
        if value != USUAL[name]
    ]
    return " ".join(["python -m unlearnlab.study", study.name, *options])


def check(study: Shape, place: Place) -> None:
    """Looks, before any work, whether a study can be made here, and makes the folder of `out`.

    Raises PermissionError or IsADirectoryError where nothing can be written, BadTable for a file
    that is damaged, ValueError for one with seeds that the study has not, as they would be lost,
    and what a study raises that follows from another's file.
    """
    study.origins(place)
    out = place.out
    files.check_writable(out, "--out")
    if out.is_dir():
        raise IsADirectoryError(f"{out} is a folder, and would be the name of a file")
    if not out.exists():
        return
    rows = itertools.chain(*table.read(out).rows.values())
    lost = sorted({row["seed"] for row in rows if "seed" in row} - {*study.seeds})
    if lost:
        raise ValueError(f"{out} holds seeds {lost}, which this would not make: name another --out")


def record(study: Shape, place: Place) -> int:
    """Makes a study and writes its file after each part; how many parts are whole.

    Fewer parts than the study has are said in the file's provenance, as "finished". They replace
    no file that has more rows.

    Raises before any work what `check` raises, during it what `ul.sweep` and the study raise.
    """
    check(study, place)
    with one_thread():  # sums depend on their number
        # now, as a checkout may change while this runs
        made = provenance(command(study), (USUAL | study.options)["device"])
        made |= {"workers": str(place.workers), **study.origins(place)}
        whole, written = _make(study, place, made)
    count = f"{whole} of {len(study.parts())} {study.unit}"
    stays = "" if written else ", fewer than the file there has: it stays as it is"
    place.say(f"{place.out.name}: {count}{stays}")
    return whole


def _make(study, place, made):
    """How many parts were made, and whether the file holds them."""
    known, written, count = [], True, len(study.parts())
    said = lambda: f"{len(known)} of {count} {study.unit}"
    try:
        for part in study.parts():
            place.go_on()
            known.append(study.make(part, place, _together(known)))
            part_of_it = {"finished": said()} if len(known) < count else {}
            written = _write(place.out, _together(known), made | part_of_it)
    except Unfinished as early:
        finished = {"finished": f"{said()}, and {early.said}"}
        written = _write(place.out, _together([*known, early.tables]), made | finished)
        place.say(early.said)
    except Stopped:
        pass
    return len(known), written


def _write(out, tables, made):
    """Whether the tables were written: part of a result never replaces more of it."""
    if "finished" in made and out.exists():
        rows_there = sum(map(len, table.read(out).rows.values()))
        if rows_there > sum(map(len, tables.values())):
            return False
    table.write(out, tables, made)
    return True


def _together(parts):
    """One list of rows per table: the first rows of all parts, then the second ones, ..."""
    names = dict.fromkeys(name for tables in parts for name in tables)
    joined = {}
    for name in names:
        lists = [tables.get(name, []) for tables in parts]
        rows = itertools.chain(*itertools.zip_longest(*lists))
        joined[name] = [row for row in rows if row is not None]
    return joined
