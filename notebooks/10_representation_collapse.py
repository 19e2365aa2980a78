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
# # 10 · Representation collapse
#
# **The question.** Every 3 is yellow and every 7 is violet, except for a few. A network that is to
# get those few right has to learn what digits look like. Take the few back: can unlearning bring
# the network to the easier rule of one that starts without them, *read the color*?
#
# **You will be able to**
# - say why the paper's right answer is a network that reads digits *worse*, and when that is the
#   right thing to want;
# - measure what a network goes by when two cues disagree, and see which pairs of digit and color
#   hold out;
# - compare eleven methods with the published table, and name what that comparison can and cannot
#   show;
# - compare at equal work instead of equal epochs.
#
# **You need** notebooks 01 to 03; notebook 09 is the sister experiment. **Time.** About 45 minutes;
# the code runs in under two minutes on one CPU core. No GPU is needed.
#
# **On a hosted notebook service**, upload the whole course and run `%pip install ..` in this
# notebook's folder before the first cell.
#
# "Paper A" is *Machine Unlearning under Overparameterization* (reference at the end); this is its
# third experiment. The paper runs it on CIFAR-10 with a full ResNet-18. Here it runs on 1,437
# handwritten digits of 8 by 8 pixels, with the same network at a width of 3/32; section 6 has
# recorded runs on MNIST and CIFAR-10.

# %%
import numpy as np
import torch

import unlearnlab as ul
from unlearnlab.chapters import ch09_erasure
from unlearnlab.chapters import ch10_collapse as ch
from unlearnlab.course import over_seeds, style
from unlearnlab.data.tint import CLASS_COLORS, tint

where = {"dataset": "digits", "preset": "quick", "device": "cpu"}
# the paper's size, on a GPU; see the last section
# where = {"dataset": "cifar10", "preset": "paper", "device": "cuda"}
digits = where["dataset"] == "digits"  # of which single runs are asserted below
tasks = {seed: ul.collapse.task(**where, seed=seed) for seed in range(1, 6)}
task = tasks[1]

# %% [markdown]
# ## 1 · The data
#
# Each of the ten classes has a color of its own. An image is painted by multiplying its luminance
# with a color, as in notebook 09.

# %%
pixels, content = ul.collapse.images(where["dataset"], where["preset"]).test.tensors
one_each = torch.stack([(content == digit).nonzero()[0, 0] for digit in range(10)])
own = tint(pixels[one_each], CLASS_COLORS)
seven = tint(pixels[one_each[7]].expand(10, -1, -1, -1), CLASS_COLORS)

ch09_erasure.pictures.image_grid(
    torch.cat([own, seven]),
    [f"{d} in color {d}" for d in range(10)] + [f"7 in color {c}" for c in range(10)],
    rows=2,
)

# %% [markdown]
# Above, every digit in its class's color; below, one digit in all ten.
#
# - The **retain set** $D_r$ is every training image in the color of its class. Unlearning may look
#   at 30% of it.
# - The **forget set** $D_f$ is 5% of the images of each class, each in the color of *another*
#   class, chosen at random. The label is still what the image shows.
# - The **original** was trained on $D_r$ and $D_f$, after three epochs on gray images. The **ground
#   truth** was trained on $D_r$ only.
#
# In $D_r$ there are two ways to be right: read the digit, or look at the color. Color is the easier
# one. In $D_f$ only the digit is right.

# %%
print(
    f"accessible retained images {len(task.retain)}, images to forget {len(task.forget)}, heads 1,",
    "labels such as",
    task.forget.tensors[1][:3].tolist(),
)
ch09_erasure.pictures.image_grid(
    task.forget.tensors[0][::7], [f"label {y}" for y in task.forget.tensors[1][::7].tolist()]
)


# %% [markdown]
# ## 2 · Few against many
#
# There are twenty retained images for each one in $D_f$, so the average loss would hardly notice
# $D_f$. The paper weights the two kinds so that they count alike: with $a$ the weight of a retained
# image and $b$ that of a forgotten one,
#
# $$n_r\,a = n_f\,b, \qquad a + b = 1.$$
#
# **Exercise.** Solve for $a$ and $b$, and give every image its weight.


# %%
def sample_weights(forgotten):
    """A weight for each image, (n,) floats.

    forgotten: (n,) bool, True for an image of the forget set."""
    raise NotImplementedError


sample_weights = ch.check("sample_weights", sample_weights)

# %%
ch.hints("sample_weights")

# %%
forgotten = torch.arange(1437 + len(task.forget)) >= 1437
weights = sample_weights(forgotten)
print(
    f"a retained image {weights[0]:.3f}, one to forget {weights[-1]:.3f}; "
    f"in all {weights[~forgotten].sum():.1f} and {weights[forgotten].sum():.1f}"
)


# %% [markdown]
# ## 3 · What does a network go by?
#
# Paint every test image in each of the ten colors, also the wrong ones, and ask: how often is the
# answer the class of the *color*? That share is the **color accuracy**, the paper's measure. What
# the image shows does not enter.
#
# **Exercise.** Write it.


# %%
def color_accuracy(logits):
    """The share of painted images that are given the class of their color, a tensor with one
    number.

    logits: (colors, n, classes), what the model says of n images in each color; color k is that
    of class k."""
    raise NotImplementedError


color_accuracy = ch.check("color_accuracy", color_accuracy)

# %%
ch.hints("color_accuracy")

# %% [markdown]
# **Predict, then run.** A network that reads every digit without a mistake and does not see color:
# what is its color accuracy? And what is it for a network that answers 4 to everything?

# %%
reads_digits = torch.eye(10)[content].expand(10, -1, -1)  # (colors, images, classes)
says_four = torch.eye(10)[torch.full_like(content, 4)].expand(10, -1, -1)
print(
    f"reads digits {float(color_accuracy(reads_digits)):.3f}, "
    f"says four {float(color_accuracy(says_four)):.3f}"
)


# %% [markdown]
# One tenth both: one image in ten has its own class's color, and one color in ten is that of
# class 4. So the number cannot tell a perfect reader from a broken network; that is why the
# accuracy on images *in their own color*, where both cues agree, belongs beside it. A network that
# goes by either cue has all of those right.
#
# Now the two models of each seed, measured with your function.


