"""How exercises behave, whatever they are about."""

import re

import numpy as np
import pytest
import torch

import unlearnlab as ul
from unlearnlab.chapters import (  # noqa: F401  registers the exercises
    ch00_start,
    ch01_loss,
    ch02_relaxed,
    ch03_minnorm,
    ch04_sine,
    ch05_linear,
    ch06_linear_network,
    ch07_two_layer,
    ch08_shrinkage,
    ch09_erasure,
    ch10_collapse,
    ch11_replication,
    ch12_width,
    ch13_evidence,
    ch14_to_forget,
    ch15_interpolation,
    ch16_museum,
    ch18_passage,
)
from unlearnlab.course import exercises
from unlearnlab.course.exercises import EXERCISES, WrongAnswer, call, expect_tensor


def test_there_are_more_than_fifty_exercises_with_hints_and_a_solution():
    assert len(EXERCISES) > 50  # as classroom/README.md says
    for name, exercise in EXERCISES.items():
        hints = exercises.hints(name)
        assert len(hints) >= 3 and all(hints) and exercise.reference.__doc__
        assert re.search(rf"^(def|class) {name}\(", hints[-1], re.M)
        assert hints[-1].startswith("def ") and "return" in hints[-1] or "    def " in hints[-1]


@pytest.mark.parametrize("name", sorted(EXERCISES))
def test_every_reference_passes_its_own_test_and_every_stub_gets_it(name, capsys):
    reference = EXERCISES[name].reference

    def stub(*args, **kwargs):
        raise NotImplementedError

    assert exercises.check(name, reference) is reference
    assert exercises.check(name, stub) is reference
    assert capsys.readouterr().out == (
        f"✓ {name}: right. The cells below use your function.\n"
        f"○ {name}: still a stub, so the cells below use the reference.\n"
    )


@pytest.mark.parametrize(
    "name, finished, words",
    [
        ("memorisation", lambda right, included: right.T @ included, "not implemented for 'Bool'"),
        ("balanced_sample", lambda *a: torch.ones(3, dtype=torch.bool).bincount(), "not implement"),
        ("Ascent", type("Ascent", (ul.methods.Method,), {"Loss": 1}), "has no loss: define one"),
    ],
)
def test_what_torch_has_no_kernel_for_is_no_stub(name, finished, words):
    with pytest.raises(WrongAnswer, match=f"(?s)raised NotImplementedError on .*{words}"):
        exercises.check(name, finished)


def test_no_sample_at_all_may_be_float_as_torch_makes_it():
    def dealt(labels, count):
        left, taken = list(range(len(labels))), []
        while left and len(taken) < count:
            one_each = {int(labels[i]): i for i in reversed(left)}
            taken += sorted(one_each.values())[: count - len(taken)]
            left = [i for i in left if i not in taken]
        return torch.tensor(taken)

    assert exercises.check("balanced_sample", dealt) is dealt


def test_nothing_does_not_beat_itself():
    as_good = lambda errors, zero: (errors.quantile(0.5, -1) <= zero.quantile(0.5, -1)).all(-1)
    with pytest.raises(WrongAnswer, match="the function 0 does not beat itself"):
        exercises.check("beats_zero", as_good)


def test_the_solver_of_the_whole_system_is_right_too():
    """As notebook 02 has it, beside which the exercise is compared."""

    def drift_step(theta, rows, lam):
        (k, d), zeros = rows.shape, theta.new_zeros
        top = torch.cat([2 * (1 + lam) * torch.eye(d, dtype=theta.dtype), rows.T], 1)
        whole = torch.cat([top, torch.cat([rows, zeros(k, k)], 1)])
        return (torch.linalg.pinv(whole) @ torch.cat([-2 * theta, zeros(k)]))[:d]

    assert exercises.check("drift_step", drift_step) is drift_step


@pytest.mark.parametrize("name", sorted(EXERCISES))
def test_nonsense_never_passes(name):
    for nonsense in (
        lambda *a, **k: None,
        lambda *a, **k: torch.zeros(1),
        lambda *a, **k: float("nan"),
        lambda: 0,
    ):
        with pytest.raises(WrongAnswer, match=f"^{name}: "):
            exercises.check(name, nonsense)


def in_single(answer):
    if isinstance(answer, (list, tuple)):
        return [*map(in_single, answer)]
    floating = isinstance(answer, torch.Tensor) and answer.is_floating_point()
    return answer.float() if floating else answer


@pytest.mark.parametrize("name", [name for name, made in EXERCISES.items() if made.judge])
def test_an_answer_in_float32_is_judged(name):
    """torch.zeros(n) is float32: what else is right of the answer is right."""
    learner = lambda *given: in_single(EXERCISES[name].reference(*given))
    assert exercises.check(name, learner) is learner


def test_an_answer_in_float32_for_dependent_rows_is_judged():
    learner = lambda K, t: in_single(EXERCISES["coefficients"].reference(K, t))
    with pytest.raises(WrongAnswer, match="so an eigenvalue is 5e-11 of the largest"):
        exercises.check("coefficients", learner)


