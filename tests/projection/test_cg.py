"""Conjugate gradients with products alone: the same projection as the dense one, and the one
that batch statistics need."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from test_projection import MODELS, build, dense_projection, flat, jacobian
from torch import nn

import unlearnlab as ul
from unlearnlab.chapters.ch11_replication.published import batch_statistics_step
from unlearnlab.projection.cg import off_rows


@given(
    st.integers(0, 9),
    st.integers(1, 12),
    st.integers(0, 9),
    st.integers(0, 10**6),
    st.sampled_from([1e-6, 1.0, 1e6]),
)
@settings(deadline=None, max_examples=150)
def test_the_residual_is_the_projection_for_any_shape_and_rank(k, d, rank, seed, scale):
    rng = np.random.default_rng(seed)
    left, _ = np.linalg.qr(rng.standard_normal((k, min(k, d, rank))))
    right, _ = np.linalg.qr(rng.standard_normal((d, min(k, d, rank))))
    rows = torch.from_numpy(scale * (left * rng.uniform(1, 30, left.shape[1])) @ right.T)
    theta = torch.from_numpy(rng.standard_normal(d))
    vector, left, *_ = off_rows(lambda v: rows @ v, lambda c: rows.T @ c, theta, 1e-11, 500)
    away = (vector - dense_projection(theta, rows)).norm()
    assert away <= 1e-9 * theta.norm() and left <= 1e-10


@pytest.mark.parametrize("name", MODELS)
def test_cg_equals_the_dense_projection(name):
    model, inputs = build(name, 5)
    before, rows = flat(model).double(), jacobian(model, inputs)
    modes, buffers = (
        [m.training for m in model.modules()],
        copy.deepcopy(dict(model.named_buffers())),
    )
    step = ul.minnorm_step(model, inputs, 1.0, solver="cg")
    assert ((before - flat(model)) - dense_projection(before, rows)).norm() < 1e-5 * before.norm()
    assert (
        step.solver == "cg" and step.rank is None and step.rows == len(rows) and step.left <= 1e-5
    )
    assert [m.training for m in model.modules()] == modes
    assert all(torch.equal(b, buffers[name]) for name, b in model.named_buffers())


class Normed(nn.Module):
    """Two heads over batch norm."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(2, 4, 3),
            nn.BatchNorm2d(4),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(64, 6),
            nn.BatchNorm1d(6),
        )
        self.a, self.b = nn.Linear(6, 3), nn.Linear(6, 2)

    def forward(self, x):
        h = self.body(x)
        return self.a(h), self.b(h)


def batch_rows(model, inputs):
    """The rows in training mode: one plain backward pass each through the statistics
    of the batch."""
    model = copy.deepcopy(model).double().train()
    parameters, heads = list(model.parameters()), model(inputs.double())
    return torch.stack(
        [
            torch.cat(
                [
                    torch.zeros_like(p).flatten() if g is None else g.flatten()
                    for p, g in zip(
                        parameters,
                        torch.autograd.grad(
                            value, parameters, retain_graph=True, allow_unused=True
                        ),
                    )
                ]
            )
            for head in heads
            for value in head.max(1).values
        ]
    )


def test_batch_statistics_give_the_projection_of_training_mode_and_leave_the_running_ones_alone():
    torch.manual_seed(0)
    model, inputs = Normed(), torch.randn(7, 2, 6, 6)
    before, rows = flat(model).double(), batch_rows(model, inputs)
    running, evaluated = copy.deepcopy(dict(model.named_buffers())), copy.deepcopy(model)
    step = batch_statistics_step(model, inputs, 1.0)
    moved = before - flat(model)
    assert step.solver == "cg" and step.rows == 14
    assert (moved - dense_projection(before, rows)).norm() < 1e-5 * before.norm()
    assert all(torch.equal(b, running[name]) for name, b in model.named_buffers()) and all(
        m.track_running_stats for m in model.modules() if hasattr(m, "track_running_stats")
    )
    ul.minnorm_step(evaluated, inputs, 1.0)  # the deployed function's projection is another one
    other = before - flat(evaluated)
    assert (rows @ other).norm() > 0.01 * (rows @ before).norm() and (
        rows @ moved
    ).norm() < 1e-5 * (rows @ before).norm()


