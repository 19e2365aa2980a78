"""What does a model say about stored images?"""

import torch
from torch import nn

from ..ground.modes import kept_modes
from ..ground.threads import few_threads

BATCH = 512


@torch.no_grad()
def outputs(model: nn.Module, pixels: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """The logits of every head, a tuple of (n, classes), for images (n, 3, h, w).

    In evaluation mode, in batches, on the model's device; every module keeps its mode.
    """
    device = next(model.parameters()).device
    with kept_modes(model.modules()), few_threads(model):
        model.eval()
        parts = [model(part.to(device)) for part in pixels.split(BATCH)]
    parts = [part if isinstance(part, (tuple, list)) else (part,) for part in parts]
    return tuple(torch.cat(heads) for heads in zip(*parts))
