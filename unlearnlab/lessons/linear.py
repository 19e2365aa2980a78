"""The exercises of notebook 05, linear models."""
import torch

from ..projection import project_out
from ..theory import linear
from . import WrongAnswer, call, compare, draw, exercise, expect, expect_tensor, same

TIGHT = 1e-6  # what a certificate and a worst case must keep, relative


def _certificate_cases():
    """(theta, X, y, right answer, what a wrong one means), each kind over several sizes."""
    generator = torch.Generator().manual_seed(51)
    for n, m in [(2, 5), (3, 9), (5, 30), (1, 4)]:
        X = draw(generator, n, m)
        theta = X.T @ draw(generator, n)
        off = project_out(draw(generator, m), X)
        off, y = off / off.norm() * theta.norm(), X @ theta
        last = torch.cat([y[:-1], y[-1:] + .5 * y.norm() + .5])
        yield theta, X, y, True, ("this theta fits and lies in the span of the inputs, up to rounding: it is the shortest (is == "
                                  "used where a tolerance is needed?)")
        yield theta + off, X, y, False, ("this theta fits every label, and it is not the shortest: a part of it is orthogonal to "
                                         "all inputs. Fitting is half of the certificate")
        yield theta + 1e-3 * off, X, y, False, "a thousandth of this theta is orthogonal to all inputs; that is far more than rounding"
        yield 2 * theta, X, y, False, ("this theta lies in the span of the inputs and fits no label: lying in the span is half of the "
                                       "certificate")
        yield theta, X, last, False, "only the last label is not fitted, and that is enough: every label must be"
        yield 1e-6 * theta, 1e-6 * X, 1e-12 * y, True, "everything is 1e-6 times as large, and still right"
        yield 1e-6 * theta, 1e-6 * X, 1e-12 * last, False, ("one label is not fitted; only, all numbers here are small. Compare "
                                                            "the residual with |x_i| |theta| and |y_i|, not with a fixed number")
        yield 1e-12 * (theta + off), X, 1e-12 * y, False, ("the part of theta orthogonal to the inputs is as long as the rest; "
                                                           "only, both are short. Compare it with |theta|, not with a fixed number")
        yield 1e6 * theta, 1e6 * X, 1e12 * y, True, ("everything is 1e6 times as large, and so is the rounding: compare with |x_i| "
                                                     "|theta| and |theta|, not with a fixed number")
        twice = torch.cat([X, X[:1], 0 * X[:1]])
        yield theta, twice, twice @ theta, True, ("an input that occurs twice and an input of zeros change nothing, if their "
                                                  "labels agree; but X @ X.T has no inverse now. Use the pseudo-inverse, or "
                                                  "ul.project_out")
        yield theta, draw(generator, m + 2, n) @ X, None, True, ("there are more inputs than parameters, of a small rank, with "
                                                                    "labels that theta fits: the certificate holds for any rank")


def _test_certificate(learner):
    for theta, X, y, right, message in _certificate_cases():
        y = X @ theta if y is None else y
        try:
            answer = call(learner, theta, X, y)
        except WrongAnswer as wrong:
            expect("raised" not in str(wrong), f"{wrong}. Here {message}")
            raise
        expect(answer is not None, "your function returns None: is there a return?")
        one = isinstance(answer, bool) or isinstance(answer, torch.Tensor) and answer.dtype == torch.bool and answer.ndim == 0
        expect(one, f"return one True or False, got "
                    f"{tuple(answer.shape) if isinstance(answer, torch.Tensor) else type(answer).__name__}")
        expect(bool(answer) == right, message)


@exercise("certificate", _test_certificate, [
    "Two conditions: every label is fitted, and theta lies in the span of the inputs. Rounding makes neither exact.",
    "theta lies in the span if what is left after projecting off the inputs, ul.project_out(theta, X), is 0. Compare its length "
    "with theta's.",
    "A residual is rounding if |x_i theta - y_i| <= tol * (|x_i| |theta| + |y_i|). Ask it of every row."])
def certificate(theta, X, y, tol=1e-8):
    """theta (m,), X (n, m) of any rank, y (n,). Returns whether theta is the minimum-norm interpolator of (X, y), up to tol."""
    fits = (X @ theta - y).abs() <= tol * (X.norm(dim=1) * theta.norm() + y.abs())
    off = project_out(theta, X)
    return bool(fits.all() and off.norm() <= tol * theta.norm())


def _onto_one_after_the_other(theta, X):
    for x in X:
        theta = (x @ theta) / (x @ x) * x
    return theta


