"""ViT: a small vision transformer for small images, at any width, with one head or several."""

from collections.abc import Sequence

import torch
from torch import nn

from ...ground import checks
from ...networks.pixels import Normalise, linear_heads, scaled
from ...networks.transformer import Block


class ViT(nn.Module):
    """Vision transformer (Dosovitskiy et al., 2021): patches, a class token, learned positions,
    pre-norm blocks.

    classes: outputs of each head, as in ResNet; the heads are `fc`, or `fc.0`, `fc.1`, ... size:
    side of the square images, a multiple of `patch`. width: factor on 192 channels, rounded to a
    multiple of the 3 attention heads; the hidden layer of a block has twice as many. depth: number
    of blocks. pixels: mean and std, what `Normalise` applies to uint8 pixels.

    Input (n, 3, size, size), uint8 pixels or normalised floats. At its defaults it has 1,806,538
    parameters. Raises ValueError for a size that `patch` does not divide, a width below
    1/64, depth below 1, or a head without classes.
    """

    HEADS = 3

    def __init__(
        self,
        classes: int | Sequence[int] = 10,
        size: int = 32,
        patch: int = 4,
        width: float = 1.0,
        depth: int = 6,
        **pixels,
    ):
        super().__init__()
        if patch < 1 or size < patch or size % patch:
            raise ValueError(f"size must be a multiple of patch={patch!r}, got {size!r}")
        checks.integer("depth", depth, low=1, words="at least 1")
        channels = self.HEADS * scaled(width, 64, where="for each attention head")[0]
        self.size = size
        self.normalise = Normalise(**pixels)
        self.patches = nn.Conv2d(3, channels, patch, patch)
        self.token = nn.Parameter(torch.zeros(1, 1, channels))
        places = 1 + (size // patch) ** 2
        self.positions = nn.Parameter(torch.empty(1, places, channels).normal_(std=0.02))
        self.blocks = nn.Sequential(
            *(Block(channels, self.HEADS, 2 * channels) for _ in range(depth))
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
        checks.tensor("images", x, shape=("n", 3, self.size, self.size))
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], 1) + self.positions
        return self.norm(self.blocks(x))[:, 0]

    def forward(self, x):
        return self.fc(self.features(x))


def small_vit(classes: int, width: float) -> ViT:
    """For 8 by 8 digits: 16 patches of 2 by 2 pixels, 4 blocks; width 1/64 is 3 channels."""
    return ViT(classes, size=8, patch=2, width=width, depth=4)
