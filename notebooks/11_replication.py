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
# at equal work a tuned GD was level. The paper reports a clear win, per epoch. Which is right, and
# where?
#
# **You will be able to**
# - take a published procedure apart, and measure what each part does;
# - compare methods by fronts that were chosen on other seeds, and give a difference with its error;
# - say on which networks, and at which price, projecting off the retained gradients beats plain
#   descent.
#
# **You need** notebooks 03 and 09. **Time.** About 50 minutes; the code runs in a minute on one CPU
# core. No GPU is needed.
#
# **On a hosted notebook service**, upload the whole course and run `%pip install ..` in this
# notebook's folder before the first cell.
#
# "Paper A" is *Machine Unlearning under Overparameterization*. The runs are recorded:
# `python -m unlearnlab.study replication` makes the small ones again, `fullsize` those of section
# 9, on a GPU.

# %%
import copy
import json
import time
from itertools import product
from pathlib import Path

import numpy as np
import pandas
import torch
from scipy.stats import permutation_test

import unlearnlab as ul
from unlearnlab.chapters import ch11_replication as ch


# %%
def read(record):
    """The runs of a recorded result, with the column that fronts are made of."""
    runs = ul.table.read(record)["runs"]
    return runs.assign(retain_error=1 - runs.retain_accuracy)


recorded = {name: read(f"replication-{name}") for name in ch.study.CASES}
for name, whole in (("mnist-finer", "mnist"), ("cifar10-finer", "cifar10")):
    recorded[whole] = pandas.concat([recorded[whole], recorded.pop(name)], ignore_index=True)
# at width 1/4 MinNorm-OG, and GD for as many epochs, were run for notebook 09
recorded["cifar10-wider"] = pandas.concat(
    [recorded["cifar10-wider"], read("erasure-cifar10-quick-width0.25")], ignore_index=True
)
print(sum(map(len, recorded.values())), "runs")


# %% [markdown]
# ## What comes out
#
# A lead is MinNorm-OG's, in the area of section 2, with its interval at 95%.
#
# | the claim | tested on | lead | verdict | overturned by |
# |---|---|---|---|---|
# | 1. ahead on the published rates | 7 of 8 small cases | $0.12$ to $0.82$ | on each seed | |
# | | paper's size, 5 | $0.34$ $[0.23, 0.45]$ | on each seed | |
# | 2. ahead of a tuned GD, | no norm, 30 seeds | $0.04$ $[0.02, 0.06]$ | there | |
# | at equal epochs | group norm, 30 | $0.014$ $[0.010, 0.018]$ | there | |
# | | batch norm, 10 | $-0.01$ $[-0.03, 0.01]$ | open | rates, seeds |
# | | 8 small cases, 5 each | $0.00$ to $0.09$ | open | seeds, rates |
# | | digits, 4 widths, 5 each | $0.00$ to $0.04$ | open | seeds, rates |
# | | paper's size, 5 | $0.11$ $[0.04, 0.19]$ | on each seed | a sixth seed |
# | 3. ahead in equal time | no norm, 30, price 5 | $-0.02$ $[-0.03, -0.01]$ | no | |
# | | group norm, 30, price 5 | $-0.001$ $[-0.003, 0.001]$ | not seen | settings |
# | | the same, price 1.7 | $0.006$ $[0.004, 0.009]$ | there | |
# | | batch norm, 10, price 1.7 | $-0.022$ $[-0.041, -0.003]$ | no | |
# | | CIFAR-10 at 1/8, 5, price 1.5 | $0.00$ $[-0.01, 0.01]$ | not seen | price 1.2 |
# | | paper's size, price 1.5 | $0.04$ $[-0.02, 0.11]$ | not seen | price 1.2 |
# | 4. as it protects outputs: | no norm, 30 | $-0.018$ $[-0.029, -0.006]$ | the reverse | |
# | over plain shrinkage | group norm, 30 | $0.003$ $[0.002, 0.005]$ | there | |
# | 5. the code's oddities are why | digits | section 6 | not seen | rates |
# | 6. sine; collapse | notebooks 08; 10 | | mixed | |
#
# "Price": how many epochs of GD an epoch of MinNorm-OG costs (section 5). "Plain shrinkage": it
# protects no output (section 4). "There": the interval excludes zero, after Holm, too. "On each
# seed": five of five, $p = 1/16$, the least that five seeds can show. A lead's size belongs to its
# area: in a smaller one those over GD and plain shrinkage, without a norm and with group norm, are
# larger (section 4).

# %% [markdown]
# ## 1 · What is in the way of a comparison
#
# Paper A's main figure compares fronts over a grid of settings, per epoch. Reading it beside its
# public code, six things could make the difference other than the method:
#
# | what | in the public code or the paper | here, by default | field of `ch.MinNormPublished` |
# |---|---|---|---|
# | rows | of outputs in training mode: all samples enter each | one sample each | `rows` |
# | their forward pass | seen by batch norm's running averages | no trace | `trace` |
# | outputs | from *before* the projection's new weights | at the projected weights | `outputs` |
# | batch norm | averages see forget batches, whatever the method | no trace | `batch_norm` |
# | decay | after every projection: batches set how often | the same, or once an epoch | `decay` |
# | rates | $10^{-6}$ to $10^{-3}$ | as far as it takes for the best to lie inside | the grid |
#
# Nor does a figure per epoch show what an epoch costs, or how many settings each method had.

# %% [markdown]
# ## 2 · The yardstick
#
# As in notebook 09: retain accuracy is to be high, forget error (mean of $(1 - p(\text{gray}))^2$)
# low. A front's **area** is the share of the rectangle between $(0, 2/3)$ and the ideal $(1, 0)$
# that it dominates. For each seed, the settings of the front are chosen on the other seeds.
#
# This takes away one part of the flattery by many settings. Another part stays: on the seed that
# judges, the area counts the best of the front's points. Points that differ by luck alone still add
# area, and more settings lay more of them. So leads are also given with as many settings.


# %%
def shares(runs, box=(1, 2 / 3), count=None):
    """(seeds,): a method's area, the settings of its front chosen on the other seeds. count: of a
    lattice of so many settings, or a little fewer, chosen on the other seeds, too."""
    return ul.choosing.held_out(runs, ["retain_error", "forget_error"], list(box), count)


def of(case, method, epochs=3, **fixed):
    """The recorded runs of a method, some hyperparameters fixed to a value or one of several."""
    runs = recorded[case]
    names = method if isinstance(method, list) else [method]
    keep = runs.method.isin(names) & (runs.epochs == epochs)
    for name, value in fixed.items():
        keep &= runs[name].isin(value if isinstance(value, list) else [value])
    return runs[keep]


# %% [markdown]
# Two methods are compared on the same seeds, and a seed is an original network, a forget set and
# the images that are accessible. (In one record: another processor rounds otherwise.)
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
# Is a lead more than chance? If a method were no better, the lead of a seed could as well have had
# the other sign. So flip the signs in all ways, at most 9,999, and see how often the mean gets as
# large: that is $p$. Five seeds have 32 ways, and **no $p$ below $1/16$**. Holm's rule says what is
# left of a $p$ among several. Intervals are Student's, at 95%.


# %%
def compared(leads):
    """A row for each lead (seeds,): its interval, on how many seeds it is above 0, p, and after
    Holm."""
    rows = {}
    for name, own in leads.items():
        flips = permutation_test((own,), np.mean, permutation_type="samples", rng=0)
        rows[name] = [str(ul.metrics.interval(own)), f"{sum(own > 0)} of {len(own)}", flips.pvalue]
    columns = ["lead [95%]", "ahead on", "p"]
    table = pandas.DataFrame.from_dict(rows, "index", columns=columns).sort_values("p")
    factors = np.arange(len(table), 0, -1)
    return table.assign(Holm=(table.p * factors).cummax().clip(upper=1)).round(4)


