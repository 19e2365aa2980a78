"""One loop for every method: epochs of paired retain and forget batches, AdamW, a history, and a
way to stop."""

import numbers
import random
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from .ground import checks, optim
from .ground.models import copied, device_of
from .ground.modes import norms_of
from .ground.precision import PRECISIONS, products_in
from .ground.seeds import GLOBAL_GENERATORS, derived, from_seed, put_back, shuffled
from .ground.stopping import Stopped, heeding
from .ground.threads import few_threads
from .methods import Method
from .methods.base import HYPERPARAMETERS
from .methods.batch_norm import batch_outputs, observe, seen
from .projection import NonFiniteGradients
from .task import Task

# The columns of a table of runs beside hyperparameters and metrics.
COLUMNS = ("method", "epochs", "seed", "seconds", "error", "commit", "device", "torch", "threads")
# What no hyperparameter or metric may be called: these, and what else a run or its row is known by.
TAKEN = {*COLUMNS, "task", "rule", "run_seed"}


class Diverged(ArithmeticError):
    """The loss is no longer a number. The message names the method, the epoch and the learning
    rate."""


class BadMetrics(TypeError):
    """What a task's `evaluate` returns cannot stand in a table. The message names the task and the
    metric."""


@dataclass
class Run:
    """What `unlearn` returns. `history`: one dict per epoch. `stopped`: ended early on request, in
    the epoch after the last of the history, or within it. `seconds`: the unlearning itself, without
    the evaluation."""

    method: Method
    epochs: int
    seed: int
    model: nn.Module
    history: list[dict[str, float]] = field(default_factory=list)
    seconds: float = 0.0
    metrics: dict[str, float] = field(default_factory=dict)
    stopped: bool = False


@dataclass
class State:
    """What a method's rules may read and write while a run goes on."""

    task: Task
    method: Method
    epochs: int
    model: nn.Module
    generator: torch.Generator  # on the CPU: indices and labels, the same on every device
    device_generator: torch.Generator  # where the model is, for as many as it has parameters
    stop: threading.Event  # ends long work before the first update, too
    products: str = "float32"  # the precision of products on a GPU
    epoch: int = 0
    turn: str = "both"  # which of the epoch's passes this is
    norms: list[nn.Module] = field(default_factory=list)  # the model's batch-norm layers
    seen: list[int] = field(default_factory=list)  # how often they were written into, as allowed
    fixed: list[nn.Parameter] = field(default_factory=list)  # the original's parameters
    notes: dict[str, float] = field(default_factory=dict)  # goes into this epoch's history
    memory: dict = field(default_factory=dict)  # the method's own, kept for the whole run

    def outputs(self, batch):
        """What the current model returns for a batch, under the method's policy of batch norm.
        Differentiable."""
        return batch_outputs(self, batch)

    def loss(self, batch) -> Tensor:
        """J(theta; B): the task's mean loss on a batch, likewise."""
        return self.task.loss(self.outputs(batch), batch.targets)


def unlearn(
    task: Task,
    method: Method,
    epochs: int,
    seed: int = 0,
    *,
    products: str = "float32",
    callback: Callable[[Run], None] | None = None,
    stop: threading.Event | None = None,
    whole: bool = False,
) -> Run:
    """Unlearn the forget set of `task` by `method`; `task.original` is never modified.

    epochs: T. Full-batch tasks make one update per epoch; batched ones one per forget batch, each
    paired with a retain batch of the same size, or the whole retain set where it is smaller; these
    cycle across epochs (paper A), so that one may hold a sample twice. A method that goes over an
    epoch twice, as the original SCRUB, makes an update each time. seed: of all that is random in
    the run (start, batches, noise, a model's own dropout, unless a run begins in another thread
    meanwhile), with the task's. Global generators are as before afterwards. products: of float32
    numbers on a GPU while the method works: "float32", or "tf32" (ground/precision.py).
    callback(run): after every epoch, with model and history so far; its time does not count.
    stop: set it and the run ends before its next update, `stopped=True`; nothing done is lost.
    whole: only a whole run is of use: a stop is heard in an evaluation, too, and raises Stopped.

    history, per epoch: "epoch", "loss" (the method's own objective, mean over updates), "seconds"
    since the start, and what the method notes at its last update, such as "rank" and "drift".

    Raises TypeError or ValueError before any work for arguments that do not fit; BadMetrics, a
    TypeError, before the first run of a task whose metrics are no numbers; Diverged when the loss
    or a weight stops being a number; Stopped; and whatever `callback` raises.
    """
    checks.instance("task", task, Task, "a ul.Task")
    checks.instance("method", method, Method, "an instance such as ul.GD(lr=1e-3)")
    epochs, seed = checks.integer("epochs", epochs, low=1), checks.seed(seed)
    checks.one_of("products", products, PRECISIONS)
    checks.flag("whole", whole)
    if torch.is_inference_mode_enabled():
        raise RuntimeError("unlearn needs gradients: call it outside torch.inference_mode()")
    checks.hearers(callback, stop, name="callback")
    method.check(task, epochs)

    heeded = stop if whole else None
    with _own_random_numbers(device_of(task.original)):
        check_metrics(task, method, heeded)
        state = _begun(task, method, epochs, seed, products, stop or threading.Event())
        run = Run(method, epochs, seed, state.model)
        with products_in(products, device_of(state.model)), few_threads(state.model):
            _stages(run, state, callback, whole)
        run.metrics = measure(task, state.model, heeded)
    return run


