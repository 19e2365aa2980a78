# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#       jupytext_version: 1.19.6
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 05 · Linear models: exact unlearning in one step
#
# **The question.** For a linear model one projection unlearns exactly. Why, under which conditions,
# and what is left of the claim when a condition fails: when the original fits only approximately,
# when the forget point can be explained by the others, when you use only some of the retain points?
#
# **You will be able to**
# - prove in plain linear algebra that the projection on the retain span is what retraining gives,
#   for any shape and rank, and certify an answer;
# - say where gradient descent ends from any start, and what it never forgets;
# - bound the error of unlearning a model that does not quite interpolate, and construct the worst
#   case;
# - compare Ridge, descent, retraining and MinNorm-OG by the steps they need, and predict what small
#   batches of retain rows do.
#
# **You need** notebooks 01 and 02, and from linear algebra: orthogonal projection, rank, the
# singular value decomposition.
#
# **Time.** About 70 minutes with the five exercises; the code runs in under 20 seconds on one CPU
# core. No GPU is needed.
#
# **On a hosted notebook service**, upload the whole course and run `%pip install ..` in this
# notebook's folder before the first cell.
#
# "Paper A" is *Machine Unlearning under Overparameterization* (reference at the end); numbers in
# parentheses are its own.

# %%
import bisect
import math

import numpy as np
import scipy.linalg
import torch

import unlearnlab as ul
from unlearnlab.chapters import ch05_linear as ch

generator = torch.Generator().manual_seed(0)
draw = lambda *shape: torch.randn(*shape, generator=generator, dtype=torch.float64)

# %% [markdown]
# ## 1 · All interpolators, and the shortest
#
# The model is $f(\theta, x) = \langle\theta, x\rangle$ with $\theta \in \mathbb{R}^m$. Put the
# inputs of a data set into the rows of $X$, of shape $(n, m)$, and the labels into $y$. Then
# $\theta$ interpolates if $X\theta = y$. Let $S$ be the span of the rows, and $S^\perp$ the vectors
# orthogonal to all of them. The entries of $Xv$ are the inner products of $v$ with the rows, so
#
# $$v \in S^\perp \iff Xv = 0 .$$
#
# Write $P$ for the orthogonal projection on $S$ and $P_\perp = I - P$ for the one on $S^\perp$.
# Suppose that some interpolator exists, and call it $w$. Three steps tell you everything about the
# others. Rows may be dependent, and there may be more of them than parameters.
#
# **Step 1. The interpolators form a shifted subspace.** $\theta$ interpolates
# $\iff X\theta = Xw \iff X(\theta - w) = 0 \iff \theta - w \in S^\perp$. So the set of all
# interpolators is $w + S^\perp$.
#
# **Step 2. They share one projection, and it interpolates.** If $\theta = w + v$ with
# $v \in S^\perp$, then $P\theta = Pw + Pv = Pw$. And $Pw = w - P_\perp w$ differs from $w$ by a
# vector of $S^\perp$, so by step 1 it interpolates too.
#
# **Step 3. That projection is the shortest interpolator.** $P\theta$ and $P_\perp\theta$ are
# orthogonal, so by Pythagoras
#
# $$\lVert\theta\rVert^2 = \lVert P\theta\rVert^2 + \lVert P_\perp\theta\rVert^2 = \lVert
# Pw\rVert^2 + \lVert P_\perp\theta\rVert^2 \ \ge\ \lVert Pw\rVert^2 ,$$
#
# with equality only for $P_\perp\theta = 0$, that is, $\theta = P\theta = Pw$.
#
# So there is exactly one shortest interpolator, it is the only one that lies in $S$, and **the
# projection of any interpolator is it**. Paper A reaches this in its Lemmas 3 to 5. Where it stops:
# "shortest" means the Euclidean norm. Another norm has another minimiser, and no projection finds
# it.

# %% [markdown]
# **Predict, then run.** One retain point, two parameters. The three squares are interpolators.
# Where do they land when you project them on the span of the input?

# %%
x, y = torch.tensor([1.0, 0.6]).double(), torch.tensor(1.1).double()
foot = y * x / (x @ x)
interpolators = (
    foot + torch.tensor([-0.75, 0.55, 1.15]).double()[:, None] * torch.tensor([-0.6, 1.0]).double()
)

for theta in interpolators:
    assert torch.isclose(theta @ x, y) and torch.allclose(ul.linear.unlearn(theta, x[None]), foot)

# %%
turn = torch.linspace(0, 2 * math.pi, 200).double()
line = lambda start, end: tuple(torch.stack([start, end]).T)
curves = {
    "interpolators": line(
        interpolators[0] + 2 * (interpolators[0] - foot),
        interpolators[2] + 2 * (interpolators[2] - foot),
    ),
    "span of the input": line(-2 * x, 3 * x),
    "equal ‖θ‖": tuple(foot.norm() * torch.stack([turn.cos(), turn.sin()])),
}
ends = torch.stack([interpolators, foot.expand(3, 2)])
curves["projected"] = ends[..., 0], ends[..., 1]
curves["shortest interpolator"] = tuple(foot[:, None])

# %%
ch.draw(
    "projections",
    curves,
    finding="Every one of them projects on the same point of the span, the point of the line "
    "nearest the origin.",
)


# %% [markdown]
# ### Exercise 1 · A certificate
#
# Steps 1 to 3 give a test that needs no solver: $\theta$ is the minimum-norm interpolator if and
# only if it fits every label and lies in the span of the inputs. Write it, with a tolerance that
# makes sense at any scale: $|\langle\theta, x_i\rangle - y_i|$ is rounding if it is at most `tol`
# times $\lVert x_i\rVert\lVert\theta\rVert + |y_i|$. `ul.project_out(theta, X)` returns
# $P_\perp\theta$ for rows of any rank.


# %%
def certificate(theta, X, y, tol=1e-8):
    """theta: (m,). X: (n, m), of any rank. y: (n,).

    Returns True if theta is the minimum-norm interpolator of (X, y) up to tol, else False.
    """
    raise NotImplementedError


certificate = ch.check("certificate", certificate)

# %%
ch.hints("certificate")

# %% [markdown]
# ### Three ways to compute it
#
# Here is the data set for the rest of the notebook: 24 points, 60 parameters. The last four points
# are to be forgotten.
#
# `ul.linear.min_norm` uses a singular value decomposition. The Lagrange conditions of "minimise
# $\lVert\theta\rVert^2$ subject to $X\theta = y$", $2\theta + X^\top\mu = 0$ and $X\theta = y$, are
# one linear system that knows nothing of projections. The pseudo-inverse is a third way.

# %%
X, y = draw(24, 60), draw(24)
X_r, y_r, X_f, y_f = X[:20], y[:20], X[20:], y[20:]

theta = ul.linear.min_norm(X, y)  # the original model
retrained = ul.linear.min_norm(X_r, y_r)  # what it should become


# %%
def lagrange(X, y):
    n, m = X.shape
    above = torch.cat([2 * torch.eye(m).double(), X.T], 1)
    below = torch.cat([X, torch.zeros(n, n).double()], 1)
    system = torch.cat([above, below])
    return torch.linalg.solve(system, torch.cat([torch.zeros(m).double(), y]))[:m]


