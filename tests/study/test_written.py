"""Is what a run writes into its task in place in no other run's numbers, and said?"""

from dataclasses import dataclass

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
        said = "MemoryError: no room" if then == "fail" else "changed a tensor of the task in place"
        assert slips.str.contains(said).all()
        assert (frame[frame.method == "GD"].set_index("lr")["size"] == alone).all()


def test_a_metric_that_writes_into_its_data_is_told_so(tmp_path):
    def factory(seed):
        task, data = regression(seed), torch.randn(9, 2, generator=torch.Generator().manual_seed(0))

        def evaluate(model):
            return {"said": model(data.sub_(data.mean(0)).div_(2)).square().mean()}

        return task.changed(evaluate=evaluate)

    frame = sweep(factory, GRID, [1], tmp_path)
    assert frame["error"].str.contains("or what measures toy, changed a tensor").all()


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
