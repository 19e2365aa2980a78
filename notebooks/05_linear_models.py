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
# **The question.** The poisoned curve again, this time drawn by a *linear* model: sixty fixed
# functions, and one number for each. Is there one step that takes the poison out exactly, without
# retraining and without looking at a label? And what is left of "exactly" when a condition fails?
#
# **You will be able to**
# - prove that a projection gives what retraining gives, for any shape and rank, and certify it;
# - say where gradient descent ends from any start, and what it never forgets;
# - bound the error of unlearning a model that does not quite interpolate, and build the worst case;
# - compare Ridge, descent, retraining and MinNorm-OG fairly, also in small batches.
#
# **You need** notebooks 01 and 02, and from linear algebra: orthogonal projection, rank, the
# singular value decomposition.
#
# **Time.** About 75 minutes with the five exercises; the code runs in under 20 seconds on one CPU
# core. No GPU is needed.
#
# **On a hosted notebook service**, upload the whole course and run `%pip install ..` in this
# notebook's folder before the first cell.
#
# **Where you are.** On the branch of theory: 05, 06, 07. Notebook 08 follows 04 and does not need
# it.
#
# "Paper A" is *Machine Unlearning under Overparameterization* (reference at the end); numbers in
# parentheses are its own.

# %%
import math

import numpy as np
import scipy.linalg
import torch

import unlearnlab as ul
from unlearnlab.chapters import ch05_linear as ch

generator = torch.Generator().manual_seed(0)
draw = lambda *shape: torch.randn(*shape, generator=generator, dtype=torch.float64)


# %% [markdown]
# ## The curve, and the question
#
# At the place $t$ on the axis the model reads an **input** $x(t) \in \mathbb{R}^{60}$: the numbers
# $w_k\sin kt$ and $w_k\cos kt$ for $k = 1, \dots, 30$, with weights $w_k = 1/(1 + (k/8)^2)$ that
# make fast waves small. Its output is $f(\theta, x) = \langle\theta, x\rangle$.
#
# Twenty **retain points** are noisy measurements of a sine. Four **forget points** are wrong. The
# **original** $\theta^*$ is the shortest vector that fits all.


# %%
def inputs_at(t):
    """The inputs of the linear model at the places t (n,): (n, 60)."""
    k = torch.arange(1, 31).double()
    angle, weight = t[:, None] * k, 1 / (1 + (k / 8) ** 2)
    return torch.cat([weight * angle.sin(), weight * angle.cos()], 1)


t_retain, t_forget = torch.linspace(-3, 3, 20).double(), torch.tensor([-2.3, -1.2, 0.4, 1.9])
X_r, X_f = inputs_at(t_retain), inputs_at(t_forget.double())
y_r, y_f = t_retain.sin() + 0.1 * draw(20), torch.tensor([1.0, 1.5, -1.0, -0.5]).double()
X, y = torch.cat([X_r, X_f]), torch.cat([y_r, y_f])
theta = ul.linear.min_norm(X, y)  # the original model

# %%
t_grid = torch.linspace(-math.pi, math.pi, 401).double()
points = {"retain": (t_retain, y_r), "forget": (t_forget, y_f)}
curve = lambda model: inputs_at(t_grid) @ model
ch.graph(
    t_grid,
    {"original": curve(theta), "sin x": t_grid.sin(), **points},
    looks={"sin x": ch.style.LOOKS["sin x"] | {"label": "sin t"}},
    key=4,
    xlabel="place t",
    ylabel="f(θ, t)",
    title="A linear model fits twenty measurements of a sine and four lies",
    finding="The curve passes through all retain points and leaps to each of the forget points.",
)

# %% [markdown]
# The curve leaps between retain points, where nothing in the retain loss can see it.
#
# ## 1 · All interpolators, and the shortest
#
# Five letters keep their meaning to the end. The rows of $X_r$, of shape $(n_r, m)$, are the retain
# inputs, $y_r$ their labels, and $S_r$ their span. $P$ projects orthogonally on $S_r$, and
# $P_\perp = I - P$ on what is orthogonal to it. The entries of $X_r v$ are inner products of $v$
# with the rows, so
#
# $$P v = 0 \iff X_r v = 0 .$$
#
# A vector **interpolates** the retain set if $X_r\theta = y_r$. Suppose that some vector $w$ does.
# Three steps tell you all about the others, also where rows depend on each other or outnumber the
# parameters.
#
# **Step 1. The interpolators form a shifted subspace.** $\theta$ interpolates
# $\iff X_r\theta = X_r w \iff X_r(\theta - w) = 0 \iff P\theta = Pw$.
#
# **Step 2. Their common projection interpolates too.** $Pw$ differs from $w$ by $P_\perp w$, and
# $X_r P_\perp w = 0$.
#
# **Step 3. It is the shortest interpolator.** $P\theta$ and $P_\perp\theta$ are orthogonal, so by
# Pythagoras
#
# $$\lVert\theta\rVert^2 = \lVert P\theta\rVert^2 + \lVert P_\perp\theta\rVert^2 = \lVert
# Pw\rVert^2 + \lVert P_\perp\theta\rVert^2 \ \ge\ \lVert Pw\rVert^2 ,$$
#
# with equality only for $P_\perp\theta = 0$, that is, $\theta = P\theta = Pw$.
#
# So there is one shortest interpolator $\theta_r$. It is the only one that lies in $S_r$, and **the
# projection of any interpolator is it**. It is what **retraining** on the retain set gives, if you
# train to the shortest solution (paper A, Lemmas 3 to 5).
#
# Where it stops: the norm is the Euclidean one. Another inner product has a projection of its own.
# For $\sum_i|\theta_i|$ no projection does it; notebook 07 uses a linear program.
#
# **Predict, then run.** One retain point, two parameters, three interpolators. Where do they land
# when you project them on the span of the input?

# %%
x, label = torch.tensor([1.0, 0.6]).double(), 1.1
foot = label * x / (x @ x)
along = torch.tensor([-0.6, 1.0]).double()
interpolators = foot + torch.tensor([-0.75, 0.55, 1.15]).double()[:, None] * along
for model in interpolators:
    assert math.isclose(model @ x, label)
    assert torch.allclose(ul.linear.unlearn(model, x[None]), foot)

turn = torch.linspace(0, 2 * math.pi, 200).double()
line = lambda start, end: tuple(torch.stack([start, end]).T)
ends = torch.stack([interpolators, foot.expand(3, 2)])

# %%
ch.draw(
    "projections",
    {
        "interpolators": line(foot - 2.25 * along, foot + 3.45 * along),
        "span of the input": line(-2 * x, 3 * x),
        "equal ‖θ‖": tuple(foot.norm() * torch.stack([turn.cos(), turn.sin()])),
        "projected": (ends[..., 0], ends[..., 1]),
        "shortest interpolator": tuple(foot[:, None]),
    },
    finding="Every one of them projects on the same point of the span, the point of the line "
    "nearest the origin.",
)


