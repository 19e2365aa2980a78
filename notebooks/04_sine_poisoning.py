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
# **The question.** A network was trained on fifty points of a sine and, by mistake, on five points that lie. Which methods take the five lies back without
# training from the start, and why do most of them leave the damage where it is?
#
# **You will be able to**
# - rerun every method of paper A's first experiment under sliders, on any of ten seeds, and put your numbers beside the published table;
# - explain why following the retain loss cannot flatten a peak that stands between the retain points;
# - say how far the original models are from interpolating, and what a median over ten seeds hides.
#
# **You need** notebooks 01 to 03.
#
# **Time.** About 45 minutes to work through; the code runs in about 30 seconds on one CPU core. No GPU is needed.
#
# "Paper A" is *Machine Unlearning under Overparameterization* (reference at the end).

# %%
import copy

import torch

import unlearnlab as ul

# %% [markdown]
# ## 1 · The task
#
# The inputs are drawn uniformly from $[-5\pi, 5\pi]$. Fifty of them carry the honest target $y = \sin x$: the **retain set**. Five carry $y = 1.5$, a value that
# no sine takes: the **forget set**. The network is 1-300-300-1 with SiLU activations, 91,201 parameters for 55 points.
#
# The **original model** was trained on all 55 points: 100,000 full-batch steps of AdamW at learning rate $10^{-3}$. The **ground truth** was trained for 50,000 steps
# on the retain set alone. Both ship with the package for seeds 1 to 10, so that you need not wait for them; the command that made them is at the end.

# %%
task = ul.sine.task(seed=3)
x, y = task.retain.tensors
x_forget, y_forget = task.forget.tensors

parameters = sum(p.numel() for p in task.original.parameters())
print(f"{len(x)} points to retain, {len(x_forget)} to forget, {parameters:,} parameters")

# %%
ul.figures.fits(task, {"original": task.original, "ground truth": task.ground_truth}, limit=7)


# %% [markdown]
# The forget points do not pull the curve up gently. To reach them the network builds narrow towers, and beside a tower it may dive as far the other way. The purple bar marks the worst place of each curve.
#
# The ground truth is not perfect either: where neighbouring retain points are far apart, nothing tells it what a sine does.

# %% [markdown]
# ### The measure
#
# The score of a model is the largest distance to the sine anywhere, measured at 1,000 equispaced points of $[-5\pi, 5\pi]$:
#
# $$\text{sup error} = \max_x\, |f(\theta, x) - \sin x| .$$
#
# An average would hardly notice a narrow tower. The maximum notices nothing else.
#
# **Exercise 1.** Write it.

# %%
def sup_error(f, x):
    """f, x: (n,), the values of a model on a grid, and the grid. Returns max |f(x) - sin x| as a float."""
    raise NotImplementedError


sup_error = ul.lessons.check("sup_error", sup_error)

# %%
ul.lessons.hints("sup_error")

# %%
grid = torch.linspace(-5 * torch.pi, 5 * torch.pi, 1000)
score = lambda model: sup_error(model(grid[:, None]).detach().flatten(), grid)

assert abs(score(task.original) - task.evaluate(task.original)["sup_error"]) < 1e-4
print(f"original {score(task.original):.1f}, ground truth {score(task.ground_truth):.2f}")

# %% [markdown]
# ## 2 · The lab
#
# Every slider reruns the unlearning from the original and redraws the fit. On the left: the points, the sine, the original, the unlearned model, and a purple bar at its
# worst place. On the right: its sup error among all methods; the gray bars are the published ranges, the dashed line is the original's error.
#
# **Predict, then run.**
# 1. With MinNorm-OG at $T = 100$, what happens to the towers when you set `reg` to 0? To 1?
# 2. Switch to GD. Which towers go?
# 3. Switch to GA. What does climbing the forget loss do far away from the forget points?
# 4. With MinNorm-OG, lower `n_pert` to 5. Which points does the curve let go of?

# %%
lab = ul.widgets.SineLab(seed=3, method="MinNorm-OG", epochs=100)
lab


# %% [markdown]
# **What you saw, and why.**
# 1. At `reg` = 0 nothing is projected and MinNorm-OG is GD: the towers stay. At `reg` = 1 the first step removes all of $P_\perp\theta$ at once. That is far outside the region where the
#    linearisation of notebook 02 holds, and the descent that follows has to rebuild the sine almost from nothing.
# 2. GD leaves them all. Section 4 takes this apart.
# 3. GA has no reason to stop. The forget loss grows without bound, and the whole curve is dragged along with five points.
# 4. Only the outputs of the `n_pert` chosen samples are protected to first order. The others move, and the descent steps have to bring them back.
#
# **Compare all methods** runs the eight methods at the paper's best settings for the chosen number of epochs. It works in the background; **Stop** ends it and keeps what is finished.

