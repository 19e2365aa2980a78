"""Steps until the forget set is known again: what was hidden comes back
before what was never there."""

import copy
import math

import pytest
import torch
import torch.nn.functional as F
from small_tasks import classification
from torch import nn
from torch.utils.data import TensorDataset

from unlearnlab.course.relearning import relearn_time


def line(start):
    model = nn.Linear(1, 1, bias=False)
    nn.init.constant_(model.weight, start)
    return model


ONE = TensorDataset(torch.ones(1, 1), torch.ones(1, 1))


@pytest.mark.parametrize(
    "start, target, steps",
    [(1.0, 0.0, 0), (0.0, 1.0, 0), (0.0, 0.99**2 + 1e-4, 1), (0.0, 0.96**2 + 1e-4, 4)],
)
def test_adam_moves_a_lone_weight_by_its_rate_and_every_step_is_counted(start, target, steps):
    """The loss is (w - 1)^2, and far from its minimum a step of Adam is lr = .01."""
    assert relearn_time(line(start), ONE, target, lr=0.01, loss=F.mse_loss) == steps


def test_what_is_not_reached_takes_for_ever():
    assert relearn_time(line(0.0), ONE, 0.5, lr=0.01, max_steps=5, loss=F.mse_loss) == math.inf
    assert (
        relearn_time(line(0.0), ONE, 0.97**2 + 1e-4, lr=0.01, max_steps=3, loss=F.mse_loss) == 3
    )  # the last step counts


class Named(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        return {"logits": self.model(x)}


def test_a_model_that_names_its_outputs_relearns_as_fast():
    task = classification(heads=1, forget=20)
    named = Named(copy.deepcopy(task.original))
    times = [relearn_time(m, task.forget, 0.3, lr=1e-2) for m in (task.original, named)]
    assert times[0] == times[1] > 0


def test_a_model_that_only_hides_the_forget_set_relearns_sooner_than_one_that_never_saw_it():
    task = classification(heads=1, forget=20)
    knows, forget = copy.deepcopy(task.original), task.forget
    optimizer = torch.optim.Adam(knows.parameters(), lr=1e-2)
    for _ in range(300):
        optimizer.zero_grad()
        F.cross_entropy(knows(forget.tensors[0]), forget.tensors[1]).backward()
        optimizer.step()
    hides = copy.deepcopy(knows)
    with torch.no_grad():
        hides[
            -1
        ].weight *= 0.02  # it answers as if it knew nothing; what it computes below is still there
    assert F.cross_entropy(hides(forget.tensors[0]), forget.tensors[1]) > 1.2
    before = [p.clone() for p in hides.parameters()]
    times = [relearn_time(model, forget, 0.05, lr=1e-2, max_steps=400) for model in (knows, hides)]
    floor = [relearn_time(task.fresh(i), forget, 0.05, lr=1e-2, max_steps=400) for i in range(2)]
    assert times[0] == 0 < times[1] < min(floor)
    assert all(torch.equal(a, b) for a, b in zip(before, hides.parameters())) and all(
        p.grad is None for p in hides.parameters()
    )


def test_batch_statistics_and_dropout_take_no_part():
    model = nn.Sequential(nn.BatchNorm1d(1), nn.Dropout(0.5), line(0.0)).train()
    assert (
        relearn_time(model, ONE, 0.99**2 + 1e-3, lr=0.01, loss=F.mse_loss) == 1
    )  # one sample has no batch statistics
    assert model.training and model[0].num_batches_tracked == 0


@pytest.mark.parametrize(
    "change, says",
    [
        ({"target": math.nan}, "target must be a number, got nan"),
        ({"lr": 0}, "lr must be a number greater than 0, got 0"),
        ({"max_steps": 0}, "max_steps must be an integer of at least 1, got 0"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(change, says):
    arguments = {"target": 0.0} | change
    with pytest.raises(ValueError, match=says):
        relearn_time(line(0.0), ONE, arguments.pop("target"), loss=F.mse_loss, **arguments)


def test_frozen_parameters_are_trained_as_well():
    model = line(0.0).requires_grad_(False)
    assert (
        relearn_time(model, ONE, 0.99**2 + 1e-4, lr=0.01, loss=F.mse_loss) == 1
        and not model.weight.requires_grad
    )


def test_no_model_and_no_number_are_errors():
    with pytest.raises(ValueError, match="forget is empty"):
        relearn_time(
            line(0.0), TensorDataset(torch.ones(0, 1), torch.ones(0, 1)), 0.0, loss=F.mse_loss
        )
    with pytest.raises(ArithmeticError, match="the loss became NaN after 0 steps with lr=0.001"):
        relearn_time(line(math.nan), ONE, 0.0, loss=F.mse_loss)
