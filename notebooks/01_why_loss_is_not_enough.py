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
# # 01 · Why the loss is not enough
#
# **The question.** A model was trained on data, and part of that data has to go. You hold the
# trained model and the data that may stay. Can the gradient of a loss tell you which way to move?
#
# **You will be able to**
# - say what unlearning asks for, and why "fit the retained data" is not an answer;
# - prove that a model which fits its training data exactly gives zero loss gradients, so that
#   methods built on them stand still;
# - tell what a gradient method really shows from what its optimizer adds;
# - read the forgotten input off the parameters of a model that was supposed to have lost it.
#
# **You need** gradients and the chain rule, orthogonal projection, eigenvalues, and enough PyTorch
# to read a matrix product. Paper A below is *Machine Unlearning under Overparameterization* (Block,
# Mokhtari, Shakkottai, 2025); numbers in parentheses are its own.
#
# **Time.** About 45 minutes with the three exercises. Running everything takes well under a minute
# on a CPU; there is no use for a GPU.
#
# **On a hosted notebook service**, upload the whole course and run `%pip install ..` in this
# notebook's folder before the first cell.

# %%
import copy
import dataclasses
from itertools import combinations

import torch
from torch.utils.data import TensorDataset

import unlearnlab as ul
from unlearnlab.chapters import ch01_loss as ch

# %% [markdown]
# ## 1 · What to keep, what to forget
#
# A model $f(\theta, x)$ with parameters $\theta \in \mathbb{R}^d$ was trained on
# $D = \{(x_i, y_i)\}_{i=1}^n$ by minimising the mean sample loss
#
# $$J(\theta; D) = \frac{1}{n} \sum_{i=1}^{n} \ell\big(f(\theta, x_i),\, y_i\big).$$
#
# The result is the **original model** $\theta^*$. Now a part $D_f \subset D$ has to be forgotten,
# the **forget set**. What is left is the **retain set** $D_r = D \setminus D_f$. The **unlearned
# model** you look for should be one that could have been trained had $D_f$ never existed.
#
# You begin with the smallest case that has everything in it: a linear model
# $f(\theta, x) = \langle \theta, x \rangle$ with more parameters than points. Eight points, twenty
# parameters; the last two points form the forget set.

# %%
draw = torch.Generator().manual_seed(0)
X = torch.randint(-2, 3, (8, 20), generator=draw).double() / 2
coefficients = torch.tensor([2, -1, 1, -2, 1, 2, 3, -3]).double() / 4
theta = X.T @ coefficients  # the original model, theta*
y = X @ theta  # targets it fits exactly
X_r, y_r, X_f, y_f = X[:6], y[:6], X[6:], y[6:]

# %% [markdown]
# All entries are small multiples of 1/16. Floating point stores such numbers, their products and
# their sums without rounding, so whatever is zero in the mathematics is exactly zero here, and you
# can test with `==`.
#
# When $f(\theta^*, x_i) = y_i$ for every training point, $\theta^*$ **interpolates** $D$. This one
# does.

# %%
assert torch.equal(X @ theta, y)
print(
    "points",
    len(X),
    " parameters",
    len(theta),
    " independent inputs",
    torch.linalg.matrix_rank(X).item(),
)


# %% [markdown]
# ### Exercise 1 · The gradient of the loss
#
# You will need the gradient of the mean squared loss
#
# $$J(\theta; D) = \frac{1}{n} \sum_{i=1}^{n} r_i^2,
# \qquad r_i = \langle \theta, x_i \rangle - y_i .$$
#
# Write $\partial J / \partial \theta_j$ for one $j$, then collect all of them in one vector. Rows
# of `X` are the inputs $x_i$. As long as the body is the stub, the notebook goes on with a
# reference solution.


# %%
def loss_gradient(theta, X, y):
    """The gradient of J(theta) = (1/n) sum_i (<theta, x_i> - y_i)^2.

    theta: (d,). X: (n, d), one sample per row. y: (n,). Returns (d,).
    """
    raise NotImplementedError


loss_gradient = ch.check("loss_gradient", loss_gradient)

# %%
ch.hints("loss_gradient")


# %% [markdown]
# ## 2 · Fitting the retain set does not define the answer
#
# It is tempting to ask for any minimiser of the retain loss $J(\cdot\,; D_r)$. **Predict, then
# run.** What is the retain loss of the original model?


# %%
def mean_squared(theta, X, y):
    return (X @ theta - y).square().mean().item()


print("retain loss of the original:", mean_squared(theta, X_r, y_r))
print("forget loss of the original:", mean_squared(theta, X_f, y_f))


# %% [markdown]
# $\theta^*$ interpolates all of $D$, so it interpolates the part $D_r$ too: it is already a
# minimiser of the retain loss. A definition that accepts the original model as its own unlearned
# version defines nothing.
#
# How many other minimisers are there? $\theta$ fits $D_r$ when $X_r \theta = y_r$. Take two
# solutions; their difference $v$ satisfies $X_r v = 0$. So the solutions form
# $\theta^* + \{v : X_r v = 0\}$, of dimension $d - \operatorname{rank} X_r = 20 - 6 = 14$.
#
# Among these the paper picks the simplest one, with some measure of complexity $R$:
#
# $$\min_{\theta}\; R(\theta) \quad \text{subject to}
# \quad \theta \in \arg\min_{\theta'} J(\theta'; D_r). \tag{2}$$
#
# For an interpolating class the constraint reads $f(\theta, x_i) = y_i$ for every retained point,
# which is the paper's (4). The choice of $R$ matters: it says what "simple" means. Nothing in (2)
# mentions $D_f$, so its solution cannot depend on it, and that is the point.

