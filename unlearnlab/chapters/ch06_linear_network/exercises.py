"""The exercises of notebook 06, linear networks."""

import torch

import unlearnlab as ul

from ...course.exercises import CLOSE, describe, draw, exercise, same
from ...theory.linear_network import random_network

SHAPES = [(5, [4, 3]), (6, [2]), (3, [3, 3]), (4, [4, 4, 4]), (2, [5]), (7, [3, 6, 2, 4])]


def _networks():
    """A network for each of SHAPES: number of inputs, hidden widths."""
    return [random_network(m, widths, 61) for m, widths in SHAPES]


PREDICTOR = """
hint 1: Read f(x) = c A_{L-1} ... A_1 x from the left: c is a row, and a row times a matrix is a
    row.
hint 2: After the last product you hold a row (1, m) whose inner product with x is the output. That
    row is w^T.
hint 3: Start from c and multiply from the right by one layer after the other, from the last hidden
    one to the first. A row (1, m) is left, of which you return the only row.
column [row[0] -> row]: the numbers may be right, but the result is a matrix; return a vector (m,)
[layers[:-1] -> layers[1:-1]]: A_1 is missing: that is v = A_2^T ... c^T. Multiply by A_1^T, too
sign: the sign is wrong: there is no minus in a product
unit: you scaled the result to length 1; the predictor has a length of its own
[row = layers[-1] -> row = layers[-1].abs()]: the signs of c are lost
[reversed(layers[:-1]) -> (layer.T for layer in layers[:-1])]: the order is right but every matrix
    has to be transposed: <w, x> = c A x = <A^T c^T, x>
[reversed(layers[:-1]) -> layers[:-1]]: c meets A_{L-1} first and A_1 last. You multiplied by A_1^T
    first
[row @ layer -> row @ layer.T]: this applies the network to c as if it were an input, from the wrong
    end: transpose every matrix
[layers[:-1] -> layers[:1] + layers[1:-2]]: A_{L-1}, the last hidden matrix, is missing
"""


def _predictor_cases():
    return zip([*_networks(), random_network(4, [], 60)])


@exercise(PREDICTOR, _predictor_cases)
def network_predictor(layers):
    """layers [A_1, ..., A_{L-1}, c], c is (1, h). Returns w (m,), with f(x) = <w, x>."""
    row = layers[-1]
    for layer in reversed(layers[:-1]):
        row = row @ layer
    return row[0]


GRADIENT = """
hint 1: Call what arrives at the layer z (the input after the layers before it) and what the layers
    above make of its output u: f = <u, A z>.
hint 2: <u, A z> is a sum over j and k of u_j A_jk z_k. What is its derivative by A_jk?
hint 3: All entries u_j z_k together are an outer product. The rest is two loops: x through the
    layers before, and a 1 backwards through the layers after (u = 1 for c itself).
transposed: the matrix is transposed: entry (j, k) is what layer l's OUTPUT j is worth above, times
    what arrives at its INPUT k
[return torch.outer(above, below).flatten()]: the entries are there, but the result is a vector;
    return a matrix shaped like layers[l]
sign: the sign is wrong: the output grows along its gradient
[return (above @ layers[l] @ below) * torch.outer(above, below)]: this is the gradient of f^2 / 2.
    Wanted is that of the output f itself
[return 2 * (above @ layers[l] @ below) * torch.outer(above, below)]: this is the gradient of f^2,
    not of f
unit: you scaled the gradient to length 1; its length says how steep the output is
[outer(above, below) -> outer(above, x)]: you used x where the input of this layer belongs: x has
    passed through the layers before it
[layers[:l] -> layers[: l + 1]]: the layers below stop before layer l: you multiplied by layers[l],
    too
[layers[l + 1 :] -> layers[l:]]: the layers above start after layer l: you multiplied by
    layers[l]^T, too
[outer(above, below) -> outer(layers[-1][0], below)]: between layer l and c lie more layers: c must
    pass back through their transposes
"""


def _gradient_cases():
    for (layers,) in _predictor_cases():
        x = draw(layers[0].shape[1])
        for l in range(len(layers)):
            yield layers, x, l


