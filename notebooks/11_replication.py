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
# # 11 · A replication
#
# **The question.** Notebook 09 ended with a draw: at three epochs MinNorm-OG was ahead by a little,
# at equal work a tuned GD was level. The paper reports a clear win. Which of the two is right,
# where, and what makes the difference?
#
# **You will be able to**
# - take a published procedure apart, change one thing at a time, and measure what each thing does;
# - compare methods by fronts that were chosen on other seeds, and give a difference with its error;
# - say on which networks, with how much data and at which price projecting off the retained
#   gradients beats plain descent, and why.
#
# **You need** notebooks 03 and 09. **Time.** About 50 minutes; the code runs in a minute on one CPU
# core. No GPU is needed.
#
# **On a hosted notebook service**, upload the whole course and run `%pip install ..` in this
# notebook's folder before the first cell.
#
# "Paper A" is *Machine Unlearning under Overparameterization* (reference at the end). All runs here
# were recorded on two CPU cores, on small networks; those of section 9, at the paper's size, on a
# GPU. `python -m unlearnlab.study replication` makes the small ones again, `fullsize` the large.

# %%
import json
import time
from pathlib import Path

import numpy as np
import pandas
import torch
from scipy.stats import ttest_1samp

import unlearnlab as ul
from unlearnlab.chapters import ch11_replication as ch


# %%
def read(record):
    """The runs of a recorded result, with the column that fronts are made of."""
    runs = ul.table.read(record)["runs"]
    return runs.assign(retain_error=1 - runs.retain_accuracy)


recorded = {}
for name, case in ch.study.CASES.items():
    runs = recorded[name] = read(f"replication-{name}")
    print(f"{len(runs):5,} runs, {runs.seed.nunique()} seeds: {case.title}")

# %%
for name in [name for name in recorded if name.endswith("-finer")]:
    whole = name.removesuffix("-finer")
    recorded[whole] = pandas.concat([recorded[whole], recorded.pop(name)], ignore_index=True)
# at width 1/4 MinNorm-OG, and GD for as many epochs, were run for notebook 09
recorded["cifar10-wider"] = pandas.concat(
    [recorded["cifar10-wider"], read("erasure-cifar10-quick-width0.25")], ignore_index=True
)


# %% [markdown]
# ## What comes out
#
# Results first; the sections say how each was tested. A lead is MinNorm-OG's over GD, in shares of
# the box of section 2, with its interval at 95% where there is one.
#
# | claim | where | lead | verdict |
# |---|---|---|---|
# | 1. ahead on the published rates | 8 small cases | $0.12$ to $0.82$ in 7 of them | holds |
# | | paper's size, 2 seeds | $0.41$ | holds |
# | 2. ahead of a tuned GD, equal epochs | 8 small cases | $0.00$ to $0.09$ | open |
# | | paper's size, 5 seeds | $0.11$ $[0.04, 0.19]$ | likely |
# | 3. ahead of it in equal time | 8 small cases | at most $0.01$ | not seen |
# | | paper's size, *once an epoch* | $0.01$ $[-0.03, 0.05]$; in TF32 behind | not seen |
# | 4. the public code's oddities are why | digits | three below $0.01$, one open | no |
#
# "Open": four leads are above $0.01$, and of the 16 comparisons among which they stand none is left
# after Holm's rule. "Likely": each of five seeds is ahead, $0.08$ on average with as many settings
# as GD has, and Holm's $p$ among five comparisons is $0.07$.
#
# What would overturn them: more seeds for the second, a projection at half its price for the third.

# %% [markdown]
# ## 1 · What is in the way of a comparison
#
# Paper A's main figure compares fronts over a grid of settings, per epoch. Reading it beside its
# public code, five things could make the difference other than the method:
#
# | what | in the public code or the paper | here, by default | field of `ch.MinNormPublished` |
# |---|---|---|---|
# | rows | of outputs in training mode: all samples enter each | one sample each | `rows` |
# | outputs | from *before* the projection's new weights | at the projected weights | `outputs` |
# | batch norm | averages see forget batches, whatever the method | no trace | `batch_norm` |
# | decay | after every projection: batches set how often | the same, or once an epoch | `decay` |
# | rates | $10^{-6}$ to $10^{-3}$ | as far as it takes for the best to lie inside | the grid |
#
# And two things that a figure per epoch does not show: what an epoch costs, and that a method with
# forty-eight settings has more chances than one with four.

# %% [markdown]
# ## 2 · The yardstick
#
# As in notebook 09: retain accuracy is to be high, forget error (mean of $(1 - p(\text{gray}))^2$)
# low. A front is worth the share of the box between $(0, 2/3)$ and the ideal $(1, 0)$ that it
# dominates, its **hypervolume**. For each of five seeds, the settings of the front are chosen on
# the other four.


# %%
def shares(runs):
    """(seeds,): the share of the box that a method's front dominates, its settings chosen on the
    other seeds."""
    return ul.choosing.held_out(runs, ["retain_error", "forget_error"], [1, 2 / 3])


def of(case, method, epochs=3, **fixed):
    """The recorded runs of a method, some hyperparameters fixed to a value or one of several."""
    runs = recorded[case]
    names = method if isinstance(method, list) else [method]
    keep = runs.method.isin(names) & (runs.epochs == epochs)
    for name, value in fixed.items():
        keep &= runs[name].isin(value if isinstance(value, list) else [value])
    return runs[keep]


# %% [markdown]
# Two methods are compared on the same five seeds, and a seed is an original network, a forget set
# and the images that are accessible. Some seeds are hard for everybody.
#
# **Exercise.** Give the lead of one method over another, with its standard error, so that what the
# two share does not count as noise.


# %%
def lead(a, b):
    """The mean of a - b and its standard error, a tensor of two numbers.

    a, b: (seeds,), of the same seeds."""
    raise NotImplementedError


lead = ch.check("lead", lead)

# %%
ch.hints("lead")

# %% [markdown]
# ## 3 · The rates
#
# The first of the five is the plainest, and nobody needs to touch the method for it. **Predict,
# then run.** Digits, the same ResNet-18 of width 3/32 as in notebook 09, three epochs of five
# updates. First the paper's grid, with its four rates up to $10^{-3}$; then the rates go up until
# no method's best is at the end.