@torch.enable_grad()
def _stages(run, state, callback, whole):
    """The epochs of every task that the method makes of the one it was given."""
    for part in state.method.stages(state):
        state.task = part
        _epochs(run, state, callback)
        was, now = map(_finite, (state.task.original, state.model))
        if (was & ~now).any():
            raise _diverged(run.method, state.epoch, "its weights became infinite or NaN")
        if run.stopped:
            if whole:
                raise Stopped("stopped before the last update")
            break
    state.model.zero_grad()
    state.model.eval()


def _finite(model):
    """Of each parameter, whether it is, where the model is: to ask them one by one would be as many
    waits."""
    return torch.stack([p.isfinite().all() for p in model.parameters()])


def _begun(task, method, epochs, seed, products, stop):
    """The state before the first epoch, with all random numbers seeded."""
    run_seed = derived(task.seed, seed)
    # a GPU's only where one is used
    torchs = torch.default_generator if device_of(task.original).type == "cpu" else torch
    with GLOBAL_GENERATORS:
        torchs.manual_seed(run_seed)
        random.seed(run_seed)
        np.random.seed(run_seed % 2**32)
    generator = from_seed(run_seed)
    model = method.start(task, run_seed)
    model.train()
    device = device_of(model)
    there = generator if device.type == "cpu" else torch.Generator(device).manual_seed(run_seed)
    return State(
        task, method, epochs, model, generator, there, stop, products, norms=norms_of(model)
    )


def _own_random_numbers(device):
    """Inside, the global generators may be seeded; afterwards they are as before."""
    cuda = [torch.cuda.default_generators[device.index]] if device.type == "cuda" else []
    own = {str(g.device): (g.get_state, g.set_state) for g in (torch.default_generator, *cuda)}
    own["random"] = random.getstate, random.setstate
    own["numpy"] = partial(np.random.get_state, legacy=False), np.random.set_state
    return put_back(own)


def measure(task: Task, model: nn.Module, stop=None) -> dict[str, float]:
    """The metrics of `model` as plain floats. Numbers of numpy and tensors of one element are
    welcome.

    Raises BadMetrics that names the task and the metric for anything else, and for one that is
    named like a column of a table; and Stopped within a layer of `stop`, a threading.Event.
    """
    with heeding(stop, model, "while a model was measured"):
        metrics = task.evaluate(model)
    if not isinstance(metrics, Mapping):
        raise BadMetrics(
            f"evaluate of {task.name} must return a dict of numbers, got {type(metrics).__name__}"
        )
    values = {}
    for name, value in metrics.items():
        if not isinstance(name, str) or name in TAKEN.union(HYPERPARAMETERS):
            raise _named_like(task, name, "the name of a column of the table")
        # one element of numpy or torch
        plain = value.item() if np.prod(getattr(value, "shape", 0)) == 1 else value
        if not isinstance(plain, numbers.Real):
            raise BadMetrics(f"the metric {name!r} of {task.name} must be a number, got {value!r}")
        values[name] = float(plain)
    return values


def _named_like(task, name, what):
    return BadMetrics(
        f"evaluate of {task.name} returns a metric named {name!r}, which is {what}; give it "
        "another name"
    )


_measured = weakref.WeakKeyDictionary()  # by task: the names of its metrics


def check_metrics(task: Task, method: Method, stop) -> None:
    """Whether a task's metrics are numbers, seen on the original once for each task: before the
    work of a run, not after it. stop: as in `measure`.

    Raises BadMetrics, also when one is named like a hyperparameter of `method`.
    """
    if task not in _measured:
        original = copied(task.original)
        original.eval()
        _measured[task] = tuple(measure(task, original, stop))
    for name in {f.name for f in fields(method)}.intersection(_measured[task]):
        raise _named_like(task, name, f"a hyperparameter of {method.name}")


