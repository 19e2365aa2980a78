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
# **The question.** The network of notebook 00 was trained on fifty points of a sine and, by
# mistake, on five points that are wrong. Which methods undo the five without training from the
# start? And is a low error enough to say that a method did?
#
# **You will be able to**
# - measure a model in three ways at once: its peaks, what it kept, what it forgot;
# - rerun every method of paper A's first experiment, on any of ten seeds, and put your numbers
#   beside the published table;
# - poison the network yourself, and say where a lie is learnt and where it can be forgotten;
# - say why the retain loss leaves a peak between the retain points where it is;
# - tell what a median over ten seeds hides.
#
# **You need** notebooks 01 to 03. Notebook 08 goes on where this one ends.
#
# **Time.** About 60 minutes to work through; the code runs in under two minutes on one CPU core. No
# GPU is needed.
#
# **On a hosted notebook service**, upload the whole course and run `%pip install ..` in this
# notebook's folder before the first cell.
#
# "Paper A" is *Machine Unlearning under Overparameterization* (reference at the end).

# %%
import copy
import dataclasses
import functools

import numpy as np
import torch
from IPython.display import display

import unlearnlab as ul
from unlearnlab.chapters import ch04_sine as ch
from unlearnlab.course import over_seeds
from unlearnlab.course.rows import method_of

median_of = lambda values: float(np.median(values))

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
task = ul.sine.task(seed=1)  # the curve of notebook 00
x, y = task.retain.tensors
x_forget, y_forget = task.forget.tensors

parameters = sum(p.numel() for p in task.original.parameters())
print(f"{len(x)} points to retain, {len(x_forget)} to forget, {parameters:,} parameters")

# %%
ch.pictures.fits(task, {"original": task.original, "ground truth": task.ground_truth}, limit=5)

# %% [markdown]
# *The purple bar marks the largest error of each curve.* The original reaches four of the five
# forget points, and it does so by narrow **peaks**. Some point up and some down: near $-7.5$ it
# rises to the forget point and dives below the sine beside it.
#
# Its largest error is near $x = 1.65$, far from every forget point. There is a gap there: the
# nearest retain points lie at $0.77$ and $2.18$, and between them no training point says what the
# curve should do. The ground truth has the same gap and stays near the sine, so the gap alone does
# not make the peak.
#
# The ground truth is not perfect either. Where neighbouring retain points are far apart, near
# $x = -11$, nothing tells it what a sine does.
#
# **Predict, then run.** Is this usual? For each of the ten originals: how far is its largest error
# from the nearest forget point?

# %%
MEASURES = {f"{name}_error": f"{name} error" for name in ("sup", "retain", "forget")}
seeds = range(1, 11)
tasks = {seed: ul.sine.task(seed) for seed in seeds}
grid = torch.linspace(-5 * torch.pi, 5 * torch.pi, 1000)[:, None]

with torch.no_grad():
    away = {}
    for seed, each in tasks.items():
        at = grid[(each.original(grid) - grid.sin()).abs().argmax()]
        away[seed] = (each.forget.tensors[0] - at).abs().min().item()
print({seed: round(distance, 2) for seed, distance in away.items()})
assert away[1] > 5 and max(away[seed] for seed in seeds if seed != 1) < 1


# %% [markdown]
# It is not. In nine of ten originals the worst place lies less than 1 from a forget point. Seed 1
# is the exception.
#
# ### Three measures
#
# The paper's score is the largest distance to the sine anywhere, measured at 1,000 equispaced
# points of $[-5\pi, 5\pi]$:
#
# $$\text{sup error} = \max_x\, |f(\theta, x) - \sin x| .$$
#
# An average would hardly notice a narrow peak. The maximum notices nothing else. So you also need
# to know what became of the two sets:
#
# $$\text{retain error} = \sqrt{\tfrac{1}{50}\textstyle\sum_{i \in D_r} (f(\theta, x_i) - \sin
# x_i)^2}, \qquad \text{forget error} = \sqrt{\tfrac{1}{5}\textstyle\sum_{i \in D_f}
# (f(\theta, x_i) - \sin x_i)^2} .$$
#
# At a forget point, too, the right value is $\sin x_i$, not $1.5$. All three are better when lower.
#
# ### Exercise 1 · Three errors


# %%
def three_errors(model, grid, x_retain, x_forget):
    """model: takes a column (n, 1) of x and returns a column (n, 1). The others: such columns.

    Returns three floats: the largest |f - sin x| on the grid, and the root mean square of
    f - sin x on the retain points and on the forget points.
    """
    raise NotImplementedError


three_errors = ch.check("three_errors", three_errors)

# %%
ch.hints("three_errors")


# %% [markdown]
# **Predict, then run.** Which of the three errors of the original is large? And what does the
# function score that is $0$ everywhere, and so has forgotten the five points and all else?
#
# *Your prediction:* ...


# %%
@torch.no_grad()
def row(name, model, task=task):
    found = three_errors(model, grid, task.retain.tensors[0], task.forget.tensors[0])
    print(f"{name:24} sup {found[0]:6.2f}   retain {found[1]:5.2f}   forget {found[2]:5.2f}")
    return found


