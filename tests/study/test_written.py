"""Is what a run writes into its task in place in no other run's numbers, and said?"""

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from own import GRID, sweep
from small_tasks import regression

import unlearnlab as ul


@dataclass(frozen=True, kw_only=True)
class Relabels(ul.Method):
    """A slip that is easily made: the labels of a whole batch are the task's own tensor."""

    k: float = 1.0
    then: str = ""

    def loss(self, state, retain, forget):
        if self.then == "freeze":
            state.task.original.requires_grad_(False)
        elif self.then == "data":  # which torch does not count
            for p in state.task.original.parameters():
                p.data.mul_(0.5)
        elif self.then == "numpy":
            forget.targets.numpy()[:] *= -self.k
        else:
            forget.targets.mul_(-self.k)
        if self.then == "fail":
            raise MemoryError("no room")
        return state.task.loss(state.model(forget.inputs), forget.targets)


@pytest.mark.parametrize(
    "backend, then",
    [*(("serial", then) for then in ("", "fail", "freeze", "data", "numpy")), ("local", "")],
)
def test_what_a_run_writes_into_the_task_is_in_no_other_run(backend, then, tmp_path):
    alone = sweep(regression, GRID, [1], tmp_path / "alone").set_index("lr")["size"]
    grid = [{Relabels: {"epochs": 3, "k": [2.0, 3.0], "then": then}}, GRID]
    for again in range(1 if backend == "serial" else 2):  # in whatever order they come
        frame = sweep(regression, grid, [1], tmp_path / str(again), backend, workers=1)
        slips = frame[frame.method == "Relabels"]["error"]
        said = (
            "MemoryError: no room"
            if then == "fail"
            else "changed what the next run would begin with"
        )
        assert slips.str.contains(said).all()
        assert (frame[frame.method == "GD"].set_index("lr")["size"] == alone).all()


def test_a_metric_that_writes_into_its_data_is_told_so(tmp_path):
    def factory(seed):
        task, data = regression(seed), torch.randn(9, 2, generator=torch.Generator().manual_seed(0))

        def evaluate(model):
            return {"said": model(data.sub_(data.mean(0)).div_(2)).square().mean()}

        return task.changed(evaluate=evaluate)

    frame = sweep(factory, GRID, [1], tmp_path)
    assert frame["error"].str.contains(r"or what measures toy, changed .* \(evaluate of").all()


def _drawing(kind, seed, x):
    """Metrics that hold something which every call changes."""
    numbers, numpys = torch.Generator().manual_seed(seed), np.random.default_rng(seed)
    words, labels, calls = random.Random(seed), torch.arange(len(x)), []
    draws = {
        "torch": lambda: torch.randperm(len(x), generator=numbers),
        "numpy": lambda: torch.from_numpy(numpys.permutation(len(x))),
        "random": lambda: torch.tensor(words.sample(range(len(x)), 4)),
        "list": lambda: torch.tensor([calls.append(0), len(calls)][1:]),
        # neither torch's count of writes nor the sum shows it
        "order": lambda: (np.random.default_rng(0).shuffle(labels.numpy()), labels)[1],
    }
    return draws[kind]


@pytest.mark.parametrize("kind", ["torch", "numpy", "random", "list", "order"])
def test_a_metric_whose_number_hangs_on_the_calls_before_is_told_so(kind, tmp_path):
    def factory(seed):
        task = regression(seed)
        x = task.retain.tensors[0]
        draw = _drawing(kind, seed, x)
        return task.changed(evaluate=lambda model: {"said": model(x[draw()[:4]]).square().mean()})

    frame = sweep(factory, GRID, [1], tmp_path)
    assert frame["error"].str.contains(r"changed what the next run .* \(evaluate of").all()


def test_sweeps_in_two_threads_and_one_within_a_factory_keep_apart(tmp_path):
    alone = sweep(regression, GRID, [1, 2], tmp_path / "alone")["size"].tolist()

    def factory(seed):
        sweep(regression, GRID, [seed], tmp_path / f"within {seed}")
        return regression(seed)

    def own(number):
        return sweep(regression, GRID, [1, 2], tmp_path / f"thread {number}")["size"].tolist()

    assert sweep(factory, GRID, [1, 2], tmp_path / "around")["size"].tolist() == alone
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(own, range(8))) == [alone] * 8


def test_a_compiled_original_is_the_same_in_every_run(tmp_path):
    def compiled(seed):
        task = regression(seed)
        return task.changed(original=torch.compile(task.original, backend="eager"))

    frame = sweep(compiled, GRID, [1], tmp_path)
    assert frame["error"].isna().all()
    plain = sweep(regression, GRID, [1], tmp_path / "plain")
    assert (frame["size"] == plain["size"]).all()


class Summed:
    """A metric as libraries have them: it adds up in place, and begins anew."""

    def __init__(self):
        self.total = torch.zeros(1)

    def __call__(self, outputs):
        self.total += outputs.square().sum()
        value, self.total = self.total.item(), torch.zeros(1)
        return value


def test_a_metric_that_puts_back_what_it_adds_up_is_no_slip(tmp_path):
    def factory(seed):
        task, metric = regression(seed), Summed()
        data = torch.randn(9, 2, generator=torch.Generator().manual_seed(0))

        def evaluate(model):
            data.requires_grad_(True)  # for a gradient by the input
            return {"said": metric(model(data)), "slope": _slope(model, data)}

        return task.changed(evaluate=evaluate)

    frame = sweep(factory, GRID, [1, 2], tmp_path)
    assert frame["error"].isna().all() and frame["said"].nunique() == 4


def _slope(model, data):
    return torch.autograd.grad(model(data).sum(), data)[0].norm()
