"""The exercise of notebook 14: every known mistake gets its own message."""

import pytest
import torch

from unlearnlab import metrics
from unlearnlab.chapters import ch14_to_forget as ch
from unlearnlab.course.exercises import WrongAnswer


@pytest.mark.parametrize(
    "wrong, says",
    [
        (lambda right, included: None, "is there a return"),
        (lambda right, included: right.double().mean(0), "memorisation: "),
        (lambda right, included: (right == included).double().mean(0), "memorisation: "),
    ],
)
def test_wrong_scores_are_refused(wrong, says):
    with pytest.raises(WrongAnswer, match=says):
        ch.check("memorisation", wrong)


def test_the_packages_score_is_a_right_answer():
    assert ch.check("memorisation", metrics.memorisation) is metrics.memorisation


def test_one_mean_per_group_is_a_right_answer():
    def by_loop(right, included):
        columns = zip(right.T.double(), included.T)
        return torch.stack([row[saw].mean() - row[~saw].mean() for row, saw in columns])

    assert ch.check("memorisation", by_loop) is by_loop
