"""Epsilons worked out by hand, against a loop over every attack, and where
a careless logarithm would be infinite."""

import math

import numpy as np
import pytest
import torch

from unlearnlab.chapters.ch13_evidence.challenge import epsilons, forgetting_quality
from unlearnlab.metrics import against_itself


def quality(some, others):
    return forgetting_quality(epsilons(some, others))


def column(*values):
    return torch.tensor(values, dtype=torch.float64)[:, None]


def plain(unlearned, retrained, delta, step=0.03):
    """One example, one attack after the other, thresholds from a grid."""
    high, low = (
        (retrained, unlearned)
        if np.median(retrained) > np.median(unlearned)
        else (unlearned, retrained)
    )
    narrow, broad = (low, high) if np.ptp(high) >= np.ptp(low) else (high, low)
    if np.ptp(narrow) < 0.01 * np.ptp(broad):
        return math.inf
    said = {
        ((high >= t).mean(), (low >= t).mean())
        for t in np.arange(min(low.min(), high.min()) - step / 2, high.max() + step, step)
    }
    for right in np.arange(narrow.max() - 2, narrow.max() + 2, step):
        left = np.arange(right - np.ptp(narrow) - 2, right - np.ptp(narrow) + 2, step)[:, None]
        said |= set(zip(*(((left <= side) & (side <= right)).mean(1) for side in (narrow, broad))))
    best = 0.0
    for found, blamed in said:
        missed = 1 - found
        if missed == blamed == 0:
            return math.inf
        if missed > 0 and blamed > 0:
            best = max(
                [
                    best,
                    *(
                        math.log(x)
                        for x in ((1 - delta - blamed) / missed, (1 - delta - missed) / blamed)
                        if x > 0
                    ),
                ]
            )
    return best


def test_an_attack_that_is_wrong_once_in_four_proves_log_3():
    unlearned, retrained = column(1, 1, 1, 0), column(0, 0, 0, 1)
    for a, b in (
        (unlearned, retrained),
        (retrained, unlearned),
        (-unlearned, -retrained),
        (unlearned.float(), retrained.float()),
    ):
        assert math.isclose(epsilons(a, b, delta=0).item(), math.log(3), rel_tol=1e-6)
    assert math.isclose(epsilons(unlearned, retrained, delta=0.25).item(), math.log(2))


@pytest.mark.parametrize(
    "spread, shift, other", [(1.0, 0.7, 1.0), (4.0, 0.0, 1.0), (0.3, 0.2, 1.0), (9.0, 9.0, 8.0)]
)
def test_it_is_the_best_of_all_attacks(spread, shift, other):
    """On multiples of .07, which repeat and of which 2 is none, so that
    no threshold is decided by rounding."""
    random = np.random.default_rng(0)
    a, b = (
        0.07 * np.round(x / 0.07)
        for x in (random.normal(shift, spread, (9, 5)), random.normal(0, other, (12, 5)))
    )
    for x, y in ((a, b), (b, a), (-a, -b)):
        found = epsilons(torch.from_numpy(x), torch.from_numpy(y), delta=0.01)
        assert np.allclose(found, [plain(one, other, 0.01) for one, other in zip(x.T, y.T)])


def test_two_thresholds_see_what_one_cannot():
    """The unlearned are on both sides of the retrained: one in 9 is missed, one in 10 blamed.
    One threshold proves log(40 / 9) at most."""
    unlearned, retrained = column(-3, -3, -3, -3, 0, 3, 3, 3, 3), column(*[0.0] * 8, 0.5, 1)
    assert math.isclose(epsilons(unlearned, retrained, delta=0).item(), math.log(8 / 9 * 10))