# %%
published = {"lr": [1e-6, 1e-5, 1e-4, 1e-3]}
strengths = {"reg": [1e-3, 1e-2, 5e-2, 0.1], "reg_decay": [0.2, 0.4, 0.8]}
grids = {
    "MinNorm-OG": strengths | {"n_pert": 50},
    "GD": {},
    "Ridge": strengths,
    "NGP": {"ascent": [1e-3, 1e-2, 0.1]},
}
narrow = {name: shares(of("digits", name, **published, **more)) for name, more in grids.items()}
whole = {"MinNorm-OG": {"n_pert": 50}}  # it was run with fewer rows as well
wide = {name: shares(of("digits", name, **whole.get(name, {}))) for name in grids}

# %%
both = {
    f"{name}, {said}": found[name]
    for said, found in (("published rates", narrow), ("wider", wide))
    for name in found
}
ch.pictures.by_seed(
    both,
    "share of the box that the front dominates",
    ("MinNorm-OG, published rates", "MinNorm-OG, wider"),
)

# %%
for said, found in (("published rates", narrow), ("wider", wide)):
    ahead, error = lead(*(torch.from_numpy(found[name]) for name in ("MinNorm-OG", "GD"))).tolist()
    print(f"{said:15}  MinNorm-OG ahead of GD by {ahead:.2f} ± {error:.2f}")

best = ul.choosing.points(of("digits", "GD"), ["retain_error", "forget_error"])
best["gap"] = np.hypot(best.retain_error, best.forget_error)
assert narrow["GD"].mean() < 0.05 < 0.4 < narrow["MinNorm-OG"].mean()
assert abs(wide["MinNorm-OG"].mean() - wide["GD"].mean()) < 0.02
assert 1e-3 < best.lr[best.gap.idxmin()] < 3e-2


# %% [markdown]
# On the published rates MinNorm-OG wins as clearly as one could wish: GD and Ridge do not forget at
# all. With rates of $3 \cdot 10^{-3}$ and above the lead is gone. Nothing else changed.
#
# Here is why. AdamW's steps have the length of the rate, whatever the gradient. Fifteen steps of
# $10^{-3}$ move a weight by $0.015$ at most; that is too little to forget anything, and GD has no
# other way to move. MinNorm-OG has: its projection takes away a tenth of $P_\perp\theta$ at once,
# at any rate. A grid that stops below the rate at which GD begins to move compares a method that
# was allowed to move with one that was not. (How far a rate reaches depends on the number of
# updates: the paper's setting has eight.)

# %% [markdown]
# ## 4 · With batch norm, and without
#
# The next suspect is the network. Between its convolutions sits batch norm, and that makes the
# length of a filter meaningless: multiply a filter by seven, and the layer divides by seven again.
# What is left of a filter is its direction.
#
# **Exercise.** If the output does not depend on a filter's length, its gradient has no part along
# the filter. Write the cosine between the two, filter by filter.


# %%
def radial(weight, gradient):
    """The cosine between every filter and its gradient, (out,); 0 where the gradient is.

    weight, gradient: (out, in, height, width)."""
    raise NotImplementedError


radial = ch.check("radial", radial)

# %%
ch.hints("radial")

# %%
silent = lambda *progress: None
# trained at first use, some twenty seconds, and kept
plain = ch.study.CASES["no-norm"].factory(1, progress=silent)
for name, build in (("with batch norm", ch.study.NORMED), ("without", ch.study.PLAIN)):
    torch.manual_seed(0)
    network = build([10, 3]).train()
    plain.loss(network(plain.retain.tensors[0]), plain.retain.tensors[1]).backward()
    cosines = torch.cat(
        [radial(p.detach().double(), p.grad.double()) for p in network.parameters() if p.ndim == 4]
    )
    largest = float(cosines.abs().max())
    said = "below 0.001" if largest < 1e-3 else f"{largest:.1f}"
    print(f"{name:16} largest |cosine| of a filter and its gradient: {said}")

# %% [markdown]
# Two things follow, and they pull in opposite directions.
#
# - A gradient that is orthogonal to its filter can only make it longer or turn it, never shorter.
#   With AdamW's steps of fixed size that is a random walk of directions wherever the retain loss
#   has no say: a way for *plain descent* to forget.
# - Shrinking the length of a filter removes nothing. As far as $P_\perp\theta$ is length,
#   *MinNorm-OG* forgets nothing by it.
#
# So batch norm should help GD more than MinNorm-OG. **Predict, then run.** The same small AllCNN,
# trained with batch norm and without, three epochs each.

# %%
pair = {"with batch norm": "normed", "without": "no-norm"}
found = {
    f"{method}, {said}": shares(of(case, method))
    for method in ("MinNorm-OG", "GD", "Ridge", "NGP")
    for said, case in pair.items()
}
ch.pictures.by_seed(
    found, "share of the box that the front dominates", [f"MinNorm-OG, {said}" for said in pair]
)

# %%
assert (
    lead(torch.from_numpy(found["MinNorm-OG, without"]), torch.from_numpy(found["GD, without"]))[0]
    > 0.05
)
assert abs(found["MinNorm-OG, with batch norm"].mean() - found["GD, with batch norm"].mean()) < 0.01
over_ngp = np.sort(found["MinNorm-OG, without"] - found["NGP, without"])
assert over_ngp[-1] > 0.38 and abs(over_ngp[:-1]).max() < 0.03


# %% [markdown]
# With batch norm four methods are level. Without it GD, Ridge and NGP fall back and scatter, on
# some seeds far, and MinNorm-OG stays within a few hundredths of where it was. **On these five
# seeds MinNorm-OG scatters least where there is no batch norm.** Its lead over NGP is one seed's:
# $0.39$ there, within $0.03$ of zero on the other four. And removing batch norm removes two things
# at once, the invariance to length and the running averages. Which of them it is, these runs do not
# say.
#
# The paper's networks all have batch norm.

# %% [markdown]
# ## 5 · Equal work
#
# An epoch of MinNorm-OG has a projection before every step, each of up to a hundred rows. So what
# does its time buy GD? On this machine, in one process and in turns:


# %% tags=["nbval-ignore-output"]
def cost(methods, repeats=3):
    """Median seconds of each (method, epochs), in units of the first."""
    taken = {name: [] for name in methods}
    for _ in range(repeats):
        for name, (method, epochs) in methods.items():
            began = time.perf_counter()
            ul.unlearn(plain, method, epochs)
            taken[name].append(time.perf_counter() - began)
    medians = pandas.DataFrame(taken).median()
    return (medians / medians.iloc[0]).round(1).to_dict()


