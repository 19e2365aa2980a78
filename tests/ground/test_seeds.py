"""Numbers derived from seeds never change: every recorded number hangs on them."""

import torch

from unlearnlab.ground import seeds


def test_derived_seeds_are_what_they_were():
    assert [seeds.derived(1, 0), seeds.derived(0, 1), seeds.derived(3, 7)] == WANTED
    drawn = torch.randperm(5, generator=seeds.generator(3, 7))
    assert torch.equal(drawn, torch.randperm(5, generator=torch.Generator().manual_seed(WANTED[2])))


WANTED = [3717377837946358015, 2918264622725855778, 4782766539338417736]
