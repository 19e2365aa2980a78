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
# - read the forgotten input off the parameters of a model that was supposed to have lost it.
#
# **You need** gradients and the chain rule, orthogonal projection, eigenvalues, and enough PyTorch
# to read a matrix product. Paper A below is *Machine Unlearning under Overparameterization* (Block,
# Mokhtari, Shakkottai, 2025); numbers in parentheses are its own.
#
# **Time.** About 55 minutes with the four exercises, and 10 for the appendix. Running everything
# takes well under a minute on a CPU; there is no use for a GPU.
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
# ## 1 · The curve, and the obvious remedies
#
# This is the curve of notebook 00: fifty points of a sine to keep, five wrong points to forget. Two
# remedies come to mind. **Descend** on the loss of the points that stay (*GD*), so that the wrong
# ones are washed out. Or **ascend** on the loss of the points that go (*GA*).
#
# **Predict, then run.** Which of them takes the curve off the crosses? Which leaves it on the dots?
#
# *Your prediction:* ...

# %% tags=["nbval-ignore-output"]
poisoned, wide = ul.sine.task(seed=1), ul.data.sine.grid()
best = ul.sine.best_settings(100)  # the paper's settings for 100 epochs
models = {"original": poisoned.original}
models |= {name: ul.unlearn(poisoned, best[name], epochs=100).model for name in ("GD", "GA")}

errors = {name: ul.sine.errors(poisoned, model) for name, model in models.items()}
for name, found in errors.items():
    sup, retain, forget = (found[f"{m}_error"] for m in ("sup", "retain", "forget"))
    print(f"{name:9} largest error {sup:5.2f}   dots {retain:5.2f}   crosses {forget:5.2f}")
print("the function 0 has about 1.00, 0.7 and 0.7")

# %% tags=["nbval-ignore-output"]
before = {"sin x": wide.sin(), "original": poisoned.original(wide).detach()}
panels = {}
for name in ("GD", "GA"):
    title = f"{name}: error on the crosses {errors[name]['forget_error']:.2f}"
    panels[title] = before | {"unlearned": models[name](wide).detach()}
ch.fits(
    wide,
    panels,
    poisoned.retain.tensors,
    poisoned.forget.tensors,
    limit=4.2,
    finding="After GD the curve is nearly the original; after GA it has left the picture",
)

# %% [markdown]
# GD keeps the dots and keeps the peaks: nine tenths of the error on the crosses are left. GA leaves
# the crosses, and the dots as well. It is far worse than a model that answers 0 to everything.
#
# **The open question of this notebook:** is that bad luck with two methods, or can no method that
# follows these losses do better?

# %%
assert errors["GD"]["forget_error"] > 0.9 * errors["original"]["forget_error"]
assert errors["GD"]["retain_error"] < errors["original"]["retain_error"]
assert min(errors["GA"].values()) > 5

# %% [markdown]
# ## 2 · What to keep, what to forget
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
# The smallest case that has everything in it is a linear model
# $f(\theta, x) = \langle \theta, x \rangle$ with more parameters than points. Eight points, twenty
# parameters; the last two points form the forget set. All entries are small multiples of 1/16.
# Floating point stores such numbers, their products and their sums without rounding. So whatever is
# zero in the mathematics is exactly zero here, and you can test with `==`.

# %%
draw = torch.Generator().manual_seed(0)
X = torch.randint(-2, 3, (8, 20), generator=draw).double() / 2
coefficients = torch.tensor([2, -1, 1, -2, 1, 2, 3, -3]).double() / 4
theta = X.T @ coefficients  # the original model, theta*
y = X @ theta  # targets it fits exactly
X_r, y_r, X_f, y_f = X[:6], y[:6], X[6:], y[6:]
print(f"{len(X)} points, {len(theta)} parameters, rank {torch.linalg.matrix_rank(X).item()}")


