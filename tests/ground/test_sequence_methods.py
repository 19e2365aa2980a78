"""What methods make of sequences: all counted positions of one together."""

import pytest
import test_points
import torch
from test_points import IGNORED, Words, task
from torch import nn

import unlearnlab as ul

sequences = test_points.sequences  # a fixture


def test_npo_asks_for_the_probability_of_a_whole_sequence(sequences):
    ids, targets = sequences
    torch.manual_seed(0)
    made = task((ids, targets), (ids[:4], targets[:4]), model=Words())
    first, second = (ul.unlearn(made, ul.NPO(lr=0.1, reg=0.5), epochs) for epochs in (1, 2))
    kept = (targets[:4] != IGNORED).double()
    labels = targets[:4].clamp(min=0)[..., None]
    said = lambda model: model(ids[:4]).log_softmax(2).gather(2, labels)[..., 0]
    gained = (said(first.model) - said(made.original)).mul(kept).sum(1)
    expected = 2 / 0.5 * nn.functional.softplus(0.5 * gained).mean().item()
    assert second.history[1]["loss"] == pytest.approx(expected, rel=1e-4)


def test_so_many_sequences_are_protected_whatever_they_begin_with(sequences):
    ids, targets = sequences
    targets[:, 0] = torch.arange(10) % 3
    torch.manual_seed(0)
    seen = []

    class Look(ul.MinNormOG):
        def step(self, state, model, inputs, strength):
            seen.append(len(inputs))
            return super().step(state, model, inputs, strength)

    made = task((ids, targets), (ids[:4], targets[:4]), model=Words())
    ul.unlearn(made, Look(n_pert=5), 1)
    assert seen == [5]
