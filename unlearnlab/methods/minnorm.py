"""MinNorm-OG: descend the retain loss; shrink theta where the retained outputs cannot feel it."""

import torch

from ..ground.points import Sequences
from ..ground.seeds import members, shuffled
from ..projection import Projection
from .base import decaying, hyperparameter, rule
from .descent import GD


@rule
class MinNormOG(GD):
    """Paper A, Algorithm 1 and App. E.

    Projection: theta <- theta - strength * P_perp theta, off the span of output gradients. Then one
    AdamW step on J(B_r), with outputs computed at the projected weights.

    reg: strength of the first projection, in [0, 1]; 1 / (1 + lambda) in the paper's terms.
    reg_decay: what the strength is multiplied by after every projection.
    n_pert: how many retain samples of the batch give the span, at most; in classification n_pert //
        classes of every class, or all of a class that has fewer. A batch of at most n_pert samples
        gives all of them, whatever their classes. Every output of a regression gives a row, the
        largest logit of a head does in classification. 0 protects nothing: theta <- (1 - strength)
        theta, plain shrinkage.
    project_every, descent_epochs: it projects in epochs 0, `project_every`, 2 `project_every`, ...,
        but never in the last `descent_epochs`.
    """

    name = "MinNorm-OG"
    reg: float = hyperparameter(0.1, high=1)
    reg_decay: float = 0.9
    n_pert: int = 50
    project_every: int = 1
    descent_epochs: int = 0

    def check(self, task, epochs):
        super().check(task, epochs)
        if self.descent_epochs > epochs:
            raise ValueError(
                f"{self.name}: descent_epochs={self.descent_epochs} is more than epochs={epochs}: "
                "no epoch is left to project in"
            )

    def projects_in(self, epoch: int, epochs: int) -> bool:
        """Whether epoch number `epoch` (from 0) of `epochs` begins with a projection."""
        return epoch < epochs - self.descent_epochs and epoch % self.project_every == 0

    def project(self, state, retain):
        if self.projects_in(state.epoch, state.epochs):
            self.remove(state, state.model, retain)

    def remove(self, state, model, retain) -> None:
        """One projection of `model`, in place; notes its strength, rank and drift."""
        strength = self.strength(state)
        if self.n_pert == 0:
            rank, drift = 0, _shrink(model, strength)
        else:
            inputs = retain.inputs
            if self.n_pert < len(inputs):
                targets = _all_targets(state)[retain.index]
                mixed = isinstance(state.task.retain, Sequences)  # of no one class
                kind = "regression" if mixed else state.task.kind
                kept = subsample(targets, self.n_pert, kind, state.generator)
                inputs = inputs[kept.to(inputs.device, non_blocking=True)]
            step = self.step(state, model, inputs, strength)
            rank, drift = step.rank, step.drift
        state.notes |= {"strength": strength, "rank": rank, "drift": drift}

    def strength(self, state) -> float:
        """Of this projection. Counts it."""
        return decaying(state, self)

    def step(self, state, model, inputs, strength):
        """The Step off the rows of these inputs."""
        projection = state.memory.get("projection")
        if projection is None or projection.model is not model:
            outputs = "every" if state.task.kind == "regression" else "largest"
            projection = state.memory["projection"] = Projection(model, state.products, outputs)
        return projection.step(inputs, strength, toward=state.memory.get("toward"))


def _all_targets(state):
    """Of all the retain set, on the CPU: fetched once a run, not waited for at every projection."""
    if "targets" not in state.memory:
        state.memory["targets"] = state.task.retain.tensors[1].cpu()
    return state.memory["targets"]


@torch.no_grad()
def _shrink(model, strength):
    """theta <- (1 - strength) theta for what is trainable; the length of the change."""
    trainable = [p for p in model.parameters() if p.requires_grad]
    length = torch.stack(torch._foreach_norm(trainable, dtype=torch.float64)).norm()
    torch._foreach_mul_(trainable, 1 - strength)
    return strength * length.item()


def subsample(targets, count, kind, generator):
    """Indices of `count` < len(targets) samples; in classification of at most so many, count //
    classes of every class there is, or all of a class that has fewer.

    With more classes than `count`, one sample each of `count` random classes: count // classes
    would be no sample at all, and no row to project off. With two heads the first head's labels
    (the content) are balanced.
    """
    if kind == "regression":
        return shuffled(len(targets), generator)[:count]
    labels = (targets if targets.ndim == 1 else targets[:, 0]).cpu()
    classes = labels.unique()
    classes = classes[shuffled(len(classes), generator)][:count]
    each = count // len(classes)
    return torch.cat([members(labels, label, generator)[:each] for label in classes])
