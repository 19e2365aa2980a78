"""The exercise that comes three times: the part of theta in the span of rows, or the rest."""

import torch

from ..projection import project_out
from .exercises import CLOSE, WrongAnswer, call, draw, expect, expect_tensor, same

SIZES = [(3, 8), (2, 5), (6, 30), (1, 4), (5, 9), (7, 12)]
SHORT, UNEVEN, EMPTY = (
    "rows that are all very short",
    "one row a million times longer than the others",
    "no row at all",
)


def check_split(
    learner, *, onto: bool = False, inputs: bool = False, skip: tuple = (), close: float = CLOSE
) -> None:
    """Tests learner(theta, rows), which takes theta off the span of the rows, any number of any
    rank, or, with onto, projects it on the span.

    inputs: that is what rows are called. skip: of SHORT, UNEVEN, EMPTY, what the exercise does not
    ask for.
    close: relative to theta, what passes. Raises WrongAnswer with the cause.
    """
    generator = torch.Generator().manual_seed(0)
    try:
        for k, d in SIZES:
            theta = draw(generator, d)
            rows = draw(generator, k, d) + 0.5  # the shift: rows that share a direction
            _judge(learner, theta, rows, onto, close)
        for theta, rows, kind in _any_rank(generator):
            if kind not in skip:
                _judge(learner, theta, rows, onto, close, kind)
    except WrongAnswer as wrong:
        words = str(wrong)
        if inputs:
            words = words.replace("a row", "an input").replace("row", "input")
        raise WrongAnswer(words) from None


def _any_rank(generator):
    for k, d in [(3, 7), (4, 12), (2, 5)]:
        theta, rows = draw(generator, d), draw(generator, k, d)
        yield theta, torch.cat([rows, 0 * rows[:1]]), "a row of zeros"
        yield theta, torch.cat([rows[:1], rows]), "a row that occurs twice"
        yield theta, torch.cat([rows, rows.sum(0)[None]]), "a row that is the sum of the others"
        yield (
            theta,
            draw(generator, d + 3, d),
            ("more rows than parameters, which span everything, so that nothing is left over,"),
        )
        many = draw(generator, d + 3, k) @ rows
        yield theta, many, "more rows than parameters, of a smaller rank"
        yield theta, rows[:0], EMPTY
        yield theta, 1e-9 * rows, SHORT
        yield theta, torch.cat([1e6 * rows[:1], rows[1:]]), UNEVEN
        yield theta, 0 * rows, "nothing but rows of zeros"


def _judge(learner, theta, rows, onto, close, kind=""):
    try:
        answer = call(learner, theta, rows)
    except WrongAnswer as wrong:
        expect(
            not kind or "raised" not in str(wrong),
            f"with {kind}, {wrong}. Dependent rows make X @ X.T singular. Their span has an "
            "orthonormal basis for any rank: take it from a singular value decomposition, or "
            "use the pseudo-inverse (torch.linalg.pinv)",
        )
        raise
    tensor = isinstance(answer, torch.Tensor)
    expect(
        not isinstance(answer, float) and not (tensor and answer.ndim == 0),
        f"that is a length; return the part itself, a vector of shape ({len(theta)},)",
    )
    expect(
        not (kind and tensor and answer.isnan().any()),
        f"with {kind} the result holds NaN: is there a division by a length or a singular value "
        "of 0? Leave out what is 0",
    )
    right = _part(theta, project_out(theta, rows), onto)
    expect_tensor(answer, right)
    answer = answer.detach().to(theta.dtype)
    if (answer - right).norm() <= close * theta.norm():
        return
    for value, message in () if kind else _mistakes(theta, rows, onto):
        expect(not same(answer, value, theta.norm()), message)
    _explain(answer, right, _part(theta, answer, onto), theta, rows, onto, kind)


def _part(theta, off, onto):
    """What is asked for, from the part off the span, and back."""
    return theta - off if onto else off


def _mistakes(theta, rows, onto):
    """(what a usual slip gives, message)"""
    off, unit = project_out(theta, rows), rows / rows.norm(dim=1, keepdim=True)
    right, other = _part(theta, off, onto), _part(theta, theta - off, onto)
    which = (
        "orthogonal to the rows, the one that has to go"
        if onto
        else "INSIDE the span of the rows; wanted is what they do not feel"
    )
    removed = kept = theta
    for x in rows:
        removed, kept = removed - (x @ removed) / (x @ x) * x, (x @ kept) / (x @ x) * x
    one_by_one = (
        "you take the rows one after the other. That brings back parts of the earlier "
        "ones, unless they are orthogonal to each other: use the span of all of them at "
        "once"
    )
    return [
        (other, f"that is the part {which}. Subtract it from theta"),
        (theta, "theta comes back unchanged: nothing has been taken out"),
        (-right, "the sign is wrong: it is turned. Wanted is the part of theta itself"),
        (-other, "that is the step. Return theta after the step"),
        (
            right / right.norm(),
            "you scaled the result to length 1, which scales what the rows see "
            "of it; wanted is the projection with its own length",
        ),
        (
            _part(theta, theta - rows.T @ (rows @ theta), onto),
            "X.T @ X is a projection only if the rows are orthonormal: put the inverse of X @ X.T "
            "in between",
        ),
        (
            _part(theta, theta - unit.T @ (unit @ theta), onto),
            "rows of length 1 are still not orthogonal to each other. What two of them share is "
            "counted twice",
        ),
        (_part(theta, removed, onto), one_by_one),
        (kept, one_by_one),
    ]


def _explain(answer, right, off, theta, rows, onto, kind):
    """Raises WrongAnswer; off: what the answer says is off the span."""
    where = f"with {kind} " if kind else ""
    expect(
        kind != EMPTY,
        f"{where}nothing explains theta: all of it is left over. The shortest "
        "vector that keeps nothing is 0",
    )
    expect(
        kind not in (SHORT, UNEVEN),
        f"{where}the result changes, but their span does not depend on their lengths. Your rule "
        "for what counts as zero does: an absolute number, or one row's length as a measure for "
        "another. Compare with the largest singular value",
    )
    felt = (rows @ off).norm() > CLOSE * rows.norm() * theta.norm()
    far = f"off by {float((answer - right).norm() / theta.norm()):.1g} of theta"
    if felt:
        seen = (
            "the predictions on the rows change" if onto else "a prediction on a row still reads it"
        )
        raise WrongAnswer(
            f"{where}the result is {far}: {seen}."
            + (
                " Dependent rows make X @ X.T singular, and solving with it turns rounding into an "
                "answer. Drop the singular values near 0, or use torch.linalg.pinv"
                if kind
                else ""
            )
        )
    raise WrongAnswer(
        f"{where}the result is {far}: no row feels what was taken out or left, but "
        "some of theta has been lost. An unpivoted QR of dependent rows invents "
        "directions; keep only those with a singular value above 0"
    )
