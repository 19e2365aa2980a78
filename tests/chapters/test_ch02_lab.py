"""Does SpanLab compute what it says, and does every slider change the picture?"""

import numpy as np
import pytest
import torch
from torch.nn.utils import parameters_to_vector

import unlearnlab as ul
from unlearnlab.chapters.ch02_relaxed.lab import STEPS, SpanLab, ValleyLab, move, valley
from unlearnlab.course.curve import outputs_at


@pytest.fixture(scope="module")
def task():
    return ul.curve.task()


def test_no_move_changes_nothing(task):
    still = move(task, 0, 0, 9)
    assert still.actual.abs().max() < 1e-14 and not still.delta.any() and len(still.actual) == 10


def test_off_the_span_the_prediction_is_zero_and_the_change_of_second_order(task):
    one, two = move(task, 0.01, 0, 9), move(task, 0.02, 0, 9)
    assert two.predicted[:-1].abs().max() < 1e-12
    assert two.actual[:-1].abs().max() / one.actual[:-1].abs().max() == pytest.approx(4, rel=0.05)


def test_along_the_span_the_change_is_of_first_order_and_predicted(task):
    one, two = move(task, 0, 0.001, 9), move(task, 0, 0.002, 9)
    assert np.allclose(one.actual, one.predicted, rtol=0.05, atol=1e-4)
    assert two.actual[:-1].abs().max() / one.actual[:-1].abs().max() == pytest.approx(2, rel=0.05)


def test_only_the_chosen_rows_are_protected(task):
    some = move(task, 0.1, 0, 4)
    assert some.predicted[:4].abs().max() < 1e-12
    assert some.predicted[4:].abs().min() > 1e-4


def test_equal_shares_shrink_all_of_theta(task):
    theta = parameters_to_vector(task.original.parameters()).detach()
    assert torch.allclose(move(task, 0.3, 0.3, 5).delta, -0.3 * theta)


def test_the_parts_of_the_drift_are_orthogonal(task):
    both = move(task, 0.4, 0.2, 9)
    assert both.drift_off**2 + both.drift_along**2 == pytest.approx(float(both.delta @ both.delta))


def test_with_no_rows_there_is_no_span(task):
    free = move(task, 0.1, 0.9, 0)
    assert free.drift_along == 0 and free.predicted.abs().max() > 0.01


def test_the_original_is_never_modified(task):
    before = parameters_to_vector(task.original.parameters()).clone()
    move(task, 1, 1, 9)
    assert torch.equal(before, parameters_to_vector(task.original.parameters()))


@pytest.mark.parametrize(
    "arguments, words",
    [((-0.1, 0, 9), "off"), ((0, 1.1, 9), "along"), ((0, 0, 10), "n_pert"), ((0, 0, -1), "n_pert")],
)
def test_values_out_of_range_are_refused_by_name(task, arguments, words):
    with pytest.raises(ValueError, match=words):
        move(task, *arguments)


def test_the_table_and_the_alt_text_follow_the_sliders():
    lab = SpanLab()
    assert "0.99" in lab.numbers.value and "0.99 off the span" in lab.canvas.figure.alt
    lab.off.value = 0
    assert "0.99" not in lab.numbers.value and "by 0 off the span" in lab.canvas.figure.alt


def test_the_valley_keeps_the_retain_outputs_while_theta_gets_shorter(task):
    x, y = task.retain.tensors
    path = valley(1)
    for theta in path[::10]:
        assert (outputs_at(task.original, theta, x) - y).abs().max() < 1e-9
    assert len(path) == STEPS + 1 and (path.norm(dim=1).diff() < 0).all()
    assert path[-1].norm() < 0.4 * path[0].norm()


def test_a_shorter_first_step_ends_nearer(task):
    start = valley(1, 0.02)[0]
    assert (valley(1, 0.002)[1] - start).norm() < 0.2 * (valley(1, 0.02)[1] - start).norm()


def test_the_valley_lab_follows_its_slider():
    lab = ValleyLab()
    first = lab.canvas.png()
    assert "1.5" in lab.numbers.value
    lab.steps.value = STEPS
    assert "-0.93" in lab.numbers.value and "-0.93" in lab.canvas.figure.alt
    assert lab.canvas.png() != first and lab.error is None