# %% [markdown]
# ### The shortest vector
#
# Take $R(\theta) = \|\theta\|_2$. Every $\theta$ splits into $\theta = X_r^\top a + v$, a
# combination of the retained inputs plus a part $v$ orthogonal to all of them ($X_r v = 0$). Then
#
# - predictions on $D_r$ do not see $v$: $X_r \theta = X_r X_r^\top a$;
# - the two parts are orthogonal, so $\|\theta\|^2 = \|X_r^\top a\|^2 + \|v\|^2$.
#
# Fitting fixes $a$, and $v = 0$ makes the vector shortest. With independent rows,
# $X_r X_r^\top a = y_r$ has one solution, and
#
# $$\theta_r = X_r^\top (X_r X_r^\top)^{-1} y_r .$$


# %%
def min_norm(X, y):
    return X.T @ torch.linalg.solve(X @ X.T, y)


unlearned = min_norm(X_r, y_r)
print(f"length of the original {theta.norm():.3f}, of the unlearned model {unlearned.norm():.3f}")
print(
    "unlearned model on the forget points:",
    [round(p, 2) for p in (X_f @ unlearned).tolist()],
    " their targets:",
    [round(t, 2) for t in y_f.tolist()],
)

# %% [markdown]
# **Predict, then run.** Walk in a straight line from $\theta_r$ (share $s = 0$) to $\theta^*$
# ($s = 1$) and a little further on both sides. How do the retain loss, the forget loss and the
# length of $\theta$ change?

# %%
share = torch.linspace(-0.5, 1.5, 41).double()
line = unlearned + share[:, None] * (theta - unlearned)
losses = [[mean_squared(point, *data) for point in line] for data in ((X_r, y_r), (X_f, y_f))]
length = line.norm(dim=1)

# %%
ch.draw(
    "many_minimisers",
    dict(zip(("retain loss", "forget loss"), losses)),
    {"length": length, "unlearned": ([0], length[10:11]), "original": ([1], length[30:31])},
    x=share,
    finding="The retain loss is 0 everywhere, the forget loss falls to 0 at the original, and the "
    "length of θ is smallest at the unlearned end",
)

# %% [markdown]
# The retain loss is flat: the whole line lies in the set of its minimisers. It cannot tell the
# model that never saw $D_f$ from the one that fits it, nor say which way from one to the other. The
# length can.

# %%
assert max(losses[0]) < 1e-25
assert line.norm(dim=1).argmin() == share.abs().argmin()

# %% [markdown]
# ### The same in a network
#
# `ul.curve.task()` holds a network 1-24-24-1, 673 parameters in float64. It was trained on nine
# points of a sine and one poisoned point at height 1.5, and then finished until it fits all ten up
# to rounding.
#
# Here is another minimiser of its retain loss: keep the two hidden layers, and give the last layer
# the shortest weights that fit the nine retained points. It is one of infinitely many. With $R$ the
# length of the last layer, it answers (2) among the networks that have these hidden layers, and
# among those only.

# %%
curve = ul.curve.task(seed=1)
(x_keep, y_keep), (x_drop, y_drop) = curve.retain.tensors, curve.forget.tensors
other = copy.deepcopy(curve.original)
with torch.no_grad():
    hidden = other[:-1](x_keep)  # everything below the last layer
    features = torch.cat([hidden, torch.ones(len(hidden), 1)], 1)  # the last column meets the bias
    head = min_norm(features, y_keep[:, 0])
    other[-1].weight[0], other[-1].bias[0] = head[:-1], head[-1]

# %%
x = ul.curve.grid()
with torch.no_grad():
    fits = [model(x)[:, 0] for model in (curve.original, other)]
    residuals = [(model(x_keep) - y_keep).abs().max() for model in (curve.original, other)]
assert max(residuals) < 1e-9 and other(x_drop).item() < 0
title = "Both networks fit all nine retain points (dots) exactly"
ch.fits(
    x,
    {title: {"sin x": x.sin(), "original": fits[0], "other minimiser": fits[1]}},
    (x_keep, y_keep),
    (x_drop, y_drop),
    finding="Only the original climbs to the forget point",
)

# %% [markdown]
# Both networks have retain loss 0, up to rounding. One passes through the poisoned point, the other
# stays more than 1.5 below it. The retain loss has no opinion about it.
#
# A bump is left: the hidden layers that the two networks share were trained on the poisoned point.
# So this minimiser is not the answer either.

# %% [markdown]
# ## 3 · Methods that follow the loss
#
# Many unlearning methods take gradient steps on losses: down on the retain loss, up on the forget
# loss, or both, with noise. The paper gathers them in one form (Definition 1):
#
# $$\theta^* \;-\; P_r \nabla J(\theta^*; D_r) \;+\; P_f \nabla J(\theta^*; D_f) \;+\; \xi ,$$
#
# with positive semidefinite matrices $P_r, P_f$ (step sizes, preconditioners, masks) and zero-mean
# noise $\xi$. Below, $\eta$ is the learning rate, $\alpha$ the weight of the forget loss, $\sigma$
# the size of the noise.
#
# | method | $P_r$ | $P_f$ | $\xi$ |
# |---|---|---|---|
# | GD, descent on the retain loss | $\eta I$ | 0 | 0 |
# | GA, ascent on the forget loss | 0 | $\eta I$ | 0 |
# | NGP, both | $\eta I$ | $\eta \alpha I$ | 0 |
# | NGD, noisy descent | $\eta I$ | 0 | $\mathcal N(0, \eta^2 \sigma^2 I)$ |
# | a Newton step | $(\nabla^2 J(\theta^*; D_r))^{-1}$ | 0 | 0 |

