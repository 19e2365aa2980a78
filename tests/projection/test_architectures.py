"""The step on the parts of today's architectures is the dense float64 projection."""

import copy

import pytest
import torch
from architectures import ARCHITECTURES, architecture
from test_projection import dense_projection, flat

import unlearnlab as ul
from unlearnlab.projection import layers, network


def rows_in_float64(model, inputs):
    """Sample by sample, each of them twice in its batch: torch 2.13's batch norm is wrong on a
    single one."""
    model, rows = copy.deepcopy(model).double().eval(), []
    inputs = inputs.double() if inputs.is_floating_point() else inputs
    for x in inputs:
        value = model(torch.stack([x, x]))[0].max()
        parts = torch.autograd.grad(value, list(model.parameters()))
        rows.append(torch.cat([part.flatten() for part in parts]))
    return torch.stack(rows)


@pytest.mark.parametrize("name", ARCHITECTURES)
@pytest.mark.parametrize("n", [1, 5])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_step_is_the_dense_projection(name, n, dtype):
    model, inputs = architecture(name, n)
    model = model.to(dtype)
    before, rows = flat(model).double(), rows_in_float64(model, inputs)
    twin = copy.deepcopy(model)
    expected = dense_projection(before, rows)
    step = ul.minnorm_step(model, inputs, 1.0)
    moved = before - flat(model).double()
    limit = 1e-5 if dtype == torch.float32 else 1e-9
    assert (moved - expected).norm() < limit * before.norm()
    assert step.rows == n and abs(step.drift - expected.norm()) < 1e-4 * before.norm()
    # what single rows say, and conjugate gradients
    alike = ul.output_gradients(twin, inputs).double()
    assert (alike - rows).norm() < 10 * limit * rows.norm()
    ul.minnorm_step(twin, inputs, 1.0, solver="cg")
    assert (before - flat(twin).double() - expected).norm() < 1e-4 * before.norm()


LAYERWISE = (
    "depthwise",
    "grouped",
    "squeeze and excite",
    "group norm",
    "layer norm of whole maps",
    "instance norm",
    "batch norm, tokens",
    "batch norm of vectors",
)


@pytest.mark.parametrize("name", LAYERWISE)
def test_these_need_no_pass_for_single_rows(name, monkeypatch):
    model, inputs = architecture(name, 5)
    monkeypatch.setattr(layers, "per_sample_rows", None)
    ul.minnorm_step(model, inputs, 0.5)


def test_a_block_of_gpt_2_needs_single_rows_of_its_embeddings_alone(monkeypatch):
    model, inputs = architecture("GPT-2", 5)
    single = []
    monkeypatch.setattr(
        layers, "per_sample_rows", lambda net, names: single.extend(names) or rows(net, names)
    )
    rows = network.per_sample_rows
    ul.minnorm_step(model, inputs, 0.5)
    assert sorted(single) == ["places", "words.weight"]


@pytest.mark.parametrize("name", ["batch norm, tokens", "instance norm, running"])
def test_one_row_by_a_plain_backward_pass_is_right_where_torchs_batch_norm_is_not(name):
    model, inputs = architecture(name, 3)
    model = model.double().eval()
    net = network.Network(model, inputs)
    with net.evaluation():
        net.cast(None)
        rows = network.one_by_one(net, list(net.parameters))
    assert torch.allclose(rows, rows_in_float64(model, inputs))