# %% [markdown]
# ## 3 · The rates
#
# **Predict, then run.** Digits, the ResNet-18 of width 3/32 of notebook 09, three epochs of five
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
fifty = {"MinNorm-OG": {"n_pert": 50}}  # the digits were run with fewer rows as well
narrow = {name: shares(of("digits", name, **published, **more)) for name, more in grids.items()}
wide = {name: shares(of("digits", name, **fifty.get(name, {}))) for name in grids}

# %%
both = {f"{name}, published rates": own for name, own in narrow.items()}
both |= {f"{name}, wider": own for name, own in wide.items()}
for said, own in (("published rates", narrow), ("wider", wide)):
    ahead, error = lead(*(torch.from_numpy(own[name]) for name in ("MinNorm-OG", "GD"))).tolist()
    print(f"{said:15}  MinNorm-OG ahead of GD by {ahead:.2f} ± {error:.2f}")
assert narrow["GD"].mean() < 0.05 < 0.4 < narrow["MinNorm-OG"].mean()
assert abs(wide["MinNorm-OG"].mean() - wide["GD"].mean()) < 0.02
ch.pictures.by_seed(both, "area", ("MinNorm-OG, published rates", "MinNorm-OG, wider"))


# %% [markdown]
# On the published rates GD and Ridge do not forget at all, and MinNorm-OG wins. With rates of
# $3 \cdot 10^{-3}$ and above the lead is gone. Only the grids changed.
#
# AdamW's steps have the length of the rate: fifteen of $10^{-3}$ move a weight by about $0.015$.
# GD has no other way to move; a projection takes away a tenth of $P_\perp\theta$ at once. So such a
# grid compares a method that was allowed to move with one that was not.
#
# Now the width alone: the same digits, recipe and fifteen updates, a ResNet-18 of four widths; ten
# rates of GD, twelve settings of MinNorm-OG.


# %%
def nearest_by_seed(runs):
    """For each seed the run that is nearest to the ideal."""
    gap = np.hypot(1 - runs.retain_accuracy, runs.forget_error)
    return runs.loc[gap.groupby(runs.seed).idxmin()].set_index("seed")


def best_rates(runs):
    """(seeds,): the rate of these runs."""
    return nearest_by_seed(runs).lr.to_numpy()


twelve = {"lr": [3e-4, 1e-3, 3e-3, 1e-2], "reg": [0.02, 0.05, 0.1], "reg_decay": 0.8, "n_pert": 50}
digits_at = {
    "3/32": "digits",
    "1/8": "digits-eighth",
    "1/4": "digits-quarter",
    "1/2": "digits-half",
}

# %%
by_width, its_rates = {}, {}
for width, case in digits_at.items():
    gd, ours = of(case, "GD").query("lr >= 1e-4"), of(case, "MinNorm-OG", **twelve)
    assert len(gd.lr.unique()) == 10 and len(ours[["lr", "reg"]].drop_duplicates()) == 12
    by_width[f"width {width}"] = shares(ours) - shares(gd)
    its_rates[width] = best_rates(gd)
rates = {
    f"width {width}": " ".join(f"{rate:g}" for rate in own) for width, own in its_rates.items()
}
assert [np.median(own) for own in its_rates.values()] == [5.5e-3, 5.5e-3, 3e-3, 1.7e-3]
assert all(min(own) > 1e-3 for own in its_rates.values())
assert all(ul.metrics.interval(own).low < 0 for own in by_width.values())
compared(by_width).assign(**{"GD's best rates": rates}).sort_index()

# %% [markdown]
# Photographs, where more changes than the width, up to the paper's size:

# %%
full = read("fullsize-cuda-bfloat16-test5000")
best_rate = {
    "digits, 15 updates": its_rates,
    "MNIST, 26 updates": {"1/8": best_rates(of("mnist", "GD", 2))},
    "CIFAR-10, 26 updates": {
        "1/8": best_rates(of("cifar10", "GD", 2)),
        "1/4": best_rates(of("cifar10-wider", "GD", 2)),
    },
    "CIFAR-10, the paper's, 8 updates": {
        "1": best_rates(full.query("method == 'GD' and epochs == 2"))
    },
}
ticks = {"3/32": 3 / 32, "1/8": 1 / 8, "1/4": 1 / 4, "1/2": 1 / 2, "1": 1}
photographs = best_rate["CIFAR-10, 26 updates"]
assert min(photographs["1/8"]) > 1e-3 == np.median(photographs["1/4"])

# %%
fig, ax = ch.style.figure(size=(6.8, 3.4))
ax.axhspan(1e-4, 1e-3, color=ch.style.GREY, alpha=0.25)
ax.text(0.3, 1.5e-4, "between the published grid's two highest rates", ha="center", fontsize=9)
for (name, rates), shift, look in zip(best_rate.items(), (1, 0.9, 1.1, 1), ch.style.SERIES):
    places = [ticks[w] * shift * np.linspace(0.97, 1.03, len(own)) for w, own in rates.items()]
    spots = np.concatenate(places), np.concatenate([*rates.values()])
    ax.plot(*spots, **look | {"linestyle": "none", "alpha": 0.7, "label": name})
ax.set(xscale="log", yscale="log", xlabel="width", ylabel="GD's best rate", ylim=(1e-4, 2e-2))
ax.set_xticks([*ticks.values()], [*ticks])
ax.set_xticks([], minor=True)
ax.legend(fontsize=8, loc="upper right")
ax.set_title("Where GD's best rate lies")
fig.done("GD's best rate lies above the published grid up to 1/8, within it at full size.")


# %% [markdown]
# With nothing else changed, GD's best rate on digits falls from $5.5 \cdot 10^{-3}$ to
# $1.7 \cdot 10^{-3}$ as the width grows, above the published grid at all four. MinNorm-OG's lead is
# $0.00$, $0.00$, $0.01$ and $0.04$; each interval holds zero, though at 1/2 all five seeds are
# above. On photographs GD's best is above the grid at 1/8, about its end at 1/4, at the paper's
# size between its two highest rates, a decade apart.

# %% [markdown]
# ## 4 · The norm
#
# Between the convolutions sits batch norm, and that makes the length of a filter meaningless:
# multiply a filter by seven, and the layer divides by seven again.
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
# trained at first use, some ten seconds, and kept
plain = ch.study.TASKS["none"](1, progress=silent)
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
# Two things follow for batch norm. A step along such a gradient turns a filter and makes it longer:
# with AdamW a random walk of directions wherever the retain loss has no say, a way for *plain
# descent* to forget. And shrinking a filter removes nothing: as far as $P_\perp\theta$ is length,
# *MinNorm-OG* forgets nothing by it. So batch norm should help GD more than MinNorm-OG. It also has
# running averages; **group norm** divides as well, by groups of filters, and has none.
#
# A small AllCNN without a norm, with group norm and with batch norm, trained alike, three epochs.
# Every method has nine settings and MinNorm-OG's three rates among its own. "Plain shrinkage" is
# MinNorm-OG with no image protected: $\theta \leftarrow (1 - s)\,\theta$, then descent. **Named
# before the runs:** MinNorm-OG's lead over five rivals on each network, fifteen comparisons. (So
# many seeds were set after ten, five and four of other networks.) Not named before: the same fronts
# in a smaller rectangle **near the ideal**, both errors below $0.2$. It is a seventeenth of the
# other, so a piece of area in it weighs seventeen times as much. **Predict, then run.**