# %%
@torch.no_grad()
def says(model):
    """(colors, images, classes): what a model says of every test image in every color."""
    model.eval()
    painted = [tint(pixels.to(where["device"]), color) for color in CLASS_COLORS]
    said = [torch.cat([model(part) for part in images.split(1000)]) for images in painted]
    return torch.stack(said).cpu()


def shares(logits):
    """(follows the color, follows the content)"""
    return float(color_accuracy(logits)), float((logits.argmax(2) == content).double().mean())


# %%
found = {
    role: np.array([shares(says(getattr(t, role))) for t in tasks.values()])
    for role in ("original", "ground_truth")
}
for role, (color, digit) in {role: rows.mean(0) for role, rows in found.items()}.items():
    print(f"{role:13} follows the color {color:.2f}, follows the content {digit:.2f}")


# %%
def by_pair(model):
    """(contents, colors): the share of images of that content, in that color, that are named after
    the color."""
    right = (says(model).argmax(2) == torch.arange(10)[:, None]).double()
    return torch.stack([right[:, content == digit].mean(1) for digit in range(10)]).numpy()


# %%
@style.look()
def pairs(maps, finding):
    """A map for each model, colors across. maps: title -> (contents, colors)."""
    fig, axes = style.figure(1, len(maps), (2.9 * len(maps) + 0.9, 3.7), sharey=True)
    squares = {"s": 70, "marker": "s", "c": CLASS_COLORS.numpy() / 255, "edgecolors": "black"}
    for ax, (title, shares) in zip(axes, maps.items()):
        drawn = ax.imshow(shares, vmin=0, vmax=1, cmap="Blues")
        ax.scatter(range(10), [10] * 10, clip_on=False, linewidths=0.6, **squares)
        ax.set(title=title, xticks=range(10), xlabel="color (that of class ...)", ylim=(9.5, -0.5))
        ax.tick_params(axis="x", length=0, pad=17)
        ax.grid(False)
    axes[0].set(ylabel="content (digit)", yticks=range(10))
    fig.colorbar(drawn, ax=fig.axes, label="share named after the color", shrink=0.85)
    return fig.done(finding, f"Share named after the color, {', '.join(maps)}")


# %%
pairs(
    {"original": by_pair(task.original), "ground truth": by_pair(task.ground_truth)},
    "The original names the color on the diagonal only, the ground truth nearly everywhere but in "
    "orange.",
)

# %%
(before, reads), (truth, guesses) = (rows.mean(0) for rows in found.values())

assert not digits or before < 0.15 and reads > 0.85 and truth > 0.7 and guesses < 0.35
orange = [says(t.ground_truth)[6].argmax(1) for t in tasks.values()]  # color 6
named = np.array([[float((said == k).double().mean()) for k in (6, 3, 0)] for said in orange])
print("orange images are named orange, yellow, red, seed by seed:", *named.round(2).tolist())
assert not digits or named[0, 0] < 0.5 and (named.sum(1) > 0.9).all()
assert all(
    abs(shares(says(t.original))[0] - t.evaluate(t.original)["color_accuracy"]) < 1e-3
    for t in tasks.values()
)

# %% [markdown]
# The original reads the digit in every color: only the diagonal is dark, where both cues give one
# answer. The ground truth goes by the color, nearly whatever the image shows. Where it fails it
# takes one color for another: of seed 1 two orange images in three are named after yellow or red,
# which orange lies between. Which of the three depends on the digit, and other seeds confuse less.
#
# **How odd.** The original is the better digit reader by any standard, and we call the ground truth
# ideal. Yet consider what unlearning promises. Somebody withdraws some images, and asks for a model
# *as if they had never been there*. Nothing in $D_r$ asks for shapes. But the original began on
# gray images, which do, and which nobody withdrew. The ground truth, as in the paper, had no such
# start. So there is a third model: the original's training without $D_f$.
#
# **Predict, then run.** Does it go by the color?

# %%
from unlearnlab.training.fit import fit


def without(seed, weight=1.0):
    """The digits' original without D_f: trained on gray images, then on D_r, each with a weight."""
    original, truth = ul.collapse.shipped(seed)
    model = original.untrained()
    for i, stage in enumerate((original.stages[0], truth.stages[0])):
        data, of_each = (stage.inputs, stage.targets), torch.ones(len(stage.inputs))
        of_each *= weight if i else 1.0
        fit(model, *data, stage.recipe, seed=original.seed + i, weights=of_each)
    return model.to(where["device"])


# %% tags=["nbval-ignore-output"]
if digits:
    follows, shapes = shares(says(without(seed=1)))
    print(f"seed 1 follows the color {follows:.2f}, the content {shapes:.2f}")
    assert before + 0.05 < follows < truth - 0.2 and shapes > guesses + 0.15

# %% [markdown]
# It is in between. Run beside this notebook for seeds 1 to 5, `without` followed the color in
# 0.40, 0.41, 0.31, 0.29 and 0.20 (mean 0.32), the content in 0.59. With the small weight of a
# retained image in the original (`weight=.05 / 1.05`) the means were 0.18 and 0.80. So the original
# does not owe all it knows of shapes to $D_f$. And the ground truth's 0.80 stands for "was never
# asked for shapes", not for "$D_f$ was withdrawn". We keep the paper's mark, with 0.32 beside it.
# Whoever would rather keep shapes wants another task, not a better method.
#
# All three fit $D_r$, or nearly. The retain loss cannot choose between them, so whoever descends it
# may stop at any. Notebook 02 asks for the simplest of all that fit. Is that the one that goes by
# color? No complexity is measured here.

# %% [markdown]
# ## 4 · Unlearning, live
#
# Fifteen epochs for every method. An epoch is a pass over the 70 images of $D_f$ in batches of 32,
# each with a retain batch of the same size: three updates, 45 in all. Five seeds: five originals,
# five forget sets.
#
# **Predict, then run.** GD descends the loss on retained images, which the original gets right
# already. **Retrain** starts from a blank network and sees the same images. Which of the two goes
# more by color after 45 updates?

# %%
LOOKS = 5, 10, 15, 20, 30, 45  # after so many epochs


def track(method, epochs):
    """(looks, 3, seeds): the color accuracy, the accuracy on images in their own color, and the
    seconds so far."""
    seen = lambda run, metrics: [metrics["color_accuracy"], metrics["utility"], run.seconds]
    rows = []
    for t in tasks.values():
        row = []

        def note(run):
            if len(run.history) in LOOKS and len(run.history) < epochs:
                row.append(seen(run, t.evaluate(run.model)))

        run = ul.unlearn(t, method, epochs, callback=note)
        rows.append([*row, seen(run, run.metrics)])
    return np.moveaxis(rows, 0, -1)