# %% tags=["nbval-ignore-output"]
cost(
    {
        "GD, 3 epochs": (ul.GD(), 3),
        "MinNorm-OG, 3 epochs": (ul.MinNormOG(), 3),
        "GD, 20 epochs": (ul.GD(), 20),
    }
)

# %% [markdown]
# About five times as much as three epochs of GD, on this network as much as twenty epochs; on the
# ResNet of notebook 09 it is as much as twelve. (Small networks make projections look expensive: at
# the paper's size a projection of a hundred rows takes half of a step of 256 images on a CPU; for a
# GPU see section 9.)
#
# **Predict, then run.** MinNorm-OG's lead over GD, at equal epochs and at equal work, on every data
# set and network that was run.

# %%
equal_work = {
    "digits": (3, 12),
    "normed": (3, 20),
    "no-norm": (3, 20),
    "few": (3, 12),
    "many": (3, 12),
    "mnist": (2, 8),
    "cifar10": (2, 8),
    "cifar10-wider": (2, 10),
}

# %%
words = {
    "digits": "digits, ResNet",
    "normed": "digits, AllCNN",
    "no-norm": "digits, AllCNN, no batch norm",
    "few": "digits, ResNet, 2% accessible",
    "many": "digits, ResNet, 50% accessible",
    "mnist": "MNIST, ResNet, 2%",
    "cifar10": "CIFAR-10, ResNet at 1/8, 2%",
    "cifar10-wider": "CIFAR-10, ResNet at 1/4, 2%",
}

# %%
leads = {}
for case, (epochs, longer) in (
    (case, epochs) for case, epochs in equal_work.items() if case in recorded
):
    ours = shares(of(case, "MinNorm-OG", epochs, **({"n_pert": 50} if case == "digits" else {})))
    leads[f"{words[case]}: equal epochs"] = ours - shares(of(case, "GD", epochs))
    leads[f"{words[case]}: equal work"] = ours - shares(of(case, "GD", longer))
ch.pictures.by_seed(
    leads,
    "MinNorm-OG's lead over GD, in shares of the box",
    [name for name in leads if "epochs" in name],
    zero=True,
)

# %%
for case in ("no-norm", "few", "cifar10"):
    mean, error = lead(
        *(torch.from_numpy(v) for v in (leads[f"{words[case]}: equal epochs"], np.zeros(5)))
    ).tolist()
    assert mean > error > 0 and (leads[f"{words[case]}: equal epochs"] > 0).all()
wider = leads[f"{words['cifar10-wider']}: equal epochs"]
assert wider.mean() > 0.015 and (wider > -0.005).all()
for name, difference in leads.items():
    if "work" in name:
        assert difference.mean() < 0.02, (
            name
        )  # nowhere ahead by more than two hundredths of the box


# %% [markdown]
# **At equal epochs** MinNorm-OG is ahead four times: without batch norm, where only a fiftieth of
# the digits is accessible, 29 of them, and by a little on CIFAR-10, at both widths; on every seed
# but one, where it is level. Elsewhere the two are level.
#
# **At equal work** it is nowhere ahead by more than the error; on MNIST, with half of the digits
# accessible, and on CIFAR-10 at width 1/4, GD is ahead by a hundredth. What fifteen projections do,
# sixty or a hundred steps of a tuned GD do as well, at the same price. That is also what the
# paper's own rebuttal shows for 700 ms on CIFAR-10 (notebook 09, section 9).

# %% [markdown]
# Are these leads more than chance, and more than MinNorm-OG's larger number of settings? Holm's
# rule asks what is left of a $p$ value (Student's, paired over the seeds) among sixteen. And the
# four leads again, MinNorm-OG with as many settings as GD has, a mean over 50 random draws:


# %%
def holm(margins):
    """name -> (p, p after Holm) for differences (seeds,) by name."""
    p = pandas.Series({name: ttest_1samp(own, 0).pvalue for name, own in margins.items()})
    p = p.sort_values()
    return pandas.DataFrame({"p": p, "Holm": (p * np.arange(len(p), 0, -1)).cummax().clip(upper=1)})


def with_fewer(own, count, columns, measure, draws=50):
    """`measure` of a method's runs with `count` random settings, a mean over draws."""
    settings = own[columns].drop_duplicates()
    some = (own.merge(settings.sample(count, random_state=draw)) for draw in range(draws))
    return np.mean([measure(part) for part in some], axis=0)


holm(leads).head(4).round(3)

# %%
assert len(leads) == 16 and holm(leads)["Holm"].min() > 0.1
few_settings = {}
for case in ("no-norm", "few", "cifar10", "cifar10-wider"):
    ours, gd = (of(case, method, equal_work[case][0]) for method in ("MinNorm-OG", "GD"))
    fewer = with_fewer(ours, gd.lr.nunique(), ["lr", "reg", "reg_decay"], shares)
    few_settings[case] = (fewer - shares(gd)).mean()
    print(f"{words[case]:30} {leads[f'{words[case]}: equal epochs'].mean():.3f}", end=" ")
    print(f"with {gd.lr.nunique()} settings each {few_settings[case]:.3f}")
assert 0.06 < few_settings["no-norm"] < 0.08 and few_settings["few"] < 0.03
assert max(few_settings["cifar10"], few_settings["cifar10-wider"]) < 0.01

# %% [markdown]
# None of the sixteen stands after Holm, and with as many settings each two of the four leads all
# but vanish. Five seeds of one sign give $p = 0.06$ at best by their signs alone: what is small
# here may be real, and these runs cannot show it.
#
# **And with the published rates?** Section 3 saw one case. All of them, cut to rates up to
# $10^{-3}$, beside the rate at which GD does best:

# %%
at_published, best_rate = {}, {}
for case, (epochs, _) in equal_work.items():
    cut = [rate for rate in recorded[case].lr.unique() if rate <= 1e-3]
    ours, gd = (of(case, method, epochs, lr=cut) for method in ("MinNorm-OG", "GD"))
    at_published[words[case]] = shares(ours) - shares(gd)
    tuned = ul.choosing.points(of(case, "GD", epochs), ["retain_error", "forget_error"])
    gaps = np.hypot(tuned.retain_error, tuned.forget_error)
    best_rate[words[case]] = float(tuned.lr[gaps.idxmin()])
