"""The exercises of notebook 07, two-layer networks."""
import torch

from . import CLOSE, WrongAnswer, call, compare, describe, draw, exercise, expect, expect_tensor


def _integer(answer):
    """The answer as an int; WrongAnswer when it is something else."""
    expect(answer is not None, "your function returns None: is there a return?")
    if isinstance(answer, torch.Tensor):
        expect(answer.ndim == 0, f"return one number, got a tensor of shape {tuple(answer.shape)}")
        answer = answer.item()
    expect(not isinstance(answer, bool), "return a number, got True or False: how many, not whether")
    expect(isinstance(answer, (int, float)) or hasattr(answer, "__int__"), f"return one number, got {type(answer).__name__}")
    expect(float(answer).is_integer(), f"a count is a whole number, got {float(answer):.3g}")
    return int(answer)


def _test_active_neurons(learner):
    generator = torch.Generator().manual_seed(71)
    for h, d in [(12, 3), (9, 2), (15, 4)]:
        A, c, order = draw(generator, h, d), draw(generator, h), torch.randperm(h, generator=generator)
        A[order[:2]], c[order[1:4]], A[order[4], 1:] = 0, 0, 0
        no_in, no_out = ~(A != 0).any(1), c == 0
        right, answer = int((~no_in & ~no_out).sum()), _integer(call(learner, A, c))
        mistakes = [((c != 0).sum(), "you count the nonzero output weights. A neuron whose row of A is 0 outputs phi(0) whatever "
                                     "x is: it does not count"),
                    ((~no_in).sum(), "you count the nonzero rows of A. A neuron whose output weight is 0 reaches nothing: it does "
                                     "not count"),
                    ((~no_in | ~no_out).sum(), "you count neurons with a weight in OR out. Active means both: the product |c_i| "
                                               "||a_i|| must not be 0"),
                    ((no_in | no_out).sum(), "that is the number of neurons that are NOT active"),
                    (h, "you count every neuron, active or not"),
                    ((A * c[:, None] != 0).sum(), "you count weights. Count neurons: a row of A counts once, by its length"),
                    (((A != 0).all(1) & ~no_out).sum(), "a row of A is 0 only if ALL its entries are. Some zeros in it do not "
                                                        "make its length 0")]
        for value, message in mistakes:
            expect(int(value) == right or answer != int(value), message)
        expect(answer == right, f"on {describe(A, c)} with {int(no_in.sum())} zero rows and {int(no_out.sum())} zero weights out you count "
                                f"{answer}, there are {right}")
    A, c = draw(generator, 6, 3), draw(generator, 6)
    for size in (1e-9, 1e-180):
        expect(_integer(call(learner, size * A, size * c)) == 6, f"with all weights of size {size:g} every neuron is still "
                                                                 f"active. Your test for 0 has an "
               "absolute tolerance, or the product |c_i| ||a_i|| underflows: test each factor against exactly 0")


@exercise("active_neurons", _test_active_neurons, [
    "Go through the definition: when is the indicator of neuron i equal to 1? Both |c_i| and ||a_i|| must differ from 0.",
    "||a_i|| is 0 exactly if every entry of row i is 0: (A != 0).any(1) says for which rows it is not.",
    "Combine the two conditions with & and add up."])
def active_neurons(A, c):
    """A (h, d_in), c (h,). Returns R = sum_i 1{|c_i| ||a_i|| > 0}, an integer."""
    return int(((c != 0) & (A != 0).any(1)).sum())


def _test_cancel(learner):
    generator = torch.Generator().manual_seed(72)
    for h, k in [(5, 2), (6, 4), (9, 3), (4, 1), (7, 5), (3, 0)]:
        c, leading = draw(generator, h), torch.randperm(h, generator=generator)[:k]
        basis = draw(generator, h, k)
        basis[leading] = torch.eye(k, dtype=torch.float64)
        right, answer = c - basis @ c[leading], call(learner, c, basis, leading)
        expect_tensor(answer, c)
        only_zeroed = c.clone()
        only_zeroed[leading] = 0
        solution = torch.linalg.lstsq(basis, c).solution if k else c[:0]
        mistakes = [(c + basis @ c[leading], "the sign is wrong: the leading entries have doubled. Subtract"),
                    (only_zeroed, "you set the leading entries to 0 and leave the others. That leaves the null space: add "
                                  "multiples of whole columns of the basis"),
                    (-(basis @ c[leading]), "that is the change. Wanted is c after the change"),
                    (c - basis.sum(1), "you subtract every column once. Column j must be subtracted as often as its leading entry "
                                       "of c says"),
                    (c - basis @ c[:k], "you take the first entries of c as factors. Entry leading[j] of c belongs to column j"),
                    (c - basis @ c[leading.sort().values], "the order is mixed up: column j has its 1 in row leading[j], so its "
                                                           "factor is c[leading[j]]"),
                    (c - basis @ solution, "that is c without its part inside the null space: the shortest vector with the same outputs. "
                     "It is a fine choice, but not sparse. Make the leading entries 0")]
        compare(answer, right, [m for m in mistakes if k > 1 or m[1][:9] != "the order"], (c, basis, leading), c.norm())


