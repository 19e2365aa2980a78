"""Was this example trained on, then unlearned? An attack that knows what models of either kind say
of this very example."""

import torch
from torch import Tensor
from torch.distributions import Normal

from ..ground import checks
from .floors import folded, two_samples
from .margins import LIMIT

# Least standard deviation of a Gaussian, in nats: models that all say the same have none
SPREAD = 1e-3


def lira_score(phi: Tensor, inside: Tensor, outside: Tensor) -> Tensor:
    """log N(phi; inside) - log N(phi; outside), (models, n): above 0, the example looks unlearned
    rather than never seen.

    phi: (models, n), log p_y - log(1 - p_y) (`margin`) of the models under attack. inside: (N, n),
    of shadow models that were trained with the examples and unlearned them; outside: (M, n), of
    ones that never saw them. Each example has two Gaussians of its own. All are clipped to
    [-100, 100]. Carlini et al. (2022); against unlearning, U-LiRA, Kurmanji et al. (2023). Raises
    TypeError or ValueError by name.
    """
    inside, outside = two_samples("inside", inside, "outside", outside)
    inside, phi = two_samples("inside", inside, "phi", phi, least=1)
    return _log_density(phi, inside) - _log_density(phi, outside)


def u_lira(unlearned: Tensor, retrained: Tensor, *, folds: int = 5, seed: int = 0) -> Tensor:
    """The accuracy of U-LiRA, (n,): how often it tells an unlearned model from a retrained one by
    what they say of this example.

    unlearned: (N, n) margins; retrained: (M, n). Every model is attacked once, with Gaussians
    fitted to the models of the other `folds`. The mean of both sides' shares of right answers; a
    tie is half right. .5 is chance, but at few models chance is not what retrained models score
    against each other: against_itself(u_lira, retrained), (draws, n).
    Raises TypeError or ValueError by name, as when there are too few models for the folds to
    leave 2.
    """
    folds = checks.integer("folds", folds, low=2)
    least = 4 if folds == 2 else folds  # so that 2 are left to fit a Gaussian to
    unlearned, retrained = two_samples("unlearned", unlearned, "retrained", retrained, least)
    right = [[], []]
    for (mine, inside), (others, outside) in zip(*folded(folds, seed, unlearned, retrained)):
        right[0].append((1 + lira_score(mine, inside, outside).sign()) / 2)
        right[1].append((1 - lira_score(others, inside, outside).sign()) / 2)
    return sum(torch.cat(side).mean(0) for side in right) / 2


def _log_density(phi, sample):
    sample, phi = sample.clamp(-LIMIT, LIMIT), phi.clamp(-LIMIT, LIMIT)
    return Normal(sample.mean(0), sample.std(0).clamp(min=SPREAD)).log_prob(phi)
