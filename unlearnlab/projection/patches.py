"""What does a convolution see at every position? Its patches, in one copy for all samples."""

import torch.nn.functional as F


def patches(x, kernel, stride, padding, dilation):
    """(n, channels * height * width of the kernel, positions), as `F.unfold` gives them.

    x: (n, channels, height, width); the others: pairs of integers, as a Conv2d has them.

    F.unfold copies sample by sample on a GPU. Here the patches are a view that overlaps itself (a
    step to the next row of a patch is `dilation` rows of x, to the next position `stride`), and one
    copy lays them out.
    """
    top, left = padding
    if top or left:
        x = F.pad(x, (left, left, top, top))
    n, channels, *size = x.shape
    free = [s - d * (k - 1) - 1 for s, d, k in zip(size, dilation, kernel)]
    positions = [f // step + 1 for f, step in zip(free, stride)]
    samples, along, *inside = x.stride()
    view = x.as_strided(
        (n, channels, *kernel, *positions),
        (
            samples,
            along,
            *(s * d for s, d in zip(inside, dilation)),
            *(s * step for s, step in zip(inside, stride)),
        ),
    )
    return view.reshape(n, channels * kernel[0] * kernel[1], positions[0] * positions[1])