@exercise("cancel", _test_cancel, [
    "Start with one column of the basis. It has a 1 in row leading[0] and 0 in the other leading rows. How often must it be "
    "subtracted to make entry leading[0] of c zero?",
    "As often as the entry says: c[leading[0]] times. The other leading entries do not notice, because the column is 0 there.",
    "All columns at once: the factors are c[leading], a vector, and basis @ factors is the sum of the columns with these factors."])
def cancel(c, basis, leading):
    """c (h,), basis (h, k) of the null space with basis[leading] the identity. Returns c changed inside the null space, c[leading] = 0."""
    return c - basis @ c[leading]


def _test_move_onto(learner):
    generator = torch.Generator().manual_seed(73)
    for n, h, s in [(3, 8, 3), (5, 9, 5), (6, 10, 4), (7, 5, 3), (4, 6, 1)]:
        c, phi = draw(generator, h), draw(generator, n, s) @ draw(generator, s, h)
        keep = torch.randperm(h, generator=generator)[:s]
        kind = "" if n == s else f" (n = {n} points but s = {s})"
        try:
            answer = call(learner, c, phi, keep)
        except WrongAnswer as wrong:
            expect("raised" not in str(wrong) or n == s, f"{wrong}. Here there are more points than kept neurons{kind}, so the "
                                                         f"system is not square, and still has "
                   "exactly one solution: solve it by least squares")
            raise
        expect(answer is not None, "your function returns None: is there a return?")
        if isinstance(answer, torch.Tensor) and h != s:
            expect(answer.shape != (s,), f"the result has shape ({s},), the weights of the kept neurons alone. Put them in their "
                                         f"places among {h} weights, 0 elsewhere")
        expect_tensor(answer, c)
        right = move_onto(c, phi, keep)
        zeroed = torch.zeros_like(c)
        zeroed[keep] = c[keep]
        alone, added, ordered = zeroed.clone(), zeroed + right, torch.zeros_like(c)
        others = torch.tensor([i for i in range(h) if i not in keep])
        alone[keep] = right[keep] - c[keep]
        ordered[keep.sort().values] = right[keep]
        mistakes = [(c, "c comes back unchanged"),
                    (zeroed, "you drop the other neurons without making up for them. What they contributed to the outputs has to "
                             "move to the kept ones"),
                    (alone, "that is only what the dropped neurons contributed, moved. Add what the kept neurons had already"),
                    (added, "the kept neurons' old weights are counted twice: solve for features @ c, all of it, OR add to the "
                            "old weights what the dropped ones contributed"),
                    (torch.linalg.pinv(phi) @ (phi @ c), "that is the shortest c with the same outputs. It uses every neuron; "
                                                         "wanted is 0 outside `keep`"),
                    (ordered, "the weights are right but stand in the wrong places: weight j belongs to neuron keep[j]")]
        given = (c, phi, keep)
        expect(not bool((answer[others] != 0).any()) or any((answer - v).norm() <= CLOSE * right.norm() for v, _ in mistakes),
               "a neuron outside `keep` has a weight other than 0")
        compare(answer, right, [m for m in mistakes if (m[0] - right).norm() > 1e-3 * right.norm()], given)


@exercise("move_onto", _test_move_onto, [
    "The outputs are features @ c. You look for weights on the columns `keep` alone that give the same vector.",
    "Let B = features[:, keep]. Solve B t = features @ c. B need not be square (more points than s): torch.linalg.lstsq solves it too.",
    "torch.linalg.lstsq(B, (features @ c)[:, None]).solution[:, 0] is t; then new = torch.zeros_like(c) and new[keep] = t."])
def move_onto(c, features, keep):
    """c (h,), features (n, h) of rank s, keep: s indices of independent columns. Returns c' (h,), 0 outside keep, with the same outputs."""
    t = torch.linalg.lstsq(features[:, keep], (features @ c)[:, None]).solution[:, 0]
    new = torch.zeros_like(c)
    new[keep] = t
    return new


