"""How many digits do float32 products have on a GPU? All of them, or the ten bits of TF32."""

from contextlib import contextmanager

import torch

from .checks import one_of
from .seeds import put_back

# What torch calls them. TF32 rounds both factors to ten bits of mantissa (2**-11, 5e-4) and adds
# up in float32; on an H200 it is about four times as fast.
PRECISIONS = {"float32": "ieee", "tf32": "tf32"}


@contextmanager
def products_in(precision: str, device: torch.device):
    """Inside, a GPU takes float32 products and convolutions in this precision, in all threads.

    Whatever the process has set comes back afterwards, when the last of those that overlap in
    threads ends; these share one setting, the latest. On a CPU it does nothing.
    """
    one_of("products", precision, PRECISIONS)
    if device.type != "cuda":
        yield
        return
    kinds = torch.backends.cuda.matmul, torch.backends.cudnn.conv

    def take(precisions):
        for kind, own in zip(kinds, precisions):
            kind.fp32_precision = own

    with put_back({"products": (lambda: [kind.fp32_precision for kind in kinds], take)}):
        take([PRECISIONS[precision]] * 2)
        yield
