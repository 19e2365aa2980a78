"""Do the theorems on linear networks hold, on random networks, against solutions that NumPy
and SciPy find on their own?"""

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from linear_network_cases import net
from scipy.linalg import null_space
from scipy.optimize import minimize

from unlearnlab.chapters.ch06_linear_network import exercises, search


@st.composite
def problems(draw, max_depth=6, min_rows=0, max_m=20, dtype=None):
    """(layers, X) of random depth, widths, rank, dtype, and a scale from 1e-6 to 1e6 for every
    layer and for the inputs."""
    depth = draw(st.integers(1, max_depth))
    m = draw(st.integers(2, max_m))
    widths = draw(st.lists(st.integers(1, 12), min_size=depth - 1, max_size=depth - 1))
    rows = draw(st.integers(min_rows, m - 1))
    rank = draw(st.integers(min(min_rows, rows), rows))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    scale = lambda: 10.0 ** draw(st.floats(-6, 6))
    sizes = [m, *widths, 1]
    layers = [scale() * rng.normal(size=(b, a)) for a, b in zip(sizes, sizes[1:])]
    X = rng.normal(size=(rows, rank)) @ rng.normal(size=(rank, m))
    if rows and draw(st.booleans()):
        X[rng.integers(rows)] = X[rng.integers(rows)]  # a duplicate
    if rows > min_rows and draw(st.booleans()):
        X[-1] = 0
    dtype = dtype or draw(st.sampled_from([torch.float64, torch.float32]))
    return [torch.tensor(a, dtype=dtype) for a in layers], torch.tensor(X * scale(), dtype=dtype)


def numpy_predictor(layers):
    w = np.eye(layers[0].shape[1])
    for a in layers:
        w = a.double().numpy() @ w
    return w[0]


def numpy_projection(w, X):
    """P_S w by least squares, on rows scaled to length 1 (the span is the same)."""
    rounding = 1e-5 if X.dtype == torch.float32 else 1e-10
    X = X.double().numpy()
    X = X[np.abs(X).max(1) > 0] if len(X) else X
    if not len(X):
        return np.zeros_like(w)
    X = X / np.linalg.norm(X, axis=1, keepdims=True)
    return X.T @ np.linalg.lstsq(X.T, w, rcond=rounding)[0]


def slack(layers):
    """Rounding that no algorithm can avoid: storing A_1 + Delta moves w by its precision
    times ||A_1|| ||v||."""
    v = numpy_predictor([torch.eye(len(layers[0]), dtype=layers[0].dtype), *layers[1:]])
    return torch.finfo(layers[0].dtype).eps * np.linalg.norm(layers[0].double()) * np.linalg.norm(v)


@settings(deadline=None, max_examples=400)
@given(problems())
def test_unlearning_gives_the_projection_of_the_predictor(problem):
    layers, X = problem
    before = [a.clone() for a in layers]
    new = net.unlearn(layers, X)
    w = numpy_predictor(layers)
    wanted = numpy_projection(w, X)
    tight = (
        1e-10 if X.dtype == torch.float64 else 2e-4
    )  # float32 inputs fix their own span to 1e-7 only
    assert np.linalg.norm(numpy_predictor(new) - wanted) <= tight * np.linalg.norm(w) + 20 * slack(
        layers
    )
    assert [a.shape for a in new] == [a.shape for a in layers] and all(
        a.dtype == layers[0].dtype for a in new
    )
    assert all(torch.equal(a, b) for a, b in zip(layers, before))
    assert all(torch.equal(a, b) for a, b in zip(layers[1:], new[1:])) and all(
        a is not b for a, b in zip(layers, new)
    )


@settings(deadline=None, max_examples=150)
@given(problems(dtype=torch.float64))
def test_lemma_1s_step_is_feasible_has_rank_one_and_is_the_formula(problem):
    layers, X = problem
    delta = net.perturbation(layers, X)
    assert all(not d.any() for d in delta[1:])
    rows = net.output_gradients(layers, X)
    limits = rows.norm(dim=1) * net.flatten(delta).norm()
    assert (
        (rows @ net.flatten(delta)).abs()
        <= 1e-9 * limits + 1e-13 * rows.norm(dim=1) * layers[0].norm()
    ).all()
    v = numpy_predictor([torch.eye(len(layers[0]), dtype=torch.float64), *layers[1:]])
    w = numpy_predictor(layers)
    formula = -np.outer(v / (v @ v), w - numpy_projection(w, X))
    assert np.linalg.norm(delta[0].numpy() - formula) <= 1e-9 * float(layers[0].norm())
    assert np.linalg.matrix_rank(delta[0].numpy(), tol=1e-9 * float(layers[0].norm())) <= 1


