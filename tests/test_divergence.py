"""Is a run whose numbers stop being numbers an error, whenever that happens?"""

import math
import re

import pytest
import torch
from small_tasks import regression

import unlearnlab as ul


def test_divergence_is_an_error_that_names_method_and_epoch():
    with pytest.raises(ul.Diverged, match="GA: the loss became .* in epoch .* lr=1e\\+30"):
        ul.unlearn(regression(), ul.GA(lr=1e30, weight_decay=0.0), 50)


def test_an_infinite_loss_of_the_last_epoch_is_divergence():
    class Far(ul.GD):
        def loss(self, state, retain, forget):
            return torch.inf * super().loss(state, retain, forget)

    with pytest.raises(ul.Diverged, match="the loss became inf in epoch 0"):
        ul.unlearn(regression(), Far(), 1)


@pytest.mark.parametrize("kind", ["GD", "RUM (GD)"])
def test_weights_that_the_last_update_makes_nan_are_divergence(kind):
    class Kink(ul.GD):
        name = kind

        def loss(self, state, retain, forget):
            outputs = state.outputs(retain)
            return (outputs - outputs.detach()).abs().sqrt().sum()  # 0, with a gradient of NaN

    class InGroups(ul.RUM, Kink):
        name = kind

    method = Kink() if kind == "GD" else InGroups(groups=2)
    with pytest.raises(ul.Diverged, match=re.escape(f"{kind}: its weights became infinite or NaN")):
        ul.unlearn(regression(), method, 1)


def test_an_infinity_that_was_there_before_is_no_divergence():
    class Masked(torch.nn.Linear):
        def __init__(self):
            super().__init__(2, 1)
            self.mask = torch.nn.Parameter(torch.tensor([0.0, -torch.inf]))

        def forward(self, x):
            return super().forward(x * self.mask.softmax(0))

    task = regression().changed(original=Masked(), build=None)
    assert math.isfinite(ul.unlearn(task, ul.GD(), 2).history[-1]["loss"])


def test_projecting_weights_that_overflowed_is_divergence_too():
    with pytest.raises(ul.Diverged, match="MinNorm-OG: .* in epoch .* with lr=1e\\+10"):
        ul.unlearn(regression(batch_size=2, forget=8), ul.MinNormOG(lr=1e10), 20)
