"""Methods built on loss gradients alone: Retrain, GD, GA, NGD, NGP (paper A, the baselines of
section 5), NegGrad (paper B)."""

import torch

from ..ground import checks
from .base import Method, hyperparameter, rule


@rule
class GD(Method):
    """Gradient descent on the retain loss J(B_r)."""

    name = "GD"

    def loss(self, state, retain, forget):
        return state.loss(retain)


@rule
class Retrain(GD):
    """Descent on J(B_r) from a fresh initialisation: what the same number of epochs buys without
    the original."""

    name = "Retrain"
    lr: float = 1e-4

    def check(self, task, epochs):
        super().check(task, epochs)
        checks.function("build of the task", task.build, "from a seed to an untrained model")

    def start(self, task, seed):
        return task.fresh(seed)


@rule
class GA(Method):
    """Gradient ascent on the forget loss: descends -J(B_f)."""

    name = "GA"
    lr: float = 1e-4

    def loss(self, state, retain, forget):
        return -state.loss(forget)


@rule
class NGD(GD):
    """Noisy gradient descent: the gradient of J(B_r) plus N(0, noise^2 I), before the
    optimiser sees it."""

    name = "NGD"
    noise: float = 0.1

    def perturb(self, state):
        for p in state.model.parameters():
            if p.grad is not None:
                drawn = torch.randn(
                    p.shape, generator=state.device_generator, device=p.device, dtype=torch.float32
                )
                p.grad += self.noise * drawn.to(p.dtype)


@rule
class NGP(Method):
    """NegGrad+: J(B_r) - ascent * J(B_f)."""

    name = "NGP"
    ascent: float = 0.01

    def loss(self, state, retain, forget):
        return state.loss(retain) - self.ascent * state.loss(forget)


@rule
class NegGrad(Method):
    """alpha J(B_r) - (1 - alpha) J(B_f) with alpha = 1 - ascent: NGP with weights that add up to 1.

    Paper B names NegGrad and says that it uses the forget set; its summary gives no formula. This
    convex form is the one of Kurmanji et al. (2023), the paper that also brought SCRUB. AdamW
    hardly feels the scale of a loss, so NGP with ascent / (1 - ascent) takes nearly the same steps;
    what differs is what a grid of `ascent` covers.
    """

    name = "NegGrad"
    ascent: float = hyperparameter(0.01, high=1)

    def loss(self, state, retain, forget):
        kept, gone = state.loss(retain), state.loss(forget)
        return (1 - self.ascent) * kept - self.ascent * gone