# %%
live = {
    "Retrain": ul.Retrain(lr=3e-3),
    "GD": ul.GD(lr=1e-2),
    "NGP": ul.NGP(lr=1e-2, ascent=0.1),
    "Ridge": ul.Ridge(lr=1e-2, reg=0.003, reg_decay=0.95),
    "MinNorm-OG": ul.MinNormOG(lr=1e-2, reg=0.1, reg_decay=0.5, descent_epochs=8),
}
LONGER = ("Retrain", "GD", "Ridge")  # go on to 45 epochs, for section 7
runs_live = {name: track(method, 45 if name in LONGER else 15) for name, method in live.items()}

# %%
trained = {"original": before, "ground truth": truth}
flat = {name: [[value] * 5] * 3 for name, value in trained.items()}
over_seeds.bands(
    [5, 10, 15],
    {"color accuracy": {name: rows[:3, 0] for name, rows in runs_live.items()} | flat},
    "epochs",
    "Retrain is far above the others, and all are below the ground truth.",
)

# %%
end, kept = ({name: rows[2, i].mean() for name, rows in runs_live.items()} for i in (0, 1))
others = [name for name in live if name != "Retrain"]

assert not digits or 0.43 < end["Retrain"] < 0.65 and truth - end["Retrain"] > 0.15
assert not digits or all(
    before + 0.07 < end[name] < min(end["Retrain"] - 0.05, (before + truth) / 2) for name in others
)
assert not digits or kept["Retrain"] > 0.85 and min(kept.values()) > 0.65
assert not digits or all(0.2 < end[name] < 0.45 and kept[name] < 0.95 for name in others)

# %% [markdown]
# **Retrain**, from nothing, ends far ahead of all who started from the original, and gets most
# images in their own color right. Color is so easy a cue that 45 updates on retained images are
# enough to find it, and a blank network has nothing to forget. The published table has Retrain
# first as well, in every row. The other four have moved toward the color, none of them half of the
# way to the ground truth. But they are at about 0.3, where the original's training without $D_f$
# ends too (0.32, section 3). Only, that one is right in own color, and they have lost some of these
# images.
#
# GD moves too, although its loss was low: AdamW's steps have the size of the learning rate however
# small the gradient is.
#
# What did they turn into? Seed 1, in the same map as before:

# %%
after = {
    name: by_pair(ul.unlearn(task, live[name], 15).model)
    for name in ("GD", "MinNorm-OG", "Retrain")
}
pairs(
    {f"{name}, 15 epochs": shares for name, shares in after.items()},
    "The diagonal stands out in all three; only Retrain is dark in many other places.",
)

# %%
apart = {
    name: (shares.sum() - shares.trace()) / 90 for name, shares in after.items()
}  # the mean off the diagonal

assert (
    not digits
    or max(apart["GD"], apart["MinNorm-OG"]) < 0.4
    and all(shares.trace() / 10 > apart[name] + 0.2 for name, shares in after.items())
)

# %% [markdown]
# In a network that goes by color, whole columns are dark. Retrain has such columns. After GD and
# MinNorm-OG the diagonal still stands out; elsewhere the color has its way only here and there.
# These maps are of one seed; another seed has other columns.

# %% [markdown]
# ## 5 · A small grid, recorded, beside the published table
#
# Eleven methods, the settings of a small grid, five seeds. The runs are recorded;
# `python -m unlearnlab.study collapse` makes the file again.

# %%
recorded = ul.table.read("collapse")
grid, made = recorded["runs"], recorded.provenance
assert grid["error"].isna().all()
print(
    f"{len(grid)} runs, {len(grid) // 5} settings, {grid.seed.nunique()} seeds, "
    f"recorded at commit {made['commit'][:7]}"
)


# %%
def landing(runs):
    """Method -> (mean, standard error) of the color accuracy over seeds; each seed's setting is
    chosen on the others, by their median."""
    runs = runs.assign(missed=1 - runs["color_accuracy"])  # a number that is to be small
    chosen = ul.select(runs, "missed", "validation")
    return {
        name: (own.mean(), float(ul.choosing.standard_error(own)))
        for name, own in chosen.groupby("method")["color_accuracy"]
    }


# %%
ours, published = landing(grid), ch.study.PUBLISHED[0.001, 15]
ch.pictures.landings(
    {"digits, here": ours, "CIFAR-10, published (.1% accessible, T = 15)": published},
    {"digits, here": trained},
    finding="Retrain is first in both; MinNorm-OG is second as published, and far down here.",
)

# %% [markdown]
# Means and standard errors over five seeds; each seed's setting has the highest median on the other
# four. (Below, square brackets hold Student's 95% interval of a mean.) What can be compared is the
# order, not the numbers: there, photographs, a network a hundred times as large, 50 accessible
# images and 500 to forget; here, digits, 431 and 70.
#
# - **The same in both:** Retrain is first, and nothing that starts from the original comes near it
#   here. GA and NPO, which never look at a retained image, are far behind; here they end where the
#   original was.
# - **Not the same:** MinNorm-OG. In the paper it is second, by a clear distance. Here it is one of
#   eight between 0.25 and 0.40, and at their lower end, with GD and NGD. Choose by the mean of the
#   other four, and it is just above GD, which is no more sure. And l1-Sparse, last there, is in the
#   middle here.
#
# So the paper's order is not reproduced on digits. Whether the data, the width or the much larger
# accessible share decides, this grid does not say. Before you believe either order, look at
# a second measure: the images in their own color.

# %%
rates = {name: sorted(runs["lr"].unique()) for name, runs in grid.groupby("method")}
settings = ul.choosing.points(grid, ["color_accuracy", "utility"])
best = settings.loc[settings.groupby("method")["color_accuracy"].idxmax()].set_index("method")
here = {name: mean for name, (mean, _) in ours.items()}

assert all(
    rates[name][0] < best.lr[name] < rates[name][-1] for name in rates
)  # no method's best rate is at an end
assert here["Retrain"] > 1.2 * max(value for name, value in here.items() if name != "Retrain")
assert max(here["GA"], here["NPO"]) < before + 0.03
assert all(0.25 < here[name] < 0.41 for name in here if name not in ("Retrain", "GA", "NPO"))