for data, answer in (((X, y), theta), ((X_r, y_r), retrained)):
    assert certificate(answer, *data)
    assert (lagrange(*data) - answer).norm() < 1e-10
    assert (torch.linalg.pinv(data[0]) @ data[1] - answer).norm() < 1e-10
assert not certificate(theta, X_r, y_r)
print(f"length of the original {theta.norm():.3f}, of the retrained model {retrained.norm():.3f}")


# %% [markdown]
# The original fits the retain set and fails the certificate: it is too long. What makes it longer
# is its part off the retain span.

# %% [markdown]
# ## 2 · Theorem 2: the projection is retraining
#
# Now apply section 1 to the retain set alone, with $S_r$ the span of its inputs. The original
# $\theta^*$ interpolates all of $D$. So it interpolates $D_r$, and it can play the part of $w$.
# Steps 2 and 3 say at once:
#
# $$\boxed{\ P_{S_r}\theta^* \ \text{ is the minimum-norm interpolator of } D_r\ }$$
#
# In words: the projection keeps the retain predictions, because $P_\perp\theta^*$ is orthogonal to
# every retain input; it lies in the span; only one vector does both.
#
# **It is the relaxed problem.** For a linear model $\nabla_\theta f(\theta, x) = x$, so problem (7)
# without penalty reads
#
# $$\min_\Delta\ \lVert\theta^* + \Delta\rVert \quad \text{subject to} \quad X_r\Delta = 0 .$$
#
# Its feasible points $\theta^* + \Delta$ run through $\theta^* + S_r^\perp$, which by step 1 is the
# set of *all* interpolators of $D_r$. Nothing was lost in relaxing, and the solution of (7) is the
# solution of (4).
#
# **What the proof did not use:** the labels, the forget set, any rank condition, and how $\theta^*$
# was found. It need not be the minimum-norm interpolator of $D$. It must interpolate $D_r$; section
# 4 takes that away.

# %% [markdown]
# ### Exercise 2 · Unlearn


# %%
def unlearn_linear(theta, X_retain):
    """theta: (m,), the original. X_retain: (n_r, m), of any rank; n_r may be 0 or exceed m.

    Returns (m,): the projection of theta on the span of the retain inputs. Changes neither
    argument.
    """
    raise NotImplementedError


unlearn_linear = ch.check("unlearn_linear", unlearn_linear)

# %%
ch.hints("unlearn_linear")

# %% [markdown]
# **Predict, then run.** How far is the projection of the original from the retrained model? And the
# projection of another interpolator of $D$, a hundred times as long?

# %%
unlearned = unlearn_linear(theta, X_r)
outside = torch.nn.functional.normalize(ul.project_out(draw(60), X), dim=0)
longer = theta + 100 * theta.norm() * outside

assert certificate(unlearned, X_r, y_r)
assert (unlearned - retrained).norm() < 1e-10 * retrained.norm()
assert (X @ longer - y).abs().max() < 1e-9
assert (unlearn_linear(longer, X_r) - retrained).norm() < 1e-10 * longer.norm()
print("forget predictions before:", [f"{p:.2f}" for p in (X_f @ theta).tolist()])
print("forget predictions after: ", [f"{p:.2f}" for p in (X_f @ unlearned).tolist()])


# %% [markdown]
# Both land on the retrained model, up to rounding. `ul.minnorm_step`, the step inside MinNorm-OG,
# does the same to a PyTorch layer. It never sees a label:


# %%
def linear_layer(weights):
    layer = torch.nn.Linear(len(weights), 1, bias=False).double()
    with torch.no_grad():
        layer.weight[0] = weights
    return layer


layer = linear_layer(theta)
ul.minnorm_step(layer, X_r, strength=1.0)
assert (layer.weight[0] - retrained).norm() < 1e-10 * retrained.norm()


# %% [markdown]
# ### Any shape, any rank, any scale
#
# The claim is for every data set, so try it on 500: up to 30 points and parameters, ranks from 0 to
# full, duplicates, scales from $10^{-6}$ to $10^6$. `ul.linear.unlearn` projects,
# `ul.linear.min_norm` solves for the labels, and SciPy's pivoted QR, which shares nothing with
# either, is the judge.


# %%
def by_qr(theta, X):
    Q, R, _ = scipy.linalg.qr(X.numpy().T, mode="economic", pivoting=True)
    basis = Q[:, np.abs(np.diag(R)) > 1e-11 * max(abs(R[0, 0]), 1e-300)]
    return torch.from_numpy(basis @ (basis.T @ theta.numpy()))


# %%
worst = 0.0
for _ in range(500):
    n, m, rank = torch.randint(1, 31, (3,), generator=generator).tolist()
    scale = 10 ** (12 * torch.rand((), generator=generator).item() - 6)
    inputs = scale * draw(n, rank - 1) @ draw(rank - 1, m)
    inputs, t = torch.cat([inputs, inputs[:1]]), draw(m)
    answers = ul.linear.unlearn(t, inputs), ul.linear.min_norm(inputs, inputs @ t)
    worst = max(worst, *((a - by_qr(t, inputs)).norm().item() / t.norm().item() for a in answers))
assert worst < 1e-10

# %% [markdown]
# ### Inputs of very different lengths
#
# Multiply one retain input by a million. Its span is what it was, so the answer must be too. A
# computer needs to be told: singular values mix the lengths of the rows with the angles between
# them, and small ones drown in the rounding of large ones.
#
# **Predict, then run.** Inputs whose lengths spread over more and more powers of ten. Red: the
# pseudo-inverse of the retain inputs as they are. Blue: `ul.linear.unlearn`, which scales every row
# to length 1 first. What happens to the error?

# %%
spread = np.arange(13)
errors = {"pseudo-inverse": [], "projection": []}
exact = by_qr(theta, X_r)
for power in spread:
    uneven = X_r * 10.0 ** torch.linspace(0, power, 20).double()[:, None]
    by_pinv = torch.linalg.pinv(uneven, rtol=1e-15) @ (uneven @ theta)
    for name, answer in zip(errors, (by_pinv, ul.linear.unlearn(theta, uneven))):
        errors[name].append(((answer - exact).norm() / exact.norm()).item())

# %%
ch.graph(
    10.0**spread,
    errors | {"10⁻¹⁰": 1e-10},
    looks=["wrong", "right", "target"],
    log="xy",
    floor=1e-17,
    line={"markersize": 4},
    xlabel="longest retain input / shortest",
    ylabel="relative error",
    title="The span does not depend on the lengths of the inputs",
    finding="The projection stays at rounding for every ratio; the pseudo-inverse of the rows as "
    "they are loses a digit whenever the ratio grows tenfold.",
)

# %%
uneven = 10.0 ** torch.linspace(0, 6, 20).double()
assert (ul.linear.min_norm(uneven[:, None] * X_r, uneven * y_r) - retrained).norm() < 1e-10
assert max(errors["projection"]) < 1e-12 and errors["pseudo-inverse"][12] > 1e-8


# %% [markdown]
# The projection does not notice. The pseudo-inverse loses about a digit for every power of ten.
# `ul.linear.min_norm` also scales the rows first, and their labels with them.

