"""What is done with one run of a sweep, here or in a worker, and what is known of it afterwards?"""

import time
import uuid
from dataclasses import dataclass

import torch

from ..ground import source
from ..ground.identity import fingerprint, tensors_of
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
        self.content, self.packed = (factory, methods), None
        self.parts, self.threads, self.timeout = parts, threads, timeout
        self.sweep, self.code = uuid.uuid4().hex, code_fingerprint()
        self.modules = sha256(repr([source.IMPORTED, versions()]))
        self.made = {**provenance("ul.sweep", device), "threads": str(threads)}

    def pack(self):
        """Makes it ready to go to other processes, once for all jobs."""
        import cloudpickle

        try:
            self.packed, self.content = cloudpickle.dumps(self.content), None
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
            run = unlearn(task, method, job.epochs, seed, stop=stop, whole=True)
            if self._written():
                raise ValueError(
                    f"{method.name}, or what measures {task.name}, changed a tensor of the task in "
                    "place, or whether it has a gradient: let it work on a copy"
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
        """Imports what runs need, and unpacks the factory and the methods."""
        import cloudpickle

        if self.sweep not in _open:
            # the first is quick, and other comments are no other code
            modules = sha256(repr([source.IMPORTED, versions()]))
            if modules != self.modules and code_fingerprint() != self.code:
                raise StoreMismatch(
                    "the worker has other code of unlearnlab than is here, or other libraries: was "
                    "a file edited meanwhile?"
                )
            _open.clear()
            _open[self.sweep] = {"content": self.content or cloudpickle.loads(self.packed)}

    def close(self):
        """Lets go of the last task, which may be large."""
        _open.pop(self.sweep, None)

    def _opened(self, job, stop):
        """The method and the task of a job. The task stays for the next, as they come by seed."""
        self.get_ready()
        here = _open[self.sweep]
        factory, methods = here["content"]
        method = methods[job.index]
        if fingerprint(method) != job.identity["rule"]:
            raise StoreMismatch(
                f"{method.name} is another method where it runs than when the sweep began: was its "
                "file edited meanwhile, or does a run change what it uses?"
            )
        if here.get("seed") != job.seed or self._written():
            here |= dict.fromkeys(("task", "seed", "states"))  # large ones are not there twice
            task = self._made(factory, methods, job.seed, stop)
            here |= {"task": task, "seed": job.seed, "parts": task_parts(task)}
            here["states"] = _states(tensors_of(*task.__identity__().values()))
        return method, here["task"]

    def _written(self):
        """Whether a run changed its task, which the next one would have in its numbers. Only what
        differs at a look is compared whole: a metric may put back what it adds up."""
        here = _open[self.sweep]
        task, states = here["task"], here["states"]
        if states == _states(tensor for tensor, _ in states):
            return False
        if written := task_parts(task) != here["parts"]:
            here["seed"] = None  # it is made again
        here["states"] = _states(tensors_of(*task.__identity__().values()))
        return written

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


def _states(tensors):
    """[(tensor, what shows that it was changed)]: how often it was written into, as torch counts,
    whether it has a gradient, and its sum, as torch does not count what goes through `data`."""
    return [(tensor, _state(tensor)) for tensor in tensors]


def _state(tensor):
    written = None if tensor.is_inference() else tensor._version
    plain = tensor.layout is torch.strided and not tensor.is_complex() and not tensor.is_meta
    total = tensor.detach().sum(dtype=torch.float64).item() if plain else 0
    return written, tensor.requires_grad, total


def _words(error):
    """The kind of an error, and what it says unless a reader's own __str__ fails."""
    kind = type(error).__name__
    try:
        return f"{kind}: {error}"
    except Exception:
        return kind


REFUSED = (StoreMismatch, BadMetrics)  # what concerns every run of a sweep, and ends it
_open = {}  # in a worker: what it has of the sweep that it works for
