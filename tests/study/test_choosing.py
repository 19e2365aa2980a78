"""Does `select` choose as it says: on all seeds as an oracle, on the other seeds as validation?"""

import numpy as np
import pandas
import pytest

import unlearnlab as ul
from unlearnlab.study.choosing import select


def table(errors, other=None):
    """errors: {lr: one value per seed}, a sweep of GD in which nothing else varies."""
    rows = [
        {
            "method": "GD",
            "epochs": 10,
            "seed": seed,
            "lr": lr,
            "weight_decay": 0.01,
            "error_rate": value,
            "easy": (other or errors)[lr][seed],
            "seconds": 1.0,
            "error": None,
        }
        for lr, values in errors.items()
        for seed, value in enumerate(values)
    ]
    return pandas.DataFrame(rows)


def test_the_oracle_takes_the_lowest_median_for_every_seed():
    chosen = select(table({0.1: [1, 1, 9], 0.2: [2, 2, 2]}), "error_rate")
    assert chosen["lr"].tolist() == [0.1] * 3 and chosen["rule"].unique().tolist() == ["oracle"]


def test_validation_never_lets_a_seed_choose_for_itself():
    # setting .1 is best on its own seed 0 only; judged by the others, seed 0 gets .2
    errors = {0.1: [0, 5, 5, 1], 0.2: [3, 3, 3, 3]}
    chosen = select(table(errors), "error_rate", rule="validation").sort_values("seed")
    for seed, lr in zip(chosen["seed"], chosen["lr"]):
        medians = {k: np.median(np.delete(v, seed)) for k, v in errors.items()}
        assert lr == min(medians, key=medians.get)
    assert chosen["lr"].tolist()[0] == 0.2 and chosen["seed"].tolist() == [0, 1, 2, 3]


def test_one_may_choose_on_another_column_than_is_reported():
    frame = table({0.1: [1, 1], 0.2: [2, 2]}, other={0.1: [5, 5], 0.2: [0, 0]})
    assert select(frame, "easy")["error_rate"].tolist() == [2, 2]


def test_a_failed_or_missing_run_counts_as_infinitely_bad_and_ties_go_to_the_first():
    frame = table({0.1: [0, np.nan, np.nan], 0.2: [4, 4, 4], 0.3: [4, 4, 4]})
    assert select(frame, "error_rate")["lr"].unique().tolist() == [0.2]
    first = table({0.3: [4, 4], 0.2: [4, 4]})  # of the table, not the smallest
    assert select(first, "error_rate")["lr"].unique().tolist() == [0.3]
    assert select(frame[~frame["error_rate"].isna()], "error_rate")["lr"].unique().tolist() == [0.2]


def test_every_method_and_number_of_epochs_is_chosen_for_apart(tmp_path):
    from small_tasks import regression

    grid = [
        {"GD": {"epochs": [1, 3], "lr": [1e-3, 1e-1]}},
        {"Ridge": {"epochs": 2, "reg": [0.1, 3.0]}},
    ]
    frame = ul.sweep(regression, grid, range(3), tmp_path, "serial", progress=False)
    chosen = select(frame, "size")
    assert len(chosen) == 9 and not chosen.duplicated(["method", "epochs", "seed"]).any()
    for (method, epochs), group in frame.groupby(["method", "epochs"]):
        medians = group.groupby("lr" if method == "GD" else "reg")["size"].median()
        assert (
            chosen[(chosen.method == method) & (chosen.epochs == epochs)]["size"].median()
            == medians.min()
        )


def test_unknown_columns_and_rules_are_errors_that_say_what_there_is():
    frame = table({0.1: [1, 1]})
    with pytest.raises(ValueError, match="metric must be one of method, epochs.*, got 'sup'"):
        select(frame, "sup")
    with pytest.raises(ValueError, match="one of oracle, validation, got 'best'"):
        select(frame, "error_rate", rule="best")
    with pytest.raises(ValueError, match="at least two seeds"):
        select(table({0.1: [1]}), "error_rate", rule="validation")
    two, one = table({0.1: [1, 2]}), table({0.1: [1]}).assign(method="NGP")
    with pytest.raises(ValueError, match=r"at least two seeds.*'NGP'.* has \[0\]"):
        select(pandas.concat([two, one]), "error_rate", rule="validation")


def test_a_table_without_a_finished_run_says_so():
    failed = table({0.1: [1, 2]}).assign(error="Diverged: ...").drop(columns="error_rate")
    with pytest.raises(ValueError, match="no run of frame finished"):
        select(failed, "error_rate")
    with pytest.raises(ValueError, match="frame has no runs"):
        select(failed[:0], "error_rate")


def test_a_column_that_a_method_lacks_loses_no_method():
    rows = [("GD", None, 0.4), ("Own", 1.0, 0.3), ("Own", 2.0, 0.2)]
    frame = pandas.DataFrame(
        [
            {"method": m, "epochs": 5, "lr": 0.1, "price": price, "seed": seed, "error_rate": value}
            for m, price, value in rows
            for seed in (1, 2)
        ]
    )
    chosen = ul.select(frame, "error_rate", by=("method", "price"))
    assert chosen.groupby("method").size().to_dict() == {"GD": 2, "Own": 4}
