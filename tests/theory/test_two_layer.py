"""Do the functions on two-layer networks keep every retained output with at most rank-many
neurons, whatever comes in?

Independent solutions by NumPy and SciPy: ranks and least squares, exact rational arithmetic for the
lemma itself, an interior-point method for the linear program, and every subset of neurons in small
cases.
"""

import itertools
from fractions import Fraction

import numpy as np
import pytest
import scipy.linalg
import scipy.optimize
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from two_layer_cases import ACTIVATIONS

import unlearnlab as ul
from unlearnlab.chapters.ch07_two_layer import pursuit
from unlearnlab.theory import two_layer

METHODS = [two_layer.sparsify, pursuit.basis_pursuit, pursuit.matching_pursuit]


@st.composite
def instances(draw, largest=14, spread=True):
    """(c, features, r): features of rank r at most, with zero and equal columns,
    of any scale, also per neuron."""
    n, h = draw(st.integers(0, largest)), draw(st.integers(1, 2 * largest))
    r = draw(st.integers(0, min(n, h)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    phi = rng.standard_normal((n, r)) @ rng.standard_normal((r, h))
    c = rng.standard_normal(h)
    kinds = draw(
        st.sets(
            st.sampled_from(
                [
                    "zero weights",
                    "zero columns",
                    "equal columns",
                    "equal rows",
                    "neurons",
                    "weights",
                    "balanced",
                ]
            )
        )
    )
    if "equal columns" in kinds:
        phi[:, rng.integers(0, h, h // 2)] = phi[:, [0]]
    if "equal rows" in kinds and n:
        phi[rng.integers(0, n, n // 2)] = phi[0]
    if "zero columns" in kinds:
        phi[:, rng.integers(0, h, h // 3)] = 0
    if "zero weights" in kinds:
        c[rng.integers(0, h, h // 2)] = 0
    scale = 10.0 ** rng.uniform(-6, 6, h) if spread else np.ones(h)
    if "neurons" in kinds:
        phi = phi * scale
    if "weights" in kinds:
        c = c * scale[::-1]
    if "balanced" in kinds:
        phi, c = phi * scale, c / scale
    phi, c = phi * 10.0 ** draw(st.integers(-6, 6)), c * 10.0 ** draw(st.integers(-6, 6))
    return torch.from_numpy(c.copy()), torch.from_numpy(phi), r


def missed(new, c, phi):
    """|features @ (new - c)| relative to the contributions without their signs."""
    new, c, phi = (t.double().numpy() for t in (new, c, phi))
    size = np.linalg.norm(np.abs(phi) @ np.abs(c))
    return np.linalg.norm(phi @ new - phi @ c) / size if size else np.linalg.norm(phi @ new)


def count(c):
    return int((c != 0).sum())


@settings(deadline=None, max_examples=300)
@given(instances())
def test_sparsify_keeps_the_outputs_with_at_most_rank_many_weights_and_wakes_no_neuron(instance):
    c, phi, r = instance
    before = c.clone(), phi.clone()
    new = ul.two_layer.sparsify(c, phi)
    assert new.dtype == c.dtype and new.shape == c.shape and torch.isfinite(new).all()
    assert missed(new, c, phi) < 1.1e-11
    in_use = phi.numpy()[:, c.numpy() != 0]
    unit = in_use / np.where(
        np.abs(in_use).max(0, initial=1e-300) > 0, np.abs(in_use).max(0, initial=1e-300), 1
    )
    assert count(new) <= r and count(new) <= (np.linalg.matrix_rank(unit) if unit.size else 0)
    assert not new[c == 0].any()
    assert torch.equal(c, before[0]) and torch.equal(phi, before[1])


@settings(deadline=None, max_examples=100)
@given(instances(spread=False))
def test_the_count_is_at_most_numpys_default_rank(instance):
    c, phi, _ = instance
    assert count(ul.two_layer.sparsify(c, phi)) <= (
        np.linalg.matrix_rank(phi.numpy()) if len(phi) else 0
    )


@settings(deadline=None, max_examples=100)
@given(instances())
def test_on_the_neurons_that_stay_the_weights_are_the_least_squares_solution(instance):
    c, phi, _ = instance
    new = ul.two_layer.sparsify(c, phi).numpy()
    stay = new.nonzero()[0]
    columns, wanted = phi.numpy()[:, stay], (phi.numpy() * c.numpy()).sum(1)
    sizes = np.linalg.norm(columns, axis=0)
    solution = np.linalg.lstsq(columns / sizes, wanted, rcond=None)[0] if stay.size else np.zeros(0)
    assert np.linalg.norm(columns / sizes @ solution - wanted) <= 1.1e-11 * np.linalg.norm(
        np.abs(phi.numpy()) @ np.abs(c.numpy())
    )
    condition = np.linalg.cond(columns / sizes) if stay.size else 1
    assert np.linalg.norm(new[stay] * sizes - solution) <= 1e-12 * condition * (
        np.linalg.norm(solution) + np.linalg.norm(np.abs(phi.numpy()) @ np.abs(c.numpy()))
    )


@settings(deadline=None, max_examples=100)
@given(
    instances(spread=False),
    st.sampled_from(
        [
            (torch.float32, torch.float32),
            (torch.float32, torch.float64),
            (torch.float64, torch.float32),
        ]
    ),
)
def test_float32_in_gives_float32_out_with_its_own_precision(instance, dtypes):
    c, phi, r = instance
    c, phi = c.to(dtypes[0]), phi.to(dtypes[1])
    new = ul.two_layer.sparsify(c, phi)
    assert new.dtype == dtypes[0] and missed(new, c, phi) < 1e-5 and count(new) <= r


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("n, h", [(20, 60), (100, 800), (300, 40)])
def test_features_of_one_input_whose_rank_fades_out_keep_both_bounds(name, n, h):
    rng = np.random.default_rng(n + h)
    x = torch.from_numpy(np.stack([np.sort(rng.uniform(-3, 3, n)), np.ones(n)], 1))
    phi = ul.two_layer.features(torch.from_numpy(rng.standard_normal((h, 2))), x, ACTIVATIONS[name])
    noise = torch.from_numpy(rng.standard_normal(h))
    cancelling = torch.from_numpy(
        np.linalg.pinv(phi.numpy(), rcond=1e-15) @ rng.standard_normal(n)
    )  # weights of 1e9 for outputs of 1
    for c in (noise, cancelling):
        new = ul.two_layer.sparsify(c, phi)
        assert count(new) <= np.linalg.matrix_rank(phi.numpy()) and missed(new, c, phi) < 1e-11


def test_where_tiny_features_meet_huge_weights_more_neurons_stay_than_the_default_rank_counts():
    rng = np.random.default_rng(0)
    scale = np.logspace(-12, 12, 40)
    phi, c = torch.from_numpy(rng.standard_normal((40, 40)) * scale), torch.from_numpy(1 / scale)
    new = ul.two_layer.sparsify(c, phi)
    assert (
        np.linalg.matrix_rank(phi.numpy()) < 30 and count(new) == 40 and missed(new, c, phi) < 1e-11
    )


def test_the_pivoted_choice_keeps_the_weights_small_where_the_last_neurons_do_not():
    rng = np.random.default_rng(1)
    x = np.stack([np.linspace(-3, 3, 12), np.ones(12)], 1)
    phi = np.tanh(x @ rng.standard_normal((2, 200)))
    c = rng.standard_normal(200)
    last = np.linalg.solve(phi[:, -12:], phi @ c)
    pivoted = ul.two_layer.sparsify(torch.from_numpy(c), torch.from_numpy(phi)).numpy()
    assert 10 * np.linalg.norm(pivoted) < np.linalg.norm(last)


def echelon(matrix):
    """(columns, leading rows) of the reduced column echelon basis of the null space,
    in exact rational arithmetic."""
    # reversed: the free variables come first
    rows = [[Fraction(int(v)) for v in reversed(row)] for row in matrix]
    h, pivots, i = len(rows[0]), [], 0
    for j in range(h):
        found = next((k for k in range(i, len(rows)) if rows[k][j]), None)
        if found is None:
            continue
        rows[i], rows[found] = rows[found], rows[i]
        rows[i] = [v / rows[i][j] for v in rows[i]]
        for k in range(len(rows)):
            if k != i:
                rows[k] = [a - rows[k][j] * b for a, b in zip(rows[k], rows[i])]
        pivots.append(j)
        i += 1
    columns, leading = [], []
    for free in sorted(set(range(h)) - set(pivots), reverse=True):
        column = [Fraction(0)] * h
        column[free] = Fraction(1)
        for row, pivot in enumerate(pivots):
            column[pivot] = -rows[row][free]
        columns.append(column[::-1])
        leading.append(h - 1 - free)
    return columns, leading


@settings(deadline=None, max_examples=100)
@given(st.integers(1, 4), st.integers(1, 7), st.integers(0, 10**6))
def test_the_lemma_in_exact_arithmetic_and_our_weights_on_the_same_neurons(n, h, seed):
    rng = np.random.default_rng(seed)
    phi, c = rng.integers(-2, 3, (n, h)), rng.integers(-4, 5, h)
    columns, leading = echelon(phi)
    exact = [Fraction(int(v)) for v in c]
    for column, row in zip(columns, leading):  # cancel the leading entries one by one
        factor = exact[row]
        exact = [a - factor * b for a, b in zip(exact, column)]
    s = np.linalg.matrix_rank(phi)
    assert sum(v != 0 for v in exact) <= s
    assert [sum(Fraction(int(a)) * b for a, b in zip(row, exact)) for row in phi] == list(phi @ c)
    new = ul.two_layer.sparsify(torch.tensor(c).double(), torch.tensor(phi).double())
    assert count(new) <= s and missed(new, torch.tensor(c), torch.tensor(phi)) < 1e-14


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 4), st.integers(1, 8), st.integers(0, 10**6))
def test_no_smaller_set_of_neurons_does_it_for_weights_in_general_position(n, h, seed):
    rng = np.random.default_rng(seed)
    phi, c = rng.standard_normal((n, h)), rng.standard_normal(h)
    new = ul.two_layer.sparsify(torch.from_numpy(c), torch.from_numpy(phi))
    for few in itertools.combinations(range(h), count(new) - 1):
        part = phi[:, list(few)]
        best = part @ np.linalg.lstsq(part, phi @ c, rcond=None)[0] if few else 0 * (phi @ c)
        assert np.linalg.norm(best - phi @ c) > 1e-9 * np.linalg.norm(phi @ c)


@settings(deadline=None, max_examples=60)
@given(instances(spread=False))
def test_rank_is_numpys_rank(instance):
    _, phi, r = instance
    assert ul.two_layer.rank(phi) == (np.linalg.matrix_rank(phi.numpy()) if len(phi) else 0) <= r


@pytest.mark.parametrize(
    "c, phi, right",
    [
        (torch.zeros(5), torch.randn(3, 5), torch.zeros(5)),  # nothing to begin with
        (torch.ones(5), torch.zeros(3, 5), torch.zeros(5)),  # outputs that are 0 whatever c is
        (torch.ones(5), torch.zeros(0, 5), torch.zeros(5)),  # nothing to keep
        (torch.ones(0), torch.zeros(3, 0), torch.zeros(0)),  # no neuron
        (
            torch.tensor([2.0, 0, 0]),
            torch.ones(4, 3),
            torch.tensor([2.0, 0, 0]),
        ),  # one neuron in use, its equals asleep
        (torch.tensor([2.0, 3]), torch.eye(2), torch.tensor([2.0, 3])),  # nothing can go
    ],
)
def test_edge_cases(c, phi, right):
    for method in METHODS:
        assert torch.allclose(method(c.double(), phi.double()), right.double(), atol=1e-15), (
            method.__name__
        )


def test_entries_near_the_ends_of_floating_point_do_no_harm():
    rng = np.random.default_rng(2)
    phi, c = torch.from_numpy(rng.standard_normal((4, 9))), torch.from_numpy(rng.standard_normal(9))
    for a, b in [(1e-200, 1e-100), (1e200, 1e-200), (1e-200, 1e200), (1e150, 1e150)]:
        new = ul.two_layer.sparsify(c * b, phi * a)
        assert count(new) == 4 and missed(new / b, c, phi) < 1e-13


def test_weights_that_require_a_gradient_are_taken_as_numbers():
    c, phi = (
        torch.randn(6, dtype=torch.float64, requires_grad=True),
        torch.randn(2, 6, dtype=torch.float64, requires_grad=True),
    )
    for method in METHODS:
        assert not method(c, phi).requires_grad
    assert ul.two_layer.rank(phi) == 2


@pytest.mark.parametrize("n", [50, 200, 500])
def test_five_thousand_neurons_become_as_few_as_points(n):
    generator = torch.Generator().manual_seed(n)
    phi = torch.relu(
        torch.randn(n, 10, generator=generator) @ torch.randn(10, 5000, generator=generator)
    ).double()
    c = torch.randn(5000, generator=generator).double()
    new = ul.two_layer.sparsify(c, phi)
    assert count(new) <= n and missed(new, c, phi) < 1e-14


@settings(deadline=None, max_examples=80)
@given(instances(largest=10), st.sampled_from(METHODS[1:]))
def test_the_other_two_methods_keep_the_same_promises(instance, method):
    c, phi, r = instance
    new = method(c, phi)
    assert missed(new, c, phi) < 1e-10 and count(new) <= r and not new[c == 0].any()


@pytest.mark.parametrize("method", METHODS[1:])
def test_nearly_parallel_neurons_are_no_more_than_their_rank(method):
    generator = torch.Generator().manual_seed(744)
    one, other = torch.randn(8, 2, generator=generator, dtype=torch.float64).T
    plane = torch.stack([one, one + 0.02 * other], 1)
    phi = plane @ torch.rand(2, 12, generator=generator, dtype=torch.float64)
    c = 5 * torch.randn(12, generator=generator, dtype=torch.float64)
    new = method(c, phi)
    assert missed(new, c, phi) < 1e-13 and count(new) <= 2


@settings(deadline=None, max_examples=60)
@given(instances(largest=8, spread=False))
def test_basis_pursuit_reaches_the_least_absolute_sum_an_interior_point_method_finds(instance):
    c, phi, _ = instance
    in_use = c.numpy() != 0
    if not len(phi) or not in_use.any() or not phi.any():
        return
    small = phi.numpy()[:, in_use] / np.abs(phi.numpy()).max()
    weights = c.numpy()[in_use] / np.abs(c.numpy()).max()
    found = scipy.optimize.linprog(
        np.ones(2 * small.shape[1]),
        A_eq=np.hstack([small, -small]),
        b_eq=small @ weights,
        method="highs-ipm",
    )
    ours = pursuit.basis_pursuit(c, phi).abs().sum().item() / np.abs(c.numpy()).max()
    assert found.status == 0 and ours == pytest.approx(found.fun, rel=1e-5, abs=1e-7)


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 8), st.integers(1, 16), st.integers(0, 10**6))
def test_matching_pursuit_takes_the_neurons_of_the_plain_algorithm(n, h, seed):
    rng = np.random.default_rng(seed)
    phi, c = rng.standard_normal((n, h)), rng.standard_normal(h)
    unit, left, chosen = phi / np.linalg.norm(phi, axis=0), phi @ c, []
    while np.linalg.norm(left) > 1e-13 * np.linalg.norm(phi @ c) and len(chosen) < min(n, h):
        chosen.append(int(np.argmax(np.abs(unit.T @ left))))
        solution = np.linalg.lstsq(phi[:, chosen], phi @ c, rcond=None)[0]
        left = phi @ c - phi[:, chosen] @ solution
    new = pursuit.matching_pursuit(torch.from_numpy(c), torch.from_numpy(phi)).numpy()
    assert set(new.nonzero()[0]) == set(chosen)
    assert np.allclose(new[chosen], solution, rtol=1e-6, atol=1e-9 * np.abs(solution).max())


def test_matching_pursuit_ends_where_rounding_leaves_something_no_column_can_explain():
    rng = np.random.default_rng(3)
    column = rng.standard_normal(6) * 10.0 ** np.arange(-9, 9, 3)
    phi = torch.from_numpy(
        np.stack([column, 3 * column, 0 * column, 7e-9 * column], 1)
    )  # it once chose neuron 0 for ever
    c = torch.from_numpy(rng.standard_normal(4) * 1e5)
    assert count(pursuit.matching_pursuit(c, phi)) == 1


def test_a_linear_program_without_an_answer_is_told(monkeypatch):
    class Nothing:
        x, status, message = None, 1, "time is up"

    monkeypatch.setattr(scipy.optimize, "linprog", lambda *args, **options: Nothing)
    with pytest.raises(ArithmeticError, match="time is up"):
        pursuit.basis_pursuit(torch.ones(3), torch.ones(2, 3))