# %% [markdown]
# All three land where the line of interpolators comes nearest to the origin.
#
# ### Exercise 1 · A certificate
#
# A test that needs no solver: $\theta$ is the shortest interpolator if and only if it fits every
# label and lies in the span of the inputs. Write it, with a tolerance that makes sense at any
# scale: $|\langle\theta, x_i\rangle - y_i|$ passes as rounding if it is at most `tol` times
# $\lVert x_i\rVert\lVert\theta\rVert + |y_i|$. `ul.project_out(theta, X)` returns the part of
# $\theta$ orthogonal to all rows of `X`.


# %%
def certificate(theta, X, y, tol=1e-8):
    """theta: (m,). X: (n, m), of any rank. y: (n,).

    Returns True if theta fits (X, y) and lies in the span of the rows of X, each up to tol, else
    False.
    """
    raise NotImplementedError


certificate = ch.check("certificate", certificate)
ch.hints("certificate")


# %% [markdown]
# **Three other ways.** `ul.linear.min_norm` uses a singular value decomposition. The pseudo-inverse
# is a second way. The Lagrange conditions, $2\theta + X^\top\mu = 0$ and $X\theta = y$, are a
# third: one linear system that knows nothing of projections.


# %%
def lagrange(X, y):
    n, m = X.shape
    above = torch.cat([2 * torch.eye(m).double(), X.T], 1)
    below = torch.cat([X, torch.zeros(n, n).double()], 1)
    right = torch.cat([torch.zeros(m).double(), y])
    return torch.linalg.solve(torch.cat([above, below]), right)[:m]


retrained = ul.linear.min_norm(X_r, y_r)  # theta_r: what the original should become
for data, answer in (((X, y), theta), ((X_r, y_r), retrained)):
    assert certificate(answer, *data)
    assert (lagrange(*data) - answer).norm() < 1e-10
    assert (torch.linalg.pinv(data[0]) @ data[1] - answer).norm() < 1e-10
assert not certificate(theta, X_r, y_r)
print(f"length of the original {theta.norm():.3f}, of the retrained model {retrained.norm():.3f}")


# %% [markdown]
# The original fits the retain set and fails the certificate: it is too long by the part
# $P_\perp\theta^*$, the **leak**.
#
# ## 2 · Theorem 2: the projection is retraining
#
# The original interpolates the retain set, so it can play the part of $w$ in section 1:
#
# $$\boxed{\ P\theta^* = \theta_r\ }$$
#
# **It is the relaxed problem.** For a linear model $\nabla_\theta f(\theta, x) = x$, so problem (7)
# without penalty reads
#
# $$\min_\Delta\ \lVert\theta^* + \Delta\rVert \quad \text{subject to} \quad X_r\Delta = 0 .$$
#
# By step 1 its feasible points $\theta^* + \Delta$ are *all* interpolators of the retain set. So
# the solution of (7) is that of (4).
#
# **What the proof did not use:** the labels, the forget set, any rank condition, and how $\theta^*$
# came about. It did use that $\theta^*$ interpolates $D_r$; section 4 takes that away.
#
# ### Exercise 2 · Unlearn


# %%
def unlearn_linear(theta, X_retain):
    """theta: (m,), the original. X_retain: (n_r, m), of any rank; n_r may be 0 or exceed m.

    Returns (m,): the projection of theta on the span of the retain inputs. Changes neither
    argument.
    """
    raise NotImplementedError


unlearn_linear = ch.check("unlearn_linear", unlearn_linear)
ch.hints("unlearn_linear")

# %% [markdown]
# **Predict, then run.** What does the unlearned curve do at the four lies? How far from $\theta_r$
# is the projection of the original, and that of an interpolator a hundred times as long?

# %%
unlearned = unlearn_linear(theta, X_r)
away = torch.nn.functional.normalize(ul.project_out(draw(60), X), dim=0)
longer = theta + 100 * theta.norm() * away

assert certificate(unlearned, X_r, y_r)
assert (unlearned - retrained).norm() < 1e-10 * retrained.norm()
assert (X @ longer - y).abs().max() < 1e-9
far = (unlearn_linear(longer, X_r) - retrained).norm() / longer.norm()
assert far < 1e-10
print("forget predictions before:", [f"{p:.2f}" for p in (X_f @ theta).tolist()])
print("forget predictions after: ", [f"{p:.2f}" for p in (X_f @ unlearned).tolist()])
print("the sine there:           ", [f"{p:.2f}" for p in t_forget.sin().tolist()])
print("distance of both from θᵣ: rounding")

# %%
ch.graph(
    t_grid,
    {"original": curve(theta), "unlearned": curve(unlearned), **points},
    key=4,
    xlabel="place t",
    ylabel="f(θ, t)",
    title="One projection: the lies are gone, the retain points are kept",
    finding="The unlearned curve passes through every retain point and ignores the forget points.",
)


# %% [markdown]
# The lies are gone, every retain point is kept, and both vectors land on $\theta_r$.
# `ul.minnorm_step`, the step inside MinNorm-OG, does the same to a PyTorch layer, without a label.
# (Where inputs depend on each other all but for a ten-millionth, it takes them for dependent:
# notebook 03, section 8.)


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
# Try the claim on 500 data sets: up to 30 points and parameters, ranks from 0 to full, duplicates,
# scales from $10^{-6}$ to $10^6$. SciPy's pivoted QR judges `ul.linear.unlearn` and
# `ul.linear.min_norm`.


# %%
def by_qr(theta, X):
    Q, R, _ = scipy.linalg.qr(X.numpy().T, mode="economic", pivoting=True)
    basis = Q[:, np.abs(np.diag(R)) > 1e-11 * max(abs(R[0, 0]), 1e-300)]
    return torch.from_numpy(basis @ (basis.T @ theta.numpy()))


worst = 0.0
for _ in range(500):
    n, m, rank = torch.randint(1, 31, (3,), generator=generator).tolist()
    scale = 10 ** (12 * torch.rand((), generator=generator).item() - 6)
    rows, model = scale * draw(n, rank - 1) @ draw(rank - 1, m), draw(m)
    rows = torch.cat([rows, rows[:1]])
    for answer in ul.linear.unlearn(model, rows), ul.linear.min_norm(rows, rows @ model):
        worst = max(worst, ((answer - by_qr(model, rows)).norm() / model.norm()).item())
assert worst < 1e-10

# %% [markdown]
# ### Inputs of very different lengths
#
# Multiply one retain input by a million. The span, and so the answer, is what it was. But small
# singular values drown in the rounding of large ones.
#
# **Predict, then run.** Lengths that spread over more and more powers of ten. Red: the
# pseudo-inverse of the inputs as they are. Blue: `ul.linear.unlearn`, which first scales every row
# to length 1. What happens to the error?

