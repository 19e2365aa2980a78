"""Which ways to unlearn are in a record of full size, with which settings that every seed has?

A way is a method with all but its rate and strengths: its epochs, its rows, how often it projects.
"""

import pandas

from ...study import choosing

UNUSUAL = (("n_pert", 50, "{} samples"), ("project_every", 1, "every {} epochs"))


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
    """The runs of the settings that every seed has: what a clock cut off is left out."""
    setting = ["method", "epochs", *choosing.hyperparameters(runs)]
    counts = runs.groupby(setting, dropna=False).seed.transform("nunique")
    return runs[counts == runs.seed.nunique()]


def by_way(runs) -> dict:
    """The runs of each way, of the settings that every seed has."""
    runs = shared(runs)
    return dict(iter(runs.groupby(names(runs), sort=False)))
