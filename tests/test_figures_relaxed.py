"""Do the pictures of the relaxed problem draw, and say in words what they show?"""
import numpy as np
import pytest
import torch

import unlearnlab as ul
from unlearnlab.figures import relaxed
from unlearnlab.widgets.span_lab import Move, move

CURVE = (np.linspace(-3, 3, 50), np.linspace(1, 2, 50), np.sin(np.linspace(-3, 3, 50)))
POINTS = (np.array([-2.0, 0, 2]), np.array([0.0, 1, 0])), (np.array([-1.0]), np.array([1.5]))
DRIFT = np.logspace(-3, 1, 9)
PICTURES = {
    "fit": lambda: relaxed.fit(*CURVE, *POINTS),
    "interpolators": lambda: relaxed.interpolators([2, .5], [1, 1]),
    "tangent": lambda: relaxed.interpolators([2, .5], [1, 1], [[1.8, .54], [.24, .94]], ["λ = 9", "λ = 0"]),
    "walk": lambda: relaxed.interpolators([2, .5], [1, 1], walk=[[2, .5], [1.5, .66], [1, 1]]),
    "orders": lambda: relaxed.orders(DRIFT, {"along": (DRIFT, 1.0), "off": (DRIFT ** 2 / 9, 2.0)}, DRIFT ** 2),
    "span": lambda: relaxed.span(*CURVE, *POINTS)[0],
}


@pytest.mark.parametrize("name", [name for name in PICTURES if name != "span"])
def test_each_picture_is_a_figure_that_renders_the_same_twice_and_has_alt_text(name):
    figure = PICTURES[name]()
    assert isinstance(figure, ul.figures.Figure)
    png = figure.png()
    assert png.startswith(b"\x89PNG") and png == PICTURES[name]().png()
    assert len(figure.alt) > 40


@pytest.mark.parametrize("name", PICTURES)
def test_every_axis_is_labelled_and_no_title_is_clipped(name):
    figure = PICTURES[name]()
    figure.canvas.draw()
    for ax in figure.axes:
        assert ax.get_xlabel() and ax.get_ylabel()
        for text in (ax.title, ax._left_title, *ax.texts):
            if text.get_text():
                box = text.get_window_extent()
                assert box.x0 >= 0 and box.x1 <= figure.bbox.width and box.y1 <= figure.bbox.height, text.get_text()


def test_the_labs_picture_shows_the_move_it_was_given():
    task, x = ul.curve.task(), ul.curve.grid().flatten().numpy()
    points = [tuple(t.flatten().numpy() for t in part.tensors) for part in (task.retain, task.forget)]
    _, artists = relaxed.span(x, np.sin(x), np.sin(x), *points)
    shown = move(task, off=.2, along=.1, n_pert=6)
    artists.update(shown)
    assert np.array_equal(artists.curve.get_ydata(), shown.curve)
    assert np.allclose(artists.actual.get_ydata(), np.abs(shown.actual))
    assert (artists.predicted.get_ydata() >= relaxed.FLOOR).all()
    assert artists.forget_actual.get_ydata()[0] == pytest.approx(abs(shown.forget_actual))


def test_the_labs_axis_holds_changes_too_large_and_too_small_for_it():
    _, artists = relaxed.span(*CURVE, *POINTS)
    shown = Move(torch.zeros(1), 0, 0, CURVE[1], predicted=np.zeros(3), actual=np.full(3, -1e9), forget_predicted=0, forget_actual=1e9,
                 forget_output=1e9)
    artists.update(shown)
    assert (artists.predicted.get_ydata() == relaxed.FLOOR).all() and (artists.actual.get_ydata() == relaxed.CEILING).all()
    assert artists.forget_predicted.get_ydata() == [relaxed.FLOOR] and artists.forget_actual.get_ydata() == [relaxed.CEILING]