def _test_width_bound(learner):
    generator = torch.Generator().manual_seed(74)
    for n, h, s in [(4, 9, 4), (6, 20, 3), (9, 5, 5), (8, 8, 2), (5, 7, 0)]:
        phi = draw(generator, n, s) @ draw(generator, s, h)
        answer = _integer(call(learner, phi))
        mistakes = [(n, f"you return n_r = {n}, an upper bound for s. Here the rows of features are dependent or there are fewer "
                        f"neurons than points, and s = {s}"),
                    (h, f"you return the width h = {h}. The bound is the dimension of the span of the rows, s = {s}")]
        for value, message in mistakes:
            expect(value == s or answer != value, message)
        expect(answer == s, f"on {describe(phi)} you return {answer}, the rank is {s}")
    phi = draw(generator, 5, 12)
    twice = torch.cat([phi, phi[:2]])
    expect(_integer(call(learner, twice)) == 5, "with two retain points that occur twice the answer is still 5: equal rows span "
                                                "nothing new")
    mixed = torch.cat([phi, phi[:1] + phi[1:2]])
    expect(_integer(call(learner, mixed)) == 5, "with a row that is the sum of two others the answer is still 5: counting "
                                                "different rows is not enough")
    for scale in (1e-9, 1e9):
        expect(_integer(call(learner, scale * mixed)) == 5, f"features {scale:g} times as large have the same span. Your rule for "
                                                            f"what counts as zero is absolute: "
               "compare with the largest singular value")


@exercise("width_bound", _test_width_bound, [
    "s is the dimension of the span of the vectors phi(A x_i), the rows of `features`. What is that number called for a matrix?",
    "The rank: the number of singular values above 0. In floating point, above a small share of the largest.",
    "torch.linalg.matrix_rank does just that."])
def width_bound(features):
    """features (n, h): row i is phi(A x_i). Returns s = dim span{phi(A x_i)}, an integer."""
    return int(torch.linalg.matrix_rank(features))


def _test_prune_rows(learner):
    generator = torch.Generator().manual_seed(75)
    for h, d in [(5, 2), (8, 3), (4, 4), (3, 6)]:
        A, c = draw(generator, h, d), draw(generator, h)
        c[torch.randperm(h, generator=generator)[:h // 2]] = 0
        right, answer = A * (c != 0)[:, None], call(learner, A, c)
        expect(answer is not None, "your function returns None: is there a return?")
        expect(not isinstance(answer, tuple), "return the new A alone; c does not change")
        if isinstance(answer, torch.Tensor):
            expect(answer.shape != ((c != 0).sum(), d), "you removed the rows. Proposition 1 keeps the width: the rows stay, "
                                                        "filled with zeros")
            expect(answer.shape != (h,), "the result has shape (h,); wanted is the matrix A with some rows zeroed")
        expect_tensor(answer, A)
        mistakes = [(A, "A comes back unchanged"), (A * (c == 0)[:, None], "you zero the rows of the neurons that are in use. "
                                                                           "Zero the others"),
                    (A * c[:, None], "you multiply the rows by c. Rows of neurons in use must not change"),
                    (A * (c > 0)[:, None], "you also zero neurons with a negative weight. Only a weight of exactly 0 makes a "
                                           "neuron useless")]
        if h == d:
            mistakes.append((A * (c != 0)[None], "you zero columns. Neuron i is ROW i of A"))
        compare(answer, right, mistakes, (A, c), A.norm())
    tiny = torch.tensor([1e-12, 0, -1e-300], dtype=torch.float64)
    A = draw(generator, 3, 2)
    expect(torch.equal(call(learner, A, tiny), A * (tiny != 0)[:, None]), "a weight of 1e-12 is small, not 0: pruning its neuron "
                                                                          "changes the function. Compare with exactly 0")


@exercise("prune_rows", _test_prune_rows, [
    "Neuron i enters the function only through c_i phi(a_i . x). If c_i is 0, what does a_i matter?",
    "Multiply each row by 1 if its weight differs from 0, else by 0.",
    "(c != 0) is a vector (h,); as a column, (c != 0)[:, None], it multiplies the rows of A."])
def prune_rows(A, c):
    """A (h, d_in), c (h,). Returns A with row i zeroed wherever c_i is 0; same shape, and c^T phi(A x) is the same function."""
    return A * (c != 0)[:, None]
