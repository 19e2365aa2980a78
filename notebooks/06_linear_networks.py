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
# # 06 · Linear networks
#
# **The question.** The poisoned curve, drawn by a linear network: a product of matrices. It is
# linear in its inputs, and not in its parameters. One long step along a tangent can then ruin a fit
# (notebook 02). Is there still one step that takes the poison out exactly?
#
# **You will be able to**
# - write down the gradient of a linear network with respect to every layer;
# - unlearn a network of any depth exactly, and prove it (Lemma 1, Theorem 3);
# - say why the relaxed problem needs a drift penalty, and build a step that solves it without one
#   and loses the fit;
# - derive the smallest parameters that compute a given function (Theorem 4);
# - prove that MinNorm-OG's step, where it stops on a network that fits, has found just these.
#
# **You need** notebook 02 up to its problem (7), orthogonal projection, and the product rule.
# [Notebook 05](05_linear_models.ipynb) treats one layer; here are $L$.
#
# **Time.** About 60 minutes with the five exercises. The code runs in under 30 seconds on one CPU
# core. No GPU is needed.
#
# **On a hosted notebook service**, upload the whole course and run `%pip install ..` in this
# notebook's folder before the first cell.
#
# **Where you are.** On the branch of theory: 05, 06, 07. Notebook 08 follows 04 and does not need
# it.
#
# "Paper A" is *Machine Unlearning under Overparameterization*; numbers in parentheses are its own.

# %%
import numpy as np
import torch
from scipy.optimize import least_squares, minimize

import unlearnlab as ul
from unlearnlab.chapters import ch06_linear_network as ch

net = ul.linear_network


# %% [markdown]
# ## The curve, and the question
#
# At the place $t$ the network reads an input $x$ of eight numbers: $\frac{\sin kt}{1 + k^2}$ and
# $\frac{\cos kt}{1 + k^2}$ for $k = 1, \dots, 4$. Hidden layers of 6 and 5 neurons make three
# matrices and 83 parameters. Three **retain points** lie on a sine, two **forget points** are lies.
#
# `trained` lets L-BFGS move all three matrices until all five points are fitted. `refit` removes
# the last digits of the error by the shortest change of the first matrix (section 3).


# %%
def inputs_at(t):
    """The inputs of the network at the places t (n,): (n, 8)."""
    k = torch.arange(1, 5).double()
    waves = t[:, None] * k
    return torch.cat([waves.sin() / (1 + k**2), waves.cos() / (1 + k**2)], 1)


def refit(layers, X, y):
    """The layers with the shortest change of A_1 after which they fit X (n, m), y (n,)."""
    v = net.upper(layers)
    off = torch.linalg.pinv(X) @ (y - X @ (layers[0].T @ v))
    return [layers[0] + torch.outer(v / v.square().sum(), off), *layers[1:]]


# %%
def trained(y, seed=7):
    """The layers of the network, fitted to the five points with the heights y (5,)."""
    layers = [a.requires_grad_() for a in net.random_network(8, widths=[6, 5], seed=seed)]
    optimizer = torch.optim.LBFGS(layers, max_iter=300, line_search_fn="strong_wolfe")

    def loss():
        optimizer.zero_grad()
        value = (X @ net.predictor(layers) - y).square().sum()
        value.backward()
        return value

    optimizer.step(loss)
    return refit([a.detach() for a in layers], X, y)


# %%
t_points = torch.tensor([-2.2, 0.5, 2.4, -0.9, 1.4]).double()
X, y = inputs_at(t_points), torch.cat([t_points[:3].sin(), torch.tensor([1.0, -0.6]).double()])
X_r, y_r, X_f, y_f = X[:3], y[:3], X[3:], y[3:]
layers = trained(y)
[tuple(a.shape) for a in layers], sum(a.numel() for a in layers)

# %%
t_grid = torch.linspace(-torch.pi, torch.pi, 401).double()
points = {"retain": (t_points[:3], y_r), "forget": (t_points[3:], y_f)}
sine = ch.style.LOOKS["sin x"] | {"label": "sin t"}


def curves(title, finding, **networks):
    """What the networks say at every place, over the points."""
    drawn = {name: inputs_at(t_grid) @ net.predictor(a) for name, a in networks.items()}
    drawn |= {"sin x": t_grid.sin()} | points
    words = {"xlabel": "place t", "ylabel": "f(θ, t)", "title": title, "finding": finding}
    return ch.graph(t_grid, drawn, looks={"sin x": sine}, key=5, **words)


# %%
curves(
    "Three matrices fit three points of a sine and two lies",
    "The curve passes through all five points, far from the sine at the forget points.",
    original=layers,
)


# %% [markdown]
# ## 1 · What the network computes
#
# An $L$-layer linear network has hidden layers $A_1, \dots, A_{L-1}$, a last row $c$, and no
# activation:
#
# $$f(\theta, x) = c\, A_{L-1} \cdots A_2 A_1\, x, \qquad \theta = (A_1, \dots, A_{L-1}, c).$$
#
# The shapes are $(h_1, m)$ for $A_1$, $(h_l, h_{l-1})$ for $A_l$ and $(1, h_{L-1})$ for $c$. In
# code a network is the list `[A_1, ..., A_{L-1}, c]`, in the order in which matrices meet the
# input.
#
# The product is a row $(1, m)$. Its transpose is the **predictor**:
#
# $$f(\theta, x) = \langle w(\theta), x\rangle,
# \qquad w(\theta) = \big(c\, A_{L-1} \cdots A_1\big)^\top = A_1^\top A_2^\top \cdots A_{L-1}^\top
# c^\top .$$
#
# ### Exercise 1 · The predictor


# %%
def network_predictor(layers):
    """layers: [A_1, ..., A_{L-1}, c], c of shape (1, h_{L-1}).

    Returns w (m,), the vector with f(x) = <w, x>.
    """
    raise NotImplementedError


network_predictor = ch.check("network_predictor", network_predictor)
ch.hints("network_predictor")

# %% [markdown]
# A second way to find $w$: feed the network the eight unit vectors. The $j$-th output is
# $\langle w, e_j\rangle = w_j$.

# %%
w = network_predictor(layers)


def run(layers, inputs):
    """The network's outputs on inputs (n, m), layer by layer."""
    for a in layers:
        inputs = inputs @ a.T
    return inputs[:, 0]


assert torch.allclose(run(layers, torch.eye(8).double()), w, atol=1e-14)
assert torch.allclose(run(layers, X), y, atol=1e-14)

# %% [markdown]
# ### Linear in $x$, not in $\theta$
#
# How does $w$ depend on the parameters? Walk along a straight line $\theta + t\Delta$: every factor
# of the product is $A_l + t\,\Delta_l$, and multiplying out gives a polynomial of degree $L$ in
# $t$. For $\Delta = \theta$ it is $(1 + t)^L\,w(\theta)$.
#
# **Predict, then run.** One output along a random line, for one, two, three and five layers. What
# do the four curves look like?

# %%
t = np.linspace(-2, 2, 81)
outputs = {}
for depth in (1, 2, 3, 5):
    a, b = (net.random_network(8, [4] * (depth - 1), seed) for seed in (3, 4))
    values = np.array([run([p + s * q for p, q in zip(a, b)], X[:1]).item() for s in t])
    outputs[depth] = values / np.abs(values).max()
    exact = np.polynomial.Polynomial.fit(t, outputs[depth], depth)  # degree L suffices ...
    lower = np.polynomial.Polynomial.fit(t, outputs[depth], depth - 1)  # ... and L - 1 does not
    assert np.abs(exact(t) - outputs[depth]).max() < 1e-12
    assert np.abs(lower(t) - outputs[depth]).max() > 1e-3

