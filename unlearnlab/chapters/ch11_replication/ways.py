"""Which ways to unlearn are in a record of full size, what does each cost, and how far does it get?

A way is a method with all but its rate and strengths: its epochs, its rows, how often it projects.
"""

import numpy as np
import pandas

from ...study import choosing

UNUSUAL = (("n_pert", 50, "{} samples"), ("project_every", 1, "every {} epochs"))
METRICS = ["retain_accuracy", "forget_error"]
REFERENCE = np.array([1, 2 / 3])  # of notebook 11: 1 - retain accuracy, and an original's error


def names(runs) -> pandas.Series:
    """The way of every run, in words such as "MinNorm-OG, T = 2, 10 samples".

    runs: a recorded table. What is usual, 50 samples and a projection in every epoch, is not said.
    """
    words = runs.method + ", T = " + runs.epochs.astype(str)
    for column, usual, said in UNUSUAL:
        if column in runs:
            own = runs[column].fillna(usual)
            words += own.map(f", {said}".format).where(own != usual, "")
    return words.rename("way")


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
    runs = shared(runs)
    return dict(iter(runs.groupby(names(runs), sort=False)))


def compared(runs, floors=(0.6, 0.65, 0.7)):
    """A row for each way: what it costs, and how far it gets.

    runs: a recorded table. floors: retain accuracies. Columns: "settings"; "seconds", the median of
    its runs; "epochs of GD", that in units of an epoch of GD; for each floor the lowest forget
    error of a setting that keeps as much, settings being means over the seeds; "area", the share of
    the box that the front dominates, mean over seeds, with settings chosen on the other seeds
    (on the same where there is only one), and "error", its standard error.
    """
    gd = shared(runs).query("method == 'GD'")
    epoch, rows = (gd.seconds / gd.epochs).median(), {}
    for way, own in by_way(runs).items():
        settings, seconds, area = choosing.points(own, METRICS), own.seconds.median(), areas(own)
        kept = [settings.forget_error[settings.retain_accuracy >= floor] for floor in floors]
        rows[way] = {
            "settings": len(settings),
            "seconds": seconds,
            "epochs of GD": seconds / epoch,
            **{f"at {floor:g}": errors.min() for floor, errors in zip(floors, kept)},
            "area": area.mean(),
            "error": float(choosing.standard_error(area)),
        }
    return pandas.DataFrame.from_dict(rows, orient="index").rename_axis("way")


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
