"""The pictures of representation collapse show the numbers they are given."""

import numpy as np
import pytest
from matplotlib.text import Text
from pictures import check_picture

from unlearnlab.chapters.ch10_collapse import pictures
from unlearnlab.data.tint import CLASS_COLORS

SHARES = {"original": np.eye(10), "ground truth": np.linspace(0, 1, 100).reshape(10, 10)}
FOUND = {
    "here": {"GD": (0.3, 0.02), "Retrain": (0.6, 0.01), "mine": (0.4, 0.0)},
    "published": {"Retrain": (0.9, 0.01), "GD": (0.7, 0.03), "GA": (0.2, 0.1)},
}
CURVES = {
    "GD": ([0, 5, 15], [[0.1, 0.2, 0.3], [0.1, 0.4, 0.5]]),
    "Retrain": ([0, 30], [[0.1, 0.41]]),
    "mine": ([0, 15], [[0.1, 0.4], [0.1, 0.4]]),
}


PICTURES = {  # name -> picture, and words of its alt text
    "pairs": (
        lambda: pictures.pairs(SHARES, CLASS_COLORS, "The diagonal is dark."),
        "original, ground truth. The diagonal is dark.",
    ),
    "landings": (
        lambda: pictures.landings(FOUND, {"here": {"original": 0.1}}),
        "here: Retrain 0.60, mine 0.40, GD 0.30",
    ),
    "landings, no lines": (lambda: pictures.landings(FOUND, {}), "GA 0.20"),
    "tracks": (lambda: pictures.tracks(CURVES, "epochs", 0.1, 0.8), "epochs: GD; Retrain; mine"),
}


def texts(fig):
    """{words: box in pixels} of all that is written inside the axes; without the arrows, which an
    annotation counts in."""
    fig.png()
    return {text.get_text(): Text.get_window_extent(text) for ax in fig.axes for text in ax.texts}


@pytest.mark.parametrize("name", PICTURES)
def test_every_figure_draws_the_same_twice_and_says_in_words_what_it_shows(name):
    make, words = PICTURES[name]
    fig = make()
    check_picture(fig)
    assert fig.png() == make().png() and words in fig.alt


def test_a_map_has_content_downwards_and_every_color_below_its_column():
    fig = pictures.pairs(SHARES, CLASS_COLORS)
    for ax, shares in zip(fig.axes, SHARES.values()):
        image, (squares,) = ax.images[0], ax.collections
        assert np.array_equal(image.get_array(), shares) and image.get_clim() == (0, 1)
        assert np.allclose(squares.get_facecolors()[:, :3], CLASS_COLORS.numpy() / 255)
        assert squares.get_offsets()[:, 0].tolist() == list(range(10)) and ax.get_ylim() == (
            9.5,
            -0.5,
        )


def test_methods_stand_in_the_order_of_the_first_table_in_every_panel():
    fig = pictures.landings(FOUND, {"here": {"original": 0.1}})
    names = [label.get_text() for label in fig.axes[0].get_yticklabels()]
    assert names == ["Retrain", "mine", "GD", "GA"]
    for ax, found in zip(fig.axes, FOUND.values()):
        places = {names[round(c[0].get_ydata()[0])]: c[0].get_xdata()[0] for c in ax.containers}
        assert places == {name: mean for name, (mean, _) in found.items()}
        bars = [segment for c in ax.containers for bar in c[2] for segment in bar.get_segments()]
        ends = {names[round(bar[0, 1])]: bar[1, 0] - bar[0, 0] for bar in bars}
        assert ends == pytest.approx({name: 2 * error for name, (_, error) in found.items()})
    dotted = [line for line in fig.axes[0].lines if line.get_linestyle() == ":"]
    assert [line.get_xdata()[0] for line in dotted] == [0.1]
    assert all(ax.get_xlabel().startswith("color accuracy") for ax in fig.axes)
    assert fig.alt.startswith("Color accuracy")
    volumes = pictures.landings(FOUND, {}, across="hypervolume")
    assert {ax.get_xlabel() for ax in volumes.axes} == {"hypervolume"} and volumes.alt.startswith(
        "Hypervolume. "
    )


def test_a_track_is_the_mean_over_seeds_inside_one_standard_error():
    ax = pictures.tracks(CURVES, "epochs", 0.1, 0.8).axes[0]
    lines = {line.get_label(): line.get_xydata() for line in ax.lines}
    assert np.allclose(lines["GD"], [[0, 0.1], [5, 0.3], [15, 0.4]])
    outline = ax.collections[0].get_paths()[0].vertices
    last = outline[outline[:, 0] == 15][:, 1]
    # the standard error of .3 and .5 is .1
    assert last.min() == pytest.approx(0.3) and last.max() == pytest.approx(0.5)


def test_names_at_the_end_of_tracks_do_not_overlap():
    boxes = texts(pictures.tracks(CURVES | {"NGP": ([0, 15], [[0.1, 0.39]])}, "epochs", 0.1, 0.8))
    assert {*CURVES, "NGP", "original", "ground truth"} == set(boxes)
    for name, box in boxes.items():
        others = [other for other_name, other in boxes.items() if other_name != name]
        assert not any(box.overlaps(other) for other in others), name


def test_what_does_not_fit_together_is_refused_by_name():
    with pytest.raises(ValueError, match="has size 2, but .* size of 3"):
        pictures.tracks({"GD": ([0, 1], [[0, 1, 2]])}, "epochs", 0.1, 0.8)
