"""Train an original or a ground-truth model: full batch, AdamW, resumable, the same result however often interrupted."""
import math
import numbers
import threading
import warnings
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from . import checkpoints
from .ground.threads import few_threads


class Stopped(Exception):
    """Training was stopped on request. What was done so far is in the checkpoint, if one was asked for."""


def squared_error(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Mean squared error. Raises ValueError for different shapes, which torch would broadcast to a wrong loss."""
    if outputs.shape != targets.shape:
        raise ValueError(f"the model returns {tuple(outputs.shape)} for targets of shape {tuple(targets.shape)}: "
                         "they must have the same shape")
    return nn.functional.mse_loss(outputs, targets)


def train(model: nn.Module, inputs: torch.Tensor, targets: torch.Tensor, *, epochs: int, lr: float = 1e-3,
          weight_decay: float = .01, loss: Callable = squared_error, checkpoint: Path | None = None,
          save_every: int = 5_000, progress: Callable[[int, float], None] | None = None,
          stop: threading.Event | None = None) -> float:
    """Full-batch AdamW on loss(model(inputs), targets), in place; returns the loss at the last epoch's start.

    inputs: (n, ...), targets: (n, ...). One epoch is one update. With a `checkpoint` path the parameters, buffers and
    AdamW's moments are saved every `save_every` epochs and at a stop, and a later call with the same settings, loss and
    data goes on from there, to the bit (dropout apart, which draws from torch's global generator); a damaged file, or
    one of other settings, is named in a warning and training starts over.
    progress(epochs done, loss) is called every 100 epochs. stop: set it to end within one epoch by `Stopped`.

    Raises ValueError for epochs or save_every that are not positive integers, or no data; PermissionError for a
    checkpoint folder that cannot be written; Stopped; and ArithmeticError when the loss is no longer finite.
    """
    for name, value in (("epochs", epochs), ("save_every", save_every)):
        if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < 1:
            raise ValueError(f"{name} must be an integer of at least 1, got {value!r}")
    if len(inputs) == 0:
        raise ValueError("inputs is empty: there is nothing to train on")
    if checkpoint is not None:
        checkpoints.check_writable(checkpoint)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=weight_decay, fused=True)
    start = checkpoints.digest({**dict(model.state_dict()), "inputs": inputs, "targets": targets})
    saved = _Saved(checkpoint, model, optimizer, {"epochs": str(epochs), "lr": repr(lr), "start": start,
                   "weight_decay": repr(weight_decay), "objective": getattr(loss, "__qualname__", repr(loss))})
    with few_threads(model):
        done, value = saved.restore()
        while done < epochs:
            if stop is not None and stop.is_set():
                saved.write(done, value)
                raise Stopped(f"stopped after {done} of {epochs} epochs")
            optimizer.zero_grad()
            current = loss(model(inputs), targets)
            current.backward()
            optimizer.step()
            done += 1
            if done % 100 == 0 or done == epochs:
                value = current.item()
                if not math.isfinite(value):
                    raise ArithmeticError(f"the training loss became {value} at epoch {done}: lr={lr} is too large")
                if progress is not None:
                    progress(done, value)
            if done % save_every == 0 or done == epochs:
                saved.write(done, value)
    return value


class _Saved:
    """What a training needs to go on: parameters, buffers and AdamW's moments, under facts that identify it."""

    def __init__(self, path, model, optimizer, facts):
        self.path, self.model, self.optimizer, self.facts = path, model, optimizer, facts

    def write(self, done, value):
        if self.path is None or done == 0:
            return
        tensors = {f"model.{name}": t for name, t in self.model.state_dict().items()}
        for i, p in enumerate(self.model.parameters()):  # a frozen or unused parameter has no moments
            moments = self.optimizer.state.get(p, {})
            tensors |= {f"{i}.{key}": moments[key] for key in ("step", "exp_avg", "exp_avg_sq") if key in moments}
        checkpoints.write(self.path, tensors, {**self.facts, "done": str(done), "loss": repr(value)})

    def restore(self):
        if self.path is None or not Path(self.path).exists():
            return 0, float("nan")
        try:
            tensors, found = checkpoints.read(self.path, self.facts)
        except checkpoints.BadCheckpoint as error:
            warnings.warn(f"{error}. Training starts from the first epoch.", stacklevel=3)
            return 0, float("nan")
        self.model.load_state_dict({name[6:]: t for name, t in tensors.items() if name.startswith("model.")})
        for i, p in enumerate(self.model.parameters()):
            if f"{i}.step" in tensors:
                self.optimizer.state[p] = {key: tensors[f"{i}.{key}"].to(p.device) for key in ("step", "exp_avg", "exp_avg_sq")}
        return int(found["done"]), float(found["loss"])
