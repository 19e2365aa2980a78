"""How are a hundred small models trained in seconds? As one: their weights are stacked, and every
product is a batched one.

Measured on one core, an epoch of 100 networks on halves of the digits (719 images each): 64-128-10
takes .2 s, one network after the other .5 s; two convolutions and a linear layer take .9 s, one
after the other 2.4 s. All with the same fused AdamW.
"""

import copy
import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call, stack_module_state, vmap

from ...ground import optim
from ...ground.modes import is_norm
from ...ground.threads import one_thread


def train_ensemble(
    build: Callable[[int], nn.Module],
    inputs: torch.Tensor,
    labels: torch.Tensor,
    included: torch.Tensor,
    *,
    epochs: int,
    lr: float = 3e-3,
    batch_size: int = 64,
    seed: int = 0,
) -> list[nn.Module]:
    """Trains one model per row of `included` on the examples that row names, all at once, by AdamW
    on the cross-entropy.

    build(seed): an untrained model; model i starts from build(seed + i) and draws its own batches.
    inputs: (n, ...), labels: (n,), included: (models, n) booleans. An epoch takes as many batches
    as the largest part needs; a model with fewer examples begins them anew, in a new order. lr
    falls to 0 along a cosine. AdamW works entry by entry, so every model is what it would have
    become alone. Returns the models, in evaluation mode.

    Raises ValueError for models with batch norm or dropout, which vmap cannot keep apart;
    ArithmeticError when a loss is no longer finite.
    """
    models = [build(seed + i) for i in range(len(included))]
    _check_layers(models[0])
    base, generator = copy.deepcopy(models[0]).train(), torch.Generator().manual_seed(seed)
    parameters, _ = stack_module_state(models)
    parameters = {name: p.detach().requires_grad_() for name, p in parameters.items()}
    optimizer = optim.AdamW(parameters.values(), lr=lr, weight_decay=0, fused=True)
    steps = epochs * math.ceil(int(included.sum(1).max()) / batch_size)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    losses = vmap(lambda p, x, y: F.cross_entropy(functional_call(base, p, (x,)), y))
    with one_thread(), torch.enable_grad():
        for epoch in range(epochs):
            for batch in _batches(included, batch_size, generator):
                optimizer.zero_grad()
                value = losses(parameters, inputs[batch], labels[batch]).sum()
                value.backward()
                optimizer.step()
                schedule.step()
            if not value.isfinite():
                raise ArithmeticError(
                    f"a model's loss became {value:g} in epoch {epoch + 1}: lr={lr:g} is too large"
                )
    for i, model in enumerate(models):  # what is missing is buffers
        model.load_state_dict({name: p[i] for name, p in parameters.items()}, strict=False)
    return [model.eval() for model in models]


def _batches(included, batch_size, generator):
    """The batches of an epoch, (models, batch_size) indices each: every model goes through its own
    examples in its own order, and begins them anew, in a new one, where another has more."""
    sizes = included.sum(1, keepdim=True)
    size = min(batch_size, int(sizes.max()))
    place = torch.arange(math.ceil(int(sizes.max()) / size) * size).expand(len(included), -1)
    orders = []
    for _ in range(2):
        keys = torch.rand(included.shape, generator=generator).masked_fill(~included, 2)
        orders.append(keys.argsort(1).gather(1, place % sizes))  # a model's own come first
    return torch.where(place < sizes, *orders).split(size, 1)


def _check_layers(model):
    for module in model.modules():
        if is_norm(module):
            raise ValueError(
                "build must give models without batch norm: under vmap its running averages cannot "
                "be kept per model"
            )
        if isinstance(module, nn.modules.dropout._DropoutNd) and module.p > 0:
            raise ValueError("build must give models without dropout")
