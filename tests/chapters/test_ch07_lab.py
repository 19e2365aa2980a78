"""Does PruneLab compute what it says, and does every slider change the picture?"""

import numpy as np
import pytest

from unlearnlab.chapters.ch07_two_layer import lab as width_lab
from unlearnlab.chapters.ch07_two_layer.lab import ACTIVATIONS, METHODS, PruneLab, cut_network


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("inputs", [1, 2])
def test_a_cut_keeps_the_retained_outputs_with_at_most_s_neurons(activation, inputs):
    for method in METHODS:
        shown = cut_network(8, 60, activation, copies=1, method=method, inputs=inputs)
        assert (
            shown.retain_error < 1e-8
            and shown.kept <= shown.rank <= 7
            and shown.alive.sum() == shown.kept
        )
        assert np.array_equal(shown.X[-1], shown.X[0]) and shown.X.shape == (8, inputs)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("n_r, h, copies", [(5, 40, 3), (5, 150, 0), (12, 40, 0), (12, 150, 3)])
def test_the_corners_of_the_sliders_train_and_cut(activation, n_r, h, copies):
    for inputs in (1, 2):
        shown = cut_network(n_r, h, activation, copies, inputs=inputs)
        assert (
            shown.retain_error < 1e-8
            and shown.kept <= shown.rank <= n_r - copies
            and len(shown.alive) == h
        )


def test_the_function_before_passes_through_the_forget_point():
    shown = cut_network(10, 100, "SiLU")
    near = np.abs(width_lab.GRID[1] - float(shown.X_forget[0, 0])).argmin()
    assert shown.before[near] == pytest.approx(1.5, abs=0.1)


def test_the_surface_has_its_first_input_along_its_rows():
    grid, axis = width_lab._grid(2).numpy(), width_lab.GRID[2]
    assert np.allclose(grid[: len(axis), 0], axis) and np.allclose(grid[: len(axis), 1], axis[0])


@pytest.mark.parametrize(
    "arguments, words",
    [
        ((4, 60, "tanh"), "n_r must be an integer from 5 to 12, got 4"),
        ((8, 39, "tanh"), "h must be an integer from 40 to 150"),
        ((8, 60, "sin"), "activation must be one of"),
        ((8, 60, "tanh", 4), "copies must be an integer from 0 to 3"),
        ((8, 60, "tanh", 0, "luck"), "method must be one of"),
        ((8, 60, "tanh", 0, "pivoted", 3), "inputs must be one of"),
    ],
)
def test_values_out_of_range_are_refused_by_name(arguments, words):
    with pytest.raises(ValueError, match=words):
        cut_network(*arguments)


def test_the_table_and_the_alt_text_follow_the_sliders():
    lab = PruneLab()
    assert "10 | 10 | 10" in lab.numbers.value and "Of 100 neurons 10 stay" in lab.canvas.figure.alt
    lab.copies.value = 2
    assert "8 | 8 | 10" in lab.numbers.value and "Of 100 neurons 8 stay" in lab.canvas.figure.alt
    assert "below 10⁻⁸" in lab.numbers.value


def test_an_error_on_the_way_to_the_other_picture_leaves_this_one(monkeypatch):
    lab = PruneLab()
    with monkeypatch.context() as broken:
        broken.setattr("unlearnlab.chapters.ch07_two_layer.lab.cut_network", lambda **args: 1 / 0)
        lab.inputs.value = 2
    assert lab.canvas.png().startswith(b"\x89PNG") and "ZeroDivisionError" in lab.status.value
    lab.h.value = 60
    assert (
        lab.error is None
        and lab.panel.children[1] is lab.canvas.widget
        and lab.shown.X.shape[1] == 2
    )
