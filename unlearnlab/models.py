"""The networks of the experiments, by their standard names."""
from collections.abc import Sequence

import torch
from torch import nn


class MLP(nn.Sequential):
    """Fully connected network: MLP([1, 300, 300, 1]) is the sine network of paper A, 1-300-300-1 with SiLU.

    widths: layer sizes from input to output, at least two. activation: a module class, between layers only.
    Input (n, widths[0]), output (n, widths[-1]). PyTorch's default initialisation.
    """

    def __init__(self, widths: Sequence[int], activation: type[nn.Module] = nn.SiLU):
        if len(widths) < 2 or any(int(w) != w or w < 1 for w in widths):
            raise ValueError(f"widths must be at least two positive integers, got {list(widths)}")
        layers = []
        for fan_in, fan_out in zip(widths[:-1], widths[1:]):
            layers += [nn.Linear(fan_in, fan_out), activation()]
        super().__init__(*layers[:-1])


def seeded(build, seed: int) -> nn.Module:
    """build() under torch's generator seeded with `seed`; the global generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build()
