"""How do thousands of runs come to one table, whatever is interrupted on the way?

    frame = ul.sweep(ul.sine.task, {"MinNorm-OG": {"epochs": 100, "lr": [1e-3, 1e-4], "reg": [.1, .5]},
                                    "GD": {"epochs": 100, "lr": [1e-3, 1e-4]}}, seeds=range(1, 11), store="runs/sine")

Every finished run is on disk at once. The same call again goes on where the last one was, and a call with another grid
reuses what fits.
"""
import dataclasses
import itertools
import logging
import math
import os
import random
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch

from .methods import METHODS, VARIANTS, Method
from .methods.base import RANGES
from .provenance import provenance
from .store import Store, StoreMismatch, code_fingerprint, key, task_fingerprint
from .task import Task
from .unlearning import Diverged, unlearn

ATTEMPTS = 2  # a run whose worker dies this often, alone in its process, is given up
WAIT = .2     # seconds between two looks at the stop event
LOST = 30.0   # seconds without a worker after which a cluster of our own is given up


@dataclass(frozen=True)
class Setting:
    """One row of a grid: a method with its hyperparameters, for so many epochs."""

    method: Method
    epochs: int


def expand(grid) -> list[Setting]:
    """Every combination a grid names, in its order, each once.

    grid: {method name: {hyperparameter or "epochs": value or list of values}}, one (Method, epochs) pair or Setting, or
    a list of such. A hyperparameter that is not named keeps the method's default; epochs must be named.

    Raises TypeError or ValueError that names the method and the hyperparameter at fault.
    """
    if isinstance(grid, Mapping):
        found = [setting for name, values in grid.items() for setting in _combinations(name, values)]
    elif isinstance(grid, Setting):
        found = [grid]
    elif isinstance(grid, tuple) and len(grid) == 2 and isinstance(grid[0], Method):
        found = [Setting(grid[0], _epochs(grid[0].name, grid[1]))]
    elif isinstance(grid, Iterable) and not isinstance(grid, (str, bytes)):
        found = [setting for part in grid for setting in expand(part)]
    else:
        raise TypeError(f"grid must be a dict of methods, (Method, epochs) pairs, or a list of these, got {type(grid).__name__}")
    return list(dict.fromkeys(found))


def _combinations(name, values):
    methods = METHODS | VARIANTS
    if name not in methods:
        raise ValueError(f"grid names no method: {name!r}; there are {', '.join(methods)}")
    if not isinstance(values, Mapping):
        raise TypeError(f"grid[{name!r}] must be a dict of hyperparameters, got {type(values).__name__}")
    method, known = methods[name], [f.name for f in dataclasses.fields(methods[name])]
    for hyperparameter in values.keys() - {*known, "epochs"}:
        raise ValueError(f"{name} has no hyperparameter {hyperparameter!r}; it has epochs, {', '.join(known)}")
    if "epochs" not in values:
        raise ValueError(f"grid[{name!r}] must say for how many epochs")
    lists = {k: [v] if isinstance(v, (int, float, str)) or not isinstance(v, Iterable) else list(v) for k, v in values.items()}
    for hyperparameter, chosen in lists.items():
        if not chosen:
            raise ValueError(f"grid[{name!r}][{hyperparameter!r}] is empty")
    for combination in itertools.product(*lists.values()):
        chosen = dict(zip(lists, combination))
        epochs = _epochs(name, chosen.pop("epochs"))
        yield Setting(method(**chosen), epochs)


def _epochs(name, value):
    if isinstance(value, bool) or not isinstance(value, int) and not hasattr(value, "__index__") or value < 1:
        raise ValueError(f"{name}: epochs must be an integer of at least 1, got {value!r}")
    return int(value)


