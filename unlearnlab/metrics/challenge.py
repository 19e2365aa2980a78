"""How would the judges of the NeurIPS 2023 unlearning challenge score it? By the best of many attacks on each example.

Triantafillou et al. (2024), "Are we making progress in unlearning?": an example's epsilon is what the best attack proves about it,
and an example counts the less the more is proved. Which attacks there are is our choice; the bins (13 of width .5) and the rule for an
attack with a single zero rate are as we understand the challenge, and were not compared with its own code.
"""
import math
import numbers

import torch

from .floors import against_itself, two_samples
from .lira import lira_score

DELTA = 1e-5
WIDTH, BINS = .5, 13  # of epsilon: an example in bin n counts 2 / 2^n


def epsilons(unlearned: torch.Tensor, retrained: torch.Tensor, *, delta: float = DELTA) -> torch.Tensor:
    """The epsilon of every example, (n,), at least 0, infinite where an attack makes no mistake.

    unlearned: (N, n) margins of unlearned models; retrained: (M, n). Infinite margins are values like any other. An attack calls a model unlearned or retrained by what it says of
    the example; with its rates of false positives and false negatives, epsilon is the larger of log((1 - delta - FPR) / FNR) and
    log((1 - delta - FNR) / FPR). Attacks: a threshold between any two values, in either direction, and the likelihood ratio of two
    Gaussians. One with a single rate of 0 is left out, as the challenge does: a rate of 0 in N is no proof.

    The attacks are fitted to the models they are tried on, so at finite N epsilon is above 0 whatever the method:
    `forgetting_quality_floor`. Raises TypeError or ValueError by name.
    """
    unlearned, retrained = two_samples("unlearned", unlearned, "retrained", retrained)
    if isinstance(delta, bool) or not isinstance(delta, numbers.Real) or not 0 <= delta < 1:
        raise ValueError(f"delta must be a number in [0, 1), got {delta!r}")
    missed, blamed = _thresholds(unlearned, retrained)
    gaussian = [(lira_score(side, unlearned, retrained) > 0).double().mean(0, keepdim=True) for side in (unlearned, retrained)]
    missed = torch.cat([missed, 1 - missed, 1 - gaussian[0]])
    blamed = torch.cat([blamed, 1 - blamed, gaussian[1]])
    return _epsilon(missed, blamed, delta).max(0).values.clamp(min=0)


def forgetting_quality(epsilons: torch.Tensor) -> float:
    """The mean of 2 / 2^bin over examples, bins of epsilon .5 wide, 13 of them, the last without end: 1 at best, 2^-12 at worst.

    epsilons: (n,), at least 0, may be infinite. The challenge's final score multiplies it by the ratios unlearned : retrained of the
    retain and of the test accuracy. Raises ValueError for no, negative or NaN epsilons.
    """
    epsilons = torch.as_tensor(epsilons, dtype=torch.float64)
    if epsilons.ndim != 1 or len(epsilons) == 0 or not (epsilons >= 0).all():
        raise ValueError("epsilons must be numbers of at least 0, (n,)")
    place = (epsilons / WIDTH).floor().clamp(max=BINS - 1) + 1
    return (2 * torch.exp2(-place)).mean().item()


def forgetting_quality_floor(retrained: torch.Tensor, *, size: int | None = None, draws: int = 10, seed: int = 0,
                             delta: float = DELTA) -> torch.Tensor:
    """The quality of retrained against other retrained models, (draws,): what a perfect method would score. That is about .2, not 1,
    and stays there from 10 models to 4,000: the best of all thresholds lies in the tails, where a handful of models decide.
    retrained, size, draws, seed: as in `against_itself`."""
    return against_itself(lambda a, b: forgetting_quality(epsilons(a, b, delta=delta)), retrained, size=size, draws=draws, seed=seed)


def _thresholds(unlearned, retrained):
    """Error rates of the attacks "unlearned, where the value is at most this", for every value: (N + M, n), missed and blamed.

    Of equal values only the last stands for a threshold; the others repeat it.
    """
    both = torch.cat([unlearned, retrained])
    values, order = both.sort(0)
    is_unlearned = (order < len(unlearned)).double()
    found, blamed = is_unlearned.cumsum(0) / len(unlearned), (1 - is_unlearned).cumsum(0) / len(retrained)
    last = torch.ones_like(values, dtype=torch.bool)
    last[:-1] = values[1:] > values[:-1]
    place = torch.where(last, torch.arange(len(values), device=values.device)[:, None], len(values))
    place = place.flip(0).cummin(0).values.flip(0)  # the next true threshold
    return 1 - found.gather(0, place), blamed.gather(0, place)


def _epsilon(missed, blamed, delta):
    """By attack and example; minus infinity where an attack proves nothing. Rates are multiples of 1 / N: 0 is below any."""
    no_miss, no_blame = missed < 1e-12, blamed < 1e-12
    log = lambda x: torch.where(x > 0, x.clamp(min=1e-300).log(), -math.inf)
    usual = torch.maximum(log(1 - delta - blamed) - log(missed.clamp(min=1e-12)), log(1 - delta - missed) - log(blamed.clamp(min=1e-12)))
    return torch.where(no_miss & no_blame, math.inf, torch.where(no_miss | no_blame, -math.inf, usual))
