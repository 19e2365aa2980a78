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