@exercise(GRADIENT, _gradient_cases)
def layer_gradient(layers, x, l):
    """layers, x (m,), l from 0 to L - 1. Returns the gradient of f(x) with respect to layers[l], a
    matrix of its shape."""
    below = x
    for layer in layers[:l]:
        below = layer @ below
    above = x.new_ones(1)
    for layer in reversed(layers[l + 1 :]):
        above = layer.T @ above
    return torch.outer(above, below)


STEP = """
hint 1: w = A_1^T v. Move A_1 by Delta, and w moves by Delta^T v. Which change of w do you want?
hint 2: Delta^T v = -P_perp w. Try a matrix of rank one whose columns point along v: Delta = v a^T,
    and find a.
hint 3: Delta^T v = a (v^T v) must be -P_perp w: that says what a is. v is the predictor of the
    layers above A_1, and ul.project_out gives P_perp w.
twice: a retain point occurs twice. Use ul.project_out, which copes with any rank
zero: a retain point is zero. Use ul.project_out, which copes with any rank
scale: the upper layers are 1e5 or 1e-5 times as large: Delta_A1 must stay the same, because w and
    ||v||^2 / v grow alike. Is there a fixed small number added to ||v||^2?
list: return the matrix Delta_A1 alone, (h_1, m), not a list of all layers
transposed: the matrix is transposed: v stands left (rows of A_1), P_perp w right (its columns)
[return layers[0].T @ v]: the result is a vector (m,), a change of w. Wanted is the change of A_1
    that brings it about
sign: the sign is wrong: A_1 must lose P_perp w, not gain it
[return layers[0] - torch.outer(v, off) / (v @ v)]: that is A_1 + Delta. Wanted is Delta alone
[/ (v @ v) -> ]: the division by ||v||^2 is missing: v^T Delta would be ||v||^2 times too long
[/ (v @ v) -> / v.norm()]: you divide by ||v|| only: one factor for v's length and one because w's
    change is v^T Delta
[outer(v, off) -> outer(v, layers[0].T @ v - off)]: you remove P w, the part the retain points feel.
    Remove the other part, P_perp w
[outer(v, off) -> outer(v, layers[0].T @ v)]: you remove all of w, and with it every retained
    output. Remove P_perp w only
[return -torch.stack([ul.project_out(row, X_retain) for row in layers[0]])]: this reaches P w, too,
    but it projects every row of A_1 and so moves farther than needed. Lemma 1 moves A_1 along v
    only: a matrix of rank one
[return -torch.outer(layers[-1][0], off) / layers[-1].square().sum()]: you used c where v belongs: v
    = A_2^T ... A_{L-1}^T c^T
"""


def _step_cases():
    networks = _networks()
    for layers in networks:
        m = layers[0].shape[1]
        for rows in range(1, m):
            yield layers, draw(rows, m)
    layers, X = networks[0], draw(2, 5)
    yield "twice", layers, torch.cat([X, X[:1]])
    yield "zero", layers, torch.cat([X, 0 * X[:1]])
    for size in (1e-5, 1e5):
        yield "scale", [layers[0], *(size * a for a in layers[1:])], X


@exercise(STEP, _step_cases)
def first_layer_step(layers, X_retain):
    """layers, X_retain (n_r, m) of any rank. Returns Lemma 1's Delta_A1 (h_1, m)."""
    v = layers[0].new_ones(1)
    for layer in reversed(layers[1:]):
        v = layer.T @ v
    off = ul.project_out(layers[0].T @ v, X_retain)
    return -torch.outer(v, off) / (v @ v)


TURNED = """
transposed: it is transposed: what comes out stands left, what goes in right
"""
CANCEL = """
hint 1: Add a share s of layer l to itself, Delta_l = s A_l. By how much does f change? To first
    order, too?
hint 2: f is linear in each layer: the change is s f, and to first order as well. Shares of several
    layers add up: (s_1 + ... + s_L) f.
hint 3: Choose shares that add up to 0, one of them -1: that layer becomes 0, and so does the
    predictor.
zero: the zero step changes nothing, so the predictor stays what it was; it has to become 0
survives: the step is feasible, but the predictor does not become 0: the output survives unless one
    whole layer goes
infeasible: the predictor becomes 0, but the step is not feasible: to first order the outputs change
    {by}. A layer that loses a share of itself costs that share of f; let another layer gain it
neither: the step is not feasible (to first order the outputs change {by}), and the predictor does
    not become 0. Are these the changes, or the new layers?
parts: return a list with one Delta per layer (c is the last), {n} of them
part: Delta number {i}: {wrong}
"""


