"""Do the pictures of two-layer networks draw, and say in words what they show?"""
import numpy as np
import pytest

import unlearnlab as ul
from unlearnlab.figures import two_layer
from unlearnlab.widgets.width_lab import GRID, WIDTHS, cut_network

X = np.linspace(-3.2, 3.2, 50)
RETAIN, FORGET = (np.array([-2.0, 0, 2]), np.array([-.9, 0, .9])), (np.array([-1.0]), np.array([1.5]))
METHODS = list(two_layer.METHOD_STYLES)
PICTURES = {
    "fit": lambda: two_layer.fit(X, np.sin(X), RETAIN, FORGET),
    "cancelling": lambda: two_layer.cancelling({"c": np.array([3.0, -1, 2]), "after": np.array([0.0, -1, 5])}, {"c": [3, 1], "after": [3, 1]}),
    "choices": lambda: two_layer.choices(X, np.sin(X), {m: np.cos(X) for m in METHODS[1:]}, RETAIN, FORGET),
    "activations": lambda: two_layer.activations(X, {name: (np.sin(X), np.cos(X), RETAIN, FORGET) for name in "abcd"}),
    "duplicates": lambda: two_layer.duplicates(range(5), [9, 8, 7, 6, 5], [9, 8, 7, 6, 5], 9),
    "forget outputs": lambda: two_layer.forget_outputs({name: {m: np.array([-1.0, 9, .1]) for m in METHODS[1:]} for name in "ab"}, 1.5, -.9),
    "calmness": lambda: two_layer.calmness({m: (np.array([3.0, 2e4]), np.array([1.0, 260])) for m in METHODS}),
    "zigzag": lambda: two_layer.zigzag(np.arange(6.0), np.array([-1.0, 1] * 3), (np.arange(6.0), np.array([-1.0, 1] * 3)), np.arange(1.0, 5)),
    "lab, one input": lambda: two_layer.width(GRID[1], 1, 150)[0],
    "lab, two inputs": lambda: two_layer.width(GRID[2], 2, 150)[0],
}


@pytest.mark.parametrize("name", [name for name in PICTURES if "lab" not in name])
def test_each_picture_is_a_figure_that_renders_the_same_twice_and_has_alt_text(name):
    figure = PICTURES[name]()
    assert isinstance(figure, ul.figures.Figure)
    png = figure.png()
    assert png.startswith(b"\x89PNG") and png == PICTURES[name]().png()
    assert len(figure.alt) > 40


@pytest.mark.parametrize("name", PICTURES)
def test_every_axis_is_labelled_and_nothing_written_is_clipped(name):
    figure = PICTURES[name]()
    figure.canvas.draw()
    for ax in figure.axes:
        shared = len(ax.get_shared_y_axes().get_siblings(ax)) > 1
        label = ax.get_xlabel() or any(other.get_xlabel() for other in ax.get_shared_x_axes().get_siblings(ax))
        assert label and (ax.get_ylabel() or shared or ax.get_label() == "<colorbar>")
        for text in (ax.title, ax._left_title, ax.xaxis.label, ax.yaxis.label, *ax.texts):
            if text.get_text().strip():
                box = text.get_window_extent()
                assert box.x0 >= 0 and box.x1 <= figure.bbox.width and box.y0 >= 0 and box.y1 <= figure.bbox.height, text.get_text()


@pytest.mark.parametrize("inputs", [1, 2])
def test_the_labs_picture_shows_the_network_it_was_given(inputs):
    shown = cut_network(7, 60, "GELU", copies=2, inputs=inputs)
    _, artists = two_layer.width(GRID[inputs], inputs, WIDTHS[1])
    artists.update(shown)
    network = artists.network
    assert len(network.alive.get_offsets()) == shown.kept == 5 and len(network.dead.get_offsets()) == 55
    assert len(network.lines.get_segments()) == 5 * (inputs + 2)
    assert [number.get_text() for number in artists.numbers] == ["60", "7", "5", "5"]
    if inputs == 1:
        assert np.allclose(artists.before.get_ydata(), shown.before) and np.allclose(artists.after.get_ydata(), shown.after)
        assert np.allclose(artists.retain[0].get_xdata(), shown.X[:, 0]) and artists.forget[0].get_ydata() == [1.5]
    else:
        side = len(GRID[2])
        assert np.allclose(artists.after.get_array(), shown.after.reshape(side, side))
        assert np.allclose(artists.forget[1].get_ydata(), shown.X_forget[:, 1])


def test_neurons_stand_inside_the_drawing_and_on_no_other_for_every_width():
    for h in range(WIDTHS[0], WIDTHS[1] + 1, 10):
        places = two_layer._places(h)
        assert len(np.unique(places.round(6), axis=0)) == h and places.min() > 0 and places.max() < 1


def test_a_network_without_a_neuron_left_can_be_drawn():
    figure, artists = two_layer.width(GRID[1], 1, 150)
    artists.network.update(np.zeros(40))
    figure.canvas.draw()
    assert len(artists.network.dead.get_offsets()) == 40 and not artists.network.lines.get_segments()
