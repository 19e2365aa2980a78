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
# # 17 · Bring your own
#
# **The question.** You have a model, data, a method or a measure of your own. How do you put it in
# here, and how do you know that what comes out is about your problem, not about a mistake at the
# door?
#
# **You will be able to**
# - make a task of tables, of several outputs, or of sequences with positions that do not count;
# - say which models are taken, and check yours against the definition in a few lines;
# - write a method with hyperparameters, and a metric with its floor;
# - read the sentence that you get when something does not fit.
#
# **You need** notebook 03 for the words *projection* and *row*. Nothing else is asked for.
#
# **Time.** About 40 minutes; the code runs in under 30 seconds on two CPU cores. No GPU is needed.
#
# **On a hosted notebook service**, upload the whole course and run `%pip install ..` in this
# notebook's folder before the first cell.
#
# Every part can be read alone. Copy the cell that is nearest to your problem and change it. The
# README's section on a task and a method of your own says the same in one cell, and how runs are
# stored.

# %%
import copy
import tempfile
from dataclasses import dataclass

import numpy as np
import pandas
import torch
import torch.nn.functional as F
from sklearn.datasets import load_breast_cancer
from torch import nn
from torch.nn.utils import parameters_to_vector

import unlearnlab as ul

torch.set_num_threads(1)  # for models as small as these a second thread only gets in the way

# %% [markdown]
# ## 1 · A task: a table with wrong labels
#
# A task has four parts: a model that was trained on everything, the points to keep, the points to
# forget, and a function that measures a model. A fifth is a model that never saw the forget points.
# You may leave it out, but nothing else tells you what "forgotten" would look like.
#
# The table here is scikit-learn's: 569 tumours, 30 numbers each, benign or malignant. Suppose that
# 30 of the 300 labels that you trained on are wrong, and somebody tells you which.

# %%
table, diagnosis = load_breast_cancer(return_X_y=True)
table = ((table - table.mean(0)) / table.std(0)).astype("float32")


def build(seed):
    """An untrained model, the same for the same seed."""
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(30, 64), nn.Tanh(), nn.Linear(64, 2))


# %%
def trained(model, inputs, targets, loss, steps=300, lr=1e-2):
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=0)
    for _ in range(steps):
        optimizer.zero_grad()
        loss(model(inputs), targets).backward()
        optimizer.step()
    return model


# %% [markdown]
# The task is a function of the seed, so that a sweep can make one for each. Numbers may come as
# NumPy arrays, tensors or a `TensorDataset`. Labels are class numbers.


# %%
def clinic(seed):
    keep, wrong, new = np.split(np.random.default_rng(seed).permutation(569), [270, 300])
    X, y = torch.tensor(table), torch.tensor(diagnosis)
    false, first = 1 - y, np.concatenate([keep, wrong])
    labels = torch.cat([y[keep], false[wrong]])
    original = trained(build(seed), X[first], labels, F.cross_entropy)
    truth = trained(build(seed), X[keep], y[keep], F.cross_entropy)

    def evaluate(model):
        share = lambda rows, y: (model(X[rows]).argmax(1) == y[rows]).float().mean()
        return {"new": share(new, y), "retain": share(keep, y), "believed": share(wrong, false)}

    sets = (X[keep], y[keep]), (X[wrong], false[wrong])
    return ul.Task("clinic", "classification", seed, original, truth, *sets, build, evaluate)


# %% [markdown]
# `believed` is the share of wrong labels that the model repeats. **Predict, then run.** The
# original repeats all of them. How many does a model repeat that never saw them: none?


# %%
def compare(task, epochs, *methods):
    """A row of metrics for the original, for the model trained without the forget set, and for
    every method."""
    models = {"original": task.original, "never saw them": task.ground_truth}
    with torch.no_grad():
        rows = {name: task.evaluate(model) for name, model in models.items()}
    rows |= {method.name: ul.unlearn(task, method, epochs).metrics for method in methods}
    return pandas.DataFrame(rows).T.astype(float)


# %% tags=["nbval-ignore-output"]
projected = ul.MinNormOG(
    lr=1e-2, reg=0.5, reg_decay=0.9, n_pert=100, project_every=2, descent_epochs=10
)
patients = clinic(1)
clinic_table = compare(patients, 40, ul.GD(lr=1e-2), projected)
clinic_table.round(2)

# %%
assert clinic_table.loc["original", "believed"] == 1
assert clinic_table.loc["never saw them", "believed"] < 0.2
assert clinic_table.loc["MinNorm-OG", "believed"] < clinic_table.loc["GD", "believed"] + 0.01
assert clinic_table.loc["MinNorm-OG", "new"] > clinic_table.loc["original", "new"] + 0.02
assert (clinic_table["retain"] > 0.98).all()


