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
# # 14 · What there was to forget
#
# **The question.** Notebook 13 gave every method a number under every metric, on one small problem,
# and no method came near all of the floors. But had there been anything to forget? Which examples
# does a network know only because it saw them? And what do the same metrics say where we know more:
# on label erasure, on the width of a network, on linear models, on the sine?
#
# **You will be able to**
# - tell which examples of a forget set were memorised, and why an average over the others says
#   little;
# - put a metric beside a task's own measure, and say which of the two sees what;
# - name a case in which *exact* unlearning is caught every time, and say why.
#
# **You need** notebook 13, and from 04, 05, 09 and 12 what their task is. **Time.** About 60
# minutes; the code runs in about a minute on one CPU core. No GPU is needed.
#
# **On a hosted notebook service**, upload the whole course and run `%pip install ..` in this
# notebook's folder before the first cell.
#
# The recorded networks and the metrics are those of notebook 13. A *floor* is, as there, what
# retrained networks say of retrained networks: a band, not a line.

# %%
import numpy as np
import pandas
import torch
import torch.nn.functional as F
from scipy import stats
from torch.utils.data import TensorDataset

import unlearnlab as ul
from unlearnlab.chapters import ch12_width
from unlearnlab.chapters import ch13_evidence as evidence
from unlearnlab.chapters import ch14_to_forget as ch
from unlearnlab.course import graphs, style
from unlearnlab.study import table as recorded

metrics = ul.metrics

# %%
said, made = evidence.verdicts.load("evidence")
forget, methods = said.margins["forget"], list(said.settings)
truth = forget["retrained"][32:]  # "never seen", as in notebook 13


# %% [markdown]
# ## 1 · Which of the sixty were learnt by heart
#
# In notebook 13, networks that never saw the 60 get 57 of them right. Which examples does a network
# know *only* because it saw them? The memorisation score of Feldman and Zhang is
# $\Pr[\text{right} \mid \text{in}] - \Pr[\text{right} \mid \text{out}]$, over networks that were
# each trained on a random half of the data.
#
# **Exercise.** Write it, for all examples at once.


# %%
def memorisation(right, included):
    """Pr[right | in] - Pr[right | out] of every example, (n,).

    right: (networks, n) booleans, whether a network has the example right. included: (networks, n)
    booleans, whether it was trained on it.
    """
    raise NotImplementedError


memorisation = ch.check("memorisation", memorisation)

# %%
ch.hints("memorisation")

# %% [markdown]
# The score takes many networks, and they are trained as one: the weights of all are stacked, and
# every matrix product is a batched one (`torch.func`). 64 networks, each on 200 of the 400, here
# and now:

# %%
problem = evidence.privacy.problem()
chosen = torch.cat([problem.forget, problem.retain])
x, y = problem.inputs[chosen], problem.labels[chosen]
included = metrics.halves(models=64, examples=len(chosen))
ensemble = evidence.shadow.train_ensemble(
    evidence.privacy.build, x, y, included, epochs=20, lr=1e-2
)
with torch.no_grad():
    right = torch.stack([model(x) for model in ensemble]).argmax(2) == y

# %%
i = 0  # by hand, one example
with_it = right[included[:, i], i].double().mean()
without = right[~included[:, i], i].double().mean()
print(
    f"example 0: right in {100 * with_it:.0f} percent of the networks that saw it, "
    f"in {100 * without:.0f} percent of the others"
)

memorised = memorisation(right, included)
floor = metrics.memorisation_floor(right, included)
assert memorised[i] == with_it - without

# %%
surer = forget["original"].mean(0) - forget["retrained"].mean(0)
picture = graphs.graph(
    curves={"_examples": (memorised[:60], surer)},
    looks=[{**style.RETAIN, "color": style.BLUE}],
    xlabel="memorisation score",
    ylabel="margin: originals less retrained",
    finding="A handful of examples is memorised, and on these originals lead the most",
)
evidence.pictures.draw_floor(picture.axes[0], floor[:, :60].flatten())
picture

# %%
known = memorised[:60] > 0.3
attacked = metrics.u_lira(forget["original"], truth)
# what a network says and what it saw, left out together
both = torch.stack([right[:, :60], included[:, :60]], 1)
scores = {"mean score of the 60": metrics.memorisation, "its floor": metrics.memorisation_floor}
for name, metric in scores.items():
    print(f"{name:21}", metrics.jackknife(lambda some: metric(some[:, 0], some[:, 1]).mean(), both))
unseen = said.margins["unseen"]
elsewhere = metrics.u_lira(unseen["original"], unseen["retrained"][32:]).mean()
print(
    f"memorised: {int(known.sum())} of 60. U-LiRA on originals: {attacked[known].mean():.2f} on "
    f"these, {attacked[~known].mean():.2f} on the others; {elsewhere:.2f} on digits nobody saw"
)

# %%
assert 3 <= known.sum() <= 8 and attacked[known].mean() > 0.9 > 0.8 > attacked[~known].mean()
assert np.corrcoef(memorised[:60], surer)[0, 1] > 0.6
assert surer[known].min() > surer[~known].max() and abs(attacked[~known].mean() - elsewhere) < 0.03

# %% [markdown]
# Six of sixty have a score over $.3$. On them the attack is right nearly always. On the rest it is
# right no more often than on digits that neither kind of network saw: there it finds populations,
# as in notebook 13, and no example. Averages over a random forget set are averages over examples of
# which most were never in doubt, so report the worst as well, or choose the forget set by
# memorisation.
#
# ### And after unlearning?
#
# What do the recorded networks of every method make of the six? The record has margins, and a
# margin above $0$ means that the label gets more than half of the probability:

# %%
surely = {name: (forget[name] > 0)[:, known].double().mean().item() for name in forget}
for name in sorted(surely, key=surely.get):
    print(f"{name:11} more than half for {100 * surely[name]:3.0f} percent of the memorised")
for name in ("Ridge", "KL-Unif"):
    half, right_60 = (forget[name] > 0).double().mean(), said.accuracy["forget"][name].mean()
    print(f"{name}, all 60: more than half {half:.2f}, right {right_60:.2f}")
assert right_60 > half + 0.1  # of KL-Unif

# %% [markdown]
# More than half is less often than *right*: the likeliest of ten classes may have less. KL-Unif
# makes networks unsure on purpose, so this list says little of what such a network knows; and it is
# of one forget set, and six examples. Zhao et al. (2024) choose whole forget sets by their
# memorisation, and find that a set is the harder to unlearn the more of it was memorised. Here are
# three sets of 30 of the 400 digits: the least, the next to most and the most memorised.

# %%
order = memorised.argsort(stable=True)
levels = {"low": order[:30], "medium": order[-60:-30], "high": order[-30:]}
test_set = problem.inputs[problem.test], problem.labels[problem.test]


def right_of_all(models, gone):
    """Accuracy of every model on forget, retain and test examples."""
    parts = {"forget": (x[gone], y[gone]), "retain": (x[~gone], y[~gone]), "test": test_set}
    share = lambda model, inputs, labels: (model(inputs).argmax(1) == labels).double().mean().item()
    with torch.no_grad():
        return [{part: share(model, *data) for part, data in parts.items()} for model in models]


