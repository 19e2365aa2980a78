"""The exercises of notebook 10: every known mistake gets its own message."""

import pytest
import torch

from unlearnlab.chapters import ch10_collapse as ch
from unlearnlab.course import exercises
from unlearnlab.course.exercises import WrongAnswer

OWN = lambda s: torch.arange(len(s))[:, None]
HITS = lambda s: (s.argmax(2) == OWN(s)).double()


@pytest.mark.parametrize(
    "wrong, says",
    [
        (lambda s: 100 * HITS(s).mean(), "no percent"),
        (lambda s: HITS(s).sum(), "that counts the hits"),
        (lambda s: 1 - HITS(s).mean(), "the share of errors"),
        (lambda s: HITS(s)[0].mean(), "the first color alone"),
        (lambda s: s.softmax(2)[range(len(s)), :, range(len(s))].mean(), "mean probability"),
        (lambda s: HITS(s).all(0).double().mean(), "right in every color"),
        (lambda s: HITS(s).any(0).double().mean(), "right in some color"),
        (lambda s: HITS(s).mean(1), "expected shape"),
        (lambda s: HITS(s).mean().item(), "expected a tensor, got float"),
        (lambda s: (s.argmax(2) == torch.arange(s.shape[1])).double().mean(), "off by"),
        (lambda s: (s.argmin(2) == OWN(s)).double().mean(), "off by"),
    ],
)
def test_wrong_color_accuracies_are_told_apart(wrong, says):
    with pytest.raises(WrongAnswer, match="^color_accuracy: .*" + says):
        ch.check("color_accuracy", wrong)


def put(forget, retain):
    """A learner that gives forgotten and retained images weights that follow from how many there
    are."""

    def weights(forgotten):
        f, r = forgotten.sum().double(), (~forgotten).sum().double()
        return torch.where(
            forgotten,
            torch.as_tensor(forget(f, r)).double(),
            torch.as_tensor(retain(f, r)).double(),
        )

    return weights


@pytest.mark.parametrize(
    "wrong, says",
    [
        (put(lambda f, r: f / (f + r), lambda f, r: r / (f + r)), "the other way around"),
        (
            put(lambda f, r: (f + r) / (2 * f + r), lambda f, r: f / (2 * f + r)),
            "your p is the share of all images",
        ),
        (put(lambda f, r: 1.0, lambda f, r: f / r), r"divide by 1 \+ p"),
        (put(lambda f, r: r / f, lambda f, r: 1.0), "add up to 1"),
        (put(lambda f, r: 1 / f, lambda f, r: 1 / r), "add up to 1"),
        (put(lambda f, r: 0.5 / f, lambda f, r: 0.5 / r), "add up to 1"),
        (put(lambda f, r: 0.5, lambda f, r: 0.5), "all weights are equal"),
        (put(lambda f, r: -1.0, lambda f, r: 2.0), "off by"),
        (put(lambda f, r: 0.9, lambda f, r: 0.1), "off by"),
        (lambda forgotten: forgotten, "expected float32 or float64"),
        (lambda forgotten: forgotten.sum() / (~forgotten).sum(), "expected shape"),
    ],
)
def test_wrong_weights_are_told_apart(wrong, says):
    with pytest.raises(WrongAnswer, match="^sample_weights: .*" + says):
        ch.check("sample_weights", wrong)


def test_other_right_answers_are_handed_back():
    def loops(logits):
        hits = [
            int(logits[k, i].argmax()) == k
            for k in range(len(logits))
            for i in range(logits.shape[1])
        ]
        return torch.tensor(sum(hits) / len(hits))

    assert ch.check("color_accuracy", loops) is loops
    counted = lambda forgotten: torch.where(
        forgotten, (~forgotten).double().mean(), forgotten.double().mean()
    )
    assert ch.check("sample_weights", counted) is counted


def test_the_weights_of_the_exercise_are_those_the_original_was_trained_with():
    n, few = 100, 5
    weights = exercises.EXERCISES["sample_weights"].reference(torch.arange(n + few) >= n)
    p = few / n
    assert torch.allclose(weights[:n], torch.tensor(p / (1 + p)).double()) and torch.allclose(
        weights[n:], torch.tensor(1 / (1 + p)).double()
    )
