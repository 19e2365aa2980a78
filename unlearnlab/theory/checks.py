"""What every theorem asks of a tensor that is handed to it."""

import torch

from ..ground.checks import floats


def reals(name, value, shape):
    """TypeError unless `value` is a float32 or float64 tensor; ValueError as in `floats`."""
    floats(name, value, shape=shape)
    if value.dtype not in (torch.float32, torch.float64):
        raise TypeError(f"{name} must be a float32 or float64 tensor, got a {value.dtype} one")
