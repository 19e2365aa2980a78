"""Training mode, evaluation mode: how every module comes back in the one it was in."""

from collections.abc import Iterable
from contextlib import contextmanager

from torch import nn


def norms_of(model: nn.Module) -> list[nn.Module]:
    """Every batch-norm layer of the model, of any number of dimensions."""
    return [m for m in model.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]


@contextmanager
def kept_modes(modules: Iterable[nn.Module]):
    """Inside, the modules' modes may be set; afterwards `training` and tracking are as before."""
    before = [(m, m.training, getattr(m, "track_running_stats", None)) for m in modules]
    try:
        yield
    finally:
        for module, training, tracks in before:
            module.training = training
            if tracks is not None:
                module.track_running_stats = tracks