print(best_rate)
ch.pictures.by_seed(at_published, "lead over GD with rates up to 0.001", zero=True)

# %%
seven = [own.mean() for name, own in at_published.items() if "MNIST" not in name]
assert 0.12 < min(seven) and 0.81 < max(seven) < 0.82
assert at_published["MNIST, ResNet, 2%"].mean() < 0
assert best_rate["CIFAR-10, ResNet at 1/4, 2%"] == 1e-3 and best_rate["digits, ResNet"] == 5.5e-3

# %% [markdown]
# In seven of the eight the published rates give MinNorm-OG a lead, from $0.12$ up. It shrinks where
# GD's best rate comes down: $5.5 \cdot 10^{-3}$ on the narrow networks of digits,
# $1.7 \cdot 10^{-3}$ at width 1/8 and $10^{-3}$, the last of the published rates, at 1/4. So width
# and updates decide whether that grid holds GD's best. At the paper's size it lies between two of
# its rates (section 9).

# %% [markdown]
# The MNIST row is worth a confession. Our first grid there gave MinNorm-OG two rates and GD eight:

# %%
coarse = shares(of("mnist", "MinNorm-OG", 2, lr=[1e-3, 3e-3])) - shares(of("mnist", "GD", 2))
for said, difference in (
    ("two rates", coarse),
    ("four rates", leads["MNIST, ResNet, 2%: equal epochs"]),
):
    mean, error = lead(torch.from_numpy(difference), torch.zeros(5)).tolist()
    print(f"MinNorm-OG with {said:10} is ahead of GD by {mean:+.3f} ± {error:.3f}")
assert (coarse < 0).all() and abs(mean) < 0.006

# %% [markdown]
# Behind on every seed; and with the rates between, which GD had alone, level. The mistake of
# section 3 works in either direction, and an error over seeds does not show it.

# %% [markdown]
# ## 6 · The four switches
#
# Now the code. The arms start from the procedure as the public code has it and undo one oddity at a
# time; the last two undo all, with the decay per epoch and, as everywhere else here, per
# projection. The network is the AllCNN with batch norm, the grid two rates and four strengths for
# every arm.

# %%
AS_PUBLISHED = ["MinNorm-OG", "MinNorm-OG as published"]  # the record has the first name
arms = {name: shares(of("arms", AS_PUBLISHED, **arm)) for name, arm in ch.study.ARMS.items()}
policies = {
    f'GD, batch norm "{policy}"': shares(of("arms", "GD", batch_norm=policy))
    for policy in ("all", "retain", "frozen")
}
ch.pictures.by_seed(arms | policies, "share of the box that the front dominates", list(arms))


# %%
def nearest(runs):
    """(retain accuracy, forget error) of the setting whose mean is nearest to the ideal."""
    settings = ul.choosing.points(runs, ["retain_error", "forget_error"])
    best = settings.loc[np.hypot(settings.retain_error, settings.forget_error).idxmin()]
    return 1 - best.retain_error, best.forget_error


# %%
compared = {
    f"MinNorm-OG, {name}": of("arms", AS_PUBLISHED, **arm) for name, arm in ch.study.ARMS.items()
}
for policy in ("all", "retain"):
    compared[f'GD, batch norm "{policy}"'] = of("arms", "GD", batch_norm=policy)
for name, runs in compared.items():
    accuracy, forget = nearest(runs)
    print(f"{name:32} nearest to the ideal: accuracy {accuracy:.2f}, forget error {forget:.3f}")

# %%
for name in ("rows corrected", "outputs corrected", "decay corrected"):
    assert abs(arms[name].mean() - arms["as published"].mean()) < 0.01
assert (
    arms["all corrected"].mean()
    < arms["as published"].mean() - 0.015
    < found["MinNorm-OG, with batch norm"].mean()
)
forgets = {policy: nearest(of("arms", "GD", batch_norm=policy))[1] for policy in ("all", "retain")}
assert forgets["all"] < 0.3 * forgets["retain"]

# %% [markdown]
# Three of the four cannot be seen in the result. Rows of another network, a gradient that belongs
# to no point, a decay that depends on the number of batches: each is worth less than a hundredth of
# the box, in either direction. (The gradient is wrong all the same; the bug museum, notebook 16,
# shows how wrong.) Rows in training mode cost ten times the time, for nothing.
#
# The fourth can be seen in the best setting: with forget batches in the running averages the forget
# error is a ninth or less, for MinNorm-OG and for GD alike. In the share of the box it depends. GD
# has ten rates here, and loses nothing when its averages are clean; MinNorm-OG has two rates, and
# loses $0.04$, most of it on one seed:

# %%
given = policies['GD, batch norm "all"'] - policies['GD, batch norm "retain"']
taken = arms["as published"] - arms["batch_norm corrected"]
for name, own in (("GD", given), ("MinNorm-OG", taken)):
    print(
        f"{name:10} with forget batches in the averages: {ul.metrics.interval(own)}, {own.round(3)}"
    )
assert given.mean() < 0 < 0.035 < taken.mean() and np.sort(taken)[-1] > 0.17 > 0.03 > taken[0]

# %% [markdown]
# So whether the public code flatters MinNorm-OG more than GD, these grids do not say: two rates
# against ten is the mistake that section 5 confesses. On the wider grid of section 4 the corrected
# method gets to $0.98$ as well.
#
# And the other way round: with averages that stay as they are (`"frozen"`) GD does worse. Part of
# what "descent on the retain set" forgets, it forgets because the averages move to gray images.

# %% [markdown]
# ## 7 · How many rows
#
# `n_pert` is the number of retained images whose outputs are protected. The paper takes 50
# everywhere. **Predict, then run.** A strong projection, a tenth of $P_\perp\theta$ at first, with
# 10, 20 and 50 of the images of a batch of 64. What is kept?

# %%
strong = {
    f"{n} images, {2 * n} rows": of(
        "digits", "MinNorm-OG", n_pert=n, lr=1e-3, reg=0.1, reg_decay=0.8
    ).retain_accuracy.to_numpy()
    for n in (10, 20, 50)
}
ch.pictures.by_seed(strong, "retain accuracy", ["50 images, 100 rows"])

# %%
kept = [values.mean() for values in strong.values()]
assert kept == sorted(kept) and kept[-1] > kept[0] + 0.15

