"""What does a convolution see at every position? Its patches, in one copy for all samples."""

import torch.nn.functional as F


def patches(x, kernel, stride, padding, dilation):
    """(n, channels * height * width of the kernel, positions), as `F.unfold` gives them.

    x: (n, channels, height, width); the others: pairs of integers, as a Conv2d has them.

    F.unfold copies sample by sample on a GPU. Here the patches are a view that overlaps itself, and
    one copy lays them out.
    """
    top, left = padding
    if top or left:
        x = F.pad(x, (left, left, top, top))
    for dim, size, step, apart in zip((2, 3), kernel, stride, dilation):
        x = x.unfold(dim, apart * (size - 1) + 1, step)[..., ::apart]
    return x.permute(0, 1, 4, 5, 2, 3).flatten(4).flatten(1, 3)
