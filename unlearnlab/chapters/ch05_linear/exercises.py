"""The exercises of notebook 05, linear models."""

import torch

import unlearnlab as ul

from ...course.exercises import CLOSE, dependent, draw, drawn, exercise, same
from ...course.off_rows import ONTO, split_exercise

CERTIFICATE = """
hint 1: Two conditions: every label is fitted, and theta lies in the span of the inputs. Rounding
    makes neither exact.
hint 2: theta lies in the span if what is left after projecting off the inputs,
    ul.project_out(theta, X), is 0. Compare its length with theta's.
hint 3: A residual is rounding if |x_i theta - y_i| <= tol * (|x_i| |theta| + |y_i|). Ask it of
    every row.
right: this theta fits and lies in the span of the inputs, up to rounding: it is the shortest (is ==
    used where a tolerance is needed?)
long: this theta fits every label, and it is not the shortest: a part of it is orthogonal to all
    inputs. Fitting is half of the certificate
longer: a thousandth of this theta is orthogonal to all inputs; that is far more than rounding
misfit: this theta lies in the span of the inputs and fits no label: lying in the span is half of
    the certificate
last: only the last label is not fitted, and that is enough: every label must be
small: everything is 1e-6 times as large, and still right
small misfit: one label is not fitted; only, all numbers here are small. Compare the residual with
    |x_i| |theta| and |y_i|, not with a fixed number
small long: the part of theta orthogonal to the inputs is as long as the rest; only, both are short.
    Compare it with |theta|, not with a fixed number
large: everything is 1e6 times as large, and so is the rounding: compare with |x_i| |theta| and
    |theta|, not with a fixed number
twice: an input that occurs twice and an input of zeros change nothing, if their labels agree; but X
    @ X.T has no inverse now. Use the pseudo-inverse, or ul.project_out
many: there are more inputs than parameters, of a small rank, with labels that theta fits: the
    certificate holds for any rank
zero: one label is 0, and theta fits it up to rounding. That is little beside |x_i| |theta|, not
    beside |y_i| alone
far: one label is not fitted; only, the inputs are long and theta is short. Multiply |x_i| and
    |theta|; do not add them
tiny: one label is 1e-12 and its input is 0, so no theta fits it. Ask it of every row by itself,
    with its own |x_i| and |y_i|
tol: theta and the labels are off by a thousandth. With tol=1e-2 that passes, with tol=1e-5 it does
    not. Compare with the tol that comes, in both halves
"""


def _certificate_cases():
    for n, m in [(2, 5), (3, 9), (5, 30), (1, 4)]:
        X = draw(n, m)
        theta = X.T @ draw(n)
        off = ul.project_out(draw(m), X)
        off, y = off / off.norm() * theta.norm(), X @ theta
        last = torch.cat([y[:-1], y[-1:] + 0.5 * y.norm() + 0.5])
        twice, many = dependent(X), draw(m + 2, n) @ X
        yield "right", theta, X, y
        yield "long", theta + off, X, y
        yield "longer", theta + 1e-3 * off, X, y
        yield "misfit", 2 * theta, X, y
        yield "last", theta, X, last
        yield "small", 1e-6 * theta, 1e-6 * X, 1e-12 * y
        yield "small misfit", 1e-6 * theta, 1e-6 * X, 1e-12 * last
        yield "small long", 1e-12 * (theta + off), X, 1e-12 * y
        yield "large", 1e6 * theta, 1e6 * X, 1e12 * y
        yield "twice", theta, twice, twice @ theta
        yield "many", theta, many, many @ theta
        yield "zero", theta, torch.cat([X, off[None]]), torch.cat([y, 0 * y[:1]])
        yield "far", 1e-9 * theta, 1e9 * X, last
        yield "tiny", theta, twice, twice @ theta + 1e-12
        for tol in (1e-2, 1e-5):
            yield "tol", theta + 1e-3 * off, X, 1.001 * y, tol


@exercise(CERTIFICATE, _certificate_cases)
def certificate(theta, X, y, tol=1e-8):
    """Whether theta (m,) is the minimum-norm interpolator of X (n, m), any rank, y (n,); to tol."""
    fits = (X @ theta - y).abs() <= tol * (X.norm(dim=1) * theta.norm() + y.abs())
    off = ul.project_out(theta, X)
    return bool(fits.all() and off.norm() <= tol * theta.norm())


UNLEARN = """
hint 1: You need the part of theta in the span of the retain inputs. In notebook 01 you computed the
    other part.
hint 2: With a function that returns the part orthogonal to all inputs, subtract. By hand: an
    orthonormal basis V of the span gives V.T @ (V @ theta).
hint 3: ul.project_out(theta, X_retain) is the part that has to go, for any rank.
"""


@split_exercise(UNLEARN, ONTO)
def unlearn_linear(theta, X_retain):
    """The projection of theta (m,) on the span of the retain inputs (n_r, m), any rank: (m,).
    Theorem 2."""
    return theta - ul.project_out(theta, X_retain)


