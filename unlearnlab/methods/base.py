"""What every unlearning method has: hyperparameters that are checked, and the rules the loop calls."""
import copy
import dataclasses
import math
import numbers
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn

from .batch_norm import outputs


@dataclass(frozen=True, kw_only=True)
class Method:
    """A method is its hyperparameters plus its rules. A run calls `start` and `begin` once; every update calls, in this
    order, project, loss, perturb, AdamW with `lr` and decoupled `weight_decay` (.01: the paper's, and AdamW's own
    default), and settle. batch_norm: "retain", "all" or "frozen", what may reach running statistics (batch_norm.py)."""

    name: ClassVar[str] = "Method"
    kinds: ClassVar[tuple[str, ...]] = ("regression", "classification")
    lr: float = 1e-3
    weight_decay: float = .01
    batch_norm: str = "retain"

    def __post_init__(self):
        for f in dataclasses.fields(self):
            checked = _word if f.name in CHOICES else _number
            object.__setattr__(self, f.name, checked(self.name, f.name, getattr(self, f.name)))

    def check(self, task, epochs: int) -> None:
        """Raises ValueError when the method cannot work on this task for this many epochs."""
        if task.kind not in self.kinds:
            raise ValueError(f"{self.name} needs a {' or '.join(self.kinds)} task, {task.name} is a {task.kind} one")
        if not any(p.requires_grad for p in task.original.parameters()):
            raise ValueError(f"{self.name} has nothing to move: every parameter of {task.name}'s original is frozen")

    def start(self, task, seed: int) -> nn.Module:
        """The model the run begins with: a copy of the original."""
        return copy.deepcopy(task.original)

    def begin(self, state) -> None:
        """May look at the task before the first update, and keep what it finds in `state.memory`."""

    def passes(self, state) -> tuple[str, ...]:
        """How epoch `state.epoch` goes over its batches: once, or once per name; `state.turn` tells `loss` which it is."""
        return ("both",)

    def project(self, state, retain) -> None:
        """May move the weights before the outputs are computed."""

    def loss(self, state, retain, forget) -> torch.Tensor:
        """The objective that AdamW descends, a scalar."""
        raise NotImplementedError

    def perturb(self, state) -> None:
        """May change the gradients before AdamW uses them."""

    def settle(self, state) -> None:
        """May correct the weights after AdamW moved them."""


def batch_loss(state, batch) -> torch.Tensor:
    """J(theta; B): the task's mean loss of the current model on a batch."""
    return state.task.loss(outputs(state, batch), batch.targets)


def heads(logits) -> list[torch.Tensor]:
    """The heads of what a model returned, each (n, classes): several come as a tuple, one as it is."""
    return list(logits) if isinstance(logits, (tuple, list)) else [logits]


def _number(method, name, value):
    """`value` as a plain int or float; ValueError unless it is within RANGES."""
    low, high, whole = RANGES[name]
    number = isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)
    if not number or (whole and value != int(value)) or not low <= value <= high or (name in POSITIVE and value == 0):
        kind = "an integer" if whole else "a number"
        above = f"of at least {low:g}" if high == math.inf else f"in [{low:g}, {high:g}]"
        above = "greater than 0" if name in POSITIVE else above
        raise ValueError(f"{method}: {name} must be {kind} {above}, got {value!r}")
    return int(value) if whole else float(value)  # grids come as numpy numbers


def _word(method, name, value):
    """`value` as a plain str; ValueError unless it is one of CHOICES."""
    if not isinstance(value, str) or value not in CHOICES[name]:
        *others, last = (f'"{word}"' for word in CHOICES[name])
        raise ValueError(f"{method}: {name} must be {', '.join(others)} or {last}, got {value!r}")
    return str(value)


# lowest, highest, integer: one meaning per name, in every method
RANGES = {
    "lr": (0, math.inf, False),
    "weight_decay": (0, math.inf, False),
    "reg": (0, math.inf, False),
    "reg_decay": (0, 1, False),
    "n_pert": (0, math.inf, True),
    "project_every": (1, math.inf, True),
    "descent_epochs": (0, math.inf, True),
    "ascent": (0, math.inf, False),
    "noise": (0, math.inf, False),
    "temperature": (0, math.inf, False),
    "max_epochs": (1, math.inf, True),
}
POSITIVE = ("lr", "temperature")

# the words of those that are not numbers
CHOICES = {
    "batch_norm": ("retain", "all", "frozen"),
    "variant": ("paper-A", "original"),
    "heads": ("product", "sum"),
    "rows": ("eval", "train"),
    "outputs": ("after", "before"),
    "decay": ("projection", "epoch"),
}

HYPERPARAMETERS = (*RANGES, *CHOICES)
