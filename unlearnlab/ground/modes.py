"""Training mode, evaluation mode: how every module comes back in the one it was in."""

from contextlib import contextmanager

from torch import nn


def is_norm(module: nn.Module) -> bool:
    """Whether it is a batch norm, of any number of dimensions."""
    return isinstance(module, nn.modules.batchnorm._BatchNorm)


def norms_of(model: nn.Module) -> list[nn.Module]:
    """Every batch-norm layer of the model."""
    return [module for module in model.modules() if is_norm(module)]


@contextmanager
def kept_modes(modules):
    """Inside, the modules' modes may be set; afterwards `training` and tracking are as before."""
    before = [(m, m.training, getattr(m, "track_running_stats", None)) for m in modules]
    try:
        yield
    finally:
        for module, training, tracks in before:
            if module.training != training:
                module.training = training
            if tracks is not None:
                module.track_running_stats = tracks
