"""Do fronts, hypervolumes and standard errors agree with their definitions, ties and all?"""

from itertools import combinations

import numpy as np
import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unlearnlab.study.choosing import front, held_out, hypervolume, points, standard_error

POINTS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=25).map(
    lambda p: np.array(p, float)
)


def _dominated(p, points):
    return any(
        all(a <= b for a, b in zip(q, p)) and any(a < b for a, b in zip(q, p)) for q in points
    )


@given(POINTS)
@settings(deadline=None, max_examples=200)
def test_the_front_is_what_nothing_dominates(points):
    assert front(points).tolist() == [not _dominated(p, points) for p in points]


def test_equal_points_stay_together_and_ties_in_one_objective_are_dominated():
    assert front([[1, 2], [1, 2], [2, 1], [1, 3], [2, 2]]).tolist() == [
        True,
        True,
        True,
        False,
        False,
    ]
    assert front([[0, 0], [0, 0]]).all() and front([[3.0], [1.0], [1.0]]).tolist() == [
        False,
        True,
        True,
    ]


def test_a_missing_number_is_never_on_the_front_and_dominates_nothing():
    assert front([[np.nan, 0], [1, 1], [np.inf, 0]]).tolist() == [False, True, True]


@given(POINTS)
@settings(deadline=None, max_examples=200)
def test_hypervolume_counts_the_unit_squares_that_a_point_dominates(points):
    cells = [
        (i, j) for i in range(7) for j in range(7) if any(x <= i and y <= j for x, y in points)
    ]
    assert hypervolume(points, [7, 7]) == len(cells)


def test_hypervolume_ignores_points_beyond_the_reference_and_dominated_ones():
    assert hypervolume([[1, 1], [5, 0], [2, 2], [1, 1]], [3, 3]) == 4
    assert hypervolume([[4, 4]], [3, 3]) == 0 and hypervolume(np.empty((0, 2)), [1, 1]) == 0


def test_wrong_shapes_are_refused_by_name():
    with pytest.raises(ValueError, match=r"points must have shape \(n, objectives\), got \(3,\)"):
        front([1, 2, 3])
    with pytest.raises(
        ValueError, match=r"points \(n, 2\) and a finite reference \(2,\), got \(1, 3\)"
    ):
        hypervolume([[1, 2, 3]], [1, 1])
    with pytest.raises(ValueError, match="a finite reference"):
        hypervolume([[0, 0]], [np.inf, 1])


def test_standard_error_of_known_values():
    assert standard_error([1, 2, 3, 4]) == pytest.approx(np.sqrt(5 / 3) / 2)
    assert np.isnan(standard_error([1.0])) and standard_error(
        [[1, 1], [3, 1]]
    ).tolist() == pytest.approx([1, 0])


def test_a_point_is_the_mean_and_standard_error_of_one_setting_over_its_seeds():
    frame = pandas.DataFrame(
        {
            "method": ["GD", "GD", "GD", "Ridge", "Ridge"],
            "epochs": 3,
            "lr": [0.1, 0.1, 0.2, 0.1, 0.1],
            "reg": [np.nan, np.nan, np.nan, 1.0, 1.0],
            "seed": [1, 2, 1, 1, 2],
            "error": [1.0, 3.0, 5.0, 2.0, np.nan],
        }
    )
    found = points(frame, ["error"])
    assert found["method"].tolist() == ["GD", "GD", "Ridge"] and found["lr"].tolist() == [
        0.1,
        0.2,
        0.1,
    ]
    assert (
        found["error"].tolist()[:2] == [2.0, 5.0]
        and found["error_se"][0] == 1.0
        and found[["error_se"]].isna()["error_se"].tolist() == [False, True, True]
    )
    assert np.isnan(found["error"][2])  # a setting that failed on one seed has no mean
    with pytest.raises(ValueError, match="metrics must be one of method, .*'accuracy'"):
        points(frame, ["accuracy"])


def runs(values):
    """A frame of one method from {seed: [(a, b) for each setting]}."""
    return pandas.DataFrame(
        [
            {"method": "GD", "epochs": 1, "lr": float(i), "seed": seed, "a": a, "b": b}
            for seed, rows in values.items()
            for i, (a, b) in enumerate(rows)
        ]
    )


