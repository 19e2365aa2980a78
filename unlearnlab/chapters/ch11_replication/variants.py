"""Does another choice within paper A's framework do better? Variants, each with its own name.

They are in `VARIANTS` and not in `METHODS`, which holds what the papers compare; a grid takes
the class.
"""

import torch
from torch import nn

from ...ground.modes import norms_of
from ...methods import MinNormOG
from ...methods.base import rule
from .published import MinNormPublished


@rule
class MinNormOnce(MinNormOG):
    """MinNorm-OG that projects before the first step of an epoch only: once, not once a batch."""

    name = "MinNorm-OG once an epoch"

    def project(self, state, retain):
        if state.memory.get("projected in") != state.epoch:
            state.memory["projected in"] = state.epoch
            super().project(state, retain)


@rule
class MinNormStart(MinNormOG):
    """MinNorm-OG with R = ||theta - theta_0||^2, theta_0 the weights that training began with.

    Of all that the retained outputs cannot feel, it takes back what training put there, and leaves
    what the initialisation did.
    """

    name = "MinNorm-OG to the start"

    def check(self, task, epochs):
        super().check(task, epochs)
        initial_weights(task, self.name)
        if self.n_pert == 0:
            raise ValueError(f"{self.name}: n_pert must be at least 1, got 0")

    def begin(self, state):
        state.memory["toward"] = initial_weights(state.task, self.name)


def initial_weights(task, name: str) -> list[torch.Tensor]:
    """The parameters that the original's training began with, where the task knows their seed.

    name: of the method that needs them. Raises ValueError where it does not.
    """
    if "seed" not in task.facts.get("original", {}):
        raise ValueError(
            f"{name} needs the weights the original started from, and {task.name} does not say "
            'from which seed they come: task.facts["original"]["seed"], which task.fresh takes'
        )
    start = task.fresh(int(task.facts["original"]["seed"]))
    return [p.detach().to(task.retain.tensors[0].device) for p in start.parameters()]


@rule
class MinNormDirection(MinNormOG):
    """MinNorm-OG that gives every filter of a convolution its length back after a projection.

    Where batch norm divides by the statistics of the batch, as in every descent step, the length of
    a filter changes no output: shrinking it removes nothing, and makes AdamW's steps, which are of
    fixed size, larger in comparison. This does without that.
    """

    name = "MinNorm-OG, filters' lengths kept"

    def check(self, task, epochs):
        super().check(task, epochs)
        if not norms_of(task.original):
            raise ValueError(
                f"{self.name} needs batch norm, and {task.name}'s network has none: there the "
                "length of a filter does change the outputs"
            )

    @torch.no_grad()
    def remove(self, state, model, retain):
        filters = [m.weight for m in model.modules() if isinstance(m, nn.Conv2d)]
        lengths = [_lengths(w) for w in filters]
        super().remove(state, model, retain)
        for weight, length in zip(filters, lengths):
            weight.mul_(length / _lengths(weight).clamp_min(torch.finfo(weight.dtype).tiny))


def _lengths(weight):
    """(out, 1, 1, 1): the length of every filter."""
    return weight.flatten(1).norm(dim=1).view(-1, 1, 1, 1)


VARIANTS = {
    method.name: method
    for method in (MinNormOnce, MinNormStart, MinNormDirection, MinNormPublished)
}
