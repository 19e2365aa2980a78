"""Do the pictures of the relaxed problem draw, and say in words what they show?"""

import numpy as np
import pytest
import torch
from pictures import check_picture

import unlearnlab as ul
from unlearnlab.chapters.ch02_relaxed import pictures
from unlearnlab.chapters.ch02_relaxed.lab import Move, move

CURVE = (np.linspace(-3, 3, 50), np.linspace(1, 2, 50), np.sin(np.linspace(-3, 3, 50)))
POINTS = (np.array([-2.0, 0, 2]), np.array([0.0, 1, 0])), (np.array([-1.0]), np.array([1.5]))
DRIFT = np.logspace(-3, 1, 9)
PICTURES = {
    "fit": lambda: pictures.fit(*CURVE, *POINTS),
    "interpolators": pictures.interpolators,
    "tangent": lambda: pictures.interpolators({"λ = 9": [1.8, 0.54], "λ = 0": [0.24, 0.94]}),
    "walk": lambda: pictures.interpolators(walk=[[2, 0.5], [1.5, 0.66], [1, 1]]),
    "orders": lambda: pictures.orders(DRIFT, {"along": DRIFT, "off": DRIFT**2 / 9}, DRIFT**2),
}


@pytest.mark.parametrize("name", PICTURES)
def test_each_picture_draws_the_same_twice_with_every_label_inside(name):
    figure = PICTURES[name]()
    check_picture(figure)
    assert figure.png() == PICTURES[name]().png()
    assert name == "span" or len(figure.alt) > 10


def test_the_labs_picture_shows_the_move_it_was_given():
    task, x = ul.curve.task(), ul.curve.grid().flatten().numpy()
    points = [
        tuple(t.flatten().numpy() for t in part.tensors) for part in (task.retain, task.forget)
    ]
    picture = pictures.SpanPicture(x, np.sin(x), np.sin(x), *points)
    shown = move(task, off=0.2, along=0.1, n_pert=6)
    picture.update(shown)
    assert np.array_equal(picture.curve.get_ydata(), shown.curve)
    assert np.allclose(picture.actual.get_ydata(), np.abs(shown.actual[:-1]))
    assert (picture.predicted.get_ydata() >= pictures.FLOOR).all()
    assert picture.forget.get_ydata()[0] == pytest.approx(abs(shown.actual[-1]))


def test_the_labs_axis_holds_changes_too_large_and_too_small_for_it():
    picture = pictures.SpanPicture(*CURVE, *POINTS)
    shown = Move(torch.zeros(1), 0, 0, CURVE[1], np.zeros(4), np.array([-1e9, -1e9, -1e9, 1e9]))
    picture.update(shown)
    assert (picture.predicted.get_ydata() == pictures.FLOOR).all()
    assert (picture.actual.get_ydata() == pictures.CEILING).all()
    assert picture.forget.get_ydata() == [pictures.CEILING]