# %% [markdown]
# Rows are what keeps the accuracy: with ten images a strong projection costs a third of it, with
# fifty a tenth. A weak one ($0.05$, not shown) does not care. So `n_pert` buys strength, and
# strength is what the next section trades against epochs.

# %% [markdown]
# ## 8 · Variants
#
# The framework leaves choices open. Three that nobody has tried, each under a name of its own:
#
# - **once an epoch** (`ch.MinNormOnce`): project before the first step of an epoch only. A fifth of
#   the projections.
# - **to the start** (`ch.MinNormStart`): $R = \|\theta - \theta_0\|^2$ with $\theta_0$ the weights
#   that training began with. It takes back what training put where the retained outputs do not
#   look, and leaves what the initialisation put there.
# - **filters' lengths kept** (`ch.MinNormDirection`): after a projection every filter gets its
#   length back. If section 4 is right that shrinking lengths does nothing under batch norm, nothing
#   should be missed.

# %%
names = {
    "MinNorm-OG": "MinNorm-OG",
    "MinNorm-OG once an epoch": "once an epoch",
    "MinNorm-OG to the start": "to the start",
    "MinNorm-OG, filters' lengths kept": "filters' lengths kept",
}
# the digits were run with fewer rows as well
fifty = lambda case: {"n_pert": 50} if case == "digits" else {}
variants = {
    f"{said}, {words[case]}": shares(runs)
    for case in ("digits", "normed", "no-norm", "cifar10-wider")
    for method, said in names.items()
    if len(runs := of(case, method, equal_work[case][0], **fifty(case)))
}

# %%
# strengths up to .8 for the one whose best lay at the end of the grid
for case in ("digits", "no-norm"):
    start = [of(name, "MinNorm-OG to the start") for name in (case, f"{case}-start")]
    variants[f"to the start, {words[case]}"] = shares(pandas.concat(start))
ch.pictures.by_seed(
    variants,
    "share of the box that the front dominates",
    [name for name in variants if name.startswith("MinNorm-OG")],
)

# %% [markdown]
# - **Filters' lengths kept** changes nothing, on either network: the lengths that MinNorm-OG
#   shrinks under batch norm were never information.
# - **To the start** needs about twice the strength, because $\|\theta - \theta_0\|$ is shorter than
#   $\|\theta\|$. Then it is level, and not better: the color that is to go and the digits that are
#   to stay were both put there by training.
# - **Once an epoch** is level with MinNorm-OG at the same number of epochs, for a third of its
#   time. One strong projection and five steps to repair do what five weak ones do.
#
# The last one is worth another look: what it saves can be spent on epochs. **Predict, then run.**
# Nine or ten epochs, once an epoch, beside a GD of the same cost.

# %%
once = {
    case: shares(of(f"{case}-longer", "MinNorm-OG once an epoch", epochs))
    for case, epochs in (("digits", 9), ("no-norm", 10))
}
ahead = {}
for case in once:
    gd = shares(of(case, "GD", equal_work[case][1]))
    ahead[f"{words[case]}: once an epoch"] = once[case] - gd
    ahead[f"{words[case]}: before every step"] = shares(of(case, "MinNorm-OG", **fifty(case))) - gd
ch.pictures.by_seed(
    ahead,
    "lead over GD at equal work, in shares of the box",
    [name for name in ahead if "once" in name],
    zero=True,
)

# %% tags=["nbval-ignore-output"]
cost(
    {
        "GD, 20 epochs": (ul.GD(), 20),
        "MinNorm-OG, 3 epochs": (ul.MinNormOG(), 3),
        "once an epoch, 10 epochs": (ch.MinNormOnce(), 10),
    }
)

# %%
ahead_once = torch.from_numpy(ahead[f"{words['no-norm']}: once an epoch"])
mean, error = lead(ahead_once, torch.zeros_like(ahead_once)).tolist()
print(f"without batch norm, once an epoch: ahead of GD at equal work by {mean:.3f} ± {error:.3f}")
assert mean > 2 * error > 0

# %% [markdown]
# On the network without batch norm the variant is ahead of GD **at equal work**, by a little and on
# every seed. On the ResNet the two are level.
#
# And for those who have no time for more epochs? In a large network, with batches that fill it, a
# projection or two hardly counts among two epochs of steps. **Predict, then run.** Two epochs of
# each, on MNIST and CIFAR-10.

# %%
short, price = {}, {}
for case in ("mnist", "cifar10", "cifar10-wider"):
    once_two, gd_two = (of(case, method, 2) for method in ("MinNorm-OG once an epoch", "GD"))
    short[words[case]] = shares(once_two) - shares(gd_two)
    price[words[case]] = round(float(once_two.seconds.median() / gd_two.seconds.median()), 1)
print("recorded time of once an epoch, in units of GD's:", price)
seconds = recorded["cifar10-wider"].query("epochs == 2").groupby("method")["seconds"].median()
times = seconds["MinNorm-OG once an epoch"] / seconds["MinNorm-OG"]
print(f"at width 1/4, in units of MinNorm-OG's: {times:.1f}")
ch.pictures.by_seed(
    short, "once an epoch: lead over GD, two epochs each, in shares of the box", zero=True
)

# %%
for case in ("cifar10", "cifar10-wider"):
    mean_short, error_short = lead(torch.from_numpy(short[words[case]]), torch.zeros(5)).tolist()
    assert (
        mean_short > 2 * error_short
        and (short[words[case]] > -0.001).all()
        and price[words[case]] <= 1.2
    )
assert abs(short[words["mnist"]].mean()) < 0.005


# %% [markdown]
# On photographs the variant is ahead at nearly equal work, by one and by two hundredths, and behind
# on no seed; on MNIST the two are level. (Times were recorded while the machine did other things;
# on MNIST they say nothing.) At width 1/4 one strong projection an epoch does as well as thirteen
# weaker ones, at a fifth of the price. These, and the network without batch norm, are the places
# so far where a clock does not take the projection's lead away. What a GD of ten epochs does
# beside *once an epoch* of ten, on photographs, has not been run.

# %% [markdown]
# ## 9 · At the paper's size
#
# CIFAR-10, all 50,000 images, a ResNet-18 of eleven million parameters, one image in a hundred
# accessible, batches of 256: four updates an epoch, eight in the paper's $T = 2$. First the
# published grid, two seeds and all test images, as far as a GPU came with it before its time was
# over.
#
# A **way** is a method with all but its rate and strengths: its epochs, how often it projects. What
# does each cost, and how far does it get, with the settings that every seed has?