# %% [markdown]
# When $f(\theta^*, x_i) = y_i$ for every training point, $\theta^*$ **interpolates** $D$. This one
# does, by construction.
#
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
# ## 3 · Fitting the retain set does not define the answer
#
# It is tempting to ask for any minimiser of the retain loss $J(\cdot\,; D_r)$. But $\theta^*$
# interpolates all of $D$, so it interpolates the part $D_r$ too: it is already a minimiser. A
# definition that accepts the original model as its own unlearned version defines nothing.
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
# If $R$ does not depend on $D_f$, and there is only one minimiser, then the answer to (2) does not
# depend on $D_f$: nothing in the problem mentions it. Both conditions are needed. With
# $R(\theta) = \lVert\theta - \theta^*\rVert$ the answer is the original itself.
#
# **The shortest vector.** Take $R(\theta) = \|\theta\|_2$. Every $\theta$ splits into
# $\theta = X_r^\top a + v$, a combination of the retained inputs plus a part $v$ orthogonal to all
# of them ($X_r v = 0$). Predictions on $D_r$ do not see $v$, and
# $\|\theta\|^2 = \|X_r^\top a\|^2 + \|v\|^2$. Fitting fixes $a$, and $v = 0$ makes the vector
# shortest. With independent rows
#
# $$\theta_r = X_r^\top (X_r X_r^\top)^{-1} y_r .$$
#
# **Predict, then run.** Walk in a straight line from $\theta_r$ (share $s = 0$) to $\theta^*$
# ($s = 1$) and a little further on both sides. How do the retain loss, the forget loss and the
# length of $\theta$ change?
#
# *Your prediction:* ...


# %%
def mean_squared(theta, X, y):
    return (X @ theta - y).square().mean().item()


def min_norm(X, y):
    return X.T @ torch.linalg.solve(X @ X.T, y)


unlearned = min_norm(X_r, y_r)
share = torch.linspace(-0.5, 1.5, 41).double()
line = unlearned + share[:, None] * (theta - unlearned)
losses = [[mean_squared(point, *data) for point in line] for data in ((X_r, y_r), (X_f, y_f))]
length = line.norm(dim=1)
assert max(losses[0]) < 1e-25 and length.argmin() == share.abs().argmin()

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
# *Left, both losses along the line; right, the length of $\theta$.* The whole line lies in the set
# of minimisers of the retain loss. It cannot tell the model that never saw $D_f$ from the one that
# fits it, nor say which way from one to the other. The length can.
#
# ### The same in a network
#
# `ul.curve.task()` holds a small relative of it: a network 1-24-24-1, 673 parameters in float64.
# It was trained on nine points of a sine and one poisoned point at height 1.5, and then finished
# until it fits all ten up to rounding.
#
# Here is another minimiser of its retain loss: keep the two hidden layers, and give the last layer
# the shortest weights that fit the nine retained points.

# %%
curve = ul.curve.task(seed=1)
(x_keep, y_keep), (x_drop, y_drop) = curve.retain.tensors, curve.forget.tensors
other = copy.deepcopy(curve.original)
with torch.no_grad():
    hidden = other[:-1](x_keep)  # everything below the last layer
    features = torch.cat([hidden, torch.ones(len(hidden), 1)], 1)  # the last column meets the bias
    last = min_norm(features, y_keep[:, 0])
    other[-1].weight[0], other[-1].bias[0] = last[:-1], last[-1]
    residuals = [(model(x_keep) - y_keep).abs().max() for model in (curve.original, other)]
assert max(residuals) < 1e-9 and other(x_drop).item() < 0

# %%
x = ul.curve.grid()
curves = {"sin x": x.sin(), "original": curve.original(x).detach()}
title = "Both networks fit all nine retain points (dots) exactly"
ch.fits(
    x,
    {title: curves | {"other minimiser": other(x).detach()}},
    (x_keep, y_keep),
    (x_drop, y_drop),
    finding="Only the original climbs to the forget point",
)

