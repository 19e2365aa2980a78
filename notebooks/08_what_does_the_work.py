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
# # 08 · What does the work?
#
# **The question.** MinNorm-OG beats Ridge on the poisoned sine. It differs from Ridge in three ways
# at once: it protects the retain outputs by a projection, it shrinks by a schedule that stops
# half-way, and it shrinks the weights themselves, where Ridge adds a term to the loss. Which of the
# three earns the lower error? And what does that error not see?
#
# **You will be able to**
# - name a function that beats most methods of the published table without knowing a single data
#   point, and say what follows for the measure;
# - take MinNorm-OG apart, one ingredient at a time, over ten seeds;
# - compare methods at equal work instead of equal epochs, and state a conclusion no wider than the
#   evidence;
# - write a method and a task of your own, and put them through a sweep, a table and a lab.
#
# **You need** notebooks 03 and 04. **Time.** About 55 minutes; the code runs in under two minutes
# on one CPU core. No GPU is needed.
#
# **On a hosted notebook service**, upload the whole course and run `%pip install ..` in this
# notebook's folder before the first cell.
#
# "Paper A" is *Machine Unlearning under Overparameterization* (reference at the end). What is
# measured here goes beyond the paper, and the conclusions are about this task.

# %%
import copy
import functools
import tempfile
from dataclasses import dataclass, fields

import numpy as np
import pandas
import torch
from torch.utils.data import TensorDataset

import unlearnlab as ul
from unlearnlab.chapters import ch08_shrinkage as ch
from unlearnlab.chapters.ch04_sine import SineLab
from unlearnlab.course import over_seeds

seeds, few = range(1, 11), range(1, 6)
tasks = {seed: ul.sine.task(seed) for seed in seeds}


# %% [markdown]
# ## 1 · A model that knows nothing
#
# The measure of notebook 04 is the largest distance from $\sin x$ on a grid. **Predict, then run.**
# How large is it for the function that is $0$ everywhere? Compare with the medians of the published
# table at $T = 10$ and $T = 100$.


