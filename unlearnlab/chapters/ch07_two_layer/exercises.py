"""The exercises of notebook 07, two-layer networks."""

import torch

from ...course.exercises import Trap, call, compare, describe, draw, exercise, expect


def _counts(cases):
    """The test of an exercise whose answer is a whole number.

    cases: of a random generator, yields (arguments, right answer, pairs of wrong answer and
    message, message for any other).
    """

    def test(learner):
        for given, right, mistakes, message in cases(torch.Generator().manual_seed(0)):
            answer = _integer(call(learner, *given))
            for value, words in mistakes:
                expect(answer == right or answer != value, words)
            expect(answer == right, f"on {describe(*given)} you return {answer}: {message}")

    return test


def _integer(answer):
    """The answer as an int; WrongAnswer when it is something else."""
    expect(answer is not None, "your function returns None: is there a return?")
    if isinstance(answer, torch.Tensor):
        expect(answer.ndim == 0, f"return one number, got a tensor of shape {tuple(answer.shape)}")
        answer = answer.item()
    expect(
        not isinstance(answer, bool), "return how many, not whether: a number, got True or False"
    )
    expect(hasattr(answer, "__int__"), f"return one number, got {type(answer).__name__}")
    expect(float(answer).is_integer(), f"a count is a whole number, got {float(answer):.3g}")
    return int(answer)


def _neuron_cases(generator):
    for h, d in [(12, 3), (9, 2), (15, 4)]:
        A, c = draw(generator, h, d), draw(generator, h)
        order = torch.randperm(h, generator=generator)
        A[order[:2]] = c[order[1:4]] = A[order[4], 1:] = 0
        right, rows, weights = active_neurons(A, c), (A == 0).all(1).sum(), (c == 0).sum()
        rest = f"there are {right}, with {rows} zero rows and {weights} zero weights out"
        yield (A, c), right, _neuron_mistakes(A, c, right), rest
    for size in (1e-9, 1e-180):
        rest = (
            f"with all weights of size {size:g} every neuron is still active. Your test for 0 has "
            "an absolute tolerance, or the product |c_i| ||a_i|| underflows: test each factor "
            "against exactly 0"
        )
        yield (size * draw(generator, 6, 3), size * draw(generator, 6)), 6, [], rest


def _neuron_mistakes(A, c, right):
    into, out = (A != 0).any(1), c != 0
    return [
        (
            out.sum(),
            "you count the nonzero output weights. A neuron whose row of A is 0 outputs phi(0) "
            "whatever x is: it does not count",
        ),
        (
            into.sum(),
            "you count the nonzero rows of A. A neuron whose output weight is 0 reaches nothing: "
            "it does not count",
        ),
        (
            (into | out).sum(),
            "you count neurons with a weight in OR out. Active means both: the product |c_i| "
            "||a_i|| must not be 0",
        ),
        (len(c) - right, "that is the number of neurons that are NOT active"),
        (len(c), "you count every neuron, active or not"),
        (
            (A * c[:, None] != 0).sum(),
            "you count weights. Count neurons: a row of A counts once, by its length",
        ),
        (
            ((A != 0).all(1) & out).sum(),
            "a row of A is 0 only if ALL its entries are. Some zeros in it do not make its length "
            "0",
        ),
    ]


@exercise(
    "active_neurons",
    _counts(_neuron_cases),
    [
        "Go through the definition: when is the indicator of neuron i equal to 1? Both |c_i| and "
        "||a_i|| must differ from 0.",
        "||a_i|| is 0 exactly if every entry of row i is 0: (A != 0).any(1) says for which rows "
        "it is not.",
        "Combine the two conditions with & and add up.",
    ],
)
def active_neurons(A, c):
    """A (h, d_in), c (h,). Returns R = sum_i 1{|c_i| ||a_i|| > 0}, an integer."""
    return int(((c != 0) & (A != 0).any(1)).sum())


def _cancel_cases(generator):
    for h, k in [(5, 2), (6, 4), (9, 3), (4, 1), (7, 5), (3, 0)]:
        leading, basis = torch.randperm(h, generator=generator)[:k], draw(generator, h, k)
        basis[leading] = torch.eye(k, dtype=torch.float64)
        yield draw(generator, h), basis, leading


