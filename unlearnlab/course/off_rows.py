"""The exercise that comes three times: the part of theta in the span of rows, or the rest."""

from collections.abc import Callable

import torch

from ..projection import project_out
from .exercises import CLOSE, draw, exercise

# What is said of wrong answers; `OFF` or `ONTO` goes behind the hints of an exercise
SPLIT = """
number: that is a length; return the part itself, a vector of shape (d,)
theta: theta comes back unchanged: nothing has been taken out
sign: the sign is wrong: it is turned. Wanted is the part of theta itself
step: that is the step. Return theta after the step
unit: you scaled the result to length 1, which scales what the rows see of it; wanted is the
    projection with its own length
plain: X.T @ X is a projection only if the rows are orthonormal: put the inverse of X @ X.T in
    between
units: rows of length 1 are still not orthogonal to each other. What two of them share is counted
    twice
in turn: you take the rows one after the other. That brings back parts of the earlier ones, unless
    they are orthogonal to each other: use the span of all of them at once
only one: you take the rows one after the other, each time what the last one leaves: use the span
    of all of them at once
half: half of it has been lost: a projection keeps its part whole
fewer: the last row is left out: its prediction still reads the result
a row of zeros, a row that occurs twice, a row that is the sum of the others, a smaller rank than
    there are parameters, nothing but rows of zeros: there is {name}. Dependent rows make X @ X.T
    singular, and solving with it turns rounding into an answer; an unpivoted QR of them invents
    directions; a division by a length or a singular value of 0 gives NaN. Their span has an
    orthonormal basis for any rank: take it from a singular value decomposition, without the
    singular values near 0, or use the pseudo-inverse (torch.linalg.pinv)
full: there are more rows than parameters, which span everything, so that nothing is left over
empty: there is no row at all, and nothing explains theta: all of it is left over. The shortest
    vector that keeps nothing is 0
short: the rows are all very short, but their span does not depend on their lengths. Is your rule
    for what counts as zero an absolute number? Compare with the largest singular value
uneven: one row is a million times longer than the others, but their span does not depend on their
    lengths. Your rule for what counts as zero does: is one row's length a measure for another?
    Compare with the largest singular value
"""
OFF = f"""{SPLIT}other: that is the part INSIDE the span of the rows; wanted is what they do not
    feel. Subtract it from theta
"""
ONTO = f"""{SPLIT}other: that is the part orthogonal to the rows, the one that has to go.
    Subtract it from theta
"""


def split_exercise(hints: str, wanted: str, *, skip: str = "", close: float = CLOSE) -> Callable:
    """`exercise` for a function of (theta, rows), any number of rows of any rank: theta without its
    part in their span, or that part.

    wanted: OFF or ONTO, what is said of wrong answers. skip: of "short", "uneven" and "empty", what
    the exercise does not ask for. close: relative to theta, what passes.
    """

    def cases():
        return [case for case in _cases() if case[0] not in skip.split()]

    def mistakes(answer, theta, rows):
        return _mistakes(theta, rows, wanted == ONTO)

    return exercise(hints + wanted, cases, mistakes=mistakes, close=close)


def _cases():
    """Of full rank first, where it is no trap."""
    for k, d in [(3, 8), (2, 5), (6, 30), (1, 4), (5, 9), (7, 12)]:
        yield "", draw(d), draw(k, d) + 0.5  # rows share a direction
    for k, d in [(3, 7), (4, 12), (2, 5)]:
        rows = draw(k, d)
        for kind, case in (
            ("a row of zeros", torch.cat([rows, 0 * rows[:1]])),
            ("a row that occurs twice", torch.cat([rows[:1], rows])),
            ("a row that is the sum of the others", torch.cat([rows, rows.sum(0)[None]])),
            ("full", draw(d + 3, d)),
            ("a smaller rank than there are parameters", draw(d + 3, k) @ rows),
            ("empty", rows[:0]),
            ("short", 1e-13 * rows),
            ("uneven", torch.cat([1e6 * rows[:1], rows[1:]])),
            ("nothing but rows of zeros", 0 * rows),
        ):
            yield kind, draw(d), case


def _mistakes(theta, rows, onto):
    unit, off = rows / rows.norm(dim=1, keepdim=True), project_out(theta, rows)
    removed = kept = theta
    for x in unit:
        removed, kept = removed - (x @ removed) * x, (x @ kept) * x
    spanned = {
        "plain": rows.T @ (rows @ theta),
        "units": unit.T @ (unit @ theta),
        "in turn": theta - removed,
        "fewer": theta - project_out(theta, rows[:-1]),
    }
    wrong = {name: part if onto else theta - part for name, part in spanned.items()}
    other = off if onto else theta - off
    return wrong | {"theta": theta, "step": -other, "other": other, "only one": kept}