# %% [markdown]
# One network passes through the poisoned point, the other stays more than 1.5 below it. The retain
# loss is 0 for both. A bump is left: the hidden layers that the two networks share were trained on
# the poisoned point. So this minimiser is not the answer either.
#
# ## 4 · Methods that follow the loss
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
# | a Newton step, where the inverse exists | $(\nabla^2 J(\theta^*; D_r))^{-1}$ | 0 | 0 |
#
# What is not in this form: a penalty on the parameters (Ridge, $\ell_1$), a pull towards another
# model's outputs (KL methods), new labels for $D_f$. Their gradients need not vanish at $\theta^*$,
# and Theorem 1 below does not speak of them.

# %% [markdown]
# ### When it works
#
# The form is no straw man. Keep only three of the twenty input features. Now there are more points
# (8) than parameters (3), no $\theta$ fits all of them, and the original is the least-squares
# solution. The retain loss is a parabola, so one Newton step from anywhere lands on its minimiser:
# with $H = \frac{2}{n_r} X_r^\top X_r$,
#
# $$\theta^* - H^{-1} \nabla J(\theta^*; D_r)
# = \theta^* - H^{-1} \cdot \tfrac{2}{n_r} X_r^\top (X_r \theta^* - y_r)
# = (X_r^\top X_r)^{-1} X_r^\top y_r ,$$
#
# which is what retraining on $D_r$ gives. One loss gradient, and $D_f$ is gone without a trace
# (Newton steps are how [Guo et al.](https://arxiv.org/abs/1911.03030) and [Sekhari et
# al.](https://arxiv.org/abs/2103.03279) unlearn). With 20 parameters and 6 points $H$ has rank 6
# and no inverse.
#
# Why does the gradient know the answer here? At the least-squares solution the gradient over all of
# $D$ is zero, and it is the weighted sum of two parts: $n_r \nabla J(\theta^*; D_r) + n_f \nabla
# J(\theta^*; D_f) = 0$. The two pull against each other with equal force. Remove one, and the other
# moves the model.

# %%
few = X[:, :3]
original_few = torch.linalg.lstsq(few, y).solution
gradient = loss_gradient(original_few, few[:6], y_r)
hessian = 2 / 6 * few[:6].T @ few[:6]
after_newton = original_few - torch.linalg.solve(hessian, gradient)
retrained_few = torch.linalg.lstsq(few[:6], y_r).solution
assert torch.allclose(after_newton, retrained_few)
before, after = ((few - retrained_few).norm() for few in (original_few, after_newton))
print(f"distance to the retrained model: {before:.3g}, after one Newton step {after:.2f}")

pull_retain, pull_forget = 6 * gradient, 2 * loss_gradient(original_few, few[6:], y_f)
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
# No preconditioner helps: it multiplies a zero. And if the law of the noise does not depend on
# $D_f$ either, the output has the same distribution whatever $D_f$ is. That is Theorem 1.
#
# **Note what the argument does not say.** The second factor, $\nabla_\theta f(\theta^*, x_i)$, is
# not zero. It is multiplied by zero.
#
# **Predict, then run.** Four models: least squares with 3 parameters; the regression with 20; the
# small interpolating network; and the network of the curve, trained for 100,000 epochs of AdamW.
# For which are the loss gradients zero? For which the output gradients?
#
# *Your prediction:* ...


# %%
def network_norms(task):
    """Lengths of the loss gradients, and the mean length of the output gradients."""
    norms, parameters = {}, tuple(task.original.parameters())
    for name, data in (("retain", task.retain), ("forget", task.forget)):
        inputs, targets = data.tensors
        loss = torch.nn.functional.mse_loss(task.original(inputs), targets)
        parts = torch.autograd.grad(loss, parameters)
        norms[name] = torch.cat([g.flatten() for g in parts]).norm()
    rows = ul.output_gradients(task.original, task.retain.tensors[0])
    return norms | {"output": rows.norm(dim=1).mean()}


