"""Methods that teach the forget set another answer: SalUn a random wrong one, KL-Unif none.
Classification only."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from ..ground.models import heads
from ..ground.points import IGNORED
from ..ground.seeds import uniform
from .base import Method, counted, rule


@rule
class SalUn(Method):
    """Saliency unlearning (Fan et al., 2024): learn random wrong labels on the forget set, with the
    salient half of the weights.

    Salient: |gradient of the forget loss at theta*| above its median over all trainable parameters.
    The gradient is that of the whole forget set, in evaluation mode; it costs one pass over that
    set, which is not counted as an epoch. All other weights keep theta*'s bits: they are put back
    after AdamW, whose weight decay and momentum would move them without a gradient (in paper A's
    public code they do). Batch norm's running statistics are not weights; `batch_norm` decides on
    those.

    variant "paper-A": J(B_r) + ascent * J(B_f with wrong labels), one update per pair of batches.
    "original": every epoch is a pass over the forget batches, on ascent * J(B_f with wrong labels),
    and then one over the retain batches, two updates per pair; the original has ascent = 1. Wrong
    labels are drawn afresh for every batch and head, uniformly from all but the right one (the
    original's public code draws from all classes, the right one included).
    """

    name = "SalUn"
    kinds = ("classification",)
    ascent: float = 0.1
    variant: str = "paper-A"

    def begin(self, state):
        weights = [p for p in state.model.parameters() if p.requires_grad]
        masks = salient(_forget_gradient(state, weights))
        state.memory["salient"] = [(p, keep, p.detach().clone()) for p, keep in zip(weights, masks)]

    def passes(self, state):
        return ("both",) if self.variant == "paper-A" else ("forget", "retain")

    def loss(self, state, retain, forget):
        kept = state.loss(retain) if state.turn != "forget" else 0
        if state.turn == "retain":
            return kept
        logits = state.outputs(forget)
        classes = [head.shape[-1] for head in heads(logits)]
        wrong = wrong_labels(forget.targets, classes, state.generator)
        return kept + self.ascent * state.task.loss(logits, wrong)

    @torch.no_grad()
    def settle(self, state):
        for p, keep, before in state.memory["salient"]:
            torch.where(keep, p, before, out=p)


@rule
class KLUnif(Method):
    """J(B_r) + reg * KL(uniform || prediction on B_f), summed over heads (the rebuttal of paper A).

    The other direction, KL(prediction || uniform), has a gradient that vanishes where the model is
    certain, which is where an interpolating original stands; this one pulls hardest there.
    """

    name = "KL-Unif"
    kinds = ("classification",)
    reg: float = 0.1

    def loss(self, state, retain, forget):
        logits, _ = counted(state.outputs(forget), forget.targets)
        return state.loss(retain) + self.reg * from_uniform(logits)


def from_uniform(logits: list[Tensor]) -> Tensor:
    """KL(u || p) = -log(classes) - mean_c log p_c, averaged over samples and summed over heads, of
    logits (n, classes)."""
    return -sum(F.log_softmax(head, 1).mean() + math.log(head.shape[1]) for head in logits)


def wrong_labels(targets: Tensor, classes: list[int], generator: torch.Generator) -> Tensor:
    """Labels of the shape of `targets`, (n,), (n, heads) or (n, length), each uniform over all of
    its head's classes but the right one. What is IGNORED stays so.

    Raises ValueError for a head with a single class, which has no wrong one.
    """
    if min(classes) < 2:
        raise ValueError(
            f"a head with one class has no wrong label; the heads have {classes} classes"
        )
    others = torch.tensor(classes if len(classes) > 1 else classes[0], device="cpu") - 1
    draw = (uniform(*targets.shape, generator=generator) * others).long()
    shift = 1 + draw.clamp_max(others - 1)
    wrong = (targets + shift.to(targets.device)) % (others + 1).to(targets.device)
    return torch.where(targets == IGNORED, targets, wrong)


def salient(gradients: list[Tensor]) -> list[Tensor]:
    """For each gradient a mask of its shape: whether an entry's size is above the median over all
    entries of all of them."""
    middle = torch.cat([g.abs().flatten() for g in gradients]).median()
    return [g.abs() > middle for g in gradients]


def _forget_gradient(state, weights):
    """The gradient of J(theta; D_f) with respect to each weight, in evaluation mode; 0 for a weight
    that takes no part."""
    points = state.task.forget.tensors
    counted = lambda targets: int((targets != IGNORED).sum())  # what J is a mean over
    state.model.eval()
    for x, y in zip(*(t.split(state.task.batch_size or len(t)) for t in points)):
        if state.stop.is_set():  # the run ends before its first update
            break
        share = counted(y) / counted(points[1])
        (state.task.loss(state.model(x.clone()), y) * share).backward()
    gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in weights]
    state.model.zero_grad()
    state.model.train()
    return gradients
