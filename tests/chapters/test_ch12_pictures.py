"""Pictures of width show the numbers they are given, and say in words what there is to see."""

import numpy as np
import torch
from pictures import check_picture

from unlearnlab.chapters import ch12_width as ch
from unlearnlab.chapters.ch12_width import regions
from unlearnlab.chapters.ch12_width.choosing import Threshold

LINE = np.array([[1 / 64, 0.5, 0.02], [1 / 16, 0.2, 0.01], [1 / 4, 0.1, np.nan]])


def survey(count=3, resolution=8):
    generator = torch.Generator().manual_seed(0)
    near, far = (
        regions.through(*(torch.randn(count, 5, generator=generator) for _ in range(3)), resolution)
        for _ in range(2)
    )
    away = torch.linspace(0, 4, count * resolution**2).view(count, resolution, resolution)
    return regions.Survey(near, far, away, away, 2.0)


def test_curves_draw_their_lines_in_order_with_the_threshold_and_a_width_axis_of_fractions():
    figure = ch.pictures.curves(
        {"privacy": {"NegGrad": LINE, "retrained": LINE / 2}, "bias": {"SCRUB": LINE}},
        ylabel="test error",
        threshold=Threshold(1 / 16, 1 / 24, 1 / 16),
    )
    left, right = figure.axes
    drawn = next(line for line in left.lines if len(line.get_xdata()) == 3)
    assert drawn.get_xdata().tolist() == [1 / 64, 1 / 16, 1 / 4] and drawn.get_ydata().tolist() == [
        0.5,
        0.2,
        0.1,
    ]
    assert [t.get_text() for t in right.get_xticklabels()] == [
        "1/64",
        "1/16",
        "1/4",
    ] and left.get_ylabel() == "test error"
    assert any(
        np.allclose(line.get_xdata(), 1 / 16) for line in left.lines
    )  # where every seed interpolates
    words = [t.get_text() for t in left.texts]
    assert {"NegGrad", "retrained", " interpolates"} == set(
        words
    ) and left.get_ylim() == right.get_ylim()
    assert "test error by width, privacy, bias: NegGrad, retrained, SCRUB" in figure.alt
    check_picture(figure)
    two = ch.pictures.curves(
        {"a": {"x": LINE}, "b": {"x": LINE}},
        threshold={"a": Threshold(1 / 16, 1 / 24, 1 / 16), "b": Threshold(1 / 4, 1 / 4, 1 / 4)},
    )
    assert [
        [t.get_position()[0] for t in ax.texts if "inter" in t.get_text()] for ax in two.axes
    ] == [[1 / 16], [1 / 4]]


def test_curves_over_something_else_have_a_plain_axis_and_no_threshold():
    figure = ch.pictures.curves(
        {"narrow": {"a": LINE}},
        xlabel="lambda",
        threshold=Threshold(np.inf, np.inf, np.inf),
        looks={"a": "SCRUB"},
        limits=(0, 2.0),
        finding="It falls",
    )
    (ax,) = figure.axes
    assert ax.get_xscale() == "linear" and ax.get_ylim() == (0, 2) and len(ax.lines) == 1
    assert figure.alt == "error by lambda, narrow: a. It falls"


def test_a_band_is_shaded_between_mean_minus_and_plus_spread_and_labels_stay_beside_their_lines():
    band = np.array([[1 / 64, 0.5, 0.1], [1 / 4, 0.4, 0.2]])
    high = LINE.copy()
    high[:, 1] = [0.52, 0.55, 0.6]
    figure = ch.pictures.curves(
        {"a": {"NegGrad": high}, "b": {"NegGrad": high}}, band=band, limits=(0.4, 0.8)
    )
    for ax in figure.axes:
        corners = (
            ax.collections[-1].get_paths()[0].vertices
            if len(ax.collections) == 1
            else next(c for c in ax.collections if len(c.get_paths()[0].vertices) > 4)
            .get_paths()[0]
            .vertices
        )
        assert {(round(x, 4), round(y, 4)) for x, y in corners} == {
            (0.0156, 0.4),
            (0.0156, 0.6),
            (0.25, 0.2),
            (0.25, 0.6),
        }
        assert ax.get_ylim() == (0.4, 0.8)
        label = next(text for text in ax.texts if text.get_text() == "NegGrad")
        assert (
            label.xy[1] == high[2, 1] and abs(label.xyann[1]) < 1e-9
        )  # as high as the end of its line


def test_regions_show_every_network_on_every_plane_and_write_the_classes_in_them():
    found = survey()
    before = torch.zeros(3, 8, 8, dtype=torch.long)
    after = before.clone()
    after[1, :, 4:] = 7
    figure = ch.pictures.regions(
        found, {"before": before, "after": after}, [1, 2], finding="Seven is new."
    )
    assert len(figure.axes) == 4 and [ax.get_title(loc="left") for ax in figure.axes] == [
        "before",
        "after",
        "",
        "",
    ]
    assert np.array_equal(figure.axes[1].images[0].get_array(), after[1])
    assert {t.get_text() for t in figure.axes[1].texts} == {
        "0",
        "7",
    }  # the class is written, not only colored
    assert figure.alt == "Decision regions of before, after on 2 planes. Seven is new."
    assert len(figure.axes[0].lines) == 2  # the examples, and the cross of the forget example
    assert figure.png().startswith(b"\x89PNG")