# %%
def linear_norms(theta, X, y):
    """For a linear model the output gradient is the input: the gradient of <theta, x> is x."""
    parts = {"retain": (X[:6], y[:6]), "forget": (X[6:], y[6:])}
    norms = {name: loss_gradient(theta, *part).norm() for name, part in parts.items()}
    return norms | {"output": X[:6].norm(dim=1).mean()}


norms = {
    "regression, 3 parameters": linear_norms(original_few, few, y),
    "regression, 20 parameters": linear_norms(theta, X, y),
    "small network": network_norms(curve),
    "the curve's network": network_norms(poisoned),
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
    "the small network, and for no other model; output gradients are large for every model",
)

# %% [markdown]
# *Every gradient's length, on a logarithmic axis.* Theorem 1 holds where its assumption does: both
# loss gradients are exactly 0 for the 20-parameter regression, and rounding for the small network.
# The output gradients have their usual size everywhere.
#
# The curve's network is a warning. Its retain loss is 0.02, and its loss gradients are not zero: a
# small loss is not interpolation. So GD can move it a little, and the theorem does not apply to the
# letter. It moved only a little in section 1.
#
# With cross-entropy nothing interpolates exactly, since the loss falls on for ever as the logits
# grow. Its gradients become small, not zero.
#
# Theorem 1 speaks of every split and every $P_r, P_f$. Try all 28 ways to choose two points to
# forget, with random positive semidefinite matrices each time.

# %%
for name in ("retain", "forget"):
    assert norms["regression, 20 parameters"][name] == 0 and norms["small network"][name] < 1e-11
    assert (
        norms["regression, 3 parameters"][name] > 0.1 and norms["the curve's network"][name] > 0.1
    )
assert min(each["output"] for each in norms.values()) > 0.5

noise = torch.randn(20, generator=draw).double()
for gone in combinations(range(8), 2):
    keep = [i for i in range(8) if i not in gone]
    A, B = torch.randn(2, 20, 20, generator=draw).double()
    down = A @ A.T @ loss_gradient(theta, X[keep], y[keep])
    up = B @ B.T @ loss_gradient(theta, X[list(gone)], y[list(gone)])
    assert torch.equal(theta - down + up + noise, theta + noise)

# %% [markdown]
# The noise does not know either. Name the first two training points A and B, and forget A in one
# experiment, B in the other. Each time, 400 noisy outputs of Definition 1, and the prediction of
# the model that never saw the point.
#
# **Predict, then run.** Which of the two clouds has moved towards its own unlearned model?
#
# *Your prediction:* ...

# %%
clouds, spread = [], 0.05**2 * X[:2] @ X[:2].T
for forgotten in (0, 1):
    keep = [i for i in range(8) if i != forgotten]
    step = loss_gradient(theta, X[keep], y[keep])
    cloud = theta - 0.1 * step + 0.05 * torch.randn(400, 20, generator=draw).double()
    models = {"original + noise": cloud, "original": theta, "unlearned": min_norm(X[keep], y[keep])}
    clouds.append({name: tuple(X[:2] @ torch.atleast_2d(m).T) for name, m in models.items()})
    seen, goal = cloud @ X[:2].T, X[:2] @ models["unlearned"]
    assert ((seen.mean(0) - y[:2]).abs() < 4 * (spread.diagonal() / 400).sqrt()).all()
    assert (goal - y[:2]).norm() > 3 * spread.max().sqrt()

# %%
ch.draw(
    "noise_clouds",
    *clouds,
    finding="The same cloud whichever point is to be forgotten, while the unlearned model lies in "
    "a different place each time, outside the cloud",
)