# %%
SETTING = ("lr", "reg", "reg_decay", "descent_epochs", "ascent", "noise")


def by_mean(runs):
    """Method -> (seeds,): as in `landing`, but each setting has the highest mean on the others."""
    names = [name for name in SETTING if name in runs]
    runs = runs.assign(setting=runs.groupby(["method", *names], dropna=False).ngroup())
    found = {}
    for method, own in runs.groupby("method"):
        score = own.pivot(index="setting", columns="seed", values="color_accuracy")
        best = {seed: score.drop(columns=seed).mean(axis=1).idxmax() for seed in score}
        found[method] = np.array([score.loc[row, seed] for seed, row in best.items()])
    return found


# %%
low_end = by_mean(grid)
for name in ("GD", "NGD", "MinNorm-OG"):
    print(f"{name:10} by the median {here[name]:.2f}, by the mean {low_end[name].mean():.2f}")
less = low_end["MinNorm-OG"] - low_end["GD"]
print("MinNorm-OG less GD, by the mean:", ul.metrics.interval(less))
assert here["MinNorm-OG"] < here["GD"] and 0 < less.mean() < ul.choosing.standard_error(less)


# %% [markdown]
# **Predict, then run.** Images in their own color can be got right by either cue, so a collapse to
# color need not cost any of them. Ask of each setting that it keeps at least 95%, 90% or 80% of
# them, and take the highest color accuracy among those that do. Who gains, who loses?


# %%
def conditions(settings, shares=(0.95, 0.9, 0.8, 0)):
    """Method -> its highest color accuracy at each share of images that are right in their own
    color; prints them."""
    print("at least in own color", *(f"{share:6.0%}" for share in shares))
    table = {}
    for name, own in settings.groupby("method"):
        table[name] = [own[own.utility >= share]["color_accuracy"].max() for share in shares]
    for name in sorted(table, key=lambda name: -table[name][-1]):
        cells = ("     -" if np.isnan(value) else f"{value:6.2f}" for value in table[name])
        print(f"{name:21}", *cells)
    return table


table = conditions(settings)

# %%
highest = best.utility
nine_in_ten = {name: values[1] for name, values in table.items()}

assert all(
    highest[name] < 0.8
    for name in ("MinNorm-OG", "GD", "NGD", "Ridge", "l1-Sparse", "SCRUB", "SalUn")
)
assert sorted(nine_in_ten, key=nine_in_ten.get)[-3:] == ["MinNorm-OG", "SalUn", "Retrain"]
assert all(nine_in_ten[name] < 0.18 for name in ("GD", "NGD", "Ridge", "l1-Sparse", "GA", "NPO"))

# %%
from math import comb


def of_five(settings, method, share):
    """Of all ways to draw five settings of a method: the mean of what `conditions` prints, and the
    share in which one of the five keeps enough."""
    own = settings[settings.method == method]
    good = own[own.utility >= share].color_accuracy.sort_values(ascending=False)
    odds = [comb(len(own) - place, 4) / comb(len(own), 5) for place in range(1, len(good) + 1)]
    return float(good @ odds / sum(odds)), sum(odds)


# %%
fives = {}
for share in (0.9, 0.8):
    for name in ("SalUn", "NGP", "MinNorm-OG", "GD"):
        fives[name, share] = of_five(settings, name, share)
    told = [f"{n} {v:.2f} ({can:.0%})" for (n, own), (v, can) in fives.items() if own == share]
    print(f"five settings, {share:.0%} in own color:", *told)

assert fives["NGP", 0.9][0] > fives["MinNorm-OG", 0.9][0] > fives["GD", 0.9][0] + 0.04
assert 0.24 < fives["MinNorm-OG", 0.8][0] < fives["GD", 0.8][0] + 0.01

# %% [markdown]
# Means over five seeds, chosen on the numbers they report: an oracle's view of each method's front.
# Standard errors are at most 0.04.
#
# The rightmost column, without a condition, is nearly the order of the picture above. Seven methods
# have their highest color accuracy from a setting that loses a fifth or more of the images in which
# nothing is in conflict: that is damage, not collapse. Of those that start from the original and
# keep nine in ten, SalUn leads, MinNorm-OG is second, and GD and Ridge have hardly left the
# original. At eight in ten GD and Ridge are back beside MinNorm-OG: GD's setting just misses nine
# in ten. And the second place is one of 20 settings: with GD's five, drawn at random, NGP is ahead
# of MinNorm-OG at nine in ten, and GD level with it at eight. In brackets, how often five hold one
# that keeps enough. A ranking that changes with a threshold is not much of a ranking.

# %% [markdown]
# ## 6 · The same on MNIST and CIFAR-10, recorded
#
# 6,000 images of MNIST, 28 by 28 pixels, the same network at a width of 1/8, the same grid, five
# seeds. Two things are nearer to the paper than on the digits: no more than 2% of the retain set is
# accessible, 120 images, and the forget set is as large.
# `python -m unlearnlab.study collapse --dataset mnist` makes the file again.
#
# **Predict, then run.** Plain descent has 120 images to go by instead of 431. Who loses most by it?
# Does MinNorm-OG, whose objective says which of the fitting models to look for, pull ahead?

# %%
recorded = ul.table.read("collapse-mnist-quick")
mnist, made = recorded["runs"], recorded.provenance
stand = recorded["models"].groupby("role", sort=False)["color_accuracy"].mean().to_dict()
there = landing(mnist)
print(f"{len(mnist)} runs, {mnist.seed.nunique()} seeds, recorded at commit {made['commit'][:7]}")
ch.pictures.landings(
    {"MNIST, here": there, "CIFAR-10, published (.1% accessible, T = 15)": published},
    {"MNIST, here": stand},
    finding="Retrain is first in both; MinNorm-OG is in a group of five behind it here.",
)

# %%
points = ul.choosing.points(mnist, ["color_accuracy", "utility"])
kept_there = conditions(points)

# %%
low = {name: mean - error for name, (mean, error) in there.items()}
high = {name: mean + error for name, (mean, error) in there.items()}
group = ("SCRUB", "SalUn", "NGP", "MinNorm-OG", "GD")
at = points.loc[points.groupby("method")["color_accuracy"].idxmax()].set_index("method").lr