# %% [markdown]
# ### When it works
#
# The form is no straw man. Keep only three of the twenty input features. Now there are more points
# (8) than parameters (3), no $\theta$ fits all of them, and the original is the least-squares
# solution.
#
# The retain loss is a parabola, so one Newton step from anywhere lands on its minimiser: with
# $H = \nabla^2 J(\cdot\,; D_r) = \frac{2}{n_r} X_r^\top X_r$,
#
# $$\theta^* - H^{-1} \nabla J(\theta^*; D_r)
# = \theta^* - H^{-1} \cdot \tfrac{2}{n_r} X_r^\top (X_r \theta^* - y_r)
# = (X_r^\top X_r)^{-1} X_r^\top y_r ,$$
#
# which is what retraining on $D_r$ gives. One loss gradient, and $D_f$ is gone without a trace
# (Newton steps are how [Guo et al.](https://arxiv.org/abs/1911.03030) and [Sekhari et
# al.](https://arxiv.org/abs/2103.03279) unlearn).

# %%
few = X[:, :3]
original_few = torch.linalg.lstsq(few, y).solution
gradient = loss_gradient(original_few, few[:6], y_r)
hessian = 2 / 6 * few[:6].T @ few[:6]
after_newton = original_few - torch.linalg.solve(hessian, gradient)
retrained_few = torch.linalg.lstsq(few[:6], y_r).solution
assert torch.allclose(after_newton, retrained_few)
before, after = ((few - retrained_few).norm() for few in (original_few, after_newton))
print(
    f"retain gradient {gradient.norm():.3g}, distance to retrained: before {before:.3g}, "
    f"after the step {after:.2f}"
)

# %% [markdown]
# Why does the gradient know the answer here? At the least-squares solution the gradient over all of
# $D$ is zero, and it is the weighted sum of two parts: $n_r \nabla J(\theta^*; D_r) + n_f \nabla
# J(\theta^*; D_f) = n \nabla J(\theta^*; D) = 0$. The two pull against each other with equal force.
# Remove one, and the other moves the model.

# %%
pull_retain = 6 * loss_gradient(original_few, few[:6], y_r)
pull_forget = 2 * loss_gradient(original_few, few[6:], y_f)
assert torch.allclose(pull_retain, -pull_forget) and pull_retain.norm() > 1


# %% [markdown]
# ### When it cannot: Theorem 1
#
# An interpolating model has no such balance of forces. Differentiate one sample loss by the chain
# rule. The model output $f(\theta, x_i)$ is a number, and $\ell'$ is the derivative of
# $\ell(\hat y, y)$ in its first argument:
#
# $$\nabla_\theta\, \ell\big(f(\theta, x_i), y_i\big)
# = \ell'\big(f(\theta, x_i), y_i\big)\; \nabla_\theta f(\theta, x_i).$$
#
# 1. Suppose $\ell(\cdot\,, y)$ is differentiable and smallest at $\hat y = y$, as the squared error
#    is. A differentiable function has slope 0 at a minimum inside its domain, so $\ell'(y, y) = 0$.
# 2. $\theta^*$ interpolates, $f(\theta^*, x_i) = y_i$. Hence
#    $\ell'\big(f(\theta^*, x_i), y_i\big) = 0$ for **every** training point, and every term
#    vanishes by itself.
# 3. A mean of zeros is zero: $\nabla J(\theta^*; D_r) = 0$ and $\nabla J(\theta^*; D_f) = 0$, for
#    any split of $D$.
#
# Put it into Definition 1:
#
# $$\theta^* - P_r \cdot 0 + P_f \cdot 0 + \xi = \theta^* + \xi .$$
#
# With several outputs $\ell'$ is a vector and $\nabla_\theta f$ a matrix; the argument is the same.
#
# No preconditioner helps: it multiplies a zero. The output has the same distribution whatever $D_f$
# is. That is Theorem 1.
#
# Note what the argument does not say. The second factor $\nabla_\theta f(\theta^*, x_i)$ is not
# zero. It is multiplied by zero.

# %% [markdown]
# ### Measured
#
# **Predict, then run.** Four models: least squares with 3 parameters; the regression with 20
# parameters; the interpolating network; and a sine network of the paper's first experiment
# (1-300-300-1, trained for 100,000 epochs of AdamW, notebook 04). For which are the loss gradients
# zero? For which the output gradients?


# %%
def network_gradient(model, data):
    """The gradient of the mean squared loss by every parameter of a network, as one vector."""
    inputs, targets = data.tensors
    loss = torch.nn.functional.mse_loss(model(inputs), targets)
    return torch.cat([g.flatten() for g in torch.autograd.grad(loss, tuple(model.parameters()))])


def network_norms(task):
    rows = ul.output_gradients(task.original, task.retain.tensors[0])
    return {
        "retain": network_gradient(task.original, task.retain).norm(),
        "forget": network_gradient(task.original, task.forget).norm(),
        "output": rows.norm(dim=1).mean(),
    }


# %%
def linear_norms(theta, X, y):
    """For a linear model the output gradient is the input: the gradient of <theta, x> is x."""
    return {
        "retain": loss_gradient(theta, X[:6], y[:6]).norm(),
        "forget": loss_gradient(theta, X[6:], y[6:]).norm(),
        "output": X[:6].norm(dim=1).mean(),
    }


# %%
sine = ul.sine.task(seed=2)
norms = {
    "regression, 3 parameters": linear_norms(original_few, few, y),
    "regression, 20 parameters": linear_norms(theta, X, y),
    "interpolating network": network_norms(curve),
    "sine network": network_norms(sine),
}

# %%
lengths = torch.tensor([list(own.values()) for own in norms.values()])
retain, forget, output = lengths.clamp(min=1e-18).T
ch.draw(
    "gradient_norms",
    {
        "loss gradient, retain": ch.dots(retain, shift=0.16),
        "loss gradient, forget": ch.dots(forget, shift=-0.16),
        "output gradient (mean length)": ch.dots(output),
        "rounding": ([1e-11, 1e-11], [-0.5, 3.5]),
    },
    rows=norms,
    finding="The loss gradients are zero up to rounding for the regression with 20 parameters and "
    "the interpolating network, and for no other model; output gradients are large for every model",
)

