"""Are layers, inputs and other arguments that do not fit refused by name?"""

import numpy as np
import pytest
import torch
from linear_network_cases import net

from unlearnlab.chapters.ch06_linear_network import search

FINE = net.random_network(4, [3, 2], seed=0)


X2 = torch.eye(4, dtype=torch.float64)[:2]


DEAD = [
    FINE[0],
    torch.tensor([[1.0, 2, 3], [1, 2, 3]]).double(),
    torch.tensor([[1.0, -1]]).double(),
]


@pytest.mark.parametrize(
    "layers, kind, words",
    [
        ([], TypeError, "layers must be a list of matrices .* got an empty one"),
        (torch.eye(3), TypeError, "layers must be a list of matrices .* got Tensor"),
        (
            [FINE[0], FINE[1], [1.0, 2.0]],
            TypeError,
            r"layers\[2\] must be a floating-point tensor, got list",
        ),
        (
            [FINE[0], FINE[1].float(), FINE[2]],
            TypeError,
            r"layers\[1\] must have the dtype of layers\[0\], torch.float64, got "
            r"torch.float32",
        ),
        (
            [a.long() for a in FINE],
            TypeError,
            r"layers\[0\] must be a floating-point tensor, got a torch.int64 one",
        ),
        (
            [a.half() for a in FINE],
            TypeError,
            r"layers\[0\] must be a float32 or float64 tensor, got a torch.float16 one",
        ),
        ([FINE[0], FINE[2]], ValueError, r"layers\[1\] must have shape \(1, 3\), got \(1, 2\)"),
        (
            [FINE[0], FINE[1], FINE[2][0]],
            ValueError,
            r"layers\[2\] must have shape \(1, 2\), got \(2,\)",
        ),
        (FINE[:2], ValueError, r"layers\[1\] must have shape \(1, 3\), got \(2, 3\)"),
        (
            [FINE[0], FINE[1], FINE[2] * np.nan],
            ValueError,
            r"layers\[2\] must be finite, but 2 of 2 numbers are nan or inf",
        ),
        (
            [torch.zeros(0, 4).double(), torch.zeros(1, 0).double()],
            ValueError,
            r"layers\[0\] must have entries, got shape \(0, 4\)",
        ),
    ],
)
def test_wrong_layers_are_named(layers, kind, words):
    for function in (
        net.predictor,
        net.upper,
        net.norm_squared,
        lambda a: net.output_gradients(a, X2),
        lambda a: net.unlearn(a, X2),
        lambda a: net.perturbation(a, X2),
        lambda a: search.solve_relaxed(a, X2),
    ):
        with pytest.raises(kind, match=words):
            function(layers)


@pytest.mark.parametrize(
    "X, kind, words",
    [
        (np.eye(4), TypeError, "must be a floating-point tensor, got ndarray"),
        (X2.long(), TypeError, "must be a floating-point tensor, got a torch.int64 one"),
        (torch.ones(2, 3), ValueError, r"must have shape \(n, 4\), got \(2, 3\)"),
        (torch.ones(4), ValueError, r"must have shape \(n, 4\), got \(4,\)"),
        (X2 / 0, ValueError, "must be finite"),
    ],
)
def test_wrong_inputs_are_named(X, kind, words):
    for function in (net.unlearn, net.perturbation, net.output_gradients, search.solve_relaxed):
        with pytest.raises(kind, match=words):
            function(FINE, X)


@pytest.mark.parametrize(
    "dead",
    [
        [FINE[0], FINE[1], 0 * FINE[2]],
        [FINE[0], 0 * FINE[1], FINE[2]],
        DEAD,
        [FINE[0], DEAD[1] / 3, DEAD[2] * 0.1],
        [FINE[0], 1e-6 * DEAD[1], 1e6 * DEAD[2]],
    ],
)
def test_dead_upper_layers_have_nothing_to_unlearn_and_no_step_to_search_for(dead):
    assert all(torch.equal(a, b) for a, b in zip(net.unlearn(dead, X2), dead))
    with pytest.raises(ValueError, match="layers must have v = .* other than 0"):
        search.solve_relaxed(dead, X2)


@pytest.mark.parametrize("n", [4, 5])
def test_retain_points_that_fix_the_predictor_leave_it_as_it_is(n):
    X = torch.tensor(np.random.default_rng(n).normal(size=(n, 4)))
    assert net.flatten(net.perturbation(FINE, X)).norm() < 1e-14


def test_more_retain_points_than_inputs_are_fine_where_they_span_less():
    X = torch.tensor(np.random.default_rng(0).normal(size=(8, 2))) @ X2
    new = net.predictor(net.unlearn(FINE, X))
    wanted = net.predictor(FINE) * torch.tensor([1, 1, 0, 0])
    torch.testing.assert_close(new, wanted, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize(
    "call, kind, words",
    [
        (
            lambda: net.min_param_norm([1.0], [2]),
            TypeError,
            "w must be a floating-point tensor, got list",
        ),
        (
            lambda: net.min_param_norm(torch.ones(2, 2), [2]),
            ValueError,
            r"w must have shape \(m,\), got \(2, 2\)",
        ),
        (lambda: net.min_param_norm(torch.ones(0), [2]), ValueError, "w must have entries"),
        (
            lambda: net.min_param_norm(torch.ones(2), 3),
            TypeError,
            "widths must be a list of integers.* got 3",
        ),
        (
            lambda: net.min_param_norm(torch.ones(2), [2, 0]),
            ValueError,
            r"widths\[1\] must be an integer of at least 1, got 0",
        ),
        (
            lambda: net.min_param_norm(torch.ones(2), [2.0]),
            ValueError,
            r"widths\[0\] must be an integer of at least 1, got 2.0",
        ),
        (lambda: net.min_param_norm(torch.tensor([1, np.inf]), []), ValueError, "w must be finite"),
        (
            lambda: net.random_network(0, []),
            ValueError,
            "m must be an integer of at least 1, got 0",
        ),
        (
            lambda: net.unflatten(torch.ones(3), FINE),
            ValueError,
            r"theta must have shape \(20,\).* got \(3,\)",
        ),
        (
            lambda: search.solve_relaxed(FINE, X2, start=torch.ones(3)),
            ValueError,
            r"start must have shape \(20,\)",
        ),
    ],
)
def test_wrong_arguments_are_named(call, kind, words):
    with pytest.raises(kind, match=words):
        call()
