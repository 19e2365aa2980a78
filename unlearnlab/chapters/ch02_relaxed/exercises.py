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


FEASIBLE = """
hint 1: A step is feasible when every predicted change is 0, rows @ delta. What does 0 mean for
    numbers with rounding?
hint 2: The inner product of two vectors is at most the product of their lengths. Compare it with
    that.
hint 3: (rows @ delta).abs() <= tol * (length of each row) * (length of delta), and then: for all
    rows.
zero: the zero step changes no output, so it is feasible (is it < where <= is needed, or a division
    by |delta|?)
off: this delta was projected off the rows, so it is feasible up to rounding: the inner products are
    about 1e-16, not 0. Compare with tol instead of ==
up: every inner product is +1 here, so this delta moves every output: it is not feasible
down: every inner product is -1 here: a change downwards is a change too. Take absolute values
pair: one output goes up and the other down by the same amount. The sum is 0 and still both move:
    look at each row, not at their sum or mean
last: only the last row is not orthogonal to this delta, and that is enough to make it infeasible:
    all rows must agree, not some
first: only the first row is not orthogonal to this delta, and that is enough to make it infeasible:
    all rows must agree, not some
far: the same direction, 1e12 times as long, is just as feasible, but its rounding is 1e12 times as
    large: measure the inner product relative to |g_i| |delta|, not absolutely
near: a step of length 1e-12 along a gradient has a tiny inner product and is still infeasible:
    measure it relative to |g_i| |delta|, not absolutely
long, short: rows 1e12 or 1e-12 times as long span the same space, so the answer must be the same:
    divide by the length of the row as well as of delta
uneven: one row is short, the others 1e12 times as long, and the short one is violated: use each
    row's own length, not the longest
none: a zero row is an output that feels no parameter: it forbids nothing. With a division by its
    length comes NaN, and comparing with NaN gives False
"""


def _feasible_cases():
    for k, d in [(2, 6), (3, 20), (5, 40)]:
        rows, free = draw(k, d), draw(d)
        off = project_off(free, rows)
        up = torch.linalg.pinv(rows) @ rows.new_ones(k)  # <g_i, up> = 1 for every row
        first = project_off(rows[0], rows[1:])  # felt by the first row alone
        last = project_off(rows[-1], rows[:-1])
        pair = rows[:2] / rows[:2].norm(dim=1, keepdim=True)
        yield "zero", 0 * free, rows
        yield "off", off, rows
        yield "up", up, rows
        yield "down", -up, rows
        yield "pair", pair[0] - pair[1], pair
        yield "last", last, rows
        yield "first", first, rows
        yield "far", 1e12 * off, rows
        yield "near", 1e-12 * up, rows
        yield "long", off, 1e12 * rows
        yield "short", up, 1e-12 * rows
        yield "uneven", last / last.norm(), torch.cat([1e12 * rows[:-1], rows[-1:]])
        yield "none", off, torch.cat([rows, 0 * rows[:1]])


@exercise(FEASIBLE, _feasible_cases)
def feasible(delta, rows, tol=1e-9):
    """delta (d,), rows (k, d). Returns True if |<g_i, delta>| <= tol |g_i| |delta| for every row
    g_i, else False."""
    sizes = rows.norm(dim=1) * delta.norm()
    return bool(((rows @ delta).abs() <= tol * sizes).all())


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
        for lam in (3.0, 9.0, 0.25, 0.0, 1.0, 1e6):
            yield theta, rows, lam
        yield "rank", theta, torch.cat([rows, rows, 0 * rows]), 1.0


@exercise(STEP, _step_cases)
def drift_step(theta, rows, lam):
    """theta (d,), rows (k, d), lam >= 0. Returns delta (d,), the minimiser of (7) for
    R = |theta|^2, Rhat = lam |delta|^2."""
    return -project_off(theta, rows) / (1 + lam)