# %%
def areas(runs):
    """`shares` of a way; where there is one seed only, its settings are chosen on itself."""
    runs = runs.assign(retain_error=1 - runs.retain_accuracy)
    if runs.seed.nunique() > 1:
        return shares(runs)
    errors = runs[["retain_error", "forget_error"]].to_numpy()
    return np.array([ul.choosing.hypervolume(errors, [1, 2 / 3]) / (2 / 3)])


# %%
kept_and_forgotten = ["retain_accuracy", "forget_error"]


def priced(runs, floors=(0.6, 0.65, 0.7)):
    """A row for each way. An epoch of GD is the unit of its price."""
    gd = ch.ways.shared(runs).query("method == 'GD'")
    epoch, rows = (gd.seconds / gd.epochs).median(), {}
    for way, own in ch.ways.by_way(runs).items():
        settings = ul.choosing.points(own, kept_and_forgotten)
        seconds, area = own.seconds.median(), areas(own)
        row = {"settings": len(settings), "seconds": seconds, "epochs of GD": seconds / epoch}
        for floor in floors:
            row[f"at {floor:g}"] = settings.query("retain_accuracy >= @floor").forget_error.min()
        row |= {"area": area.mean(), "error": float(ul.choosing.standard_error(area))}
        rows[way] = row
    return pandas.DataFrame.from_dict(rows, orient="index").rename_axis("way")


# %%
at_size = ul.table.read("erasure-cifar10-paper-cuda-bfloat16")
print(at_size.provenance["device"], "·", at_size.provenance["finished"])
on_grid = priced(at_size["runs"])
on_grid.drop(columns=["seconds", "epochs of GD"]).round(3)  # two runs shared the card

# %%
area = on_grid["area"]
assert 0.4 < area["MinNorm-OG, T = 2"] - area["GD, T = 2"] < 0.42 and area.idxmax() == "GD, T = 8"

# %% [markdown]
# "At 0.6" is the lowest forget error of a setting that keeps a retain accuracy of at least $0.6$.
# "Area" is the share of section 2, settings chosen on the other seed, "error" its standard error.
#
# This is section 3 again. Of GD's rates $10^{-4}$ hardly moves in eight updates and $10^{-3}$
# breaks the network, and the grid has nothing in between. MinNorm-OG, with 72 settings, is far
# ahead of *that* GD with its six. A GD of thirty-two updates is ahead of both. How would a GD with
# rates of its own do in eight updates?
#
# So: rates between, for everybody, and MinNorm-OG once an epoch as well. Five seeds, 5,000 test
# images, each in three colors. The rates and strengths were laid where the front of seed 1 had been
# seen before; the other seeds were new. **Predict, then run.** Who is ahead at equal epochs, and
# who for the same number of seconds?

# %%
full = ul.table.read("fullsize-cuda-bfloat16-test5000")
runs = full["runs"]
print(len(runs), "runs on", full.provenance["device"], "·", full.provenance["products"])
ways = priced(runs).sort_values("epochs of GD")
assert (runs.groupby("method").seed.unique().str.len() == 5).all()
assert ways["epochs of GD"][["GD, T = 2", "GD, T = 3"]].round(1).tolist() == [2, 3]
ways.round(3)

# %%
start = tuple(full["models"][["retain_accuracy", "forget_error"]].mean())
drawn = {}
for way, own in sorted(ch.ways.by_way(runs).items(), reverse=True):
    settings = ul.choosing.points(own, kept_and_forgotten).query("retain_accuracy > 0.4")
    drawn[way] = settings[kept_and_forgotten].to_numpy()
ch.fronts(drawn, {"original": start}, looks=2 * ch.style.SERIES)

# %% [markdown]
# Each dot is a setting, mean over the seeds; those that keep less than $0.4$ are not drawn. Now the
# leads, on the same seeds. Five comparisons were named after three of the seeds, before the last
# two were run. The first three are at equal epochs. In the other two GD has one epoch more: more
# seconds than MinNorm-OG once an epoch took, fewer than MinNorm-OG before every update.

# %%
per_seed = {way: areas(own) for way, own in ch.ways.by_way(runs).items()}
pairs = [
    ("MinNorm-OG, T = 2", "GD, T = 2"),
    ("MinNorm-OG once an epoch, T = 2", "GD, T = 2"),
    ("MinNorm-OG once an epoch, T = 3", "GD, T = 3"),
    ("MinNorm-OG once an epoch, T = 2", "GD, T = 3"),
    ("MinNorm-OG, T = 2", "GD, T = 3"),
]
margins = {f"{a}, over {b}": per_seed[a] - per_seed[b] for a, b in pairs}
equal = list(margins)[:3]
ch.pictures.by_seed(margins, "lead over GD, in shares of the box", equal, zero=True)

# %%
p = holm(margins)
for name, margin in margins.items():
    said = f"p {p.loc[name, 'p']:.3f}, by Holm {p.loc[name, 'Holm']:.2f}"
    print(f"{name:47} {ul.metrics.interval(margin)}, {said}")

# %%
for name in equal[:2]:
    assert (margins[name] > 0).all() and ul.metrics.interval(margins[name]).low > 0.025
for name in list(margins)[3:]:
    assert (margins[name] < 0).any() and ul.metrics.interval(margins[name]).low < 0
assert (margins[equal[2]] > 0).sum() == 4 and 0.045 < p.loc[equal[2], "p"] < 0.05
assert 0.05 < p["Holm"].min() < 0.08 and margins[list(margins)[3]].mean() < 0.015


# %% [markdown]
# The intervals are Student's at 95%, with the four degrees of freedom that five seeds have: factor
# $2.8$. Holm's column is what is left of a $p$ value when five questions were asked at once.
#
# **At equal epochs MinNorm-OG is ahead of GD**: at $T = 2$ on each of five seeds, by $0.11$ before
# every update and by $0.08$ once an epoch, both intervals above zero; at $T = 3$ on four of the
# five. Asked by themselves these are small $p$ values. Among five questions none is below
# $0.05$: the smallest is $0.07$. **With one epoch more, GD is level**: the leads change their sign
# from seed to seed, and after three seeds they had looked like leads.
#
# MinNorm-OG had 24 settings, once an epoch 12, GD 11. What is left of the leads if each may choose
# among eleven? The mean over 50 random draws of its settings:


# %%
def of_eleven(way, count=11, draws=50):
    """`areas` of a way with `count` settings."""
    return with_fewer(ch.ways.by_way(runs)[way], count, ["lr", "reg"], areas, draws)


# %%
assert np.allclose(of_eleven(pairs[0][0], 24, 1), per_seed[pairs[0][0]])  # all of them: as before
fair = {f"{a}, over {b}": of_eleven(a) - per_seed[b] for a, b in pairs}
for name, margin in fair.items():
    print(f"{name:47} {margin.mean():+.3f}, by seed {margin.round(3)}")
assert all((fair[name] > 0).all() for name in equal[:2])
assert 0.6 < fair[equal[0]].mean() / margins[equal[0]].mean() < 0.75
assert all((fair[name] < 0).sum() == 2 for name in list(fair)[3:])

# %% [markdown]
# A third of MinNorm-OG's lead was its settings, and it stays ahead on each seed. Once an epoch
# keeps its lead. Does a best setting lie at an end of what was tried? The setting of each seed that
# is nearest to the ideal:

# %%
gap = np.hypot(1 - runs.retain_accuracy, runs.forget_error)
way = ch.ways.names(runs)
nearest_of = runs.loc[gap.groupby([way, runs.seed]).idxmin()].assign(way=way)
table = nearest_of.set_index(["way", "seed"])[["lr", "reg", "retain_accuracy", "forget_error"]]
assert table.loc[["GD, T = 2", "GD, T = 3"]].lr.between(3e-4, 7e-4).all()
for seed in (3, 5):  # two ends
    assert table.loc[("MinNorm-OG, T = 2", seed), ["lr", "reg"]].tolist() == [1e-4, 0.05]
assert table.loc["MinNorm-OG once an epoch, T = 2"].lr.isin([2e-4, 4.5e-4]).all()  # ends of three
table.round(5)

# %% [markdown]
# GD's best rates lie inside. On seeds 3 and 5 MinNorm-OG's best lies at its lowest rate and highest
# strength. Once an epoch had three rates, and at $T = 2$ its best is the lowest or the highest on
# every seed. Both may have more to give than was tried.
#
# ### The clock
#
# The runs above computed in float32 with all digits. There a projection before every update makes
# two epochs cost as much as $3.5$ epochs of GD, once an epoch $2.4$. A GPU can also multiply in
# TF32, with ten binary digits. Seven settings on seed 1 in both; of each method the quickest run
# counts, as the first ones meet new kernels:

# %%
measures = Path(ul.__file__).parents[1] / "benchmarks"
tf32 = pandas.DataFrame(json.loads((measures / "tf32-h200.json").read_text())["runs"])
setting, measured = ["method", "lr", "reg"], ["retain_accuracy", "forget_error"]
sides = tf32.groupby("products")
left, right = (sides.get_group(name).set_index(setting)[measured] for name in ("float32", "tf32"))
moved = (left - right).abs().max()
print(moved.round(4).to_dict())
warm = tf32.groupby(["products", "method"]).seconds.min().unstack("products")
print((warm["float32"] / warm["tf32"]).round(1).to_dict())
(2 * warm / warm.loc["GD"]).round(2)  # in epochs of GD

# %%
price = 2 * warm / warm.loc["GD"]
once_said = ways.loc["MinNorm-OG once an epoch, T = 2", "epochs of GD"]
assert moved.max() < 0.006 and abs(once_said - 2.43) < 0.01
assert abs(price.loc["MinNorm-OG once an epoch"] - [2.45, 4.55]).max() < 0.05
assert abs(price.loc["MinNorm-OG"] - [3.5, 5.65]).max() < 0.05
epochs = json.loads((measures / "epochs-h200.json").read_text())["methods"]
earlier = {name: round(2 * own["MinNorm-OG"]["beside_GD"], 1) for name, own in epochs.items()}
print("MinNorm-OG, two epochs, measured apart on random images:", earlier)
assert earlier["tf32"] > price.loc["MinNorm-OG", "tf32"] > earlier["float32"]

# %% [markdown]
# The results move by less than $0.006$. The seconds move more: GD becomes $2.6$ times faster, a run
# with projections $1.4$ to $1.6$ times. So in TF32 two epochs of once an epoch cost as much as
# four and a half of GD, and of MinNorm-OG more than five and a half. (An earlier measurement, of
# code before its last changes and on random images, has it dearer still.)
#
# What does GD do with four epochs or five? And is there a cheaper projection that keeps the lead:
# in the first epoch only ("every 2 epochs"), or with fewer images? Both were run for seeds 4 and 5,
# beside NGP, Ridge and SalUn with 12 settings each:

# %%
others = ul.table.read("others-cuda-bfloat16-test5000")["runs"]
two = pandas.concat([others, runs[runs.seed.isin(others.seed)]], ignore_index=True)
per_way = {way: areas(own) for way, own in ch.ways.by_way(two).items()}
of_two = priced(two).sort_values("epochs of GD").drop(columns=["seconds", "error"])
of_two.join(pandas.DataFrame(per_way, ["seed 4", "seed 5"]).T).round(3)

# %%
ahead = {way: per_way["GD, T = 5"] - area for way, area in per_way.items() if "GD" not in way}
assert all((margin > 0.02).all() for way, margin in ahead.items() if "T = 3" not in way)
assert (per_way["GD, T = 4"] > per_way["MinNorm-OG once an epoch, T = 2"] + 0.02).all()
over_four = per_way["GD, T = 4"] - per_way["MinNorm-OG, T = 2"]
assert over_four[0] > 0.03 and -0.02 < over_four[1] < 0
cheaper = of_two[of_two["epochs of GD"].between(2.2, 3) & ~of_two.index.str.startswith("GD")]
assert cheaper.area.max() < of_two.area["GD, T = 3"] + 0.01

# %% [markdown]
# Seed 1 was run with six rates of GD at four and five epochs, and on all test images:

# %%
one = ul.table.read("fullsize-cuda-bfloat16")["runs"]
of_one = priced(one).sort_values("epochs of GD")
assert of_one.error.isna().all()
of_one.drop(columns="error").round(3)  # settings chosen on the numbers that are shown

# %%
share = of_one["area"]
assert abs(share["GD, T = 4"] - share["MinNorm-OG, T = 2"]) < 0.005
assert share["GD, T = 4"] > share["MinNorm-OG once an epoch, T = 2"] + 0.005
assert share.idxmax() == "GD, T = 5" and share.max() > share["MinNorm-OG, T = 2"] + 0.015
assert of_one["at 0.65"].idxmin() == "GD, T = 5"
assert of_one["at 0.65"].nsmallest(3).index[1] == "MinNorm-OG once an epoch, T = 2"