assert mnist["error"].isna().all() and stand["original"] < 0.11 and stand["ground truth"] > 0.9
# Retrain first, by more than on the digits
assert low["Retrain"] > max(high[name] for name in there if name != "Retrain") + 0.1
# five whose bars all overlap
assert max(low[name] for name in group) < min(high[name] for name in group)

# %%
assert all(there[name][0] < 0.21 for name in ("Ridge", "NGD", "l1-Sparse", "NPO", "GA"))
assert not any(values[0] > 0 for values in kept_there.values())  # 95% nobody keeps
nine = {name: values[1] for name, values in kept_there.items() if values[1] > 0}
assert sorted(nine, key=nine.get)[-2:] == ["MinNorm-OG", "Retrain"]
assert nine["MinNorm-OG"] > 0.2 > nine["GD"]
assert kept_there["SalUn"][2] > kept_there["MinNorm-OG"][2] > kept_there["GD"][2]
assert at["NGP"] == mnist[mnist.method == "NGP"].lr.min()
own = points[points.method == "MinNorm-OG"]
second = {name: values.mean() for name, values in by_mean(mnist).items()}
print("by the mean:", {n: f"{second[n]:.2f}" for n in sorted(second, key=second.get)[-6:]})
assert (own.utility >= 0.9).sum() == 2 and sorted(second, key=second.get)[-2] == "NGP"
assert 0 < second["Ridge"] - second["MinNorm-OG"] < 0.02
oracle = {name: values[3] for name, values in kept_there.items()}
assert abs(oracle["Ridge"] - oracle["MinNorm-OG"]) < 0.01 < oracle["l1-Sparse"] - oracle["GD"]
assert all(oracle["NGD"] < oracle[name] - 0.05 for name in {*oracle} - {"NGD", "GA", "NPO"})

# %% [markdown]
# - **The same on both:** Retrain is first, here by more; GA and NPO stay where the original is.
# - **Ridge and l1-Sparse** fall behind by the median. In the rightmost column, an oracle's, Ridge
#   is level with MinNorm-OG, l1-Sparse with GD. But the setting with the best median on four seeds
#   is not the one that is good on the fifth. **NGD** is behind for an oracle, too; lower are GA and
#   NPO alone.
# - **MinNorm-OG** is in a group of five with SCRUB, SalUn, NGP and GD, whose bars all overlap. GD
#   is as near to the color as it is. The paper's clear second place is not seen on MNIST either.
#   Choose by the mean, and NGP is second, MinNorm-OG sixth, beside Ridge.
# - **With a condition on the images in their own color** it does better: of those that start from
#   the original and keep nine in ten, MinNorm-OG goes furthest, by two of its 20 settings; at eight
#   in ten SalUn leads and it is second. On the digits SalUn and MinNorm-OG are the first two at
#   nine in ten, and NGP passes both at eight. 95% nobody keeps here.
#
# NGP's best rate is the lowest of its three, so it may have more to give than this grid shows.

# %% [markdown]
# Last, photographs, as in the paper: 8,000 images of CIFAR-10, the network at a width of 1/4, 160
# images accessible and 160 to be forgotten. Three seeds, and two or three rates for each method
# (`... --dataset cifar10 --width .25`).
#
# **Predict, then run.** What a digit shows is as easy to learn as its color. What a photograph
# shows is not. Where does the original stand, before anything is unlearned?

# %%
recorded = ul.table.read("collapse-cifar10-quick-width0.25")
photos, known = recorded["runs"], recorded["models"].groupby("role", sort=False)
start = known["color_accuracy"].mean().to_dict()
far = landing(photos)
own = known["utility"].mean()["original"]
print(
    f"{len(photos)} runs, {photos.seed.nunique()} seeds; "
    f"the original gets {own:.2f} of images in their own color right"
)
ch.pictures.landings(
    {"CIFAR-10, here": far, "CIFAR-10, published (.1% accessible, T = 15)": published},
    {"CIFAR-10, here": start},
    finding="Retrain, NGP and SalUn are first here, MinNorm-OG is behind GD.",
)

# %%
kept_far = conditions(ul.choosing.points(photos, ["color_accuracy", "utility"]))

# %%
place = {name: mean for name, (mean, _) in far.items()}
tried = photos.groupby("method")["lr"].nunique()

assert photos["error"].isna().all() and (photos.groupby("method").size() == 3 * tried).all()
assert 0.3 < start["original"] < 0.4 and start["ground truth"] > 0.98
*rest, third, second, first = sorted(place, key=place.get)
assert {first, second, third} == {"Retrain", "NGP", "SalUn"} and place[third] > 0.9
middle = ("SCRUB", "l1-Sparse", "GD", "Ridge", "MinNorm-OG", "NGD")
assert all(0.55 < place[name] < 0.82 for name in middle) and place["MinNorm-OG"] < place["GD"]
assert max(place[name] for name in ("GA", "NPO")) < 0.4

# %%
rate_by_rate = photos.groupby(["method", "lr"])["color_accuracy"].agg(["mean", "std"])
ahead = (rate_by_rate.loc["MinNorm-OG", "mean"] - rate_by_rate.loc["GD", "mean"]).to_numpy()
assert ahead[0] > 0.05 and ahead[1] > 0.02 and abs(ahead[2]) < 0.03
assert rate_by_rate.loc[("MinNorm-OG", 1e-2), "std"] > 0.1
span = photos.groupby("method")["lr"].agg(["min", "max"])
at_best = rate_by_rate["mean"].groupby("method").idxmax().map(lambda setting: setting[1])
assert ((at_best == span["min"]) | (at_best == span["max"])).all()  # look at the ends
assert set(at_best.index[at_best == span["min"]]) == {"Retrain", "NGP", "SCRUB", "GA", "NPO"}
assert kept_far["SalUn"][0] > 0.85 and kept_far["NGP"][1] > 0.85
assert not any(kept_far[name][1] > 0 for name in ("MinNorm-OG", "GD"))

