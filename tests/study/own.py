"""A method and a task of one's own, as a reader's module holds them."""

import dataclasses
from dataclasses import dataclass
from typing import ClassVar

from small_tasks import regression

import unlearnlab as ul

GRID = {"GD": {"epochs": 2, "lr": [1e-3, 1e-2]}}
FACTOR = 2


@dataclass(frozen=True, kw_only=True)
class Mine(ul.Method):
    name: ClassVar[str] = "Mine"
    margin: float = 0.5
    times: int = ul.hyperparameter(1, low=1, high=9)
    squared: bool = True
    word: str = "mean"

    def loss(self, state, retain, forget):
        outputs = state.outputs(retain)
        extra = outputs.square() if self.squared else outputs.abs()
        return (
            state.task.loss(outputs, retain.targets)
            + self.times * self.margin * getattr(extra, self.word)()
        )


def scaled(seed, k=1):
    task = regression(seed)
    return dataclasses.replace(
        task, evaluate=lambda model: {"size": k * FACTOR * task.evaluate(model)["size"]}
    )


def sweep(factory, grid, seeds, store, backend="serial", **more):
    return ul.sweep(factory, grid, seeds, store, backend, progress=False, **{"workers": 2, **more})
