"""Do the checks of notebook 06 pass every right answer, and tell each mistake by its message?"""

import pytest
import torch

import unlearnlab as ul
from unlearnlab.chapters import ch06_linear_network as ch
from unlearnlab.course.exercises import EXERCISES, WrongAnswer

right = {name: exercise.reference for name, exercise in EXERCISES.items()}
predictor, grad = right["network_predictor"], right["layer_gradient"]
step, balanced = right["first_layer_step"], right["balanced_layers"]


def _multi_dot(layers):
    return torch.linalg.multi_dot(list(reversed(layers)))[0] if len(layers) > 1 else layers[0][0]


def _on_the_identity(layers):
    outputs = torch.eye(layers[0].shape[1], dtype=layers[0].dtype)
    for a in layers:
        outputs = outputs @ a.T
    return outputs[:, 0]


def _autograd(layers, x, l):
    layers = [a.clone().requires_grad_() for a in layers]
    for a in layers:
        x = a @ x
    return torch.autograd.grad(x.sum(), layers[l])[0]


def _by_entries(layers, x, l):
    found = torch.zeros_like(layers[l])
    for j in range(found.shape[0]):
        for k in range(found.shape[1]):
            one = torch.zeros_like(found)
            one[j, k] = 1
            z = x
            for i, a in enumerate(layers):
                z = (one if i == l else a) @ z  # f is linear in layer l
            found[j, k] = z[0]
    return found


def _v(layers):
    return _multi_dot(layers[1:]) if len(layers) > 1 else layers[0].new_ones(1)


def _off(layers, X):
    w = predictor(layers)
    return w - torch.linalg.pinv(X, rtol=1e-10) @ (X @ w)


def _least_squares_step(layers, X):
    v = _v(layers)
    return torch.linalg.pinv(v[None]) @ -_off(layers, X)[None]


def _shares(*weights):
    """Adds weights[0] times A_1 to A_1 and weights[1] times c to c; layers between get nothing."""

    def step(layers):
        chosen = [0.0] * len(layers)
        chosen[0], chosen[-1] = weights
        return [s * a for s, a in zip(chosen, layers)]

    return step


def _spread(layers):
    return [*(a / (len(layers) - 1) for a in layers[:-1]), -layers[-1]]


def _one_layer_at_a_time(w, units):
    depth, rho = len(units) + 1, torch.linalg.vector_norm(w)
    if rho == 0:
        return [
            torch.zeros(b, a).double()
            for a, b in zip([len(w), *map(len, units)], [*map(len, units), 1])
        ]
    if depth == 1:
        return [w[None]]
    layers = [units[0][:, None] * w * rho ** ((1 - depth) / depth)]
    for before, after in zip(units, units[1:]):
        layers.append(after[:, None] * before * rho ** (1 / depth))
    return [*layers, rho ** (1 / depth) * units[-1][None]]


OTHER_RIGHT = [
    ("network_predictor", _multi_dot),
    ("network_predictor", _on_the_identity),
    ("network_predictor", lambda layers: ul.linear_network.predictor(layers)),
    ("layer_gradient", _autograd),
    ("layer_gradient", _by_entries),
    ("first_layer_step", lambda layers, X: ul.linear_network.perturbation(layers, X)[0]),
    ("first_layer_step", _least_squares_step),
    (
        "first_layer_step",
        lambda layers, X: (
            -torch.outer(_v(layers) / _v(layers).norm(), _off(layers, X) / _v(layers).norm())
        ),
    ),
    ("cancelling_step", _shares(-1.0, 1.0)),
    ("cancelling_step", _spread),
    ("balanced_layers", _one_layer_at_a_time),
    (
        "balanced_layers",
        lambda w, units: (
            [-a for a in balanced(w, units)] if len(units) == 1 else balanced(w, units)
        ),
    ),
]


@pytest.mark.parametrize("name, other", OTHER_RIGHT)
def test_another_right_implementation_passes(name, other):
    assert ch.check(name, other) is other


