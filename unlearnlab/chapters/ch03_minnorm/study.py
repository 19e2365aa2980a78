"""The recorded runs of notebook 03: what becomes of runs whose projections leave no direction out?

python -m unlearnlab.study directions    # 2,340 runs on the sine, twenty minutes
"""

import copy

import torch
from torch import nn

from ...course.studies import Study
from ...methods import MinNormOG
from ...methods.base import rule
from ...projection import Step, project_out
from ...tasks import sine


@rule
class MinNormWhole(MinNormOG):
    """MinNorm-OG on a network of linear layers with one output, its projections by `project_out`:
    off every direction whose singular value is above 1e-12 of the largest."""

    name = "MinNorm-OG, every direction"

    def step(self, state, model, inputs, strength):
        return whole_step(model, inputs, strength)


def whole_step(model: nn.Module, inputs: torch.Tensor, strength: float) -> Step:
    """As `minnorm_step`, without its rank test, for linear layers in a row and one output.

    The rows of a layer with inputs a_i and gradients b_i of its outputs are b_i a_i^T. In bases of
    the spans of the b_i and of the a_i, orthonormal ones, these are at most k x k, with the same
    inner products. So a singular value decomposition of 50 rows of 91,201 numbers is one of 2,701.
    """
    net, seen = copy.deepcopy(model).double(), []
    for layer in net.modules():
        if isinstance(layer, nn.Linear):
            layer.register_forward_hook(lambda layer, a, z: seen.append((layer, a[0], z)))
    outputs = net(inputs.double())
    gradients = torch.autograd.grad(outputs.sum(), [z for *_, z in seen])
    rows, theta, bases = [], [], []
    with torch.no_grad():
        for (layer, a, _), b in zip(seen, gradients):
            (q_a, r_a), (q_b, r_b) = torch.linalg.qr(a.T), torch.linalg.qr(b.T)
            rows += [torch.einsum("ik,jk->kij", r_b, r_a).flatten(1), r_b.T]
            theta += [q_b.T @ layer.weight @ q_a, q_b.T @ layer.bias]
            bases.append((q_b, q_a))
        flat = torch.cat([part.flatten() for part in theta])
        inside = flat - project_out(flat, torch.cat(rows, 1))
        inside, moves = inside.split([part.numel() for part in theta]), []
        for (layer, *_), (q_b, q_a), weight, bias in zip(seen, bases, inside[::2], inside[1::2]):
            weight = q_b @ weight.view(q_b.shape[1], -1) @ q_a.T
            moves += [strength * (layer.weight - weight), strength * (layer.bias - q_b @ bias)]
        for p, move in zip(model.parameters(), moves):
            p -= move.to(p.dtype)
    drift = float(torch.stack([move.norm() for move in moves]).norm())
    return Step(rows=len(outputs), rank=None, drift=drift, solver="svd")


STUDIES = (
    Study(
        name="directions",
        title="MinNorm-OG's grids on the sine, off every direction: 2,340 runs, twenty minutes",
        factory=sine.task,
        grid=[{MinNormWhole: sine.published_grid(T)["MinNorm-OG"]} for T in (10, 100)],
        seeds=tuple(range(1, 11)),
    ),
)
