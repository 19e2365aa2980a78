"""The exercise of notebook 14, what there was to forget: which examples were learnt by heart."""

import torch

from ...course.exercises import exercise
from ...metrics import halves

MEMORISATION = """
sign: the sign is wrong: an example that is right only where it was seen has a score near 1
[/ who.sum(0).double() -> / len(who)]: that divides by all networks; divide by those of
  this group, which are not always half of them
[- share(~included) -> ]: that is how often it is right
  where it was seen; subtract how often where it was not
[share(~included) -> right.double().mean(0)]: the
  second share is over the networks that did NOT see the example, not over all
[right & who -> right == who]: that counts where right and included agree; count the networks of
  the group that are right
[sum(0) / who.sum(0) -> sum(1) / who.sum(1)]: that is one number per network; sum over the networks,
  dimension 0
number: one score per example: shape (n,), no mean
hint 1: Two shares per example: of the networks that saw it, how many have it right; of the others,
  how many. Subtract.
hint 2: right & included marks the networks that saw an example and have it right. Its sum over the
  networks, divided by included.sum(0), is the first share.
hint 3: The second is the same with ~included, which turns every True into False and back.
"""


def _memorisation_cases():
    for networks, n in ((7, 5), (9, 3), (31, 30)):
        coins = torch.rand(networks, n)
        yield coins < 0.6, halves(networks, n)


@exercise(MEMORISATION, _memorisation_cases)
def memorisation(right, included):
    """Pr[right | in] - Pr[right | out] of every example, (n,).

    right: (networks, n) booleans, whether a network has the example right. included: (networks, n)
    booleans, whether it was trained on it.
    """
    share = lambda who: (right & who).sum(0) / who.sum(0).double()
    return share(included) - share(~included)
