"""Is a model copied, whatever it keeps of a forward?"""

import copy
import operator
import random
import threading

import numpy as np
import pytest
import torch
from small_tasks import regression
from torch import nn
from torch.nn.utils import weight_norm

import unlearnlab as ul
from unlearnlab.ground.models import Kept, copied
from unlearnlab.networks import seeded
from unlearnlab.projection.step import Projection


class Keeping(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(4, 5), nn.Linear(5, 3)
        self.kept, self.by_name, self.calls = [], {}, 0
        self.register_buffer("last", torch.zeros(5))

    def forward(self, x):
        self.features = self.a(x)
        self.kept.append(self.features)
        self.by_name["features"] = self.features
        self.calls += 1
        self.last = self.features.mean(0)
        return self.b(self.features.tanh())


def test_a_model_that_keeps_tensors_of_a_forward_is_copied():
    model, x = Keeping(), torch.randn(2, 4)
    said = model(x)
    with pytest.raises(RuntimeError, match="graph leaves"):
        copy.deepcopy(model)
    twin = copied(model)
    assert torch.equal(twin.features, model.features) and twin.features.is_leaf
    assert twin.features is twin.kept[0] is twin.by_name["features"]
    assert torch.equal(twin(x), said) and model.calls == 1


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
def test_an_old_weight_norm_is_copied_and_the_copy_learns_by_itself():
    model, x = weight_norm(nn.Linear(3, 2)), torch.randn(4, 3)
    model(x)
    twin = copied(model)
    with torch.no_grad():
        twin.weight_g.mul_(2)
    assert torch.allclose(twin(x) - twin.bias, 2 * (model(x) - model.bias), atol=1e-6)


def test_a_plain_model_is_copied_as_ever():
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    twin = copied(model)
    assert all(map(torch.equal, model.state_dict().values(), twin.state_dict().values()))
    assert twin[0].weight is not model[0].weight


def test_a_model_that_keeps_its_features_can_be_unlearned():
    task = regression()
    model = Keeping()
    data = torch.utils.data.TensorDataset(torch.randn(6, 4), torch.randn(6, 3))
    model(data.tensors[0])
    made = task.changed(original=model, retain=data, forget=data)
    run = ul.unlearn(made.changed(evaluate=lambda m: {}), ul.MinNormOG(n_pert=0), 2)
    assert run.model.calls == model.calls + 2


@pytest.mark.parametrize("make", [threading.Lock, threading.RLock, threading.Event])
def test_a_model_that_holds_a_lock_is_copied(make):
    model = nn.Linear(2, 1)
    model.held = make()
    task = regression().changed(original=model, build=None, evaluate=lambda m: {})
    for method in ul.GD(), ul.MinNormOG(n_pert=0):
        copy = ul.unlearn(task, method, 2).model
        assert copy.weight is not model.weight and type(copy.held) is type(model.held)


GENERATORS = {
    "numpy": np.random.default_rng,
    "old numpy": np.random.RandomState,
    "Python": random.Random,
    "torch": torch.Generator().manual_seed,
}


class Drawing(nn.Module):
    """Draws at every forward what it needs in training alone."""

    def __init__(self, kind):
        super().__init__()
        self.layer, self.kind, self.random = nn.Linear(4, 3), kind, GENERATORS[kind](0)

    def draw(self):
        if self.kind == "torch":
            return torch.rand((), generator=self.random).item()
        return self.random.random() if hasattr(self.random, "random") else self.random.rand()

    def forward(self, x):
        drawn = self.draw(), random.random(), torch.rand(()), np.random.randn()
        return self.layer(x) * (1 + self.training * drawn[0])


@pytest.mark.parametrize("kind", GENERATORS)
@pytest.mark.parametrize("solver", ["layerwise", "cg"])
def test_generators_that_a_forward_draws_from_are_put_back(kind, solver):
    drawn = lambda m: (m.draw(), random.random(), torch.rand(()).item(), np.random.randn())
    model, x = Drawing(kind), torch.randn(5, 4)
    random.seed(0), torch.manual_seed(0), np.random.seed(0)
    expected, model.random = drawn(model), GENERATORS[kind](0)
    random.seed(0), torch.manual_seed(0), np.random.seed(0)
    ul.minnorm_step(model, x, 0.5, solver=solver)
    assert drawn(model) == expected


@pytest.mark.parametrize("bits", [np.random.MT19937, np.random.PCG64, np.random.Philox])
@pytest.mark.parametrize("solver", ["layerwise", "cg"])
def test_numpys_global_generator_is_put_back_after_every_projection_of_a_run(bits, solver):
    before = np.random.get_bit_generator()
    try:
        np.random.set_bit_generator(bits(0))
        np.random.randn()  # another normal number waits in it
        expected = np.random.RandomState(bits(0)).randn(4)[1:]
        projection = Projection(Drawing("Python"))
        for _ in range(3):
            projection.step(torch.randn(5, 4), 0.5, solver=solver)
        assert np.array_equal(np.random.randn(3), expected)
    finally:
        np.random.set_bit_generator(before)


def test_it_is_not_read_again_where_no_forward_draws_from_it(monkeypatch):
    projection = Projection(nn.Linear(4, 3))
    projection.step(torch.randn(5, 4), 0.5)
    monkeypatch.delattr(np.random, "get_state")
    projection.step(torch.randn(5, 4), 0.5)


def test_it_is_put_back_too_after_a_pass_that_failed_before_its_draws():
    class Drawn(nn.Linear):
        def forward(self, x):
            return super().forward(x) * (1 + 0 * np.random.rand())

    class Late(nn.Sequential):
        def forward(self, x):
            return self[1](self[0](x))

    model, state = Late(nn.Linear(4, 4), Drawn(4, 3)), lambda: np.random.get_state()[1:3]
    with pytest.raises(ValueError, match="cannot be run"):
        ul.minnorm_step(model, torch.randn(5, 7), 0.5)
    keys, place = state()
    ul.minnorm_step(model, torch.randn(5, 4), 0.5)
    assert state()[1] == place and np.array_equal(state()[0], keys)


def test_a_model_that_another_thread_builds_meanwhile_starts_as_it_does_alone():
    here, go_on = threading.Event(), threading.Event()

    class Waiting(nn.Linear):
        def forward(self, x):
            here.set(), go_on.wait(10)
            return super().forward(x)

    def build():
        go_on.set(), thread.join(0.5)
        return nn.Linear(3, 2)

    model, x = Waiting(4, 3), torch.randn(5, 4)
    go_on.set(), ul.minnorm_step(model, x, 0.5)  # the first takes longer
    alone = seeded(lambda: nn.Linear(3, 2), 1)
    here.clear(), go_on.clear()
    thread = threading.Thread(target=ul.minnorm_step, args=(model, x, 0.5))
    thread.start(), here.wait(10)
    assert torch.equal(seeded(build, 1).weight, alone.weight)
    thread.join()


@pytest.mark.parametrize("solver", ["layerwise", "cg"])
@pytest.mark.parametrize("moment", ["__enter__", "__exit__"])
def test_a_model_is_whole_again_where_ctrl_c_comes_while_it_is_put_back(
    moment, solver, monkeypatch
):
    usual, calls = getattr(Kept, moment), []

    def interrupted(self, *error):
        calls.append(1)
        if moment == "__enter__":
            usual(self)
        if len(calls) == 1:
            raise KeyboardInterrupt
        return usual(self, *error) if moment == "__exit__" else None

    model, x = nn.Linear(4, 3), torch.randn(5, 4)
    model.register_buffer("counts", torch.zeros(2))
    before = [*model.parameters(), *model.buffers()]
    monkeypatch.setattr(Kept, moment, interrupted)
    with pytest.raises(KeyboardInterrupt):
        ul.minnorm_step(model, x, 0.5, solver=solver)
    assert all(map(operator.is_, [*model.parameters(), *model.buffers()], before))


def test_a_large_buffer_that_a_forward_changes_unseen_is_put_back():
    class Counting(nn.Linear):
        def forward(self, x):
            self.counts.data[0] += 1
            return super().forward(x) * self.counts[0]

    model, x = Counting(4, 3), torch.randn(5, 4)
    model.register_buffer("counts", torch.zeros(2**20))
    ul.minnorm_step(model, x, 0.5)
    ul.minnorm_step(model.float(), x, 0.5, solver="cg")
    assert not model.counts.any()


def test_hooks_that_a_forward_registers_are_gone_and_others_stay():
    class Watching(nn.Linear):
        def forward(self, x):
            self.register_forward_hook(lambda *_: None)
            self.register_forward_pre_hook(lambda *_: None)
            return super().forward(x)

    model = Watching(4, 3)
    seen = []
    model.register_forward_hook(lambda *_: seen.append(1))
    ul.minnorm_step(model, torch.randn(5, 4), 0.5)
    assert len(model._forward_hooks) == 1 and not model._forward_pre_hooks and seen


def test_a_model_may_hold_tensors_in_a_set():
    model = nn.Linear(3, 2)
    model.seen = {torch.ones(1), torch.zeros(2)}
    ul.minnorm_step(model, torch.rand(4, 3), 0.5)
    assert sorted(len(t) for t in model.seen) == [1, 2]
