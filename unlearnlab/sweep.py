"""How do thousands of runs come to one table, whatever is interrupted on the way?

    frame = ul.sweep(ul.sine.task, {"MinNorm-OG": {"epochs": 100, "lr": [1e-3, 1e-4], "reg": [.1, .5]},
                                    "GD": {"epochs": 100, "lr": [1e-3, 1e-4]}}, seeds=range(1, 11), store="runs/sine")

Every finished run is on disk at once. The same call again goes on where the last one was, and a call with another grid
reuses what fits.
"""
import dataclasses
import itertools
import multiprocessing
import os
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy
import torch

from .ground import checks
from .ground.identity import fingerprint
from .methods import METHODS, VARIANTS, Method
from .provenance import provenance
from .store import Store, StoreMismatch, code_fingerprint, key, task_parts
from .study import workers as processes
from .task import Task
from .unlearning import COLUMNS, BadMetrics, Diverged, check_metrics, unlearn

FIXED = COLUMNS


@dataclass(frozen=True)
class Setting:
    """One row of a grid: a method with its hyperparameters, for so many epochs."""

    method: Method
    epochs: int

    def __post_init__(self):
        checks.instance("a setting's method", self.method, Method, "a Method such as ul.GD(lr=1e-3)")
        object.__setattr__(self, "epochs", checks.integer(f"{self.method.name}: epochs", self.epochs, low=1))


def expand(grid) -> list[Setting]:
    """Every combination a grid names, in its order, each once.

    grid: {method name or class: {hyperparameter or "epochs": value or list of values}}, one (Method, epochs) pair or
    Setting, or a list of such. A hyperparameter that is not named keeps the method's default; epochs must be named.

    Raises TypeError or ValueError that names the method and the hyperparameter at fault, or two methods of one name.
    """
    settings = list(dict.fromkeys(_settings(grid)))
    kinds = {}
    for setting in settings:
        kind = type(setting.method)
        if kinds.setdefault(kind.name, kind) is not kind:
            raise ValueError(f"two methods of this grid are called {kind.name!r}, which the table could not tell apart: give one "
                             "another name, as in `name: ClassVar[str] = ...`")
    return settings


def _settings(grid):
    if isinstance(grid, Mapping):
        return [setting for name, values in grid.items() for setting in _combinations(name, values)]
    if isinstance(grid, Setting):
        return [grid]
    if isinstance(grid, tuple) and len(grid) == 2 and isinstance(grid[0], Method):
        return [Setting(*grid)]
    if isinstance(grid, Iterable) and not isinstance(grid, (str, bytes)):
        return [setting for part in grid for setting in _settings(part)]
    raise TypeError("grid must be a dict of methods, (Method, epochs) pairs, or a list of these, "
                    f"got {type(grid).__name__}")


def _combinations(method, values):
    kind = method if isinstance(method, type) and issubclass(method, Method) else (METHODS | VARIANTS).get(method)
    if kind is None:
        raise ValueError(f"grid names no method: {method!r}; there are {', '.join(METHODS | VARIANTS)}, and classes of your own")
    name, known = kind.name, [f.name for f in dataclasses.fields(kind)]
    if not isinstance(values, Mapping):
        raise TypeError(f"grid[{name!r}] must be a dict of hyperparameters, got {type(values).__name__}")
    for hyperparameter in values.keys() - {*known, "epochs"}:
        raise ValueError(f"{name} has no hyperparameter {hyperparameter!r}; it has epochs, {', '.join(known)}")
    if "epochs" not in values:
        raise ValueError(f"grid[{name!r}] must say for how many epochs")
    lists = {hyperparameter: _listed(value) for hyperparameter, value in values.items()}
    for hyperparameter in lists:
        if not lists[hyperparameter]:
            raise ValueError(f"grid[{name!r}][{hyperparameter!r}] is empty")
    for combination in itertools.product(*lists.values()):
        chosen = dict(zip(lists, combination))
        epochs = chosen.pop("epochs")
        yield Setting(kind(**chosen), epochs)


def _listed(value):
    single = isinstance(value, (int, float, str, type(None))) or numpy.ndim(value) == 0
    return [value] if single else list(value)


