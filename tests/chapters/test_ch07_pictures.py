"""Does the picture of PruneLab show the network it is given?"""

from types import SimpleNamespace

import numpy as np
import pytest

from unlearnlab.chapters.ch07_two_layer import pictures
from unlearnlab.chapters.ch07_two_layer.lab import GRID, cut_network
from unlearnlab.course import style


def drawn(shown):
    """PruneLab's panels: neurons, one for the function or two for a surface, counts."""
    figure = style.Figure(figsize=(11, 4), layout="constrained")
    pictures.cut_network(figure, GRID[shown.X.shape[1]], shown)
    return figure.axes


@pytest.mark.parametrize("inputs", [1, 2])
def test_the_labs_picture_shows_the_network_it_was_given(inputs):
    shown = cut_network(7, 60, "GELU", copies=2, inputs=inputs)
    neurons, *functions, counts = drawn(shown)[: 2 + inputs]
    dead, alive = neurons.lines
    assert len(alive.get_xdata()) == shown.kept == 5 and len(dead.get_xdata()) == 55
    assert [text.get_text() for text in counts.texts] == ["60", "7", "5", "5"]
    if inputs == 1:
        before, after, retain, forget = functions[0].lines
        assert np.allclose(before.get_ydata(), shown.before)
        assert np.allclose(after.get_ydata(), shown.after)
        assert np.allclose(retain.get_xdata(), shown.X[:, 0]) and forget.get_ydata() == [1.5]
    else:
        side = len(GRID[2])
        (after,) = functions[1].collections
        assert np.allclose(after.get_array(), shown.after.reshape(side, side))
        assert np.allclose(functions[1].lines[1].get_ydata(), shown.X_forget[:, 1])


@pytest.mark.parametrize("h", range(40, 151, 10))
def test_no_neuron_stands_on_another(h):
    neurons = drawn(
        SimpleNamespace(**{**vars(cut_network(5, 40, "tanh")), "alive": np.arange(h) % 9 == 0})
    )[0]
    places = np.concatenate([line.get_xydata() for line in neurons.lines])
    assert len(np.unique(places, axis=0)) == h


def test_a_network_without_a_neuron_left_can_be_drawn():
    shown = SimpleNamespace(**{**vars(cut_network(5, 40, "tanh")), "alive": np.zeros(40, bool)})
    dead, alive = drawn(shown)[0].lines
    assert len(dead.get_xdata()) == 40 and not len(alive.get_xdata())
