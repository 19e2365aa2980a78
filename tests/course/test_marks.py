"""Do the helpers of all pictures keep names apart and inside, and say what is drawn?"""

import numpy as np
import pytest

from unlearnlab.course import marks, style
from unlearnlab.course.style import ORANGE, SERIES, look


def boxes(figure):
    figure.png()
    return [text.get_window_extent() for text in figure.axes[0].texts if text.get_text()]


@pytest.mark.parametrize(
    "heights, gap, expected",
    [
        ([1, 5, 9], 2, [1, 5, 9]),
        ([1, 1, 1], 2, [-1, 1, 3]),
        ([3, 1, 1], 1, [3, 0.5, 1.5]),
        ([4], 1, [4]),
    ],
)
def test_heights_move_as_little_as_keeps_them_apart_and_keep_their_order(heights, gap, expected):
    assert np.allclose(marks.apart(heights, gap), expected)


def test_heights_stay_between_low_and_high_where_there_is_room():
    assert np.allclose(marks.apart([9.5, 9.6, 0], 2, 1, 10), [8, 10, 1])


def test_names_at_the_ends_of_lines_do_not_touch_and_leave_the_picture_nowhere():
    figure, ax = style.figure()
    ax.set_ylim(0, 1)
    marks.lines(ax, np.arange(5), {f"line {i}": np.full(5, 0.98 + 0.002 * i) for i in range(5)})
    found = sorted(boxes(figure), key=lambda box: box.y0)
    assert len(found) == 5 and found[-1].y1 <= figure.bbox.height
    assert all(low.y1 <= high.y0 + 1 for low, high in zip(found, found[1:]))


def test_a_line_has_its_look_and_pairs_have_an_x_of_their_own():
    _, ax = style.figure()
    curves = {"a": ([0, 1], [2, 3]), "b": ([4, 5, 6], [7, 8, 9])}
    marks.lines(ax, None, curves, named=False, markersize=3)
    assert [line.get_color() for line in ax.lines] == [look["color"] for look in SERIES[:2]]
    assert ax.lines[1].get_xydata().tolist() == [[4, 7], [5, 8], [6, 9]]
    marks.lines(ax, [0, 1], {"mine": [1, 2]}, {"mine": "target"}, named=False)
    assert ax.lines[2].get_linestyle() == ":"


def test_names_around_points_keep_clear_of_each_other_of_boxes_and_of_the_edge():
    figure, ax = style.figure()
    ax.set(xlim=(0, 1), ylim=(0, 1))
    places = {f"point {i}": (0.99, 0.5 + 0.01 * i) for i in range(6)}
    marks.name_points(ax, places, dict.fromkeys(places, ORANGE), [(0.5, 0.4, 0.9, 0.45)])
    found, inside = boxes(figure), ax.get_window_extent()
    left, low, right, high = ax.transData.transform([(0.5, 0.4), (0.9, 0.45)]).ravel()
    for i, box in enumerate(found):
        assert inside.x0 <= box.x0 and box.x1 <= inside.x1 + 0.5
        assert not any(box.overlaps(other) for other in found[:i])
        assert box.x1 < left or box.x0 > right or box.y1 < low or box.y0 > high


def test_ticks_are_powers_of_ten_in_words_and_what_is_nothing_stands_on_the_floor():
    figure, ax = style.figure()
    ax.set_yscale("log")
    marks.decades(ax.yaxis, -16, 0, 8)
    assert [tick.get_text() for tick in ax.get_yticklabels()] == [
        "≤ $10^{-16}$",
        "$10^{-8}$",
        "$10^{0}$",
    ]
    assert marks.floored([0, -1e-20, -2], 1e-16).tolist() == [1e-16, 1e-16, 2]


def test_the_words_are_those_of_the_axes_and_the_finding_comes_from_the_caller():
    figure, axes = style.figure(1, 2)
    with look():
        axes[0].set(xlabel="steps", ylabel="distance\nto the end", title="A claim")
        axes[1].set(title="matrix")
    assert figure.done("It falls.") is figure
    assert figure.alt == "distance to the end by steps; matrix. It falls."
    assert figure.done().alt == "distance to the end by steps; matrix"
    assert figure.done("It falls.", "A plane").alt == "A plane. It falls."


def test_rows_are_named_from_the_top():
    figure, ax = style.figure()
    marks.name_rows(ax, ["first", "second"])
    assert ax.get_ylim() == (1.5, -0.5)
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["first", "second"]


@pytest.mark.parametrize(
    "high, words", [(1.02, ["-π", "0", "π"]), (5.2, ["-4π", "-2π", "0", "2π", "4π"])]
)
def test_multiples_of_pi_are_named_as_one_writes_them(high, words):
    fig, ax = style.figure()
    ax.set_xlim(-high * np.pi, high * np.pi)
    marks.pi_ticks(ax.xaxis)
    assert [label.get_text() for label in ax.get_xticklabels()] == words
