"""MinNorm-OG: descend the retain loss, and shrink theta only where the retained outputs cannot feel it."""
import copy
import math
from dataclasses import dataclass
from typing import ClassVar

import torch

from ..projection import minnorm_step
from .base import Method, batch_loss


@dataclass(frozen=True, kw_only=True)
class MinNormOG(Method):
    """Paper A, Algorithm 1 and App. E.

    Projection: theta <- theta - strength * P_perp theta, with P_perp off the span of the output gradients of `n_pert`
    retain samples of the batch (balanced over classes in classification). strength is `reg` at first (1 / (1 + lambda)
    in the paper's terms) and is multiplied by `reg_decay` after every projection. It happens in epochs 0,
    `project_every`, 2 `project_every`, ..., but never in the last `descent_epochs`. Then one AdamW step on J(B_r), with
    outputs computed at the projected weights. n_pert = 0 protects nothing: theta <- (1 - strength) theta, plain shrinkage.

    Three switches lead back to paper A's public code, for a replication that changes one thing at a time:

    rows "eval": gradients of the outputs of the deployed network, each of one sample. "train": batch norm normalises by the
        subsample's own statistics, so that the other samples enter every row; takes conjugate gradients, 20 to 100 times as long.
        The running statistics are not touched by it.
    outputs "after": J(B_r) and its gradient belong to the projected weights. "before": the outputs are computed first and the
        new weights written under them, so that backpropagation meets old activations and new weights: no function's gradient.
    decay "projection": after every projection, as in the paper and its code, so that with batches an epoch decays as often as it
        has forget batches. "epoch": once per epoch that projects, whatever their number. Full-batch runs cannot tell.
    """

    name: ClassVar[str] = "MinNorm-OG"
    reg: float = .1
    reg_decay: float = .9
    n_pert: int = 50
    project_every: int = 1
    descent_epochs: int = 0
    rows: str = "eval"
    outputs: str = "after"
    decay: str = "projection"

    def __post_init__(self):
        super().__post_init__()
        if self.reg > 1:
            raise ValueError(f"{self.name}: reg must be a number in [0, 1], got {self.reg!r}: it is the share of "
                             "P_perp theta that the first projection removes")

    def check(self, task, epochs):
        super().check(task, epochs)
        if self.descent_epochs > epochs:
            raise ValueError(f"{self.name}: descent_epochs={self.descent_epochs} is more than epochs={epochs}: "
                             "no epoch is left to project in")

    def projects_in(self, epoch: int, epochs: int) -> bool:
        """Whether epoch number `epoch` (from 0) of `epochs` begins with a projection."""
        return epoch < epochs - self.descent_epochs and epoch % self.project_every == 0

    def project(self, state, retain):
        if not self.projects_in(state.epoch, state.epochs):
            return
        if self.outputs == "after":
            self._project(state, state.model, retain)
            return
        state.memory["loss"] = batch_loss(state, retain)
        moved = copy.deepcopy(state.model)
        self._project(state, moved, retain)
        for p, new in zip(state.model.parameters(), moved.parameters()):
            p.data.copy_(new.data)  # through .data, or autograd would refuse to walk back over weights that changed

    def loss(self, state, retain, forget):
        earlier = state.memory.pop("loss", None)
        return batch_loss(state, retain) if earlier is None else earlier

    def _project(self, state, model, retain):
        strength = self._strength(state)
        if self.n_pert == 0:
            state.notes |= {"strength": strength, "rank": 0, "drift": _shrink(model, strength)}
            return
        inputs, targets = retain
        if self.n_pert < len(inputs):
            inputs = inputs[_subsample(targets, self.n_pert, state.task.kind, state.generator).to(inputs.device)]
        step = minnorm_step(model, inputs, strength, batch_stats=self.rows == "train" and len(state.norms) > 0,
                            toward=state.memory.get("toward"))
        state.notes |= {"strength": strength, "rank": step.rank, "drift": step.drift}

    def _strength(self, state):
        """Of this projection. Counts it."""
        if self.decay == "epoch":
            return self.reg * self.reg_decay ** (state.epoch // self.project_every)
        strength = state.memory.get("strength", self.reg)
        state.memory["strength"] = strength * self.reg_decay
        return strength


@torch.no_grad()
def _shrink(model, strength):
    """theta <- (1 - strength) theta for what is trainable; the length of the change."""
    trainable = [p for p in model.parameters() if p.requires_grad]
    squared = sum(torch.linalg.vector_norm(p, dtype=torch.float64).square() for p in trainable)  # one wait for the device, not one each
    for p in trainable:
        p.mul_(1 - strength)
    return strength * math.sqrt(squared.item())


def _subsample(targets, count, kind, generator):
    """Indices of `count` < len(targets) samples; in classification the same number of each class.

    With more classes than `count`, one sample each of `count` random classes: count // classes would be no sample at
    all, and no row to project off. With two heads the first head's labels (the content) are balanced.
    """
    if kind == "regression":
        return torch.randperm(len(targets), generator=generator)[:count]
    labels = (targets if targets.ndim == 1 else targets[:, 0]).cpu()
    classes = labels.unique()
    classes = classes[torch.randperm(len(classes), generator=generator)][:count]
    each = count // len(classes)
    chosen = []
    for label in classes:
        members = (labels == label).nonzero().flatten()
        chosen.append(members[torch.randperm(len(members), generator=generator)[:each]])
    return torch.cat(chosen)
