"""The networks whose norms notebook 11 compares: what each leaves free, and what it remembers."""

import pytest
import torch

from unlearnlab.chapters.ch11_replication import study
from unlearnlab.ground.modes import norms_of
from unlearnlab.networks import seeded


def outputs(network, x):
    return torch.cat(network(x), 1).detach()


@pytest.mark.parametrize("build, free", [(study.PLAIN, False), (study.grouped, True)])
def test_group_norm_divides_by_the_length_of_a_layer_and_remembers_nothing(build, free):
    network = seeded(lambda: build([10, 3]), 3).double().train()
    x = torch.randn(6, 3, 8, 8, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    before = outputs(network, x)
    for convolution in network.convolutions:
        convolution.weight.data.mul_(7)
    same = torch.allclose(outputs(network, x), before, rtol=1e-3, atol=1e-3)
    assert same == free
    assert not norms_of(network) and torch.equal(outputs(network.eval(), x), outputs(network, x))
    assert {norm.num_groups for norm in network.norms} == {4} if free else True


def test_the_three_are_trained_alike_and_have_no_ground_truth():
    ways = [study.TASKS[name].keywords for name in ("none", "group", "batch")]
    assert {way["recipe"] for way in ways} == {study.RECIPE(lr=1e-2)}
    assert [way["network"] for way in ways] == [study.PLAIN, study.grouped, study.NORMED]
    assert study.TASKS["none, few"].keywords == ways[0] | {"p_retain": 0.02}
    assert study.without_truth(1).ground_truth is None
