"""RUM: groups by what was memorised, one after the other, each by the method behind it."""

import itertools
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
import torch
from small_tasks import classification, parameters, regression

import unlearnlab as ul
from unlearnlab import loop
from unlearnlab.ground.models import copied
from unlearnlab.methods.relabelling import salient
from unlearnlab.methods.rum import memorisation_proxy


def refined(base):
    @dataclass(frozen=True, kw_only=True)
    class Refined(ul.RUM, base):
        name = f"RUM ({base.name})"

    return Refined


@pytest.mark.parametrize("base", [ul.GD, ul.NGP, ul.MinNormOG, ul.SalUn, ul.SCRUB, ul.NPO])
def test_one_group_is_the_method_itself(base):
    task = classification()
    alone = ul.unlearn(task, base(lr=0.01), 2, seed=3)
    run = ul.unlearn(task, refined(base)(lr=0.01, groups=1), 2, seed=3)
    assert torch.equal(parameters(run.model), parameters(alone.model))
    assert [row["loss"] for row in run.history] == [row["loss"] for row in alone.history]


@pytest.mark.parametrize("batch_size", [None, 3])
def test_salun_asks_every_group_alone_what_is_salient(batch_size):
    alike = []

    @dataclass(frozen=True, kw_only=True)
    class Asked(ul.RUM, ul.SalUn):
        name = "asked"

        def begin(self, state):
            super().begin(state)
            model = copied(state.task.original).eval()
            inputs, targets = state.task.forget.tensors
            loss = state.task.loss(model(inputs), targets)
            masks = salient(torch.autograd.grad(loss, [*model.parameters()]))
            for mask, (_, keep, _) in zip(masks, state.memory["salient"]):
                alike.append((mask == keep).double().mean().item())

    ul.unlearn(classification(forget=12, batch_size=batch_size), Asked(groups=3, lr=0.01), 2)
    # the order of sums may decide on the one entry that is the median
    assert len(alike) == 3 * 8 and min(alike) > 0.9


def test_with_a_method_that_is_exact_on_linear_models_it_is_exact():
    x = torch.randn(8, 12, generator=torch.Generator().manual_seed(3)).double()
    y = x.sin().sum(1, keepdim=True)
    fitted = lambda x, y: torch.linalg.pinv(x) @ y[:, 0]

    def build(seed):
        model = torch.nn.Linear(12, 1, bias=False).double()
        torch.nn.utils.vector_to_parameters(fitted(x, y), model.parameters())
        return model

    sets = (x[:3], y[:3]), (x[3:], y[3:])
    task = ul.Task("linear", "regression", 1, build(0), None, *sets, build, lambda m: {"one": 1})
    alone = {"lr": 1e-300, "weight_decay": 0.0}
    method = refined(ul.MinNormOG)(reg=1.0, reg_decay=0.0, groups=3, **alone)
    run = ul.unlearn(task, method, 1)
    torch.testing.assert_close(parameters(run.model), fitted(x[:3], y[:3]), rtol=1e-8, atol=1e-8)


@dataclass(frozen=True, kw_only=True)
class Watched(ul.RUM, ul.GD):
    """Says which forget samples it saw, in which epoch, and what its original was."""

    seen = []

    def begin(self, state):
        self.seen.append((state.task, copied(state.model)))


@pytest.mark.parametrize("make", [classification, regression])
@pytest.mark.parametrize("order", ["rising", "falling"])
def test_groups_are_cut_by_the_originals_loss_and_come_in_order(make, order):
    task = make()
    Watched.seen.clear()
    run = ul.unlearn(task, Watched(groups=3, order=order, lr=0.01), 2)
    losses = memorisation_proxy(task)
    inputs, targets = task.forget.tensors
    for loss, x, y in zip(losses, inputs, targets):
        with torch.no_grad():
            assert torch.isclose(loss, task.loss(task.original(x[None]), y[None]), atol=1e-6) or (
                isinstance(task.original(x[None]), tuple)
            )
    groups = [part.forget.tensors[0] for part, _ in Watched.seen]
    index = [[(inputs == x).all(1).nonzero().item() for x in group] for group in groups]
    assert sorted(sum(index, [])) == list(range(len(inputs))) and len(index) == 3
    assert all(part == sorted(part) for part in index)
    means = [losses[part].mean() for part in index]
    assert means == sorted(means, reverse=order == "falling")
    assert len(run.history) == 6 and [row["epoch"] for row in run.history] == 3 * [0, 1]
    for part, model in Watched.seen:
        assert torch.equal(parameters(part.original), parameters(model))
        assert part.retain is task.retain
    assert not torch.equal(parameters(Watched.seen[0][1]), parameters(Watched.seen[2][1]))


def test_the_seconds_of_all_groups_add_up(monkeypatch):
    ticks = SimpleNamespace(perf_counter=itertools.count().__next__)
    monkeypatch.setattr(loop, "time", ticks)
    run = ul.unlearn(classification(), refined(ul.GD)(groups=3), 2)
    seconds = [row["seconds"] for row in run.history]
    assert seconds == sorted({*seconds}) and run.seconds == seconds[-1]


def test_every_group_begins_with_the_strength_of_the_first():
    method = refined(ul.MinNormOG)(reg=0.5, reg_decay=0.5, groups=2)
    run = ul.unlearn(classification(), method, 2)
    assert [row["strength"] for row in run.history] == [0.5, 0.25, 0.5, 0.25]


def test_a_stop_ends_it_in_the_group_it_is_in():
    import threading

    stop = threading.Event()
    method = refined(ul.GD)(groups=3, lr=0.01)
    run = ul.unlearn(classification(), method, 2, stop=stop, callback=lambda run: stop.set())
    assert run.stopped and len(run.history) == 1


def test_it_goes_through_a_sweep_and_more_groups_than_samples_are_refused(tmp_path):
    kind = refined(ul.NGP)
    grid = {kind: {"epochs": 1, "groups": [1, 2], "lr": 0.01}, ul.NTK: {"epochs": 1}}
    runs = ul.sweep(classification, grid, [1, 2], tmp_path, "serial", progress=False)
    assert runs.error.isna().all() and set(runs.method) == {"RUM (NGP)", "NTK"} and len(runs) == 6
    with pytest.raises(ValueError, match="groups must be"):
        ul.unlearn(classification(), kind(groups=11), 1)


class Counting(torch.nn.Linear):
    """A network that counts what it was shown."""

    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.register_buffer("shown", torch.zeros(()))

    def forward(self, x):
        self.shown += len(x)
        return super().forward(x)


def test_the_original_is_asked_as_a_copy():
    task = regression(1)
    inputs, targets = task.retain.tensors
    original = Counting(inputs.shape[1], targets.shape[1])
    task = task.changed(original=original, ground_truth=None)
    ul.unlearn(task, refined(ul.GD)(groups=2), 1)
    assert task.original.shown == 0