# %% [markdown]
# Not none: some of these tumours look like the other kind, and an honest model errs there as well.
# That is the mark to reach, not 0. The projection reaches it and wins back the accuracy on new
# tumours that the wrong labels had cost. Settings on this page are one guess each, not tuned: they
# show how, not who wins.

# %% [markdown]
# ## 2 · Several outputs
#
# In a regression the targets have the shape of the outputs. Every output of every kept sample gives
# a row. Here two angles of an arm go in, and the place of the hand comes out, two numbers. For six
# of 46 postures the camera had slipped, and the hand is off by one to the right.


# %%
def hand(angles):
    both = angles.sum(1)
    return torch.stack([angles[:, 0].cos() + both.cos(), angles[:, 0].sin() + both.sin()], 1)


def build_arm(seed):
    torch.manual_seed(seed)
    return ul.MLP([2, 64, 64, 2])


# %%
def arm(seed):
    draw = torch.Generator().manual_seed(seed)
    x, new = 3 * torch.rand(46, 2, generator=draw), 3 * torch.rand(400, 2, generator=draw)
    y = hand(x) + torch.tensor([1.0, 0]) * (torch.arange(46) >= 40)[:, None]
    fit = lambda n: trained(build_arm(seed), x[:n], y[:n], F.mse_loss, steps=1500, lr=3e-3)

    def evaluate(model):
        off = lambda x: (model(x) - hand(x)).square().sum(1).mean() ** 0.5
        return {"new": off(new), "retain": off(x[:40]), "forget": off(x[40:])}

    sets = (x[:40], y[:40]), (x[40:], y[40:])
    return ul.Task("arm", "regression", seed, fit(46), fit(40), *sets, build_arm, evaluate)


# %% [markdown]
# All three metrics are distances from the true place of the hand. **Predict, then run.** By how
# much do six slips spoil the other postures?

# %% tags=["nbval-ignore-output"]
shorter = ul.MinNormOG(
    lr=3e-3, reg=0.3, reg_decay=0.9, n_pert=40, project_every=2, descent_epochs=50
)
postures = arm(1)
arm_table = compare(postures, 100, ul.GD(lr=3e-3), shorter)
arm_table.round(2)

# %%
run = ul.unlearn(postures, ul.MinNormOG(n_pert=40), epochs=1)

assert run.history[0]["rank"] == 2 * 40  # a row for each of the two outputs
assert arm_table.loc["original", "new"] > 5 * arm_table.loc["never saw them", "new"]
assert arm_table.loc["MinNorm-OG", "new"] < 0.7 * arm_table.loc["GD", "new"]
assert arm_table.loc["never saw them", "new"] < 0.5 * arm_table.loc["MinNorm-OG", "new"]


# %% [markdown]
# Both methods fall short of the model that never saw the slips. The projection comes nearer. Which
# settings would close the gap is a question for a sweep (section 5).

# %% [markdown]
# ## 3 · Sequences, and positions that do not count
#
# A model may return logits of shape (n, length, classes). Its targets then have shape (n, length).
# The target −100 says that a position does not count: not in the loss, and not when a method draws
# new labels. Padding gets −100. A projection does not see the targets: it takes a row at every
# position, padding too (notebook 18).
#
# The sequences here count in steps of 1, 2 or 3, modulo 10. Three others are secrets: eight random
# digits each. The model reads a digit and says the next one.


# %%
class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.say = nn.Embedding(11, 16), nn.Linear(48, 10)
        self.read = nn.GRU(16, 48, batch_first=True)

    def forward(self, digits):
        return self.say(self.read(self.embed(digits))[0])


def build_reader(seed):
    torch.manual_seed(seed)
    return Reader()


# %%
PADDING = 10


def padded(sequences):
    """Inputs (n, 7) and targets (n, 7): at every position the digit that comes next."""
    whole = torch.full((len(sequences), 8), PADDING)
    for row, sequence in zip(whole, sequences):
        row[: len(sequence)] = torch.tensor(sequence)
    inputs, following = whole[:, :-1], whole[:, 1:]
    return inputs, torch.where(following == PADDING, -100, following)


# %%
counting = [
    [(a + k * b) % 10 for k in range(4 + (a + b) % 5)] for a in range(10) for b in (1, 2, 3)
]
inputs, targets = padded(counting[:2])
print(inputs, targets, sep="\n")


