"""Do the theorems on linear models hold to machine precision, for any shape, rank and scale?
NumPy and SciPy give the other answer."""

import math

import numpy as np
import pytest
import scipy.linalg
import scipy.optimize
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import unlearnlab as ul

linear = ul.linear
SCALES = st.floats(-6, 6).map(lambda power: 10.0**power)
SEEDS = st.integers(0, 2**32 - 1)


@st.composite
def problems(draw, ragged=True, full=False):
    """(X, theta): X (n, m) of a random rank, 0 to full, scale 1e-6 to 1e6, sometimes with zero
    rows, duplicates or uneven rows."""
    rng = np.random.default_rng(draw(SEEDS))
    n, m = draw(st.integers(1, 12)), draw(st.integers(1, 16))
    rank = min(n, m) if full else draw(st.integers(0, min(n, m)))
    left = np.linalg.qr(rng.normal(size=(n, max(rank, 1))))[0][:, :rank]
    right = np.linalg.qr(rng.normal(size=(m, max(rank, 1))))[0][:, :rank]
    X = (
        left * np.geomspace(1, 20, rank) @ right.T * draw(SCALES)
    )  # a condition number, so that tolerances can be tight
    if ragged and draw(st.booleans()):
        X = np.concatenate([X, X[:1], 0 * X[:1]])
    if ragged and draw(st.booleans()):
        X = X * 10.0 ** rng.uniform(
            -3, 3, (len(X), 1)
        )  # one row up to 1e6 times another: the span is the same
    return X, rng.normal(size=m) * draw(SCALES)


def independent(X, theta):
    """P theta by scipy's pivoted QR of unit rows: nothing shared with the package."""
    lengths = np.linalg.norm(X, axis=1)
    units = X[lengths > 0] / lengths[lengths > 0, None]
    if len(units) == 0:
        return 0 * theta
    Q, R, _ = scipy.linalg.qr(units.T, mode="economic", pivoting=True)
    Q = Q[:, np.abs(np.diag(R)) > 1e-11 * abs(R[0, 0])]
    return Q @ (Q.T @ theta)


def close(answer, wanted, scale, tolerance=1e-10):
    return np.linalg.norm(np.asarray(answer) - np.asarray(wanted)) <= tolerance * np.linalg.norm(
        scale
    )


@given(problems())
@settings(deadline=None, max_examples=400)
def test_theorem_2_the_projection_is_the_minimum_norm_interpolator_of_the_retain_set(problem):
    X, theta = problem
    rows, original = torch.tensor(X), torch.tensor(theta)
    wanted = independent(X, theta)
    assert close(linear.unlearn(original, rows), wanted, theta)
    assert close(linear.min_norm(rows, torch.tensor(X @ theta)), wanted, theta)


@given(problems(ragged=False))
@settings(deadline=None, max_examples=200)
def test_the_minimum_norm_interpolator_solves_the_kkt_system(problem):
    X, theta = problem
    scale = np.abs(X).max(initial=0) or 1.0
    A, m = X / scale, X.shape[1]
    kkt = np.block([[2 * np.eye(m), A.T], [A, np.zeros((len(A), len(A)))]])
    solution = scipy.linalg.lstsq(kkt, np.concatenate([np.zeros(m), A @ theta]), cond=1e-12)[0][:m]
    assert close(linear.min_norm(torch.tensor(X), torch.tensor(X @ theta)), solution, theta, 1e-9)


@given(problems(ragged=False), SEEDS)
@settings(deadline=None, max_examples=200)
def test_without_an_interpolator_it_is_the_shortest_least_squares_solution(problem, seed):
    X, _ = problem
    y = np.random.default_rng(seed).normal(size=len(X))
    wanted = np.linalg.pinv(X, rcond=1e-11) @ y
    assert close(linear.min_norm(torch.tensor(X), torch.tensor(y)), wanted, wanted, 1e-10)


@given(problems(), SCALES)
@settings(deadline=None, max_examples=100)
def test_scaling_the_labels_scales_the_solution(problem, factor):
    X, theta = map(torch.tensor, problem)
    one, other = linear.min_norm(X, X @ theta), linear.min_norm(X, X @ (factor * theta))
    assert close(other, factor * one, factor * theta)


