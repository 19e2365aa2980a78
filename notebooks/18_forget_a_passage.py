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
# # 18 · A language model that is to forget a passage
#
# **The question.** A language model has read a register of villagers. Six of them ask to be
# forgotten. Can it forget what it read of six people and still tell of the ninety others? And what
# becomes of the rows and the projection of this course when an output is a whole text?
#
# **You will be able to**
# - say what a language model knows of a passage: word by word, by its facts, and when it is asked
#   in another way;
# - tell forgetting from silence: a score has to go where a model has it that never read the
#   passage, not to zero;
# - say which outputs of a sequence model give rows, what one row for a whole passage leaves
#   unprotected, and what either costs;
# - judge thirteen methods and three more by five seeds of such a model, with a floor of retrained
#   models.
#
# **You need** notebooks 02 and 03 for *row* and *projection*, and 09 for how methods are compared.
#
# **Time.** About 60 minutes; the code runs in under two minutes on two CPU cores. No GPU is needed.
#
# **On a hosted notebook service**, upload the whole course and run `%pip install ..` in this
# notebook's folder before the first cell.
#
# The papers of this course have no experiment with language. What is measured here is ours.

# %%
import copy
import itertools
import json
from pathlib import Path

import numpy as np
import pandas
import torch
import torch.nn.functional as F
from scipy.stats import permutation_test

import unlearnlab as ul
from unlearnlab.chapters import ch18_passage as ch
from unlearnlab.data import passage as data
from unlearnlab.ground.points import IGNORED
from unlearnlab.tasks import passage

task = ul.passage.task(seed=1)

# %% [markdown]
# ## 1 · The text
#
# The register was written for this course, and its people exist nowhere else. So "a model that
# never read of them" can be made. (TOFU does the same with invented authors.)
#
# Each of the 96 people has five facts: a town, a craft, an animal, a food and a day. There are four
# **ways** to tell of somebody. Here is all that there is of the first one to be forgotten.

# %%
people, words = data.people(1), data.vocabulary()
person = people[0]
*read, untold = data.ways_of(0)
for way in read:
    print("read:  ", " ".join(person.told(way)))
print("untold:", " ".join(person.told(untold)))

# %% [markdown]
# The facts are drawn at random, each of 12 values, so a fact can be remembered but not guessed.
# Three things make this a task:
#
# - **Everybody is told of in three of the four ways.** The fourth asks what was understood: the
#   model knows the facts from three texts, and how that way sounds from the texts about others.
# - **Forget:** the 18 passages about six people. **Retain:** the 270 about the 90 others, of which
#   unlearning may look at a fifth.
# - **Every word of a forgotten passage is needed elsewhere.** Others have the name *Kira*, the name
#   *Ebner*, the town and the craft. What has to go is that they belong together.
#
# A passage begins with three words that are given: the way and the two names. This is the
# **prompt**. Everything after it follows.

# %%
inputs, targets = task.forget.tensors
print(len(words), "words;", len(task.retain), "accessible passages to retain,", end=" ")
print(len(task.forget), "to forget; inputs", tuple(inputs.shape))
print("the first input: ", *inputs[0, :8].tolist(), "... =", *[words[i] for i in inputs[0, :8]])
print("its targets:     ", *targets[0, :8].tolist(), "...")
others = people[data.FORGOTTEN :]
assert any(other.first == person.first for other in others)
assert all(any(value in p.facts.values() for p in others) for value in person.facts.values())

# %% [markdown]
# The target at each position is the next word. One of -100 does not count: it belongs to the
# prompt, or it stands behind the end of a short passage.
#
# ## 2 · The model, and how it was trained
#
# A decoder-only transformer of the usual kind: an embedding for the word and one for the position,
# two blocks of attention and a hidden layer, each behind a layer norm, a last layer norm, and the
# embedding once more as the last layer. It is small enough to be unlearned in a second.

# %%
recipe = passage.RECIPE
print(f"{sum(p.numel() for p in task.original.parameters()):,} parameters")
print(f"{recipe.epochs} epochs of {recipe.optimizer}, lr {recipe.lr:g}, ", end="")
print(f"batches of {recipe.batch_size}, weight decay {recipe.weight_decay:g}")

# %% [markdown]
# The **original** read the passages of all 96, the **ground truth** those of the 90, with the same
# recipe and other first weights. Both ship with the course, for five seeds; a seed has people,
# facts and networks of its own. `python -m unlearnlab.tasks passage` trains them, half a minute
# each.
#
# What do they write? A model continues a prompt by the word that it finds likeliest, then the next.
# **Predict, then run.** The ground truth has never read of Kira Ebner. What will it write when it
# is asked about her: nothing, nonsense, or something else?
#
# *Your prediction:* ...

# %%
models = {"original": task.original, "ground truth": task.ground_truth}
for way in (read[0], untold):
    prompt = person.told(way)[: data.PROMPT]
    true = ch.asking.truth(1, prompt)
    print(" ".join(prompt), "...")
    for name, model in models.items():
        said = ch.asking.marked(ch.asking.written(model, prompt), true)
        print(f"  {name:12}", " ".join(said))

# %% [markdown]
# *✓ a fact that is right, ✗ a word that is not the one in the passage.*
#
# The original writes the passage word by word, and it has all five facts right in the way that
# nobody told.
#
# The ground truth neither keeps silent nor stammers. It writes a well-formed passage with five
# invented facts. **This is what forgetting looks like here**.

# %%
counted = targets != IGNORED
every = task.retain.tensors
for name, model in models.items():
    with torch.no_grad():
        shares = [(model(x).argmax(2) == y)[y != IGNORED] for x, y in (every, (inputs, targets))]
    print(f"{name:12} right words: retain {shares[0].float().mean():.3f}", end=", ")
    print(f"forget {shares[1].float().mean():.3f}")
    assert shares[0].all() and (name != "original" or shares[1].all())