# %%
ratios = 10.0 ** np.arange(13)
errors = {"pseudo-inverse": [], "projection": []}
exact = by_qr(theta, X_r)
for ratio in ratios:
    uneven = X_r * ratio ** torch.linspace(0, 1, 20).double()[:, None]
    by_pinv = torch.linalg.pinv(uneven, rtol=1e-15) @ (uneven @ theta)
    for name, answer in zip(errors, (by_pinv, ul.linear.unlearn(theta, uneven))):
        errors[name].append(((answer - exact).norm() / exact.norm()).item())
factor = 10.0 ** torch.linspace(0, 6, 20).double()
assert (ul.linear.min_norm(factor[:, None] * X_r, factor * y_r) - retrained).norm() < 1e-10
assert max(errors["projection"]) < 1e-12 and errors["pseudo-inverse"][12] > 1e-8

# %%
ch.graph(
    ratios,
    errors,
    looks=["wrong", "right"],
    log="xy",
    floor=1e-17,
    line={"markersize": 4},
    xlabel="longest retain input / shortest",
    ylabel="relative error",
    title="The span does not depend on the lengths of the inputs",
    finding="The projection stays at rounding for every ratio; the pseudo-inverse of the rows as "
    "they are loses a digit whenever the ratio grows tenfold.",
)


# %% [markdown]
# The pseudo-inverse loses about a digit for every power of ten, the projection none.
# `ul.linear.min_norm` scales rows and labels, too.
#
# ## 3 · Where gradient descent ends
#
# Gradient descent on the mean squared error of the retain set repeats
#
# $$\theta_{k+1} = \theta_k - \tfrac{2\eta}{n_r} X_r^\top (X_r\theta_k - y_r) .$$
#
# $X_r^\top(\dots)$ is a combination of the rows, so a step changes $\theta$ only inside $S_r$:
#
# **Off the span.** $P_\perp\theta_{k+1} = P_\perp\theta_k = \dots = P_\perp\theta_0$. The leak of
# the start never changes.
#
# **In the span.** Let $X_r = \sum_i s_i u_i v_i^\top$ be the singular value decomposition with the
# $s_i > 0$, so that the $v_i$ are an orthonormal basis of $S_r$. Then
# $\theta_r = \sum_i \frac{\langle u_i, y_r\rangle}{s_i} v_i$, and it satisfies
# $X_r^\top X_r\theta_r = X_r^\top y_r$. So for $e_k = \theta_k - \theta_r$ the step is
# $e_{k+1} = e_k - \frac{2\eta}{n_r}X_r^\top X_r e_k$, and along each $v_i$
#
# $$\langle v_i, e_{k+1}\rangle = \Big(1 - \frac{2\eta}{n_r}s_i^2\Big)\langle v_i, e_k\rangle .$$
#
# For $0 < \eta < n_r / s_1^2$ each factor lies strictly between $-1$ and $1$. Both together:
#
# $$\theta_k \ \longrightarrow\ \theta_r + P_\perp\theta_0 .$$
#
# From $\theta_0 = 0$, or any start in the span, descent ends at $\theta_r$ (paper A, Proposition
# 2). From elsewhere it ends at another interpolator, longer by the leak of the start. (If nothing
# fits the labels, this $\theta_r$ is the shortest least-squares solution.)
#
# ### Exercise 3 · The end of descent


# %%
def descent_end(X, y, start):
    """X: (n, m), of any rank. y: (n,). start: (m,).

    Returns (m,): the limit of gradient descent on the mean squared error from `start`, for a small
    enough step.
    """
    raise NotImplementedError


descent_end = ch.check("descent_end", descent_end)
ch.hints("descent_end")


# %% [markdown]
# **Predict, then run.** Descent on the retain set from four starts: zero, a random start in the
# span, a random start anywhere, and the original model. How near does each come to $\theta_r$?


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
random_start = 0.2 * draw(60)
starts = {
    "from 0": 0 * theta,
    "in the span": unlearn_linear(3 * random_start, X_r),
    "anywhere": random_start,
    "from θ*": theta,
}
away_from = lambda models: (models - retrained).norm(dim=-1).numpy()
paths = {name: gradient_descent(X_r, y_r, start, 400) for name, start in starts.items()}
floors = {
    name: away_from(descent_end(X_r, y_r, starts[name])).item() for name in ("anywhere", "from θ*")
}

# %%
circles = {f"predicted, {name}": (range(0, 401, 25), [f] * 17) for name, f in floors.items()}
ch.graph(
    range(401),
    {name: away_from(path) for name, path in paths.items()} | circles,
    line={"linewidth": 2},
    log="y",
    floor=1e-12,
    xlabel="gradient steps on the retain loss",
    ylabel="distance from θᵣ",
    title="Descent forgets its start only in the span (circles: predicted)",
    finding="From zero and from a start in the span descent comes arbitrarily near; from "
    "elsewhere it stops at the length of the start's leak, and from the original model it never "
    "moves.",
)

# %%
for name, start in starts.items():
    assert (paths[name][-1] - descent_end(X_r, y_r, start)).norm() < 1e-7
    assert max(ul.project_out(iterate - start, X_r).norm() for iterate in paths[name]) < 1e-12
assert (paths["from θ*"] - theta).norm(dim=1).max() < 1e-12

# %% [markdown]
# The first two arrive. The third stops at the length of its leak. The fourth interpolates, so its
# gradient is zero: "fine-tune on what may stay" leaves a linear original, and its four lies,
# exactly as they are.
#
# **Change one thing:** the optimiser. Adam divides every coordinate of the gradient by its own
# running size, and the result is no combination of the inputs.

# %%
weights = torch.zeros(60, dtype=torch.float64, requires_grad=True)
adam = torch.optim.Adam([weights], lr=1e-3)
for _ in range(3000):
    adam.zero_grad()
    (X_r @ weights - y_r).square().mean().backward()
    adam.step()
by_adam = weights.detach()
assert (X_r @ by_adam - y_r).abs().max() < 1e-4
assert (unlearn_linear(by_adam, X_r) - retrained).norm() < 1e-4
times = by_adam.norm() / retrained.norm()
print(f"Adam from 0 fits, and is {times:.2f} times as long as the shortest interpolator")