DESCENT = """
hint 1: Split the start into a part in the span of the inputs and a part orthogonal to it. Which of
    them can a gradient change?
hint 2: In the span descent forgets where it began and ends at the minimum-norm solution. Off the
    span it does nothing.
hint 3: ul.linear.min_norm gives the end from 0; what has to be added is the part of the start that
    no gradient can reach.
from 0: from 0 it is the minimum-norm solution
fits: the start fits every label: every gradient is 0, so the end is the start
twice: one input occurs twice and one is 0: X @ X.T has no inverse. Use the pseudo-inverse, or
    ul.linear.min_norm and ul.project_out
tall: there are more points than parameters and nothing fits them all: descent ends at least
    squares, and no direction is left for the start
[+ ul.project_out(start, X) -> ]: that is where descent from 0 ends. What of the start is orthogonal
    to all inputs never changes: it is still there
[ul.project_out(start, X) -> start]: you add the whole start. Its part in the span is forgotten on
    the way; only its part orthogonal to the inputs stays
[ul.project_out(start, X) -> start - ul.project_out(start, X)]: you keep the wrong part of the
    start: the one in the span is forgotten, the one orthogonal to it stays
[+ ul.project_out -> - ul.project_out]: the sign of what stays is turned
[return ul.project_out(start, X)]: that is only what stays of the start; descent also fits the
    labels
[return start]: the start comes back: descent moves unless the start fits already
"""


def _descent_cases():
    for X, y, start in drawn("n d", "n", "d", n=(3, 1, 5, 4), d=(8, 4, 12, 5))():
        m = len(start)
        twice, tall = dependent(X), draw(m + 3, m)
        yield X, y, start
        yield "from 0", X, y, 0 * start
        yield "fits", X, X @ start, start
        yield "twice", twice, twice @ draw(m), start
        yield "tall", tall, draw(m + 3), start


@exercise(DESCENT, _descent_cases)
def descent_end(X, y, start):
    """Where gradient descent on the mean squared error of X (n, m), any rank, y (n,) ends from
    start (m,): (m,)."""
    return ul.linear.min_norm(X, y) + ul.project_out(start, X)


WORST = """
hint 1: The answer moves by sum_i <u_i, e> / s_i v_i. On which u_i do you put all of e?
hint 2: On the one with the smallest singular value: the left singular vector, column i of U in X =
    U S V, shape (n,).
hint 3: When the rank is less than n, the last columns of U belong to singular values that are 0 up
    to rounding, and no theta predicts them. Take the last one with s_i > 1e-10 s_1, times eps.
[return X[0]]: that is a vector of parameters. Wanted is an error of the predictions, one number per
    input, shape (n,)
one: the error has length 1; it must have length eps = {eps:g}
size: the error must have length eps = {eps:g}, got {size:.3g}
outside: no theta makes these errors: they are not in the range of X, so the projection does not see
    them. Leave out the singular values that are 0{here}
least: that is the error that moves the answer least. Divide by which singular value to get the
    most?
most: this error moves the answer by {moved:.3g}, another one of the same length moves it by
    {most:.3g}
twice: one input occurs twice
short: one input occurs twice and all are short: what counts as 0 is told by comparing with s_1
many: there are more inputs than parameters
"""


def _worst_cases():
    for n, m in [(4, 9), (3, 3), (6, 20)]:
        X = draw(n, m)
        for eps in (0.1, 3.0):
            yield X, eps
            twice = torch.cat([X, X[:1]])
            yield "twice", twice, eps
            yield "short", 1e-13 * twice, eps
            yield "many", draw(m + 4, m), eps


def _judge_worst(answer, X, eps):
    """Many answers are right, so their properties are checked one by one."""
    move, farthest = (ul.linear.min_norm(X, error) for error in (answer, worst_error(X, eps)))
    size, moved, most = answer.norm(), move.norm(), farthest.norm()
    return {"eps": eps, "size": size, "moved": moved, "most": most}, {
        "one": abs(size - 1) > CLOSE,
        "size": abs(size - eps) <= CLOSE * eps,
        "outside": same(X @ move, answer, eps, 1e-3),
        "least": moved > (1 + CLOSE) * eps / torch.linalg.matrix_norm(X, 2),
        "most": moved >= (1 - CLOSE) * most,
    }


@exercise(WORST, _worst_cases, judge=_judge_worst)
def worst_error(X, eps):
    """e (n,) with |e| = eps > 0 that some theta can make on X (n, m), of any rank, and that moves
    min_norm most."""
    U, s, _ = torch.linalg.svd(X, full_matrices=False)
    rank = int((s > 1e-10 * s[0]).sum())
    return eps * U[:, rank - 1]


IMPOSTOR = """
hint 1: Start from the shortest interpolator and move inside the span, so that the second half of
    the certificate passes. Which direction of the span do the inputs feel least?
hint 2: The right singular vector with the smallest singular value, the last row of V in X = U S V.
    A move of length a along it changes the predictions by a * sigma in all.
hint 3: Move farther than the shortest interpolator is long, say twice as far: the residual is then
    still below tol.
passes: the certificate does not pass this theta: it feels the residual, or a part orthogonal to
    all inputs. Stay in the span, and move along what the inputs feel less
far: this theta is within |theta_r| of the shortest interpolator; move farther: distance {apart:.2g}
    of its length so far
"""


def _impostor_cases():
    for X, theta in drawn("n d", "d", n=(2, 4, 3), d=(4, 9, 8))():
        X[-1] = X[0] + 1e-8 * draw(len(theta))
        yield X, X @ theta


def _judge_impostor(answer, X, y):
    """Many answers are right: the certificate passes, and it is far away."""
    shortest = ul.linear.min_norm(X, y)
    apart = (answer - shortest).norm() / shortest.norm()
    passes = certificate(answer, X, y, 1e-6)
    return {"apart": apart}, {"passes": passes, "far": apart > 1}


@exercise(IMPOSTOR, _impostor_cases, judge=_judge_impostor)
def impostor(X, y, tol=1e-6):
    """theta (m,) that `certificate` passes, farther from the shortest interpolator than that is
    long. X: (n, m), independent rows, two of them nearly equal; y: (n,)."""
    shortest = ul.linear.min_norm(X, y)
    least_felt = torch.linalg.svd(X, full_matrices=False)[2][-1]
    return shortest + 2 * shortest.norm() * least_felt
