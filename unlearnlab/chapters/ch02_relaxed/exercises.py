"""The exercises of notebook 02, the relaxed problem."""

import torch

from ...course.exercises import draw, drawn, exercise
from ...course.off_rows import OFF, split_exercise

CHANGE = """
hint 1: Look at one row. Taylor: f(theta + delta) is about f(theta) + <gradient, delta>. What is the
    change?
hint 2: An inner product multiplies entry by entry and adds up. You need one for every row.
hint 3: A matrix times a vector is exactly that: the inner product of every row with the vector.
number: one number came back. Every retained output is its own constraint: return one change per
    row, shape (k,). Added up, +1 and -1 would look like no change
[return rows]: the result has shape (k, d): the products of the entries are there, but an inner
    product also adds them up over d
column: the result is a column (k, 1); return a vector (k,)
sign: the sign is wrong: the change is f(theta + delta) - f(theta), which grows along the gradient
[return (rows @ delta).abs()]: the sign is lost: an output that falls has a negative change
[return rows @ delta / len(rows)]: you divide by the number of rows. The change of an output does
    not depend on how many others there are
[return rows @ delta / len(delta)]: you average over the d parameters. The derivative adds the share
    of every parameter: sum, not mean
[return rows @ delta / rows.norm(dim=1)]: you scale the rows to length 1 first. That keeps the
    direction but not the size of the change: a steeper output changes more
[return rows @ delta / delta.norm()]: you scale delta to length 1 first. A longer step changes the
    outputs more
[rows -> rows.T]: with k = d the transposed product fits too, but it is another one: row i of `rows`
    is one gradient, so it is rows @ delta
"""


@exercise(CHANGE, drawn("n d", "d"))
def first_order_change(rows, delta):
    """rows (k, d): one output gradient per row. delta (d,). Returns (k,): the predicted change of
    every output."""
    return rows @ delta


CASES = drawn("d", "n d", "n")
WIDE = drawn("d", "n d", n=(2, 3, 1))  # rows of full rank
LAMS = 0.0, 0.5, 3.0

STATIONARY = """
hint 1: Differentiate term by term. The derivative of |theta + delta|^2 by delta is 2 (theta +
    delta), that of lam |delta|^2 is 2 lam delta. What is that of <multiplier, G delta>?
hint 2: It is G^T multiplier, the same vector whatever delta is. Set the sum of the three to zero.
hint 3: Collect delta on one side: 2 (1 + lam) delta = -(2 theta + G^T multiplier). Divide.
sign: the sign is wrong: all that does not hold delta goes to the other side of the equation
[rows.T @ multiplier / 2 -> rows.T @ multiplier]: the 2 of the squares is missing: theta comes with
    a 2 and G^T multiplier without one
[rows.T @ multiplier / 2 -> 0]: the multiplier is missing: without it the step ignores the rows
[+ rows.T -> - rows.T]: the sign of the multiplier's term is turned: it is added in the Lagrangian
[/ (1 + lam) -> ]: lam is missing: the penalty has the derivative 2 lam delta
[1 + lam -> lam]: delta stands in |theta + delta|^2 too, so it comes with 1 + lam
[return theta - (theta + rows.T @ multiplier / 2) / (1 + lam)]: that is theta + delta, the new
    point; wanted is delta alone
"""


@exercise(STATIONARY, lambda: [(*case, lam) for case in CASES() for lam in LAMS])
def stationary_step(theta, rows, multiplier, lam):
    """theta (d,), rows (k, d), multiplier (k,), lam >= 0. Returns delta (d,) where the derivative
    of |theta + delta|^2 + lam |delta|^2 + <multiplier, rows @ delta> is zero."""
    return -(theta + rows.T @ multiplier / 2) / (1 + lam)


PROJECT = """
hint 1: P theta is the combination rows.T @ c that leaves nothing for the rows to feel: rows @
    (theta - rows.T @ c) = 0. Which c is that?
hint 2: Multiply out: (rows @ rows.T) c = rows @ theta. When rows are dependent there are many such
    c, but they all give the same rows.T @ c.
hint 3: The singular value decomposition rows = U S V hands you an orthonormal basis of the span:
    the rows of V whose singular value is not (nearly) 0, relative to the largest. Then P theta =
    V.T (V theta).
"""


@split_exercise(PROJECT, OFF, skip="empty uneven")
def project_off(theta, rows):
    """theta (d,), rows (k, d) of any rank, float64. Returns P_perp theta (d,): theta without its
    part in the rows' span."""
    _, sizes, basis = torch.linalg.svd(rows, full_matrices=False)
    basis = basis[sizes > 1e-12 * sizes.max()]
    return theta - basis.T @ (basis @ theta)


