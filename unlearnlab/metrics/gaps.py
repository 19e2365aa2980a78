"""How far is an unlearned model from retrained ones in accuracy: on the forget set,
the retain set, unseen examples?"""

import itertools
import math
from collections.abc import Callable, Iterable, Mapping

import numpy as np

from ..ground import checks


def tow(unlearned: Mapping[str, float], retrained: Mapping[str, float]) -> float:
    """Tug of war (Zhao et al., 2024): the product of 1 - |difference|, (1-|dFA|)(1-|dRA|)(1-|dTA|);
    1 is as retrained.

    unlearned, retrained: the same names, such as "forget", "retain" and "test", each an accuracy in
    [0, 1]. Raises TypeError or ValueError by name for other names, none, or numbers outside [0, 1].
    """
    return float(math.prod(1 - gap for gap in _gaps(unlearned, retrained)))


def average_gap(unlearned: Mapping[str, float], retrained: Mapping[str, float]) -> float:
    """The mean of |difference| over all names, such as three accuracies and that of an attack; 0 is
    as retrained. Raises as `tow`."""
    return float(np.mean(_gaps(unlearned, retrained)))


def gap_floor(
    metric: Callable[[Mapping, Mapping], float], retrained: Iterable[Mapping[str, float]]
) -> np.ndarray:
    """metric(one, another) for every pair of retrained models, metric being `tow` or `average_gap`.

    retrained: the accuracies of each, at least 2 models. Raises ValueError for fewer.
    """
    checks.function("metric", metric)
    if not np.iterable(retrained):
        raise TypeError(f"retrained must hold the accuracies of models, got {retrained!r}")
    retrained = list(retrained)
    for values in retrained:
        checks.instance("what retrained holds", values, Mapping, "accuracies by name")
    if len(retrained) < 2:
        raise ValueError(
            f"retrained must hold the accuracies of at least 2 models, got {len(retrained)}"
        )
    return np.array([metric(a, b) for a, b in itertools.combinations(retrained, 2)])


def _gaps(unlearned, retrained):
    both = {"unlearned": unlearned, "retrained": retrained}
    for which, values in both.items():
        checks.instance(which, values, Mapping, "accuracies by name")
    if not unlearned or unlearned.keys() != retrained.keys():
        raise ValueError(
            "unlearned and retrained must have the same names, got "
            f"{', '.join(unlearned) or 'none'} and {', '.join(retrained) or 'none'}"
        )
    share = lambda which, name: checks.number(
        f"{which}[{name!r}]", both[which][name], low=0, high=1
    )
    return [abs(share("unlearned", name) - share("retrained", name)) for name in unlearned]
