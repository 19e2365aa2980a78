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
# # 07 · Two-layer networks
#
# **The question.** A network with one hidden layer of a hundred neurons fits eleven points. One of
# them has to be forgotten. How many of the neurons do the other ten need, and what is left of the
# function when the rest are gone?
#
# **You will be able to**
# - remove neurons from a trained network so that no retained output changes at all, and say
#   beforehand how many will stay at most;
# - prove the lemma behind it with a 3-by-5 example, and turn the proof into a stable computation
#   for thousands of neurons;
# - compare three ways to choose the survivors, and say why few neurons and a calm function are
#   different things.
#
# **You need** notebook 02 (the relaxed problem), and from linear algebra: span, rank, null space,
# Gaussian elimination.
#
# **Time.** About 60 minutes to work through; the code runs in under 25 seconds on one CPU core. No
# GPU is needed.
#
# "Paper A" is *Machine Unlearning under Overparameterization* (reference at the end). Numbers in
# parentheses, such as (4), are its equation numbers.

# %%
import itertools
import math
import time

import numpy as np
import scipy.linalg
import torch
import torch.nn.functional as F

import unlearnlab as ul
from unlearnlab.chapters import ch07_two_layer as ch

# %% [markdown]
# ## 1 · A network and its complexity
#
# The model is
#
# $$f(x) = c^\top \phi(A x) = \sum_{i=1}^{h} c_i\, \phi(\langle a_i, x\rangle),
# \qquad A \in \mathbb{R}^{h \times d},\quad c \in \mathbb{R}^h.$$
#
# Row $a_i$ of $A$ and weight $c_i$ belong to neuron $i$. The activation $\phi$ is applied to each
# number on its own. A bias needs no letter of its own: append a constant 1 to every input, and it
# is one more weight.
#
# You train on ten points of a sine, the **retain set**, and one **forget point** at height 1.5 in a
# gap between two of them. `ch.fit` runs AdamW for the shape and then Gauss-Newton steps
# until all eleven residuals are below $2 \cdot 10^{-12}$.

# %%
with_bias = lambda x: torch.stack([x, torch.ones_like(x)], 1)

x_retain = torch.linspace(-3, 3, 10, dtype=torch.float64)
x_forget = torch.tensor([-4 / 3], dtype=torch.float64)
X_r, X_f, y_r = with_bias(x_retain), with_bias(x_forget), x_retain.sin()
X, y = torch.cat([X_r, X_f]), torch.cat([y_r, torch.tensor([1.5], dtype=torch.float64)])

# %%
silu = F.silu
A, c = ch.fit(X, y, width=100, activation=silu, seed=1)
f = lambda A, c, X: ul.two_layer.predict(A, c, X, silu)

assert (f(A, c, X) - y).abs().max() < 1e-10
tuple(A.shape), tuple(c.shape)

# %%
x_grid = torch.linspace(-3.2, 3.2, 401, dtype=torch.float64)
grid = with_bias(x_grid)
retain, forget = (x_retain.numpy(), y_r.numpy()), (x_forget.numpy(), [1.5])
ch.fits(
    x_grid.numpy(),
    {"One hundred neurons fit every point, the poisoned one too": {"original": f(A, c, grid)}},
    retain,
    forget,
    finding="The curve passes through ten points of a sine and leaps up between two of them to "
    "reach the forget point.",
)


# %% [markdown]
# ### How many neurons are at work?
#
# Neuron $i$ is **active** when it has a weight in and a weight out. Paper A takes the number of
# active neurons as the complexity of this network:
#
# $$R(\theta) = \sum_{i=1}^{h} \mathbb{1}\{\, |c_i|\, \lVert a_i\rVert > 0 \,\}.$$
#
# All activations here have $\phi(0) = 0$, so an inactive neuron adds nothing to $f$.
#
# ### Exercise 1 · Count them


# %%
def active_neurons(A, c):
    """A: (h, d), one neuron per row. c: (h,).

    Returns the integer R = sum_i 1{|c_i| ||a_i|| > 0}.
    """
    raise NotImplementedError


active_neurons = ch.check("active_neurons", active_neurons)

# %%
ch.hints("active_neurons")

# %%
print("active neurons:", int(active_neurons(A, c)))
assert active_neurons(A, c) == ul.two_layer.active_neurons(A, c) == 100

# %% [markdown]
# ## 2 · Hold the first layer, and the relaxation is exact
#
# You look for the simplest network that fits the retain set, problem (4) with this $R$. As in
# notebook 02, linearise the constraints at $\theta^* = (A^*, c^*)$. A step is
# $\Delta = (\Delta_A, \Delta_c)$, and by the product rule
#
# $$\langle \nabla_\theta f(\theta^*, x), \Delta\rangle =
# \underbrace{\langle \phi(A^*x), \Delta_c\rangle}_{\text{through } c} \;+\;
# \underbrace{\sum_i c_i^*\, \phi'(\langle a_i^*, x\rangle)\, \langle \Delta_{a_i},
# x\rangle}_{\text{through } A}.$$
#
# Paper A chooses the drift regulariser of (7) so that the first layer must not move: $\tilde R = R$
# plus an infinite penalty unless $\Delta_A = 0$. Then only the first term is left, and look at what
# the network itself does under such a step:
#
# $$f(A^*, c^* + \Delta_c, x) = \langle \phi(A^*x),\, c^* + \Delta_c\rangle = f(A^*, c^*, x) +
# \langle \phi(A^*x), \Delta_c\rangle .$$
#
# There is no remainder. With $A$ fixed the network is linear in $c$, so the linearised
# constraint **is** the constraint, for steps of any length. Collect the vectors $\phi(A^*x_i)$ of
# the retain points as rows of the **feature matrix** $\Phi$, of shape $(n_r, h)$. All that is asked
# of $\Delta_c$ is
#
# $$\Phi\, \Delta_c = 0 .$$