# %% [markdown]
# ## 3 · Beside the published table
#
# One seed proves little here: the dynamics is chaotic, and a change in the last digit of one weight can end in a visibly different curve (notebook 03). So the table reports, over ten seeds, the median and the range that is left when the
# two best and the two worst seeds are dropped.
#
# **Exercise 2.** Write this summary.

# %%
def central_range(values):
    """values: at least five numbers, in any order.

    Returns (median, low, high), low and high after dropping the 2 lowest and the 2 highest values.
    """
    raise NotImplementedError


central_range = ul.lessons.check("central_range", central_range)

# %%
ul.lessons.hints("central_range")

# %% [markdown]
# Every method below runs at the setting that the paper's search found best for this $T$ (its Table 6). The search judged settings by the very error that is reported, so read these numbers as *oracle-tuned*: the best each method could do
# if somebody told it the answer. This holds for all eight alike.

# %%
seeds = range(1, 11)
at_10 = ul.sine.compare(seeds, epochs=10)

# %%
ul.figures.table(at_10, ul.sine.PUBLISHED[10], epochs=10)

# %% [markdown]
# Ten full-batch steps. Retraining from scratch has the lowest median: a blank network is nearly flat, and a flat zero, with its sup error of 1, is a better answer than a network full of towers. Of the methods that start from the original,
# MinNorm-OG alone comes near it.
#

# %%
short = {name: central_range([r["sup_error"] for r in at_10 if r["method"] == name])[0] for name in ul.METHODS}

assert sorted(short, key=short.get)[:2] == ["Retrain", "MinNorm-OG"]

# %% [markdown]
# **Predict, then run.** At $T = 100$, which methods improve most?

# %%
at_100 = ul.sine.compare(seeds, epochs=100)

# %%
ul.figures.table(at_100, ul.sine.PUBLISHED[100], epochs=100)

# %%
summary = {name: central_range([r["sup_error"] for r in at_100 if r["method"] == name]) for name in ul.METHODS}
median = {name: values[0] for name, values in summary.items()}

assert 1.00 <= median["MinNorm-OG"] <= 1.63 and 1.27 <= median["Retrain"] <= 1.44
assert min(median["GD"], median["Ridge"]) >= 1.7 * median["MinNorm-OG"]
assert median["GA"] > 10

# %% [markdown]
# Our medians for MinNorm-OG and Retrain lie inside the published central ranges, and GD and Ridge end at least 1.7 times higher than MinNorm-OG. As in the paper, MinNorm-OG and Retrain come first, GA is far behind, and the others lie between without a clear order.
#
# Two remarks on how far to trust this.
# - **MinNorm-OG spreads.** Among ten seeds there is usually one that ends no better than it began. A median over ten does not show it; the light dots do.
# - **The last digits are noise.** The singular values of the retain gradients fall by nine orders of magnitude (notebook 03). Where exactly you stop calling a direction dependent, or which processor adds up the sums, moves MinNorm-OG's median between about 1.0 and
#   1.4. Compare distributions, not single runs.

# %% [markdown]
# ### Why do GD's and Ridge's numbers differ from seed to seed so much?
#
# **Predict, then run.** Below, each seed is one point: its original's sup error to the right, its error after 100 epochs of unlearning upwards. If a method repaired every original to the same quality, how would its points lie? If it repaired nothing?

# %%
tasks = {seed: ul.sine.task(seed) for seed in seeds}
before = {seed: t.evaluate(t.original)["sup_error"] for seed, t in tasks.items()}

ul.figures.spikes(at_100, before, ["NGD", "GD", "Ridge", "MinNorm-OG"])

# %% [markdown]
# NGD and GD lie on the diagonal: what comes out is the tower that went in. Ridge shortens it somewhat. MinNorm-OG's points do not follow the diagonal at all.
#
# This explains the spread in the table, and most of its difference from the published one. **A method that keeps the original's tower reports the original's tower.** Its median and its range are properties of the ten originals, so another ten seeds, or another
# machine that trains them, gives another median: the published 2.76 (2.48 to 3.54) for GD and 2.13 (1.75 to 3.12) for Ridge describe the towers of the paper's ten originals, and ours describe those of our ten. For a method that removes towers the originals
# matter less, which is why MinNorm-OG and Retrain are the two that can be compared across laboratories.

