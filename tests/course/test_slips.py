"""Is everyone who gives a wrong answer that an exercise lists told so, and nothing else?"""

import importlib
import pkgutil

import pytest
import torch

from unlearnlab import chapters
from unlearnlab.course.exercises import EXERCISES, SLIP, USUAL, WrongAnswer, check, slipped

for chapter in filter(lambda module: module.ispkg, pkgutil.iter_modules(chapters.__path__)):
    importlib.import_module(f"unlearnlab.chapters.{chapter.name}.exercises")

WRONG = [
    (name, wrong)
    for name, made in EXERCISES.items()
    for wrong in made.words
    if SLIP.search(wrong) or wrong in USUAL
]


def usual(name, right):
    if isinstance(right, (tuple, list)):
        return [usual(name, part) for part in right]
    return USUAL[name](torch.as_tensor(right))


@pytest.mark.parametrize("name, wrong", WRONG, ids=" | ".join)
def test_a_wrong_answer_is_told_by_its_own_message(name, wrong):
    exercise = EXERCISES[name]
    reference = exercise.reference
    slip = slipped(reference, wrong) if wrong not in USUAL else None

    def learner(*given):
        try:
            return slip(*given) if slip else usual(wrong, reference(*given))
        except Exception:  # cannot be made of these arguments: the others have to show it
            return reference(*given)

    with pytest.raises(WrongAnswer) as told:
        check(name, slip if isinstance(slip, type) else learner)
    said = str(told.value)
    assert said.startswith(f"{name}: ") and said.endswith(exercise.words[wrong])


def test_a_slip_replaces_what_is_there_for_the_last_time_or_the_last_return():
    project = EXERCISES["loss_gradient"].reference
    X = torch.eye(2)
    assert torch.equal(slipped(project, "return y")(X[0], X, 3 * X[1]), 3 * X[1])
    assert torch.equal(slipped(project, "2 / len(y) -> 2")(X[0], X, 0 * X[1]), 2 * X[0])
    with pytest.raises(ValueError, match="loss_gradient does not have 'Y'"):
        slipped(project, "Y -> X")
