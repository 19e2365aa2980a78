"""Memorisation scores where the truth is planted, and their floor."""

import pytest
import torch

from unlearnlab.metrics import halves, memorisation, memorisation_floor

N = 300


def planted(models, inside, outside, seed=0):
    """Models that have an example right with probability `inside`
    if they saw it, else `outside`."""
    included, chance = (
        halves(models, N, seed),
        torch.rand(models, N, generator=torch.Generator().manual_seed(seed + 1)),
    )
    return torch.where(included, chance < inside, chance < outside), included


@pytest.mark.parametrize("inside, outside", [(1.0, 0.0), (1.0, 0.9), (0.7, 0.7), (0.2, 0.6)])
def test_it_is_the_difference_of_the_two_probabilities(inside, outside):
    found = memorisation(*planted(400, inside, outside))
    error = ((inside * (1 - inside) + outside * (1 - outside)) / 200) ** 0.5
    assert (
        found.shape == (N,)
        and abs(found.mean().item() - (inside - outside)) < 4 * error / N**0.5 + 1e-9
    )
    assert ((found - (inside - outside)).abs() <= 5 * error + 1e-9).all()


def test_by_hand():
    correct = torch.tensor([[1, 1], [1, 0], [0, 0], [0, 1]], dtype=torch.bool)
    included = torch.tensor([[1, 1], [1, 1], [0, 1], [0, 0]], dtype=torch.bool)
    assert torch.allclose(
        memorisation(correct, included), torch.tensor([1.0, 1 / 3 - 1], dtype=torch.float64)
    )


def test_the_floor_does_not_feel_what_was_memorised():
    """Only models that never saw the example take part: 60 of 120, in halves of 30."""
    found = memorisation_floor(*planted(120, 1.0, 0.3), draws=8)
    spread = (2 * 0.3 * 0.7 / 30) ** 0.5
    assert (
        found.shape == (8, N)
        and abs(found.mean().item()) < 4 * spread / N**0.5
        and abs(found.std().item() / spread - 1) < 0.1
    )
    assert (memorisation_floor(*planted(20, 1.0, 0.0)) == 0).all()
    assert (found[0] != found[1]).any() and torch.equal(
        found, memorisation_floor(*planted(120, 1.0, 0.3), draws=8)
    )


def test_the_halves_of_a_floor_are_equal_and_drawn_by_its_seed():
    correct, included = planted(4, 1.0, 0.5)  # two models without an example: one against one
    found = [memorisation_floor(correct, included, seed=seed) for seed in (0, 0, 1)]
    assert found[0].abs().unique().tolist() == [0, 1]
    assert torch.equal(found[0], found[1]) and not torch.equal(found[0], found[2])


def test_every_example_is_seen_by_half_of_the_models_at_random():
    included = halves(10, 50)
    assert included.sum(0).tolist() == [5] * 50 and halves(7, 3).sum(0).tolist() == [3] * 3
    assert torch.equal(included, halves(10, 50)) and not torch.equal(
        included, halves(10, 50, seed=1)
    )
    together = (halves(1_000, 2)[:, 0] & halves(1_000, 2)[:, 1]).sum().item()
    assert 190 < together < 310  # examples are drawn apart


@pytest.mark.parametrize(
    "correct, included, error, says",
    [
        (
            torch.ones(4, 2).bool(),
            torch.tensor([[1, 1], [1, 0], [0, 0], [0, 0]]).bool() | torch.tensor([True, False]),
            ValueError,
            "included must leave at least 1 model without every example, example 0 has 0",
        ),
        (
            torch.ones(4, 2).bool(),
            torch.zeros(4, 2).bool(),
            ValueError,
            "included must leave at least 1 model with every example, example 0 has 0",
        ),
        (
            torch.ones(4, 2).bool(),
            torch.zeros(4, 3).bool(),
            ValueError,
            r"included must have shape \(4, 2\), got \(4, 3\)",
        ),
        (
            torch.ones(4, 2),
            torch.zeros(4, 2).bool(),
            TypeError,
            "correct must be a bool tensor, got torch.float32",
        ),
    ],
)
def test_what_does_not_fit_is_refused_by_name(correct, included, error, says):
    with pytest.raises(error, match=says):
        memorisation(correct, included)


def test_a_floor_needs_two_models_without_every_example():
    included = torch.tensor([[1, 1], [1, 1], [0, 0], [0, 1]]).bool()
    with pytest.raises(ValueError, match="at least 2 model without every example, example 1 has 1"):
        memorisation_floor(torch.ones(4, 2).bool(), included)