# %%
rivals = {
    "GD": ("GD", 3, {}),
    "NGP": ("NGP", 3, {}),
    "Ridge": ("Ridge", 3, {}),
    "plain shrinkage": ("MinNorm-OG", 3, {"n_pert": 0}),
    "GD for 15 epochs": ("GD", 15, {}),
}
norms = {"norms-none": "no norm", "norms-group": "group norm", "norms-batch": "batch norm"}
primary = ch.study.GRIDS["primary"]
assert [*rivals] == primary["over"] and [*norms] == primary["cases"]


def finer(case, protected):
    """The runs of MinNorm-OG in a case with all the strengths that were run."""
    runs = [of(part, "MinNorm-OG", n_pert=protected) for part in (case, f"{case}-finer")]
    return pandas.concat(runs, ignore_index=True)


# %%
by_norm, corner = {}, {}
for case, norm in norms.items():
    own = {"MinNorm-OG": of(case, "MinNorm-OG", n_pert=50, batch_norm="retain")}
    for name, (method, epochs, more) in rivals.items():
        own[name] = of(case, method, epochs, batch_norm="retain", **more)
    by_norm[norm] = {name: shares(runs) for name, runs in own.items()}
    corner[norm] = {name: shares(runs, (0.2, 0.2)) for name, runs in own.items()}
gd = {norm: ways["GD"][:10].mean() for norm, ways in by_norm.items()}  # seeds that all share
print({norm: round(float(area), 2) for norm, area in gd.items()})
ch.pictures.by_seed(
    {f"{norm}: {name}": own for norm, ways in by_norm.items() for name, own in ways.items()},
    "area",
    [f"{norm}: MinNorm-OG" for norm in by_norm],
)


# %%
def over_rivals(areas):
    """The leads of MinNorm-OG, by their names, (seeds,). areas: by norm, then by method."""
    named = ((norm, name) for norm in areas for name in rivals)
    return {f"{k}, over {name}": areas[k]["MinNorm-OG"] - areas[k][name] for k, name in named}


margins, closer = over_rivals(by_norm), over_rivals(corner)
verdicts, near = compared(margins), compared(closer)
for norm, rival in product(("no norm", "group norm"), ("GD", "plain shrinkage")):
    name = f"{norm}, over {rival}"
    assert 4.5 < closer[name].mean() / margins[name].mean() < 14.5
print(f"no norm, over GD, the median: {np.median(margins['no norm, over GD']):.3f}")
for case in ("norms-none", "norms-group"):
    ridge, ngp = (best_rates(of(case, rival)) for rival in ("Ridge", "NGP"))
    print(f"{norms[case]}, best rate: ", end="")
    print(f"Ridge's highest {sum(ridge == 5.5e-3)}, NGP's lowest {sum(ngp == 5.5e-4)}")
verdicts.join(near[["lead [95%]", "ahead on"]].add_suffix(" near the ideal"))

# %% [markdown]
# Here best strengths or rates lie at an end. Both ways to shrink got fifteen settings more, between
# and beyond; the rivals got none:

# %%
many = {}
for case in ("norms-none", "norms-group"):
    ours, none = finer(case, 50), finer(case, 0)
    for said, box in (("", (1, 2 / 3)), (", near the ideal", (0.2, 0.2))):
        many[f"{norms[case]}, over plain shrinkage{said}"] = shares(ours, box) - shares(none, box)
    for rival in ("GD", "NGP", "GD for 15 epochs"):
        many[f"{norms[case]}, over {rival} with nine"] = shares(ours) - by_norm[norms[case]][rival]
    for n, own in ((50, ours), (0, none)):
        each = ul.choosing.points(own, ["retain_error", "forget_error"])
        best = each.loc[np.hypot(each.retain_error, each.forget_error).idxmin(), ["lr", "reg"]]
        print(f"{norms[case]}, {n} protected, best: {best.to_dict()}")
for norm, sign in (("no norm", -1), ("group norm", 1)):
    own = sign * many[f"{norm}, over plain shrinkage, near the ideal"]
    assert ul.metrics.interval(own).low > 0.015
compared(many)

# %% [markdown]
# - **No norm, thirty seeds.** MinNorm-OG is ahead of GD by $0.041$ $[0.019, 0.062]$, on 25 seeds
#   (median $0.025$), near the ideal by $0.20$ $[0.10, 0.29]$. GD scatters, from $0.71$ to $0.96$.
#   NGP scatters more: behind in the mean by two bad seeds, ahead on 17, near the ideal on 23.
#   **Plain shrinkage is ahead of MinNorm-OG**, by $0.014$ $[0.007, 0.021]$, on 28 seeds, with 24
#   settings each by $0.018$; near the ideal by $0.09$ and $0.11$. GD for 15 epochs is ahead, too.
# - **Group norm, thirty seeds.** MinNorm-OG is ahead of GD by $0.014$ $[0.010, 0.018]$, on 27
#   seeds, near the ideal by $0.10$ $[0.07, 0.13]$. It is ahead of plain shrinkage by $0.008$, with
#   24 settings each by $0.003$ $[0.002, 0.005]$; near the ideal by $0.11$ $[0.07, 0.15]$ and $0.03$
#   $[0.02, 0.04]$. NGP is level, near the ideal ahead on 25 seeds; a GD of 15 epochs is level
#   unless MinNorm-OG has more than twice the settings.
# - **Batch norm, ten seeds.** GD is ahead by $0.013$ in the mean, its interval holds zero; 15
#   epochs of it by $0.026$ $[0.009, 0.043]$, on all ten. Near the ideal both stay so.
#
# What the first two say of GD and plain shrinkage stands after Holm. Near the ideal these leads
# keep their signs, and are five to fourteen times as large. **No lead over Ridge or NGP is shown**:
# there Ridge's best rate is its highest on every seed, NGP's its lowest on 17 and 24. On ten seeds
# a norm lifts GD from $0.91$ to $0.96$ (group), without running averages, and to $0.97$ (batch).
#
# ### Averages that move, and that do not
#
# Batch norm's running averages move to gray images, which no loss sees. The same runs with averages
# that stay (`"frozen"`):

# %%
kinds = {name: rivals[name] for name in ("GD", "NGP", "plain shrinkage")}
kinds["MinNorm-OG"] = ("MinNorm-OG", 3, {"n_pert": 50})
policy = {
    f"{name}, {said}": shares(of("norms-batch", method, epochs, batch_norm=rule, **more))
    for name, (method, epochs, more) in kinds.items()
    for said, rule in (("moving", "retain"), ("frozen", "frozen"))
}
for name in kinds:
    gained = policy[f"{name}, moving"] - policy[f"{name}, frozen"]
    print(f"{name:16} gains by moving averages {ul.metrics.interval(gained)}")
frozen = policy["plain shrinkage, frozen"] - policy["MinNorm-OG, frozen"]
print(f"frozen, plain shrinkage ahead of MinNorm-OG by {ul.metrics.interval(frozen)}")
weakest = nearest_by_seed(of("norms-batch", "MinNorm-OG", n_pert=50, batch_norm="frozen"))
assert (weakest.reg == 0.03).all() and ul.metrics.interval(frozen).low > 0
ch.pictures.by_seed(policy, "area, batch norm", [name for name in policy if "frozen" in name])


# %% [markdown]
# With moving averages GD gains $0.012$ $[0.002, 0.023]$; of the other three, lower in the mean,
# only plain shrinkage surely loses: MinNorm-OG does not forget by the averages. With frozen ones
# plain shrinkage is ahead of it by $0.008$, which the grid's end may explain: MinNorm-OG's best
# strength is its weakest, $0.03$, on all ten seeds; plain shrinkage had $0.01$ as well.
#
# ## 5 · Equal work
#
# An epoch of MinNorm-OG has a projection before every step, each of up to a hundred rows. What does
# its time buy GD? On this machine:


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
        "once an epoch, 5 epochs": (ch.MinNormOnce(), 5),
        "GD, 15 epochs": (ul.GD(), 15),
        "Retrain, 15 epochs": (ul.Retrain(), 15),
    }
)


