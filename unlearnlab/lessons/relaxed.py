"""The exercises of notebook 02, the relaxed problem."""
import torch

from . import call, compare, draw, exercise, expect, expect_tensor, same, yes_or_no
from .off_rows import EMPTY, UNEVEN, check_split


def _test_first_order_change(learner):
    generator = torch.Generator().manual_seed(21)
    sizes = [(3, 7), (1, 4), (5, 5), (8, 2)] + [tuple(torch.randint(2, 9, (2,), generator=generator).tolist()) for _ in range(6)]
    for k, d in sizes:
        rows, delta = draw(generator, k, d), draw(generator, d)
        right, answer = rows @ delta, call(learner, rows, delta)
        expect(answer is not None, "your function returns None: is there a return?")
        if isinstance(answer, torch.Tensor):
            expect(answer.ndim > 0 or k == 1, "one number came back. Every retained output is its own constraint: return one "
                   "change per row, shape (k,). Added up, +1 and -1 would look like no change")
            expect(answer.shape != (k, d) or k == d, "the result has shape (k, d): the products of the entries are there, "
                   "but an inner product also adds them up over d")
            expect(answer.shape != (k, 1), "the result is a column (k, 1); return a vector (k,)")
        mistakes = [
            (-right, "the sign is wrong: the change is f(theta + delta) - f(theta), which grows along the gradient"),
            (right.abs(), "the sign is lost: an output that falls has a negative change"),
            (right / k, "you divide by the number of rows. The change of an output does not depend on how many others there are"),
            (right / d, "you average over the d parameters. The derivative adds the share of every parameter: sum, not mean"),
            (right / rows.norm(dim=1), "you scale the rows to length 1 first. That keeps the direction but not the size of the "
             "change: a steeper output changes more"),
            (right / delta.norm(), "you scale delta to length 1 first. A longer step changes the outputs more"),
            (rows.T @ delta if k == d else right + 1, "with k = d the transposed product fits too, but it is another one: "
             "row i of `rows` is one gradient, so it is rows @ delta")]
        compare(answer, right, mistakes, (rows, delta))


@exercise("first_order_change", _test_first_order_change, [
    "Look at one row. Taylor: f(theta + delta) is about f(theta) + <gradient, delta>. What is the change?",
    "An inner product multiplies entry by entry and adds up. You need one for every row.",
    "A matrix times a vector is exactly that: the inner product of every row with the vector."])
def first_order_change(rows, delta):
    """rows (k, d): one output gradient per row. delta (d,). Returns (k,): the predicted change of every output."""
    return rows @ delta


def _feasible_cases(generator):
    """((delta, rows, tol), right answer, what a wrong one means), each kind over several sizes."""
    for k, d in [(2, 6), (3, 20), (5, 40), (4, 9)]:
        rows, free = draw(generator, k, d), draw(generator, d)
        off = project_off(free, rows)
        up = torch.linalg.pinv(rows) @ torch.ones(k, dtype=torch.float64)  # <g_i, up> = 1 for every row
        first, last = project_off(rows[0], rows[1:]), project_off(rows[-1], rows[:-1])  # each felt by one row alone
        pair = rows[:2] / rows[:2].norm(dim=1, keepdim=True)
        yield (0 * free, rows, 1e-9), True, "the zero step changes no output, so it is feasible (is it < where <= is needed, or a division by |delta|?)"
        yield (off, rows, 1e-9), True, ("this delta was projected off the rows, so it is feasible up to rounding: the inner products are about 1e-16, "
                                "not 0. Compare with tol instead of ==")
        yield (up, rows, 1e-9), False, "every inner product is +1 here, so this delta moves every output: it is not feasible"
        yield (-up, rows, 1e-9), False, "every inner product is -1 here: a change downwards is a change too. Take absolute values"
        yield (pair[0] - pair[1], pair, 1e-9), False, ("one output goes up and the other down by the same amount. The sum is 0 and still both move: "
                                               "look at each row, not at their sum or mean")
        yield (last, rows, 1e-9), False, ("only the last row is not orthogonal to this delta, and that is enough to make it infeasible: all rows "
                                  "must agree, not some")
        yield (first, rows, 1e-9), False, ("only the first row is not orthogonal to this delta, and that is enough to make it "
                                                            "infeasible: all rows must agree, not some")
        yield (1e12 * off, rows, 1e-9), True, ("the same direction, 1e12 times as long, is just as feasible, but its rounding is 1e12 times as "
                                       "large: measure the inner product relative to |g_i| |delta|, not absolutely")
        yield (1e-12 * up, rows, 1e-9), False, ("a step of length 1e-12 along a gradient has a tiny inner product and is still infeasible: measure it "
                                        "relative to |g_i| |delta|, not absolutely")
        yield (off, 1e12 * rows, 1e-9), True, ("rows 1e12 times as long span the same space, so the answer must be the same: divide by the length "
                                       "of the row as well as of delta")
        yield (up, 1e-12 * rows, 1e-9), False, ("rows 1e-12 times as long span the same space, so the answer must be the same: divide by the length "
                                        "of the row as well as of delta")
        yield (last / last.norm(), torch.cat([1e12 * rows[:-1], rows[-1:]]), 1e-9), False, (
            "one row is short, the others 1e12 times as long, and the short one is violated: use each row's own length, not the longest")
        yield (off, torch.cat([rows, 0 * rows[:1]]), 1e-9), True, ("a zero row is an output that feels no parameter: it forbids nothing. With a division "
                                                           "by its length comes NaN, and comparing with NaN gives False")


