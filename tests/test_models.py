"""Do the networks behave like the Sequential they are?"""
import torch
from torch import nn

import unlearnlab as ul


def test_a_slice_of_an_mlp_is_its_layers_with_the_same_weights():
    net, x = ul.MLP([2, 5, 4, 1]), torch.randn(3, 2)  # a slice once raised: Sequential calls the class with its layers
    assert torch.equal(net[-1](net[:-1](x)), net(x))
    assert isinstance(net[0], nn.Linear) and net[:1][0] is net[0]