def test_one_retain_row_a_million_times_another():
    X = torch.tensor([[1e6, 1e6, 0], [1e-6, 0, 1e-6]], dtype=torch.float64)
    theta = torch.tensor([1.0, 2, 3], dtype=torch.float64)
    exact = torch.tensor(
        [7 / 3, 2 / 3, 5 / 3], dtype=torch.float64
    )  # X theta = (3e6, 4e-6): theta1 + theta2 = 3, theta1 + theta3 = 4
    assert torch.allclose(linear.min_norm(X, X @ theta), exact, rtol=1e-13)
    assert torch.allclose(linear.unlearn(theta, X), exact, rtol=1e-13)


def test_a_short_row_with_an_inconsistent_label_counts_by_its_length():
    """Rows made equally long give this label a weight of 1e12; least squares on the
    rest takes it away again, to the last digit."""
    X, y = (
        torch.tensor([[1.0], [1e-6]], dtype=torch.float64),
        torch.tensor([1.0, 1.0], dtype=torch.float64),
    )
    assert linear.min_norm(X, y).item() == pytest.approx((1 + 1e-6) / (1 + 1e-12), rel=1e-14)


@given(problems())
@settings(deadline=None, max_examples=100)
def test_float32_in_gives_float32_out_computed_in_float64(problem):
    X, theta = (torch.tensor(a).float() for a in problem)
    assume(torch.isfinite(X).all() and (X == 0).logical_or(X.abs() > 1e-30).all())
    out = linear.unlearn(theta, X)
    basis = X.double()  # the rounded rows may have another rank; so compare with what they are
    kept = theta.double() - out.double()
    lengths = basis.norm(dim=1) * theta.double().norm()
    assert out.dtype == torch.float32 and ((basis @ kept).abs() <= 1e-5 * lengths).all()
    labels = (X.double() @ theta.double()).float()
    assert linear.min_norm(X, labels).dtype == torch.float32


@given(problems(ragged=False, full=True))
@settings(deadline=None, max_examples=60)
def test_float32_interpolates_to_float32(problem):
    X, theta = (torch.tensor(a).float() for a in problem)
    assume(len(X) <= X.shape[1])
    labels = (X.double() @ theta.double()).float()
    wanted = np.linalg.pinv(X.double().numpy()) @ labels.double().numpy()
    assert close(linear.min_norm(X, labels), wanted, theta.numpy(), 1e-6)


@given(problems())
@settings(deadline=None, max_examples=100)
def test_any_interpolator_is_unlearned_to_the_same_vector(problem):
    X, theta = problem
    rng = np.random.default_rng(len(X))
    off = rng.normal(size=theta.shape) * np.linalg.norm(theta)
    other = theta + off - independent(X, off)
    assert close(linear.unlearn(torch.tensor(other), torch.tensor(X)), independent(X, theta), other)


def test_no_shorter_vector_interpolates():
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(4, 9)), rng.normal(size=4)
    found = scipy.optimize.minimize(
        lambda t: t @ t,
        rng.normal(size=9),
        jac=lambda t: 2 * t,
        method="SLSQP",
        constraints={"type": "eq", "fun": lambda t: X @ t - y, "jac": lambda t: X},
        options={"ftol": 1e-14},
    )
    assert close(linear.min_norm(torch.tensor(X), torch.tensor(y)), found.x, found.x, 1e-6)


@given(problems(ragged=False), SEEDS)
@settings(deadline=None, max_examples=60)
def test_inside_the_retain_span_the_forget_prediction_stays(problem, seed):
    X, theta = problem
    mix = np.random.default_rng(seed).normal(size=len(X))
    x_forget = mix @ X
    answer = linear.unlearn(torch.tensor(theta), torch.tensor(X)).numpy()
    assert abs(x_forget @ answer - x_forget @ theta) <= 1e-10 * np.abs(mix) @ np.linalg.norm(
        X, axis=1
    ) * np.linalg.norm(theta)


