"""The exercises of notebook 14: by how much exact unlearning misses, and how forget labels get into
retained predictions."""

import torch

from ...course.exercises import draw, exercise
from ...theory.linear import min_norm


def _miss_cases(generator):
    for n, m in ((3, 7), (1, 4), (6, 6)):
        yield draw(generator, m), draw(generator, n, m), draw(generator, n)
    X = draw(generator, 3, 8)
    X = torch.cat([X, X[:1]])  # the same input twice: X X^T cannot be inverted
    yield draw(generator, 8), X, X @ draw(generator, 8)


def _miss_mistakes(theta, X, y):
    gradient = X.T @ (X @ theta - y)
    solution = "is the gradient, not the solution: which shortest d has X d = r?"
    return [
        (-miss(theta, X, y), "the sign: what came out minus what should have, P theta - ideal"),
        (
            theta - min_norm(X, y),
            "that is how far theta itself is from the ideal; unlearning has projected it on the "
            "retain inputs first",
        ),
        (gradient, f"X^T r {solution}"),
        (gradient / len(X), f"X^T r / n {solution}"),
        (
            min_norm(X, X @ theta),
            "that is P theta, the result itself; subtract what it should have been",
        ),
    ]


@exercise(
    "miss",
    cases=_miss_cases,
    mistakes=_miss_mistakes,
    hints=[
        "P theta is the shortest vector with the predictions X theta, the ideal the shortest one "
        "with the predictions y. Both are linear in the predictions.",
        "So their difference is the shortest vector with the predictions X theta - y.",
        "ul.linear.min_norm(X, y) gives the shortest solution of X d = y, also when X has "
        "dependent rows.",
    ],
)
def miss(theta, X, y):
    """P theta - ideal, (m,): how far exact unlearning of theta lands from the minimum-norm
    interpolator of the retain set.

    theta: (m,), any model. X: (n, m), y: (n,), the retain set, which some vector interpolates."""
    return min_norm(X, X @ theta - y)


def _block_cases(generator):
    for n, n_retain, steps in ((5, 3, 4), (6, 2, 1), (4, 3, 60), (5, 4, 0)):
        X = draw(generator, n, 9)
        yield X @ X.T, n_retain, steps, 0.1


def _shrink(K, factor, steps):
    one = torch.eye(len(K), dtype=K.dtype)
    return one - torch.linalg.matrix_power(one - factor * K, steps)


def _block_mistakes(K, n_retain, steps, lr):
    n, r = len(K), n_retain
    whole = _shrink(K, 2 * lr / n, steps)
    return [
        (whole[r:, :r], "that is the other block: how retained labels get into forget predictions"),
        (
            whole[r:, r:],
            "those are the forget predictions; the rows belong to the retained samples",
        ),
        (whole[:r, :r], "those columns are the retained labels; the forget labels come after them"),
        (
            whole,
            "that is all of S_t; return its block: rows of the retained, columns of the forget "
            "samples",
        ),
        (-whole[:r, r:], "I - (I - 2 lr K / n)^t: without the leading I the sign is wrong"),
    ] + [
        (_shrink(K, factor, t)[:r, r:], message)
        for factor, t, message in (
            (lr / n, steps, "the loss is |X theta - y|^2 / n, its gradient has a factor 2"),
            (2 * lr, steps, "the loss is a mean: divide by n"),
            (
                2 * lr / r,
                steps,
                "the original was trained on all n samples: divide by n, not by n_retain",
            ),
            (2 * lr / n, steps + 1, "that is one step too many"),
        )
    ]


@exercise(
    "retain_from_forget",
    cases=_block_cases,
    mistakes=_block_mistakes,
    hints=[
        "A step takes the predictions p = X theta to p - (2 lr / n) K (p - y). What does it do "
        "to the residual p - y?",
        "It multiplies it by I - (2 lr / n) K. From theta = 0 the residual starts as -y, so "
        "after t steps p = (I - (I - (2 lr / n) K)^t) y.",
        "S = eye - torch.linalg.matrix_power(eye - 2 * lr / n * K, steps), and of it "
        "S[:n_retain, n_retain:].",
    ],
    scale=lambda *given: 1.0,
)
def retain_from_forget(K, n_retain, steps, lr):
    """How the forget labels enter the retained predictions after `steps` steps of gradient descent
    from 0, (n_retain, n - n_retain).

    K: (n, n), inner products of all training inputs, the retained first. lr: of the descent on
    |X theta - y|^2 / n."""
    n = len(K)
    eye = torch.eye(n, dtype=K.dtype)
    whole = eye - torch.linalg.matrix_power(eye - 2 * lr / n * K, steps)
    return whole[:n_retain, n_retain:]
