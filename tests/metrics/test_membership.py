"""Attacks on two Gaussians whose Bayes accuracy is known, on nothing at all,
and on what would break a careless one."""

import numpy as np
import pytest
import torch
from scipy.stats import norm

from unlearnlab.metrics import mia

FEW = {"repeats": 2}


def gaussian(n, seed=0, features=None):
    shape = (n,) if features is None else (n, features)
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("attack", ["logistic", "svc"])
@pytest.mark.parametrize("shift", [0.5, 1.0, 3.0])
def test_of_two_shifted_gaussians_it_has_the_bayes_accuracy(attack, shift):
    n = 1_000
    bayes = norm.cdf(shift / 2)
    found = mia(gaussian(n), gaussian(n, 1) + shift, attack=attack, repeats=1)
    assert abs(found - bayes) < 4 * (bayes * (1 - bayes) / (2 * n)) ** 0.5 + 0.005


def test_only_the_svc_sees_a_difference_in_spread():
    spread, n = 4.0, 1_000
    edge = (
        2 * np.log(spread) * spread**2 / (spread**2 - 1)
    ) ** 0.5  # where the two densities are equal
    bayes = (norm.cdf(edge) - norm.cdf(-edge) + 2 * norm.cdf(-edge / spread)) / 2
    assert abs(mia(gaussian(n), spread * gaussian(n, 1), attack="svc", repeats=1) - bayes) < 0.035
    assert abs(mia(gaussian(n), spread * gaussian(n, 1), repeats=1) - 0.5) < 0.1 < bayes - 0.5


@pytest.mark.parametrize("attack", ["logistic", "svc"])
@pytest.mark.parametrize("n", [5, 7, 40])
def test_values_that_say_nothing_score_exactly_half(attack, n):
    """Folds that hold more of one side than of the other would push it below."""
    assert mia(torch.ones(n), torch.ones(n + 3), attack=attack, **FEW) == 0.5


def test_what_never_overlaps_is_told_apart_for_certain_and_infinite_losses_are_no_trouble():
    for seen, unseen in (
        (gaussian(40), gaussian(40, 1) + 40),
        (torch.zeros(40), torch.full((40,), torch.inf)),
    ):
        for attack in ("logistic", "svc"):
            assert mia(seen, unseen, attack=attack, **FEW) == 1
            assert mia(unseen, seen, attack=attack, **FEW) == 1  # either direction


def test_values_beyond_100_are_told_apart_and_infinity_is_beyond_all():
    large = 300 + gaussian(40)
    assert mia(200 + gaussian(40, 1), large, **FEW) == 1
    assert (
        mia(large, torch.full((40,), torch.inf), **FEW) > 0.95
        and mia(torch.full((40,), torch.inf), torch.full((40,), torch.inf), **FEW) == 0.5
    )


def test_sides_are_balanced_whatever_their_sizes():
    """Whoever says "unseen" to all would have 95%."""
    assert abs(mia(gaussian(50), gaussian(950, 1)) - 0.5) < 0.1


def test_with_labels_classes_are_balanced_too():
    """The loss depends on the class alone, and seen and unseen have different classes:
    without labels that looks like membership."""
    classes = [
        torch.arange(200) % 10 // 8,
        torch.arange(200) % 10 // 2 // 4 ^ 1,
    ]  # 20% and 80% of class 1
    seen, unseen = (
        (3 * labels + 0.1 * gaussian(200, i)).double() for i, labels in enumerate(classes)
    )
    assert mia(seen, unseen, **FEW) > 0.75
    assert abs(mia(seen, unseen, seen_labels=classes[0], unseen_labels=classes[1]) - 0.5) < 0.1


def test_a_feature_beside_the_loss_is_used():
    seen, unseen = gaussian(300, 0, 2), gaussian(300, 1, 2)
    seen[:, 1] += 3
    assert mia(seen, unseen, **FEW) > 0.88 > 0.6 > mia(seen[:, 0], unseen[:, 0], **FEW)


def test_the_attack_is_never_tried_on_what_it_was_fitted_to():
    """In 20 features of noise a classifier finds a way to tell 80 known examples apart,
    and no other."""
    for attack in ("logistic", "svc"):
        assert mia(gaussian(40, 0, 20), gaussian(40, 1, 20), attack=attack, **FEW) < 0.65


def test_one_seed_gives_one_number_and_precision_does_not_matter():
    seen, unseen = gaussian(60), gaussian(80, 1) + 1
    found = mia(seen, unseen, **FEW)
    assert found == mia(seen, unseen, **FEW) == mia(seen[:, None], unseen[:, None], **FEW)
    assert abs(mia(seen.float(), unseen.float(), **FEW) - found) < 0.01
    assert len({mia(seen, unseen, seed=seed, repeats=1) for seed in range(3)}) > 1


def test_the_larger_side_is_drawn_anew_for_every_repeat():
    seen, unseen = gaussian(20), gaussian(80, 1) + 0.5
    assert mia(seen, unseen, repeats=1) != mia(seen, unseen, repeats=2)


@pytest.mark.parametrize(
    "change, error, says",
    [
        (
            {"seen": torch.ones(4)},
            ValueError,
            "folds=5 needs at least 5 comparable examples on either side, got 4",
        ),
        ({"folds": 1}, ValueError, "folds must be an integer of at least 2, got 1"),
        ({"repeats": 0}, ValueError, "repeats must be an integer of at least 1"),
        ({"attack": "lira"}, ValueError, "attack must be one of logistic, svc, got 'lira'"),
        (
            {"seen": torch.ones(9, 2)},
            ValueError,
            "seen and unseen must have the same features, got 2 and 1",
        ),
        ({"seen": torch.ones(0)}, ValueError, "seen must have shape"),
        ({"unseen": torch.full((9,), torch.nan)}, ValueError, "unseen holds a NaN"),
        ({"seen": torch.arange(9)}, TypeError, "seen must be a floating-point tensor"),
        ({"seen": [1.0, 2.0]}, TypeError, "seen must be a floating-point tensor, got list"),
        ({"seen_labels": torch.zeros(9)}, ValueError, "seen_labels and unseen_labels go together"),
        (
            {"seen_labels": torch.zeros(8), "unseen_labels": torch.zeros(9)},
            ValueError,
            r"seen_labels must have shape \(9,\), got \(8,\)",
        ),
        (
            {"seen_labels": torch.zeros(9), "unseen_labels": torch.ones(9)},
            ValueError,
            "have no class in common",
        ),
        (
            {"seen_labels": torch.tensor([0] * 3 + [1] * 6), "unseen_labels": torch.zeros(9)},
            ValueError,
            "folds=5 needs at least 5 comparable",
        ),
    ],
)
def test_what_does_not_fit_is_refused_by_name(change, error, says):
    arguments = {"seen": torch.ones(9), "unseen": torch.ones(9)} | change
    with pytest.raises(error, match=says):
        mia(arguments.pop("seen"), arguments.pop("unseen"), **arguments)