def test_norms_without_running_statistics_are_possible_with_batch_statistics_only():
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2, track_running_stats=False), nn.Flatten()
    )
    with pytest.raises(ValueError, match="couples"):
        ul.minnorm_step(model, torch.randn(3, 1, 2, 2), 0.5)
    assert batch_statistics_step(model, torch.randn(3, 1, 2, 2), 0.5).left <= 1e-5


def test_a_forward_that_needs_float32_stops_at_float32s_precision():
    from test_projection import Float32Inside

    torch.manual_seed(0)
    model, inputs = Float32Inside(), torch.randn(6, 5)
    before, rows = flat(model), ul.output_gradients(model, inputs)
    step = ul.minnorm_step(model, inputs, 1.0, solver="cg")
    torch.testing.assert_close(
        before - flat(model), ul.project_out(before, rows), rtol=1e-3, atol=1e-4
    )
    assert step.left < 1e-4


def test_auto_takes_cg_where_rows_would_not_fit(monkeypatch):
    model, inputs = build("attention, layer norm, own token", 5)
    assert ul.minnorm_step(copy.deepcopy(model), inputs, 0.5).solver == "layerwise"
    monkeypatch.setattr("unlearnlab.projection.step.ROW_BYTES", 100)
    assert ul.minnorm_step(model, inputs, 0.5).solver == "cg"
    mlp, points = build("mlp", 5)
    assert ul.minnorm_step(mlp, points, 0.5).solver == "layerwise"


def test_what_does_not_fit_is_refused_by_name():
    model, inputs = build("mlp", 3)
    with pytest.raises(ValueError, match="solver must be one of auto, layerwise, cg, got 'qr'"):
        ul.minnorm_step(model, inputs, 0.5, solver="qr")
    with torch.no_grad():
        model[0].weight[0, 0] = float("nan")
    with pytest.raises(ul.projection.NonFiniteGradients):
        ul.minnorm_step(model, inputs, 0.5, solver="cg")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize(
    "name", ["mlp", "two heads, conv, batch norm, in-place", "attention, layer norm, own token"]
)
def test_an_input_that_is_no_number_moves_nothing(name, value):
    """It used to end the search before its first step, which shrank all of theta
    without an error."""
    model, inputs = build(name, 5)
    inputs[3].flatten()[0] = value
    before = flat(model)
    for step in (
        lambda: ul.minnorm_step(model, inputs, 0.5),
        lambda: ul.minnorm_step(model, inputs, 0.5, solver="cg"),
    ):
        with pytest.raises(
            ul.projection.NonFiniteGradients, match=r"of samples \[3\] are not finite"
        ):
            step()
    with pytest.raises(ul.projection.NonFiniteGradients):
        batch_statistics_step(model, inputs, 0.5)
    assert torch.equal(flat(model), before)


def test_outputs_that_overflow_move_nothing():
    model, inputs = build("mlp", 4)
    model, inputs = model.double(), inputs.double() * 1e200
    before = flat(model)
    for solver in ("layerwise", "cg"):
        with pytest.raises(ul.projection.NonFiniteGradients):
            ul.minnorm_step(model, inputs, 0.5, solver=solver)
    assert torch.equal(flat(model), before)


@pytest.mark.parametrize("seed", range(3))
def test_where_rounding_ends_the_progress_the_best_iterate_comes_back(seed):
    rng = np.random.default_rng(seed)
    left, right = (np.linalg.qr(rng.standard_normal((n, 60)))[0] for n in (60, 400))
    rows = torch.from_numpy((left * np.logspace(0, -6, 60)) @ right.T)
    theta, passed = torch.from_numpy(rng.standard_normal(400)), []

    def product(v):
        passed.append((rows @ v).norm())
        return rows @ v

    vector, share, *_ = off_rows(product, lambda c: rows.T @ c, theta, 1e-10, 500)
    assert (rows @ vector).norm() == min(passed) < passed[-1]
    assert share == min(passed) / passed[0]


def test_nearly_dependent_rows_are_said_to_be_unfinished():
    task = ul.sine.task(1)
    model = copy.deepcopy(task.original)
    with pytest.warns(UserWarning, match="stopped after .* iterations .* nearly dependent"):
        step = ul.minnorm_step(model, task.retain.tensors[0], 0.1, solver="cg")
    assert step.left > 1e-6
