"""Block: what transformers are made of, attention and two layers, each behind a norm."""

import torch
import torch.nn.functional as F
from torch import nn


class Block(nn.Module):
    """A pre-norm block: x + attention(norm(x)), then x + hidden(norm(x)), (n, places, channels).

    hidden: how many channels the layer between has. causal: whether a place sees itself and those
    before it, or all. Attention is written out, with Linear layers before and after: `minnorm_step`
    then takes these layer by layer, and the rest can be differentiated per sample, and twice, which
    the fused kernels cannot.
    """

    def __init__(self, channels: int, heads: int, hidden: int, causal: bool = False):
        super().__init__()
        self.heads, self.causal = heads, causal
        self.norm1, self.norm2 = nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.qkv, self.out = nn.Linear(channels, 3 * channels), nn.Linear(channels, channels)
        self.up, self.down = nn.Linear(channels, hidden), nn.Linear(hidden, channels)

    def forward(self, x):
        q, k, v = self.qkv(self.norm1(x)).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        scores = q @ k.mT * q.shape[3] ** -0.5  # (n, heads, places, places)
        if self.causal:
            later = scores.new_ones(scores.shape[2:], dtype=torch.bool).triu(1)
            scores = scores.masked_fill(later, -torch.inf)
        x = x + self.out((scores.softmax(3) @ v).transpose(1, 2).flatten(2))
        return x + self.down(F.gelu(self.up(self.norm2(x))))
