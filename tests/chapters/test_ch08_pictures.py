"""Do the pictures of notebook 08 draw, with every label inside, and say in words what they show?"""

import numpy as np
import pytest
from pictures import check_picture

from unlearnlab.chapters.ch08_shrinkage import pictures
from unlearnlab.course import marks, style

RNG = np.random.default_rng(0)
SEEDS = lambda low, high: {
    m: np.exp(RNG.uniform(np.log(low), np.log(high), 10)).tolist() for m in pictures.MEASURES
}
ARMS = {
    "MinNorm-OG": SEEDS(0.5, 2),
    "... without the projection": SEEDS(0.3, 5),
    "GD": SEEDS(0.005, 0.9),
}
PICTURES = {
    "arms": lambda: pictures.arms(ARMS, "T = 100"),
    "by_rows": lambda: pictures.by_rows(
        [0, 25, 50], {m: [SEEDS(0.2, 2)["sup_error"]] * 3 for m in pictures.MEASURES}, 50
    ),
    "one_step": lambda: pictures.one_step(
        [0.01, 0.1, 0.3],
        {"outside the span": [[0.04], [0.1], [1.1]], "inside the span": [[0.09], [0.5], [1.4]]},
        0.04,
    ),
    "budgets": lambda: pictures.budgets(
        {"GD": ([30, 100], [0.6, 0.5]), "MinNorm-OG": ([30, 100], [0.4, 0.25])}, "work"
    ),
}


@pytest.mark.parametrize("name", PICTURES)
def test_each_picture_renders_with_labels_and_alt_text(name):
    figure = PICTURES[name]()
    check_picture(figure)
    assert len(figure.alt) > 40
    for ax in figure.axes:
        assert ax.get_xlabel()
        assert len([t for t in ax.get_xticklabels() if t.get_text()]) >= 2
    assert any(ax.get_ylabel() for ax in figure.axes)


def test_the_dotted_line_stands_at_the_errors_of_the_zero_function():
    figure = pictures.arms(ARMS)
    at = [
        [line.get_xdata()[0] for line in ax.lines if line.get_linestyle() == ":"]
        for ax in figure.axes
    ]
    assert at == [[1.0], [0.5**0.5], [0.5**0.5]]


@pytest.mark.parametrize(
    "limits, expected",
    [
        ((0.004, 1), [".01", ".1", "1"]),
        ((0.45, 5.5), [".5", "1", "5"]),
        ((0.88, 1.75), [".9", "1", "1.2", "1.4", "1.6"]),
    ],
)
def test_ticks_are_few_plain_numbers(limits, expected):
    figure = style.figure()[0]
    ax = figure.axes[0]
    ax.set_xscale("log")
    ax.set_xlim(*limits)
    marks.plain_ticks(ax.xaxis)
    assert [t.get_text().lstrip("0") for t in ax.get_xticklabels()] == expected
