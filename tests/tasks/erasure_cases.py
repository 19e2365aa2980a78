"""What the tests of label erasure make."""

import pytest

import unlearnlab as ul
from unlearnlab.networks import AllCNN
from unlearnlab.training.recipe import Recipe

SMALL = dict(
    network=lambda classes: AllCNN(classes, 1 / 48),
    recipe=Recipe(epochs=2, batch_size=256, lr=0.01),
)


@pytest.fixture(scope="module")
def task():
    return ul.erasure.task(seed=1)
