"""Which ways to unlearn are in a record of full size, what does each cost, and how far does it get?

A way is a method with all but its rate and strengths: its epochs, its rows, how often it projects.
"""

import numpy as np

from ...study import choosing

UNUSUAL = (("n_pert", 50, "{} samples"), ("project_every", 1, "every {} epochs"))
METRICS = ["retain_accuracy", "forget_error"]
REFERENCE = np.array([1, 2 / 3])  # of notebook 11: 1 - retain accuracy, and an original's error


def names(runs) -> list[str]:
    """The way of every run, in words such as "MinNorm-OG, T = 2, 10 samples".

    runs: a recorded table. What is usual, 50 samples and a projection in every epoch, is not said.
    """
    return [_name(row) for row in runs.to_dict("records")]


def _name(row):
    import pandas

    words = [row["method"], f"T = {row['epochs']}"]
    for column, usual, said in UNUSUAL:
        value = row.get(column, usual)
        if not pandas.isna(value) and value != usual:
            words.append(said.format(value))
    return ", ".join(words)


def shared(runs):
    """The runs of the settings that every seed has: what a clock cut off is left out.

    A seed with less than half as many as the fullest had hardly begun, and is left out itself.
    """
    count = runs.groupby("seed").seed.transform("size")
    runs = runs[2 * count >= count.max()]
    seeds = runs.seed.nunique()
    setting = ["method", "epochs", *choosing.hyperparameters(runs)]
    return runs[runs.groupby(setting, dropna=False).seed.transform("nunique") == seeds]


def by_way(runs) -> dict:
    """The runs of each way, of the settings that every seed has."""
    named = shared(runs).assign(way=names)
    return dict(iter(named.groupby("way", sort=False)))


def compared(runs, floors=(0.6, 0.65, 0.7)):
    """A row for each way: what it costs, and how far it gets.

    runs: a recorded table. floors: retain accuracies. Columns: "settings"; "seconds", the median of
    its runs; "epochs of GD", that in units of an epoch of GD; for each floor the lowest forget
    error of a setting that keeps as much, settings being means over the seeds; "area", the share of
    the box that the front dominates, mean over seeds, with settings chosen on the other seeds
    (on the same where there is only one), and "error", its standard error.
    """
    import pandas

    runs = shared(runs)
    gd = runs[runs.method == "GD"]
    epoch = (gd.seconds / gd.epochs).median()
    rows = []
    for way, own in by_way(runs).items():
        settings = choosing.points(own, METRICS)
        seconds = own.seconds.median()
        row = {"way": way, "settings": len(settings), "seconds": seconds}
        row["epochs of GD"] = seconds / epoch
        for floor in floors:
            kept = settings[settings.retain_accuracy >= floor]
            row[f"at {floor:g}"] = kept.forget_error.min()
        area = areas(own)
        row |= {"area": area.mean(), "error": float(choosing.standard_error(area))}
        rows.append(row)
    return pandas.DataFrame(rows).set_index("way")


def areas(runs):
    """(seeds,): the share of the box that one way's front dominates, settings chosen on the other
    seeds; on the same seed where there is only one, which flatters whoever has most settings."""
    runs = runs.assign(retain_error=1 - runs.retain_accuracy)
    both = ["retain_error", "forget_error"]
    if runs.seed.nunique() > 1:
        return choosing.held_out(runs, both, REFERENCE)
    found = choosing.hypervolume(runs[both].to_numpy(), REFERENCE)
    return np.array([found / REFERENCE.prod()])


def places(runs) -> dict[str, np.ndarray]:
    """By way (k, 2): retain accuracy and forget error of every setting, means over seeds."""
    return {
        way: choosing.points(own, METRICS)[METRICS].to_numpy() for way, own in by_way(runs).items()
    }