# %% [markdown]
# Theorem 1 holds where its assumption does: both loss gradients are exactly 0 for the 20-parameter
# regression, and rounding for the interpolating network. The output gradients have their usual size
# everywhere.
#
# The sine network is a warning. Its retain loss is tiny, yet its loss gradients are not: a small
# loss is not interpolation, and where the loss is steep a small residual still gives a gradient. GD
# can move such a network a little; notebook 04 measures where to.
#
# With cross-entropy nothing interpolates exactly, since the loss falls on for ever as the logits
# grow. Its gradients become small, not zero.

# %%
for name in ("retain", "forget"):
    assert norms["regression, 20 parameters"][name] == 0
    assert norms["interpolating network"][name] < 1e-11
    assert norms["regression, 3 parameters"][name] > 0.1 and norms["sine network"][name] > 0.1
assert min(each["output"] for each in norms.values()) > 0.5
assert (
    torch.nn.functional.mse_loss(sine.original(sine.retain.tensors[0]), sine.retain.tensors[1])
    < 1e-3
)

# %% [markdown]
# ### Any forget set, the same answer
#
# Theorem 1 speaks of every split and every $P_r, P_f$. Try all 28 ways to choose two points to
# forget, with random positive semidefinite matrices each time.

# %%
noise = torch.randn(20, generator=draw).double()
for forget in combinations(range(8), 2):
    keep = [i for i in range(8) if i not in forget]
    A, B = torch.randn(2, 20, 20, generator=draw).double()
    down = A @ A.T @ loss_gradient(theta, X[keep], y[keep])
    up = B @ B.T @ loss_gradient(theta, X[list(forget)], y[list(forget)])
    assert torch.equal(theta - down + up + noise, theta + noise)

# %% [markdown]
# The noise does not know either. Name the first two training points A and B, and forget A in one
# experiment, B in the other. Each time, 400 noisy outputs of Definition 1, and the prediction of
# the model that never saw the point.
#
# **Predict, then run.** Which of the two clouds has moved towards its own unlearned model?

# %%
clouds = []
for forgotten in (0, 1):
    keep = [i for i in range(8) if i != forgotten]
    step = loss_gradient(theta, X[keep], y[keep])
    cloud = theta - 0.1 * step + 0.05 * torch.randn(400, 20, generator=draw).double()
    models = {"original + noise": cloud, "original": theta, "unlearned": min_norm(X[keep], y[keep])}
    clouds.append({name: tuple(X[:2] @ torch.atleast_2d(m).T) for name, m in models.items()})

# %%
ch.draw(
    "noise_clouds",
    *clouds,
    finding="The same cloud whichever point is to be forgotten, while the unlearned model lies in "
    "a different place each time, outside the cloud",
)

# %% [markdown]
# Neither. Both clouds are draws from $\mathcal N(\theta^*, .05^2 I)$, seen through the inputs of A
# and B; only the targets differ. Noise does blur the memory of a point, and the memory of every
# other point just as much.

# %%
spread = 0.05**2 * X[:2] @ X[:2].T
for models in clouds:
    cloud, target = (torch.stack(models[name], 1) for name in ("original + noise", "unlearned"))
    assert ((cloud.mean(0) - y[:2]).abs() < 4 * (spread.diagonal() / 400).sqrt()).all()
    assert torch.allclose(cloud.T.cov(), spread, atol=0.3 * spread.max().item())
    assert (target - y[:2]).norm() > 3 * spread.max().sqrt()

# %% [markdown]
# ### Many steps
#
# Real methods take many steps. From exact interpolation that changes nothing for GD and GA: after a
# step that does not move, the next does not move either.

# %%
down, up = theta.clone(), theta.clone()
for _ in range(1000):
    down -= 0.005 * loss_gradient(down, X_r, y_r)
    up += 0.005 * loss_gradient(up, X_f, y_f)
assert torch.equal(down, theta) and torch.equal(up, theta)

# %% [markdown]
# But what of a model that interpolates only almost? Write $e = \theta - \theta^*$. The forget
# residuals are $X_f e$, so a step of ascent is
#
# $$e_{k+1} = e_k + \eta \tfrac{2}{n_f} X_f^\top X_f\, e_k
# = \Big(I + \tfrac{2 \eta}{n_f} X_f^\top X_f\Big) e_k .$$
#
# Along the top eigenvector of $X_f^\top X_f$, with eigenvalue $\mu$, every step multiplies $e$ by
# $1 + 2 \eta \mu / n_f > 1$. For ascent $\theta^*$ is a resting point, but an unstable one, like a
# pencil on its tip. Descent has a minus sign there, with $X_r$ and $n_r$: it damps what the
# retained points see, and leaves the rest as it is.
#
# NGD adds fresh noise $\eta \sigma z_k$ to every step of descent. The recursion is linear and the
# noise has mean zero, so the **average** of $e_k$ stays 0 for ever: nothing pulls it anywhere. The
# spread grows. In each of the $d - n_r = 14$ directions that the retained points do not see,
# nothing pulls back, variances add, and $\|e_k\|$ grows like $\eta \sigma \sqrt{14 k}$.

# %%
eta, steps, sigma = 0.005, 200, 0.1
mu, directions = torch.linalg.eigh(X_f.T @ X_f)
growth = (1 + 2 * eta * mu[-1] / len(X_f)) ** torch.arange(1, steps + 1)


def ascend(offset):
    theta_k, drift = theta + offset * directions[:, -1], []
    for _ in range(steps):
        theta_k = theta_k + eta * loss_gradient(theta_k, X_f, y_f)
        drift.append((theta_k - theta).norm())
    return torch.stack(drift)