# %% [markdown]
# *Predictions on A and B: a dot is one noisy output, the square the original, the star the model
# that never saw the point.* Neither. Both clouds are draws from $\mathcal N(\theta^*, .05^2 I)$,
# seen through the inputs of A and B. Noise does blur the memory of a point, and the memory of every
# other point just as much.
#
# ### Many steps
#
# Real methods take many steps. From exact interpolation that changes nothing for GD and GA: after a
# step that does not move, the next does not move either. But what of a model that interpolates only
# almost? Write $e = \theta - \theta^*$. The forget residuals are $X_f e$, so a step of ascent is
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
# noise has mean zero, so the **average** of $e_k$ stays 0 for ever. In each of the $d - n_r = 14$
# directions that the retained points do not see nothing pulls back, variances add, and $\|e_k\|$
# grows like $\eta \sigma \sqrt{14 k}$.
#
# **Predict, then run.** Where does each method stand after 200 steps: descent and ascent from a
# millionth off $\theta^*$, ascent from a million-millionth off, and the mean of 200 noisy walkers?
#
# *Your prediction:* ...

# %%
eta, steps, sigma = 0.005, 200, 0.1
mu, directions = torch.linalg.eigh(X_f.T @ X_f)
top = directions[:, -1]
up = {name: [theta + size * top] for name, size in (("GA", 1e-6), ("GA from nearer", 1e-12))}
down, walkers, wander = [theta + 1e-6 * top], theta.repeat(200, 1), []
for _ in range(steps):
    for path in up.values():
        path.append(path[-1] + eta * loss_gradient(path[-1], X_f, y_f))
    down.append(down[-1] - eta * loss_gradient(down[-1], X_r, y_r))
    pull = 2 / len(X_r) * (walkers @ X_r.T - y_r) @ X_r
    walkers = walkers - eta * (pull + sigma * torch.randn(200, 20, generator=draw).double())
    wander.append((walkers - theta).norm(dim=1).mean())
still = theta - eta * loss_gradient(theta, X_r, y_r) + eta * loss_gradient(theta, X_f, y_f)
assert torch.equal(still, theta)

# %%
number = torch.arange(1, steps + 1)
growth = (1 + 2 * eta * mu[-1] / len(X_f)) ** number
far = lambda path: (torch.stack(path[1:]) - theta).norm(dim=1)
measured = {name: far(path) for name, path in up.items()}
measured |= {"NGD": torch.stack(wander), "GD": far(down)}
predicted = {"GA": 1e-6 * growth, "GA from nearer": 1e-12 * growth}
predicted["NGD"] = eta * sigma * (14 * number.double()) ** 0.5
for name in predicted:
    assert (measured[name] / predicted[name] - 1).abs()[-1] < 0.15
assert measured["GD"][-1] < 1e-6 and (theta - unlearned).norm() > 1
assert (walkers.mean(0) - theta).norm() < 3 * wander[-1] / 200**0.5