# %%
log = lambda values: torch.tensor(list(values)).log()
after = {name: [r["sup_error"] for r in at_100 if r["method"] == name] for name in ul.METHODS}
follows = {name: torch.corrcoef(torch.stack([log(before.values()), log(after[name])]))[0, 1] for name in ("NGD", "GD", "MinNorm-OG")}

assert follows["NGD"] > .9 and follows["GD"] > .7 and follows["MinNorm-OG"] < .5

# %% [markdown]
# ## 4 · Why descent cannot remove the peaks
#
# Write down the gradient that GD follows. With residuals $r_i = f(\theta, x_i) - y_i$ and rows $g_i = \nabla_\theta f(\theta, x_i)$, the chain rule gives
#
# $$\nabla_\theta J(\theta; D_r) = \frac{2}{n_r} \sum_{i \in D_r} r_i\, g_i .$$
#
# Two things are written in this line.
#
# 1. **The force is proportional to the residuals of the retain points.** They are already small, and once they are zero GD stands still. A tower between two retain points has no residual and exerts no force, however high it is.
# 2. **The force lies in the span of the retain rows.** That is exactly the set of directions which change retained outputs. The part of $\theta$ outside the span, $P_\perp\theta$, is what the retain loss cannot see.
#
# **Predict, then run.** How much of the original's $\theta$ lies outside the span of the fifty rows? And how much of the loss gradient?

# %%
double = copy.deepcopy(task.original).double()       # the rows are nearly dependent: use double precision
inputs, targets = x.double(), y.double()
rows = ul.output_gradients(double, inputs)
flatten = lambda tensors: torch.cat([t.detach().flatten() for t in tensors])

theta = flatten(double.parameters())
gradient = flatten(torch.autograd.grad(task.loss(double(inputs), targets), list(double.parameters())))

# %%
share = {name: (ul.project_out(v, rows).norm() / v.norm()).item() for name, v in [("theta", theta), ("gradient", gradient)]}
assert share["theta"] > .95 and share["gradient"] < 1e-5
print(f"outside the span of the retain rows: {share['theta']:.0%} of |theta|, {share['gradient']:.0%} of |gradient|")


# %% [markdown]
# Nearly all of $\theta$ is invisible to the retain loss, and the loss gradient does not touch it at all. AdamW rescales each coordinate of the gradient, which lets a little leak out of the span, but it has nothing to aim at there.
#
# Watch the three methods at work. The cell keeps, every five epochs, the retain loss, the sup error and $\lVert\theta\rVert$.

# %%
def track(method, epochs=100):
    norm = lambda model: flatten(model.parameters()).norm().item()
    measure = lambda model: (task.loss(model(x), y).item(), task.evaluate(model)["sup_error"], norm(model))
    kept = [(0, *measure(task.original))]

    def record(run):
        if len(run.history) % 5 == 0:
            kept.append((len(run.history), *measure(run.model)))

    ul.unlearn(task, method, epochs, callback=record)
    return dict(zip(("epoch", "retain_loss", "sup_error", "norm"), map(list, zip(*kept))))


# %%
best = ul.sine.best_settings(100)
tracked = {name: track(best[name]) for name in ("GD", "Ridge", "MinNorm-OG")}

ul.figures.tracks(tracked)

# %% [markdown]
# All three begin with a jump of the retain loss: AdamW's first steps move every coordinate by about the learning rate, however small its gradient is, and a steep network feels that. Then they part.
#
# - **GD** brings the retain loss below where it began. Its sup error comes back to what it was, and $\lVert\theta\rVert$ has not moved. It has repaired what it broke, and nothing else.
# - **MinNorm-OG** loses most of its sup error in the first ten epochs, when the projections are strong. When they end, after fifty epochs, the weights are less than half their size, and a network with small weights cannot be as steep as a tower needs. The descent steps in between keep the retain loss falling.
# - **Ridge** wants the same as MinNorm-OG: its penalty also shrinks $\theta$. Why does $\lVert\theta\rVert$ hardly change?
#
# The answer is the optimiser. Ridge's shrinkage goes through AdamW, which divides every coordinate of the gradient by its running size. Whatever the penalty weighs, one step moves one coordinate by about
# the learning rate. A hundred steps at $10^{-3}$ move it by 0.1 at most, and the weights of a tower are larger than that. MinNorm-OG's projection does not pass through the optimiser.

