"""What does an image look like through a colored glass? Its luminance times a color, in integers,
on the images' device."""

import torch
from torch import Tensor

from ..ground import checks
from ..ground.threads import one_thread

BYTES = {"dtype": torch.uint8, "device": "cpu"}
GRAY, RED, GREEN = torch.tensor([[255] * 3, [255, 0, 0], [0, 255, 0]], **BYTES)

# One color per class, in the order of the classes (paper A, experiment 3)
_HEX = "ff0000 00ff00 0000ff ffff00 ff00ff 00ffff ff8000 8000ff 808080 008080"
CLASS_COLORS = torch.tensor([[*bytes.fromhex(color)] for color in _HEX.split()], **BYTES)

# ITU-R BT.601: .299, .587, .114 in parts of 65,536
RED_WEIGHT, GREEN_WEIGHT, BLUE_WEIGHT = 19_595, 38_470, 7_471
# the intermediate numbers take four bytes each: this many stay in a core's cache
PIXELS_AT_ONCE = 2**17
PIXELS_ON_A_GPU = 2**24  # where a chunk is a dozen launches; they need 400 MB


def luminance(pixels: Tensor) -> Tensor:
    """(n, h, w) uint8: .299 R + .587 G + .114 B (ITU-R BT.601), rounded to nearest; one channel
    comes back as it is.

    pixels: (n, 1 or 3, h, w) uint8. Raises TypeError or ValueError for anything else.
    """
    _check_pixels(pixels)
    if pixels.shape[1] == 1:
        return pixels[:, 0].clone()
    red, green, blue = pixels.unbind(1)
    total = red.to(torch.int32).mul_(RED_WEIGHT).add_(green, alpha=GREEN_WEIGHT)
    total.add_(blue, alpha=BLUE_WEIGHT).add_(2**15)
    return total.bitwise_right_shift_(16).to(torch.uint8)


def tint(pixels: Tensor, colors: Tensor) -> Tensor:
    """(n, 3, h, w) uint8: luminance * color / 255, rounded to nearest (paper A, experiments 2 and
    3).

    pixels: (n, 1 or 3, h, w) uint8. colors: (3,) for all images, or (n, 3), one for each; uint8,
    red, green, blue. Raises TypeError or ValueError for anything else.
    """
    _check_pixels(pixels)
    checks.tensor("colors", colors, dtype=torch.uint8)
    if colors.shape not in ((3,), (len(pixels), 3)):
        raise ValueError(
            f"colors must have shape (3,) or ({len(pixels)}, 3), got {tuple(colors.shape)}"
        )
    # x / 255 rounded is (257 x + 128 * 257) >> 16, exactly, for every x from 0 to 255 * 255
    factors = (
        colors.to(pixels.device, torch.int32).mul(257).expand(len(pixels), 3)[:, :, None, None]
    )
    out = pixels.new_empty(len(pixels), 3, *pixels.shape[2:])
    many = PIXELS_ON_A_GPU if pixels.is_cuda else PIXELS_AT_ONCE
    images = max(1, many // max(1, pixels.shape[2] * pixels.shape[3]))
    with one_thread():  # on a busy machine a second one costs seconds in 50,000 images
        for some, seen, factor in zip(*(t.split(images) for t in (out, pixels, factors))):
            light = luminance(seen).to(torch.int32)[:, None]
            some.copy_((light * factor).add_(128 * 257).bitwise_right_shift_(16))
    return out


def _check_pixels(pixels):
    checks.tensor("pixels", pixels, dtype=torch.uint8)
    if pixels.ndim != 4 or pixels.shape[1] not in (1, 3):
        raise ValueError(f"pixels must have shape (n, 1 or 3, h, w), got {tuple(pixels.shape)}")