zero = row("the function 0", torch.zeros_like)
row("original", task.original)
row("ground truth", task.ground_truth)
assert zero[0] <= 1 and 0.5 < min(zero[1:]) and max(zero[1:]) < 0.8
assert all(m > 1 for T in (10, 100) for m, _, _ in ul.sine.PUBLISHED[T].values())

# %% [markdown]
# A sine stays between $-1$ and $1$, so **the function 0 has a sup error of 1**. Keep this number.
# At $T = 10$ and $T = 100$ it is lower than every median of the published table below. A method
# that wipes out the network scores well by the first measure. Only the other two show it: they are
# near $0.7$ for the function 0, on the retain points and on the forget points alike.
#
# From here on every table has the function 0 in it.

# %% [markdown]
# ## 2 · The lab
#
# Every slider reruns the unlearning from the original and redraws the fit. On the left: the points,
# the sine, the original, the unlearned model, and a purple bar at its largest error. On the right:
# its sup error among all methods. The gray bars are the published ranges over ten seeds, the
# orange dashed line is this original's error, and the dotted line is the function 0. The table
# below has all errors side by side; *rms* is the root mean square over all 1,000 points.
#
# - **The forget points are yours.** Drag one with the mouse, or choose it by `point` and move it by
#   the two sliders below. `forget points` is how many there are. A new original then learns them,
#   which takes some seconds, and the method tries to forget them.
# - **epoch shown** goes back to any epoch of the last run.
# - **Keep curve as A** leaves the curve in the picture and in the table while you try another.
# - **Compare all methods** runs the eight methods at the paper's best settings for the chosen
#   number of epochs. **Stop** ends any work and keeps what is finished.
#
# **Predict, then run.**
# 1. With MinNorm-OG at $T = 100$, what happens to the peaks when you set `reg` to 0? To 1?
# 2. Switch to GD. Which peaks go?
# 3. Switch to GA. What does climbing the forget loss do far away from the forget points?
# 4. With MinNorm-OG, lower `n_pert` to 5. What happens at the other retain points?
# 5. Keep one forget point only. Put it into the wide gap near $x = -11.9$, then among the crowd of
#    retain points near $x = 8.25$, both times at height $1.5$. Where does the original learn it?
#    What do GD and MinNorm-OG make of it?
#
# *Your predictions:* 1. ... 2. ... 3. ... 4. ... 5. ...

# %%
lab = ch.SineLab(seed=1, method="MinNorm-OG", epochs=100)
lab


# %% [markdown]
# *Left, the curve after the run, solid, and the original, dashed; right, its sup error beside the
# published ranges, in gray.*
#
# The first four questions in numbers and pictures. (On another processor your decimals differ from
# ours; section 3 says why.)


# %% tags=["nbval-ignore-output"]
@functools.cache
def ended(task, name):
    """The model of a method at its best setting, after 100 epochs. No run is made twice."""
    return ul.unlearn(task, best[name], 100).model


best = ul.sine.best_settings(100)
variant = lambda **change: dataclasses.replace(best["MinNorm-OG"], **change)
asked = {"MinNorm-OG": variant(), "1. reg = 0": variant(reg=0.0), "1. reg = 1": variant(reg=1.0)}
asked |= {"2. GD": best["GD"], "3. GA": best["GA"], "4. n_pert = 5": variant(n_pert=5)}

shown = {name: ul.unlearn(task, how, 100).model for name, how in asked.items()}
answer = {name: row(name, model) for name, model in shown.items()}

assert abs(answer["1. reg = 0"][0] / answer["2. GD"][0] - 1) < 0.1 and answer["2. GD"][0] > 2
assert answer["1. reg = 1"][1] > 0.4 and answer["3. GA"][1] > 5
assert answer["4. n_pert = 5"][1] > 1.5 * answer["MinNorm-OG"][1]

# %% tags=["nbval-ignore-output"]
ch.pictures.fits(task, shown, limit=4)

# %% [markdown]
# *One picture for each answer, the lab's first setting above on the left; the purple bar is at the
# largest error. GA leaves its picture.*
#
# **What you saw, and why.**
# 1. At `reg` = 0 nothing is projected. MinNorm-OG is then GD, and the peaks stay. At `reg` = 1 the
#    first step removes all of $P_\perp\theta$ at once. That is far outside the region where the
#    linearisation of notebook 02 holds. The fifty descent steps at the end do not win the sine
#    back: the retain error is near that of the function 0.
# 2. None. Section 4 takes this apart.
# 3. GA has no reason to stop. The forget loss has no upper bound, and the whole curve is dragged
#    along with five points: the retain error grows with the forget error.
# 4. Only the outputs of the `n_pert` sampled points are protected to first order. The others move,
#    and the descent steps have to bring them back.
#
# And the fifth question:

# %% tags=["nbval-ignore-output"]
places = {"in the gap": -11.9, "in the crowd": 8.25}
lies = {where: ch.taught(task, torch.tensor([[at, 1.5]])) for where, at in places.items()}
tried, heights = {}, {}
for where, own in lies.items():
    tried[where] = {"original": own.original}
    tried[where] |= {how: ul.unlearn(own, best[how], 100).model for how in ("GD", "MinNorm-OG")}
    at = own.forget.tensors[0]
    heights[where] = {name: model(at).item() for name, model in tried[where].items()}
    print(f"{where}: the sine is {at.sin().item():.2f}, the lie 1.50; ", end="")
    print(", ".join(f"{name} {height:.2f}" for name, height in heights[where].items()))

