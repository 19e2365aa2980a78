"""Do the pictures of the relaxed problem draw, and say in words what they show?"""

from types import SimpleNamespace

import numpy as np
import pytest
from pictures import check_picture

import unlearnlab as ul
from unlearnlab.chapters.ch02_relaxed import pictures
from unlearnlab.chapters.ch02_relaxed.lab import move
from unlearnlab.course import style

PICTURES = {
    "interpolators": lambda: pictures.interpolators("All fit"),
    "tangent": lambda: pictures.interpolators(
        "A tangent", {"tangent": ([0, 2], [1, 0.5])}, {"λ = 9": [1.8, 0.54], "λ = 0": [0.24, 0.94]}
    ),
    "walk": lambda: pictures.interpolators("Steps", {"short steps": ([2, 1.5, 1], [0.5, 0.7, 1])}),
}


@pytest.mark.parametrize("name", PICTURES)
def test_each_picture_draws_the_same_twice_with_every_label_inside(name):
    figure = PICTURES[name]()
    check_picture(figure)
    assert figure.png() == PICTURES[name]().png()
    assert len(figure.alt) > 10


@style.look()
def drawn(move):
    """The lines of SpanLab's two panels."""
    figure, axes = style.figure(1, 2)
    pictures.span(*axes, ul.curve.task(), move)
    check_picture(figure)
    return [ax.lines for ax in axes]


def test_the_labs_picture_shows_the_move_it_was_given():
    shown = move(ul.curve.task(), off=0.2, along=0.1, n_pert=6)
    left, (*stems, predicted, retain, forget) = drawn(shown)
    assert np.array_equal(left[2].get_ydata(), shown.curve)
    assert np.allclose(retain.get_ydata(), shown.actual[:-1].abs())
    assert (predicted.get_ydata() >= pictures.FLOOR).all() and len(stems) == 10
    assert forget.get_ydata()[0] == pytest.approx(abs(shown.actual[-1]))


def test_the_labs_axis_holds_changes_too_large_and_too_small_for_it():
    x = ul.curve.grid()[:, 0].numpy()
    shown = SimpleNamespace(curve=x, predicted=np.zeros(10), actual=np.full(10, -1e9))
    _, (*_, predicted, retain, forget) = drawn(shown)
    assert (predicted.get_ydata() == pictures.FLOOR).all()
    assert (retain.get_ydata() == pictures.CEILING).all()
    assert forget.get_ydata() == [pictures.CEILING]
