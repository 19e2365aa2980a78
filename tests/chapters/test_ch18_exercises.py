"""The exercises of notebook 18: every known mistake gets its own message, and what is right by
another way passes."""

import pytest
import torch

from unlearnlab.chapters import ch18_passage as ch
from unlearnlab.course.exercises import WrongAnswer


def unit(v):
    return v / v.norm()


def first(rows):
    return torch.linalg.svd(rows, full_matrices=False).Vh[0]


def off(v, rows):
    u = unit(rows.sum(0))
    return v - (u @ v) * u


@pytest.mark.parametrize(
    "wrong, says",
    [
        (lambda rows: None, "is there a return"),
        (lambda rows: first(rows)[None], r"expected shape \(9,\), got \(1, 9\)"),
        (lambda rows: first(rows), "the sum of the rows feels your v"),
        (lambda rows: unit(rows.sum(0)), "the sum of the rows feels your v"),
        (lambda rows: off(first(rows), rows), "the length of your v is"),
        (lambda rows: unit(off(first(rows), rows)), "Take the sum out of the rows first"),
        (lambda rows: unit(off(rows[0], rows)), "moves the rows by"),
        (lambda rows: first(rows - rows.mean(0)), "the sum of the rows feels your v"),
        (lambda rows: first(rows) / 0, "NaN or an infinity"),
    ],
)
def test_a_wrong_direction_is_told_why(wrong, says):
    with pytest.raises(WrongAnswer, match=says):
        ch.check("unprotected", wrong)


def test_the_other_sign_and_another_way_are_right_answers():
    def by_eigenvectors(rows):
        u = unit(rows.sum(0))
        P = torch.eye(len(u), dtype=rows.dtype) - torch.outer(u, u)
        return -torch.linalg.eigh(P @ rows.T @ rows @ P).eigenvectors[:, -1]

    assert ch.check("unprotected", by_eigenvectors) is by_eigenvectors


@pytest.mark.parametrize(
    "wrong, says",
    [
        (lambda logits, true, rivals: None, "is there a return"),
        (lambda logits, true, rivals: -logits.log_softmax(1)[0, true], "exposure: "),
        (lambda logits, true, rivals: logits.double().argmax(1) == true, "expected float32"),
    ],
)
def test_a_wrong_exposure_is_refused(wrong, says):
    with pytest.raises(WrongAnswer, match=says):
        ch.check("exposure", wrong)


def test_an_exposure_by_sorting_is_a_right_answer():
    def by_sorting(logits, true, rivals):
        order = rivals[logits[:, rivals].argsort(1, descending=True)]
        ranks = (order == true[:, None]).double().argmax(1) + 1
        return (len(rivals) / ranks.double()).log2()

    assert ch.check("exposure", by_sorting) is by_sorting


@pytest.mark.parametrize("name", ["exposure", "unprotected"])
def test_no_hint_but_the_last_is_the_solution(name):
    hints = ch.hints(name)
    assert len(hints) == 4 and "def " in hints[-1]
    assert not any("def " in hint or "return" in hint for hint in hints[:-1])