# %% tags=["nbval-ignore-output"]
line, panels = grid.flatten(), {}
for name in ("original", "GD", "MinNorm-OG"):
    for where, models in tried.items():
        title = f"{where}, {name}: {heights[where][name]:.2f} at the lie"
        panels[title] = {"sin x": line.sin(), name: models[name](grid).detach().flatten()}
both = [torch.cat([own.forget.tensors[i] for own in lies.values()]) for i in range(2)]
ch.fits(line, panels, task.retain.tensors, both, limit=2.5)

# %% [markdown]
# *Both lies are marked in all six panels; each original has learnt the one that its title names.*
# In the gap the original reaches the lie, and GD keeps most of it. MinNorm-OG takes it away, but no
# retain point says what should stand there instead, and what it puts there is no sine. In the crowd
# the original hardly learns the lie: the retain points beside it hold the curve down. Both methods
# undo the rest, because every retain point near it asks for it. So on this curve the lie that was
# hard to learn is the one that is easy to correct. This is one seed, with one lie at a time.
#
# **How an original learns in the lab.** The paper's take 100,000 epochs from random weights. The
# lab's begins at the ground truth and takes 2,000 epochs on all points. **Predict, then run:** on
# the paper's own points, which of its three errors come near those of the paper's originals?
#
# *Your prediction:* ...

# %% tags=["nbval-ignore-output"]
lab_tasks = {seed: ch.taught(t, torch.cat(t.forget.tensors, 1)) for seed, t in tasks.items()}
left = {}
for words, some in (("100,000 epochs", tasks), ("the lab's 2,000", lab_tasks)):
    for name in ("original", "GD", "MinNorm-OG"):
        models = [t.original for t in some.values()]
        if name != "original":
            models = [ended(t, name) for t in some.values()]
        errors = [ul.sine.errors(t, model) for t, model in zip(some.values(), models)]
        left[words, name] = [median_of([e[m] for e in errors]) for m in MEASURES]
        print(f"{words:16} {name:11}", [round(value, 2) for value in left[words, name]])

# %%
sup, _, forget = np.divide(left["the lab's 2,000", "original"], left["100,000 epochs", "original"])
of_gd, of_minnorm = (left["the lab's 2,000", name] for name in ("GD", "MinNorm-OG"))
assert 0.75 < sup < 1 and 0.5 < forget < 0.85
assert of_gd[0] > 1.5 * of_minnorm[0] and of_gd[2] > 2 * of_minnorm[2]
assert heights["in the gap"]["GD"] > 1 > 0 > heights["in the gap"]["MinNorm-OG"]
assert abs(heights["in the crowd"]["MinNorm-OG"] - np.sin(8.25)) < 0.1


# %% [markdown]
# *Medians over ten seeds of sup, retain and forget error.* The lab's originals have peaks nearly as
# high as the paper's, and the methods come out in the same order. But they have learnt the lies
# less well: their forget error is two thirds of the paper's, and GD undoes a part of it. So use the
# lab to see what happens, and the shipped originals to measure.

# %% [markdown]
# ## 3 · Beside the published table
#
# One seed proves little here: how much there is to repair differs from original to original. So the
# table reports, over ten seeds, the median and the range that is left when the two best and the two
# worst seeds are dropped.
#
# Every method below runs at the setting that the paper's search found best for this $T$ (its Table
# 6). The search judged settings by the very error that is reported, so the published numbers are
# *oracle-tuned*: the best that each of the eight methods could do if somebody told it the answer.
# Ours are not: they take these settings over to ten other originals. What is best on ours is found
# by a search of our own, at the end of this section.
#
# **Predict, then run.** At $T = 10$, ten full-batch steps: which methods come near the function 0?
#
# *Your prediction:* ...


# %%
def table(records, T, title):
    """Our sup errors below the published ones; the function 0 dotted."""
    published = ul.sine.PUBLISHED[T]
    ours = [[r["sup_error"] for r in records if r["method"] == name] for name in published]
    own = [(np.median(errors), *np.sort(errors)[2:-2][[0, -1]]) for errors in ours]
    own, theirs = np.transpose(own), np.transpose([*published.values()])
    above, below = (np.arange(len(ours)) + shift for shift in (-0.2, 0.2))
    curves = {"published range": (theirs[1:], [above] * 2), "published median": (theirs[0], above)}
    curves["every seed"] = np.concatenate(ours), below.repeat([*map(len, ours)])
    curves |= {"our range": (own[1:], [below] * 2), "our median": (own[0], below)}
    curves["rule"] = [1, 1], [-0.5, len(ours) - 0.5]
    far = [f": {middle:,.0f} →" if middle > 40 else "" for middle in own[0]]  # beyond the axis
    rows = [name + more for name, more in zip(published, far)]
    what = f"Sup errors of {', '.join(published)}. {title}"
    return ch.draw("sine_table", curves, rows=rows, title=title, what=what)


# %%
at_10 = list(ch.compare(tasks.values(), epochs=10))
table(at_10, 10, "T = 10, at the paper's settings")


# %% [markdown]
# *Medians are diamonds; a bar is the range without the two best and the two worst seeds.* Retrain
# and MinNorm-OG come lowest, and neither median is below that of the function 0. So look at the
# other two measures, for every seed.