# %% [markdown]
# ## 3 · Where gradient descent ends
#
# Gradient descent on the mean squared error repeats
#
# $$\theta_{k+1} = \theta_k - \tfrac{2\eta}{n} X^\top (X\theta_k - y) .$$
#
# Whatever stands in the bracket, $X^\top(\dots)$ is a combination of the rows. So a step changes
# $\theta$ only inside $S$:
#
# **Off the span.** $P_\perp\theta_{k+1} = P_\perp\theta_k = \dots = P_\perp\theta_0$. Nothing
# happens there, ever.
#
# **In the span.** Let $X = \sum_i s_i u_i v_i^\top$ be the singular value decomposition with the
# $s_i > 0$, so that the $v_i$ are an orthonormal basis of $S$. Let
# $\hat\theta = \sum_i \frac{\langle u_i, y\rangle}{s_i} v_i$. It satisfies
# $X^\top X\hat\theta = X^\top y$, so for $e_k = \theta_k - \hat\theta$ the step is
# $e_{k+1} = e_k - \frac{2\eta}{n}X^\top X e_k$, and along each $v_i$
#
# $$\langle v_i, e_{k+1}\rangle = \Big(1 - \frac{2\eta}{n}s_i^2\Big)\langle v_i, e_k\rangle .$$
#
# For $0 < \eta < n / s_1^2$ each factor lies strictly between $-1$ and $1$, and the error dies.
# Both together:
#
# $$\theta_k \ \longrightarrow\ \hat\theta + P_\perp\theta_0 .$$
#
# If an interpolator exists, $\hat\theta$ is one and lies in $S$: it is the minimum-norm
# interpolator. From $\theta_0 = 0$, or any start in the span, descent ends there: Proposition 2 of
# paper A. From anywhere else it ends at another interpolator, longer by what the start had off the
# span. If no interpolator exists, $\hat\theta$ is the shortest least-squares solution, and the rest
# is unchanged.

# %% [markdown]
# ### Exercise 3 · The end of descent


# %%
def descent_end(X, y, start):
    """X: (n, m), of any rank. y: (n,). start: (m,).

    Returns (m,): the limit of gradient descent on the mean squared error from `start`, for a small
    enough step.
    """
    raise NotImplementedError


descent_end = ch.check("descent_end", descent_end)

# %%
ch.hints("descent_end")


# %% [markdown]
# **Predict, then run.** Descent on the retain set from four starts: zero, a random start in the
# span, a random start anywhere, and the original model. How near does each come to the retrained
# model?


# %%
def gradient_descent(X, y, start, steps, lam=0.0):
    """Every iterate, (steps + 1, m), on |X theta - y|^2 / n + lam |theta|^2.

    The step size is one over the largest curvature. The penalty lam is for section 6.
    """
    n, path = len(X), [start]
    lr = 1 / (2 * (torch.linalg.matrix_norm(X, ord=2) ** 2 / n + lam))
    for _ in range(steps):
        slope = 2 / n * X.T @ (X @ path[-1] - y) + 2 * lam * path[-1]
        path.append(path[-1] - lr * slope)
    return torch.stack(path)


# %%
random_start = 0.08 * draw(60)
starts = {
    "from 0": 0 * theta,
    "in the span": unlearn_linear(3 * random_start, X_r),
    "anywhere": random_start,
    "from θ*": theta,
}
paths, floors = {}, {}
for name, start in starts.items():
    paths[name] = gradient_descent(X_r, y_r, start, steps=300)
    floor = (descent_end(X_r, y_r, start) - retrained).norm().item()
    floors[name] = floor if floor > 1e-9 else 0

# %%
curves = {name: (path[:121] - retrained).norm(dim=1) for name, path in paths.items()}
circles = {
    f"predicted, {name}": (range(0, 121, 8), [floor] * 16)
    for name, floor in floors.items()
    if floor
}

# %%
ch.graph(
    range(121),
    curves | circles,
    line={"linewidth": 2},
    log="y",
    xlabel="gradient steps on the retain loss",
    ylabel="distance to the\nminimum-norm solution",
    title="Descent forgets its start only in the span (circles: predicted)",
    finding="From zero and from a start in the span descent comes arbitrarily near; from "
    "elsewhere it stops at the length of the start's part off the span, and from the original "
    "model it never moves.",
)

# %%
for name, start in starts.items():
    assert (paths[name][-1] - descent_end(X_r, y_r, start)).norm() < 1e-9
    assert all(ul.project_out(iterate - start, X_r).norm() < 1e-12 for iterate in paths[name])
assert (paths["from θ*"] - theta).norm(dim=1).max() < 1e-12

# %% [markdown]
# The first two arrive. The third stops at the length of $P_\perp\theta_0$, the fourth never moves:
# it interpolates, so every gradient is zero. Descent repairs a fit; it does not shorten. "Fine-tune
# on what may stay" therefore leaves a linear original exactly as it is.
#
# **Change one thing:** the optimiser. Adam divides every coordinate of the gradient by its own
# running size, and the result is no combination of the inputs.

# %%
weights = torch.zeros(60, dtype=torch.float64, requires_grad=True)
adam = torch.optim.Adam([weights], lr=1e-3)
for _ in range(2000):
    adam.zero_grad()
    (X_r @ weights - y_r).square().mean().backward()
    adam.step()
by_adam = weights.detach()
assert (X_r @ by_adam - y_r).abs().max() < 1e-5
assert (unlearn_linear(by_adam, X_r) - retrained).norm() < 1e-5
times = by_adam.norm() / retrained.norm()
print(f"Adam from 0 fits, and is {times:.2f} times as long as the shortest interpolator")


# %% [markdown]
# Adam's answer fits and leaves the span, so it is longer. One projection, and it is the
# minimum-norm solution after all: section 2 asks only that it interpolates.

# %% [markdown]
# ## 4 · When the original only nearly fits
#
# Real training stops early. Let $\hat y = X_r\theta^*$ be what the original predicts on the retain
# inputs, and $r = \hat y - y_r$ its **residual**.
#
# Steps 1 to 3 never ask where the labels come from, and $\theta^*$ always interpolates *its own
# predictions*. So, with $\hat y$ in place of $y_r$:
#
# > $P_{S_r}\theta^*$ is the minimum-norm vector with the retain **predictions** of $\theta^*$.
#
# It makes the same errors on the retain set as the original. How far is it from the ideal
# $\theta_r$, the minimum-norm interpolator of the labels? Both lie in $S_r$, so their difference is
# $\sum_i c_i v_i$ in the basis of section 3, and $X_r$ takes it to $r$ (the errors that some
# $\theta$ can make are combinations of the $u_i$):
#
# $$X_r(P_{S_r}\theta^* - \theta_r) = \hat y - y_r = r
# \quad\Longrightarrow\quad s_i c_i = \langle u_i, r\rangle \quad\Longrightarrow\quad
# \lVert P_{S_r}\theta^* - \theta_r\rVert^2 = \sum_i \frac{\langle u_i, r\rangle^2}{s_i^2} .$$
#
# Replace every $s_i$ by the smallest, $\sigma$, and you get a bound; with
# $\varepsilon = \lVert r\rVert$
#
# $$\lVert P_{S_r}\theta^* - \theta_r\rVert \ \le\ \frac{\varepsilon}{\sigma} .$$
#
# It is tight: equality holds if $r$ points along the left singular vector of $\sigma$. (If no
# vector fits the retain labels, let $\theta_r$ be the shortest least-squares solution: what it
# misses is orthogonal to every $u_i$, and sum and bound stay as they are.) Retain inputs that are
# nearly dependent have a small $\sigma$, and then a small residual can mean a large distance.

