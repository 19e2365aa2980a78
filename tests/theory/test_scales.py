"""Are the theorems' functions right from the least to the largest number of either precision?

Every answer is compared with one in exact rational arithmetic. Sizes reach from denormals to the
largest numbers, for each row, neuron, weight and layer by itself.
"""

from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from linear_network_cases import net

import unlearnlab as ul

linear = ul.linear
DTYPES = st.sampled_from([torch.float64, torch.float32])
SEEDS = st.integers(0, 2**32 - 1)
ENDS = {torch.float64: (-1074, 1019), torch.float32: (-149, 123)}  # powers of two
ORDINARY = {torch.float64: -1000, torch.float32: -110}  # from here on all digits are there
CLOSE = {torch.float64: Fraction(1, 10**11), torch.float32: Fraction(1, 10**5)}
SPREADS = st.sampled_from([0, 10, 100, 2000])


def whole_numbers(rng, n, m, rank):
    """(n, m) of small whole numbers, of a rank of at most `rank`, well conditioned as unit rows."""
    while True:
        Z = rng.integers(-3, 4, (n, m))
        for i in range(rank, n):  # copies, opposites, doubles, zero rows
            Z[i] = Z[rng.integers(rank)] * rng.choice([1, -1, 0, 2]) if rank else 0
        units = Z / np.maximum(np.linalg.norm(Z, axis=1, keepdims=True), 1e-9)
        sizes = np.linalg.svd(units, compute_uv=False)
        if (sizes[sizes > 1e-9] > 0.02).all():
            return Z


def powers(rng, n, dtype, spread):
    """(n,): powers of two around one place between the ends."""
    low, high = ENDS[dtype]
    return np.clip(rng.integers(low, high) + rng.integers(-spread, spread + 1, n), low, high)


def scaled(values, power, dtype):
    return torch.from_numpy(np.ldexp(np.asarray(values, float), power)).to(dtype)


def stretched(rng, Z, power, dtype):
    """The rows of Z times their power of two, and times a number in [1, 2) where digits allow."""
    factor = np.where(power > ORDINARY[dtype], rng.uniform(1, 2, len(Z)), 1)
    return scaled(Z * factor[:, None], power[:, None], dtype)


def vector(rng, m, dtype):
    low, high = ORDINARY[dtype] + 40, ENDS[dtype][1] + 4
    return scaled(rng.uniform(-1, 1, m), rng.integers(low, high), dtype)


def exact(tensor):
    """Its numbers as fractions, in lists as deep as it has dimensions."""
    if tensor.ndim == 0:
        return Fraction(tensor.item())
    return [exact(part) for part in tensor]


def dot(a, b):
    return sum((x * y for x, y in zip(a, b)), Fraction(0))


def times(matrix, vector):
    return [dot(row, vector) for row in matrix]


def transposed(matrix):
    return [list(column) for column in zip(*matrix)]


def reduced(matrix, columns=None):
    """Gauss's elimination: (pivot, row) for each independent row; pivots are in those columns."""
    basis = []
    for row in matrix:
        for pivot, other in basis:
            factor = row[pivot] / other[pivot]
            row = [a - factor * b for a, b in zip(row, other)]
        pivot = next((j for j, value in enumerate(row[:columns]) if value), None)
        if pivot is not None:
            basis.append((pivot, row))
    return basis


def solved(matrix, right):
    """The solution of a regular system."""
    answer = [Fraction(0)] * len(right)
    rows = [[*row, value] for row, value in zip(matrix, right)]
    for pivot, row in reversed(reduced(rows, -1)):
        answer[pivot] += (row[-1] - dot(row[:-1], answer)) / row[pivot]
    return answer


def span(Z):
    rows = [[Fraction(int(v)) for v in row] for row in Z]
    return [row for _, row in reduced(rows)]


def least_squares(Z, A, y):
    """The theta in the span of Z's rows that minimises |A theta - y|, exactly."""
    basis = span(Z)
    if not basis:
        return [Fraction(0)] * Z.shape[1]
    columns = [times(A, b) for b in basis]
    gram = [[dot(a, b) for b in columns] for a in columns]
    return times(transposed(basis), solved(gram, [dot(a, y) for a in columns]))


def projected(Z, theta):
    rows = span(Z)
    return least_squares(Z, rows, times(rows, theta))


def near(answer, wanted, size, tolerance, dtype):
    """|answer - wanted| <= tolerance |size|, or what the least number leaves open."""
    assert torch.isfinite(answer).all()
    off = [a - b for a, b in zip(exact(answer.flatten()), wanted)]
    least = len(off) * Fraction(2) ** (2 * ENDS[dtype][0])
    return dot(off, off) <= tolerance**2 * dot(size, size) + least


