"""A recorded update is the update: the same parameters, whatever is recorded, and a network that
cannot be recorded is trained all the same.

Without a GPU a recording is pretended: it calls the update again, on the buffers of the first.
"""

import dataclasses
import random
import threading

import pytest
import torch
from elsewhere import DEVICE, elsewhere
from torch import nn

from unlearnlab.networks import MLP, ResNet, seeded
from unlearnlab.training import fit as trainer
from unlearnlab.training import graph
from unlearnlab.training.recipe import Recipe, full_batch

N, SIZE = 45, 8  # five whole batches an epoch and a short one
NUMBERS = torch.Generator().manual_seed(0)
PIXELS = torch.randint(0, 256, (N, 3, 8, 8), dtype=torch.uint8, generator=NUMBERS)
TARGETS = torch.stack([torch.arange(N) % 4, torch.arange(N) % 3], 1)
WEIGHTS = torch.linspace(0.2, 3, N)
# rates that float32 holds exactly: a recorded update reads them from a tensor
SGD = Recipe(epochs=4, batch_size=SIZE, lr=2**-6, milestones=(2,), drop=0.5)
needs_a_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


def fresh(width=1 / 64):
    return seeded(lambda: ResNet(18, [4, 3], width), 0)


def trained(recipe=SGD, model=None, weights=None, device="cpu", **how):
    model = (model or fresh()).to(device)
    weights = None if weights is None else weights.to(device)
    data = PIXELS.to(device), TARGETS.to(device)
    trainer.fit(model, *data, recipe, weights=weights, **how)
    return model


def difference(one, two):
    """The largest difference of two state dicts, as a share of the largest number in the tensor."""
    shares = [
        (a.double() - b.double()).abs().max() / b.double().abs().max().clamp(min=1e-30)
        for a, b in zip(one.state_dict().values(), two.state_dict().values())
    ]
    return float(torch.stack(shares).max())


class Counting:
    """A pretended recorder: how many recordings it made, and how many replays there were."""

    def __init__(self):
        self.recordings, self.replays = 0, 0

    def __call__(self, run):
        self.recordings += 1

        def replay():
            self.replays += 1
            return run()

        return replay


@pytest.fixture
def recorder(monkeypatch):
    counting = Counting()
    monkeypatch.setitem(graph.RECORDERS, "cpu", counting)
    return counting


@pytest.mark.parametrize(
    "change",
    [
        dict(),
        dict(augment="crop+flip"),
        dict(first_head_epochs=2),
        dict(optimizer="adamw", lr=2**-10),
        dict(batch_size=None),
        dict(batch_size=100),  # never a whole batch
    ],
    ids=str,
)
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
def test_replayed_updates_train_as_new_ones_do(monkeypatch, recorder, change, weights):
    recipe = dataclasses.replace(SGD, **change)
    replayed = trained(recipe, weights=weights)
    monkeypatch.delitem(graph.RECORDERS, "cpu")
    assert difference(replayed, trained(recipe, weights=weights)) == 0
    whole = {8: 20, None: 4, 100: 0}[recipe.batch_size]  # batches in four epochs
    recordings = 0 if whole == 0 else 2 if recipe.first_head_epochs else 1
    assert recorder.recordings == recordings
    assert recorder.replays == whole - graph.WARM_UP * recordings


def test_a_recorded_regression_takes_every_epoch_from_the_same_buffers(monkeypatch, recorder):
    x = torch.linspace(-1, 1, 9)[:, None]
    replayed, made = (seeded(lambda: MLP([1, 8, 1]), 0) for _ in range(2))
    recipe = full_batch(50, lr=2**-10)
    trainer.fit(replayed, x, x.sin(), recipe)
    monkeypatch.delitem(graph.RECORDERS, "cpu")
    trainer.fit(made, x, x.sin(), recipe)
    assert recorder.replays == 47 and difference(replayed, made) == 0


def test_a_recorded_training_stops_and_resumes_where_it_was(recorder, tmp_path):
    whole, stop = trained(), threading.Event()
    with pytest.raises(trainer.Stopped, match="stopped after 2 of 4 epochs"):
        trained(checkpoint=tmp_path / "p", stop=stop, progress=lambda e, _: e == 2 and stop.set())
    assert recorder.recordings == 2
    assert difference(trained(checkpoint=tmp_path / "p"), whole) == 0


def test_the_state_of_a_recorded_training_is_that_of_any_other(recorder, monkeypatch, tmp_path):
    trained(checkpoint=tmp_path / "p")
    seen = []
    monkeypatch.delitem(graph.RECORDERS, "cpu")
    trained(checkpoint=tmp_path / "p", progress=lambda *done: seen.append(done))
    assert seen == []  # nothing was left to do


def test_what_cannot_be_recorded_is_said_once_and_trained_update_by_update(monkeypatch):
    def refuse(run):
        raise RuntimeError("operation not permitted when stream is capturing\nand so on")

    monkeypatch.setitem(graph.RECORDERS, "cpu", refuse)
    with pytest.warns(UserWarning, match=r"\(operation not .* capturing\): they are made") as said:
        model = trained()
    monkeypatch.delitem(graph.RECORDERS, "cpu")
    assert len(said) == 1 and difference(model, trained()) == 0


class Tossing(nn.Module):
    """Leaves its second part out every other time, by a coin that is no GPU's."""

    def __init__(self, toss):
        super().__init__()
        self.first, self.second, self.toss = nn.Linear(192, 4), nn.Linear(192, 4), toss

    def forward(self, x):
        x = x.flatten(1) / 255
        return self.first(x) + self.second(x) if self.toss() < 0.5 else self.first(x)


