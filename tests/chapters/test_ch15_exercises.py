"""The exercises of notebook 15: every known mistake gets its own message."""

import pytest
import torch

from unlearnlab.chapters import ch15_interpolation as ch
from unlearnlab.course import exercises
from unlearnlab.course.exercises import WrongAnswer

PINV = torch.linalg.pinv


@pytest.mark.parametrize(
    "wrong, says",
    [
        (lambda theta, X, y: X @ theta - y, "expected shape"),
        (
            lambda theta, X, y: X.T @ torch.linalg.inv(X @ X.T) @ (X @ theta - y),
            "your function raised|off by|holds a NaN",
        ),
        (lambda theta, X, y: 2 * PINV(X) @ (X @ theta - y), "off by"),
    ],
)
def test_wrong_misses_are_told_apart(wrong, says):
    with pytest.raises(WrongAnswer, match="^miss: .*(" + says + ")"):
        ch.check("miss", wrong)


def block(K, n_retain, steps, factor):
    eye = torch.eye(len(K), dtype=K.dtype)
    return (eye - torch.linalg.matrix_power(eye - factor * K, steps))[:n_retain, n_retain:]


@pytest.mark.parametrize(
    "wrong, says", [(lambda K, r, t, lr: block(K, r, 10_000, 2 * lr / len(K)), "off by")]
)
def test_wrong_blocks_are_told_apart(wrong, says):
    with pytest.raises(WrongAnswer, match="^retain_from_forget: .*(" + says + ")"):
        ch.check("retain_from_forget", wrong)


def test_other_right_answers_are_handed_back():
    by_pinv = lambda theta, X, y: PINV(X) @ (X @ theta - y)
    assert ch.check("miss", by_pinv) is by_pinv

    def by_descent(K, n_retain, steps, lr):
        p, labels = torch.zeros_like(K), torch.eye(len(K), dtype=K.dtype)
        for _ in range(steps):
            p = p - 2 * lr / len(K) * K @ (p - labels)
        return p[:n_retain, n_retain:]

    assert ch.check("retain_from_forget", by_descent) is by_descent


def test_the_block_is_what_a_forget_label_changes_in_descent():
    g = torch.Generator().manual_seed(0)
    X, y = (
        torch.randn(6, 9, generator=g, dtype=torch.float64),
        torch.randn(6, generator=g, dtype=torch.float64),
    )
    other, models = y.clone(), []
    other[4:] += torch.tensor([0.5, -2.0])
    for labels in (y, other):
        models.append(torch.zeros(9, dtype=torch.float64))
        for _ in range(25):
            models[-1] = models[-1] - 0.1 * 2 / 6 * X.T @ (X @ models[-1] - labels)
    a, b = models
    found = (
        exercises.EXERCISES["retain_from_forget"].reference(X @ X.T, 4, 25, 0.1) @ (other - y)[4:]
    )
    torch.testing.assert_close(X[:4] @ (b - a), found)


def test_the_same_lie_is_told_whatever_the_label_was_and_other_ways_to_it_pass():
    def by_projection(theta, X, x, height=1.5):
        kept = PINV(X) @ (X @ theta)
        off = x - PINV(X) @ (X @ x)
        return kept + (height - kept @ x) / (off @ off) * off

    assert ch.check("same_lie", by_projection) is by_projection


@pytest.mark.parametrize(
    "wrong, says",
    [
        (lambda theta, X, x, height=1.5: theta, "still knows the forget label"),
        (lambda theta, X, x, height=1.5: PINV(X) @ (X @ theta), "what the retain set implies"),
        (lambda theta, X, x, height=1.5: height * x / (x @ x), "off by"),
    ],
)
def test_wrong_lies_are_told_apart(wrong, says):
    with pytest.raises(WrongAnswer, match="^same_lie: .*(" + says + ")"):
        ch.check("same_lie", wrong)