@settings(deadline=None, max_examples=150)
@given(problems(dtype=torch.float64, max_depth=5, max_m=8))
def test_the_gradients_are_those_of_automatic_differentiation_and_of_central_differences(problem):
    layers, X = problem
    layers = [a / a.norm() for a in layers]
    theta = net.flatten(layers)
    output = lambda t: X @ net.predictor(net.unflatten(t, layers))
    rows = net.output_gradients(layers, X)
    assert torch.allclose(
        rows, torch.func.jacrev(output)(theta), rtol=1e-9, atol=1e-12 * float(X.norm())
    )
    v = torch.tensor(np.random.default_rng(0).normal(size=len(theta)))
    v = v / v.norm()
    slope = (output(theta + 1e-5 * v) - output(theta - 1e-5 * v)) / 2e-5
    assert torch.allclose(rows @ v, slope, atol=1e-7 * float(X.norm()))


@settings(deadline=None, max_examples=150)
@given(problems(), st.floats(-150, 150))
def test_theorem_4s_layers_have_the_predictor_are_balanced_and_reach_the_bound(problem, exponent):
    layers, _ = problem
    widths = [len(a) for a in layers[:-1]]
    w = torch.tensor(
        np.random.default_rng(len(layers)).normal(size=layers[0].shape[1]) * 10**exponent
    )
    found, depth, rho = net.min_param_norm(w, widths), len(layers), np.linalg.norm(w.numpy())
    assert [a.shape for a in found] == [a.shape for a in layers]
    assert np.linalg.norm(numpy_predictor(found) - w.numpy()) <= 1e-13 * rho
    for a in found:
        assert float(a.norm()) == pytest.approx(rho ** (1 / depth), rel=1e-12)
    assert float(net.norm_squared(found)) == pytest.approx(depth * rho ** (2 / depth), rel=1e-12)


@settings(deadline=None, max_examples=150)
@given(problems(dtype=torch.float64))
def test_no_network_is_smaller_than_theorem_4_allows_for_its_predictor(problem):
    layers, _ = problem
    rho, depth = np.linalg.norm(numpy_predictor(layers)), len(layers)
    assert float(net.norm_squared(layers)) >= depth * rho ** (2 / depth) * (1 - 1e-12)


@pytest.mark.parametrize("depth", [2, 3, 4, 5])
def test_an_optimiser_under_explicit_constraints_finds_nothing_smaller_than_theorem_4(depth):
    """SLSQP holds X w = y as constraints; notebook 06 changes variables instead:
    both stop at the bound."""
    rng = np.random.default_rng(depth)
    X, y = rng.normal(size=(2, 4)), rng.normal(size=2)
    rho = np.linalg.norm(np.linalg.pinv(X) @ y)
    bound, shapes = depth * rho ** (2 / depth), [(2, 4), *[(2, 2)] * (depth - 2), (1, 2)]
    cuts = np.cumsum([a * b for a, b in shapes])[:-1]
    predictor = lambda theta: np.linalg.multi_dot(
        [np.eye(1), *[part.reshape(s) for part, s in zip(np.split(theta, cuts), shapes)][::-1]]
    )[0]
    for seed in range(3):
        start = np.random.default_rng(seed).normal(size=sum(a * b for a, b in shapes))
        found = minimize(
            lambda t: t @ t,
            start,
            jac=lambda t: 2 * t,
            method="SLSQP",
            options={"maxiter": 500, "ftol": 1e-13},
            constraints={"type": "eq", "fun": lambda t: X @ predictor(t) - y},
        )
        assert np.abs(X @ predictor(found.x) - y).max() < 1e-7 and found.fun >= bound * (1 - 1e-6)