far, near = ascend(1e-6), ascend(1e-12)

# %%
walkers = theta.repeat(200, 1)
theta_k, wander, descent = theta + 1e-6 * directions[:, -1], [], []
for _ in range(steps):
    gradients = 2 / len(X_r) * (walkers @ X_r.T - y_r) @ X_r
    walkers = walkers - eta * (gradients + sigma * torch.randn(200, 20, generator=draw).double())
    wander.append((walkers - theta).norm(dim=1).mean())
    theta_k = theta_k - eta * loss_gradient(theta_k, X_r, y_r)
    descent.append((theta_k - theta).norm())

# %% [markdown]
# **Predict, then run.** Where does each method stand after 200 steps: descent and ascent from a
# millionth off $\theta^*$, ascent from a million-millionth off, and the mean of 200 noisy walkers?

# %%
root = eta * sigma * (14 * torch.arange(1, steps + 1).double()) ** 0.5
number = torch.arange(1, steps + 1)
measured = {"GA from 1e-6": far, "GA from 1e-12": near, "NGD": wander, "GD from 1e-6": descent}
predicted = {"GA, 6": 1e-6 * growth, "GA, 12": 1e-12 * growth, "NGD": root}
circles = {
    f"predicted, {name}": (number[12::25], values[12::25]) for name, values in predicted.items()
}

# %%
ch.graph(
    number,
    measured | circles,
    log="y",
    xlabel="gradient steps (no AdamW, no weight decay)",
    ylabel="distance from θ*",
    title="From an interpolating model (circles: predicted)",
    finding="Ascent grows exponentially at the predicted rate, descent goes nowhere, noisy "
    "descent grows like the square root",
)

# %% [markdown]
# On the logarithmic axis ascent is a straight line: a smaller error only delays it. GD stays within
# a millionth of $\theta^*$, while the unlearned model lies more than 1 away. NGD wanders, and on
# average stays where it was. None of them reads from $D_f$ where to go.

# %%
assert torch.allclose(far, 1e-6 * growth, rtol=1e-6)
assert descent[-1] < 1e-6 and (theta - unlearned).norm() > 1
assert abs(wander[-1] / root[-1] - 1) < 0.15
assert (walkers.mean(0) - theta).norm() < 3 * wander[-1] / 200**0.5


# %% [markdown]
# ## 4 · What AdamW adds
#
# In practice the gradient passes through an optimizer, usually AdamW. Its first update reads, entry
# by entry (later ones average $g$ and $g^2$ over the steps),
#
# $$\theta \;\leftarrow\; (1 - \eta w)\, \theta \;-\; \eta\, \frac{g}{|g| + 10^{-8}} ,$$
#
# where $w$ is the weight decay. Two things in it are not the gradient:
#
# - **Weight decay** shrinks $\theta$ even where $g = 0$. After that the model no longer
#   interpolates, and its gradients are no longer zero.
# - **Normalisation.** An entry far above $10^{-8}$ gives a step of $\eta$, whatever its size; one
#   far below is still multiplied by $10^{8}$. Rounding becomes motion.
#
# To see both, make the regression a `ul.Task`, and run the package's own methods on it.


# %%
def linear(theta):
    model = torch.nn.Linear(len(theta), 1, bias=False, dtype=theta.dtype)
    model.weight.data[0] = theta
    return model


# %%
def regression_task(X, y, n_retain):
    parts = slice(n_retain), slice(n_retain, None)
    retain, forget = (TensorDataset(X[part], y[part, None]) for part in parts)
    goal = min_norm(X[:n_retain], y[:n_retain])
    build = lambda seed: linear(torch.zeros(20).double())
    evaluate = lambda model: {"to_goal": (model.weight[0] - goal).norm().item()}
    kind = "regression"
    return ul.Task(kind, kind, 0, linear(theta), linear(goal), retain, forget, build, evaluate)


# %%
def drift_under(task, method):
    """100 epochs of `method`: the run, and after each the distance from theta* / its length."""
    flat = lambda model: torch.cat([p.detach().flatten() for p in model.parameters()])
    start, drift = flat(task.original), []
    run = ul.unlearn(
        task,
        method,
        epochs=100,
        callback=lambda run: drift.append((flat(run.model) - start).norm() / start.norm()),
    )
    return run, torch.stack(drift)


# %% [markdown]
# The network of section 1 fits its ten points up to rounding. How much rounding that leaves, and
# whether it leaves any, depends on the processor. So that you see the same on every machine, a
# seeded draw stands for it: every parameter is moved by about $10^{-12}$. The residuals stay that
# small.


# %%
def nudged(task, size=1e-12, seed=0):
    """`task` with an original whose parameters are moved by normal draws of this size."""
    draw, model = torch.Generator().manual_seed(seed), copy.deepcopy(task.original)
    with torch.no_grad():
        for p in model.parameters():
            p += size * torch.randn(p.shape, generator=draw, dtype=p.dtype)
    return dataclasses.replace(task, original=model)


almost = nudged(curve)
with torch.no_grad():
    assert 1e-14 < (almost.original(x_keep) - y_keep).abs().max() < 1e-10

# %% [markdown]
# **Predict, then run.** First the exact regression, then the network that interpolates up to
# $10^{-12}$. GD and GA with `weight_decay=0` and with AdamW's default .01. Which runs move at all?

# %%
exact = regression_task(X, y, 6)
runs = {
    (task.name, method, decay): drift_under(task, method(lr=1e-3, weight_decay=decay))
    for task in (exact, almost)
    for method in (ul.GD, ul.GA)
    for decay in (0, 0.01)
}

