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
    near = np.abs(width_lab.GRID[1] - shown.X_forget[0, 0]).argmin()
    assert shown.before[near] == pytest.approx(1.5, abs=0.1)


def test_the_surface_has_its_first_input_along_its_rows():
    grid, axis = width_lab._grid(2).numpy(), width_lab.GRID[2]
    assert np.allclose(grid[: len(axis), 0], axis) and np.allclose(grid[: len(axis), 1], axis[0])


@pytest.mark.parametrize(
    "arguments, words",
    [
        ((4, 60, "tanh"), "n_r must be one of 5, 6"),
        ((8, 39, "tanh"), "h must be one of"),
        ((8, 60, "sin"), "activation must be one of"),
        ((8, 60, "tanh", 4), "copies must be one of"),
        ((8, 60, "tanh", 0, "luck"), "method must be one of"),
        ((8, 60, "tanh", 0, "pivoted", 3), "inputs must be one of"),
    ],
)
def test_values_out_of_range_are_refused_by_name(arguments, words):
    with pytest.raises(ValueError, match=words):
        cut_network(*arguments)


SLIDERS = {
    "n_r": (5, 8, 12),
    "copies": (1, 3, 0),
    "h": (40, 90, 150),
    "activation": ("ReLU", "tanh", "GELU"),
    "method": ("linear program", "matching pursuit", "pivoted"),
    "inputs": (2, 1),
}


@pytest.mark.parametrize("name", SLIDERS)
def test_every_slider_gives_a_new_frame_and_new_numbers_at_minimum_middle_and_maximum(name):
    lab = PruneLab(n_r=9, h=80)
    slider, seen = getattr(lab, name), set()
    for value in SLIDERS[name]:
        frames, numbers, png = lab.canvas.frames, lab.numbers.value, lab.canvas.png()
        slider.value = value
        assert lab.error is None and lab.trouble.value == ""
        assert lab.numbers.value != numbers and lab.canvas.png() != png
        assert lab.canvas.frames > frames or name == "inputs"
        assert lab.panel.children[1] is lab.canvas.widget
        seen.add(lab.canvas.png())
    assert len(seen) == len(SLIDERS[name])


def test_two_labs_do_not_move_each_other():
    one, other = PruneLab(), PruneLab(h=60)
    frames = other.canvas.frames
    one.n_r.value = 6
    assert other.canvas.frames == frames and other.n_r.value == 10 and other.shown.kept == 10


def test_the_table_and_the_alt_text_follow_the_sliders():
    lab = PruneLab()
    assert "10 | 10 | 10" in lab.numbers.value and "Of 100 neurons 10 stay" in lab.canvas.figure.alt
    lab.copies.value = 2
    assert "8 | 8 | 10" in lab.numbers.value and "Of 100 neurons 8 stay" in lab.canvas.figure.alt
    assert "below 10⁻⁸" in lab.numbers.value


def test_an_error_while_drawing_is_shown_and_kept_and_cleared_by_the_next_frame(monkeypatch):
    lab = PruneLab()
    with monkeypatch.context() as broken:
        broken.setattr("unlearnlab.chapters.ch07_two_layer.lab.cut_network", lambda **args: 1 / 0)
        lab.h.value = 60
    assert isinstance(lab.error, ZeroDivisionError) and "ZeroDivisionError" in lab.trouble.value
    lab.h.value = 70
    assert lab.trouble.value == "" and lab.error is None


def test_an_error_on_the_way_to_the_other_picture_leaves_this_one(monkeypatch):
    lab = PruneLab()
    with monkeypatch.context() as broken:
        broken.setattr("unlearnlab.chapters.ch07_two_layer.lab.cut_network", lambda **args: 1 / 0)
        lab.inputs.value = 2
    assert lab.canvas.png().startswith(b"\x89PNG") and "ZeroDivisionError" in lab.trouble.value
    lab.h.value = 60
    assert (
        lab.error is None
        and lab.panel.children[1] is lab.canvas.widget
        and lab.shown.X.shape[1] == 2
    )


def test_a_stored_notebook_holds_a_picture_and_words_that_do_not_change():
    lab, again = PruneLab(), PruneLab()
    (data, metadata), (other, _) = lab._repr_mimebundle_(), again._repr_mimebundle_()
    assert (
        data["image/png"].startswith(b"\x89PNG")
        and isinstance(data["image/png"], bytes)
        and data["image/png"] == other["image/png"]
    )
    assert (
        data["text/plain"]
        == other["text/plain"]
        == "PruneLab: 10 retain points, 0 of them copies, 100 neurons, SiLU, pivoted, 1 input"
    )
    assert "neurons" in metadata["image/png"]["alt"]


def test_canvas_and_panel_hold_what_the_reader_needs():
    lab = PruneLab()
    assert [s.description for s in lab.panel.children[0].children[0].children] == [
        "retain points",
        "of them copies",
        "neurons h",
        "activation",
        "survivors by",
        "inputs",
    ]
    assert lab.panel.children[0].children[1] is lab.numbers and lab.panel.children[2] is lab.trouble