# %% [markdown]
# About five times as much as GD's epochs, here, where networks and batches are small. An epoch of
# MinNorm-OG costs $1.16$ epochs of GD by paper A's Table 3 (ResNet-50), $4.7$ by its authors'
# rebuttal (CIFAR-10: 526 ms to 113), $1.75$ or at most $2.8$ by ours at that size (section 9). So
# the **price** is a dial: at price $p$, three epochs of MinNorm-OG pay for $3p$ of GD. "Below" is
# its lead over the longest GD within that, "above" over the shortest beyond it.


# %%
def dial(gd, ours, epochs, prices=(1.2, 1.5, 1.8, 5)):
    """The lead of `ours` (seeds,), run for `epochs`, over GD, by the price of one of its epochs.
    gd: by epochs, (seeds,)."""
    rows = {}
    for price in prices:
        budget = round(price * epochs, 6)
        below = max(own for own in gd if own <= budget)
        above = min((own for own in gd if own >= budget), default=below)
        rows[price] = {"GD's epochs": budget}
        for said, own in (("below", below), ("above", above)):
            rows[price] |= {f"{said}: T": own, said: str(ul.metrics.interval(ours - gd[own]))}
    return pandas.DataFrame.from_dict(rows, "index").rename_axis("price")


ladder = {epochs: shares(of("norms-none", "GD", epochs)) for epochs in (3, 4, 5, 10, 15)}
dial(ladder, by_norm["no norm"]["MinNorm-OG"], 3)

# %%
others = {
    "MinNorm-OG once an epoch, 5 epochs": shares(of("norms-none", "MinNorm-OG once an epoch", 5)),
    "Retrain, 15 epochs": shares(of("norms-none", "Retrain", 15)),
}
work = {f"GD, {epochs} epochs": own for epochs, own in ladder.items()} | others
work["MinNorm-OG, 3 epochs"] = by_norm["no norm"]["MinNorm-OG"]
work["plain shrinkage, 3 epochs"] = by_norm["no norm"]["plain shrinkage"]
work["NGP, 3 epochs"] = by_norm["no norm"]["NGP"]
over_five = {
    f"{norms[case]}, MinNorm-OG": by_norm[norms[case]]["MinNorm-OG"] - shares(of(case, "GD", 5))
    for case in ("norms-group", "norms-batch")
}
over_five["no norm, plain shrinkage"] = work["plain shrinkage, 3 epochs"] - ladder[5]
print("over GD's 5 epochs", compared(over_five).to_string(), sep="\n")
ch.pictures.by_seed(work, "area, no norm", ["MinNorm-OG, 3 epochs"])

# %% [markdown]
# Without a norm the lead is gone where the price buys a fourth epoch: $0.002$ $[-0.007, 0.011]$. At
# $5$, what it costs here, GD is ahead by $0.018$. Retrain's mean, after 15 epochs, is behind all.
# Plain shrinkage costs what GD does, and is ahead of five epochs of it by $0.007$. Five epochs of
# GD (price $1.7$) are behind with group norm, ahead with batch norm.
#
# ### Every data set and network
#
# Five seeds each, wider grids (up to 80 settings of MinNorm-OG, six to twelve of GD), and GD for as
# long as MinNorm-OG took.

# %%
equal_work = {
    "digits": ("digits, ResNet", 3, 12),
    "normed": ("digits, AllCNN", 3, 20),
    "no-norm": ("digits, AllCNN, no norm", 3, 20),
    "few": ("digits, ResNet, 2% accessible", 3, 12),
    "many": ("digits, ResNet, 50% accessible", 3, 12),
    "mnist": ("MNIST, ResNet, 2%", 2, 8),
    "cifar10": ("CIFAR-10, ResNet at 1/8, 2%", 2, 8),
    "cifar10-wider": ("CIFAR-10, ResNet at 1/4, 2%", 2, 10),
}
words = {case: said for case, (said, *_) in equal_work.items()}

# %%
leads, over_ngp, at_published = {}, {}, {}
for case, (said, epochs, longer) in equal_work.items():
    more = fifty["MinNorm-OG"] if case == "digits" else {}
    ours, gd = of(case, "MinNorm-OG", epochs, **more), of(case, "GD", epochs)
    assert len(ours) <= 5 * 80 and gd.lr.nunique() <= 12
    leads[f"{said}: equal epochs"] = shares(ours) - shares(gd)
    leads[f"{said}: equal work"] = shares(ours) - shares(of(case, "GD", longer))
    over_ngp[said] = shares(ours) - shares(of(case, "NGP", epochs))
    at_published[said] = shares(ours[ours.lr <= 1e-3]) - shares(gd[gd.lr <= 1e-3])
equal = [name for name in leads if "epochs" in name]
ch.pictures.by_seed(leads, "MinNorm-OG's lead over GD, in shares of the area", equal, zero=True)

# %%
beside = pandas.DataFrame({"over NGP": over_ngp, "over GD, rates to 0.001": at_published})
print(beside.map(np.mean).astype(float).round(3))
for name, own in leads.items():
    assert "work" not in name or own.mean() < 0.01
ahead = sorted(name for name in equal if leads[name].mean() > 0.01)
assert len(ahead) == 4 and all(np.sort(leads[name])[1] > 0 for name in ahead)
assert compared(leads).p.min() == 1 / 16 and compared(leads)["Holm"].min() == 1
for case in ("no-norm", "few"):
    one_seed = leads[f"{words[case]}: equal epochs"]
    assert 0.48 < one_seed.max() / one_seed.sum() < 0.63
assert sum((own > 0).all() for own in at_published.values()) == 7
seven = [own.mean() for name, own in at_published.items() if "MNIST" not in name]
assert 0.12 < min(seven) and 0.81 < max(seven) < 0.82 and len(seven) == 7
assert at_published["MNIST, ResNet, 2%"].mean() < 0

# %% [markdown]
# **At equal epochs** MinNorm-OG is ahead by more than a hundredth four times: without a norm, where
# only 29 images are accessible, and on CIFAR-10 at both widths; on four seeds of five or all. Half
# of the first two means is one seed. With five seeds and sixteen comparisons nothing is left of any
# $p$. **At equal work** it is nowhere ahead by more than $0.01$. **On rates up to $10^{-3}$** it is
# ahead in seven cases of eight, by $0.12$ to $0.82$.
#
# And with as many settings as GD has? Random ones may miss the few that matter, and GD's were laid
# round its best. So take a **lattice**, some rates times some strengths, chosen on the other seeds.
# (What that search costs is not counted.)

# %%
for case in ("no-norm", "few", "cifar10", "cifar10-wider"):
    ours, gd = (of(case, method, equal_work[case][1]) for method in ("MinNorm-OG", "GD"))
    of_all = leads[f"{words[case]}: equal epochs"].mean()
    fair = shares(ours[ours.reg_decay == 0.8], count=gd.lr.nunique()) - shares(gd)
    count = f"{gd.lr.nunique()} settings at most"
    print(f"{words[case]:30} {of_all:.3f}, {count} {ul.metrics.interval(fair)}")
    assert of_all - 0.02 < fair.mean() < of_all and (fair > 0).sum() >= 4
ours, gd = (of("mnist", name, 2) for name in ("MinNorm-OG", "GD"))
coarse = shares(ours[ours.lr.isin([1e-3, 3e-3])]) - shares(gd)
whole = (shares(ours) - shares(gd)).mean()
print(f"MNIST, two rates: {ul.metrics.interval(coarse)}, four: {whole:.3f}")
assert (coarse < 0).all() and abs(whole) < 0.006

