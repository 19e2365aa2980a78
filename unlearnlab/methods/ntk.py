"""NTK forgetting: one step to where training without the forget set would have led, if the network
were linear in its weights."""

import torch

from ..ground.models import copied
from ..projection import minnorm_step
from .base import hyperparameter, rule
from .descent import GD

SAMPLES = 2_500  # at most: with two heads the kernel takes 200 MB then, its eigenvectors a minute


@rule
class NTK(GD):
    """Golatkar, Achille and Soatto (2020), *Forgetting outside the box*, without their noise.

    Descent on the squared loss of the model linearised at theta*, begun at theta_0, ends at
    theta_0 + J^T K^-1 r on D: J the rows of output gradients, K = J J^T the kernel, r the labels
    less the linear model's outputs at theta_0. From where it ends on D to where it ends on D_r is

        - P_perp J_f^T M^-1 (r_f - K_fr K_rr^-1 r_r),    M = K_ff - K_fr K_rr^-1 K_rf,

    with P_perp off the retained rows. An original that interpolates has r = J (theta* - theta_0),
    and both ends are projections: theta <- theta - reg (P_D - P_r)(theta - theta_0), P_D onto the
    rows of D and P_r onto those of D_r. This is done once, before the first update, from K alone;
    then it descends J(B_r) as GD does. For an original that does not interpolate, its own outputs
    stand in for the labels. Rows are as in MinNorm-OG: the largest logit of every head.

    reg: the share of the step. origin: theta_0, "zero" (the shortest solutions), or the "initial"
    weights, which the task has to know.

    Holds K, (rows x rows) in float64, and two more copies of the model.
    """

    name = "NTK"
    reg: float = hyperparameter(1.0, high=1)
    origin: str = hyperparameter("zero", choices=("zero", "initial"))

    def check(self, task, epochs):
        super().check(task, epochs)
        if self.origin == "initial":
            initial_weights(task, self.name)
        kept, gone = len(task.retain), len(task.forget)
        if kept + gone > SAMPLES:
            raise ValueError(
                f"{self.name} needs the kernel of all samples at once, {kept:,} retained and "
                f"{gone:,} forgotten ones of {task.name}, {8e-9 * (kept + gone) ** 2:.1f} GB for "
                f"one head and four times that for two; it takes at most {SAMPLES:,} samples"
            )

    @torch.no_grad()
    def begin(self, state):
        task, model = state.task, state.model
        start = initial_weights(task, self.name) if self.origin == "initial" else None
        which = "every" if task.kind == "regression" else "largest"
        every = torch.cat([task.retain.tensors[0], task.forget.tensors[0]])
        retrained, trained = copied(model), copied(model)
        for end, inputs in (retrained, every[: len(task.retain)]), (trained, every):
            minnorm_step(end, inputs, 1.0, toward=start, outputs=which)
        for p, new, old in zip(*(m.parameters() for m in (model, retrained, trained))):
            p += self.reg * (new - old)


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