# %%
def unlearned_all(gone, count=8):
    """By name, the accuracies of originals, retrained networks and every method's networks."""
    everything = torch.ones(count, 400, dtype=torch.bool)
    sees = torch.cat([everything, (~gone).expand(2 * count, -1)])
    stack = evidence.shadow.train_ensemble(evidence.privacy.build, x, y, sees, epochs=20, lr=1e-2)
    sets = {"retain": TensorDataset(x[~gone], y[~gone]), "forget": TensorDataset(x[gone], y[gone])}
    how = {"build": evidence.privacy.build, "evaluate": lambda model: {}, "batch_size": 60, **sets}
    tasks = [ul.Task("digits", "classification", i, stack[i], None, **how) for i in range(count)]
    models = {"original": stack[:count], "retrained": stack[count:]}
    for name, method in said.methods.items():
        models[name] = [ul.unlearn(task, method, evidence.privacy.EPOCHS).model for task in tasks]
    return {name: right_of_all(some, gone) for name, some in models.items()}


# %%
of_levels, forgets = {}, {}
for level, some in levels.items():
    found = unlearned_all(torch.isin(torch.arange(400), some))
    truths = found.pop("retrained")
    scores = {
        name: np.array([metrics.tow(*pair) for pair in zip(runs, truths)])
        for name, runs in {**found, "retrained": truths[8:]}.items()
    }
    title = f"{level}: mean score {memorised[some].mean():.2f}"
    of_levels[title] = scores, metrics.gap_floor(metrics.tow, truths)
    forgets[level] = {
        name: np.mean([run["forget"] for run in runs]) for name, runs in found.items()
    }
    forgets[level]["retrained"] = np.mean([run["forget"] for run in truths])

# %% tags=["nbval-ignore-output"]
print("share of the forget set that is right:")
print(pandas.DataFrame(forgets).round(2).to_string())
within = []
for title, (scores, null) in of_levels.items():
    bottom, top = np.quantile(null, [0.05, 0.95])
    within.append([name for name in methods if bottom <= scores[name].mean() <= top])
    print(f"{title}; floor {null.mean():.3f}, means in its band: {', '.join(within[-1]) or 'none'}")
low, medium, high = (scores for scores, _ in of_levels.values())
falls = {name: metrics.interval(medium[name] - high[name]) for name in methods}
for name in ("l1-Sparse", "NGP", "Ridge", "Retrain"):
    print(f"from medium to high {name:9} falls by {falls[name]}")
evidence.pictures.beside(
    of_levels, "Tug of war: all means fall from low to medium, nine of thirteen fall far to high"
)

# %%
assert min(scores.mean() for name, scores in low.items() if name != "Retrain") > 0.85
assert all(medium[name].mean() < low[name].mean() for name in methods)
alike = [name for name in methods if falls[name].low < 0.1]
assert alike == ["Retrain", "NGP", "Ridge", "l1-Sparse"]
assert all(falls[name].low < 0 < falls[name].high for name in ("NGP", "Ridge", "l1-Sparse"))
assert len(within[0]) < 7 and not within[1] and within[2] == ["Retrain", "Ridge"]


# %% [markdown]
# On this problem, at these settings (chosen for another forget set), eight networks a level: where
# nothing was memorised, doing nothing scores as a retrained network does. Most methods do worse
# than that: they pay for what they need not do. All thirteen means fall from the first level to the
# second, where none is in the band. Where most was memorised, retrained networks have a quarter of
# the set right, and nine methods fall again, by $.3$ and more. The fall of l1-Sparse and NGP is not
# shown: the interval, start by start, includes zero (the floor itself falls by $.03$). Retrain and
# Ridge do not fall, and only they are in the band; MinNorm-OG still has three quarters right. Zhao
# et al. report that trend on larger networks.

# %% [markdown]
# ## 2 · Beside the task's own measures: label erasure
#
# In notebook 09 a network was to forget color; its forget error said how far. What do the metrics
# of one network say of the same runs? Forget set: the red and green copies that were trained on.
# Unseen: the red and green copies that were not, class by class. Every method at the setting that
# was nearest to the ideal in that notebook's record, seeds 1 to 5; NTK forgetting and RUM (with
# NGP) have a record of their own there, without attacks. Tug of war and average gap compare the
# accuracies (both heads) on forget set, retain set and gray test images with those of the ground
# truth of another seed, which is also what their floor does.
#
# **Predict, then run.** The originals see every color, with a forget error of $2/3$. How well does
# the attack do on them?


# %%
def runs_of(name):
    """The runs of a record; where relearning took longer than it was tried, infinity."""
    runs = recorded.read(name)["runs"]
    if "relearn" in runs:
        runs["relearn"] = runs.relearn.astype(float).fillna(np.inf)
    return runs


# %%
PARTS = ["forget", "retain", "test"]
everyone = runs_of("evidence-erasure")
erased = everyone[everyone.method != "untrained"]
two = runs_of("erasure-others")  # NTK and RUM, which no attack was run on
two["gap"] = np.hypot(1 - two.retain_accuracy, two.forget_error)
setting = ["method", "lr", "reg", "ascent", "groups", "order"]
gap = two.groupby(setting, dropna=False).gap.transform("mean")
with_two = pandas.concat([erased, two[gap == gap.groupby(two.method).transform("min")]])
asked_for = ["retain_accuracy", "forget_error", "mia", "svc"]
means = with_two.groupby("method", sort=False)[asked_for].mean()
print(means.round(2).to_string(na_rep="--"))


# %%
def paired(table, metric):
    """Gaps in accuracy by method, seed by seed, and their floor: all pairs of ground truths.

    table: every method's rows.
    """
    named = lambda some: [dict(zip(PARTS, row)) for row in some.tolist()]
    every = torch.tensor(table["ground truth"][PARTS].to_numpy())
    truths = named(every)
    others = truths[-1:] + truths  # for each seed the ground truth of another
    pairs = {name: zip(named(runs[PARTS].to_numpy()), others) for name, runs in table.items()}
    scores = {name: np.array([metric(*pair) for pair in some]) for name, some in pairs.items()}
    of_all = lambda some: metrics.gap_floor(metric, named(some)).mean()
    sure = metrics.jackknife(of_all, every, groups=len(truths))
    return scores, metrics.gap_floor(metric, truths), sure


# %%
ASKED = {"attack: logistic": "mia", "attack: SVC": "svc", "relearning, steps": "relearn"}


def panels(frame, measure, words, late):
    """What one network is asked on a recorded task, with floors. late: for a longer relearning."""
    table, found = dict(list(frame.groupby("method", sort=False))), {}
    for title, column in {words: measure, **ASKED}.items():
        scores = {name: runs[column].clip(upper=late).to_numpy() for name, runs in table.items()}
        found[title] = scores, scores["ground truth"], metrics.interval(scores["ground truth"])
    found["tug of war"] = paired(table, metrics.tow)
    found["average gap"] = paired(table, metrics.average_gap)
    return found


# %%
def marked(panels, **limits):
    """The panels; the titles of those whose first word is in `limits` say where values end."""
    ends = {title: limits.get(title.split()[0].strip(",")) for title in panels}
    words = {title: f"\n(at {end}: {end} or more)" if end else "" for title, end in ends.items()}
    return {f"{title}{words[title]}": panel for title, panel in panels.items()}


with_test = erased.assign(test=erased.retain_accuracy)
of_erasure = panels(with_test, "forget_error", "forget error", late=41)
evidence.pictures.beside(
    marked(of_erasure, relearning=41),
    "The attacks find the originals, and hardly GA, whose forget error is high",
)