def fits(wanted, dtype):
    return all(abs(value) < Fraction(2) ** (ENDS[dtype][1] + 4) for value in wanted)


@settings(deadline=None, max_examples=200)
@given(SEEDS, DTYPES, SPREADS)
def test_the_projection_and_the_shortest_interpolator_whatever_the_sizes(seed, dtype, spread):
    rng = np.random.default_rng(seed)
    n, m = rng.integers(1, 7, 2)
    Z = whole_numbers(rng, n, m, rng.integers(min(n, m) + 1))
    X, theta = stretched(rng, Z, powers(rng, n, dtype, spread), dtype), vector(rng, m, dtype)
    original = exact(theta)
    wanted = projected(Z, original)
    assume(fits(wanted, dtype))
    assert near(linear.unlearn(theta, X), wanted, original, CLOSE[dtype], dtype)
    off = [a - b for a, b in zip(original, wanted)]
    assert near(ul.project_out(theta, X), off, original, CLOSE[dtype], dtype)
    labels = times(exact(X), original)
    ordinary = Fraction(2) ** ORDINARY[dtype]
    assume(fits(labels, dtype) and all(not v or abs(v) > ordinary for v in labels))
    y = torch.tensor([float(v) for v in labels], dtype=torch.float64).to(dtype)
    assert near(linear.min_norm(X, y), wanted, original, 10 * CLOSE[dtype], dtype)


def test_rows_that_contradict_each_other_may_be_a_million_times_as_long_and_no_longer():
    rows = lambda power: torch.tensor([[1.0, 0], [2.0**power, 0]], dtype=torch.float64)
    labels = torch.tensor([1.0, 0], dtype=torch.float64)
    found = ul.linear.min_norm(rows(19), labels)
    assert found.tolist() == pytest.approx([2.0**-38, 0], rel=1e-6)
    with pytest.raises(ValueError, match=r"lie within 2\^20 .* got 2\^21"):
        ul.linear.min_norm(rows(21), labels)


@settings(deadline=None, max_examples=150)
@given(SEEDS, DTYPES, st.sampled_from([0, 5, 200]))
def test_least_squares_or_a_refusal_of_rows_too_uneven(seed, dtype, spread):
    rng = np.random.default_rng(seed)
    n, m = rng.integers(1, 6, 2)
    Z = whole_numbers(rng, n, m, rng.integers(min(n, m) + 1))
    power = powers(rng, n, dtype, spread)
    X, y = stretched(rng, Z, power, dtype), scaled(rng.uniform(-1, 1, n), power - 8, dtype)
    wanted = least_squares(Z, exact(X), exact(y))
    try:
        assert near(linear.min_norm(X, y), wanted, wanted, 1000 * CLOSE[dtype], dtype)
    except ValueError as error:
        assert spread == 200 and "X must have rows whose lengths lie within" in str(error)


def predictor(layers):
    w = exact(layers[-1])[0]
    for a in reversed(layers[:-1]):
        w = times(transposed(exact(a)), w)
    return w


@settings(deadline=None, max_examples=200)
@given(SEEDS, DTYPES, SPREADS, st.integers(1, 4))
def test_linear_networks_of_any_sizes_and_any_retain_set(seed, dtype, spread, depth):
    rng = np.random.default_rng(seed)
    n, m, *widths = rng.integers(1, 5, 1 + depth)
    Z = whole_numbers(rng, n, m, rng.integers(min(n, m) + 1))
    X = stretched(rng, Z, powers(rng, n, dtype, spread), dtype)
    layers = [vector(rng, a * b, dtype).view(b, a) for a, b in zip([m, *widths], [*widths, 1])]
    dead = depth > 1 and rng.random() < 0.1
    layers[-1] = layers[-1] * (0 if dead else 1)
    lever = predictor([torch.eye(len(layers[0]), dtype=dtype), *layers[1:]])
    first = exact(layers[0].flatten())
    new = net.unlearn(layers, X)
    off = [a - b for a, b in zip(predictor(new), projected(Z, predictor(layers)))]
    assert dot(off, off) <= CLOSE[dtype] ** 2 * dot(lever, lever) * dot(first, first)
    assert not dead or all(torch.equal(a, b) for a, b in zip(new, layers))