def test_a_front_is_held_out_from_the_seed_it_is_measured_on():
    frame = runs(
        {1: [(0.1, 0.1), (0.5, 0.5)], 2: [(0.9, 0.9), (0.2, 0.2)], 3: [(0.6, 0.6), (0.4, 0.4)]}
    )
    found = held_out(frame, ["a", "b"], [1, 2])
    # without 1: means .75 and .3, so the second; without 2: .35 and .45, the first;
    # without 3: .5 and .35, the second
    assert found == pytest.approx([0.5 * 1.5 / 2, 0.1 * 1.1 / 2, 0.6 * 1.6 / 2])
    assert held_out(frame, ["a", "b"], [1, 2])[0] < hv_of_best(frame, 1)


def hv_of_best(frame, seed):
    return max(
        (1 - a) * (2 - b) / 2 for a, b in frame.loc[frame["seed"] == seed, ["a", "b"]].to_numpy()
    )


def test_held_out_needs_other_seeds_and_every_setting_on_each():
    frame = runs({1: [(0.1, 0.1), (0.5, 0.5)], 2: [(0.9, 0.9), (0.2, 0.2)]})
    with pytest.raises(ValueError, match=r"needs 2 seeds or more, got \[1\]"):
        held_out(frame[frame["seed"] == 1], ["a", "b"], [1, 1])
    with pytest.raises(ValueError, match="seed 2 has 1 settings of the 2 there are"):
        held_out(frame.iloc[:3], ["a", "b"], [1, 1])
    twice = pandas.concat([frame.iloc[:3], frame.iloc[2:3]])  # the same number, one setting missing
    with pytest.raises(ValueError, match="two runs of one setting on one seed"):
        held_out(twice, ["a", "b"], [1, 1])
    with pytest.raises(ValueError, match=r"points \(n, 2\)"):
        held_out(frame, ["a", "b", "lr"], [1, 1])


def by_hand(frame, count):
    """`held_out(frame, ["a", "b"], [1, 1], count)` by filtering the frame for each lattice."""
    some = lambda column: [
        column.isin(values)
        for n in range(1, column.nunique() + 1)
        for values in combinations(column.unique(), n)
    ]
    parts = [
        frame[rates & strengths] for rates in some(frame["lr"]) for strengths in some(frame["reg"])
    ]
    sizes = [len(part) / frame["seed"].nunique() for part in parts]
    parts = [part for part, size in zip(parts, sizes) if 0.8 * count < size <= count]
    shares = lambda part: held_out(part, ["a", "b"], [1, 1])
    found = []
    for i, seed in enumerate(frame["seed"].unique()):
        best = max(parts, key=lambda part: shares(part[part["seed"] != seed]).mean())
        found.append(shares(best)[i])
    return found


@pytest.mark.parametrize("seed", range(5))
def test_as_many_settings_are_chosen_on_the_other_seeds_too(seed):
    generator, rates = np.random.default_rng(seed), [1e-4, 1e-3, 1e-2]
    rows = [
        {"method": "Ridge", "epochs": 2, "lr": lr, "reg": reg, "reg_decay": 0.9, "seed": s}
        for s in (3, 1, 2, 7)
        for lr in rates
        for reg in (0.1, 0.2, 0.3)
    ]
    frame = pandas.DataFrame(rows)
    frame[["a", "b"]] = generator.uniform(0, 1.2, (len(frame), 2))
    frame = frame.sample(frac=1, random_state=seed).sort_values("seed", kind="stable")
    for count in (1, 2, 3, 4, 7, 9):
        assert held_out(frame, ["a", "b"], [1, 1], count) == pytest.approx(by_hand(frame, count))
    assert (held_out(frame, ["a", "b"], [1, 1], 9) == held_out(frame, ["a", "b"], [1, 1])).all()


def test_as_many_settings_need_three_seeds_and_a_combination_of_that_size():
    frame = runs({s: [(0.1 * s, 0.2), (0.3, 0.1), (0.2, 0.2)] for s in (1, 2, 3)})
    with pytest.raises(ValueError, match=r"needs 3 seeds or more, got \[1, 2\]"):
        held_out(frame[frame["seed"] < 3], ["a", "b"], [1, 1], 2)
    with pytest.raises(ValueError, match="no combination of values has count=4 settings"):
        held_out(frame, ["a", "b"], [1, 1], 4)
    for count in (0, 1.5, True):
        with pytest.raises(
            ValueError, match=f"count must be an integer of at least 1, got {count}"
        ):
            held_out(frame, ["a", "b"], [1, 1], count)
