"""Does a graph draw what it is given, with every name inside and apart, and say what it shows?"""

import re
from pathlib import Path

import numpy as np
import pytest
from pictures import check_picture

from unlearnlab.course import graphs, style
from unlearnlab.course.graphs import fits, graph

X = np.logspace(-5, 1, 7)
WORDS = {"xlabel": "drift", "ylabel": "change\nof an output"}
CROWD = {"A": 0 * X, "c": 0 * X, "A and c": X**2, "all": 1.1 * X**2}
POINTS = [0], [1]
GRAPHS = {
    "one": lambda: graph(X, CROWD, log="xy", floor=1e-16, powers=(-16, 0, 4), **WORDS),
    "legend": lambda: graph(X, CROWD, legend={"loc": "best"}, ylim=(0, None), **WORDS),
    "panels": lambda: graph(
        X,
        panels={
            "left": {"curves": {"GD": X, "level": 3}, "log": "x"},
            "right": {"curves": {"band": np.array([X / 2, X, 2 * X])}, "ticks": [1, 5]},
        },
        key=2,
        subplots={"sharey": True},
        **WORDS,
    ),
    "rows": lambda: graph(
        curves={"QR": ([1e-9, 1e-2], range(2)), "_level": ([1, 1], [-0.5, 1.5])},
        rows=["first", "second"],
        log="x",
        powers=(-9, 0, 3),
        xlabel="distance",
    ),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_each_graph_draws_the_same_twice_with_named_axes_and_no_words_cut_off(name):
    figure = GRAPHS[name]()
    check_picture(figure)
    assert figure.png() == GRAPHS[name]().png() and figure.alt


def test_alt_text_is_what_the_axes_say_and_what_the_notebook_found():
    figure = graph(X, CROWD, finding="It grows.", **WORDS)
    assert figure.alt == "change of an output by drift. It grows."
    assert graph(X, CROWD, what="Changes", **WORDS).alt == "Changes"


def test_names_at_the_ends_do_not_overlap_though_the_lines_end_together():
    figure = GRAPHS["one"]()
    figure.canvas.draw()
    boxes = sorted((text.get_window_extent() for text in figure.axes[0].texts), key=lambda b: b.y0)
    assert len(boxes) == 4
    assert all(low.y0 + 10 < high.y0 for low, high in zip(boxes, boxes[1:]))


def test_zeros_stand_on_the_floor_whose_tick_says_at_most():
    (ax,) = GRAPHS["one"]().axes
    assert min(line.get_ydata().min() for line in ax.lines) == 1e-16
    assert ax.get_yticklabels()[0].get_text() == "≤ $10^{-16}$"


def test_a_method_has_its_own_look_in_every_graph_and_the_others_come_in_order():
    curves = {"GD, 9 steps": X, "mine": X, "predicted": X, "his": X, "her": X}
    drawn = graph(X, curves, {}, looks={"her": "target"}, **WORDS).axes[0].lines
    wanted = [style.METHOD_LOOKS["GD"], style.RIGHT, style.LOOKS["predicted"], style.WRONG]
    for line, look in zip(drawn, [*wanted, style.TARGET], strict=True):
        assert line.get_color() == look["color"] and line.get_marker() == look.get("marker", "None")


def test_a_line_of_many_points_has_no_markers_but_points_stay_points():
    many = np.linspace(0, 1, 25)
    line, dots = graph(many, {"a": many, "b": many}, looks=["right", "blue dots"]).axes[0].lines
    assert not line.get_marker() and dots.get_marker() == "o"


def test_a_band_is_shaded_around_its_line_and_a_level_is_a_line():
    left, right = GRAPHS["panels"]().axes
    assert list(left.lines[1].get_ydata()) == [3, 3]
    assert np.array_equal(right.lines[0].get_ydata(), X) and len(right.collections) == 1
    assert [tick.get_text() for tick in right.get_xticklabels()] == ["1", "5"]
    figure = graph(X, {"level": 3, "_hidden": X})
    assert [text.get_text() for text in figure.axes[0].texts] == ["level"]


def test_limits_from_zero_end_where_the_data_end():
    low, high = GRAPHS["legend"]().axes[0].get_ylim()
    assert low == 0 and high > 100


def test_rows_are_named_from_the_top():
    (ax,) = GRAPHS["rows"]().axes
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["first", "second"]
    assert ax.get_ylim() == (1.5, -0.5) and ax.get_xticks()[0] == 1e-9


def test_functions_stand_over_their_points_panel_by_panel():
    x = np.linspace(-3, 3, 9)
    panels = {name: {"sin x": np.sin(x), "mine": np.cos(x)} for name in "abcd"}
    figure = fits(x, panels, POINTS, POINTS, limit=2, finding="They meet.")
    assert len(figure.axes) == 4 and figure.alt == "sin x, mine by x: a, b, c, d. They meet."
    names = [text.get_text() for text in figure.legends[0].texts]
    assert names == [*panels["a"], "retain", "forget"]
    assert len(fits(x, {"a": panels["a"]}, POINTS, POINTS).axes) == 1


def test_every_picture_of_the_table_is_drawn_somewhere_and_has_its_panels_filled():
    root = Path(graphs.__file__).parents[2]
    files = [*root.glob("notebooks/*.py"), *root.glob("unlearnlab/chapters/*/pictures.py")]
    written = "".join(file.read_text(encoding="utf-8") for file in files)
    drawn = set(re.findall(r'draw\(\s*"(\w+)"', written))
    assert drawn == set(graphs.PLANS)
    figure = graphs.draw("minnorm", {"one": [1, 0.1]}, {"two": [0.1, 1]}, x=[1, 2], finding="Seen.")
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["One step", "Many short steps"]
    assert [ax.lines[0].get_label() for ax in figure.axes] == ["one", "two"]
    assert figure.alt.endswith("Seen.")