@settings(deadline=None, max_examples=100)
@given(problems(min_rows=1, max_depth=5, max_m=10, dtype=torch.float64), st.integers(0, 10**6))
def test_theorem_3_with_the_drift_penalty_every_start_reaches_the_retrained_predictor(
    problem, seed
):
    layers, X = problem
    scale = torch.cat([a.norm().expand(a.numel()) for a in layers])
    start = scale * torch.tensor(np.random.default_rng(seed).normal(size=len(scale)))
    path = search.solve_relaxed(layers, X, start=start)
    delta = net.unflatten(path[-1], layers)
    assert all(not d.any() for d in delta[1:])
    w = numpy_predictor(layers)
    reached = numpy_predictor([a + d for a, d in zip(layers, delta)])
    v = numpy_predictor([torch.eye(len(layers[0]), dtype=torch.float64), *layers[1:]])
    size = max(np.linalg.norm(w), np.linalg.norm(v) * float(layers[0].norm()))
    assert np.linalg.norm(reached - numpy_projection(w, X)) <= 1e-6 * size


@pytest.mark.parametrize("widths", [[], [3], [1], [3, 2], [2, 3, 2]])
def test_theorem_3_by_a_basis_of_the_feasible_steps(widths):
    """Independent of the package: the gradients by differences, their null space by SciPy,
    the least norm by BFGS."""
    layers = net.random_network(6, widths, seed=5)
    X = np.random.default_rng(1).normal(size=(3, 6))
    first, upper = layers[0].numpy(), [a.numpy() for a in layers[1:]]

    def predictor(a):
        for b in upper:
            a = b @ a
        return a[0]

    rows = np.array(
        [
            [
                X[i] @ (predictor(first + e.reshape(first.shape)) - predictor(first))
                for e in np.eye(first.size)
            ]
            for i in range(3)
        ]
    )
    basis = null_space(rows)
    for seed in range(3):
        start = np.random.default_rng(seed).normal(size=basis.shape[1])
        found = minimize(
            lambda z: np.sum(predictor(first + (basis @ z).reshape(first.shape)) ** 2),
            start,
            method="BFGS",
            options={"gtol": 1e-9},
        )
        reached = predictor(first + (basis @ found.x).reshape(first.shape))
        assert (
            np.linalg.norm(reached - numpy_predictor(net.unlearn(layers, torch.tensor(X)))) < 1e-6
        )


@settings(deadline=None, max_examples=100)
@given(problems(min_rows=1, dtype=torch.float64, max_depth=5))
def test_the_shortest_of_the_steps_theorem_3_allows_is_lemma_1s(problem):
    """Delta_{A_1}^T v = -P_perp w has many solutions;
    NumPy's least squares returns the shortest."""
    layers, X = problem
    v = numpy_predictor([torch.eye(len(layers[0]), dtype=torch.float64), *layers[1:]])
    w = numpy_predictor(layers)
    shortest = np.linalg.lstsq(
        v[None] / np.linalg.norm(v),
        -(w - numpy_projection(w, X))[None] / np.linalg.norm(v),
        rcond=None,
    )[0]
    assert np.linalg.norm(net.perturbation(layers, X)[0].numpy() - shortest) <= 1e-9 * float(
        layers[0].norm()
    )


@settings(deadline=None, max_examples=150)
@given(problems(min_rows=1, dtype=torch.float64))
def test_the_cancelling_step_is_feasible_and_leaves_the_zero_predictor(problem):
    layers, X = problem
    assume(len(layers) > 1)
    delta = exercises.cancelling_step(layers)
    assert not numpy_predictor([a + d for a, d in zip(layers, delta)]).any()
    v = torch.tensor(numpy_predictor([torch.eye(len(layers[0]), dtype=torch.float64), *layers[1:]]))
    size = X.norm(dim=1) * layers[0].norm() * v.norm()
    rows = torch.func.jacrev(lambda t: X @ net.predictor(net.unflatten(t, layers)))(
        net.flatten(layers)
    )
    assert ((rows @ net.flatten(delta)).abs() <= 1e-10 * size).all()