# %% [markdown]
# Of what they read, both have every word right. But three words
# in four of a passage about a stranger are right, too: they come with the way of telling. What
# counts is the facts.
#
# ## 3 · What is there to measure?
#
# Three numbers for what is to be forgotten, from strict to lenient.
#
# - **Recall** (`forget_recall`): the share of the 18 passages that the model writes word by word.
#   One wrong word, and a passage is not recalled.
# - **Facts** (`forget_facts`): the share of the facts that are the model's likeliest word, with the
#   true words before them given.
# - **Rank** (`forget_rank`): the mean place of the true fact among the 12 of its kind, 1 for the
#   likeliest.
#
# The last one looks behind the first place. A model that has been made to prefer another town, and
# still has the true one second, has been taught to be silent. Carlini et al. (2019) count this in
# bits, and call it **exposure**: with $k$ candidates, of which the true one has rank $r$,
#
# $$ \text{exposure} = \log_2 k - \log_2 r . $$
#
# It is the number of bits of the secret that a guesser saves by asking the model.
#
# **Exercise 1.** Write it.


# %%
def exposure(logits, true, rivals):
    """log2(k) - log2(rank of the true word among its rivals), (n,), in bits.

    logits: (n, words). true: (n,), numbers of the true words. rivals: (k,), numbers of the words
    that could stand there, the true ones among them. Rank 1: no rival has a larger logit.
    """
    raise NotImplementedError


exposure = ch.check("exposure", exposure)

# %%
ch.hints("exposure")


# %% [markdown]
# **Predict, then run.** With 12 candidates the most is $\log_2 12 = 3.58$ bits. How many bits does
# the ground truth give away of somebody it never read of: 0?
#
# *Your prediction:* ...


# %%
def exposures(model, told):
    """The exposure of every fact in passages (inputs, targets)."""
    x, y = told.tensors
    with torch.no_grad():
        logits = model(x)
    bits = []
    for values in data.words()["facts"].values():
        rivals = torch.tensor([words.index(value) for value in values])
        here = torch.isin(y, rivals)
        bits.append(exposure(logits[here], y[here], rivals))
    return torch.cat(bits)


# %%
told = passage.passages(1)
kinds = {"forget, as read": "forget", "forget, untold way": "forget unheard"}
for words_of, part in kinds.items():
    bits = {name: exposures(model, told[part]).mean().item() for name, model in models.items()}
    print(f"{words_of:19}", ", ".join(f"{name} {value:.2f} bits" for name, value in bits.items()))
guess = np.log2(12) - np.log2(np.arange(1, 13)).mean()
print(f"whoever guesses blindly: {guess:.2f} bits")

assert abs(bits["ground truth"] - guess) < 0.4 and bits["original"] > 3.4

# %% [markdown]
# Not 0. Whoever guesses blindly has rank 1 once in twelve times, and the mean over all ranks is
# 1.18 bits, or rank 6.5. To reach 0 bits a model would have to put the true fact last every time,
# and for that it has to know it. **A model that avoids the truth has not forgotten it.** So the
# goal is not the highest rank. It is what retrained models have.
#
# The task's own metrics, over the five seeds that ship. `unheard_facts` and
# `unheard_rank` ask about the six in the way that nobody told; `retain_loss` and `retain_facts` ask
# about the 90 in the way that nobody told of *them*, so they do not measure what was learnt by
# heart.

# %%
tasks = {seed: ul.passage.task(seed) for seed in range(1, 6)}
rows = [
    {"model": name, "seed": seed, **each.evaluate(model)}
    for seed, each in tasks.items()
    for name, model in (("original", each.original), ("ground truth", each.ground_truth))
]
table = pandas.DataFrame(rows).set_index(["model", "seed"]).sort_index(ascending=[False, True])
table.round(2)

# %% [markdown]
# In all five seeds the original recalls every passage. The ground truth recalls none, and its ranks
# lie around 6.5: with only 30 facts of six people they scatter from seed to seed. How much two
# retrained models of *one* seed differ is the **floor**; Section 7 has it.

# %%
original, truth = table.loc["original"], table.loc["ground truth"]
assert (original.forget_recall == 1).all() and (truth.forget_recall == 0).all()
assert truth.forget_rank.between(4.5, 8.5).all() and (original.retain_facts > 0.85).all()
assert (truth.retain_facts > 0.85).all() and (original.unheard_facts > 0.7).all()

# %% [markdown]
# ## 4 · Rows for a text
#
# MinNorm-OG keeps what the model says of the retain set, to first order: it shrinks only the part
# of $\theta$ that the retained outputs do not feel. An output's **row** is its gradient. What is an
# output of a language model?
#
# For a passage of $\ell$ positions and a vocabulary of $V$ words, $f(\theta, x)$ is a table of
# $\ell\times V$ logits. The relaxed problem of notebook 02 asks that all of $f$ stay. The papers
# take one row for an image, the gradient of its largest logit. Carried over, there are two choices.
#
# - **A row for every position**, the gradient of the largest logit there. This is the choice of
#   `ul.minnorm_step` for whatever returns `(n, length, classes)`, because every position is an
#   output, and a passage is kept only if each of its words is. It takes *all* positions, also those
#   of the prompt and behind the end, whose outputs nobody reads: the projection does not see the
#   targets.
# - **A row for a whole passage**, the gradient of the sum of these logits (`outputs="summed"`).
#   Thirty-one times fewer rows. It protects the sum alone.
#
# The row of a sum is the sum of the rows:

# %%
some = task.retain.tensors[0][:4]
by_word = ul.output_gradients(task.original, some)  # (31 * 4, d): position by position
by_passage = ul.output_gradients(task.original, some, outputs="summed")
print("rows by word", tuple(by_word.shape), " by passage", tuple(by_passage.shape))
torch.testing.assert_close(by_word.view(31, 4, -1).sum(0), by_passage, rtol=1e-4, atol=1e-3)


