"""Numbers derived from seeds never change: every recorded number hangs on them."""

import pytest
import torch

from unlearnlab.ground import seeds


def test_derived_seeds_are_what_they_were():
    assert [seeds.derived(1, 0), seeds.derived(0, 1), seeds.derived(3, 7)] == WANTED
    drawn = torch.randperm(5, generator=seeds.generator(3, 7))
    assert torch.equal(drawn, torch.randperm(5, generator=torch.Generator().manual_seed(WANTED[2])))


WANTED = [3717377837946358015, 2918264622725855778, 4782766539338417736]


def test_trainings_of_a_task_start_from_seeds_of_their_own_or_are_refused():
    assert seeds.started(7, 10) == 7_010 and seeds.started(9 * 10**15, 999) < 2**63
    for seed in (9 * 10**15 + 1, 2**63 - 1):
        with pytest.raises(ValueError, match=f"seed must be at most 9 .* 10.15, got {seed}"):
            seeds.started(seed, 0)


def test_what_one_setter_fails_to_put_back_does_not_lose_the_others():
    state = {"x": 5}

    def refuse(value):
        raise RuntimeError("not now")

    x = {"x": (lambda: [state["x"]], lambda value: state.update(x=value[0]))}
    with pytest.raises(RuntimeError, match="not now"), seeds.put_back({"y": (list, refuse)} | x):
        state["x"] = 7
    assert state["x"] == 5
    with seeds.put_back(x):
        with seeds.put_back(x):
            state["x"] = 9
    assert state["x"] == 5
