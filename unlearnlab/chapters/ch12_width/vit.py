"""ViT: a small vision transformer for the digits, at any width, with one head or several."""

from collections.abc import Sequence

import torch
from torch import nn

from ...ground import checks
from ...networks.pixels import OnPixels, linear_heads, scaled
from ...networks.transformer import Block


class ViT(OnPixels):
    """Vision transformer (Dosovitskiy et al., 2021) for images of 8 by 8: 16 patches of 2 by 2
    pixels, a class token, learned positions, 4 pre-norm blocks.

    classes: outputs of each head, as in ResNet; the heads are `fc`, or `fc.0`, `fc.1`, ... width:
    factor on 192 channels, rounded to a multiple of the 3 attention heads: 1/64 is 3 channels; the
    hidden layer of a block has twice as many. pixels: mean and std, what `Normalise` applies to
    uint8 pixels.

    Input (n, 3, 8, 8), uint8 pixels or normalised floats. Raises ValueError for a width below 1/64,
    or a head without classes.
    """

    SIZE, PATCH, DEPTH, HEADS = 8, 2, 4, 3

    def __init__(self, classes: int | Sequence[int], width: float, **pixels):
        super().__init__(**pixels)
        channels = self.HEADS * scaled(width, 64, where="for each attention head")[0]
        self.patches = nn.Conv2d(3, channels, self.PATCH, self.PATCH)
        self.token = nn.Parameter(torch.zeros(1, 1, channels))
        places = 1 + (self.SIZE // self.PATCH) ** 2
        self.positions = nn.Parameter(torch.empty(1, places, channels).normal_(std=0.02))
        self.blocks = nn.Sequential(
            *(Block(channels, self.HEADS, 2 * channels) for _ in range(self.DEPTH))
        )
        self.norm = nn.LayerNorm(channels)
        self.fc = linear_heads(channels, classes)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """(n, channels): the class token after the last block, what the heads see."""
        x = self.normalise(x)
        checks.tensor("images", x, shape=("n", 3, self.SIZE, self.SIZE))
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], 1) + self.positions
        return self.norm(self.blocks(x))[:, 0]
