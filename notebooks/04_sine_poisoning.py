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
# # 04 · The poisoned sine
#
# **The question.** A network was trained on fifty points of a sine and, by mistake, on five points
# that lie. Which methods take the five lies back without training from the start, and why do most
# of them leave the damage where it is?
#
# **You will be able to**
# - rerun every method of paper A's first experiment under sliders, on any of ten seeds, and put
#   your numbers beside the published table;
# - explain why following the retain loss cannot flatten a peak that stands between the retain
#   points;
# - say how far the original models are from interpolating, and what a median over ten seeds hides.
#
# **You need** notebooks 01 to 03.
#
# **Time.** About 45 minutes to work through; the code runs in under a minute on one CPU core. No
# GPU is needed.
#
# "Paper A" is *Machine Unlearning under Overparameterization* (reference at the end).

# %%
import copy
import dataclasses

import torch

import unlearnlab as ul
from unlearnlab.chapters import ch04_sine as ch

# %% [markdown]
# ## 1 · The task
#
# The inputs are drawn uniformly from $[-5\pi, 5\pi]$. Fifty of them carry the honest target
# $y = \sin x$: the **retain set**. Five carry $y = 1.5$, a value that no sine takes: the **forget
# set**. The network is 1-300-300-1 with SiLU activations, 91,201 parameters for 55 points.
#
# The **original model** was trained on all 55 points: 100,000 full-batch steps of AdamW at learning
# rate $10^{-3}$. The **ground truth** was trained for 50,000 steps on the retain set alone. Both
# ship with the package for seeds 1 to 10, so that you need not wait for them; the command that made
# them is at the end.

# %%
task = ul.sine.task(seed=3)
x, y = task.retain.tensors
x_forget, y_forget = task.forget.tensors

parameters = sum(p.numel() for p in task.original.parameters())
print(f"{len(x)} points to retain, {len(x_forget)} to forget, {parameters:,} parameters")

# %%
ch.pictures.fits(task, {"original": task.original, "ground truth": task.ground_truth}, limit=7)


# %% [markdown]
# The forget points do not pull the curve up gently. To reach them the network builds narrow
# **towers**, and beside one it may dive as far the other way. From here on both count as towers.
# The purple bar marks the worst place of each curve.
#
# The ground truth is not perfect either: where neighbouring retain points are far apart, nothing
# tells it what a sine does.

# %% [markdown]
# ### The measure
#
# The score of a model is the largest distance to the sine anywhere, measured at 1,000 equispaced
# points of $[-5\pi, 5\pi]$:
#
# $$\text{sup error} = \max_x\, |f(\theta, x) - \sin x| .$$
#
# An average would hardly notice a narrow tower. The maximum notices nothing else.
#
# ### Exercise 1 · The sup error


# %%
def sup_error(f, x):
    """max |f(x) - sin x| as a float. f, x: (n,), the values of a model on a grid, and the grid."""
    raise NotImplementedError


sup_error = ch.check("sup_error", sup_error)

# %%
ch.hints("sup_error")

# %%
grid = torch.linspace(-5 * torch.pi, 5 * torch.pi, 1000)
score = lambda model: sup_error(model(grid[:, None]).detach().flatten(), grid)

assert abs(score(task.original) - task.evaluate(task.original)["sup_error"]) < 1e-4
print(f"original {score(task.original):.1f}, ground truth {score(task.ground_truth):.2f}")

# %% [markdown]
# ## 2 · The lab
#
# Every slider reruns the unlearning from the original and redraws the fit. On the left: the points,
# the sine, the original, the unlearned model, and a purple bar at its worst place. On the right:
# its sup error among all methods; the gray bars are the published ranges, the dashed line is the
# original's error.
#
# **Predict, then run.**
# 1. With MinNorm-OG at $T = 100$, what happens to the towers when you set `reg` to 0? To 1?
# 2. Switch to GD. Which towers go?
# 3. Switch to GA. What does climbing the forget loss do far away from the forget points?
# 4. With MinNorm-OG, lower `n_pert` to 5. Which points does the curve let go of?

# %%
lab = ch.SineLab(seed=3, method="MinNorm-OG", epochs=100)
lab


