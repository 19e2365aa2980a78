"""Do the checks of notebook 02 pass right answers, and tell usual mistakes by their own message?"""

import pytest
import torch

import unlearnlab as ul
from unlearnlab.chapters import ch02_relaxed as ch
from unlearnlab.course.exercises import EXERCISES, WrongAnswer

right = {name: exercise.reference for name, exercise in EXERCISES.items()}


def _in_place(name):
    def wrong(first, *rest):
        answer = right[name](first, *rest)
        first += 1
        return answer

    return wrong


def _solve(theta, rows):
    return theta - rows.T @ torch.linalg.solve(rows @ rows.T, rows @ theta)


def _jitter(theta, rows):
    gram = rows @ rows.T + 1e-9 * torch.eye(len(rows), dtype=rows.dtype)
    return theta - rows.T @ torch.linalg.solve(gram, rows @ theta)


def _qr(theta, rows):
    basis = torch.linalg.qr(rows.T)[0]
    return theta - basis @ (basis.T @ theta)


def _qr_twice(theta, rows):
    return _qr(_qr(theta, rows), rows)


def _gram_schmidt(theta, rows, cut=1e-9):
    basis = []
    for g in rows:
        for _ in range(2):
            for b in basis:
                g = g - (b @ g) * b
        if g.norm() > cut * rows.norm():
            basis.append(g / g.norm())
    for b in basis:
        theta = theta - (b @ theta) * b
    return theta


def _gram_schmidt_with_zeros(theta, rows):
    basis = torch.zeros_like(rows)
    for i, g in enumerate(rows):
        for _ in range(2):
            g = g - basis[:i].T @ (basis[:i] @ g)
        basis[i] = g / g.norm()
    return theta - basis.T @ (basis @ theta)


def _absolute_svd(theta, rows, least=1e-6):
    _, sizes, basis = torch.linalg.svd(rows, full_matrices=False)
    basis = basis[sizes > least]
    return theta - basis.T @ (basis @ theta)


def _one_after_the_other(theta, rows):
    for g in rows:
        theta = theta - (g @ theta) / (g @ g) * g
    return theta


def _all_at_once(theta, rows):
    unit = rows / rows.norm(dim=1, keepdim=True)
    return theta - unit.T @ (unit @ theta)


def _solved(theta, rows, weights, lam):
    """The minimiser of sum w ((theta + delta)^2 + lam delta^2), rows @ delta = 0, by a dense
    solver."""
    k, d = rows.shape
    top = torch.cat([2 * (1 + lam) * torch.diag(weights), rows.T], 1)
    bottom = torch.cat([rows, theta.new_zeros(k, k)], 1)
    wanted = torch.cat([-2 * weights * theta, theta.new_zeros(k)])
    return torch.linalg.solve(torch.cat([top, bottom]), wanted)[:d]


off = right["project_off"]

OTHER_RIGHT = [
    (
        "first_order_change",
        lambda rows, delta: torch.stack([sum(a * b for a, b in zip(g, delta)) for g in rows]),
    ),
    ("first_order_change", lambda rows, delta: torch.einsum("kd,d->k", rows, delta)),
    ("first_order_change", lambda rows, delta: (rows * delta).sum(1)),
    ("project_off", lambda theta, rows: theta - torch.linalg.pinv(rows) @ (rows @ theta)),
    (
        "project_off",
        lambda theta, rows: theta - rows.T @ torch.linalg.pinv(rows @ rows.T) @ (rows @ theta),
    ),
    (
        "project_off",
        lambda theta, rows: (
            theta
            - rows.T @ torch.linalg.lstsq(rows.T, theta[:, None], driver="gelsd").solution[:, 0]
        ),
    ),
    ("project_off", _gram_schmidt),
    ("project_off", ul.project_out),
    ("drift_step", lambda theta, rows, lam: -ul.project_out(theta, rows) / (1 + lam)),
    (
        "drift_step",
        lambda theta, rows, lam: (torch.linalg.pinv(rows) @ (rows @ theta) - theta) / (1 + lam),
    ),
    ("weighted_step", lambda theta, rows, w, lam: _solved(theta, rows, w, lam)),
    ("step_towards", lambda theta, rows, c, lam: _solved(theta - c, rows, 1 + 0 * c, lam)),
]