# %% [markdown]
# ### Exercise 4 · The worst residual


# %%
def worst_error(X, eps):
    """X: (n, m), of any rank. eps: a positive number.

    Returns e: (n,), of length eps, an error that some theta can make on X, and the one that moves
    the minimum-norm solution most.
    """
    raise NotImplementedError


worst_error = ch.check("worst_error", worst_error)

# %%
ch.hints("worst_error")

# %% [markdown]
# **Predict, then run.** Three kinds of originals that nearly fit: with an error in a random
# direction, with the worst error, and trained on all of $D$ by descent from zero, stopped after 1,
# 2, 4, ... 128 steps. On logarithmic axes, what is the slope of each? Which of them touch the
# bound?

# %%
sigma = torch.linalg.svdvals(X_r)[-1]
sizes = torch.logspace(-6, 1, 8).double()
errors = {
    "random direction": [size * torch.nn.functional.normalize(draw(20), dim=0) for size in sizes],
    "worst direction": [worst_error(X_r, size.item()) for size in sizes],
}

distance = lambda model: (unlearn_linear(model, X_r) - retrained).norm().item()
residual = lambda model: (X_r @ model - y_r).norm().item()
moved = {
    name: [theta + ul.linear.min_norm(X_r, e) for e in list_] for name, list_ in errors.items()
}
measured = {
    name: ([residual(t) for t in models], [distance(t) for t in models])
    for name, models in moved.items()
}

# %%
early = gradient_descent(X, y, 0 * theta, steps=128)[[1, 2, 4, 8, 16, 32, 64, 128]]
stopped = [residual(t) for t in early], [distance(t) for t in early]

# %%
ch.graph(
    curves={"bound ε / σ": (sizes, sizes / sigma), **measured, "training stopped early": stopped},
    looks=["bound", "sky dots", "vermillion diamonds", ch.style.ORIGINAL | {"marker": "s"}],
    log="xy",
    legend={"loc": "best"},
    xlabel="retain residual ε = ‖X θ* − y‖",
    ylabel="distance from the\nideal answer",
    title="Unlearning a model that fits only approximately",
    finding="The distance grows in proportion to the residual and stays below residual over "
    "smallest singular value; errors along the last left singular vector lie on that line.",
)

# %%
for sizes_, away in [*measured.values(), stopped]:
    assert all(d <= size / sigma.item() * (1 + 1e-6) + 1e-12 for size, d in zip(sizes_, away))
assert np.allclose(measured["worst direction"][1], sizes / sigma, rtol=1e-6)
for model in early:  # the projection keeps the predictions, right or wrong
    assert (X_r @ unlearn_linear(model, X_r) - X_r @ model).abs().max() < 1e-12
    assert certificate(unlearn_linear(model, X_r), X_r, X_r @ model)

# %% [markdown]
# All slopes are 1: the distance is proportional to the residual. The worst direction lies on the
# bound. A model that stopped late comes near it: descent kills the error along large singular
# values first, and what is left late in training points along the smallest ones. So early stopping
# walks towards the bound:

# %%
share = [d * sigma.item() / size for size, d in zip(*stopped)]
print(
    "share of the bound reached after 1, 8, 64 steps:",
    ", ".join(f"{share[i]:.2f}" for i in (0, 3, 6)),
)
assert share[6] > 0.8 > 0.7 > share[0]

# %% [markdown]
# What to do about it? Fit first: descent on the retain set from $\theta^*$, then project, or the
# other way round. The order does not matter, because one changes only the part in the span and the
# other only the part off it.

# %%
descend = lambda model: gradient_descent(X_r, y_r, model, steps=300)[-1]
one, other = unlearn_linear(descend(early[3]), X_r), descend(unlearn_linear(early[3], X_r))
assert (one - other).norm() < 1e-12 and (one - retrained).norm() < 1e-9

# %% [markdown]
# ## 5 · Forgetting is not misfitting
#
# Let the forget input lie in the retain span, $x_f = \sum_i c_i x_i$. Then *every* interpolator of
# the retain set predicts
#
# $$\langle\theta, x_f\rangle = \sum_i c_i \langle\theta, x_i\rangle = \sum_i c_i y_i ,$$
#
# and none has a choice. Two cases.
#
# **The label agrees,** $y_f = \sum_i c_i y_i$. The retrained model, which has never seen the point,
# predicts it exactly. So does the unlearned one, since they are the same. A high error on the
# forget set is not the aim; the aim is the model you would have without it.
#
# **The label disagrees.** Then no $\theta$ interpolates $D$ at all. The original, a least-squares
# compromise, misses some retain labels, and section 4 applies: the projection keeps its wrong
# retain predictions.
#
# **Predict, then run.** A forget input made of three retain inputs. First its label agrees, then it
# is off by 1. How far is the unlearned model from the retrained one?

# %%
c = torch.zeros(20).double()
c[:3] = torch.tensor([0.5, -1.0, 0.8])
x_f, implied = c @ X_r, c @ y_r
for off in (0.0, 1.0):
    whole, labels = torch.cat([X_r, x_f[None]]), torch.cat([y_r, (implied + off)[None]])
    original = ul.linear.min_norm(whole, labels)
    answer = unlearn_linear(original, X_r)
    assert (answer - original).norm() < 1e-12
    assert distance(original) <= residual(original) / sigma + 1e-9
    gap, apart = abs((x_f @ answer - implied).item()), (answer - retrained).norm()
    print(
        f"label off by {off:.0f}: forget prediction {gap:.2f} from the implied value, "
        f"retain residual {residual(original):.2f}, distance to retrained {apart:.2f}"
    )

# %% [markdown]
# With a label that agrees nothing moves, and nothing should: original, unlearned and retrained are
# the same vector. With one that does not, nothing moves either, because all of $D$ spans no more
# than $S_r$; here the answer is wrong, and the remedy is descent on the retain set, not projection:

# %%
assert (descend(original) - retrained).norm() < 1e-9

# %% [markdown]
# ### Nearly in the span
#
# Between the two lies a forget input at an angle $\alpha$ to the span. Notebook 01 derives
# $\theta^* = \theta_r + a\,P_\perp x_f$ for a single forget point, with $a$ the gap between its
# label and what $\theta_r$ predicts, divided by $\lVert P_\perp x_f\rVert^2$. As
# $\lVert P_\perp x_f\rVert = \lVert x_f\rVert\sin\alpha$,
#
# $$\lVert\theta^*\rVert^2 = \lVert\theta_r\rVert^2 +
# \frac{(y_f - \langle\theta_r, x_f\rangle)^2}{\lVert x_f\rVert^2 \sin^2\alpha} .$$
#
# **Predict, then run.** Turn the forget input into the span. Its label stays 1. What do the
# original and the unlearned model predict for it, and how long must the original be?