SQUARE = """
hint 1: Multiply out both sides for numbers instead of vectors: (u + z)^2 + lam z^2 and
    (1 + lam) (z - c)^2 + rest. The coefficients of z^2 agree already.
hint 2: Compare the coefficients of z: 2 u on the left, -2 (1 + lam) c on the right. That gives c.
hint 3: Then compare what is free of z: u^2 on the left, (1 + lam) c^2 + rest on the right. For
    vectors, u^2 is <u, u>.
parts: return two things: the centre, a vector (d,), and the rest, one number
part: in part {i} (0 is the centre, 1 the rest): {wrong}
[-u / (1 + lam) -> u / (1 + lam)]: the sign of the centre is wrong: the square is of z - c
[-u / (1 + lam) -> -u]: lam is missing in the centre: the penalty pulls it towards 0
[lam / (1 + lam) * u @ u -> u @ u]: the rest is what u^2 leaves when (1 + lam) c^2 is taken away
[lam / (1 + lam) * u @ u -> u @ u / (1 + lam)]: that is (1 + lam) c^2; the rest is u^2 minus it
"""


@exercise(SQUARE, lambda: [(draw(d), lam) for d in (3, 1, 7) for lam in (0.5, 3.0, 1.0)])
def complete_square(u, lam):
    """u (d,), lam >= 0. Returns centre (d,) and rest, a float: |u + z|^2 + lam |z|^2 is
    (1 + lam) |z - centre|^2 + rest for every z (d,)."""
    return -u / (1 + lam), float(lam / (1 + lam) * u @ u)


STEP = """
hint 1: Everything needed is in the last line of the derivation: a strength, a sign, and P_perp
    theta.
hint 2: Two checks: lam = 0 removes all of P_perp theta; lam = 9 removes a tenth of it.
hint 3: Call project_off(theta, rows) and scale what it returns. The minus sign makes it shrink.
rank: rows occur twice and rows are zero: their span did not change, so the step must not. Use your
    project_off, which copes with any rank
sign: the sign is wrong: the step goes against P_perp theta, or the norm would grow
[return theta - project_off(theta, rows) / (1 + lam)]: that is the new theta + delta. Wanted is the
    step delta alone
[/ (1 + lam) -> ]: lam has no effect: a larger penalty must make the step shorter
[/ (1 -> * (1]: you multiply by 1 + lam: a larger penalty would make the step longer. Divide
[/ (1 + lam) -> * lam / (1 + lam)]: the strength is 1 / (1 + lam), not lam / (1 + lam), which grows
    with the penalty
[1 + lam -> 1 + 2 * lam]: the strength is 1 / (1 + lam): the 2 of the derivative stands before both
    terms and cancels
half: half of the step is missing: the 2 of the derivative stands on both sides and cancels
[project_off(theta, rows) -> theta]: you shrink all of theta. That moves the retained outputs: only
    P_perp theta may shrink
[project_off(theta, rows) -> (theta - project_off(theta, rows))]: you move inside the span, which is
    just what the constraints forbid. Project off the rows
[1 + lam -> lam]: the strength is 1 / (1 + lam), not 1 / lam: theta's own norm is in the objective
    too
"""


def _step_cases():
    for theta, rows in drawn("d", "n d", n=(2, 3, 4, 1))():
        for lam in (3.0, 9.0, 0.25, 0.0, 1.0, 1e3):
            yield theta, rows, lam
        yield "rank", theta, torch.cat([rows, rows, 0 * rows]), 1.0


@exercise(STEP, _step_cases)
def drift_step(theta, rows, lam):
    """theta (d,), rows (k, d), lam >= 0. Returns delta (d,), the minimiser of (7) for
    R = |theta|^2, Rhat = lam |delta|^2."""
    return -project_off(theta, rows) / (1 + lam)


CENTRE = """
hint 1: Put theta' = theta - centre. What does |theta + delta - centre|^2 become?
hint 2: It is |theta' + delta|^2: the same problem with theta' for theta. The constraint does not
    mention theta at all.
hint 3: So drift_step answers it, with one of its arguments changed.
[theta - centre -> theta]: the centre has no effect. Where the centre is 0 this is right
[theta - centre -> centre - theta]: the sign is turned: the step leads away from the centre
[theta - centre -> theta + centre]: theta + delta is compared with the centre: subtract it
[lam) -> 0.5)]: lam has no effect: a larger penalty must make the step shorter
[return drift_step(theta, rows, lam) + centre]: that leaves the subspace rows @ delta = 0: the
    centre has a part in the span
"""


@exercise(CENTRE, lambda: [(*case, lam) for case in drawn("d", "n d", "d")() for lam in LAMS])
def step_towards(theta, rows, centre, lam):
    """theta, centre (d,), rows (k, d), lam >= 0. Returns delta (d,), the minimiser of
    |theta + delta - centre|^2 + lam |delta|^2 with rows @ delta = 0."""
    return drift_step(theta - centre, rows, lam)


