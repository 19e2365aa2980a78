"""What does paper A's public code do that it should not, and how much does each point matter?

Each oddity has its correction beside it, for a replication that changes one thing at a time.
"""

import copy

import torch

from ...ground.modes import norms_of
from ...loop import Batch
from ...methods import MinNormOG
from ...methods.base import rule
from ...methods.batch_norm import observe
from ...projection.network import Network
from ...projection.step import cg_step


@rule
class MinNormPublished(MinNormOG):
    """MinNorm-OG as the public code runs it, or corrected in one point or another.

    All corrected, it is MinNorm-OG.

    rows: "train": batch norm normalises by the subsample's own statistics, so that the other
        samples enter every row; takes conjugate gradients, 20 to 100 times as long. "eval":
        gradients of the outputs of the deployed network, each of one sample.
    trace: whether the forward pass for the rows, which the public code makes in training mode, is
        seen by the running statistics as well: with batch_norm "all", a third batch of every
        update, of retained images, before the weights move.
    outputs: "before": computed first, and the new weights written under them, so that
        backpropagation meets old activations and new weights: no function's gradient. "after":
        J(B_r) and its gradient belong to the projected weights.
    decay: "projection": after every projection, as in the paper too, so that with batches an epoch
        decays as often as it has forget batches. "epoch": once per epoch that projects, whatever
        their number. Full-batch runs cannot tell.
    batch_norm: as in every method; "all" is what the public code does.
    """

    name = "MinNorm-OG as published"
    batch_norm: str = "all"
    rows: str = "train"
    trace: bool = True
    outputs: str = "before"
    decay: str = "projection"

    def project(self, state, retain):
        if self.outputs == "after" or not self.projects_in(state.epoch, state.epochs):
            super().project(state, retain)
            return
        state.memory["loss"] = state.loss(retain)
        moved = copy.deepcopy(state.model)
        self.remove(state, moved, retain)
        for p, new in zip(state.model.parameters(), moved.parameters()):
            # through .data, or autograd would refuse to walk back over weights that changed
            p.data.copy_(new.data)

    def loss(self, state, retain, forget):
        earlier = state.memory.pop("loss", None)
        return super().loss(state, retain, forget) if earlier is None else earlier

    def strength(self, state):
        if self.decay == "epoch":
            return self.reg * self.reg_decay ** (state.epoch // self.project_every)
        return super().strength(state)

    def step(self, state, model, inputs, strength):
        if self.trace:
            # of the run's model: "before" moves a copy of it
            observe(state, Batch("retain", inputs, inputs, None))
        if self.rows == "train" and state.norms:
            return batch_statistics_step(model, inputs, strength)
        return super().step(state, model, inputs, strength)


@torch.no_grad()
def batch_statistics_step(model, inputs, strength):
    """`minnorm_step` with batch norm as in training: it normalises by the statistics of `inputs`.

    That couples the samples, so a row is no longer one sample's: another projection, which only
    conjugate gradients compute. The running statistics stay. Arguments, result and errors as in
    `minnorm_step`, with solver="cg".
    """
    return cg_step(_Training(model, inputs), strength, {})


class _Training(Network):
    """A network whose batch norm is in training mode, and leaves the running statistics alone."""

    mixes_samples = True

    def set_modes(self):
        super().set_modes()
        for module in norms_of(self.model):
            module.training, module.track_running_stats = True, False
