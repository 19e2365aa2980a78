"""Do the checks of notebook 07 pass every right answer, and tell each mistake by its message?"""

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


def _echelon_rank(features):
    rows, count = (features / features.abs().max().clamp_min(1e-300)).clone(), 0
    for _ in range(min(rows.shape)):
        i, j = divmod(int(rows.abs().argmax()), rows.shape[1])
        if rows[i, j].abs() < 1e-10:
            break
        rows = rows - rows[:, j : j + 1] @ rows[i : i + 1] / rows[i, j]
        count += 1
    return count


def _loop_prune(A, c):
    A = A.clone()
    for i, weight in enumerate(c):
        if weight == 0:
            A[i] = 0
    return A


OTHER_RIGHT = [
    ("active_neurons", lambda A, c: sum(1 for a, w in zip(A, c) if w != 0 and a.abs().max() > 0)),
    ("active_neurons", lambda A, c: ((c.abs() > 0) & (A.abs().amax(1) > 0)).sum()),
    ("active_neurons", lambda A, c: float(((c != 0) * (A != 0).any(1)).sum())),
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
    ("width_bound", lambda features: ul.two_layer.rank(features)),
    ("width_bound", lambda features: torch.linalg.matrix_rank(features)),
    (
        "width_bound",
        lambda features: (
            torch.linalg.svdvals(features) > 1e-10 * torch.linalg.svdvals(features).max()
        ).sum(),
    ),
    ("width_bound", _echelon_rank),
    ("prune_rows", _loop_prune),
    ("prune_rows", lambda A, c: torch.where(c[:, None] != 0, A, 0)),
    ("prune_rows", lambda A, c: torch.diag((c != 0).double()) @ A),
]


@pytest.mark.parametrize("name, other", OTHER_RIGHT)
def test_another_right_implementation_passes(name, other):
    assert ch.check(name, other) is other


def _zeroed(c, rows):
    c = c.clone()
    c[rows] = 0
    return c


def _kept(c, keep):
    new = torch.zeros_like(c)
    new[keep] = c[keep]
    return new


def _square_only(c, features, keep):
    new = torch.zeros_like(c)
    new[keep] = torch.linalg.solve(features[:, keep], features @ c)
    return new


def _sorted_places(c, features, keep):
    new = torch.zeros_like(c)
    new[keep.sort().values] = right["move_onto"](c, features, keep)[keep]
    return new


def _leak(c, features, keep):
    new = right["move_onto"](c, features, keep)
    return new + 0.5 * (new == 0)


def _only_moved(c, features, keep):
    return right["move_onto"](c, features, keep) - _kept(c, keep)


def _shortest(c, features, keep):
    return torch.linalg.pinv(features) @ (features @ c)


