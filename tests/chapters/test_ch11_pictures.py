"""The picture of one number per seed: what is drawn where, and what it says in words."""

import numpy as np
import pytest
from pictures import check_picture

from unlearnlab.chapters import ch11_replication as ch
from unlearnlab.course import style

VALUES = {"one": np.array([1.0, 2.0, 3.0]), "another": np.array([0.0, 0.0, 1.5])}


def test_every_seed_is_a_circle_and_the_mean_a_diamond_with_its_standard_error():
    fig = ch.pictures.by_seed(VALUES, "score", highlight=("another",))
    check_picture(fig)
    ax = fig.axes[0]
    circles = [line for line in ax.lines if line.get_marker() == "o"]
    assert [line.get_xdata().tolist() for line in circles] == [v.tolist() for v in VALUES.values()]
    assert [line.get_ydata().tolist() for line in circles] == [[0] * 3, [1] * 3]
    assert [line.get_markeredgecolor() for line in circles] == [style.BLACK, style.BLUE]
    diamonds = [line for line in ax.lines if line.get_marker() == "D"]
    assert [line.get_xdata()[0] for line in diamonds] == [2, 0.5]
    segments = [c.get_segments()[0] for c in ax.collections]
    errors = [v.std(ddof=1) / 3**0.5 for v in VALUES.values()]
    assert [np.ptp(s[:, 0]) / 2 for s in segments] == pytest.approx(errors)
    assert [t.get_text() for t in ax.get_yticklabels()] == list(VALUES)
    assert ax.get_ylim() == (1.5, -0.5)
    assert fig.alt == (
        "score, mean and standard error over seeds: one 2.000 ± 0.577; another 0.500 ± 0.500"
    )


def test_a_difference_has_a_line_at_zero_and_a_sign():
    ax = ch.pictures.by_seed(VALUES, "lead", zero=True).axes[0]
    assert any(list(line.get_xdata()) == [0, 0] for line in ax.lines)
    assert ax.texts[0].get_text() == "+2.000 ± 0.577"
    plain = ch.pictures.by_seed(VALUES, "score").axes[0]
    assert not any(list(line.get_xdata()) == [0, 0] for line in plain.lines)
    assert plain.texts[0].get_text() == "2.000 ± 0.577"


def test_the_front_of_a_way_is_drawn():
    points = {"GD, T = 2": np.array([[0.7, 0.4], [0.4, 0.0]]), "other": np.array([[0.7, 0.1]])}
    fig = ch.fronts(points, {"original": (0.8, 0.66)})
    drawn = [line.get_xdata().tolist() for line in fig.axes[0].lines]
    assert any(x == pytest.approx([0.4, 0.7]) for x in drawn)
    assert "front of 2 of 2 settings, nearest 0.70, 0.40" in fig.alt