def _test_unlearn_linear(learner):
    generator = torch.Generator().manual_seed(52)
    for n, m in [(3, 8), (2, 5), (6, 30)] + [(int(k), int(k + d)) for k, d in torch.randint(2, 9, (4, 2), generator=generator)]:
        theta, X = draw(generator, m), draw(generator, n, m) + .5  # the shift: inputs that share a direction
        right, answer = linear.unlearn(theta, X), call(learner, theta, X)
        unit = X / X.norm(dim=1, keepdim=True)
        mistakes = [
            (theta - right, "that is the part of theta orthogonal to the retain inputs, the one that has to go. Return what is "
                            "left of theta"),
            (theta, "theta comes back unchanged: it still holds its part orthogonal to the retain inputs"),
            (right - theta, "that is the step. Return theta after the step"),
            (-right, "the sign is wrong: the retain predictions of your vector are those of theta with the sign turned"),
            (right / right.norm(), "you scaled the result to length 1, which scales the retain predictions too"),
            (X.T @ (X @ theta), "X.T @ X is a projection only if the inputs are orthonormal: put the inverse of X @ X.T in between"),
            (unit.T @ (unit @ theta), "inputs of length 1 are still not orthogonal to each other: what two of them share is "
                                      "counted twice"),
            (_onto_one_after_the_other(theta, X), "you project on one input after the other. What the first keeps, the next throws "
             "away: project on the span of all of them at once")]
        compare(answer, right, mistakes, (theta, X), theta.norm())
    for theta, X, kind in _any_rank(generator):
        _check_any_rank(learner, theta, X, kind)


def _any_rank(generator):
    for n, m in [(3, 7), (4, 12), (2, 5)]:
        theta, X = draw(generator, m), draw(generator, n, m)
        yield theta, torch.cat([X, 0 * X[:1]]), "an input of zeros"
        yield theta, torch.cat([X[:1], X]), "an input that occurs twice"
        yield theta, torch.cat([X, X.sum(0, keepdim=True)]), "an input that is the sum of the others"
        yield theta, draw(generator, m + 3, n) @ X, "more inputs than parameters, of a smaller rank"
        yield theta, draw(generator, m + 3, m), "more inputs than parameters, which span everything"
        yield theta, X[:0], "no input at all"
        yield theta, 1e-9 * X, "inputs that are all very short"
        yield theta, torch.cat([1e6 * X[:1], X[1:]]), "one input a million times longer than the others"


def _check_any_rank(learner, theta, X, kind):
    try:
        answer = call(learner, theta, X)
    except WrongAnswer as wrong:
        expect("raised" not in str(wrong), f"with {kind}, {wrong}. The span has an orthonormal basis for any rank: take it from a "
               "singular value decomposition, or use the pseudo-inverse")
        raise
    right = linear.unlearn(theta, X)
    if isinstance(answer, torch.Tensor):
        expect(not answer.isnan().any(), f"with {kind} the result holds NaN: is there a division by a length or a singular value "
                                         "of 0?")
    expect_tensor(answer, right)
    if same(answer, right, theta.norm()):
        return
    expect(len(X) > 0, "without retain inputs nothing has to be kept, and the shortest vector that keeps nothing is 0")
    expect(kind not in ("inputs that are all very short", "one input a million times longer than the others"),
           f"with {kind} the result changes, but their span does not depend on their lengths. Your rule for what counts as zero "
           "does: a fixed number, or one input's length as a measure for another")
    kept = (X @ (answer - theta)).norm() <= TIGHT * X.norm() * theta.norm()
    expect(kept, f"with {kind} the retain predictions change: dependent inputs make X @ X.T singular, and solving with it turns "
           "rounding into an answer. Drop the singular values near 0, or use torch.linalg.pinv")
    raise WrongAnswer(f"with {kind} the retain predictions stay, but your vector is not in the span of the inputs: an unpivoted QR "
                      "of dependent inputs invents directions. Keep only those with a singular value above 0")


@exercise("unlearn_linear", _test_unlearn_linear, [
    "You need the part of theta in the span of the retain inputs. In notebook 01 you computed the other part.",
    "With a function that returns the part orthogonal to all inputs, subtract. By hand: an orthonormal basis V of the span gives "
    "V.T @ (V @ theta).",
    "ul.project_out(theta, X_retain) is the part that has to go, for any rank."])
