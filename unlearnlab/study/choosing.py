"""Which setting of a sweep is a method's best, and by whose knowledge?

"oracle" chooses on the numbers that are then reported, as paper A does for its tables: what the
method could do if you knew. "validation" never lets a seed choose for itself: its setting is the
best on all the other seeds.

Which points of a trade-off are worth having, and how do two fronts compare? Every objective is to
be small.
"""

import itertools
import math

import numpy as np

from ..ground import checks
from ..methods import hyperparameters


def select(frame, metric: str, rule: str = "oracle", by: tuple[str, ...] = ("method", "epochs")):
    """The runs of the selected settings, one per group and seed, with a column `rule`.

    frame: what `ul.sweep` returned. metric: the column to choose by, smaller is better; one that
    needs no knowledge of the answer makes a selection that a user could make. The best setting of a
    group has the lowest median over seeds; a missing or failed run counts as infinitely bad. Ties
    go to the first setting.

    Raises ValueError for an unknown column or rule, for "validation" with fewer than two seeds, and
    where a setting ran twice on a seed: then something tells settings apart that is no
    hyperparameter, and belongs into `by`.
    """
    import pandas

    checks.one_of("rule", rule, ("oracle", "validation"))
    _check_columns(frame, by=by, seed=["seed"])
    if "error" in frame and frame["error"].map(type).eq(str).all():
        raise ValueError("no run of frame finished: its column error says why")
    _check_columns(frame, metric=[metric])
    names = [name for name in _told_apart(frame) if name in frame.columns and name not in by]
    # a column of `by` that a method lacks is empty in its rows
    groups = frame.groupby(list(by), sort=False, dropna=False)
    if rule == "validation":
        _check_judged(groups)
    best = [_best(group, names, metric, rule) for _, group in groups]
    return pandas.concat(best, ignore_index=True).assign(rule=rule)


def _check_judged(groups):
    for name, seeds in groups["seed"].unique().items():
        if len(seeds) < 2:
            raise ValueError(
                'rule="validation" needs at least two seeds, one to judge and the others to '
                f"choose: {name} has {seeds.tolist()}"
            )


def _best(group, names, metric, rule):
    one = np.zeros(len(group), int)
    setting = group.groupby(names or one, sort=False, dropna=False).ngroup()
    table = _once(group.assign(setting=setting))
    score = table.pivot(index="setting", columns="seed", values=metric)
    score = score.astype(float).fillna(np.inf)
    judges = lambda seed: score.drop(columns=seed) if rule == "validation" else score
    best = {seed: judges(seed).median(axis=1).idxmin() for seed in score}
    return group[table["setting"] == table["seed"].map(best)]


def _once(table):
    if table.duplicated(["setting", "seed"]).any():
        raise ValueError(
            "frame has two runs of one setting on one seed: give rows that agree in the columns "
            "that tell them apart (select takes these in by, too)"
        )
    return table


def front(points: np.ndarray) -> np.ndarray:
    """Which of the points (n, objectives) no other dominates: a boolean array (n,).

    A point is dominated when another is at most as large in every objective and smaller in one.
    Equal points do not dominate each other: both are on the front, or neither. A point with a NaN
    is never on it. Costs O(n^2 objectives).

    Raises ValueError for anything but a table of numbers.
    """
    points = _table(points)
    at_most = (points[None] <= points[:, None]).all(2)  # [i, j]: j is at most i everywhere
    smaller = (points[None] < points[:, None]).any(2)
    return ~np.isnan(points).any(1) & ~(at_most & smaller).any(1)


def hypervolume(points: np.ndarray, reference: np.ndarray) -> float:
    """The area between a front and a reference point, both objectives small: larger is better
    (Zitzler and Thiele, 1998).

    points: (n, 2), dominated ones may be there. reference: (2,), worse than what counts; points
    beyond it add nothing. Fronts are comparable for one reference only. Raises ValueError for other
    shapes.
    """
    points, reference = _table(points), checks.numbers_of("reference", reference)
    if points.shape[1] != 2 or reference.shape != (2,) or not np.isfinite(reference).all():
        raise ValueError(
            f"hypervolume needs points (n, 2) and a finite reference (2,), got {points.shape} and "
            f"{reference.tolist()}"
        )
    inside = points[(points < reference).all(1)]
    area, ceiling = 0.0, reference[1]
    for x, y in sorted(inside.tolist()):  # from the left; each lower one adds a rectangle
        if y < ceiling:
            area += (reference[0] - x) * (ceiling - y)
            ceiling = y
    return float(area)