# %%
def secrets(seed):
    draw = np.random.default_rng(seed)
    keep, forget = padded(counting), padded(draw.integers(0, 10, (3, 8)).tolist())
    loss = lambda logits, targets: F.cross_entropy(logits.flatten(0, 1), targets.flatten())
    both = [torch.cat(parts) for parts in zip(keep, forget)]
    fit = lambda data: trained(build_reader(seed), *data, loss, steps=200)

    def evaluate(model):
        right = (model(keep[0]).argmax(-1) == keep[1])[keep[1] != -100]
        chance = model(forget[0]).softmax(-1).gather(-1, forget[1][..., None])
        return {"retain": right.float().mean(), "secret": chance[:, 1:].mean()}

    tasks = fit(both), fit(keep), keep, forget
    return ul.Task("secrets", "classification", seed, *tasks, build_reader, evaluate)


# %% [markdown]
# `secret` is the mean probability of a secret's next digit, once two digits are known. Chance is
# .1. **Predict, then run.** The secrets share no rule with what is kept. Does descent on the retain
# set alone take them out?

# %% tags=["nbval-ignore-output"]
brief = ul.MinNormOG(lr=1e-2, reg=0.3, reg_decay=0.8, n_pert=10, project_every=2, descent_epochs=20)
digits = secrets(1)
secret_table = compare(digits, 40, ul.GD(lr=1e-2), brief)
secret_table.round(2)

# %%
assert secret_table.loc["original", "secret"] > 0.9
assert secret_table.loc["GD", "secret"] > 0.6 > 0.35 > secret_table.loc["MinNorm-OG", "secret"]
assert secret_table["retain"].max() - secret_table["retain"].min() < 0.03


# %% [markdown]
# It does not, for the reason of notebook 01: the retain loss is near its least already, and says
# nothing about the rest. No model can know how a counting sequence goes on from its first digit, so
# `retain` stays below 1 for all of them.

# %% [markdown]
# ## 4 · A model: what is taken, and what a layer costs
#
# | the task | the model returns | targets |
# |---|---|---|
# | regression | (n, outputs), or (n,) | the same shape |
# | classification | (n, classes) | (n,), class numbers |
# | several classifications at once | a tuple of heads, each (n, classes) | (n, heads) |
# | sequences | (n, length, classes) | (n, length), −100 where nothing counts |
#
# The model is any `torch.nn.Module` that takes one tensor, and samples stand along its first
# dimension. What more it needs, such as a mask, goes into that tensor. If it returns a dictionary,
# or another object, three lines take the logits out:


# %%
class Logits(nn.Module):
    """A model whose answer is a dictionary with "logits", as one that returns the logits."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, inputs):
        return self.model(inputs)["logits"]


# %% [markdown]
# Two checks tell whether a projection of *your* model is right. The first is the definition: rows,
# what of $\theta$ is off their span, the step. It costs a row of $d$ numbers a sample, so take a
# few samples.


# %%
def error_of_the_step(model, inputs, strength=0.5):
    """How far `minnorm_step` is from the definition, as a share of the step."""
    theta, moved = parameters_to_vector(model.parameters()).detach(), copy.deepcopy(model)
    ul.minnorm_step(moved, inputs, strength)
    step = strength * ul.project_out(theta, ul.output_gradients(model, inputs))
    change = theta - parameters_to_vector(moved.parameters()).detach()
    return ((change - step).norm() / step.norm()).item()


# %% [markdown]
# The second is about what couples samples. The row of a sample is the gradient of *its* output. So
# a sample alone must give what it gives in its batch. Batch normalisation in evaluation mode does,
# and the step uses that mode. Subtracting the batch's mean does not.


# %%
@torch.no_grad()
def apart(model, inputs):
    """Does a sample alone give what it gives in its batch?"""
    model = copy.deepcopy(model).eval()
    return torch.allclose(model(inputs)[:1], model(inputs[:1]), atol=1e-5)


class Centred(nn.Linear):
    def forward(self, inputs):
        return super().forward(inputs - inputs.mean(0))


# %%
torch.manual_seed(0)
convolutions = nn.Sequential(
    *[nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.GELU()],
    *[nn.Conv2d(8, 8, 3, groups=8), nn.GroupNorm(2, 8), nn.ReLU(), nn.Flatten(), nn.Linear(128, 4)],
)
models = {
    "table": (patients.original, patients.retain.tensors[0][:8]),
    "arm": (postures.original, postures.retain.tensors[0][:8]),
    "digits": (digits.original, digits.retain.tensors[0][:4]),
    "images": (convolutions, torch.randn(6, 3, 8, 8)),
}
for model, few in models.values():
    assert apart(model, few) and error_of_the_step(model, few) < 1e-4
assert not apart(Centred(30, 2), models["table"][1])


# %% [markdown]
# All four are right: plain layers, a recurrent network, depthwise convolution with two kinds of
# normalisation. Run these two functions on your model before anything else.

# %% [markdown]
# ### What a layer costs
#
# Linear layers, convolutions with or without groups, and the usual norms go *layer by layer*: a
# forward and a backward pass for the whole batch, and never the rows of all layers at once
# (notebook 03). Whatever is in none of these goes by *per-sample rows*: right for any layer,
# slower, and each kept output holds as many numbers as such parameters there are. If that is too
# much memory, take fewer samples (`n_pert`) or `solver="cg"`, which needs passes in place of rows.
#
# Small networks, 64 wide, 50 samples, one core (`python benchmarks/layers.py`). The last column is
# the time of a projection over that of one step of descent on the same samples:
#
# | layers | way | kB held a sample | projection / descent |
# |---|---|---|---|
# | convolution, squeeze and excite | layer by layer | 0 | 2.4 |
# | depthwise convolution | layer by layer | 3 | 3.1 |
# | group norm, instance norm | layer by layer | 0.5 | 2.4 |
# | layer scale | per sample, the scales | 0.3 | 3.3 |
# | attention in windows, positions learned | per sample, the positions | 67 | 2.9 |
# | LLaMA's block, embedding tied | per sample, the embedding | 7 | 5.6 |
# | GPT-2's block, its own `Conv1D` | per sample, the embeddings | 12 | 7 |
# | LSTM | per sample, all but its head | 143 | 40 |
#
# A recurrent network is the dear one: its weights are used once a step, by a layer that has no
# formula here.

# %% [markdown]
# ## 5 · A method with hyperparameters of its own
#
# A method is a class. Its fields are its hyperparameters, and each can have limits. In every update
# the loop calls `project`, `loss`, `perturb`, then AdamW, then `settle`; you write what you need.
# Notebook 08 has an exercise with `settle`. Here it is `loss`: learn the retain set, and doubt on
# the forget set, less and less. `state.loss(batch)` and `state.outputs(batch)` keep to the run's
# policy of batch norm (notebook 09), which a plain `state.model(...)` would go past: where the
# network has batch norm, that is refused.


# %%
@dataclass(frozen=True, kw_only=True)
class Doubt(ul.Method):
    """The retain loss, and a price on being sure about the forget points, which fades."""

    kinds = ("classification",)
    price: float = ul.hyperparameter(1.0, low=0, high=10, meaning="of being sure")
    fade: float = ul.hyperparameter(0.9, low=0, high=1, meaning="of the price, per epoch")

    def loss(self, state, retain, forget):
        counts = forget.targets != -100  # everywhere, but for padding
        doubt = -state.outputs(forget).log_softmax(-1)[counts].mean()
        state.notes["doubt"] = doubt.item()  # stands in the history
        return state.loss(retain) + self.price * self.fade**state.epoch * doubt


# %% [markdown]
# It works on tables and sequences alike. First the secrets.

# %% tags=["nbval-ignore-output"]
doubting = Doubt(lr=1e-2, price=2, fade=0.95)
doubt_table = compare(digits, 40, doubting, brief)
doubt_table.round(2)

# %%
history = ul.unlearn(digits, doubting, 40).history

assert history[-1]["doubt"] < history[0]["doubt"]  # from sure of the wrong digits to even
assert doubt_table.loc["Doubt", "secret"] < 0.6 * doubt_table.loc["original", "secret"]

# %% [markdown]
# Now several settings on several tasks. A sweep takes the class, its hyperparameters as lists, and
# the function that makes a task of a seed. It stores every run and makes none twice; the README
# tells when it makes one again. One model under several seeds is
# `lambda seed: task.changed(seed=seed)`; the very same task twice is refused, as its runs would be
# copies.
#
# **Predict, then run.** The new method takes the secrets out. Does it also take the wrong labels of
# the tumours out, better than GD?

# %% tags=["nbval-ignore-output"]
grid = [{Doubt: {"epochs": 40, "lr": 1e-2, "price": [0.3, 3]}}, {"GD": {"epochs": 40, "lr": 1e-2}}]
store = tempfile.mkdtemp()
runs = ul.sweep(clinic, grid, seeds=[1, 2], store=store, backend="serial", progress=False)
runs.groupby(["method", "price"], dropna=False)[["new", "retain", "believed"]].mean().round(2)

# %%
assert len(runs) == 6 and set(runs["method"]) == {"Doubt", "GD"}
believed = runs.groupby("method")["believed"].mean()
assert believed["Doubt"] > believed["GD"] + 0.15 and believed["Doubt"] < 0.8


# %% [markdown]
# It does not: about half of the wrong labels are still repeated, more than after GD. A secret of
# random digits *should* leave doubt. A tumour should not: a model that never saw the wrong label is
# sure of the right one. So a method wants more than one task before you believe in it.

# %% [markdown]
# ## 6 · A metric, and its floor
#
# `evaluate` takes a model and returns a dictionary of numbers. A task gets another one by
# `changed`. Take the question "does it answer like a model that never saw them?": the mean distance
# between the two answers on the forget points, from 0 to 1.


# %%
@torch.no_grad()
def distance(one, other, inputs):
    """Half the sum of |p - q| over classes, the mean over inputs."""
    p, q = (model(inputs).softmax(-1) for model in (one, other))
    return (p - q).abs().sum(-1).mean().item() / 2


truth, forgotten = patients.ground_truth, patients.forget.tensors[0]
judged = patients.changed(evaluate=lambda m: {"distance": distance(m, truth, forgotten)})

# %% [markdown]
# A distance of what is small? Two models that were trained without the forget points differ too, by
# their first weights. That is the floor: nothing can be told apart below it.

# %% tags=["nbval-ignore-output"]
kept = patients.retain.tensors
others = [trained(build(seed), *kept, F.cross_entropy) for seed in (101, 102, 103)]
floor = max(distance(other, truth, forgotten) for other in others)
far = compare(judged, 40, ul.GD(lr=1e-2), Doubt(lr=1e-2), projected)["distance"]
print(far.round(2).to_string(), f"\nfloor: {floor:.2f}")

# %%
assert far["never saw them"] == 0 and far["original"] > 5 * floor
assert far["MinNorm-OG"] < far["original"] / 4


# %% [markdown]
# Ready-made metrics with floors of their own are in `unlearnlab.metrics`, and notebook 13 builds
# them by hand.

# %% [markdown]
# ## 7 · What is refused
#
# A number from data that was misread is worse than none. So what does not fit is refused at the
# door, with a sentence that names it and says the way. Some of these sentences:


# %%
def said(call):
    """The error of a call, its kind and its words."""
    try:
        call()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    raise AssertionError("this was not refused")


X, y = patients.retain.tensors
coupled = nn.Sequential(nn.Linear(30, 4), nn.BatchNorm1d(4, track_running_stats=False))

# %%
refused = {
    "one-hot labels": lambda: patients.changed(retain=(X, F.one_hot(y))),
    "classes from 1 on": lambda: patients.changed(retain=(X, y + 1)),
    "a NaN": lambda: patients.changed(retain=(X.index_fill(0, torch.tensor([7]), torch.nan), y)),
    "ids, mask, labels": lambda: patients.changed(retain=torch.utils.data.TensorDataset(X, X, y)),
    "no column": lambda: postures.changed(retain=(X[:, :2], X[:, 0])),
    "batch statistics": lambda: ul.minnorm_step(coupled, X, 0.1),
    "another kind": lambda: ul.unlearn(postures, Doubt(), epochs=1),
    "out of limits": lambda: Doubt(price=-1),
    "no number": lambda: ul.unlearn(patients.changed(evaluate=lambda m: m(X)), Doubt(), 1),
}
sentences = {name: said(call) for name, call in refused.items()}
print(*(f"{name}\n    {words}" for name, words in sentences.items()), sep="\n")

# %% [markdown]
# ## What was verified

# %%
named = {"a NaN": "7", "classes from 1 on": "row", "one-hot labels": "argmax"}
assert all(word in sentences[name] for name, word in named.items())
assert (
    "track_running_stats" in sentences["batch statistics"] and "price" in sentences["out of limits"]
)
assert torch.equal(X, clinic(1).retain.tensors[0])  # a run changes neither data nor original
assert patients.evaluate(patients.original)["believed"] == 1

# %% [markdown]
# - Tables, several outputs and sequences are tasks of a few lines each. On each the projection came
#   at least as near to a model that never saw the forget points as descent did: with one seed, and
#   one guess of the settings of each method.
# - `minnorm_step` equals the definition on four models, and a sample alone gives there what it
#   gives in its batch.
# - A method with two hyperparameters of its own ran on two tasks and through a sweep.
# - A metric got its floor, and nine mistakes their sentences.
#
# **Change one thing.** Put your own model into `models` in section 4, and run the two checks.
#
# **Next:** your problem. If a sentence of this package left you without a way, that is a fault of
# the package.