# %%
null = of_erasure["attack: logistic"][1]
above = {}
for kind in ("mia", "svc"):
    seeds = erased.pivot(index="seed", columns="method", values=kind)
    above[kind] = {
        name: metrics.interval(seeds[name] - seeds["ground truth"])
        for name in ["original", *methods]
    }
    apart = [name for name, sure in above[kind].items() if sure.low > 0 or sure.high < 0]
    print(f"{kind}, GA less its ground truth: {above[kind]['GA']}; zero is outside for {apart}")

assert apart == ["original", "GA"] and above["mia"]["GA"].low < 0
assert means.loc["original", "mia"] < 0.62 and abs(null.mean() - 0.5) < 0.02
assert (means.loc[methods, "mia"] - null.mean()).abs().max() < 0.025
assert means.loc["GA", "forget_error"] > 0.4 and means.loc["GA", "mia"] < 0.53

# %% [markdown]
# The originals are told with $.59$, and every method's mean is within $.02$ of the floor of $.50$.
# **GA is, too, with two thirds of the forget error left**: less than a quarter of the originals'
# lead by the logistic attack, and an interval by seed that includes zero. It is the farthest of the
# thirteen all the same, and by the SVC attack the one method whose interval excludes zero, of
# twenty-six. The attack asks whether *these* red digits were in the training set. What was to be
# forgotten is that there is red. A network may forget the first and keep the second.
#
# Tug of war and average gap do see it: a tug of war of $.5$ for GA, $0$ for doing nothing, $.9$ for
# MinNorm-OG, GD and SCRUB. No run of any method reaches the floor, which is next to $1$.
#
# The other way round, the task's own numbers cannot tell a network that forgot color from one whose
# color head has a large bias for gray (notebook 09). Relearning can ask: how many steps until the
# color of the forget set is back (a loss of $.1$; 40 steps at most, 41 stands for more)?

# %%
endless = float("inf")
medians = erased.groupby("method", sort=False).relearn.median()
print({name: "more than 40" if value == endless else int(value) for name, value in medians.items()})
of = erased.groupby("method")[["retain_accuracy", "forget_error"]].mean().loc[methods]
tugs = pandas.Series({name: of_erasure["tug of war"][0][name].mean() for name in methods})
ranked = of.assign(relearn=medians, tug=tugs, gap=np.hypot(1 - of.retain_accuracy, of.forget_error))
agree = ranked.rank().corr().round(2)
print("rank correlation of 13: relearning, forget error", agree.relearn.forget_error)
print("tug of war, distance to the ideal", agree.tug.gap)
assert agree.relearn.forget_error < -0.8 and agree.tug.gap < -0.9
best = max(of_erasure["tug of war"][0][name].max() for name in methods)
assert best < of_erasure["tug of war"][1].min()
assert (erased.loc[erased.method == "ground truth", "relearn"] == endless).all()
assert sum(medians[name] <= 20 for name in methods) >= 6
assert medians["Ridge"] > 25 and medians["MinNorm-OG"] <= 20

# %% [markdown]
# The ground truth has no color after 40 steps. MinNorm-OG, with a forget error near zero, has it
# back in about 15; so do GD, NGP and SCRUB. Ridge, l1-Sparse, SalUn and KL-Unif, which give up more
# than one digit in ten for it, hold out longer, and Retrain longest. By rank relearning agrees with
# the forget error. By size it does not: MinNorm-OG and GD end next to the ground truth in forget
# error, and less than half way to it in steps. Was color only covered up, and are the features
# still there? Relearning alone cannot tell.
#
# The features of a network can be asked directly. A **linear probe** is a ridge regression on what
# the heads see, here on 500 training images in each of three colors; it is scored on test images.
# **Predict, then run.** What does it read in a ground truth, that was never asked for a color? And
# in a network that was never trained at all?

# %%
read = everyone.groupby("method", sort=False)[["probe", "probe_few"]].agg(["mean", "min", "max"])
print(read.round(2).to_string())
by_method = dict(list(everyone.groupby("method", sort=False)))
of_probe = {
    f"color is read, {count} images": (
        {name: runs[column].to_numpy() for name, runs in by_method.items()},
        by_method["ground truth"][column],
    )
    for column, count in (("probe", 500), ("probe_few", 10))
}
evidence.pictures.beside(of_probe, "MinNorm-OG is above the band of ground truths, GD within it")


# %% [markdown]
# Is a lead more than chance? **Student's paired $t$ test** divides the mean lead by its standard
# error, the leads' standard deviation over $\sqrt n$ for $n$ seeds; $p$ is the chance of a ratio as
# far from zero if leads are Gaussian about zero ($n - 1$ degrees of freedom). **Holm's rule** takes
# the smallest of $k$ such $p$ times $k$, the next times $k - 1$ and so on, none below the one
# before. A lead is *shown* here if that is under $.05$.


# %%
def tested(leads):
    """p of every lead (a column, one row a seed), smallest first, and what Holm's rule makes of it.

    leads: a data frame.
    """
    errors = leads.mean() / leads.sem()
    p = 2 * stats.t.sf(errors.abs(), len(leads) - 1)
    table = pandas.DataFrame({"p": p}, index=leads.columns).sort_values("p")
    factors = np.arange(len(table), 0, -1)
    return table.assign(Holm=(table.p * factors).cummax().clip(upper=1))


# %%
probed = everyone.pivot(index="seed", columns="method", values="probe")
lead = {name: metrics.interval(probed[name] - probed["ground truth"]) for name in methods}
for name in ("MinNorm-OG", "GD", "GA", "SCRUB", "Ridge"):
    print(f"{name:11} less its ground truth: {lead[name]}")
floor = probed["ground truth"]
sure = tested(probed[methods].sub(floor, axis=0))
print(f"of {len(sure)} tests, the two smallest:", sure[:2].round(3).to_string(), sep="\n")
assert {*sure.index[:2]} == {"GA", "MinNorm-OG"} and sure.Holm.min() > 0.1
assert lead["MinNorm-OG"].low > 0 > lead["GD"].low and lead["GA"].low > 0 > lead["SCRUB"].low
assert floor.min() > 0.8 and probed["untrained"].mean() > floor.mean()
assert probed["MinNorm-OG"].mean() > floor.max() > probed["GD"].mean() > floor.min()

# %% [markdown]
# Nine in ten, in networks that never needed color: it is easy to see, and features of anything
# carry it. So "color can be read from it" is no evidence that anything was kept, and the floor is
# high. MinNorm-OG lies above every one of the five ground truths, by $.07$ on average, with an
# interval that excludes zero; GA's does as well, by $.06$. These are two of thirteen comparisons,
# on five seeds, and neither is shown after Holm. Nor is a network with *more* color than its
# ground truth one that kept it: untrained ones have more, too. For GD and SCRUB, which relearn as
# fast, the interval includes zero. "Covering up" is a suspicion here, and not shown.
#
# ### The same on MNIST and CIFAR-10
#
# MNIST (6,000 images, two seeds) and CIFAR-10 (8,000, one seed), both with a ResNet-18 of width
# 1/8, every method at the setting nearest to the ideal in notebook 09's record of the same data
# (for CIFAR-10 recorded at width 1/4). The attack compares 600 and 800 forgotten copies with
# others.

# %%
of_data = {"digits": everyone}
of_data |= {name: runs_of(f"evidence-erasure-{name}-quick") for name in ("mnist", "cifar10")}
table = pandas.concat(
    {name: frame.groupby("method", sort=False).mia.mean() for name, frame in of_data.items()},
    axis=1,
)
print(table.round(2).to_string())

