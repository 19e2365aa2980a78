"""Representation collapse with images of its own by which to choose a setting."""

from functools import partial

from torch.utils.data import TensorDataset

from ...task import Task
from ...tasks import collapse


def validated(dataset: str, seed: int, stop=None) -> Task:
    """The quick task of a data set, measured on 200 more test images, by which to choose a setting.

    The metrics of these begin with "validation_"; none of them is among the images that judge. It
    has no ground truth, which would take as long as the original.
    """
    task = collapse.task(dataset, "quick", seed, stop=stop)
    size = collapse.PRESETS[dataset, "quick"]
    more = size.changed(test_images=size.test_images + 200).images(dataset).test
    unseen = TensorDataset(*(t[size.test_images :] for t in more.tensors))
    measure = partial(_on_both, judge=task.evaluate, validation=unseen)
    return task.changed(evaluate=measure, ground_truth=None)


def _on_both(model, judge, validation):
    chosen_by = collapse.evaluate(model, validation)
    return judge(model) | {f"validation_{name}": value for name, value in chosen_by.items()}
