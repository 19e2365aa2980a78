"""Ways to unlearn at full size: what they are called, and of which settings they are."""

import numpy as np
import pandas
import pytest

from unlearnlab.chapters import ch11_replication as ch

ROWS = [
    # method, T, lr, reg, n_pert, project_every, seed, accuracy, error, seconds
    ("GD", 2, 1e-4, None, None, None, 1, 0.8, 0.5, 0.2),
    ("GD", 2, 1e-4, None, None, None, 2, 0.6, 0.3, 0.2),
    ("GD", 2, 1e-3, None, None, None, 1, 0.4, 0.0, 0.2),
    ("GD", 2, 1e-3, None, None, None, 2, 0.4, 0.0, 0.2),
    ("GD", 4, 1e-4, None, None, None, 1, 0.7, 0.1, 0.4),  # seed 2 was cut off by the clock
    ("MinNorm-OG", 2, 1e-4, 0.1, 10, 2, 1, 0.7, 0.2, 0.3),
    ("MinNorm-OG", 2, 1e-4, 0.1, 10, 2, 2, 0.7, 0.0, 0.3),
]
COLUMNS = "method epochs lr reg n_pert project_every seed retain_accuracy forget_error seconds"
RUNS = pandas.DataFrame(ROWS, columns=COLUMNS.split()).astype(
    {"n_pert": "Int64", "project_every": "Int64"}
)


def test_a_way_is_a_method_with_its_epochs_and_what_is_unusual_about_its_projections():
    fewer = "MinNorm-OG, T = 2, 10 samples, every 2 epochs"
    assert ch.ways.names(RUNS).tolist() == ["GD, T = 2"] * 4 + ["GD, T = 4"] + [fewer] * 2
    usual = RUNS.assign(n_pert=50, project_every=1)
    assert ch.ways.names(usual).iloc[-1] == "MinNorm-OG, T = 2"


def sizes(runs):
    return {way: len(own) for way, own in ch.ways.by_way(runs).items()}


def test_the_settings_of_a_way_are_those_that_every_seed_has():
    fewer = "MinNorm-OG, T = 2, 10 samples, every 2 epochs"
    assert sizes(RUNS) == {"GD, T = 2": 4, fewer: 2}  # what one seed lacks is left out
    assert sizes(RUNS[RUNS.seed == 1]) == {"GD, T = 2": 2, "GD, T = 4": 1, fewer: 1}


def test_the_front_of_a_way_is_drawn():
    points = {"GD, T = 2": np.array([[0.7, 0.4], [0.4, 0.0]]), "other": np.array([[0.7, 0.1]])}
    fig = ch.fronts(points, {"original": (0.8, 0.66)})
    drawn = [line.get_xdata().tolist() for line in fig.axes[0].lines]
    assert any(x == pytest.approx([0.4, 0.7]) for x in drawn)
    assert "front of 2 of 2 settings, nearest 0.70, 0.40" in fig.alt
