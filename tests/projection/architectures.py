"""The parts of today's architectures, small and with random weights."""

import math

import torch
import torch.nn.functional as F
from torch import nn


class LayerNorm2d(nn.LayerNorm):
    """Over the channels of a map, as ConvNeXt has it."""

    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class SqueezeExcite(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.down, self.up = nn.Conv2d(channels, 2, 1), nn.Conv2d(2, channels, 1)

    def forward(self, x):
        return x * self.up(F.relu(self.down(x.mean((2, 3), keepdim=True)))).sigmoid()


class LayerScale(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.gamma = nn.Parameter(torch.rand(channels))

    def forward(self, x):
        return x * self.gamma[:, None, None]


class WindowAttention(nn.Module):
    """Within windows of 2 x 2, with a table of relative positions, as Swin has it."""

    def __init__(self, channels, heads=2):
        super().__init__()
        self.heads, self.norm = heads, nn.LayerNorm(channels)
        self.qkv, self.out = nn.Linear(channels, 3 * channels), nn.Linear(channels, channels)
        self.table = nn.Parameter(torch.randn(9, heads))
        place = torch.stack(torch.meshgrid(torch.arange(2), torch.arange(2), indexing="ij"))
        apart = (place.flatten(1)[:, :, None] - place.flatten(1)[:, None]) + 1
        self.register_buffer("index", apart[0] * 3 + apart[1])

    def forward(self, x):
        n, c, height, width = x.shape
        tokens = x.view(n, c, height // 2, 2, width // 2, 2).permute(0, 2, 4, 3, 5, 1)
        tokens = self.norm(tokens.reshape(-1, 4, c))
        q, k, v = (
            self.qkv(tokens).view(-1, 4, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        )
        bias = self.table[self.index].permute(2, 0, 1)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=bias.expand(len(q), -1, -1, -1))
        out = self.out(mixed.transpose(1, 2).reshape(-1, 4, c))
        out = out.view(n, height // 2, width // 2, 2, 2, c).permute(0, 5, 1, 3, 2, 4)
        return x + out.reshape(x.shape)


class Conv1D(nn.Module):
    """GPT-2's linear layer: its weight is (in, out)."""

    def __init__(self, out, inside):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(inside, out) / math.sqrt(inside))
        self.bias = nn.Parameter(torch.randn(out))

    def forward(self, x):
        size = *x.shape[:-1], self.weight.shape[1]
        return torch.addmm(self.bias, x.view(-1, x.shape[-1]), self.weight).view(size)


class RMSNorm(nn.Module):
    """As LLaMA has it, in a class of its own."""

    def __init__(self, size):
        super().__init__()
        self.weight = nn.Parameter(torch.rand(size))

    def forward(self, x):
        return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6))


def rotated(x):
    """Rotary positions of (n, heads, length, size)."""
    length, half = x.shape[2], x.shape[3] // 2
    angle = torch.arange(length)[:, None] * 10 ** -torch.arange(half).to(x)
    a, b = x.chunk(2, -1)
    return torch.cat([a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin()], -1)


class Decoder(nn.Module):
    """One block of a language model; the table of the words is the last layer's weight."""

    def __init__(self, linear, norm, rotary, words=11, size=8):
        super().__init__()
        self.rotary, self.words = rotary, nn.Embedding(words, size)
        self.places = None if rotary else nn.Parameter(torch.randn(6, size))
        self.one, self.two, self.last = norm(size), norm(size), norm(size)
        self.qkv, self.mix = linear(size, 3 * size), linear(size, size)
        self.wide, self.back = linear(size, 4 * size), linear(4 * size, size)

    def forward(self, ids):
        x = self.words(ids) if self.rotary else self.words(ids) + self.places
        n, length, size = x.shape
        parts = self.qkv(self.one(x)).view(n, length, 3, 2, size // 2).permute(2, 0, 3, 1, 4)
        q, k, v = (rotated(parts[0]), rotated(parts[1]), parts[2]) if self.rotary else parts
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.mix(mixed.transpose(1, 2).reshape(n, length, size))
        x = x + self.back(F.gelu(self.wide(self.two(x))))
        return self.last(x)[:, -1] @ self.words.weight.T


class Recurrent(nn.Module):
    def __init__(self, kind, c):
        super().__init__()
        self.cell, self.out = kind(4, c, batch_first=True), nn.Linear(c, 3)

    def forward(self, x):
        return self.out(self.cell(x)[0][:, -1])


class Tokens(nn.Module):
    """Batch norm, then its map as a sequence: the gradient of one sample is not contiguous."""

    def __init__(self, c):
        super().__init__()
        self.conv, self.bn, self.ln = nn.Conv2d(3, c, 3), nn.BatchNorm2d(c), nn.LayerNorm(c)
        self.out = nn.Linear(c, 4)

    def forward(self, x):
        tokens = self.bn(self.conv(x)).flatten(2).transpose(1, 2)
        return self.out(self.ln(tokens).tanh().mean(1))


def image(channels, *layers):
    """Layers between a convolution and a linear layer."""
    ends = nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 4)
    return nn.Sequential(nn.Conv2d(3, channels, 3, padding=1), *layers, *ends)


def _gpt(c):
    return Decoder(lambda inside, out: Conv1D(out, inside), nn.LayerNorm, rotary=False, size=c)


def _llama(c, norm):
    linear = lambda inside, out: nn.Linear(inside, out, bias=False)
    return Decoder(linear, norm, rotary=True, size=c)


PICTURE, SERIES, VECTOR, WORDS = (3, 8, 8), (5, 4), (7,), (6,)
ARCHITECTURES = {
    "depthwise": (lambda c: image(c, nn.Conv2d(c, c, 3, groups=c, padding=1), nn.GELU()), PICTURE),
    "grouped": (lambda c: image(c, nn.Conv2d(c, c, 3, 2, 1, 1, 4, bias=False), nn.SiLU()), PICTURE),
    "more filters a group": (
        lambda c: image(c, nn.Conv2d(c, 2 * c, 2, groups=c), nn.Conv2d(2 * c, c, 1)),
        PICTURE,
    ),
    "squeeze and excite": (lambda c: image(c, nn.Hardswish(), SqueezeExcite(c)), PICTURE),
    "layer norm of maps": (lambda c: image(c, LayerNorm2d(c), nn.GELU()), PICTURE),
    "layer norm of whole maps": (lambda c: image(c, nn.LayerNorm([c, 8, 8]), nn.GELU()), PICTURE),
    "group norm": (lambda c: image(c, nn.GroupNorm(2, c), nn.SiLU()), PICTURE),
    "instance norm": (lambda c: image(c, nn.InstanceNorm2d(c, affine=True), nn.SiLU()), PICTURE),
    "instance norm, running": (
        lambda c: image(c, nn.InstanceNorm2d(c, affine=True, track_running_stats=True), nn.SiLU()),
        PICTURE,
    ),
    "layer scale": (lambda c: image(c, LayerScale(c), nn.GELU()), PICTURE),
    "windows": (lambda c: image(c, nn.GELU(), WindowAttention(c)), PICTURE),
    "batch norm, tokens": (Tokens, PICTURE),
    "batch norm of vectors": (
        lambda c: nn.Sequential(nn.Linear(7, c), nn.BatchNorm1d(c), nn.GELU(), nn.Linear(c, 3)),
        VECTOR,
    ),
    "LSTM": (lambda c: Recurrent(nn.LSTM, c), SERIES),
    "GRU": (lambda c: Recurrent(nn.GRU, c), SERIES),
    "GPT-2": (_gpt, WORDS),
    "LLaMA": (lambda c: _llama(c, RMSNorm), WORDS),
    "LLaMA, torch's norm": (lambda c: _llama(c, nn.RMSNorm), WORDS),
}


def architecture(name, n, width=8):
    """The model, with running statistics and scales that are no ones, and n inputs."""
    torch.manual_seed(0)
    make, shape = ARCHITECTURES[name]
    model = make(width)
    for module in model.modules():
        if isinstance(getattr(module, "running_mean", None), torch.Tensor):
            module.running_mean.normal_(), module.running_var.uniform_(0.5, 2)
        if "norm" in type(module).__name__.lower() and module.weight is not None:
            module.weight.data.uniform_(-1, 2)
    inputs = torch.randint(0, 11, (n, *shape)) if shape == WORDS else torch.randn(n, *shape)
    return model, inputs