# %% [markdown]
# Adam's answer fits and leaves the span. One projection makes it $\theta_r$: section 2 asks only
# that it interpolates.
#
# ## 4 · When the original only nearly fits
#
# Real training stops early. Let $\hat y = X_r\theta^*$ be what the original predicts on the retain
# inputs, and $r = \hat y - y_r$ its **residual**. Any $\theta^*$ interpolates *its own
# predictions*. So, by section 1 with $\hat y$ in place of $y_r$:
#
# > $P\theta^*$ is the shortest vector with the retain **predictions** of $\theta^*$.
#
# How far is it from $\theta_r$? Both lie in $S_r$, so their difference is $\sum_i c_i v_i$, and
# $X_r$ takes it to $r$:
#
# $$X_r(P\theta^* - \theta_r) = r
# \quad\Longrightarrow\quad s_i c_i = \langle u_i, r\rangle \quad\Longrightarrow\quad
# \lVert P\theta^* - \theta_r\rVert^2 = \sum_i \frac{\langle u_i, r\rangle^2}{s_i^2} .$$
#
# Replace every $s_i$ by the smallest, $\sigma$. With $\varepsilon = \lVert r\rVert$
#
# $$\lVert P\theta^* - \theta_r\rVert \ \le\ \frac{\varepsilon}{\sigma} .$$
#
# Equality holds if $r$ points along the left singular vector of $\sigma$. Retain inputs that are
# nearly dependent have a small $\sigma$, and then a small residual can mean a large distance. (The
# bound holds where nothing fits, too.)
#
# ### Exercise 4 · The worst residual


# %%
def worst_error(X, eps):
    """X: (n, m), of any rank. eps: a positive number.

    Returns e: (n,), of length eps, an error that some theta can make on X, and the one that moves
    the shortest interpolator most.
    """
    raise NotImplementedError


worst_error = ch.check("worst_error", worst_error)
ch.hints("worst_error")


# %% [markdown]
# ### Exercise 5 · Break the certificate
#
# With `tol=1e-6` the certificate takes a relative residual of a millionth for zero. Where two
# inputs are nearly the same, $\sigma$ may be smaller than that. Find a $\theta$ that passes and is
# farther from $\theta_r$ than $\theta_r$ is long.


# %%
def impostor(X, y, tol=1e-6):
    """X: (n, m), independent rows, the last nearly equal to the first. y: (n,).

    Returns theta: (m,), that certificate(theta, X, y, tol) passes, at a distance of more than
    |theta_r| from theta_r, the shortest interpolator.
    """
    raise NotImplementedError


impostor = ch.check("impostor", impostor)
ch.hints("impostor")

# %% [markdown]
# **Predict, then run.** A twenty-first retain point, $10^{-8}$ to the right of the first: what does
# the certificate say of your impostor? Then three kinds of originals that nearly fit: with a random
# error, with the worst error, and trained on all of $D$ from zero, stopped after 1, 2, 4, ... 512
# steps. What is the slope of each on logarithmic axes? Which touch the bound?

# %%
twin = torch.cat([t_retain, t_retain[:1] + 1e-8])
X_twin, y_twin = inputs_at(twin), torch.cat([y_r, y_r[:1]])
false = impostor(X_twin, y_twin)
assert certificate(false, X_twin, y_twin, tol=1e-6)
apart = (false - ul.linear.min_norm(X_twin, y_twin)).norm() / retrained.norm()
print(f"the certificate passes it, at a distance of {apart:.1f} lengths of θᵣ")

# %%
sigma, lengths = torch.linalg.svdvals(X_r)[-1].item(), torch.logspace(-6, 1, 8).double()
distance = lambda model: (unlearn_linear(model, X_r) - retrained).norm().item()
residual = lambda model: (X_r @ model - y_r).norm().item()
unit = torch.nn.functional.normalize(draw(20), dim=0)
moved = {
    "random direction": [theta + ul.linear.min_norm(X_r, e * unit) for e in lengths],
    "worst direction": [
        theta + ul.linear.min_norm(X_r, worst_error(X_r, e.item())) for e in lengths
    ],
    "stopped early": list(gradient_descent(X, y, 0 * theta, steps=512)[2 ** np.arange(10)]),
}
measured = {name: (list(map(residual, m)), list(map(distance, m))) for name, m in moved.items()}

# %%
ch.graph(
    curves={"bound ε / σ": (lengths, lengths / sigma), **measured},
    looks=["bound", "sky dots", "vermillion diamonds", ch.style.ORIGINAL | {"marker": "s"}],
    log="xy",
    legend={"loc": "best"},
    xlabel="retain residual ε = ‖X θ* − y‖",
    ylabel="distance of Pθ* from θᵣ",
    title="Unlearning a model that fits only approximately",
    finding="The distance grows in proportion to the residual and stays below residual over "
    "smallest singular value; errors along the last left singular vector lie on that line.",
)

# %%
early = moved["stopped early"]
for size, gap in (pair for sizes, gaps in measured.values() for pair in zip(sizes, gaps)):
    assert gap <= size / sigma * (1 + 1e-6) + 1e-12
assert np.allclose(measured["worst direction"][1], lengths / sigma, rtol=1e-6)
for model in early:  # the projection keeps the predictions, right or wrong
    assert certificate(unlearn_linear(model, X_r), X_r, X_r @ model)
share = np.array(measured["stopped early"][1]) * sigma / measured["stopped early"][0]
print("share of the bound:", *(f"{part:.2f}" for part in share[[0, 4, 8, 9]]), end="")
print(" after 1, 16, 256, 512 steps")


# %% [markdown]
# The first two have slope 1, and the worst direction lies on the bound. In a model that was stopped
# early, descent has killed the error along large singular values first. Late in training
# $\theta_t - \theta^*$ points along $z$, the right singular vector of *all* inputs with the
# smallest singular value, and the share of the bound goes to
#
# $$\frac{\sigma\,\lVert Pz\rVert}{\lVert X_r z\rVert} .$$
#
# How near to 1 is that? Here, and over two hundred random problems:


# %%
def final_share(X_r, X_f):
    z = torch.linalg.svd(torch.cat([X_r, X_f]), full_matrices=False)[2][-1]
    kept = z - ul.project_out(z, X_r)
    return (torch.linalg.svdvals(X_r)[-1] * kept.norm() / (X_r @ z).norm()).item()


others = [final_share(draw(20, 60), draw(4, 60)) for _ in range(200)]
print(f"the curve {final_share(X_r, X_f):.2f}; ", end="")
print(f"random problems: median {np.median(others):.2f}, least {min(others):.2f}")
assert max(others) <= 1 + 1e-9 and abs(share[-1] - final_share(X_r, X_f)) < 0.05
descend = lambda model: gradient_descent(X_r, y_r, model, steps=400)[-1]
one, other = unlearn_linear(descend(early[3]), X_r), descend(unlearn_linear(early[3], X_r))
assert (one - other).norm() < 1e-12 and (one - retrained).norm() < 1e-6

# %% [markdown]
# The remedy is to descend on the retain set, then project, or the other way round: one changes only
# the part in the span, the other only the part off it.
#
# ## 5 · Forgetting is not misfitting
#
# Let the forget input lie in the retain span, $x_f = \sum_i c_i x_i$. Then *every* interpolator of
# the retain set predicts
#
# $$\langle\theta, x_f\rangle = \sum_i c_i \langle\theta, x_i\rangle = \sum_i c_i y_i ,$$
#
# and none has a choice. A second measurement at a retained place is such a point.
#
# **The label agrees,** $y_f = \sum_i c_i y_i$. The retrained model, which has never seen the point,
# predicts it exactly. So a high error on the forget set is not the aim; the aim is the model you
# would have without it.
#
# **The label disagrees.** Then no $\theta$ interpolates $D$, and the projection keeps the wrong
# predictions of the original, a least-squares compromise (section 4).
#
# **Predict, then run.** The tenth retain point is measured again, first with the same label, then
# with one that is off by 1. How far is the unlearned model from $\theta_r$?