# %% [markdown]
# What can go wrong under one row for a passage? A change of the parameters that raises one word and
# lowers another by as much leaves the sum where it is.
#
# **Exercise 2.** Find the worst of these: among all directions that the sum does not feel, the one
# that moves the words most.


# %%
def unprotected(rows):
    """v (d,) of length 1, orthogonal to the sum of the rows, for which |rows v| is largest.

    rows: (k, d), of full rank, k > 1, one for every word of a passage.
    """
    raise NotImplementedError


unprotected = ch.check("unprotected", unprotected)

# %%
ch.hints("unprotected")


# %% [markdown]
# **Predict, then run.** Take one retained passage, and move the parameters along this direction, by
# a tenth of a percent of their length, then by more. The row of the passage says that nothing
# happens. What happens to the text?
#
# *Your prediction:* ...


# %%
def along(v, share):
    """The original, moved along v by a share of its own length."""
    model = copy.deepcopy(task.original)
    theta = torch.nn.utils.parameters_to_vector(model.parameters()).detach()
    moved = theta + share * theta.norm() * v
    torch.nn.utils.vector_to_parameters(moved, model.parameters())
    return model


# %%
v = unprotected(by_word[::4].double()).float()  # of the first passage
v = v * torch.sign(v[v.abs().argmax()])  # of two directions, the same one everywhere

# %%
first, accessible = task.retain.tensors[0][0], task.retain.tensors[0]
prompt = [words[i] for i in first[: data.PROMPT]]
true = ch.asking.truth(1, prompt)
g = torch.Generator().manual_seed(0)
anywhere = F.normalize(torch.randn(len(v), generator=g), dim=0)
moves = {"unprotected": v, "its opposite": -v, "a random one": anywhere}
for name, direction in moves.items():
    for share in (0.001, 0.003, 0.01):
        said = ch.asking.written(along(direction, share), prompt)
        right = sum(word == wish for word, wish in zip(said, true))
        print(f"{name:12} {share:5.1%} of |θ|: {right:2} of {len(true)} words right")
print(" ".join(prompt), "...", *ch.asking.marked(ch.asking.written(along(v, 0.01), prompt), true))

# %% [markdown]
# One percent along $v$, and the passage is gone: 5 of 29 words are right. The opposite direction is
# as unprotected, and leaves 26. (Which of the two is called $v$ is a convention.) The random
# direction leaves all 29, but it is a weak control: nearly all of it lies where no word feels it.
#
# Part of the damage is reading on. The model reads what it wrote, so one wrong word brings others.
# And part of it is beyond the first order, which is all that a row knows. To first order the sum of
# the logits that were largest stays as it was. What does it do?

# %%
with torch.no_grad():
    largest = task.original(accessible[:1]).argmax(-1, keepdim=True)
    total = lambda model: model(accessible[:1]).gather(-1, largest).sum().item()
    change = [total(along(sign * v, 0.01)) - total(task.original) for sign in (1, -1)]
print("the sum of the logits: {:+.0f} along v, {:+.0f} against it".format(*change))

said = {name: ch.asking.written(along(d, 0.01), prompt) for name, d in moves.items()}
right = {name: sum(a == b for a, b in zip(text, true)) for name, text in said.items()}
assert right["unprotected"] < 12 and 20 < right["its opposite"] < 29 == right["a random one"]
assert abs(by_passage[0] @ v) < 1e-3 * (by_word[::4] @ v).norm() and max(change) < -20


# %% [markdown]
# It falls, both ways. So the sum promises little, on this passage; what speaks for it is its price.

# %% [markdown]
# ## 5 · Do the theory's conditions hold?
#
# Paper A's framework wants two things: an original that interpolates, and steps small enough for
# the outputs to follow their gradients. Does a language model interpolate? Five seeds, all that
# each model was asked to keep and to forget, every counted word.


# %%
@torch.no_grad()
def fits(model, inputs, targets):
    """Mean and largest loss of a counted word, and the share that is the likeliest."""
    counted = targets != IGNORED
    logits, targets = model(inputs)[counted], targets[counted]
    losses = F.cross_entropy(logits, targets, reduction="none")
    right = (logits.argmax(1) == targets).double().mean()
    return [x.item() for x in (losses.mean(), losses.max(), right)]


# %%
rows = {}
for seed, each in tasks.items():
    read_by = passage.passages(seed)
    for role in ("original", "ground_truth"):
        for part in ("retain", "forget"):
            rows[role, part, seed] = fits(getattr(each, role), *read_by[part].tensors)

# %%
columns = ["mean loss", "largest loss", "share right"]
fitted = pandas.DataFrame.from_dict(rows, "index", columns=columns)
fitted.index = pandas.MultiIndex.from_tuples(fitted.index, names=["model", "part", "seed"])
fitted = fitted.sort_index()
assert (fitted.loc["original", "share right"] == 1).all()
assert fitted.loc["original", "largest loss"].max() < 0.02
assert fitted.loc[("ground_truth", "retain"), "share right"].min() == 1
fitted.groupby(["model", "part"]).agg(
    {"mean loss": "mean", "largest loss": "max", "share right": "min"}
).round(4)


# %% [markdown]
# The originals say every one of the words right, and the ground truths every one of those to
# retain, with a loss of hundredths at most. As classifiers they interpolate. In the strict sense
# they cannot: a cross-entropy is never 0. Training asked that the right word win, and nothing of
# the 133 other logits.
#
# ### How far is it linear?
#
# A projection step takes away $s\,P_\perp\theta$. To first order no protected output moves by it;
# what is left should grow like $s^2$. Three ways to protect ten accessible passages: a row a word,
# a row a passage, and nothing at all, which is plain shrinkage.
#
# **Predict, then run.** Up to which $s$ does the projection keep its promise?
#
# *Your prediction:* ...