# %% [markdown]
# With as many settings the four leads are smaller by at most $0.015$: their number did not make
# them. Where settings lie matters: on MNIST, with two rates to GD's eight, MinNorm-OG was behind on
# every seed, with four it is level. No interval over seeds shows this mistake.

# %%
gd_epochs = {T: shares(of("cifar10-price", "GD", T)) for T in (2, 3, 4)}
ours = of("cifar10-price", "MinNorm-OG", 2)
even = shares(ours, count=8)
for T in (2, 3):
    print(f"with eight settings, over GD's {T} epochs: {ul.metrics.interval(even - gd_epochs[T])}")
assert (even > gd_epochs[2]).all() and abs((even - gd_epochs[3]).mean()) < 0.003
dial(gd_epochs, shares(ours), 2, (1.2, 1.5, 1.8))

# %% [markdown]
# On CIFAR-10 at width 1/8, twenty settings to GD's eight on the same originals, MinNorm-OG is ahead
# of GD's two epochs on all five seeds, by $0.015$ in the mean, and level with its three, which a
# price of $1.5$ pays for: $0.001$ $[-0.007, 0.009]$. With eight settings each both stay so.
#
# ## 6 · The switches
#
# The arms start from the procedure as the public code has it, but for the trace, and
# undo one oddity at a time; the last two undo all, with the decay per epoch and, as everywhere else
# here, per projection. The network is the AllCNN with batch norm; two rates and four strengths for
# every arm, and the same two rates for GD.

# %%
PUBLISHED = ["MinNorm-OG", "MinNorm-OG as published"]  # the older record has the first name
loop, two = ch.study.ARMS["as published"], {"lr": [1e-3, 3e-3]}
arms = {
    name.replace("as published", "no trace"): shares(of("arms", PUBLISHED, **arm))
    for name, arm in ch.study.ARMS.items()
}
for policy in ("all", "retain", "frozen"):
    arms[f'GD, batch norm "{policy}"'] = shares(of("arms", "GD", batch_norm=policy, **two))
ch.pictures.by_seed(arms, "area", ["no trace"])


# %%
def nearest(runs):
    """(retain accuracy, forget error) of the setting whose mean is nearest to the ideal."""
    settings = ul.choosing.points(runs, ["retain_error", "forget_error"])
    best = settings.loc[np.hypot(settings.retain_error, settings.forget_error).idxmin()]
    return 1 - best.retain_error, best.forget_error


forgets = {}
for policy in ("all", "retain"):
    gd = of("arms", "GD", batch_norm=policy)
    arm = loop | {"batch_norm": policy}
    for name, own in (("GD", gd), ("MinNorm-OG", of("arms", PUBLISHED, **arm))):
        accuracy, forgets[name, policy] = nearest(own)
        print(f"{name:10} {policy:6}: accuracy {accuracy:.2f}, forget {forgets[name, policy]:.3f}")
assert forgets["MinNorm-OG", "all"] < 0.12 * forgets["MinNorm-OG", "retain"]
assert forgets["GD", "all"] < 0.12 * forgets["GD", "retain"]

# %%
given = arms['GD, batch norm "all"'] - arms['GD, batch norm "retain"']
taken = arms["no trace"] - arms["batch_norm corrected"]
ten = [shares(of("arms", "GD", batch_norm=policy)) for policy in ("all", "retain")]
undone = arms["all but decay"] - arms["no trace"]
higher = shares(of("normed", "MinNorm-OG", lr=[3e-3, 1e-2], reg_decay=0.8)) - arms["no trace"]
share = arms["all corrected"] - arms["all but decay"]
print(f"all undone, decay per projection: {ul.metrics.interval(undone)}")
print(f"the same, rates of 0.003 and 0.01: {ul.metrics.interval(higher)}")
print(f"the decay, where the others are undone: {ul.metrics.interval(share)}")
assert (undone < 0).all() and abs(higher.mean()) < 0.005 < 0.02 < -undone.mean()
for name, own in (("GD", given), ("MinNorm-OG", taken), ("GD with ten rates", ten[0] - ten[1])):
    print(f"{name:17} with forget batches in the averages: {ul.metrics.interval(own)}")
assert np.sort(taken)[-1] > 0.17 > 0.03 > np.sort(taken)[-2]
for name in ("rows corrected", "outputs corrected", "decay corrected"):
    assert abs(arms[name].mean() - arms["no trace"].mean()) < 0.01


# %% tags=["nbval-ignore-output"]
def moved(task):
    model = copy.deepcopy(task.original)
    for p in model.parameters():
        p.data.mul_(1 + 1e-7 * torch.randn(p.shape, dtype=p.dtype))
    return task.changed(original=model)


best = ul.sine.best_settings(100)
for name in ("GD", "MinNorm-OG"):
    error = lambda task: ul.unlearn(task, best[name], 100).metrics["sup_error"]
    errors = np.array([[error(t), error(moved(t))] for t in map(ul.sine.task, (1, 2, 3, 4))])
    off = abs(errors[:, 0] - errors[:, 1]).max()
    print(f"{name:10} errors {errors[:, 0].round(2)}, moved by at most {off:.4f}")
    assert off < 0.001 if name == "GD" else off > 0.002

# %% [markdown]
# Rows, outputs, decay: each, undone alone, is worth less than a hundredth of the area, **on this
# network, with five seeds and two rates**. (Where the others are undone, the decay's share is open:
# $0.02$ $[-0.01, 0.06]$.)
#
# The fourth can be seen: with forget batches in the running averages the forget error is a ninth or
# less, for both methods. In the area, at the same two rates, GD gains $0.05$ by it and MinNorm-OG
# $0.04$, most of it on one seed; GD with ten rates gains nothing. All undone, MinNorm-OG loses on
# each of five seeds, $0.05$ in the mean, **with rates up to $3 \cdot 10^{-3}$**. With $10^{-2}$ (in
# section 5's record; the other arms have none) nothing is lost: $-0.001$ $[-0.007, 0.006]$.
#
# The sine is no place for such arms: an original that is off by one part in ten million can move
# MinNorm-OG's error by a hundredth, GD's by less than $0.001$.
#
# The ResNet of notebook 09, one setting (rate $10^{-3}$, `reg` $0.05$), three seeds:

# %%
switches = ["rows", "trace", "outputs", "decay", "batch_norm"]
single = recorded["arms-resnet"].groupby(switches, sort=False)[["retain_accuracy", "forget_error"]]
table = single.agg(["mean", "sem"])
table.round(3)

# %% [markdown]
# Here single settings move. The trace raises the forget error from $0.20$ to $0.33$, clean averages
# from $0.18$ to $0.42$, and a decay per epoch, stronger in all, costs a tenth of the accuracy.

# %% [markdown]
# ## 7 · What the rows are for
#
# `n_pert` is the number of retained images whose outputs are protected, at most: an equal number of
# each class, and fewer where the 29 have few of one. So 10 and 20 are upper bounds; at 29 the batch
# holds no more, and all are protected, whatever their classes. Does that help? 29 accessible
# images, no norm, ten seeds, none, 10, 20 or all of them protected, with strengths of their own;
# nine settings each, then eighteen. **Predict, then run.**

# %%
rows = {f"{n} protected": shares(of("norms-few", "MinNorm-OG", n_pert=n)) for n in (0, 10, 20, 29)}
rows |= {f"{n} protected, 18 settings": shares(finer("norms-few", n)) for n in (0, 20, 29)}
rows |= {name: shares(of("norms-few", name)) for name in ("Ridge", "GD", "NGP")}
ch.pictures.by_seed(rows, "area, 29 images accessible, no norm", ["29 protected"])

# %%
fewer = {"29 protected, over GD": rows["29 protected"] - rows["GD"]}
for counts, settings in (((10, 20, 29), ""), ((20, 29), ", 18 settings")):
    for n in counts:
        over_none = rows[f"{n} protected{settings}"] - rows[f"0 protected{settings}"]
        fewer[f"{n} protected, over none{settings}"] = over_none
