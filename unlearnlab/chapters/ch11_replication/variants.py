"""Does another choice within paper A's framework do better? Variants, each with its own name.

They are in `VARIANTS` and not in `METHODS`, which holds what the papers compare; a grid takes
the class.
"""

from dataclasses import dataclass

import torch
from torch import nn

from ...ground.modes import norms_of
from ...methods import MinNormOG
from ...methods.ntk import initial_weights
from .published import MinNormPublished


@dataclass(frozen=True, kw_only=True)
class MinNormOnce(MinNormOG):
    """MinNorm-OG that projects before the first step of an epoch only: once, not once a batch."""

    name = "MinNorm-OG once an epoch"

    def project(self, state, retain):
        if state.memory.get("projected in") != state.epoch:
            state.memory["projected in"] = state.epoch
            super().project(state, retain)


@dataclass(frozen=True, kw_only=True)
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


@dataclass(frozen=True, kw_only=True)
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
