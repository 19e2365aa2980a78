"""The pictures of evidence show the numbers they are given, and no score without its floor."""

import numpy as np
import torch
from pictures import check_picture

from unlearnlab.chapters.ch13_evidence import pictures
from unlearnlab.course import style
from unlearnlab.metrics import Interval

GROUPS = {
    "original": np.arange(10.0),
    "GD": torch.arange(5.0) + 3,
    "retrained": np.array([1.0, 1.0, 8.0]),
}
PANELS = {
    "one": ({"GD": [1.0, 2.0, 3.0], "GA": 5.0}, np.linspace(0, 1, 21)),
    "two": ({"GD": [4.0], "GA": [1.0, 1.0]}, [0.5]),
}


def test_every_figure_draws_and_says_in_words_what_it_shows():
    fig = pictures.histograms(GROUPS, "margin", "one")
    check_picture(fig)
    assert len(fig.alt) > 5
    beside = pictures.beside(PANELS)  # its panels have one label below all of them
    assert beside.png().startswith(b"\x89PNG")
    assert beside.alt == "one, two beside their floors, for GD, GA"


def test_bars_are_shares_over_common_bins():
    patches = pictures.histograms(GROUPS, "margin").axes[0].patches
    stairs = [patch for patch in patches if not patch.get_fill()]
    assert len(stairs) == 3
    for patch, values in zip(stairs, GROUPS.values()):
        shares, edges, _ = patch.get_data()
        assert np.allclose(edges, np.linspace(0, 9, 21)) and np.isclose(shares.sum(), 1)
        assert np.allclose(shares, np.histogram(np.asarray(values), edges)[0] / len(values))


def test_a_dot_is_the_mean_its_line_the_interval_and_the_band_the_floor():
    fig = pictures.beside(PANELS)
    for ax, (rows, floor) in zip(fig.axes, PANELS.values()):
        low, high = np.quantile(floor, [0.05, 0.95])
        assert np.isclose(ax.patches[0].get_x(), low) and np.isclose(
            ax.patches[0].get_width(), high - low
        )
        dots = [line for line in ax.lines if len(line.get_xdata()) == 1]
        assert [dot.get_xdata()[0] for dot in dots] == [np.mean(values) for values in rows.values()]
        assert [dot.get_ydata()[0] for dot in dots] == [0, 1]
    half = 4.302653 / 3**0.5
    line = next(
        line
        for line in fig.axes[0].lines
        if len(line.get_xdata()) == 2 and line.get_color() == style.METHOD_LOOKS["GD"]["color"]
    )
    assert np.allclose(line.get_xdata(), [0, 2 + half])  # half is more than 2
    assert [t.get_text() for t in fig.axes[0].get_yticklabels()] == ["GD", "GA"]


def test_an_interval_that_is_given_is_drawn_as_it_is():
    fig = pictures.beside(
        {"one": ({"GD": Interval(2.0, 1.5, 2.25)}, [0.0, 1.0], Interval(0.5, 0.4, 0.6))}
    )
    ax, lines = fig.axes[0], [line.get_xdata() for line in fig.axes[0].lines]
    assert any(np.allclose(x, [1.5, 2.25]) for x in lines if len(x) == 2) and [2.0] in [
        list(x) for x in lines
    ]
    assert np.isclose(ax.patches[1].get_x(), 0.4) and np.isclose(ax.patches[1].get_width(), 0.2)
