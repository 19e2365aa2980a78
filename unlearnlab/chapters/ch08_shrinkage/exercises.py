"""The exercises of notebook 08: better than nothing, ascent, a matched arm, and descent with
weights of a limited length."""

import contextlib
import copy
import functools
from dataclasses import dataclass, fields

import torch
from torch.nn.utils import parameters_to_vector

import unlearnlab as ul

from ...course import curve
from ...course.exercises import WrongAnswer, call, draw, exercise, expect, messages

CAPPED = """
hint 1: The loop calls `settle(state)` after every update of AdamW. The model is state.model, the
    original state.task.original. How long are the weights, and how long may they be?
hint 2: torch.nn.utils.parameters_to_vector(model.parameters()).norm() is the length of all
    parameters together. Where it is above the limit, one factor brings every parameter back: limit
    / length.
hint 3: Under torch.no_grad(), p.mul_(factor) changes a parameter in place. The limit is self.share
    times the length of the original, if share is what you called your hyperparameter.
instance: pass the class itself: a subclass of ul.GD with @dataclass(frozen=True, kw_only=True)
    above it
field: your method needs one hyperparameter of its own, under any name, with a default: a line such
    as share: float = ul.hyperparameter(0.7, low=0, high=1)
limits: your hyperparameter takes -0.5 or 1.5, and is to be a share. Give it limits:
    ul.hyperparameter(0.7, low=0, high=1)
original: your method changes task.original, which others still need. Shorten state.model
[if length > limit -> if False]: this is GD: nothing is shortened
[settle(self, state) -> project(self, state, *batch)]: the weights are shortened before the update,
    in `project` or `loss`, and AdamW moves them after that. `settle` comes last
[self.share * parameters_to_vector(state.task.original.parameters()).norm() -> self.share]: you take
    the share as the length itself; the limit is a share of the original's length
[state.task.original -> state.model]: you shorten to a share of the present length, after every
    update again, so that the weights vanish: the limit is a share of the length of the ORIGINAL
[if length > limit -> if True]: you bring weights that are shorter than the limit to it, too: leave
    those as they are
each: you limit every tensor by itself; the length is that of all parameters together
"""


WORDS = messages(CAPPED)


TASK = functools.cache(curve.task)  # a small one, whose original fits


def _run(learner, share, decay):
    """The weights at the end of a run of the learner's method."""
    task, method = copy.deepcopy(TASK()), call(learner)
    expect(isinstance(method, ul.Method), WORDS["instance"])
    ul.unlearn(task, method, 20)  # a stub ends here
    own = [field.name for field in fields(method) if not hasattr(ul.GD, field.name)]
    expect(len(own) == 1, WORDS["field"])
    for bad in (-0.5, 1.5):
        with contextlib.suppress(ValueError):
            learner(**{own[0]: bad})
            raise WrongAnswer(WORDS["limits"])
    run = ul.unlearn(task, learner(**{own[0]: share}, lr=0.05, weight_decay=decay), 20)
    untouched = map(torch.equal, task.original.parameters(), TASK().original.parameters())
    expect(all(untouched), WORDS["original"])
    return parameters_to_vector(run.model.parameters()).detach()


@torch.no_grad()
def _each_tensor(method, state):
    for p, before in zip(state.model.parameters(), state.task.original.parameters()):
        p.mul_(min(1, method.share * before.norm() / p.norm()))


def _each(answer, *given):
    return {"each": _run(type("Each", (Capped,), {"settle": _each_tensor}), *given)}


@exercise(CAPPED, lambda: ((0.5, 0.01), (1.0, 3.0)), mistakes=_each, run=_run)
@dataclass(frozen=True, kw_only=True)
class Capped(ul.GD):
    """GD whose weights are never longer than `share` times those of the original."""

    share: float = ul.hyperparameter(0.7, low=0, high=1, meaning="of the original's length")

    @torch.no_grad()
    def settle(self, state):
        limit = self.share * parameters_to_vector(state.task.original.parameters()).norm()
        length = parameters_to_vector(state.model.parameters()).norm()
        if length > limit:
            for p in state.model.parameters():
                p.mul_(limit / length)