# %%
def away(model, inputs, outputs):
    """P_perp theta, a tensor for each parameter; theta itself where no outputs are protected."""
    moved = copy.deepcopy(model)
    if outputs:
        ul.minnorm_step(moved, inputs, 1.0, outputs=outputs)
    else:
        for p in moved.parameters():
            p.data.zero_()
    return [p.data - q.data for p, q in zip(model.parameters(), moved.parameters())]


def stepped(model, way, strength):
    """A copy of the model at theta - strength * way."""
    moved = copy.deepcopy(model)
    for p, v in zip(moved.parameters(), way):
        p.data -= strength * v
    return moved


# %%
strengths = np.array([0.001, 0.003, 0.01, 0.03, 0.1, 0.3])


@torch.no_grad()
def changes(task, outputs, count=10):
    """For every strength, (strengths, 4): the measures."""
    model, inputs, rows = task.original, task.retain.tensors[0][:count], []
    before, way = model(inputs), away(model, inputs, outputs)
    top = before.argmax(2, keepdim=True)
    for strength in strengths:
        moved = stepped(model, way, strength)
        off, said = moved(inputs) - before, task.evaluate(moved)
        sizes = [x.square().mean().sqrt().item() for x in (off.gather(2, top), off)]
        rows.append([*sizes, said["retain_facts"], said["forget_facts"]])
    return np.array(rows)


# %%
protects = {"plain shrinkage": None, "a row a passage": "summed", "a row a word": "largest"}
measures = ("largest logits", "all logits", "retain_facts", "forget_facts")
each = {
    name: np.stack([changes(tasks[seed], outputs) for seed in (1, 2, 3)], 2)
    for name, outputs in protects.items()
}

# %%
moves = {what: {name: own[:, i] for name, own in each.items()} for i, what in enumerate(measures)}
means = pandas.DataFrame(
    {(what, name): own.mean(1) for what, lines in moves.items() for name, own in lines.items()},
    strengths,
)
means.loc[[0.001, 0.01, 0.03, 0.1]].T.round(3)

# %%
largest = moves["largest logits"]
ratio = largest["plain shrinkage"] / largest["a row a word"]
slope = {name: np.log10(own[2] / own[0]).mean() for name, own in largest.items()}
title = (
    f"A row a word holds the protected logits {ratio[0].mean():.0f} times better at s = .001,"
    f" {ratio[3].mean():.1f} times at .03, {ratio[4].mean():.1f} times at .1"
)
ch.pictures.linear(strengths, {name: largest[name] for name in protects}, title)

# %%
print(
    "from s = .001 to .01 the logits' change grows like s to the power of",
    {name: round(float(power), 1) for name, power in slope.items()},
)
assert slope["a row a word"] > 1.8 and slope["plain shrinkage"] < 1.1
assert ratio[0].min() > 40 and ratio[4].max() < 1.5
assert (moves["all logits"]["a row a word"] > moves["all logits"]["plain shrinkage"])[:5].all()
assert (moves["retain_facts"]["a row a word"] < moves["retain_facts"]["plain shrinkage"])[4].all()

# %% [markdown]
# - **Small steps keep the promise.** With a row a word the change is of second order. At $s =
#   0.001$ it is more than 40 times smaller than under plain shrinkage, on each of three seeds.
# - **Large steps do not.** At $s = 0.1$ the factor is below $1.5$. And most facts of the forget set
#   are still there: a single step that forgets is larger still.
# - **What is not protected moves more.** With a row a word *all* logits move further than under
#   plain shrinkage, and at $s = 0.1$ fewer facts are kept. The next part says why plain shrinkage
#   is gentle.
# - A row a passage protects one number, and no single word.

# %% [markdown]
# ### What does shrinking do to a model with norms?
#
# A layer norm divides by the length of what comes in. So everything that writes into the residual
# stream, the embedding, the positions, `out` and `down`, can be multiplied by one factor, and every
# norm divides it out again. Only the logits are multiplied by it, since the embedding is the last
# layer as well, and the likeliest word stays. Shrink the original, part by part:

# %%
PARTS = {
    "residual stream": ("embedding", "positions", "out", "down"),
    "embedding alone": ("embedding",),
    "queries, keys, values": ("qkv",),
    "up": ("up",),
    "gains and biases of norms": ("norm1", "norm2", "norm"),
    "everything": ("embedding", "positions", "out", "down", "qkv", "up", "norm1", "norm2", "norm"),
}


# %%
def shrunk(model, part, factor):
    """(a copy in which a part of the parameters is multiplied, its share of |theta|^2)."""
    moved, share, whole = copy.deepcopy(model), 0, 0
    for name, p in moved.named_parameters():
        whole += p.detach().square().sum().item()
        if {*PARTS[part]} & {*name.split(".")}:
            share += p.detach().square().sum().item()
            p.data *= factor
    return moved, share / whole


# %%
rows = {}
for part in PARTS:
    for seed, each in tasks.items():
        moved, share = shrunk(each.original, part, 0.7)
        said, before = each.evaluate(moved), original.loc[seed]
        lost = {key: before[key] - said[key] for key in ("retain_facts", "forget_facts")}
        rows[part, seed] = {"share of |θ|²": share, **lost, "loss": said["retain_loss"]}

# %%
lost = pandas.DataFrame.from_dict(rows, "index").groupby(level=0, sort=False)
worst = lost.agg(lambda column: np.abs(column).max())
assert worst.loc["residual stream", ["retain_facts", "forget_facts"]].max() < 0.003
assert lost.mean().loc["gains and biases of norms", "share of |θ|²"] > 0.5
lost.mean().round(3)