def unlearn_linear(theta, X_retain):
    """theta (m,), X_retain (n_r, m) of any rank. Returns (m,): the projection of theta on the span of the retain inputs (Theorem 2)."""
    return theta - project_out(theta, X_retain)


def _test_descent_end(learner):
    generator = torch.Generator().manual_seed(53)
    for n, m in [(3, 8), (1, 4), (5, 12), (4, 5)]:
        X = draw(generator, n, m)
        _judge_end(learner, X, draw(generator, n), draw(generator, m))
        _judge_end(learner, X, draw(generator, n), torch.zeros(m, dtype=torch.float64), "from 0 it is the minimum-norm solution")
        theta = draw(generator, m)
        _judge_end(learner, X, X @ theta, theta, "the start fits every label: every gradient is 0, so the end is the start")
        twice = torch.cat([X, X[:1], 0 * X[:1]])
        _judge_end(learner, twice, twice @ theta, draw(generator, m), "one input occurs twice and one is 0: X @ X.T has no "
                   "inverse. Use the pseudo-inverse, or ul.linear.min_norm and ul.project_out")
        tall = draw(generator, m + 3, m)
        _judge_end(learner, tall, draw(generator, m + 3), theta, "there are more points than parameters and nothing fits them "
                   "all: descent ends at least squares, and no direction is left for the start")


def _judge_end(learner, X, y, start, trap=None):
    try:
        answer = call(learner, X, y, start)
    except WrongAnswer as wrong:
        raise WrongAnswer(f"{wrong}. Here {trap}" if trap else str(wrong)) from None
    right, shortest, off = linear.gd_limit(X, y, start), linear.min_norm(X, y), project_out(start, X)
    expect_tensor(answer, right)
    scale = shortest.norm() + start.norm()
    mistakes = [] if trap else [
        (shortest, "that is where descent from 0 ends. What of the start is orthogonal to all inputs never changes: it is still "
                   "there"),
        (shortest + start, "you add the whole start. Its part in the span is forgotten on the way; only its part orthogonal to the "
                           "inputs stays"),
        (shortest + start - off, "you keep the wrong part of the start: the one in the span is forgotten, the one orthogonal to it "
                                 "stays"),
        (shortest - off, "the sign of what stays is turned"),
        (off, "that is only what stays of the start; descent also fits the labels"),
        (start, "the start comes back: descent moves unless the start fits already")]
    if same(answer, right, scale):
        return
    expect(trap is None, f"wrong where {trap}" if trap else "")
    compare(answer, right, mistakes, (X, y, start), scale)


@exercise("descent_end", _test_descent_end, [
    "Split the start into a part in the span of the inputs and a part orthogonal to it. Which of them can a gradient change?",
    "In the span descent forgets where it began and ends at the minimum-norm solution. Off the span it does nothing.",
    "ul.linear.min_norm(X, y) + ul.project_out(start, X)."])
def descent_end(X, y, start):
    """X (n, m) of any rank, y (n,), start (m,). Returns (m,): where gradient descent on the mean squared error from `start` ends."""
    return linear.min_norm(X, y) + project_out(start, X)


def _test_worst_error(learner):
    generator = torch.Generator().manual_seed(54)
    for n, m in [(4, 9), (3, 3), (6, 20)]:
        X = draw(generator, n, m)
        for rows, kind in ((X, ""), (torch.cat([X, X[:1]]), "one input occurs twice"), (1e-6 * X, "the inputs are all short"),
                           (draw(generator, m + 4, m), "there are more inputs than parameters")):
            for eps in (.1, 3.0):
                _judge_worst(call(learner, rows, eps), rows, eps, f"; here {kind}" if kind else "")


def _judge_worst(answer, X, eps, where):
    n, m = X.shape
    if isinstance(answer, torch.Tensor) and n != m:
        expect(answer.shape != (m,), f"shape ({m},) is a vector of parameters. Wanted is an error of the predictions, one number "
                                     f"per input, shape ({n},)")
    expect_tensor(answer, X[:, 0])
    U, s, _ = torch.linalg.svd(X, full_matrices=False)
    rank = int((s > 1e-10 * s[0]).sum())
    size, inside = float(answer.norm()), U[:, :rank].T @ answer
    expect(abs(size - 1) > TIGHT or abs(eps - 1) < TIGHT, f"the error has length 1; it must have length eps = {eps:g}")
    expect(abs(size - eps) <= TIGHT * eps, f"the error must have length eps = {eps:g}, got {size:.3g}")
    expect(float(inside.norm()) > (1 - TIGHT) * eps, "no theta makes these errors: they are not in the range of X, so the "
                                                     "projection does not see "
           f"them. Leave out the singular values that are 0{where}")
    moved = float((inside / s[:rank]).norm())
    expect(moved > (1 + TIGHT) * eps / float(s[0]) or rank == 1, "that is the error that moves the answer least. Divide by which "
           "singular value to get the most?")
    expect(moved >= (1 - TIGHT) * eps / float(s[rank - 1]), f"this error moves the answer by {moved:.3g}, another one of the same "
                                                            "length moves it by "
           f"{eps / float(s[rank - 1]):.3g}")


