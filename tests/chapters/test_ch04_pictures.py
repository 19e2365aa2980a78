"""The figures of notebook 04 draw, and say in words what they show."""

import matplotlib
import pytest
from pictures import check_picture

import unlearnlab as ul
from unlearnlab.chapters import ch04_sine as ch
from unlearnlab.chapters.ch04_sine.pictures import LabPicture


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
        ch.pictures.table(records(task), ul.sine.PUBLISHED[100], 100),
        ch.pictures.table([], ul.sine.PUBLISHED[1000], 1000),
    ]
    for fig in made:
        check_picture(fig, titles_name_heights=True)
        data, metadata = fig._repr_mimebundle_()
        assert metadata["image/png"]["alt"] == data["text/plain"] == fig.alt
        assert fig.png() == data["image/png"] and len(fig.alt) > 20


def test_the_readers_own_matplotlib_settings_are_left_alone(task):
    before = dict(matplotlib.rcParams)
    ch.pictures.table(records(task), ul.sine.PUBLISHED[100], 100)
    ch.graph([1, 2], {"a": [3, 4]}, legend={})
    assert dict(matplotlib.rcParams) == before


def test_the_lab_picture_finds_the_sup_error_and_replaces_its_background(task):
    picture = LabPicture(list(ul.sine.PUBLISHED[10]), ul.sine.PUBLISHED)
    for seed, epochs in ((1, 100), (2, 1000), (2, 10)):
        picture.fixed(ul.sine.task(seed), epochs)
        count = [len(ax.lines) for ax in picture.figure.axes]
    # points, sine, original and two that move; eight ranges, the original's line, the marks
    assert count == [6, 10]
    x, y = ch.pictures.curve(task.original)
    error = picture.frame(y, "GD after 3 epochs", {"GD": 2.0, "Ridge": 1.5})
    assert error == pytest.approx(task.evaluate(task.original)["sup_error"], rel=1e-6)
    assert picture.marks.get_xydata().tolist() == [[2.0, 2], [1.5, 6]]