# %%
phi = ul.two_layer.features(A, X_r, silu)

gradients = torch.func.jacrev(lambda c: silu(X_r @ A.T) @ c)(
    c
)  # the c-part of the output gradients
assert torch.allclose(gradients, phi, rtol=0, atol=1e-12)
tuple(phi.shape)

# %% [markdown]
# **Predict, then run.** Take a random $\Delta_c$, project it off the rows of $\Phi$, and add it a
# thousand times over. What happens to the retained outputs? And what if $\Delta_A$ moves too, with
# the full linearised constraint obeyed?

# %%
draw = torch.Generator().manual_seed(0)
noise = lambda *shape: torch.randn(*shape, generator=draw, dtype=torch.float64)
change = lambda A_new, c_new: (f(A_new, c_new, X_r) - f(A, c, X_r)).abs().max().item()

only_c = ul.project_out(noise(100), phi)
for length in (1, 1000):
    assert change(A, c + length * only_c / only_c.norm()) < 1e-10 * length

# %%
flat = torch.cat([A.flatten(), c])
output = lambda theta: silu(X_r @ theta[:200].view(100, 2).T) @ theta[200:]
both = ul.project_out(noise(300), torch.func.jacrev(output)(flat))
both = flat + 10 * both / both.norm()
most = change(both[:200].view(100, 2), both[200:])
print(f"c and A together, a step of length 10: the retained outputs change by up to {most:.1f}")
assert most > 0.1

# %% [markdown]
# Moving $c$ alone along $\Phi\Delta_c = 0$ is free, however far you go. The same promise for $A$
# and $c$ together holds to first order only, and a long step breaks it. This is why the penalty on
# $\Delta_A$ is there. D.4.1 of paper A shows the same for linear networks.
#
# The relaxed problem has become: **change $c$ inside the null space of $\Phi$ until as many entries
# as possible are zero.** The first layer, and the forget point, do not occur any more.

# %% [markdown]
# ## 3 · Lemma 6 by hand
#
# Three points, five neurons, whole numbers:
#
# $$\Phi = \begin{pmatrix} 1 & 2 & 1 & 0 & 0 \\ 0 & 1 & 0 & 1 & 0 \\ 2 & 0 & 0 & 0 & 1
# \end{pmatrix}, \qquad c = (3,\, -1,\, 2,\, 2,\, -2)^\top, \qquad \Phi c = (3,\, 1,\, 4)^\top .$$
#
# **The null space.** $\Phi v = 0$ says $v_3 = -v_1 - 2v_2$, $v_4 = -v_2$, $v_5 = -2v_1$. You may
# choose $v_1$ and $v_2$. Once $(1, 0)$ and once $(0, 1)$ gives
#
# $$N = \begin{pmatrix} 1 & 0 \\ 0 & 1 \\ -1 & -2 \\ 0 & -1 \\ -2 & 0 \end{pmatrix}.$$
#
# This is the **reduced column echelon form** of a basis: each column has a leading 1, in a row of
# its own, and in that row all other columns are 0. Gaussian elimination on the columns brings every
# basis into this form. Here the leading rows are 1 and 2.
#
# **Cancel.** Subtract $c_1 = 3$ times the first column: entry 1 becomes 0. Then subtract $c_2 = -1$
# times the second: entry 2 becomes 0, and entry 1 *stays* 0, because the second column is 0 there.
# This is what the echelon form is for.

# %%
Phi = torch.tensor([[1, 2, 1, 0, 0], [0, 1, 0, 1, 0], [2, 0, 0, 0, 1]]).double()
N = torch.tensor([[1, 0], [0, 1], [-1, -2], [0, -1], [-2, 0]]).double()
weights = torch.tensor([3, -1, 2, 2, -2]).double()
assert not (Phi @ N).any() and torch.linalg.matrix_rank(Phi) == 3

once = weights - weights[0] * N[:, 0]
twice = once - once[1] * N[:, 1]
assert torch.equal(Phi @ twice, Phi @ weights) and (twice != 0).sum() == 3

# %%
stages = {"c": weights, "neuron 1 cancelled": once, "neuron 2 cancelled": twice}
ch.pictures.cancelling(
    {name: v.numpy() for name, v in stages.items()},
    {name: (Phi @ v).numpy() for name, v in stages.items()},
    finding="After the first cancellation one weight is zero, after the second two are, and the "
    "three outputs never change.",
)


