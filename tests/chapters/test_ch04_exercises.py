"""The exercises of notebook 04: every known mistake gets its own message."""

import statistics

import numpy as np
import pytest

from unlearnlab.chapters import ch04_sine as ch
from unlearnlab.course.exercises import WrongAnswer


@pytest.mark.parametrize(
    "wrong, says",
    [
        (lambda f, x: (f - x.sin()).abs(), "expected one number, got one for each x"),
        (lambda f, x: None, "is there a return"),
        (lambda f, x: "big", "return one number, got 'big'"),
        (
            lambda f, x: (f.sub_(x.sin())).abs().max().item(),
            "changed its argument number 1 in place",
        ),
        (lambda f, x: (f - x.cos()).abs().max().item(), "should be .* got"),
        (lambda f: 0.0, "your function raised TypeError"),
    ],
)
def test_wrong_sup_errors_are_told_apart(wrong, says):
    with pytest.raises(WrongAnswer, match="^sup_error: .*" + says):
        ch.check("sup_error", wrong)


@pytest.mark.parametrize(
    "wrong, says",
    [
        (lambda v: statistics.median(v), "return 3 numbers in a list or tuple"),
        (lambda v: (0.0, sorted(v)[2], sorted(v)[-3]), r"on \[.* entry 0 should be"),
        (
            lambda v: (statistics.median(v), sorted(v)[3], sorted(v)[-4]),
            r"on \[.* entry \d should be",
        ),
    ],
)
def test_wrong_central_ranges_are_told_apart(wrong, says):
    with pytest.raises(WrongAnswer, match="^central_range: .*" + says):
        ch.check("central_range", wrong)


def test_other_right_answers_are_handed_back():
    other = lambda f, x: float(np.abs(f.numpy() - np.sin(x.numpy())).max())
    assert ch.check("sup_error", other) is other
    third = lambda v: (np.median(v), *np.sort(v)[[2, -3]])
    assert ch.check("central_range", third) is third
