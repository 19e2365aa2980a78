"""Is everyone who makes a slip that an exercise lists told so, and nothing else?"""

import importlib
import pkgutil

import pytest
import torch

from unlearnlab import chapters
from unlearnlab.course.exercises import EXERCISES, SLIP, WrongAnswer, check, slipped

for chapter in pkgutil.iter_modules(chapters.__path__):
    importlib.import_module(f"unlearnlab.chapters.{chapter.name}.exercises")

SLIPS = [
    (name, slip) for name, made in EXERCISES.items() for slip in made.words if SLIP.search(slip)
]


@pytest.mark.parametrize("name, slip", SLIPS)
def test_a_slip_is_told_by_its_own_message(name, slip):
    exercise = EXERCISES[name]
    wrong = slipped(exercise.reference, slip)

    def learner(*given):
        try:
            return wrong(*given)
        except Exception:  # cannot be made of these arguments: the others have to show it
            return exercise.reference(*given)

    with pytest.raises(WrongAnswer) as told:
        check(name, wrong if isinstance(wrong, type) else learner)
    assert str(told.value) == f"{name}: {exercise.words[slip]}"


def test_a_slip_replaces_what_is_there_for_the_last_time_or_the_last_return():
    project = EXERCISES["loss_gradient"].reference
    X = torch.eye(2)
    assert torch.equal(slipped(project, "return y")(X[0], X, 3 * X[1]), 3 * X[1])
    assert torch.equal(slipped(project, "2 / len(y) -> 2")(X[0], X, 0 * X[1]), 2 * X[0])
    with pytest.raises(ValueError, match="loss_gradient does not have 'Y'"):
        slipped(project, "Y -> X")