# %% [markdown]
# ### The lemma
#
# > **Lemma 6.** For $c \in \mathbb{R}^h$ and a subspace $G$ of dimension $s$ there is a
# > $\Delta_c \in G^\perp$ such that $c + \Delta_c$ has at most $s$ nonzero entries.
#
# For us $G$ is the span of the rows of $\Phi$, so $s = \operatorname{rank}\Phi$ and $G^\perp$ is
# the null space of $\Phi$.
#
# *Proof.* $\dim G^\perp = h - s$. Bring a basis of $G^\perp$ into reduced column echelon form:
# $h - s$ columns, each with a leading 1 in a row of its own where all the others are 0. Subtract
# column $j$ as often as the entry of $c$ in its leading row says. Each subtraction makes that entry
# 0 and touches no other leading row. In the end $h - s$ entries are 0, so at most $h - (h - s) = s$
# are not. $\square$
#
# ### Exercise 2 · Cancel
#
# `basis` is such a matrix and `leading[j]` the row in which column `j` has its 1.


# %%
def cancel(c, basis, leading):
    """c: (h,). basis: (h, k), with basis[leading] the identity. leading: (k,), row numbers.

    Returns c (h,) changed inside the span of the columns so that c[leading] becomes 0.
    """
    raise NotImplementedError


cancel = ch.check("cancel", cancel)

# %%
ch.hints("cancel")


# %% [markdown]
# For real features such a basis is written down by solving: choose $s$ independent columns $B$, by
# a pivoted QR factorisation, and let the other rows be the leading ones. In the rows of the
# identity stands $1$, in those of $B$ what makes $\Phi N = 0$.


# %%
def null_basis(features):
    """Lemma 6's basis, (h, h - s), with basis[leading] the identity, and leading, (h - s,)."""
    s, h = ul.two_layer.rank(features), features.shape[1]
    order = scipy.linalg.qr(features, mode="r", pivoting=True)[1]
    stay, leading = torch.from_numpy(order).long().split([s, h - s])
    basis = torch.zeros(h, h - s, dtype=torch.float64)
    basis[leading] = torch.eye(h - s, dtype=torch.float64)
    basis[stay] = -torch.linalg.pinv(features[:, stay]) @ features[:, leading]
    return basis, leading


# %%
assert torch.equal(cancel(weights, N, torch.tensor([0, 1])), twice)

basis, leading = null_basis(phi)  # of the trained network's features
sparse = cancel(c, basis, leading)
print(
    f"a basis of {basis.shape[1]} columns; weights other than 0: {(sparse.abs() > 0).sum()}; "
    f"retained outputs unchanged: {bool((phi @ (sparse - c)).abs().max() < 1e-8)}"
)


# %% [markdown]
# ## 4 · The same without the basis
#
# The basis has $h - s$ columns of length $h$. For five thousand neurons that is a matrix of 25
# million numbers, and you only want its effect. So write out what cancelling does. Order the
# neurons with the $s$ survivors first and split $\Phi = (B \;\; E)$, with $B$ the columns that stay
# and $E$ those that go. Let $B$ have $s$ independent columns. Then $\Phi v = 0$ can be solved for
# the first part of $v$, and the basis reads
#
# $$N = \begin{pmatrix} -B^{+}E \\ I \end{pmatrix}.$$
#
# Here $B^{+}$ solves with $B$: each column of $E$ is a combination $B\,t$ of the columns of $B$ for
# exactly one $t = B^{+}e$, as $B$ spans what $\Phi$ spans. The leading rows are those of $I$.
# Cancelling subtracts $c_E$ times these columns:
#
# $$\begin{pmatrix} c_B \\ c_E \end{pmatrix} - \begin{pmatrix} -B^{+}E \\ I \end{pmatrix} c_E =
# \begin{pmatrix} c_B + B^{+}E\,c_E \\ 0 \end{pmatrix} = \begin{pmatrix} B^{+}\Phi c \\ 0
# \end{pmatrix}.$$
#
# In words: **everything the leaving neurons contributed moves onto those that stay.** There is
# nothing else it could be, because $B t = \Phi c$ has only one solution.
#
# ### Exercise 3 · Move the weights


# %%
def move_onto(c, features, keep):
    """c: (h,). features: (n, h), of rank s. keep: (s,), numbers of neurons whose columns are
    independent.

    Returns new weights (h,): 0 outside `keep`, and with the same outputs features @ c.
    """
    raise NotImplementedError


move_onto = ch.check("move_onto", move_onto)

# %%
ch.hints("move_onto")

# %%
stay = torch.ones(100, dtype=torch.bool)
stay[leading] = False
direct = move_onto(c, phi, stay.nonzero().flatten())
assert torch.allclose(direct, sparse, rtol=0, atol=1e-7 * sparse.abs().max().item())
assert torch.equal(move_onto(weights, Phi, torch.tensor([2, 3, 4])).round(decimals=9), twice)


