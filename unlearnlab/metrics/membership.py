"""Can training examples be told from others, by what one model says of them?"""

import numpy as np
from torch import Tensor

from ..ground import checks
from .margins import LIMIT


def mia(
    seen: Tensor,
    unseen: Tensor,
    *,
    attack: str = "logistic",
    seen_labels: Tensor | None = None,
    unseen_labels: Tensor | None = None,
    folds: int = 5,
    repeats: int = 10,
    seed: int = 0,
) -> float:
    """The accuracy of a membership-inference attack on one model; .5 is chance.

    seen: (n,) or (n, features) of the forget set, such as the loss of each example
    (softplus(-margin)); unseen: the same of comparable examples that were never trained on. attack
    "logistic": regression on them, which asks whether one side has larger values; "svc": a
    support-vector classifier with a Gaussian kernel, which also sees a difference in spread. Both
    standardise first. Balanced: as many of the larger side as the smaller has, drawn anew in each
    of `repeats`; with labels, as many of each class. Then cross-validation in `folds`, each with as
    many of either side, so that values that say nothing score exactly .5.

    A loss may be infinite: it counts as the largest finite value, or as 100 if that is larger.
    `repeats` averages over draws and folds; it is no substitute for seeds. Report the result beside
    that of retrained models on the same examples, its floor: where seen and unseen differ in more
    than membership, a model that saw neither is above .5 as well.

    Raises TypeError or ValueError by name for what does not fit, NaN, and too few examples for the
    folds.
    """
    checks.one_of("attack", attack, ("logistic", "svc"))
    folds = checks.integer("folds", folds, low=2)
    repeats, seed = checks.integer("repeats", repeats, low=1), checks.seed(seed)
    seen, unseen = _features("seen", seen), _features("unseen", unseen)
    if seen.shape[1] != unseen.shape[1]:
        raise ValueError(
            f"seen and unseen must have the same features, got {seen.shape[1]} and "
            f"{unseen.shape[1]}"
        )
    labels = _labels(seen, seen_labels, unseen, unseen_labels)
    values, random, scores = _clipped(seen, unseen), np.random.default_rng(seed), []
    for _ in range(repeats):
        a, b = _balanced(*labels, random)
        if len(a) < folds:
            raise ValueError(
                f"folds={folds} needs at least {folds} comparable examples on either side, got "
                f"{len(a)}"
            )
        scores.append(_accuracy(values[np.concatenate([a, len(seen) + b])], attack, folds))
    return float(np.mean(scores))


def _clipped(*sides):
    """All values, with the largest finite one, or LIMIT, in place of what is larger."""
    values = np.concatenate(sides)
    most = np.maximum(LIMIT, np.where(np.isfinite(values), np.abs(values), 0).max(0))
    return values.clip(-most, most)


def _features(name, values):
    checks.floats(name, values, finite=False)
    if values.ndim not in (1, 2) or values.numel() == 0:
        raise ValueError(
            f"{name} must have shape (n,) or (n, features), not empty, got {tuple(values.shape)}"
        )
    if values.isnan().any():
        raise ValueError(f"{name} holds a NaN")
    return values.detach().reshape(len(values), -1).double().cpu().numpy()


def _labels(seen, seen_labels, unseen, unseen_labels):
    """The class of every example, as integers; all 0 where none are given."""
    if (seen_labels is None) != (unseen_labels is None):
        raise ValueError("seen_labels and unseen_labels go together: one of them is missing")
    if seen_labels is None:
        return np.zeros(len(seen), int), np.zeros(len(unseen), int)
    given = {"seen_labels": seen_labels, "unseen_labels": unseen_labels}
    both = [checks.numbers_of(name, labels) for name, labels in given.items()]
    for name, labels, values in zip(given, both, (seen, unseen)):
        if labels.shape != (len(values),):
            raise ValueError(f"{name} must have shape ({len(values)},), got {labels.shape}")
    return both


def _balanced(seen, unseen, random):
    """Indices into either side: the same number of each class, as many as both have,
    in random order."""
    pairs = []
    for label in np.intersect1d(seen, unseen):
        a, b = (random.permutation(np.flatnonzero(side == label)) for side in (seen, unseen))
        pairs.append((a[: len(b)], b[: len(a)]))
    if not pairs:
        raise ValueError(
            "seen_labels and unseen_labels have no class in common: there is nothing to compare"
        )
    a, b = (np.concatenate(side) for side in zip(*pairs))
    order = random.permutation(len(a))
    return a[order], b[order]


def _accuracy(values, attack, folds):
    """Cross-validated, of values (2 n, features), the seen ones first; folds hold pairs."""
    from sklearn.linear_model import LogisticRegression  # takes a second
    from sklearn.svm import SVC

    model = LogisticRegression() if attack == "logistic" else SVC()
    pairs, right = len(values) // 2, 0
    member, fold = np.repeat([1, 0], pairs), np.tile(np.sort(np.arange(pairs) % folds), 2)
    for i in range(folds):  # by hand: a pipeline in cross_val_predict takes twice the time
        rest, spread = fold != i, values[fold != i].std(0)
        scaled = (values - values[rest].mean(0)) / np.where(spread > 0, spread, 1)
        model.fit(scaled[rest], member[rest])
        right += (model.predict(scaled[~rest]) == member[~rest]).sum()
    return right / len(values)