@given(problems(ragged=False), st.floats(1e-8, 1), SEEDS)
@settings(deadline=None, max_examples=100)
def test_an_approximate_interpolator_is_off_by_at_most_its_residual_over_the_least_singular_value(
    problem, size, seed
):
    X, theta = problem
    U, s, _ = np.linalg.svd(X, full_matrices=False)
    rank = int((s > 1e-10 * s[:1]).sum())
    assume(rank > 0)
    rows, labels = torch.tensor(X), X @ theta
    coordinates = np.random.default_rng(seed).normal(size=rank)
    scale = size * np.linalg.norm(labels)
    for error, tight in (
        (U[:, :rank] @ coordinates / np.linalg.norm(coordinates) * scale, False),
        (U[:, rank - 1] * scale, True),
    ):
        approximate = theta + np.linalg.pinv(X, rcond=1e-10) @ error  # predicts labels + error
        away = np.linalg.norm(
            linear.unlearn(torch.tensor(approximate), rows)
            - linear.min_norm(rows, torch.tensor(labels))
        )
        bound = scale / s[rank - 1]
        assert away <= bound * (1 + 1e-6) + 1e-9 * np.linalg.norm(theta)
        assert not tight or away >= bound * (1 - 1e-6) - 1e-9 * np.linalg.norm(theta)


def descended(X, y, start, steps):
    """Plain gradient descent on the mean squared error, at one over the largest curvature."""
    lr = len(X) / (2 * torch.linalg.matrix_norm(X, ord=2) ** 2).clamp_min(1e-300)
    for _ in range(steps):
        start = start - lr * 2 / len(X) * X.T @ (X @ start - y)
    return start


@given(problems(ragged=False), SEEDS, st.booleans())
@settings(deadline=None, max_examples=25)
def test_descent_ends_at_the_stated_limit_and_from_zero_at_the_minimum_norm_solution(
    problem, seed, zero
):
    X, theta = problem
    rng = np.random.default_rng(seed)
    y = X @ theta + rng.normal(size=len(X)) * np.abs(X @ theta).max(initial=0)
    start = 0 * theta if zero else rng.normal(size=theta.shape) * np.linalg.norm(theta)
    data = torch.tensor(X), torch.tensor(y), torch.tensor(start)
    limit = linear.gd_limit(*data)
    end = descended(*data, steps=6000)  # condition numbers up to 20: (1 - 1/400)^6000 = 3e-7
    wanted = np.linalg.pinv(X, rcond=1e-11) @ y + start - independent(X, start)
    assert close(limit, wanted, np.abs(wanted) + np.abs(start)) and close(
        end, wanted, np.abs(wanted) + np.abs(start), 2e-6
    )
    assert not zero or close(limit, linear.min_norm(*data[:2]).numpy(), wanted)


@given(problems(ragged=False))
@settings(deadline=None, max_examples=40)
def test_iterates_from_zero_never_leave_the_span(problem):
    X, theta = problem
    zero = torch.zeros(len(theta), dtype=torch.float64)
    for steps in (1, 5, 20):
        end = descended(torch.tensor(X), torch.tensor(X @ theta), zero, steps).numpy()
        assert close(end, independent(X, end), theta)


@given(problems(ragged=False), st.floats(-8, 3))
@settings(deadline=None, max_examples=100)
def test_ridge_solves_its_normal_equations(problem, power):
    X, theta = problem
    assume(np.abs(X).max(initial=0) > 0)
    scale = np.linalg.norm(X, 2)
    lam, y = 10.0**power * scale**2, X @ theta
    A = X / scale
    wanted = scipy.linalg.solve(
        A.T @ A + len(X) * lam / scale**2 * np.eye(X.shape[1]), A.T @ y / scale, assume_a="pos"
    )
    assert close(linear.ridge(torch.tensor(X), torch.tensor(y), lam), wanted, theta, 1e-7)


@given(problems())
@settings(deadline=None, max_examples=60)
def test_ridge_without_penalty_is_the_minimum_norm_solution(problem):
    X, theta = map(torch.tensor, problem)
    assert torch.equal(linear.ridge(X, X @ theta, 0.0), linear.min_norm(X, X @ theta))


def test_a_ridge_too_large_for_its_dtype_is_refused_as_min_norm_refuses():
    X, y = torch.tensor([[1e-30]]), torch.tensor([1e20])
    for solution in linear.min_norm, lambda X, y: linear.ridge(X, y, 1e-300):
        with pytest.raises(ValueError, match="y must be smaller: the result has entries too large"):
            solution(X, y)


