"""Do the checks of notebook 05 pass every right answer, and tell each mistake by its message?"""

import pytest
import torch

import unlearnlab as ul
from unlearnlab.chapters import ch05_linear as ch
from unlearnlab.course.exercises import EXERCISES, WrongAnswer

right = {name: exercise.reference for name, exercise in EXERCISES.items()}
pinv, off, min_norm = torch.linalg.pinv, ul.project_out, ul.linear.min_norm


def _in_place(name):
    def wrong(first, *rest):
        answer = right[name](first, *rest)
        first += 1
        return answer

    return wrong


def _small(residual, X, y, theta, tol=1e-8):
    return (residual.abs() <= tol * (X.norm(dim=1) * theta.norm() + y.abs())).all()


def _svd_basis(X, cut):
    _, s, V = torch.linalg.svd(X, full_matrices=False)
    return V[s > cut(s)]


def _qr(theta, X):
    Q = torch.linalg.qr(X.T)[0]
    return Q @ (Q.T @ theta)


def _gram(theta, X):
    return X.T @ torch.linalg.solve(X @ X.T, X @ theta)


def _shaky_gram(theta, X):
    return X.T @ torch.linalg.solve(
        X @ X.T + 1e-15 * X.norm() ** 2 * torch.eye(len(X), dtype=X.dtype), X @ theta
    )


def _units(X):
    return X / X.norm(dim=1, keepdim=True)


def _one_after_the_other(theta, X):
    for x in X:
        theta = (x @ theta) / (x @ x) * x
    return theta


def _by_eigenvectors(X, eps):
    values, vectors = torch.linalg.eigh(X @ X.T)
    return -eps * vectors[:, values > 1e-10 * values[-1]][:, 0]


def _least(X):
    """The direction of the span that the rows feel least, by the first and the last row."""
    return (difference := off(X[-1] - X[0], X[:-1])) / difference.norm()


OTHER_RIGHT = [
    (
        "certificate",
        lambda theta, X, y, tol=1e-8: bool(
            (theta - min_norm(X, y)).norm() <= tol * theta.norm()
            and _small(X @ theta - y, X, y, theta, tol)
        ),
    ),
    (
        "certificate",
        lambda theta, X, y, tol=1e-8: bool(
            (theta - pinv(X) @ (X @ theta)).norm() <= tol * theta.norm()
            and _small(X @ theta - y, X, y, theta, tol)
        ),
    ),
    (
        "certificate",
        lambda theta, X, y, tol=1e-8: (
            (theta - pinv(X) @ y).norm() <= 10 * tol * theta.norm()
            and _small(X @ theta - y, X, y, theta, tol)
        ),
    ),
    ("unlearn_linear", lambda theta, X: pinv(X) @ (X @ theta)),
    ("unlearn_linear", lambda theta, X: X.T @ (pinv(X.T) @ theta)),
    (
        "unlearn_linear",
        lambda theta, X: (B := _svd_basis(X, lambda s: 1e-12 * s[:1])).T @ (B @ theta),
    ),
    ("unlearn_linear", ul.linear.unlearn),
    ("unlearn_linear", lambda theta, X: min_norm(X, X @ theta)),
    ("descent_end", lambda X, y, start: start + pinv(X) @ (y - X @ start)),
    ("descent_end", lambda X, y, start: pinv(X) @ y + start - pinv(X) @ (X @ start)),
    ("descent_end", ul.linear.gd_limit),
    ("worst_error", _by_eigenvectors),
    ("worst_error", lambda X, eps: -right["worst_error"](X, eps)),
    ("impostor", lambda X, y, tol=1e-6: 3 * min_norm(X, y).norm() * _least(X) + min_norm(X, y)),
    ("impostor", lambda X, y, tol=1e-6: min_norm(X, y) - 1.5 * min_norm(X, y).norm() * _least(X)),
]


@pytest.mark.parametrize("name, other", OTHER_RIGHT)
def test_another_right_implementation_passes(name, other):
    assert ch.check(name, other) is other


fits = lambda theta, X, y: bool(_small(X @ theta - y, X, y, theta))
spanned = lambda theta, X, tol=1e-8: bool(off(theta, X).norm() <= tol * theta.norm())