# %% [markdown]
# **What you saw, and why.**
# 1. At `reg` = 0 nothing is projected and MinNorm-OG is GD: the towers stay. At `reg` = 1 the first
#    step removes all of $P_\perp\theta$ at once. That is far outside the region where the
#    linearisation of notebook 02 holds, and the descent that follows has to rebuild the sine almost
#    from nothing.
# 2. GD leaves them all. Section 4 takes this apart.
# 3. GA has no reason to stop. The forget loss grows without bound, and the whole curve is dragged
#    along with five points.
# 4. Only the outputs of the `n_pert` chosen samples are protected to first order. The others move,
#    and the descent steps have to bring them back.
#
# **Compare all methods** runs the eight methods at the paper's best settings for the chosen number
# of epochs. It works in the background; **Stop** ends it and keeps what is finished.

# %% [markdown]
# ## 3 · Beside the published table
#
# One seed proves little here: how much there is to repair differs from original to original. So the
# table reports, over ten seeds, the median and the range that is left when the two best and the two
# worst seeds are dropped.
#
# ### Exercise 2 · Median and central range


# %%
def central_range(values):
    """values: at least five numbers, in any order.

    Returns (median, low, high), low and high after dropping the 2 lowest and the 2 highest values.
    """
    raise NotImplementedError


central_range = ch.check("central_range", central_range)

# %%
ch.hints("central_range")

# %% [markdown]
# Every method below runs at the setting that the paper's search found best for this $T$ (its Table
# 6). The search judged settings by the very error that is reported, so read these numbers as
# *oracle-tuned*: the best each method could do if somebody told it the answer. This holds for all
# eight alike.

# %%
seeds = range(1, 11)
at_10 = list(ch.compare(seeds, epochs=10))

# %%
ch.pictures.table(at_10, ul.sine.PUBLISHED[10], epochs=10)

# %% [markdown]
# Ten full-batch steps. Retraining from scratch comes out lowest, or nearly so: a blank network is
# nearly flat, and a flat zero, with its sup error of 1, is a better answer than a network full of
# towers. Of the methods that start from the original, MinNorm-OG alone comes near it.

# %%
short = {
    name: central_range([r["sup_error"] for r in at_10 if r["method"] == name])[0]
    for name in ul.sine.PUBLISHED[10]
}

assert set(sorted(short, key=short.get)[:2]) == {"Retrain", "MinNorm-OG"}

# %% [markdown]
# **Predict, then run.** At $T = 100$, which methods improve most?

# %%
at_100 = list(ch.compare(seeds, epochs=100))

# %%
ch.pictures.table(at_100, ul.sine.PUBLISHED[100], epochs=100)

# %%
summary = {
    name: central_range([r["sup_error"] for r in at_100 if r["method"] == name])
    for name in ul.sine.PUBLISHED[100]
}
median = {name: values[0] for name, values in summary.items()}

assert 1.00 <= median["MinNorm-OG"] <= 1.63 and 1.27 <= median["Retrain"] <= 1.44
assert min(median["GD"], median["Ridge"]) >= 1.7 * median["MinNorm-OG"]
assert (
    median["GA"] > 10 and max(median[name] / short[name] for name in ("MinNorm-OG", "Ridge")) < 0.9
)


# %% [markdown]
# MinNorm-OG and Ridge gain more than a tenth by the longer run. GA gets far worse: it goes on
# climbing.
#
# Our medians for MinNorm-OG and Retrain lie inside the published central ranges, and GD and Ridge
# end at least 1.7 times higher than MinNorm-OG. As in the paper, MinNorm-OG and Retrain come first,
# GA is far behind, and the others lie between without a clear order.
#
# How far can you trust this? **MinNorm-OG spreads.** One of the ten seeds ends no better than it
# began. A median over ten does not show it; the light dots do.
#
# **The last digits are noise.** Two runs that differ by one rounding error part (notebook 03).
# **Predict, then run:** change every weight of the ten originals by a factor of at most
# $1 \pm 6 \cdot 10^{-8}$ and unlearn again. How far does MinNorm-OG's median move?


# %%
def nudged(task, generator):
    model = copy.deepcopy(task.original)
    with torch.no_grad():
        for p in model.parameters():
            p *= 1 + 6e-8 * (2 * torch.rand(p.shape, generator=generator, dtype=torch.float64) - 1)
    return dataclasses.replace(task, original=model)


# %%
best, generator = ul.sine.best_settings(100), torch.Generator().manual_seed(0)
tasks = {seed: ul.sine.task(seed) for seed in seeds}
method = best["MinNorm-OG"]
again = [
    [ul.unlearn(nudged(t, generator), method, 100).metrics["sup_error"] for t in tasks.values()]
    for _ in range(2)
]

shifts = [abs(central_range(errors)[0] - median["MinNorm-OG"]) for errors in again]