# %%
def by_method(records):
    """Method -> measure -> one number per seed; the function 0 last."""
    rows = {
        name: {m: [r[m] for r in records if r["method"] == name] for m in MEASURES}
        for name in ul.sine.PUBLISHED[10]
    }
    points = [(t.retain.tensors[0], t.forget.tensors[0]) for t in tasks.values()]
    zeros = zip(*(three_errors(torch.zeros_like, grid, *own) for own in points))
    return rows | {"the function 0": dict(zip(MEASURES, zeros))}


# %%
picture = functools.partial(over_seeds.rows, measures=MEASURES, log=True, neutral=True)
medians = lambda rows: {
    name: {m: median_of(values) for m, values in errors.items()} for name, errors in rows.items()
}

rows_10 = by_method(at_10)
print({name: round(float(np.median(e["sup_error"])), 2) for name, e in rows_10.items()})
told = "After ten steps Retrain is near the function 0 on both sets, and above it in sup error"
picture(rows_10, finding=told, middle=np.median)

# %% [markdown]
# *A dot is a seed, a diamond the median.* **Retrain**, after ten steps from a blank start, is near
# the function 0 in the last two columns: it has no peaks because it has learnt nothing yet. Its sup
# error is $1.5$ and not $1$, because it is not flat: at the worst place it lies on the other side
# of zero than the sine. **MinNorm-OG** has gone part of the way: both other errors are less than
# half of the function 0's. **GD** is best on the retain points and worst on the forget points.

# %%
short = medians(rows_10)
of_zero = short["the function 0"]

assert set(sorted(short, key=lambda name: short[name]["sup_error"])[1:3]) == {
    "Retrain",
    "MinNorm-OG",
}
for measure in ("retain_error", "forget_error"):
    assert abs(short["Retrain"][measure] / of_zero[measure] - 1) < 0.15
    assert short["MinNorm-OG"][measure] < 0.5 * of_zero[measure]
assert short["Retrain"]["sup_error"] > 1.3
assert min(short, key=lambda name: short[name]["retain_error"]) == "GD"
assert max(short, key=lambda name: short[name]["forget_error"]) == "GD"
print({name: round(found["forget_error"], 2) for name, found in short.items()})

# %% [markdown]
# **Predict, then run.** At $T = 100$, which methods improve most, and in which column?
#
# *Your prediction:* ...

# %%
at_100 = [
    {"method": name, "seed": seed, **ul.sine.errors(t, ended(t, name))}
    for name in best
    for seed, t in tasks.items()
]
table(at_100, 100, "T = 100, at the paper's settings")

# %%
rows_100 = by_method(at_100)
near = {name: errors for name, errors in rows_100.items() if name != "GA"}
picture(near, finding="MinNorm-OG is the only one low in all three columns", middle=np.median)

# %% tags=["nbval-ignore-output"]
end = medians(rows_100)
median = {name: errors["sup_error"] for name, errors in end.items()}
change = {name: median[name] / short[name]["sup_error"] for name in median}
by_seed, typical = {}, {}
for name, errors in end.items():
    by_seed[name] = np.divide(rows_100[name]["sup_error"], rows_10[name]["sup_error"])
    typical[name] = low, high = np.exp(ul.metrics.interval(np.log(by_seed[name]))[1:])
    print(
        f"{name:16} {[round(v, 2) for v in errors.values()]}  sup, T = 100 / T = 10: "
        f"{change[name]:.2f}, by seed [{low:.2f}, {high:.2f}]"
    )

# %% [markdown]
# *In the first picture diamonds are our medians and gray bars the published ranges; in the second a
# dot is a seed.*
# *GA would squeeze the second and stands in the printed rows only.*
#
# These are the medians of sup, retain and forget error; the first divided by the one at $T = 10$;
# and that ratio by seed: Student's 95% interval of its logarithm's mean, turned back. (For normal
# values it holds the true mean 19 times in 20.)
#
# From the paper's setting for $T = 10$ to that for $T = 100$ the medians of six methods fall, and
# those of the two that climb the forget loss rise. By seed two of the eight intervals exclude 1:
# GA's, which is far above, and MinNorm-OG's, which is below; Retrain's ends just above it.
# MinNorm-OG's, one of eight and with its end at 0.93, is weak evidence.
#
# Nor is it the longer run alone: five of the eight settings differ in more. Retrain and GA keep
# theirs, and so does l1-Sparse here, whose rate at $T = 10$ the paper does not give. Retrain and
# l1-Sparse gain a tenth in the median, on eight seeds of ten. The record at the end of this section
# has the others at one setting for both $T$: GD and NGD move by a hundredth at most, Ridge at its
# second setting gains a tenth, and NGP at its first goes from 2.6 to 20.
#
# Our medians for MinNorm-OG and Retrain lie inside the published central ranges, and GD and Ridge
# end at least 1.7 times higher than MinNorm-OG.
#
# The other columns tell more. **MinNorm-OG** now keeps the retain points about as well as the
# original did, and its forget error is a tenth of the original's. **Retrain** is still near the
# function 0 in these two columns. **GD** and **NGD** are the best on the retain points and keep
# more than nine tenths of the original's forget error. **Ridge** and **l1-Sparse** have forgotten
# some of it.

