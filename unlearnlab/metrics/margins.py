"""How sure is a model of the label? One number per example, on which most metrics of forgetting
are built."""

import torch
from torch import Tensor

from ..ground import checks

LIMIT = 100.0  # where metrics clip margins: exp(-100) is no probability that a model means


def margin(logits: Tensor, labels: Tensor) -> Tensor:
    """z_y - logsumexp of the other logits, (..., n): KLoM's margin, and LiRA's
    phi = log p_y - log(1 - p_y), which is the same number.

    logits: (..., n, classes), at least 2 classes; leading dimensions are models. labels: (n,)
    integers. Never computed from probabilities: where p_y rounds to 0 or 1, phi from p is infinite
    and the margin is not. The loss is softplus(-margin). Infinite only where the logits say so.
    Returns the logits' precision, at least float32, on their device.

    Raises TypeError for other dtypes, ValueError for shapes that do not fit, labels that are no
    class, NaN logits, and infinities that leave the margin undefined.
    """
    checks.tensor("logits", logits)
    checks.tensor("labels", labels)
    if not logits.is_floating_point() or labels.is_floating_point() or labels.dtype == torch.bool:
        raise TypeError(
            f"margin needs floating logits and integer labels, got {logits.dtype} and "
            f"{labels.dtype}"
        )
    if logits.ndim < 2 or labels.shape != logits.shape[-2:-1]:
        raise ValueError(
            f"logits must be (..., n, classes) and labels (n,), got {tuple(logits.shape)} and "
            f"{tuple(labels.shape)}"
        )
    classes = logits.shape[-1]
    if classes < 2:
        raise ValueError(
            f"logits must have at least 2 classes, got {classes}: of one class every model is sure"
        )
    labels = labels.to(logits.device).long()
    if labels.numel() and not 0 <= labels.min() <= labels.max() < classes:
        raise ValueError(
            f"labels must be classes 0 to {classes - 1}, got {labels.min().item()} to "
            f"{labels.max().item()}"
        )
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    index = labels[:, None].expand(*logits.shape[:-1], 1)
    others = logits.scatter(-1, index, -torch.inf).logsumexp(-1)
    margins = logits.gather(-1, index)[..., 0] - others
    if margins.isnan().any():
        raise ValueError("logits hold a NaN, or infinities whose difference is undefined")
    return margins