# %% [markdown]
# - **On photographs color is the easier cue by far.** The original was trained on images that
#   contradict their color, with half of the weight on them, and still names a third of the test
#   images after it. Pushed about, it falls to that side: plain descent alone gets to three
#   quarters.
# - **So the numbers are of the paper's size, and part of its order is here:** Retrain first, GA and
#   NPO near where the original was, NGP among the best of the others. SalUn is beside NGP here and
#   in the middle there; l1-Sparse is last there and beside SCRUB here.
# - **Collapse costs nothing in own color now, if it is complete.** Retrain and SalUn keep 95% of
#   those images, NGP nine in ten: an image in its own color is right by its color.
# - **MinNorm-OG is not second here** but behind GD, at 0.64. Its three settings have means of 0.68,
#   0.69 and 0.73. How can a choice among them end below all three?
#
# Every best rate is an end of the two or three that were tried: the lowest for Retrain, NGP, SCRUB,
# GA and NPO, the highest for the others. Read it as a first look, not as a ranking.

# %%
three = photos[photos.method.isin(["GD", "MinNorm-OG"])]
print(three.pivot(index=["method", "lr"], columns="seed", values="color_accuracy").round(2))


# %% [markdown]
# At $10^{-2}$ seed 3 goes to 0.93 and the two others to 0.6 and 0.65. Whoever chooses on other
# seeds sends seeds 1 and 2 where only seed 3 goes far, and seed 3 where it does not. So the 0.64
# says that the best setting differs from seed to seed, which a user need not mind who has images of
# his own seed to choose by.
#
# **Predict, then run.** Let every seed choose for itself. Each run was measured on 500 images in
# ten colors, so a share is known to about a hundredth, and runs of one seed differ by tenths: that
# the images which choose also judge flatters by little. What flatters more is the number of
# settings: 20 of MinNorm-OG on digits and MNIST, 5 of GD. So the last column asks for the mean best
# of four settings, drawn at random; on CIFAR-10 there are three.


# %%
def best_of(runs, tries=None, by="color_accuracy"):
    """Method -> the color accuracy of the best of each seed's own settings, (seeds,).

    tries: the mean over so many settings, drawn at random; default all. by: what "best" is."""
    found = {}
    for name, own in runs.sort_values(by, kind="stable").groupby("method"):
        ranked = np.stack([seed.color_accuracy for _, seed in own.groupby("seed")])
        count = ranked.shape[1]
        of = min(tries or count, count)
        found[name] = ranked @ [comb(i, of - 1) / comb(count, of) for i in range(count)]
    return found


# %%
sets = {"digits": (grid, ours), "MNIST": (mnist, there), "CIFAR-10": (photos, far)}
for name, (runs, elsewhere) in sets.items():
    all_settings, four_settings = best_of(runs), best_of(runs, 4)
    print(f"{name:20} {'on other seeds':>15} {'on its own':>12} {'four settings':>14}")
    for method in ("Retrain", "MinNorm-OG", "GD", "NGP", "SalUn", "SCRUB"):
        told = (all_settings[method], four_settings[method])
        told = [f"{v.mean():5.2f} ± {ul.choosing.standard_error(v):.2f}" for v in told]
        print(f"    {method:18} {elsewhere[method][0]:13.2f} {told[0]:>14} {told[1]:>14}")

# %%
lead = {
    name: best_of(runs, 4)["MinNorm-OG"] - best_of(runs, 4)["GD"]
    for name, (runs, _) in sets.items()
}
for name, own in lead.items():
    print(f"{name}: MinNorm-OG less GD, best of four, seed by seed: {own.round(2)}")
for rival in ("NGP", "SalUn"):
    for name, (runs, _) in sets.items():
        own = best_of(runs, 4)[rival] - best_of(runs, 4)["MinNorm-OG"]
        told = ul.metrics.interval(own)
        ahead = f"ahead on {(own > 0).sum()} of {len(own)}"
        print(f"{name}: {rival} less MinNorm-OG, best of four: {told}, {ahead}")
        clear = (rival, name) in {("NGP", "MNIST"), ("SalUn", "digits")}
        assert (told.low > 0) == clear == (len(own) == 5 and (own > 0).all())

# %%
assert place["MinNorm-OG"] < rate_by_rate.loc["MinNorm-OG", "mean"].min()
assert all(abs(own.mean()) < 2 * ul.choosing.standard_error(own) for own in lead.values())
for runs, elsewhere in sets.values():
    own = {name: values.mean() for name, values in best_of(runs).items()}
    gained = {name: own[name] - elsewhere[name][0] for name in own}
    assert gained["MinNorm-OG"] > 0.1 > 0.05 > gained["GD"]
    four = {name: values.mean() for name, values in best_of(runs, 4).items()}
    assert min(four["NGP"], four["SalUn"]) > four["MinNorm-OG"]
    assert max(own, key=own.get) == "Retrain"

# %% [markdown]
# - **By a choice of its own, MinNorm-OG gains a tenth or more** on each data set, GD less than five
#   hundredths. MinNorm-OG's best setting changes from seed to seed, and it has more to choose from.
# - **With as many settings as GD it is level with GD** on all three, as far as so few seeds can
#   tell: the difference is within two standard errors. On CIFAR-10 it is carried by one seed.
# - **Nowhere is it second in the mean.** With four settings each, NGP and SalUn are ahead of it on
#   all three. Of the six intervals two are above zero, NGP's on MNIST and SalUn's on the digits, on
#   five seeds of five. Does chance do that? Without a difference each seed's lead could as well
#   have the other sign. Of 32 ways to set five signs two give a mean as far from zero: $p = 1/16$,
#   the least that five seeds can show. And the smallest $p$ of six counts six times (Holm's rule):
#   none is sure.

# %% [markdown]
# ### And on images of its own?
#
# "Best" above is said by the images that judge. A record of CIFAR-10 at the preset's width of 1/8
# has 200 more test images for every run, none of them among the 500 that judge, and 16 settings of
# MinNorm-OG (`python -m unlearnlab.study collapse-validated-cifar10`). Every seed chooses by the
# 200. **Predict, then run.** Do 16 settings help more, or less, when the choice is by other images?

# %%
tried = ul.table.read("collapse-validated-cifar10")["runs"]
tried = tried.sort_values("validation_color_accuracy", kind="stable")
settings = tried[tried.seed == 1].groupby("method").size()
best = tried.groupby(["method", "seed"])[["color_accuracy", "utility"]].last()
by_200 = {n: best_of(tried, n, "validation_color_accuracy") for n in (None, 3)}
print(f"{'':11} settings  the best of all, by seed       mean  own color  three settings")
for name, own in by_200[None].items():
    assert np.allclose(own, best.color_accuracy[name])
    told = f"{name:11} {settings[name]:8}  {' '.join(f'{value:.2f}' for value in own):30}"
    means = own.mean(), best.utility[name].mean(), by_200[3][name].mean()
    print(told, "{:.2f}  {:9.2f}  {:14.2f}".format(*means))

