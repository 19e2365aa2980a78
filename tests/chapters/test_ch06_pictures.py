"""Do the pictures of linear networks draw, and say in words what they show?"""

import numpy as np
import pytest
from pictures import check_picture

from unlearnlab.chapters.ch06_linear_network import pictures
from unlearnlab.chapters.ch06_linear_network.lab import compare
from unlearnlab.course import style

T = np.linspace(-2, 2, 9)
A, C = np.eye(3), np.array([[1.0, 1, 0]])
LEMMA = {"A": (np.outer([1, 2], T), "input", "neuron"), "Δ": (np.outer([-1, 1], T), "in", "out")}
STEP = {
    f"{name}, {state}": (A if name == "A" else C[0], "input", "output")
    for state in ("before", "after")
    for name in "Acw"
}
PICTURES = {
    "lemma1": lambda: pictures.matrices(LEMMA),
    "counter_example": lambda: pictures.matrices(STEP, down=2, numbers=True),
}


@pytest.mark.parametrize("name", PICTURES)
def test_each_picture_draws_the_same_twice_with_named_axes_and_no_words_cut_off(name):
    figure = PICTURES[name]()
    check_picture(figure)
    assert figure.png() == PICTURES[name]().png()


def test_the_matrices_of_the_counter_example_show_their_numbers():
    texts = [text.get_text() for ax in PICTURES["counter_example"]().axes for text in ax.texts]
    assert len(texts) == 2 * (9 + 3 + 3) and set(texts) == {"0", "1"}


def test_the_labs_picture_shows_the_comparison_it_was_given():
    shown = compare(depth=2, width=4, n_retain=5, seed=3)
    figure, (left, right) = style.figure(1, 2)
    pictures.comparison(left, right, shown)
    size = np.linalg.norm(shown.original)
    original, *predictors = left.lines
    assert np.allclose(original.get_ydata(), shown.original / size)
    for name, line in zip(pictures.COMPARED, predictors, strict=True):
        assert np.allclose(line.get_ydata(), shown.predictors[name] / size)
    for line, errors in zip(right.lines, (shown.retain_error, shown.distance), strict=True):
        wanted = np.clip([errors[name] for name in pictures.COMPARED], pictures.FLOOR, 10)
        assert np.array_equal(line.get_xdata(), wanted)