# %% [markdown]
# ### Which ones stay?
#
# The lemma lets you choose: *any* $s$ independent columns will do. The echelon form with its
# leading entries as far up as possible makes one choice, the last independent ones. On paper all
# choices are equal. In floating point they are not: columns can be independent and nearly
# dependent, and then $B^{+}$ has huge entries.
#
# **Predict, then run.** Keep the last ten independent neurons, or let pivoting choose: at each step
# of an LU factorisation, the neuron whose remaining column has the largest entry. By what factor do
# the sums $\sum_i |c_i|$ differ?


# %%
def last_independent(features):
    """The neurons that the lemma's own echelon form keeps: from the last one backwards, each that
    adds to the rank."""
    keep = []
    for j in reversed(range(features.shape[1])):
        if torch.linalg.matrix_rank(features[:, [*keep, j]]) > len(keep):
            keep.append(j)
        if len(keep) == ul.two_layer.rank(features):
            return torch.tensor(keep)


# %%
last = move_onto(c, phi, last_independent(phi))
pivoted = ul.two_layer.sparsify(c, phi)

for new in (last, pivoted):
    assert (new != 0).sum() <= 10 and (f(A, new, X_r) - y_r).abs().max() < 1e-8
ratio = (last.abs().sum() / pivoted.abs().sum()).item()
assert ratio > 5

# %% [markdown]
# More than five times, on the same network. `ul.two_layer.sparsify` does three things to be both
# safe and fast:
#
# 1. It looks at the **contributions** $c_i\,\phi_i$ instead of the columns $\phi_i$. Scaling a
#    neuron up and its weight down changes nothing then, and a neuron whose weight is 0 is never
#    woken.
# 2. It takes an orthonormal basis of their row space and pivots in that, so that the size of the
#    outputs plays no role and the rank is known before the choice.
# 3. It solves for the weights once, and once more for what rounding left.
#
# The cost is $O(n^2 h)$. Five thousand neurons and two hundred points:

# %%
wide = torch.relu(noise(200, 10) @ noise(10, 5000))
wide_c = noise(5000)
began = time.perf_counter()
few = ul.two_layer.sparsify(wide_c, wide)
assert time.perf_counter() - began < 5  # a tenth of a second on an idle core

error = (wide @ (few - wide_c)).norm() / (wide @ wide_c).norm()
assert error < 1e-10
print(f"{(wide_c != 0).sum()} weights before, {(few != 0).sum()} after")


# %% [markdown]
# ## 5 · Theorem 5: at most $s \le n_r$ neurons
#
# Put the pieces together. The relaxed problem with $\tilde R$ is: make as many entries of
# $c^* + \Delta_c$ zero as possible, subject to $\Phi\Delta_c = 0$.
#
# - The constraint is exact (Section 2), so every feasible point still fits the retain set, the
#   solution too.
# - Lemma 6 gives a feasible point with at most $s$ active neurons. The solution has at most as
#   many.
#
# $$\boxed{\ R(\theta^* + \tilde\Delta) \;\le\; s = \dim\operatorname{span}\{\phi(A^*x) : x \in
# D_r\} \;\le\; n_r\ }$$
#
# The last step: $n_r$ vectors span at most $n_r$ dimensions. Also $s \le h$, since they live in
# $\mathbb{R}^h$.
#
# ### Exercise 4 · The bound


# %%
def width_bound(features):
    """features: (n_r, h), row i is phi(A x_i).

    Returns the integer s, whatever the scale of the features.
    """
    raise NotImplementedError


width_bound = ch.check("width_bound", width_bound)

# %%
ch.hints("width_bound")

# %% [markdown]
# **Predict, then run.** Twelve retain points, of which $k$ are copies of others. How many neurons
# stay for $k = 0, \dots, 6$?

# %%
n_r, bound, active = 12, [], []
for copies in range(7):
    x = torch.linspace(-3, 3, n_r - copies, dtype=torch.float64)
    features = ul.two_layer.features(A, with_bias(torch.cat([x, x[:copies]])), silu)
    bound.append(width_bound(features))
    active.append(int((ul.two_layer.sparsify(c, features) != 0).sum()))

# %%
ch.graph(
    range(7),
    {"rank s": bound, "active after the cut": active, f"n_r = {n_r}": n_r},
    looks=["dashed", "blue dots", "target"],
    legend={"loc": "lower left"},
    ylim=(0, n_r + 2),
    xlabel="retain points that are copies of another",
    ylabel="neurons",
    title="Copies ask for nothing new, and the bound knows it",
    finding="The active neurons are as many as the rank s, which falls by one with every copy.",
)

# %%
assert bound == active == [n_r - copies for copies in range(7)]

# %% [markdown]
# A copy adds an equation that is there already. Labels never entered: the bound depends on where
# the retain points are, not on how hard they are to fit. Section 9 comes back to that.

# %% [markdown]
# ### Can it be fewer than $s$?
#
# For a *particular* $c$, yes: if $\Phi c = 0$, no neuron is needed. For nearly every $c$, no. With
# fewer than $s$ neurons the outputs lie in the span of fewer than $s$ columns. There are finitely
# many such spans, none fills the $s$-dimensional column space, and $\Phi c$ for a randomly drawn
# $c$ avoids all of them with probability 1. Try every set of fewer than three neurons in the
# example, with random weights:

# %%
random_c = noise(5)
target = Phi @ random_c
misses = []
for size in (0, 1, 2):
    for columns in itertools.combinations(range(5), size):
        part = Phi[:, list(columns)]
        misses.append((part @ torch.linalg.pinv(part) @ target - target).norm() / target.norm())
assert min(misses) > 1e-3
print(f"{len(misses)} sets of fewer than three neurons, none of which gives the outputs")


# %% [markdown]
# Finding the fewest for a given $c$ means searching through such sets, and no fast way is known in
# general. The theorem does not need it: its bound is what `sparsify` delivers.

# %% [markdown]
# ## 6 · Proposition 1: clear the rows
#
# After the cut, ninety weights $c_i$ are 0, but the rows $a_i$ of these neurons are still there,
# with all that training wrote into them. They do nothing: the neuron enters $f$ only through
# $c_i\,\phi(\langle a_i, x\rangle)$, which is 0 for every $x$. So you can set $a_i$ to 0 as well
# and get the **same function**, on all inputs. That is Proposition 1.
#
# Corollary 1 counts: at most $R(\theta)$ rows of $A$ are then nonzero.
#
# ### Exercise 5 · Prune


# %%
def prune_rows(A, c):
    """A: (h, d). c: (h,).

    Returns A with row i set to 0 wherever c_i is 0; the same shape, a new matrix.
    """
    raise NotImplementedError


prune_rows = ch.check("prune_rows", prune_rows)

# %%
ch.hints("prune_rows")

# %%
A_cut = prune_rows(A, pivoted)
assert (f(A_cut, pivoted, grid) - f(A, pivoted, grid)).abs().max() < 1e-12
assert A_cut.any(1).sum() == active_neurons(A_cut, pivoted) <= 10

A_same, c_same = ul.two_layer.cut(A, c, X_r, silu)  # both steps in one
assert torch.equal(A_same, A_cut) and torch.equal(c_same, pivoted)

# %% [markdown]
# ## 7 · Four activations
#
# Nothing above used which activation it was. **Predict, then run.** ReLU, tanh, SiLU, GELU: does
# the cut network fit the ten retain points for each of them? What does it do at the forget point,
# in orange before the cut?

# %%
activations = {"ReLU": torch.relu, "tanh": torch.tanh, "SiLU": F.silu, "GELU": F.gelu}
panels = {}
for name, act in activations.items():
    A_1, c_1 = ch.fit(X, y, width=100, activation=act, seed=1)
    A_2, c_2 = ul.two_layer.cut(A_1, c_1, X_r, act)
    assert (ul.two_layer.predict(A_1, c_1, X, act) - y).abs().max() < 1e-10
    assert (ul.two_layer.predict(A_2, c_2, X_r, act) - y_r).abs().max() < 1e-8
    kept, s = active_neurons(A_2, c_2), width_bound(ul.two_layer.features(A_1, X_r, act))
    assert kept <= s <= 10 and A_2.any(1).sum() == kept
    before, after = (
        ul.two_layer.predict(*pair, grid, act).numpy() for pair in ((A_1, c_1), (A_2, c_2))
    )
    panels[f"{name}: 100 neurons, {kept} after the cut"] = {"original": before, "cut": after}

# %%
ch.fits(
    x_grid.numpy(),
    panels,
    retain,
    forget,
    finding="For each activation the cut network meets the original at every retain point and "
    "leaves it in between.",
    limit=3.2,
)


# %% [markdown]
# All four fit the retain points to $10^{-8}$ with ten neurons. At the forget point each does
# something else, and between the retain points the cut function can swing more than the original
# did.

# %% [markdown]
# ## 8 · Other ways to choose, and what the forget point does
#
# Two other methods give few neurons with the same retained outputs.
#
# **A linear program** (basis pursuit). Ask for the least $\sum_i |c'_i|$ instead of the fewest
# neurons:
#
# $$\min_{c'}\ \sum_i |c'_i| \quad \text{subject to} \quad \Phi c' = \Phi c .$$
#
# Write $c' = p - q$ with $p, q \ge 0$, and it is a linear program with $s$ independent equations;
# its optimum is reached in a corner of the feasible set. In a corner the columns of the nonzero
# variables are independent, or you could walk along a dependence in both directions and would not
# be in a corner; hence at most $s$ nonzeros. So **the same bound holds** here, for the smallest
# weights there are. SciPy's simplex method finds such a corner.
#
# **Matching pursuit** is greedy: take the neuron whose outputs, scaled to length 1, agree best with
# what is still missing, solve for all chosen weights again, repeat until nothing is missing. What
# is missing is orthogonal to the chosen columns, so each step takes an independent one, and there
# are at most $s$ steps.


# %%
def survivors(c, features):
    """Ways to keep the retained outputs with at most s neurons. "Features alone" pivots too, but
    never looks at c."""
    return {
        "features alone": cancel(c, *null_basis(features)),
        "last neurons": move_onto(c, features, last_independent(features)),
        "pivoted": ul.two_layer.sparsify(c, features),
        "linear program": ch.pursuit.basis_pursuit(c, features),
        "matching pursuit": ch.pursuit.matching_pursuit(c, features),
    }