# %%
shown = {
    "Regression, exact\n(w = 0: GD and GA stay at exactly 0)": ("regression", 0.01),
    "Network, exact up to 1e-12": ("curve", 0),
}
panels = {
    title: {
        f"{method.name} (w = {decay:g})": runs[name, method, decay][1] for method in (ul.GD, ul.GA)
    }
    for title, (name, decay) in shown.items()
}

# %%
ch.graph(
    torch.arange(1, 101),
    panels={title: {"curves": curves} for title, curves in panels.items()},
    log="y",
    subplots={"sharey": True},
    xlabel="epoch (one AdamW update)",
    ylabel="distance from θ* / length of θ*",
    finding="Weight decay, or residuals of 1e-12, set both moving, and ascent does not stop",
)

# %% [markdown]
# Left: with $w = 0$ both stay exactly where they are, as Theorem 1 says. With $w = .01$, weight
# decay takes the first step. After it, the gradients point back to interpolation: GD follows them
# and hovers nearby, while GA flees from it by about $\eta$ per entry and epoch.
#
# Right: no weight decay at all, and yet both move. Within a few epochs AdamW has turned residuals
# of $10^{-12}$ into steps of size $\eta$. GD then jitters around $\theta^*$: its largest error on
# the retained points is below $.001$. GA takes the network apart, retained points included: there
# its largest error is above 1. With the residuals of rounding alone, a hundred times smaller or
# more, it goes the same way, unless rounding happens to leave exactly 0.

# %%
for method in (ul.GD, ul.GA):
    run, drift = runs["regression", method, 0]
    assert torch.equal(run.model.weight[0], theta) and drift.max() == 0
    assert runs["curve", method, 0][1][-1] > 1e-4
error = {
    method: (runs["curve", method, 0][0].model(x_keep) - y_keep).abs().max()
    for method in (ul.GD, ul.GA)
}
assert error[ul.GD] < 1e-3 and error[ul.GA] > 1
start = exact.evaluate(exact.original)["to_goal"]
left = runs["regression", ul.GD, 0.01][0].metrics["to_goal"] / start
print(
    f"GD with weight decay, 100 epochs: {left:.3f} of the distance to the unlearned model is left"
)


# %% [markdown]
# What weight decay does by itself is easy to say: a direction that no retained gradient touches
# shrinks by $1 - \eta w = 1 - 10^{-5}$ per epoch, $.999$ in 100 epochs. It goes the right way, at a
# pace that hardly matters. Keep it in mind: MinNorm-OG (notebook 03) shrinks just these directions,
# on purpose and fast.
#
# So when a loss-gradient method moves an interpolating model, ask what moved it first: weight
# decay, noise, or a residual that was not zero, be it by rounding. The gradient at $\theta^*$ held
# nothing about $D_f$. Once the model has moved, GA does push along the forgotten inputs, but to the
# side on which it was kicked, and with no place to stop.

# %% [markdown]
# ## 5 · What the parameters still tell
#
# Staying at $\theta^*$ would be harmless if $\theta^*$ said nothing about $D_f$. It says a lot (the
# paper's Appendix C).
#
# ### Descent stays in the span of the inputs
#
# Run gradient descent on least squares from $\theta_0 = 0$:
#
# $$\theta_{k+1} = \theta_k - \tfrac{2 \eta}{n} X^\top (X \theta_k - y).$$
#
# $X^\top(\dots)$ is a combination of the rows of $X$. So $\theta_1$ is one, and adding another each
# time keeps all of them in $S = \operatorname{span}\{x : x \in D\}$.
#
# Where does it end? Let $\hat\theta \in S$ be a minimiser of the loss in that span,
# $X^\top X \hat\theta = X^\top y$. Subtract, with $e_k = \theta_k - \hat\theta \in S$:
#
# $$e_{k+1} = \Big(I - \tfrac{2\eta}{n} X^\top X\Big) e_k .$$
#
# On $S$ all eigenvalues $\mu$ of $X^\top X$ are positive: if $Xv = 0$ then $v$ is orthogonal to all
# rows, and the only such vector in $S$ is 0. For $0 < \eta < n / \mu_{\max}$ every factor
# $1 - 2\eta\mu/n$ lies strictly between $-1$ and 1, and $e_k \to 0$. The limit is $\hat\theta$, the
# only minimiser in the span. When the data can be interpolated it is the shortest interpolator you
# found above.

# %% [markdown]
# ### Exercise 2 · Where descent ends
#
# Return that limit for any `X` and `y`. Rows may repeat, and there may be more points than
# parameters, so $X X^\top$ need not have an inverse.


# %%
def gd_limit(X, y):
    """Where gradient descent from theta = 0 on (1/n) ||X theta - y||^2 ends, with a small step.

    X: (n, d), any shape and any rank: rows may repeat, n may exceed d. y: (n,). Returns (d,).
    """
    raise NotImplementedError


gd_limit = ch.check("gd_limit", gd_limit)

# %%
ch.hints("gd_limit")


# %%
def descend(X, y, eta, steps):
    """Gradient descent from 0; every iterate, (steps + 1, d)."""
    path = [torch.zeros(X.shape[1]).double()]
    for _ in range(steps):
        path.append(path[-1] - eta * loss_gradient(path[-1], X, y))
    return torch.stack(path)


assert torch.allclose(descend(X, y, 0.1, 5000)[-1], theta, atol=1e-6)
assert torch.allclose(gd_limit(X, y), theta)

# %% [markdown]
# Descent on all eight points ends at $\theta^*$, the very model of this notebook. It has to:
# $\theta^*$ was made as a combination of the eight inputs, it interpolates, and only one vector
# does both.

# %% [markdown]
# ### In the plane
#
# One retained point, one forget point, two parameters. **Predict, then run.** Each point allows a
# line of parameters that fit it. Where does descent on both points end, and where does descent on
# the retain point alone?