# %%
inner = torch.nn.functional.normalize(x_f, dim=0)
outer = torch.nn.functional.normalize(ul.project_out(draw(60), X_r), dim=0)
angle = torch.linspace(1, 90, 90).double()
turn = angle.deg2rad()[:, None]
inputs = 4 * (torch.cos(turn) * inner + torch.sin(turn) * outer)
labels = torch.cat([y_r, torch.ones(1).double()])
originals = [ul.linear.min_norm(torch.cat([X_r, v[None]]), labels) for v in inputs]

before = [(t @ v).item() for t, v in zip(originals, inputs)]
after = [(unlearn_linear(t, X_r) @ v).item() for t, v in zip(originals, inputs)]
lengths = {
    "original": [t.norm().item() for t in originals],
    "unlearned": [unlearn_linear(t, X_r).norm().item() for t in originals],
}

# %%
forget = {"original: the label": before, "unlearned": after}
forget["what the retain set implies"] = [0], [(4 * inner @ retrained).item()]

# %%
ch.draw(
    "into_the_span",
    forget,
    lengths,
    x=angle,
    finding="As the forget input turns into the retain span, the unlearned model's prediction of "
    "it goes to the value the retain set implies, while the original needs an ever longer theta "
    "to fit a different label.",
)

# %%
gap = torch.tensor([1 - p for p in after]).double()
formula = (retrained.norm() ** 2 + (gap / (4 * angle.deg2rad().sin())) ** 2).sqrt()
assert np.allclose(lengths["original"], formula) and np.allclose(before, 1)
assert np.allclose(lengths["unlearned"], retrained.norm())


# %% [markdown]
# At 90° the retain set says nothing about the forget input and the unlearned model predicts 0. As
# the input turns into the span, the prediction goes to what the retain set implies, whatever the
# label was. A label that contradicts it must be bought with a part off the span that grows like
# $1/\sin\alpha$. The projection removes all of it, however long.

# %% [markdown]
# ## 6 · Ridge comes near, slowly
#
# Ridge is the baseline that also shrinks $\theta$. It minimises
# $\frac1n\lVert X\theta - y\rVert^2 + \lambda\lVert\theta\rVert^2$. Set the derivative to zero and
# multiply by $n/2$:
#
# $$(X^\top X + n\lambda I)\,\theta_\lambda = X^\top y .$$
#
# In the basis of section 3, $X^\top X v_i = s_i^2 v_i$ and
# $X^\top y = \sum_i s_i\langle u_i, y\rangle v_i$, so
#
# $$\theta_\lambda = \sum_i \frac{s_i\langle u_i, y\rangle}{s_i^2 + n\lambda}\, v_i =
# \sum_i \frac{s_i^2}{s_i^2 + n\lambda}\,\langle v_i, \hat\theta\rangle\, v_i .$$
#
# It lies in the span, and it is shorter than $\hat\theta$ in every direction, most where $s_i$ is
# small. The error is
#
# $$\theta_\lambda - \hat\theta = -\sum_i \frac{n\lambda}{s_i^2 + n\lambda}\,\langle v_i,
# \hat\theta\rangle\, v_i ,$$
#
# proportional to $\lambda$ when $\lambda$ is small, and never zero.

# %% [markdown]
# ### Exercise 5 · The ridge solution


# %%
def ridge_solution(X, y, lam):
    """X: (n, m). y: (n,). lam: a positive number.

    Returns (m,): the minimiser of |X theta - y|^2 / n + lam |theta|^2.
    """
    raise NotImplementedError


ridge_solution = ch.check("ridge_solution", ridge_solution)

# %%
ch.hints("ridge_solution")

# %%
penalties = torch.logspace(-5, 3, 33).double()
away = torch.stack([(ridge_solution(X_r, y_r, lam.item()) - retrained).norm() for lam in penalties])
slope = np.polyfit(penalties[:9].log(), away[:9].log(), 1)[0]

assert abs(slope - 1) < 0.01 and (away.diff() > 0).all()
for lam in (1e-4, 0.1, 10.0):
    assert (ridge_solution(X_r, y_r, lam) - ul.linear.ridge(X_r, y_r, lam)).norm() < 1e-10

# %%
ch.graph(
    penalties,
    {
        f"Ridge, slope {slope:.2f} at the left": away,
        "‖θᵣ‖: everything shrunk away": retrained.norm(),
    },
    looks={"‖θᵣ‖: everything shrunk away": "target"},
    log="xy",
    legend={"loc": "best"},
    xlabel="penalty λ",
    ylabel="distance to the\nminimum-norm solution",
    title="Ridge is exact only in the limit λ → 0",
    finding="It falls in proportion to the penalty, and is never zero.",
)


# %% [markdown]
# ### A small penalty is a slow one
#
# So take $\lambda$ tiny? Ridge as an unlearning method *starts at $\theta^*$* and descends. Off the
# span the data term has no gradient, and only the penalty pulls:
#
# $$P_\perp\theta_{k+1} = (1 - 2\eta\lambda)\, P_\perp\theta_k .$$
#
# The learning rate is bounded by the largest curvature, $\eta < 1/(s_1^2/n + \lambda)$, so the leak
# needs about $\frac{1}{2\eta\lambda}\ln\frac1\varepsilon$ steps to fall to a share $\varepsilon$.
# The bias wants $\lambda$ of the order of $\varepsilon$. Together the number of steps grows like
# $\frac1\varepsilon\ln\frac1\varepsilon$.
#
# The same decomposition gives the distance to $\theta_r$ after *any* number $k$ of steps without
# running them. Along $v_i$ the error shrinks by $q_i = 1 - 2\eta\,(s_i^2/n + \lambda)$ a step,
# towards the bias $b_i = -\frac{n\lambda}{s_i^2 + n\lambda}\,\langle v_i, \theta_r\rangle$.
# So after $k$ steps it is $(1 - q_i^k)\, b_i + q_i^k \langle v_i, \theta_0 - \theta_r\rangle$.
# First check that against the real iteration.


# %%
def descent_distance(X, y, start, steps, lam=0.0):
    """How far `gradient_descent` is from min_norm(X, y) after each of `steps`, not run."""
    n, target = len(X), ul.linear.min_norm(X, y)
    _, s, V = torch.linalg.svd(X, full_matrices=False)
    lr, count = 1 / (2 * (s[0] ** 2 / n + lam)), steps.double()[..., None]
    shrunk = (1 - 2 * lr * (s.square() / n + lam)) ** count
    bias = -n * lam / (s.square() + n * lam) * (V @ target)
    inside = bias * (1 - shrunk) + shrunk * (V @ (start - target))
    outside = ul.project_out(start, X).norm() * (1 - 2 * lr * lam) ** count
    return torch.cat([inside, outside], -1).norm(dim=-1)


# %%
leak = ul.project_out(theta, X_r).norm().item()
real = gradient_descent(X_r, y_r, theta, steps=2000, lam=0.01)
formula = descent_distance(X_r, y_r, theta, torch.arange(2001), lam=0.01)
assert torch.allclose((real - retrained).norm(dim=1), formula, rtol=1e-8)
assert math.isclose(formula[0].item(), leak, rel_tol=1e-9)


