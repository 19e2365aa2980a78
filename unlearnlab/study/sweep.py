"""How do thousands of runs come to one table, whatever is interrupted on the way?

    frame = ul.sweep(ul.sine.task, {"MinNorm-OG": {"epochs": 100, "lr": [1e-3, 1e-4], "reg": [.1,
                                    .5]}, "GD": {"epochs": 100, "lr": [1e-3, 1e-4]}}, seeds=range(1,
                                    11), store="runs/sine")

Every finished run is on disk at once. The same call again goes on where the last one was, and a
call with another grid reuses what fits.
"""

import dataclasses
import itertools
import os
import random
import threading
from collections.abc import Callable, Iterable
from contextlib import closing, contextmanager
from pathlib import Path

from ..ground import checks, files
from ..ground.identity import fingerprint
from ..ground.models import device_of
from ..loop import COLUMNS
from ..task import Task
from . import workers as processes
from .grid import expand, listed
from .runs import Job, Runner
from .store import Store, StoreMismatch, code_fingerprint, key, task_parts


def sweep(
    task_factory: Callable[[int], Task],
    grid,
    seeds: Iterable[int],
    store: Path | str,
    backend="local",
    *,
    workers: int | None = None,
    threads: int = 1,
    run_seed: int = 0,
    timeout: float | None = None,
    progress: bool | Callable[[dict, int, int], None] = True,
    stop: threading.Event | None = None,
):
    """Runs every setting of `grid` on every seed's task; a pandas.DataFrame, one row per run.

    task_factory(seed): gives the task; it is called here once per seed, and then in every worker.
    grid: {method's name or class: {hyperparameter or "epochs": value or list of values}}, a pair
    (Method, epochs), or a list of these; epochs must be named, the rest has defaults. store: the
    folder that keeps finished runs. backend: "local" (processes), "serial" (here, in order), "dask"
    (its scheduler here, and processes) or a dask Client. workers: processes (default: cores).
    threads: of torch in each; one number for all, because sums depend on it.
    run_seed: the `seed` of `unlearn`. timeout: seconds a run may take with the making of its task.
    progress: a bar, none, or progress(row, done, total). stop: set it to end early, while the tasks
    are made too; of the seeds whose task was made, the rows finished so far come back.

    Columns: method, epochs, seed, every hyperparameter of the grid's methods (missing where a
    method lacks it), every metric, seconds, error, and the provenance. A run that diverges or fails
    has its error in its row and ends nothing; so has one that changed what the next would begin
    with, such as a generator that a metric holds. One that failed for another reason than its
    numbers (a worker that died, memory, time) is tried again by the next call. A run is known by
    all that its numbers follow from: after an edit of a method, a task, a metric or what these use,
    it is another run. What they read while they run, from a file or the environment, is not looked
    at, nor is what was put in the place of a function in a module of this package or of a library.

    Raises before any work: TypeError or ValueError for arguments that do not fit, CannotIdentify, a
    TypeError, for a task or a method of which nobody could say whether it is the same as before,
    BadMetrics, a TypeError, for metrics that cannot stand in a table, StoreMismatch for a store of
    other code, or code that was edited since its import, PermissionError for one that cannot be
    written. During it: OSError when the store can no longer be written, StoreMismatch when a worker
    has other code or makes another task than is made here, or other code did a run of this sweep.
    """
    checks.hearers(progress, stop, bool)
    plan = _Plan(task_factory, grid, seeds, backend, workers, threads, run_seed, timeout)
    return _swept(plan, Store(store), progress, stop)


def _swept(plan, kept, progress, stop):
    files.remove_old_temporaries(kept.folder)
    records, code = kept.read_all(), code_fingerprint()
    for record in records.values():
        _refuse_other(kept, record, code)
    run, jobs = plan.prepared(stop)
    records = {job.name: records[job.name] for job in jobs if job.name in records}
    todo = [job for job in jobs if job.name not in records]
    if plan.backend != "serial":  # or two sweeps on one store would do the same runs at one time
        random.SystemRandom().shuffle(todo)
    places = {}  # seed by seed, so that a worker keeps its task
    todo.sort(key=lambda job: places.setdefault(job.seed, len(places)))

    def missing():
        """Runs to do. Those that another process has finished meanwhile are only read."""
        for job in todo:
            record = kept.read(job.name)
            if record is None:
                yield job
            else:
                _refuse_other(kept, record, code)
                done(job, record)

    def keep(job, outcome):
        record, final = outcome
        if final:
            kept.write(job.name, record)

    def done(job, record):
        records[job.name] = record
        report(_row(job, record))

    with _reporter(progress, len(jobs), len(records)) as report:
        with closing(plan.results(run, missing(), stop, len(todo), keep)) as results:
            for job, outcome in results:
                keep(job, outcome)
                done(job, outcome[0])
    return _frame(plan.settings, jobs, records)


