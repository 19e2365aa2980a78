"""The exercises of notebook 07, two-layer networks."""

import itertools

import torch

import unlearnlab as ul

from ...course.exercises import CLOSE, draw, exercise, same

CANCEL = """
hint 1: Start with one column of the basis. It has a 1 in row leading[0] and 0 in the other leading
    rows. How often must it be subtracted to make entry leading[0] of c zero?
hint 2: As often as the entry says: c[leading[0]] times. The other leading entries do not notice,
    because the column is 0 there.
hint 3: All columns at once: the factors are c[leading], a vector, and basis @ factors is the sum of
    the columns with these factors.
[- basis -> + basis]: the sign is wrong: the leading entries have doubled. Subtract
[return c.index_fill(0, leading, 0)]: you set the leading entries to 0 and leave the others. That
    leaves the null space: add multiples of whole columns of the basis
[return -basis @ c[leading]]: that is the change. Wanted is c after the change
[basis @ c[leading] -> basis.sum(1)]: you subtract every column once. Column j must be subtracted as
    often as its leading entry of c says
[c[leading] -> c[: len(leading)]]: you take the first entries of c as factors. Entry leading[j] of c
    belongs to column j
[c[leading] -> c[leading.sort().values]]: the order is mixed up: column j has its 1 in row
    leading[j], so its factor is c[leading[j]]
[c[leading] -> (torch.linalg.pinv(basis) @ c)]: that is c without its part inside the null space:
    the shortest vector with the same outputs. It is a fine choice, but not sparse. Make the leading
    entries 0
"""


def _cancel_cases():
    for h, k in [(5, 2), (6, 4), (9, 3), (4, 1), (7, 5), (3, 0)]:
        leading, basis = torch.randperm(h)[:k], draw(h, k)
        basis[leading] = torch.eye(k, dtype=torch.float64)
        yield draw(h), basis, leading


@exercise(CANCEL, _cancel_cases)
def cancel(c, basis, leading):
    """c (h,), basis (h, k) of the null space with basis[leading] the identity. Returns c changed
    inside the null space, c[leading] = 0."""
    return c - basis @ c[leading]


MOVE = """
hint 1: The outputs are features @ c. You look for weights on the columns `keep` alone that give the
    same vector.
hint 2: Let B = features[:, keep]. Solve B t = features @ c. B need not be square (more points than
    s): torch.linalg.lstsq solves it too.
hint 3: torch.linalg.lstsq solves such a system (its right side is a matrix), and so does the
    pseudo-inverse. Then put t in the places `keep` of a vector of zeros.
raised: there may be more points than kept neurons, so that the system is not square, and still has
    exactly one solution: solve it by least squares
[return t]: the result has shape (s,), the weights of the kept neurons alone. Put them in their
    places among h weights, 0 elsewhere
[return c]: c comes back unchanged
[= t -> = c[keep]]: you drop the other neurons without making up for them. What they contributed to
    the outputs has to move to the kept ones
[= t -> = t - c[keep]]: that is only what the dropped neurons contributed, moved. Add what the kept
    neurons had already
[= t -> = t + c[keep]]: the kept neurons' old weights are counted twice: solve for features @ c, all
    of it, OR add to the old weights what the dropped ones contributed
[return torch.linalg.pinv(features) @ (features @ c)]: that is the shortest c with the same outputs.
    It uses every neuron; wanted is 0 outside `keep`
[[keep] = t -> [keep.sort().values] = t]: the weights are right but stand in the wrong places:
    weight j belongs to neuron keep[j]
outside: a neuron outside `keep` has a weight other than 0
"""


def _move_cases():
    for n, h, s in [(3, 8, 3), (5, 9, 5), (6, 10, 4), (7, 5, 3), (4, 6, 1)]:
        phi = draw(n, s) @ draw(s, h)
        yield draw(h), phi, torch.randperm(h)[:s]


def _outside(new, c, features, keep):
    return {"outside": new} if new.index_fill(0, keep, 0).any() else {}


@exercise(MOVE, _move_cases, mistakes=_outside)
def move_onto(c, features, keep):
    """c (h,), features (n, h) of rank s, keep: s indices of independent columns. Returns c' (h,), 0
    outside keep, with the same outputs."""
    t = torch.linalg.lstsq(features[:, keep], (features @ c)[:, None]).solution[:, 0]
    new = torch.zeros_like(c)
    new[keep] = t
    return new


