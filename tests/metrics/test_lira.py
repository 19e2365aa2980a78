"""U-LiRA on Gaussians: the accuracy of the best attack there is, and half where
there is nothing to find."""

import numpy as np
import pytest
import torch
from scipy.stats import norm

from unlearnlab.metrics import against_itself, lira_score, u_lira


def gaussian(models, n=300, seed=0):
    return torch.randn(
        models, n, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )


def test_the_score_is_the_log_ratio_of_two_normal_densities():
    inside, outside, phi = 2 * gaussian(30, 7) + 1, gaussian(20, 7, 1), gaussian(4, 7, 2)
    normal = lambda sample: norm(sample.mean(0).numpy(), sample.numpy().std(0, ddof=1))
    assert np.allclose(
        lira_score(phi, inside, outside), normal(inside).logpdf(phi) - normal(outside).logpdf(phi)
    )
    assert torch.allclose(
        lira_score(phi.float(), inside.float(), outside.float()),
        lira_score(phi, inside, outside),
        atol=1e-4,
    )


@pytest.mark.parametrize("shift", [0.5, 1.0, 2.0])
def test_of_a_shift_it_has_the_bayes_accuracy(shift):
    found = u_lira(gaussian(200) + shift, gaussian(200, seed=1)).mean().item()
    assert abs(found - norm.cdf(shift / 2)) < 0.01


def test_of_a_spread_it_has_the_bayes_accuracy():
    spread = 3.0
    edge = (2 * np.log(spread) * spread**2 / (spread**2 - 1)) ** 0.5
    bayes = (norm.cdf(edge) - norm.cdf(-edge) + 2 * norm.cdf(-edge / spread)) / 2
    assert abs(u_lira(spread * gaussian(200), gaussian(200, seed=1)).mean().item() - bayes) < 0.01


def test_every_example_has_gaussians_of_its_own():
    """One threshold for all examples would find nothing: their own levels differ by far
    more than the shift."""
    level = 50 * gaussian(1, seed=5)
    found = u_lira(gaussian(100) + level + 1, gaussian(100, seed=1) + level)
    assert abs(found.mean().item() - norm.cdf(0.5)) < 0.01


def test_the_floor_of_few_models_is_about_half_and_varies_by_example():
    found = against_itself(u_lira, gaussian(40), draws=4)
    assert (
        found.shape == (4, 300)
        and abs(found.mean().item() - 0.5) < 0.02
        and 0.04 < found.std().item() < 0.2
    )


def test_models_that_all_say_the_same_are_a_tie_unless_they_say_different_things():
    same = torch.ones(10, 2)
    assert u_lira(same, same).tolist() == [0.5, 0.5] and u_lira(same, same + 1).tolist() == [1, 1]
    infinite = torch.full((10, 1), torch.inf)
    assert u_lira(infinite, infinite).item() == 0.5 and u_lira(infinite, -infinite).item() == 1


def test_models_under_attack_are_not_among_those_the_gaussians_are_fitted_to():
    """Among 3 models a side, an attack that had seen them
    would find more than nothing in nothing."""
    assert u_lira(gaussian(3, 4_000), gaussian(3, 4_000, 1), folds=3).mean().item() < 0.51


def test_the_folds_are_drawn_at_random_by_the_seed():
    unlearned, retrained = gaussian(12) + 1, gaussian(12, seed=1)
    found = [u_lira(unlearned, retrained, seed=seed) for seed in (0, 0, 1)]
    assert torch.equal(found[0], found[1]) and not torch.equal(found[0], found[2])


@pytest.mark.parametrize(
    "models, folds, says",
    [
        (4, 5, "unlearned must hold at least 5 models, got 4"),
        (2, 2, "unlearned must hold at least 4 models, got 2"),
        (3, 2, "unlearned must hold at least 4 models, got 3"),
        (9, 1, "folds must be an integer of at least 2, got 1"),
    ],
)
def test_too_few_models_for_the_folds_are_refused_by_name(models, folds, says):
    with pytest.raises(ValueError, match=says):
        u_lira(torch.zeros(models, 2), torch.zeros(9, 2), folds=folds)


def test_samples_about_other_examples_are_refused():
    with pytest.raises(
        ValueError, match="unlearned and retrained must be about the same examples, got 2 and 3"
    ):
        u_lira(torch.zeros(9, 2), torch.zeros(9, 3))
    with pytest.raises(
        ValueError, match="inside and phi must be about the same examples, got 2 and 3"
    ):
        lira_score(torch.zeros(1, 3), torch.zeros(9, 2), torch.zeros(9, 2))