# %%
pair = torch.tensor([[1.0, 0.5], [0.25, 1.0]]).double()
goals = torch.tensor([1.0, 1.25]).double()
both, alone = descend(pair, goals, 0.3, 300), descend(pair[:1], goals[:1], 0.3, 300)

# %%
line = lambda start, end: tuple(torch.stack([start, end]).T)
curves = {}
for name, x, goal in zip(("retain", "forget"), pair, goals):
    foot, along = goal * x / (x @ x), torch.stack([-x[1], x[0]])
    curves[f"fits the {name} point"] = line(foot - 3 * along, foot + 3 * along)
    curves[f"{name} input"] = line(0 * x, x)
curves["leaked"] = line(alone[-1], both[-1])
curves |= {"θ*": tuple(both.T), "unlearned": tuple(alone.T)}

# %%
ch.draw(
    "descent_plane",
    curves,
    finding="Descent on the retain point alone ends on the retain input's own direction, at the "
    "projection of θ*; the difference is perpendicular to it",
)


# %% [markdown]
# Descent on the retain point alone can only move along the retain input, and stops where that ray
# meets the line of retain interpolators. Descent on both points also used the forget input, and
# ends elsewhere on the same line. The green step between them is what the forget point left behind.
#
# It is perpendicular to the retain input. So the retained prediction does not feel it, and so the
# retain loss cannot see it.

# %% [markdown]
# ### The leaked part, derived
#
# Split $\theta^* = \sum_{i \in D} a_i x_i$ into retained and forgotten terms, and let $P_\perp$
# project onto the vectors orthogonal to every retained input. It takes each retained $x_i$ to 0, so
#
# $$P_\perp \theta^* = \sum_{i \in D_f} a_i\, P_\perp x_i .$$
#
# **Direction.** With one forgotten point this is a multiple of $P_\perp x_f$: the part of the
# forgotten input that the retained ones cannot explain, up to a factor.
#
# **Length.** Take the inner product with $x_f$. On the right it is $a_f \|P_\perp x_f\|^2$. On the
# left it is $\langle \theta^* - P_{S_r} \theta^*, x_f \rangle$, where $P_{S_r} = I - P_\perp$. So
#
# $$a_f = \frac{y_f - \langle P_{S_r} \theta^*, x_f \rangle}{\|P_\perp x_f\|^2} .$$
#
# **What is left without it.** $P_{S_r}\theta^*$ makes the same predictions on $D_r$ as $\theta^*$,
# since $P_\perp \theta^*$ is orthogonal to those inputs: it interpolates $D_r$. And it lies in
# their span. The only vector that does both is $\theta_r$. So $P_{S_r} \theta^* = \theta_r$ (the
# paper's Theorem 2; notebook 02 reaches it from the linearised problem), and the leak is nil only
# when the retained data alone already predict $y_f$.

# %% [markdown]
# ### Exercise 3 · The leaked component
#
# Return $P_\perp \theta$, the part of $\theta$ orthogonal to every retained input.


# %%
def leaked_component(theta, X_retain):
    """The part of theta orthogonal to every retained input: what these cannot have put there.

    theta: (d,). X_retain: (n, d), any rank, n may be 0 or exceed d. Returns (d,).
    """
    raise NotImplementedError


leaked_component = ch.check("leaked_component", leaked_component)

# %%
ch.hints("leaked_component")

# %%
assert torch.allclose(
    theta - leaked_component(theta, X_r), unlearned
)  # P_S theta* is the minimum-norm interpolator
leak = leaked_component(theta, X[:7])  # forget the last point only
outside = leaked_component(X[7], X[:7])
a_f = (y[7] - X[7] @ (theta - leak)) / outside.norm() ** 2
assert torch.allclose(leak, coefficients[7] * outside) and torch.isclose(a_f, coefficients[7])
print(f"coefficient of the forgotten input, read off theta*: {a_f:.3f}")

# %% [markdown]
# ### In space
#
# Two retained inputs span a plane. The original stands out of it, and its foot is the unlearned
# model. Compare the two green segments: the leaked part, and the part of the forget input that
# stands out.

# %%
triple = torch.tensor([[1.0, 0.2, 0.1], [0.2, 1.0, 0.2], [0.7, -0.2, 0.9]]).double()
theta_3 = gd_limit(triple, triple @ triple.T @ torch.tensor([0.6, 0.9, 1.4]).double())
leak_3, out_3 = leaked_component(theta_3, triple[:2]), leaked_component(triple[2], triple[:2])
zero = torch.zeros(3)
vectors = {
    "retain inputs, and their span": (triple[0], zero, triple[1]),
    "leaked": (theta_3 - leak_3, theta_3),
    "out of the span": (triple[2] - out_3, triple[2]),
    "forget input": (zero, triple[2]),
    "θ*": (zero, theta_3),
    "unlearned model": (zero, theta_3 - leak_3),
}

# %%
ch.pictures.leak_space(
    triple[:2],
    vectors,
    finding="The part of θ* that stands out of the plane is parallel to that of the forget input, "
    "and the unlearned model is the foot in the plane",
)

# %%
print(f"cosine between them: {torch.cosine_similarity(leak_3, out_3, dim=0):.3f}")


# %% [markdown]
# ## 6 · An attack in two lines
#
# Someone holds the retain set and gets a model that is said to have forgotten one point. For a
# candidate input they compare two directions: the leaked component of the model, and the
# candidate's part outside the retain span.


# %%
def suspicion(theta, candidate, X_retain):
    """|cosine| between what the model leaks and what the candidate would have left."""
    leak, trace = leaked_component(theta, X_retain), leaked_component(candidate, X_retain)
    return torch.cosine_similarity(leak, trace, dim=0).abs()


