"""The sine task with forget points of one's own, and runs of all methods beside each other."""

from collections.abc import Callable, Iterable, Iterator

import torch
from torch.utils.data import TensorDataset

from ...ground.models import copied
from ...loop import unlearn
from ...methods import Method
from ...task import Task
from ...tasks import sine
from ...tasks.presets import together
from ...training.fit import fit
from ...training.recipe import full_batch

LEARN = 2000  # epochs in which an original learns forget points that were moved


def taught(task: Task, places: torch.Tensor, watch: Callable | None = None, stop=None) -> Task:
    """The sine task with other forget points, and an original that has learnt them.

    The paper's originals take 100,000 epochs from random weights. This one begins at the ground
    truth, which knows the retain points, and goes on for LEARN epochs on all of them.

    places: (n, 2), x and height of every forget point. watch(model, epochs done): called on the
    way. stop: as in `fit`, which raises Stopped.
    """
    forget, model = TensorDataset(*places.split(1, 1)), copied(task.ground_truth)
    progress = watch and (lambda done, loss: watch(model, done))
    data = together(task.retain, forget)
    fit(model, *data, full_batch(LEARN), progress=progress, stop=stop)
    return task.changed(original=model, forget=forget)


def compare(
    tasks: Iterable[Task], epochs: int, settings: dict[str, Method] | None = None, stop=None
) -> Iterator[dict]:
    """Every method on every task: yields {"method", "seed", and the errors of `sine.errors`},
    methods in the table's order.

    settings: name -> Method, default `sine.best_settings(epochs)`. stop: a threading.Event that
    ends it.
    """
    for name, method in (settings or sine.best_settings(epochs)).items():
        for task in tasks:
            run = unlearn(task, method, epochs, stop=stop)
            if run.stopped:
                return
            yield {"method": name, "seed": task.seed, **sine.errors(task, run.model)}
