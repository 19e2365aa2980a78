"""Which examples does a network know only because it saw them? Those, and no others,
leave anything to forget."""

import torch

from .floors import whole


def memorisation(correct: torch.Tensor, included: torch.Tensor) -> torch.Tensor:
    """Pr[correct | in] - Pr[correct | out], (n,), from -1 to 1 (Feldman and Zhang, 2020).

    correct: (models, n) booleans, whether the model has the example right. included: (models, n)
    booleans, whether it was trained on it, each a random part of the data: `halves`. Near 0 for
    most examples, near 1 for those that must be learnt by heart.

    Raises TypeError for other dtypes, ValueError for other shapes, or an example that no model saw,
    or all did.
    """
    _check(correct, included, least=1)
    shares = [(correct & side).sum(0) / side.sum(0).double() for side in (included, ~included)]
    return shares[0] - shares[1]


def memorisation_floor(
    correct: torch.Tensor, included: torch.Tensor, *, draws: int = 10, seed: int = 0
) -> torch.Tensor:
    """The same difference between two random halves of the models that never saw the example,
    (draws, n): 0 but for chance.

    Half as many models on either side as `memorisation` has, so its spread is up to sqrt(2) times
    that of the score's own chance. Raises as `memorisation`, and ValueError when fewer than 2
    models are without an example.
    """
    _check(correct, included, least=2)
    whole("draws", draws, 1)
    generator, found = torch.Generator().manual_seed(seed), []
    outside = ~included
    for _ in range(draws):
        keys = (
            torch.rand(correct.shape, generator=generator)
            .to(correct.device)
            .masked_fill(included, 2)
        )
        rank = keys.argsort(0).argsort(
            0
        )  # of the models without the example: 0, 1, 2, ... in random order
        first = outside & (rank < outside.sum(0) // 2)
        found.append(
            ((correct & first).sum(0) / first.sum(0).double())
            - ((correct & outside & ~first).sum(0) / (outside & ~first).sum(0).double())
        )
    return torch.stack(found)


def _check(correct, included, least):
    for name, values in (("correct", correct), ("included", included)):
        if not isinstance(values, torch.Tensor) or values.dtype != torch.bool:
            raise TypeError(
                f"{name} must be a tensor of booleans, got "
                f"{getattr(values, 'dtype', type(values).__name__)}"
            )
    if correct.ndim != 2 or correct.shape != included.shape:
        raise ValueError(
            "correct and included must have the same shape (models, n), got "
            f"{tuple(correct.shape)} and {tuple(included.shape)}"
        )
    for side, what in ((included, "with"), (~included, "without")):
        wanted = least if what == "without" else 1
        if (side.sum(0) < wanted).any():
            example = int((side.sum(0) < wanted).nonzero()[0])
            raise ValueError(
                f"included must leave at least {wanted} model {what} every example, example "
                f"{example} has {int(side[:, example].sum())}"
            )
