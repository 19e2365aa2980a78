"""Train an original or a ground-truth model: full batch, AdamW, resumable, the same result however often interrupted."""
import threading
import warnings
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from . import checkpoints
from .threads import few_threads


class Stopped(Exception):
    """Training was stopped on request. What was done so far is in the checkpoint, if one was asked for."""


def train(model: nn.Module, inputs: torch.Tensor, targets: torch.Tensor, *, epochs: int, lr: float = 1e-3,
          weight_decay: float = .01, loss: Callable = nn.functional.mse_loss, checkpoint: Path | None = None,
          save_every: int = 5_000, progress: Callable[[int, float], None] | None = None,
          stop: threading.Event | None = None) -> float:
    """Full-batch AdamW on loss(model(inputs), targets), in place; returns the loss at the last epoch's start.

    inputs: (n, ...), targets: (n, ...). One epoch is one update. With a `checkpoint` path the parameters and AdamW's
    moments are saved every `save_every` epochs and at a stop, and a later call with the same settings and data goes on
    from there, to the bit; a damaged file, or one of other settings, is named in a warning and training starts over.
    progress(epochs done, loss) is called every 100 epochs. stop: set it to end within one epoch by `Stopped`.

    Raises ValueError for epochs < 1, Stopped, and ArithmeticError when the loss is no longer finite.
    """
    if epochs < 1:
        raise ValueError(f"epochs must be at least 1, got {epochs}")
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=weight_decay, fused=True)
    facts = {"epochs": str(epochs), "lr": repr(lr), "weight_decay": repr(weight_decay),
             "start": checkpoints.digest({**dict(model.named_parameters()), "inputs": inputs, "targets": targets})}
    with few_threads(model):
        return _descend(model, inputs, targets, epochs, loss, optimizer, checkpoint, facts, save_every, progress, stop)


def _descend(model, inputs, targets, epochs, loss, optimizer, checkpoint, facts, save_every, progress, stop):
    parameters = list(model.parameters())
    done, value = _restore(checkpoint, facts, parameters, optimizer)
    while done < epochs:
        if stop is not None and stop.is_set():
            _save(checkpoint, facts, parameters, optimizer, done, value)
            raise Stopped(f"stopped after {done} of {epochs} epochs")
        optimizer.zero_grad()
        current = loss(model(inputs), targets)
        current.backward()
        optimizer.step()
        done += 1
        if done % 100 == 0 or done == epochs:
            value = current.item()
            if value != value or value == float("inf"):
                raise ArithmeticError(f"the training loss became {value} at epoch {done}: lr={facts['lr']} is too large")
            if progress is not None:
                progress(done, value)
        if done % save_every == 0 or done == epochs:
            _save(checkpoint, facts, parameters, optimizer, done, value)
    return value


def _save(path, facts, parameters, optimizer, done, value):
    if path is None or done == 0:
        return
    tensors = {}
    for i, p in enumerate(parameters):
        tensors |= {f"{i}.value": p, f"{i}.first": optimizer.state[p]["exp_avg"], f"{i}.second": optimizer.state[p]["exp_avg_sq"]}
    checkpoints.write(path, tensors, {**facts, "done": str(done), "loss": repr(value)})


def _restore(path, facts, parameters, optimizer):
    if path is None or not Path(path).exists():
        return 0, float("nan")
    try:
        tensors, found = checkpoints.read(path, facts)
    except checkpoints.BadCheckpoint as error:
        warnings.warn(f"{error}. Training starts from the first epoch.", stacklevel=4)
        return 0, float("nan")
    with torch.no_grad():
        for i, p in enumerate(parameters):
            p.copy_(tensors[f"{i}.value"])
            optimizer.state[p] = {"step": torch.tensor(float(found["done"])), "exp_avg": tensors[f"{i}.first"].to(p.device),
                                  "exp_avg_sq": tensors[f"{i}.second"].to(p.device)}
    return int(found["done"]), float(found["loss"])
