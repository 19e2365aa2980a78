"""Does SpanLab compute what it says, and does every slider change the picture?"""

import numpy as np
import pytest
import torch
from torch.nn.utils import parameters_to_vector

import unlearnlab as ul
from unlearnlab.chapters.ch02_relaxed.lab import SpanLab, move


@pytest.fixture(scope="module")
def task():
    return ul.curve.task()


def test_no_move_changes_nothing(task):
    still = move(task, 0, 0, 9)
    assert np.abs(still.actual).max() < 1e-14 and not still.delta.any() and len(still.actual) == 10


def test_off_the_span_the_prediction_is_zero_and_the_change_of_second_order(task):
    one, two = move(task, 0.01, 0, 9), move(task, 0.02, 0, 9)
    assert np.abs(two.predicted[:-1]).max() < 1e-12
    assert np.abs(two.actual[:-1]).max() / np.abs(one.actual[:-1]).max() == pytest.approx(
        4, rel=0.05
    )


def test_along_the_span_the_change_is_of_first_order_and_predicted(task):
    one, two = move(task, 0, 0.001, 9), move(task, 0, 0.002, 9)
    assert np.allclose(one.actual, one.predicted, rtol=0.05, atol=1e-4)
    assert np.abs(two.actual[:-1]).max() / np.abs(one.actual[:-1]).max() == pytest.approx(
        2, rel=0.05
    )


def test_only_the_chosen_rows_are_protected(task):
    some = move(task, 0.1, 0, 4)
    assert np.abs(some.predicted[:4]).max() < 1e-12
    assert np.abs(some.predicted[4:]).min() > 1e-4


def test_equal_shares_shrink_all_of_theta(task):
    theta = parameters_to_vector(task.original.parameters()).detach()
    assert torch.allclose(move(task, 0.3, 0.3, 5).delta, -0.3 * theta)


def test_the_parts_of_the_drift_are_orthogonal(task):
    both = move(task, 0.4, 0.2, 9)
    assert both.drift_off**2 + both.drift_along**2 == pytest.approx(float(both.delta @ both.delta))


def test_with_no_rows_there_is_no_span(task):
    free = move(task, 0.1, 0.9, 0)
    assert free.drift_along == 0 and np.abs(free.predicted).max() > 0.01


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


@pytest.mark.parametrize("name", ["off", "along", "n_pert"])
def test_every_slider_gives_a_new_frame_and_new_numbers_at_minimum_middle_and_maximum(name):
    lab = SpanLab(off=0.15, along=0.05)
    slider = getattr(lab, name)
    middle = (slider.min + slider.max) // 2 if name == "n_pert" else (slider.min + slider.max) / 2
    seen = {}
    for value in (
        (slider.min, middle, slider.max) if name != "n_pert" else (middle, slider.min, slider.max)
    ):
        frames, numbers, png = lab.canvas.frames, lab.numbers.value, lab.canvas.png()
        slider.value = value
        assert lab.error is None and lab.trouble.value == ""
        assert lab.canvas.frames == frames + 1
        assert lab.numbers.value != numbers and lab.canvas.png() != png
        seen[value] = lab.canvas.png()
    assert len(set(seen.values())) == 3


def test_two_labs_do_not_move_each_other():
    one, other = SpanLab(), SpanLab(seed=2)
    frames = other.canvas.frames
    one.off.value = 0.7
    assert other.canvas.frames == frames and other.off.value == 0.1


def test_the_table_and_the_alt_text_follow_the_sliders():
    lab = SpanLab()
    assert "0.99" in lab.numbers.value and "0.99 off the span" in lab.canvas.figure.alt
    lab.off.value = 0
    assert "0.99" not in lab.numbers.value and "by 0 off the span" in lab.canvas.figure.alt


def test_an_error_while_drawing_is_shown_and_kept_and_cleared_by_the_next_frame(monkeypatch):
    lab = SpanLab()
    with monkeypatch.context() as broken:
        broken.setattr("unlearnlab.chapters.ch02_relaxed.lab.move", lambda *args: 1 / 0)
        lab.off.value = 0.3
    assert isinstance(lab.error, ZeroDivisionError) and "ZeroDivisionError" in lab.trouble.value
    lab.off.value = 0.4
    assert lab.trouble.value == "" and lab.error is None


def test_a_stored_notebook_holds_a_picture_and_words_that_do_not_change():
    lab, again = SpanLab(), SpanLab()
    (data, metadata), (other, _) = lab._repr_mimebundle_(), again._repr_mimebundle_()
    assert (
        data["image/png"].startswith(b"\x89PNG")
        and isinstance(data["image/png"], bytes)
        and data["image/png"] == other["image/png"]
    )
    assert (
        data["text/plain"]
        == other["text/plain"]
        == "SpanLab: off the span 0.10, along the span 0.00, 9 retain gradients"
    )
    assert "retain outputs" in metadata["image/png"]["alt"]


def test_canvas_and_panel_hold_what_the_reader_needs():
    lab = SpanLab()
    assert [s.description for s in lab.panel.children[0].children[0].children] == [
        "off the span",
        "along the span",
        "n_pert (rows)",
    ]
    assert lab.panel.children[1] is lab.canvas.widget and lab.shown.drift_off > 0
