"""How is a run done in another process, so that whatever becomes of it there costs that run alone?

A worker is a process that does one run at a time, so it is known which run hung in it or took it
down. A thread waits for it: of this process in a local sweep, of a cluster's processes in a sweep
on dask. Both are executors as Python knows them.
"""

import logging
import multiprocessing
import os
import signal
import threading
import time
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, ThreadPoolExecutor, wait
from contextlib import contextmanager

ATTEMPTS = 2  # a run whose worker dies this often is given up
WAIT = 0.2  # seconds between two looks at whether to stop
LOST = 30.0  # seconds without a worker after which a cluster of our own is given up
IDLE = 300  # seconds after which a worker without a run ends by itself
GUARD = 'a script that calls ul.sweep with "dask" must do so under `if __name__ == "__main__":`'

_workers, _ended = {}, set()  # by sweep: the workers that wait for a run


def results(run, jobs, stop: threading.Event, start):
    """(job, outcome) as runs end. start: a context with (executor, slots(), finish(sweep))."""
    waiting = {}
    with start as (executor, slots, finish):
        try:
            while not stop.is_set():
                while len(waiting) <= slots() and (job := next(jobs, None)) is not None:
                    waiting[executor.submit(supervised, run, job)] = job
                if not waiting:
                    return
                for future in wait(waiting, WAIT, FIRST_COMPLETED).done:
                    job = waiting.pop(future)
                    if (outcome := run.outcome(job, future)) is not None:
                        yield job, outcome
        finally:
            for future in waiting:
                future.cancel()
            finish(run.sweep)


@contextmanager
def local(workers: int):
    """A thread and a process for each worker."""
    with ThreadPoolExecutor(workers) as executor:
        yield executor, lambda: workers, end


@contextmanager
def cluster(client, own: bool = False):
    """A process for each slot of a dask cluster. One that is not our own may have none yet."""
    seen = time.monotonic()

    def slots():
        nonlocal seen
        count = sum(w["nthreads"] for w in client.scheduler_info(n_workers=-1)["workers"].values())
        seen = time.monotonic() if count or not own else seen
        if time.monotonic() - seen > LOST:
            raise RuntimeError(
                f"the cluster has had no worker for {LOST:g} seconds; what is finished is kept, "
                "and the same call goes on from there"
            )
        return count

    finish = lambda sweep: client.run(end, sweep, on_error="ignore")
    yield client.get_executor(pure=False), slots, finish


@contextmanager
def own_cluster(workers: int):
    """As `cluster`, on this machine and for this sweep."""
    import dask
    from distributed import Client, LocalCluster

    quiet = {"dashboard_address": None, "silence_logs": logging.CRITICAL}
    # or a worker that is away for 15 s is not replaced
    with dask.config.set({"distributed.deploy.lost-worker-timeout": "1 hour"}):
        try:
            opened = LocalCluster(n_workers=workers, threads_per_worker=1, **quiet)
        except RuntimeError as error:
            raise RuntimeError(
                f"no worker of the cluster could start. If this is a script: {GUARD}"
            ) from error
        with opened, Client(opened) as client, cluster(client, own=True) as (executor, slots, _):
            yield executor, slots, lambda sweep: None  # workers end with the cluster


def supervised(run, job):
    """The outcome of one run in a process of its own; None when its sweep has ended."""
    for _ in range(ATTEMPTS):
        worker = _idle_worker(run.sweep)
        try:
            outcome = _waited_for(worker, run, job)
            _workers.setdefault(run.sweep, []).append(worker)
            if run.sweep in _ended:
                end(run.sweep)
            return outcome
        except BaseException as error:
            worker.shutdown(kill_workers=True)
            if run.sweep in _ended:
                return None
            if isinstance(error, TimeoutError):
                return run.failed(job, str(error))
            if not isinstance(error, BrokenExecutor):
                raise
    return run.failed(job, f"its worker process died {ATTEMPTS} times")


def _waited_for(worker, run, job):
    if run.timeout is not None:
        worker.submit(run.get_ready).result()  # imports take seconds, which are not the run's
    future = worker.submit(run, job)
    latest = time.monotonic() + (run.timeout or float("inf"))
    while not wait([future], WAIT).done:
        if run.sweep in _ended:
            raise InterruptedError
        if time.monotonic() > latest:
            raise TimeoutError(f"it took longer than timeout={run.timeout:g} seconds")
    return future.result()


def end(sweep: str) -> None:
    """Ends a sweep's workers here: those that wait now, others once their threads look."""
    _ended.add(sweep)
    for worker in _workers.pop(sweep, ()):
        worker.shutdown(wait=False, kill_workers=True)


def _idle_worker(sweep):
    try:
        return _workers[sweep].pop()
    except LookupError:  # none waits
        pass
    from loky import ProcessPoolExecutor

    # dask's workers may else have no children
    multiprocessing.current_process()._config["daemon"] = False
    env = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    parent = (os.getpid(),)
    return ProcessPoolExecutor(1, timeout=IDLE, env=env, initializer=_follow, initargs=parent)


def _follow(parent):
    """In each worker: Ctrl-C is for the sweep, which ends its workers; its death is followed."""

    def watch():
        while os.getppid() == parent:
            time.sleep(WAIT)
        os._exit(1)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=watch, daemon=True).start()
