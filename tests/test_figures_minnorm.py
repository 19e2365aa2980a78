"""The pictures of notebook 03: they render, say what they show, and mark what they must."""
import numpy as np
import pytest

from unlearnlab.figures import minnorm
from unlearnlab.figures.style import Figure


def spectrum():
    falling = 10.0 ** -np.linspace(0, 11.5, 50)
    return minnorm.spectrum(falling, np.where(falling > 1e-8, falling, -1e-8))


def distances():
    return minnorm.distances({"independent": {"QR": 1e-10, "Gram": 0.0}, "dependent": {"QR": .5, "Gram": 1e-8}})


def kept_by_samples():
    counts, one = [0, 10, 20, 50], np.array([[.5, .4], [.4, .3], [.2, .2], [.1, .1]])
    return minnorm.kept_by_samples(counts, {.1: one, .01: one / 10}, {.1: one * [[1], [1], [1], [0]], .01: one / 10})


def schedules():
    return minnorm.schedules({"T = 4": [.1, 0, .09, 0], "T = 2": [.5, 0]})


def parting():
    return minnorm.parting(range(10), {"one": np.logspace(-7, -3, 10), "other": np.zeros(10)})


def fits():
    x = np.linspace(-3, 3, 20)
    return minnorm.fits(x, {"10 epochs": (x, x / 2), "100 epochs": (x, -x)}, np.sin(x), (x[:3], x[:3]), (x[3:4], [1.5]))


@pytest.mark.parametrize("make", [spectrum, distances, kept_by_samples, schedules, parting, fits], ids=lambda f: f.__name__)
def test_every_picture_renders_the_same_twice_and_says_what_it_shows(make):
    figure = make()
    assert isinstance(figure, Figure) and len(figure.alt) > 40
    assert figure.png()[:4] == b"\x89PNG" and make().png() == figure.png() and make().alt == figure.alt


def test_the_alt_texts_state_what_the_data_say():
    assert "by 11 powers of ten" in spectrum().alt
    assert "1 of 2 cases: dependent" in distances().alt
    assert "0.82 (T = 4) and 0.50 (T = 2)" in schedules().alt


def test_a_zero_distance_is_drawn_on_the_edge_of_the_logarithmic_axis():
    drawn = [line.get_xdata()[0] for line in distances().axes[0].get_lines()]
    assert 1e-16 in drawn and min(drawn) > 0


def test_no_text_leaves_the_picture():
    for make in (spectrum, distances, kept_by_samples, schedules, parting, fits):
        figure = make()
        figure.canvas.draw()
        for ax in figure.axes:
            for text in ax.texts:
                box = text.get_window_extent()
                assert figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1 and figure.bbox.y0 <= box.y0 and box.y1 <= figure.bbox.y1, text