FEWEST = """
hint 1: Fix a set of neurons first. When can weights on these alone give the outputs? When the
    outputs lie in the span of their columns.
hint 2: Solve for the weights by least squares, with torch.linalg.pinv, and see what is missed.
    itertools.combinations(range(h), k) runs through the sets of size k.
hint 3: Go through the sizes 0, 1, 2, ... and return the first that has a set missing at most 1e-9
    of the length of the outputs.
nothing: features @ c is 0, so no neuron is needed and the answer is 0: begin with the empty set
sum: the last neuron is the sum of the others and does alone what two do: fewer than the rank, and
    fewer than the weights in use. Only a search finds it
decoy: two neurons are enough, but not the one that does most alone: adding one neuron after another
    misses them. Only a search through all sets of a size finds them
pair: three weights are in use, and one neuron does what two of them do: neither the rank nor the
    weights in use count that. Only a search finds it
scale: features 1e-12 times as large need as many neurons. Compare what is missed with the length
    of the outputs
[return int((c != 0).sum())]: you count the weights of c itself. Other weights may give the same
    outputs with fewer
[return int(torch.linalg.matrix_rank(features))]: you return the rank s. So many always suffice, but
    for this c fewer do, or there are fewer
[return len(c)]: you return h, all neurons
"""


def _fewest_cases():
    for n, h, used in [(3, 6, [4]), (4, 6, [0, 3]), (3, 5, [0, 1, 2, 3, 4]), (2, 4, [1, 2, 3])]:
        phi, c = draw(n, h), torch.zeros(h, dtype=torch.float64)
        c[used] = draw(len(used))
        yield c, phi
    phi = draw(3, 5)
    summed = c.new_tensor([[1, 1, 2], [3, 1, 4]])
    yield "nothing", c.new_tensor([1, 1, -1]), summed
    yield "sum", c.new_tensor([1, 1, 0]), summed
    decoy = c.new_tensor([[3, 0, 3, 0], [0, 3, 3, 0], [4, -4, 1, 0], [0, 0, 0, 1]])
    yield "decoy", c.new_tensor([1, 1, 0, 0]), decoy
    pair = torch.eye(4, 5, dtype=c.dtype)
    pair[:, 3:] = c.new_tensor([[0, 0], [1, 0], [1, 0], [0, 1]])
    yield "pair", c.new_tensor([1, 1, 1, 0, 0]), pair
    yield "scale", draw(5), 1e-12 * phi
    yield draw(3), draw(3, 3)  # needs all


@exercise(FEWEST, _fewest_cases)
def fewest(c, features):
    """c (h,), features (n, h), h small. Returns the least number of nonzero weights that give the
    same features @ c."""
    outputs = features @ c
    for size in range(len(c) + 1):
        for columns in itertools.combinations(range(len(c)), size):
            kept = features[:, list(columns)]
            missed = kept @ (torch.linalg.pinv(kept) @ outputs) - outputs
            if missed.norm() <= 1e-9 * outputs.norm():
                return size


LYING = """
hint 1: Section 4 keeps the outputs at the retain points with at most s neurons. Which point do you
    have to add to the ones whose outputs are kept?
hint 2: Put the features of the forget point under the others as one more row. The rank rises by one
    at most.
hint 3: Cut with these features: ul.two_layer.sparsify does it.
retain: the outputs at the retain points have changed, by {retain:.1g} of their size
forget: the retained outputs are right, but not the output at the forget point
many: the outputs are right, and {kept} weights are not 0, where s + 1 = {most} are allowed
"""


def _lying_cases():
    for n, h, s in [(3, 8, 3), (5, 12, 5), (6, 9, 2)]:
        yield draw(h), draw(n, s) @ draw(s, h), draw(h)


def _judge_lying(new, c, features, at_forget):
    retain = float((features @ (new - c)).norm() / (features @ c).norm())
    kept, most = int((new != 0).sum()), int(torch.linalg.matrix_rank(features)) + 1
    return {"retain": retain, "kept": kept, "most": most}, {
        "retain": retain < CLOSE,
        "forget": same(at_forget @ new, at_forget @ c, at_forget.norm() * c.norm()),
        "many": kept <= most,
    }


@exercise(LYING, _lying_cases, judge=_judge_lying)
def still_lying(c, features, at_forget):
    """c (h,), features (n, h), at_forget (h,). Returns weights (h,), at most rank(features) + 1
    nonzero, with the outputs of c at the retain points and at the forget point."""
    return ul.two_layer.sparsify(c, torch.cat([features, at_forget[None]]))