def _chain(matrices, start):
    for a in matrices:
        start = a @ start
    return start


def _squares_only(wrong):
    """The wrong formula where its shapes fit, else the right answer: to be caught there."""

    def answer(layers):
        hidden, c = layers[:-1], layers[-1][0]
        square = len(hidden) > 1 and all(a.shape == (layers[0].shape[1],) * 2 for a in hidden)
        return wrong(hidden, c) if square else predictor(layers)

    return answer


def _changes_a_matrix(layers):
    answer = predictor(layers)
    layers[0].zero_()
    return answer


def _changes_the_list(layers):
    answer = predictor(layers)
    layers.pop()
    return answer


def _gradient(wrong):
    """A wrong formula of what the layers above and below make, for square layers below c."""

    def answer(layers, x, l):
        square = layers[0].shape[0] == layers[0].shape[1] and l < len(layers) - 1
        above = _chain([a.T for a in reversed(layers[l + 1 :])], x.new_ones(1))
        below = _chain(layers[:l], x)
        return wrong(above, below, layers, x, l) if square else grad(layers, x, l)

    return answer


def _solve_gram(layers, X):
    v, w = _v(layers), predictor(layers)
    off = w - X.T @ torch.linalg.solve(X @ X.T, X @ w)
    return -torch.outer(v, off) / (v @ v)


def _step(formula):
    return lambda layers, X: formula(_v(layers), predictor(layers), _off(layers, X))


def _with(scale_first, scale_each):
    """Balanced directions with other factors: scale_first on A_1, scale_each on the rest."""

    def layers(w, units):
        rho, depth = w.norm(), len(units) + 1
        unit = balanced(w / rho if rho > 0 else w, units)
        if rho == 0 or depth == 1:
            return balanced(w, units)
        return [scale_first(rho, depth) * unit[0], *(scale_each(rho, depth) * a for a in unit[1:])]

    return layers


def _first_coordinates(w, units):
    return balanced(w, [torch.eye(len(u)).double()[0] for u in units])


