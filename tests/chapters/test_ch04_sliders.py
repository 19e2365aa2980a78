"""Every number of every method has a slider, and every position of it makes a method."""

import dataclasses

import ipywidgets
import pytest

import unlearnlab as ul
from unlearnlab.course.controls import sliders


def positions(slider):
    """Least, middle, greatest value of any slider or dropdown."""
    if hasattr(slider, "options"):
        values = [o[1] if isinstance(o, tuple) else o for o in slider.options]
        return [values[0], values[len(values) // 2], values[-1]]
    if isinstance(slider, ipywidgets.FloatLogSlider):
        return [10**slider.min, 10 ** ((slider.min + slider.max) / 2), 10**slider.max]
    middle = (slider.min + slider.max) / 2
    return [
        slider.min,
        int(middle) if isinstance(slider, ipywidgets.IntSlider) else middle,
        slider.max,
    ]


def test_there_is_a_slider_for_every_number_of_every_method():
    for epochs in (1, 10, 100, 1000):
        for method in ul.sine.best_settings(epochs).values():
            made = sliders(method, epochs, 50)
            assert list(made) == [
                f.name
                for f in dataclasses.fields(method)
                if isinstance(getattr(method, f.name), (int, float))
            ]
            rebuilt = type(method)(**{key: slider.value for key, slider in made.items()})
            assert all(getattr(rebuilt, k) == pytest.approx(getattr(method, k)) for k in made)


@pytest.mark.parametrize("name", ul.METHODS)
def test_every_position_of_every_slider_makes_a_method_that_can_run(name):
    for key, slider in sliders(ul.METHODS[name](), 5, 50).items():
        assert slider.value == pytest.approx(getattr(ul.METHODS[name](), key))
        for value in positions(slider):
            ul.METHODS[name](**{key: value})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Own(ul.MinNormOG):
    margin: float = 0.5
    share: float = ul.hyperparameter(0.2, low=0, high=0.4, meaning="of the classes")
    turns: int = 3
    whole: int = ul.hyperparameter(2, low=1, high=4)
    scale: float = ul.hyperparameter(2, low=0, positive=True)
    shift: float = -3.0
    flag: bool = False
    word: str = "a"
    reg: float = 0.1


def test_hyperparameters_of_ones_own_have_sliders_within_their_limits():
    made = sliders(Own(), 5, 50)
    assert {
        "margin",
        "share",
        "turns",
        "whole",
        "scale",
        "shift",
        "flag",
        "reg",
    } <= made.keys() and "word" not in made
    assert (made["share"].min, made["share"].max, made["share"].tooltip) == (
        0,
        0.4,
        "of the classes",
    )
    assert (
        (made["whole"].min, made["whole"].max) == (1, 4)
        and isinstance(made["turns"].value, int)
        and made["flag"].value is False
    )
    for key, slider in made.items():
        assert slider.value == getattr(Own(), key)
        for value in (True, False) if key == "flag" else positions(slider):
            Own(**{key: value})


@pytest.mark.parametrize(
    "method",
    [
        ul.NGD(noise=0),
        ul.NGP(ascent=0),
        ul.GD(lr=5),
        ul.GD(lr=1e-9),
        ul.NGP(ascent=50),
        ul.GD(weight_decay=2),
    ],
)
def test_a_value_beyond_the_usual_is_kept(method):
    for key, slider in sliders(method, 5, 50).items():
        assert slider.value == pytest.approx(getattr(method, key))