# %%
assert 1.00 <= median["MinNorm-OG"] <= 1.63 and 1.27 <= median["Retrain"] <= 1.44
assert min(median["GD"], median["Ridge"]) >= 1.7 * median["MinNorm-OG"] and median["GA"] > 10
assert max(v for name, v in change.items() if name not in ("GA", "NGP", "the function 0")) < 1
assert change["NGP"] > 1.3 and typical["GA"][0] > 3
assert np.prod(typical["MinNorm-OG"]) < 0.7 and typical["MinNorm-OG"][1] < 1.1
assert all(typical[n][0] < 1 < typical[n][1] for n in ("GD", "NGD", "NGP", "Ridge"))
assert all((by_seed[name] < 1).sum() >= 7 for name in ("Retrain", "l1-Sparse"))
others = [name for name in end if name != "MinNorm-OG"]
assert end["MinNorm-OG"]["forget_error"] < 0.5 * min(end[n]["forget_error"] for n in others)
was = median_of([ul.sine.errors(t, t.original)["forget_error"] for t in tasks.values()])
assert end["MinNorm-OG"]["forget_error"] < 0.15 * was
assert min(end[n]["forget_error"] for n in ("GD", "NGD")) > 0.9 * was


# %% [markdown]
# ### Exercise 2 · Break the claim
#
# *MinNorm-OG is the only one low in all three columns.* That was said of one setting of each
# method, the one with the lowest sup error in the paper's search. Another setting of a rival, or a
# method of your own that does not project, may refute it. Change `mine` until the cell says that
# the claim is broken, or until you can say why it will not break. You win if none of your three
# medians is above MinNorm-OG's. Twenty minutes are well spent here; these help on the way:
#
# - Which of Ridge's three errors is farthest from MinNorm-OG's, and which hyperparameter moves it?
# - AdamW moves a weight by about `lr` a step. How far must weights move within 100 steps?
# - How much of a gain is the ten tries you made? You judged them on the seeds that you report.


# %% tags=["nbval-ignore-output"]
def duel(method):
    """Prints the three medians over ten seeds, and what they say of the claim."""
    if isinstance(method, ul.MinNormOG) and method.n_pert > 0:
        raise ValueError("MinNorm-OG itself cannot refute that it is the only one: take another")
    errors = list(ch.compare(tasks.values(), 100, {"mine": method}))
    mine = {m: median_of([record[m] for record in errors]) for m in MEASURES}
    for m, words in MEASURES.items():
        rivals = {"mine": mine[m]} | {
            name: end[name][m] for name in ("MinNorm-OG", "the function 0")
        }
        print(f"{words:13}", "   ".join(f"{name} {value:.2f}" for name, value in rivals.items()))
    broken = all(mine[m] <= end["MinNorm-OG"][m] for m in MEASURES)
    print("the claim is broken" if broken else "the claim stands")


mine = dataclasses.replace(best["Ridge"], lr=1e-2)  # change this line
duel(mine)


# %% [markdown]
# ### Has every seed forgotten?
#
# A median over ten does not show single seeds. **Predict, then run.** Of the fifty forget points of
# all ten seeds, the original is within $0.5$ of the poison, so between $1$ and $2$, at nearly all.
# At how many is MinNorm-OG still? The third number counts those of them where the curve is less
# than $0.2$ above the sine: a right curve is never counted, but where the sine is near $1$ a small
# overshoot is enough.
#
# *Your prediction:* ...


# %% tags=["nbval-ignore-output"]
def near_poison(model, task):
    inputs, targets = task.forget.tensors
    near = (model(inputs) - targets).abs() < 0.5
    return int(near.sum()), int((near & (model(inputs) - inputs.sin() < 0.2)).sum())


unlearned = {seed: ended(t, "MinNorm-OG") for seed, t in tasks.items()}
still = {seed: near_poison(unlearned[seed], t) for seed, t in tasks.items()}
origin = sum(near_poison(t.original, t)[0] for t in tasks.values())
counts = [sum(found) for found in zip(*still.values())]
print(f"within 0.5 of the poison: original {origin} of 50, MinNorm-OG {counts[0]}, ", end="")
print(f"close to the sine {counts[1]};  seeds {[s for s, (n, _) in still.items() if n]}")

# %% [markdown]
# Half of the seeds keep a point or two near the poison. At some of these points the sine is near
# $1$, and the curve is hardly above it. At the others it is well above, in seed 7 by $0.9$: these
# are not forgotten. The three measures do not count: the forget error says how far the curve is
# from the sine at the five points.
#
# **MinNorm-OG spreads in the first column, too.** One of the ten seeds ends with a sup error no
# better than it began.

# %%
spread = rows_100["MinNorm-OG"]["sup_error"]
before = {seed: t.evaluate(t.original)["sup_error"] for seed, t in tasks.items()}
assert sum(now >= then for now, then in zip(spread, before.values())) == 1
assert origin >= 45 and 3 <= counts[0] <= 12 and 0 < counts[1] < counts[0]


# %% [markdown]
# ### The last digits are noise
#
# Two runs that differ by one rounding error part (notebook 03). **Predict, then run:** change every
# weight of the ten originals by a factor of at most $1 \pm 6 \cdot 10^{-8}$ and unlearn again. How
# far does MinNorm-OG's median move?
#
# *Your prediction:* ...


