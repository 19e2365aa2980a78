"""Rows of sequences: the step on a small language model is the dense float64 projection."""

import copy

import pytest
import torch
from test_projection import dense_projection, flat

import unlearnlab as ul
from unlearnlab.networks import Decoder


def rows_in_float64(model, inputs, outputs):
    """Sample by sample, position by position."""
    model = copy.deepcopy(model).double()
    rows = []
    for x in inputs:
        logits = model(x[None])[0]
        of_sample = {
            "largest": list(logits.amax(1)),
            "every": list(logits.flatten()),
            "summed": [logits.amax(1).sum()],
        }[outputs]
        for value in of_sample:
            grads = torch.autograd.grad(value, list(model.parameters()), retain_graph=True)
            rows.append(torch.cat([g.flatten() for g in grads]))
    return torch.stack(rows)


CASES = [
    ("layerwise", "largest", 6),
    ("layerwise", "every", 60),
    ("layerwise", "summed", 1),
    ("cg", "largest", 6),
    ("cg", "summed", 1),
]


@pytest.mark.parametrize("solver, outputs, per_sample", CASES)
def test_the_step_on_sequences_is_the_dense_projection(solver, outputs, per_sample):
    torch.manual_seed(3)
    model, inputs = Decoder(10, 7, width=8, heads=2), torch.randint(10, (5, 6))
    before, rows = flat(model).double(), rows_in_float64(model, inputs, outputs)
    expected = dense_projection(before, rows)
    step = ul.minnorm_step(model, inputs, 1.0, solver=solver, outputs=outputs)
    moved = before - flat(model).double()
    assert (moved - expected).norm() < (1e-5 if solver == "layerwise" else 1e-3) * before.norm()
    assert step.rows == 5 * per_sample
    rows = ul.output_gradients(model, inputs, outputs)
    assert len(rows) == 5 * per_sample


def test_other_words_for_outputs_are_named():
    model, inputs = Decoder(10, 7, width=8, heads=2), torch.randint(10, (5, 6))
    with pytest.raises(ValueError, match="outputs must be"):
        ul.minnorm_step(model, inputs, 1.0, outputs="sum")
