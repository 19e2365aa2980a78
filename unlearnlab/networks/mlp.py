"""The fully connected network, and what every network needs: a seeded start."""

from collections.abc import Sequence

import torch
from torch import nn

from ..ground import checks
from ..ground.seeds import GLOBAL_GENERATORS, on_cpu


def MLP(widths: Sequence[int], activation: type[nn.Module] = nn.SiLU) -> nn.Sequential:
    """Fully connected network: MLP([1, 300, 300, 1]) is the sine network of paper A, 1-300-300-1
    with SiLU.

    widths: layer sizes from input to output, at least two. activation: a module class, between
    layers only. Input (n, widths[0]), output (n, widths[-1]). PyTorch's default initialisation.
    """
    words = "at least two positive integers"
    checks.instance("widths", widths, Sequence, words)
    for width in [*widths, *(2 - len(widths)) * [0]]:
        checks.integer("widths", width, low=1, words=words)
    checks.function("activation", activation, "that makes a layer, such as torch.nn.ReLU")
    layers = []
    for fan_in, fan_out in zip(widths[:-1], widths[1:]):
        try:
            between = activation()
        except TypeError as error:
            raise TypeError(f"activation must make a layer when it is called: {error}") from error
        checks.instance("what activation makes", between, nn.Module, "a layer")
        layers += [nn.Linear(fan_in, fan_out), between]
    return nn.Sequential(*layers[:-1])


def seeded(build, seed: int) -> nn.Module:
    """build() under torch's generator seeded with `seed`, in float32 on the CPU; that generator and
    torch's defaults are left as they were."""
    with GLOBAL_GENERATORS, torch.random.fork_rng(devices=[]), on_cpu():
        usual = torch.get_default_dtype()
        torch.manual_seed(checks.seed(seed))
        torch.set_default_dtype(torch.float32)
        try:
            return build()
        finally:
            torch.set_default_dtype(usual)
