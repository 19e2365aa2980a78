"""Training mode, evaluation mode: how every module comes back in the one it was in."""

from contextlib import contextmanager

from torch import nn

MODES = ("training", "track_running_stats", "sparse", "_buffers")


def is_norm(module: nn.Module) -> bool:
    """Whether it is a batch norm, of any number of dimensions, or another norm that keeps running
    statistics."""
    batch_norm = isinstance(module, nn.modules.batchnorm._BatchNorm)
    return batch_norm or getattr(module, "running_mean", None) is not None


def norms_of(model: nn.Module) -> list[nn.Module]:
    """Every such layer of the model."""
    return [module for module in model.modules() if is_norm(module)]


def has_own_train(module: nn.Module) -> bool:
    """Whether it does more than setting `training`: it may merge weights in evaluation mode, or
    keep there what it made of them."""
    return type(module).train is not nn.Module.train


@contextmanager
def kept_modes(modules):
    """Inside, the modules' modes may be set; afterwards all of MODES are as before, and what is
    trainable, which a `train` of their own may change."""
    before = [(m, {name: vars(m)[name] for name in MODES if name in vars(m)}) for m in modules]
    flags = [(p, p.requires_grad) for m, _ in before for p in m.parameters(recurse=False)]
    try:
        yield
    finally:
        for module, modes in before:
            if has_own_train(module):
                module.train(modes["training"])
        for module, modes in before:
            for name, value in modes.items():
                if vars(module).get(name) is not value:
                    setattr(module, name, value)
        for p, trainable in flags:
            p.requires_grad_(trainable)
