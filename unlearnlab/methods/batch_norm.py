"""May the forget set reach a network's running statistics? The policy, and what carries it out.

Batch norm in training mode does two things with a batch: it normalises it by the batch's own mean
and variance, and it lets them into the running ones, which the deployed network normalises by. The
second is a way into the model that no loss and no mask sees: a method that descends the retain loss
alone takes up the forget set all the same, once forget batches pass through. The field `batch_norm`
of every method says what happens:

    "retain"   forget batches are normalised by their own statistics, which go no further; retain
               batches as in training
    "all"      both batches of every update go into the running statistics, retain first, before
               anything else in the update and whether or not the method uses them: what paper A's
               public code does. So a projection is of outputs that they have shaped already
    "frozen"   the running statistics normalise everything and stay as they are; scale and shift
               still train

A batch of a single sample has no statistics of its own (its variance is 0, and torch raises an
error where the map is 1 x 1): it is normalised by the running ones and does not reach them.
"""

import copy
from contextlib import contextmanager

import torch
from torch.nn.modules.batchnorm import _BatchNorm

from ..ground.models import logits
from ..ground.modes import kept_modes
from ..projection.network import paired


def batch_outputs(state, batch):
    """What the current model returns for a batch, under the run's policy. Differentiable."""
    policy = state.method.batch_norm
    own = policy != "frozen" and len(batch) > 1
    with _normalising(state.norms, own, policy == "retain" and batch.role == "retain"):
        returned = logits(state.model(paired(state.model, batch.inputs).clone()))
    state.seen = seen(state.norms)
    first = lambda head: head[: len(batch)]
    return tuple(map(first, returned)) if isinstance(returned, (tuple, list)) else first(returned)


def seen(norms) -> list[int]:
    """How often each buffer of the layers was written into: what tells whether a batch came in."""
    return [t._version for m in norms for t in m._buffers.values() if t is not None]


@torch.no_grad()
def observe(state, *batches) -> None:
    """Lets the batches into the running statistics, one after the other, if the policy is "all"."""
    if state.method.batch_norm == "all" and state.norms:
        for batch in batches:
            with _normalising(state.norms, own=len(batch) > 1, tracked=True):
                state.model(batch.inputs.clone())
        state.seen = seen(state.norms)


@contextmanager
def _normalising(norms, own, tracked):
    """Inside, the layers normalise by the batch's own statistics or by the running ones.

    tracked: the former reach the latter. A layer in evaluation mode stays in it.
    """
    with kept_modes(norms):
        for m in norms:
            m.training = m.training and own
            if isinstance(m, _BatchNorm):
                m.track_running_stats = m.track_running_stats and tracked
            elif not tracked:  # it may write into them all the same
                m._buffers = copy.deepcopy(m._buffers)
        yield