# %%
def nudged(task, generator):
    model = copy.deepcopy(task.original)
    with torch.no_grad():
        for p in model.parameters():
            p *= 1 + 6e-8 * (2 * torch.rand(p.shape, generator=generator, dtype=torch.float64) - 1)
    return dataclasses.replace(task, original=model)


# %% tags=["nbval-ignore-output"]
generator = torch.Generator().manual_seed(0)
again = [
    [
        ul.unlearn(nudged(t, generator), best["MinNorm-OG"], 100).metrics["sup_error"]
        for t in tasks.values()
    ]
    for _ in range(2)
]

shifts = [abs(median_of(errors) - median["MinNorm-OG"]) for errors in again]
largest = max(abs(a - b) for errors in again for a, b in zip(errors, spread))
print(f"the median moves by {shifts[0]:.3f} and {shifts[1]:.3f}, one seed by up to {largest:.2f}")
assert 0 < max(shifts) < 0.4

# %% [markdown]
# The median moves by hundredths, and a single seed by more. Another processor adds up the sums in
# another order and makes such differences by itself, so the assert allows $0.4$. Compare
# distributions, not single runs.

# %% [markdown]
# ### Why do GD's and Ridge's numbers differ from seed to seed so much?
#
# **Predict, then run.** Below, each seed is one point: its original's sup error to the right, its
# error after 100 epochs of unlearning upwards. If a method repaired every original to the same
# quality, how would its points lie? If it repaired nothing?

# %%
after = {name: errors["sup_error"] for name, errors in rows_100.items()}
some, same = ("NGD", "GD", "Ridge", "MinNorm-OG"), torch.linspace(2, 6.5, 60)
pairs = {name: (list(before.values()), after[name]) for name in some}
ch.draw("spikes", {"unchanged": (same, same), **pairs})

# %% [markdown]
# NGD's points and nearly all of GD's lie on the diagonal or close to it: what comes out is the peak
# that went in. Ridge shortens most peaks somewhat. MinNorm-OG's points do not follow the diagonal.
#
# So **a method that keeps the original's peaks reports the original's peaks.** The correlation of
# the two errors, both in logarithms, says how far: it is above $0.9$ for NGD and $0.7$ for GD, and
# lower for Ridge.
#
# This may be why our medians of such methods need not equal the published ones. It is an inference:
# the paper's ten originals are not ours, and nobody has published them. If it holds, another ten
# originals give GD another median, while MinNorm-OG and Retrain can be compared across
# laboratories.

# %% tags=["nbval-ignore-output"]
log = lambda values: torch.tensor(list(values)).log()
follows = {
    name: torch.corrcoef(torch.stack([log(before.values()), log(after[name])]))[0, 1].item()
    for name in some
}
print({name: round(value, 2) for name, value in follows.items()})

assert follows["NGD"] > 0.9 and follows["GD"] > 0.7 > follows["Ridge"]
assert follows["MinNorm-OG"] < 0.5

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
print(f"{len(whole):,} runs, {len(whole) // 10} settings, recorded at commit {made['commit'][:7]}")

# %%
for T in ul.sine.PUBLISHED:
    best_of_grid = oracle[oracle.epochs == T].to_dict("records")
    display(table(best_of_grid, T, f"T = {T}, the best of our own search"))

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
# *A median that lies beyond the axis is written beside the name.* The three that differ:
#
# - **MinNorm-OG at $T = 10$ is lower here.** The search picks `reg=1`, also in the paper's grid:
#   the first projection removes *everything* off the span, and the next ones most of what has come
#   back.
# - **Retrain at $T = 1000$ is higher** than the range by less than $0.1$. Both searches end at the
#   lowest learning rate of the grid. A start from blank weights depends on nothing but the points
#   and the initialisation, and these are ours.
# - **GA at $T = 1000$** climbs without bound. How high it is after a thousand steps says only that
#   it has diverged.
#
# **Predict, then run.** The records hold the sup error only. Run that "win" of MinNorm-OG at
# $T = 10$ again: what are its other two errors, and how much of $\theta$ is left?
#
# *Your prediction:* ...

# %%
winner = oracle[(oracle.method == "MinNorm-OG") & (oracle.epochs == 10)]
setting = method_of(winner.iloc[0])
length = lambda model: sum(p.square().sum() for p in model.parameters()).sqrt().item()
ends = [ul.unlearn(t, setting, 10).model for t in tasks.values()]
kept = [length(model) / length(t.original) for model, t in zip(ends, tasks.values())]
won = [ul.sine.errors(t, model) for t, model in zip(tasks.values(), ends)]
won = {m: median_of([errors[m] for errors in won]) for m in MEASURES}
print({words: round(won[m], 2) for m, words in MEASURES.items()})
print(f"of the length of theta: {median_of(kept):.3f} (medians over ten seeds)")

# %% [markdown]
# **It is the function 0.** Hardly anything of the network is left, and what it kept and what it
# forgot are the same: everything. The search that minimises the sup error has found the blind spot
# of the sup error. Notebook 08 begins here.