def _test_project_off(learner):
    check_split(learner, skip=(EMPTY, UNEVEN))


@exercise("project_off", _test_project_off, [
    "P theta is the combination rows.T @ c that leaves nothing for the rows to feel: rows @ (theta - rows.T @ c) = 0. Which c is that?",
    "Multiply out: (rows @ rows.T) c = rows @ theta. When rows are dependent there are many such c, but they all give the same rows.T @ c.",
    "The singular value decomposition rows = U S V hands you an orthonormal basis of the span: the rows of V whose singular value is not "
    "(nearly) 0, relative to the largest. Then P theta = V.T (V theta)."])
def project_off(theta, rows):
    """theta (d,), rows (k, d) of any rank, float64. Returns P_perp theta (d,): theta without its part in the rows' span."""
    _, sizes, basis = torch.linalg.svd(rows, full_matrices=False)
    basis = basis[sizes > 1e-12 * sizes.max()]
    return theta - basis.T @ (basis @ theta)


@exercise("feasible", yes_or_no(_feasible_cases), [
    "A step is feasible when every predicted change is 0, rows @ delta. What does 0 mean for numbers with rounding?",
    "The inner product of two vectors is at most the product of their lengths. Compare it with that.",
    "(rows @ delta).abs() <= tol * (length of each row) * (length of delta), and then: for all rows."])
def feasible(delta, rows, tol=1e-9):
    """delta (d,), rows (k, d). Returns True if |<g_i, delta>| <= tol |g_i| |delta| for every row g_i, else False."""
    sizes = rows.norm(dim=1) * delta.norm()
    return bool(((rows @ delta).abs() <= tol * sizes).all())


def _test_drift_step(learner):
    generator = torch.Generator().manual_seed(24)
    sizes = [(3, 8), (1, 5), (4, 20)] + [(int(k), int(k + d)) for k, d in torch.randint(1, 9, (4, 2), generator=generator)]
    for k, d in sizes:
        theta, rows = draw(generator, d), draw(generator, k, d)
        off = project_off(theta, rows)
        for lam in (3.0, 9.0, .25, 0.0, 1.0, 1e6):
            right = -off / (1 + lam)
            _compare_step(call(learner, theta, rows, lam), right, theta, off, lam, (theta, rows, lam))
    theta, rows = draw(generator, 9), draw(generator, 3, 9)
    answer = call(learner, theta, torch.cat([rows, rows, 0 * rows]), 1.0)
    expect_tensor(answer, theta)
    expect(same(answer, -project_off(theta, rows) / 2, theta.norm()), "with rows that occur twice and zero rows the step changed, though their "
           "span did not. Use your project_off, which copes with any rank")


def _compare_step(answer, right, theta, off, lam, given):
    inside = theta - off
    if lam == 0 and isinstance(answer, torch.Tensor):
        expect(bool(torch.isfinite(answer).all()), "at lam = 0 the result is not finite: the strength is 1 / (1 + lam), not 1 / lam. Without a "
               "penalty the whole of P_perp theta is removed")
    mistakes = [
        (-right, "the sign is wrong: the step goes against P_perp theta, or the norm would grow"),
        (theta + right, "that is the new theta + delta. Wanted is the step delta alone"),
        (-off, "lam has no effect: a larger penalty must make the step shorter"),
        (-off * (1 + lam), "you multiply by 1 + lam: a larger penalty would make the step longer. Divide"),
        (-off * lam / (1 + lam), "the strength is 1 / (1 + lam), not lam / (1 + lam), which grows with the penalty"),
        (-off / (1 + 2 * lam), "the strength is 1 / (1 + lam): the 2 of the derivative stands before both terms and cancels"),
        (-off / (2 * (1 + lam)), "half of the step is missing: the 2 of the derivative stands on both sides and cancels"),
        (-theta / (1 + lam), "you shrink all of theta. That moves the retained outputs: only P_perp theta may shrink"),
        (-inside / (1 + lam), "you move inside the span, which is just what the constraints forbid. Project off the rows"),
        (-off / lam if lam else right, "the strength is 1 / (1 + lam), not 1 / lam: theta's own norm is in the objective too")]
    compare(answer, right, mistakes, given, right.norm().clamp_min(1e-300))


@exercise("drift_step", _test_drift_step, [
    "Everything needed is in the last line of the derivation: a strength, a sign, and P_perp theta.",
    "Two checks: lam = 0 removes all of P_perp theta; lam = 9 removes a tenth of it.",
    "Call project_off(theta, rows) and scale what it returns. The minus sign makes it shrink."])
def drift_step(theta, rows, lam):
    """theta (d,), rows (k, d), lam >= 0. Returns delta (d,), the minimiser of (7) for R = |theta|^2, Rhat = lam |delta|^2."""
    return -project_off(theta, rows) / (1 + lam)