assert 0 < max(shifts) < 0.4

# %% [markdown]
# By less than 0.4, but it moves. Another processor adds up the sums in another order and makes such
# differences by itself. So the last digits of our table mean nothing: compare distributions, not
# single runs.

# %% [markdown]
# ### Why do GD's and Ridge's numbers differ from seed to seed so much?
#
# **Predict, then run.** Below, each seed is one point: its original's sup error to the right, its
# error after 100 epochs of unlearning upwards. If a method repaired every original to the same
# quality, how would its points lie? If it repaired nothing?

# %%
before = {seed: t.evaluate(t.original)["sup_error"] for seed, t in tasks.items()}
after = {
    name: [r["sup_error"] for r in at_100 if r["method"] == name] for name in ul.sine.PUBLISHED[100]
}

# %%
some, same = ("NGD", "GD", "Ridge", "MinNorm-OG"), torch.linspace(2, 6.5, 60)
pairs = {name: (list(before.values()), after[name]) for name in some}
ch.draw("spikes", {"unchanged": (same, same), **pairs})

# %% [markdown]
# NGD's points and nearly all of GD's lie on the diagonal or close to it: what comes out is the
# tower that went in. Ridge shortens most towers somewhat. MinNorm-OG's points do not follow the
# diagonal.
#
# This explains the spread in the table, and why its medians need not equal the published ones. **A
# method that keeps the original's tower reports the original's tower.** Its median and its range
# are properties of the ten originals, so another ten seeds, or another machine that trains them,
# gives another median: the published 2.76 (2.48 to 3.54) for GD and 2.13 (1.75 to 3.12) for Ridge
# describe the towers of the paper's ten originals, and ours describe those of our ten. For a method
# that removes towers the originals matter less, which is why MinNorm-OG and Retrain are the two
# that can be compared across laboratories.

# %%
log = lambda values: torch.tensor(list(values)).log()
follows = {
    name: torch.corrcoef(torch.stack([log(before.values()), log(after[name])]))[0, 1]
    for name in ("NGD", "GD", "MinNorm-OG")
}

assert follows["NGD"] > 0.9 and follows["GD"] > 0.7 and follows["MinNorm-OG"] < 0.5

# %% [markdown]
# ### The whole search, recorded
#
# So far every method ran at the setting the paper found best. Would a search of our own find the
# same, and what about $T = 1000$? Here is the whole of it: eight methods, three values of $T$,
# every setting of the paper's grid (its Table 7), ten seeds. The runs are recorded;
# `python -m unlearnlab.study table1` makes the file again.

# %%
recorded = ul.table.read("table1")
whole, made = recorded["runs"], recorded.provenance
# per method and T the setting with the lowest median, as the paper chose
oracle = ul.select(whole, "sup_error")
print(
    f"{len(whole):,} runs, {len(whole) // 10} settings: "
    f"{made['command']}, at commit {made['commit'][:7]}"
)

# %%
best_of_grid = oracle[oracle.epochs == 10].to_dict("records")
ch.pictures.table(best_of_grid, ul.sine.PUBLISHED[10], epochs=10)

# %%
best_of_grid = oracle[oracle.epochs == 100].to_dict("records")
ch.pictures.table(best_of_grid, ul.sine.PUBLISHED[100], epochs=100)

# %%
best_of_grid = oracle[oracle.epochs == 1000].to_dict("records")
ch.pictures.table(best_of_grid, ul.sine.PUBLISHED[1000], epochs=1000)

# %%
ours = oracle.groupby(["method", "epochs"])["sup_error"].median()
inside = {}
for (name, T), middle in ours.items():
    _, low, high = ul.sine.PUBLISHED[T][name]
    inside[name, T] = low <= middle <= high
print(
    f"{sum(inside.values())} of {len(inside)} medians lie inside the published central range; "
    "outside:"
)
for (name, T), middle in ours.items():
    if not inside[name, T]:
        print(f"  {name}, T = {T}: {middle:.4g}, published {ul.sine.PUBLISHED[T][name]}")

# %% [markdown]
# The three that differ, one by one.
#
# - **MinNorm-OG at $T = 10$ is lower here.** The search picks `reg=1`, also in the paper's grid:
#   the first projection removes *everything* off the span, the next ones most of what has come
#   back. Not much of the network is left, and a network that is nearly zero has a sup error near 1.
#   Notebook 08 comes back to this.
# - **Retrain at $T = 1000$ is higher**, by 0.06 more than the range allows. Both searches end at
#   the lowest learning rate of the grid. A start from blank weights depends on nothing but the
#   points and the initialisation, and these are ours.
# - **GA at $T = 1000$** climbs without bound. How high it is after a thousand steps says only that
#   it has diverged.

