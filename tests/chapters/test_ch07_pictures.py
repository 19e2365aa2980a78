"""Do the pictures of two-layer networks draw, and say in words what they show?"""

from dataclasses import replace

import numpy as np
import pytest
from pictures import check_picture

from unlearnlab.chapters.ch07_two_layer import pictures
from unlearnlab.chapters.ch07_two_layer.lab import ALLOWED, GRID, cut_network

X = np.linspace(-3.2, 3.2, 50)
RETAIN, FORGET = (
    (np.array([-2.0, 0, 2]), np.array([-0.9, 0, 0.9])),
    (np.array([-1.0]), np.array([1.5])),
)
METHODS = list(pictures.DOTS)
PICTURES = {
    "fit": lambda: pictures.fit(X, np.sin(X), RETAIN, FORGET),
    "cancelling": lambda: pictures.cancelling(
        {"c": np.array([3.0, -1, 2]), "after": np.array([0.0, -1, 5])},
        {"c": [3, 1], "after": [3, 1]},
    ),
    "cuts": lambda: pictures.cuts(
        X, {name: (np.sin(X), np.cos(X)) for name in "abcd"}, RETAIN, FORGET
    ),
    "duplicates": lambda: pictures.duplicates(range(5), [9, 8, 7, 6, 5], [9, 8, 7, 6, 5], 9),
    "forget outputs": lambda: pictures.forget_outputs(
        {name: {m: np.array([-1.0, 9, 0.1]) for m in METHODS[1:]} for name in "ab"}, 1.5, -0.9
    ),
    "calmness": lambda: pictures.calmness(
        {m: (np.array([3.0, 2e4]), np.array([1.0, 260])) for m in METHODS}
    ),
    "zigzag": lambda: pictures.zigzag(
        np.arange(6.0),
        np.array([-1.0, 1] * 3),
        (np.arange(6.0), np.array([-1.0, 1] * 3)),
        np.arange(1.0, 5),
    ),


}


@pytest.mark.parametrize("name", PICTURES)
def test_each_picture_draws_the_same_twice_with_named_axes_and_no_words_cut_off(name):
    figure = PICTURES[name]()
    check_picture(figure)
    assert figure.png() == PICTURES[name]().png()


def test_alt_text_is_what_the_axes_say_and_what_the_notebook_found():
    figure = pictures.duplicates(range(2), [9, 8], [9, 8], 9, "They agree.")
    assert figure.alt == "neurons by retain points that are copies of another. They agree."


@pytest.mark.parametrize("inputs", [1, 2])
def test_the_labs_picture_shows_the_network_it_was_given(inputs):
    shown = cut_network(7, 60, "GELU", copies=2, inputs=inputs)
    picture = pictures.WidthPicture(GRID[inputs], inputs)
    picture.update(shown)
    assert len(picture.alive.get_xdata()) == shown.kept == 5
    assert len(picture.dead.get_xdata()) == 55
    assert len(picture.links.get_segments()) == 5 * (inputs + 2)
    assert [number.get_text() for number in picture.numbers] == ["60", "7", "5", "5"]
    before, after = picture.functions
    if inputs == 1:
        assert np.allclose(before.get_ydata(), shown.before)
        assert np.allclose(after.get_ydata(), shown.after)
        assert np.allclose(picture.retain[0].get_xdata(), shown.X[:, 0])
        assert picture.forget[0].get_ydata() == [1.5]
    else:
        side = len(GRID[2])
        assert np.allclose(after.get_array(), shown.after.reshape(side, side))
        assert np.allclose(picture.forget[1].get_ydata(), shown.X_forget[:, 1])


def test_neurons_stand_inside_the_drawing_and_on_no_other_for_every_width():
    for h in ALLOWED["h"]:
        places = pictures.places(h)
        assert len(np.unique(places.round(6), axis=0)) == h
        assert places.min() > 0 and places.max() < 1


def test_a_network_without_a_neuron_left_can_be_drawn():
    picture = pictures.WidthPicture(GRID[1], 1)
    picture.update(replace(cut_network(5, 40, "tanh"), alive=np.zeros(40, bool)))
    picture.figure.canvas.draw()
    assert len(picture.dead.get_xdata()) == 40 and not picture.links.get_segments()
