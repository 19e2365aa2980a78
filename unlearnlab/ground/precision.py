"""How many digits do float32 products have on a GPU? All of them, or the ten bits of TF32."""

from contextlib import contextmanager

import torch

from .checks import one_of

# What torch calls them. TF32 rounds both factors to ten bits of mantissa (2**-11, 5e-4) and adds
# up in float32; on an H200 it is about four times as fast.
PRECISIONS = {"float32": "ieee", "tf32": "tf32"}


_before = []  # of those inside, in threads: what was set before each


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
    before = [kind.fp32_precision for kind in kinds]
    _before.append(before)
    try:
        for kind in kinds:
            kind.fp32_precision = PRECISIONS[precision]
        yield
    finally:
        first = _before.pop()
        for kind, own in zip(kinds, before if _before else first):
            kind.fp32_precision = own