def sweep(task_factory: Callable[[int], Task], grid, seeds: Iterable[int], store: Path | str, backend="local", *,
          workers: int | None = None, threads: int = 1, run_seed: int = 0, timeout: float | None = None,
          progress: bool | Callable[[dict, int, int], None] = True, stop: threading.Event | None = None):
    """Runs every setting of `grid` on the task of every seed; a pandas.DataFrame with one row per run, in that order.

    task_factory(seed): gives the task; it is called here once per seed, and then in every worker. grid: see `expand`.
    store: the folder that keeps finished runs. backend: "local" (processes), "serial" (here), "dask" (a local cluster)
    or a dask Client. workers: processes (default: cores). threads: of torch in each; one number for all, because sums
    depend on it. run_seed: the `seed` of `unlearn`. timeout: seconds a run may take with the making of its task; None for
    any number. progress: a bar, none, or progress(row, done, total). stop: set it to end early; the rows finished so far
    come back.

    Columns: method, epochs, seed, every hyperparameter in the grid (missing where a method lacks it), every metric, seconds,
    error, and the provenance. A run that diverges or fails has its error in its row and ends nothing; one that failed for
    another reason than its numbers (a worker that died, memory, time) is tried again by the next call. A run is known by all
    that its numbers follow from: after an edit of a method, a task, a metric or what these use, it is another run.

    Raises before any work: TypeError or ValueError for arguments that do not fit, CannotIdentify, a TypeError, for a task or
    a method of which nobody could say whether it is the same as before, BadMetrics, a TypeError, for metrics that cannot
    stand in a table, StoreMismatch for a store of other code, PermissionError for one that cannot be written. During it:
    OSError when the store can no longer be written, StoreMismatch when a worker makes another task than is made here.
    """
    plan = _Plan(task_factory, grid, seeds, backend, workers, threads, run_seed, timeout)
    kept = Store(store)
    kept.clean()
    run, jobs = plan.prepared()
    records = _known(kept, jobs)
    todo = [job for job in jobs if job.name not in records]
    results = _results(plan, run, todo, kept, stop or threading.Event())
    with _reporter(progress, len(jobs), len(records)) as report, closing(results):
        for job, outcome in results:
            records[job.name] = outcome.record
            if outcome.final and not outcome.known:
                _keep(kept, job, outcome.record)
            report(_row(plan.settings, job, outcome.record))
    return _frame([_row(plan.settings, job, records[job.name]) for job in jobs if job.name in records], plan.settings)


class _Plan:
    """The arguments of a sweep, checked, and what follows from them."""

    def __init__(self, factory, grid, seeds, backend, workers, threads, run_seed, timeout):
        if getattr(multiprocessing.current_process(), "_inheriting", False):
            raise RuntimeError(processes.GUARD)
        if not callable(factory):
            raise TypeError(f"task_factory must be a function from a seed to a ul.Task, got {type(factory).__name__}")
        if backend not in ("local", "serial", "dask") and not hasattr(backend, "scheduler_info"):
            raise ValueError(f'backend must be "local", "serial", "dask" or a dask Client, got {backend!r}')
        self.factory, self.backend = factory, backend
        self.settings = expand(grid)
        if not self.settings:
            raise ValueError("grid is empty: there is nothing to run")
        seeds = list(seeds) if isinstance(seeds, Iterable) and not isinstance(seeds, str) else seeds
        if seeds == []:
            raise ValueError("seeds is empty: there is nothing to run")
        seeds = checks.integers("seeds", seeds, low=0) if isinstance(seeds, (list, str)) else [checks.seed(seeds, "seeds")]
        self.seeds = list(dict.fromkeys(seeds))
        self.workers = checks.integer("workers", os.cpu_count() if workers is None else workers, low=1)
        self.threads, self.run_seed = checks.integer("threads", threads, low=1), checks.seed(run_seed, "run_seed")
        self.timeout = None if timeout is None else checks.number("timeout", timeout, above=0)
        if self.timeout and backend == "serial":
            raise ValueError('timeout needs a process to end: take the backend "local" or "dask", got "serial"')

    def prepared(self):
        """(what does a run, every run to do). Makes the task of every seed, once."""
        parts, rules = {}, [fingerprint(setting.method) for setting in self.settings]
        for seed in self.seeds:
            task = self.factory(seed)
            if not isinstance(task, Task):
                raise TypeError(f"task_factory({seed}) must return a ul.Task, got {type(task).__name__}")
            for setting in self.settings:
                setting.method.check(task, setting.epochs)
            parts[seed] = task_parts(task)
        methods = [setting.method for setting in self.settings]
        device = next(task.original.parameters()).device.type
        run = _Run(self.factory, methods, parts, self.threads, self.timeout, device)
        if self.backend != "serial":
            run.pack()
        fixed = {"run_seed": self.run_seed, "threads": self.threads}
        return run, [_Job(i, setting.epochs, seed, {
            "method": setting.method.name, **dataclasses.asdict(setting.method), "epochs": setting.epochs, "seed": seed,
            "rule": rules[i], "task": key(parts[seed]), **fixed}) for i, setting in enumerate(self.settings) for seed in self.seeds]

    def start(self, count):
        """Where runs are done that are not done here; see `workers`. count: of them."""
        if self.backend == "local":
            return processes.local(min(self.workers, count))
        if self.backend == "dask":
            return processes.own_cluster(min(self.workers, count))
        return processes.cluster(self.backend)


