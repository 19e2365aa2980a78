"""Does LinearLab compute what it says, and does every slider change the picture?"""

import math

import numpy as np
import pytest

from unlearnlab.chapters import ch05_linear as ch
from unlearnlab.chapters.ch05_linear.lab import LENGTH, X_RETAIN, Y_RETAIN, LinearLab, scene

SLIDERS = ["heading", "tilt", "label", "retained", "azimuth", "elevation"]


@pytest.mark.parametrize("heading", [0, 75, 200])
@pytest.mark.parametrize("tilt", [-60, 5, 90])
@pytest.mark.parametrize("retained", [1, 2])
def test_the_projection_is_the_retrained_model_wherever_the_forget_input_stands(
    heading, tilt, retained
):
    shown = scene(heading, tilt, 1.7, retained)
    X, y = X_RETAIN[:retained].numpy(), Y_RETAIN[:retained].numpy()
    assert np.allclose(shown.retrained, np.linalg.pinv(X) @ y) and np.allclose(
        shown.unlearned, shown.retrained
    )
    assert (
        shown.fits
        and shown.distance < 1e-9
        and float(shown.x_forget @ shown.original) == pytest.approx(1.7)
    )
    whole = np.vstack([X, shown.x_forget.numpy()])
    assert np.allclose(shown.original, np.linalg.pinv(whole) @ np.append(y, 1.7))


@pytest.mark.parametrize("heading, tilt", [(0, 0), (40, 30), (300, -80)])
def test_the_forget_input_has_its_length_tilt_and_heading(heading, tilt):
    shown = scene(heading, tilt)
    normal = np.cross(*X_RETAIN.numpy())
    assert float(shown.x_forget.norm()) == pytest.approx(LENGTH)
    assert shown.x_forget.numpy() @ normal / np.linalg.norm(normal) == pytest.approx(
        LENGTH * math.sin(math.radians(tilt))
    )
    along = float(shown.x_foot @ X_RETAIN[0] / X_RETAIN[0].norm())
    assert along == pytest.approx(
        LENGTH * math.cos(math.radians(tilt)) * math.cos(math.radians(heading))
    )


def test_in_the_plane_a_contradicting_label_parts_the_two_and_an_agreeing_one_does_not():
    apart = scene(tilt=0, label=2)
    assert not apart.fits and apart.distance > 0.1 and apart.leak < 1e-9
    agreeing = scene(tilt=0, label=float(apart.x_forget @ apart.retrained))
    assert agreeing.fits and agreeing.distance < 1e-9


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"retained": 3}, "retained must be 1 or 2, got 3"),
        ({"tilt": math.nan}, "tilt"),
        ({"label": math.inf}, "label"),
    ],
)
def test_values_out_of_range_are_refused_by_name(arguments, words):
    with pytest.raises(ValueError, match=words):
        scene(**arguments)


@pytest.mark.parametrize("name", SLIDERS)
def test_every_slider_gives_a_new_frame_at_minimum_middle_and_maximum(name):
    lab = LinearLab(heading=110, tilt=35, label=1.1)
    lab.azimuth.value, lab.elevation.value = 15, 10
    slider = getattr(lab, name)
    middle = (slider.min + slider.max) / 2 if name != "retained" else 2
    values = (slider.min, middle, slider.max) if name != "retained" else (1, 2)
    seen = set()
    for value in values:
        frames, numbers, png = lab.canvas.frames, lab.numbers.value, lab.canvas.png()
        slider.value = value
        assert lab.error is None and "Error" not in lab.trouble.value
        assert lab.canvas.frames == frames + 1 and lab.canvas.png() != png
        assert (lab.numbers.value != numbers) == (name not in ("azimuth", "elevation"))
        seen.add(lab.canvas.png())
    assert len(seen) == (
        2 if name in ("retained", "heading", "azimuth") else 3
    )  # 0 and 360 degrees, -180 and 180 are one view


def test_two_labs_do_not_move_each_other():
    one, other = LinearLab(), LinearLab(heading=200)
    frames = other.canvas.frames
    one.tilt.value = 10
    assert other.canvas.frames == frames and other.tilt.value == 50


def test_the_table_the_words_and_the_alt_text_follow_the_sliders():
    lab = LinearLab()
    table = lab.numbers.value
    assert "Dot and ring coincide" in lab.trouble.value and "0 apart" in lab.canvas.figure.alt
    lab.tilt.value = 0
    assert (
        lab.numbers.value != table
        and "No vector fits all points" in lab.trouble.value
        and "0 apart" not in lab.canvas.figure.alt
    )
    lab.tilt.value, lab.label.value = 5, 2.5
    assert "outside the picture" in lab.trouble.value


def test_an_error_while_drawing_is_shown_and_kept_and_cleared_by_the_next_frame(monkeypatch):
    lab = LinearLab()
    with monkeypatch.context() as broken:
        broken.setattr("unlearnlab.chapters.ch05_linear.lab.scene", lambda *args: 1 / 0)
        lab.tilt.value = 20
    assert isinstance(lab.error, ZeroDivisionError) and "ZeroDivisionError" in lab.trouble.value
    lab.tilt.value = 25
    assert "Error" not in lab.trouble.value and lab.error is None


def test_a_stored_notebook_holds_a_picture_and_words_that_do_not_change():
    lab, again = LinearLab(), LinearLab()
    (data, metadata), (other, _) = lab._repr_mimebundle_(), again._repr_mimebundle_()
    assert data["image/png"].startswith(b"\x89PNG") and data["image/png"] == other["image/png"]
    assert (
        data["text/plain"]
        == other["text/plain"]
        == "LinearLab: forget input at heading 75, tilt 50, label 2.0; 2 retain inputs"
    )
    assert "retain span" in metadata["image/png"]["alt"]


def test_the_panel_holds_what_the_reader_needs():
    lab = LinearLab()
    assert isinstance(lab, ch.LinearLab)
    assert [s.description for s in lab.panel.children[0].children[0].children] == [
        "heading",
        "tilt",
        "forget label",
        "retain inputs",
        "azimuth",
        "elevation",
    ]
    assert lab.panel.children[1] is lab.canvas.widget
