"""Does the picture of ties show what it says?"""

import numpy as np
from pictures import check_picture

from unlearnlab.chapters.ch15_museum import pictures

POINTS = np.array([[0, 3], [0, 2], [1, 2], [2, 0], [2, 1], [3, 3]], float)
RIGHT, WRONG = np.array([0, 1, 0, 1, 0, 0], bool), np.array([1, 1, 0, 1, 1, 0], bool)


def test_only_what_a_tie_keeps_is_crossed_and_points_to_what_dominates_it():
    figure = pictures.ties(POINTS, WRONG, RIGHT, "x", "y")
    check_picture(figure)
    ax = figure.axes[0]
    (crossed,) = (line.get_xydata().tolist() for line in ax.lines if line.get_marker() == "X")
    assert crossed == [[0, 3], [2, 1]]
    assert [tuple(t.xy) for t in ax.texts] == [(0, 2), (2, 0)]
    assert figure.alt == "Of 6 settings: 2 settings are on the front, ties keep 2 more"