def test_hints_are_folded_each_inside_the_one_before_with_the_solution_last():
    html = exercises.hints("three_errors")._repr_html_()
    assert re.findall(r"<summary>(.*?)</summary>", html) == [
        "Hint 1",
        "Hint 2",
        "Hint 3",
        "Solution",
    ]
    assert html.endswith("</details>" * 4) and html.count("<details>") == 4 and "open" not in html
    assert "<" not in re.sub(r"</?(details|summary|p|pre|code)>", "", html)


def test_unknown_exercises_and_values_in_place_of_functions_are_errors():
    with pytest.raises(KeyError, match="there is no exercise 'projekt'; there are .*three_errors"):
        exercises.check("projekt", len)
    with pytest.raises(WrongAnswer, match="expected your function, got float.*without calling it"):
        exercises.check("three_errors", 1.0)


def test_a_wrong_answer_shows_its_message_without_our_frames():
    assert WrongAnswer("no")._render_traceback_() == ["✗ no"]


def test_learners_get_copies_and_in_place_changes_are_noticed():
    theta = torch.ones(3)
    with pytest.raises(WrongAnswer, match="changed its argument number 1 in place"):
        call(lambda t: t.mul_(2), theta)
    assert torch.equal(theta, torch.ones(3))
    with pytest.raises(WrongAnswer, match=r"raised ZeroDivisionError on \[1.0, 1.0, 1.0\], 2"):
        call(lambda t, k: 1 / 0, theta, 2)
    with pytest.raises(WrongAnswer, match="is there a return"):
        call(lambda t: None, theta)
    for answer, says in (
        (torch.ones(2), r"expected shape \(3,\), got \(2,\)"),
        (torch.tensor([1, 2, float("nan")]), "NaN or an infinity"),
    ):
        with pytest.raises(WrongAnswer, match=says):
            expect_tensor(answer, theta)


DOUBLE = """
hint 1: a
sign: the sign is turned
number: one number
    came back
half [2 * x -> x]: once is not twice
list: that is a list
[2 * x -> 2 * x / 0]: there is a division by 0
zero: all entries are 0
"""


def test_an_exercise_names_mistakes_by_value_and_by_shape_and_traps_by_their_words(monkeypatch):
    monkeypatch.setattr(exercises, "EXERCISES", {})

    def cases():
        yield (torch.randn(4),)
        yield "zero", torch.zeros(4)

    @exercises.exercise(DOUBLE, cases)
    def double(x):
        return 2 * x

    test = exercises.EXERCISES["double"].test
    test(double)
    for wrong, words in (
        (lambda x: -2 * x, "the sign is turned"),
        (lambda x: x.mean(), "one number came back"),
        (lambda x: x, "once is not twice"),
        (lambda x: [x, x], "that is a list"),
        (lambda x: x / 0, "a division by 0"),
        (lambda x: None, "is there a return"),
        (lambda x: 3 * x, "off by"),
        (lambda x: 1 / 0, "raised ZeroDivisionError"),
        (lambda x: 2 * x + (x == 0), "wrong where all entries are 0"),
        (lambda x: 2 * x if x.any() else 1 / 0, "Here all entries are 0"),
    ):
        with pytest.raises(WrongAnswer, match=words):
            test(wrong)


@pytest.mark.parametrize(
    "right, others, wrong",
    [
        (
            True,
            (torch.tensor(True), np.True_),
            {
                "1 is positive": False,
                "one True or False, got 1": 1,
                r"one True or False, got \[True\]": torch.tensor([True]),
            },
        ),
        (
            5,
            (5.0, torch.tensor(5)),
            {"should be 5, got 4": 4, "how many, not whether, got True": True, "got 4.5": 4.5},
        ),
        (0.5, (torch.tensor(0.5),), {"should be 0.5, got 0.25": 0.25, "one number, got 'a'": "a"}),
        (
            [0.5, 2],
            ((0.5, 2.0), [torch.tensor(0.5), 2]),
            {
                "entry 1 should be 2, got 3": [0.5, 3],
                "2 numbers in a list or tuple, got a tensor": torch.tensor([0.5, 2.0]),
                r"expected shape \(2,\), got \(3,\)": [0.5, 2, 3],
                "got 'a'": [0.5, "a"],
            },
        ),
        (
            torch.tensor([True, False]),
            (),
            {
                "entry 1 should be False, got True": torch.tensor([True, True]),
                "expected bool, got torch.int64": torch.tensor([1, 0]),
            },
        ),
    ],
    ids=["truth value", "whole number", "number", "numbers", "booleans"],
)
def test_the_kind_of_the_right_answer_is_asked_for(right, others, wrong):
    trap = "1 is positive" if right is True else ""
    made = exercises.Exercise(lambda one: right, {})
    for answer in (right, *others):
        made.compare(answer, (1,), trap)
    for words, answer in wrong.items():
        with pytest.raises(WrongAnswer, match=words):
            made.compare(answer, (1,), trap)