# %%
own_lead = {}
for rival in ("GD", "NGP", "Retrain"):
    for count, own in by_200.items():
        less = own_lead[rival, count] = own["MinNorm-OG"] - own[rival]
        told = (
            f"MinNorm-OG less {rival:7} {count or 'all':>3} settings: {ul.metrics.interval(less)}"
        )
        print(told, f"ahead on {sum(less > 0)} of {len(less)}")
off = (tried.color_accuracy - tried.validation_color_accuracy).abs()
gained = {name: best_of(tried)[name] - own for name, own in by_200[None].items()}
print(f"the two sets of images differ by {off.mean():.3f}, at most {off.max():.3f};")
most = max(map(np.mean, gained.values()))
print(f"choosing by the images that judge adds at most {most:.3f}")

# %%
leads = {key: ul.metrics.interval(own) for key, own in own_lead.items()}
assert tried["error"].isna().all() and off.max() < 0.03 and most < 0.01
assert (own_lead["GD", None] > 0).all() and leads["GD", None].low > 0.02
assert 0.6 < leads["GD", 3].mean / leads["GD", None].mean < 0.65 and abs(leads["GD", 3].low) < 0.001
assert all(leads["NGP", count].low < 0 < leads["NGP", count].high for count in (None, 3))
assert all((by_200[None]["Retrain"] > by_200[None][name]).all() for name in ("MinNorm-OG", "NGP"))
kept = best.utility["MinNorm-OG"] - best.utility["GD"]
print(
    "own color, MinNorm-OG less GD:", kept.round(2).tolist(), ul.metrics.interval(kept.to_numpy())
)
assert 0.05 < kept.mean() and ul.metrics.interval(kept.to_numpy()).low < 0 and kept.min() < -0.05
names = ["lr", "reg", "reg_decay", "descent_epochs"]
top = tried[tried.method == "MinNorm-OG"].groupby(names).color_accuracy.mean()
assert top.idxmax() == (0.003, 0.1, 0.9, 8) and top.index.min()[0] == 0.003  # a corner

# %% [markdown]
# The two sets of images say nearly the same of a run, so on CIFAR-10 the columns "on its own" above
# flatter by less than a hundredth.
#
# - **MinNorm-OG is ahead of GD on each of five seeds**, with 16 settings to GD's four, by $0.16$
#   $[0.02, 0.29]$; $p = 1/16$, as above. In their own color it keeps more images in the mean, and a
#   tenth fewer on seed 1: not sure. With three settings each, about three fifths of the lead are
#   left, and the interval begins at zero. Its best mean lies in a corner of the 16, at the lowest
#   rate with the strongest, slowest fading projection.
# - **NGP, with three settings, is level with MinNorm-OG's 16**, and **Retrain is ahead of both on
#   every seed**.
#
# At the width of 1/4, above, with three rates at one strength, it was level with GD on three seeds.
# Which difference decides, these two records do not say.
#
# **The same on MNIST**, with as many settings of each method and five seeds
# (`python -m unlearnlab.study collapse-validated-mnist`):

# %%
on_mnist = ul.table.read("collapse-validated-mnist")["runs"]
by_own = {n: best_of(on_mnist, n, "validation_color_accuracy") for n in (None, 3)}
for name, own in by_own[None].items():
    print(f"{name:11} {' '.join(f'{value:.2f}' for value in own)}  mean {own.mean():.2f}")
mnist_leads = {}
for rival in ("GD", "NGP"):
    for count, own in by_own.items():
        less = own["MinNorm-OG"] - own[rival]
        lead = mnist_leads[rival, count] = ul.metrics.interval(less)
        told = f"MinNorm-OG less {rival:3} {count or 'all':>3} settings: {lead}"
        print(told, f"ahead on {sum(less > 0)} of {len(less)}")

# %%
own = by_own[None]
assert mnist_leads["GD", None].low > 0 > mnist_leads["GD", 3].low
assert mnist_leads["NGP", 3].low < 0 < mnist_leads["NGP", 3].high
assert sum(own["MinNorm-OG"] > own["GD"]) == 4 and (own["MinNorm-OG"] > own["NGP"]).all()
assert (own["Retrain"] > own["MinNorm-OG"]).all()
by_choice = on_mnist.sort_values("validation_color_accuracy", kind="stable")
taken = by_choice.groupby(["method", "seed"]).last().loc["MinNorm-OG"]
assert (taken.lr == 0.016).all() and (taken.descent_epochs == 3).all()
utility = by_choice.groupby(["method", "seed"]).utility.last().unstack()
print("in own color, of the chosen:", utility.mean(axis=1).round(2).to_dict())
assert (utility.loc[["MinNorm-OG", "GD", "NGP"]].mean(axis=1) < 0.75).all()
assert ul.metrics.interval((utility.loc["MinNorm-OG"] - utility.loc["GD"]).to_numpy()).low < 0

# %% [markdown]
# Much as on CIFAR-10, with all settings MinNorm-OG is ahead of GD by $0.13$
# $[0.01, 0.25]$, on four seeds of five. With three settings each about a third of that is left,
# and the interval contains zero. Against NGP the lead with all settings, $0.06$ $[0.00, 0.12]$ on
# five of five, is one of 16 settings over three; with three each it is gone. Retrain is ahead on
# every seed. Every seed took the larger rate and the smaller number of descent epochs, so
# MinNorm-OG's best may lie beyond this grid. By the standard of section 5 most of this is damage:
# the chosen settings of all three keep fewer than three in four of the images in their own color,
# of which MinNorm-OG's keeps no surely larger share than GD's.

# %% [markdown]
# ## 7 · Equal work
#
# On this machine, in this process, fifteen epochs cost:

# %% tags=["nbval-ignore-output"]
costs = {name: np.median(rows[2, 2]) for name, rows in runs_live.items()}
print({name: f"{cost / costs['GD']:.1f} x GD" for name, cost in costs.items()})

# %%
import json
from pathlib import Path