# %%
ch.graph(
    number,
    measured | {f"predicted, {name}": (number[12::25], v[12::25]) for name, v in predicted.items()},
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
# average stays where it was. GD and NGD read nothing of $D_f$. GA moves within the span of the
# forget inputs, but which way along them, and how soon it gets far, comes from the first push.
#
# ## 5 · What the parameters still tell
#
# Staying at $\theta^*$ would be harmless if $\theta^*$ said nothing about $D_f$. It says a lot (the
# paper's Appendix C). Run gradient descent on least squares from $\theta_0 = 0$:
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
# only minimiser in the span.
#
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


# %% [markdown]
# Descent on all eight points ends at $\theta^*$, the very model of this notebook. It has to:
# $\theta^*$ was made as a combination of the eight inputs, it interpolates, and only one vector
# does both.
#
# Now look at it in the plane: one retained point, one forget point, two parameters. **Predict, then
# run.** Each point allows a line of parameters that fit it. Where does descent on both points end,
# and where does descent on the retain point alone?
#
# *Your prediction:* ...


# %%
def descend(X, y, eta, steps):
    """Gradient descent from 0; every iterate, (steps + 1, d)."""
    path = [torch.zeros(X.shape[1]).double()]
    for _ in range(steps):
        path.append(path[-1] - eta * loss_gradient(path[-1], X, y))
    return torch.stack(path)


assert torch.allclose(descend(X, y, 0.1, 5000)[-1], theta, atol=1e-6)
assert torch.allclose(gd_limit(X, y), theta)
pair, goals = torch.tensor([[1.0, 0.5], [0.25, 1.0]]).double(), torch.tensor([1.0, 1.25]).double()
both, alone = descend(pair, goals, 0.3, 300), descend(pair[:1], goals[:1], 0.3, 300)

# %%
line = lambda start, end: tuple(torch.stack([start, end]).T)
curves = {}
for name, point, goal in zip(("retain", "forget"), pair, goals):
    foot, along = goal * point / (point @ point), torch.stack([-point[1], point[0]])
    curves[f"fits the {name} point"] = line(foot - 3 * along, foot + 3 * along)
    curves[f"{name} input"] = line(0 * point, point)
curves["leaked"] = line(alone[-1], both[-1])
ch.draw(
    "descent_plane",
    curves | {"θ*": tuple(both.T), "unlearned": tuple(alone.T)},
    finding="Descent on the retain point alone ends on the retain input's own direction, at the "
    "projection of θ*; the difference is perpendicular to it",
)


# %% [markdown]
# Descent on the retain point alone can only move along the retain input, and stops where that ray
# meets the line of retain interpolators. Descent on both points also used the forget input, and
# ends elsewhere on the same line. The green step between them is what the forget point left behind.
# It is perpendicular to the retain input. So the retained prediction does not feel it, and the
# retain loss cannot see it.
#
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
# paper's Theorem 2), and with one forgotten point the leak is nil only when the retained data alone
# already predict $y_f$.
#
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


# %% [markdown]
# ### Exercise 4 · The attack
#
# Someone holds the retain set and gets a model that is said to have forgotten one point. They have
# a list of candidates for that point. Write their attack: a score for every candidate that is 1 if
# the model's leaked component points along what that candidate would have left, and 0 if it is
# orthogonal to it, or if the candidate would have left nothing.


# %%
def suspicions(theta, X_retain, candidates):
    """theta: (d,). X_retain: (n, d). candidates: (m, d), one input per row.

    Returns (m,): for every candidate |cosine| between what the model leaks and what the candidate
    would have left; 0 where the candidate lies in the span of the retained inputs.
    """
    raise NotImplementedError


suspicions = ch.check("suspicions", suspicions)

# %%
ch.hints("suspicions")


# %% [markdown]
# Run it on models that were "unlearned" by the methods of this notebook, as practice runs them,
# with AdamW and its weight decay, and on the projection. **Predict, then run.** For which can you
# tell the forgotten input from 300 others?
#
# *Your prediction:* ...


# %%
def as_model(theta):
    model = torch.nn.Linear(len(theta), 1, bias=False, dtype=theta.dtype)
    model.weight.data[0] = theta
    return model


def regression_task(X, y, n_retain):
    parts = slice(n_retain), slice(n_retain, None)
    retain, forget = (TensorDataset(X[part], y[part, None]) for part in parts)
    goal = min_norm(X[:n_retain], y[:n_retain])
    build = lambda seed: as_model(torch.zeros(20).double())
    evaluate = lambda model: {"to_goal": (model.weight[0] - goal).norm().item()}
    given = as_model(theta), as_model(goal), retain, forget, build, evaluate
    return ul.Task("regression", "regression", 0, *given)


# %%
others = torch.randint(-2, 3, (300, 20), generator=draw).double() / 2  # drawn like the data
released = {"original": theta}
for method in (ul.GD(lr=1e-3), ul.GA(lr=1e-3), ul.NGD(lr=1e-2)):
    run = ul.unlearn(regression_task(X, y, 7), method, epochs=100)
    released[f"{method.name}, 100 epochs"] = run.model.weight[0].detach()
released["projection off the span"] = theta - leaked_component(theta, X[:7])

cosines = {}
for name, model in released.items():
    if leaked_component(model, X[:7]).norm() < 1e-9:
        name, found = f"{name}:\nno leak is left to compare", torch.full((301,), torch.nan)
    else:
        found = suspicions(model, X[:7], torch.cat([others, X[7:]]))
    cosines[name] = found

# %%
table = torch.stack(list(cosines.values()))
ch.draw(
    "suspicions",
    {
        "inputs never trained on": ch.dots(table[:, :-1], spread=0.22),
        "the forget input": ch.dots(table[:, -1]),
    },
    rows=list(cosines),
    finding="The forget input scores above every other candidate in the original and after GD, GA "
    "and NGD; no leaked component is left after the projection",
)

# %% [markdown]
# *A row is a released model, a dot a candidate.* The original, GD, GA and NGD all give the
# forgotten input away. GD's 100 epochs hardly moved the model. GA moved nearly along the forgotten
# input: that changes the length of the leak and hardly its direction, and the retained predictions
# with it. NGD blurred it a little. The last model has no leaked component: it is
# $P_{S_r}\theta^* = \theta_r$, which could have been trained without the point.
#
# Where this stops: the attacker here knows the whole retain set, and the model is linear. With
# several forgotten points the leak is a mixture of theirs.
#
# **An open question.** What would this attack be for the curve's network, whose rows
# $\nabla_\theta f(\theta, x_i)$ change as $\theta$ moves? Write down what you would compare with
# what.
#
# *Your answer:* ...

# %%
for own in table[:4]:
    assert own[-1] > own[:-1].max()
after_ga, leak = released["GA, 100 epochs"], leaked_component(theta, X[:7])
assert leaked_component(after_ga, X[:7]).norm() < 0.9 * leak.norm() and table[2, -1] > 0.99
assert (X[:7] @ after_ga - y[:7]).abs().max() > 0.1 and table[0, -1] > 0.999999
assert torch.allclose(released["projection off the span"], gd_limit(X[:7], y[:7]))

# the coefficient of the forgotten input, read off theta*
part = leaked_component(X[7], X[:7])
a_f = (y[7] - X[7] @ (theta - leak)) / part.norm() ** 2
assert torch.allclose(leak, coefficients[7] * part) and torch.isclose(a_f, coefficients[7])
assert torch.allclose(theta - leaked_component(theta, X_r), unlearned)


# %% [markdown]
# ## 6 · What does not vanish
#
# At interpolation every loss gradient is $0 \cdot \nabla_\theta f(\theta^*, x_i)$. The second
# factor is as large as ever: the gradient of the **output**. For a linear model it is $x_i$, and
# the projection that unlearned exactly used nothing else: $P_\perp$ is built from the retained
# inputs, that is, from the retained output gradients.
#
# So the answer to the opening question is: **at a model that interpolates exactly, a method of
# Definition 1 cannot tell one forget set from another, because it reads zeros.** The curve's
# network interpolates only almost. There the two methods of section 1 did move: GD repaired the
# dots and left the peaks, and GA ruined the curve. The next notebook, [02, the relaxed
# problem](02_the_relaxed_problem.ipynb), takes the factor that does not vanish.

# %% [markdown]
# ## Appendix · What AdamW adds
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
#   far below is still multiplied by $10^{8}$. So a gradient that is nothing but rounding error can
#   become a step.
#
# **Predict, then run.** First the exact regression, then the small network, every parameter moved
# by about $10^{-12}$ so that its residuals are the same on every machine. GD and GA with
# `weight_decay=0` and with AdamW's default .01. Which runs move at all?
#
# *Your prediction:* ...


# %%
def drift_under(task, method):
    """100 epochs of `method`: the run, and after each the distance from theta* / its length."""
    flat = lambda model: torch.cat([p.detach().flatten() for p in model.parameters()])
    start, drift = flat(task.original), []
    note = lambda run: drift.append((flat(run.model) - start).norm() / start.norm())
    return ul.unlearn(task, method, epochs=100, callback=note), torch.stack(drift)


nudged, generator = copy.deepcopy(curve.original), torch.Generator().manual_seed(0)
with torch.no_grad():
    for p in nudged.parameters():
        p += 1e-12 * torch.randn(p.shape, generator=generator, dtype=p.dtype)
    assert 1e-14 < (nudged(x_keep) - y_keep).abs().max() < 1e-10
exact, almost = regression_task(X, y, 6), dataclasses.replace(curve, original=nudged)

# %%
runs = {
    (task.name, method, decay): drift_under(task, method(lr=1e-3, weight_decay=decay))
    for task in (exact, almost)
    for method in (ul.GD, ul.GA)
    for decay in (0, 0.01)
}
panels = {
    title: {"curves": {f"{m.name} (w = {w:g})": runs[name, m, w][1] for m in (ul.GD, ul.GA)}}
    for title, (name, w) in {
        "Regression, exact\n(w = 0: GD and GA stay at exactly 0)": ("regression", 0.01),
        "Network, exact up to 1e-12": ("curve", 0),
    }.items()
}

# %%
ch.graph(
    torch.arange(1, 101),
    panels=panels,
    log="y",
    subplots={"sharey": True},
    xlabel="epoch (one AdamW update)",
    ylabel="distance from θ* / length of θ*",
    finding="Weight decay, or residuals of 1e-12, set both moving, and ascent does not stop",
)

# %% [markdown]
# Left: with $w = 0$ both stay exactly where they are, as Theorem 1 says. With $w = .01$, weight
# decay takes the first step. After it, the gradients point back to interpolation: GD follows them
# and hovers nearby, while GA moves away by about $\eta$ per entry and epoch.
#
# Right: no weight decay at all, and yet both move. Within a few epochs AdamW has turned residuals
# of $10^{-12}$ into steps of size $\eta$. GD then jitters around $\theta^*$: its largest error on
# the retained points is below $.001$. GA takes the network apart: there its largest error on the
# retained points is above 1.
#
# So when a loss-gradient method moves an interpolating model, ask what moved it first: weight
# decay, noise, or a residual that was not zero, be it by rounding. Which way GA goes then depends
# on that first small push.

# %%
for method in (ul.GD, ul.GA):
    run, drift = runs["regression", method, 0]
    assert torch.equal(run.model.weight[0], theta) and drift.max() == 0
    assert runs["curve", method, 0][1][-1] > 1e-4
error = {m: (runs["curve", m, 0][0].model(x_keep) - y_keep).abs().max() for m in (ul.GD, ul.GA)}
assert error[ul.GD] < 1e-3 and error[ul.GA] > 1
left = runs["regression", ul.GD, 0.01][0].metrics["to_goal"]
left /= exact.evaluate(exact.original)["to_goal"]
print(f"GD with decay, 100 epochs: {left:.3f} of the distance to the unlearned model is left")

# %% [markdown]
# ## What was verified
#
# Asserts in this notebook, all of which ran:
# - on the curve GD leaves more than nine tenths of the forget error, GA ruins the retain points;
# - the retain loss is 0 along a whole line of models, and the shortest is $\theta_r$;
# - with 3 parameters a Newton step on the retain loss equals retraining; retain and forget
#   gradients balance;
# - loss gradients: exactly 0 at exact interpolation, below $10^{-11}$ for the small network, above
#   $.1$ for the two models that do not interpolate; output gradients above $.5$ for all;
# - Definition 1 gives $\theta^* + \xi$, to the bit, for all 28 forget sets of two points, with
#   random $P_r, P_f$;
# - almost at interpolation, ascent grows at the derived rate and NGD keeps its mean;
# - descent from 0 ends at `gd_limit`; $P_{S_r} \theta^*$ is the minimum-norm interpolator of $D_r$;
#   the leak is $a_f P_\perp x_f$;
# - the forgotten input scores above 300 others in the original and after GD, GA and NGD; after the
#   projection there is nothing to score;
# - under AdamW without weight decay GD and GA stay at exact interpolation, to the bit.
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
