"""Decoder: a small language model, the usual transformer with learned positions and tied
embeddings."""

import torch
import torch.nn.functional as F
from torch import nn

from ..ground import checks


class Decoder(nn.Module):
    """Decoder-only transformer (Radford et al., 2019), written out.

    words: size of the vocabulary. length: the longest sequence. width: of the residual stream, a
    multiple of `heads`. depth: number of blocks; the hidden layer of a block is 3 times as wide.

    Input (n, length) int64 tokens, output (n, length, words) logits of the next one. The embedding
    is the last layer's weight, too. Attention is written out, with Linear layers before and after:
    `minnorm_step` takes these layer by layer, and the rest can be differentiated per sample.
    Raises ValueError that names the argument.
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
        self.blocks = nn.Sequential(*(_Block(width, heads) for _ in range(depth)))
        self.norm = nn.LayerNorm(width)
        for name, parameter in self.named_parameters():
            if parameter.ndim > 1:
                nn.init.normal_(parameter, std=0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)

    def forward(self, tokens):
        checks.tensor("tokens", tokens, dtype=torch.int64, shape=("n", "length"))
        x = self.embedding(tokens) + self.positions[: tokens.shape[1]]
        return F.linear(self.norm(self.blocks(x)), self.embedding.weight)


class _Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 3 * width), nn.Linear(3 * width, width)

    def forward(self, x):
        q, k, v = self.qkv(self.norm1(x)).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        scores = q @ k.mT * q.shape[3] ** -0.5  # (n, heads, length, length)
        later = torch.ones_like(scores[0, 0], dtype=torch.bool).triu(1)
        x = x + self.out(
            (scores.masked_fill(later, -torch.inf).softmax(3) @ v).transpose(1, 2).flatten(2)
        )
        return x + self.down(F.gelu(self.up(self.norm2(x))))