def test_no_rows_no_columns_and_zero_rows_have_their_meaning():
    theta = torch.tensor([1.0, -2, 3], dtype=torch.float64)
    none, no_labels = torch.zeros(0, 3, dtype=torch.float64), torch.zeros(0, dtype=torch.float64)
    assert torch.equal(linear.unlearn(theta, none), 0 * theta) and torch.equal(
        linear.min_norm(none, no_labels), 0 * theta
    )
    assert torch.equal(linear.gd_limit(none, no_labels, theta), theta)
    assert torch.equal(linear.ridge(none, no_labels, 1.0), 0 * theta)
    zero = torch.zeros(2, 3, dtype=torch.float64)
    assert torch.equal(linear.min_norm(zero, torch.ones(2, dtype=torch.float64)), 0 * theta)
    assert torch.equal(linear.unlearn(theta, zero), 0 * theta)
    empty = torch.zeros(2, 0, dtype=torch.float64)
    assert (
        linear.min_norm(empty, torch.ones(2, dtype=torch.float64)).shape
        == (0,)
        == linear.unlearn(theta[:0], empty).shape
    )


@pytest.mark.parametrize("length", [1e-200, 1e-150, 1e150])
def test_rows_whose_squares_leave_float64_are_no_trouble(length):
    rng = np.random.default_rng(1)
    X, theta = rng.normal(size=(4, 9)), torch.tensor(rng.normal(size=9))
    rows = torch.tensor(X * length)
    assert close(linear.min_norm(rows, rows @ theta), independent(X, theta.numpy()), theta)


def test_an_answer_too_long_for_its_precision_is_refused():
    with pytest.raises(ValueError, match="y must be smaller: .* torch.float32"):
        linear.min_norm(torch.tensor([[1e-30]]), torch.tensor([1e30]))


X, Y, T = torch.ones(2, 3), torch.ones(2), torch.ones(3)
BAD = [
    (lambda: linear.min_norm([[1.0]], Y), TypeError, "X must be a floating-point tensor, got list"),
    (lambda: linear.min_norm(X.long(), Y), TypeError, "X must be .* got a torch.int64"),
    (lambda: linear.min_norm(X, Y.long()), TypeError, "y must be"),
    (lambda: linear.min_norm(X[0], Y), ValueError, r"X must have shape \(n, m\), got \(3,\)"),
    (lambda: linear.min_norm(X, X), ValueError, r"y must have shape \(2,\), got \(2, 3\)"),
    (lambda: linear.min_norm(X, T), ValueError, r"y must have shape \(2,\).* got \(3,\)"),
    (lambda: linear.min_norm(X * math.nan, Y), ValueError, "X must be finite"),
    (
        lambda: linear.min_norm(X, Y * math.inf),
        ValueError,
        "y must be finite, but 2 of 2 numbers are nan or inf",
    ),
    (
        lambda: linear.unlearn(T, X[:, :2]),
        ValueError,
        r"X_retain must have shape \(n, 3\), got \(2, 2\)",
    ),
    (lambda: linear.unlearn(T.long(), X), TypeError, "theta must be"),
    (lambda: linear.unlearn(T, T), ValueError, r"X_retain must have shape \(n, 3\), got \(3,\)"),
    (lambda: linear.unlearn(T, X / 0), ValueError, "X_retain must be finite"),
    (lambda: linear.unlearn(T / 0, X), ValueError, "theta must be finite"),
    (lambda: linear.gd_limit(X, Y, Y), ValueError, r"start must have shape \(3,\), got \(2,\)"),
    (lambda: linear.ridge(X, Y, math.nan), ValueError, "lam must be"),
    (lambda: linear.ridge(X, Y, "much"), ValueError, "lam must be .* got 'much'"),
]


@pytest.mark.parametrize("call, kind, words", BAD)
def test_bad_input_is_refused_by_name(call, kind, words):
    with pytest.raises(kind, match=words):
        call()


def test_no_argument_is_changed():
    rng = np.random.default_rng(2)
    data = [
        torch.tensor(a) for a in (rng.normal(size=(4, 6)), rng.normal(size=4), rng.normal(size=6))
    ]
    copies = [a.clone() for a in data]
    linear.min_norm(*data[:2]), linear.unlearn(data[2], data[0])
    linear.gd_limit(*data), linear.ridge(*data[:2], 0.1)
    assert all(torch.equal(a, b) for a, b in zip(data, copies))
