"""The exercises of notebook 12: every known mistake gets its own message."""

import pytest
import torch

from unlearnlab.chapters import ch12_width as ch
from unlearnlab.course.exercises import WrongAnswer

N = lambda x: x / x.norm()
LEFT = lambda x, a: N(x - (x @ a) * a)


@pytest.mark.parametrize(
    "wrong, says",
    [
        (lambda v, f, u, lam: ((1 - lam) * v + lam * (f - u).abs()).mean(), r"one J per setting"),
        (lambda v, f, u, lam: 0.9 * v + lam * (f - u).abs(), "off by"),
        (lambda v, f, u, lam: None, "is there a return"),
    ],
)
def test_wrong_objectives_are_told_apart(wrong, says):
    with pytest.raises(WrongAnswer, match="^privacy: .*" + says):
        ch.check("privacy", wrong)


@pytest.mark.parametrize(
    "wrong, says",
    [
        (lambda x, y, z: (N(y - x), LEFT(z - x, N(y - x))), r"return one tensor of shape \(2, d\)"),
        (lambda x, y, z: torch.stack([N(y - x), LEFT(z - x, N(y - x))], 1)[:1], "expected shape"),
        (lambda x, y, z: torch.eye(2, len(x)), "off by|expected float"),
    ],
)
def test_wrong_planes_are_told_apart(wrong, says):
    with pytest.raises(WrongAnswer, match="^plane: .*" + says):
        ch.check("plane", wrong)


def test_other_right_answers_are_handed_back():
    by_where = lambda v, f, u, lam: torch.lerp(v, torch.where(f > u, f - u, u - f), lam)
    assert ch.check("privacy", by_where) is by_where

    def by_qr(x, y, z):
        q, r = torch.linalg.qr(torch.stack([y - x, z - x], 1))
        return (q * r.diagonal().sign()).T

    assert ch.check("plane", by_qr) is by_qr