def _keep(kept, job, record):
    try:
        kept.write(job.name, record)
    except OSError as error:
        raise OSError(error.errno, f"cannot write to the store {kept.folder} ({error.strerror}). The {len(kept.names())} runs "
                      "in it are whole; the same call goes on from there") from error


@dataclass(frozen=True)
class _Job:
    """One run to do: setting number `index` of the grid on a seed."""

    index: int
    epochs: int
    seed: int
    identity: dict

    @property
    def name(self):
        """Where its record is kept."""
        return key(self.identity)


@dataclass(frozen=True)
class _Outcome:
    """A record, whether it is the run's result for good, and whether another process had it already."""

    record: dict
    final: bool = True
    known: bool = False


class _Run:
    """What a worker does with a job. To other processes it goes by value, with functions of a notebook or a script."""

    def __init__(self, factory, methods, parts, threads, timeout, device):
        self.content, self.parts, self.threads, self.timeout = (factory, methods), parts, threads, timeout
        self.sweep, self.packed = uuid.uuid4().hex, None
        self.code, self.made = code_fingerprint(), {**provenance("ul.sweep", device), "threads": str(threads)}

    def pack(self):
        """Makes it ready to go to other processes, once for all jobs."""
        import cloudpickle
        try:
            self.packed, self.content = cloudpickle.dumps(self.content), None
        except Exception as error:
            raise TypeError(f"task_factory or a method cannot go to another process ({error}): make what cannot travel within "
                            'the factory, or take the backend "serial"') from error

    def __call__(self, job, stop=None):
        began, before, opened = time.perf_counter(), torch.get_num_threads(), False
        away = self.packed is not None  # where Ctrl-C is not heard: KeyboardInterrupt too is the run's own
        torch.set_num_threads(self.threads)
        try:
            method, task = self._opened(job)
            opened = True
            run = unlearn(task, method, job.epochs, job.identity["run_seed"], stop=stop)
            return None if run.stopped else self._outcome(job, run.metrics, run.seconds)
        except Diverged as error:
            return self._outcome(job, {}, time.perf_counter() - began, str(error))
        except BaseException if away else (Exception, SystemExit) as error:
            if not opened and isinstance(error, REFUSED):
                raise
            return self.failed(job, f"{type(error).__name__}: {error}", time.perf_counter() - began)
        finally:
            torch.set_num_threads(before)

    def failed(self, job, why, seconds=0.0):
        """The outcome of a run that gave no numbers, for a reason that may be gone next time."""
        return dataclasses.replace(self._outcome(job, {}, seconds, why), final=False)

    def outcome(self, job, future):
        """What a worker returned, or failed with."""
        try:
            return future.result()
        except REFUSED:
            raise
        except Exception as error:
            return self.failed(job, f"{type(error).__name__}: {error}")

    def _outcome(self, job, metrics, seconds, error=None):
        return _Outcome({"run": job.identity, "code": self.code, "metrics": metrics, "seconds": seconds, "error": error,
                         "provenance": self.made})

    def _opened(self, job):
        """The method and the task of a job. The task stays for the next job: they come seed by seed."""
        import cloudpickle
        if self.sweep not in _open:
            _open.clear()
            _open[self.sweep] = {"content": self.content or cloudpickle.loads(self.packed)}
        here = _open[self.sweep]
        factory, methods = here["content"]
        method = methods[job.index]
        if fingerprint(method) != job.identity["rule"]:
            raise StoreMismatch(f"{method.name} is another method in the worker than here: was its file edited meanwhile?")
        if here.get("seed") != job.seed:
            here["task"], here["seed"] = self._made(factory, methods, job.seed), job.seed
        return method, here["task"]

    def _made(self, factory, methods, seed):
        task = factory(seed)
        found, expected = task_parts(task), self.parts[seed]
        if differing := sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name)):
            raise StoreMismatch(f"task_factory({seed}) gave another task in the worker than before ({', '.join(differing)}): it "
                                "must depend on the seed alone, and nothing it uses may change while a sweep runs")
        for method in {type(method): method for method in methods}.values():
            check_metrics(task, method)
        return task