# %%
caught = {name: column["original"] - column["ground truth"] for name, column in table.items()}
left = {name: (table[name][methods] - table[name]["ground truth"]).abs().max() for name in table}
print("originals above their floor:", pandas.Series(caught).round(2).to_dict())
print("the farthest method from it:", pandas.Series(left).round(2).to_dict())
assert min(caught.values()) > 0.05 and left["digits"] < 0.03
reads = {name: frame.groupby("method").probe.mean() for name, frame in of_data.items()}
some = ["untrained", "ground truth", "Retrain", "MinNorm-OG", "GD"]
print("color is read:", pandas.DataFrame(reads).loc[some].round(2).to_string(), sep="\n")
assert reads["mnist"]["ground truth"] > reads["mnist"]["MinNorm-OG"]
on_cifar = reads["cifar10"].drop(["ground truth", "Retrain"])
assert on_cifar.min() > 0.99 and reads["cifar10"][["ground truth", "Retrain"]].max() < 0.94
near = table.loc[["MinNorm-OG", "GD", "Retrain"]] - table.loc["ground truth"]
assert near.abs().max().max() < 0.035

# %% [markdown]
# The attack finds originals on all three, by $.07$ to $.10$. On MNIST and CIFAR-10 NPO stands where
# the original does: at its setting it forgot nothing there, and on CIFAR-10 GA and SCRUB forgot
# little. MinNorm-OG, GD and Retrain end within $.03$ of the floor. Two seeds and one have no
# interval.
#
# The probe does not say the same on all three. On MNIST the ground truths' features have *more*
# color than MinNorm-OG's, by $.02$. On CIFAR-10 every method but Retrain has all of it, as the
# untrained network does, and the ground truth $.88$: there nothing sets MinNorm-OG apart from GD.
#
# ### Two numbers, one point
#
# Goel et al. (2024) ask for *corrective* unlearning, of data that were manipulated, and judge by a
# pair: accuracy on the domain that the manipulation affects, with *corrected* labels, and on the
# rest. Here [ours] a red digit is to be called gray, and gray ones are the rest.

# %%
pair = {
    words: (
        {name: runs[column].to_numpy() for name, runs in with_two.groupby("method", sort=False)},
        by_method["ground truth"][column],
    )
    for column, words in (("utility", "utility: gray"), ("unlearning", "unlearning: red, green"))
}
both = with_two.groupby("method", sort=False)[["utility", "unlearning"]].mean()
print(both.round(2).to_string())
seeds = with_two.pivot(index="seed", columns="method", values="unlearning")
ahead = {name: metrics.interval(seeds["GD"] - seeds[name]) for name in seeds if name != "GD"}
print("GD is ahead, by seed, of:", [name for name, sure in ahead.items() if sure.low > 0])
assert both.unlearning.idxmax() == "GD" and both.loc["ground truth", "unlearning"] < 0.4
assert max(ahead[name].low for name in ("MinNorm-OG", "SCRUB", "NegGrad", "NGP", "RUM (NGP)")) < 0
evidence.pictures.beside(pair, "Most methods are above the band of ground truths on the right")

# %% [markdown]
# GD calls most of the red and green ones gray and by their name, $.80$. MinNorm-OG, SCRUB, NegGrad,
# NGP and RUM with NGP follow with $.75$ or $.76$, at as many or more of the gray ones; by seed,
# GD's lead over each of the five includes zero. But look at the band on the right: the ground
# truth, trained on gray images alone, calls only a third of the red and green digits by their name
# *and* gray. It was never taught to. So the pair rewards a correction that retraining does not
# make, and most methods are above its floor.
#
# **Many networks.** Five seeds have five forget sets, and the metrics that compare distributions
# need many networks on *one*. So a small copy of the task: 150 gray digits to retain, 30 red and 30
# green to forget, and a network 192-32-3 that names the color alone; it trains in a moment.

# %%
epsilons, quality = evidence.challenge.epsilons, evidence.challenge.forgetting_quality
SCORES = {
    "U-LiRA": lambda a, b: metrics.u_lira(a, b).mean(),
    "KLoM": lambda a, b: metrics.klom(a, b).mean(),
    "challenge": lambda a, b: quality(epsilons(a, b)),
}
in_words = lambda metric, r: f"{metric} {r.mean:5.2f} [{max(r.low, 0):4.1f}, {r.high:4.1f}]"


# %%
def many(groups, pool):
    """What the three say of every group against half of the retrained ones in `pool`.

    And their floors, with intervals.
    """
    half, table = len(pool) // 2, {}
    for name, values in {**groups, "retrained": pool[:half]}.items():
        judge = lambda score: metrics.jackknife(score, values, pool[half:])
        table[name] = {metric: judge(score) for metric, score in SCORES.items()}
    by_chance = lambda score, some: metrics.against_itself(score, some, draws=3).mean()
    floor = lambda score: metrics.jackknife(lambda some: by_chance(score, some), pool)
    table["floor"] = {metric: floor(score) for metric, score in SCORES.items()}
    for name, row in table.items():
        print(f"{name:34}", "   ".join(in_words(metric, r) for metric, r in row.items()))
    return table


# %%
def colored(count):
    """(gray, red and green) digits as (n, 192) numbers in [-.5, .5], and their colors: 0, 1, 2."""
    images = TensorDataset(*(t[:count] for t in ul.erasure.images().train.tensors))
    parts = [ul.erasure.painted(images, name).tensors for name in ("gray", "red", "green")]
    return [(pixels.flatten(1) / 255 - 0.5, targets[:, 1]) for pixels, targets in parts]


gray, red, green = colored(180)
keep = [part[:150] for part in gray]
to_forget = [torch.cat([a[150:], b[150:]]) for a, b in zip(red, green)]

# %%
x, y = (torch.cat(pair) for pair in zip(keep, to_forget))
sees = torch.ones(48, len(x), dtype=torch.bool)
sees[16:, 150:] = False  # 16 originals, 32 that never saw a color
network = lambda *widths: lambda seed: ul.networks.seeded(lambda: ul.MLP(widths), seed)
stack = evidence.shadow.train_ensemble(network(192, 32, 3), x, y, sees, epochs=15, lr=1e-2)

# %% tags=["nbval-ignore-output"]
settings = {
    "GD": ul.GD(lr=1e-2),
    "Ridge": ul.Ridge(lr=1e-2, reg=1e-2, reg_decay=0.9),
    "MinNorm-OG": ul.MinNormOG(lr=1e-2, reg=0.1, reg_decay=0.9),
}
sets = {"retain": TensorDataset(*keep), "forget": TensorDataset(*to_forget), "batch_size": 60}
same = {"build": network(192, 32, 3), "evaluate": lambda model: {}, **sets}
small = [ul.Task("color", "classification", i, stack[i], None, **same) for i in range(16)]


# %% tags=["nbval-ignore-output"]
@torch.no_grad()
def says(some, inputs, labels):
    return metrics.margin(torch.stack([model(inputs) for model in some]), labels)


groups = {"original": says(stack[:16], *to_forget)} | {
    name: says([ul.unlearn(task, method, 10).model for task in small], *to_forget)
    for name, method in settings.items()
}
of_color = many(groups, says(stack[16:], *to_forget))
assert min(of_color[name]["KLoM"].low for name in settings) > of_color["floor"]["KLoM"].high

