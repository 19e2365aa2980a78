"""The exercise of notebook 08: a method of one's own, descent with weights of a limited length."""

from dataclasses import dataclass, fields

import torch
from torch.nn.utils import parameters_to_vector
from torch.utils.data import TensorDataset

from ...course.exercises import call, compare, draw, exercise, expect, told
from ...loop import unlearn
from ...methods import GD, Method, hyperparameter
from ...task import Task

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
none: this is GD: nothing is shortened
before: the weights are shortened before the update, in `project` or `loss`, and AdamW moves them
    after that. `settle` comes last
absolute: you take the share as the length itself; the limit is a share of the original's length
again: you shorten to a share of the present length, after every update again, so that the weights
    vanish: the limit is a share of the length of the ORIGINAL
always: you bring weights that are shorter than the limit to it, too: leave those as they are
each: you limit every tensor by itself; the length is that of all parameters together
"""


def _length(parameters):
    return parameters_to_vector(parameters).norm()


def _task():
    """A small regression whose original fits, so that descent pulls it back to its length."""
    original = torch.nn.Linear(4, 1).double()
    torch.nn.init.constant_(original.weight, 2)
    torch.nn.init.constant_(original.bias, 5)
    x = draw(9, 4)
    data, evaluate = TensorDataset(x, original(x).detach()), lambda model: {}
    return Task("cap", "regression", 0, original, None, data, data, lambda seed: original, evaluate)


def _end(task, method):
    """The weights after a run."""
    return parameters_to_vector(unlearn(task, method, 20).model.parameters()).detach()


def _scaled(factor):
    """A rule of the loop that multiplies the weights by factor(their length)."""

    @torch.no_grad()
    def rule(method, state, *batch):
        size = factor(_length(state.model.parameters()))
        for p in state.model.parameters():
            p.mul_(size)

    return rule


@torch.no_grad()
def _each_tensor(method, state):
    for p, before in zip(state.model.parameters(), state.task.original.parameters()):
        p.mul_(min(1, method.share * before.norm() / p.norm()))


def _wrong_rules(share, limit):
    """Wrong answers by name: the rules of the loop in place of Capped's."""
    keep = {"settle": GD.settle}
    return {
        "none": keep,
        "before": keep | {"project": _scaled(lambda length: min(1, limit / length))},
        "absolute": {"settle": _scaled(lambda length: min(1, share / length))},
        "again": {"settle": _scaled(lambda length: share)},
        "always": {"settle": _scaled(lambda length: limit / length)},
        "each": {"settle": _each_tensor},
    }


def _test_capped(learner, words):
    task, method = _task(), call(learner)
    expect(isinstance(method, Method), words["instance"])
    call(lambda: _end(task, method))  # a stub ends here
    own = [field.name for field in fields(method) if not hasattr(GD, field.name)]
    expect(len(own) == 1, words["field"])
    for bad in (-0.5, 1.5):
        try:
            learner(**{own[0]: bad})
        except ValueError:
            continue
        expect(False, words["limits"])
    limit = _length(task.original.parameters())
    for share, rates in ((0.5, {"lr": 0.05}), (1.0, {"lr": 0.05, "weight_decay": 3.0})):
        answer = call(lambda: _end(task, learner(**{own[0]: share}, **rates)))
        expect(_length(task.original.parameters()) == limit, words["original"])
        right = _end(task, Capped(share=share, **rates))
        wrong = {
            name: _end(task, type("Wrong", (Capped,), rules)(share=share, **rates))
            for name, rules in _wrong_rules(share, share * limit).items()
        }
        compare(answer, right, told(words, right, wrong), (share,))


@exercise(CAPPED, test=_test_capped)
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
