"""The exercises of notebook 06, linear networks."""
import torch

from ..projection import project_out
from ..theory.linear_network import random_network
from . import CLOSE, WrongAnswer, call, compare, exercise, expect, expect_tensor, same

SHAPES = [(5, [4, 3]), (6, [2]), (3, [3, 3]), (4, [4, 4, 4]), (2, [5]), (7, [3, 6, 2, 4])]  # (m, hidden widths)


class Network(list):
    """A list of matrices that a message shows by their shapes."""

    def __repr__(self):
        return "layers of shapes " + ", ".join(str(tuple(a.shape)) for a in self)


def _networks(first_seed):
    return [Network(random_network(m, widths, first_seed + k)) for k, (m, widths) in enumerate(SHAPES)]


def _ask(learner, layers, *rest):
    """learner(layers, *rest) on copies; WrongAnswer when it returns nothing or changes the list or a matrix in it."""
    handed = []

    def keep_the_list(given, *rest):
        handed.append(given)
        return learner(given, *rest)

    answer = call(keep_the_list, layers, *rest)
    intact = len(handed[0]) == len(layers) and all(torch.equal(a, b) for a, b in zip(handed[0], layers))
    expect(intact, "your function changed `layers` or a matrix in it in place; work on copies")
    expect(answer is not None, "your function returns None: is there a return?")
    return answer


def _chain(matrices, start):
    for a in matrices:
        start = a @ start
    return start


def _square(layers):
    return all(a.shape == layers[0].shape for a in layers[:-1]) and layers[0].shape[0] == layers[0].shape[1]


def _test_network_predictor(learner):
    for layers in _networks(61):
        m, right = layers[0].shape[1], network_predictor(layers)
        answer = _ask(learner, layers)
        if isinstance(answer, torch.Tensor):
            expect(answer.shape not in {(1, m), (m, 1)}, "the numbers may be right, but the result is a matrix "
                                                         f"{tuple(answer.shape)}; return a vector (m,)")
            expect(answer.shape != (len(layers[0]),) or m == len(layers[0]), "the result has length h_1: that is v = A_2^T ... c^T. "
                                                                             "Multiply by A_1^T, too")
        compare(answer, right, _predictor_mistakes(layers, right), (layers,))
    alone = Network(random_network(4, [], 60))
    compare(_ask(learner, alone), alone[0][0], [], (alone,))


def _predictor_mistakes(layers, right):
    c, hidden = layers[-1][0], layers[:-1]
    others = [(-right, "the sign is wrong: there is no minus in a product"),
              (right / right.norm(), "you scaled the result to length 1; the predictor has a length of its own"),
              (network_predictor([*hidden, c.abs()[None]]), "the signs of c are lost")]
    if _square(layers):
        others += [(_chain(hidden, c), "the order is right but every matrix has to be transposed: <w, x> = c A x = <A^T c^T, x>"),
                   (_chain([a.T for a in hidden], c), "c meets A_{L-1} first and A_1 last. You multiplied by A_1^T first"),
                   (_chain(list(reversed(hidden)), c), "this applies the network to c as if it were an input, from the wrong end "
                                                       "and untransposed: transpose every matrix"),
                   (_chain([a.T for a in reversed(hidden[1:])], c), "A_1 is missing: multiply by A_1^T, too"),
                   (_chain([a.T for a in reversed(hidden[:-1])], c), "A_{L-1}, the last hidden matrix, is missing")]
    return others


@exercise("network_predictor", _test_network_predictor, [
    "Read f(x) = c A_{L-1} ... A_1 x from the left: c is a row, and a row times a matrix is a row.",
    "After the last product you hold a row (1, m) whose inner product with x is the output. That row is w^T.",
    "Start with row = layers[-1]; for every other layer from the last to the first: row = row @ layer; return row[0]."])
def network_predictor(layers):
    """layers [A_1, ..., A_{L-1}, c], c is (1, h). Returns w (m,), with f(x) = <w, x>."""
    row = layers[-1]
    for layer in reversed(layers[:-1]):
        row = row @ layer
    return row[0]


def _test_layer_gradient(learner):
    draw = torch.Generator().manual_seed(62)
    for layers in [*_networks(62), Network(random_network(4, [], 60))]:
        x = torch.randn(layers[0].shape[1], generator=draw, dtype=torch.float64)
        for l in range(len(layers)):
            right, answer = layer_gradient(layers, x, l), _ask(learner, layers, x, l)
            if isinstance(answer, torch.Tensor) and answer.shape != right.shape:
                expect(answer.shape != right.T.shape, f"the result has the shape of layers[{l}] transposed: what comes from above "
                                                      "runs along the rows, what comes from below along the columns")
                expect(answer.numel() != right.numel(), f"the entries are there, but the result has shape {tuple(answer.shape)}; "
                                                        f"return a matrix shaped like layers[{l}], {tuple(right.shape)}")
            compare(answer, right, _gradient_mistakes(layers, x, l, right), (layers, x, l))


