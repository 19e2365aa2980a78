"""Does the base of labs that redraw at once draw one frame a change, hold, and keep errors?"""

import pytest

from unlearnlab.course import style
from unlearnlab.course.canvas import Canvas
from unlearnlab.course.lab import SliderLab, choice, slider, table


class Double(SliderLab):
    """Twice the sum of two numbers, as the height of a dot."""

    def __init__(self, value=1):
        figure, ax = style.figure()
        ax.set(xlim=(-1, 1), ylim=(0, 99))
        (self.dot,) = ax.plot(0, 0, "o")
        self.build(
            {
                "value": slider("the value", value, 0, 10),
                "more": choice("more", 0, [("none", 0), ("much", 20)]),
            },
            Canvas(figure, [self.dot], ""),
        )

    def compute(self, value, more):
        return 2 * (value + more) if value < 9 else 1 / 0

    def draw(self, shown):
        self.dot.set_ydata([shown])

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
    assert lab.trouble.value == "" and lab.error is None


def test_controls_that_are_held_change_in_one_frame():
    lab = Double()
    frames = lab.canvas.frames
    with lab.held():
        lab.value.value, lab.more.value = 3, 20
    assert lab.canvas.frames == frames + 1 and lab.shown == 46


def test_an_error_is_shown_and_kept_until_the_next_frame_and_the_first_one_is_raised():
    lab = Double()
    lab.value.value = 9
    assert isinstance(lab.error, ZeroDivisionError) and "ZeroDivisionError" in lab.trouble.value
    lab.value.value = 2
    assert lab.error is None and lab.trouble.value == "" and lab.shown == 4
    with pytest.raises(ZeroDivisionError):
        Double(9)


def test_sliders_are_of_whole_or_decimal_numbers_and_a_table_has_a_head_and_a_caption():
    assert isinstance(slider("n", 2, 1, 3).value, int)
    assert isinstance(slider("x", 2, 1, 3, 0.5).value, float)
    html = table({"row": ["1", "2"]}, ("a", "b"), "what it is")
    assert html.index("what it is") < html.index("<b>a</b>") < html.index("row") < html.index(">2<")
