"""Methods that add a norm of all parameters to the retain loss: Ridge and l1-Sparse
(paper A, baselines)."""

from .base import Method, decaying, rule


@rule
class Ridge(Method):
    """J(B_r) + lambda ||theta||_2^2; lambda starts at `reg` and is multiplied by `reg_decay`
    after every batch."""

    name = "Ridge"
    reg: float = 3.0
    reg_decay: float = 0.9

    def loss(self, state, retain, forget):
        strength = state.notes["strength"] = decaying(state, self)
        squares = sum(p.square().sum() for p in state.model.parameters())
        return state.loss(retain) + strength * squares


@rule
class L1Sparse(Method):
    """J(B_r) + lambda_t ||theta||_1 with lambda_t = 2 (1 - t/T) reg in epoch t of T."""

    name = "l1-Sparse"
    reg: float = 0.1

    def loss(self, state, retain, forget):
        strength = 2 * (1 - state.epoch / state.epochs) * self.reg
        state.notes["strength"] = strength
        return state.loss(retain) + strength * sum(p.abs().sum() for p in state.model.parameters())
