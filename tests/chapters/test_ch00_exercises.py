"""The exercise of notebook 00: every known mistake gets its own message."""

import pytest
import torch

from unlearnlab.chapters import ch00_start as ch
from unlearnlab.course.exercises import WrongAnswer


@pytest.mark.parametrize(
    "wrong, says",
    [
        (lambda a, b: (a.norm() - b.norm()).abs().item(), "difference of the lengths"),
        (lambda a, b: (a - b).abs(), "expected one number, got one per coordinate"),
        (lambda a, b: a.sub_(b).norm().item(), "changed its argument number 1 in place"),
        (lambda a, b: None, "is there a return"),
        (lambda a, b: "far", "return one number, got 'far'"),
        (lambda a, b: 1.0, "should be .*, got 1"),
    ],
)
def test_wrong_drifts_are_told_apart(wrong, says):
    with pytest.raises(WrongAnswer, match="^drift: .*" + says):
        ch.check("drift", wrong)


@pytest.mark.parametrize(
    "right",
    [
        lambda a, b: (a - b).norm(),
        lambda a, b: float(((b - a) ** 2).sum() ** 0.5),
        lambda a, b: torch.dist(a, b).item(),
    ],
)
def test_other_right_drifts_pass(right):
    assert ch.check("drift", right) is right