WRONG = [
    ("network_predictor", lambda layers: None, "is there a return"),
    ("network_predictor", _v, "that is v"),
    (
        "network_predictor",
        _squares_only(lambda hidden, c: _chain([a.T for a in hidden[:0:-1]], c)),
        "A_1 is missing",
    ),
    ("network_predictor", lambda layers: 1.1 * predictor(layers), "off by 0.1"),
    (
        "network_predictor",
        lambda layers: torch.linalg.multi_dot(layers),
        r"raised .* on \[a tensor of shape \(4, 5\)",
    ),
    ("network_predictor", _changes_a_matrix, "in place"),
    ("network_predictor", _changes_the_list, "in place"),
    ("layer_gradient", lambda layers, x, l: None, "is there a return"),
    (
        "layer_gradient",
        _gradient(lambda above, below, layers, x, l: torch.outer(below, above)),
        "transposed",
    ),
    (
        "layer_gradient",
        _gradient(lambda above, below, layers, x, l: torch.outer(above, x)),
        "has passed through",
    ),
    (
        "layer_gradient",
        _gradient(
            lambda above, below, layers, x, l: torch.outer(above, _chain(layers[: l + 1], x))
        ),
        "stop before",
    ),
    (
        "layer_gradient",
        _gradient(lambda above, below, layers, x, l: torch.outer(layers[l].T @ above, below)),
        "start after",
    ),
    (
        "layer_gradient",
        _gradient(lambda above, below, layers, x, l: torch.outer(layers[-1][0], below)),
        "back through",
    ),
    ("layer_gradient", lambda layers, x, l: torch.zeros_like(layers[l]), "off by"),
    (
        "layer_gradient",
        lambda layers, x, l: _changes_a_matrix(layers) * 0 + grad(layers, x, l),
        "in place|raised",
    ),
    ("first_layer_step", lambda layers, X: None, "is there a return"),
    ("first_layer_step", lambda layers, X: ul.linear_network.perturbation(layers, X), "alone"),
    ("first_layer_step", _step(lambda v, w, off: -off), "change of w"),
    (
        "first_layer_step",
        _step(lambda v, w, off: -torch.outer(v, off) / (v @ v + 1e-9)),
        "fixed small number",
    ),
    (
        "first_layer_step",
        lambda layers, X: (
            -torch.outer(layers[-1][0], _off(layers, X)) / layers[-1].square().sum()
            if len(layers[-1][0]) == len(layers[0])
            else step(layers, X)
        ),
        "used c where v",
    ),
    ("first_layer_step", _solve_gram, "any rank"),
    (
        "first_layer_step",
        lambda layers, X: (
            step(layers, X).T if layers[0].shape[0] == layers[0].shape[1] else step(layers, X)
        ),
        "v stands left",
    ),
    ("cancelling_step", lambda layers: None, "is there a return"),
    ("cancelling_step", lambda layers: layers[0], "list with one Delta per layer"),
    (
        "cancelling_step",
        lambda layers: [layers[0], -layers[-1]],
        "list with one Delta per layer|number",
    ),
    ("cancelling_step", lambda layers: [a[0] for a in layers], "Delta number 0: expected shape"),
    ("cancelling_step", lambda layers: [0 * a for a in layers], "zero step"),
    ("cancelling_step", lambda layers: [-a for a in layers], r"becomes 0, but .* by -\d times"),
    ("cancelling_step", _shares(0.0, -1.0), "by -1 times their value"),
    (
        "cancelling_step",
        lambda layers: [-2 * a for a in layers],
        "and the predictor does not become 0",
    ),
    ("cancelling_step", _shares(2.0, 0.0), "by 2 times their value.*or the new layers"),
    (
        "cancelling_step",
        lambda layers: [2 * layers[0], *layers[1:-1], 0 * layers[-1]],
        "or the new layers",
    ),
    ("cancelling_step", _shares(0.5, -0.5), "one whole layer"),
    (
        "cancelling_step",
        lambda layers: [torch.ones_like(a) for a in layers],
        "by amounts that are not 0",
    ),
    ("balanced_layers", lambda w, units: None, "is there a return"),
    ("balanced_layers", lambda w, units: w, "return a list"),
    ("balanced_layers", lambda w, units: balanced(w, units)[:-1], "c is the last"),
    (
        "balanced_layers",
        lambda w, units: [*balanced(w, units)[:-1], balanced(w, units)[-1][0]],
        "expected shape",
    ),
    ("balanced_layers", lambda w, units: [a.T for a in balanced(w, units)], "transposed"),
    ("balanced_layers", _with(lambda rho, L: 1, lambda rho, L: 1), "instead of w"),
    (
        "balanced_layers",
        _with(lambda rho, L: rho ** (1 / (L - 1)), lambda rho, L: rho ** (1 / (L - 1))),
        "instead of w",
    ),
    (
        "balanced_layers",
        _with(lambda rho, L: rho ** (1 + 1 / L), lambda rho, L: rho ** (1 / L)),
        "instead of w",
    ),
    ("balanced_layers", _with(lambda rho, L: rho, lambda rho, L: 1), "should be equal"),
    (
        "balanced_layers",
        _with(lambda rho, L: rho / 2 ** (L - 1), lambda rho, L: 2),
        "should be equal",
    ),
    ("balanced_layers", _first_coordinates, "does not point along"),
    (
        "balanced_layers",
        lambda w, units: [
            rho_nan * a for rho_nan, a in zip([w.norm() / w.norm()] + [1] * 9, balanced(w, units))
        ],
        r"holds a NaN or an infinity\nHere w = 0",
    ),
    ("balanced_layers", lambda w, units: balanced(w.abs(), units), "predictor is not w"),
]


@pytest.mark.parametrize("name, wrong, message", WRONG)
def test_a_wrong_answer_is_told_by_its_own_message(name, wrong, message):
    with pytest.raises(WrongAnswer, match=message):
        ch.check(name, wrong)
