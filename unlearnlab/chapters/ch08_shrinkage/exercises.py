"""The exercise of notebook 08: a method of one's own, descent with weights of a limited length."""

import contextlib
import copy
import functools
from dataclasses import dataclass, fields

import torch
from torch.nn.utils import parameters_to_vector

from ...course import curve
from ...course.exercises import WrongAnswer, call, exercise, expect, messages
from ...loop import unlearn
from ...methods import GD, Method, hyperparameter

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
    expect(isinstance(method, Method), WORDS["instance"])
    unlearn(task, method, 20)  # a stub ends here
    own = [field.name for field in fields(method) if not hasattr(GD, field.name)]
    expect(len(own) == 1, WORDS["field"])
    for bad in (-0.5, 1.5):
        with contextlib.suppress(ValueError):
            learner(**{own[0]: bad})
            raise WrongAnswer(WORDS["limits"])
    run = unlearn(task, learner(**{own[0]: share}, lr=0.05, weight_decay=decay), 20)
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
class Capped(GD):
    """GD whose weights are never longer than `share` times those of the original."""

    share: float = hyperparameter(0.7, low=0, high=1, meaning="of the original's length")

    @torch.no_grad()
    def settle(self, state):
        limit = self.share * parameters_to_vector(state.task.original.parameters()).norm()
        length = parameters_to_vector(state.model.parameters()).norm()
        if length > limit:
            for p in state.model.parameters():
                p.mul_(limit / length)