# %%
assert (winner["reg"] == 1).all() and sum(inside.values()) >= 20
assert set(oracle[oracle.method == "Retrain"]["lr"]) == {1e-4}
assert median_of(kept) < 0.05 and won["sup_error"] > 1
assert min(won["retain_error"], won["forget_error"]) > 0.9 * min(zero[1:])
assert ours["Retrain", 1000] - ul.sine.PUBLISHED[1000]["Retrain"][2] < 0.1

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
    rise = both["validation"][name] / both["oracle"][name] - 1
    print(f"{name:11} {both['oracle'][name]:6.2f} {both['validation'][name]:6.2f}  {rise:+.0%}")
at_ten = [r[r.epochs == 10].groupby("method")["sup_error"].median() for r in rules.values()]
rises = at_ten[1] / at_ten[0] - 1
print(f"at T = 10: MinNorm-OG {rises['MinNorm-OG']:+.0%}, GD {rises['GD']:+.0%}")

# %% [markdown]
# Retrain and GA have one learning rate that is best for everybody, and do not change. For the
# others the best setting depends on which seeds choose it, and every median rises. MinNorm-OG's
# rises most, by nearly a third, and it has the largest grid at this $T$, with 72 settings. But that
# does not follow from the size of the grid: at $T = 100$ l1-Sparse rises by $24\%$ with 9 settings,
# Ridge by $6\%$ with 27. At $T = 10$ MinNorm-OG rises by $1\%$ with 162, GD by $18\%$ with three.
# MinNorm-OG still comes out level with Retrain, and far below the other six.
#
# Any entry can be run again. The first seed of GD at $T = 100$:

# %%
entry = oracle[(oracle.method == "GD") & (oracle.epochs == 100) & (oracle.seed == 1)].iloc[0]
live = ul.unlearn(tasks[1], ul.GD(lr=entry.lr), epochs=100).metrics["sup_error"]

assert abs(live / entry.sup_error - 1) < 0.1
six = [name for name in ul.sine.PUBLISHED[100] if name not in ("MinNorm-OG", "Retrain")]
assert both["validation"]["MinNorm-OG"] < min(both["validation"][name] for name in six) / 1.5
assert rises["MinNorm-OG"] < 0.02 and 0.17 < rises["GD"] < 0.19

# one setting at both T, as section 3 says of it
dials = ["method", "lr", "noise", "reg", "reg_decay", "ascent", "epochs"]
at_both = whole[(whole.epochs < 1000) & ~whole.method.isin(["MinNorm-OG"])]
at_both = at_both.groupby(dials, dropna=False).sup_error.median().unstack().dropna()
ratio = (at_both[100] / at_both[10]).loc[["GD", "NGD"]]
assert len(ratio) == 8 and ratio.between(0.99, 1.011).all()
(ridge,) = at_both.loc["Ridge", 1e-3, :, 3, 0.9].to_numpy()
(climbs,) = at_both.loc["NGP", 1e-4, :, :, :, 1].to_numpy()
assert 0.9 < ridge[1] / ridge[0] < 0.92 and np.round(climbs, 1).tolist() == [2.6, 19.6]

# %% [markdown]
# ## 4 · Why the retain loss leaves the peaks where they are
#
# Write down the gradient that GD follows. With residuals $r_i = f(\theta, x_i) - y_i$ and rows
# $g_i = \nabla_\theta f(\theta, x_i)$, the chain rule gives
#
# $$\nabla_\theta J(\theta; D_r) = \frac{2}{n_r} \sum_{i \in D_r} r_i\, g_i .$$
#
# Call minus this gradient the force on $\theta$. The line says two things about it.
#
# 1. **The force is proportional to the residuals of the retain points.** They are already small,
#    and once they are zero GD stands still. A peak between two retain points has no residual and
#    exerts no force, however high it is.
# 2. **The force lies in the span of the retain rows.** Every direction that is not orthogonal to
#    this span changes some retained output to first order. The directions orthogonal to it change
#    none: along $P_\perp\theta$ the retain loss is flat, to first order.
#
# So nothing in the force aims at a peak. That does not say that GD never lowers one: the steps that
# repair the retain points may move a peak on the way. Seed 8 is such a case.

# %%
print(f"seed 8, sup error: original {before[8]:.1f}, after GD {after['GD'][7]:.1f}")
drop = [now / then for now, then in zip(after["GD"], before.values())]
assert sum(d < 0.9 for d in drop) <= 2 and after["GD"][7] < 0.75 * before[8]

# %% [markdown]
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
# Nearly all of $\theta$ is invisible to the retain loss, to first order, and a plain gradient step
# does not touch it at all.
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


# %% tags=["nbval-ignore-output"]
tracked = {name: track(best[name]) for name in ("GD", "Ridge", "MinNorm-OG")}
for name, way in tracked.items():
    print(name, {what: [f"{way[what][i]:.2g}" for i in (0, 2, 10, -1)] for what in way})
measures = ("retain_loss", "sup_error", "norm")
panels = [{name: (run["epoch"], run[m]) for name, run in tracked.items()} for m in measures]
panels[1]["rule"] = 1  # the function 0
ch.draw("tracks", *panels)