# %%
minnorm_at_10 = oracle[(oracle.method == "MinNorm-OG") & (oracle.epochs == 10)]
assert (minnorm_at_10["reg"] == 1).all() and sum(inside.values()) >= 20
assert set(oracle[oracle.method == "Retrain"]["lr"]) == {1e-4}

# %% [markdown]
# **What an oracle is worth.** These settings were chosen on the very numbers that are then
# reported. With `rule="validation"` no seed has a say in its own setting: it gets the one that is
# best on the other nine. **Predict, then run.** Whose median rises most?

# %%
fair = ul.select(whole, "sup_error", rule="validation")
rules = {"oracle": oracle, "validation": fair}
both = {
    rule: runs[runs.epochs == 100].groupby("method")["sup_error"].median()
    for rule, runs in rules.items()
}
for name in ul.sine.PUBLISHED[100]:
    print(f"{name:11} {both['oracle'][name]:6.2f} {both['validation'][name]:6.2f}")

# %% [markdown]
# Retrain and GA have one learning rate that is best for everybody, and do not change. For the
# others the best setting depends on who judges, and every median rises: MinNorm-OG's most, by a
# third. Its grid has 72 settings at this $T$, so the oracle had much to choose from. An oracle
# flatters whoever brings the largest grid. MinNorm-OG still comes out level with Retrain, and far
# below the other six.
#
# Any entry can be run again. The third seed of GD at $T = 100$:

# %%
row = oracle[(oracle.method == "GD") & (oracle.epochs == 100) & (oracle.seed == 3)].iloc[0]
live = ul.unlearn(tasks[3], ul.GD(lr=row.lr), epochs=100).metrics["sup_error"]

assert abs(live / row.sup_error - 1) < 0.1
others = [name for name in ul.sine.PUBLISHED[100] if name not in ("MinNorm-OG", "Retrain")]
assert both["validation"]["MinNorm-OG"] < min(both["validation"][name] for name in others) / 1.5

# %% [markdown]
# ## 4 · Why descent cannot remove the peaks
#
# Write down the gradient that GD follows. With residuals $r_i = f(\theta, x_i) - y_i$ and rows
# $g_i = \nabla_\theta f(\theta, x_i)$, the chain rule gives
#
# $$\nabla_\theta J(\theta; D_r) = \frac{2}{n_r} \sum_{i \in D_r} r_i\, g_i .$$
#
# Call minus this gradient the force on $\theta$. The line says two things about it.
#
# 1. **The force is proportional to the residuals of the retain points.** They are already small,
#    and once they are zero GD stands still. A tower between two retain points has no residual and
#    exerts no force, however high it is.
# 2. **The force lies in the span of the retain rows.** That is exactly the set of directions which
#    change retained outputs. The part of $\theta$ outside the span, $P_\perp\theta$, is what the
#    retain loss cannot see, to first order.
#
# **Predict, then run.** How much of the original's $\theta$ lies outside the span of the fifty
# rows? How much of the loss gradient $g$? And of AdamW's first step, $g / (|g| + 10^{-8})$ entry by
# entry (notebook 01)?

# %%
# the rows are nearly dependent: use double precision
double = copy.deepcopy(task.original).double()
inputs, targets = x.double(), y.double()
rows = ul.output_gradients(double, inputs)
flatten = lambda tensors: torch.cat([t.detach().flatten() for t in tensors])

theta = flatten(double.parameters())
gradient = flatten(
    torch.autograd.grad(task.loss(double(inputs), targets), list(double.parameters()))
)

# %%
outside = lambda v, rows: (ul.project_out(v, rows).norm() / v.norm()).item()
step = gradient / (gradient.abs() + 1e-8)
share = {
    name: outside(v, rows)
    for name, v in [("theta", theta), ("gradient", gradient), ("AdamW", step)]
}
cosine = torch.cosine_similarity(step, theta, dim=0).item()

assert share["theta"] > 0.99 and share["gradient"] < 1e-5
assert share["AdamW"] > 0.9 and abs(cosine) < 0.05
print(
    f"outside the span: {share['theta']:.3f} of |theta|, {share['gradient']:.3f} of |gradient|, "
    f"{share['AdamW']:.2f} of AdamW's step"
)


