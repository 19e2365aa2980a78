"""Are unlearned models like retrained ones? Not one of each but many, example by example."""

import torch
from torch import Tensor

from ..ground import checks
from .floors import two_samples
from .margins import LIMIT


def klom(unlearned: Tensor, retrained: Tensor, *, bins: int = 20, floor: float = 1e-5) -> Tensor:
    """KL divergence of margins, KL(unlearned || retrained) in nats for every example: (n,), in
    double precision.

    unlearned: (N, n) margins of N models that were trained with the forget set and unlearned it;
    retrained: (M, n), of M models that never saw it. Both are clipped to [-100, 100]. Per example:
    `bins` equal bins from the smallest to the largest of all N + M values, the largest in the last
    one; p and q the shares in each; sum p log(p / max(q, floor)). The order matters: what unlearned
    models do and no retrained one does costs log(1 / floor), which is also the most there can be;
    what they never do costs little. As `floor` is added without taking from others, a value may be
    as low as -bins * floor.

    Of two samples of one distribution it is not 0, but about 3 at 20 models each, .35 at 100 and
    .02 at 1,000: report it beside against_itself(klom, retrained), (draws, n).
    Raises TypeError or ValueError by name for samples that do not fit, bins below 2, or a floor
    outside (0, 1).
    """
    unlearned, retrained = two_samples("unlearned", unlearned, "retrained", retrained)
    checks.integer("bins", bins, low=2)
    checks.number("floor", floor, above=0, below=1)
    both = torch.cat([unlearned, retrained]).clamp(-LIMIT, LIMIT)
    low, high = both.min(0).values, both.max(0).values
    width = torch.where(high > low, high - low, 1)
    # the largest would open a bin of its own
    place = ((both - low) / width * bins).floor().long().clamp(0, bins - 1)
    p, q = _shares(place[: len(unlearned)], bins), _shares(place[len(unlearned) :], bins)
    return (torch.special.xlogy(p, p) - p * q.clamp(min=floor).log()).sum(0)


def _shares(place, bins):
    """(bins, n): the share of the models in each bin."""
    counts = torch.zeros(bins, place.shape[1], dtype=torch.float64, device=place.device)
    return counts.scatter_add_(0, place, torch.ones_like(place, dtype=torch.float64)) / len(place)