# %% [markdown]
# By KLoM all three methods lie beyond the floor's interval. By the other two scores they are at the
# end of the scale, MinNorm-OG nearly. But the intervals of the retrained networks and of the floor
# are wide: by U-LiRA they reach from $0$ to $.9$ and $1$, by the challenge's score from $0$ to $.5$
# and $.4$. **The sixty examples are one question**, "is there red?", and a network answers all
# sixty alike. Thirty-two networks are then thirty-two answers, whatever the number of examples.

# %% [markdown]
# ## 3 · Width
#
# Notebook 12 makes networks wider until they interpolate. Do the metrics see more then? AllCNN on
# digits, 200 examples to forget, seven widths; unseen are held-out and test images of the same four
# classes. Two retrained networks at each width are the floor.
#
# **Predict, then run.** The narrowest network gets more than half of its own training images wrong.
# What does the attack say of it?

# %%
parts = ul.width.splits()
both = zip(parts["forget_validation"].tensors, parts["forget_test"].tensors)
fresh_images, fresh_labels = (torch.cat(pair) for pair in both)


@torch.no_grad()
def attack_at(model, attack="logistic"):
    pairs = parts["forget"].tensors, (fresh_images, fresh_labels)
    losses = [F.cross_entropy(model(images), labels, reduction="none") for images, labels in pairs]
    labels = {"seen_labels": pairs[0][1], "unseen_labels": fresh_labels}
    return metrics.mia(*losses, attack=attack, repeats=4, **labels)


# %%
widths = ul.width.ladder(network="allcnn")
found = {width: ul.width.task(width=width, network="allcnn") for width in widths}
originals = [attack_at(task.original) for task in found.values()]
pairs = [
    (task.ground_truth, ul.width.retrained_again(width=width, network="allcnn"))
    for width, task in found.items()
]
retrained_ones = [[attack_at(model) for model in pair] for pair in pairs]
ends = np.array(retrained_ones)
spread = np.stack([widths, ends.mean(1), np.ptp(ends, axis=1) / 2], 1)

# %%
no_error = np.full(len(widths), np.nan)
both = {
    "original": np.stack([widths, originals, no_error], 1),
    "retrained": np.stack([widths, ends.mean(1), no_error], 1),
}
ch12_width.pictures.curves(
    {"band: two retrained networks": both},
    ylabel="attack accuracy",
    limits=(0.42, 0.62),
    band=spread,
    finding="The originals' rises with the width, that of retrained networks stays near one half",
)

# %%
narrow = found[widths[0]].evaluate(found[widths[0]].original)
at_home, away = narrow["forget_error"], narrow["forget_test_error"]
print(f"narrowest: forget error {at_home:.2f}, error on unseen images of these classes {away:.2f}")

assert at_home > 0.4 and abs(at_home - away) < 0.05
still = np.mean(retrained_ones)
assert abs(originals[0] - still) < 0.05 < min(originals[3:]) - still + 0.02


# %% [markdown]
# Of the narrowest the attack sees nothing, and rightly: its forget error is that on unseen images.
# An underparameterized network can be private before anybody unlearns anything, at the price of
# being bad: a finding of paper B, which shows here too. Wider, the attack rises to about $.57$ and
# stays there, while the floor stays around $.5$, with one original a width.
#
# And the methods? One of the wide networks, the methods of paper B, MinNorm-OG and Retrain at
# settings from notebook 12's grid, three runs each from the same original (so the intervals are
# over runs, not over originals; notebook 12 has the attack for five originals). The floor is the
# two retrained networks.


# %%
def asked_width(model, other, task):
    """What one network of the width task can be asked; `other` is a retrained network."""
    errors = task.evaluate(model)
    right = lambda found: {part: 1 - found[f"{part}_error"] for part in PARTS}
    both = right(errors), right(task.evaluate(other))
    return {
        "forget error": errors["forget_error"],
        "test error": errors["test_error"],
        "attack: logistic": attack_at(model),
        "attack: SVC": attack_at(model, "svc"),
        "tug of war": metrics.tow(*both),
        "average gap": metrics.average_gap(*both),
        "relearning, steps": min(21, ch.relearn_time(model, task.forget, 0.05, max_steps=20)),
    }


# %% tags=["nbval-ignore-output"]
wide, (first, second) = found[widths[5]], pairs[5]
frozen = {"batch_norm": "frozen"}
for_privacy = [
    ul.SCRUB(lr=3e-4, reg=0.1, ascent=0.3, variant="original", max_epochs=4, **frozen),
    ul.NegGrad(lr=3e-4, ascent=0.1, **frozen),
    ul.L1Sparse(lr=1e-3, reg=1e-3, **frozen),
    ul.MinNormOG(lr=1e-3, reg=0.01, descent_epochs=3, **frozen),
    ul.Retrain(lr=1e-2, batch_norm="retain"),
]
networks = {"original": [(wide.original, second)], "retrained": [(first, second), (second, first)]}
networks |= {
    method.name: [(ul.unlearn(wide, method, 6, seed=seed).model, second) for seed in range(3)]
    for method in for_privacy
}

# %% tags=["nbval-ignore-output"]
table = {name: [asked_width(*pair, wide) for pair in some] for name, some in networks.items()}
column = lambda title: {
    name: np.array([row[title] for row in runs]) for name, runs in table.items()
}
of_width = {title: (column(title), column(title)["retrained"]) for title in table["original"][0]}
caught = {name: np.mean(column("attack: SVC")[name]) for name in table}
assert caught["Retrain"] > caught["retrained"] + 0.01
assert column("tug of war")["Retrain"].max() < 0.6
simple = column("attack: logistic")
assert abs(simple["Retrain"].mean() - simple["retrained"].mean()) < 0.02
evidence.pictures.beside(
    marked(of_width, relearning=21),
    "Retrain is near the floor of one attack of two, and far from it in the tug of war",
)

# %% [markdown]
# By the logistic attack all methods come down from the original's $.57$, to $.54$ and less.
# Retrain, which after six epochs has half of the forget set and more than a quarter of the test set
# wrong, is **within $.01$ of the floor**; the tug of war says what that is worth. The SVC attack
# "finds" it about as often as the original, with $.52$. A false alarm: Retrain starts from fresh
# weights and descends on retain batches alone, so it never saw the 200. It is half trained, and the
# floor is of networks that were trained to the end. Relearning cannot tell here: a retrained
# network needs one or two steps, because it knows nearly all of the 200 anyway.
#
# **Many networks** of several widths: the digits of section 1, one hidden layer of 2 to 128
# neurons, 16 originals and 32 retrained each. **Predict, then run.** In which of the two, the
# narrow or the wide, do the 60 leave more of a trace?

# %% tags=["nbval-ignore-output"]
by_width, of_unseen, margins, shares, seen = {}, {}, {}, {}, torch.arange(48) < 16
x, y = problem.inputs[chosen], problem.labels[chosen]
for neurons in (2, 8, 128):
    included = seen[:, None] | (torch.arange(400) >= 60)  # the 60 come first
    ensemble = evidence.shadow.train_ensemble(
        network(64, neurons, 10), x, y, included, epochs=20, lr=1e-2
    )
    said_here = says(ensemble, x[:60], y[:60]).double()
    on_unseen = says(ensemble, *(part[:60] for part in test_set)).double()
    by_width[neurons] = many({"original": said_here[:16]}, said_here[16:])
    of_unseen[neurons] = metrics.jackknife(SCORES["U-LiRA"], on_unseen[:16], on_unseen[32:])
    margins[neurons] = torch.stack([said_here, on_unseen], 2).split(16)  # three sixteens
    correct = [row["forget"] for row in right_of_all(ensemble, torch.arange(400) < 60)]
    shares[neurons] = torch.tensor(correct, dtype=torch.float64).split([16, 32])
    print(f"{neurons} neurons: U-LiRA on unseen {of_unseen[neurons]}\n")