ASCENT = """
hint 1: The loop descends what `loss` returns. To climb a loss, which sign does it need?
hint 2: Which of the two batches is to be climbed?
hint 3: state.loss(batch) is the mean loss on a batch; return it with a minus sign.
instance: pass the class itself: a subclass of ul.Method with @dataclass(frozen=True, kw_only=True)
    above it
[return state.loss(forget)]: this descends on the forget loss: it learns the forget set better. Turn
    the sign
[return -state.loss(retain)]: you climb the loss of the retain set; take the forget set
[return state.loss(retain)]: this is GD: it descends on the retain loss
"""


def _run_ascent(learner, lr):
    method = call(learner)
    expect(isinstance(method, ul.Method), messages(ASCENT)["instance"])
    run = ul.unlearn(copy.deepcopy(TASK()), learner(lr=lr), 8)
    return parameters_to_vector(run.model.parameters()).detach()


@exercise(ASCENT, lambda: ((0.01,),), run=_run_ascent)
@dataclass(frozen=True, kw_only=True)
class Ascent(ul.Method):
    """Gradient ascent on the loss of the forget set."""

    def loss(self, state, retain, forget):
        return -state.loss(forget)


NOTHING = """
hint 1: First one number for each method and measure, then one verdict for each method. Which
    dimension goes in which step?
hint 2: The median over the last dimension: torch.quantile(errors, 0.5, dim=-1). The same for the
    function 0. Compare: zero's (measures,) fits below (methods, measures).
hint 3: "In every measure" is .all over the measures, the dimension that is left beside the methods.
[.all(-1) -> .any(-1)]: one measure is not enough: it has to be better in every one
[errors.quantile(0.5, -1) < zero.quantile(0.5, -1) -> errors.mean(-1) < zero.mean(-1)]: that is the
    mean over the seeds, which one bad seed can spoil: take the median
[< zero -> > zero]: errors are better when they are lower
[< zero -> <= zero]: the function 0 does not beat itself: better is below, not as good
[(errors.quantile(0.5, -1) < zero.quantile(0.5, -1)) -> (errors < zero).all(-1)]: you ask that it is
    better on every single seed; compare the medians
[(errors.quantile(0.5, -1) < zero.quantile(0.5, -1)) -> (errors.median(-1).values <
    zero.median(-1).values)]: torch.median takes the lower of two middle values; use
    torch.quantile(..., 0.5)
[.all(-1) -> .all(0)]: one verdict for each method is wanted, not for each measure
"""


def _better_cases():
    for methods, measures, seeds in [(30, 1, 3), (30, 2, 4), (6, 3, 9)]:
        errors, zero = draw(methods, measures, seeds).exp(), 1 + draw(measures, seeds).exp()
        yield torch.cat([errors, zero[None]]), zero


@exercise(NOTHING, _better_cases)
def beats_zero(errors, zero):
    """errors (methods, measures, seeds), zero (measures, seeds). Returns (methods,), whether the
    median over the seeds is below that of zero in every measure."""
    return (errors.quantile(0.5, -1) < zero.quantile(0.5, -1)).all(-1)


DECAY = """
hint 1: One step multiplies a weight by 1 - lr w. What do `epochs` steps multiply it by?
hint 2: Set (1 - lr w)^epochs = left and take the root of order `epochs`.
hint 3: 1 - lr w = left^(1/epochs). Solve for w.
[/ lr -> ]: lr is missing: AdamW multiplies by 1 - lr w
[1 / epochs -> epochs]: the root is taken the other way round: the power is 1 / epochs
[1 - left -> left]: that is the factor of one step; w is what it takes away, divided by lr
[(1 - left ** (1 / epochs)) / lr -> (1 - left) / (lr * epochs)]: the steps multiply, they do not add
    up: take a root, not a share
"""


@exercise(DECAY, lambda: ((0.4, 0.1, 10), (0.9, 0.1, 5), (0.05, 0.5, 3), (1.0, 0.1, 7)))
def matching_decay(left, lr, epochs):
    """left in (0, 1]. Returns w, a float: (1 - lr w)^epochs = left."""
    return (1 - left ** (1 / epochs)) / lr