@pytest.mark.parametrize("toss", [random.random, lambda: torch.rand(()).item()])
def test_a_network_that_tosses_coins_on_the_cpu_is_not_recorded(recorder, toss):
    with pytest.warns(UserWarning, match="draws random numbers on the CPU"):
        trainer.fit(Tossing(toss), PIXELS, TARGETS[:, 0], SGD)
    assert recorder.recordings == 0


class Following(nn.Module):
    """Counts on the CPU, or follows its weight in a buffer that is another each time."""

    def __init__(self, counts):
        super().__init__()
        self.line, self.counts, self.calls = nn.Linear(192, 4), counts, 0
        self.register_buffer("mean", torch.ones(1))

    def forward(self, x):
        if self.counts:
            self.calls += 1
        else:
            self.mean = 0.9 * self.mean + 0.1 * self.line.weight.detach().mean()
        return self.line(x.flatten(1) / 255) * self.mean / (1 + self.calls)


@pytest.mark.parametrize("counts", [True, False])
def test_a_network_whose_state_a_replay_would_not_know_is_not_recorded(recorder, counts):
    with pytest.warns(UserWarning, match="counts, or puts another tensor in a buffer's place"):
        trainer.fit(Following(counts), PIXELS, TARGETS[:, 0], SGD)
    assert recorder.recordings == 0


def test_a_network_with_hooks_is_not_recorded(recorder):
    model, calls = fresh(), []
    model.register_forward_hook(lambda *args: calls.append(1) and None)
    trained(model=model)
    assert recorder.recordings == 0 and len(calls) == 24


@pytest.mark.parametrize("augment", ["none", "crop+flip"])
def test_an_epoch_waits_once_for_the_device(augment):
    recipe = dataclasses.replace(SGD, augment=augment)
    with elsewhere() as waits:
        trained(recipe, weights=WEIGHTS, device=DEVICE)
    assert waits["fit.py"] <= recipe.epochs + 4  # and what is checked before the first


def way(model):
    """How a GPU's training moved the parameters of `fresh(1 / 4)`, as one vector."""
    flat = lambda m: torch.cat([p.detach().cpu().double().flatten() for p in m.parameters()])
    return flat(model) - flat(fresh(1 / 4))


@needs_a_gpu
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("change", [dict(lr=2**-10), dict(optimizer="adamw", lr=2**-13)], ids=str)
def test_on_a_gpu_replayed_updates_are_those_made_one_by_one(monkeypatch, precision, change):
    recipe = dataclasses.replace(SGD, precision=precision, **change)
    recordings = []
    real = graph.cuda_graph
    monkeypatch.setitem(graph.RECORDERS, "cuda", lambda run: recordings.append(1) or real(run))
    replayed = way(trained(recipe, fresh(1 / 4), device="cuda"))
    monkeypatch.delitem(graph.RECORDERS, "cuda")
    made, again = (way(trained(recipe, fresh(1 / 4), device="cuda")) for _ in range(2))
    assert recordings == [1]
    # a GPU may add up in another order each time
    noise = (again - made).norm() / made.norm()
    assert (replayed - made).norm() / made.norm() <= max(0.01, 3 * noise)


@needs_a_gpu
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("change", [dict(lr=2**-10), dict(optimizer="adamw", lr=2**-13)], ids=str)
def test_on_a_gpu_a_stopped_training_goes_on(tmp_path, precision, change):
    recipe = dataclasses.replace(SGD, precision=precision, **change)
    whole, again = (way(trained(recipe, fresh(1 / 4), device="cuda")) for _ in range(2))
    stop, how = threading.Event(), dict(device="cuda", checkpoint=tmp_path / "p")
    with pytest.raises(trainer.Stopped):
        report = lambda done, loss: done == 2 and stop.set()
        trained(recipe, fresh(1 / 4), stop=stop, progress=report, **how)
    pieces = way(trained(recipe, fresh(1 / 4), **how))
    noise = (again - whole).norm() / whole.norm()  # as above
    assert (pieces - whole).norm() / whole.norm() <= max(0.05, 3 * noise)


class Asking(nn.Module):
    """Looks at a number on the way, which no recording can."""

    def __init__(self):
        super().__init__()
        self.linear, self.dropout = nn.Linear(192, 4), nn.Dropout()

    def forward(self, x):
        x = self.dropout(self.linear(x.flatten(1) / 255))
        return x if x.sum().item() > 0 else x + 1


@needs_a_gpu
def test_on_a_gpu_a_network_that_asks_for_a_number_is_trained_all_the_same():
    model = Asking().cuda()
    with pytest.warns(UserWarning, match="cannot be recorded as a CUDA graph"):
        trainer.fit(model, PIXELS.cuda(), TARGETS[:, 0].cuda(), SGD)
    trained(device="cuda")  # and the next one is recorded


@needs_a_gpu
def test_on_a_gpu_every_replay_draws_new_dropout():
    class Noise(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear, self.dropout = nn.Linear(192, 4), nn.Dropout()

        def forward(self, x):
            self.last.copy_(self.dropout(torch.ones_like(self.last)))
            return self.linear(x.flatten(1) / 255)

    model, seen = Noise().cuda(), []
    model.last = torch.ones(64, device="cuda")
    recipe = full_batch(8)
    recipe = dataclasses.replace(recipe, loss="cross-entropy", batch_size=N)
    report = lambda *done: seen.append(tuple(model.last.tolist()))
    trainer.fit(model, PIXELS.cuda(), TARGETS[:, 0].cuda(), recipe, progress=report)
    assert len(set(seen)) == 8