@exercise("worst_error", _test_worst_error, [
    "The answer moves by sum_i <u_i, e> / s_i v_i. On which u_i do you put all of e?",
    "On the one with the smallest singular value: the left singular vector, column i of U in X = U S V, shape (n,).",
    "When the rank is less than n, the last columns of U belong to singular values that are 0 up to rounding, and no theta "
    "predicts them. Take the last one with s_i > 1e-10 s_1, times eps."])
def worst_error(X, eps):
    """X (n, m) of any rank, eps > 0. Returns e (n,) with |e| = eps that some theta can make on X, and that moves min_norm most."""
    U, s, _ = torch.linalg.svd(X, full_matrices=False)
    rank = int((s > 1e-10 * s[0]).sum())
    return eps * U[:, rank - 1]


def _test_ridge_solution(learner):
    generator = torch.Generator().manual_seed(55)
    sizes = [(3, 8), (5, 12), (4, 4), (9, 4)] + [tuple(torch.randint(2, 9, (2,), generator=generator).tolist()) for _ in range(3)]
    for n, m in sizes:
        X, y = draw(generator, n, m), draw(generator, n)
        for rows, labels in ((X, y), (torch.cat([X, X[:1], 0 * X[:1]]), torch.cat([y, y[:1], 0 * y[:1]]))):
            for lam in (.3, 2.0, 1e-3, 50.0):
                _judge_ridge(call(learner, rows, labels, lam), rows, labels, lam)


def _judge_ridge(answer, X, y, lam):
    n, m = X.shape
    if isinstance(answer, torch.Tensor) and n != m:
        expect(answer.shape != (n,), f"shape ({n},) is one number per input, the coefficients a; wanted are the parameters X.T @ "
                                     f"a, shape ({m},)")
    right, shortest = linear.ridge(X, y, lam), linear.min_norm(X, y)
    mistakes = [
        (shortest, "lam has no effect: that is the limit for lam -> 0"),
        (linear.ridge(X, y, lam / n), "the loss is the mean over n points, so that n * lam stands beside s_i^2. Yours is the "
                                      "solution for the sum of squares"),
        (linear.ridge(X, y, lam / n**2), "you divide lam by n; multiply: the mean's 1/n moves to the other side"),
        (linear.ridge(X, y, lam / 2), "a factor 2 is lost: both terms of the objective are squares, so both derivatives have it "
                                      "and it cancels"),
        (linear.ridge(X, y, 2 * lam), "a factor 2 is too many: both terms of the objective are squares, so both derivatives have "
                                      "it and it cancels"),
        (shortest / (1 + lam), "ridge shrinks every direction by its own factor, s_i^2 / (s_i^2 + n lam), not all of theta by the "
                               "same one"),
        (shortest / (1 + n * lam), "ridge shrinks every direction by its own factor, s_i^2 / (s_i^2 + n lam), not all of theta by "
                                   "the same one"),
        (shortest - right, "that is what ridge takes away from the minimum-norm solution; return what is left"),
        (-right, "the sign is turned")]
    compare(answer, right, mistakes, (X, y, lam))


@exercise("ridge_solution", _test_ridge_solution, [
    "Set the derivative of |X theta - y|^2 / n + lam |theta|^2 to zero and multiply by n / 2.",
    "(X.T @ X + n lam I) theta = X.T @ y. For lam > 0 the matrix has an inverse, whatever the rank of X.",
    "torch.linalg.solve of that; or X.T @ solve(X @ X.T + n lam I, y), the same vector with a matrix of size n; or the singular "
    "value decomposition of X."])
def ridge_solution(X, y, lam):
    """X (n, m), y (n,), lam > 0. Returns (m,): the minimiser of |X theta - y|^2 / n + lam |theta|^2."""
    n, m = X.shape
    return torch.linalg.solve(X.T @ X + n * lam * torch.eye(m, dtype=X.dtype), X.T @ y)
