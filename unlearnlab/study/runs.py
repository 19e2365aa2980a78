"""What is done with one run of a sweep, here or in a worker, and what is known of it afterwards?"""

import time
import uuid
from dataclasses import dataclass

import torch

from ..ground import source
from ..ground.identity import fingerprint
from ..ground.provenance import provenance
from ..ground.stopping import Stopped
from ..loop import BadMetrics, Diverged, check_metrics, unlearn
from .store import StoreMismatch, code_fingerprint, key, task_parts, versions
from .table import sha256


@dataclass(frozen=True)
class Job:
    """One run to do: setting number `index` of the grid on a seed."""

    index: int
    epochs: int
    seed: int
    identity: dict

    @property
    def name(self):
        """Where its record is kept."""
        return key(self.identity)


class Runner:
    """What a worker does with a job. Functions of a notebook or a script go with it, by value.

    The outcome of a run is its record, and whether that is final.
    """

    def __init__(self, factory, methods, parts, threads, timeout, device):
        # content, and of the latest seed its task; in a worker that is in `_open`
        self.here, self.packed = {"content": (factory, methods)}, None
        self.parts, self.threads, self.timeout = parts, threads, timeout
        self.sweep, self.code = uuid.uuid4().hex, code_fingerprint()
        self.modules = sha256(repr([source.IMPORTED, versions()]))
        self.made = {**provenance("ul.sweep", device), "threads": str(threads)}

    def pack(self):
        """Makes it ready to go to other processes, once for all jobs."""
        import cloudpickle

        try:
            self.packed, self.here = cloudpickle.dumps(self.here["content"]), None
        except Exception as error:
            raise TypeError(
                f"task_factory or a method cannot go to another process ({error}): make what "
                'cannot travel within the factory, or take the backend "serial"'
            ) from error

    def __call__(self, job, stop=None):
        began, before, opened = time.perf_counter(), torch.get_num_threads(), False
        torch.set_num_threads(self.threads)
        try:
            method, task = self._opened(job, stop)
            opened = True
            seed = job.identity["run_seed"]
            try:
                run = unlearn(task, method, job.epochs, seed, stop=stop, whole=True)
            finally:
                changed = self._changed()
            if changed:
                raise ValueError(
                    f"{method.name}, or what measures {task.name}, changed what the next run would "
                    f"begin with ({', '.join(changed)} of the task): a tensor in place, a list, or "
                    "the state of a random generator that it holds. Let it work on a copy, or make "
                    "that anew in every call"
                )
            return self.ended(job, None, run.seconds, run.metrics, True)
        except BaseException as error:
            if isinstance(error, Stopped) and stop and stop.is_set():
                return None
            # Ctrl-C is not heard in a worker: there it is the run's own
            ctrl_c = self.packed is None and isinstance(error, KeyboardInterrupt)
            if ctrl_c or not opened and isinstance(error, REFUSED):
                raise
            seconds, final = time.perf_counter() - began, isinstance(error, Diverged)
            why = str(error) if final else _words(error)
            return self.ended(job, why, seconds, final=final)
        finally:
            torch.set_num_threads(before)

    def ended(self, job, error, seconds=0.0, metrics=(), final=False):
        """The outcome of a run. final: not for a reason that may be gone next time."""
        made = {"run": job.identity, "code": self.code, "provenance": self.made}
        return {**made, "metrics": dict(metrics), "seconds": seconds, "error": error}, final

    def outcome(self, job, future):
        """What a worker returned, or failed with."""
        try:
            return future.result()
        except REFUSED:
            raise
        except Exception as error:
            return self.ended(job, _words(error))

    def get_ready(self):
        """In a worker: imports what runs need, and unpacks the factory and the methods."""
        import cloudpickle

        if self.packed is None or self.sweep in _open:
            return
        # the first is quick, and other comments are no other code
        modules = sha256(repr([source.IMPORTED, versions()]))
        if modules != self.modules and code_fingerprint() != self.code:
            raise StoreMismatch(
                "the worker has other code of unlearnlab than is here, or other libraries: was "
                "a file edited meanwhile?"
            )
        _open.clear()
        _open[self.sweep] = {"content": cloudpickle.loads(self.packed)}

    def close(self):
        """Lets go of the last task, which may be large."""
        self.here = None

    def _opened(self, job, stop):
        """The method and the task of a job. The task stays for the next, as they come by seed."""
        self.get_ready()
        here = self.here or _open[self.sweep]
        factory, methods = here["content"]
        method = methods[job.index]
        if fingerprint(method) != job.identity["rule"]:
            raise StoreMismatch(
                f"{method.name} is another method where it runs than when the sweep began: was its "
                "file edited meanwhile, or does a run change what it uses?"
            )
        if here.get("seed") != job.seed:
            here |= dict.fromkeys(("task", "seed"))  # large ones are not there twice
            task = self._made(factory, methods, job.seed, stop)
            here |= {"task": task, "seed": job.seed, "parts": task_parts(task)}
        return method, here["task"]

    def _changed(self):
        """The parts of its task that a run changed: all that the next one's numbers would follow
        from is looked at. Such a task is made again."""
        here = self.here or _open[self.sweep]
        here["seed"], seed = None, here["seed"]
        now = task_parts(here["task"])
        changed = [name for name in now if now[name] != here["parts"][name]]
        if not changed:
            here["seed"] = seed
        return changed

    def _made(self, factory, methods, seed, stop):
        task = factory(seed)
        made, expected = task_parts(task), self.parts[seed]
        names = sorted(made.keys() | expected.keys())
        differing = [name for name in names if made.get(name) != expected.get(name)]
        if differing:
            raise StoreMismatch(
                f"task_factory({seed}) gave another task in the worker than before "
                f"({', '.join(differing)}): it must depend on the seed alone, and nothing it uses "
                "may change while a sweep runs"
            )
        for method in {type(method): method for method in methods}.values():
            check_metrics(task, method, stop)
        return task


def _words(error):
    """The kind of an error, and what it says unless a reader's own __str__ fails."""
    kind = type(error).__name__
    try:
        return f"{kind}: {error}"
    except Exception:
        return kind


REFUSED = (StoreMismatch, BadMetrics)  # what concerns every run of a sweep, and ends it
_open = {}  # in a worker: what it has of the sweep that it works for