# %% [markdown]
# ### Steps on one axis
#
# Now count. The start is $\theta^*$ for all but retraining, which descends from zero. The goal is a
# share $\varepsilon$ of the distance between $\theta^*$ and $\theta_r$.
#
# - **MinNorm-OG**: each step multiplies the leak by $1 - \text{strength}$ and leaves the rest
#   alone. On this model its descent has nothing to do.
# - **Ridge** gets, for every goal, the best of 20 penalties.
# - **GD**: gradient descent on the retain loss.
# - **Retrain**: the same from zero.
#
# **Predict, then run.** Which grow with the logarithm of $1/\varepsilon$, which with
# $1/\varepsilon$, and which never arrive?


# %%
def steps_to_reach(distance, goal):
    """The first number of steps, up to 10^12, with distance(steps) <= goal; else infinity.

    Looked for in hundredths of a decade, then by bisection.
    """
    decades = 10 ** (torch.arange(1201).double() / 100)
    counts = torch.cat([torch.arange(100), decades.round().long()]).unique()
    near = (distance(counts) <= goal).nonzero()
    if len(near) == 0:
        return math.inf
    low, high = counts[max(int(near[0]) - 1, 0)].item(), counts[near[0]].item()
    reached = lambda step: (distance(torch.tensor([step])) <= goal).item()
    return bisect.bisect_left(range(high), True, lo=low, key=reached)


# %%
def count(goal, start, lam=0.0):
    distance_after = lambda steps: descent_distance(X_r, y_r, start, steps, lam)
    return steps_to_reach(distance_after, goal)


# distance per unit of penalty, for small penalties
bias_rate = away[0].item() / penalties[0].item()
best_ridge = lambda goal: min(
    count(goal, theta, share * goal / bias_rate) for share in np.linspace(0.5, 1.2, 20)
)
minnorm = lambda goal, strength: steps_to_reach(
    lambda steps: leak * (1 - strength) ** steps.double(), goal
)

# %%
goals = 10.0 ** -np.arange(1, 7)
counts = {
    "GD: never": [count(g * leak, theta) for g in goals],
    "Ridge, best λ": [best_ridge(g * leak) for g in goals],
    "Retrain": [count(g * leak, 0 * theta) for g in goals],
    "MinNorm-OG, .5": [minnorm(g * leak, 0.5) for g in goals],
    "MinNorm-OG, 1": [minnorm(g * leak, 1.0) for g in goals],
}
for label, steps in counts.items():
    print(f"{label:15}", *(f"{s:>9.3g}" for s in steps))

# %%
off_scale = 5 * max(counts["Ridge, best λ"])  # where what never arrives is drawn
drawn = {name: np.minimum(steps, off_scale) for name, steps in counts.items()}

# %%
ch.graph(
    goals,
    drawn,
    log="xy",
    looks={"GD: never": ch.style.NAMED["GD"] | {"marker": "^"}},
    line={"markersize": 4.5},
    xlim=(0.15, 7e-7),
    xlabel="goal: remaining share of the distance between θ* and θᵣ",
    ylabel="steps",
    title="Steps to come near the minimum-norm solution of the retain set",
    what="Steps by goal; never: GD",
    finding="The full projection needs one step for every goal; a repeated partial one and "
    "retraining grow with the logarithm of the accuracy, Ridge more than in proportion to the "
    "accuracy;",
)

# %%
assert set(counts["MinNorm-OG, 1"]) == {1} and set(counts["GD: never"]) == {math.inf}
growth = [b / a for a, b in zip(counts["Ridge, best λ"], counts["Ridge, best λ"][1:])]
assert all(10 < g < 25 for g in growth) and growth[-1] < growth[0]
assert counts["Retrain"][-1] < 6 * counts["Retrain"][0] + 60
steps_needed = count(0.1 * leak, theta, lam := 0.8 * 0.1 * leak / bias_rate)
path = (gradient_descent(X_r, y_r, theta, steps_needed, lam=lam) - retrained).norm(dim=1)
assert path[-1] <= 0.1 * leak < path[-2]
assert steps_to_reach(lambda steps: 0.999 ** steps.double(), 1e-6) == 13_809

# %% [markdown]
# The full projection takes one step for any goal. Projections of strength 0.5, and retraining, gain
# a fixed factor per step. Ridge pays more than ten times the steps for each further digit. GD never
# arrives: at $\theta^*$ every gradient is zero.
#
# Be fair to retraining: this problem is well conditioned, and descent from zero is quick. What the
# projection saves here is not many steps; it is the labels, and with nearly dependent inputs the
# steps, whose number grows like $(s_1/\sigma)^2$.

# %% [markdown]
# ### A schedule that fades leaves something behind
#
# Paper A lets both penalties fade: Ridge's $\lambda$ and MinNorm-OG's strength are multiplied by
# $\gamma < 1$ after each use. The leak is then multiplied by
#
# $$(1 - a)(1 - a\gamma)(1 - a\gamma^2)\cdots ,$$
#
# with $a$ the first strength (for Ridge, $a = 2\eta\lambda$). The sum
# $a + a\gamma + a\gamma^2 + \dots = a/(1-\gamma)$ is finite, and a product of such factors then has
# a limit above zero: about $e^{-a/(1-\gamma)}$ for small $a$.
#
# **Predict, then run.** A hundred projections of a linear layer with paper A's `reg` 0.1 and
# `reg_decay` 0.9. How much of the leak is left?

# %%
layer, strength = linear_layer(theta), 0.1
for _ in range(100):
    ul.minnorm_step(layer, X_r, strength)
    strength *= 0.9
left = ul.project_out(layer.weight[0].detach(), X_r).norm().item() / leak
assert math.isclose(left, math.prod(1 - 0.1 * 0.9**k for k in range(100)), rel_tol=1e-9)
print(f"left of the leak: {left:.2f};  exp(-a / (1 - gamma)) = {math.exp(-0.1 / 0.1):.2f}")

# %% [markdown]
# More than a third, and more epochs take nothing more. For a network the schedule trades this
# against the second-order damage that notebook 02 measures. For a linear model there is no such
# damage: use strength 1, once.

# %% [markdown]
# ## 7 · Only some of the rows
#
# MinNorm-OG projects off `n_pert` rows of a batch, and `n_pert` may be far below $n_r$. Let $B$ be
# the batch, $S_B \subset S_r$ the span of its rows, $P_B$ the projection on it.
#
# **One full projection** gives $P_B\theta^*$. Split $\theta^* = \theta_r + P_\perp\theta^*$ with
# $P_\perp$ off $S_r$. The second part is orthogonal to $S_r$, hence to $S_B$, so
#
# $$P_B\theta^* = P_B\theta_r .$$
#
# - The leak is gone, all of it, even with a single row.
# - What is left is the minimum-norm solution of the batch alone (Theorem 2 for $B$). The lost part,
#   $\lVert\theta_r\rVert^2 - \lVert P_B\theta_r\rVert^2$, is what the other rows had taught.
#
# If the rows are orthonormal, $\lVert P_B\theta_r\rVert^2 = \sum_{i\in B} y_i^2$, and a random
# batch keeps a share $n_{pert}/n_r$ on average. Rows that overlap keep a different share: measure
# it.
#
# **It can be learned again.** $P_B\theta_r$ lies in $S_r$, so descent on the whole retain set ends
# at $\theta_r$ exactly (section 3). With no rows you have zero, and descent from zero is
# retraining. With all rows there is nothing left to learn. `n_pert` is a dial between the two.

