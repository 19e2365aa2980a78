"""What does a model say about stored images?"""

from contextlib import nullcontext

import torch
from torch import Tensor, nn

from ..ground import checks
from ..ground.models import device_of, heads
from ..ground.modes import kept_modes
from ..ground.precision import products_in
from ..ground.threads import few_threads

PRECISIONS = ("float32", "tf32", "bfloat16")
BATCH = 512


def at_once(device: torch.device) -> int:
    """How many images are looked at together. More keep a GPU busy, 2 GB of its memory for a
    ResNet-18 at 32 x 32; a CPU gains nothing from them."""
    return 4 * BATCH if device.type == "cuda" else BATCH


@torch.no_grad()
def outputs(model: nn.Module, pixels: Tensor, precision: str | None = None) -> tuple[Tensor, ...]:
    """The logits of every head, a tuple of (n, classes), for images (n, 3, h, w).

    In evaluation mode, in batches, on the model's device; every module keeps its mode.

    precision: of the products on a GPU. None, what records are made with: float32 as torch is set,
    which by default lets a GPU's convolutions round to TF32. "float32": all digits. "tf32".
    "bfloat16": under autocast, on a CPU too; logits come back in float32. Raises ValueError for
    another word.
    """
    if precision is not None:
        checks.one_of("precision", precision, PRECISIONS)
    checks.model(model)
    device = device_of(model)
    layout, products = torch.preserve_format, nullcontext()
    if precision == "bfloat16":
        products = torch.autocast(device.type, torch.bfloat16)
        if device.type == "cuda" and pixels.ndim == 4:
            layout = torch.channels_last  # as tensor cores ask
    elif precision is not None:
        products = products_in(precision, device)
    with kept_modes(model.modules()), few_threads(model), products:
        model.eval()
        batches = pixels.split(at_once(device))
        parts = [heads(model(part.to(device, memory_format=layout))) for part in batches]
    whole = tuple(torch.cat(head) for head in zip(*parts))
    return tuple(head.float() for head in whole) if precision == "bfloat16" else whole