# %%
results = []
for (name, act), seed in itertools.product(activations.items(), range(1, 7)):
    A_1, c_1 = ch.fit(X, y, width=100, activation=act, seed=seed)
    features = ul.two_layer.features(A_1, X_r, act)
    for method, c_2 in {"original": c_1, **survivors(c_1, features)}.items():
        values = {
            "neurons": int((c_2.abs() > 1e-12 * c_2.abs().max()).sum()),
            "sum": c_2.abs().sum().item(),
            "drift": ((c_2 - c_1).norm() / c_1.norm()).item(),
            "error": (features @ c_2 - y_r).abs().max().item(),
            "largest": ul.two_layer.predict(A_1, c_2, grid, act).abs().max().item(),
            "forget": ul.two_layer.predict(A_1, c_2, X_f, act).item(),
        }
        results.append({"activation": name, "seed": seed, "method": method, **values})

# %%
pick = lambda what, **where: np.array(
    [r[what] for r in results if all(r[k] == v for k, v in where.items())]
)
methods = ["last neurons", "pivoted", "linear program", "matching pursuit"]

assert pick("neurons", method="original").min() == 100
for method in methods:
    assert pick("neurons", method=method).max() <= 10
    assert pick("error", method=method).max() < 1e-8

# %% [markdown]
# Twenty-four networks, four ways each, never more than ten neurons. All keep the ten retained
# outputs to $10^{-8}$. **Predict, then run.** Before the cut all twenty-four outputs at the forget
# point are 1.5. Where are they after it? The sine there is at $-0.97$.

# %%
levels = {"before the cut": 1.5, "sin x": math.sin(-4 / 3)}
outputs = {}
for i, method in enumerate(methods):  # side by side
    values = np.array([pick("forget", activation=name, method=method) for name in activations])
    across = ch.dots(values.clip(-4.5, 4.5), shift=0.22 * i - 0.33, spread=0.05)
    outputs[method] = across[::-1]

# %%
ch.draw(
    "forget_outputs",
    levels | outputs,
    xticks=range(len(activations)),
    xticklabels=activations,
    finding="After the cut the outputs gather near the sine for the linear program and scatter "
    "widely for the pivoted choice.",
)

# %% [markdown]
# (Values beyond the axis stand at its edge.) The cut knows the forget point neither by its input
# nor by its target, and **no theorem says what its output becomes**. What you find:
#
# - the linear program and, mostly, matching pursuit leave outputs near the sine, as if the point
#   had never been there;
# - the last neurons, an arbitrary choice, come nearest of all in the median and end furthest away
#   in the worst case;
# - the pivoted choice scatters. It prefers neurons that contribute much, and here the large
#   contributors are steep ones that training placed to build the leap to 1.5. To check this, pivot
#   on the features alone, without the weights (a row of results that is not in the picture): the
#   outputs come much closer to the sine.

# %%
sine_there = math.sin(-4 / 3)
distance = {m: np.abs(pick("forget", method=m) - sine_there) for m in [*methods, "features alone"]}
middle = {m: np.median(values) for m, values in distance.items()}
assert (distance["linear program"] < 0.8).all() and middle["linear program"] < 0.15
assert middle["last neurons"] < 0.05 and distance["last neurons"].max() > 10
assert (
    middle["pivoted"] > 1.5 * middle["features alone"]
    and middle["pivoted"] > 2 * middle["linear program"]
)
assert np.abs(pick("forget", method="original") - 1.5).max() < 1e-8

# %% [markdown]
# What a method looks at when it chooses decides what it carries over. Every one of them keeps rows
# of $A^*$, and $A^*$ was trained on the forget point.

# %% [markdown]
# One case is certain. If the forget point's features lie in the span of the retained ones,
# $\phi(A^*x_f) = \Phi^\top u$ for some $u$, then its output is $u^\top \Phi c$, and no feasible
# change can move it. A forget point that repeats a retained input is such a case, and so is every
# point once $s = h$. Unlearning is not misfitting: what the retain set determines, stays.

# %%
small_phi = noise(6, 4)  # six points, four neurons: s = h
assert ul.two_layer.rank(small_phi) == 4
small_c = noise(4)
assert torch.equal(ul.two_layer.sparsify(small_c, small_phi), small_c)

# %% [markdown]
# ### Few is not calm
#
# The bound counts neurons. It says nothing about how large their weights are, nor what the function
# does where no retain point holds it. **Predict, then run.** Order the methods by $\sum_i |c_i|$.
# Is that the order of the largest $|f(x)|$ as well?

# %%
ways = ["original", *methods]
by_method = lambda what: {
    m: ch.dots([pick(what, method=m)], shift=row, spread=0.18) for row, m in enumerate(ways)
}
ch.draw(
    "calmness",
    by_method("sum"),
    by_method("largest"),
    rows=ways,
    finding="Ten neurons each: the last neurons need the largest weights by far, the linear "
    "program the smallest, and its functions stay within the data.",
)