def _judge_cancelling(delta, layers):
    w, after = network_predictor(layers), network_predictor(list(map(torch.add, layers, delta)))
    moved = [network_predictor([*layers[:l], d, *layers[l + 1 :]]) for l, d in enumerate(delta)]
    parts = torch.stack(moved)
    size, change = w.norm() + parts.norm(), parts.sum(0)  # change: of w, to first order
    share = float(change @ w / (w @ w))
    shared = same(change, share * w, size)
    by = f"by {share:.2g} times their value" if shared else "by amounts that are not 0"
    feasible, gone = same(change, 0 * w, size), same(after, 0 * w, size)
    return {"by": by}, {
        "zero": any(d.any() for d in delta),
        "survives": gone or not feasible,
        "infeasible": feasible or not gone,
        "neither": feasible,
    }


@exercise(TURNED + CANCEL, lambda: zip(_networks()), judge=_judge_cancelling)
def cancelling_step(layers):
    """layers, at least two. Returns a list of changes: feasible for (6) whatever the retain set,
    and the predictor becomes 0."""
    unchanged = [torch.zeros_like(layer) for layer in layers[1:-1]]
    return [layers[0].clone(), *unchanged, -layers[-1]]


BALANCE = """
hint 1: Let layer l turn the unit vector v_{l-1} into a multiple of v_l: v_l v_{l-1}^T does. Which
    v_0 must A_1 react to, and what is v_L?
hint 2: v_0 = w / rho and v_L = (1). The product of all v_l v_{l-1}^T is w^T / rho, so the L layers
    share one factor rho equally.
hint 3: Put v_0, the units and v_L in one list; every layer is an outer product of two neighbours,
    times a factor that is the same for all of them. What if rho is 0?
factor: the predictor is {factor:.3g} w instead of w: the L layers must carry a factor rho between
    them, rho^(1/L) each with L = len(units) + 1, and the direction of w has length 1
other: the predictor is not w: layer l maps v_{{l-1}} to v_l, A_1 starts from w / rho, and c ends
    with v_{{L-1}}^T
uneven: the predictor is w, but ||theta||^2 = {total:.3g} where {bound:.3g} is possible: the layers'
    norms are {norms} and should be equal
aside: predictor and norm are right, but layer {l} does not point along units[{l}]: its outputs must
    be multiples of it
w: w = 0, and there is no direction w / rho
parts: return a list with one matrix per layer (c is the last), {n} of them
part: matrix number {i}: {wrong}
"""


def _balance_cases():
    for size in (3, 0.02, 0):
        for m, widths in [(4, []), *SHAPES]:
            units = [unit / unit.norm() for unit in map(draw, widths)]
            yield "" if size else "w", size * draw(m), units


def _judge_balance(layers, w, units):
    rho, reached = w.norm(), network_predictor(layers)
    factor = float(reached @ w / rho**2) if rho else 0
    along = reached.any() and same(reached, factor * w, max(reached.norm(), rho))
    fits = same(reached, w, rho)
    norms = torch.stack([a.norm() for a in layers])
    total, bound = norms.square().sum(), len(layers) * rho ** (2 / len(layers))
    aside = [not same(torch.outer(v, v) @ a, a, a.norm()) for a, v in zip(layers, units)]
    return {
        "factor": factor,
        "total": total,
        "bound": bound,
        "norms": describe(*norms),
        "l": aside.index(True) if any(aside) else None,
    }, {
        "factor": fits or not along,
        "other": fits,
        "uneven": total <= bound * (1 + CLOSE),
        "aside": not any(aside),
    }


@exercise(TURNED + BALANCE, _balance_cases, judge=_judge_balance)
def balanced_layers(w, units):
    """w (m,), units [v_1, ..., v_{L-1}] of length 1. Returns [A_1, ..., c] with predictor w and the
    smallest sum of squares."""
    rho, depth = w.norm(), len(units) + 1
    chain = [w / rho if rho > 0 else w, *units, w.new_ones(1)]
    return [
        rho ** (1 / depth) * torch.outer(after, before) for before, after in zip(chain, chain[1:])
    ]
