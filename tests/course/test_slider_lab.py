"""Does the base of labs that redraw at once draw one frame a change, and keep errors? Does a canvas
draw what moves over what stays?"""

import io

import numpy as np
import pytest
from PIL import Image

from unlearnlab.course import style
from unlearnlab.course.canvas import Canvas
from unlearnlab.course.lab import SliderLab, check, control, table


class Double(SliderLab):
    """Twice the sum of two numbers, as the height of a dot."""

    panels = {}
    offers = {"value": ("the value", 1, 0, 10), "more": ("more", 0, (0, 20))}

    def compute(self, value, more):
        return 2 * (value + more) if value < 9 else 1 / 0

    def picture(self, ax, shown):
        ax.plot(0, shown, "o", label="dot")

    def sentence(self, shown):
        return f"{shown} high"

    def table(self, shown):
        return table({"height": [f"{shown}"]})


def test_a_change_is_one_frame_with_its_words_and_numbers():
    lab = Double()
    frames = lab.canvas.frames
    lab.value.value = 4
    assert lab.canvas.frames == frames + 1 and lab.shown == 8
    assert lab.canvas.figure.alt == "8 high" and ">8</td>" in lab.numbers.value
    assert lab.status.value == "" and lab.error is None


def test_an_error_is_shown_and_kept_until_the_next_frame_and_the_first_one_is_raised():
    lab = Double()
    lab.value.value = 9
    assert isinstance(lab.error, ZeroDivisionError) and "ZeroDivisionError" in lab.status.value
    lab.value.value = 2
    assert lab.error is None and lab.status.value == "" and lab.shown == 4
    with pytest.raises(ZeroDivisionError):
        Double(value=9)


def test_sliders_are_of_whole_or_decimal_numbers_and_a_table_has_a_head_and_a_caption():
    assert isinstance(control("n", 2, 1, 3).value, int)
    assert isinstance(control("x", 2, 1, 3, 0.5).value, float)
    html = table({"row": ["1", "2"]}, ("a", "b"), "what it is")
    assert html.index("what it is") < html.index("<b>a</b>") < html.index("row") < html.index(">2<")


def test_what_a_control_does_not_offer_is_refused_by_name():
    with pytest.raises(ValueError, match="value must be an integer from 0 to 10, got 11"):
        Double(value=11)
    with pytest.raises(ValueError, match="more must be one of 0, 20, got 3"):
        Double(more=3)
    with pytest.raises(ValueError, match="must be one of value, more, got 'lower'"):
        Double(lower=3)
    share = {"share": ("a share", 0.1, 0, 1, 0.01)}
    check(share, share=0.123)
    with pytest.raises(ValueError, match=r"share must be a number in \[0, 1\], got 1.1"):
        check(share, share=1.1)


def test_what_moves_is_drawn_over_what_stays_as_if_all_were_drawn_at_once():
    figure, ax = style.figure()
    ax.set(xlim=(0, 1), ylim=(0, 1))
    figure.set_layout_engine("none")
    canvas = Canvas(figure)
    canvas.draw(lambda: ax.plot([0.1, 0.9], [0.2, 0.3], "r"))
    canvas.move(lambda: (ax.plot([0.1, 0.9], [0.5, 0.8], "g", zorder=3), ax.text(0.5, 0.5, "x")))
    moved = canvas.png()
    assert canvas.frames == 2 and len(ax.lines) == len(ax.texts) == 1
    canvas.draw()  # what was added has become a part of the figure
    one, other = (np.array(Image.open(io.BytesIO(png))) for png in (moved, canvas.png()))
    assert one.shape == other.shape and (one == other).mean() > 0.999
