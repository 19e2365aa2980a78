"""Which examples does a network know only because it saw them? Those, and no others,
leave anything to forget."""

import torch
from torch import Tensor

from ..ground import checks
from ..ground.seeds import from_seed, uniform


def halves(models: int, examples: int, seed: int = 0) -> Tensor:
    """Which model is to see which example, (models, examples) booleans: every example is seen by
    half of the models, at random.

    So no example lacks models of either kind, as it may if every model draws its own half; an odd
    number of models leaves one more without it. Models see about half of the examples each. Raises
    ValueError for fewer than 2 models or no example.
    """
    checks.integer("models", models, low=2)
    checks.integer("examples", examples, low=1)
    keys = uniform(models, examples, generator=from_seed(seed))
    return keys.argsort(0).argsort(0) < models // 2


def memorisation(correct: Tensor, included: Tensor) -> Tensor:
    """Pr[correct | in] - Pr[correct | out], (n,), from -1 to 1 (Feldman and Zhang, 2020).

    correct: (models, n) booleans, whether the model has the example right. included: (models, n)
    booleans, whether it was trained on it, each a random part of the data: `halves`. Near 0 for
    most examples, near 1 for those that must be learnt by heart.

    Raises TypeError for other dtypes, ValueError for other shapes, or an example that no model saw,
    or all did.
    """
    _check(correct, included, least=1)
    return _share(correct, included) - _share(correct, ~included)


def memorisation_floor(
    correct: Tensor, included: Tensor, *, draws: int = 10, seed: int = 0
) -> Tensor:
    """The same difference between two random halves of the models that never saw the example,
    (draws, n): 0 but for chance.

    Half as many models on either side as `memorisation` has, so its spread is sqrt(2) times that
    of the score's own chance where models with and without the example waver alike, and 2 times
    where all that saw it are right. Raises as `memorisation`, and ValueError when fewer than 2
    models are without an example.
    """
    _check(correct, included, least=2)
    checks.integer("draws", draws, low=1)
    generator, floors = from_seed(seed), []
    outside = ~included
    for _ in range(draws):
        keys = uniform(*correct.shape, generator=generator).to(correct.device)
        # of the models without the example: 0, 1, 2, ... in random order
        rank = keys.masked_fill(included, 2).argsort(0).argsort(0)
        first = outside & (rank < outside.sum(0) // 2)
        floors.append(_share(correct, first) - _share(correct, outside & ~first))
    return torch.stack(floors)


def _share(correct, models):
    """How often those of the models are correct, of every example."""
    return (correct & models).sum(0) / models.sum(0).double()


def _check(correct, included, least):
    checks.tensor("correct", correct, dtype=torch.bool, shape=("models", "n"))
    checks.tensor("included", included, dtype=torch.bool, shape=correct.shape)
    for side, what, wanted in ((included, "with", 1), (~included, "without", least)):
        models, example = side.sum(0).min(0)
        if models < wanted:
            raise ValueError(
                f"included must leave at least {wanted} model {what} every example, example "
                f"{example} has {models}"
            )
