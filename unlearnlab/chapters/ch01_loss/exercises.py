"""The exercises of notebook 01, why the loss is not enough."""

import torch

from ...course.exercises import dependent, draw, drawn, exercise
from ...course.off_rows import OFF, split_exercise
from ...projection import project_out

EITHER = 1e-4  # relative; a learner may compute in float32

GRADIENT = """
hint 1: Write J as a sum over samples, (1/n) sum_i r_i^2 with r_i = <theta, x_i> - y_i, and take the
    derivative by theta_j.
hint 2: dr_i/dtheta_j is the j-th entry of x_i. So the gradient is (2/n) sum_i r_i x_i.
hint 3: A weighted sum of the rows of X is X.T @ weights.
raised: the shapes must fit: X (n, d) turns parameters (d,) into predictions (n,); X.T turns
    residuals (n,) into a gradient (d,)
zero: theta interpolates: there the gradient must be 0
number: that is a single number, like the loss itself; the gradient has one entry per parameter,
    shape (d,)
[return X]: you return one gradient per sample, shape (n, d); J is the mean over the samples, so
    average them into one vector (d,)
[X @ theta - y -> X @ theta]: the targets are missing: the residual is X @ theta - y, not X @ theta
sign: the sign is turned: the residual is prediction minus target, X @ theta - y
half: a factor 2 is missing: the derivative of r^2 is 2 r
[2 / len(y) -> 2]: you sum over the n samples; J is their mean, so divide by n
[2 / len(y) * -> ]: the whole factor 2 / n is missing: 2 from the square, 1 / n from the mean
[len(y) -> len(theta)]: you divide by d, the number of parameters; the mean is over n samples
[X.T -> X]: you multiply the residuals by X; the chain rule gives sum_i r_i x_i, which is X.T @ r
"""


def _gradient_cases():
    yield from drawn("d", "n d", "n", n=(6, 5, 3, 1), d=(6, 3, 7, 4))()
    theta, X = draw(9), draw(4, 9)
    yield "zero", theta, X, X @ theta


@exercise(GRADIENT, _gradient_cases, close=EITHER)
def loss_gradient(theta, X, y):
    """The gradient of J(theta) = (1/n) sum_i (<theta, x_i> - y_i)^2.

    theta: (d,). X: (n, d), one sample per row. y: (n,). Returns (d,).
    """
    residuals = X @ theta - y
    return 2 / len(y) * X.T @ residuals


LIMIT = """
hint 1: The limit theta satisfies two conditions: X.T @ X @ theta = X.T @ y, and theta = X.T @ a for
    some a.
hint 2: When the rows are independent, put the second into X @ theta = y and solve for a. The
    general case is what the pseudo-inverse is made for.
hint 3: torch.linalg.pinv(X) is the matrix that turns y into that theta, for any shape and any rank.
twice: two rows repeat and one row is 0: X @ X.T is singular, so it has no inverse. The
    pseudo-inverse leaves the missing directions at 0
tall: there are more points (9) than parameters (4): nothing interpolates, X @ X.T is singular, and
    gradient descent ends at the least-squares solution
[return y]: shape (n,) is one number per sample, the coefficients a; gradient descent ends at the
    parameters X.T @ a, shape (d,)
column: shape (d, 1) is a column; return a vector of shape (d,)
[return X.T @ y]: X.T @ y is the direction of the first step from 0, not the end of the path: there
    X.T @ (X @ theta - y) = 0
sign: the sign is turned: this theta predicts -y; each step goes against the gradient
outside: your theta fits, but it has a part outside the span of the inputs; gradient descent from 0
    never leaves that span
early: your theta is in the span of the inputs but does not minimise the loss yet: take the limit,
    not a fixed number of steps
neither: your theta neither minimises the loss nor lies in the span of the inputs
"""


def _limit_cases():
    wide, tall = draw(4, 9), draw(9, 4)
    twice = torch.cat([dependent(wide), wide[:1]])
    yield wide, draw(4)
    yield "twice", twice, twice @ draw(9)
    yield "tall", tall, draw(9)
    yield tall[:1], draw(1)


def _limit_mistakes(theta, X, y):
    off = project_out(theta.to(X.dtype), X)
    return {"outside": gd_limit(X, y) + off, "early": theta - off, "neither": theta}


@exercise(LIMIT, _limit_cases, mistakes=_limit_mistakes, close=EITHER)
def gd_limit(X, y):
    """Where gradient descent from theta = 0 on (1/n) ||X theta - y||^2 ends, with a small enough
    step.

    X: (n, d), any shape and any rank: rows may repeat, n may exceed d. y: (n,). Returns (d,).
    """
    return torch.linalg.pinv(X) @ y


LEAK = """
hint 1: Split theta into a part in the span of the rows, X.T @ a, and a part orthogonal to every
    row. Return the second.
hint 2: The split says X @ theta = X @ X.T @ a. The pseudo-inverse solves it for any rank: X.T @ a =
    pinv(X) @ X @ theta.
hint 3: The leaked component is theta - torch.linalg.pinv(X_retain) @ (X_retain @ theta).
"""


@split_exercise(LEAK, OFF, skip="uneven", close=EITHER)
def leaked_component(theta, X_retain):
    """The part of theta orthogonal to every retained input: what the retain set cannot have put
    there.

    theta: (d,). X_retain: (n, d), any rank, n may be 0 or exceed d. Returns (d,).
    """
    explained = torch.linalg.pinv(X_retain) @ (X_retain @ theta)
    return theta - explained


ATTACK = """
hint 1: What would a candidate have left? If it had been the forgotten point, the leak would be a
    multiple of the candidate's own leaked component.
hint 2: So take leaked_component of the model, and of every candidate, all off the same retained
    inputs. How do you compare two directions?
hint 3: The cosine is the inner product divided by both lengths; its sign says nothing here, since a
    coefficient may be negative. Where a candidate's part has length 0, up to rounding, the score is
    0.
inside: the first candidate lies in the span of the retained inputs. Nothing of it stands out but
    rounding, which has a direction too, a random one. Its score is 0
[(traces @ leak).abs() -> traces @ leak]: the sign is left in: a model may have learnt the point
    with a negative coefficient
[(sizes * leak.norm()) -> leak.norm()]: the candidates' lengths are in it: a longer candidate is not
    more suspect
[(sizes * leak.norm()) -> sizes]: the length of the leak is in it: the score of the forgotten input
    has to be 1
[leaked_component(theta, X_retain) -> theta]: you compare with theta itself; its retained part says
    nothing about the forgotten point
[leaked_component(one, X_retain) -> one]: you compare with the candidate itself; only its part off
    the retained inputs can stand out
"""


def _attack_cases():
    for n, d, m in [(3, 8, 4), (1, 5, 2), (4, 12, 6)]:
        X, candidates = draw(n, d), draw(m, d)
        yield X.T @ draw(n) - 2 * candidates[0], X, candidates
        yield draw(d), X, candidates
        yield "inside", draw(d), X, torch.cat([draw(1, n) @ X, candidates])


@exercise(ATTACK, _attack_cases, close=EITHER)
def suspicions(theta, X_retain, candidates):
    """theta (d,), X_retain (n, d), candidates (m, d). Returns (m,): |cosine| between the leaked
    component of theta and that of every candidate, 0 where the candidate has none."""
    leak = leaked_component(theta, X_retain)
    traces = torch.stack([leaked_component(one, X_retain) for one in candidates])
    sizes = traces.norm(dim=1)
    cosines = (traces @ leak).abs() / (sizes * leak.norm())
    return torch.where(sizes > 1e-9 * candidates.norm(dim=1), cosines, 0)