def sweep(task_factory: Callable[[int], Task], grid, seeds: Iterable[int], store: Path | str, backend="local", *,
          workers: int | None = None, threads: int = 1, run_seed: int = 0, progress: bool | Callable[[dict, int, int], None] = True,
          stop: threading.Event | None = None):
    """Runs every setting of `grid` on the task of every seed; a pandas.DataFrame with one row per run, in that order.

    task_factory(seed): gives the task; it is called here once per seed, and then in every worker. grid: see `expand`.
    store: the folder that keeps finished runs. backend: "local" (processes), "serial" (here), "dask" (a local cluster)
    or a dask Client. workers: processes (default: cores). threads: of torch in each; one number for all, because sums
    depend on it. run_seed: the `seed` of `unlearn`. progress: a bar, none, or progress(row, done, total). stop: set it to
    end early; the rows finished so far come back.

    Columns: method, epochs, seed, every hyperparameter in the grid (missing where a method lacks it), every metric, seconds,
    error, and the provenance. A run that diverges or fails has its error in its row and ends nothing; one that failed for
    another reason than its numbers (a worker that died, memory) is tried again by the next call.

    Raises before any work: TypeError or ValueError for arguments that do not fit, StoreMismatch for a store of other code
    or data, PermissionError for one that cannot be written. During it: OSError when the store can no longer be written.
    """
    settings, seeds, workers = _arguments(task_factory, grid, seeds, workers, threads, backend)
    kept, data = Store(store), {}
    kept.clean()
    for seed in seeds:
        task = task_factory(seed)
        if not isinstance(task, Task):
            raise TypeError(f"task_factory({seed}) must return a ul.Task, got {type(task).__name__}")
        for setting in settings:
            setting.method.check(task, setting.epochs)
        data[seed] = task_fingerprint(task)
    jobs = [_Job(setting, seed, run_seed, threads) for setting in settings for seed in seeds]
    records = _known(kept, jobs, data)
    todo = [job for job in jobs if job.name not in records]
    run = _Run(task_factory, threads, data, next(task.original.parameters()).device.type)
    with _reporter(progress, len(jobs), len(records)) as report, _backend(backend, workers, len(todo)) as start, \
            closing(_results(start, run, _shuffled(todo), kept, stop or threading.Event())) as results:
        for job, outcome in results:
            records[job.name] = outcome.record
            if outcome.final and not outcome.found:
                _keep(kept, job, outcome.record)
            report(_row(job, outcome.record))
    return _frame([_row(job, records[job.name]) for job in jobs if job.name in records], settings)