WRONG = [
    ("active_neurons", lambda A, c: None, "is there a return"),
    ("active_neurons", lambda A, c: (c != 0).sum(), "count the nonzero output weights"),
    ("active_neurons", lambda A, c: (A != 0).any(1).sum(), "count the nonzero rows"),
    ("active_neurons", lambda A, c: ((c != 0) | (A != 0).any(1)).sum(), "in OR out"),
    ("active_neurons", lambda A, c: len(c) - right["active_neurons"](A, c), "NOT active"),
    ("active_neurons", lambda A, c: (A * c[:, None] != 0).sum(), "you count weights"),
    ("active_neurons", lambda A, c: ((c != 0) & (A != 0).all(1)).sum(), "only if ALL its entries"),
    ("active_neurons", lambda A, c: (c.abs() * A.norm(dim=1) > 1e-12).sum(), "absolute tolerance"),
    ("active_neurons", lambda A, c: (c.abs() * A.norm(dim=1) > 0).sum(), "underflows"),
    ("active_neurons", lambda A, c: (c != 0) & (A != 0).any(1), "return one whole number"),
    ("active_neurons", lambda A, c: (c.abs() * A.norm(dim=1)).sum(), "whole number"),
    ("active_neurons", lambda A, c: bool((c != 0).any()), "how many, not whether"),
    ("active_neurons", lambda A, c: "four", "got 'four'"),
    ("active_neurons", lambda A, c: len(c), "every neuron, active or not"),
    (
        "active_neurons",
        lambda A, c: right["active_neurons"](A, c) - 3,
        "the result should be 8, got 5",
    ),
    ("active_neurons", _in_place("active_neurons"), "in place"),
    ("cancel", lambda c, basis, leading: None, "is there a return"),
    ("cancel", lambda c, basis, leading: c + basis @ c[leading], "sign is wrong"),
    ("cancel", lambda c, basis, leading: _zeroed(c, leading), "leave the others"),
    ("cancel", lambda c, basis, leading: -basis @ c[leading], "that is the change"),
    ("cancel", lambda c, basis, leading: c - basis.sum(1), "subtract every column once"),
    ("cancel", lambda c, basis, leading: c - basis @ c[: basis.shape[1]], "first entries of c"),
    ("cancel", lambda c, basis, leading: c - basis @ c[leading.sort().values], "order is mixed up"),
    ("cancel", lambda c, basis, leading: c - basis @ (torch.linalg.pinv(basis) @ c), "not sparse"),
    ("cancel", lambda c, basis, leading: 1.1 * right["cancel"](c, basis, leading), "off by"),
    (
        "cancel",
        lambda c, basis, leading: c[:, None] - basis @ c[leading][:, None],
        "expected shape",
    ),
    ("cancel", _in_place("cancel"), "in place"),
    ("move_onto", lambda c, features, keep: None, "is there a return"),
    ("move_onto", lambda c, features, keep: c.clone(), "unchanged"),
    ("move_onto", lambda c, features, keep: _kept(c, keep), "without making up"),
    (
        "move_onto",
        lambda c, features, keep: right["move_onto"](c, features, keep)[keep],
        "the kept neurons alone",
    ),
    ("move_onto", _only_moved, "Add what the kept"),
    (
        "move_onto",
        lambda c, features, keep: right["move_onto"](c, features, keep) + _kept(c, keep),
        "counted twice",
    ),
    ("move_onto", _shortest, "uses every neuron"),
    ("move_onto", _sorted_places, "wrong places"),
    ("move_onto", _square_only, "not square"),
    ("move_onto", _leak, "outside `keep`"),
    ("move_onto", lambda c, features, keep: 1.01 * right["move_onto"](c, features, keep), "off by"),
    ("move_onto", _in_place("move_onto"), "in place"),
    ("width_bound", lambda features: None, "is there a return"),
    ("width_bound", lambda features: len(features), "you return n_r"),
    ("width_bound", lambda features: features.shape[1], "you return the width"),
    ("width_bound", lambda features: min(features.shape), "an upper bound for s"),
    (
        "width_bound",
        lambda features: int((torch.linalg.svdvals(features) > 1e-6).sum()),
        "absolute",
    ),
    (
        "width_bound",
        lambda features: int((torch.linalg.svdvals(features) > 0).sum()),
        "the rows of features are dependent",
    ),
    (
        "width_bound",
        lambda features: right["width_bound"](features) + 1,
        "the result should be 4, got 5",
    ),
    (
        "width_bound",
        lambda features: right["width_bound"](features) + (features.shape == (7, 12)),
        "occur twice",
    ),
    (
        "width_bound",
        lambda features: right["width_bound"](features) + (features.shape == (6, 12)),
        "sum of two others",
    ),
    ("width_bound", lambda features: torch.linalg.svdvals(features), "return one whole number"),
    ("width_bound", _in_place("width_bound"), "in place"),
    ("prune_rows", lambda A, c: None, "is there a return"),
    ("prune_rows", lambda A, c: A.clone(), "unchanged"),
    ("prune_rows", lambda A, c: A[c != 0], "removed the rows"),
    ("prune_rows", lambda A, c: A * (c == 0)[:, None], "Zero the others"),
    ("prune_rows", lambda A, c: A * c[:, None], "multiply the rows by c"),
    ("prune_rows", lambda A, c: A * (c > 0)[:, None], "negative weight"),
    (
        "prune_rows",
        lambda A, c: A * (c != 0)[None] if A.shape[0] == A.shape[1] else A * (c != 0)[:, None],
        "zero columns",
    ),
    ("prune_rows", lambda A, c: A * (c.abs() > 1e-9)[:, None], "small, not 0"),
    ("prune_rows", lambda A, c: (A * (c != 0)[:, None], c), "return the new A alone"),
    ("prune_rows", lambda A, c: (c != 0).double(), "the matrix A"),
    ("prune_rows", lambda A, c: 1.1 * A * (c != 0)[:, None], "off by"),
    ("prune_rows", lambda A, c: A * (c / c)[:, None], "NaN"),
    ("prune_rows", _in_place("prune_rows"), "in place"),
]


@pytest.mark.parametrize("name, wrong, message", WRONG)
def test_a_wrong_answer_is_told_by_its_own_message(name, wrong, message):
    with pytest.raises(WrongAnswer, match=message):
        ch.check(name, wrong)