def _gradient_mistakes(layers, x, l, right):
    above, below = _chain([a.T for a in reversed(layers[l + 1:])], right.new_ones(1)), _chain(layers[:l], x)
    f, others = _chain(layers, x), []
    outer = lambda u, z: torch.outer(u, z)
    try_ = lambda make, message: others.append((make(), message)) if _square(layers) and l < len(layers) - 1 else None
    try_(lambda: outer(below, above), "the matrix is transposed: entry (j, k) is what layer l's OUTPUT j is worth above, times what "
                                      "arrives at its INPUT k")
    try_(lambda: outer(above, x), "you used x where the input of this layer belongs: x has passed through the layers before it")
    try_(lambda: outer(above, layers[l] @ below), "the layers below stop before layer l: you multiplied by layers[l], too")
    try_(lambda: outer(layers[l].T @ above, below), "the layers above start after layer l: you multiplied by layers[l]^T, too")
    try_(lambda: outer(layers[-1][0], below), "between layer l and c lie more layers: c must pass back through their transposes")
    return [*others, (-right, "the sign is wrong: the output grows along its gradient"),
            (f * right, "this is the gradient of f^2 / 2. Wanted is that of the output f itself"),
            (2 * f * right, "this is the gradient of f^2, not of f"),
            (right / right.norm(), "you scaled the gradient to length 1; its length says how steep the output is")]


@exercise("layer_gradient", _test_layer_gradient, [
    "Call what arrives at the layer z (the input after the layers before it) and what the layers above make of its output u: f = "
    "<u, A z>.",
    "<u, A z> is a sum over j and k of u_j A_jk z_k. What is its derivative by A_jk?",
    "The gradient is the outer product torch.outer(u, z), with z = A_{l-1} ... A_1 x and u = A_{l+1}^T ... c^T (u = 1 for c itself)."])
def layer_gradient(layers, x, l):
    """layers, x (m,), l from 0 to L - 1. Returns the gradient of f(x) with respect to layers[l], a matrix of its shape."""
    below = x
    for layer in layers[:l]:
        below = layer @ below
    above = x.new_ones(1)
    for layer in reversed(layers[l + 1:]):
        above = layer.T @ above
    return torch.outer(above, below)


def _test_first_layer_step(learner):
    draw = torch.Generator().manual_seed(63)
    for layers in _networks(63):
        for rows in range(1, layers[0].shape[1]):
            X = torch.randn(rows, layers[0].shape[1], generator=draw, dtype=torch.float64)
            _judge_step(learner, layers, X)
    layers, X = _networks(64)[0], torch.randn(2, 5, generator=draw, dtype=torch.float64)
    for kind, rows in (("a retain point that occurs twice", torch.cat([X, X[:1]])), ("a zero row", torch.cat([X, 0 * X[:1]]))):
        try:
            answer = _ask(learner, layers, rows)
        except WrongAnswer as wrong:
            raise WrongAnswer(f"with {kind}, {wrong}. Use ul.project_out, which copes with any rank") from None
        right = first_layer_step(layers, rows)
        expect_tensor(answer, right)
        expect(same(answer, right, right.norm()), f"with {kind} the result changed, though the span did not. Use ul.project_out, "
                                                   "which copes with any rank")
    for size in (1e-5, 1e5):
        scaled = Network([layers[0], *(size * a for a in layers[1:])])
        answer, right = _ask(learner, scaled, X), first_layer_step(scaled, X)
        expect_tensor(answer, right)
        expect(same(answer, right, right.norm()), f"with upper layers {size:g} times as large the result is wrong: Delta_A1 must "
               "stay the same, because w and ||v||^2 / v grow alike. Is there a fixed small number added to ||v||^2?")