# %% [markdown]
# *Dotted: the sup error of the function 0.* All three begin with a jump of the retain loss: AdamW's
# first steps move every coordinate by about the learning rate, however small its gradient is, and a
# steep network feels that. Then they part.
#
# - **GD** brings the retain loss below where it began. Its sup error comes back to what it was, and
#   $\lVert\theta\rVert$ has not moved. It has repaired what it broke, and nothing else.
# - **MinNorm-OG**'s sup error jumps up and down at first, as each projection moves the whole curve,
#   and is well below the original's from epoch 30 on. The projections end after fifty epochs. By
#   then the weights are less than half their size. By the
#   chain rule the curve is at most $1.1^2$ times as steep as the product of the three weight
#   matrices' norms (SiLU's slope stays below 1.1), so smaller weights leave less room for a peak.
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
assert max(moved["Ridge"], moved["steady"]) < 0.15 < moved["MinNorm-OG"]
assert theta[theta.abs() > 0.1].norm() ** 2 > 0.95 * theta.norm() ** 2
assert ends["steady"].norm() > 0.85 * theta.norm()
assert tracked["MinNorm-OG"]["norm"][-1] < 0.5 * tracked["MinNorm-OG"]["norm"][0]
assert max(tracked["MinNorm-OG"]["sup_error"][6:]) < 0.7 * before[1]
assert tracked["GD"]["norm"][-1] > 0.95 * tracked["GD"]["norm"][0]
assert tracked["GD"]["retain_loss"][-1] < tracked["GD"]["retain_loss"][0]

# %% [markdown]
# Here is a forget point from close by, the one near $x = -7.5$. The original rises to it between
# two retain points, and dives beside it. The dashed original lies on GD's curve.

# %%
x = torch.linspace(-10, -5, 600)[:, None]
models = {name: runs[name] for name in tracked} | {"original": task.original}
with torch.no_grad():
    curves = {"sin x": x.sin(), **{name: model(x) for name, model in models.items()}}
lie = task.forget.tensors[0][[1]]
title = ", ".join(f"{name} {model(lie).item():.1f}" for name, model in models.items())
title = f"At the forget point: {title}"
ch.fits(x, {title: curves}, task.retain.tensors, task.forget.tensors, limit=3)

# %% [markdown]
# *The curves around one forget point: GD still runs up to it with the original, Ridge part of the
# way, and MinNorm-OG stays low.*
#
# **Predict, then run.** Is a large part outside the span a sign of a wrong curve? Then the ground
# truth should have a small one.

# %%
truth = copy.deepcopy(task.ground_truth).double()
beyond = outside(flatten(truth.parameters()), ul.output_gradients(truth, inputs))
print(f"of the ground truth's theta, {beyond:.3f} lies outside the span of its rows")
assert beyond > 0.95


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
print({seed: round(value, 2) for seed, value in largest.items()})

# %%
ch.graph(
    list(tasks),
    {"largest of 55": list(largest.values()), "median of 55": list(typical.values())},
    looks=["vermillion diamonds", "blue dots"],
    log="y",
    legend={"ncols": 2},
    xlabel="seed",
    ylabel="|f(x_i) - y_i|",
    title=f"No original interpolates: each misses a point by {min(largest.values()):.2f} or more",
)

# %% [markdown]
# None of the ten interpolates. The median residual is between 0.005 and 0.06, the largest between
# 0.05 and 1.5. Two likely reasons: at a constant learning rate the steps of AdamW keep moving the
# steepest parts of the curve up and down; and where a forget point sits close to a retain point
# with another value, the peak would have to be steeper than the training ever makes it. The second
# you can check for the largest residual of all.

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
#
# ## 6 · The curve, changed
#
# The poisoned curve of the beginning, after 100 epochs of MinNorm-OG:

# %% tags=["nbval-ignore-output"]
row("the function 0", torch.zeros_like)
row("original", task.original)
now = row("MinNorm-OG", unlearned[1])
row("ground truth", task.ground_truth)
assert now[2] < 0.3 * zero[2] and now[1] < 0.2 * zero[1] and now[0] > zero[0]
ch.pictures.fits(task, {"original": task.original, "MinNorm-OG": unlearned[1]}, limit=5)

# %% [markdown]
# The five points are forgotten, the fifty are kept, and the sup error is *above* that of the
# function 0. It misses the hump of the sine near $x = -11$, in a gap without retain points, where
# the ground truth fails as well.
#
# **An open question.** MinNorm-OG does two things at once: it shrinks $\theta$, and it protects the
# retained outputs while it shrinks. Which of the two takes the peaks away? Write down a guess, and
# an experiment that would decide. Notebook 08 makes one.
#
# *Your guess, and your experiment:* ...
#
# ## What was verified

# %%
# the paper's setting
assert all(ul.sine.task(s).facts["original"]["epochs"] == "100000" for s in seeds)
# Table 5, T = 100
assert 1.00 <= median["MinNorm-OG"] <= 1.63 and 1.27 <= median["Retrain"] <= 1.44
assert min(median["GD"], median["Ridge"]) >= 1.7 * median["MinNorm-OG"]  # Table 5, T = 100
# the best setting at T = 10 is the function 0
assert median_of(kept) < 0.05
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
# - [Notebook 08](08_what_does_the_work.ipynb) takes MinNorm-OG apart on this task: read it next.
#   Notebooks 05 to 07 are a branch of their own: they prove the theory where it is exact.
#
# ## References
#
# - J. L. Block, A. Mokhtari, S. Shakkottai. *Machine Unlearning under Overparameterization.*
#   NeurIPS 2025, [arXiv 2505.22601](https://arxiv.org/abs/2505.22601): data poisoning experiment,
#   Tables 1, 5 and 6.
