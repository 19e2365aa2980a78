"""NTK forgetting against closed forms: linear models, a small kernel, and retraining in the lazy
limit."""

import dataclasses

import numpy as np
import pytest
import torch
from small_tasks import classification, parameters, regression
from torch import nn
from torch.utils.data import TensorDataset

import unlearnlab as ul
from unlearnlab.ground.tensors import digest
from unlearnlab.methods.ntk import SAMPLES
from unlearnlab.networks import seeded

ALONE = {"lr": 1e-300, "weight_decay": 0.0}  # the step, and no descent that could be felt


def task_of(build, theta, x, y, kept, facts=None):
    """A regression whose original has these parameters."""
    original = build(1)
    nn.utils.vector_to_parameters(theta, original.parameters())
    parts = TensorDataset(x[:kept], y[:kept]), TensorDataset(x[kept:], y[kept:])
    measure = lambda model: {"one": 1.0}
    facts = {"original": {"seed": "1"}} if facts is None else facts
    return ul.Task("lazy", "regression", 1, original, None, *parts, build, measure, facts=facts)


def linear(d=12, n=8, kept=5):
    g = torch.Generator().manual_seed(3)
    x, y = torch.randn(n, d, generator=g).double(), torch.randn(n, 1, generator=g).double()
    return x, y, kept, lambda s: seeded(lambda: nn.Linear(d, 1, bias=False), s).double()


@pytest.mark.parametrize("origin", ["zero", "initial"])
def test_on_a_linear_model_it_is_retraining_from_the_same_start(origin):
    x, y, kept, build = linear()
    start = parameters(build(1)) * (origin == "initial")
    fitted = lambda x, y: start + torch.linalg.pinv(x) @ (y[:, 0] - x @ start)
    task = task_of(build, fitted(x, y), x, y, kept)
    run = ul.unlearn(task, ul.NTK(origin=origin, **ALONE), 1)
    torch.testing.assert_close(
        parameters(run.model), fitted(x[:kept], y[:kept]), rtol=1e-9, atol=1e-9
    )
    half = ul.unlearn(task, ul.NTK(origin=origin, reg=0.5, **ALONE), 1)
    middle = (parameters(task.original) + parameters(run.model)) / 2
    torch.testing.assert_close(parameters(half.model), middle, rtol=1e-9, atol=1e-9)


def test_it_is_the_published_formula_on_the_rows_of_a_network_that_interpolates():
    task = regression(retain=4, forget=2, dtype=torch.float64)
    inputs = torch.cat([task.retain.tensors[0], task.forget.tensors[0]])
    theta, J = parameters(task.original), ul.output_gradients(task.original, inputs)
    r, kept = J @ theta, len(task.retain)
    (Jr, Jf), (rr, rf) = J.tensor_split([kept]), r.tensor_split([kept])
    solve = lambda b: torch.linalg.pinv(Jr @ Jr.T, rtol=1e-12, hermitian=True) @ b
    M = Jf @ Jf.T - Jf @ Jr.T @ solve(Jr @ Jf.T)
    c = torch.linalg.solve(M, rf - Jf @ Jr.T @ solve(rr))
    expected = theta - (Jf.T @ c - Jr.T @ solve(Jr @ (Jf.T @ c)))
    found = parameters(ul.unlearn(task, ul.NTK(**ALONE), 1).model)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    assert (Jr @ (found - theta)).norm() < 1e-5 * (Jf @ (found - theta)).norm()


class Lazy(nn.Module):
    """scale * a network whose last layer begins at 0: the larger the scale, the less it moves."""

    def __init__(self, scale):
        super().__init__()
        self.scale, self.net = scale, ul.MLP([2, 64, 1]).double()
        for p in self.net[-1].parameters():
            nn.init.zeros_(p)

    def forward(self, x):
        return self.scale * self.net(x)


def trained(model, x, y):
    """Gauss-Newton's shortest steps until it interpolates: what descent does in the lazy limit."""
    for _ in range(30):
        J = ul.output_gradients(model, x)
        step = torch.linalg.pinv(J) @ (y - model(x)).detach()[:, 0]
        nn.utils.vector_to_parameters(parameters(model) + step, model.parameters())
    assert (model(x) - y).abs().max() < 1e-8
    return parameters(model)


def test_in_the_lazy_limit_it_comes_to_what_retraining_gives():
    g = torch.Generator().manual_seed(0)
    x, y = torch.randn(9, 2, generator=g).double(), torch.randn(9, 1, generator=g).double()
    missed = []
    for scale in (1e4, 1e5, 1e6):
        build = lambda s, scale=scale: seeded(lambda: Lazy(scale), s)
        retrained = trained(build(1), x[:6], y[:6])
        task = task_of(build, trained(build(1), x, y), x, y, 6)
        found = parameters(ul.unlearn(task, ul.NTK(origin="initial", **ALONE), 1).model)
        whole = (parameters(task.original) - retrained).norm()
        missed.append(float((found - retrained).norm() / whole))
    assert 0.1 > missed[0] > 5 * missed[1] > 25 * missed[2], missed


def test_it_moves_only_what_the_forgotten_outputs_feel_and_leaves_the_original_alone():
    task = classification()
    before = digest(task.original.state_dict())
    found = parameters(ul.unlearn(task, ul.NTK(**ALONE), 1).model)
    moved = (parameters(task.original) - found).double()
    rows = [
        ul.output_gradients(task.original, data.tensors[0]).double()
        for data in (task.retain, task.forget)
    ]
    assert (rows[0] @ moved).norm() < 1e-3 * (rows[1] @ moved).norm()
    assert ul.project_out(moved, torch.cat(rows)).norm() < 1e-3 * moved.norm()
    assert digest(task.original.state_dict()) == before


def test_a_kernel_that_is_too_large_and_a_start_that_nobody_knows_are_refused_by_name():
    task = regression(retain=SAMPLES, forget=1)
    words = (
        "NTK needs the kernel of all samples at once, 2,500 retained and 1 forgotten ones of toy"
    )
    with pytest.raises(ValueError, match=words):
        ul.unlearn(task, ul.NTK(), 1)
    with pytest.raises(ValueError, match="NTK needs the weights the original started from"):
        ul.unlearn(regression(), ul.NTK(origin="initial"), 1)
    with pytest.raises(ValueError, match="NTK: origin must be one of zero, initial"):
        ul.NTK(origin="here")


@pytest.mark.parametrize("experiment", ["sine", "erasure", "collapse"])
def test_it_runs_on_the_courses_tasks(experiment):
    task = getattr(ul, experiment).task(seed=1)
    run = ul.unlearn(task, ul.NTK(lr=1e-3), 1)
    assert all(np.isfinite(value) for value in run.metrics.values())
    assert dataclasses.asdict(run.method)["origin"] == "zero"