def _cancel_mistakes(c, basis, leading):
    change = -basis @ c[leading]
    only_zeroed = c.clone()
    only_zeroed[leading] = 0
    return [
        (c - change, "the sign is wrong: the leading entries have doubled. Subtract"),
        (
            only_zeroed,
            "you set the leading entries to 0 and leave the others. That leaves the null "
            "space: add multiples of whole columns of the basis",
        ),
        (change, "that is the change. Wanted is c after the change"),
        (
            c - basis.sum(1),
            "you subtract every column once. Column j must be subtracted as often "
            "as its leading entry of c says",
        ),
        (
            c - basis @ c[: len(leading)],
            "you take the first entries of c as factors. Entry leading[j] of c belongs to column j",
        ),
        (
            c - basis @ c[leading.sort().values],
            "the order is mixed up: column j has its 1 in row "
            "leading[j], so its factor is c[leading[j]]",
        ),
        (
            c - basis @ (torch.linalg.pinv(basis) @ c),
            "that is c without its part inside the null space: the shortest vector with the same "
            "outputs. It is a fine choice, but not sparse. Make the leading entries 0",
        ),
    ]


@exercise(
    "cancel",
    hints=[
        "Start with one column of the basis. It has a 1 in row leading[0] and 0 in the other "
        "leading rows. How often must it be subtracted to make entry leading[0] of c zero?",
        "As often as the entry says: c[leading[0]] times. The other leading entries do not notice, "
        "because the column is 0 there.",
        "All columns at once: the factors are c[leading], a vector, and basis @ factors is the "
        "sum of the columns with these factors.",
    ],
    cases=_cancel_cases,
    mistakes=_cancel_mistakes,
    scale=lambda c, basis, leading: c.norm(),
)
def cancel(c, basis, leading):
    """c (h,), basis (h, k) of the null space with basis[leading] the identity. Returns c changed
    inside the null space, c[leading] = 0."""
    return c - basis @ c[leading]


def _test_move_onto(learner):
    generator = torch.Generator().manual_seed(0)
    for n, h, s in [(3, 8, 3), (5, 9, 5), (6, 10, 4), (7, 5, 3), (4, 6, 1)]:
        c, phi = draw(generator, h), draw(generator, n, s) @ draw(generator, s, h)
        given = c, phi, torch.randperm(h, generator=generator)[:s]
        trap = (
            f"there are more points than kept neurons (n = {n} points but s = {s}), so the "
            "system is not square, and still has exactly one solution: solve it by least "
            "squares"
        )
        answer, mistakes = call(learner, *given, trap=trap if n > s else ""), _move_mistakes(*given)
        outside = torch.ones(h).index_fill(0, given[2], 0) > 0
        if getattr(answer, "shape", None) == c.shape and answer[outside].any():
            mistakes.append((answer, "a neuron outside `keep` has a weight other than 0"))
        compare(answer, move_onto(*given), mistakes, given)


def _move_mistakes(c, phi, keep):
    right, kept, ordered = move_onto(c, phi, keep), torch.zeros_like(c), torch.zeros_like(c)
    kept[keep] = c[keep]
    ordered[keep.sort().values] = right[keep]
    return [
        (
            right[keep],
            f"the result has shape ({len(keep)},), the weights of the kept neurons "
            f"alone. Put them in their places among {len(c)} weights, 0 elsewhere",
        ),
        (c, "c comes back unchanged"),
        (
            kept,
            "you drop the other neurons without making up for them. What they contributed to "
            "the outputs has to move to the kept ones",
        ),
        (
            right - kept,
            "that is only what the dropped neurons contributed, moved. Add what the "
            "kept neurons had already",
        ),
        (
            right + kept,
            "the kept neurons' old weights are counted twice: solve for features @ c, "
            "all of it, OR add to the old weights what the dropped ones contributed",
        ),
        (
            torch.linalg.pinv(phi) @ (phi @ c),
            "that is the shortest c with the same outputs. It "
            "uses every neuron; wanted is 0 outside `keep`",
        ),
        (
            ordered,
            "the weights are right but stand in the wrong places: weight j belongs to neuron "
            "keep[j]",
        ),
    ]


@exercise(
    "move_onto",
    _test_move_onto,
    [
        "The outputs are features @ c. You look for weights on the columns `keep` alone that give "
        "the same vector.",
        "Let B = features[:, keep]. Solve B t = features @ c. B need not be square (more points "
        "than s): torch.linalg.lstsq solves it too.",
        "torch.linalg.lstsq(B, (features @ c)[:, None]).solution[:, 0] is t; then new = "
        "torch.zeros_like(c) and new[keep] = t.",
    ],
)
def move_onto(c, features, keep):
    """c (h,), features (n, h) of rank s, keep: s indices of independent columns. Returns c' (h,), 0
    outside keep, with the same outputs."""
    t = torch.linalg.lstsq(features[:, keep], (features @ c)[:, None]).solution[:, 0]
    new = torch.zeros_like(c)
    new[keep] = t
    return new