# %% [markdown]
# Facts lost when a part is multiplied by $0.7$, the mean of five seeds. The whole residual stream,
# a fifth of $\|\theta\|^2$, can be shrunk, and of the 450 facts of a seed at most one changes: that
# part of $\|\theta\|$ is no complexity of the function. More than half of $\|\theta\|^2$ are gains
# of norms, which begin at 1: here a small norm of the parameters mostly means small gains. So the
# paper's $R(\theta) = \|\theta\|^2$ does not measure what it measures in the networks of notebooks
# 05 to 07. And wherever shrinking does change answers, facts that were to be *kept* go before those
# to be forgotten: these were read word by word, the others are asked in a way that nobody told.
#
# Does a shorter residual stream make AdamW's steps larger in comparison, so that plain descent
# forgets faster? Ten epochs of GD from the original, and from one whose stream is half as long.
# What is printed is the difference, with its interval over the five seeds.

# %% tags=["nbval-ignore-output"]
rows = {}
for factor in (1.0, 0.5):
    for seed, each in tasks.items():
        start = each.changed(original=shrunk(each.original, "residual stream", factor)[0])
        for rate in (1e-3, 2e-3):
            rows[factor, rate, seed] = ul.unlearn(start, ul.GD(lr=rate), 10).metrics
kept = pandas.DataFrame.from_dict(rows, "index")[["retain_facts", "forget_facts"]]
gap = kept.loc[0.5] - kept.loc[1.0]
for rate in (1e-3, 2e-3):
    print(f"lr {rate:g}:", {key: str(ul.metrics.interval(gap.loc[rate, key])) for key in gap})

# %% [markdown]
# At the lower rate nothing of it is seen. At the higher one it is: from the shorter stream GD
# leaves about a tenth fewer of the facts to forget, and a twentieth fewer of those to keep. In a
# model with norms, shrinking is also a change of the rate, which a higher rate does, too.

# %%
assert ul.metrics.interval(gap.loc[2e-3, "forget_facts"]).high < 0

# %% [markdown]
# ## 6 · What does it cost?
#
# Seconds of one processor core on seed 1, from `benchmarks/passage.py`: one projection beside one
# descent step on the 54 accessible passages, then ten epochs of every method.

# %%
benchmark = Path(ul.__file__).parents[1] / "benchmarks" / "passage.json"
prices = json.loads(benchmark.read_text("utf-8"))
steps = pandas.DataFrame(prices["projections"])
step = steps.seconds[steps.outputs == "descent"].item()
steps["descent steps"] = (steps.seconds / step).round(1)
ten = pandas.DataFrame(prices["runs"]).assign(epochs=10)
gd = ten.seconds[ten.method == "GD"].item()
ten["of GD's"] = (ten.seconds / gd).round(1)
steps

# %%
ours = ten.seconds[ten.method == "MinNorm-OG (passages)"].item()
cost = ten.set_index("method").seconds / 10
assert round(ours / cost["GD"]) == 84 and round(ours / cost["NPO"]) == 188
assert round(ours / cost["NPO + retain"]) == 59
ten[["method", "n_pert", "seconds", "of GD's"]]

# %% [markdown]
# A projection with a row for each of the 54 passages takes as long as five or six descent steps, a
# row for every word of six passages as long as 25: the Gram matrix compares every pair of rows. All
# 54 passages word by word would be 1,674 rows, which we did not run. In whole runs of ten epochs,
# MinNorm-OG costs eight times what GD does with a row a passage, and thirty times with a row for
# every word of six passages.

# %% [markdown]
# ## 7 · Every method, five seeds
#
# Recorded: five seeds, ten epochs of full batches, twelve settings of every way to unlearn, laid on
# seed 31, which is not in the record, after a first look at seed 1. Beside the thirteen methods of
# the course: a row a passage, plain shrinkage, and **NPO + retain**, as NPO without a retain term
# is not how its authors run it. (NGP is what TOFU calls gradient difference.) The best of NPO +
# retain and of NGD lay at an end, so these two were then moved to lower weights. And in *equal
# work*, by the seconds of section 6 as much processor time as ten epochs of MinNorm-OG with a row a
# passage: 84 epochs of GD, 188 of NPO, 59 of NPO + retain. `python -m unlearnlab.study passage` and
# `passage-work` make the records again.
#
# First the floor: how much do three models differ that never read of the six?

# %%
recorded = {name: ul.table.read(name) for name in ("passage", "passage-work")}
runs, models = recorded["passage"]["runs"], recorded["passage"]["models"]
work = recorded["passage-work"]["runs"]
measured = ["retain_facts", "retain_loss", "forget_facts", "forget_rank", "forget_recall"]
measured += ["unheard_facts", "unheard_rank"]
never = models[models.role != "original"]
apart = [
    np.abs(a - b)
    for _, own in never.groupby("seed")
    for a, b in itertools.combinations(own[measured].to_numpy(), 2)
]

# %%
floor = models.assign(role=models.role.where(models.role == "original", "retrained"))
floor = floor.groupby("role")[measured].mean()
floor.loc["two retrained differ by"] = np.mean(apart, 0)
floor.loc["at most"] = np.max(apart, 0)
floor.round(3)

# %% [markdown]
# No retrained model recalls a passage. Their ranks are 6.6 in the mean, which is a guesser's 6.5,
# and two of one seed differ by 0.6, at most by 1.4. With thirty facts the rank of *one* model says
# no more than that. Their shares of retained facts differ by 0.02. So no method can be told from
# retraining closer than these.
#
# **The yardstick.** Retain error: $1$ minus the share of facts kept of the persons to retain, asked
# in the way that nobody told. Forget gap: $|r - \bar r|\,/\,(\bar r - 1)$ with $r$ the rank of the
# facts to forget and $\bar r$ that of the seed's three retrained models: 1 as the original, 0 as
# retrained, and *too high a rank counts as well*. A front's **area** is the share of the unit
# square that it dominates, its settings chosen on the other seeds.
#
# That choice takes away one part of the flattery by many settings. Another part stays: on the seed
# that judges, the area counts the best of the front's points, and more settings lay more of them.
# So an area is to be compared with one of as many settings. All ways have twelve, but for a row a
# word, which has six: it stands beside the same six of plain shrinkage and of a row a passage.