def held_out(
    frame, metrics: list[str], reference: np.ndarray, count: int | None = None
) -> np.ndarray:
    """For each seed, the share of the box up to `reference` that a front dominates whose settings
    were chosen on the other seeds.

    frame: runs of one method, every setting on every seed. metrics: two columns, both to be small.
    reference: (2,), as in `hypervolume`; the box ends at 0.
    count: with how many settings, at most: some values of each hyperparameter, all combined, more
        than .8 `count` in all; for each seed those with the largest mean share on the others.
        Default all settings.

    A front that is chosen and measured on the same seeds flatters whoever has most settings. To
    choose on the others removes a part of that. The rest stays: of the points chosen, those count
    that come out best on the seed that judges. So the share grows with their number, even where all
    are runs of one setting. Where much hangs on a difference, compare as many settings of each.

    Returns (seeds,), in the order of their first rows. Raises ValueError for a single seed (with
    `count`, fewer than three), one that lacks a setting, and a `count` that no combination has.
    """
    _check_columns(frame, metrics=metrics, seed=["seed"])
    reference = checks.numbers_of("reference", reference)
    table, settings = _by_setting(frame, metrics, least=2 if count is None else 3)
    if count is None:
        return _shares(table, reference)
    count = checks.integer("count", count, low=1)
    parts = [table[chosen] for chosen in _lattices(settings, count)]
    if not parts:
        raise ValueError(f"no combination of values has count={count} settings, or a little fewer")
    found = []
    for i in range(table.shape[1]):
        on_others = [_shares(np.delete(part, i, 1), reference).mean() for part in parts]
        found.append(_shares(parts[np.argmax(on_others)], reference)[i])
    return np.array(found)


def _by_setting(frame, metrics, least):
    """The metrics (settings, seeds, metrics), and what tells the settings apart, a row each."""
    seed_of, seeds = frame["seed"].factorize()
    if len(seeds) < least:
        raise ValueError(f"held_out needs {least} seeds or more, got {seeds.tolist()}")
    numbered = _numbered(frame)
    settings = numbered.drop_duplicates("setting").sort_values("setting")
    table = np.full((len(settings), len(seeds), len(metrics)), np.nan)
    table[numbered["setting"], seed_of] = frame[list(metrics)]
    for seed, there in zip(seeds, np.bincount(seed_of)):
        if there != len(table):
            raise ValueError(f"seed {seed} has {there} settings of the {len(table)} there are")
    return table, settings[_told_apart(frame)]


def _shares(table, reference):
    """(seeds,): `held_out` of a table (settings, seeds, 2)."""
    others = [np.delete(table, i, 1).mean(1) for i in range(table.shape[1])]
    areas = [hypervolume(table[front(rest), i], reference) for i, rest in enumerate(others)]
    return np.array(areas) / reference.prod()


def _lattices(settings, count):
    """Masks (settings,) of all that combine some values of each column and are `count` or a little
    fewer."""
    codes = [settings[name].factorize(use_na_sentinel=False)[0] for name in settings]
    values = [range(code.max() + 1) for code in codes]
    for sizes in itertools.product(*(range(1, len(each) + 1) for each in values)):
        if 0.8 * count < math.prod(sizes) <= count:
            for chosen in itertools.product(*map(itertools.combinations, values, sizes)):
                mask = np.all(list(map(np.isin, codes, chosen)), 0)
                if mask.sum() == math.prod(sizes):
                    yield mask


def points(frame, metrics: list[str]):
    """One row per setting: the mean of every metric over the seeds, and its standard error in
    `metric_se`.

    frame: what `ul.sweep` returned, or a table of runs that was recorded. A setting is a method,
    epochs and all hyperparameters; one with a missing metric has NaN for it. Raises ValueError for
    an unknown column, and where a setting ran twice on a seed.
    """
    _check_columns(frame, metrics=metrics, seed=["seed"])
    _numbered(frame)
    groups = _settings(frame)[list(metrics)]
    whole = groups.count().eq(groups.size(), axis=0)
    mean, spread = groups.mean().where(whole), groups.sem().where(whole)
    return mean.join(spread.add_suffix("_se")).reset_index()


def _numbered(frame):
    return _once(frame.assign(setting=_settings(frame).ngroup()))


def _settings(frame):
    """The runs of a method, epochs and all hyperparameters, as a group each."""
    return frame.groupby(_told_apart(frame), sort=False, dropna=False)


def _told_apart(frame):
    return ["method", "epochs", *hyperparameters(frame)]


def standard_error(values: np.ndarray) -> np.ndarray:
    """Standard deviation of the mean of independent values, with n - 1: NaN for fewer than two."""
    values = checks.numbers_of("values", values)
    if len(values) < 2:
        return np.full(values.shape[1:], np.nan)
    return values.std(0, ddof=1) / np.sqrt(len(values))


def _check_columns(frame, **columns):
    checks.function("frame.groupby", getattr(frame, "groupby", None))
    if not len(frame):
        raise ValueError("frame has no runs")
    for argument, names in columns.items():
        checks.instance(argument, names, (tuple, list), "a list of columns of frame")
        for name in names or [None]:
            checks.one_of(argument, name, frame.columns, ", the columns of frame")


def _table(points):
    points = checks.numbers_of("points", points)
    if points.ndim != 2 or points.shape[1] == 0:
        raise ValueError(f"points must have shape (n, objectives), got {points.shape}")
    return points
