"""What a set holds is what its reader would see of it: else it is refused by name."""

import pytest
import torch
from torch import nn
from torch.utils.data import Subset, TensorDataset

import unlearnlab as ul
from unlearnlab.tasks import erasure

X, Y = torch.randn(12, 4, generator=torch.Generator().manual_seed(0)), torch.arange(12) % 3


class Twice(TensorDataset):
    def __getitem__(self, i):
        x, y = super().__getitem__(i)
        return 2 * x, y


class Some(Subset):
    def __getitem__(self, i):
        x, y = super().__getitem__(i)
        return 2 * x, y

    def __getitems__(self, indices):
        return [self[i] for i in indices]


class Short(TensorDataset):
    def __len__(self):
        return 4


class Listed(TensorDataset):
    def __getitems__(self, indices):
        return [(2 * self[i][0], self[i][1]) for i in indices]


class Plain(TensorDataset):
    """A class of the reader's that returns what it holds."""


def task(retain, **changes):
    build = lambda seed: nn.Linear(4, 3, **changes)
    sets = retain, (X, Y)
    return ul.Task("mine", "classification", 0, build(0), None, *sets, build, lambda m: {"one": 1})


@pytest.mark.parametrize(
    "data",
    [
        Twice(X, Y),
        Some(TensorDataset(X, Y), range(6)),
        Subset(Twice(X, Y), range(6)),
        Short(X, Y),
        Listed(X, Y),
    ],
    ids=["a dataset", "a subset", "a subset of one", "fewer", "several at once"],
)
def test_a_set_whose_samples_are_not_what_it_holds_is_refused(data):
    with pytest.raises(TypeError, match="retain is a .*, whose __[a-z]*__ may return others"):
        task(data)


def test_a_class_of_the_readers_that_returns_what_it_holds_is_taken():
    assert torch.equal(task(Plain(X, Y)).retain.tensors[0], X)


def test_test_images_that_are_not_what_they_hold_are_refused():
    test = ul.erasure.images().test
    with pytest.raises(TypeError, match="test is a Twice"):
        erasure.evaluate(ul.erasure.task().original, Twice(*test.tensors))


def test_numbers_too_large_for_the_originals_precision_are_refused():
    large = X.double().index_fill(0, torch.tensor([3]), 1e60)
    words = "the inputs of retain in torch.float32, .* hold NaN or infinity in 1 of 12 rows: 3"
    with pytest.raises(ValueError, match=words):
        task((large, Y))
    assert task((large, Y), dtype=torch.float64).retain.tensors[0].isfinite().all()