# %%
ch.graph(
    t,
    {f"L = {depth}": values for depth, values in outputs.items()},
    line={"linewidth": 1.8},
    xlabel="t",
    ylabel="f(θ + t Δ, x) / largest value",
    title="Along a straight line of parameters the output is a polynomial of degree L",
    finding="One layer gives a straight line, two a parabola, and more layers bend more often.",
)


# %% [markdown]
# The hyperbola $\theta_1\theta_2 = 1$ of notebook 02 is the case $L = 2$ with one neuron.
#
# But keep all layers fixed except one, and $f$ is a product of constants and that one matrix. So
# **$f$ is linear in each layer alone**, and bends only when two layers move together. All
# below rests on this.
#
# ## 2 · The gradient, layer by layer
#
# What arrives at layer $l$ is $z = A_{l-1} \cdots A_1 x$. What the layers above make of its output
# is a row with transpose $u = A_{l+1}^\top \cdots A_{L-1}^\top c^\top$. So
#
# $$f = \langle u, A_l z\rangle = \sum_{j,k} u_j\,(A_l)_{jk}\,z_k ,$$
#
# and the derivatives form a matrix of rank one,
#
# $$\nabla_{A_l} f(\theta, x) = u\, z^\top .$$
#
# For $A_1$ nothing comes before, so $z = x$; for $c$ nothing comes after, so $u = 1$.
#
# ### Exercise 2 · The gradient with respect to a layer


# %%
def layer_gradient(layers, x, l):
    """layers: [A_1, ..., c]. x: (m,). l: the position in the list, 0 for A_1, len(layers) - 1
    for c.

    Returns the gradient of f(x) with respect to layers[l], a matrix of its shape.
    """
    raise NotImplementedError


layer_gradient = ch.check("layer_gradient", layer_gradient)
ch.hints("layer_gradient")

# %% [markdown]
# Compare with automatic differentiation. Laid end to end, the gradients of one input make one row
# of notebook 02's matrix $G$; `net.output_gradients` returns all rows.

# %%
G = net.output_gradients(layers, X_r)
for i, x in enumerate(X_r):
    ours = torch.cat([layer_gradient(layers, x, l).flatten() for l in range(3)])
    free = [a.clone().requires_grad_() for a in layers]
    theirs = torch.autograd.grad(run(free, x[None]).sum(), free)
    assert torch.allclose(ours, net.flatten(theirs), atol=1e-14) and torch.allclose(
        G[i], ours, atol=1e-14
    )
G.shape

# %% [markdown]
# ### Where the linear prediction is exact
#
# If *one* layer moves, the first-order prediction $\langle \nabla f, \Delta\rangle$ is the whole
# change. If two move, there is a term with both $\Delta$s, of second order.
#
# **Predict, then run.** Random steps $\Delta$ of growing length move $A_1$ only, $c$ only, $A_1$
# and $c$, or all three layers. What are the slopes of the prediction's error?

# %%
drift = np.logspace(-5, 1, 13)
v_random = net.unflatten(
    torch.randn(83, generator=torch.Generator().manual_seed(2), dtype=torch.float64), layers
)
moving = {"A₁": [0], "c": [2], "A₁ and c": [0, 2], "all three": [0, 1, 2]}
errors = {}
for name, moves in moving.items():
    step = net.flatten([v if l in moves else 0 * v for l, v in enumerate(v_random)])
    step = step / step.norm()
    directions = net.unflatten(step, layers)
    moved = [run([a + s * d for a, d in zip(layers, directions)], X_r) for s in drift]
    off = [(new - y_r - s * (G @ step)).abs().max() for new, s in zip(moved, drift)]
    errors[name] = np.array(off)
    slope = np.polyfit(np.log(drift[:7]), np.log(errors[name][:7]), 1)[0]
    assert errors[name].max() < 1e-13 if len(moves) == 1 else 1.9 < slope < 2.1

# %%
ch.graph(
    drift,
    errors | {"rounding": 1e-13},
    looks={"rounding": "target"},
    log="xy",
    floor=1e-16,
    powers=(-16, 0, 4),
    line={"markersize": 4},
    xlabel="drift ‖Δ‖",
    ylabel="|actual − predicted|\nchange of an output",
    title="Move one layer, and the prediction is exact",
    finding="When one layer moves, the difference is rounding, however long the move; when "
    "several move, it grows with the square of the drift.",
)

# %% [markdown]
# *Where one layer moves the difference stays at rounding; where two or three move, it grows with
# the square of the drift.*
#
# So linearising the constraints costs nothing as long as only one layer moves, however far.
#
# ## 3 · Unlearning in one step (Lemma 1)
#
# The goal is the shortest predictor that fits the retain set: $R(\theta) = \lVert w(\theta)\rVert$
# in problem (4). As a function of $w$ alone, this is the linear model of notebooks 01 and 05.
# Retraining gives
#
# $$w_r = P\,w(\theta^*),$$
#
# where $P$ projects on the span of the retain inputs, $P_\perp = I - P$ off it.

# %%
w_r = ul.linear.min_norm(X_r, y_r)
assert torch.allclose(w - ul.project_out(w, X_r), w_r, atol=1e-13)
assert np.allclose(np.linalg.pinv(X_r.numpy()) @ y_r.numpy(), w_r, atol=1e-13)
print(f"length of the original predictor {w.norm():.3f}, of the retrained one {w_r.norm():.3f}")


# %% [markdown]
# Now find layers that compute it. Group the product as
#
# $$w(\theta) = A_1^\top v, \qquad v = A_2^\top \cdots A_{L-1}^\top c^\top .$$
#
# Move $A_1$ by $\Delta$. Then $w$ moves by $\Delta^\top v$, with no remainder. You want this to be
# $-P_\perp w$:
#
# $$\Delta^\top v = q, \qquad q = -P_\perp w(\theta^*).$$
#
# This is one equation per column $\delta_j$ of $\Delta$: $\langle v, \delta_j\rangle = q_j$. The
# shortest $\delta_j$ is along $v$, since a part orthogonal to $v$ adds length and no inner product:
# $\delta_j = v\,q_j / \lVert v\rVert^2$. All columns together:
#
# $$\boxed{\ \Delta_{A_1} = -\frac{v}{\lVert v\rVert^2}\,\big(P_\perp w(\theta^*)\big)^\top, \qquad
# \text{all other layers } 0\ }$$
#
# This is Lemma 1. It is **feasible** for the linearised constraints (6), since
# $\langle v x_i^\top, \Delta\rangle = \langle q, x_i\rangle = 0$. And it is **exact**:
# $w(\theta^* + \Delta) = w + q = P w(\theta^*)$.
#
# ### Exercise 3 · The step


# %%
def first_layer_step(layers, X_retain):
    """layers: [A_1, ..., c]. X_retain: (n_r, m), of any rank.

    Returns (h_1, m): the change of A_1 in Lemma 1. `ul.project_out(w, X_retain)` is P_perp w.
    """
    raise NotImplementedError


first_layer_step = ch.check("first_layer_step", first_layer_step)
ch.hints("first_layer_step")

# %% [markdown]
# **Predict, then run.** All six rows of $A_1$ change. What is the rank of the change? And what will
# the network say about the two forgotten points?

# %%
step = first_layer_step(layers, X_r)
unlearned = [layers[0] + step, *layers[1:]]
delta = net.flatten([step, *(0 * a for a in layers[1:])])