REFUSED = (StoreMismatch, BadMetrics)  # what concerns every run of a sweep, and ends it
_open = {}  # in a worker: what it has of the sweep that it works for


def _known(kept, jobs):
    """The records of these jobs that the store holds. Refuses a store in which any record is of other code."""
    records = kept.read_all()
    for record in records.values():
        if record["code"] != code_fingerprint():
            raise StoreMismatch(f"the store {kept.folder} holds runs of other code (fingerprint {record['code']}, now "
                                f"{code_fingerprint()}; commit {record['provenance']['commit'][:12]}, torch {record['provenance']['torch']}). "
                                "Name another folder, or go back to that version")
    return {job.name: records[job.name] for job in jobs if job.name in records}


def _shuffled(jobs):
    """Seed by seed, so that a worker keeps its task, but in an order of this process's own: two sweeps on one store would
    otherwise do the same runs at the same time."""
    order = random.Random(f"{os.getpid()} {time.time()}")
    seeds = list(dict.fromkeys(job.seed for job in jobs))
    order.shuffle(seeds)
    for seed in seeds:
        own = [job for job in jobs if job.seed == seed]
        order.shuffle(own)
        yield from own


def _results(plan, run, todo, kept, stop):
    """(job, outcome) as they finish, in any order. Runs that another process has finished meanwhile are only read."""
    def missing():
        for job in _shuffled(todo):
            record = kept.read(job.name) if job.name in kept else None
            if record is None:
                yield job
            else:
                found.append((job, _Outcome(record, known=True)))

    found = []
    if plan.backend == "serial" or not todo:
        results = _serial(run, missing(), stop)
    else:
        results = processes.results(run, missing(), stop, plan.start(len(todo)))
    with closing(results):
        for result in results:
            yield from found
            found.clear()
            yield result
    yield from found


def _serial(run, jobs, stop):
    for job in jobs:
        outcome = None if stop.is_set() else run(job, stop)
        if outcome is None:
            return
        yield job, outcome


# --- The table and the bar ---------------------------------------------------------------------------------------

def _row(settings, job, record):
    made = {name: record["provenance"][name] for name in ("commit", "device", "torch", "threads")}
    method = settings[job.index].method
    return {"method": method.name, "epochs": job.epochs, **dataclasses.asdict(method), "seed": job.seed, **record["metrics"],
            "seconds": record["seconds"], "error": record["error"], **made}


def _frame(rows, settings):
    import pandas
    hyperparameters = list(dict.fromkeys(name for setting in settings for name in dataclasses.asdict(setting.method)))
    metrics = dict.fromkeys(name for row in rows for name in row if name not in (*FIXED, *hyperparameters))
    frame = pandas.DataFrame(rows, columns=[*FIXED[:3], *hyperparameters, *metrics, *FIXED[3:]])
    frame.attrs["hyperparameters"] = hyperparameters
    values = {name: {type(getattr(s.method, name)) for s in settings if hasattr(s.method, name)} for name in hyperparameters}
    return frame.astype({name: "Int64" for name in hyperparameters if values[name] == {int}})  # integers that may be missing


@contextmanager
def _reporter(progress, total, done):
    """report(row): moves a bar, or calls the caller's function with the number of finished runs."""
    if callable(progress):
        counter = itertools.count(done + 1)
        yield lambda row: progress(row, next(counter), total)
        return
    from tqdm.auto import tqdm
    failed = 0

    def report(row):
        nonlocal failed
        failed += row["error"] is not None
        bar.set_postfix_str(f"{failed} failed" if failed else "", refresh=False)
        bar.update()

    with tqdm(total=total, initial=done, unit="run", disable=not progress) as bar:
        yield report