def _epochs(run, state, callback):
    """All epochs on `state.task`."""
    optimizer = optim.AdamW(
        state.model.parameters(), lr=run.method.lr, weight_decay=run.method.weight_decay, fused=True
    )
    drawn, state.memory = batches(state.task, state.generator), {}
    began = time.perf_counter() - run.seconds
    state.seen = seen(state.norms)
    state.model.zero_grad()  # of the stage before: what begins by a backward pass would add to it
    run.method.begin(state)
    _check_statistics(state)
    state.fixed = [*state.task.original.parameters()]  # looked up once: a walk takes long
    for epoch in range(run.epochs):
        state.epoch, state.notes, losses = epoch, {}, []
        for retain, forget in _updates(state, next(drawn)):
            if state.stop.is_set():
                run.stopped = True
                break
            try:
                losses.append(_update(state, optimizer, retain, forget))
            except NonFiniteGradients as error:
                raise _diverged(run.method, epoch, "its output gradients are not finite") from error
        if losses:
            value = torch.stack(losses).mean().item()
            run.seconds = time.perf_counter() - began
            run.history.append(
                {"epoch": epoch, "loss": value, "seconds": run.seconds, **state.notes}
            )
            if not np.isfinite(value):
                raise _diverged(run.method, epoch, f"the loss became {value}")
            if callback is not None:
                paused = time.perf_counter()
                with _own_random_numbers(device_of(state.model)):
                    callback(run)
                began += time.perf_counter() - paused
        if run.stopped:
            return


def _updates(state, drawn):
    """The pairs of this epoch, once for each of the method's passes."""
    for turn in state.method.passes(state):
        state.turn = turn
        for indices in drawn:
            yield [batch(state.task, *each) for each in zip(("retain", "forget"), indices)]


def _diverged(method, epoch, what):
    return Diverged(
        f"{method.name}: {what} in epoch {epoch} with lr={method.lr:g}; try a smaller lr"
    )


def _update(state, optimizer, retain, forget):
    """One update. The projection comes first, so that the loss and its gradient are those of the
    projected weights."""
    method = state.method
    observe(state, retain, forget)
    state.seen = seen(state.norms)
    method.project(state, retain)
    optimizer.zero_grad()
    loss = _checked(state, method.loss(state, retain, forget))
    before = _grads(state.fixed)
    loss.backward()
    if _grads(state.fixed) != before:
        raise ValueError(
            f"{method.name}: the loss has a gradient by weights of {state.task.name}'s original. "
            "If the method uses them, detach them; else a copy of it still runs its layers, "
            "through a closure or a weak reference: let forward take them from self"
        )
    method.perturb(state)
    optimizer.step()
    method.settle(state)
    _check_statistics(state)
    return loss.detach()


def _check_statistics(state):
    """Raises ValueError where a batch came into running statistics past the policy."""
    if state.seen != seen(state.norms):
        raise ValueError(
            f"{state.method.name} lets a batch into running statistics, whatever batch_norm="
            f"{state.method.batch_norm!r} says. Take state.outputs(batch) for "
            "state.model(batch.inputs); a checkpoint around batch norm runs it twice"
        )


def _checked(state, loss):
    name = state.method.name
    if not isinstance(loss, Tensor) or loss.numel() != 1 or not loss.is_floating_point():
        kind = type(loss).__name__
        if isinstance(loss, Tensor):
            kind = f"{loss.dtype} {tuple(loss.shape)}"
        raise TypeError(f"{name}: loss must return a tensor of one real number, got {kind}")
    if not loss.requires_grad:
        raise ValueError(
            f"{name}: the loss has no gradient by any weight: it, or {state.task.name}'s original, "
            "detaches what the model says, or asks it under torch.no_grad()"
        )
    return loss.reshape(())


def _grads(parameters):
    """What a backward pass that reaches them changes."""
    return [getattr(p.grad, "_version", -1) for p in parameters]


@dataclass(frozen=True)
class Batch:
    """Samples of a task's retain or forget set. Unpacks into (inputs, targets).

    role: "retain" or "forget". index: (n,) positions in that set, on the CPU.
    """

    role: str
    index: Tensor
    inputs: Tensor
    targets: Tensor

    def __len__(self):
        return len(self.index)

    def __iter__(self):
        return iter((self.inputs, self.targets))


def batch(task: Task, role: str, index: Tensor | None = None) -> Batch:
    """The samples at an index into a set, or all."""
    tensors = getattr(task, role).tensors
    if index is None:
        return Batch(role, torch.arange(len(tensors[0]), device="cpu"), *tensors)
    return Batch(role, index, *(t[index.to(t.device, non_blocking=True)] for t in tensors))


def batches(task: Task, generator: torch.Generator):
    """Epoch by epoch its pairs of batches, one per update: indices into the retain and the forget
    set, None for a whole one."""
    while task.batch_size is None:
        yield [(None, None)]
    size, left = len(task.retain), shuffled(0, generator)
    while True:
        pairs = []
        for forget in shuffled(len(task.forget), generator).split(task.batch_size):
            count = min(len(forget), size)
            if len(left) < count:  # every sample comes once before any comes again
                rest = left if count < size else left[:0]  # the whole set has each of them once
                left = torch.cat([rest, shuffled(size, generator)])
            pairs.append((left[:count], forget))
            left = left[count:]
        yield pairs
