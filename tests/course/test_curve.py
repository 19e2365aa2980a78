"""Is the small problem what it says: interpolating to rounding, reproducible, quick;
and f at any theta?"""

import pytest
import torch
from torch.nn.utils import parameters_to_vector

import unlearnlab as ul
from unlearnlab.course.curve import outputs_at


@pytest.mark.parametrize("seed", [1, 2, 7])
def test_the_original_interpolates_retain_and_forget_points_to_rounding(seed):
    task = ul.curve.task(seed)
    for inputs, targets in (task.retain.tensors, task.forget.tensors):
        assert (task.original(inputs) - targets).abs().max() < 1e-12


def test_the_retain_points_lie_on_the_sine_and_the_forget_point_far_off_it():
    task = ul.curve.task()
    x, y = task.retain.tensors
    assert x.dtype == torch.float64 and x.shape == (9, 1) and torch.equal(y, x.sin())
    x, y = task.forget.tensors
    assert (y - x.sin()).abs().item() > 2
    assert task.evaluate(task.original)["sup_error"] > 2


def test_the_same_seed_gives_the_same_task_and_another_seed_another_network():
    one, again, other = (
        parameters_to_vector(ul.curve.task(seed).original.parameters()) for seed in (1, 1, 2)
    )
    assert torch.equal(one, again) and not torch.equal(one, other)


def test_unlearning_runs_on_the_small_task():
    assert ul.unlearn(ul.curve.task(), ul.MinNormOG(), epochs=3).metrics["sup_error"] > 0


def test_outputs_at_agrees_with_the_model_and_its_derivative_with_output_gradients():
    task = ul.curve.task()
    model, x = task.original, task.retain.tensors[0]
    theta = parameters_to_vector(model.parameters()).detach()
    assert torch.equal(outputs_at(model, theta, x), model(x))
    direction = torch.randn(
        len(theta), dtype=theta.dtype, generator=torch.Generator().manual_seed(0)
    )
    _, slope = torch.func.jvp(lambda t: outputs_at(model, t, x), (theta,), (direction,))
    assert torch.allclose(slope.flatten(), ul.output_gradients(model, x) @ direction, rtol=1e-10)


def test_outputs_at_refuses_a_theta_of_the_wrong_length():
    with pytest.raises(ValueError, match=r"\(673,\)"):
        outputs_at(ul.curve.task().original, torch.zeros(5), torch.zeros(1, 1))