WEIGHTED = """
hint 1: Find new coordinates in which the weighted sum of squares is a plain one.
hint 2: With z_j = sqrt(w_j) theta_j the objective is |z + change|^2 + lam |change|^2. Which rows
    give the same inner products with the change of z as `rows` with delta?
hint 3: rows / sqrt(w). So take drift_step of (sqrt(w) theta, rows / sqrt(w)), which is the change
    of z, and turn it back into a change of theta.
[rows / root -> rows]: the rows are those of the old coordinates: in the new ones the constraint is
    another subspace
[rows / root -> rows * root]: the rows scale the other way: rows @ delta must stay what it is
[root * theta -> theta]: theta is in the old coordinates still
[, lam) / root -> , lam)]: that is the change of z; divide by sqrt(w) for that of theta
[lam) / -> 0.5) /]: lam has no effect: a larger penalty must make the step shorter
[weights.sqrt() -> weights]: the weights stand before squares, so the coordinates scale with roots
[return drift_step(theta, rows, lam)]: the weights have no effect: a parameter with a large weight
    should shrink more
"""


def _weights():
    for theta, rows in WIDE():
        for lam in LAMS:
            yield theta, rows, 1 + draw(len(theta)).abs(), lam


@exercise(WEIGHTED, _weights)
def weighted_step(theta, rows, weights, lam):
    """theta (d,), rows (k, d), weights (d,) > 0, lam >= 0. Returns delta (d,), the minimiser of
    sum_j w_j ((theta_j + delta_j)^2 + lam delta_j^2) with rows @ delta = 0."""
    root = weights.sqrt()
    return drift_step(root * theta, rows / root, lam) / root


BOUNDED = """
hint 1: Without the bound the answer is -P_perp theta. When is that allowed?
hint 2: When it is too long: a feasible delta of length rho changes |theta + delta|^2 through
    <theta, delta> = <P_perp theta, delta> only. Which direction makes that smallest?
hint 3: The same direction, at length rho. One factor covers both cases: the smaller of 1 and
    rho / |P_perp theta|.
sign: the sign is wrong: the step goes against P_perp theta
still: theta has no part off the rows, so the step is 0. Do you divide 0 by 0?
[u * min(1, rho / u.norm()) -> u]: the bound has no effect: this step is too long
[min(1, rho / u.norm()) -> rho / u.norm()]: a bound is not a length: where
    -P_perp theta is shorter than rho, it is the answer itself
[min(1, rho / u.norm()) -> min(1, rho)]: rho is a length, not a share: divide it by the
    length of P_perp theta
[project_off(theta, rows) -> theta]: you shrink all of theta, which moves the retained outputs
"""


def _bounds():
    for theta, rows in WIDE():
        for rho in (0.1, 1.0, 100.0):
            yield theta, rows, rho
    yield "still", 0 * theta, rows, 1.0


@exercise(BOUNDED, _bounds)
def bounded_step(theta, rows, rho):
    """theta (d,), rows (k, d), rho > 0. Returns delta (d,), the minimiser of |theta + delta|^2 with
    rows @ delta = 0 and |delta| <= rho."""
    u = project_off(theta, rows)
    return -u * min(1, rho / u.norm())


HALVED = """
hint 1: Ask the outputs themselves: how far is outputs(theta + step) from outputs(theta)?
hint 2: A loop: while the largest change is above the tolerance, halve the step.
hint 3: The comparison is always with outputs(theta), the original ones, and the step shrinks to
    half its length each time.
[.abs() -> ]: an output that falls changes too: take absolute values
[.abs().max() -> .abs()[0]]: you look at the first output alone: no output may change by more
[while -> while 0 *]: the step is never halved
[.max() -> .mean()] [.abs().max() -> .square().mean().sqrt()]: the mean lets one output move far if
    the others stay: look at the largest change
[while -> if]: with a whole step too long, its half may be too long as well: go on until it is not
[step / 2 -> step / 10]: halve the step: this one is shorter than it has to be
"""


def _halvings():
    for theta, rows in WIDE():
        for outputs in (
            lambda t, rows=rows: torch.cat([rows, -rows]) @ t,
            lambda t, rows=rows: (rows @ t).square(),
        ):
            yield outputs, theta, -theta, 0.05
            yield outputs, theta, -1e-3 * theta, 0.5
    yield torch.clone, draw(4), torch.eye(4).double()[3], 0.05  # one output alone moves, the last


@exercise(HALVED, _halvings)
def halved_step(outputs, theta, step, tol):
    """outputs: maps theta (d,) to (k,). theta, step (d,). tol > 0. Returns the first of step,
    step / 2, step / 4, ... which changes no output by more than tol."""
    before = outputs(theta)
    while (outputs(theta + step) - before).abs().max() > tol:
        step = step / 2
    return step