# %%
for off in (0.0, 1.0):
    whole, labels = torch.cat([X_r, X_r[9:10]]), torch.cat([y_r, y_r[9:10] + off])
    original = ul.linear.min_norm(whole, labels)
    answer = unlearn_linear(original, X_r)
    assert (answer - original).norm() < 1e-12
    assert distance(original) <= residual(original) / sigma + 1e-9
    print(
        f"label off by {off:.0f}: forget prediction {abs(X_r[9] @ answer - y_r[9]):.2f} from the "
        f"retained label, distance from θᵣ {distance(original):.2f}"
    )
assert (descend(original) - retrained).norm() < 1e-6

# %% [markdown]
# With a label that agrees nothing moves, and nothing should. With one that does not, nothing moves
# either, because $D$ spans no more than $S_r$: the compromise stays half-way between the two
# labels. The remedy is descent on the retain set, as the last line asserts.
#
# ### Nearly in the span
#
# Now a single forget input at an angle $\alpha$ to the span. By notebook 01
# $\theta^* = \theta_r + a\,P_\perp x_f$, with $a$ the gap between its label and what $\theta_r$
# predicts, divided by $\lVert P_\perp x_f\rVert^2$. As
# $\lVert P_\perp x_f\rVert = \lVert x_f\rVert\sin\alpha$,
#
# $$\lVert\theta^*\rVert^2 = \lVert\theta_r\rVert^2 +
# \frac{(y_f - \langle\theta_r, x_f\rangle)^2}{\lVert x_f\rVert^2 \sin^2\alpha} .$$
#
# **Predict, then run.** Slide the forget point towards the tenth retain point, its label 1 above
# that point's. What do the original and the unlearned model predict, and how long must the original
# be?

# %%
gaps = np.geomspace(0.001, 0.15, 40)
slid = inputs_at(t_retain[9] + torch.tensor(gaps))
labels = torch.cat([y_r, y_r[9:10] + 1])
originals = [ul.linear.min_norm(torch.cat([X_r, v[None]]), labels) for v in slid]
cleaned = [unlearn_linear(t, X_r) for t in originals]
off_span = torch.stack([ul.project_out(v, X_r).norm() / v.norm() for v in slid])
angle = off_span.asin().rad2deg()

on_it = lambda models: [(t @ v).item() for t, v in zip(models, slid)]
norm_of = lambda models: [t.norm().item() for t in models]
forget = {"original": on_it(originals), "unlearned": on_it(cleaned)}
forget["what the retain set implies"] = [0], [y_r[9].item()]

# %%
gap = torch.tensor([labels[-1] - p for p in on_it(cleaned)])
formula = (retrained.norm() ** 2 + (gap / slid.norm(dim=1) / off_span) ** 2).sqrt()
assert np.allclose(norm_of(originals), formula) and np.allclose(on_it(originals), labels[-1])
assert np.allclose(norm_of(cleaned), retrained.norm())
ch.draw(
    "into_the_span",
    forget,
    {"original": norm_of(originals), "unlearned": norm_of(cleaned)},
    x=angle,
    finding="As the forget input turns into the retain span, the unlearned model's prediction of "
    "it goes to the value the retain set implies, while the original needs an ever longer theta "
    "to fit a different label.",
)

# %% [markdown]
# The unlearned prediction goes to what the retain set implies. A label that contradicts it costs a
# leak that grows like $1/\sin\alpha$, and the projection removes all of it. This is the leap of the
# first picture: the nearer a lie stands to a retained point, the higher its price.
#
# ## 6 · Ridge: near it slowly, or retraining
#
# Ridge is the baseline that also shrinks $\theta$. It minimises
# $\frac1{n_r}\lVert X_r\theta - y_r\rVert^2 + \lambda\lVert\theta\rVert^2$. Set the derivative to
# zero and multiply by $n_r/2$:
#
# $$(X_r^\top X_r + n_r\lambda I)\,\theta_\lambda = X_r^\top y_r .$$
#
# In the basis of section 3
#
# $$\theta_\lambda - \theta_r = -\sum_i \frac{n_r\lambda}{s_i^2 + n_r\lambda}\,\langle v_i,
# \theta_r\rangle\, v_i .$$
#
# It lies in the span, shorter than $\theta_r$ in every direction, and never equals it unless
# $\theta_r = 0$. `ul.linear.ridge` solves for it. **Predict, then run.** What is the slope of its
# distance from $\theta_r$ over small $\lambda$, on logarithmic axes?

# %%
penalties = torch.logspace(-5, 3, 33).double()
bias = np.array([away_from(ul.linear.ridge(X_r, y_r, lam.item())) for lam in penalties])
slope = np.polyfit(penalties[:9].log(), np.log(bias[:9]), 1)[0]
print(f"slope for small penalties: {slope:.2f}; for large ones everything is shrunk away")
assert abs(slope - 1) < 0.02 and (np.diff(bias) > 0).all()
assert abs(bias[-1] / retrained.norm() - 1) < 0.05
by_hand = torch.linalg.solve(X_r.T @ X_r + 20 * 0.1 * torch.eye(60), X_r.T @ y_r)
assert (by_hand - ul.linear.ridge(X_r, y_r, 0.1)).norm() < 1e-10

# %% [markdown]
# ### As a method
#
# As a method Ridge *starts at $\theta^*$* and descends. Off the span only the penalty pulls:
#
# $$P_\perp\theta_{k+1} = (1 - 2\eta\lambda)\, P_\perp\theta_k .$$
#
# **With a constant penalty** and $\eta < 1/(s_1^2/n_r + \lambda)$ the leak needs about
# $\frac{1}{2\eta\lambda}\ln\frac1\delta$ steps to fall to a share $\delta$, and the bias wants
# $\lambda$ of the order of $\delta$. So the steps grow like $\frac1\delta\ln\frac1\delta$.
#
# **With a penalty that falls,** as in paper A, a huge one makes nearly everything zero in a few
# steps, the leak too. Switch it off, and descent from almost zero brings $\theta_r$: **it is
# retraining, after a few steps of erasing.**
#
# **Predict, then run.** The distance from $\theta_r$: with two constant penalties; with the penalty
# 100 for six steps, then 0; with GD from $\theta^*$; retraining from zero; MinNorm-OG with strength
# 0.5 and 1. Which comes nearest in 400 steps? Which flatten out?

