"""The plane of retain accuracy and forget error shows the numbers it is given, with labels that can
be read."""

import numpy as np
import pytest
from pictures import check_shown

from unlearnlab.course.fronts import fronts
from unlearnlab.course.style import METHOD_LOOKS

CROWD = {name: (0.9 + 0.002 * i, 0.01 * (i % 4), 0.01, 0.02) for i, name in enumerate(METHOD_LOOKS)}
BEFORE = {"original": (0.97, 0.67)}
BOTH = BEFORE | {"ground truth": (0.96, 0.0)}


def settings(seed, k=30):
    """(k, 4): accuracies and errors with standard errors."""
    return np.concatenate(
        [np.random.default_rng(seed).uniform(0, 1, (k, 2)), np.full((k, 2), 0.01)], 1
    )


def shown(fig):
    """The texts one can see that are not tick labels, with their boxes in pixels."""
    fig.png()
    texts = [text for ax in fig.axes for text in ax.texts if text.get_text()]
    return {text.get_text(): text.get_window_extent() for text in texts}


PICTURES = {
    "crowd": lambda: fronts(CROWD, BOTH),
    "two": lambda: fronts({"GD": (0.9, 0.1, np.nan, np.nan), "mine": (0.8, 0.2)}, BEFORE),
    "fronts": lambda: fronts({"GD": settings(0), "mine": settings(1)}, BOTH),
    "one setting": lambda: fronts({"GD": settings(0, 1)}, {}),
    "no errors": lambda: fronts({"GD": settings(0)[:, :2]}, {}, "It bends."),
}


def test_the_alt_text_names_the_axes_that_are_drawn():
    assert PICTURES["two"]().alt.startswith("Retain accuracy and forget error: GD")
    other = fronts({"GD": (0.9, 0.1)}, BEFORE, xlabel="kept, of all", ylabel="told (less is best)")
    assert other.alt.startswith("Kept and told: GD")
    assert other.axes[0].get_xlabel() == "kept, of all"


@pytest.mark.parametrize("name", PICTURES)
def test_every_figure_draws_and_says_in_words_what_it_shows(name):
    check_shown(PICTURES[name])


def test_labels_of_a_crowd_neither_overlap_nor_leave_the_axes():
    fig = PICTURES["crowd"]()
    boxes, axes = shown(fig), fig.axes[0].get_window_extent()
    assert set(boxes) == {*CROWD, "original", "ground truth", "ideal"}
    for name, box in boxes.items():
        assert axes.x0 <= box.x0 and box.x1 <= axes.x1, name
        assert axes.y0 <= box.y0 and box.y1 <= axes.y1, name
        others = [other for other_name, other in boxes.items() if other_name != name]
        assert not any(box.overlaps(other) for other in others), name


def test_points_and_their_whole_error_bars_are_inside_the_axes():
    points = {"GD": (0.3, 0.1, 0.05, 0.02), "GA": (0.9, 0.95, 0.02, 0.04)}
    ax = fronts(points, BEFORE).axes[0]
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    assert left < 0.25 and right > 1 and low < 0 and high > 0.99
    bars = [bar for container in ax.containers for bar in container[2]]
    segments = [segment for bar in bars for segment in bar.get_segments()]
    gd = [[0.25, 0.1], [0.35, 0.1]], [[0.3, 0.08], [0.3, 0.12]]
    ga = [[0.88, 0.95], [0.92, 0.95]], [[0.9, 0.91], [0.9, 0.99]]
    assert np.allclose(segments, [*gd, *ga])


def test_a_front_holds_the_settings_that_no_other_beats_and_no_more():
    rows = settings(3)
    figure = fronts({"GD": rows}, {})
    (line,) = [line for line in figure.axes[0].lines if line.get_label() == "GD"]
    better = lambda other, row: other[0] >= row[0] and other[1] <= row[1]
    beats = lambda other, row: better(other, row) and tuple(other[:2]) != tuple(row[:2])
    undominated = [tuple(row[:2]) for row in rows if not any(beats(other, row) for other in rows)]
    assert (
        1 < len(undominated) < 15
        and f"GD, front of {len(undominated)} of 30 settings" in figure.alt
    )
    assert list(map(tuple, line.get_xydata())) == sorted(undominated)


def test_the_axes_hold_the_fronts_and_not_what_is_far_from_them():
    rows = np.array([[0.9, 0.1], [0.8, 0.05], [0.1, 0.9]])
    assert fronts({"GD": rows}, {}).axes[0].get_xlim()[0] > 0.7