# %% tags=["nbval-ignore-output"]
leads = {}
for neurons, (ours, others) in shares.items():
    leads[neurons] = metrics.jackknife(lambda a, b: a.mean() - b.mean(), ours, others)
    print(
        f"{neurons:3} neurons, right of the 60: {ours.mean():.2f} of originals, "
        f"{others.mean():.2f} of retrained; the difference {leads[neurons]}"
    )
lira = SCORES["U-LiRA"]
beyond = lambda a, b: lira(a[..., 0], b[..., 0]) - lira(a[..., 1], b[..., 1])
of_these = {n: metrics.jackknife(beyond, some[0], some[2]) for n, some in margins.items()}
of_both = lambda kind: torch.stack([said.margins[part][kind] for part in ("forget", "unseen")], 2)
of_these["notebook 13's"] = metrics.jackknife(
    beyond, of_both("original"), of_both("retrained")[32:]
)
print("U-LiRA of the 60, less that of unseen:", {n: str(sure) for n, sure in of_these.items()})

# %%
assert leads[2].low < 0 < leads[8].low < leads[8].mean < 0.06 and leads[128].low > 0.02
assert max(of_these[128].low, of_these["notebook 13's"].low) < 0 < of_these[128].mean
low, high = by_width[2]["original"], by_width[128]["original"]
assert low["U-LiRA"].mean < 0.62 and low["U-LiRA"].low < by_width[2]["floor"]["U-LiRA"].mean
floor = by_width[128]["floor"]
assert high["U-LiRA"].low > floor["U-LiRA"].mean + 0.05
assert high["KLoM"].mean > floor["KLoM"].mean + 1
assert high["challenge"].mean < low["challenge"].mean
assert high["U-LiRA"].mean > of_unseen[128].mean > 0.6 > of_unseen[8].mean
assert by_width[8]["original"]["U-LiRA"].low < by_width[8]["floor"]["U-LiRA"].mean

# %% [markdown]
# Two neurons leave none that is seen here: by all three metrics, and by accuracy, originals look
# like retrained networks. With eight the three metrics see none either. Accuracy does: originals
# have $.93$ of the 60 right, the others $.90$, and the interval of the difference excludes zero.
# With 128, which have all of them right, the attack is right nearly three times in four. But on
# digits that nobody saw it is right two times in three. Is the rest, $.06$, about these sixty? 16
# originals do not show it, nor do notebook 13's 32: the interval of the difference includes zero.
# Accuracy does, by $.05$. (One draw of data.)

# %% [markdown]
# ## 4 · Linear models: exact, and caught every time
#
# For a linear model $f = \theta^\top x$ theory knows the answer (notebook 05): project $\theta^*$
# on the span of the retain inputs, and you have the minimum-norm interpolator of the retain set,
# exactly. 32 originals from random starts, 64 retrained ones from random starts, both by gradient
# descent to the end (in closed form). In the place of the margin stands the prediction itself.

# %%
g = torch.Generator().manual_seed(0)
draw = lambda *shape: torch.randn(*shape, generator=g, dtype=torch.float64)
X, Y = draw(80, 90) / 90**0.5, draw(80)
X_forget, X_retain, X_unseen = X[:20], X[20:60], X[60:]
Y_forget, Y_retain, Y_unseen = Y[:20], Y[20:60], Y[60:]
linear = {"original": [ul.linear.gd_limit(X[:60], Y[:60], draw(90)) for _ in range(32)]}
linear["retrained"] = [ul.linear.gd_limit(X_retain, Y_retain, draw(90)) for _ in range(64)]
linear["projected: exact by Theorem 2"] = [
    ul.linear.unlearn(theta, X_retain) for theta in linear["original"]
]

says = lambda thetas: torch.stack(thetas) @ X_forget.T
pool = says(linear["retrained"])
others = [name for name in linear if name != "retrained"]
of_linear = many({name: says(linear[name]) for name in others}, pool)

# %% [markdown]
# By U-LiRA and the challenge's score the exact answer is caught *every single time*. (KLoM's
# interval includes its floor.) All 32 projections are one and the same vector, and retrained
# networks scatter around it: what gradient descent does not need, it leaves as the random start had
# it. Paper A's unlearning asks for the *least complex* interpolator of the retain set; these
# metrics ask for a *typical* one. If "retrained" means "from zero", there is nothing to tell apart.
#
# **Before you read on:** what would have to be added to the projection to pass?

# %%
exact = linear["projected: exact by Theorem 2"]
restarted = "projected, and a new random start"
linear[restarted] = [theta + ul.project_out(draw(90), X_retain) for theta in exact]
of_restarted = many({restarted: says(linear[restarted])}, pool)

caught, passed = of_linear["projected: exact by Theorem 2"], of_restarted[restarted]
from_zero = ul.linear.gd_limit(X_retain, Y_retain, torch.zeros(90, dtype=torch.float64))

assert caught["U-LiRA"].mean > 0.99 and caught["challenge"].mean == 0
assert caught["KLoM"].low < of_linear["floor"]["KLoM"].mean < caught["KLoM"].mean
assert abs(passed["U-LiRA"].mean - 0.5) < 0.08 and passed["challenge"].mean > 0.1
assert passed["KLoM"].mean < of_linear["floor"]["KLoM"].mean + 0.5
assert all(torch.allclose(theta, from_zero) for theta in exact)

# %% [markdown]
# Noise where the retain set cannot feel it: new random numbers outside of the span. It changes no
# prediction on the retain set and makes the result a fair draw from the retrained ones. Nothing was
# *forgotten* by adding it. Which "retrained" one compares with is part of the metric.
#
# The metrics of one model, on the same vectors: the attack on squared errors, forget set against
# twenty samples nobody saw; "right" is a prediction within $.1$ of its label; relearning by Adam at
# $.01$ until the mean squared error of the forget set is $.1$.

# %%
sets = (X_forget, Y_forget), (X_retain, Y_retain), (X_unseen, Y_unseen)
forget_set = TensorDataset(X_forget, Y_forget[:, None])


def asked(name, i):
    """Everything that one linear model can be asked."""
    theta, layer = linear[name][i], torch.nn.Linear(90, 1, bias=False).double()
    torch.nn.utils.vector_to_parameters(theta, layer.parameters())
    off = {part: (x @ theta - y).square() for part, (x, y) in zip(PARTS, sets)}
    attack = lambda kind: metrics.mia(off["forget"], off["test"], attack=kind, repeats=4, seed=i)
    steps = ch.relearn_time(layer, forget_set, 0.1, lr=1e-2, max_steps=200, loss=F.mse_loss)
    right = {part: (squares < 0.01).double().mean().item() for part, squares in off.items()}
    return {"mia": attack("logistic"), "svc": attack("svc"), "relearn": steps, **right}