# %% [markdown]
# **Predict, then run.** For 0 to 20 rows: the share of $\lVert\theta_r\rVert^2$ lost, for
# orthonormal rows and for the data of this notebook, averaged over 100 random batches; and the
# steps of descent until the distance is 1% of $\lVert\theta_r\rVert$, averaged over 25. With half
# of the rows, do you save half of the steps?

# %%
rows_used = [0, 2, 5, 8, 11, 14, 17, 19, 20]
orthonormal = torch.linalg.qr(X_r.T)[0].T
batches = lambda size, times: [torch.randperm(20, generator=generator)[:size] for _ in range(times)]


def lost(rows, size):
    best = ul.linear.min_norm(rows, y_r)
    return np.mean(
        [
            1 - ((unlearn_linear(best, rows[b]).norm() / best.norm()) ** 2).item()
            for b in batches(size, 100)
        ]
    )


gone = {
    "orthonormal inputs": [lost(orthonormal, k) for k in rows_used],
    "this data": [lost(X_r, k) for k in rows_used],
}

# %%
goal = 0.01 * retrained.norm().item()
repair = [
    np.mean([count(goal, unlearn_linear(theta, X_r[b])) for b in batches(k, 25)]) for k in rows_used
]
expected = 1 - np.array(rows_used) / 20
kept = gone | {"1 − n_pert / n_r": expected}

# %%
ch.draw(
    "rows_used",
    kept,
    {"repair": repair},
    x=rows_used,
    finding="Fewer rows throw away more of what the retain set taught; the steps to learn it "
    "again stay near those of retraining until nearly all rows are used.",
)

# %%
assert np.abs(np.array(gone["orthonormal inputs"]) - expected).max() < 0.06
assert (
    all(a >= b - 0.02 for a, b in zip(gone["this data"], expected))
    and gone["this data"][-1] < 1e-12
)
for k in rows_used:
    start = unlearn_linear(theta, X_r[:k])
    assert ul.project_out(start, X_r).norm() < 1e-12  # no leak, whatever k is
    assert (start - unlearn_linear(retrained, X_r[:k])).norm() < 1e-12  # P_B theta* = P_B theta_r
    assert (descend(start) - retrained).norm() < 1e-9  # descent brings the rest back
assert all(steps > 0.6 * repair[0] for steps in repair[:7]) and repair[-1] == 0
print("steps to repair:", ", ".join(f"{steps:.0f} with {k}" for k, steps in zip(rows_used, repair)))


# %% [markdown]
# The orthonormal inputs follow the straight line. This data loses more than that: its inputs
# overlap, and with random labels a batch of overlapping inputs keeps less than its share.
#
# The steps hardly fall until nearly all rows are used. Descent gains a fixed factor per step, so
# starting at a third of the distance saves only the few steps that gain a factor of three, and what
# is missing lies along the small singular values, where descent is slowest. Half of the rows forget
# everything, and save next to nothing of the retraining.

# %% [markdown]
# ### A pass over all batches
#
# Smaller batches make more of them. Let every batch in turn project with strength $s$ and then
# descend on its own points until they fit, which adds $X_B^+(y_B - X_B\theta)$ by section 3. After
# it, $P_B\theta = P_B\theta_r$, and the part off the batch has been shrunk:
#
# $$\theta_{\text{new}} = P_B\theta_r + (1-s)\,(I - P_B)\,\theta .$$
#
# **The leak.** $P_\perp P_B = 0$, so $P_\perp\theta_{\text{new}} = (1-s)P_\perp\theta$. Every batch
# takes the same share of the leak, however few rows it has. A pass of $n_r/n_{pert}$ batches leaves
# $(1-s)^{n_r/n_{pert}}$.
#
# **The rest.** With $e = \theta - \theta_r$, and $\theta_r = P_B\theta_r + (I - P_B)\theta_r$,
#
# $$e_{\text{new}} = (1-s)(I - P_B)\,e \;-\; s\,(I - P_B)\,\theta_r .$$
#
# The first term contracts. The second pulls towards zero everything that this batch does not see,
# and it does so at every batch. With $s = 1$ nothing survives but the last batch.
#
# **Predict, then run.** One pass, three strengths, batches of 1 to 20 rows. Where is the retain
# error after it small? Where is the leak?


# %%
def batch_pass(model, n_pert, strength):
    """One pass over the retain set, n_pert rows in a batch: project, then descend to the end."""
    for i in range(0, len(X_r), n_pert):
        rows, labels = X_r[i : i + n_pert], y_r[i : i + n_pert]
        model = model - strength * ul.project_out(model, rows)
        model = model + ul.linear.min_norm(rows, labels - rows @ model)
    return model


# %%
sizes, strengths = [1, 2, 4, 5, 10, 20], [1.0, 0.3, 0.05]
ends = {s: [batch_pass(theta, n, s) for n in sizes] for s in strengths}
leaks = {
    s: [ul.project_out(t, X_r).norm().item() / leak for t in models] for s, models in ends.items()
}
fits = {s: [residual(t) / y_r.norm().item() for t in models] for s, models in ends.items()}
apart = {s: [(t - retrained).norm().item() / leak for t in models] for s, models in ends.items()}
strength = lambda curves: {f"strength {s:g}": values for s, values in curves.items()}
shown = {"leak left": leaks, "retain error": fits, "distance to retrained": apart}

# %%
ch.graph(
    sizes,
    panels={title: {"curves": strength(curves)} for title, curves in shown.items()},
    key=3,
    log="x",
    ticks=sizes,
    xlabel="rows per batch, n_pert",
    finding="Small batches have removed more of the leak, because there are more of them, and "
    "have damaged the retain predictions more; only the batch of all rows keeps the predictions "
    "at every strength.",
)

# %%
for s in strengths:
    assert np.allclose(leaks[s], [(1 - s) ** (20 / n) for n in sizes], atol=1e-9)
    assert fits[s][-1] < 1e-12 and all(f > 0.02 for f in fits[s][:-1])
    assert min(apart[s][:2]) > 1 and min(apart[s][:-1]) > 0.85
for n, end in zip(sizes, ends[1.0]):
    assert (
        end - ul.linear.min_norm(X_r[20 - n :], y_r[20 - n :])
    ).norm() < 1e-9  # only the last batch is known
print("leak left, strength 0.3:  ", dict(zip(sizes, (f"{v:.2g}" for v in leaks[0.3]))))
print(
    "retain error, strength .3:",
    dict(zip(sizes, (f"{v:.2f}" if v > 1e-9 else "0" for v in fits[0.3]))),
)

# %% [markdown]
# Said plainly: **on a linear model, a pass over small batches is worse than doing nothing**, if the
# distance to the retrained model is the measure (right panel; the original stands at 1). With one
# or two rows per batch every strength ends farther away, and with fewer than all rows none comes
# nearer than 0.85. The leak does go, the faster the smaller the batch. What goes with it is the
# retained knowledge: each batch repairs its own points and wears down those of all others. Only the
# batch of all rows has no price.
#
# The damage lies in the retain span, where descent can mend it, and descent brings no leak back.
# That is what the last epochs without projection are for (`descent_epochs`). Three passes with
# strength 0.3 over batches of five, then passes of descent alone, each batch fitted in turn:

