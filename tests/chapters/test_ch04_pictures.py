"""The figures of notebook 04 draw, and say in words what they show."""

import matplotlib
import pytest
from pictures import check_picture

import unlearnlab as ul
from unlearnlab.chapters import ch04_sine as ch


@pytest.fixture(scope="module")
def task():
    return ul.sine.task(2)


def records(task):
    return [
        {"method": m, "seed": s, "sup_error": 1.0 + s / 5, "seconds": 0.1}
        for m in ul.sine.PUBLISHED[10]
        for s in range(1, 7)
    ]


def test_every_figure_draws_and_has_alt_text(task):
    made = [
        ch.pictures.table(records(task), ul.sine.PUBLISHED[100], "T = 100"),
        ch.pictures.table([], ul.sine.PUBLISHED[1000], "T = 1000"),
    ]
    for fig in made:
        check_picture(fig, titles_name_heights=True)
        data, metadata = fig._repr_mimebundle_()
        assert metadata["image/png"]["alt"] == data["text/plain"] == fig.alt
        assert fig.png() == data["image/png"] and len(fig.alt) > 20


def test_the_readers_own_matplotlib_settings_are_left_alone(task):
    before = dict(matplotlib.rcParams)
    ch.pictures.table(records(task), ul.sine.PUBLISHED[100], "T = 100")
    ch.graph([1, 2], {"a": [3, 4]}, legend={})
    assert dict(matplotlib.rcParams) == before