# %%
leak = ul.project_out(theta, X_r).norm().item()
erased = gradient_descent(X_r, y_r, theta, 6, lam=100.0)
runs = {
    "GD": gradient_descent(X_r, y_r, theta, 400),
    "Ridge, λ = 0.1": gradient_descent(X_r, y_r, theta, 400, lam=0.1),
    "Ridge, λ = 0.01": gradient_descent(X_r, y_r, theta, 400, lam=0.01),
    "Ridge, 100 then 0": torch.cat([erased, gradient_descent(X_r, y_r, erased[-1], 394)[1:]]),
    "Retrain, from 0": gradient_descent(X_r, y_r, 0 * theta, 400),
}
shares = {name: away_from(path) / leak for name, path in runs.items()}
shares["MinNorm-OG, 0.5"] = 0.5 ** np.arange(401.0)
shares["MinNorm-OG, 1"] = np.append(1, np.zeros(400))
assert len(set(shares["GD"].round(9))) == 1

# %%
lines = {"Ridge, λ = 0.01": ":", "Ridge, 100 then 0": "-", "MinNorm-OG, 0.5": "--"}
looks = {
    name: ch.style.NAMED[name.partition(",")[0]] | {"linestyle": line}
    for name, line in lines.items()
}

# %%
ch.graph(
    range(401),
    shares,
    log="y",
    floor=1e-9,
    powers=(-9, 0, 3),
    looks=looks,
    xlabel="steps",
    ylabel="distance from θᵣ / leak of θ*",
    title="Ridge with a falling penalty is retraining; a constant one flattens out",
    finding="GD never moves. A constant penalty flattens out at its bias. A large penalty that is "
    "switched off runs beside retraining. A projection arrives in one step.",
)


# %%
def steps_to(goal, path):
    """The first step at which the distance is at most this share of the leak."""
    near = away_from(path) <= goal * leak
    return int(near.argmax()) if near.any() else math.inf


constant, bias_rate = [], bias[0] / penalties[0].item()  # distance per unit of a small penalty
for goal in (0.1, 0.01, 0.001):
    lam = 0.8 * goal * leak / bias_rate  # leaves a bias of 0.8 of the goal
    constant.append(steps_to(goal, gradient_descent(X_r, y_r, theta, 8000, lam=lam)))
print("constant penalty, steps to 10%, 1%, 0.1% of the leak:", *constant)
falling, again = (steps_to(1e-6, runs[n]) for n in ("Ridge, 100 then 0", "Retrain, from 0"))
print(f"steps to a millionth: penalty 100 then 0 {falling}, retraining {again}")
assert constant[1] > 10 * constant[0] and constant[2] > 10 * constant[1] and falling < again + 20

# %% [markdown]
# The constant penalties flatten out, and each further digit costs more than ten times the steps.
# The falling penalty takes about as many steps as retraining. A projection of strength 0.5 halves
# the distance at every step.
#
# **A step is not a step.** A gradient step takes $2 n_r m$ multiplications. A projection needs an
# orthonormal basis of the rows, about $2 n_r^2 m$: as much as 20 gradient steps here. And
# retraining needs steps in proportion to $(s_1/\sigma)^2$, many where inputs are nearly dependent.
#
# ### A schedule that fades leaves something behind
#
# MinNorm-OG multiplies its strength by $\gamma < 1$ after each use. The leak is then multiplied by
#
# $$(1 - a)(1 - a\gamma)(1 - a\gamma^2)\cdots ,$$
#
# with $a$ the first strength (for Ridge, $a = 2\eta\lambda$). The sum
# $a + a\gamma + \dots = a/(1-\gamma)$ is finite, so the product has a limit above zero: about
# $e^{-a/(1-\gamma)}$ for small $a$.
#
# **Predict, then run.** A hundred projections of a linear layer with paper A's `reg` 0.1 and
# `reg_decay` 0.9. How much of the leak is left?

# %%
my_share = None
layer, strength = linear_layer(theta), 0.1
for _ in range(100):
    ul.minnorm_step(layer, X_r, strength)
    strength *= 0.9
left = ul.project_out(layer.weight[0].detach(), X_r).norm().item() / leak
assert math.isclose(left, math.prod(1 - 0.1 * 0.9**k for k in range(100)), rel_tol=1e-9)
print(f"left: {left:.2f} (you: {my_share});  exp(-a / (1 - gamma)) = {math.exp(-0.1 / 0.1):.2f}")

# %% [markdown]
# More than a third, and more epochs take nothing more. In a network the schedule limits
# second-order damage (notebook 02). A linear model has none: use strength 1, once.
#
# ## 7 · Only some of the rows
#
# MinNorm-OG projects off `n_pert` rows of a batch $B$, perhaps far fewer than $n_r$. Let $P_B$
# project on their span, which is part of $S_r$.
#
# **One full projection** gives $P_B\theta^*$. The leak is orthogonal to all retain inputs, so
#
# $$P_B\theta^* = P_B(\theta_r + P_\perp\theta^*) = P_B\theta_r .$$
#
# - The leak is gone, all of it, even with a single row.
# - What is left is the shortest vector that fits the batch alone (Theorem 2 for $B$). What the
#   other rows had taught is lost: $\lVert\theta_r\rVert^2 - \lVert P_B\theta_r\rVert^2$.
#
# If the rows are orthonormal, $\lVert P_B\theta_r\rVert^2 = \sum_{i\in B} y_i^2$, and a random
# batch keeps a share $n_{pert}/n_r$ on average.
#
# **It can be learned again.** $P_B\theta_r$ lies in $S_r$, so descent on the whole retain set ends
# at $\theta_r$ (section 3). With no rows that is retraining.
#
# **Predict, then run.** For 0 to 20 rows: the share of $\lVert\theta_r\rVert^2$ lost, and the steps
# of descent until the distance is 1% of $\lVert\theta_r\rVert$, averaged over random batches. With
# half of the rows, do you save half of the steps?

# %%
rows_used = [0, 2, 5, 8, 11, 14, 17, 19, 20]
orthonormal = torch.linalg.qr(X_r.T)[0].T
batches = lambda size, times: [torch.randperm(20, generator=generator)[:size] for _ in range(times)]


def lost(rows, size):
    best = ul.linear.min_norm(rows, y_r)
    kept = [unlearn_linear(best, rows[b]).norm() / best.norm() for b in batches(size, 100)]
    return 1 - torch.stack(kept).square().mean().item()


def repair(size):
    starts = torch.stack([unlearn_linear(theta, X_r[b]) for b in batches(size, 25)])
    goal = 0.01 * retrained.norm().item() / leak
    return np.mean([steps_to(goal, gradient_descent(X_r, y_r, s, 200)) for s in starts])


# %%
gone = {
    "orthonormal inputs": [lost(orthonormal, k) for k in rows_used],
    "this curve": [lost(X_r, k) for k in rows_used],
    "1 − n_pert / n_r": 1 - np.array(rows_used) / 20,
}
steps = [repair(k) for k in rows_used]
ch.draw(
    "rows_used",
    gone,
    {"repair": steps},
    x=rows_used,
    finding="Fewer rows throw away more of what the retain set taught; the steps to learn it "
    "again hardly depend on how many are used, short of all.",
)

