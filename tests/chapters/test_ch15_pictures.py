"""Do the pictures of notebook 15 draw, with every label inside, and say in words what they show?"""

import numpy as np
import pytest
from pictures import check_picture

from unlearnlab.chapters.ch15_museum import pictures
from unlearnlab.course import style

RNG = np.random.default_rng(0)
TWO = {
    "as found": {"a": [0.2, 0.3, 0.4], "b": [0.5, 0.9, 0.85]},
    "right": {"a": [0.1, 0.1, 0.2], "b": [0.9, 0.8, 1.0]},
}
POINTS = np.array([[0, 3], [0, 2], [1, 2], [2, 0], [2, 1], [3, 3]], float)
RIGHT, WRONG = np.array([0, 1, 0, 1, 0, 0], bool), np.array([1, 1, 0, 1, 1, 0], bool)
PICTURES = {
    "beside": lambda: pictures.beside(
        TWO, {"a": "first error", "b": "second error"}, "The right version is lower"
    ),
    "bands": lambda: pictures.bands(
        [1, 2, 4],
        {"oracle": RNG.random((3, 9)), "held out": RNG.random((3, 9))},
        "settings tried",
        "error",
        "It falls",
    ),
    "ties": lambda: pictures.ties(POINTS, WRONG, RIGHT, "1 - accuracy", "forget error"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_each_picture_renders_with_labels_and_alt_text(name):
    figure = PICTURES[name]()
    check_picture(figure)
    assert len(figure.alt) > 40
    for ax in figure.axes:
        assert ax.get_xlabel() and len([t for t in ax.get_xticklabels() if t.get_text()]) >= 2


def test_pictures_of_runs_have_no_number_in_their_words():
    for name in ("beside", "bands"):
        assert not any(letter.isdigit() for letter in PICTURES[name]().alt)


def test_the_diamond_stands_at_the_mean_and_the_last_version_is_the_right_one():
    ax = pictures.beside(TWO, {"a": "first error", "b": "second error"}).axes[1]
    diamonds = [
        (line.get_xdata()[0], line.get_ydata()[0], line.get_color())
        for line in ax.lines
        if line.get_marker() == "D"
    ]
    assert diamonds == [
        (pytest.approx(0.75), 0, style.VERMILLION),
        (pytest.approx(0.9), 1, style.BLUE),
    ]


def test_a_seed_is_joined_with_itself_from_row_to_row():
    ax = pictures.beside(TWO, {"a": "first error"}).axes[0]
    joined = [
        tuple(line.get_xdata())
        for line in ax.lines
        if line.get_marker() == "None" and len(line.get_xdata()) == 2
    ]
    assert joined == [(0.2, 0.1), (0.3, 0.1), (0.4, 0.2)]


def test_a_band_leaves_out_the_lowest_and_the_highest_tenth():
    values = np.arange(11.0)[None].repeat(2, 0)
    ax = pictures.bands([1, 2], {"one": values}, "x", "y").axes[0]
    heights = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == (1, 9) and ax.lines[0].get_ydata().tolist() == [5, 5]


def test_names_at_the_ends_of_lines_do_not_touch():
    flat = np.ones((2, 3))
    figure = pictures.bands([1, 2], {"one": flat, "two": flat, "three": flat * 1.001}, "x", "y")
    figure.canvas.draw()
    boxes = sorted((t.get_window_extent() for t in figure.axes[0].texts), key=lambda box: box.y0)
    assert len(boxes) == 3 and all(a.y1 <= b.y0 + 1 for a, b in zip(boxes, boxes[1:]))


def test_only_what_a_tie_keeps_is_crossed_and_points_to_what_dominates_it():
    figure = pictures.ties(POINTS, WRONG, RIGHT, "x", "y")
    ax = figure.axes[0]
    (crossed,) = (line.get_xydata().tolist() for line in ax.lines if line.get_marker() == "X")
    assert crossed == [[0, 3], [2, 1]]
    assert (
        [tuple(t.xy) for t in ax.texts] == [(0, 2), (2, 0)]
        and "2 of 6" in figure.alt
        and "2 dominated" in figure.alt
    )


def test_tables_that_do_not_fit_are_refused_by_name():
    with pytest.raises(ValueError, match=r"one number per seed, got \[2, 3\]"):
        pictures.beside({"as found": {"a": [1, 2]}, "right": {"a": [1, 2, 3]}}, {"a": "words"})
    with pytest.raises(ValueError, match=r"curves\['one'\] must have shape \(3, n\), got \(2, 4\)"):
        pictures.bands([1, 2, 3], {"one": np.ones((2, 4))}, "x", "y")


def test_where_no_version_is_right_none_is_drawn_as_right_or_wrong():
    ax = pictures.beside(TWO, {"a": "first error"}, neutral=True).axes[0]
    assert {line.get_color() for line in ax.lines if line.get_marker() in "DXo"} == {style.GREY}
