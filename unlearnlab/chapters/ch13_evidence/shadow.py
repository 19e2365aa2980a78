"""How are a hundred small models trained in seconds? As one: their weights are stacked, and every
product is a batched one.

Measured on one core, an epoch of 100 networks on halves of the digits (719 images each): 64-128-10
takes .2 s, one network after the other .5 s; two convolutions and a linear layer take .9 s, one
after the other 2.4 s. All with the same fused AdamW.
"""

import copy
import math
import threading
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call, stack_module_state, vmap

from ...ground import checks, optim
from ...ground.modes import is_norm
from ...ground.threads import one_thread
from ...training.fit import Stopped

BATCH = 512


class Ensemble:
    """Models of one architecture. `len(ensemble)`, `ensemble.model(i)`, `ensemble.logits(inputs)`.

    parameters: by name, (models, ...). base: a model that gives the architecture.
    """

    def __init__(self, base: nn.Module, parameters: dict[str, torch.Tensor]):
        self.base, self.parameters = base, parameters

    def __len__(self):
        return len(next(iter(self.parameters.values())))

    def model(self, i: int) -> nn.Module:
        """Model number i by itself, in evaluation mode: a copy."""
        model, own = copy.deepcopy(self.base), {name: p[i] for name, p in self.parameters.items()}
        model.load_state_dict(own, strict=False)  # what is missing is buffers
        return model.eval()

    @torch.no_grad()
    def logits(self, inputs: torch.Tensor) -> torch.Tensor:
        """(models, n, classes), of the same inputs (n, ...) for every model."""
        self.base.eval()
        apply = vmap(lambda p, x: functional_call(self.base, p, (x,)), in_dims=(0, None))
        device = next(iter(self.parameters.values())).device
        parts = [apply(self.parameters, part.to(device)) for part in inputs.split(BATCH)]
        return torch.cat(parts, 1)


def train_ensemble(
    build: Callable[[int], nn.Module],
    inputs: torch.Tensor,
    labels: torch.Tensor,
    included: torch.Tensor,
    *,
    epochs: int,
    lr: float = 3e-3,
    weight_decay: float = 0.0,
    batch_size: int = 64,
    seed: int = 0,
    progress: Callable[[int], None] | None = None,
    stop: threading.Event | None = None,
) -> Ensemble:
    """Trains one model per row of `included` on the examples that row names, all at once, by AdamW
    on the cross-entropy.

    build(seed): an untrained model; model i starts from build(seed + i) and draws its own batches.
    inputs: (n, ...), labels: (n,), included: (models, n) booleans. An epoch takes as many batches
    as the largest part needs; a model with fewer examples begins them anew, in a new order. lr
    falls to 0 along a cosine. AdamW works entry by entry, so every model is what it would have
    become alone. progress(epochs done). stop: ends within one batch by `Stopped`.

    Raises TypeError or ValueError by name for what does not fit and for models with batch norm or
    dropout, which vmap cannot keep apart; ArithmeticError when a loss is no longer finite.
    """
    _check(inputs, labels, included, epochs, batch_size)
    base, parameters = _stacked([build(seed + i) for i in range(len(included))], inputs.device)
    batches = _Orders(included, batch_size, torch.Generator().manual_seed(seed))
    optimizer = optim.AdamW(parameters.values(), lr=lr, weight_decay=weight_decay, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * batches.count)
    losses = vmap(lambda p, x, y: F.cross_entropy(functional_call(base, p, (x,)), y))
    with one_thread(), torch.enable_grad():
        for epoch in range(epochs):
            for chosen in batches.epoch():
                if stop is not None and stop.is_set():
                    raise Stopped(f"stopped after {epoch} of {epochs} epochs")
                chosen = chosen.to(inputs.device)
                optimizer.zero_grad()
                value = losses(parameters, inputs[chosen], labels[chosen]).sum()
                value.backward()
                optimizer.step()
                schedule.step()
            if not value.isfinite():
                raise ArithmeticError(
                    f"a model's loss became {value:g} in epoch {epoch + 1}: lr={lr:g} is too large"
                )
            if progress is not None:
                progress(epoch + 1)
    return Ensemble(base.eval(), {name: p.detach() for name, p in parameters.items()})


def _stacked(models, device):
    """A model to run them all with, in training mode, and all parameters, by name (models, ...)."""
    _check_layers(models[0])
    parameters, _ = stack_module_state(models)
    return copy.deepcopy(models[0]).to(device).train(), {
        name: p.detach().to(device).requires_grad_() for name, p in parameters.items()
    }


class _Orders:
    """For every epoch, (models, batch_size) indices per batch: each model goes through its own
    examples in its own order."""

    def __init__(self, included, batch_size, generator):
        self.included, self.generator = included.cpu(), generator
        self.sizes = self.included.sum(1, keepdim=True)
        self.size = min(batch_size, int(self.sizes.max()))
        self.count = math.ceil(int(self.sizes.max()) / self.size)

    def epoch(self):
        order, again = self._order(), self._order()
        place = torch.arange(self.count * self.size).expand(len(order), -1)
        first, second = (some.gather(1, place % self.sizes) for some in (order, again))
        return torch.where(place < self.sizes, first, second).split(self.size, 1)

    def _order(self):
        """(models, n): every model's own examples first, in random order."""
        keys = torch.rand(self.included.shape, generator=self.generator)
        return keys.masked_fill(~self.included, 2).argsort(1)


def _check(inputs, labels, included, epochs, batch_size):
    checks.integer("epochs", epochs, low=1)
    checks.integer("batch_size", batch_size, low=1)
    checks.floats("inputs", inputs, finite=False)
    checks.tensor("labels", labels, dtype=torch.int64, shape=(len(inputs),))
    checks.tensor("included", included, dtype=torch.bool, shape=("models", len(inputs)))
    for model, examples in enumerate(included.sum(1).tolist()):
        if not examples:
            raise ValueError(f"included leaves model {model} without an example")


def _check_layers(model):
    for module in model.modules():
        if is_norm(module):
            raise ValueError(
                "build must give models without batch norm: under vmap its running averages cannot "
                "be kept per model"
            )
        if isinstance(module, nn.modules.dropout._DropoutNd) and module.p > 0:
            raise ValueError("build must give models without dropout")
