"""The pictures of evidence show the numbers they are given, and no score without its floor."""
import numpy as np
import pytest
import torch

from unlearnlab.figures import metrics, style
from unlearnlab.figures.style import Figure
from unlearnlab.metrics import Interval

GROUPS = {"original": np.arange(10.), "GD": torch.arange(5.) + 3, "retrained": np.array([1., 1., 8.])}
PANELS = {"one": ({"GD": [1., 2., 3.], "GA": 5.}, np.linspace(0, 1, 21)), "two": ({"GD": [4.], "GA": [1., 1.]}, [.5])}


def test_every_figure_draws_and_says_in_words_what_it_shows():
    made = [metrics.histograms(GROUPS, "margin", curves=True, title="one"), metrics.beside(PANELS),
            metrics.scatter([1, 2, 3], [1, 2, 4], "x", "y", floor=[0, 1]), metrics.scatter([1, 2], [3, 4], "x", "y"),
            metrics.ladder([.1, .2], [.5, .6], [[.4, .5], [.5, .5]], "accuracy")]
    for fig in made:
        data, metadata = fig._repr_mimebundle_()
        assert isinstance(fig, Figure) and data["image/png"].startswith(b"\x89PNG") and fig.png() == data["image/png"]
        assert metadata["image/png"]["alt"] == fig.alt and len(fig.alt) > 30


def test_bars_are_shares_over_common_bins():
    stairs = [patch for patch in metrics.histograms(GROUPS, "margin", bins=9).axes[0].patches if not patch.get_fill()]
    assert len(stairs) == 3
    for patch, values in zip(stairs, GROUPS.values()):
        shares, edges, _ = patch.get_data()
        assert np.array_equal(edges, np.arange(10)) and np.isclose(shares.sum(), 1)
        assert np.allclose(shares, np.histogram(np.asarray(values), edges)[0] / len(values))


def test_a_dot_is_the_mean_its_line_the_interval_and_the_band_the_floor():
    fig = metrics.beside(PANELS)
    for ax, (rows, floor) in zip(fig.axes, PANELS.values()):
        low, high = np.quantile(floor, [.05, .95])
        assert np.isclose(ax.patches[0].get_x(), low) and np.isclose(ax.patches[0].get_width(), high - low)
        dots = [line for line in ax.lines if len(line.get_xdata()) == 1]
        assert [dot.get_xdata()[0] for dot in dots] == [np.mean(values) for values in rows.values()]
        assert [dot.get_ydata()[0] for dot in dots] == [0, 1]
    half = 4.302653 / 3 ** .5
    line = next(line for line in fig.axes[0].lines if len(set(line.get_ydata())) == 1 and len(line.get_xdata()) == 2 and line.get_color() == style.BLUE)
    assert np.allclose(line.get_xdata(), [2 - half, 2 + half])
    assert [t.get_text() for t in fig.axes[0].get_yticklabels()] == ["GD", "GA"]


def test_an_interval_that_is_given_is_drawn_as_it_is():
    fig = metrics.beside({"one": ({"GD": Interval(2., 1.5, 2.25)}, [0., 1.], Interval(.5, .4, .6))})
    ax, lines = fig.axes[0], [line.get_xdata() for line in fig.axes[0].lines]
    assert any(np.allclose(x, [1.5, 2.25]) for x in lines if len(x) == 2) and [2.] in [list(x) for x in lines]
    assert np.isclose(ax.patches[1].get_x(), .4) and np.isclose(ax.patches[1].get_width(), .2) and "GD 2.00" in fig.alt


def test_a_ladder_shows_every_retrained_network_beside_the_original():
    ax = metrics.ladder([.1, .2], [.5, .6], [[.4, .5], [.3, .55]], "accuracy").axes[0]
    assert [line.get_ydata().tolist() for line in ax.lines] == [[.4, .3], [.5, .55], [.5, .6]]
    band = ax.collections[0].get_paths()[0].vertices
    assert {(.1, .4), (.1, .5), (.2, .3), (.2, .55)} <= {tuple(point) for point in band.tolist()}


def test_what_does_not_fit_is_refused_by_name():
    for wrong in ([1., np.nan], [[1.]], []):
        with pytest.raises(ValueError, match="GD must be finite numbers"):
            metrics.histograms({"GD": wrong}, "x")
    with pytest.raises(ValueError, match=r"panels\['two'\] must have the same methods as the first panel, got GD"):
        metrics.beside(PANELS | {"two": ({"GD": 1.}, [1.])})
    with pytest.raises(ValueError, match="panels is empty"):
        metrics.beside({})
    with pytest.raises(ValueError, match=r"a row for each of the 2 widths, got \(2,\) and \(1, 2\)"):
        metrics.ladder([.1, .2], [.5, .6], [[.4, .5]], "accuracy")
    with pytest.raises(ValueError, match="x and y must be as many, got 2 and 1"):
        metrics.scatter([1, 2], [1], "x", "y")
