"""Do the pictures of linear models draw, say in words what they show, and show their scene?"""

import math

import numpy as np
import pytest
from pictures import check_picture

from unlearnlab.chapters.ch05_linear import pictures
from unlearnlab.chapters.ch05_linear.lab import scene

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
        ],
    ),
    "space": lambda: pictures.SpacePicture().figure,
}


@pytest.mark.parametrize("name", PICTURES)
def test_each_picture_draws_the_same_twice_with_named_axes_and_no_words_cut_off(name):
    figure = PICTURES[name]()
    check_picture(figure, titles_name_heights=name == "passes")
    assert figure.png() == PICTURES[name]().png()
    assert name == "space" or len(figure.alt) > 30


def test_a_method_that_never_arrives_is_named_in_words():
    figure = PICTURES["steps_needed"]()
    assert "never: GD: never" in figure.alt
    assert figure.axes[0].lines[0].get_marker() == "^"


@pytest.mark.parametrize(
    "azimuth, elevation, point, seen",
    [
        (0, 0, [1, 0, 0], [0, 0]),
        (0, 0, [0, 1, 0], [1, 0]),
        (0, 0, [0, 0, 1], [0, 1]),
        (90, 0, [1, 0, 0], [-1, 0]),
        (0, 90, [1, 0, 0], [0, -1]),
        (0, 90, [0, 0, 1], [0, 0]),
    ],
)
def test_the_view_of_a_unit_vector(azimuth, elevation, point, seen):
    assert np.allclose(pictures.project(point, azimuth, elevation), seen, atol=1e-12)


def test_the_view_is_orthographic_right_and_up_have_length_one():
    view = pictures.project(np.eye(3), 37, -22)
    assert np.allclose(view.T @ view, np.eye(2))


@pytest.mark.parametrize("retained", [1, 2])
def test_the_labs_picture_shows_the_scene_it_was_given(retained):
    picture = pictures.SpacePicture()
    shown = scene(heading=30, tilt=40, label=1.5, retained=retained)
    picture.update(shown, 20, 30)
    inputs = [(np.zeros(3), x) for x in (shown.X_retain[0], shown.X_retain[-1])]
    wanted = inputs + [
        (np.zeros(3), shown.x_forget),
        (shown.x_foot, shown.x_forget),
        (shown.unlearned, shown.original),
        (np.zeros(3), shown.original),
        (np.zeros(3), shown.unlearned),
        (np.zeros(3), shown.retrained),
    ]
    for artist, (start, end) in zip(picture.vectors, wanted, strict=True):
        seen = pictures.project(np.stack([np.asarray(start), np.asarray(end)]), 20, 30)
        assert np.allclose(artist.get_xydata(), seen)
    corners = picture.span.get_xy()
    turned = corners - corners[0]
    area = turned[1, 0] * turned[2, 1] - turned[1, 1] * turned[2, 0]
    assert (abs(area) > 0.1) == (retained == 2)  # a plane, or a line
    assert len(picture.moving) == len(set(picture.moving)) == 15


def test_a_point_is_in_sight_or_not():
    shown = scene(tilt=5, label=2.5)
    assert pictures.in_sight(shown.x_forget, 0, 0) and not pictures.in_sight(shown.original, 0, 0)


def test_the_key_names_every_kind_of_vector():
    axes = pictures.SpacePicture().figure.axes
    names = [text.get_text().split()[0] for text in axes[0].get_legend().get_texts()]
    assert names == ["retain", "retain", "forget", "θ*:", "its", "shortest"]


def test_what_there_is_to_see_is_said_by_who_made_the_numbers():
    figure = pictures.ridge_path(POWERS, POWERS / 3, 1.0, 0.6, "It falls.")
    assert figure.alt == "distance to the minimum-norm solution by penalty λ. It falls."
    assert "falls" not in PICTURES["ridge_path"]().alt
