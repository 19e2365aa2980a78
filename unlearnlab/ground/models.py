"""Models that others wrote: copied, whatever they keep of a forward."""

import copy
from collections.abc import Iterator

from torch import Tensor, nn


def copied(model: nn.Module) -> nn.Module:
    """A copy of the model. Tensors of a forward that it keeps, such as features that somebody wants
    to look at, are copied as numbers, without the graph that made them, which nothing can copy."""
    graphs = {id(t): t.detach().clone() for t in _kept_tensors(model) if not t.is_leaf}
    return copy.deepcopy(model, graphs)


def _kept_tensors(model) -> Iterator[Tensor]:
    for module in model.modules():
        for value in vars(module).values():
            several = value if isinstance(value, (list, tuple)) else [value]
            several = value.values() if isinstance(value, dict) else several
            yield from (t for t in several if isinstance(t, Tensor))