strong = {
    n: of("digits", "MinNorm-OG", n_pert=n, lr=1e-3, reg=0.1, reg_decay=0.8).retain_accuracy.mean()
    for n in (10, 20, 50)
}
print({n: round(kept, 2) for n, kept in strong.items()})
assert strong[10] < 0.65 < 0.85 < strong[20] < strong[50]
ends = nearest_by_seed(finer("norms-few", 29)).reg == 0.015
assert ends.sum() == 4
compared(fewer)

# %% [markdown]
# **Protecting outputs is not seen to help here.** With nine settings each, all 29 protected are
# behind none by $0.054$ $[0.020, 0.088]$, with eighteen by $0.030$ $[-0.004, 0.063]$, and their
# weakest strength is still best on four seeds. Shrinking without sparing anything is ahead of GD by
# $0.085$ in the mean. But protection allows strength: at one strong setting on the ResNet of digits
# (`reg` $0.1$) ten images keep a retain accuracy of $0.61$, fifty of $0.88$. No protection was not
# run at the paper's size.
#
# ## 8 · Variants
#
# The framework leaves three choices open:
#
# - **once an epoch** (`ch.MinNormOnce`): project before the first step of an epoch only;
# - **to the start** (`ch.MinNormStart`): $R = \|\theta - \theta_0\|^2$ with $\theta_0$ the weights
#   that training began with;
# - **filters' lengths kept** (`ch.MinNormDirection`): after a projection every filter gets its
#   length back.

# %%
names = ("", " once an epoch", " to the start", ", filters' lengths kept")
variants = {}
for case in ("digits", "normed", "no-norm", "cifar10-wider"):
    base = None
    for said in names:
        method = f"MinNorm-OG{said}"
        more = fifty.get(method, {}) if case == "digits" else {}
        own = of(case, method, equal_work[case][1], **more)
        if case in ("digits", "no-norm") and "start" in said:  # whose best lay at an end
            own = pandas.concat([own, of(f"{case}-start", method)])
        if len(own):
            base = shares(own).mean() if base is None else base
            assert abs(shares(own).mean() - base) < 0.01
            variants[f"{said.strip(', ') or 'MinNorm-OG'}, {words[case]}"] = shares(own)
ch.pictures.by_seed(variants, "area", [name for name in variants if name.startswith("MinNorm-OG")])

# %% [markdown]
# All are level with MinNorm-OG at equal epochs, within $0.01$. What **once an epoch**
# saves can be spent on epochs, or kept:

# %%
short, price, even = {}, {}, {}
for case in ("mnist", "cifar10", "cifar10-wider"):
    once_two, gd_two = (of(case, method, 2) for method in ("MinNorm-OG once an epoch", "GD"))
    short[f"{words[case]}, 2 epochs each"] = shares(once_two) - shares(gd_two)
    as_many = shares(once_two, count=gd_two.lr.nunique())
    even[f"{words[case]}, as many settings"] = as_many - shares(gd_two)
    price[words[case]] = round(float(once_two.seconds.median() / gd_two.seconds.median()), 1)
for case, epochs, longer in (("digits", 9, 12), ("no-norm", 10, 20)):
    own = shares(of(f"{case}-longer", "MinNorm-OG once an epoch", epochs))
    short[f"{words[case]}, {epochs} over {longer}"] = own - shares(of(case, "GD", longer))
print("recorded time of once an epoch, in units of GD's:", price)
ch.pictures.by_seed(short, "once an epoch: lead over GD", zero=True)

# %%
two_rates = of("cifar10", "MinNorm-OG once an epoch", 2, lr=[1e-3, 3e-3])
level = {"at 1/8, two rates": shares(two_rates) - shares(of("cifar10", "GD", 2))}
for name, own in (short | even | level).items():
    print(f"{name:46} {ul.metrics.interval(own)}")
photographs = [own for name, own in (short | even).items() if name.startswith("CIFAR")]
assert all(own.mean() > 0.008 and min(own) > -0.001 for own in photographs)
assert max(price[words["cifar10"]], price[words["cifar10-wider"]]) <= 1.2
assert all(own.mean() < 0.009 for name, own in short.items() if not name.startswith("CIFAR"))

# %% [markdown]
# On photographs the variant is ahead of GD at nearly equal work, by one and by two hundredths, with
# 16 and 9 settings to GD's 8 and 6, and with as many. (Eight at two rates are level at 1/8.)
# Elsewhere it is level, or ahead by as little.
#
# ## 9 · At the paper's size
#
# CIFAR-10, all 50,000 images, a ResNet-18 of eleven million parameters, one image in a hundred
# accessible, batches of 256: four updates an epoch, eight in the paper's $T = 2$. First the
# published grid, two seeds, as far as a GPU came before its time was over. A **way** is a method
# with all but its rate and strengths; its settings are those that every seed has.

# %%
UNUSUAL = (("n_pert", 50, "{} samples"), ("project_every", 1, "every {} epochs"))


def ways_of(runs):
    """The runs of each way, by its name, of the settings that every seed has."""
    setting = ["method", "epochs", *ul.choosing.hyperparameters(runs)]
    counts = runs.groupby(setting, dropna=False).seed.transform("nunique")
    runs = runs[counts == runs.seed.nunique()]
    name = runs.method + ", T = " + runs.epochs.astype(str)
    for column, usual, said in UNUSUAL:
        own = runs[column].fillna(usual) if column in runs else runs.epochs.where(False, usual)
        name += own.map(f", {said}".format).where(own != usual, "")
    return dict(iter(runs.groupby(name, sort=False)))


# %%
kept_and_forgotten = ["retain_accuracy", "forget_error"]


def priced(runs, floors=(0.6, 0.65, 0.7)):
    """A row for each way. An epoch of GD is the unit of its price."""
    ways, rows = ways_of(runs), {}
    epoch = (ways["GD, T = 2"].seconds / 2).median()
    for way, own in ways.items():
        settings = ul.choosing.points(own, kept_and_forgotten)
        row = rows[way] = {"settings": len(settings), "epochs of GD": own.seconds.median() / epoch}
        for floor in floors:
            row[f"at {floor:g}"] = settings.query("retain_accuracy >= @floor").forget_error.min()
        row["area"] = shares(own).mean() if own.seed.nunique() > 1 else np.nan
    return pandas.DataFrame.from_dict(rows, "index").sort_values("epochs of GD").round(3)


# %%
at_size = read("erasure-cifar10-paper-cuda-bfloat16")
on_grid = priced(at_size).drop(columns="epochs of GD")  # two runs shared the card
area = on_grid["area"]
assert 0.4 < area["MinNorm-OG, T = 2"] - area["GD, T = 2"] < 0.42 and area.idxmax() == "GD, T = 8"
on_grid

# %% [markdown]
# "At 0.6" is the lowest forget error of a setting that keeps a retain accuracy of at least $0.6$.
# This is section 3 again: of GD's rates $10^{-4}$ hardly moves in eight updates and $10^{-3}$
# breaks the network. MinNorm-OG is ahead of *that* GD by $0.41$, behind a GD of thirty-two updates.
#
# So: rates between, for everybody. Five seeds, 5,000 test images in three colors. The settings were
# laid where the front of seed 1 had been seen. **Predict, then run.**

# %%
assert (full.groupby("method").seed.unique().str.len() == 5).all()
ours, gd = (ways_of(full[full.lr.isin([1e-4, 1e-3])])[f"{m}, T = 2"] for m in ("MinNorm-OG", "GD"))
said = "at the published grid's two highest rates MinNorm-OG is ahead by"
print(said, ul.metrics.interval(shares(ours) - shares(gd)), "with 8 settings to 2,")
for count in (2, 1):
    few = shares(ours, count=count) - shares(gd)
    print(f"with {count} to 2, chosen on the other seeds, by {ul.metrics.interval(few)}")
    assert few.min() > 0.1
