"""The exercises of notebook 14: by how much exact unlearning misses, and how forget labels get into retained predictions."""
import torch

from ..theory.linear import min_norm
from . import call, compare, draw, exercise


def _test_miss(learner):
    generator = torch.Generator().manual_seed(0)
    for n, m in ((3, 7), (1, 4), (6, 6)):
        theta, X, y = draw(generator, m), draw(generator, n, m), draw(generator, n)
        residual, right = X @ theta - y, miss(theta, X, y)
        compare(call(learner, theta, X, y), right, [
            (-right, "the sign: what came out minus what should have, P theta - ideal"),
            (theta - min_norm(X, y), "that is how far theta itself is from the ideal; unlearning has projected it on the retain inputs first"),
            (X.T @ residual, "X^T r is the gradient, not the solution: which shortest d has X d = r?"),
            (X.T @ residual / len(X), "X^T r / n is the gradient, not the solution: which shortest d has X d = r?"),
            (min_norm(X, X @ theta), "that is P theta, the result itself; subtract what it should have been"),
        ], (theta, X, y))
    X = draw(generator, 3, 8)
    X, theta = torch.cat([X, X[:1]]), draw(generator, 8)  # the same input twice: X X^T cannot be inverted
    y = X @ draw(generator, 8)
    compare(call(learner, theta, X, y), miss(theta, X, y), [], (theta, X, y))


@exercise("miss", _test_miss, hints=[
    "P theta is the shortest vector with the predictions X theta, the ideal the shortest one with the predictions y. Both are linear in the predictions.",
    "So their difference is the shortest vector with the predictions X theta - y.",
    "ul.linear.min_norm(X, y) gives the shortest solution of X d = y, also when X has dependent rows.",
])
def miss(theta, X, y):
    """P theta - ideal, (m,): how far exact unlearning of theta lands from the minimum-norm interpolator of the retain set.

    theta: (m,), any model. X: (n, m), y: (n,), the retain set, which some vector interpolates."""
    return min_norm(X, X @ theta - y)


def _test_retain_from_forget(learner):
    generator = torch.Generator().manual_seed(1)
    for n, n_retain, steps in ((5, 3, 4), (6, 2, 1), (4, 3, 60), (5, 4, 0)):
        X = draw(generator, n, 9)
        K, lr = X @ X.T, .1
        one, power, block = torch.eye(n, dtype=K.dtype), torch.linalg.matrix_power, lambda matrix: matrix[:n_retain, n_retain:]
        shrink = lambda factor, t=steps: one - power(one - factor * K, t)
        right, whole = retain_from_forget(K, n_retain, steps, lr), shrink(2 * lr / n)
        compare(call(learner, K, n_retain, steps, lr), right, [
            (whole[n_retain:, :n_retain], "that is the other block: how retained labels get into forget predictions"),
            (whole[n_retain:, n_retain:], "those are the forget predictions; the rows belong to the retained samples"),
            (whole[:n_retain, :n_retain], "those columns are the retained labels; the forget labels come after them"),
            (whole, "that is all of S_t; return its block: rows of the retained, columns of the forget samples"),
            (-block(shrink(2 * lr / n)), "I - (I - 2 lr K / n)^t: without the leading I the sign is wrong"),
            (block(shrink(lr / n)), "the loss is |X theta - y|^2 / n, its gradient has a factor 2"),
            (block(shrink(2 * lr)), "the loss is a mean: divide by n"),
            (block(shrink(2 * lr / n_retain)), "the original was trained on all n samples: divide by n, not by n_retain"),
            (block(shrink(2 * lr / n, steps + 1)), "that is one step too many"),
        ], (K, n_retain, steps, lr), scale=torch.tensor(1.))


@exercise("retain_from_forget", _test_retain_from_forget, hints=[
    "A step takes the predictions p = X theta to p - (2 lr / n) K (p - y). What does it do to the residual p - y?",
    "It multiplies it by I - (2 lr / n) K. From theta = 0 the residual starts as -y, so after t steps p = (I - (I - (2 lr / n) K)^t) y.",
    "S = eye - torch.linalg.matrix_power(eye - 2 * lr / n * K, steps), and of it S[:n_retain, n_retain:].",
])
def retain_from_forget(K, n_retain, steps, lr):
    """How the forget labels enter the retained predictions after `steps` steps of gradient descent from 0, (n_retain, n - n_retain).

    K: (n, n), inner products of all training inputs, the retained first. lr: of the descent on |X theta - y|^2 / n."""
    n = len(K)
    eye = torch.eye(n, dtype=K.dtype)
    whole = eye - torch.linalg.matrix_power(eye - 2 * lr / n * K, steps)
    return whole[:n_retain, n_retain:]