class _Plan:
    """The arguments of a sweep, checked, and what follows from them."""

    def __init__(self, factory, grid, seeds, backend, workers, threads, run_seed, timeout):
        checks.function("task_factory", factory, "from a seed to a ul.Task")
        if not hasattr(backend, "scheduler_info"):
            checks.one_of("backend", backend, ("local", "serial", "dask"), " or a dask Client")
        self.factory, self.backend = factory, backend
        seeds = [checks.seed(seed, "each of seeds") for seed in listed(seeds)]
        self.settings, self.seeds = expand(grid), list(dict.fromkeys(seeds))
        for name, several in (("grid", self.settings), ("seeds", self.seeds)):
            if not several:
                raise ValueError(f"{name} is empty: there is nothing to run")
        self.workers = checks.integer(
            "workers", os.cpu_count() if workers is None else workers, low=1
        )
        self.threads = checks.integer("threads", threads, low=1)
        self.run_seed = checks.seed(run_seed, "run_seed")
        self.timeout = None if timeout is None else checks.number("timeout", timeout, above=0)
        if self.timeout and backend == "serial":
            raise ValueError(
                'timeout needs a process to end: take the backend "local" or "dask", got "serial"'
            )

    def prepared(self, stop=None):
        """(what does a run, every run to do). Makes the task of every seed, once, until `stop`."""
        parts, methods = {}, [setting.method for setting in self.settings]
        device = "cpu"  # of no task yet
        rules = [*map(fingerprint, methods)]
        for seed in self.seeds:
            if stop and stop.is_set():
                break
            task = self.factory(seed)
            checks.instance(f"task_factory({seed})", task, Task, "a ul.Task")
            for method, epochs in self.settings:
                method.check(task, epochs)
            made = task_parts(task)
            if same := [other for other in parts if parts[other] == made]:
                raise ValueError(
                    f"task_factory makes one and the same task of seeds {same[0]} and {seed}, and "
                    "their runs would be equal in everything: let it depend on the seed, as by "
                    "task.changed(seed=seed)"
                )
            parts[seed] = made
            device = device_of(task.original).type
        run = Runner(self.factory, methods, parts, self.threads, self.timeout, device)
        if self.backend != "serial":
            run.pack()
        jobs, shared = [], {"run_seed": self.run_seed, "threads": self.threads}
        for (i, (method, epochs)), seed in itertools.product(enumerate(self.settings), parts):
            own = {"method": method.name, "epochs": epochs, **dataclasses.asdict(method)}
            own |= {"seed": seed, "rule": rules[i], "task": key(parts[seed]), **shared}
            jobs.append(Job(i, epochs, seed, own))
        return run, jobs

    def results(self, run, jobs, stop, count, keep):
        """(job, outcome) as they finish, in any order. count: of the jobs, at most."""
        if self.backend == "serial" or not count:
            return _serial(run, jobs, stop)
        stop = stop or threading.Event()
        workers = min(self.workers, count)
        return processes.results(run, jobs, stop, self.backend, workers, keep)


def _refuse_other(kept, record, code):
    """A store with any record of other code, found before the first run or put there since."""
    if record["code"] != code:
        made = record["provenance"]
        raise StoreMismatch(
            f"the store {kept.folder} holds runs of other code (fingerprint {record['code']}, "
            f"now {code}; commit {made['commit'][:12]}, torch {made['torch']}). "
            "Name another folder, or go back to that version"
        )


def _serial(run, jobs, stop):
    try:
        for job in jobs:
            if stop and stop.is_set() or (outcome := run(job, stop)) is None:
                return
            yield job, outcome
    finally:
        run.close()


def _row(job, record):
    made = {**record, **record["provenance"]}
    return job.identity | record["metrics"] | {name: made[name] for name in COLUMNS[3:]}


def _frame(settings, jobs, records):
    import pandas

    done = [(job, records[job.name]) for job in jobs if job.name in records]
    kinds = {}
    for setting in settings:
        for name, value in dataclasses.asdict(setting.method).items():
            kinds.setdefault(name, []).append(value)
    metrics = dict.fromkeys(name for _, record in done for name in record["metrics"])
    columns = [*COLUMNS[:3], *kinds, *metrics, *COLUMNS[3:]]
    frame = pandas.DataFrame([_row(*each) for each in done], columns=columns)
    frame.attrs["hyperparameters"] = [*kinds]
    for name, values in kinds.items():
        if {*map(type, values)} == {int}:  # pandas' integers may be missing, but have 64 bits
            kind = "Int64" if max(map(abs, values)) < 2**63 else object
            frame[name] = pandas.Series([job.identity.get(name) for job, _ in done], dtype=kind)
    return frame


@contextmanager
def _reporter(progress, total, done):
    """report(row): moves a bar, or calls the caller's function with the number of finished runs."""
    if callable(progress):
        counter = itertools.count(done + 1)
        yield lambda row: progress(row, next(counter), total)
        return
    from tqdm.auto import tqdm

    failed = []

    def report(row):
        if row["error"] is not None:
            failed.append(row)
            bar.set_postfix_str(f"{len(failed)} failed", refresh=False)
        bar.update()

    with tqdm(total=total, initial=done, unit="run", disable=not progress) as bar:
        yield report