@settings(deadline=None, max_examples=200)
@given(SEEDS, DTYPES, st.integers(1, 4))
def test_the_smallest_network_of_any_predictor(seed, dtype, depth):
    rng = np.random.default_rng(seed)
    m, *widths = rng.integers(1, 5, depth)
    w = scaled(rng.uniform(-1, 1, m), rng.integers(ENDS[dtype][0], ENDS[dtype][1] + 5), dtype)
    wanted, layers = exact(w), net.min_param_norm(w, widths)
    tolerance = CLOSE[dtype] / 10
    off = [a - b for a, b in zip(predictor(layers), wanted)]
    assert dot(off, off) <= tolerance**2 * dot(wanted, wanted)
    for a in layers:  # |A_l|^(2L) = |w|^2
        numbers = exact(a.flatten())
        share = dot(numbers, numbers) ** depth - dot(wanted, wanted)
        assert abs(share) <= depth * 2 * tolerance * dot(wanted, wanted)


@settings(deadline=None, max_examples=300)
@given(SEEDS, DTYPES, st.sampled_from([0, 10, 100, 900]), st.sampled_from([0, 10, 100, 900]))
def test_few_neurons_keep_every_output_whatever_the_sizes(seed, dtype, spread, uneven):
    rng = np.random.default_rng(seed)
    n, h = rng.integers(1, 7), rng.integers(1, 10)
    Z = whole_numbers(rng, n, h, rng.integers(min(n, h) + 1))
    low, high = ENDS[dtype]
    of_neurons = rng.integers(-uneven, uneven + 1, h)
    phi = scaled(Z, np.clip(powers(rng, n, dtype, spread)[:, None] + of_neurons, low, high), dtype)
    of_weights = rng.choice([0, -1, 1]) * of_neurons + rng.integers(-50, 50)
    c = scaled(rng.uniform(0.5, 1, h), np.clip(of_weights, ORDINARY[dtype], high), dtype)
    c[rng.random(h) < 0.1] = 0
    rank, missed = len(reduced(exact(phi))), {torch.float64: 1e-11, torch.float32: 1e-6}[dtype]
    try:
        new = ul.two_layer.sparsify(c, phi)
    except ValueError as error:
        assert "c must be of another size" in str(error) and uneven == 900
        return
    assert int((new != 0).sum()) <= rank and not new[c == 0].any()
    before, after = exact(c), exact(new)
    for row in exact(phi):
        size = dot(map(abs, row), map(abs, before))
        assert abs(dot(row, after) - dot(row, before)) <= Fraction(missed * 1.1) * size


def double(*numbers):
    return torch.tensor(numbers, dtype=torch.float64)


def test_numbers_that_once_came_out_wrong():
    X, y = double([1.7e308, 1.7e308]), double(1.7e308)
    assert linear.min_norm(X, y).tolist() == pytest.approx([0.5, 0.5], rel=1e-15)
    short = 1e-310 * double([3, 4])
    assert linear.min_norm(short, short @ double(3, 4)).tolist() == pytest.approx([3, 4])
    huge = 1.5e308 * double(1, 1)
    assert linear.unlearn(huge, double([1, 1])).tolist() == pytest.approx(huge.tolist(), rel=1e-15)
    w = 1.7e308 * double(1, 1, 1)
    assert net.min_param_norm(w, [])[0][0].tolist() == pytest.approx(w.tolist(), rel=1e-15)
    c, phi = double(1e-170, 1e170, 1), double([1e170, 1e-170, 1])
    assert (phi @ ul.two_layer.sparsify(c, phi)).tolist() == pytest.approx([3], rel=1e-15)
    quiet = torch.cat([torch.ones(1, 3), 1e-14 * torch.tensor([[1.0, 2, 4]])]).double()
    kept = quiet @ ul.two_layer.sparsify(double(1, 1, 1), quiet)
    assert kept.tolist() == pytest.approx([3, 7e-14], rel=1e-13)


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: linear.unlearn(1.5e308 * torch.ones(9).double(), WIDE), "theta must be smaller"),
        (lambda: ul.project_out(1.5e308 * torch.ones(9).double(), FLAT), "theta must be smaller"),
        (lambda: linear.min_norm(double([1e-200]), double(1e200)), "y must be smaller"),
        (
            lambda: net.unlearn([1.5e308 * torch.ones(1, 9).double()], WIDE),
            r"layers\[0\] must be sm",
        ),
        (lambda: ul.two_layer.sparsify(1e308 * double(1, 1), double([1, 1])), "c must be of anoth"),
        (lambda: ul.two_layer.sparsify(3e38 * torch.ones(2), torch.ones(1, 2)), "or in float64"),
    ],
)
def test_what_no_number_can_hold_is_a_value_error_that_names_the_argument(call, words):
    with pytest.raises(ValueError, match=words):
        call()


WIDE, FLAT = double([10] + 8 * [1]), double([1] + 8 * [-1])