@pytest.mark.parametrize("name, other", OTHER_RIGHT)
def test_another_right_implementation_passes(name, other):
    assert ch.check(name, other) is other


WRONG = [
    ("first_order_change", lambda rows, delta: None, "is there a return"),
    ("first_order_change", lambda rows, delta: rows * delta, "adds them up over d"),
    ("first_order_change", lambda rows, delta: rows.T @ delta, "raised RuntimeError"),
    ("first_order_change", lambda rows, delta: 1.1 * rows @ delta, "off by 0.1"),
    ("first_order_change", _in_place("first_order_change"), "in place"),
    ("project_off", lambda theta, rows: None, "is there a return"),
    ("project_off", lambda theta, rows: theta - off(theta, rows), "part INSIDE"),
    ("project_off", lambda theta, rows: theta, "unchanged"),
    (
        "project_off",
        lambda theta, rows: theta - rows.T @ (rows @ theta),
        "only if the rows are orthonormal",
    ),
    ("project_off", _all_at_once, "counted twice"),
    ("project_off", _one_after_the_other, "one after the other"),
    ("project_off", lambda theta, rows: off(theta, rows)[:, None], "expected shape"),
    ("project_off", _solve, "singular"),
    ("project_off", _jitter, "absolute"),
    ("project_off", _qr, "unpivoted QR"),
    ("project_off", _qr_twice, "unpivoted QR"),
    ("project_off", _gram_schmidt_with_zeros, "NaN"),
    ("project_off", _absolute_svd, "absolute"),
    ("project_off", lambda theta, rows: _absolute_svd(theta, rows, 1e-12), "absolute"),
    ("project_off", lambda theta, rows: 1.01 * off(theta, rows), "off by"),
    ("project_off", _in_place("project_off"), "in place"),
    ("drift_step", lambda theta, rows, lam: None, "is there a return"),
    ("drift_step", lambda theta, rows, lam: -off(theta, rows) / max(lam, 1e-9), "not 1 / lam"),
    (
        "drift_step",
        lambda theta, rows, lam: -off(theta, rows) / lam if lam != 3 else -off(theta, rows) / 4,
        "not 1 / lam",
    ),
    ("drift_step", lambda theta, rows, lam: -_qr(theta, rows) / (1 + lam), "any rank"),
    ("drift_step", _in_place("drift_step"), "in place"),
    ("stationary_step", lambda theta, rows, mu, lam: None, "is there a return"),
    (
        "stationary_step",
        lambda theta, rows, mu, lam: -(theta + rows.T @ mu) / (1 + lam),
        "2 of the squares is missing",
    ),
    ("complete_square", lambda u, lam: -u / (1 + lam), "return two things"),
    ("complete_square", lambda u, lam: (-u / (1 + lam), 0.0), "in part 1"),
    ("complete_square", lambda u, lam: (u / (1 + lam), 0.0), "in part 0"),
    ("step_towards", lambda theta, rows, centre, lam: centre - theta, "off by"),
    (
        "weighted_step",
        lambda theta, rows, w, lam: right["drift_step"](theta, rows * w, lam),
        "off by",
    ),
    ("bounded_step", lambda theta, rows, rho: -off(theta, rows), "bound has no effect"),
    (
        "bounded_step",
        lambda theta, rows, rho: (
            -off(theta, rows) / off(theta, rows).norm() * min(rho, off(theta, rows).norm())
        ),
        "divide 0 by 0",
    ),
    ("halved_step", lambda outputs, theta, step, tol: step, "never halved"),
    ("halved_step", lambda outputs, theta, step, tol: 0 * step, "off by"),
]


@pytest.mark.parametrize("name, wrong, message", WRONG)
def test_a_wrong_answer_is_told_by_its_own_message(name, wrong, message):
    with pytest.raises(WrongAnswer, match=message):
        ch.check(name, wrong)
