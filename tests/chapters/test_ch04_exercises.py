"""The exercises of notebook 04: every known mistake gets its own message."""

import numpy as np
import pytest
import torch

from unlearnlab.chapters import ch04_sine as ch
from unlearnlab.course.exercises import WrongAnswer


def right(model, grid, x_retain, x_forget):
    gaps = [(model(x) - np.sin(x)).numpy() for x in (grid, x_retain, x_forget)]
    return np.abs(gaps[0]).max(), *(np.sqrt(np.mean(gap**2)) for gap in gaps[1:])


@pytest.mark.parametrize(
    "wrong, says",
    [
        (lambda model, *x: right(model, *x)[0], "return 3 numbers in a list or tuple"),
        (lambda *x: None, "is there a return"),
        (lambda model, x, *more: right(torch.cos, x, *more), "should be .* got"),
        (lambda f: 0.0, "your function raised TypeError"),
    ],
)
def test_wrong_errors_are_told_apart(wrong, says):
    with pytest.raises(WrongAnswer, match="^three_errors: .*" + says):
        ch.check("three_errors", wrong)


def test_other_right_answers_are_handed_back():
    assert ch.check("three_errors", right) is right