def _judge_step(learner, layers, X):
    right, answer = first_layer_step(layers, X), _ask(learner, layers, X)
    if isinstance(answer, (list, tuple)):
        raise WrongAnswer("return the matrix Delta_A1 alone, (h_1, m), not a list of all layers")
    v = _chain([a.T for a in reversed(layers[1:])], right.new_ones(1))
    w = layers[0].T @ v
    off, first = project_out(w, X), layers[0]
    if isinstance(answer, torch.Tensor):
        expect(answer.shape != right.T.shape or right.shape[0] == right.shape[1], "the result has shape (m, h_1), that of A_1 "
                                                                                  "transposed: v stands left, P_perp w right")
        expect(answer.shape != w.shape, "the result is a vector (m,), a change of w. Wanted is the change of A_1 that brings it about")
    whole = torch.stack([project_out(row, X) for row in first])
    mistakes = [(-right, "the sign is wrong: A_1 must lose P_perp w, not gain it"),
                (first + right, "that is A_1 + Delta. Wanted is Delta alone"),
                (-torch.outer(v, off), "the division by ||v||^2 is missing: v^T Delta would be ||v||^2 times too long"),
                (-torch.outer(v / v.norm(), off), "you divide by ||v|| only: one factor for v's length and one because w's change "
                                                  "is v^T Delta"),
                (-torch.outer(v / v.square().sum(), w - off), "you remove P w, the part the retain points feel. Remove the other "
                                                              "part, P_perp w"),
                (-torch.outer(v / v.square().sum(), w), "you remove all of w, and with it every retained output. Remove P_perp w "
                                                        "only"),
                (-whole, "this reaches P w, too, but it projects every row of A_1 and so moves farther than needed. Lemma 1 moves "
                         "A_1 along v only: a matrix of rank one")]
    if right.shape[0] == right.shape[1]:
        mistakes += [(right.T, "the matrix is transposed: v stands left (rows of A_1), P_perp w right (its columns)")]
    if len(layers) > 2 and len(layers[-1][0]) == len(v):
        c = layers[-1][0]
        mistakes += [(-torch.outer(c / c.square().sum(), off), "you used c where v belongs: v = A_2^T ... A_{L-1}^T c^T")]
    compare(answer, right, mistakes, (layers, X))


@exercise("first_layer_step", _test_first_layer_step, [
    "w = A_1^T v. Move A_1 by Delta, and w moves by Delta^T v. Which change of w do you want?",
    "Delta^T v = -P_perp w. Try a matrix of rank one whose columns point along v: Delta = v a^T, and find a.",
    "v = A_2^T ... c^T, off = ul.project_out(w, X_retain), and then -torch.outer(v, off) / (v @ v)."])
def first_layer_step(layers, X_retain):
    """layers, X_retain (n_r, m) of any rank. Returns Lemma 1's Delta_A1 (h_1, m)."""
    v = layers[0].new_ones(1)
    for layer in reversed(layers[1:]):
        v = layer.T @ v
    off = project_out(layers[0].T @ v, X_retain)
    return -torch.outer(v, off) / (v @ v)


def _test_cancelling_step(learner):
    for layers in _networks(65):
        delta = _ask(learner, layers)
        expect(isinstance(delta, (list, tuple)) and len(delta) == len(layers), "return a list with one Delta per layer, in the "
                                                                               "order of `layers`")
        for l, (d, a) in enumerate(zip(delta, layers)):
            try:
                expect_tensor(d, a)
            except WrongAnswer as wrong:
                raise WrongAnswer(f"Delta number {l}: {wrong}") from None
        _judge_cancelling(layers, delta)


def _judge_cancelling(layers, delta):
    expect(any(d.any() for d in delta), "the zero step changes nothing, so the predictor stays what it was; it has to become 0")
    eye, w = torch.eye(layers[0].shape[1], dtype=torch.float64), network_predictor(layers)
    parts = torch.stack([torch.stack([(layer_gradient(layers, e, l) * d).sum() for e in eye]) for l, d in enumerate(delta)])
    size = w.norm() + parts.norm()
    change, after = parts.sum(0), network_predictor([a + d for a, d in zip(layers, delta)])  # of <w, .>, to first order and really
    feasible, gone = same(change, 0 * w, size), same(after, 0 * w, size)
    expect(gone or not feasible, "the step is feasible, but the predictor does not become 0: the output survives unless one whole "
                                 "layer goes")
    share = float(change @ w / (w @ w))
    by = f"by {share:.2g} times their value" if same(change, share * w, size) else "by amounts that are not 0"
    expect(feasible or not gone, f"the predictor becomes 0, but the step is not feasible: to first order the outputs change {by}. A "
                                 "layer that loses a share of itself costs that share of f; let another layer gain it")
    expect(feasible, f"the step is not feasible (to first order the outputs change {by}), and the predictor does not become 0. Are "
                     "these the changes, or the new layers?")


@exercise("cancelling_step", _test_cancelling_step, [
    "Add a share s of layer l to itself, Delta_l = s A_l. By how much does f change? To first order, too?",
    "f is linear in each layer: the change is s f, and to first order as well. Shares of several layers add up: (s_1 + ... + s_L) f.",
    "Choose shares that add up to 0, one of them -1: that layer becomes 0, and so does the predictor."])