# %%
model, history = theta, []
for number in range(43):
    model = batch_pass(model, n_pert=5, strength=0.3 if number < 3 else 0.0)
    leaked = ul.project_out(model, X_r).norm().item() / leak
    history.append(
        (leaked, residual(model) / y_r.norm().item(), (model - retrained).norm().item() / leak)
    )

for number in (3, 4, 6, 9, 13):
    leaked, error, away_now = history[number - 1]
    shares = f"leak {leaked:.3f}, retain error {error:.3f}, distance {away_now:.3f}"
    print(f"after {number:2} passes: {shares}")
assert np.allclose(np.array(history[-1])[[0, 2]], 0.7**12, rtol=1e-6) and history[-1][1] < 1e-6

# %% [markdown]
# The leak stays at $0.7^{12} \approx 0.014$, the retain error goes to zero, and the distance to the
# retrained model ends at the leak that was left. Batches are no obstacle in the end, but what the
# projections lost has been learned again from the labels: partly unlearning, partly retraining.

# %% [markdown]
# ## 8 · Lab: the retain span in space
#
# Three parameters. Two retain inputs span the blue plane (or one a line). The black vectors are the
# retain inputs; their labels are 1 and 0.5. The forget input is red: its heading is the direction
# of its foot in the plane, its tilt the angle out of it. The original $\theta^*$ (orange) is the
# shortest vector that fits all of $D$. The blue dot is its projection, computed without a label;
# the green ring is the minimum-norm solution of the retain set, computed without $\theta^*$.
#
# **Predict, then move.**
# 1. Move the forget label from end to end. Along which line does $\theta^*$ travel? Do dot and ring
#    move?
# 2. Change the heading. Which of the three stays?
# 3. Turn the picture until you see the plane from its edge (azimuth -5, elevation 0). What do you
#    see of the leak?
# 4. Lower the tilt to 10. What happens to the length of $\theta^*$? And at 0, where the forget
#    input lies in the plane?
# 5. At tilt 0, which label brings the dot back to the ring?
# 6. One retain input instead of two. Where does the dot go?

# %%
lab = ch.LinearLab()
lab

# %% [markdown]
# ### What you saw, and why
#
# The lab draws what the function `scene` computes. Here it is for the questions.

# %%
from unlearnlab.chapters.ch05_linear.lab import scene

low, high = scene(label=-1.5), scene(label=2.5)
travel = high.original - low.original
assert torch.allclose(low.unlearned, high.unlearned)
assert torch.allclose(low.unlearned, low.retrained)
normal = torch.linalg.cross(*low.X_retain)
assert torch.linalg.cross(travel, normal).norm() < 1e-9  # perpendicular to the plane
turned = scene(heading=120)
assert torch.allclose(turned.retrained, low.retrained)
assert not torch.allclose(turned.original, scene().original)

# %%
for tilt in (45, 10, 5, 0):
    shown = scene(tilt=tilt)
    length = f"length of the original {shown.original.norm():.2f}"
    print(f"tilt {tilt:2}: {length}, distance dot to ring {shown.distance:.2f}")
flat = shown

# %% [markdown]
# 1. $\theta^*$ travels along the normal of the plane; its foot stays, and with it dot and ring.
# 2. The ring stays: it knows nothing of the forget input. The dot stays with it, although
#    $\theta^*$ moves.
# 3. Seen edge-on, the leak is the distance of $\theta^*$ from the plane, in the direction of the
#    normal.
# 4. It grows like $1/\sin$ of the tilt (section 5). At tilt 0 no vector fits all three points.
#    $\theta^*$ is a least-squares compromise *in the plane*, the projection does not move it, and
#    dot and ring part.
# 5. The one that the retain set implies, computed below. The slider comes within 0.05 of it.
# 6. On the line of the remaining input: the shortest vector that fits one point.

# %%
implied = (flat.x_forget @ flat.retrained).item()
agreeing = scene(tilt=0, label=implied)
assert (
    flat.distance > 0.1
    and agreeing.distance < 1e-9
    and torch.allclose(agreeing.original, agreeing.retrained)
)
single = scene(retained=1)
assert (
    torch.linalg.cross(single.unlearned, single.X_retain[0]).norm() < 1e-9
    and single.distance < 1e-9
)
print(f"the label that the retain set implies: {implied:.2f}")

# %% [markdown]
# ## What was verified
#
# Every assert above ran when this page was made. In words:
#
# - the minimum-norm interpolator agrees with the Lagrange system, the pseudo-inverse and its
#   certificate;
# - the projection of an interpolator on the retain span is the minimum-norm interpolator of the
#   retain set: to $10^{-10}$ in 500 random cases of any shape, rank and scale, for an original a
#   hundred times too long, for rows whose lengths differ by $10^{12}$, and for `ul.minnorm_step` on
#   a PyTorch layer;
# - descent ends at $\hat\theta + P_\perp\theta_0$, never leaves $\theta_0 + S$, and never moves
#   from an interpolator; Adam leaves the span;
# - an original with residual $\varepsilon$ is unlearned to within $\varepsilon/\sigma$, keeps its
#   retain predictions, and the bound is reached;
# - a forget point in the retain span keeps the prediction that the retain set implies; a
#   contradicting label costs length $1/\sin\alpha$, or, in the span, the fit;
# - Ridge's distance has slope 1 in $\lambda$; its steps grow faster than $1/\varepsilon$; GD from
#   $\theta^*$ never arrives; one projection does; a fading strength leaves 0.36 of the leak;
# - a projection off part of the rows removes the whole leak and the knowledge of the other rows;
#   batches with strength $s$ leave $(1-s)^k$ of the leak after $k$ of them, and descent brings the
#   rest back.
#
# **Where it stops.** Everything here rests on $\nabla_\theta f$ not depending on $\theta$. In a
# network the rows change as $\theta$ moves, a long step breaks the fit (notebook 02), and only
# short ones with descent in between remain. For deep *linear* networks and for two-layer networks
# exact statements can still be had; notebooks 06 and 07 derive them.

# %%
assert certificate(ul.linear.unlearn(theta, X_r), X_r, y_r)
assert (
    ul.linear.unlearn(theta, X_r) - ul.linear.min_norm(X_r, y_r)
).norm() < 1e-10 * retrained.norm()

# %% [markdown]
# ## References
#
# - J. L. Block, A. Mokhtari, S. Shakkottai, *Machine Unlearning under Overparameterization*,
#   NeurIPS 2025, [arXiv 2505.22601](https://arxiv.org/abs/2505.22601): problems (4) and (7),
#   Theorem 2, Lemmas 3 to 5, Proposition 2, Algorithm 1.
# - S. Gunasekar, J. Lee, D. Soudry, N. Srebro, *Characterizing Implicit Bias in Terms of
#   Optimization Geometry*, ICML 2018, [arXiv 1802.08246](https://arxiv.org/abs/1802.08246): where
#   other optimisers end.
# - A. E. Hoerl, R. W. Kennard, *Ridge Regression: Biased Estimation for Nonorthogonal Problems*,
#   Technometrics 12, 1970.
# - S. Kaczmarz, *Angenäherte Auflösung von Systemen linearer Gleichungen*, 1937: fitting one
#   equation after the other, which is what descent on one batch after the other does here.
#
# **Next:** [06 · Linear networks](06_linear_networks.ipynb) puts layers between input and output,
# and the rows begin to depend on $\theta$.