# %%
sums = {m: pick("sum", method=m) for m in ["original", *methods]}
largest = {m: pick("largest", method=m) for m in methods}
median = {m: np.median(values) for m, values in sums.items()}
others = np.minimum(sums["pivoted"], sums["original"])
assert (sums["linear program"] <= 1.0001 * others).all()
assert median["last neurons"] > 5 * median["pivoted"]
assert median["pivoted"] > median["linear program"]
assert largest["linear program"].max() < 1.5 < largest["pivoted"].max()
assert np.median(largest["last neurons"]) < 1.5 < 3 < largest["last neurons"].max()
assert all(np.median(pick("drift", method=m)) > 0.5 for m in methods)

# %% [markdown]
# The linear program has the smallest sum by construction, and here its functions stay near the
# range of the data. The last neurons need sums ten or a hundred times as large, and yet many of
# their functions are calm: large weights on nearly dependent neurons cancel, between the points as
# on them. A few swing far out. So neither the number of neurons nor the size of the weights tells
# you how the function behaves between the points. You have to look.
#
# The drift is large too: typically $\lVert\Delta_c\rVert$ is of the size of $\lVert c^*\rVert$.
# Here that does no harm to the retained outputs, because the relaxation is exact at any distance.

# %%
A_1, c_1 = ch.fit(X, y, width=100, activation=torch.tanh, seed=1)
on_grid = lambda c: ul.two_layer.predict(A_1, c, grid, torch.tanh).numpy()
cuts = survivors(c_1, ul.two_layer.features(A_1, X_r, torch.tanh))
ch.fits(
    x_grid.numpy(),
    {m.capitalize(): {"original": on_grid(c_1), "cut": on_grid(cuts[m])} for m in methods},
    retain,
    forget,
    finding="The cut networks pass through the same ten retain points; between them some stay "
    "close to the sine and others swing far away.",
    limit=3.2,
)

# %% [markdown]
# One network (tanh), four times ten neurons, the same ten outputs. The first picture is cut off;
# its curve goes on beyond 10.

# %%
assert np.abs(on_grid(cuts["last neurons"])).max() > 10 > np.abs(on_grid(cuts["pivoted"])).max()

# %% [markdown]
# ## 9 · Where the bound sits
#
# Paper A puts $s \le n_r$ beside what is known in the worst case: with a free choice of the first
# layer, $n_r + 1$ neurons suffice for general activations, and for ReLU some data sets need at
# least $n_r - 2$. So for hard data nobody can do much better than the bound.
#
# **A hard data set.** One input, ReLU, and targets that zigzag. Each neuron
# $c_i\max(0, w_i x + b_i)$ bends at one place, so a network of $k$ neurons is a line with at most
# $k$ bends. On the interval between $x_i$ and $x_{i+1}$ the function must rise or fall, so
# somewhere inside it has a slope of that sign. Take one such place $p_i$ in each of the $n - 1$
# intervals: the slopes there alternate in sign. Between $p_i$ and $p_{i+1}$ the slope changes, so
# there is a bend. The $n - 2$ stretches do not overlap, so there are at least $n - 2$ bends, and
# $k \ge n - 2$.

# %%
x_zig = torch.arange(8, dtype=torch.float64)
y_zig = torch.tensor([-1.0, 1] * 4, dtype=torch.float64)
# one neuron bends at each inner point, one carries the first slope, one (w = 0) the first height
A_zig = torch.cat([torch.tensor([[1.0, 0], [0, 1]]).double(), with_bias(-x_zig[1:-1]).flip(1)])
c_zig = torch.tensor([2.0, -1, -4, 4, -4, 4, -4, 4], dtype=torch.float64)
assert torch.equal(ul.two_layer.predict(A_zig, c_zig, with_bias(x_zig), torch.relu), y_zig)

fine = torch.linspace(0, 7, 701, dtype=torch.float64)
zigzag = ul.two_layer.predict(A_zig, c_zig, with_bias(fine), torch.relu)

# %%
bends = x_zig[1:-1]
ch.graph(
    fine,
    {"unlearned": zigzag, "retain": (x_zig, y_zig), "bends": (bends, y_zig[1:-1])},
    looks={"bends": "bends"},
    key=3,
    xlabel="x",
    ylabel="f(x)",
    title=f"{len(x_zig)} points, {len(x_zig) - 1} slopes that alternate, {len(bends)} bends",
    finding="The slope changes its sign from one interval to the next, with one bend each time.",
)

# %% [markdown]
# Eight points: eight neurons do it, and fewer than six cannot. The cut of a trained network lands
# at $s \le 8$, at most two above the best there is.
#
# **An easy data set.** All targets on one straight line. Two ReLU neurons draw it,
# $x = \max(0, x) - \max(0, -x)$, through any number of points. **Predict, then run:** train on
# twenty-one such points and cut. How many neurons stay?

# %%
x_easy = torch.linspace(-1, 1, 21, dtype=torch.float64)
A_hand, c_hand = torch.tensor([[1.0, 0], [-1, 0]]).double(), torch.tensor([1.0, -1]).double()
assert torch.equal(ul.two_layer.predict(A_hand, c_hand, with_bias(x_easy), torch.relu), x_easy)