@pytest.mark.parametrize("widths", [[], [1], [4], [3, 3], [2, 2, 2]])
def test_without_a_penalty_every_step_is_feasible_and_a_network_loses_the_fit_entirely(widths):
    for seed in range(8):
        layers = net.random_network(6, widths, seed)
        draw = torch.Generator().manual_seed(seed)
        X = torch.randn(3, 6, generator=draw, dtype=torch.float64)
        theta, G = net.flatten(layers), net.output_gradients(layers, X)
        start = 0.003 * torch.randn(len(theta), generator=draw, dtype=torch.float64)
        step = search.solve_relaxed(layers, X, only_first=False, start=start)[-1]
        assert ((G @ step).abs() < 1e-9 * G.norm(dim=1) * step.norm()).all()
        w = numpy_predictor(net.unflatten(theta + step, layers))
        retrained = numpy_projection(numpy_predictor(layers), X)
        shorter = np.linalg.norm(w) / np.linalg.norm(retrained)
        assert shorter < 1e-4 if widths else shorter > 1 - 1e-9  # a linear model never fails


def test_one_layer_is_the_linear_model():
    c = torch.tensor([[1.0, 2, 3]], dtype=torch.float64)
    X = torch.tensor([[1.0, 0, 0]], dtype=torch.float64)
    assert net.predictor([c]).tolist() == [1, 2, 3] and net.upper([c]).tolist() == [1]
    assert net.unlearn([c], X)[0].tolist() == [[1, 0, 0]]
    assert net.output_gradients([c], X).tolist() == [[1, 0, 0]]
    assert torch.allclose(net.min_param_norm(c[0], [])[0], c, rtol=1e-15)
    step = search.solve_relaxed([c], X, only_first=False)[-1]
    assert torch.allclose(c + step, net.unlearn([c], X)[0], atol=1e-9)


def test_with_no_retain_points_the_predictor_becomes_zero():
    layers = net.random_network(5, [4, 3], seed=1)
    new = net.unlearn(layers, torch.zeros(0, 5, dtype=torch.float64))
    assert net.predictor(new).norm() < 1e-15


def test_layers_so_large_or_small_that_v_squared_overflows_are_no_problem():
    for size in (1e-60, 1e60):
        layers = [size * a for a in net.random_network(6, [4, 4, 4], seed=2)]
        X = torch.tensor(np.random.default_rng(0).normal(size=(3, 6)))
        w = numpy_predictor(layers)
        assert (
            np.linalg.norm(
                numpy_predictor(net.unlearn(layers, X)) / np.abs(w).max()
                - numpy_projection(w / np.abs(w).max(), X)
            )
            < 1e-12
        )
        assert torch.isfinite(net.flatten(net.perturbation(layers, X))).all()


def test_a_long_chain_of_narrow_layers_is_not_taken_for_a_dead_one():
    layers = net.random_network(8, [40] * 29, seed=0)
    X = torch.tensor(np.random.default_rng(0).normal(size=(4, 8)))
    w = numpy_predictor(layers)
    assert np.linalg.norm(
        numpy_predictor(net.unlearn(layers, X)) - numpy_projection(w, X)
    ) < 1e-12 * np.linalg.norm(w)


def test_theorem_4_for_the_zero_predictor_is_zero_layers_and_float32_stays_float32():
    assert [a.shape for a in net.min_param_norm(torch.zeros(4), [3, 2])] == [(3, 4), (2, 3), (1, 2)]
    assert float(net.norm_squared(net.min_param_norm(torch.zeros(4), [3, 2]))) == 0
    small = net.min_param_norm(torch.tensor([3.0, 4.0]), [2])
    assert all(a.dtype == torch.float32 for a in small) and torch.allclose(
        net.predictor(small), torch.tensor([3.0, 4.0])
    )


def test_theorem_4_for_predictors_whose_norm_overflows_or_underflows():
    for size in (1e-300, 1e300, 1.7e308):
        w = torch.tensor([size, -size, size], dtype=torch.float64)
        found = net.min_param_norm(w, [4, 2])
        assert np.abs(numpy_predictor(found) / size - [1, -1, 1]).max() < 1e-12


def test_nothing_is_differentiated_by_accident_and_parameters_are_welcome():
    layers = [torch.nn.Parameter(a) for a in net.random_network(4, [3], seed=0)]
    X = torch.eye(4, dtype=torch.float64)[:2]
    assert (
        not any(a.requires_grad for a in net.unlearn(layers, X))
        and net.predictor(layers).requires_grad
    )
