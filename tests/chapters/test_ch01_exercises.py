"""The exercises of notebook 01: right answers pass, usual mistakes get their own message."""

import pytest
import torch

from unlearnlab.chapters import ch01_loss as ch
from unlearnlab.chapters.ch01_loss.exercises import gd_limit, loss_gradient
from unlearnlab.course.exercises import WrongAnswer
from unlearnlab.projection import project_out

NAMES = ["loss_gradient", "gd_limit", "leaked_component", "suspicions"]


def gradient_by_autograd(theta, X, y):
    theta = theta.clone().requires_grad_()
    return torch.autograd.grad((X @ theta - y).square().mean(), theta)[0]


def gradient_by_loop(theta, X, y):
    total = torch.zeros_like(theta)
    for x, target in zip(X, y):
        total += 2 * (x @ theta - target) * x
    return total / len(X)


def limit_by_least_squares(X, y):
    return torch.linalg.lstsq(X, y, driver="gelsd").solution


def limit_in_float32(X, y):
    return gd_limit(X.float(), y.float()).double()


def leak_by_svd(theta, X):
    _, sizes, basis = torch.linalg.svd(X, full_matrices=False)
    basis = basis[sizes > 1e-10 * sizes[:1]]
    return theta - basis.T @ (basis @ theta)


def attack_by_cosine_similarity(theta, X, candidates):
    leak, scores = project_out(theta, X), []
    for one in candidates:
        trace = project_out(one, X)
        score = torch.cosine_similarity(leak, trace, dim=0).abs()
        scores.append(score if trace.norm() > 1e-8 else 0 * score)
    return torch.stack(scores)


@pytest.mark.parametrize(
    "name, answer",
    [
        ("loss_gradient", gradient_by_autograd),
        ("loss_gradient", gradient_by_loop),
        ("gd_limit", limit_by_least_squares),
        ("gd_limit", limit_in_float32),
        ("leaked_component", leak_by_svd),
        ("leaked_component", project_out),
        ("suspicions", attack_by_cosine_similarity),
    ],
)
def test_another_right_way_passes(name, answer):
    assert ch.check(name, answer) is answer


def gradient_in_place(theta, X, y):
    y -= X @ theta
    return -2 / len(y) * X.T @ y


WRONG_GRADIENTS = [
    (lambda t, X, y: 2 / len(y) * X.T @ (y - X @ t), "the sign is turned"),
    (lambda t, X, y: 1 / len(y) * X.T @ (X @ t - y), "a factor 2 is missing"),
    (lambda t, X, y: 2 * X.T @ (X @ t - y), "you sum over the n samples"),
    (lambda t, X, y: X.T @ (X @ t - y), "the whole factor 2 / n is missing"),
    (lambda t, X, y: 2 / len(t) * X.T @ (X @ t - y), "the number of parameters"),
    (lambda t, X, y: 2 / len(y) * X @ (X @ t - y), "you multiply the residuals by X"),
    (lambda t, X, y: 2 / len(y) * X.T @ (X.T @ t - y), "the result is off by"),
    (lambda t, X, y: 2 * (X @ t - y)[:, None] * X, "one gradient per sample"),
    (lambda t, X, y: (X @ t - y).square().mean(), "like the loss itself"),
    (lambda t, X, y: (X @ t - y).sum(), "that is a single number"),
    (
        lambda t, X, y: (2 / len(y) * X.T @ (X @ t - y))[:, None],
        r"expected shape \(6,\), got \(6, 1\)",
    ),
    (lambda t, X, y: 2 / len(y) * X.T @ X @ t, "the targets are missing"),
    (
        lambda t, X, y: gradient_by_autograd(t, X, y) / gradient_by_autograd(t, X, y).norm(),
        "the result is off by",
    ),
    (lambda t, X, y: torch.zeros(3) @ X @ t, "the shapes must fit"),
    (lambda t, X, y: None, "is there a return"),
    (gradient_in_place, "in place"),
]


def limit_by_inverse(X, y):
    return X.T @ torch.linalg.inv(X @ X.T) @ y


def limit_from_elsewhere(X, y):
    start = torch.ones(X.shape[1], dtype=X.dtype)
    return start + torch.linalg.pinv(X) @ (y - X @ start)


def a_few_steps(X, y):
    theta, step = torch.zeros(X.shape[1], dtype=X.dtype), 1 / torch.linalg.matrix_norm(X, 2) ** 2
    for _ in range(5):
        theta = theta - step * X.T @ (X @ theta - y)
    return theta


