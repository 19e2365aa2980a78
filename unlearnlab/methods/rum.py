"""RUM: the forget set is unlearned group by group, from what was hardly memorised to what was
memorised most."""

import torch
from torch.utils.data import TensorDataset

from ..ground import checks
from ..ground.models import copied
from ..networks.predict import outputs
from ..task import LOSSES
from ..training.fit import sample_losses
from .base import Method, hyperparameter, rule


@rule
class RUM(Method):
    """Refined unlearning (Zhao, Kurmanji, Barbulescu, Triantafillou and Triantafillou, 2024, *What
    makes unlearning hard and what to do about it*), with one method for all groups (their RUM^F).
    It goes before that method in the bases of a class:

        @dataclass(frozen=True, kw_only=True)
        class Refined(ul.RUM, ul.SalUn):
            name = "RUM (SalUn)"

    D_f is cut into `groups` of equal size by `memorisation_proxy`. Then the method runs on each for
    all its epochs, from where the last one ended: with that model as its original, the group as its
    forget set, and all of D_r to retain. So no forget sample is trained on again. T epochs of
    batches are about as many updates as T epochs on the whole of D_f, more where batches do not
    come out even; of a full-batch task they are `groups` times as many.

    order: of the groups, by what is memorised: "rising", as in the paper, or "falling".
    """

    name = "RUM"
    groups: int = hyperparameter(3, low=1)
    order: str = hyperparameter("rising", choices=("rising", "falling"))

    def check(self, task, epochs):
        super().check(task, epochs)
        checks.integer("groups", self.groups, low=1, high=len(task.forget))

    def stages(self, state):
        task = state.task
        parts = memorisation_proxy(task).argsort(stable=True).tensor_split(self.groups)
        for part in parts if self.order == "rising" else reversed(parts):
            group = TensorDataset(*task.forget[part.sort().values])
            yield task.changed(original=copied(state.model), ground_truth=None, forget=group)


def memorisation_proxy(task) -> torch.Tensor:
    """(n,): the original's loss on every sample of the forget set, in evaluation mode.

    It stands in for memorisation, which takes dozens of trainings (`metrics.memorisation`): what a
    network had to learn by heart it fits last, and is least sure of.
    """
    inputs, targets = task.forget.tensors
    said = outputs(copied(task.original), inputs)  # a forward may write into its model
    losses = sample_losses(said if len(said) > 1 else said[0], targets, LOSSES[task.kind])
    return losses.reshape(len(inputs), -1).mean(1).cpu()