assert (shares(ours) > shares(gd)).all()
priced(full)

# %%
models = ul.table.read("fullsize-cuda-bfloat16-test5000")["models"]
start = tuple(models[kept_and_forgotten].mean())
drawn = {}
for way, own in sorted(ways_of(full).items(), reverse=True):
    settings = ul.choosing.points(own, kept_and_forgotten).query("retain_accuracy > 0.4")
    drawn[way] = settings[kept_and_forgotten].to_numpy()
ch.fronts(drawn, {"original": start}, looks=2 * ch.style.SERIES)

# %% [markdown]
# Settings that keep less than $0.4$ are not drawn. Five comparisons were named after three of the
# seeds: the last two give GD one epoch more.

# %%
per_seed = {way: shares(own) for way, own in ways_of(full).items()}
pairs = [
    ("MinNorm-OG, T = 2", "GD, T = 2"),
    ("MinNorm-OG once an epoch, T = 2", "GD, T = 2"),
    ("MinNorm-OG once an epoch, T = 3", "GD, T = 3"),
    ("MinNorm-OG once an epoch, T = 2", "GD, T = 3"),
    ("MinNorm-OG, T = 2", "GD, T = 3"),
]
margins = {f"{a}, over {b}": per_seed[a] - per_seed[b] for a, b in pairs}
ch.pictures.by_seed(margins, "lead over GD, in shares of the area", list(margins)[:3], zero=True)

# %%
of_eleven = {way: shares(ways_of(full)[way], count=11) for way in dict(pairs)}
fair = {f"{a}, over {b}": of_eleven[a] - per_seed[b] for a, b in pairs}
eleven = {name: f"{own.mean():.3f}" for name, own in fair.items()}
at_full_size = compared(margins).assign(**{"9 to 11 settings": eleven})
at_full_size

# %%
equal = list(margins)[:3]
for name in equal[:2]:
    assert (margins[name] > 0).all() and ul.metrics.interval(margins[name]).low > 0.025
    assert (fair[name] > 0).all()
for name in list(margins)[3:]:
    assert (margins[name] < 0).any() and ul.metrics.interval(margins[name]).low < 0
    assert (fair[name] < 0).any()
assert (margins[equal[2]] > 0).sum() == 4 and margins[list(margins)[3]].mean() < 0.015
assert at_full_size.p.min() == 1 / 16 and at_full_size.Holm.min() > 0.3
assert all(abs(fair[name].mean() - own.mean()) < 0.01 for name, own in margins.items())

# %% [markdown]
# **At equal epochs MinNorm-OG is ahead of GD** on each of five seeds at $T = 2$, by $0.11$, once an
# epoch by $0.08$; with as many settings too. The intervals are above zero; five seeds of one sign
# are $p = 1/16$, of which Holm leaves $0.31$: seen on every seed, not yet shown. **With one epoch
# more, GD is level**: these leads change their sign from seed to seed.
#
# Does a best setting lie at an end? By seed, those nearest to the ideal:

# %%
table = {}
for way, own in ways_of(full).items():
    table[way] = nearest_by_seed(own)[["lr", "reg"]]
table = pandas.concat(table).unstack("seed").dropna(axis=1, how="all")
assert table.loc[["GD, T = 2", "GD, T = 3"], "lr"].stack().between(3e-4, 7e-4).all()
for seed in (3, 5):  # two ends
    assert table.loc["MinNorm-OG, T = 2", [("lr", seed), ("reg", seed)]].tolist() == [1e-4, 0.05]
assert table.loc["MinNorm-OG once an epoch, T = 2", "lr"].isin([2e-4, 4.5e-4]).all()  # of three
table

# %% [markdown]
# GD's best rates lie inside. MinNorm-OG's best lies at two ends on seeds 3 and 5, once an epoch's
# at $T = 2$ at the ends of its three rates. Both may have more to give.
#
# ### The clock
#
# The runs above computed in float32. A GPU can also multiply in TF32, with ten binary digits. Seven
# settings on seed 1 in both; of each method the quickest run counts:

# %%
measures = Path(ul.__file__).parents[1] / "benchmarks"
tf32 = pandas.DataFrame(json.loads((measures / "tf32-h200.json").read_text())["runs"])
setting, measured = ["method", "lr", "reg"], ["retain_accuracy", "forget_error"]
sides = tf32.groupby("products")
left, right = (sides.get_group(name).set_index(setting)[measured] for name in ("float32", "tf32"))
moved = (left - right).abs().max()
warm = tf32.groupby(["products", "method"]).seconds.min().unstack("products")
clock = 2 * warm / warm.loc["GD"]
clock.loc["MinNorm-OG once an epoch", "tf32"] = np.nan  # one run, while the times still fell
falls = tf32.query("products == 'tf32' and method == 'MinNorm-OG'").seconds.diff()
assert moved.max() < 0.006 and (falls.dropna() < 0).all()
assert abs(clock.loc["MinNorm-OG once an epoch", "float32"] - 2.45) < 0.05
assert abs(clock.loc["MinNorm-OG"] - [3.5, 5.65]).max() < 0.05
clock.round(2)  # two epochs, in epochs of GD

# %% [markdown]
# The results move by less than $0.006$, the seconds more: an epoch of MinNorm-OG has a price of
# $1.75$ in float32, once an epoch of $1.2$. In TF32 it has one of at most $2.8$, as its three runs
# each took less than the one before; once an epoch had one run, too early to count. So GD's four
# and five epochs are wanted, and cheaper projections: in the first epoch only, or with fewer
# images. Both were run for seeds 4 and 5, beside NGP, Ridge and SalUn with 12 settings each:

# %%
others = read("others-cuda-bfloat16-test5000")
both = pandas.concat([others, full[full.seed.isin(others.seed)]], ignore_index=True)
per_way = {way: shares(own) for way, own in ways_of(both).items()}
of_two = priced(both)[["settings", "epochs of GD"]]
of_two.join(pandas.DataFrame(per_way, ["seed 4", "seed 5"]).T.round(3))

# %%
fig, ax = ch.style.figure(size=(7.2, 3.8))
own = {t: per_way[f"GD, T = {t}"].mean() for t in (2, 3, 4, 5)}
ax.plot(list(own), list(own.values()), **ch.style.METHOD_LOOKS["GD"], label="GD")
for method in ("MinNorm-OG", "MinNorm-OG once an epoch", "NGP", "SalUn"):
    look = ch.style.METHOD_LOOKS[method] | {"linestyle": "none", "label": method}
    way = f"{method}, T = 2"
    ax.plot(of_two["epochs of GD"][way], per_way[way].mean(), **look)
height = per_way["MinNorm-OG, T = 2"].mean()
ax.plot([2.4, 5.6], [height, height], ":", color=ch.style.METHOD_LOOKS["MinNorm-OG"]["color"])
for price in (1.2, 1.5, 1.8, 2.8):
    ax.plot(2 * price, height, "|", color="black", markersize=12)
    ax.annotate(f"price {price}", (2 * price, height + 0.008), ha="center", fontsize=8)
ax.set(xlabel="time, in epochs of GD", ylabel="area, mean of seeds 4 and 5", ylim=(0.48, 0.82))
ax.legend(loc="upper left")
fig.done("Up to price 1.5 MinNorm-OG lies above GD's line, near 1.75 on it, beyond that below it.")