assert (G @ delta).abs().max() < 1e-13  # feasible for (6)
assert (network_predictor(unlearned) - w_r).norm() < 1e-13  # exact
assert torch.linalg.matrix_rank(step) == 1
share = 100 * delta.norm() / net.flatten(layers).norm()
print(f"drift: the step is {share:.0f}% as long as the parameters")
assert torch.allclose(net.perturbation(layers, X_r)[0], step, atol=1e-13)

# %%
ch.pictures.matrices(
    {
        "A₁": (layers[0], "input", "neuron"),
        "Δ, of rank one": (step, "input", "neuron"),
        "A₁ + Δ": (unlearned[0], "input", "neuron"),
    },
    finding="A matrix of rank one is added to the first layer.",
)

# %% [markdown]
# *Each color is an entry; the rows of the added matrix are multiples of one another.*

# %%
ch.graph(
    range(1, 9),
    {"w(θ*)": w, "w(θ* + Δ)": network_predictor(unlearned), "retrained": w_r},
    key=3,
    xlabel="input coordinate",
    ylabel="entry of w",
    title="The predictor",
    finding="It turns the original predictor into one that equals the retrained predictor in "
    "every coordinate.",
)

# %% [markdown]
# *Entries of three predictors: after the step each entry lies on that of the retrained one.*

# %%
assert torch.allclose(run(unlearned, X_f), X_f @ w_r, atol=1e-13)
assert (run(unlearned, X_r) - y_r).abs().max() < 1e-13
curves(
    "One matrix of rank one is added: the lies are gone",
    "The unlearned curve keeps the three retain points and is near the sine at the forget points.",
    original=layers,
    unlearned=unlearned,
)

# %% [markdown]
# ### Why $A_1$, and not $c$?
#
# A step of $c$ alone is exact, too. But it moves $w$ only by $M^\top\delta$ with
# $M = A_{L-1}\cdots A_1$: here 5 directions of 8, and $-P_\perp w$ is none of them. A step of $A_1$
# moves $w$ by any vector. Minimise $\lVert w\rVert$ over the steps of $c$ that keep the retained
# outputs, and compare:

# %%
M = layers[1] @ layers[0]
free = torch.linalg.svd(X_r @ M.T)[2][3:]  # the steps of c that keep the three retained outputs
moves = M.T @ free.T
by_c = w - moves @ (torch.linalg.pinv(moves) @ w)
print(f"shortest predictor by c alone {by_c.norm():.3f}, by A_1 {w_r.norm():.3f}")
assert torch.allclose(X_r @ by_c, y_r, atol=1e-13) and by_c.norm() > 1.1 * w_r.norm()

# %% [markdown]
# ### The function forgets, the parameters do not
#
# What of the *parameters*? Train a second network from the same start, with the truth instead of
# the lies, and apply Lemma 1 to both. Whatever differs then is a trace of the lies. **Predict, then
# run.** How much of the difference between the two parameter vectors is left, over eight starts?

# %%
my_share = None  # your guess
truth, left = torch.cat([y_r, t_points[3:].sin()]), []
for seed in range(7, 15):
    pair = [trained(labels, seed) for labels in (y, truth)]
    after = [net.unlearn(a, X_r) for a in pair]
    assert (network_predictor(after[0]) - network_predictor(after[1])).norm() < 1e-12
    apart = [(net.flatten(a) - net.flatten(b)).norm().item() for a, b in (pair, after)]
    left.append(apart[1] / apart[0])
print("left of the difference between the parameters, eight starts:", end=" ")
print(f"{min(left):.0%} to {max(left):.0%} (you: {my_share}); between the functions: rounding")

# %%
off_span = lambda a: torch.stack([ul.project_out(row, X_r) for row in a]).norm().item()
smallest_first = net.min_param_norm(w_r, [6, 5])[0]
print(f"|A_1 P_perp|: original {off_span(layers[0]):.2f}, Lemma 1 {off_span(unlearned[0]):.2f}")
assert min(left) > 0.5
assert off_span(unlearned[0]) > 0.5 * off_span(layers[0]) and off_span(smallest_first) < 1e-12

# %% [markdown]
# Most of it is left, and for some starts the difference even grows. Lemma 1 removes only what the
# lever $v$ passes on to the output. The rows of $A_1$ still read inputs off the retain span,
# $A_1P_\perp \ne 0$, and $A_2$ and $c$ have not moved. Theorem 4's layers (section 6) are built
# from $w_r$ alone and have no trace.
#
# ### Any depth, any width, any size
#
# In a deep network $v$ is a long product, and $\lVert v\rVert^2$ can be $0$ or infinite in floating
# point. Put $w = A_1^\top v$ in and the length cancels: with $\hat v = v/\lVert v\rVert$
#
# $$\Delta_{A_1} = -\frac{v}{\lVert v\rVert^2}\big(P_\perp A_1^\top v\big)^\top = -\hat
# v\,\big(P_\perp A_1^\top \hat v\big)^\top .$$
#
# So $\Delta$ is never longer than $A_1$. `ul.linear_network.unlearn` computes it this way. Two
# hundred random networks, depth 1 to 6, layers scaled by $10^{-6}$ to $10^6$, inputs of any rank,
# against NumPy's pseudo-inverse:

# %%
rng = np.random.default_rng(0)
for trial in range(200):
    depth, m = rng.integers(1, 7), rng.integers(2, 20)
    network = net.random_network(m, rng.integers(1, 15, depth - 1), seed=trial)
    network = [a * 10 ** rng.uniform(-6, 6) for a in network]
    rows, rank = rng.integers(1, m), rng.integers(1, m)
    inputs = rng.normal(size=(rows, rank)) @ rng.normal(size=(rank, m))
    before = network_predictor(network).numpy()
    after = network_predictor(ul.linear_network.unlearn(network, torch.tensor(inputs))).numpy()
    wanted = np.linalg.pinv(inputs, rcond=1e-10) @ (inputs @ before)
    assert np.linalg.norm(after - wanted) < 1e-10 * np.linalg.norm(before)

# %%
v = network_predictor([torch.eye(6).double(), *layers[1:]])
tiny = 1e-200 * v
assert (tiny @ tiny) == 0 and not torch.isfinite(
    tiny / (tiny @ tiny)
).any()  # the formula as printed
assert torch.isfinite(net.unlearn([layers[0], 1e-200 * layers[1], layers[2]], X_r)[0]).all()

# %% [markdown]
# ### Where the lemma stops
#
# - **Dead upper layers, $v = 0$.** Then $w = 0$ whatever $A_1$ is, and no predictor is shorter:
#   $\Delta = 0$.
# - **As many independent retain points as inputs.** They fix the predictor, $P_\perp = 0$, and
#   again $\Delta = 0$. Paper A assumes $n < m$.
# - **A list that is no network.** Widths that do not chain are an error.

