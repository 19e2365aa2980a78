"""The exercises of notebook 05, linear models."""

import torch

from ...course.exercises import CLOSE, Trap, call, draw, exercise, expect, expect_tensor, yes_or_no
from ...course.off_rows import check_split
from ...projection import project_out
from ...theory import linear

# What a wrong answer means, by the kind of case
CERTIFICATE = {
    "right": "this theta fits and lies in the span of the inputs, up to rounding: it is the "
    "shortest (is == used where a tolerance is needed?)",
    "long": "this theta fits every label, and it is not the shortest: a part of it is orthogonal "
    "to all inputs. Fitting is half of the certificate",
    "longer": "a thousandth of this theta is orthogonal to all inputs; that is far more than "
    "rounding",
    "misfit": "this theta lies in the span of the inputs and fits no label: lying in the span is "
    "half of the certificate",
    "last": "only the last label is not fitted, and that is enough: every label must be",
    "small": "everything is 1e-6 times as large, and still right",
    "small misfit": "one label is not fitted; only, all numbers here are small. Compare the "
    "residual with |x_i| |theta| and |y_i|, not with a fixed number",
    "small long": "the part of theta orthogonal to the inputs is as long as the rest; only, both "
    "are short. Compare it with |theta|, not with a fixed number",
    "large": "everything is 1e6 times as large, and so is the rounding: compare with |x_i| |theta| "
    "and |theta|, not with a fixed number",
    "twice": "an input that occurs twice and an input of zeros change nothing, if their labels "
    "agree; but X @ X.T has no inverse now. Use the pseudo-inverse, or ul.project_out",
    "many": "there are more inputs than parameters, of a small rank, with labels that theta fits: "
    "the certificate holds for any rank",
}


def _certificate_cases(generator):
    """((theta, X, y), right answer, what a wrong one means), each kind over several sizes."""
    for n, m in [(2, 5), (3, 9), (5, 30), (1, 4)]:
        X = draw(generator, n, m)
        theta = X.T @ draw(generator, n)
        off = project_out(draw(generator, m), X)
        off, y = off / off.norm() * theta.norm(), X @ theta
        last = torch.cat([y[:-1], y[-1:] + 0.5 * y.norm() + 0.5])
        twice, many = torch.cat([X, X[:1], 0 * X[:1]]), draw(generator, m + 2, n) @ X
        for kind, right, *given in [
            ("right", True, theta, X, y),
            ("long", False, theta + off, X, y),
            ("longer", False, theta + 1e-3 * off, X, y),
            ("misfit", False, 2 * theta, X, y),
            ("last", False, theta, X, last),
            ("small", True, 1e-6 * theta, 1e-6 * X, 1e-12 * y),
            ("small misfit", False, 1e-6 * theta, 1e-6 * X, 1e-12 * last),
            ("small long", False, 1e-12 * (theta + off), X, 1e-12 * y),
            ("large", True, 1e6 * theta, 1e6 * X, 1e12 * y),
            ("twice", True, theta, twice, twice @ theta),
            ("many", True, theta, many, many @ theta),
        ]:
            yield given, right, CERTIFICATE[kind]


@exercise(
    "certificate",
    yes_or_no(_certificate_cases),
    [
        "Two conditions: every label is fitted, and theta lies in the span of the inputs. Rounding "
        "makes neither exact.",
        "theta lies in the span if what is left after projecting off the inputs, "
        "ul.project_out(theta, X), is 0. Compare its length with theta's.",
        "A residual is rounding if |x_i theta - y_i| <= tol * (|x_i| |theta| + |y_i|). Ask it of "
        "every row.",
    ],
)
def certificate(theta, X, y, tol=1e-8):
    """Whether theta (m,) is the minimum-norm interpolator of X (n, m), any rank, y (n,); to tol."""
    fits = (X @ theta - y).abs() <= tol * (X.norm(dim=1) * theta.norm() + y.abs())
    off = project_out(theta, X)
    return bool(fits.all() and off.norm() <= tol * theta.norm())


