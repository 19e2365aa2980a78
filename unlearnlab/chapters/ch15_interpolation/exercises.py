"""The exercises of notebook 15: by how much exact unlearning misses, how forget labels get into
retained predictions, and why no influence of a label is not enough."""

import torch

import unlearnlab as ul

from ...course.exercises import dependent, draw, drawn, exercise

MISS = """
hint 1: P theta is the shortest vector with the predictions X theta, the ideal the shortest one with
    the predictions y. Both are linear in the predictions.
hint 2: So their difference is the shortest vector with the predictions X theta - y.
hint 3: ul.linear.min_norm(X, y) gives the shortest solution of X d = y, also when X has dependent
    rows.
twice: an input occurs twice and one is 0: X @ X.T cannot be inverted. Use ul.linear.min_norm or the
    pseudo-inverse
sign: the sign: what came out minus what should have, P theta - ideal
[return theta - ul.linear.min_norm(X, y)]: that is how far theta itself is from the ideal;
    unlearning has projected it on the retain inputs first
[return X.T @ (X @ theta - y)]: X^T r is the gradient, not the solution: which shortest d has X d =
    r?
[return X.T @ (X @ theta - y) / len(X)]: X^T r / n is the gradient, not the solution: which shortest
    d has X d = r?
[- y -> ]: that is P theta, the result itself; subtract what it should have been
"""


def _miss_cases():
    yield from drawn("d", "n d", "n", n=(3, 1, 5), d=(7, 4, 5))()
    X = dependent(draw(3, 8))
    yield "twice", draw(8), X, X @ draw(8)


@exercise(MISS, _miss_cases)
def miss(theta, X, y):
    """P theta - ideal, (m,): how far exact unlearning of theta lands from the minimum-norm
    interpolator of the retain set.

    theta: (m,), any model. X: (n, m), y: (n,), the retain set, which some vector interpolates."""
    return ul.linear.min_norm(X, X @ theta - y)


SAME_LIE = """
hint 1: The answer may depend on theta only through its retained predictions, X_retain @ theta: of
    an original that interpolates they do not know the forget label.
hint 2: It is the shortest vector with n_r + 1 given predictions: those, and `height` at x_forget.
hint 3: ul.linear.min_norm of the retain inputs with x_forget below them, and of the predictions
    with `height` after them.
[X_retain @ theta -> X_retain @ theta * 0]: the retained predictions must stay those of theta
[return ul.linear.min_norm(X_retain, X_retain @ theta)]: that is P theta: at x_forget it says what
    the retain set implies, and not `height`
[[height] -> [1.5]]: the answer at x_forget is 1.5 whatever `height` is
[return theta]: theta comes back: its part off the retain span still knows the forget label
"""


LIES = drawn("d", "n d", "d", n=(3, 1, 5), d=(7, 4, 12))


@exercise(SAME_LIE, lambda: [(*case, height) for case in LIES() for height in (1.5, -0.7, 0.0)])
def same_lie(theta, X_retain, x_forget, height=1.5):
    """The shortest vector (m,) with theta's predictions on X_retain (n_r, m) that answers `height`
    at x_forget (m,)."""
    wanted = torch.cat([X_retain @ theta, theta.new_tensor([height])])
    return ul.linear.min_norm(torch.cat([X_retain, x_forget[None]]), wanted)


BLOCK = """
hint 1: A step takes the predictions p = X theta to p - (2 lr / n) K (p - y). What does it do to the
    residual p - y?
hint 2: It multiplies it by I - (2 lr / n) K. From theta = 0 the residual starts as -y, so after t
    steps p = (I - (I - (2 lr / n) K)^t) y.
hint 3: torch.linalg.matrix_power computes the power. Of the matrix in front of y you want the rows
    that are retained predictions and the columns that meet forget labels.
[[:n_retain, n_retain:] -> [n_retain:, :n_retain]]: that is the other block: how retained labels get
    into forget predictions
[[:n_retain, n_retain:] -> [n_retain:, n_retain:]]: those are the forget predictions; the rows
    belong to the retained samples
[[:n_retain, n_retain:] -> [:n_retain, :n_retain]]: those columns are the retained labels; the
    forget labels come after them
[return whole]: that is all of S_t; return its block: rows of the retained, columns of the forget
    samples
sign: I - (I - 2 lr K / n)^t: without the leading I the sign is wrong
[2 * lr -> lr]: the loss is |X theta - y|^2 / n, its gradient has a factor 2
[2 * lr / n -> 2 * lr]: the loss is a mean: divide by n
[2 * lr / n -> 2 * lr / n_retain]: the original was trained on all n samples: divide by n, not by
    n_retain
[steps) -> steps + 1)]: that is one step too many
"""


def _block_cases():
    for n, n_retain, steps in ((5, 3, 4), (6, 2, 1), (4, 3, 60), (5, 4, 0)):
        X = draw(n, 9)
        yield X @ X.T, n_retain, steps, 0.1


@exercise(BLOCK, _block_cases)
def retain_from_forget(K, n_retain, steps, lr):
    """How the forget labels enter the retained predictions after `steps` steps of gradient descent
    from 0, (n_retain, n - n_retain).

    K: (n, n), inner products of all training inputs, the retained first. lr: of the descent on
    |X theta - y|^2 / n."""
    n = len(K)
    eye = torch.eye(n, dtype=K.dtype)
    whole = eye - torch.linalg.matrix_power(eye - 2 * lr / n * K, steps)
    return whole[:n_retain, n_retain:]
