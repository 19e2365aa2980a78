"""The pass of a network that is a chain: linear layers and activations, one after the other.

In such a pass nothing is written, drawn or coupled, no layer runs twice and every weight is felt.
So nothing that `network` and `watch` look after has to be asked: a fifth of a step on the sine's
network (300 x 300, 50 rows, one core). The numbers are the same, to the bit.
"""

import torch
from torch import Tensor, nn
from torch.nn.modules import module as of_all

from ..ground.models import HOOKS, blamed
from .layers import LAYERS, output_side
from .network import SMALL_MODEL, outputs_of
from .watch import Call

ACTIVATIONS = {nn.ELU, nn.GELU, nn.LeakyReLU, nn.ReLU, nn.Sigmoid, nn.SiLU, nn.Softplus, nn.Tanh}


def is_chain(model: nn.Module, inputs: Tensor) -> bool:
    """Whether it is one, of at most SMALL_MODEL weights that are all trainable, and is given rows
    of numbers. Whatever is unusual about it, it is none."""
    if type(model) is not nn.Sequential or not isinstance(inputs, Tensor):
        return False
    layers = [*model._modules.values()]
    kinds = [type(layer) for layer in layers]
    if kinds[:1] != [nn.Linear] or not ACTIVATIONS.union([nn.Linear]).issuperset(kinds):
        return False
    linear = [layer for layer in layers if type(layer) is nn.Linear]
    own = [p for layer in linear for p in layer._parameters.values() if p is not None]
    return (
        [m for m in (model, *layers) if m._parameters] == linear
        and all(layer._parameters.keys() == {"weight", "bias"} for layer in linear)
        and len({*map(id, own)}) == len(own)
        and not any(map(_is_changed, [model, *layers]))
        and not (of_all._global_forward_hooks or of_all._global_forward_pre_hooks)
        and all(p.requires_grad and p.dtype == own[0].dtype for p in own)
        and own[0].dtype in (torch.float32, torch.float64)
        and sum(p.numel() for p in own) <= SMALL_MODEL
        and (inputs.ndim == 2 and len(inputs) > 0 and inputs.is_floating_point())
        and inputs.device == own[0].device
    )


def _is_changed(module):
    """Whether its forward may do something else than that of its class."""
    own = vars(module)
    return any(own[name] for name in HOOKS) or "forward" in own or own.get("inplace", False)


class Chain:
    """Such a network, with its tensors by name, in float64: as much of a `Network` as a step off
    the rows asks for."""

    def __init__(self, model: nn.Sequential, inputs: Tensor):
        self.layers, self.count = model._modules, len(inputs)
        self.inputs, self.x = inputs, inputs.detach().double()
        self.trainable = {
            f"{prefix}.{role}": p
            for prefix, layer in self.layers.items()
            for role, p in layer._parameters.items()
            if p is not None
        }
        self.parameters = {name: p.detach().double() for name, p in self.trainable.items()}

    def blocks(self, outputs: str):
        """As `layers.blocks`: the blocks, and the number of heads."""
        h, calls = self.x, {}
        with torch.enable_grad(), blamed("model", "inputs", h):
            for prefix, layer in self.layers.items():
                if type(layer) is not nn.Linear:
                    h = layer(h)
                    continue
                own = {role: self.parameters.get(f"{prefix}.{role}") for role in ("weight", "bias")}
                z = nn.functional.linear(h, **own)
                if not calls:
                    z.requires_grad_()  # no weight asks for a gradient, so here the graph begins
                calls[prefix] = Call(layer, h, z, (h._version, z._version), None), own
                h = z
            heads = outputs_of(h, outputs)
            sides = output_side(heads, [call.output for call, _ in calls.values()])
        parts = []
        for (prefix, (call, own)), b in zip(calls.items(), sides):
            moving = {role: f"{prefix}.{role}" for role, p in own.items() if p is not None}
            parts.append(LAYERS[nn.Linear](call, own, b, moving))
        return parts, len(heads)
