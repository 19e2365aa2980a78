"""The pictures of the colored images show the numbers they are given, and their labels can be
read."""

import numpy as np
import pytest
import torch
from pictures import check_picture

import unlearnlab as ul
from unlearnlab.chapters.ch09_erasure import pictures

CROWD = {
    name: (0.9 + 0.002 * i, 0.01 * (i % 4), 0.01, 0.02)
    for i, name in enumerate(pictures.METHOD_LOOKS)
}


def images(n):
    return torch.randint(
        0, 256, (n, 3, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(n)
    )


def settings(seed, k=30):
    """(k, 4): accuracies and errors with standard errors."""
    return np.concatenate(
        [np.random.default_rng(seed).uniform(0, 1, (k, 2)), np.full((k, 2), 0.01)], 1
    )


def shown(fig):
    """The texts one can see that are not tick labels, with their boxes in pixels."""
    fig.png()
    return {
        text.get_text(): text.get_window_extent()
        for ax in fig.axes
        for text in ax.texts
        if text.get_text()
    }


TWO = {"GD": (0.9, 0.1, np.nan, np.nan), "mine": (0.8, 0.2)}
PICTURES = {
    "image_grid": lambda: pictures.image_grid(images(6), ["a, gray"] * 6, 2),
    "plane": lambda: pictures.plane(CROWD, (0.97, 0.67), (0.96, 0.0)),
    "plane, two": lambda: pictures.plane(TWO, (0.97, 0.67)),
    "fronts": lambda: pictures.fronts({"GD": settings(0), "mine": settings(1)}, (0.96, 0.0)),
    "fronts, one": lambda: pictures.fronts({"GD": settings(0, 1)}),
}


@pytest.mark.parametrize("name", PICTURES)
def test_every_figure_draws_and_says_in_words_what_it_shows(name):
    fig = PICTURES[name]()
    check_picture(fig)
    data, metadata = fig._repr_mimebundle_()
    assert fig.png() == data["image/png"] == PICTURES[name]().png()
    assert metadata["image/png"]["alt"] == fig.alt and len(fig.alt) > 30


def test_a_grid_shows_every_pixel_over_its_caption():
    pixels, captions = images(6), [f"{i}, red" for i in range(6)]
    axes = pictures.image_grid(pixels, captions, 2).axes
    for ax, image, caption in zip(axes, pixels, captions):
        assert (
            np.array_equal(ax.images[0].get_array(), image.permute(1, 2, 0))
            and ax.get_xlabel() == caption
        )
    assert [ax.get_subplotspec().rowspan.start for ax in axes] == [0, 0, 0, 1, 1, 1]


def test_labels_of_a_crowd_neither_overlap_nor_leave_the_axes():
    fig = pictures.plane(CROWD, (0.97, 0.67), (0.96, 0.0))
    boxes, axes = shown(fig), fig.axes[0].get_window_extent()
    assert set(boxes) == {*CROWD, "original", "ground truth", "ideal"}
    for name, box in boxes.items():
        assert axes.x0 <= box.x0 and box.x1 <= axes.x1, name
        assert axes.y0 <= box.y0 and box.y1 <= axes.y1, name
        others = [other for other_name, other in boxes.items() if other_name != name]
        assert not any(box.overlaps(other) for other in others), name


def test_points_and_their_whole_error_bars_are_inside_the_axes():
    ax = pictures.plane(
        {"GD": (0.3, 0.1, 0.05, 0.02), "GA": (0.9, 0.95, 0.02, 0.04)}, (0.97, 0.67)
    ).axes[0]
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    assert left < 0.25 and right > 1 and low < 0 and high > 0.99
    bars = [bar for container in ax.containers for bar in container[2]]
    segments = [segment for bar in bars for segment in bar.get_segments()]
    gd = [[0.25, 0.1], [0.35, 0.1]], [[0.3, 0.08], [0.3, 0.12]]
    ga = [[0.88, 0.95], [0.92, 0.95]], [[0.9, 0.91], [0.9, 0.99]]
    assert np.allclose(segments, [*gd, *ga])


def test_a_front_holds_the_settings_that_no_other_beats_and_no_more():
    rows = settings(3)
    lines = pictures.fronts({"GD": rows}).axes[0].lines
    (line,) = [line for line in lines if line.get_label() == "GD"]
    better = lambda other, row: other[0] >= row[0] and other[1] <= row[1]
    beats = lambda other, row: better(other, row) and tuple(other[:2]) != tuple(row[:2])
    undominated = [tuple(row[:2]) for row in rows if not any(beats(other, row) for other in rows)]
    assert 1 < len(undominated) < 15
    assert list(map(tuple, line.get_xydata())) == sorted(undominated)


def test_every_method_has_a_look_of_its_own():
    looks = [(look["color"], look["marker"]) for look in pictures.METHOD_LOOKS.values()]
    assert set(ul.METHODS) <= set(pictures.METHOD_LOOKS) and len(set(looks)) == len(looks)


def test_images_without_a_caption_or_a_place_are_refused():
    for count, rows in ((5, 2), (6, 4)):
        with pytest.raises(ValueError, match="zip"):
            pictures.image_grid(images(6), ["a"] * count, rows)