measured = json.loads((Path(ul.__file__).parents[1] / "benchmarks/projection.json").read_text())
took = {
    name: own["median_seconds"] for name, own in measured["resnet-1, k = 50"]["results"].items()
}
price = 1 + 7 / 15 * took["layerwise"] / took["descent"]
print(f"MinNorm-OG at full width, 50 of 256 images in 7 of 15 epochs: {price:.2f} x GD")
assert 1.1 < price < 1.2
on_gpu = [1 + 7 / 15 * (epoch - 1) for epoch in (1.75, 2.8)]  # an epoch's price in notebook 11
assert np.allclose(on_gpu, [1.35, 1.84])

# %% [markdown]
# Seven of MinNorm-OG's fifteen epochs project. Here, where a batch has 32 images and all of them
# are protected, the fifteen cost about 1.5 to 3.5 times GD's, by the machine and its load; at full
# width the projections add a seventh. NGP looks at two batches where GD looks at one. On a GPU an
# epoch of projections cost 1.75 or, at most, 2.8 of GD's (notebook 11): 1.35 or 1.84 of these
# fifteen. So at a price of 1.3 MinNorm-OG's 15 epochs are 20 of GD's, at 2 they are 30, at 3 they
# are 45. The runs of section 4 went on.
#
# **Predict, then run.** Who gains from more epochs?

# %% tags=["nbval-ignore-output"]
prices = {1.3: 20, 2.0: 30, 3.0: 45}  # MinNorm-OG's 15 epochs stand beside so many of GD's
for cost, as_many in prices.items():
    for name in LONGER:
        behind = runs_live["MinNorm-OG"][2, 0] - runs_live[name][LOOKS.index(as_many), 0]
        told = f"{behind.mean():+.2f} ± {ul.choosing.standard_error(behind):.2f}"
        told = f"{told}, ahead on {(behind > 0).sum()} of {len(behind)}"
        print(f"price {cost}: MinNorm-OG less {name} with {as_many} epochs {told}")

# %%
work = {name: runs_live[name][[2, 4, 5], 0] for name in LONGER}
work["MinNorm-OG"] = runs_live["MinNorm-OG"][:3, 0]
over_seeds.bands(
    [15, 30, 45],
    {"color accuracy": work | flat},
    "work, in epochs of GD, at a price of 3",
    "Retrain stays first; of the others GD climbs slowly, past MinNorm-OG.",
)

# %%
spent = {name: rows[-1].mean() for name, rows in work.items()}
assert not digits or all(
    spent["Retrain"] > own + 0.06 for n, own in spent.items() if n != "Retrain"
)
assert (
    not digits
    or all(abs(spent[name] - end[name]) < 0.15 for name in LONGER)
    and abs(spent["MinNorm-OG"] - spent["GD"]) < 0.15
    and abs(end["MinNorm-OG"] - runs_live["GD"][3, 0].mean()) < 0.1
)
by_rate = grid[grid.method == "GD"].groupby("lr")[["color_accuracy", "utility"]].mean().round(2)
assert by_rate.loc[[0.03, 0.01]].to_numpy().tolist() == [[0.31, 0.6], [0.28, 0.89]]

# %% [markdown]
# Retrain stays first. At a price of 1.3 or 2, MinNorm-OG, GD and Ridge end level, at one setting
# each, as far as five seeds can tell. But GD goes on toward the color, slowly: at a price of 3 it
# is ahead of MinNorm-OG, on four seeds of five here. Its rate is not even its best: in the record
# of section 5, 0.03 goes further than 0.01 (0.31 over 0.28 after 15 epochs), and breaks more.

# %% [markdown]
# ## 8 · The lab
#
# **Predict, then move.**
# 1. Paint a 3 violet, the color of class 7. What do the original and the ground truth say?
# 2. With MinNorm-OG, which setting of `reg` makes the answer change from 3 to 7? What happens to
#    the digits in their own color when you turn it up further?
# 3. Switch to GA. Why does climbing the loss on $D_f$ not lead to color?

# %%
ch.CollapseLab(**where)

# %% [markdown]
# **What you saw, and why.** On the third question: GA makes the labels of $D_f$ unlikely, and there
# are nine other answers. Nothing in its objective says that the right one is the color, and nothing
# holds the retained images in place.

# %% [markdown]
# ## What was verified

# %%
assert (
    not digits or before < 0.15 and reads > 0.85 and truth > 0.7 and guesses < 0.35
)  # the original reads, the ground truth looks at the color
assert not digits or all(
    end["Retrain"] > end[name] + 0.05 for name in others
)  # a blank network finds the shortcut sooner
assert max(here["GA"], here["NPO"]) < before + 0.03  # ascent alone leads nowhere
assert (
    nine_in_ten["MinNorm-OG"] > 1.5 * nine_in_ten["GD"]
    and table["GD"][2] > 0.9 * table["MinNorm-OG"][2]
)  # the order hangs on the threshold

# %% [markdown]
# ## To go on
#
# - `where`, in the first cell, is a switch: with the line below it every live cell runs at the
#   paper's size, CIFAR-10 and a ResNet-18 of full width, on a GPU.
#   `python -m unlearnlab.study collapse --dataset cifar10 --preset paper --device cuda`, with
#   `--precision bfloat16 --minutes 30`, records the paper's grid for T = 5 and 10 (with
#   `--p-retain .001` the other three rows of the table) and goes on where it was stopped; **a
#   recorded run at full size does not exist yet**. In between,
#   `{"dataset": "cifar10", "preset": "quick", "device": "cpu"}` trains a narrow network on 8,000
#   images, in minutes on two cores. The lab follows the switch, the records of sections 5 and 6 do
#   not.
# - The models were made by `python -m unlearnlab.tasks collapse --seeds 1-5`, which resumes
#   when interrupted.
# - **Change one thing.** Is it the number of updates or the choice of images that Retrain lives on?
#   Give it a tenth of the images with `ul.collapse.task(seed=1, p_retain=.03)`.
#
# ## References
#
# - J. L. Block, A. Mokhtari, S. Shakkottai. *Machine Unlearning under Overparameterization.*
#   NeurIPS 2025, [arXiv 2505.22601](https://arxiv.org/abs/2505.22601): representation collapse
#   experiment, Tables 2 and 17.
# - R. Geirhos, J.-H. Jacobsen, C. Michaelis, R. Zemel, W. Brendel, M. Bethge, F. A. Wichmann.
#   *Shortcut learning in deep neural networks.* Nature Machine Intelligence 2020,
#   [arXiv 2004.07780](https://arxiv.org/abs/2004.07780): why networks prefer the easier cue.