def cancelling_step(layers):
    """layers, at least two. Returns a list of changes: feasible for (6) whatever the retain set, and the predictor becomes 0."""
    unchanged = [torch.zeros_like(layer) for layer in layers[1:-1]]
    return [layers[0].clone(), *unchanged, -layers[-1]]


def _test_balanced_layers(learner):
    draw = torch.Generator().manual_seed(66)
    random = lambda h: torch.randn(h, generator=draw, dtype=torch.float64)
    for size in (3.0, .02, 1.0):
        for m, widths in SHAPES:
            w, units = size * random(m), [u / u.norm() for u in map(random, widths)]
            answer = _expect_layers(_ask_units(learner, w, units), [m, *widths, 1])
            _judge_balance(answer, w, units)
    w = random(4)
    alone = _expect_layers(_ask_units(learner, w, []), [4, 1])
    expect(same(alone[0][0], w, w.norm()), "with no units there is one layer, c, and the predictor is c itself: return [w as a row]")
    units = [u / u.norm() for u in map(random, [3, 2])]
    for layer in _expect_layers(_ask_units(learner, 0 * w, units), [4, 3, 2, 1]):
        expect(not layer.any(), "for w = 0 the smallest layers that fit are zero layers")


def _ask_units(learner, w, units):
    answer = call(learner, w, list(units))
    expect(answer is not None, "your function returns None: is there a return?")
    return answer


def _expect_layers(answer, sizes):
    shapes = [(b, a) for a, b in zip(sizes, sizes[1:])]
    expect(isinstance(answer, (list, tuple)), f"return a list of {len(shapes)} matrices, got {type(answer).__name__}")
    expect(len(answer) == len(shapes), f"{len(shapes) - 1} unit vectors make {len(shapes)} layers (c is the last), got {len(answer)}")
    for l, (a, shape) in enumerate(zip(answer, shapes)):
        expect(isinstance(a, torch.Tensor), f"layer {l} must be a tensor, got {type(a).__name__}")
        expect(tuple(a.shape) != shape[::-1] or shape[0] == shape[1], f"layer {l} has shape {tuple(a.shape)}, transposed: what "
                                                                      "comes out stands left, what goes in right")
        expect(tuple(a.shape) == shape, f"layer {l} must have shape {shape}, got {tuple(a.shape)}")
        expect(not a.isnan().any(), "the result holds NaN: for w = 0 there is no direction w / rho")
    return answer


def _judge_balance(layers, w, units):
    rho, depth = w.norm(), len(layers)
    reached, norms = network_predictor(layers), torch.stack([a.norm() for a in layers])
    if not same(reached, w, rho):
        factor = float(reached @ w / rho ** 2)
        along = same(reached, factor * w, max(reached.norm(), rho))
        expect(not (along and reached.any()), f"the predictor is {factor:.3g} w instead of w: the L layers must carry a factor rho "
               "between them, rho^(1/L) each with L = len(units) + 1, and the direction of w has length 1")
        raise WrongAnswer("the predictor is not w: layer l maps v_{l-1} to v_l, A_1 starts from w / rho, and c ends with v_{L-1}^T")
    bound = depth * rho ** (2 / depth)
    total = norms.square().sum()
    expect(total <= bound * (1 + CLOSE), f"the predictor is w, but ||theta||^2 = {total:.3g} where {bound:.3g} is possible: the "
                                         "layers' norms are "
           + ", ".join(f"{n:.3g}" for n in norms) + " and should be equal")
    for l, (a, u) in enumerate(zip(layers, units)):
        expect(same(torch.outer(u, u) @ a, a, a.norm()), f"predictor and norm are right, but layer {l} does not point along "
                                                          f"units[{l}]: its outputs must be multiples of it")


@exercise("balanced_layers", _test_balanced_layers, [
    "Let layer l turn the unit vector v_{l-1} into a multiple of v_l: v_l v_{l-1}^T does. Which v_0 must A_1 react to, and what is "
    "v_L?",
    "v_0 = w / rho and v_L = (1). The product of all v_l v_{l-1}^T is w^T / rho, so the L layers share one factor rho equally.",
    "chain = [w / rho, *units, ones(1)]; layer l is rho^(1/L) torch.outer(chain[l + 1], chain[l]). For rho = 0 return zeros."])
def balanced_layers(w, units):
    """w (m,), units [v_1, ..., v_{L-1}] of length 1. Returns [A_1, ..., c] with predictor w and the smallest sum of squares."""
    rho, depth = w.norm(), len(units) + 1
    chain = [w / rho if rho > 0 else w, *units, w.new_ones(1)]
    return [rho ** (1 / depth) * torch.outer(after, before) for before, after in zip(chain, chain[1:])]
