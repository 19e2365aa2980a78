"""Methods that hold the model against the original, the teacher: SCRUB and NPO, classification
only; and what the teacher says."""

import torch
import torch.nn.functional as F
from torch import Tensor

from ..ground.models import copied, heads
from ..ground.points import IGNORED
from .base import Method, counted, hyperparameter, rule


class Taught(Method):
    """What has the original beside it, as its teacher."""

    kinds = ("classification",)

    def begin(self, state):
        state.memory["teacher"] = Teacher(state.task)


@rule
class SCRUB(Taught):
    """Stay with the teacher on the retain set, leave it on the forget set (Kurmanji et al., 2023).
    With KL as in `divergence`:

    a pass over retain batches   descends J(B_r) + reg * KL(teacher, model; B_r)
    a pass over forget batches   descends -ascent * KL(teacher, model; B_f)

    variant "paper-A": even epochs (from 0) and the last `descent_epochs` are retain passes, odd
    ones forget passes. With an even T and descent_epochs = 0 it ends on a forget pass. "original":
    each of the first `max_epochs` epochs is a forget pass and then a retain pass, the others are
    retain passes: it ends on descent. Such a double epoch makes two updates per pair of batches,
    each on one batch, so it sees as many samples as an epoch of NGP; `descent_epochs` has no say in
    it, nor `max_epochs` in the other. The original uses a `temperature` of 2 to 4 and ascent = 1,
    paper A temperature 1.

    A first forget pass starts at the teacher, where the divergence is 0 and has no gradient:
    without batch norm, or with its statistics "frozen", AdamW makes its first steps out of rounding
    errors.
    """

    name = "SCRUB"
    reg: float = 0.1
    ascent: float = 0.1
    descent_epochs: int = 0
    variant: str = "paper-A"
    max_epochs: int = 1
    temperature: float = 1.0

    def check(self, task, epochs):
        super().check(task, epochs)
        limit = "descent_epochs" if self.variant == "paper-A" else "max_epochs"
        if getattr(self, limit) > epochs:
            raise ValueError(
                f"{self.name}: {limit}={getattr(self, limit)} is more than epochs={epochs}"
            )

    def passes(self, state):
        if self.variant == "original":
            return ("forget", "retain") if state.epoch < self.max_epochs else ("retain",)
        descends = state.epoch % 2 == 0 or state.epoch >= state.epochs - self.descent_epochs
        return ("retain",) if descends else ("forget",)

    def loss(self, state, retain, forget):
        batch = retain if state.turn == "retain" else forget
        logits = state.outputs(batch)
        student, _ = counted(logits, batch.targets)
        away = divergence(state.memory["teacher"](batch), student, self.temperature)
        if batch is forget:
            return -self.ascent * away
        return state.task.loss(logits, batch.targets) + self.reg * away


@rule
class NPO(Taught):
    """Negative preference optimisation (Zhang et al., 2024): (2 / reg) mean
    log(1 + (pi(y|x) / pi*(y|x))^reg) on B_f, where pi* is the teacher's probability of the label
    and `reg` is the paper's beta.

    It is computed as softplus(reg * (log pi - log pi*)), which neither overflows for a confident
    model nor divides by a probability of 0. heads: with several labels per sample pi is their joint
    probability, the "product" over the heads, or over a sequence's positions; paper A's public code
    takes the "sum" of every head's own loss.
    """

    name = "NPO"
    reg: float = hyperparameter(0.1, positive=True)
    heads: str = "product"

    def loss(self, state, retain, forget):
        student, labels = counted(state.outputs(forget), forget.targets)
        teacher = state.memory["teacher"](forget)
        gained = label_scores(student, labels) - label_scores(teacher, labels)
        if self.heads == "product":
            gained = gained.sum(1, keepdim=True)
            if len(gained) != len(forget):  # of sequences, every position by itself
                sample = (forget.targets != IGNORED).nonzero()[:, 0]
                gained = gained.new_zeros(len(forget), 1).index_add(0, sample, gained)
        return 2 / self.reg * F.softplus(self.reg * gained).mean(0).sum()


def divergence(teacher: list[Tensor], student: list[Tensor], temperature: float = 1.0) -> Tensor:
    """temperature^2 KL(p || q), averaged over samples and summed over heads; p and q are the
    softmax of teacher and student logits (n, classes) over `temperature`. The square keeps the
    gradient's size as the temperature grows (Hinton et al., 2015)."""
    soft = lambda logits: F.log_softmax(logits / temperature, 1)
    apart = lambda p, q: F.kl_div(soft(q), soft(p), log_target=True, reduction="batchmean")
    return temperature**2 * sum(map(apart, teacher, student))


def label_scores(logits: list[Tensor], targets: Tensor) -> Tensor:
    """log p(label) per sample and head, (n, heads), from logits (n, classes) of each and targets
    (n,) or (n, heads)."""
    labels = targets if targets.ndim == 2 else targets[:, None]
    each = zip(logits, labels.split(1, 1))
    return torch.cat([F.log_softmax(head, 1).gather(1, label) for head, label in each], 1)


class Teacher:
    """theta* in evaluation mode: its logits for a batch, as constants, asked for once per sample
    and run, however often they come.

    It is a copy, so nobody's mode or batch-norm statistics change, and in evaluation mode a
    sample's logits depend on neither the other samples of its batch nor on when they are asked for.
    That is why they can be kept: (n, classes) numbers per head for each of the two sets, filled in
    as batches come.
    """

    def __init__(self, task):
        self.model = copied(task.original).requires_grad_(False)
        self.model.eval()
        self.task, self.told = task, {}  # by role: who has been asked about, a table for each head

    @torch.no_grad()
    def __call__(self, batch) -> list[Tensor]:
        """The heads' logits, each (len(batch), classes); of sequences, as `counted` gives them."""
        inputs = getattr(self.task, batch.role).tensors[0]
        nobody = torch.zeros(len(inputs), dtype=torch.bool, device="cpu")
        known, tables = self.told.setdefault(batch.role, (nobody, []))
        new = batch.index[~known[batch.index]]
        if len(new) > 0:
            answers = heads(self.model(inputs[new.to(inputs.device)]))
            if not tables:
                tables += [head.new_zeros(len(inputs), *head.shape[1:]) for head in answers]
            for table, head in zip(tables, answers):
                table[new.to(table.device)] = head
            known[new] = True
        said = [table[batch.index.to(table.device)] for table in tables]
        return counted(said if len(said) > 1 else said[0], batch.targets)[0]
