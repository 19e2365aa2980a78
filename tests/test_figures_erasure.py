"""The pictures of the colored images show the numbers they are given, and their labels can be read."""
import numpy as np
import pytest
import torch

from unlearnlab.figures import erasure
from unlearnlab.figures.style import Figure

CROWD = {name: (.9 + .002 * i, .01 * (i % 4), .01, .02) for i, name in enumerate(erasure.METHOD_LOOKS)}


def images(n):
    return torch.randint(0, 256, (n, 3, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(n))


def settings(seed, k=30):
    """(k, 4): accuracies and errors with standard errors."""
    return np.concatenate([np.random.default_rng(seed).uniform(0, 1, (k, 2)), np.full((k, 2), .01)], 1)


def shown(fig):
    """The texts one can see that are not tick labels, with their boxes in pixels."""
    fig.png()
    return {text.get_text(): text.get_window_extent() for ax in fig.axes for text in ax.texts if text.get_text()}


def test_every_figure_draws_and_says_in_words_what_it_shows():
    pairs = [("7", .1), ("cat", .9)]
    made = [erasure.image_grid(images(6), ["a\ngray"] * 6, 2), erasure.predictions(images(2), pairs, pairs),
            erasure.plane(CROWD, (.97, .67), (.96, 0.)), erasure.plane({"GD": (.9, .1, np.nan, np.nan), "mine": (.8, .2)}, (.97, .67)),
            erasure.fronts({"GD": settings(0), "mine": settings(1)}, (.97, .67), (.96, 0.)), erasure.fronts({"GD": settings(0, 1)})]
    for fig in made:
        data, metadata = fig._repr_mimebundle_()
        assert isinstance(fig, Figure) and data["image/png"].startswith(b"\x89PNG") and fig.png() == data["image/png"]
        assert metadata["image/png"]["alt"] == fig.alt and len(fig.alt) > 30


def test_a_grid_shows_every_pixel_over_its_caption():
    pixels, captions = images(6), [f"{i}, red" for i in range(6)]
    axes = erasure.image_grid(pixels, captions, 2).axes
    for ax, image, caption in zip(axes, pixels, captions):
        assert np.array_equal(ax.images[0].get_array(), image.permute(1, 2, 0)) and ax.get_xlabel() == caption
    assert [ax.get_subplotspec().rowspan.start for ax in axes] == [0, 0, 0, 1, 1, 1]


def test_predictions_bars_are_as_long_as_p_gray_and_carry_the_class():
    before, after = [("7", .25), ("cat", 1.)], [("8", .75), ("dog", 0.)]
    fig = erasure.predictions(images(2), before, after)
    for ax, first, second in zip(fig.axes[2:], before, after):
        assert [bar.get_width() for bar in ax.patches] == [1, first[1], 1, second[1]]
        assert [text.get_text() for text in ax.texts] == [first[0], second[0]]
        assert ax.texts[0].get_position()[1] > ax.texts[1].get_position()[1]


def test_labels_of_a_crowd_neither_overlap_nor_leave_the_axes():
    fig = erasure.plane(CROWD, (.97, .67), (.96, 0.))
    boxes, axes = shown(fig), fig.axes[0].get_window_extent()
    assert set(boxes) == {*CROWD, "original", "ground truth", "ideal"}
    for name, box in boxes.items():
        assert axes.x0 <= box.x0 and box.x1 <= axes.x1 and axes.y0 <= box.y0 and box.y1 <= axes.y1, name
        assert not any(box.overlaps(other) for other_name, other in boxes.items() if other_name != name), name


def test_points_and_their_whole_error_bars_are_inside_the_axes():
    ax = erasure.plane({"GD": (.3, .1, .05, .02), "GA": (.9, .95, .02, .04)}, (.97, .67)).axes[0]
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    assert left < .25 and right > 1 and low < 0 and high > .99
    segments = [segment for container in ax.containers for bars in container[2] for segment in bars.get_segments()]
    assert np.allclose(segments, [[[.25, .1], [.35, .1]], [[.3, .08], [.3, .12]], [[.88, .95], [.92, .95]], [[.9, .91], [.9, .99]]])


def test_a_front_holds_the_settings_that_no_other_beats_and_no_more():
    rows = settings(3)
    line, = [line for line in erasure.fronts({"GD": rows}).axes[0].lines if line.get_label() == "GD"]
    beats = lambda other, row: other[0] >= row[0] and other[1] <= row[1] and tuple(other[:2]) != tuple(row[:2])
    undominated = [tuple(row[:2]) for row in rows if not any(beats(other, row) for other in rows)]
    assert 1 < len(undominated) < 15 and list(map(tuple, line.get_xydata())) == sorted(undominated)


def test_every_method_has_a_look_of_its_own():
    import unlearnlab as ul
    looks = [(look["color"], look["marker"]) for look in erasure.METHOD_LOOKS.values()]
    assert set(ul.METHODS) <= set(erasure.METHOD_LOOKS) and len(set(looks)) == len(looks)


def test_what_does_not_fit_together_is_refused_by_name():
    with pytest.raises(ValueError, match="rows must divide the number of images, got 4 rows for 6 images"):
        erasure.image_grid(images(6), ["a"] * 6, 4)
    with pytest.raises(ValueError, match="captions must be as many as images, 6, got 5"):
        erasure.image_grid(images(6), ["a"] * 5, 2)
    with pytest.raises(ValueError, match=r"pixels must be uint8 of shape \(n, 3, h, w\), n at least 1, got float32 \(2, 3, 8, 8\)"):
        erasure.image_grid(images(2).float(), ["a"] * 2)
    with pytest.raises(ValueError, match="after must hold a pair for each of the 2 images, got 1"):
        erasure.predictions(images(2), [("a", 1.)] * 2, [("a", 1.)])
    with pytest.raises(ValueError, match=r"points\['GD'\] must have shape \(k, 4\), got \(30, 2\)"):
        erasure.fronts({"GD": settings(0)[:, :2]})