# %%
ahead = {way: per_way["GD, T = 5"] - own for way, own in per_way.items() if "GD" not in way}
assert all((margin > 0.02).all() for way, margin in ahead.items() if "T = 3" not in way)
assert (per_way["GD, T = 4"] > per_way["MinNorm-OG once an epoch, T = 2"] + 0.02).all()
line = np.interp([3, 3.5, 4], list(own), list(own.values())) - height  # prices 1.5, 1.75 and 2
assert line[0] < -0.015 < -0.005 < line[1] < 0.005 < 0.015 < line[2]
over = {T: per_way[f"GD, T = {T}"] - per_way["MinNorm-OG, T = 2"] for T in (3, 4)}
assert over[3][0] > 0.02 > -0.05 > over[3][1] and over[4][0] > 0.03 > 0 > over[4][1] > -0.02
cheaper = of_two["epochs of GD"].between(2.2, 3) & ~of_two.index.str.startswith("GD")
means = pandas.Series({way: own.mean() for way, own in per_way.items()})
assert means[cheaper[cheaper].index].max() < means["GD, T = 3"] + 0.01
one = read("fullsize-cuda-bfloat16")
# seed 1, all test images, settings chosen on the numbers that are shown
of_one = priced(one).drop(columns="area")
assert of_one["at 0.65"].idxmin() == of_one["at 0.7"].idxmin() == "GD, T = 5"
of_one

# %% [markdown]
# On seeds 4 and 5 GD's five epochs are ahead of both ways to project at $T = 2$; its four are ahead
# of MinNorm-OG on one and a hundredth behind on the other. In the mean of the two no cheaper
# projection is ahead of three epochs of GD, which cost no less, by more than a hundredth. On seed 1
# (last table) GD's five epochs forget most at $0.65$ and $0.7$. By the price of an epoch:
#
# - **$1.2$**, near the paper's Table 3: MinNorm-OG is ahead of the two epochs that fit;
# - **$1.5$ to $1.8$**, our float32: in the mean ahead by two hundredths at $1.5$, level at $1.75$;
#   behind on one seed, ahead on the other;
# - **$2.5$ and more**, perhaps our TF32: GD is ahead of the full method, on these two seeds.
#
# Do the records agree? (That of five seeds has half of the test images, and another original of
# seed 2; a CPU ran 61 settings of seed 1 on 2,000 test images, those of the last table.)

# %%
same = ["method", "epochs", "lr", "reg", "reg_decay", "n_pert", "project_every", "seed"]


def beside(other):
    """The largest difference between a record's runs and those of `full` at the same settings."""
    plain = lambda t: t.assign(**t[same[2:]].astype(float).round(9).fillna(-1))[same + measured]
    pair = plain(full).merge(plain(other), on=same, suffixes=("", "_there"))
    most = {m: float((pair[m] - pair[f"{m}_there"]).abs().max()) for m in measured}
    return len(pair), {name: round(value, 4) for name, value in most.items()}


apart = {"grid": (at_size, 0.012, 0.003), "seed 1": (one, 0.012, 0.003)}
apart["CPU"] = (read("fullsize-test2000"), 0.025, 0.02)
for name, (other, accuracy, forget) in apart.items():
    count, most = beside(other)
    print(f"{name}: {count} settings in both, {most}")
    assert count >= 10 and most["retain_accuracy"] < accuracy and most["forget_error"] < forget

# %%
on_cpu = priced(pandas.concat([read("fullsize-test2000"), read("others-test2000")]))
ours, ngp = on_cpu.loc["MinNorm-OG, T = 2"], on_cpu.loc["NGP, T = 2"]
assert abs(ngp["at 0.6"] - ours["at 0.6"]) < 0.01 and ngp["at 0.65"] < ours["at 0.65"] - 0.1
assert per_way["NGP, T = 2"][1] < per_way["MinNorm-OG, T = 2"][1] - 0.2
on_cpu.drop(columns=["epochs of GD", "area"])  # the CPU was busy: no prices

# %% [markdown]
# On seed 1 NGP forgets as much as MinNorm-OG at $0.6$, more at $0.65$; on seed 5 it was far behind.
#
# ## 10 · What holds
#
# 1. **The published grid favours MinNorm-OG**: GD's best rate is above its rates, at their end, or
#    between two of them. (On MNIST it gains nothing by that.)
# 2. **With rates as GD needs them, at equal epochs**, MinNorm-OG is ahead in the mean of thirty
#    seeds without a norm, by $0.04$ in the area of section 2, and with group norm, by $0.01$; near
#    the ideal by $0.20$ and $0.10$ of the smaller one. With batch norm it is open on digits and on
#    small photographs; at the paper's size it is ahead on each of five seeds, by $0.11$ in that
#    area, with as many settings too.
# 3. **Protecting outputs** is worth less than a hundredth in that area with group norm; near the
#    ideal $0.11$ with nine settings each, $0.03$ with 24. Without a norm plain shrinkage is ahead
#    in both.
# 4. **In equal time** the price decides: at the paper's size ahead at $1.2$ epochs of GD, within
#    two hundredths from $1.5$ to $1.8$, behind from $2.5$ (two seeds); on small CIFAR-10 level at
#    $1.5$.
# 5. **The public code's oddities** are not seen in the area, on one small network, once MinNorm-OG
#    without them has a rate of $10^{-2}$; single settings move.
#
# **What this does not show.** Outside section 9 the networks are small and the images few. GD's
# four and five epochs at the paper's size have two or three seeds. Not run: photographs at width
# 1/2, Tiny ImageNet. Whether anything is *gone* is the question of notebook 13.
#
# ## What was verified

# %%
assert narrow["MinNorm-OG"].mean() - narrow["GD"].mean() > 0.4  # 1
assert abs(wide["MinNorm-OG"].mean() - wide["GD"].mean()) < 0.02
assert all((margins[name] > 0).all() for name in equal[:2])  # 2
shown = verdicts.Holm[
    [f"{n}, over {r}" for n in ("no norm", "group norm") for r in ("GD", "plain shrinkage")]
]
assert shown.max() < 0.01 and verdicts.Holm["batch norm, over GD"] > 0.5
shrinks = [by_norm[n]["MinNorm-OG"] - by_norm[n]["plain shrinkage"] for n in by_norm]  # 3
assert (shrinks[0] < 0).sum() == 28 and (shrinks[1] > 0).sum() == 27
assert ul.metrics.interval(many["group norm, over plain shrinkage"]).low > 0.001
assert ul.metrics.interval(many["no norm, over plain shrinkage"]).high < -0.005
assert abs(ladder[4].mean() - by_norm["no norm"]["MinNorm-OG"].mean()) < 0.005
assert all((margins[name] < 0).any() for name in list(margins)[3:])  # 4
assert (per_way["GD, T = 5"] > per_way["MinNorm-OG, T = 2"]).all()
assert abs(arms["outputs corrected"].mean() - arms["no trace"].mean()) < 0.01  # 5

# %% [markdown]
# ## To go on
#
# - `ch.study.TASKS["none"](31)` is a seed that no recorded run has seen, trained in ten seconds. Do
#   conclusions 2 and 3 hold on it?
# - Add a case to `study.py` and `grids.json` of `unlearnlab/chapters/ch11_replication`:
#   `python -m unlearnlab.study replication-yours`.
#
# ## References
#
# - J. L. Block, A. Mokhtari, S. Shakkottai. *Machine Unlearning under Overparameterization.*
#   NeurIPS 2025, [arXiv 2505.22601](https://arxiv.org/abs/2505.22601).
# - J. T. Springenberg, A. Dosovitskiy, T. Brox, M. Riedmiller. *Striving for Simplicity: The All
#   Convolutional Net.* ICLR 2015 workshop, [arXiv 1412.6806](https://arxiv.org/abs/1412.6806).
# - T. van Laarhoven. *L2 Regularization versus Batch and Weight Normalization.* 2017,
#   [arXiv 1706.05350](https://arxiv.org/abs/1706.05350).