WRONG_LIMITS = [
    (limit_by_inverse, "X @ X.T is singular"),
    (
        lambda X, y: (
            X.T @ torch.linalg.pinv(X @ X.T + 1e-9 * torch.eye(len(X))) @ y
            if len(X) <= X.shape[1]
            else X.T @ y / len(y)
        ),
        "there are more points",
    ),
    (limit_from_elsewhere, "outside the span of the inputs"),
    (a_few_steps, "take the limit"),
    (lambda X, y: torch.linalg.pinv(X @ X.T) @ y, "one number per sample"),
    (lambda X, y: (torch.linalg.pinv(X) @ y)[:, None], "is a column"),
    (lambda X, y: X.T @ y, "the direction of the first step"),
    (lambda X, y: -torch.linalg.pinv(X) @ y, "the sign is turned"),
    (lambda X, y: torch.linalg.pinv(X) @ y + torch.ones(X.shape[1]), "neither minimises"),
    (lambda X, y: torch.linalg.solve(X, y), "your function raised"),
    (lambda X, y: torch.full((X.shape[1],), torch.nan), "a NaN or an infinity"),
    (lambda X, y: None, "is there a return"),
    (lambda X, y: torch.linalg.pinv(X) @ y.mul_(2), "in place"),
]


def leak_by_inverse(theta, X):
    return theta - X.T @ torch.linalg.inv(X @ X.T) @ X @ theta


def leak_by_qr(theta, X):
    basis = torch.linalg.qr(X.T).Q
    return theta - basis @ (basis.T @ theta)


def leak_row_by_row(theta, X):
    for x in X:
        theta = theta - (x @ theta) / (x @ x) * x
    return theta


def leak_off_unit_rows(theta, X):
    units = X / X.norm(dim=1, keepdim=True).clamp_min(1e-9)
    return theta - units.T @ (units @ theta)


def leak_of_nothing(theta, X):
    return torch.zeros_like(theta) if len(X) == 0 else project_out(theta, X)


WRONG_LEAKS = [
    (lambda t, X: t - project_out(t, X), "the part INSIDE the span"),
    (lambda t, X: -project_out(t, X), "it is turned"),
    (lambda t, X: t, "nothing has been taken out"),
    (lambda t, X: t - X.T @ (X @ t), "only if the rows are orthonormal"),
    (leak_off_unit_rows, "counted twice"),
    (leak_row_by_row, "brings back parts"),
    (leak_by_inverse, "Dependent rows make X @ X.T singular"),
    (leak_by_qr, "unpivoted QR"),
    (
        lambda t, X: project_out(t, X) if len(X) <= len(t) else torch.ones_like(t),
        "nothing is left over",
    ),
    (leak_of_nothing, "all of it is left over"),
    (lambda t, X: project_out(t, X[:-1]), "its prediction still reads"),
    (lambda t, X: project_out(t, X) / 2, "has been lost"),
    (lambda t, X: project_out(t, X).norm(), "that is a length"),
    (lambda t, X: torch.linalg.pinv(X.T) @ t, r"expected shape \(8,\)"),
    (lambda t, X: None, "is there a return"),
    (lambda t, X: t.sub_(torch.linalg.pinv(X) @ (X @ t)), "in place"),
]


def attack_without_a_cut(theta, X, candidates):
    leak = leak_by_svd(theta, X)
    traces = torch.stack([leak_by_svd(one, X) for one in candidates])
    return (traces @ leak).abs() / (traces.norm(dim=1) * leak.norm())


WRONG_ATTACKS = [
    (lambda t, X, c: None, "is there a return"),
    (lambda t, X, c: torch.cosine_similarity(c, t[None]).abs(), "off by"),
    (lambda t, X, c: attack_without_a_cut(t, X, c).argmax(), "expected"),
    (attack_without_a_cut, "lies in the span"),
]


@pytest.mark.parametrize(
    "name, wrong, message",
    [
        (name, wrong, message)
        for name, cases in zip(NAMES, (WRONG_GRADIENTS, WRONG_LIMITS, WRONG_LEAKS, WRONG_ATTACKS))
        for wrong, message in cases
    ],
)
def test_a_wrong_answer_fails_with_its_own_message(name, wrong, message):
    with pytest.raises(WrongAnswer, match=message):
        ch.check(name, wrong)


def test_where_theta_interpolates_a_gradient_that_is_not_zero_is_refused():
    def adds_decay(theta, X, y):
        pull = loss_gradient(theta, X, y)
        return pull if (X @ theta - y).abs().max() > 1e-6 else pull + theta

    with pytest.raises(WrongAnswer, match="where theta interpolates"):
        ch.check("loss_gradient", adds_decay)