@exercise(
    "unlearn_linear",
    lambda learner: check_split(learner, onto=True, inputs=True),
    [
        "You need the part of theta in the span of the retain inputs. In notebook 01 you computed "
        "the other part.",
        "With a function that returns the part orthogonal to all inputs, subtract. By hand: an "
        "orthonormal basis V of the span gives V.T @ (V @ theta).",
        "ul.project_out(theta, X_retain) is the part that has to go, for any rank.",
    ],
)
def unlearn_linear(theta, X_retain):
    """The projection of theta (m,) on the span of the retain inputs (n_r, m), any rank: (m,).
    Theorem 2."""
    return theta - project_out(theta, X_retain)


def _descent_cases(generator):
    for n, m in [(3, 8), (1, 4), (5, 12), (4, 5)]:
        X, y, start = draw(generator, n, m), draw(generator, n), draw(generator, m)
        twice, tall = torch.cat([X, X[:1], 0 * X[:1]]), draw(generator, m + 3, m)
        yield X, y, start
        yield Trap((X, y, 0 * start), "from 0 it is the minimum-norm solution")
        yield Trap(
            (X, X @ start, start),
            "the start fits every label: every gradient is 0, so the end is the start",
        )
        yield Trap(
            (twice, twice @ draw(generator, m), start),
            "one input occurs twice and one is 0: X @ X.T has no inverse. Use the "
            "pseudo-inverse, or ul.linear.min_norm and ul.project_out",
        )
        yield Trap(
            (tall, draw(generator, m + 3), start),
            "there are more points than parameters and nothing fits them all: descent ends "
            "at least squares, and no direction is left for the start",
        )


def _descent_mistakes(X, y, start):
    shortest, off = linear.min_norm(X, y), project_out(start, X)
    return [
        (
            shortest,
            "that is where descent from 0 ends. What of the start is orthogonal to all "
            "inputs never changes: it is still there",
        ),
        (
            shortest + start,
            "you add the whole start. Its part in the span is forgotten on the way; "
            "only its part orthogonal to the inputs stays",
        ),
        (
            shortest + start - off,
            "you keep the wrong part of the start: the one in the span is "
            "forgotten, the one orthogonal to it stays",
        ),
        (shortest - off, "the sign of what stays is turned"),
        (off, "that is only what stays of the start; descent also fits the labels"),
        (start, "the start comes back: descent moves unless the start fits already"),
    ]


@exercise(
    "descent_end",
    hints=[
        "Split the start into a part in the span of the inputs and a part orthogonal to it. Which "
        "of them can a gradient change?",
        "In the span descent forgets where it began and ends at the minimum-norm solution. Off the "
        "span it does nothing.",
        "ul.linear.min_norm(X, y) + ul.project_out(start, X).",
    ],
    cases=_descent_cases,
    mistakes=_descent_mistakes,
    scale=lambda X, y, start: linear.min_norm(X, y).norm() + start.norm(),
)
def descent_end(X, y, start):
    """Where gradient descent on the mean squared error of X (n, m), any rank, y (n,) ends from
    start (m,): (m,)."""
    return linear.min_norm(X, y) + project_out(start, X)


def _test_worst_error(learner):
    generator = torch.Generator().manual_seed(0)
    for n, m in [(4, 9), (3, 3), (6, 20)]:
        X = draw(generator, n, m)
        for rows, kind in (
            (X, ""),
            (torch.cat([X, X[:1]]), "; here one input occurs twice"),
            (1e-6 * X, "; here the inputs are all short"),
            (draw(generator, m + 4, m), "; here there are more inputs than parameters"),
        ):
            for eps in (0.1, 3.0):
                _judge_worst(call(learner, rows, eps), rows, eps, kind)


def _judge_worst(answer, X, eps, where):
    """Many answers are right, so their properties are checked one by one."""
    n, m = X.shape
    expect(
        n == m or getattr(answer, "shape", None) != (m,),
        f"shape ({m},) is a vector of parameters. Wanted is an error of the predictions, one "
        f"number per input, shape ({n},)",
    )
    expect_tensor(answer, X[:, 0])
    U, s, _ = torch.linalg.svd(X, full_matrices=False)
    rank = int((s > 1e-10 * s[0]).sum())
    size, inside = float(answer.norm()), U[:, :rank].T @ answer
    expect(abs(size - 1) > CLOSE, f"the error has length 1; it must have length eps = {eps:g}")
    expect(
        abs(size - eps) <= CLOSE * eps, f"the error must have length eps = {eps:g}, got {size:.3g}"
    )
    expect(
        float(inside.norm()) > (1 - CLOSE) * eps,
        "no theta makes these errors: they are not in the range of X, so the projection does "
        f"not see them. Leave out the singular values that are 0{where}",
    )
    moved = float((inside / s[:rank]).norm())
    expect(
        moved > (1 + CLOSE) * eps / float(s[0]),
        "that is the error that moves the answer least. Divide by which singular value to get "
        "the most?",
    )
    most = eps / float(s[rank - 1])
    expect(
        moved >= (1 - CLOSE) * most,
        f"this error moves the answer by {moved:.3g}, another one "
        f"of the same length moves it by {most:.3g}",
    )


