"""The exercises of notebook 01, why the loss is not enough."""
import torch

from ..projection import project_out
from . import WrongAnswer, call, exercise, expect, expect_tensor
from .off_rows import UNEVEN, check_split


def _close(a, b, scale=None):
    """Equal up to float32 rounding: a learner may compute in either precision."""
    scale = (b if scale is None else scale).abs().max().clamp_min(1e-6)
    return a.shape == b.shape and bool((a - b).abs().max() <= 1e-4 * scale)


def _draw(n, d, generator):
    return torch.randn(n, d, generator=generator, dtype=torch.float64)


def _test_loss_gradient(learner):
    generator = torch.Generator().manual_seed(1)
    for n, d in ((6, 6), (5, 3), (3, 7), (1, 4)):
        X, theta, y = _draw(n, d, generator), _draw(1, d, generator)[0], _draw(1, n, generator)[0]
        try:
            answer = call(learner, theta, X, y)
        except WrongAnswer as wrong:
            _explain_product(wrong)
        weights = theta.clone().requires_grad_()
        loss = torch.nn.functional.mse_loss(X @ weights, y)
        right, = torch.autograd.grad(loss, weights)
        if isinstance(answer, torch.Tensor):
            _name_gradient_shape(answer, X, loss)
        expect_tensor(answer, right)
        _name_gradient_mistake(answer.detach(), right, theta, X, y)
    interpolated = _draw(4, 9, generator)
    theta = _draw(1, 9, generator)[0]
    answer = call(learner, theta, interpolated, interpolated @ theta)
    expect(_close(answer, torch.zeros_like(theta)), "where theta interpolates, the gradient must be 0; yours is not")


def _explain_product(wrong):
    if "size" in str(wrong) or "shape" in str(wrong):
        raise WrongAnswer(f"{wrong}\nThe shapes do not fit. X (n, d) turns parameters (d,) into predictions (n,); X.T "
                          "turns residuals (n,) into a gradient (d,)") from None
    raise wrong


def _name_gradient_shape(answer, X, loss):
    n, d = X.shape
    if answer.ndim == 0:
        what = "that is the loss itself" if _close(answer.detach(), loss.detach()) else "that is a single number"
        raise WrongAnswer(f"{what}; the gradient has one entry per parameter, shape ({d},)")
    if answer.shape == (n, d):
        raise WrongAnswer(f"you return one gradient per sample, shape ({n}, {d}); J is the mean over the samples, so "
                          f"average them into one vector ({d},)")


def _name_gradient_mistake(answer, right, theta, X, y):
    """Most mistakes leave the direction right and the factor wrong, and the factor says which mistake it was."""
    if _close(answer, right):
        return
    n, d = X.shape
    if n == d and _close(answer, 2 / n * X @ (X @ theta - y)):
        raise WrongAnswer("you multiply the residuals by X; the chain rule gives sum_i r_i x_i, which is X.T @ r")
    if _close(answer, 2 / n * X.T @ X @ theta):
        raise WrongAnswer("the targets are missing: the residual is X @ theta - y, not X @ theta")
    causes = {-1: "the sign is turned: the residual is prediction minus target, X @ theta - y",
              1 / 2: "a factor 2 is missing: the derivative of r^2 is 2 r",
              n: f"you sum over the {n} samples; J is their mean, so divide by n",
              n / 2: "the whole factor 2 / n is missing: 2 from the square, 1 / n from the mean",
              n / d: f"you divide by d = {d}, the number of parameters; the mean is over n = {n} samples"}
    for factor, cause in causes.items():
        if _close(answer, factor * right):
            raise WrongAnswer(cause)
    raise WrongAnswer(f"with n = {n}, d = {d} the gradient of the mean squared loss is off by up to "
                      f"{(answer - right).abs().max():.2g}; write out dJ/dtheta_j for one j and compare")


@exercise("loss_gradient", _test_loss_gradient, hints=[
    "Write J as a sum over samples, (1/n) sum_i r_i^2 with r_i = <theta, x_i> - y_i, and take the derivative by theta_j.",
    "dr_i/dtheta_j is the j-th entry of x_i. So the gradient is (2/n) sum_i r_i x_i.",
    "A weighted sum of the rows of X is X.T @ weights."])
def loss_gradient(theta, X, y):
    """The gradient of J(theta) = (1/n) sum_i (<theta, x_i> - y_i)^2.

    theta: (d,). X: (n, d), one sample per row. y: (n,). Returns (d,).
    """
    residuals = X @ theta - y
    return 2 / len(y) * X.T @ residuals