# %%
c = layers[2]
dead = [
    layers[0],
    torch.cat([layers[1][:1]] * 5),
    c - c.mean(),
]  # equal rows, and a c that sums to 0
many = torch.randn(8, 8, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
for name, network, inputs in [("dead", dead, X_r), ("many", layers, many)]:
    how_far = net.flatten(net.perturbation(network, inputs)).norm().item()
    assert how_far < 1e-12
    print(f"{name}: a step of length {how_far:.0f}")
try:
    net.unlearn([layers[0], c], X_r)
except ValueError as error:
    print("ValueError:", error)

# %% [markdown]
# ## 4 · Every solution works (Theorem 3)
#
# A numerical method returns *some* solution of problem (7). Theorem 3 says that this is fine if the
# drift penalty is infinite unless all layers but $A_1$ stay where they are:
#
# $$\min_\Delta\ \lVert w(\theta^* + \Delta)\rVert
# \quad\text{subject to}\quad \langle\nabla f(\theta^*, x_i), \Delta\rangle = 0 \text{ on } D_r,
# \qquad \Delta = (\Delta_{A_1}, 0, \dots, 0). \tag{7}$$
#
# **Proof.** Let $q = \Delta_{A_1}^\top v$, the change of $w$.
# 1. The constraint reads $\langle q, x_i\rangle = 0$, as in section 3. Hence
#    $\langle w + q, x_i\rangle = y_i$: the linearised constraint *is* the constraint of (4).
# 2. Every $q$ orthogonal to the retain inputs occurs, by
#    $\Delta_{A_1} = v q^\top/\lVert v\rVert^2$, as $v \ne 0$.
# 3. So (7) minimises $\lVert w + q\rVert$ over these $q$. Write $w = Pw + P_\perp w$. By Pythagoras
#    $\lVert w + q\rVert^2 = \lVert Pw\rVert^2 + \lVert P_\perp w + q\rVert^2$, smallest for
#    $q = -P_\perp w$ and for no other $q$.
#
# Every solution has the predictor $P w = w_r$ and solves (4). The *parameters* are not unique:
# $\Delta_{A_1}^\top v = q$ leaves $(h_1 - 1)\,m$ dimensions free.
#
# **Predict, then run.** L-BFGS minimises from forty random starts $\Delta$, each several times as
# long as $A_1$, and projects every step off the rows. Do the predictors agree at the end? Do the
# parameters?

# %%
draw = torch.Generator().manual_seed(11)
begins = 2 * torch.randn(40, 83, generator=draw, dtype=torch.float64)
paths = [ch.search.solve_relaxed(layers, X_r, start=begin) for begin in begins]
ends = [net.unflatten(path[-1], layers) for path in paths]
reached = torch.stack([network_predictor([a + d for a, d in zip(layers, end)]) for end in ends])

assert (reached - w_r).norm(dim=1).max() < 1e-8 * w_r.norm()
assert all(not d.any() for end in ends for d in end[1:])
drifts = torch.stack([path[[0, -1]].norm(dim=1) for path in paths])
assert drifts[:, 0].min() > 3 * layers[0].norm() and drifts[:, 1].min() > 2 * step.norm()


# %%
def off_the_span(path):
    """Two coordinates of P_perp w(theta* + Delta), for the first and the last Delta of a path."""
    basis = torch.linalg.svd(X_r)[2][-2:]  # two directions orthogonal to the retain inputs
    networks = [[a + d for a, d in zip(layers, net.unflatten(s, layers))] for s in path[[0, -1]]]
    return torch.stack([basis @ network_predictor(network) for network in networks])


first_and_last = torch.stack([off_the_span(path) for path in paths], 1)  # (2, 40, 2)

# %%
ch.draw(
    "different_steps",
    {"paths": (first_and_last[..., 0], first_and_last[..., 1]), "retrained": ([0], [0])},
    {"40 random starts": tuple(drifts.T), "Lemma 1: the shortest": step.norm()},
    finding="From all random starts the solver ends at the retrained predictor, but with "
    "different parameters; the change of Lemma 1 is shorter than all of them.",
)

# %% [markdown]
# *Left, forty random starts run to the same predictor; right, each ends with its own drift, above
# that of Lemma 1: it carries along the part of its start that does not matter.*
#
# A second solver, SciPy's SLSQP, holds the constraints as equations and may start where they are
# violated:

# %%
first, lever = layers[0].numpy(), v.numpy()
rows = np.stack([np.outer(lever, x).ravel() for x in X_r.numpy()])  # gradients with respect to A_1
equations = {"type": "eq", "fun": lambda d: rows @ d, "jac": lambda d: rows}
moved = lambda d: (first + d.reshape(6, 8)).T @ lever  # the predictor after the step d
for _ in range(5):
    result = minimize(
        lambda d: np.sum(moved(d) ** 2),
        rng.normal(size=48),
        method="SLSQP",
        constraints=equations,
        jac=lambda d: 2 * np.outer(lever, moved(d)).ravel(),
        options={"ftol": 1e-14},
    )
    assert np.linalg.norm(moved(result.x) - w_r.numpy()) < 1e-5


# %% [markdown]
# ## 5 · Without the penalty
#
# Is the penalty needed? Paper A's example (D.4.1) has two layers, $m \ge 3$ inputs, $A = I$,
# $c = e_1 + e_2$ (as a row), and
#
# $$D_r = \{(e_1, 1)\}, \qquad D_f = \{(e_2, 1)\}.$$
#
# The predictor $w = e_1 + e_2$ interpolates. The right answer is $w_r = e_1$. Let both layers move:
#
# $$\Delta_c = -e_3^\top, \qquad \Delta_A = e_3 e_1^\top - e_2 e_2^\top - e_3 e_3^\top .$$
#
# **Predict, then run.** By hand, for $m = 3$: is the step feasible at $x = e_1$? What is the new
# predictor?


# %%
def counter_example(m):
    """The layers of D.4.1, the changes, and the inputs of retain and forget set: whole numbers."""
    e = torch.eye(m).double()
    moved = torch.outer(e[2], e[0]) - torch.outer(e[1], e[1]) - torch.outer(e[2], e[2])
    return [e, (e[0] + e[1])[None]], [moved, -e[2:3]], e[:2]


for m in range(3, 20):
    before, change, inputs = counter_example(m)
    after = [a + d for a, d in zip(before, change)]
    assert torch.equal(run(before, inputs), torch.ones(2).double())  # interpolates
    assert not (net.output_gradients(before, inputs[:1]) @ net.flatten(change)).any()
    assert not network_predictor(after).any() and (change[1] @ change[0] @ inputs[0]) == -1

# %%
before, change, inputs = counter_example(3)
A, c = before
x = inputs[0]
through_A = (c.T @ x[None] * change[0]).sum()  # <grad_A f, Delta_A>
after = [a + d for a, d in zip(before, change)]
assert through_A + change[1] @ A @ x == 0  # + <grad_c f, Delta_c>
assert not network_predictor(after).any()

# %%
shown = {}
for state, (A, c) in {"before": before, "after": after}.items():
    shown[f"A, {state}"] = A, "input", "hidden"
    shown[f"c, {state}"] = c, "hidden", "output"
    shown[f"w, {state}"] = network_predictor([A, c]), "input", "output"
ch.pictures.matrices(
    shown,
    down=2,
    numbers=True,
    finding="Before, the predictor is (1, 1, 0); after a step that is feasible to first order it "
    "is zero in every entry.",
)


# %% [markdown]
# *Above, both layers and the predictor before the step; below, after it: the predictor is zero.*
#
# The gradient with respect to $A$, $(e_1 + e_2) e_1^\top$, looks at the entries $(1,1)$ and $(2,1)$
# of $\Delta_A$, which are $0$. The gradient with respect to $c$ is $e_1^\top$, and $\Delta_c$ has
# no first entry. So the step is feasible, and $\lVert w(\theta^* + \Delta)\rVert = 0$: it solves
# the relaxed problem, and the network predicts $0$ for everything. The fit is lost in the product
# of the two changes, $\Delta_c \Delta_A e_1 = -e_3^\top e_3 = -1$.
#
# ### Is this bad luck?
#
# Since $f$ is linear in each layer, its derivative in the direction of the layer itself is the
# output: $\langle\nabla_{A_l} f(\theta, x), A_l\rangle = \langle u, A_l z\rangle = f(\theta, x)$.
# So if each layer changes by a share of itself, $\Delta_{A_l} = s_l A_l$, then to first order
#
# $$f \text{ changes by } (s_1 + s_2 + \dots + s_L)\, f(\theta, x),$$
#
# while it really becomes $(1+s_1)(1+s_2)\cdots(1+s_L)\, f(\theta, x)$.
#
# ### Exercise 4 · Break any network
#
# Choose shares, and write a step that is feasible for every retain set and makes the predictor $0$.


# %%
def cancelling_step(layers):
    """layers: [A_1, ..., c], at least two.

    Returns a list of changes shaped like the layers: to first order no output changes, and the new
    predictor is 0.
    """
    raise NotImplementedError


cancelling_step = ch.check("cancelling_step", cancelling_step)
ch.hints("cancelling_step")

# %%
for trial in range(100):
    network = net.random_network(
        rng.integers(2, 12), rng.integers(1, 10, rng.integers(1, 6)), seed=trial
    )
    inputs = torch.tensor(rng.normal(size=(3, network[0].shape[1])))
    change = cancelling_step(network)
    felt = net.output_gradients(network, inputs) @ net.flatten(change)
    assert felt.abs().max() < 1e-11 * (1 + run(network, inputs).abs().max())
    assert network_predictor([a + d for a, d in zip(network, change)]).norm() < 1e-13


# %% [markdown]
# This step exists for **every** linear network with two or more layers. So without a penalty the
# minimum of the relaxed problem is $0$, *every* solution predicts nothing, and none fits targets
# that are not all $0$. Only $L = 1$ is safe.
#
# ### Does an optimiser fall into the hole?
#
# Let L-BFGS move all layers, from a start beside $\Delta = 0$.
#
# **Predict, then run.** In how many of 20 random networks (8 inputs, 3 retain points) does it end
# feasible, with a predictor shorter than the retrained one? How much of the retain fit is lost
# then? Does depth help, or width?


# %%
def outcome(old, new, X_retain):
    """What the step from the old to the new layers did: shares, 0 where nothing is wrong."""
    before, after = network_predictor(old), network_predictor(new)
    retrained = before - ul.project_out(before, X_retain)
    felt, delta = net.output_gradients(old, X_retain), net.flatten(new) - net.flatten(old)
    shares = {
        "infeasible": ((felt @ delta).abs() / (felt.norm(dim=1) * delta.norm())).max(),
        "retain error": (X_retain @ (after - before)).norm() / (X_retain @ before).norm(),
        "norm": after.norm() / retrained.norm(),  # below 1 only if the retain fit is lost
        "drift": delta.norm() / net.flatten(old).norm(),
    }
    return {name: share.item() for name, share in shares.items()}


# %%
def relaxed(widths, seed):
    """What L-BFGS makes of a random network, from a random short step."""
    network, draw = net.random_network(8, widths, seed), torch.Generator().manual_seed(seed)
    inputs = torch.randn(3, 8, generator=draw, dtype=torch.float64)
    theta = net.flatten(network)
    start = torch.randn(len(theta), generator=draw, dtype=torch.float64)
    start = 0.01 * theta.norm() / len(theta) ** 0.5 * start
    step = ch.search.solve_relaxed(network, inputs, only_first=False, start=start)[-1]
    return outcome(network, net.unflatten(theta + step, network), inputs)


# %%
cells = {depth: {} for depth in (2, 3, 4, 5)}
for depth in cells:
    for width in (1, 2, 4, 8):
        steps = [relaxed([width] * (depth - 1), 1000 * width + k) for k in range(20)]
        cells[depth][width] = [shares["drift"] for shares in steps]
        assert all(shares["infeasible"] < 1e-9 and shares["norm"] < 1e-3 for shares in steps)
        assert all(abs(shares["retain error"] - 1) < 1e-3 for shares in steps)


# %%
def trace(path):
    """(||w|| / ||w_r||, retain error) after every iteration."""
    networks = [[a + d for a, d in zip(layers, net.unflatten(s, layers))] for s in path]
    w = torch.stack([network_predictor(network) for network in networks])
    error = (w @ X_r.T - y_r).norm(dim=1) / y_r.norm()
    return torch.stack([w.norm(dim=1) / w_r.norm(), error], 1).numpy()


# %%
beside = 0.001 * torch.randn(83, generator=draw, dtype=torch.float64)
paths = {
    "with the penalty": trace(ch.search.solve_relaxed(layers, X_r, start=beside)),
    "without": trace(ch.search.solve_relaxed(layers, X_r, only_first=False, start=beside)),
}
quartiles = {
    f"L = {depth}": np.quantile(list(by_width.values()), (0.25, 0.5, 0.75), axis=1)
    for depth, by_width in cells.items()
}
for depth in (3, 4):  # four bands would hide each other
    quartiles[f"L = {depth}"] = quartiles[f"L = {depth}"][1]
runs = {name: tuple(path.T) for name, path in paths.items()}
runs["retrained"] = [1, 1], [1e-16, 1]

# %%
ch.draw(
    "failures",
    runs,
    quartiles,
    x=[1, 2, 4, 8],
    finding="Without the penalty the run loses the fit and goes to predictor zero, with it the "
    "run stops at the retrained predictor; the failing step is in the median about as long as "
    "the parameters or longer for two layers or one neuron, much shorter in deep and wide ones.",
)

# %% [markdown]
# All of them: 20 of 20 in each of the 16 cells, and each time the whole fit is gone. On the left,
# the run with the penalty keeps the fit and stops at the retrained length; the run without it goes
# on to zero.
#
# On the right is the length of the steps beside that of the parameters (median; for $L = 2$ and
# $L = 5$ also the middle half). With one neuron per layer, or with two layers, the median is about
# 1 or more; single steps are half as long. With $L = 5$ and width 8 about a fifth is enough. One
# reason is that $\lVert\theta^*\rVert$ grows with every layer and neuron, while $\lVert w\rVert$
# does not. (A finite penalty $\lambda\lVert\Delta\rVert^2$ shortens the step, and the error with
# it: section 7.)

# %%
fit, lost = paths["with the penalty"], paths["without"]
assert fit[:, 1].max() < 1e-12 and abs(fit[-1, 0] - 1) < 1e-6
assert lost[-1, 0] < 1e-3 and abs(lost[-1, 1] - 1) < 1e-3
medians = {depth: [np.median(d) for d in by_width.values()] for depth, by_width in cells.items()}
assert all(m[0] > 0.95 for m in medians.values()) and min(medians[2]) > 0.95
assert all(m[3] < 0.7 * m[0] for depth, m in medians.items() if depth > 2)
assert 0.15 < medians[5][3] < 0.3
shortest = min(min(drifts) for drifts in cells[2].values())
print(f"two layers: median {min(medians[2]):.2f} or more, shortest {shortest:.2f}; ", end="")
print(f"five layers of width 8: median {medians[5][3]:.2f}")


# %% [markdown]
# ## 6 · The smallest parameters (Theorem 4)
#
# A general network has no predictor, and MinNorm-OG uses $R = \lVert\theta\rVert^2$. What does that
# ask of a linear network?
#
# $$\min_\theta\ \sum_{l=1}^{L} \lVert A_l\rVert_F^2
# \quad\text{subject to}\quad f(\theta, x_i) = y_i \text{ on } D_r \qquad (\text{with } A_L = c).$$
#
# ($\lVert A\rVert_F^2$ is the sum of the squared entries.) Three inequalities give the minimum, and
# then layers make all three equalities. Let $\rho = \lVert w_r\rVert$.
#
# **First: a product is no longer than the product of the lengths.** Entry $j$ of $A^\top u$ is the
# inner product of column $j$ of $A$ with $u$, at most $\lVert a_j\rVert\,\lVert u\rVert$ by
# Cauchy-Schwarz. Square and add over the columns:
#
# $$\lVert A^\top u\rVert^2 \le \sum_j \lVert a_j\rVert^2\, \lVert u\rVert^2 = \lVert
# A\rVert_F^2\,\lVert u\rVert^2 .$$
#
# Apply this to $w = A_1^\top(A_2^\top(\cdots c^\top))$ once per layer:
# $\lVert w\rVert \le \lVert A_1\rVert_F \cdots \lVert A_{L-1}\rVert_F\,\lVert c\rVert$. Equality
# needs every column of $A_l$ to be parallel to the vector it meets: rank one.
#
# **Second: the arithmetic mean is at least the geometric mean.** Let $a_1, \dots, a_L \ge 0$ with
# mean $\mu > 0$. The exponential lies above its tangent at $1$: $e^{x-1} \ge x$ for every $x$, with
# equality only at $x = 1$. Put $x = a_l/\mu$ and multiply over $l$:
#
# $$\prod_l \frac{a_l}{\mu} \le \prod_l e^{a_l/\mu - 1} = e^{\left(\sum_l a_l\right)/\mu - L} =
# e^{L - L} = 1 .$$
#
# So $\mu \ge (a_1 \cdots a_L)^{1/L}$, with equality only if all $a_l$ are equal. With
# $a_l = \lVert A_l\rVert_F^2$:
#
# $$\lVert\theta\rVert^2 = \sum_l \lVert A_l\rVert_F^2
# \;\ge\; L\,\Big(\prod_l \lVert A_l\rVert_F^2\Big)^{1/L} .$$
#
# **Third: no predictor that fits is shorter than $w_r$,** so $\lVert w\rVert \ge \rho$. Chain the
# three:
#
# $$\lVert\theta\rVert^2 \;\ge\; L\Big(\prod_l \lVert A_l\rVert_F^2\Big)^{1/L}
# \;\ge\; L\,\lVert w(\theta)\rVert^{2/L} \;\ge\; L\,\rho^{2/L}.$$
#
# **Equality everywhere** needs layers of equal norm, of rank one, matched to each other, and
# $w = w_r$. Take unit vectors $v_1, \dots, v_{L-1}$ of the hidden widths, $v_0 = w_r/\rho$ and
# $v_L = (1)$, and let every layer hand the one on to the next:
#
# $$A_l = \rho^{1/L}\, v_l\, v_{l-1}^\top, \qquad l = 1, \dots, L.$$
#
# The product is
# $\rho\; v_L (v_{L-1}^\top v_{L-1}) \cdots (v_1^\top v_1)\, v_0^\top = \rho\,v_0^\top = w_r^\top$,
# and $\lVert A_l\rVert_F = \rho^{1/L}\lVert v_l\rVert\,\lVert v_{l-1}\rVert = \rho^{1/L}$. This is
# the construction of Theorem 4. The minimum is $L\rho^{2/L}$. If $w_r = 0$, zero layers fit, and
# the minimum is $0$.
#
# ### Exercise 5 · Balanced layers


# %%
def balanced_layers(w, units):
    """w: (m,), may be 0. units: [v_1, ..., v_{L-1}], vectors of length 1; empty for one layer.

    Returns [A_1, ..., A_{L-1}, c] with predictor w and the smallest ||theta||^2.
    Layer l maps v_{l-1} to a multiple of v_l.
    """
    raise NotImplementedError


balanced_layers = ch.check("balanced_layers", balanced_layers)
ch.hints("balanced_layers")

# %%
rho = w_r.norm()
for depth in range(1, 7):
    drawn = [torch.tensor(rng.normal(size=5)) for _ in range(depth - 1)]
    units = [torch.nn.functional.normalize(u, dim=0) for u in drawn]
    for small in (balanced_layers(w_r, units), net.min_param_norm(w_r, [5] * (depth - 1))):
        assert torch.allclose(run(small, X_r), y_r, atol=1e-13)  # interpolates
        assert all(abs(a.norm() - rho ** (1 / depth)) < 1e-13 for a in small)  # balanced
        assert abs(net.norm_squared(small) - depth * rho ** (2 / depth)) < 1e-12  # the bound
sizes = [net.norm_squared(a) for a in (layers, unlearned, net.min_param_norm(w_r, [6, 5]))]
print("||theta||^2: original {:.1f}, after Lemma 1 {:.1f}, smallest {:.2f}".format(*sizes))

# %% [markdown]
# Lemma 1's network has the simplest *function* and keeps three quarters of its squared norm.
# Theorem 4's has the same function.
#
# ### Can an optimiser beat the bound?
#
# A proof says no; an attempt tests the proof. Lemma 1's lever removes the constraints. Take any
# layers $\theta$ and repair the fit by the shortest change of $A_1$,
#
# $$A_1 \;\leftarrow\; A_1 + \frac{v}{\lVert v\rVert^2}\Big(X_r^{+}\big(y_r -
# X_r\,w(\theta)\big)\Big)^{\!\top},$$
#
# which fits exactly. Call the result $\theta'(\theta)$. Every network that fits is its own repair,
# so minimising $\lVert\theta'(\theta)\rVert^2$ over all $\theta$ *without* constraints is the same
# problem. (It has $v \ne 0$ unless all targets are 0.)
#
# **Predict, then run.** L-BFGS from 20 random starts for each of $L = 2, \dots, 5$. Where do they
# end, as multiples of $L\rho^{2/L}$?

# %%
network = net.random_network(8, [5, 4], seed=0)
by_first = net.output_gradients(network, X_r)[:, :40]  # the outputs are linear in A_1
shortest = torch.linalg.pinv(by_first) @ (y_r - run(network, X_r))
assert torch.allclose(refit(network, X_r, y_r)[0] - network[0], shortest.view(5, 8))

# %%
OPTIONS = {"maxiter": 500, "maxfun": 1000, "ftol": 1e-16, "gtol": 1e-12, "maxcor": 20}


def smallest(begin):
    """What L-BFGS finds for the network of the smallest norm that fits, from these layers."""

    def objective(theta):
        theta = torch.from_numpy(theta).requires_grad_()
        value = net.norm_squared(refit(net.unflatten(theta, begin), X_r, y_r))
        value.backward()
        return value.item(), theta.grad.numpy()

    start = net.flatten(begin).numpy()
    end = minimize(objective, start, jac=True, method="L-BFGS-B", options=OPTIONS)
    return refit(net.unflatten(torch.from_numpy(end.x), begin), X_r, y_r)


# %%
reached = {}
for depth in (2, 3, 4, 5):
    bound, widths = depth * rho.item() ** (2 / depth), [5] * (depth - 1)
    begin = [net.random_network(8, widths, seed) for seed in range(20)]
    end, begin = (
        [smallest(network) for network in begin],
        [refit(network, X_r, y_r) for network in begin],
    )
    assert all((run(a, X_r) - y_r).abs().max() < 1e-9 for a in end + begin)
    norms = [[net.norm_squared(a).item() for a in group] for group in (begin, end)]
    reached[depth] = np.array(norms) / bound
    assert reached[depth][1].min() > 1 - 1e-10 and reached[depth][1].max() < 1 + 1e-6

# %%
factor = np.logspace(-2, 2, 81, base=2)
unbalanced = {}
for depth in (2, 3, 4, 5):
    small = net.min_param_norm(w_r, [5] * (depth - 1))
    stretched = [[t * small[0], *small[1:-1], small[-1] / t] for t in factor]
    bound = depth * rho.item() ** (2 / depth)
    unbalanced[depth] = np.array([net.norm_squared(a).item() / bound for a in stretched])
    assert all(torch.allclose(network_predictor(a), w_r, atol=1e-14) for a in stretched)
    assert np.allclose(unbalanced[depth], (factor**2 + factor**-2 + depth - 2) / depth)
searches = np.repeat(list(reached), 20)
begin, end = np.concatenate(list(reached.values()), axis=1)
ends = {"starts": (searches, begin), "ends": (searches, end), "the bound of Theorem 4": 1}
curves = {f"L = {depth}": values for depth, values in unbalanced.items()}

# %%
ch.draw(
    "smallest",
    curves,
    ends,
    x=factor,
    finding="Unbalanced layers with the same predictor have a larger norm; every search ends on "
    "the bound of Theorem 4, none below it.",
)

# %% [markdown]
# All 80 end on the bound. Section 7 says why: every place where a search could stop is a minimum.
# On the left is the second inequality at work: stretch one layer, shrink another, and the function
# stays while the norm grows like $t^2$.
#
# (One neuron per layer is enough, as the balanced layers have rank one: put `[1]` for `[5]` in the
# cell of the search.)
#
# ## 7 · What MinNorm-OG's own step does here
#
# Its step is that of notebook 02, $\Delta = -s\,P_{G}^\perp\theta$ with strength
# $s = 1/(1+\lambda)$, where $P_G^\perp$ projects off the retain gradients. All layers move, so the
# retained outputs stay to first order only.
#
# **Predict, then run.** Retain error against drift, for strengths from $10^{-4}$ to $1$, beside
# Lemma 1. Then many short steps, each with new gradients: alone, and each followed by the repair of
# section 6, which stands for the algorithm's descent. Where do the two walks end?

# %%
theta = net.flatten(layers)
strengths = np.logspace(-4, 0, 9)
steps = [theta - s * ul.project_out(theta, G) for s in strengths]
results = [outcome(layers, net.unflatten(new, layers), X_r) for new in steps]
lemma = outcome(layers, unlearned, X_r)
drifts, lost = np.array([[r["drift"], r["retain error"]] for r in results]).T
slope = np.polyfit(np.log(drifts[:6]), np.log(lost[:6]), 1)[0]
assert 1.9 < slope < 2.1 and lemma["retain error"] < 1e-12 and lemma["drift"] > 2 * drifts[6]
for k in (6, 8):
    print(f"strength {strengths[k]:.1f}: drift {drifts[k]:.2f}, retain error {lost[k]:.3f}")
print(f"Lemma 1: drift {lemma['drift']:.2f}, retain error below 1e-12")


# %%
def walk(repair, strength=0.01, count=1000):
    """Distance of the predictor from w_r before and after every step, and the last layers."""
    now, distances = layers, []
    for _ in range(count + 1):
        distances.append(((network_predictor(now) - w_r).norm() / w_r.norm()).item())
        here = net.flatten(now)
        step = ul.project_out(here, net.output_gradients(now, X_r))
        now = net.unflatten(here - strength * step, layers)
        now = refit(now, X_r, y_r) if repair else now
    return np.array(distances), now


# %%
(alone, plain), (repaired, last) = walk(repair=False), walk(repair=True)
walks = {"steps alone": alone, "each step repaired": repaired}
step = {
    "MinNorm-OG's step: slope 2": (drifts, lost),
    "Lemma 1": ([lemma["drift"]], [lemma["retain error"]]),
}
print(f"distance from the retrained predictor, steps alone: {alone[-1]:.3f}")
print("norms of the layers, repaired:", ", ".join(f"{a.norm():.3f}" for a in last))
print(f"rho^(1/3): {rho ** (1 / 3):.3f}")
assert repaired[-1] < 1e-3 and 0.002 < alone[-1] < 0.02
assert abs(net.norm_squared(last) / (3 * rho ** (2 / 3)) - 1) < 1e-3

# %%
ch.draw(
    "minnorm",
    step,
    walks,
    x=range(len(alone)),
    finding="One step of MinNorm-OG changes the retained outputs by the square of its drift, "
    "Lemma 1's by rounding only; many short steps, each repaired, lead to the retrained predictor.",
)


# %% [markdown]
# *Left, one step of growing strength beside Lemma 1's, the star; right, the distance left on two
# long walks.*
#
# 1. A tenth of the full strength costs 1% of the retain outputs, the full step most of them. Lemma
#    1, with five times the drift of that tenth, costs nothing.
# 2. Many short steps alone end near the retrained predictor, off by about half a percent.
# 3. With each error repaired, the walk ends at the retrained predictor **and** at Theorem 4's
#    parameters: three layers of equal norm $\rho^{1/3}$. That is no accident.
#
# ### Where the step stops
#
# > **Theorem.** Let $\theta$ be a linear network that fits the retain set, and a fixed point of
# > MinNorm-OG's step, $P_G^\perp\theta = 0$. Then $w(\theta) = w_r$ and
# > $\lVert\theta\rVert^2 = L\rho^{2/L}$: it is a global minimum of Theorem 4.
#
# It is not in paper A.
#
# *Proof.* Let $u_l = A_{l+1}^\top\cdots c^\top$ as in section 2, so that
# $u_{l-1} = A_l^\top u_l$, and $u_0 = w$.
# 1. *What a fixed point is.* $P_G^\perp\theta = 0$ says that $\theta$ is a combination of the
#    retain gradients, with some coefficients $\mu_i$. Read it layer by layer, with $p = X_r^\top\mu
#    = \sum_i\mu_i x_i$: $$A_l = \sum_i \mu_i\, u_l\,(A_{l-1}\cdots A_1 x_i)^\top = u_l\, q_l^\top,
#    \qquad q_l = A_{l-1}\cdots A_1\, p .$$ So every layer has rank one (or is 0), and $q_1 = p$.
# 2. *The predictor is the retrained one.* $w = A_1^\top u_1 = \lVert u_1\rVert^2\, p$ lies in the
#    span of the retain inputs. It fits, and $w_r$ is the only vector of the span that fits. So $w =
#    w_r$.
# 3. *The layers are balanced.* Take the inner product of step 1 with $A_l$. As
#    $\langle A_l, \nabla_{A_l} f(x_i)\rangle = f(x_i)$ (section 5),
#    $$\lVert A_l\rVert_F^2 = \sum_i \mu_i f(x_i) = \langle w, p\rangle, \quad
#    \text{the same number } \kappa \text{ for every } l .$$
# 4. *Nothing is lost in the product.* $u_{l-1} = A_l^\top u_l = \lVert u_l\rVert^2 q_l$, and
#    $\lVert A_l\rVert_F = \lVert u_l\rVert\,\lVert q_l\rVert$. So $\lVert u_{l-1}\rVert = \lVert
#    A_l\rVert_F\,\lVert u_l\rVert$: equality in the first inequality of section 6. From $u_L = 1$
#    down to $u_0 = w$ this gives $\rho = \lVert w\rVert = \prod_l \lVert A_l\rVert_F =
#    \kappa^{L/2}$.
# 5. Hence $\kappa = \rho^{2/L}$ and $\lVert\theta\rVert^2 = L\kappa = L\rho^{2/L}$. $\square$
#
# If $w_r = 0$, step 3 gives $\kappa = 0$ and $\theta = 0$: no special case. "Fits" is needed, for
# $\theta = 0$ is a fixed point of every network.
#
# **Predict, then run.** Solve the *equations* $\theta = \sum_i\mu_i\nabla f(\theta, x_i)$,
# $X_r w(\theta) = y_r$ by Levenberg-Marquardt from random starts, which would find saddle points as
# readily as minima. How far above Theorem 4's minimum is the worst?


# %%
def equations_of_rest(z, like):
    """0 where the layers in z, with the coefficients mu at its end, are a fixed point that fits."""
    at, mu = net.unflatten(torch.from_numpy(z[:-3]), like), torch.from_numpy(z[-3:])
    off = net.flatten(at) - net.output_gradients(at, X_r).T @ mu
    return torch.cat([off, X_r @ net.predictor(at) - y_r]).numpy()


def rest(depth, seed):
    """||theta||^2 over Theorem 4's minimum where Levenberg-Marquardt solves them, else None."""
    like = net.random_network(8, [3] * (depth - 1), seed)
    z = np.append(net.flatten(like), np.random.default_rng(seed).normal(size=3))
    end = least_squares(equations_of_rest, z, args=(like,), method="lm", xtol=1e-15, ftol=1e-15)
    bound = depth * rho.item() ** (2 / depth)
    return end.x[:-3] @ end.x[:-3] / bound if np.abs(end.fun).max() < 1e-9 else None


# %%
tried = [rest(depth, seed) for depth in (2, 3, 4) for seed in range(8)]
solved = np.array([ratio for ratio in tried if ratio is not None])
print(f"{len(solved)} of {len(tried)} starts reach a fixed point that fits; ", end="")
print(f"all within 1e-8 of the minimum: {bool(np.abs(solved - 1).max() < 1e-8)}")
assert len(solved) >= 15 and np.abs(solved - 1).max() < 1e-8

# %% [markdown]
# Not one lies above. Where the step stops and the network fits, it is at the best network there is.
# **What stays open is whether it gets there:** that the walk arrives is measured on one network.
# For networks with activations there is no such theorem.
#
# ## 8 · Lab: depth, width, retain points
#
# A random network with 16 inputs, unlearned by Lemma 1, retrained (Theorem 4's layers), and
# "solved" by L-BFGS without a penalty. Left are the predictors; right, how wrong each is, on the
# retain set and in distance from the retrained predictor ($10^{-16}$ and less at the left end).
#
# **Predict, then move.**
# 1. Depth 1. What becomes of the relaxed solution?
# 2. Depth 2, width 1. And now?
# 3. Depth 2, then 4, at width 12: what does the drift of the relaxed solution do in the table?
# 4. 15 retain points of 16 inputs. How far is the original from the unlearned predictor? And with a
#    single one?

# %%
lab = ch.LinearNetworkLab(seed=1)
lab

# %% [markdown]
# *Left, predictors: the unlearned one lies on the retrained one, and without the penalty all
# entries are zero; right, both errors.*
#
# ### What you saw, and why

# %%
from unlearnlab.chapters.ch06_linear_network.lab import compare

settings = {
    "depth 1": (1, 6, 6, 1),
    "depth 2, width 1": (2, 1, 6, 1),
    "depth 2, width 12": (2, 12, 6, 1),
    "depth 4, width 12": (4, 12, 6, 1),
    "15 retain points": (3, 6, 15, 1),
    "1 retain point": (3, 6, 1, 1),
}
shown = {name: compare(*setting) for name, setting in settings.items()}

# %%
left = {}
for name, s in shown.items():
    left[name] = np.linalg.norm(s.predictors["unlearned"]) / np.linalg.norm(s.original)
    error, far = s.retain_error["relaxed"], s.drift["relaxed"]
    print(
        f"{name:17}  relaxed: retain error {error:.2f}, drift {far:.2f};  "
        f"unlearned: |w| is {left[name]:.2f} of the original's"
    )
assert shown["depth 1"].distance["relaxed"] < 1e-6
assert shown["depth 2, width 1"].retain_error["relaxed"] > 0.99
drifts = {name: s.drift["relaxed"] for name, s in shown.items()}
assert drifts["depth 4, width 12"] < 0.5 * drifts["depth 2, width 12"]
assert left["15 retain points"] > 0.8 and left["1 retain point"] < 0.5
for s in shown.values():
    assert s.retain_error["unlearned"] < 1e-11 and s.distance["unlearned"] < 1e-11

# %% [markdown]
# 1. With one layer the relaxed solution is the retrained predictor: Theorem 2.
# 2. Two layers, one neuron, and the fit is gone. The cancelling step needs no width.
# 3. The drift falls to a fraction: the hole comes nearer.
# 4. With 15 of 16 directions fixed the predictor is nearly the old one; with one, little of it is
#    left.
#
# ## 9 · One lemma for three classes
#
# > **Lemma.** If $f$ is linear in a block of the parameters while the rest is held, then the
# > linearised constraint is exact for any step of that block, of any length.
#
# Section 2 measured it; notebook 07 proves and checks it for all three classes.
#
# | model | block | complexity $R$ | penalty | the step | what is reached |
# |---|---|---|---|---|---|
# | linear (05) | $\theta$, all of it | $\lVert\theta\rVert$ | 0 | a projection | (4)'s solution |
# | linear network | $A_1$ | $\lVert w\rVert$ | infinite off $A_1$ | a lever | (4)'s solution |
# | two-layer (07) | $c$ | active neurons | infinite off $c$ | cancelling | at most $s$ neurons |
#
# ## The question, answered
#
# One step takes the poison out of the curve, at any depth: a matrix of rank one, added to the first
# layer. The *function* is clean. The parameters of Lemma 1's network still tell the lies from the
# truth; those of Theorem 4 do not.
#
# **What was verified.** Every assert above ran:
#
# - Lemma 1 gives $P w(\theta^*)$ to $10^{-10}$ in 200 random networks; L-BFGS from 40 starts and
#   SLSQP from 5 reach the same predictor;
# - the cancelling step breaks 100 of 100 random networks, an optimiser 320 of 320;
# - balanced layers reach $L\rho^{2/L}$ for $L = 1, \dots, 6$; 80 searches find nothing smaller, and
#   solving the equations of a fixed point finds these minima only.
#
# **An open question.** From which networks does the repaired walk converge? A proof would need a
# quantity that falls along it and is stationary at fixed points only.
#
# ## References
#
# - J. L. Block, A. Mokhtari, S. Shakkottai, *Machine Unlearning under Overparameterization*,
#   NeurIPS 2025, [arXiv 2505.22601](https://arxiv.org/abs/2505.22601): Lemma 1, Theorems 3 and 4,
#   D.4.1. The cancelling step of section 5 is not in the paper.
# - S. Arora, N. Cohen, W. Hu, Y. Luo, *Implicit Regularization in Deep Matrix Factorization*,
#   NeurIPS 2019, [arXiv 1905.13655](https://arxiv.org/abs/1905.13655): where gradient descent takes
#   balanced layers.
# - The inequality of arithmetic and geometric mean by the tangent of the exponential is due to G.
#   Pólya.
#
# **Next:** [07 · Two-layer networks](07_two_layer_networks.ipynb) puts an activation between two
# layers and counts neurons.
