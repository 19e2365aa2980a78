"""KLoM against the closed form of two Gaussians, against a loop written another way,
and at its known floors."""

import math

import numpy as np
import pytest
import torch

from unlearnlab.metrics import against_itself, klom


def gaussian(models, n=1, seed=0, dtype=torch.float64):
    return torch.randn(
        models, n, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    ).to(dtype)


def plain(unlearned, retrained, bins=20, floor=1e-5):
    """By numpy's histogram, one example at a time."""
    found = []
    for a, b in zip(np.clip(unlearned.T, -100, 100), np.clip(retrained.T, -100, 100)):
        edges = np.linspace(min(a.min(), b.min()), max(a.max(), b.max()), bins + 1)
        p, q = np.histogram(a, edges)[0] / len(a), np.histogram(b, edges)[0] / len(b)
        found.append(sum(x * math.log(x / max(y, floor)) for x, y in zip(p, q) if x > 0))
    return np.array(found)


@pytest.mark.parametrize(
    "shift, spread, error",
    [(0.5, 1, 0.01), (1, 1, 0.02), (2, 1, 0.08), (0, 0.5, 0.03), (1, 0.7, 0.03)],
)
def test_of_many_models_it_is_the_kl_divergence_of_the_two_gaussians(shift, spread, error):
    """`error`: what 20 bins lose.
    They merge what differs within a bin, so KLoM is below the closed form."""
    closed = -math.log(spread) + (spread**2 + shift**2) / 2 - 0.5
    found = klom(shift + spread * gaussian(200_000), gaussian(200_000, seed=1)).item()
    assert closed - error < found < closed + 0.005


@pytest.mark.parametrize("models, floor", [(20, 3.1), (100, 0.35), (1_000, 0.024)])
def test_the_floor_of_equal_gaussians_is_the_known_one_and_far_from_0_at_few_models(models, floor):
    found = klom(gaussian(models, 500), gaussian(models, 500, seed=1)).mean().item()
    assert abs(found / floor - 1) < 0.1
    again = against_itself(klom, gaussian(2 * models, 100), draws=5)
    assert again.shape == (5, 100) and abs(again.mean().item() / floor - 1) < 0.1


def test_the_floor_is_that_of_the_size_asked_for():
    found = against_itself(klom, gaussian(200, 100), size=20, draws=5).mean().item()
    assert abs(found / 3.1 - 1) < 0.1


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_it_equals_a_histogram_of_another_making(dtype):
    a, b = (
        40 * gaussian(30, 50, 2, dtype),
        60 * gaussian(25, 50, 3, dtype),
    )  # some of them are clipped
    assert (a.abs() > 100).any() and np.allclose(
        klom(a, b), plain(a.double().numpy(), b.double().numpy())
    )
    assert np.allclose(
        klom(a, b, bins=7, floor=1e-3), plain(a.double().numpy(), b.double().numpy(), 7, 1e-3)
    )
    assert klom(a, b).dtype == torch.float64


def test_the_largest_value_is_in_the_last_bin():
    unlearned, retrained = torch.tensor([[0.0], [1.0]]), torch.tensor([[0.0], [0.96]])
    assert klom(unlearned, retrained).item() == 0  # shares 1/2 and 1/2 on both sides


def test_argument_order_matters():
    """What only the unlearned do costs log(1 / floor); what only the retrained
    do costs no more than they share."""
    narrow, wide = gaussian(1_000), 3 * gaussian(1_000, seed=1)
    assert klom(wide, narrow).item() > 2 > 1 > klom(narrow, wide).item()


def test_apart_it_is_the_most_there_is_and_alike_it_is_nothing():
    same = torch.full((5, 2), 3.0)
    assert klom(same, same).tolist() == [0, 0] and np.allclose(klom(same, same + 1), math.log(1e5))
    assert (
        -20e-5
        <= klom(gaussian(50, 9), gaussian(50, 9)).min()
        <= klom(gaussian(50, 9), gaussian(50, 9)).max()
        == 0
    )


def test_infinite_margins_count_as_100():
    a, b = torch.tensor([[torch.inf], [0.0]]), torch.tensor([[-torch.inf], [0.0]])
    assert klom(a, b) == klom(a.clamp(-100, 100), b.clamp(-100, 100))


@pytest.mark.parametrize(
    "unlearned, retrained, more, says",
    [
        (
            torch.zeros(3, 2),
            torch.zeros(3, 4),
            {},
            "unlearned and retrained must be about the same examples, got 2 and 4",
        ),
        (torch.zeros(1, 2), torch.zeros(3, 2), {}, "unlearned must hold at least 2 models, got 1"),
        (torch.zeros(3, 2), torch.full((3, 2), torch.nan), {}, "retrained holds a NaN"),
        (
            torch.zeros(3, 2),
            torch.zeros(3, 2),
            {"bins": 1},
            "bins must be an integer of at least 2, got 1",
        ),
        (
            torch.zeros(3, 2),
            torch.zeros(3, 2),
            {"floor": 0},
            r"floor must be a number in \(0, 1\), got 0",
        ),
        (
            torch.zeros(3, 2),
            torch.zeros(3, 2),
            {"floor": "low"},
            r"floor must be a number in \(0, 1\), got 'low'",
        ),
    ],
)
def test_what_does_not_fit_is_refused_by_name(unlearned, retrained, more, says):
    with pytest.raises(ValueError, match=says):
        klom(unlearned, retrained, **more)
