"""Can color still be read from a network's features? A linear probe, in closed form.

What it finds in a network that never saw a color is its floor: features carry what nobody asked
them for."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import TensorDataset

from ...ground.modes import kept_modes
from ...tasks import erasure

SHRINKAGE = 1e-2  # of standardised features, per example


def readable(model: nn.Module, fit: tuple[Tensor, Tensor], test: tuple[Tensor, Tensor]) -> float:
    """The share of `test` images, in gray, red and green, whose color a ridge regression on the
    model's last features names; 1/3 is chance.

    model: has `features`, as ResNet. fit: images (n, 1 or 3, h, w) and their labels, which the
    regression learns from, in each of the three colors.
    """
    (x, color), (others, truth) = (_features(model, data) for data in (fit, test))
    mean, spread = x.mean(0), x.std(0).clamp(min=1e-9)
    x, others = (x - mean) / spread, (others - mean) / spread
    wanted = F.one_hot(color, 3).double() - 1 / 3
    weights = torch.linalg.solve(
        x.T @ x + SHRINKAGE * len(x) * torch.eye(x.shape[1]).double(), x.T @ wanted
    )
    return ((others @ weights).argmax(1) == truth).double().mean().item()


@torch.no_grad()
def _features(model, data):
    """Features (3 n, channels) in double precision, and colors (3 n,)."""
    copies = [erasure.painted(TensorDataset(*data), name).tensors for name in erasure.COLORS]
    with kept_modes(model.modules()):
        model.eval()
        features = [model.features(pixels).double() for pixels, _ in copies]
    return torch.cat(features), torch.cat([targets[:, 1] for _, targets in copies])
