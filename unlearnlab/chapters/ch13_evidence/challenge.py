"""How would the judges of the NeurIPS 2023 unlearning challenge score it? By the best of many
attacks on each example.

Triantafillou et al. (2024), "Are we making progress in unlearning?": an example's epsilon is what
the best attack proves about it, and an example counts the less the more is proved. Compared, step
by step, with the code that the organisers published after the challenge
(google-deepmind/unlearning_evaluation, metric.py and main.py): delta, the two families of attacks
and which group each calls what, rates of 0, groups that hardly vary, bins, points and the final
score are theirs. Ours differs in three ways that change next to nothing: it tries every threshold
that matters where theirs tries a grid, .01 apart; it clips at +-100, where theirs ends at about
+-104; and what theirs caps at 50 is infinite here.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from ...ground import checks
from ...metrics.floors import two_samples
from ...metrics.margins import LIMIT

DELTA = 1e-5
WIDTH = 0.5  # of a bin: an example whose epsilon is in bin n = 1, 2, ... counts 2 / 2^n
SLACK = 2.0  # how far, in units of log-odds, an interval may be off the narrower group
NARROW = 0.01  # a group whose range is a smaller share of the other's is told apart by that alone


def epsilons(unlearned: Tensor, retrained: Tensor, *, delta: float = DELTA) -> Tensor:
    """The epsilon of every example, (n,), at least 0, infinite where an attack makes no mistake.

    unlearned: (N, n) margins of unlearned models; retrained: (M, n); clipped to [-100, 100]. An
    attack calls a model unlearned or retrained by what it says of the example; with its rates of
    false positives and false negatives, epsilon is the larger of log((1 - delta - FPR) / FNR) and
    log((1 - delta - FNR) / FPR). Two families of attacks:
        one threshold    values from t upward belong to the group with the larger median
        two thresholds   values between them belong to the group with the smaller range;
                         the right one is within 2 of that group's largest value, their distance
                         within 2 of its range
    An attack with a single rate of 0 is left out: 0 in N is no proof. Infinite is also the epsilon
    of groups of which one varies less than a hundredth as much as the other, such as a method that
    always gives the same model.

    The attacks are fitted to the models they are tried on, so at finite N epsilon is above 0
    whatever the method: see `forgetting_quality`. Raises TypeError or ValueError by name.
    """
    unlearned, retrained = two_samples("unlearned", unlearned, "retrained", retrained)
    checks.number("delta", delta, low=0, below=1)
    groups = [values.clamp(-LIMIT, LIMIT) for values in (unlearned, retrained)]
    return torch.stack([_proved(*one, delta) for one in zip(*(values.T for values in groups))])


def forgetting_quality(epsilons: Tensor) -> float:
    """The mean of 2 / 2^n over examples, n = 1, 2, ... the bin of width .5 in which epsilon lies:
    1 at best. Infinite counts 0.

    epsilons: (n,), at least 0, may be infinite. The challenge's bins end at log(N - 1), rounded up,
    for N models of either kind; no finite epsilon of N models is beyond. Its final score is this
    times the ratios unlearned : retrained of the mean accuracy on retain and on test examples.

    Retrained against other retrained models (`metrics.against_itself`), what a perfect method would
    score, is not 1 but about .18 where models spread by 2 or more, .1 where they spread by less,
    because the two thresholds may then be anywhere. It hardly changes from 10 models to 1,000: the
    best of all thresholds lies in the tails, where a handful of models decide.
    Raises ValueError for no, negative or NaN epsilons.
    """
    epsilons = torch.as_tensor(epsilons, dtype=torch.float64)
    if epsilons.ndim != 1 or len(epsilons) == 0 or not (epsilons >= 0).all():
        raise ValueError("epsilons must be numbers of at least 0, (n,)")
    return torch.exp2(-(epsilons / WIDTH).floor()).mean().item()


def _proved(unlearned, retrained, delta):
    """The largest epsilon of all attacks on one example; (N,) and (M,) margins."""
    values, order = torch.cat([unlearned, retrained]).sort()
    mine = order < len(unlearned)
    edge = F.pad(values, (1, 1), value=math.inf)
    edge[0] = -math.inf
    # equal values are on one side of any threshold
    starts, ends = edge[1:-1] > edge[:-2], edge[1:-1] < edge[2:]
    # of either group, how many are left of place k, and the share that is in places i to j
    below = [F.pad(side.double().cumsum(0), (1, 0)) for side in (mine, ~mine)]
    inside = [(side[1:] - side[:-1, None]) / side[-1] for side in below]
    lower = unlearned.quantile(0.5) < retrained.quantile(0.5)
    spread, other = (side.max() - side.min() for side in (unlearned, retrained))
    if min(spread, other) < NARROW * max(spread, other):
        return torch.tensor(math.inf, dtype=torch.float64)
    narrower = spread < other or (spread == other and lower)  # is it the unlearned?
    allowed = starts[:, None] & ends & _near(edge, unlearned if narrower else retrained)
    above = _epsilon(*(share[:, -1][starts] for share in inside), not lower, delta)
    between = _epsilon(*(share[allowed] for share in inside), narrower, delta)
    return torch.cat([above, between]).max().clamp(min=0)


def _near(edge, narrow):
    """Are there two thresholds, close to the narrower group, between which just the
    places i to j lie? (K, K)

    The left one is above value i - 1 and at most value i, the right one at least value j and below
    value j + 1."""
    most, least = narrow.max(), narrow.min()
    before, first, last, after = edge[:-2, None], edge[1:-1, None], edge[1:-1], edge[2:]
    right = last.clamp(min=most - SLACK)  # the least it may be
    # the most, so that the left one reaches value i
    reach = (first + most - least + SLACK).clamp(max=most + SLACK)
    beyond = before + most - least - SLACK  # it must be more, or value i - 1 is inside as well
    fits = (first <= last) & (right <= reach) & (right < after)
    return fits & (beyond < reach) & (beyond < after)


def _epsilon(unlearned, retrained, ours, delta):
    """Of attacks that call unlearned what is inside, where `ours`, else what is outside; minus
    infinity where nothing is proved. unlearned, retrained: the shares that are inside."""
    missed, blamed = (1 - unlearned, retrained) if ours else (unlearned, 1 - retrained)
    log = lambda x: x.clamp(min=0).log()
    one, other = log(1 - delta - blamed) - log(missed), log(1 - delta - missed) - log(blamed)
    proved = torch.maximum(one, other).masked_fill((missed <= 0) | (blamed <= 0), -math.inf)
    return proved.masked_fill((missed == 0) & (blamed == 0), math.inf)
