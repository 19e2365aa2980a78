"""The pictures of representation collapse show the numbers they are given."""

import pytest
from pictures import check_picture

from unlearnlab.chapters.ch10_collapse import pictures

FOUND = {
    "here": {"GD": (0.3, 0.02), "Retrain": (0.6, 0.01), "mine": (0.4, 0.0)},
    "published": {"Retrain": (0.9, 0.01), "GD": (0.7, 0.03), "mine": (0.2, 0.1)},
}


PICTURES = {  # name -> picture, and words of its alt text
    "landings": (
        lambda: pictures.landings(FOUND, {"here": {"original": 0.1}}),
        "here, published: Retrain, mine, GD",
    ),
    "landings, no lines": (lambda: pictures.landings(FOUND, {}, finding="Far."), "GD. Far."),
}


@pytest.mark.parametrize("name", PICTURES)
def test_every_figure_draws_the_same_twice_and_says_in_words_what_it_shows(name):
    make, words = PICTURES[name]
    fig = make()
    check_picture(fig)
    assert fig.png() == make().png() and words in fig.alt


def test_methods_stand_in_the_order_of_the_first_table_in_every_panel():
    fig = pictures.landings(FOUND, {"here": {"original": 0.1}})
    names = [label.get_text() for label in fig.axes[0].get_yticklabels()]
    assert names == ["Retrain", "mine", "GD"]
    for ax, found in zip(fig.axes, FOUND.values()):
        places = {names[round(c[0].get_ydata()[0])]: c[0].get_xdata()[0] for c in ax.containers}
        assert places == {name: mean for name, (mean, _) in found.items()}
        bars = [segment for c in ax.containers for bar in c[2] for segment in bar.get_segments()]
        ends = {names[round(bar[0, 1])]: bar[1, 0] - bar[0, 0] for bar in bars}
        assert ends == pytest.approx({name: 2 * error for name, (_, error) in found.items()})
    dotted = [line for line in fig.axes[0].lines if line.get_linestyle() == ":"]
    assert [line.get_xdata()[0] for line in dotted] == [0.1]
    assert all(ax.get_xlabel().startswith("color accuracy") for ax in fig.axes)
    volumes = pictures.landings(FOUND, {}, across="hypervolume")
    assert {ax.get_xlabel() for ax in volumes.axes} == {"hypervolume"}
    assert volumes.alt.startswith("hypervolume. ")
