"""One network with batch norm, with group norm, and without a norm."""

from functools import partial

from torch import nn

from ...networks import AllCNN

PLAIN = partial(AllCNN, width=1 / 6, batch_norm=False)
NORMED = partial(AllCNN, width=1 / 6)


def grouped(classes, **pixels):
    """NORMED with group norm, four groups, in place of batch norm: without running statistics."""
    network = NORMED(classes, **pixels)
    network.norms = nn.ModuleList(nn.GroupNorm(4, m.num_features) for m in network.norms)
    return network
