"""Models that others wrote: copied whatever they keep, and left as they were when they have run.

A forward may leave something behind: features that somebody wants to look at, a cache of what was
made from parameters, a count. After a run with other tensors in place of the parameters that would
be something of the run's, which nobody can copy or save, and the next forward might read it.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, nn

OF_EVERY_MODULE = set(vars(nn.Module())) - {"_buffers"}


def unwrapped(model: nn.Module) -> nn.Module:
    """The model inside DataParallel or DistributedDataParallel, with the same parameters."""
    wrappers = nn.DataParallel, nn.parallel.DistributedDataParallel
    return model.module if isinstance(model, wrappers) else model


def copied(model: nn.Module) -> nn.Module:
    """A copy of the model. Tensors of a forward that it keeps are copied as numbers, without the
    graph that made them, which nothing can copy."""
    graphs = {id(t): t.detach().clone() for t in _kept_tensors(model) if not t.is_leaf}
    return copy.deepcopy(model, graphs)


def _kept_tensors(model) -> Iterator[Tensor]:
    for module in model.modules():
        for value in vars(module).values():
            several = value if isinstance(value, (list, tuple)) else [value]
            several = value.values() if isinstance(value, dict) else several
            yield from (t for t in several if isinstance(t, Tensor))


@contextmanager
def undisturbed(modules):
    """Afterwards every module has the attributes and buffers that it had, and its lists,
    dictionaries and sets hold what they held."""
    before = [(vars(module), dict(vars(module)), list(_contents(module))) for module in modules]
    try:
        yield
    finally:
        for attributes, values, contents in before:
            attributes.clear()
            attributes.update(values)
            for container, content in contents:
                container.clear()
                (container.extend if isinstance(container, list) else container.update)(content)


def _contents(module):
    for name, value in vars(module).items():
        if name not in OF_EVERY_MODULE and isinstance(value, (list, dict, set)):
            yield value, copy.copy(value)