def _test_gd_limit(learner):
    generator = torch.Generator().manual_seed(2)
    wide = _draw(4, 9, generator)
    _judge_limit(learner, wide, _draw(1, 4, generator)[0])
    twice = torch.cat([wide, wide[:2], torch.zeros(1, 9, dtype=torch.float64)])
    _judge_limit(learner, twice, twice @ _draw(1, 9, generator)[0], "two rows repeat and one row is 0: X @ X.T is "
                 "singular, so it has no inverse. The pseudo-inverse leaves the missing directions at 0")
    tall = _draw(9, 4, generator)
    _judge_limit(learner, tall, _draw(1, 9, generator)[0], "there are more points (9) than parameters (4): nothing "
                 "interpolates, X @ X.T is singular, and gradient descent ends at the least-squares solution")
    _judge_limit(learner, _draw(1, 3, generator), _draw(1, 1, generator)[0])


def _judge_limit(learner, X, y, trap=None):
    n, d = X.shape
    try:
        answer = call(learner, X, y)
    except WrongAnswer as wrong:
        if trap is None:
            raise
        raise WrongAnswer(f"{wrong}\nHere {trap}") from None
    right = _run_descent(X, y)
    if isinstance(answer, torch.Tensor) and n != d and answer.shape == (n,):
        raise WrongAnswer(f"shape ({n},) is one number per sample, the coefficients a; gradient descent ends at the "
                          f"parameters X.T @ a, shape ({d},)")
    if isinstance(answer, torch.Tensor) and answer.shape == (d, 1):
        raise WrongAnswer(f"shape ({d}, 1) is a column; return a vector of shape ({d},)")
    if trap is None or not isinstance(answer, torch.Tensor):
        expect_tensor(answer, right)
    expect(_close(answer, right) or bool(torch.isfinite(answer).all()), f"the result holds a NaN or an infinity: {trap}")
    _name_limit_mistake(answer.detach(), right, X, y, trap)


def _name_limit_mistake(answer, right, X, y, trap):
    if _close(answer, right):
        return
    if _close(answer, X.T @ y):
        raise WrongAnswer("X.T @ y is the direction of the first step from 0, not the end of the path: there "
                          "X.T @ (X @ theta - y) = 0")
    if _close(answer, -right):
        raise WrongAnswer("the sign is turned: this theta predicts -y; each step goes against the gradient")
    if trap is not None:
        raise WrongAnswer(trap)
    slope = X.T @ (X @ answer - y)
    if _close(slope, torch.zeros_like(slope), scale=X.T @ y):
        raise WrongAnswer("your theta fits, but it has a part outside the span of the inputs, of length "
                          f"{project_out(answer, X).norm():.2g}; gradient descent from 0 never leaves that span")
    if _close(project_out(answer, X), torch.zeros_like(answer), scale=answer):
        raise WrongAnswer("your theta is in the span of the inputs but does not minimise the loss yet: take the limit, "
                          "not a fixed number of steps")
    raise WrongAnswer("your theta neither minimises the loss nor lies in the span of the inputs")


def _run_descent(X, y):
    """The limit by its definition, 2^30 steps of descent from 0, without any formula for where they end.

    One step is theta <- M theta + b; two steps are M^2 and M b + b, so every doubling costs one product.
    """
    step = 1 / torch.linalg.matrix_norm(X, 2).square()
    M, b = torch.eye(X.shape[1], dtype=X.dtype) - step * X.T @ X, step * X.T @ y
    for _ in range(30):
        M, b = M @ M, M @ b + b
    return b


@exercise("gd_limit", _test_gd_limit, hints=[
    "The limit theta satisfies two conditions: X.T @ X @ theta = X.T @ y, and theta = X.T @ a for some a.",
    "When the rows are independent, put the second into X @ theta = y and solve for a. The general case is what the "
    "pseudo-inverse is made for.",
    "torch.linalg.pinv(X) is the matrix that turns y into that theta, for any shape and any rank."])
def gd_limit(X, y):
    """Where gradient descent from theta = 0 on (1/n) ||X theta - y||^2 ends, with a small enough step.

    X: (n, d), any shape and any rank: rows may repeat, n may exceed d. y: (n,). Returns (d,).
    """
    return torch.linalg.pinv(X) @ y


def _test_leaked_component(learner):
    check_split(learner, skip=(UNEVEN,), close=1e-4)  # a learner may compute in float32


@exercise("leaked_component", _test_leaked_component, hints=[
    "Split theta into a part in the span of the rows, X.T @ a, and a part orthogonal to every row. Return the second.",
    "The split says X @ theta = X @ X.T @ a. The pseudo-inverse solves it for any rank: X.T @ a = pinv(X) @ X @ theta.",
    "The leaked component is theta - torch.linalg.pinv(X_retain) @ (X_retain @ theta)."])
def leaked_component(theta, X_retain):
    """The part of theta orthogonal to every retained input: what the retain set cannot have put there.

    theta: (d,). X_retain: (n, d), any rank, n may be 0 or exceed d. Returns (d,).
    """
    explained = torch.linalg.pinv(X_retain) @ (X_retain @ theta)
    return theta - explained
