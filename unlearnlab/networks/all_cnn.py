"""AllCNN: a network of nothing but convolutions, at any width, with or without batch norm, with one
head or several."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from ..ground import checks
from .pixels import OnPixels, linear_heads, scaled, start_convolutions

# All-CNN-C: channels as a share of 96, kernel, stride
LAYERS = ((1, 3, 1), (1, 3, 1), (1, 3, 2), (2, 3, 1), (2, 3, 1), (2, 3, 2), (2, 3, 1), (2, 1, 1))


class AllCNN(OnPixels):
    """All-CNN-C (Springenberg et al., 2015): eight convolutions and a linear classifier of the
    averaged last map.

    The paper classifies every position by a 1x1 convolution and averages then, which is the same
    function with the same number of parameters. Without batch norm and with 10 classes it has
    1,369,738 of them. Every 3x3 convolution is padded, and there is no dropout, which would make a
    run of unlearning depend on one more random draw.

    classes: outputs of each head, as in ResNet; the heads are `fc`, or `fc.0`, `fc.1`, ... width:
    factor on the 96 and 192 channels. batch_norm: after every convolution, which then has no bias
    (the default: the networks of this name in the unlearning literature that paper B follows have
    it). pixels: mean and std, what `Normalise` applies to uint8 pixels.

    Input (n, 3, height, width), uint8 pixels or normalised floats. Raises ValueError for a width
    below 1/96 or a head without classes.
    """

    def __init__(
        self,
        classes: int | Sequence[int] = 10,
        width: float = 1.0,
        batch_norm: bool = True,
        **pixels,
    ):
        super().__init__(**pixels)
        checks.flag("batch_norm", batch_norm)
        self.convolutions, self.norms, fan_in = nn.ModuleList(), nn.ModuleList(), 3
        counts = scaled(width, *(96 * share for share, _, _ in LAYERS))
        for channels, (_, kernel, stride) in zip(counts, LAYERS):
            self.convolutions.append(
                nn.Conv2d(fan_in, channels, kernel, stride, kernel // 2, bias=not batch_norm)
            )
            self.norms.append(nn.BatchNorm2d(channels) if batch_norm else nn.Identity())
            fan_in = channels
        self.fc = linear_heads(fan_in, classes)
        start_convolutions(self)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """(n, channels): the last feature map averaged over positions, what the heads see."""
        x = self.normalise(x)
        for convolution, norm in zip(self.convolutions, self.norms):
            x = F.relu(norm(convolution(x)))
        return x.mean((2, 3))