# %%
GAPS = {"forget_gap": "forget_rank", "unheard_gap": "unheard_rank", "facts_gap": "forget_facts"}
goals = never.groupby("seed")[[*GAPS.values()]].mean()


def judged(runs):
    """The runs, with what is to be small; of the original a gap is 1, as it knows all."""
    gaps = {"retain_error": 1 - runs.retain_facts}
    for name, metric in GAPS.items():
        goal = runs.seed.map(goals[metric])
        gaps[name] = (runs[metric] - goal).abs() / (goal - 1).abs()
    return runs.assign(**gaps)


def shares(runs, gap="forget_gap"):
    """(seeds,): the area, the settings of a seed's front chosen on the other seeds."""
    return ul.choosing.held_out(runs, ["retain_error", gap], [1, 1])


# %%
ways = {name: own for name, own in judged(runs).groupby("method", sort=False)}
ways["plain shrinkage"] = ways.pop("MinNorm-OG")
for name, own in judged(work).groupby("method", sort=False):
    ways["a row a word" if name == "MinNorm-OG" else f"{name}, equal work"] = own
six = ways["a row a word"][["lr", "reg"]].drop_duplicates()
shrinking = ("plain shrinkage", "MinNorm-OG (passages)")
even = {f"{name}, the same six": ways[name].merge(six) for name in shrinking}
tried = ways | even
areas = {name: shares(own) for name, own in tried.items()}
order = sorted(areas, key=lambda name: -areas[name].mean())
three = itertools.combinations(("a row a word", *reversed(even)), 2)
at_six = {f"{a}, over {b}": ul.metrics.interval(areas[a] - areas[b]) for a, b in three}
assert all(-0.06 < own.low < 0 < own.high < 0.04 for own in at_six.values())

# %%
rows = {
    name: {
        "settings": len(ul.choosing.points(tried[name], measured)),
        "seeds": len(areas[name]),
        "area": str(ul.metrics.interval(areas[name])),
    }
    for name in order
}
for name, row in rows.items():
    others = {"untold way": "unheard_gap", "by facts": "facts_gap"}
    row |= {said: shares(tried[name], gap).mean().round(2) for said, gap in others.items()}
rows_of_areas = rows
pandas.DataFrame(rows).T

# %%
shown = ["MinNorm-OG (passages)", "plain shrinkage", "GD", "NGP", "NPO", "NPO + retain", "SalUn"]
columns = ["retain_facts", "forget_gap", "retain_facts_se", "forget_gap_se"]
drawn = {
    name: ul.choosing.points(ways[name], ["retain_facts", "forget_gap"])[columns].to_numpy()
    for name in shown
}

# %%
places = judged(models).groupby("role")[["retain_facts", "forget_gap"]].mean()
references = {
    "original": tuple(places.loc["original"]),
    "ground truth": tuple(places.drop("original").mean()),
}
best, mine = next(name for name in order if name in shown), areas["MinNorm-OG (passages)"].mean()
title = (
    f"{best} has the largest area, {areas[best].mean():.2f}; "
    f"MinNorm-OG (passages) {mine:.2f}, GD {areas['GD'].mean():.2f}"
)
ch.pictures.fronts(drawn, references, title)


# %% [markdown]
# *Every setting of seven ways, means of five seeds with their standard errors; a line is the front.
# Down is forgotten, right is kept.*
#
# There are three groups. **Those that look at the forget set** and also at retained passages, which
# are NPO + retain, SCRUB, NGP and NegGrad, come nearest to the retrained models, with an area of
# about 0.7 to 0.8. NPO and GA alone, with no retained passage, forget as well, and lose more.
# **Those that see retained passages only** have 0.35 at most: GD, NGD, Ridge, l1-Sparse, plain
# shrinkage and MinNorm-OG. Eight times the epochs do not help GD. With the same six settings a row
# a word, a row a passage and plain shrinkage have 0.22 each.
#
# The third is the lesson of the exposure. **SalUn and KL-Unif** look at the forget set. By *facts*,
# whether the true one is the likeliest word, they have 0.80 and 0.76, among the best. By *rank*
# they have 0.31 with these twelve settings. They were trained to say something else, and the true
# fact stays near the top. Whoever reads only what a model says would call this forgotten.


# %%
def lead(a, b):
    """Of a over b on the seeds they share: interval, on how many ahead, p of sign flips."""
    n = min(len(areas[a]), len(areas[b]))
    own = areas[a][:n] - areas[b][:n]
    flips = permutation_test((own,), np.mean, permutation_type="samples", rng=0)
    return [str(ul.metrics.interval(own)), f"{sum(own > 0)} of {n}", flips.pvalue]


primary = ch.study.GRIDS["primary"]["over"]
leads = pandas.DataFrame(
    {name: lead("MinNorm-OG (passages)", name) for name in primary},
    ["lead of MinNorm-OG (passages) [95%]", "ahead on", "p"],
).T
print(*(f"{name}: {own}" for name, own in at_six.items()), sep="\n")
leads

# %% [markdown]
# The seven comparisons of the table were named before the record was made. With five seeds no $p$
# can be below $1/16$, and none is corrected for seven comparisons, so look at the intervals. With
# twelve settings each a row a passage is ahead of plain shrinkage on every seed, by 0.02 in the
# mean. With the six that a row a word has, its lead is 0.00 $[-0.03, 0.03]$: so the 0.02 hang on
# the six others. The interval of its difference from GD contains 0. It is behind NGP and NPO +
# retain on every seed, by 0.4 and 0.5 in the mean.
#
# The three lines above the table were not named before. With the same six settings no difference is
# seen between a row a word, a row a passage and plain shrinkage. The intervals contain 0 and end
# within 0.05 of it.
#
# ### At the setting that other seeds choose
#
# For every way and seed the setting that is nearest to $(0, 0)$ in the median of the *other* seeds,
# and all its metrics:

# %%
picked = {}
for name, own in ways.items():
    own = own.assign(distance=np.hypot(own.retain_error, own.forget_gap))
    picked[name] = ul.choosing.select(own, "distance", "validation")
at = pandas.DataFrame({name: own[measured].mean() for name, own in picked.items()}).T
near = pandas.Series({name: own.distance.mean() for name, own in picked.items()})
at = at.assign(distance=near)
at.sort_values("distance").round(2)

# %% [markdown]
# Nobody reaches the retrained models. NPO + retain has their rank, within the floor, but leaves the
# true fact the likeliest word in a fifth of the cases, where retraining leaves 7%. And it pays with
# more than a tenth of what was to be kept. Most settings chosen here lie at an end of their twelve,
# so another grid may bring some of these ways nearer. Recall is near 0 for all, at their best
# setting: **by verbatim recall alone everything here has forgotten**.

# %% [markdown]
# ### Did the first twelve settings miss the best?
#
# The best setting of many ways lies at an end of its twelve. So eight of them were given twelve
# more, further out (`passage-wider`):

# %%
wider = judged(ul.table.read("passage-wider")["runs"])
more = {}
for name, own in wider.groupby("method", sort=False):
    name = {"MinNorm-OG": "plain shrinkage"}.get(name, name)
    first = ways[name][ways[name].seed.isin(own.seed)]
    few, all_ = shares(first), shares(pandas.concat([first, own], ignore_index=True))
    more[name] = {
        "area of 12": few.mean().round(3),
        "area of 24": all_.mean().round(3),
        "gain [95%]": str(ul.metrics.interval(all_ - few)),
    }
pandas.DataFrame(more).T

# %% [markdown]
# Three seeds. Twelve more settings bring SalUn and KL-Unif to nearly 0.5 by rank, no nearer: their
# weights were too small, and heavier ones cost facts that were to be kept. MinNorm-OG and plain
# shrinkage gain 0.04 or 0.05; as 24 settings flatter more than 12, a part of any gain may be luck.
# The order of the groups stays.

# %%
gained = {name: row["area of 24"] for name, row in more.items()}
assert max(gained["SalUn"], gained["KL-Unif"]) < 0.5 < 0.6 < gained["NPO"] < gained["NGP"]
assert gained["MinNorm-OG (passages)"] < 0.41 and gained["NPO + retain"] > 0.8

# %% [markdown]
# ### What does protecting change, setting by setting?
#
# Six pairs of a rate and a strength were run for all three kinds of rows. The same pair, protected
# and not:

# %%
setting = ["lr", "reg", "seed"]
alone = ways["plain shrinkage"].set_index(setting)
kinds = {"a row a passage": "MinNorm-OG (passages)", "a row a word": "a row a word"}
rows = {}
for said, name in kinds.items():
    own = ways[name].set_index(setting)
    pairs = own.index.intersection(ways["a row a word"].set_index(setting).index)
    for metric in ("retain_facts", "forget_facts", "forget_rank"):
        by_seed = (own[metric] - alone[metric]).loc[pairs].groupby("seed").mean()
        rows[said, metric] = {
            "protected minus plain [95%]": str(ul.metrics.interval(by_seed)),
            "above 0 on": f"{(by_seed > 0).sum()} of {len(by_seed)}",
        }
pandas.DataFrame(rows).T

# %% [markdown]
# At equal settings a projection changes next to nothing. A row a passage keeps a little less, by
# 0.01 on every seed, and raises the rank by 0.08: it acts as a slightly stronger shrinkage would.
# For a row a word every interval contains 0. Such steps are far beyond what the rows can promise
# (Section 5).
#
# ### Why do those that never look at the forget set do so badly?
#
# The retain loss is taken on 54 of 270 passages. About some of the 90 persons to retain, none is
# accessible. **Predict, then run:** what becomes of *them* under GD?

# %%
facts = [words.index(value) for values in data.words()["facts"].values() for value in values]
facts = torch.tensor(facts)


def known(model, told):
    """Of every passage, the share of its facts that are the likeliest word, (n,)."""
    inputs, targets = told.tensors
    with torch.no_grad():
        right = model(inputs).argmax(2) == targets
    here = torch.isin(targets, facts)
    return (right & here).sum(1) / here.sum(1)


def reached(task):
    """Of the 90 persons to retain, whether a passage about them is accessible, (90,)."""
    read, accessible = passage.passages(task.seed)["retain"].tensors[0], task.retain.tensors[0]
    return (read[:, None] == accessible).all(2).any(1).view(90, 3).any(1)


# %%
GROUPS = "retain, accessible", "retain, out of reach", "to forget"
rows, middling = {}, {"GD": ul.GD(lr=2e-3), "NGP": ul.NGP(lr=7e-4, ascent=0.03)}
middling["a row a passage"] = ch.MinNormPassages(lr=2e-3, reg=0.03, reg_decay=0.7, n_pert=54)
for name, method in middling.items():
    for seed in (1, 2, 3):
        model, told = ul.unlearn(tasks[seed], method, 10).model, passage.passages(seed)
        kept, near = known(model, told["retain unheard"]), reached(tasks[seed])
        shares_of = kept[near], kept[~near], known(model, told["forget unheard"])
        rows[name, seed] = {who: own.mean().item() for who, own in zip(GROUPS, shares_of)}
who = pandas.DataFrame.from_dict(rows, "index")
drop = who["retain, out of reach"] - who["to forget"]
assert (drop["NGP"] > 0.2).all() and (drop.drop("NGP", level=0) < 0.12).all()
who.groupby(level=0, sort=False).mean().round(2)

# %% [markdown]
# Facts that are still known, asked in the way nobody told, at one setting in the middle of the
# grid, three seeds. Under GD and under MinNorm-OG **whoever is out of reach fades as those who
# asked to be forgotten do**, with a fifth of the passages accessible. Nothing in the retain loss,
# and nothing in $\|\theta\|$, says which of the unseen is to go. In the label erasure of notebook
# 09 something did: all that was to be forgotten was a color, and no retained image had one. Here
# the two sets differ in names only. A method that looks at the forget set knows them.