# %% [markdown]
# Nearly all of $\theta$ is invisible to the retain loss, and a plain gradient step does not touch
# it at all.
#
# AdamW's step does: rescaled entry by entry, the gradient lies almost wholly outside the span. But
# nothing aims it there. It is made of the residuals of the retain points and of nothing else, and
# it is nearly orthogonal to $\theta$ (the cosine is below 0.05), so it moves the invisible part
# about and hardly shrinks it.
#
# Watch the three methods at work. The cell keeps, every five epochs, the retain loss, the sup error
# and $\lVert\theta\rVert$.


# %%
def track(method, epochs=100):
    norm = lambda model: flatten(model.parameters()).norm().item()
    measure = lambda model: (
        task.loss(model(x), y).item(),
        task.evaluate(model)["sup_error"],
        norm(model),
    )
    kept = [(0, *measure(task.original))]

    def record(run):
        if len(run.history) % 5 == 0:
            kept.append((len(run.history), *measure(run.model)))

    ul.unlearn(task, method, epochs, callback=record)
    return dict(zip(("epoch", "retain_loss", "sup_error", "norm"), map(list, zip(*kept))))


# %%
tracked = {name: track(best[name]) for name in ("GD", "Ridge", "MinNorm-OG")}
measures = ("retain_loss", "sup_error", "norm")
ch.draw(
    "tracks", *({name: (run["epoch"], run[m]) for name, run in tracked.items()} for m in measures)
)

# %% [markdown]
# All three begin with a jump of the retain loss: AdamW's first steps move every coordinate by about
# the learning rate, however small its gradient is, and a steep network feels that. Then they part.
#
# - **GD** brings the retain loss below where it began. Its sup error comes back to what it was, and
#   $\lVert\theta\rVert$ has not moved. It has repaired what it broke, and nothing else.
# - **MinNorm-OG** loses most of its sup error in the first ten epochs, when the projections are
#   strong. When they end, after fifty epochs, the weights are less than half their size. By the
#   chain rule the curve is at most $1.1^2$ times as steep as the product of the three weight
#   matrices' norms (SiLU's slope stays below 1.1), so smaller weights leave less room for a tower.
#   The descent steps in between keep the retain loss falling.
# - **Ridge** wants the same as MinNorm-OG: its penalty also shrinks $\theta$. Why does
#   $\lVert\theta\rVert$ hardly change?
#
# The answer is the optimiser. Ridge's shrinkage goes through AdamW, which divides every coordinate
# of the gradient by its running size. Whatever the penalty weighs, one step moves one coordinate by
# about the learning rate. A hundred steps at $10^{-3}$ move it by about 0.1 at most, and the
# weights larger than that hold more than 95% of $\lVert\theta\rVert^2$. The penalty also fades, by
# the factor `reg_decay` after every batch; but if it did not, $\lVert\theta\rVert$ would still keep
# more than 85% of its length. MinNorm-OG's projection does not pass through the optimiser.

# %%
runs = {
    name: ul.unlearn(task, best[name], epochs=100).model for name in ("GD", "Ridge", "MinNorm-OG")
}
runs["steady"] = ul.unlearn(
    task, dataclasses.replace(best["Ridge"], reg_decay=1.0), epochs=100
).model
ends = {name: flatten(model.parameters()).double() for name, model in runs.items()}
moved = {name: (end - theta).abs().max() for name, end in ends.items()}

# %%
assert max(moved["Ridge"], moved["steady"]) < 0.15 < moved["MinNorm-OG"]
assert theta[theta.abs() > 0.1].norm() ** 2 > 0.95 * theta.norm() ** 2
assert ends["steady"].norm() > 0.85 * theta.norm()
assert tracked["MinNorm-OG"]["norm"][-1] < 0.5 * tracked["MinNorm-OG"]["norm"][0]
assert tracked["GD"]["norm"][-1] > 0.95 * tracked["GD"]["norm"][0]
assert tracked["GD"]["retain_loss"][-1] < tracked["GD"]["retain_loss"][0]

# %% [markdown]
# Here is the worst place of this original from close by. The network dives to reach a forget point
# that stands between two retain points.

# %%
x = torch.linspace(-4.5, 0.5, 600)[:, None]
models = {"original": task.original, **{name: runs[name] for name in tracked}}
with torch.no_grad():
    curves = {"sin x": x.sin(), **{name: model(x) for name, model in models.items()}}
title = "The worst place of the original, and what is left of it"
ch.fits(x, {title: curves}, task.retain.tensors, task.forget.tensors, limit=7)

