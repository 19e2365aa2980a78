"""What every unlearning method has: hyperparameters that are checked, and four rules the loop calls."""
import copy
import dataclasses
import math
import numbers
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn


@dataclass(frozen=True, kw_only=True)
class Method:
    """A method is its hyperparameters plus its rules. Every update calls, in this order, project, loss, perturb, and
    then AdamW with `lr` and decoupled `weight_decay` (.01: the paper's, and AdamW's own default)."""

    name: ClassVar[str] = "Method"
    kinds: ClassVar[tuple[str, ...]] = ("regression", "classification")
    lr: float = 1e-3
    weight_decay: float = .01

    def __post_init__(self):
        for f in dataclasses.fields(self):
            low, high, whole = RANGES[f.name]
            value = getattr(self, f.name)
            number = isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)
            if not number or (whole and value != int(value)) or not low <= value <= high or (f.name == "lr" and value == 0):
                kind = "an integer" if whole else "a number"
                above = f"of at least {low:g}" if high == math.inf else f"in [{low:g}, {high:g}]"
                above = "greater than 0" if f.name == "lr" else above
                raise ValueError(f"{self.name}: {f.name} must be {kind} {above}, got {value!r}")
            object.__setattr__(self, f.name, int(value) if whole else float(value))  # grids come as numpy numbers

    def check(self, task, epochs: int) -> None:
        """Raises ValueError when the method cannot work on this task for this many epochs."""
        if task.kind not in self.kinds:
            raise ValueError(f"{self.name} needs a {' or '.join(self.kinds)} task, {task.name} is a {task.kind} one")
        if not any(p.requires_grad for p in task.original.parameters()):
            raise ValueError(f"{self.name} has nothing to move: every parameter of {task.name}'s original is frozen")

    def start(self, task, seed: int) -> nn.Module:
        """The model the run begins with: a copy of the original."""
        return copy.deepcopy(task.original)

    def project(self, state, retain) -> None:
        """May move the weights before the outputs are computed."""

    def loss(self, state, retain, forget) -> torch.Tensor:
        """The objective that AdamW descends, a scalar."""
        raise NotImplementedError

    def perturb(self, state) -> None:
        """May change the gradients before AdamW uses them."""


def batch_loss(state, batch) -> torch.Tensor:
    """J(theta; B): the task's mean loss of the current model on (inputs, targets)."""
    inputs, targets = batch
    return state.task.loss(state.model(inputs), targets)


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
}
