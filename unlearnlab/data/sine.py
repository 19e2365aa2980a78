"""The poisoned sine: 50 honest points on sin x, 5 forget points at height 1.5 (paper A, experiment
1)."""

import math

import torch
from torch.utils.data import TensorDataset

from ..ground.seeds import from_seed, uniform

RETAIN, FORGET = 50, 5
HALF_WIDTH = 5 * math.pi
POISON = 1.5


def points(seed: int) -> tuple[TensorDataset, TensorDataset]:
    """(retain, forget): inputs (50, 1) and (5, 1) uniform on [-5 pi, 5 pi]; targets sin x, and 1.5.
    float32."""
    generator = from_seed(seed)
    x = (2 * uniform(RETAIN + FORGET, 1, generator=generator) - 1) * HALF_WIDTH
    retain, forget = x[:RETAIN], x[RETAIN:]
    return TensorDataset(retain, retain.sin()), TensorDataset(
        forget, torch.full_like(forget, POISON)
    )


def grid(count: int = 1000) -> torch.Tensor:
    """(count, 1): equispaced points on [-5 pi, 5 pi], ends included; the metric looks at 1,000 of
    them."""
    x = torch.linspace(-HALF_WIDTH, HALF_WIDTH, count, dtype=torch.float32, device="cpu")
    return x.unsqueeze(1)
