"""Which setting of a sweep is a method's best, and by whose knowledge?

"oracle" chooses on the numbers that are then reported, as paper A does for its tables: what the
method could do if you knew. "validation" never lets a seed choose for itself: its setting is the
best on all the other seeds.
"""

import numpy as np

from .methods import hyperparameters


def select(
    frame,
    metric: str,
    rule: str = "oracle",
    choose_on: str | None = None,
    by: tuple[str, ...] = ("method", "epochs"),
):
    """The runs of the selected settings, one per group and seed, with a column `rule`.

    frame: what `ul.sweep` returned. metric: a column, smaller is better. choose_on: the column to
    choose by, default `metric`; one that needs no knowledge of the answer makes a selection that a
    user could make. The best setting of a group has the lowest median over seeds; a missing or
    failed run counts as infinitely bad. Ties go to the first setting.

    Raises ValueError for an unknown column or rule, for "validation" with fewer than two seeds, and
    where a setting ran twice on a seed: then something tells settings apart that is no
    hyperparameter, and belongs into `by`.
    """
    import pandas

    choose_on = choose_on or metric
    if rule not in ("oracle", "validation"):
        raise ValueError(f'rule must be "oracle" or "validation", got {rule!r}')
    for column in (metric, choose_on, *by):
        if column not in frame.columns:
            raise ValueError(f"frame has no column {column!r}; it has {', '.join(frame.columns)}")
    if rule == "validation" and frame["seed"].nunique() < 2:
        raise ValueError(
            'rule="validation" needs at least two seeds: one to judge, the others to choose'
        )
    names = [
        name
        for name in ("method", "epochs", *hyperparameters(frame))
        if name in frame.columns and name not in by
    ]
    chosen = [
        _best(group, names, choose_on, rule) for _, group in frame.groupby(list(by), sort=False)
    ]
    return pandas.concat(chosen, ignore_index=True).assign(rule=rule)


def _best(group, names, choose_on, rule):
    setting = (
        group.groupby(names, sort=False, dropna=False).ngroup().to_numpy()
        if names
        else np.zeros(len(group), int)
    )
    seeds, seed = np.unique(group["seed"].to_numpy(), return_inverse=True)
    value = group[choose_on].to_numpy(float)
    score = np.full((setting.max() + 1, len(seeds)), np.inf)
    if group.assign(setting=setting).duplicated(["setting", "seed"]).any():
        raise ValueError(
            "frame has two runs of one setting on one seed: name the columns that tell them apart "
            "in by=(...)"
        )
    score[setting, seed] = np.where(np.isnan(value), np.inf, value)
    kept = np.zeros(len(group), bool)
    for i in range(len(seeds)):
        judges = np.delete(score, i, 1) if rule == "validation" else score
        kept |= (seed == i) & (setting == np.median(judges, 1).argmin())
    return group[kept]
