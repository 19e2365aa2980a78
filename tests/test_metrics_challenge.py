"""Epsilons worked out by hand, against a loop over every attack, and where a careless logarithm would be infinite."""
import math

import numpy as np
import pytest
import torch

from unlearnlab.metrics import epsilons, forgetting_quality, forgetting_quality_floor, lira_score


def column(*values):
    return torch.tensor(values, dtype=torch.float64)[:, None]


def plain(unlearned, retrained, delta):
    """One example, one attack after the other."""
    attacks = [(lambda x, t=t: x <= t) for t in (*unlearned, *retrained)] + [(lambda x, t=t: x > t) for t in (*unlearned, *retrained)]
    said = [(attack(unlearned), attack(retrained)) for attack in attacks]
    said.append(tuple(lira_score(column(*x), column(*unlearned), column(*retrained))[:, 0].numpy() > 0 for x in (unlearned, retrained)))
    best = 0.
    for right, wrong in said:
        missed, blamed = 1 - right.mean(), wrong.mean()
        if missed == blamed == 0:
            return math.inf
        if missed > 0 and blamed > 0:
            best = max([best, *(math.log(x) for x in ((1 - delta - blamed) / missed, (1 - delta - missed) / blamed) if x > 0)])
    return best


def test_an_attack_that_is_wrong_once_in_four_proves_log_3():
    unlearned, retrained = column(1, 1, 1, 0), column(0, 0, 0, 1)
    for a, b in ((unlearned, retrained), (retrained, unlearned), (-unlearned, -retrained), (unlearned.float(), retrained.float())):
        assert math.isclose(epsilons(a, b, delta=0).item(), math.log(3), rel_tol=1e-6)
    assert math.isclose(epsilons(unlearned, retrained, delta=.25).item(), math.log(2))


@pytest.mark.parametrize("ties", [False, True])
def test_it_is_the_best_of_all_attacks(ties):
    random = np.random.default_rng(0)
    a, b = random.normal(.7, 1.5, (9, 40)), random.normal(0, 1, (12, 40))
    a, b = (np.round(a), np.round(b)) if ties else (a, b)
    found = epsilons(torch.from_numpy(a), torch.from_numpy(b), delta=.01)
    assert np.allclose(found, [plain(x, y, .01) for x, y in zip(a.T, b.T)]) and torch.isfinite(found).any()


def test_two_thresholds_see_what_one_cannot():
    """The unlearned are on both sides of the retrained: one in 9 is missed, 2 in 10 are blamed. One threshold has one side at most."""
    unlearned, retrained = column(-3, -3, -3, -3, 0, 3, 3, 3, 3), column(-3, 0, 0, 0, 0, 0, 0, 0, 0, 3)
    assert math.isclose(epsilons(unlearned, retrained, delta=0).item(), math.log(.8 * 9))
    assert epsilons(unlearned.abs(), retrained.abs(), delta=0).item() > math.log(40 / 9) + .1  # what one threshold has at most


def test_values_that_are_all_alike_prove_nothing_and_ones_apart_prove_everything():
    same = torch.ones(6, 3)
    assert epsilons(same, same).tolist() == [0, 0, 0] and epsilons(same, same + 1).tolist() == [math.inf] * 3
    infinite = torch.full((6, 1), torch.inf)
    assert epsilons(infinite, infinite).item() == 0 and epsilons(infinite, -infinite).item() == math.inf


def test_a_single_rate_of_0_is_no_proof():
    assert epsilons(column(0, 0, 0, 9), column(0, 0, 0, 0)).item() == 0


@pytest.mark.parametrize("epsilon, counts", [(0., 1), (.49, 1), (.5, .5), (1.2, .25), (5.99, 2 ** -11), (6., 2 ** -12), (50., 2 ** -12), (math.inf, 2 ** -12)])
def test_every_half_of_epsilon_halves_what_an_example_counts(epsilon, counts):
    assert forgetting_quality(torch.tensor([epsilon])) == counts
    assert forgetting_quality(torch.tensor([epsilon, 0.])) == (counts + 1) / 2


def test_the_floor_of_perfect_unlearning_is_about_a_fifth_however_many_models_there_are():
    """The best of all thresholds lies where a handful of models decide, and with more models there are more thresholds."""
    random = torch.Generator().manual_seed(0)
    for models in (20, 100, 500):
        found = forgetting_quality_floor(torch.randn(2 * models, 60, generator=random), draws=3)
        assert found.shape == (3,) and ((.15 < found) & (found < .3)).all()


def test_what_does_not_fit_is_refused_by_name():
    for wrong in (torch.tensor([-1.]), torch.tensor([torch.nan]), torch.zeros(0), torch.zeros(2, 2)):
        with pytest.raises(ValueError, match="epsilons must be numbers of at least 0"):
            forgetting_quality(wrong)
    with pytest.raises(ValueError, match=r"delta must be a number in \[0, 1\), got 1"):
        epsilons(torch.zeros(3, 1), torch.zeros(3, 1), delta=1)
    with pytest.raises(ValueError, match="retrained must hold at least 2 models, got 1"):
        epsilons(torch.zeros(3, 1), torch.zeros(1, 1))