# %%
def frame_of(groups, seeds=8):
    truth = {"retrained": "ground truth"}
    about = lambda name, i: {"method": truth.get(name, name), "seed": i, **asked(name, i)}
    return pandas.DataFrame([about(name, i) for name in groups for i in range(seeds)])


models = frame_of(linear)
of_linear_one = panels(models, "test", "right on unseen", late=201)
steps = {name: sorted(runs.relearn) for name, runs in models.groupby("method")}
starts = [float((X_forget @ linear[name][0] - Y_forget).square().mean()) for name in linear]
print("relearning:", steps, "first error:", np.round(starts, 1))
assert max(steps["projected: exact by Theorem 2"]) < min(steps["ground truth"])
evidence.pictures.beside(of_linear_one, "Exact unlearning is near every floor")

# %% [markdown]
# Attacks, tug of war and average gap do not object to the projection. Relearning does, by a little:
# it takes fewer steps than any of the eight ground truths. (The shortest vector starts nearer to
# labels of size one than a long random one: the mean squared errors are printed.) One model at a
# time, exact unlearning is near what retraining gives; what gave it away was that it is always *the
# same* model.

# %% [markdown]
# ## 5 · The sine
#
# Five poisoned points at $1.5$, ten seeds, the eight methods of notebook 04 at the paper's best
# settings for $T = 100$. The attack compares the squared errors at the five with those at $(x,
# 1.5)$ for five other $x$. Of numbers that mean nothing at all, five against five, with four draws
# of folds as in the record, it says:

# %%
nothing = torch.randn(20, 2, 5, generator=torch.Generator().manual_seed(0))
five = [metrics.mia(*pair, repeats=4) for pair in nothing]
print(f"20 attacks on noise: from {min(five):.1f} to {max(five):.1f}")

# %% [markdown]
# One attack says nothing; ten seeds have a mean. Relearning: how many steps at $10^{-3}$ until the
# five points are fitted to a mean squared error of $.01$? "Right" is a prediction within $.1$ of
# its target.

# %%
poisoned = runs_of("evidence-sine")
in_frame = poisoned.assign(sup_error=poisoned.sup_error.clip(upper=6))
of_sine = panels(in_frame, "sup_error", "largest error", late=201)
evidence.pictures.beside(
    marked(of_sine, largest=6),
    "Both attacks find the poison in originals, GD and NGD; the others' means are lower",
)

# %%
averages = poisoned.groupby("method")[["mia", "relearn"]].mean()
found, relearn = averages.mia, averages.relearn
tugs = {name: values.mean() for name, values in of_sine["tug of war"][0].items()}
most = {"original", "GD", "NGD"}
shown = {"mia": most, "svc": most | {"NGP", "Ridge"}, "relearn": {"GA", "Retrain"}}
for column, names in shown.items():
    seeds = poisoned.pivot(index="seed", columns="method", values=column).clip(upper=201)
    leads = seeds.sub(seeds["ground truth"], axis=0).drop(columns="ground truth")
    sure = tested(leads)
    print(f"{column}, over each seed's ground truth:")
    print(sure.assign(lead=leads.mean()).round(4).T.to_string())
    print(f"   MinNorm-OG less GD {metrics.interval(seeds['MinNorm-OG'] - seeds['GD'])}")
    assert {*sure.index[sure.Holm < 0.05]} == names and sure.p["MinNorm-OG"] > 0.1

# %%
sups = poisoned.groupby("method").sup_error.median()
ranked = pandas.DataFrame({"sup": sups, "relearn": relearn, "tug": tugs})
eight = ranked.drop(["original", "ground truth"])
with_sup = lambda some: some.rank().corr().loc[["relearn", "tug"], "sup"]
without = pandas.DataFrame({name: with_sup(eight.drop(name)) for name in eight.index})
ends = without.agg(["min", "max"], axis=1).assign(all=with_sup(eight)).round(2)
print(sups.round(1).to_dict())
print("rank correlation with the sup error, one left out, and all:", ends.to_string(), sep="\n")
assert ends["all"].abs().max() < 0.5 < (ends["max"] - ends["min"]).min()
assert without.loc["relearn"].idxmin() == "GA"

assert min(found["original"], found["GD"]) > 0.7 > 0.6 > found["MinNorm-OG"]
assert sorted(tugs, key=tugs.get)[-2:] == ["MinNorm-OG", "ground truth"]
assert tugs["MinNorm-OG"] < 0.8 < of_sine["tug of war"][1].mean()
assert relearn["GD"] < relearn["MinNorm-OG"] and relearn["GA"] > 2 * relearn["ground truth"]

# %% [markdown]
# The mean over seeds does tell: the logistic attack finds the poison in originals, GD and NGD,
# after Holm for nine, and it is not shown for the six others; the SVC attack adds NGP and Ridge.
# The tug of war has MinNorm-OG first, with two thirds of what a ground truth gets, and Retrain last
# but one. Relearning has MinNorm-OG where the ground truths are, ten steps after GD; but NGP, Ridge
# and GD are not told from them, with sup errors of $4.0$, $2.4$ and $2.7$. GA and Retrain take
# longer, shown after Holm: they destroyed, or never had, the rest as well. (Originals need eight
# steps on average: some of the ten end just off the points.)
#
# Whether relearning and tug of war go with the sup error, eight ranks cannot tell: chance gives
# correlations beyond $\pm .7$ in about one case of twenty. Leave out GA, and relearning's $-.02$ is
# $-.54$.
#
# **Many networks.** The small curve of notebooks 01 and 02, one poisoned point, 16 originals and 32
# retrained from different starts, asked at the poisoned point and at four places around it.

# %%
from dataclasses import replace

from unlearnlab.training.fit import fit

curve = ul.curve.task(1)
at = torch.tensor([[-1.6], [-1.4], [-1.2], [-1.0], [-0.8]], dtype=torch.float64)
poison_x, poison_y = curve.forget.tensors


def trained(seed, poisoned):
    model, data = curve.fresh(seed), [curve.retain.tensors, curve.forget.tensors][: 1 + poisoned]
    fit(model, *map(torch.cat, zip(*data)), ul.recipes.full_batch(400, lr=5e-3, weight_decay=0))
    return model.eval()


starts = [replace(curve, original=trained(i, True)) for i in range(16)]
networks = {"original": [task.original for task in starts]}
networks["retrained"] = [trained(i, False) for i in range(16, 48)]

# %% tags=["nbval-ignore-output"]
ways = {
    "GD": ul.GD(lr=1e-3, weight_decay=0),
    "MinNorm-OG": ul.MinNormOG(lr=1e-3, weight_decay=0, reg=0.1, reg_decay=0.95, descent_epochs=25),
}
for name, method in ways.items():
    networks[name] = [ul.unlearn(task, method, 50).model for task in starts]
values = {
    name: torch.stack([model(at).detach().flatten() for model in some])
    for name, some in networks.items()
}
groups = {name: values[name] for name in networks if name != "retrained"}
of_curve = many(groups, values["retrained"])

# %%
close = {name: (found[:, 2:3] - poison_y).abs() < 0.1 for name, found in values.items()}
taught = torch.arange(48)[:, None] < 16
for name in ("original", "GD", "MinNorm-OG"):
    both = torch.cat([close[name], close["retrained"]])
    learnt = metrics.memorisation(both, taught).item()
    by_chance = metrics.memorisation_floor(both, taught).abs().mean()
    print(f"memorised, {name:11} {learnt:.1f}   floor {by_chance:.1f}")