others = (
    torch.randint(-2, 3, (300, 20), generator=draw).double() / 2
)  # drawn like the data, never trained on
one_point = regression_task(X, y, 7)
released = {"original": theta}
for method in (ul.GD(lr=1e-3), ul.GA(lr=1e-3), ul.NGD(lr=1e-2)):
    released[f"{method.name}, 100 epochs"] = (
        ul.unlearn(one_point, method, epochs=100).model.weight[0].detach()
    )
released["projection off the span"] = theta - leaked_component(theta, X[:7])


# %% [markdown]
# **Predict, then run.** For each released model: can you tell the forgotten input from 300 others?
# The methods run as practice runs them, AdamW and weight decay included.


# %%
def scores(model):
    """Of the 300 others and, last, of the forgotten input; NaN where no leak is left."""
    if leaked_component(model, X[:7]).norm() < 1e-9:
        return torch.full((301,), torch.nan)
    return torch.stack([suspicion(model, candidate, X[:7]) for candidate in (*others, X[7])])


cosines = torch.stack([scores(model) for model in released.values()])
by_model = dict(zip(released, cosines))
empty = {name: f"{name}:\nno leak is left to compare" for name in released}

# %%
ch.draw(
    "suspicions",
    {
        "inputs never trained on": ch.dots(cosines[:, :-1], spread=0.22),
        "the forget input": ch.dots(cosines[:, -1]),
    },
    rows=[empty[name] if own.isnan().all() else name for name, own in by_model.items()],
    finding="The forget input scores above every other candidate in the original and after GD, GA "
    "and NGD; no leaked component is left after the projection",
)

# %% [markdown]
# The original, GD, GA and NGD all give the forgotten input away: its direction stands in the leaked
# component, and nothing these methods do takes it out. GD's 100 epochs changed nothing that
# matters. GA moved nearly along the forgotten input: that changes the length of the leak and hardly
# its direction, and the retained predictions with it. NGD blurred it a little.
#
# The last model has no leaked component. It is $P_{S_r}\theta^* = \theta_r$, which could have been
# trained without the point.
#
# Where this stops: the attacker here knows the whole retain set, and the model is linear. With
# several forgotten points the leak is a mixture of theirs, so the attacker tests a subspace instead
# of a line. A network leaks in the same way only to first order; notebook 02 measures how far that
# carries.

# %%
for name in ("original", "GD, 100 epochs", "GA, 100 epochs", "NGD, 100 epochs"):
    assert by_model[name][-1] > by_model[name][:-1].max(), name
after_ga = released["GA, 100 epochs"]
assert leaked_component(after_ga, X[:7]).norm() < 0.9 * leak.norm()
assert by_model["GA, 100 epochs"][-1] > 0.99
assert (X[:7] @ after_ga - y[:7]).abs().max() > 0.1
assert by_model["original"][-1] > 0.999999
assert by_model["projection off the span"].isnan().all()
assert torch.allclose(released["projection off the span"], gd_limit(X[:7], y[:7]))

# %% [markdown]
# ## 7 · What does not vanish
#
# At interpolation every loss gradient is $0 \cdot \nabla_\theta f(\theta^*, x_i)$. The loss
# destroys the second factor, which you measured and found as large as ever: the gradient of the
# **output**.
#
# For a linear model $\nabla_\theta f(\theta, x_i) = x_i$. The projection that unlearned exactly
# used nothing else: $P_\perp$ is built from the retained inputs, that is, from the retained output
# gradients. They tell which directions the retained predictions feel, and so which ones are free to
# be cleaned.
#
# The next notebook, [02, the relaxed problem](02_the_relaxed_problem.ipynb), builds on them for
# models that are not linear.

# %% [markdown]
# ## What was verified
#
# Asserts in this notebook, all of which ran:
# - the original interpolates, and so minimises the retain loss; the retain loss is 0 along a whole
#   line of models, and the shortest is $\theta_r$;
# - with 3 parameters a Newton step on the retain loss equals retraining; retain and forget
#   gradients balance;
# - loss gradients: exactly 0 at exact interpolation, below $10^{-11}$ for the interpolating
#   network, above $.1$ for the two models that do not interpolate; output gradients above $.5$ for
#   all;
# - Definition 1 gives $\theta^* + \xi$, to the bit, for all 28 forget sets of two points, with
#   random $P_r, P_f$;
# - GD and GA stay at exact interpolation, under plain steps and under AdamW without weight decay;
#   almost at interpolation, ascent grows at the derived rate and NGD keeps its mean;
# - descent from 0 ends at `gd_limit`; $P_{S_r} \theta^*$ is the minimum-norm interpolator of $D_r$;
#   the leak is $a_f P_\perp x_f$;
# - the forgotten input scores above 300 others in the original and after GD, GA and NGD; after the
#   projection there is nothing to score.
#
# ## References
#
# - J. L. Block, A. Mokhtari, S. Shakkottai. *Machine Unlearning under Overparameterization.*
#   NeurIPS 2025, [arXiv 2505.22601](https://arxiv.org/abs/2505.22601): problem (2) and (4),
#   Definition 1, Theorems 1 and 2, Appendix C.
# - C. Guo, T. Goldstein, A. Hannun, L. van der Maaten. *Certified Data Removal from Machine
#   Learning Models.* ICML 2020, [arXiv 1911.03030](https://arxiv.org/abs/1911.03030): a Newton
#   step, with a guarantee.
# - A. Sekhari, J. Acharya, G. Kamath, A. T. Suresh. *Remember What You Want to Forget.* NeurIPS
#   2021, [arXiv 2103.03279](https://arxiv.org/abs/2103.03279): the same idea for a population loss.
# - I. Loshchilov, F. Hutter. *Decoupled Weight Decay Regularization.* ICLR 2019, [arXiv
#   1711.05101](https://arxiv.org/abs/1711.05101): AdamW.
