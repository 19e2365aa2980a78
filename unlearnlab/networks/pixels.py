"""What does an image network see of an image? uint8 pixels are normalised inside the network, so
tasks can store them."""

from collections.abc import Sequence
from contextlib import suppress

import numpy
import torch
from torch import Tensor, nn

from ..ground import checks


class Normalise(nn.Module):
    """uint8 pixels (n, 3, h, w) become (x / 255 - mean) / std, per channel; floats are taken as
    normalised already.

    mean, std: one number, or one per channel; .5 and .5 put pixels in [-1, 1] (paper A, experiment
    2). They are no parameters and are not in the state dict, whose names stay those of published
    weights. Raises ValueError for inputs of another shape, TypeError for other integers.
    """

    def __init__(self, mean: float | Sequence[float] = 0.5, std: float | Sequence[float] = 0.5):
        super().__init__()
        kinds = ("mean", mean, "number", -torch.inf), ("std", std, "positive number", 0)
        for name, value, kind, low in kinds:
            numbers = torch.empty(0)
            with suppress(TypeError, ValueError, RuntimeError):  # words, say, which are refused too
                numbers = torch.as_tensor(value, dtype=torch.get_default_dtype()).flatten()
            if len(numbers) not in (1, 3) or not (numbers.isfinite() & (numbers > low)).all():
                raise ValueError(
                    f"{name} must be one {kind}, or one for each of 3 channels, got {value!r}"
                )
            channels = numbers.expand(3).reshape(1, 3, 1, 1).clone()
            self.register_buffer(name, channels, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        checks.tensor("images", x, shape=("n", 3, "height", "width"))
        if x.is_floating_point():
            return x
        if x.dtype != torch.uint8:
            raise TypeError(f"images must be uint8 pixels or normalised floats, got {x.dtype}")
        return (x.to(self.mean.dtype) / 255 - self.mean) / self.std


class OnPixels(nn.Module):
    """A network whose heads `fc` see the `features` of images. pixels: mean and std, what
    `Normalise` applies to uint8 pixels."""

    def __init__(self, **pixels):
        super().__init__()
        self.normalise = Normalise(**pixels)

    def forward(self, x):
        return self.fc(self.features(x))


def scaled(width: float, *usual: int, where: str = "in the first layer") -> list[int]:
    """The numbers of channels at a width. usual: at width 1. Raises ValueError for a width that
    leaves none of the first."""
    words = f"a number from 1/{usual[0]}, one channel {where}, to 1000"
    width = checks.number("width", width, low=1 / usual[0], high=1000, words=words)
    return [round(width * count) for count in usual]


def start_convolutions(network: nn.Module) -> None:
    """Draws the weights of its convolutions as He et al. (2015) do."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


def linear_heads(features: int, classes: int | Sequence[int]) -> nn.Module:
    """One Linear for a number of classes, Heads for several. Raises ValueError for no head, or a
    head without classes."""
    several = numpy.iterable(classes)
    heads = list(classes) if several else [classes]
    words = "a positive integer, or one for each head"
    for count in heads or [None]:
        checks.integer("classes", count, low=1, words=words)
    layers = [nn.Linear(features, count) for count in heads]
    return Heads(layers) if several else layers[0]


class Heads(nn.ModuleList):
    """Of (n, features) a tuple of (n, classes), one of each."""

    def forward(self, features):
        return tuple(head(features) for head in self)