# %% [markdown]
# **Predict, then run.** Is a large part outside the span a sign of a wrong curve? Then the ground
# truth should have a small one.

# %%
truth = copy.deepcopy(task.ground_truth).double()
assert outside(flatten(truth.parameters()), ul.output_gradients(truth, inputs)) > 0.95


# %% [markdown]
# It is not: more than 95% of the ground truth's $\theta$ lies outside the span of its rows as well.
# The span tells you where a method may change $\theta$ without breaking what it should keep, not
# whether it should. That it should shrink there is the choice of $R(\theta) = \lVert\theta\rVert^2$
# in notebook 02: among the models that keep the retained outputs, prefer the smallest.

# %% [markdown]
# ## 5 · How far the originals are from interpolating
#
# The theory of notebooks 01 and 02 assumes that $\theta^*$ fits all 55 points exactly. **Predict,
# then run:** after 100,000 steps, how large is the largest residual of each original?


# %%
def residuals(task):
    points = [torch.cat([task.retain.tensors[i], task.forget.tensors[i]]) for i in range(2)]
    return (task.original(points[0]) - points[1]).abs().detach().flatten()


largest = {seed: residuals(t).max().item() for seed, t in tasks.items()}
typical = {seed: residuals(t).median().item() for seed, t in tasks.items()}

# %%
ch.graph(
    list(tasks),
    {"largest of 55": list(largest.values()), "median of 55": list(typical.values())},
    looks=["vermillion diamonds", "blue dots"],
    log="y",
    legend={"ncols": 2},
    xlabel="seed",
    ylabel="|f(x_i) - y_i|",
    title="Residuals of the originals",
)

# %% [markdown]
# None of the ten interpolates. The median residual is between 0.005 and 0.06, the largest between
# 0.05 and 1.5. Two likely reasons: at a constant learning rate the steps of AdamW keep rattling the
# steepest parts of the curve; and where a forget point sits close to a retain point with another
# value, the tower would have to be steeper than the training ever makes it. The second you can
# check for the largest residual of all.

# %%
closest = {
    seed: torch.cdist(t.retain.tensors[0], t.forget.tensors[0]).min().item()
    for seed, t in tasks.items()
}
worst = max(largest, key=largest.get)

assert min(largest.values()) > 0.04 and max(typical.values()) < 0.07
print(
    f"seed {worst}: largest residual {largest[worst]:.1f}; "
    f"a retain and a forget point are only {closest[worst]:.3f} apart"
)

# %% [markdown]
# What does that mean for the theory? The constraint (4) becomes "keep the present *predictions* on
# the retain points", as notebook 02 remarks, so the projection stays well defined. But the loss
# gradients are not zero, so Theorem 1 does not freeze GD. Section 4 takes its place: what moves the
# model comes from the retain residuals alone, and these know nothing of what stands between the
# points.

# %% [markdown]
# ## What was verified

# %%
# the paper's setting
assert all(ul.sine.task(s).facts["original"]["epochs"] == "100000" for s in seeds)
# Table 5, T = 100
assert 1.00 <= median["MinNorm-OG"] <= 1.63 and 1.27 <= median["Retrain"] <= 1.44
assert min(median["GD"], median["Ridge"]) >= 1.7 * median["MinNorm-OG"]  # Table 5, T = 100
# the gradient is in the span, AdamW's step is not
assert share["gradient"] < 1e-5 and share["AdamW"] > 0.9
assert all(value > 0.04 for value in largest.values())  # no original interpolates

# %% [markdown]
# ## To go on
#
# - The models of this notebook were made by `python -m unlearnlab.tasks sine --seeds 1-10`
#   (about ten minutes on two cores; it resumes when interrupted).
#   `ul.sine.task(seed, preset="paper")` trains any other seed.
# - In the lab, set $T = 1000$ and compare all methods. MinNorm-OG then projects every tenth epoch
#   only.
# - Notebooks 05 to 07 prove what the theory promises, for models where it is exact. Notebook 08
#   takes MinNorm-OG apart on this task.
# - Try to find settings for Ridge that beat MinNorm-OG's median at $T = 100$:
#   `list(ch.compare(seeds, 100, {"Ridge": ul.Ridge(lr=1e-2, reg=..., reg_decay=...)}))`.
#
# ## References
#
# - J. L. Block, A. Mokhtari, S. Shakkottai. *Machine Unlearning under Overparameterization.*
#   NeurIPS 2025, [arXiv 2505.22601](https://arxiv.org/abs/2505.22601): data poisoning experiment,
#   Tables 1, 5 and 6.