# %%
assert np.abs(np.array(gone["orthonormal inputs"]) - gone["1 − n_pert / n_r"]).max() < 0.06
for k in rows_used:
    start = unlearn_linear(theta, X_r[:k])
    assert ul.project_out(start, X_r).norm() < 1e-12  # no leak, whatever k is
    assert (start - unlearn_linear(retrained, X_r[:k])).norm() < 1e-12  # P_B theta* = P_B theta_r
    assert (descend(start) - retrained).norm() < 1e-6  # descent brings the rest back
print(
    "lost on the curve:",
    ", ".join(f"{abs(v):.2f} with {k}" for v, k in zip(gone["this curve"], rows_used)),
)
print("steps to repair:  ", ", ".join(f"{s:.0f} with {k}" for s, k in zip(steps, rows_used)))


# %% [markdown]
# On the curve neighbouring inputs overlap, and a few rows say much about the others: five of twenty
# lose 62% where the line says 75%. The steps to repair do not follow: from 44 with no rows they
# fall to 34 with five, and rise to 48 with nineteen, where only 2% of $\lVert\theta_r\rVert^2$ is
# missing. How far there is to go hardly counts, since descent gains about a factor per step. What
# counts is where the missing part lies. The more rows are used, the more of it lies along the
# smallest singular values, where descent is slowest.
#
# ### A pass over all batches
#
# Let every batch in turn project with strength $s$, and then descend on its own points until they
# fit, which adds $X_B^+(y_B - X_B\theta)$ by section 3. Afterwards
#
# $$\theta_{\text{new}} = P_B\theta_r + (1-s)\,(I - P_B)\,\theta .$$
#
# **The leak.** $P_\perp P_B = 0$, so $P_\perp\theta_{\text{new}} = (1-s)P_\perp\theta$. A pass of
# $n_r/n_{pert}$ batches leaves $(1-s)^{n_r/n_{pert}}$.
#
# **The rest.** With $e = \theta - \theta_r$, and $\theta_r = P_B\theta_r + (I - P_B)\theta_r$,
#
# $$e_{\text{new}} = (1-s)(I - P_B)\,e \;-\; s\,(I - P_B)\,\theta_r .$$
#
# Start at $\theta^*$, which has no error in the span. The first term contracts and the second adds
# at most $s\lVert\theta_r\rVert$. So all along the pass the part of the error in the span,
# $\lVert Pe\rVert$, obeys two bounds:
#
# - It is never more than $\lVert\theta_r\rVert$, since $(1-s)\lVert\theta_r\rVert +
#   s\lVert\theta_r\rVert = \lVert\theta_r\rVert$.
# - After $k$ batches it is at most $k s\lVert\theta_r\rVert$. Leak and span are orthogonal, so
#   their *squares* add: $$\lVert e\rVert^2 \le (1-s)^{2k}\,\lVert P_\perp\theta^*\rVert^2 +
#   (k s)^2\,\lVert\theta_r\rVert^2 .$$ For small $s$ the first term falls in proportion to $s$,
#   the second grows with $s^2$.
#
# So **a short enough step always brings you nearer to $\theta_r$,** whatever the size of the
# batches, as long as there is a leak. A long step can do harm only where the leak is short.
#
# **Predict, then run.** One pass over batches of 1, 2, 5, 10 and 20 rows, strengths from 0.001 to
# 1, for the original and for a curve whose lies, and whose leak, are a fifth as large. Where is it
# better to do nothing?


# %%
def batch_pass(model, n_pert, strength):
    """One pass over the retain set, n_pert rows in a batch: project, then descend to the end."""
    for rows, labels in zip(X_r.split(n_pert), y_r.split(n_pert)):
        model = model - strength * ul.project_out(model, rows)
        model = model + ul.linear.min_norm(rows, labels - rows @ model)
    return model


batch = lambda n: "1 row" if n == 1 else f"{n} rows"

# %%
sizes, strengths = [1, 2, 5, 10, 20], np.geomspace(0.001, 1, 25)
milder = retrained + 0.2 * (theta - retrained)  # the original of lies a fifth as large
passes = lambda start: {n: [batch_pass(start, n, s) for s in strengths] for n in sizes}
passed, passed_mild = passes(theta), passes(milder)
measures = {
    "leak left": lambda model: ul.project_out(model, X_r).norm().item() / leak,
    "retain error": lambda model: residual(model) / y_r.norm().item(),
    "distance from θᵣ": lambda model: away_from(model).item() / leak,
}
table = {
    words: {batch(n): list(map(measure, models)) for n, models in passed.items()}
    for words, measure in measures.items()
}
mild = {batch(n): away_from(torch.stack(m)) / (0.2 * leak) for n, m in passed_mild.items()}
table["distance, a fifth of the lies"] = mild

# %%
ch.graph(
    strengths,
    panels={words: {"curves": curves} for words, curves in table.items()},
    key=5,
    down=2,
    log="x",
    size=(9.2, 6),
    xlabel="strength s",
    ylabel="share",
    ylim=(0, 1.75),
    finding="Small batches remove more of the leak for the same strength and damage the retain "
    "predictions more. With the lies as they are every pass ends nearer than it began; with a "
    "fifth of them only short steps do.",
)

# %%
for n, row in zip(sizes, table["distance from θᵣ"]):
    far, far_mild = np.array(table["distance from θᵣ"][row]), mild[row]
    assert np.allclose(table["leak left"][row], (1 - strengths) ** (20 / n), atol=1e-9)
    most = np.minimum(1, 20 / n * strengths) * retrained.norm().item() / leak  # damage in the span
    assert (far**2 <= (1 - strengths) ** (40 / n) + most**2 + 1e-9).all()  # the two bounds
    assert far.max() < 1 and far_mild[0] < 1  # a short step helps in both cases
    print(f"{row:7} nearest {far.min():.2f}, at s = 1 {far[-1]:.2f}; ", end="")
    print(f"a fifth of the lies: nearest {far_mild.min():.2f}, at s = 1 {far_mild[-1]:.2f}")
assert max(table["retain error"]["20 rows"]) < 1e-12
assert min(mild[batch(n)][-1] for n in (1, 2, 5)) > 1

# %% [markdown]
# *Lengths are shares of the leak of each original, where 1 is its own distance from $\theta_r$.*
#
# The smaller the batch, the faster the leak goes, and retained knowledge with it: a batch repairs
# its own points only. With the lies as they are, every pass ends nearer to $\theta_r$ than it
# began, since the leak is three times as long as $\theta_r$. With lies a fifth as large a strength
# of 1 is worse than doing nothing for batches of one, two and five rows.
#
# The damage lies in the span, where descent mends it without bringing any leak back: hence
# MinNorm-OG's `descent_epochs`. Three passes with strength 0.3 over batches of five, then descent
# alone, each batch fitted in turn:

