"""Is the forget set learnt again suspiciously fast? What was only hidden comes back sooner than
what was never known."""

import copy
import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import TensorDataset

from ..ground import checks, optim
from ..ground.models import logits
from ..ground.points import dataset
from ..ground.threads import few_threads


def relearn_time(
    model: nn.Module,
    forget: TensorDataset,
    target: float,
    *,
    lr: float = 1e-3,
    max_steps: int = 100,
    loss: Callable[..., torch.Tensor] = F.cross_entropy,
) -> float:
    """How many full-batch Adam steps bring the loss on the forget set down to `target`; infinite if
    max_steps do not.

    model: left as it is; a copy is trained, all its parameters, in evaluation mode, so that neither
    dropout nor batch statistics take part. forget: (inputs, targets). target: usually a little
    above the original's own loss. loss(outputs, targets): `task.loss` for a task's model. 0 if the
    loss is there already. Compare with retrained models, at the same lr: alone the number says
    nothing.

    Raises ValueError by name for a target, lr or max_steps out of range, or an empty forget set,
    ArithmeticError when the loss becomes NaN.
    """
    checks.number("target", target)
    checks.number("lr", lr, above=0)
    checks.integer("max_steps", max_steps, low=1)
    inputs, targets = dataset("forget", forget).tensors
    model = copy.deepcopy(model).eval().requires_grad_()
    optimizer = optim.Adam(model.parameters(), lr=lr)
    with few_threads(model), torch.enable_grad():
        for step in range(max_steps + 1):
            optimizer.zero_grad()
            value = loss(logits(model(inputs)), targets)
            if value.isnan():
                raise ArithmeticError(
                    f"the loss became NaN after {step} steps with lr={lr:g}; try a smaller lr"
                )
            if value.item() <= target:
                return step
            value.backward()
            optimizer.step()
    return math.inf
