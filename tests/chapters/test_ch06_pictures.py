"""Do the pictures of linear networks draw, and say in words what they show?"""

import numpy as np
import pytest
from pictures import check_picture

from unlearnlab.chapters.ch06_linear_network import pictures
from unlearnlab.chapters.ch06_linear_network.lab import compare
from unlearnlab.course import style

RNG = np.random.default_rng(0)
T, DRIFT = np.linspace(-2, 2, 9), np.logspace(-5, 1, 7)
A, C = np.eye(3), np.array([[1.0, 1, 0]])
PATH = np.array([[3, 0], [2, 1e-15], [1, 1e-16]]), np.array([[3, 1e-3], [1, 0.5], [0, 1.0]])
CELLS = {depth: {h: RNG.random(5) + 1 / depth for h in (1, 2, 4)} for depth in (2, 3, 4)}
REACHED = {depth: (RNG.random(4) * 9 + 1, np.ones(4)) for depth in (2, 3)}
PICTURES = {
    "along_a_line": lambda: pictures.along_a_line(
        T, {1: T / 2, 2: T**2 / 4, 3: T**3 / 8, 5: T**5 / 32}
    ),
    "remainders": lambda: pictures.remainders(
        DRIFT, {"A₁": 0 * DRIFT, "c": 0 * DRIFT, "A₁ and c": DRIFT**2, "all three": 1.1 * DRIFT**2}
    ),
    "lemma1": lambda: pictures.lemma1(np.outer([1, 2], T), np.outer([-1, 1], T), T, T / 2, T / 2),
    "starts": lambda: pictures.starts([[1, 2], [-2, 1]], [[0, 0], [0, 0]], [[3, 2], [4, 3]], 1.0),
    "counter_example": lambda: pictures.counter_example((A, C, C), (A, C, 0 * C)),
    "failures": lambda: pictures.failures({"with the penalty": PATH[0], "without": PATH[1]}, CELLS),
    "smallest": lambda: pictures.smallest(
        np.array([0.25, 0.5, 1, 2, 4]),
        {2: np.array([8, 2, 1, 2, 8]), 3: np.array([5, 2, 1, 2, 5])},
        REACHED,
    ),
    "minnorm": lambda: pictures.minnorm(
        DRIFT,
        DRIFT**2,
        (0.2, 0),
        {"alone": np.array([2, 0.1, 0.02]), "repaired": np.array([2, 0.1, 1e-4])},
    ),
}


@pytest.mark.parametrize("name", PICTURES)
def test_each_picture_draws_the_same_twice_with_named_axes_and_no_words_cut_off(name):
    figure = PICTURES[name]()
    check_picture(figure)
    assert figure.png() == PICTURES[name]().png()


def test_alt_text_is_what_the_axes_say_and_what_the_notebook_found():
    figure = pictures.remainders(DRIFT, {"A₁": 0 * DRIFT, "c": DRIFT**2}, finding="It grows.")
    assert figure.alt == "|actual − predicted| change of an output by drift ‖Δ‖. It grows."
    assert all(len(PICTURES[name]().alt) > 25 for name in PICTURES)


@pytest.mark.parametrize("name", ["remainders", "failures"])
def test_direct_labels_do_not_overlap_though_the_lines_end_together(name):
    figure = PICTURES[name]()
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in figure.axes[-1].texts]
    boxes.sort(key=lambda box: box.y0)
    assert len(boxes) > 2 and all(
        below.y0 + 10 < above.y0 for below, above in zip(boxes, boxes[1:])
    )


def test_zeros_stand_on_the_floor_of_a_logarithmic_axis():
    figure = PICTURES["remainders"]()
    lowest = min(line.get_ydata().min() for line in figure.axes[0].lines)
    ticks = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
    assert lowest == pictures.FLOOR and ticks[0] == "≤ $10^{-16}$"


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
