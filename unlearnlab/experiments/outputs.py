"""What does a model say about stored images?"""
import torch
from torch import nn

from ..ground.threads import few_threads

BATCH = 512


@torch.no_grad()
def outputs(model: nn.Module, pixels: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """The logits of every head, each (n, classes), for images (n, 3, h, w): a tuple, of one for a model with one head.

    In evaluation mode, in batches, on the model's device; every module is left in the mode it was in.
    """
    modes, device = [(module, module.training) for module in model.modules()], next(model.parameters()).device
    model.eval()
    try:
        with few_threads(model):
            parts = [model(part.to(device)) for part in pixels.split(BATCH)]
    finally:
        for module, mode in modes:
            module.training = mode
    parts = [part if isinstance(part, (tuple, list)) else (part,) for part in parts]
    return tuple(torch.cat(heads) for heads in zip(*parts))
