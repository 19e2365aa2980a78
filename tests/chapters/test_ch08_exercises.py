"""The exercises of notebook 08: right answers pass, usual mistakes get their own message."""

import ast
from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from torch.nn.utils import parameters_to_vector

import unlearnlab as ul
from unlearnlab.chapters import ch08_shrinkage as ch
from unlearnlab.chapters.ch08_shrinkage.exercises import Ascent, Capped
from unlearnlab.course.exercises import WrongAnswer


def length(parameters):
    return parameters_to_vector(parameters).norm()


@torch.no_grad()
def shorten(parameters, limit):
    parameters = list(parameters)
    factor = min(1, limit / length(parameters))
    for p in parameters:
        p *= factor


@dataclass(frozen=True, kw_only=True)
class Ball(ul.Method):
    """From ul.Method, with a loss of its own, another name, and a length that begin measures."""

    radius: float = ul.hyperparameter(1, low=0, high=1)

    def begin(self, state):
        state.memory["limit"] = self.radius * length(state.task.original.parameters())

    def loss(self, state, retain, forget):
        return state.task.loss(state.model(retain.inputs), retain.targets)

    def settle(self, state):
        shorten(state.model.parameters(), state.memory["limit"])


@dataclass(frozen=True, kw_only=True)
class Share(ul.GD):
    """What a wrong method below changes one thing of."""

    share: float = ul.hyperparameter(0.7, low=0, high=1)

    def limit(self, state):
        return self.share * length(state.task.original.parameters())


class Each(Share):
    def settle(self, state):
        for p, before in zip(state.model.parameters(), state.task.original.parameters()):
            shorten([p], self.share * before.norm())


class Original(Share):
    def settle(self, state):
        shorten(state.task.original.parameters(), self.limit(state))


class WithGradient(Share):
    def settle(self, state):
        for p in state.model.parameters():
            p.mul_(self.share)


class Half(Share):
    def settle(self, state):
        shorten(state.model.parameters(), self.limit(state) / 2)


@dataclass(frozen=True, kw_only=True)
class NoField(ul.GD):
    pass


@dataclass(frozen=True, kw_only=True)
class TwoFields(Share):
    other: float = 1.0


@dataclass(frozen=True, kw_only=True)
class NoLimits(ul.GD):
    share: float = 0.7


@dataclass(frozen=True, kw_only=True)
class NoDefault(ul.GD):
    share: float = field()


class Undecorated(ul.GD):
    share: float = 0.7


@pytest.mark.parametrize("right", [Capped, Ball])
def test_other_right_methods_pass(right):
    assert ch.check("Capped", right) is right


def test_a_stub_gets_the_reference(capsys):
    @dataclass(frozen=True, kw_only=True)
    class Stub(ul.GD):
        def settle(self, state):
            raise NotImplementedError

    assert ch.check("Capped", Stub) is Capped
    assert "still a stub" in capsys.readouterr().out


@pytest.mark.parametrize(
    "wrong, says",
    [
        (Each, "every tensor by itself"),
        (Original, "changes task.original"),
        (WithGradient, "raised RuntimeError .*leaf Variable"),
        (Half, "off by"),
        (NoField, "one hyperparameter of its own"),
        (TwoFields, "one hyperparameter of its own"),
        (NoLimits, "Give it limits"),
        (NoDefault, "raised TypeError"),
        (Undecorated, "needs @dataclass"),
        (lambda: Capped, "pass the class itself"),
        (lambda: None, "is there a return"),
    ],
)
def test_a_wrong_method_is_told_by_its_own_message(wrong, says):
    with pytest.raises(WrongAnswer, match="(?s)^Capped: .*" + says):
        ch.check("Capped", wrong)


def test_the_solution_is_a_whole_class():
    solution = ast.parse(ch.hints("Capped")[-1]).body
    assert [node.name for node in solution] == ["Capped"] and solution[0].decorator_list


@dataclass(frozen=True, kw_only=True)
class OnGA(ul.GA):
    """From another method: right, if only the loss counts."""


@dataclass(frozen=True, kw_only=True)
class Descends(ul.GD):
    pass


@dataclass(frozen=True, kw_only=True)
class Both(ul.Method):
    def loss(self, state, retain, forget):
        pull = state.task.loss(state.model(retain.inputs), retain.targets)
        return pull - state.task.loss(state.model(forget.inputs), forget.targets)


@dataclass(frozen=True, kw_only=True)
class Detached(ul.Method):
    def loss(self, state, retain, forget):
        return -state.task.loss(state.model(forget.inputs).detach(), forget.targets)


def test_the_packages_own_ascent_passes():
    assert ch.check("Ascent", OnGA) is OnGA


@pytest.mark.parametrize(
    "wrong, says",
    [
        (Descends, "this is GD"),
        (Both, "off by"),
        (Detached, "the loss has no gradient by any weight"),
        (lambda **given: Ascent, "pass the class itself"),
        (lambda: None, "is there a return"),
    ],
)
def test_a_wrong_ascent_is_told_by_its_own_message(wrong, says):
    with pytest.raises(WrongAnswer, match="(?s)^Ascent: .*" + says):
        ch.check("Ascent", wrong)


def by_hand(errors, zero):
    verdicts = []
    for own in errors:
        pairs = zip(own.numpy(), zero.numpy())
        verdicts.append(all(np.median(a) < np.median(b) for a, b in pairs))
    return torch.tensor(verdicts)


@pytest.mark.parametrize(
    "name, right",
    [
        ("beats_zero", by_hand),
        ("matching_decay", lambda left, lr, n: -np.expm1(np.log(left) / n) / lr),
    ],
)
def test_another_way_passes(name, right):
    assert ch.check(name, right) is right


@pytest.mark.parametrize(
    "name, wrong, says",
    [
        ("beats_zero", lambda e, z: e.quantile(0.5, -1) < z.quantile(0.5, -1), "expected shape"),
        ("beats_zero", lambda e, z: (e.mean(-1) < z.mean(-1)).all(-1), "take the median"),
        ("beats_zero", lambda e, z: by_hand(e, z).float(), "expected bool"),
        ("matching_decay", lambda left, lr, n: (1 - left) / lr / n, "take a root"),
        ("matching_decay", lambda left, lr, n: -np.log(left) / n / lr, "should be"),
        ("matching_decay", lambda left, lr, n: None, "is there a return"),
    ],
)
def test_a_wrong_answer_is_told_by_its_own_message(name, wrong, says):
    with pytest.raises(WrongAnswer, match=says):
        ch.check(name, wrong)
