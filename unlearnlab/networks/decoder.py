"""Decoder: a small language model, the usual transformer with learned positions and tied
embeddings."""

import torch
import torch.nn.functional as F
from torch import nn

from ..ground import checks
from .transformer import Block


class Decoder(nn.Module):
    """Decoder-only transformer (Radford et al., 2019), written out.

    words: size of the vocabulary. length: the longest sequence. width: of the residual stream, a
    multiple of `heads`. depth: number of blocks; the hidden layer of a block is 3 times as wide.

    Input (n, length) int64 tokens, output (n, length, words) logits of the next one. The embedding
    is the last layer's weight, too. Raises ValueError that names the argument, also for a sequence
    that is too long.
    """

    def __init__(self, words: int, length: int, width: int = 96, depth: int = 2, heads: int = 4):
        super().__init__()
        sizes = {"words": words, "length": length, "width": width, "depth": depth, "heads": heads}
        for name, size in sizes.items():
            checks.integer(name, size, low=1)
        if width % heads:
            raise ValueError(f"width must be a multiple of heads={heads}, got {width}")
        self.embedding = nn.Embedding(words, width)
        self.positions = nn.Parameter(torch.empty(length, width))
        self.blocks = nn.Sequential(
            *(Block(width, heads, 3 * width, causal=True) for _ in range(depth))
        )
        self.norm = nn.LayerNorm(width)
        for name, parameter in self.named_parameters():
            if parameter.ndim > 1:
                nn.init.normal_(parameter, std=0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)

    def forward(self, tokens):
        checks.tensor("tokens", tokens, dtype=torch.int64, shape=("n", "length"))
        most, here = len(self.positions), tokens.shape[1]
        if here > most:
            raise ValueError(f"tokens are sequences of {here}, at most length={most} fit")
        x = self.embedding(tokens) + self.positions[:here]
        return F.linear(self.norm(self.blocks(x)), self.embedding.weight)
