"""Do the checks of notebook 07 pass every right answer, and tell each mistake by its message?"""

import itertools

import numpy as np
import pytest
import torch

import unlearnlab as ul
from unlearnlab.chapters import ch07_two_layer as ch
from unlearnlab.course.exercises import EXERCISES, WrongAnswer

right = {name: exercise.reference for name, exercise in EXERCISES.items()}


def _in_place(name):
    def wrong(first, *rest):
        answer = right[name](first, *rest)
        first += 1
        return answer

    return wrong


def _one_by_one(c, basis, leading):
    c = c.clone()
    for column, row in zip(basis.T, leading):
        c -= c[row] * column
    return c


def _triangular(c, basis, leading):
    return c - basis @ torch.linalg.solve(basis[leading], c[leading]) if len(leading) else c.clone()


def _dropped_contributions(c, features, keep):
    others = torch.tensor([i not in keep for i in range(len(c))])
    new = torch.where(others, 0, c)
    new[keep] += torch.linalg.pinv(features[:, keep]) @ (features[:, others] @ c[others])
    return new


def _normal_equations(c, features, keep):
    B, new = features[:, keep], torch.zeros_like(c)
    new[keep] = torch.linalg.solve(B.T @ B, B.T @ (features @ c))
    return new


def _fewest_by_least_squares(c, features):
    for size in range(len(c) + 1):
        for columns in itertools.combinations(range(len(c)), size):
            part, outputs = features[:, list(columns)].numpy(), (features @ c).numpy()
            if np.linalg.norm(part @ np.linalg.lstsq(part, outputs)[0] - outputs) <= (
                1e-10 * np.linalg.norm(outputs)
            ):
                return size


def _without_a_search(c, features):
    if (features @ c).norm() == 0:
        return 0
    return min(int((c != 0).sum()), int(torch.linalg.matrix_rank(features)))


def _one_after_another(c, features):
    """Matching pursuit: the neuron that is nearest to what is missed, again and again."""
    outputs = missed = features @ c
    kept = []
    while missed.norm() > 1e-9 * outputs.norm():
        near = (features.T @ missed).abs() / features.norm(dim=0)
        near[kept] = -1
        kept.append(int(near.argmax()))
        part = features[:, kept]
        missed = outputs - part @ (torch.linalg.pinv(part) @ outputs)
    return len(kept)


def _none_one_or_the_rank(c, features):
    size = right["fewest"](c, features)
    return size if size < 2 else _without_a_search(c, features)


def _never_all(c, features):
    size = right["fewest"](c, features)
    return size if size < len(c) else None


OTHER_RIGHT = [
    ("cancel", _one_by_one),
    ("cancel", _triangular),
    ("cancel", lambda c, basis, leading: c - (basis * c[leading]).sum(1)),
    ("move_onto", _dropped_contributions),
    ("move_onto", _normal_equations),
    (
        "move_onto",
        lambda c, features, keep: torch.zeros_like(c).index_put(
            (keep,), torch.linalg.pinv(features[:, keep]) @ features @ c
        ),
    ),
    ("fewest", _fewest_by_least_squares),
    (
        "still_lying",
        lambda c, features, at_forget: ch.pursuit.basis_pursuit(
            c, torch.vstack([features, at_forget])
        ),
    ),
]


@pytest.mark.parametrize("name, other", OTHER_RIGHT)
def test_another_right_implementation_passes(name, other):
    assert ch.check(name, other) is other


def _square_only(c, features, keep):
    new = torch.zeros_like(c)
    new[keep] = torch.linalg.solve(features[:, keep], features @ c)
    return new


def _leak(c, features, keep):
    new = right["move_onto"](c, features, keep)
    return new + 0.5 * (new == 0)


WRONG = [
    ("cancel", lambda c, basis, leading: None, "is there a return"),
    ("cancel", lambda c, basis, leading: 1.1 * right["cancel"](c, basis, leading), "off by"),
    (
        "cancel",
        lambda c, basis, leading: c[:, None] - basis @ c[leading][:, None],
        "expected shape",
    ),
    ("cancel", _in_place("cancel"), "in place"),
    ("move_onto", lambda c, features, keep: None, "is there a return"),
    ("move_onto", _square_only, "not square"),
    ("move_onto", _leak, "outside `keep`"),
    ("move_onto", lambda c, features, keep: 1.01 * right["move_onto"](c, features, keep), "off by"),
    ("move_onto", _in_place("move_onto"), "in place"),
    ("fewest", lambda c, features: None, "is there a return"),
    ("fewest", lambda c, features: torch.arange(len(c)), "return one whole number"),
    ("fewest", lambda c, features: max(1, right["fewest"](c, features)), "the answer is 0"),
    (
        "fewest",
        lambda c, features: right["fewest"](c, features) if features.norm() > 1e-9 else 0,
        "1e-12 times as large",
    ),
    ("fewest", lambda c, features: right["fewest"](c, features) + 1, "should be 1, got 2"),
    ("fewest", _without_a_search, "Only a search finds it"),
    ("fewest", _one_after_another, "not the one that does most alone"),
    ("fewest", _none_one_or_the_rank, "one neuron does what two of them do"),
    ("fewest", _never_all, "is there a return"),
    ("fewest", _in_place("fewest"), "in place"),
    ("still_lying", lambda c, features, at_forget: None, "is there a return"),
    ("still_lying", lambda c, features, at_forget: c.clone(), "where s \\+ 1 = 4 are allowed"),
    ("still_lying", lambda c, features, at_forget: 0 * c, "at the retain points have changed"),
    (
        "still_lying",
        lambda c, features, at_forget: ul.two_layer.sparsify(c, features),
        "not the output at the forget point",
    ),
    ("still_lying", lambda c, features, at_forget: c[:2], "expected shape"),
    ("still_lying", _in_place("still_lying"), "in place"),
]


@pytest.mark.parametrize("name, wrong, message", WRONG)
def test_a_wrong_answer_is_told_by_its_own_message(name, wrong, message):
    with pytest.raises(WrongAnswer, match=message):
        ch.check(name, wrong)