def test_thresholds_far_from_the_ends_of_the_narrower_group_are_not_tried():
    """Five of 11 narrow and one of 10 wide are at 10: that would prove log(50 / 11),
    but the left threshold ends at 4, below the 6."""
    narrow, wide = column(*[0] * 6, *[10] * 5), column(*[-3] * 4, *[0.1] * 4, 6, 10)
    assert math.isclose(epsilons(wide, narrow, delta=0).item(), math.log(25 / 11))
    assert math.isclose(
        epsilons(narrow, wide, delta=0).item(), plain(narrow[:, 0].numpy(), wide[:, 0].numpy(), 0.0)
    )


def test_a_group_that_hardly_varies_is_told_apart_by_that_alone():
    many = torch.linspace(-5, 5, 40, dtype=torch.float64)[:, None]
    assert epsilons(0.009 * many, many).item() == epsilons(many, 0 * many).item() == math.inf
    some = torch.cat(
        [many, torch.zeros(5, 1, dtype=torch.float64)]
    )  # five of the wide group are where the narrow one is
    assert epsilons(0.009 * many, some).item() == math.inf > epsilons(0.011 * many, some).item() > 1


def test_values_that_are_all_alike_prove_nothing_and_ones_apart_prove_everything():
    same = torch.ones(6, 3)
    assert (
        epsilons(same, same).tolist() == [0, 0, 0]
        and epsilons(same, same + 1).tolist() == [math.inf] * 3
    )
    infinite = torch.full((6, 1), torch.inf)
    assert (
        epsilons(infinite, infinite).item() == 0
        and epsilons(infinite, -infinite).item() == math.inf
    )


def test_a_single_rate_of_0_is_no_proof():
    assert epsilons(column(0, 0, 0, 1), column(0, 0, 1, 1), delta=0).item() == pytest.approx(
        math.log(2)
    )
    assert epsilons(column(0, 0, 0, 0, 1), column(0, 0, 0, 0, -1), delta=0).item() == 0


@pytest.mark.parametrize(
    "epsilon, counts",
    [
        (0.0, 1),
        (0.49, 1),
        (0.5, 0.5),
        (1.2, 0.25),
        (5.99, 2**-11),
        (6.0, 2**-12),
        (50.0, 2**-100),
        (math.inf, 0),
    ],
)
def test_every_half_of_epsilon_halves_what_an_example_counts(epsilon, counts):
    assert forgetting_quality(torch.tensor([epsilon])) == counts
    assert forgetting_quality(torch.tensor([epsilon, 0.0])) == (counts + 1) / 2


def test_the_floor_of_perfect_unlearning_is_about_a_fifth_however_many_models_there_are():
    """The best of all thresholds lies where a handful of models decide, and with more models
    there are more thresholds."""
    random = torch.Generator().manual_seed(0)
    for models, examples in ((10, 200), (60, 60)):
        retrained = torch.randn(2 * models, examples, generator=random)
        found = against_itself(quality, retrained, draws=3)
        assert found.shape == (3,) and ((0.13 < found) & (found < 0.24)).all()


def test_where_models_hardly_spread_more_attacks_are_tried_and_the_floor_is_lower():
    models = torch.randn(80, 60, generator=torch.Generator().manual_seed(0))
    found = [
        against_itself(quality, spread * models, draws=2).mean().item()
        for spread in (0.1, 0.2, 1.0)
    ]
    assert abs(found[0] - found[1]) < 1e-9 and 0.06 < found[0] < found[2] - 0.04


def test_what_does_not_fit_is_refused_by_name():
    for wrong in (
        torch.tensor([-1.0]),
        torch.tensor([torch.nan]),
        torch.zeros(0),
        torch.zeros(2, 2),
    ):
        with pytest.raises(ValueError, match="epsilons must be numbers of at least 0"):
            forgetting_quality(wrong)
    with pytest.raises(ValueError, match=r"delta must be a number in \[0, 1\), got 1"):
        epsilons(torch.zeros(3, 1), torch.zeros(3, 1), delta=1)
    with pytest.raises(ValueError, match="retrained must hold at least 2 models, got 1"):
        epsilons(torch.zeros(3, 1), torch.zeros(1, 1))