# %%
told = {name: row["U-LiRA"].mean for name, row in of_curve.items()}
ours, null = of_curve["MinNorm-OG"], of_curve["floor"]
assert all(max(ours[m].low, null[m].low) < min(ours[m].high, null[m].high) for m in SCORES)
assert told["GD"] > 0.9 and told["MinNorm-OG"] < told["GD"] - 0.1
assert close["original"].all() and close["GD"].all()
assert not close["retrained"].any() and close["MinNorm-OG"].double().mean() < 0.3


# %% [markdown]
# GD cannot be told from the original: where the original interpolates there is nothing to descend
# (notebook 01). MinNorm-OG is told from retrained curves seven times in ten, between the two; with
# 16 networks its interval and the floor's overlap under every score. The memorisation score agrees:
# all originals and all of GD's have the poisoned label right, no retrained one and none of
# MinNorm-OG's.
#
# ## 6 · Every metric on every task
#
# What the sections above computed, in one table: doing nothing / MinNorm-OG (for linear models the
# projection) / the floor. Width is the AllCNN of section 3, and the 128 neurons for what takes many
# networks, which were not unlearned. (The last digit may be another one on another processor.)


# %%
def of_digits(name, i):
    """What one network of notebook 13 was asked."""
    losses = [F.softplus(-said.margins[part][name][i]) for part in ("forget", "unseen")]
    attacks = {
        key: metrics.mia(*losses, attack=kind, repeats=4, seed=i) for key, kind in KINDS.items()
    }
    accuracies = {part: float(values[name][i]) for part, values in said.accuracy.items()}
    return {**attacks, "relearn": said.relearn[name][i], **accuracies}


KINDS = {"mia": "logistic", "svc": "svc"}
names = {"original": "original", "retrained": "ground truth", "MinNorm-OG": "MinNorm-OG"}
digits = pandas.DataFrame(
    [{"method": words, **of_digits(name, i)} for name, words in names.items() for i in range(8)]
)

# %% tags=["nbval-ignore-output"]
groups = {name: forget[name] for name in ("original", "MinNorm-OG")}
of_many_digits = many(groups, forget["retrained"])

# %%
one = {
    "digits": panels(digits, "test", "right on test", late=201),
    "sine": of_sine,
    "linear": of_linear_one,
    "erasure": of_erasure,
    "width": of_width,
}
several = {"digits": of_many_digits}
several |= {"sine": of_curve, "linear": of_linear, "erasure": of_color, "width": by_width[128]}


def plain(score):
    """A number as text, with fewer places if it is large; a score is one, many or an interval."""
    if score is None:
        return "--"
    value = score.mean if isinstance(score, metrics.Interval) else float(np.mean(np.asarray(score)))
    return f"{value:.{0 if value >= 10 else 1 if value >= 1.5 else 2}f}"


# %%
def cell(task, metric):
    """The three numbers, as text."""
    ours = "projected: exact by Theorem 2" if task == "linear" else "MinNorm-OG"
    if metric in one[task]:
        scores, floor = one[task][metric][:2]
    else:
        scores = {name: row[metric] for name, row in several[task].items()}
        floor = scores["floor"]
    return " / ".join(map(plain, (scores["original"], scores.get(ours), floor)))


# %%
def known(frame, original="original", retrained="ground truth"):
    """Memorisation of the forget set, by networks that saw it against ones that did not; floor."""
    saw, others = (frame[frame.method == name].forget.to_numpy() for name in (original, retrained))
    learnt, floor = saw.mean() - others.mean(), others[::2].mean() - others[1::2].mean()
    return f"{learnt:.2f} / -- / {abs(floor):.2f}"


def right_of(pairs):
    return pandas.DataFrame([{"method": name, "forget": share} for name, share in pairs])


memory = [known(digits)]
trios = [("original", wide.original), ("ground truth", first), ("ground truth", second)]
of_allcnn = right_of((name, 1 - wide.evaluate(model)["forget_error"]) for name, model in trios)
memory += [known(frame) for frame in (poisoned, models, erased, of_allcnn)]
above = lambda scores, floor, *_: np.mean(scores["original"]) - np.mean(floor)
assert min(above(*one[task]["attack: logistic"]) for task in one) > 0.05
by_svc = {name: np.mean(scores) for name, scores in of_width["attack: SVC"][0].items()}
assert abs(by_svc["original"] - by_svc["Retrain"]) < 0.02 < by_svc["Retrain"] - 0.49

# %% tags=["nbval-ignore-output"]
print(f"{'':18}", *(f"{task:20}" for task in one))
for metric in (
    "attack: logistic",
    "attack: SVC",
    "U-LiRA",
    "KLoM",
    "challenge",
    "tug of war",
    "average gap",
    "relearning, steps",
):
    print(f"{metric:18}", *(f"{cell(task, metric):20}" for task in one))
print(f"{'memorisation':18}", *(f"{text:20}" for text in memory))

# %% [markdown]
# Read it by rows. The logistic attack has originals above its floor on every task; the SVC attack
# gives the one original of width what it gives Retrain. After the methods 5 of 13 are in the band
# of the logistic attack on the digits (notebook 13), and all means within $.02$ of the floor on
# label erasure. In the three for many networks *every* middle number is on the originals' side of
# the floor, the exact one's too; U-LiRA does as much on digits that nobody saw, and on the curve
# the intervals overlap. Tug of war ranks as the task's own measure does on color, and relearning as
# the forget error; on the sine eight ranks cannot tell. Memorisation judges examples, not methods,
# so it has no middle number; averaged over a forget set it says what there was to forget: all or
# most of it for color and for labels that are noise, a twentieth of the digits, a few in a hundred
# of the width task.
#
# No column has all of its middle numbers at the floor. Which of them matters is a question about
# what was to be forgotten, and no metric answers that.
#
# ## What was verified
#
# In asserts that ran: a handful of the sixty is memorised, and the attack is right on these nearly
# always, on the others as often as on unseen digits; nine of thirteen methods find the most
# memorised set harder than the medium one; a probe reads color in networks that never saw it, and
# no method's lead is shown; the logistic attack is within $.02$ of its floor on a network which
# still knows color; it sees nothing in a network too narrow to fit, and U-LiRA sees
# nothing there or at eight neurons, where accuracy does; exact linear
# unlearning is caught every time by two scores of three, and passes with noise where the retain set
# cannot feel it; on the sine the attack, the tug of war and relearning put MinNorm-OG before GD.

# %% [markdown]
# ## References
#
# - V. Feldman, C. Zhang: *What Neural Networks Memorize and Why: Discovering the Long Tail via
#   Influence Estimation*, NeurIPS 2020.
# - K. Zhao, M. Kurmanji, G.-O. Bărbulescu, E. Triantafillou, P. Triantafillou: *What Makes
#   Unlearning Hard and What to Do About It*, 2024 (tug of war; forget sets by memorisation).
# - J. Block, A. Mokhtari, S. Shakkottai: *Machine Unlearning under Overparameterization*, NeurIPS
#   2025 ("paper A"). Alon, Dar: *How Does Overparameterization Affect Machine Unlearning of Deep
#   Neural Networks?*, 2025 ("paper B").
# - S. Goel, A. Prabhu, P. Torr, P. Kumaraguru, A. Sanyal: *Corrective Machine Unlearning*, TMLR
#   2024, [arXiv 2402.14015](https://arxiv.org/abs/2402.14015).
# - Of the metrics: see notebook 13.