A_easy, c_easy = ch.fit(with_bias(x_easy), x_easy, width=300, activation=torch.relu, seed=1)
A_line, c_line = ul.two_layer.cut(A_easy, c_easy, with_bias(x_easy), torch.relu)
s_easy = ul.two_layer.rank(ul.two_layer.features(A_easy, with_bias(x_easy), torch.relu))
assert (
    ul.two_layer.predict(A_line, c_line, with_bias(x_easy), torch.relu) - x_easy
).abs().max() < 1e-8
assert 10 < active_neurons(A_line, c_line) <= s_easy <= 21

# %% [markdown]
# Many more than two. The bound counts the points and not the difficulty of their labels; and with
# the first layer held, the two ideal neurons are not among those you may keep. "At most $n_r$" is
# near the best for hard data, and can be far from it for easy data.

# %% [markdown]
# ## 10 · Lab: dying neurons
#
# The lab trains a network on a retain set and one forget point, cuts it, and draws which neurons
# stay, the function before and after, and the counts.
#
# **Predict, then move.**
# 1. Retain points from 10 to 5. How many neurons die more? What happens to the leap?
# 2. Two of the points copies. Which of the numbers on the right moves, which does not?
# 3. Neurons from 100 to 150: does the number that stay change?
# 4. Survivors by linear program instead of pivoted: the same count, another function. Which is
#    closer to the sine?
# 5. Inputs 2: a surface instead of a curve. Do any of your answers change?

# %%
lab = ch.PruneLab()
lab

# %% [markdown]
# ### What you saw, and why

# %%
from unlearnlab.chapters.ch07_two_layer.lab import cut_network

settings = {
    "start": dict(),
    "5 points": dict(n_r=5),
    "2 copies": dict(copies=2),
    "150 neurons": dict(h=150),
    "linear program": dict(method="linear program"),
    "2 inputs": dict(inputs=2),
}
shown = {
    name: cut_network(**{"n_r": 10, "h": 100, "activation": "SiLU", **changes})
    for name, changes in settings.items()
}

# %%
for name, now in shown.items():
    kept = f"kept {now.kept:2} of {len(now.alive)}"
    print(f"{name:15} n_r {len(now.X):2}   s {now.rank:2}   {kept}")

# %% [markdown]
# 1. Five fewer: the count follows the rank. With the points far apart the leap has more room.
# 2. The rank and the count fall by two, the number of retain points does not.
# 3. No. The bound does not know $h$, once $h \ge s$.
# 4. The linear program's. It is the same bound, and another point of the same feasible set.
# 5. No: $s$ is a rank, whatever the number of inputs.

# %%
assert [now.kept for now in shown.values()] == [10, 5, 8, 10, 10, 10]
assert all(now.kept <= now.rank and now.retain_error < 1e-8 for now in shown.values())
assert abs(shown["linear program"].forget_output - sine_there) < 0.5

# %% [markdown]
# ## What was verified
#
# Every assert above ran when this page was made. In words:
#
# - the output gradients by $c$ are the features; a step of $c$ in their null space changes no
#   retained output at length 1000, while a step of $A$ and $c$ together does at length 10;
# - Lemma 6 on whole numbers, exactly; `cancel` with a basis and `move_onto` without one give the
#   same weights;
# - five thousand neurons become two hundred with the same outputs to $10^{-10}$;
# - for ReLU, tanh, SiLU and GELU a trained network fits all eleven points to $10^{-10}$; cut, it
#   fits the ten retained ones to $10^{-8}$ with at most $s \le 10$ active neurons, and the other
#   rows of $A$ are zero;
# - copies lower $s$ one by one; with random weights no set of fewer than $s$ neurons does it;
# - the linear program and matching pursuit need at most $s$ as well; the linear program has the
#   least $\sum|c_i|$;
# - a zigzag of eight points needs at least six ReLU neurons and has eight; a line through
#   twenty-one points needs two, and the cut leaves more than ten.
#
# **Where it stops.** The theorem speaks of retained outputs and of the number of neurons. It
# promises nothing about the forget point or about the function between the points, and it keeps a
# first layer that was trained on what is to be forgotten: the survivors' rows of $A^*$ can still
# carry it.

# %%
assert ul.two_layer.active_neurons(A_cut, pivoted) <= ul.two_layer.rank(phi) <= len(X_r)
assert (f(A_cut, pivoted, X_r) - y_r).abs().max() < 1e-8

# %% [markdown]
# ## References
#
# - J. L. Block, A. Mokhtari, S. Shakkottai, *Machine Unlearning under Overparameterization*,
#   NeurIPS 2025, [arXiv 2505.22601](https://arxiv.org/abs/2505.22601): problems (4), (6), (7);
#   Lemmas 2 and 6, Theorem 5, Proposition 1, Corollary 1; D.4.1.
# - S. S. Chen, D. L. Donoho, M. A. Saunders, *Atomic Decomposition by Basis Pursuit*, SIAM Journal
#   on Scientific Computing 20, 1998: the linear program.
# - Y. C. Pati, R. Rezaiifar, P. S. Krishnaprasad, *Orthogonal Matching Pursuit*, Asilomar
#   Conference on Signals, Systems and Computers, 1993.
# - Gaussian elimination with pivoting, and why it is stable in practice: any textbook of numerical
#   linear algebra.