def _bound_cases(generator):
    for n, h, s in [(4, 9, 4), (6, 20, 3), (9, 5, 5), (8, 8, 2), (5, 7, 0)]:
        mistakes = [
            (
                n,
                f"you return n_r = {n}, an upper bound for s. Here the rows of features are "
                f"dependent or there are fewer neurons than points, and s = {s}",
            ),
            (
                h,
                f"you return the width h = {h}. The bound is the dimension of the span of the "
                f"rows, s = {s}",
            ),
        ]
        yield (draw(generator, n, s) @ draw(generator, s, h),), s, mistakes, f"the rank is {s}"
    phi = draw(generator, 5, 12)
    mixed = torch.cat([phi, phi[:1] + phi[1:2]])
    yield (
        (torch.cat([phi, phi[:2]]),),
        5,
        [],
        (
            "with two retain points that occur twice the answer is still 5: equal rows span "
            "nothing new"
        ),
    )
    yield (
        (mixed,),
        5,
        [],
        (
            "with a row that is the sum of two others the answer is still 5: "
            "counting different rows is not enough"
        ),
    )
    for scale in (1e-9, 1e9):
        yield (
            (scale * mixed,),
            5,
            [],
            (
                f"features {scale:g} times as large have the same span, of dimension 5. Your rule "
                "for what counts as zero is absolute: compare with the largest singular value"
            ),
        )


@exercise(
    "width_bound",
    _counts(_bound_cases),
    [
        "s is the dimension of the span of the vectors phi(A x_i), the rows of `features`. What is "
        "that number called for a matrix?",
        "The rank: the number of singular values above 0. In floating point, above a small share "
        "of the largest.",
        "torch.linalg.matrix_rank does just that.",
    ],
)
def width_bound(features):
    """features (n, h): row i is phi(A x_i). Returns s = dim span{phi(A x_i)}, an integer."""
    return int(torch.linalg.matrix_rank(features))


def _prune_cases(generator):
    for h, d in [(5, 2), (8, 3), (4, 4), (3, 6)]:
        A, c = draw(generator, h, d), draw(generator, h)
        c[torch.randperm(h, generator=generator)[: h // 2]] = 0
        yield A, c
    tiny = torch.tensor([1e-12, 0, -1e-300], dtype=torch.float64)
    yield Trap(
        (draw(generator, 3, 2), tiny),
        "a weight of 1e-12 is small, not 0: pruning its "
        "neuron changes the function. Compare with exactly 0",
    )


def _prune_mistakes(A, c):
    used = c != 0
    mistakes = [
        ([], "return the new A alone; c does not change"),
        (
            A[used],
            "you removed the rows. Proposition 1 keeps the width: the rows stay, filled with zeros",
        ),
        (c, f"the result has shape ({len(c)},); wanted is the matrix A with some rows zeroed"),
        (A, "A comes back unchanged"),
        (A * ~used[:, None], "you zero the rows of the neurons that are in use. Zero the others"),
        (A * c[:, None], "you multiply the rows by c. Rows of neurons in use must not change"),
        (
            A * (c > 0)[:, None],
            "you also zero neurons with a negative weight. Only a weight of "
            "exactly 0 makes a neuron useless",
        ),
    ]
    if A.shape[0] == A.shape[1]:
        mistakes.append((A * used, "you zero columns. Neuron i is ROW i of A"))
    return mistakes


@exercise(
    "prune_rows",
    hints=[
        "Neuron i enters the function only through c_i phi(a_i . x). If c_i is 0, what does a_i "
        "matter?",
        "Multiply each row by 1 if its weight differs from 0, else by 0.",
        "(c != 0) is a vector (h,); as a column, (c != 0)[:, None], it multiplies the rows of A.",
    ],
    cases=_prune_cases,
    mistakes=_prune_mistakes,
    scale=lambda A, c: A.norm(),
)
def prune_rows(A, c):
    """A (h, d_in), c (h,). Returns A with row i zeroed wherever c_i is 0; same shape, and
    c^T phi(A x) is the same function."""
    return A * (c != 0)[:, None]
