"""Do the pictures of several seeds draw, with every label inside, and say in words what they
show?"""

import numpy as np
import pytest
from pictures import check_picture

from unlearnlab.course import marks, over_seeds, style

RNG = np.random.default_rng(0)
TWO = {
    "as found": {"a": [0.2, 0.3, 0.4], "b": [0.5, 0.9, 0.85]},
    "right": {"a": [0.1, 0.1, 0.2], "b": [0.9, 0.8, 1.0]},
}
WORDS = {"a": "first error", "b": "second error"}
VALUES = RNG.random((3, 4))
PANELS = {
    "largest error": {"original": VALUES, "MinNorm-OG": VALUES / 2},
    "retain error": {"original": VALUES, "MinNorm-OG": VALUES * 2},
}
PICTURES = {
    "rows": lambda: over_seeds.rows(TWO, WORDS, "It is lower"),
    "rows, log": lambda: over_seeds.rows(TWO, WORDS, "It is lower", log=True, neutral=True),
    "bands": lambda: over_seeds.bands(
        [1, 2, 4],
        {"error": {"oracle": RNG.random((3, 9)), "held out": RNG.random((3, 9))}},
        "settings tried",
        "It is lower",
        log="xy",
    ),
    "bands, many": lambda: over_seeds.bands([3, 2, 1], PANELS, "loss", "It is lower"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_each_picture_renders_with_labels_and_words_without_numbers(name):
    figure = PICTURES[name]()
    check_picture(figure, titles_name_heights=True)
    assert len(figure.alt) > 40 and "It is lower" in figure.alt
    assert not any(letter.isdigit() for letter in figure.alt)
    for ax in figure.axes:
        assert ax.get_xlabel() and len([t for t in ax.get_xticklabels() if t.get_text()]) >= 2


@pytest.mark.parametrize("middle", [np.mean, np.median])
def test_the_diamond_stands_in_the_middle_and_the_last_version_is_the_right_one(middle):
    ax = over_seeds.rows(TWO, WORDS, middle=middle).axes[1]
    diamonds = [line for line in ax.lines if line.get_marker() == "D"]
    expected = [middle([0.5, 0.9, 0.85]), middle([0.9, 0.8, 1.0])]
    assert [line.get_xdata()[0] for line in diamonds] == pytest.approx(expected)
    assert [line.get_ydata()[0] for line in diamonds] == [0, 1]
    assert [line.get_color() for line in diamonds] == [style.VERMILLION, style.BLUE]


def test_a_seed_is_joined_with_itself_from_row_to_row():
    ax = over_seeds.rows(TWO, {"a": "first error"}).axes[0]
    lines = [tuple(line.get_xdata()) for line in ax.lines if line.get_marker() == "None"]
    assert lines == [(0.2, 0.1), (0.3, 0.1), (0.4, 0.2)]


def test_where_no_version_is_right_none_is_drawn_as_right_or_wrong():
    ax = over_seeds.rows(TWO, {"a": "first error"}, neutral=True).axes[0]
    assert {line.get_color() for line in ax.lines if line.get_marker() in "DXo"} == {style.BLACK}


def test_a_band_leaves_out_the_lowest_and_the_highest_tenth():
    values = np.arange(11.0)[None].repeat(2, 0)
    ax = over_seeds.bands([1, 2], {"y": {"one": values}}, "x").axes[0]
    heights = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == (1, 9) and ax.lines[0].get_ydata().tolist() == [5, 5]


def test_what_falls_is_drawn_from_left_to_right_too_and_many_panels_share_a_legend():
    figure = over_seeds.bands([0.3, 0.1, 0.01], PANELS, "loss", log="x")
    left, right = figure.axes[0].get_xlim()
    assert left > right and figure.axes[0].lines[0].get_ydata() == pytest.approx(VALUES.mean(1))
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["original", "MinNorm-OG"]
    first, last = over_seeds.bands([1, 3, 30], PANELS, "epochs").axes[0].get_xlim()
    assert first < last


def test_names_at_the_ends_of_lines_do_not_touch():
    flat = np.ones((2, 3))
    curves = {"one": flat, "two": flat, "three": flat * 1.001}
    figure = over_seeds.bands([1, 2], {"y": curves}, "x")
    figure.canvas.draw()
    boxes = sorted((t.get_window_extent() for t in figure.axes[0].texts), key=lambda box: box.y0)
    assert len(boxes) == 3 and all(a.y1 <= b.y0 + 1 for a, b in zip(boxes, boxes[1:]))


@pytest.mark.parametrize("losses", [[0.45, 0.1, 0.016], [2.0, 0.1, 1e-3], [1.0, 1e-6, 1e-12]])
def test_ticks_of_falling_losses_do_not_touch(losses):
    panels = {words: {"original": VALUES} for words in ("a", "b", "c")}
    figure = over_seeds.bands(losses, panels, "loss", log="x")
    figure.canvas.draw()
    for ax in figure.axes:
        labels = [t for t in ax.get_xticklabels(which="both") if t.get_text()]
        boxes = sorted((t.get_window_extent() for t in labels), key=lambda box: box.x0)
        inside = [box for box in boxes if ax.bbox.x0 - 1 <= (box.x0 + box.x1) / 2 <= ax.bbox.x1 + 1]
        assert len(inside) >= 2 and all(a.x1 < b.x0 for a, b in zip(inside, inside[1:]))


@pytest.mark.parametrize(
    "limits, expected",
    [
        ((0.004, 1), [".01", ".1", "1"]),
        ((0.45, 5.5), [".5", "1", "5"]),
        ((0.88, 1.75), [".9", "1", "1.2", "1.4", "1.6"]),
    ],
)
def test_ticks_are_few_plain_numbers(limits, expected):
    ax = style.figure()[1]
    ax.set_xscale("log")
    ax.set_xlim(*limits)
    marks.plain_ticks(ax.xaxis)
    assert [t.get_text().lstrip("0") for t in ax.get_xticklabels()] == expected


def test_one_version_alone_is_the_right_one():
    (ax,) = over_seeds.rows({"right": TWO["right"]}, {"a": "first error"}).axes
    assert [line.get_xdata().tolist() for line in ax.lines if len(line.get_xdata()) == 3] == [
        TWO["right"]["a"]
    ]
