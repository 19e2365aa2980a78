"""How is a run done in another process, so that whatever becomes of it there costs that run alone?

A worker does one run at a time, so it is known which run ended it. A thread, or dask, waits for it.
"""

import multiprocessing
import os
import signal
import threading
import time
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress

ATTEMPTS = 2  # a run whose worker dies this often is given up
WAIT = 0.2  # seconds between two looks at whether to stop
IDLE = 300  # seconds after which a worker without a run ends by itself
_workers, _ended = {}, set()  # by sweep: the workers that wait for a run


def results(run, jobs, stop: threading.Event, backend, workers: int, keep):
    """(job, outcome) as runs end. backend, workers: as in `ul.sweep`. keep(job, outcome): is told
    of what is done when nobody asks any more."""
    waiting = {}
    try:
        with executor(backend, workers) as (threads, slots, finish):
            try:
                yield from _outcomes(run, jobs, stop, threads, slots, waiting)
            finally:
                for future in waiting:
                    future.cancel()
                finish(run.sweep)
    finally:
        for future, job in waiting.items():
            with suppress(Exception):  # there is one already
                if future.done() and (outcome := run.outcome(job, future)) is not None:
                    keep(job, outcome)


def _outcomes(run, jobs, stop, threads, slots, waiting):
    stopped = False
    while not stopped:
        stopped = stop.is_set()  # what is done by then comes still
        while len(waiting) <= slots() and not stopped and (job := next(jobs, None)) is not None:
            waiting[threads.submit(supervised, run, job)] = job
        if not waiting:
            return
        for future in wait(waiting, 0 if stopped else WAIT, FIRST_COMPLETED).done:
            job = waiting.pop(future)
            if (outcome := run.outcome(job, future)) is not None:
                yield job, outcome


@contextmanager
def executor(backend, workers: int):
    """(executor, slots(), finish(sweep)). A cluster that is not our own may have no slot yet."""
    if backend == "local":
        with ThreadPoolExecutor(workers) as threads:
            yield threads, lambda: workers, end
    elif backend == "dask":
        from distributed import Client

        own = {"processes": False, "n_workers": 1, "dashboard_address": None}
        with Client(threads_per_worker=workers, **own) as client, executor(client, 0) as parts:
            yield parts
    else:
        nodes = lambda: backend.scheduler_info(n_workers=-1)["workers"].values()
        finish = lambda sweep: backend.run(end, sweep, on_error="ignore")
        yield backend.get_executor(pure=False), lambda: sum(w["nthreads"] for w in nodes()), finish


def supervised(run, job):
    """The outcome of one run in a process of its own; None when its sweep has ended."""
    for _ in range(ATTEMPTS):
        worker, outcome = _idle_worker(run.sweep), None
        try:
            if run.timeout is not None:  # imports take seconds, which are not the run's
                _result(worker.submit(run.get_ready), run)
            outcome = _result(worker.submit(run, job), run, run.timeout)
        except BrokenExecutor:
            continue
        except TimeoutError as error:
            return run.ended(job, str(error))
        finally:
            if outcome is None:
                worker.shutdown(kill_workers=True)
            else:
                _workers.setdefault(run.sweep, []).append(worker)
            if run.sweep in _ended:
                end(run.sweep)
        return outcome
    return run.ended(job, f"its worker process died {ATTEMPTS} times")


def _result(future, run, seconds=None):
    """None when the sweep has ended before."""
    latest = time.monotonic() + (seconds or float("inf"))
    while not wait([future], WAIT).done:
        if run.sweep in _ended:
            return None
        if time.monotonic() > latest:
            raise TimeoutError(f"it took longer than timeout={seconds:g} seconds")
    return future.result()


def end(sweep: str) -> None:
    """Ends a sweep's workers here: those that wait now, others once their threads look."""
    _ended.add(sweep)
    for worker in _workers.pop(sweep, ()):
        worker.shutdown(wait=False, kill_workers=True)


def _idle_worker(sweep):
    with suppress(LookupError):  # none waits
        return _workers[sweep].pop()
    from loky import ProcessPoolExecutor

    multiprocessing.current_process()._config["daemon"] = False  # or dask's may have no children
    # loky starts a worker again that grew by this; by its own 300 MB it does so at full size
    env = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "LOKY_MAX_MEMORY_LEAK_SIZE": "4e9"}
    first = {"initializer": _follow, "initargs": (os.getpid(),)}
    return ProcessPoolExecutor(1, timeout=IDLE, env=env, **first)


def _follow(parent):
    """In each worker: Ctrl-C is for the sweep, which ends its workers; its death is followed."""

    def watch():
        while os.getppid() == parent:
            time.sleep(WAIT)
        os._exit(1)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=watch, daemon=True).start()
