"""The pictures of notebook 03: they render, say what they show, and mark what they must."""

import pytest
from pictures import check_picture

from unlearnlab.chapters.ch03_minnorm import pictures

PICTURES = {
    "schedules": lambda: pictures.schedules({"T = 4": [0.1, 0, 0.09, 0], "T = 2": [0.5, 0]})
}


@pytest.mark.parametrize("name", PICTURES)
def test_every_picture_draws_the_same_twice_with_every_label_inside(name):
    figure, again = PICTURES[name](), PICTURES[name]()
    check_picture(figure)
    assert again.png() == figure.png() and again.alt == figure.alt and len(figure.alt) > 15


def test_what_is_left_after_a_schedule_is_written_at_its_end():
    below = PICTURES["schedules"]().axes[2:]
    assert [ax.texts[0].get_text() for ax in below] == ["0.82", "0.50"]
