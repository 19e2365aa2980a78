"""Does LinearLab compute what it says, and does every slider change the picture?"""

import math

import numpy as np
import pytest

from unlearnlab.chapters.ch05_linear.lab import LENGTH, X_RETAIN, Y_RETAIN, LinearLab, scene


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
        ({"retained": 3}, "retained must be an integer from 1 to 2, got 3"),
        ({"tilt": math.nan}, "tilt"),
        ({"label": math.inf}, "label"),
    ],
)
def test_values_out_of_range_are_refused_by_name(arguments, words):
    with pytest.raises(ValueError, match=words):
        scene(**arguments)


def test_the_table_the_words_and_the_alt_text_follow_the_sliders():
    lab = LinearLab()
    table = lab.numbers.value
    assert "Dot and ring coincide" in lab.status.value and "0 apart" in lab.canvas.figure.alt
    lab.tilt.value = 0
    assert (
        lab.numbers.value != table
        and "No vector fits all points" in lab.status.value
        and "0 apart" not in lab.canvas.figure.alt
    )
    lab.tilt.value, lab.label.value = 5, 2.5
    assert "outside the picture" in lab.status.value