def _arguments(task_factory, grid, seeds, workers, threads, backend):
    if not callable(task_factory):
        raise TypeError(f"task_factory must be a function from a seed to a ul.Task, got {type(task_factory).__name__}")
    settings = expand(grid)
    if not settings:
        raise ValueError("grid is empty: there is nothing to run")
    seeds = list(dict.fromkeys(int(seed) for seed in ([seeds] if isinstance(seeds, int) else seeds)))
    if not seeds:
        raise ValueError("seeds is empty: there is nothing to run")
    workers = os.cpu_count() if workers is None else workers
    for name, value in (("workers", workers), ("threads", threads)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValueError(f"{name} must be an integer of at least 1, got {value!r}")
    if backend not in ("local", "serial", "dask") and not hasattr(backend, "scheduler_info"):
        raise ValueError(f'backend must be "local", "serial", "dask" or a dask Client, got {backend!r}')
    return settings, seeds, workers


def _keep(kept, job, record):
    try:
        kept.write(job.name, record)
    except OSError as error:
        raise OSError(error.errno, f"cannot write to the store {kept.folder} ({error.strerror}). The {len(kept.names())} runs "
                      "in it are whole; the same call goes on from there") from error


class _Job:
    """One run to do: a setting on a seed. `name` is where its record is kept."""

    def __init__(self, setting, seed, run_seed, threads):
        self.setting, self.seed, self.run_seed = setting, seed, run_seed
        self.identity = {"method": setting.method.name, **dataclasses.asdict(setting.method), "epochs": setting.epochs,
                         "seed": seed, "run_seed": run_seed, "threads": threads}
        self.name = key(self.identity)


@dataclass(frozen=True)
class _Outcome:
    """A record, whether it is the run's result for good, and whether another process had it already."""

    record: dict
    final: bool = True
    found: bool = False


class _Run:
    """What a worker does with a job. It travels to other processes, so it holds no task, only how to make one."""

    def __init__(self, factory, threads, data, device):
        self.factory, self.threads, self.data, self.sweep = factory, threads, data, uuid.uuid4().hex
        self.code, self.made = code_fingerprint(), {**provenance("ul.sweep", device), "threads": str(threads)}

    def __call__(self, job, stop=None):
        began, before = time.perf_counter(), torch.get_num_threads()
        torch.set_num_threads(self.threads)
        try:
            task = _task(self, job.seed)
            run = unlearn(task, job.setting.method, job.setting.epochs, job.run_seed, stop=stop)
            return None if run.stopped else self._outcome(job, run.metrics, run.seconds)
        except Diverged as error:
            return self._outcome(job, {}, time.perf_counter() - began, str(error))
        except Exception as error:
            return self.failed(job, f"{type(error).__name__}: {error}", time.perf_counter() - began)
        finally:
            torch.set_num_threads(before)

    def failed(self, job, why, seconds=0.0):
        """The outcome of a run that gave no numbers, for a reason that may be gone next time."""
        return dataclasses.replace(self._outcome(job, {}, seconds, why), final=False)

    def _outcome(self, job, metrics, seconds, error=None):
        return _Outcome({"run": job.identity, "code": self.code, "data": self.data[job.seed], "metrics": metrics,
                         "seconds": seconds, "error": error, "provenance": self.made})


_last_task = {}  # in a worker: the task of the seed it is busy with, of one sweep; jobs come seed by seed


def _task(run, seed):
    task = _last_task.get((run.sweep, seed))  # looked up once: a dask worker may have several threads
    if task is None:
        task = run.factory(seed)
        if task_fingerprint(task) != run.data[seed]:
            raise StoreMismatch(f"task_factory({seed}) gave another task in the worker than before: it must depend on the seed alone")
        _last_task.clear()
        _last_task[run.sweep, seed] = task
    return task


def _known(kept, jobs, data):
    """The records of these jobs that the store holds. Refuses a store in which any record is of other code or data."""
    records = kept.read_all()
    for record in records.values():
        seed = record["run"]["seed"]
        if record["code"] != code_fingerprint():
            raise StoreMismatch(f"the store {kept.folder} holds runs of other code (fingerprint {record['code']}, now "
                                f"{code_fingerprint()}; commit {record['provenance']['commit'][:12]}, torch {record['provenance']['torch']}). "
                                "Name another folder, or go back to that version")
        if seed in data and record["data"] != data[seed]:
            raise StoreMismatch(f"the store {kept.folder} holds runs of other data or models for seed {seed} (fingerprint "
                                f"{record['data']}, now {data[seed]}). Name another folder for this task")
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


def _results(start, run, jobs, kept, stop):
    """(job, outcome) as they finish, in any order. Runs that another process has finished meanwhile are only read."""
    def missing():
        for job in jobs:
            record = kept.read(job.name) if job.name in kept else None
            if record is None:
                yield job
            else:
                found.append((job, _Outcome(record, found=True)))

    found = []
    for result in start(run, missing(), stop):
        yield from found
        found.clear()
        yield result
    yield from found


# A backend is a function (run, jobs, stop) -> iterator of (job, outcome). --------------------------------------------

@contextmanager
def _backend(backend, workers, count):
    if backend == "serial" or (backend in ("local", "dask") and count == 0):
        yield _serial
    elif backend == "local":
        yield lambda run, jobs, stop: _local(run, jobs, stop, min(workers, count))
    elif backend == "dask":
        yield lambda run, jobs, stop: _dask(run, jobs, stop, lambda alone: _local_cluster(1 if alone else min(workers, count)), LOST)
    else:
        yield lambda run, jobs, stop: _dask(run, jobs, stop, lambda alone: nullcontext(backend))


def _serial(run, jobs, stop):
    for job in jobs:
        outcome = None if stop.is_set() else run(job, stop)
        if outcome is None:
            return
        yield job, outcome


def _windowed(submit, first_done, next_job, stop, window):
    """(job, future) as futures finish, at most `window` of them under way. The end may come early: when next_job says None."""
    waiting = {}
    while not stop.is_set():
        while len(waiting) < window and (job := next_job()) is not None:
            waiting[submit(job)] = job
        if not waiting:
            return
        for future in first_done(waiting):
            yield waiting.pop(future), future


def _blaming(run, jobs, stop, attempt):
    """The results of `attempt(next_job, stop, suspects, alone)`, which puts runs whose worker died into `suspects`. More than
    one run may have been on a worker that died, so each of them is then done alone: the run to blame is known."""
    while not stop.is_set():
        suspects = []
        yield from attempt(lambda: None if suspects else next(jobs, None), stop, suspects)
        if not suspects:
            return
        for job in suspects:
            yield from _alone(run, job, stop, attempt)


def _alone(run, job, stop, attempt):
    for _ in range(ATTEMPTS):
        once, again = iter([job]), []
        yield from attempt(lambda: next(once, None), stop, again, alone=True)
        if not again or stop.is_set():
            return
    yield job, run.failed(job, f"its worker process died {ATTEMPTS} times")


def _local(run, jobs, stop, workers):
    """A pool of processes, which one death breaks: what was in it is done alone, and a new pool takes the rest."""
    def attempt(next_job, stop, suspects, alone=False):
        def submit(job):
            try:
                return pool.submit(run, job)
            except BrokenExecutor as error:
                broken = Future()
                broken.set_exception(error)
                return broken

        with _pool(1 if alone else workers, stop) as pool:
            first_done = lambda waiting: wait(waiting, WAIT, FIRST_COMPLETED).done
            for job, future in _windowed(submit, first_done, next_job, stop, 2 * workers):
                if (outcome := _outcome(run, job, future, BrokenExecutor)) is None:
                    suspects.append(job)
                else:
                    yield job, outcome

    return _blaming(run, jobs, stop, attempt)


@contextmanager
def _pool(workers, stop):
    from loky import ProcessPoolExecutor
    pool = ProcessPoolExecutor(workers, env={"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}, initializer=_follow, initargs=(os.getpid(),))
    kill = True
    try:
        yield pool
        kill = stop.is_set()
    finally:
        pool.shutdown(kill_workers=kill)


def _follow(parent):
    """In each worker: Ctrl-C is for the parent, which then ends its workers; and a parent that was killed is followed."""
    def watch():
        while os.getppid() == parent:
            time.sleep(WAIT)
        os._exit(1)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=watch, daemon=True).start()


def _dask(run, jobs, stop, connect, patience=math.inf):
    """Futures on a cluster, one per slot. A death can hit more than one run all the same: a result that was lost with its
    worker before it was fetched is computed again, beside the next run.

    connect(alone): a context that gives a Client. Our own cluster is new after every death, as a local pool is, and given up
    when it has had no worker for `patience` seconds: one whose workers keep dying may stop replacing them. Somebody else's may
    start with none, and be waited for.
    """
    import distributed
    deaths, timeout = (distributed.KilledWorker, TimeoutError, distributed.TimeoutError), None if patience == math.inf else patience

    def attempt(next_job, stop, suspects, alone=False):
        def first_done(waiting):
            nonlocal seen
            try:
                return distributed.wait(list(waiting), timeout=WAIT, return_when="FIRST_COMPLETED").done
            except (TimeoutError, distributed.TimeoutError):
                seen = time.monotonic() if _slots(client) else seen
                return list(waiting) if lost() else ()

        with connect(alone) as client:
            seen, lost = time.monotonic(), lambda: time.monotonic() - seen > patience
            submit = lambda job: client.submit(run, job, pure=False)
            for job, future in _windowed(submit, first_done, next_job, stop, max(_slots(client), 1)):
                if lost() and not future.done() or (outcome := _outcome(run, job, future, deaths, timeout)) is None:
                    suspects.append(job)
                else:
                    seen = time.monotonic()
                    yield job, outcome

    return _blaming(run, jobs, stop, attempt)


def _slots(client):
    """How many runs its workers take at once, now."""
    return sum(worker["nthreads"] for worker in client.scheduler_info(n_workers=-1)["workers"].values())


@contextmanager
def _local_cluster(workers):
    import dask
    from distributed import Client, LocalCluster
    # A worker that happens to be away 15 s after an earlier death would not be replaced any more.
    with dask.config.set({"distributed.scheduler.allowed-failures": 0, "distributed.deploy.lost-worker-timeout": "1 hour"}), \
            LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None, silence_logs=logging.CRITICAL) as cluster, \
            Client(cluster) as client:
        yield client


def _outcome(run, job, future, deaths, timeout=None):
    """What the future holds; None when the worker died with it."""
    try:
        return future.result(timeout)
    except deaths:
        return None
    except Exception as error:
        return run.failed(job, f"{type(error).__name__}: {error}")


# --- The table and the bar ---------------------------------------------------------------------------------------

def _row(job, record):
    made = {name: record["provenance"][name] for name in ("commit", "device", "torch", "threads")}
    return {"method": job.setting.method.name, "epochs": job.setting.epochs, **dataclasses.asdict(job.setting.method),
            "seed": job.seed, **record["metrics"], "seconds": record["seconds"], "error": record["error"], **made}


def _frame(rows, settings):
    import pandas
    hyperparameters = dict.fromkeys(name for setting in settings for name in dataclasses.asdict(setting.method))
    metrics = dict.fromkeys(name for row in rows for name in row if name not in (*FIXED, *hyperparameters))
    columns = [*FIXED[:3], *hyperparameters, *metrics, *FIXED[3:]]
    whole = {name: "Int64" for name in hyperparameters if name in RANGES and RANGES[name][2]}  # pandas' integers that may be missing
    return pandas.DataFrame(rows, columns=columns).astype(whole)


FIXED = ("method", "epochs", "seed", "seconds", "error", "commit", "device", "torch", "threads")


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
