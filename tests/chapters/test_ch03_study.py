"""Is a whole step the projection off all rows, where `minnorm_step` leaves some out?"""

import copy

import pytest
import torch

import unlearnlab as ul
from unlearnlab.chapters.ch03_minnorm.study import MinNormWhole, whole_step
from unlearnlab.networks import MLP, seeded


def flat(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()]).double()


@pytest.mark.parametrize(
    "widths, n", [([1, 7, 1], 4), ([3, 20, 5, 1], 9), ([2, 4, 1], 30), ([2, 1], 2)]
)
def test_a_whole_step_is_the_dense_projection(widths, n):
    model = seeded(lambda: MLP(widths), 3).double()
    x = torch.randn(n, widths[0], generator=torch.Generator().manual_seed(n)).double()
    before, rows = flat(model), ul.output_gradients(model, x)
    step = whole_step(model, x, 0.25)
    off = ul.project_out(before, rows)
    assert torch.allclose(flat(model), before - 0.25 * off, atol=1e-9)
    assert step.rows == n and step.drift == pytest.approx(0.25 * off.norm().item())


def test_it_keeps_the_directions_of_the_sine_that_the_rank_test_leaves_out():
    task = ul.sine.task(seed=4)
    x = task.retain.tensors[0]
    models = [copy.deepcopy(task.original).double() for _ in range(2)]
    before, rows = flat(models[0]), ul.output_gradients(models[0], x.double())
    assert ul.minnorm_step(models[0], x.double(), 1.0).rank < 50
    whole_step(models[1], x.double(), 1.0)
    right = before - ul.project_out(before, rows)
    off, whole = ((flat(model) - right).norm() / (before - right).norm() for model in models)
    assert off > 0.03 and whole < 1e-4


def test_as_a_method_it_projects_when_minnorm_og_does():
    task = ul.sine.task(seed=1)
    setting = dict(lr=1e-3, reg=0.1, n_pert=50, project_every=2, descent_epochs=2)
    ours, whole = (ul.unlearn(task, kind(**setting), 5) for kind in (ul.MinNormOG, MinNormWhole))
    strengths = [[epoch.get("strength") for epoch in run.history] for run in (ours, whole)]
    assert strengths[0] == strengths[1] and strengths[0][1] is None
    gap = (flat(ours.model) - flat(whole.model)).norm()
    assert 0 < gap < 0.01 * flat(task.original).norm()
