"""Ways to unlearn at full size: what they are called, what they cost, how far they get."""

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


def test_each_way_has_its_price_in_epochs_of_gd_and_the_least_error_that_keeps_an_accuracy():
    found = ch.ways.compared(RUNS, floors=(0.4, 0.69))
    assert found.settings.tolist() == [2, 1]  # what one seed lacks is left out
    assert found["epochs of GD"].tolist() == pytest.approx([2, 3])
    assert found["at 0.4"].tolist() == pytest.approx([0, 0.1])
    assert found["at 0.69"].tolist() == pytest.approx([0.4, 0.1])
    own = [(0.7 * (2 / 3 - 0.2)) / (2 / 3), 0.7]
    assert found["area"].iloc[1] == pytest.approx(np.mean(own))
    assert found["error"].iloc[1] == pytest.approx(np.ptp(own) / 2)


def test_a_seed_that_had_hardly_begun_is_left_out():
    begun = RUNS[(RUNS.seed == 1) & (RUNS.method == "MinNorm-OG")].assign(seed=3)
    both = pandas.concat([RUNS, begun])
    assert ch.ways.compared(both).equals(ch.ways.compared(RUNS))


def test_one_seed_has_an_area_and_no_error():
    found = ch.ways.compared(RUNS[RUNS.seed == 1], floors=())
    assert found.settings.tolist() == [2, 1, 1] and found.error.isna().all()
    assert found.area.iloc[2] == pytest.approx(0.7 * (2 / 3 - 0.2) / (2 / 3))


def test_the_points_of_a_way_are_means_over_seeds_and_their_front_is_drawn():
    points = ch.ways.places(RUNS)
    assert points["GD, T = 2"] == pytest.approx(np.array([[0.7, 0.4], [0.4, 0.0]]))
    fig = ch.pictures.fronts(points, (0.8, 0.66))
    drawn = fig.axes[0].lines[0]
    assert drawn.get_xdata().tolist() == pytest.approx([0.4, 0.7])
    assert fig.alt.endswith("every 2 epochs 1 of 1 settings, nearest 0.70, 0.10")
