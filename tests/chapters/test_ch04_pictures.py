"""The figures of notebook 04 draw, and say in words what they show."""

import matplotlib
import pytest
from pictures import check_picture

import unlearnlab as ul
from unlearnlab.chapters import ch04_sine as ch


@pytest.fixture(scope="module")
def task():
    return ul.sine.task(2)


def test_every_figure_draws_and_has_alt_text(task):
    made = [
        ch.pictures.fits(task, {"original": task.original}, limit=5),
        ch.pictures.fits(task, dict.fromkeys("abcdef", task.ground_truth), limit=3),
    ]
    for fig in made:
        check_picture(fig)
        data, metadata = fig._repr_mimebundle_()
        assert metadata["image/png"]["alt"] == data["text/plain"] == fig.alt
        assert fig.png() == data["image/png"] and len(fig.alt) > 20


def test_the_readers_own_matplotlib_settings_are_left_alone(task):
    before = dict(matplotlib.rcParams)
    ch.pictures.fits(task, {"original": task.original}, limit=5)
    ch.graph([1, 2], {"a": [3, 4]}, legend={})
    assert dict(matplotlib.rcParams) == before