# %% [markdown]
# GD's five epochs are ahead of both ways to project at $T = 2$ on each of these three seeds, and
# its four epochs of once an epoch. Beside MinNorm-OG at $T = 2$ four epochs of GD are ahead on one
# seed and level, or a hundredth behind, on two. None of the cheaper projections is ahead, by more
# than a hundredth, of three epochs of GD, which cost about as much. So, as far as these seeds say:
#
# - **At equal epochs** MinNorm-OG is ahead of GD at $T = 2$, by a tenth of the box ($0.08$ with as
#   many settings), and so is once an epoch, by $0.08$: on each of five seeds.
# - **On the clock in float32** nobody is ahead. Once an epoch, at the price of $2.4$ epochs of GD,
#   is level with three of them; MinNorm-OG, at the price of $3.5$, lies between three and four.
# - **On the clock in TF32** GD is ahead: there it has time for four epochs beside once an epoch,
#   and for five beside MinNorm-OG, and leads on each of three seeds.
#
# Do the three records agree where they ran the same settings?

# %%
same = ["method", "epochs", "lr", "reg", "reg_decay", "n_pert", "project_every", "seed"]


def beside(other):
    """The largest difference between a record's runs and those of `runs` at the same settings."""
    here, there = (
        t[[*same, *measured]].assign(**t[same[2:]].astype(float).round(9).fillna(-1))
        for t in (runs, other)
    )
    pair = here.merge(there, on=same, suffixes=("", "_there"))
    return len(pair), {m: float((pair[m] - pair[f"{m}_there"]).abs().max()) for m in measured}


agree = {name: beside(other) for name, other in (("grid", at_size["runs"]), ("seed 1", one))}
for name, (count, most) in agree.items():
    print(f"{name}: {count} settings in both, {most}")
    assert count >= 12 and most["retain_accuracy"] < 0.012 and most["forget_error"] < 0.003

# %% [markdown]
# They do, to about a hundredth in the accuracy and $0.003$ in the forget error. The record of five
# seeds has half of the test images, and trained an original of its own for seed 2.

# %% [markdown]
# ## 10 · What holds
#
# 1. **The published grid favours MinNorm-OG.** On its rates MinNorm-OG is ahead in seven small
#    cases of eight and at the paper's size: GD's best rate is above them, at their end, or between
#    two of them. With rates as GD needs them the two are level on digits with batch norm, at equal
#    epochs.
# 2. **Without batch norm, with very few accessible images, and on CIFAR-10 by a little, MinNorm-OG
#    is ahead at equal epochs**, on five seeds each. No lead stands after Holm's rule for sixteen
#    comparisons, and with as many settings as GD the two on CIFAR-10 are below a hundredth.
# 3. **At equal work the original method is nowhere ahead of a tuned GD** by more than the error.
#    Projecting once an epoch saves two thirds of the time and more for the same result. That
#    variant is ahead by a hundredth or two without batch norm, and on CIFAR-10 at two epochs: three
#    places of the five that were looked at.
# 4. **Of the public code's four oddities three cannot be seen.** What the running averages give is
#    open.
# 5. **At the paper's size** MinNorm-OG is ahead of a tuned GD at equal epochs on each of five
#    seeds, by $0.11$ of the box and by $0.08$ with as many settings. On the clock it is not: in
#    float32 it is level with a GD of as many seconds, in TF32 behind.
# 6. What MinNorm-OG has that GD has not: a strength of its own. GD forgets by its rate, and the
#    rate that forgets and the rate that breaks lie a factor of three apart.
#
# **What this does not show.** Outside section 9 the networks are small, the images few: CIFAR-10
# there is 8,000 images and a ResNet-18 of width 1/8 or 1/4 that gets half of the test images right.
# At the paper's size GD's four and five epochs and the cheaper projections have two or three seeds:
# the study `others` goes on from there. The yardstick is the paper's; whether anything is *gone* is
# the question of notebook 13.

# %% [markdown]
# ## What was verified

# %%
assert (
    narrow["MinNorm-OG"].mean() - narrow["GD"].mean() > 0.4
    and abs(wide["MinNorm-OG"].mean() - wide["GD"].mean()) < 0.02
)  # 1
assert found["MinNorm-OG, without"].mean() - found["GD, without"].mean() > 0.05  # 2
assert found["MinNorm-OG, without"].std() < 0.5 * found["GD, without"].std()
assert (
    all(difference.mean() < 0.02 for name, difference in leads.items() if "work" in name)
    and mean > 2 * error
)  # 3
assert abs(arms["outputs corrected"].mean() - arms["as published"].mean()) < 0.01  # 4
assert forgets["all"] < 0.3 * forgets["retain"]
assert all((margins[name] > 0).all() for name in equal[:2])  # 5
assert all((margins[name] < 0).any() for name in list(margins)[3:])
assert (per_way["GD, T = 5"] > per_way["MinNorm-OG, T = 2"]).all()

# %% [markdown]
# ## To go on
#
# - **Change one thing.** `ch.study.CASES["no-norm"].factory(6)` is a seed that no recorded
#   run has seen, trained in twenty seconds. Do conclusions 2 and 3 hold on it?
# - A case is a task and a grid. Add one to `unlearnlab/chapters/ch11_replication/study.py`, and
#   `python -m unlearnlab.study replication-yours` runs it, resumes and records.
#
# ## References
#
# - J. L. Block, A. Mokhtari, S. Shakkottai. *Machine Unlearning under Overparameterization.*
#   NeurIPS 2025, [arXiv 2505.22601](https://arxiv.org/abs/2505.22601): label erasure, and the
#   rebuttal's comparison at equal wall-clock.
# - J. T. Springenberg, A. Dosovitskiy, T. Brox, M. Riedmiller. *Striving for Simplicity: The All
#   Convolutional Net.* ICLR 2015 workshop, [arXiv 1412.6806](https://arxiv.org/abs/1412.6806).
# - T. van Laarhoven. *L2 Regularization versus Batch and Weight Normalization.* 2017,
#   [arXiv 1706.05350](https://arxiv.org/abs/1706.05350): scale invariance, and what shrinking does
#   under it.