# %%
class Zero(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.bias = torch.nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return 0 * x + self.bias


for name, value in ul.sine.errors(tasks[1], Zero()).items():
    print(f"{name:13} {value:.2f}")
better = {
    T: [name for name, (median, _, _) in table.items() if median < 1]
    for T, table in ul.sine.PUBLISHED.items()
}
print("published medians below 1:", better)


# %% [markdown]
# A sine never leaves $[-1, 1]$, so the zero function is off by at most $1$. At $T = 10$ and
# $T = 100$ **every** published median is above that. A model that forgets everything, the sine too,
# would lead the table.
#
# This does not make the measure wrong: it was chosen to see the peaks, and it does. But it is blind
# in one direction, and methods that shrink the network move in just that direction. So from here on
# there are three numbers for each model:
#
# - the **largest error** on the grid, as before: it sees peaks;
# - the **root-mean-square error** on the same grid: it sees whether there is still a sine;
# - the same **on the retain points**: it sees whether what should stay has stayed.
#
# The zero function has about $1$, $0.71$ and $0.7$. Here they are for the models that notebook 04
# ended with, at $T = 100$.


# %%
@functools.cache
def run(seed, method, epochs):
    """(errors, seconds per epoch) of a method, or of a model by name. No run is made twice."""
    task = tasks[seed]
    if isinstance(method, str):
        return ul.sine.errors(task, getattr(task, method)), 0
    ran = ul.unlearn(task, method, epochs)
    return ul.sine.errors(task, ran.model), ran.seconds / epochs


def three_errors(method, epochs=100, seeds=seeds):
    """{measure: one number per seed}"""
    errors = [run(seed, method, epochs)[0] for seed in seeds]
    return {measure: [f[measure] for f in errors] for measure in errors[0]}


median = lambda errors: {measure: np.median(values) for measure, values in errors.items()}

# %%
best = ul.sine.best_settings(100)
known = {"original": three_errors("original"), "ground truth": three_errors("ground_truth")}
known |= {name: three_errors(best[name]) for name in ("Retrain", "MinNorm-OG", "GD", "Ridge")}

# %%
MEASURES = {
    "sup_error": "largest error",
    "rms_error": "root-mean-square error",
    "retain_error": "error on the retain points",
}
zero = {measure: [value] * 10 for measure, value in ul.sine.errors(tasks[1], Zero()).items()}
picture = functools.partial(over_seeds.rows, log=True, neutral=True, middle=np.median)

picture(
    {**known, "the function 0": zero},
    MEASURES,
    "MinNorm-OG is low in all three; Retrain is where the function 0 is",
)

# %%
middle = {name: median(errors) for name, errors in known.items()}

# close to the zero function
assert middle["Retrain"]["rms_error"] > 0.6 and middle["Retrain"]["sup_error"] < 1.6
assert middle["MinNorm-OG"]["rms_error"] < 0.6 * middle["Ridge"]["rms_error"] + 0.1
# descent does what it is asked to
assert middle["GD"]["retain_error"] < middle["original"]["retain_error"]

# %% [markdown]
# Read the rows from the top.
#
# - **Retrain** has nearly the lowest largest error of the four methods, and the two other measures
#   say why: after 100 steps from a blank start it is hardly better than the zero function. It does
#   not have the peaks, because it has not learned anything yet.
# - **GD** keeps the retain points best of all, and the peaks between them.
# - **Ridge** gives up retain points and still has most of the peaks.
# - **MinNorm-OG** is low in all three columns. So its lead over Ridge is real, and not a drift
#   towards zero.
#
# A dot is a seed, joined from row to row, and the diamond is the median.
#
# The rest of this notebook asks where the lead comes from.

# %% [markdown]
# ## 2 · Fewer and fewer protected samples
#
# MinNorm-OG shrinks $\theta$ off the span of `n_pert` output gradients. With `n_pert` equal to 50
# it protects every retain point. With fewer it protects fewer, and with `n_pert=0` it protects
# none: $\theta \leftarrow (1 - s)\,\theta$, **plain shrinkage**, with the same strengths at the
# same times and the same descent.
#
# **Predict, then run.** All else equal, 0, 10, ..., 50 protected samples, ten seeds. How does each
# of the three errors change along the way?

# %%
setting = dict(lr=1e-3, reg=0.1, reg_decay=0.9, project_every=2, descent_epochs=50)
counts = [0, 10, 20, 30, 40, 50]
by_count = [three_errors(ul.MinNormOG(n_pert=count, **setting)) for count in counts]

# %%
errors = {words: [each[measure] for each in by_count] for measure, words in MEASURES.items()}
over_seeds.bands(
    counts,
    {"error, median of ten seeds": errors},
    "protected samples, of 50",
    "The error on the retain points falls, and with it the root-mean-square error",
    log="y",
    middle=np.median,
)

# %%
none, every = median(by_count[0]), median(by_count[-1])

# plain shrinkage already beats Ridge by far
assert none["sup_error"] < 0.75 * middle["Ridge"]["sup_error"]
assert every["retain_error"] < 0.5 * none["retain_error"]  # protection keeps what it protects
assert every["rms_error"] < 0.85 * none["rms_error"]  # and with it the function

# %% [markdown]
# Two different answers, depending on where you look.
#
# **By the published measure, the projection hardly matters here.** Shrinking all of $\theta$,
# without looking at a single gradient, ends far below Ridge too, and the bands of 0 and of 50
# protected samples overlap. Had you seen only this column, you would have credited the projection
# with what the shrinkage did.
#
# **By what is kept, it matters a great deal.** From twenty samples on, the retain error falls with
# every ten more, to a fraction of what plain shrinkage leaves, and the root-mean-square error
# follows. That is what the projection promises, and all it promises: the retained outputs do not
# move to first order. It says nothing about peaks.

# %% [markdown]
# ## 3 · One step, inside and outside
#
# Why does protection work at all, and why in many steps? Take the originals, and a single step
# without any descent. Split $\theta^*$ into its part **inside** the span of the 50 retain
# gradients, $P\theta^*$, and its part **outside**, $P_\perp\theta^*$. Remove a share $s$ of one
# part, or of all of $\theta^*$.
#
# **Predict, then run.** The outputs move by $J\,\Delta$ to first order, and
# $J P_\perp\theta^* = 0$. So how should the error on the retain points grow with $s$ in each case?
# And which of the two parts is the longer one?

# %%
vector, assign = torch.nn.utils.parameters_to_vector, torch.nn.utils.vector_to_parameters


def one_step(task, share, part):
    """The retain error after theta loses a share of its part inside the span, outside it, or of all
    of it; and the length of that part, as a share of |theta|."""
    model = copy.deepcopy(task.original)
    theta = vector(model.parameters()).detach()
    ul.minnorm_step(model, task.retain.tensors[0], 1.0)  # removes all that is outside
    inside = vector(model.parameters()).detach()
    removed = {
        "inside the span": inside,
        "outside the span": theta - inside,
        "all of theta": theta,
    }[part]
    assign(theta - share * removed, model.parameters())
    return ul.sine.errors(task, model)["retain_error"], removed.norm() / theta.norm()


# %%
shares = [0.003, 0.01, 0.03, 0.1, 0.3]
parts = ["outside the span", "inside the span", "all of theta"]
steps = {
    part: [[one_step(task, share, part) for task in tasks.values()] for share in shares]
    for part in parts
}
after = {part: [[error for error, _ in row] for row in rows] for part, rows in steps.items()}
lengths = {part: np.median([length for _, length in rows[0]]) for part, rows in steps.items()}
print({part: f"{length:.2f} of |theta|" for part, length in lengths.items()})

# %%
before = known["original"]["retain_error"]
was = np.median(before)
drawn = {part: after[part] for part in ("inside the span", "outside the span", "all of theta")}
over_seeds.bands(
    shares,
    {"error on the retain points": drawn | {"before the step": [before] * len(shares)}},
    "share of that part of θ removed in one step",
    "Inside the span it rises at once, as it does for all of theta; outside, late",
    log="xy",
    middle=np.median,
)

# %%
outside, inside, everything = (np.median(after[part], axis=1) for part in parts)

# 1%: nothing outside the span, a good deal inside
assert outside[1] < 1.1 * was < 0.7 * inside[1]
# shrinking everything hurts by its inside part alone
assert abs(everything[1] / inside[1] - 1) < 0.1
assert outside[4] > 10 * was  # 30% at once: first order is not all there is

# %% [markdown]
# The part inside is a tenth of $\theta^*$ in length, and it does all the damage: for small steps
# the line of *all of $\theta$* lies on the line of *inside the span*. The part outside is nearly
# all of $\theta^*$, and a hundredth of it can go without a trace. So plain shrinkage and a
# projected step remove almost the same vector, and differ in the one tenth that matters to the
# retain set.
#
# It is a first-order promise, though. Remove a tenth of the outside part at once and the second
# order has arrived; with three tenths the retain error is as bad as without any protection. That is
# why the schedule takes many steps, and looks at new gradients before each.

# %% [markdown]
# ## 4 · One ingredient at a time
#
# If the projection does not explain the distance to Ridge, what does? The remaining suspects are
# the schedule and the way of shrinking.
#
# **The way of shrinking.** Ridge adds $\lambda\lVert\theta\rVert^2$ to the loss, and its gradient
# $2\lambda\theta$ goes through AdamW, which divides every coordinate of the gradient by that
# coordinate's own recent size. Wherever the shrinking term dominates, the step is about $\eta$
# whatever $\lambda$ is. So a larger $\lambda$ does not shrink faster, and a small weight is moved
# as far as a large one. Multiplying $\theta$ by $1 - s$ is **decoupled** from the gradient: that is
# how MinNorm-OG shrinks, and it is also what the W in AdamW stands for. AdamW's weight decay $w$
# multiplies $\theta$ by $1 - \eta w$ in every step. The paper leaves it at $0.01$, where it does
# next to nothing. What if you turn it up?
#
# **Predict, then run.** Seven arms at $T = 100$.

# %%
arms = {
    "MinNorm-OG": known["MinNorm-OG"],
    "... without weight decay": three_errors(ul.MinNormOG(n_pert=50, weight_decay=0, **setting)),
    "... without the projection": by_count[0],
    "... in one blow": three_errors(ul.MinNormOG(lr=1e-3, reg=0.64, n_pert=50, descent_epochs=99)),
    "Ridge": known["Ridge"],
    "GD, weight decay 3": three_errors(ul.GD(lr=1e-3, weight_decay=3.0)),
    "GD, weight decay .01": known["GD"],
}

# %%
picture(arms, MEASURES, "Without the projection the retain error rises; so it does in one blow")

# %%
part = {name: median(errors) for name, errors in arms.items()}

removed = 1 - np.prod([1 - 0.1 * 0.9**k for k in range(25)])
print(f"25 projections of the schedule remove {removed:.2f} of what lies off the span")
assert part["GD, weight decay 3"]["sup_error"] < 0.75 * min(
    part["GD, weight decay .01"]["sup_error"], part["Ridge"]["sup_error"]
)
assert part["MinNorm-OG"]["retain_error"] < 0.6 * min(
    part[name]["retain_error"] for name in ("... without the projection", "GD, weight decay 3")
)
assert part["MinNorm-OG"]["rms_error"] < min(
    part[name]["rms_error"] for name in ("... in one blow", "Ridge", "GD, weight decay .01")
)

# %% [markdown]
# - **AdamW's own small weight decay** does nothing visible, as expected: $100$ steps of
#   $\eta w = 10^{-5}$.
# - **Without the projection** the peaks still go; the retain points pay (section 2).
# - **In one blow**: a single projection that removes as much as the whole schedule. It is worse.
#   The linearisation of notebook 02 holds for short steps, and here the one long step damages the
#   retained outputs more than 99 steps of descent repair.
# - **GD with a weight decay of 3**, one number turned up, comes down to the neighbourhood of
#   MinNorm-OG in the first column. It needs no gradient of any output. In the other two columns it
#   stays behind.
#
# So: *decoupled shrinkage* takes the peaks down, whoever does it. The *schedule* of many small
# steps keeps the damage repairable. The *projection* decides how much of the retain set survives
# meanwhile.

# %% [markdown]
# ## 5 · With more time
#
# Damage that descent can repair is a matter of time. **Predict, then run.** At $T = 1000$, with 500
# epochs of pure descent at the end, how much of the projection's advantage is left? Five seeds, as
# these runs are ten times as long.

# %%
longer = dict(lr=1e-3, reg=0.1, reg_decay=0.9, project_every=10, descent_epochs=500)
long = {
    "MinNorm-OG": three_errors(ul.MinNormOG(n_pert=50, **longer), 1000, few),
    "... without the projection": three_errors(ul.MinNormOG(n_pert=0, **longer), 1000, few),
}

# %%
picture(long, MEASURES, "The two can hardly be told apart")

# %%
late = {name: median(errors) for name, errors in long.items()}
assert late["... without the projection"]["rms_error"] < 1.3 * late["MinNorm-OG"]["rms_error"]
assert late["... without the projection"]["retain_error"] < 3 * late["MinNorm-OG"]["retain_error"]


# %% [markdown]
# Nothing that five seeds could show. Given time, descent brings back what plain shrinkage broke,
# since all fifty retain points are at hand. The projection buys *time*: it saves descent the
# repair. It should matter most where time is short, or where most of the retain set is out of
# reach, so that what is broken there cannot be repaired. The sine experiment, where every method
# sees all of $D_r$, tests the first and not the second.

# %% [markdown]
# ## 6 · Equal work
#
# A projection is not free, a noise vector and a penalty on all weights are not either, and ascent
# on five points is cheap. The published comparison counts epochs. On this machine, in this process,
# one epoch of each method at the paper's settings costs:


# %% tags=["nbval-ignore-output"]
def seconds(method):
    return ul.unlearn(tasks[1], method, 100).seconds


turns = [{name: seconds(method) for name, method in best.items()} for _ in range(3)]
costs = {name: np.median([turn[name] for turn in turns]) for name in best}
print({name: f"{cost / costs['GD']:.1f} x GD" for name, cost in costs.items()})

# %% [markdown]
# Twenty-five projections of 50 rows in 100 epochs make the run two to three times as long as GD's.
# So give the others three times the epochs. The horizontal axis counts GD epochs' worth of work;
# MinNorm-OG is charged three for each of its own; nobody else is charged more than one, not even
# those whose epoch cost more above.
#
# **Predict, then run.** Does Ridge catch up with three times the steps? Does GD with strong weight
# decay?

# %%
T = [30, 100, 300]
spend = {
    "GD": (ul.GD(lr=1e-3), 1),
    "Ridge": (best["Ridge"], 1),
    "GD, decay 3": (ul.GD(lr=1e-3, weight_decay=3.0), 1),
}
spend["MinNorm-OG"] = (None, 3)
curves, setting = {}, dict(lr=1e-3, reg=0.1, n_pert=50)

# %%
for name, (method, cost) in spend.items():
    by_effort = []
    for epochs in T if cost == 1 else [10, 30, 100]:
        schedule = dict(project_every=max(1, epochs // 50), descent_epochs=epochs // 2)
        own = method or ul.MinNormOG(**setting, **schedule)
        by_effort.append(three_errors(own, epochs)["rms_error"])
    curves[name] = by_effort

# %%
over_seeds.bands(
    T,
    {"root-mean-square error": curves},
    "work, in epochs of GD",
    "MinNorm-OG is lowest at each amount of work, GD with strong decay comes nearest",
    log="xy",
    middle=np.median,
)

# %%
end = {name: np.median(errors[-1]) for name, errors in curves.items()}
assert end["MinNorm-OG"] < 0.8 * min(end["GD"], end["Ridge"])

# %% [markdown]
# Three times the steps do not help GD: nothing in its objective is disturbed by the peaks. They
# help Ridge little. GD with strong decay gains most by them and comes nearest, and MinNorm-OG keeps
# its lead at equal work.
#
# And the whole field, with its spread: 300 epochs' worth of work for each, so 300 epochs for every
# method and 100 for MinNorm-OG.

# %%
epochs = {name: 100 if name == "MinNorm-OG" else 300 for name in best}
field = {name: three_errors(method, epochs[name]) for name, method in best.items()}
ours = field.pop("MinNorm-OG")
field |= {"GD, weight decay 3": three_errors(spend["GD, decay 3"][0], 300), "MinNorm-OG": ours}
# it would need an axis of its own
shown = {name: errors for name, errors in field.items() if name != "GA"}
picture(shown, MEASURES, "MinNorm-OG is lowest on the grid, GD on the retain points")

# %%
spent = {name: median(errors) for name, errors in field.items()}
assert all(
    spent["MinNorm-OG"]["rms_error"] < errors["rms_error"]
    for name, errors in spent.items()
    if name != "MinNorm-OG"
)
assert spent["GD"]["retain_error"] < 0.5 * spent["MinNorm-OG"]["retain_error"]
assert spent["GA"]["rms_error"] > 10


# %% [markdown]
# With work instead of epochs on the scale, MinNorm-OG still has the lowest error on the grid, and
# GD still has the lowest on the retain points. **GA**, which is not in the picture, has nothing to
# hold on to and ends more than ten times farther from the sine than the function 0. **Retrain**
# keeps near the zero function. The settings are those the paper found best at $T = 100$; a method
# that was tuned for more steps might use them better.

# %% [markdown]
# ## 7 · What may be concluded
#
# 1. On this task **decoupled shrinkage removes the peaks**. MinNorm-OG has it, plain shrinkage has
#    it, AdamW with its weight decay turned up has it. Ridge as run through AdamW does not.
# 2. **The projection keeps the retain set** while that happens: at $T = 100$ it leaves a fraction
#    of the retain error of plain shrinkage. It protects small steps only, and at $T = 1000$ descent
#    has repaired either.
# 3. **The published measure cannot tell these apart**, and it ranks a function that knows nothing
#    above every method at $T = 10$ and $T = 100$. Put a measure of what was kept beside it.
# 4. All this is one network, one data set, five or ten seeds, and settings that were chosen on the
#    reported error. It says nothing about tasks where most of the retain set is out of reach; there
#    the projection has more to do.
#
# **Change one thing.** Which `weight_decay` makes GD best in each column? Try 1, 3, 10 and 30 in
# section 4, and watch the second column turn before the first does.

# %% [markdown]
# ## 8 · A method and a task of your own
#
# Conclusion 1 suggests a shorter way: if it is the length of the weights that has to shrink, say
# how long they may be and let descent do the rest. That is a method nobody has tried here, so write
# it. A method is a class, and its fields are its hyperparameters, under any name. Every update
# calls the rules `project`, `loss`, `perturb`, then AdamW, then `settle`. A subclass of `ul.GD` has
# GD's loss and changes what it wants; `ul.hyperparameter` gives a field its default and its limits.
#
# ### Exercise · Weights of a limited length


# %%
@dataclass(frozen=True, kw_only=True)
class Capped(ul.GD):
    """GD whose weights, all together, are never longer than a share of the original's length.

    Give it that share as a field of any name: share: float = ul.hyperparameter(0.7, low=0, high=1).
    """

    def settle(self, state):  # after every update. You need state.model and state.task.original
        raise NotImplementedError


Capped = ch.check("Capped", Capped)

# %%
ch.hints("Capped")

# %% [markdown]
# From here on it is a method like any other. First the three errors over ten seeds.
#
# **Predict, then run.** Where does it land at shares of 0.4, 0.6 and 0.8: nearer to GD, nearer to
# MinNorm-OG, or nearer to the zero function? In which column does it lose?

# %% tags=["nbval-ignore-output"]
share = fields(Capped)[-1].name  # what you called it
capped = {f"Capped, {cap}": Capped(lr=1e-3, **{share: cap}) for cap in (0.4, 0.6, 0.8)}
own = {name: three_errors(method) for name, method in capped.items()}
beside = {name: known[name] for name in ("MinNorm-OG", "GD")} | own
pandas.DataFrame({name: median(errors) for name, errors in beside.items()}).T.round(2)

# %%
end_of = {name: median(errors) for name, errors in own.items()}

assert end_of["Capped, 0.6"]["rms_error"] < 0.7 * middle["GD"]["rms_error"]
assert end_of["Capped, 0.6"]["retain_error"] > 1.4 * middle["MinNorm-OG"]["retain_error"]
assert end_of["Capped, 0.4"]["retain_error"] > 2 * end_of["Capped, 0.6"]["retain_error"]


# %% [markdown]
# A rule of six lines takes away most of the peaks. With a share of 0.6 its largest error is about
# MinNorm-OG's, but it pays with the retain points: the limit takes from all directions alike, and
# descent has to win back what they need. At 0.4 it no longer can. Three shares were tried here on
# the error that is reported, so this is no proof that the method is good; it is one that the
# measure of notebook 04 asks for little.
#
# ### A task of your own
#
# A task is a trained model, what to keep, what to forget, and a function that measures a model.
# Take one for which notebook 05 knows the answer: the model is linear in $\theta$, a sum of 40
# waves with the fast ones damped. It fits 15 points of the sine and three wrong ones exactly.


# %%
def waves(x):
    k = torch.arange(1, 21)
    return torch.cat([torch.cos(k * x) / k, torch.sin(k * x) / k], 1)


def linear(theta):
    model = torch.nn.Linear(40, 1, bias=False)
    model.weight.data = theta[None].clone()
    return model


# %%
def damped(seed):
    order = torch.randperm(18, generator=torch.Generator().manual_seed(seed))
    x, grid = torch.linspace(-3, 3, 18)[order, None], torch.linspace(-3, 3, 300)[:, None]
    X, y = waves(x), torch.cat([x[:15].sin(), torch.full((3, 1), 1.5)])
    keep, forget = TensorDataset(X[:15], y[:15]), TensorDataset(X[15:], y[15:])
    original, truth = (linear(ul.linear.min_norm(X[:n], y[:n, 0])) for n in (18, 15))

    def evaluate(model):
        off, kept = model(waves(grid)) - grid.sin(), model(X[:15]) - y[:15]
        return {"rms_error": off.square().mean() ** 0.5, "retain_error": kept.abs().max()}

    build = lambda seed: linear(torch.zeros(40))
    return ul.Task("damped", "regression", seed, original, truth, keep, forget, build, evaluate)


# %% [markdown]
# A sweep takes both, and its table has a column for your hyperparameter. MinNorm-OG projects fully,
# once in 50 epochs. **Predict, then run:** who wins, and by how much?

# %% tags=["nbval-ignore-output"]
common = {"epochs": 100, "lr": 1e-2}
once = {"reg": 1.0, "reg_decay": 1.0, "n_pert": 15, "project_every": 50, "descent_epochs": 50}
grid = [{Capped: {**common, share: [0.3, 0.5, 0.7]}}, {"GD": common}, {"MinNorm-OG": common | once}]
runs = ul.sweep(damped, grid, [1, 2, 3], tempfile.mkdtemp(), backend="serial", progress=False)

measures = ["rms_error", "retain_error"]
runs.groupby(["method", share], dropna=False)[measures].median().round(2)

# %%
best_of = ul.select(runs, "rms_error").groupby("method")[measures].median()
truths = [task.evaluate(task.ground_truth)["rms_error"].item() for task in map(damped, (1, 2, 3))]

assert best_of.loc["MinNorm-OG", "rms_error"] < 2 * np.median(truths)
assert best_of.loc["MinNorm-OG", "rms_error"] < 0.2 * best_of.loc["Capped", "rms_error"]
assert best_of.loc["Capped", "rms_error"] < best_of.loc["GD", "rms_error"]

by_share = runs[runs["method"] == "Capped"].groupby(share)["rms_error"].median()
assert (by_share < best_of.loc["GD", "rms_error"]).all()  # whatever the share

# %% [markdown]
# One projection lands at the ground truth, as Theorem 2 of notebook 05 says it must, and GD stays
# where it was, as Theorem 1 says. The limit on the length gains a little over GD, whatever the
# share: it does not know which part of $\theta$ the retain points need. On the sine network that
# hardly showed. So a new method wants more than one task, and one of them with a known answer.
#
# ### Under sliders
#
# The lab of notebook 04 takes methods of yours; your hyperparameter gets its slider, from the
# limits that you gave it. **Predict, then run.** What does the curve do as the share goes from 1
# down to 0.2? Which points does it let go of first?

# %%
SineLab(seed=3, method=Capped.name, methods=[Capped(lr=1e-3)])

# %% [markdown]
# **What you saw, and why.** At 1 the limit hardly ever binds, and the run is GD's: the towers stay.
# Lower, they sink: steep parts of a curve need long weights. Around 0.4 and 0.3 the outermost waves
# lose their points first, and at 0.2 the whole sine goes with them.

# %% [markdown]
# ## What was verified

# %%
# the zero function has 1
assert all(median_ > 1 for T_ in (10, 100) for median_, _, _ in ul.sine.PUBLISHED[T_].values())
assert (
    every["retain_error"] < 0.5 * none["retain_error"]
    and none["sup_error"] < 0.75 * middle["Ridge"]["sup_error"]
)
assert part["GD, weight decay 3"]["sup_error"] < 0.75 * part["Ridge"]["sup_error"]
assert (
    end["MinNorm-OG"] < 0.8 * min(end["GD"], end["Ridge"])
    and outside[1] < 1.1 * was < 0.7 * inside[1]
)

# %% [markdown]
# ## References
#
# - J. L. Block, A. Mokhtari, S. Shakkottai. *Machine Unlearning under Overparameterization.*
#   NeurIPS 2025, [arXiv 2505.22601](https://arxiv.org/abs/2505.22601): data poisoning experiment,
#   Tables 1, 5 and 6.
# - I. Loshchilov, F. Hutter. *Decoupled Weight Decay Regularization.* ICLR 2019,
#   [arXiv 1711.05101](https://arxiv.org/abs/1711.05101): the difference between a penalty and a
#   decay under Adam.