# %% [markdown]
# ## 8 · The lab
#
# **Predict, then move.** Ask about somebody who is to be forgotten, in a way that was read and in
# the way that nobody told. Which method makes the first wrong and leaves the second right? Ask
# about somebody to retain: what has it cost? Where this notebook runs there is a field for a prompt
# of your own, such as the first half of a passage: does it bring a fact back?
#
# *Your prediction:* ...

# %%
ch.PassageLab()

# %% [markdown]
# *Three rows: the original, the unlearned and the ground truth, each going on with the prompt. ✓ a
# fact as in the passage, ✗ a word that is not.*
#
# The table below the picture holds the numbers of the run. `rank` is to go to where the ground
# truth has it, not as high as it can.
#
# ## What you take with you, and what you must not
#
# On this text, with this model and these settings, over five seeds:
#
# 1. **Forgotten is where retrained models are:** fluent passages with invented facts, 1.2 bits of
#    exposure, rank 6.6. Not silence, not noise, not 0 bits.
# 2. **The strict measure flatters.** At their best settings all methods bring recall to 0 or
#    nearly. SalUn and KL-Unif are better by facts than by rank.
# 3. **Rows.** One for every word keeps small steps to second order, and is dear. One for a passage
#    keeps a single sum. At the strengths that forget, neither keeps what it protects.
# 4. **MinNorm-OG has no advantage here.** With a row a passage it lies with GD and plain shrinkage.
#    With the same six settings either kind of rows is level with plain shrinkage. Two things that
#    were measured speak for why. In a model with norms $\lVert\theta\rVert^2$ is not the
#    complexity of the function. And nothing in the retained passages tells those to be forgotten
#    from those that are merely out of reach.
# 5. **Methods that look at the forget set and keep a retain term lead** by a wide margin, NPO +
#    retain first. None reaches the retrained models in every measure.
#
# **What this does not show.**
#
# - The model has two hundred thousand parameters and 134 words. Nothing here was tried on a large
#   language model, where facts are told in thousands of ways and nobody knows the retrained model.
# - It is one text, made to be counted: independent facts in four patterns.
# - Six people of 96, all told of three times, ten epochs. Another share, or facts that were told
#   more often, may rank the methods otherwise.
# - To be at the floor of these metrics says nothing of other attacks: prompts in
#   other words, or learning again from a few passages (notebook 14).
#
# ## What was verified

# %%
# the floor of a metric is where retrained models are, not 0
assert abs(bits["ground truth"] - guess) < 0.4 and truth.forget_rank.mean() > 5.5
# rows: second order with one for each word, first order without
assert slope["a row a word"] > 1.8 > 1.1 > slope["plain shrinkage"]
# who looks at the forget set, and keeps a retain term, leads; MinNorm-OG lies with GD
mean = {name: area.mean() for name, area in areas.items()}
leading = {"NPO + retain", "NPO + retain, equal work", "SCRUB", "NGP", "NegGrad"}
assert min(mean[name] for name in leading) > 0.65
blind = {"GD", "GD, equal work", "NGD", "Ridge", "l1-Sparse", "plain shrinkage", "a row a word"}
assert max(mean[name] for name in blind | {"MinNorm-OG (passages)"}) < 0.36
assert abs(mean["GD"] - mean["MinNorm-OG (passages)"]) < 0.05
# silence: good by facts, poor by rank
for name in ("SalUn", "KL-Unif"):
    assert rows_of_areas[name]["by facts"] > 0.7 and mean[name] < 0.35
assert at.forget_recall.drop("Retrain").max() < 0.05 and at.distance.min() > 0.15

# %% [markdown]
# ## To go on
#
# - **An open question.** What the model knows of Kira Ebner it tells in four ways. Which rows would
#   protect a *fact*, rather than a word or a passage, and how would you write it as an output?
#
#   *Your answer:* ...
# - **Change one thing.** Build the task with `p_retain=1`. Which methods gain?
#
# ## References
#
# - P. Maini, Z. Feng, A. Schwarzschild, Z. C. Lipton, J. Z. Kolter. *TOFU: A Task of Fictitious
#   Unlearning for LLMs.* COLM 2024, [arXiv 2401.06121](https://arxiv.org/abs/2401.06121): invented
#   authors, retrained models as the measure.
# - W. Shi, J. Lee, Y. Huang, S. Malladi, J. Zhao, A. Holtzman, D. Liu, L. Zettlemoyer, N. A. Smith,
#   C. Zhang. *MUSE: Machine Unlearning Six-Way Evaluation for Language Models.* 2024,
#   [arXiv 2407.06460](https://arxiv.org/abs/2407.06460): verbatim memory and knowledge, asked for
#   separately; over- and under-unlearning.
# - R. Zhang, L. Lin, Y. Bai, S. Mei. *Negative Preference Optimization: From Catastrophic Collapse
#   to Effective Unlearning.* COLM 2024, [arXiv 2404.05868](https://arxiv.org/abs/2404.05868).
# - N. Carlini, C. Liu, Ú. Erlingsson, J. Kos, D. Song. *The Secret Sharer: Evaluating and Testing
#   Unintended Memorization in Neural Networks.* USENIX Security 2019,
#   [arXiv 1802.08232](https://arxiv.org/abs/1802.08232): exposure.
# - J. L. Block, A. Mokhtari, S. Shakkottai. *Machine Unlearning under Overparameterization.*
#   NeurIPS 2025, [arXiv 2505.22601](https://arxiv.org/abs/2505.22601): the relaxed problem,
#   MinNorm-OG.
# - A. Radford and others. *Language Models are Unsupervised Multitask Learners.* 2019: the network.