# %%
model, history = theta, []
for number in range(43):
    model = batch_pass(model, n_pert=5, strength=0.3 if number < 3 else 0.0)
    history.append([measure(model) for measure in measures.values()])
for number in (3, 4, 6, 9, 13):
    print(f"after {number:2} passes: ", end="")
    print("leak {:.3f}, retain error {:.3f}, distance {:.3f}".format(*history[number - 1]))
assert np.allclose(np.array(history[-1])[[0, 2]], 0.7**12, rtol=1e-3) and history[-1][1] < 1e-3

# %% [markdown]
# The leak stays at $0.7^{12} \approx 0.014$, and the retain error goes to zero: what the
# projections lost was learned again from the labels.
#
# ## 8 · Lab: the retain span in space
#
# Three parameters. Two retain inputs (black, labels 1 and 0.5) span the blue plane. The forget
# input is red: its heading is the direction of its foot in the plane, its tilt the angle out of it.
# The original $\theta^*$ is orange. The blue dot is its projection, the green ring is $\theta_r$.
#
# **Predict, then move.**
# 1. Move the forget label from end to end. Along which line does $\theta^*$ travel? Do dot and ring
#    move?
# 2. Change the heading. Which of the three stays?
# 3. See the plane from its edge (azimuth -5, elevation 0). Where is the leak?
# 4. Lower the tilt to 10. How long is $\theta^*$? And at 0, in the plane?
# 5. At tilt 0, which label brings the dot back to the ring?
# 6. One retain input instead of two. Where does the dot go?

# %%
lab = ch.LinearLab()
lab

# %% [markdown]
# *The unlearned vector, a dot, lies in the blue plane and in the ring of the retrained one.*

# %%
from unlearnlab.chapters.ch05_linear.lab import scene  # what the lab draws

low, high = scene(label=-1.5), scene(label=2.5)
travel = high.original - low.original
assert torch.allclose(low.unlearned, high.unlearned)
assert torch.allclose(low.unlearned, low.retrained)
normal = torch.linalg.cross(*low.X_retain)
assert torch.linalg.cross(travel, normal).norm() < 1e-9  # perpendicular to the plane
turned = scene(heading=120)
assert torch.allclose(turned.retrained, low.retrained)
assert not torch.allclose(turned.original, scene().original)
for tilt in (45, 10, 5, 0):
    shown = scene(tilt=tilt)
    length = f"length of the original {shown.original.norm():.2f}"
    print(f"tilt {tilt:2}: {length}, distance dot to ring {shown.distance:.2f}")

# %% [markdown]
# 1. Along the normal of the plane; its foot stays, and with it dot and ring.
# 2. The ring knows nothing of the forget input. It stays, and the dot with it.
# 3. The leak is the distance of $\theta^*$ from the plane.
# 4. It grows like $1/\sin$ of the tilt. At tilt 0 no vector fits all three points. $\theta^*$ is a
#    compromise *in the plane*, the projection does not move it, and dot and ring part.
# 5. The one that the retain set implies, computed below, within 0.05 on the slider.
# 6. On the line of the remaining input.

# %%
flat = scene(tilt=0)
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
# ## 9 · One lemma for three classes
#
# A linear function is its own linearisation. The same holds for a *block* of the parameters:
#
# > **Lemma.** If $f$ is linear in a block of the parameters while the rest is held, then the
# > linearised constraint is exact for any step of that block, of any length.
#
# Here the block is all of $\theta$; in 06 and 07 it is one layer. Notebook 07 proves and checks the
# lemma for all three.
#
# | model | block | complexity $R$ | penalty | the step | what is reached |
# |---|---|---|---|---|---|
# | linear | $\theta$, all of it | $\lVert\theta\rVert$ | 0 | a projection | (4)'s solution |
# | linear network (06) | $A_1$ | $\lVert w\rVert$ | infinite off $A_1$ | a lever | (4)'s solution |
# | two-layer (07) | $c$ | active neurons | infinite off $c$ | cancelling | at most $s$ neurons |
#
# ## The question, answered
#
# One projection takes the poison out of the curve, without a label, and nothing is left of the four
# lies. The sharpest test: turn their signs, fit again, unlearn both.

# %%
other = ul.linear.min_norm(X, torch.cat([y_r, -y_f]))
both = unlearn_linear(theta, X_r), unlearn_linear(other, X_r)
trace = (both[0] - both[1]).norm()
print(f"before, the two vectors are {(theta - other).norm():.2f} apart; ", end="")
print(f"unlearned, less than 1e-10: {bool(trace < 1e-10)}")
assert (theta - other).norm() > 1 and trace < 1e-10
assert certificate(ul.linear.unlearn(theta, X_r), X_r, y_r)

# %% [markdown]
# **What was verified.** Every assert above ran:
#
# - the shortest interpolator passes its certificate and equals two other solutions; nearly
#   dependent inputs can deceive the certificate;
# - projecting is retraining, to $10^{-10}$ in 500 random cases, for an original a hundred times too
#   long, for rows whose lengths differ by $10^{12}$, and for `ul.minnorm_step`;
# - descent ends at $\theta_r + P_\perp\theta_0$; Adam leaves the span;
# - with residual $\varepsilon$ the projection is within $\varepsilon/\sigma$;
# - Ridge with a falling penalty is retraining; a fading strength leaves 0.36 of the leak;
# - batches with strength $s$ leave $(1-s)^k$ of the leak after $k$ of them; descent brings the rest
#   back.
#
# **Where it stops.** Here $\nabla_\theta f$ does not depend on $\theta$. In a network it does, and
# a long step breaks the fit (notebook 02).
#
# **An open question.** Section 7 draws its batches at random. Is there a rule that picks `n_pert`
# rows by their inputs alone, after which the repair takes half the steps?
#
# ## References
#
# - J. L. Block, A. Mokhtari, S. Shakkottai, *Machine Unlearning under Overparameterization*,
#   NeurIPS 2025, [arXiv 2505.22601](https://arxiv.org/abs/2505.22601).
# - S. Gunasekar, J. Lee, D. Soudry, N. Srebro, *Characterizing Implicit Bias in Terms of
#   Optimization Geometry*, ICML 2018, [arXiv 1802.08246](https://arxiv.org/abs/1802.08246): where
#   other optimisers end.
# - A. E. Hoerl, R. W. Kennard, *Ridge Regression: Biased Estimation for Nonorthogonal Problems*,
#   Technometrics 12, 1970.
# - S. Kaczmarz, *Angenäherte Auflösung von Systemen linearer Gleichungen*, 1937: fitting one
#   equation after the other, as the batches do here.
#
# **Next:** [06 · Linear networks](06_linear_networks.ipynb): exact steps although the rows depend
# on $\theta$.