def _certificate_by(fits):
    """A certificate with another rule for which residuals are rounding."""
    return lambda theta, X, y, tol=1e-8: (
        bool(fits(X @ theta - y, X, y, theta, tol)) and spanned(theta, X, tol)
    )


left = lambda X, eps: eps * torch.linalg.svd(X, full_matrices=False)[0]

WRONG = [
    ("certificate", lambda theta, X, y: None, "is there a return"),
    ("certificate", fits, "Fitting is half"),
    ("certificate", lambda theta, X, y: spanned(theta, X), "lying in the span is half"),
    (
        "certificate",
        lambda theta, X, y: bool((X @ theta == y).all()) and bool((off(theta, X) == 0).all()),
        "is == used",
    ),
    (
        "certificate",
        lambda theta, X, y: fits(theta, X[:1], y[:1]) and spanned(theta, X),
        "only the last label",
    ),
    (
        "certificate",
        lambda theta, X, y: fits(theta, X, y) and bool(off(theta, X).norm() <= 0.01 * theta.norm()),
        "far more than rounding",
    ),
    (
        "certificate",
        lambda theta, X, y: bool((X @ theta - y).abs().max() < 1e-8) and spanned(theta, X),
        "all numbers here are small",
    ),
    (
        "certificate",
        lambda theta, X, y: (
            bool((X @ theta - y).abs().max() < 1e-14 * y.abs().max())
            and bool(off(theta, X).norm() < 1e-8)
        ),
        "both are short",
    ),
    (
        "certificate",
        lambda theta, X, y: fits(theta, X, y) and bool(off(theta, X).norm() < 1e-8),
        "both are short",
    ),
    (
        "certificate",
        lambda theta, X, y: bool((X @ theta - y).abs().max() < 1e-13) and spanned(theta, X),
        "1e6 times as large",
    ),
    (
        "certificate",
        lambda theta, X, y: (
            fits(theta, X, y) and bool((theta - _gram(theta, X)).norm() <= 1e-8 * theta.norm())
        ),
        "no inverse now",
    ),
    (
        "certificate",
        lambda theta, X, y: _small(X @ theta - y, X, y, theta)[None] & spanned(theta, X),
        "one True or False",
    ),
    (
        "certificate",
        lambda theta, X, y: len(X) < X.shape[1] and fits(theta, X, y) and spanned(theta, X),
        "for any rank",
    ),
    (
        "certificate",
        _certificate_by(lambda rest, X, y, theta, tol: rest.norm() <= tol * y.norm()),
        "its input is 0",
    ),
    (
        "certificate",
        _certificate_by(
            lambda rest, X, y, theta, tol: (rest.abs() <= tol * X.norm() * theta.norm()).all()
        ),
        "its input is 0",
    ),
    (
        "certificate",
        _certificate_by(lambda rest, X, y, theta, tol: (rest.abs() <= tol * y.abs()).all()),
        "one label is 0",
    ),
    (
        "certificate",
        _certificate_by(
            lambda rest, X, y, theta, tol: (
                rest.abs() <= tol * (X.norm(dim=1) + theta.norm() + y.abs())
            ).all()
        ),
        "Multiply",
    ),
    (
        "certificate",
        lambda theta, X, y, tol=1e-8: right["certificate"](theta, X, y),
        "With tol=1e-2 that passes",
    ),
    (
        "certificate",
        lambda theta, X, y, tol=1e-8: right["certificate"](theta, X, y, tol**0.5),
        "with tol=1e-5 it does not",
    ),
    (
        "certificate",
        lambda theta, X, y, tol=1e-8: fits(theta, X, y) and spanned(theta, X, tol),
        "in both halves",
    ),
    (
        "certificate",
        lambda theta, X, y, tol=1e-8: (
            bool(_small(X @ theta - y, X, y, theta, tol)) and spanned(theta, X)
        ),
        "in both halves",
    ),
    ("certificate", _in_place("certificate"), "in place"),
    ("unlearn_linear", lambda theta, X: None, "is there a return"),
    ("unlearn_linear", off, "the one that has to go"),
    ("unlearn_linear", lambda theta, X: theta, "unchanged"),
    ("unlearn_linear", lambda theta, X: -off(theta, X), "that is the step"),
    ("unlearn_linear", lambda theta, X: X.T @ (X @ theta), "only if the rows are orthonormal"),
    ("unlearn_linear", lambda theta, X: _units(X).T @ (_units(X) @ theta), "counted twice"),
    ("unlearn_linear", _one_after_the_other, "rows one after the other"),
    ("unlearn_linear", lambda theta, X: (theta - off(theta, X))[None], "expected shape"),
    ("unlearn_linear", lambda theta, X: 1.01 * (theta - off(theta, X)), "off by"),
    ("unlearn_linear", _gram, "for any rank: take it from"),
    ("unlearn_linear", lambda theta, X: (U := _units(X)).T @ (pinv(U.T) @ theta), "a row of zeros"),
    ("unlearn_linear", _shaky_gram, "million times longer"),
    ("unlearn_linear", _qr, "unpivoted QR"),
    (
        "unlearn_linear",
        lambda theta, X: (B := _svd_basis(X, lambda s: 1e-6)).T @ (B @ theta),
        "does not depend on their lengths",
    ),
    (
        "unlearn_linear",
        lambda theta, X: (B := _svd_basis(X, lambda s: 1e-4 * s[:1])).T @ (B @ theta),
        "million times longer",
    ),
    (
        "unlearn_linear",
        lambda theta, X: theta - off(theta, X) if len(X) else theta,
        "keeps nothing is 0",
    ),
    ("unlearn_linear", _in_place("unlearn_linear"), "in place"),
    ("descent_end", lambda X, y, start: None, "is there a return"),
    ("descent_end", lambda X, y, start: 1.1 * min_norm(X, y) + off(start, X), "off by"),
    (
        "descent_end",
        lambda X, y, start: start + X.T @ torch.linalg.solve(X @ X.T, y - X @ start),
        "X @ X.T has no inverse",
    ),
    (
        "descent_end",
        lambda X, y, start: min_norm(X, y) + (off(start, X) if len(X) < X.shape[1] else start),
        "no direction is left",
    ),
    ("descent_end", _in_place("descent_end"), "in place"),
    ("worst_error", lambda X, eps: None, "is there a return"),
    ("worst_error", lambda X, eps: left(X, eps)[:, 0], "least"),
    ("worst_error", lambda X, eps: left(X, 1)[:, right_rank(X) - 1], "has length 1"),
    ("worst_error", lambda X, eps: left(X, 2 * eps)[:, right_rank(X) - 1], "must have length eps"),
    ("worst_error", lambda X, eps: left(X, eps)[:, -1], "no theta makes these errors"),
    (
        "worst_error",
        lambda X, eps: left(X, eps)[:, int((torch.linalg.svdvals(X) > 1e-10).sum()) - 1],
        "comparing with s_1",
    ),
    (
        "worst_error",
        lambda X, eps: eps * torch.linalg.svd(X)[0][:, -1],
        "no theta makes these errors",
    ),
    (
        "worst_error",
        lambda X, eps: eps * torch.linalg.svd(X, full_matrices=False)[2][-1],
        "vector of parameters",
    ),
    ("worst_error", lambda X, eps: left(X, eps)[:, 1], "another one of the same length"),
    ("worst_error", _in_place("worst_error"), "in place"),
    ("impostor", lambda X, y, tol=1e-6: None, "is there a return"),
    ("impostor", lambda X, y, tol=1e-6: min_norm(X, y), "move farther"),
    (
        "impostor",
        lambda X, y, tol=1e-6: min_norm(X, y) + 0.9 * min_norm(X, y).norm() * _least(X),
        "within .theta_r. of the shortest",
    ),
    ("impostor", lambda X, y, tol=1e-6: min_norm(X, y) + 9 * off(draw_like(X), X), "does not pass"),
    ("impostor", lambda X, y, tol=1e-6: 3 * min_norm(X, y), "does not pass"),
    ("impostor", _in_place("impostor"), "in place"),
]


def draw_like(X):
    return torch.linspace(-1, 1, X.shape[1], dtype=X.dtype).cos() + X[0]


def right_rank(X):
    return int(torch.linalg.matrix_rank(X, rtol=1e-10))


@pytest.mark.parametrize("name, wrong, message", WRONG)
def test_a_wrong_answer_is_told_by_its_own_message(name, wrong, message):
    with pytest.raises(WrongAnswer, match=message):
        ch.check(name, wrong)