# %%
moved = {name: (flatten(ul.unlearn(task, best[name], 100).model.parameters()) - theta.float()).abs().max().item()
         for name in ("Ridge", "MinNorm-OG")}

assert moved["Ridge"] < .15 < moved["MinNorm-OG"]
assert tracked["MinNorm-OG"]["norm"][-1] < .5 * tracked["MinNorm-OG"]["norm"][0]
assert tracked["GD"]["norm"][-1] > .95 * tracked["GD"]["norm"][0]
assert tracked["GD"]["retain_loss"][-1] < tracked["GD"]["retain_loss"][0]

# %% [markdown]
# Here is the worst place of this original from close by. The network dives to reach a forget point that stands between two retain points.

# %%
runs = {name: ul.unlearn(task, best[name], epochs=100).model for name in ("GD", "Ridge", "MinNorm-OG")}
ul.figures.peaks(task, runs, zoom=(-4.5, 0.5), limit=7)


# %% [markdown]
# Is a large part outside the span *sufficient* for a wrong curve? No: the ground truth has one as well. The span tells you where a method may change $\theta$ without breaking what it should keep, not whether it should. That it should shrink there is the choice of
# $R(\theta) = \lVert\theta\rVert^2$ in notebook 02: among the models that keep the retained outputs, prefer the smallest.

# %% [markdown]
# ## 5 · How far the originals are from interpolating
#
# The theory of notebooks 01 and 02 assumes that $\theta^*$ fits all 55 points exactly. **Predict, then run:** after 100,000 steps, how large is the largest residual of each original?

# %%
def residuals(task):
    points = [torch.cat([task.retain.tensors[i], task.forget.tensors[i]]) for i in range(2)]
    return (task.original(points[0]) - points[1]).abs().detach().flatten()


largest = {seed: residuals(t).max().item() for seed, t in tasks.items()}
typical = {seed: residuals(t).median().item() for seed, t in tasks.items()}
ul.figures.residuals(largest, typical, before)

# %% [markdown]
# None of the ten interpolates. The median residual is between 0.005 and 0.06, the largest between 0.05 and 1.5: at a constant learning rate the steps of AdamW keep rattling the steepest parts of the curve, and where a forget point sits close to a retain point with another value, the tower would
# have to be steeper than the training ever makes it.

# %%
closest = {seed: torch.cdist(t.retain.tensors[0], t.forget.tensors[0]).min().item() for seed, t in tasks.items()}
worst = max(largest, key=largest.get)

assert all(value > .04 for value in largest.values()) and all(value < .07 for value in typical.values())
print(f"seed {worst}: largest residual {largest[worst]:.1f}; a retain and a forget point are only {closest[worst]:.3f} apart")

# %% [markdown]
# What does that mean for the theory? The constraint (4) becomes "keep the present *predictions* on the retain points", as notebook 02 remarks, so the projection stays well defined. But the loss gradients are not zero, so GD is not frozen by Theorem 1 to the last digit: it is held in
# place by section 4's argument, which needs small residuals and no more than that.

# %% [markdown]
# ## What was verified

# %%
assert all(ul.sine.task(s).facts["original"]["epochs"] == "100000" for s in seeds)       # the paper's setting
assert 1.00 <= median["MinNorm-OG"] <= 1.63 and 1.27 <= median["Retrain"] <= 1.44        # Table 5, T = 100
assert min(median["GD"], median["Ridge"]) >= 1.7 * median["MinNorm-OG"]                   # Table 5, T = 100
assert share["gradient"] < 1e-5                                                          # descent stays in the span
assert all(value > .04 for value in largest.values())                                    # no original interpolates

# %% [markdown]
# ## To go on
#
# - The models of this notebook were made by `python -m unlearnlab.experiments.sine --seeds 1-10` (about ten minutes on two cores; it resumes when interrupted). `ul.sine.task(seed, preset="paper")` trains any other seed.
# - In the lab, set $T = 1000$ and compare all methods. MinNorm-OG then projects every tenth epoch only.
# - Try to find settings for Ridge that beat MinNorm-OG at $T = 100$ on all ten seeds: `ul.sine.compare(seeds, 100, {"Ridge": ul.Ridge(lr=1e-2, reg=..., reg_decay=...)})`.
#
# **Reference.** Block, Mokhtari, Shakkottai: *Machine Unlearning under Overparameterization*, NeurIPS 2025, arXiv 2505.22601: section 5 and its appendix (experiment 1), Tables 1, 5, 6.
