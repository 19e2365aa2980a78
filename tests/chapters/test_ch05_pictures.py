"""Do the pictures of linear models draw, say in words what they show, and show their scene?"""

import math

import numpy as np
import pytest
from pictures import check_picture

from unlearnlab.chapters.ch05_linear import pictures
from unlearnlab.chapters.ch05_linear.lab import LinearLab, scene
from unlearnlab.course import style

POWERS = 10.0 ** np.arange(-4, 1)
ANGLE = np.linspace(1, 90, 20)
COUNT = [1, 2, 5, 10, 20]
PICTURES = {
    "shortest": lambda: pictures.shortest([1, 0.6], 1.1, [[0.12, 1.63], [1.26, -0.27]]),
    "row_lengths": lambda: pictures.row_lengths(
        1 / POWERS[::-1], {"pseudo-inverse": POWERS, "projection": 1e-16 * np.ones(5)}
    ),
    "descents": lambda: pictures.descents(
        {"from 0": 0.9 ** np.arange(50), "anywhere": np.full(50, 0.4)},
        {"from 0": 0, "anywhere": 0.4},
    ),
    "approximate": lambda: pictures.approximate(
        (POWERS, POWERS),
        {"random direction": (POWERS, POWERS / 2), "worst direction": (POWERS, POWERS)},
        (POWERS[2:], POWERS[2:] / 1.5),
    ),
    "inside_span": lambda: pictures.inside_span(
        ANGLE,
        np.ones(20),
        -0.3 * np.cos(np.radians(ANGLE)),
        -0.3,
        {"original": 1 / np.sin(np.radians(ANGLE)), "unlearned": 0.6 * np.ones(20)},
    ),
    "ridge_path": lambda: pictures.ridge_path(POWERS, POWERS / 3, 1.0, 0.6),
    "steps_needed": lambda: pictures.steps_needed(
        POWERS[::-1] / 10,
        {
            ("GD", "GD: never"): [math.inf] * 5,
            ("Ridge", "Ridge, best λ"): list(30 / POWERS[::-1]),
            ("Retrain", "Retrain"): [9, 30, 60, 90, 110],
            ("MinNorm-OG", "MinNorm-OG, .5"): [3, 7, 10, 14, 17],
            ("MinNorm-OG", "MinNorm-OG, 1"): [1] * 5,
        },
    ),
    "rows_used": lambda: pictures.rows_used(
        COUNT,
        {
            "orthonormal inputs": 1 - np.array(COUNT) / 20,
            "this data": 1 - (np.array(COUNT) / 20) ** 2,
        },
        1 - np.array(COUNT) / 20,
        [28, 28, 27, 25, 0],
    ),
    "passes": lambda: pictures.passes(
        COUNT,
        [
            ("leak left", {1.0: [0] * 5, 0.3: [0, 0.1, 0.3, 0.5, 0.7]}),
            ("retain error", {1.0: [1] * 5, 0.3: [0.5] * 5}),
            ("distance", {1.0: [1] * 5, 0.3: [0.5] * 5}),
        ],
    ),
}


@pytest.mark.parametrize("name", PICTURES)
def test_each_picture_draws_the_same_twice_with_named_axes_and_no_words_cut_off(name):
    figure = PICTURES[name]()
    check_picture(figure, titles_name_heights=name == "passes")
    assert figure.png() == PICTURES[name]().png()
    assert len(figure.alt) > 30


def test_a_method_that_never_arrives_is_named_in_words():
    figure = PICTURES["steps_needed"]()
    assert "never: GD: never" in figure.alt
    assert figure.axes[0].lines[0].get_marker() == "^"


@pytest.mark.parametrize("retained", [1, 2])
def test_the_labs_picture_shows_the_scene_it_was_given(retained):
    _, ax = style.figure(subplot_kw={"projection": "3d"})
    shown = scene(heading=30, tilt=40, label=1.5, retained=retained)
    pictures.space(ax, shown)
    zero = np.zeros(3)
    wanted = [(zero, x) for x in shown.X_retain] + [
        (zero, shown.x_forget),
        (shown.x_forget, shown.x_foot),
        (zero, shown.original),
        (shown.original, shown.unlearned),
        (shown.retrained,),
    ]
    for line, points in zip(ax.lines[1:], wanted, strict=True):
        assert np.allclose(np.transpose(line.get_data_3d()), np.stack(points))
    (surface,) = ax.collections
    ax.figure.canvas.draw()
    corners = surface.get_paths()[0].vertices
    assert np.linalg.matrix_rank(corners - corners[0], tol=1e-6) == retained  # a plane, or a line


def test_the_key_names_every_kind_of_vector():
    names = [text.get_text().split()[0] for text in LinearLab().canvas.figure.legends[0].texts]
    assert names == ["retain", "retain", "forget", "its", "θ*:", "its", "shortest"]


def test_what_there_is_to_see_is_said_by_who_made_the_numbers():
    figure = pictures.ridge_path(POWERS, POWERS / 3, 1.0, 0.6, finding="It falls.")
    assert figure.alt == "distance to the minimum-norm solution by penalty λ. It falls."
    assert "falls" not in PICTURES["ridge_path"]().alt