@exercise(
    "worst_error",
    _test_worst_error,
    [
        "The answer moves by sum_i <u_i, e> / s_i v_i. On which u_i do you put all of e?",
        "On the one with the smallest singular value: the left singular vector, column i of U in "
        "X = U S V, shape (n,).",
        "When the rank is less than n, the last columns of U belong to singular values that are 0 "
        "up to rounding, and no theta predicts them. Take the last one with s_i > 1e-10 s_1, "
        "times eps.",
    ],
)
def worst_error(X, eps):
    """e (n,) with |e| = eps > 0 that some theta can make on X (n, m), of any rank, and that moves
    min_norm most."""
    U, s, _ = torch.linalg.svd(X, full_matrices=False)
    rank = int((s > 1e-10 * s[0]).sum())
    return eps * U[:, rank - 1]


def _ridge_cases(generator):
    for n, m in [(3, 8), (5, 12), (4, 4), (9, 4), (2, 7), (6, 6), (8, 3)]:
        X, y = draw(generator, n, m), draw(generator, n)
        for lam in (0.3, 2.0, 1e-3, 50.0):
            yield X, y, lam
            yield (torch.cat([X, X[:1], 0 * X[:1]]), torch.cat([y, y[:1], 0 * y[:1]]), lam)


def _ridge_mistakes(X, y, lam):
    n, m = X.shape
    right, shortest = linear.ridge(X, y, lam), linear.min_norm(X, y)
    uneven = (
        "ridge shrinks every direction by its own factor, s_i^2 / (s_i^2 + n lam), not all "
        "of theta by the same one"
    )
    cancels = (
        ": both terms of the objective are squares, so both derivatives have it and it cancels"
    )
    return [
        (
            y,
            f"shape ({n},) is one number per input, the coefficients a; wanted are the parameters "
            f"X.T @ a, shape ({m},)",
        ),
        (shortest, "lam has no effect: that is the limit for lam -> 0"),
        (
            linear.ridge(X, y, lam / n),
            "the loss is the mean over n points, so that n * lam stands "
            "beside s_i^2. Yours is the solution for the sum of squares",
        ),
        (
            linear.ridge(X, y, lam / n**2),
            "you divide lam by n; multiply: the mean's 1/n moves to the other side",
        ),
        (linear.ridge(X, y, lam / 2), "a factor 2 is lost" + cancels),
        (linear.ridge(X, y, 2 * lam), "a factor 2 is too many" + cancels),
        (shortest / (1 + lam), uneven),
        (shortest / (1 + n * lam), uneven),
        (
            shortest - right,
            "that is what ridge takes away from the minimum-norm solution; return what is left",
        ),
        (-right, "the sign is turned"),
    ]


@exercise(
    "ridge_solution",
    hints=[
        "Set the derivative of |X theta - y|^2 / n + lam |theta|^2 to zero and multiply by n / 2.",
        "(X.T @ X + n lam I) theta = X.T @ y. For lam > 0 the matrix has an inverse, whatever the "
        "rank of X.",
        "torch.linalg.solve of that; or X.T @ solve(X @ X.T + n lam I, y), the same vector with a "
        "matrix of size n; or the singular value decomposition of X.",
    ],
    cases=_ridge_cases,
    mistakes=_ridge_mistakes,
)
def ridge_solution(X, y, lam):
    """The minimiser (m,) of |X theta - y|^2 / n + lam |theta|^2 for X (n, m), y (n,), lam > 0."""
    n, m = X.shape
    return torch.linalg.solve(X.T @ X + n * lam * torch.eye(m, dtype=X.dtype), X.T @ y)
