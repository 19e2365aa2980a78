"""Does a recorded result come back as the table it was, and does the grid of Table 1 hold what the paper says?"""
import json

import numpy as np
import pandas
import pytest
from tasks import regression

import unlearnlab as ul
from unlearnlab import record
from unlearnlab.sweep import expand


def test_a_written_record_is_read_back_as_the_same_table(tmp_path):
    grid = [{"GD": {"epochs": 2, "lr": [1e-3, 1e-2]}, "MinNorm-OG": {"epochs": 3, "n_pert": [2, 5]}}, {"GA": {"epochs": 40, "lr": 1e30}}]
    frame = ul.sweep(regression, grid, [3, 1], tmp_path / "store", "serial", progress=False)
    record.write(tmp_path / "new" / "r.json", frame, {"command": "test"})
    again, made = record.load(tmp_path / "new" / "r.json")
    assert made == {"command": "test"} and len(again) == len(frame) == 10
    for column in again.columns:
        old, new = frame[column].tolist(), again[column].tolist()
        if column in ("size", "seconds"):
            assert np.allclose(np.array(old, float), np.array(new, float), rtol=1e-5, equal_nan=True)
        else:
            assert all(pandas.isna(a) and pandas.isna(b) or a == b for a, b in zip(old, new)), column
    assert ul.select(again, "size")["size"].notna().sum() == 4


def test_a_sweep_that_is_not_finished_is_not_recorded(tmp_path):
    frame = ul.sweep(regression, {"GD": {"epochs": 1, "lr": [1e-3, 1e-2]}}, [1, 2], tmp_path / "store", "serial", progress=False)
    with pytest.raises(ValueError, match="finish the sweep first"):
        record.write(tmp_path / "r.json", frame.iloc[:-1], {})
    assert not (tmp_path / "r.json").exists()


@pytest.mark.parametrize("epochs, minnorm, all_", [(10, 54, 76), (100, 24, 46), (1000, 54, 76)])
def test_the_grid_of_table_1_is_the_papers_and_holds_its_best_settings(epochs, minnorm, all_):
    settings = expand(ul.sine.published_grid(epochs))
    assert len(settings) == 3 * all_ and sum(s.method.name == "MinNorm-OG" for s in settings) == 3 * minnorm
    assert {s.epochs for s in settings} == {epochs} and {s.method.name for s in settings} == set(ul.sine.PUBLISHED[epochs])
    for name, best in ul.sine.best_settings(epochs).items():
        assert any(s.method == best for s in settings), name


def test_another_T_has_no_published_grid():
    with pytest.raises(ValueError, match=r"one of \[10, 100, 1000\], the paper's, got 50"):
        ul.sine.published_grid(50)


def test_a_small_table_is_recorded_and_resumed(tmp_path, monkeypatch):
    monkeypatch.setattr(ul.sine, "published_grid", lambda t: {"GD": {"epochs": t, "lr": [1e-3]}})
    record.table1(tmp_path / "store", tmp_path / "t.json", 1, seeds=[1, 2], epochs=(10,))
    content = json.loads((tmp_path / "t.json").read_text())
    assert content["seeds"] == [1, 2] and content["provenance"]["command"] == "python -m unlearnlab.record table1"
    run = ul.unlearn(ul.sine.task(2), ul.GD(lr=1e-3), 10)
    assert content["settings"][0]["sup_error"][1] == pytest.approx(run.metrics["sup_error"], rel=1e-3)


def test_all_makes_every_record_in_the_folder_that_is_named(tmp_path, monkeypatch, capsys):
    calls = []
    monkeypatch.setattr(record, "RECORDS", {name: lambda store, out, workers, name=name: calls.append((store, out, workers)) for name in ("a", "b")})
    monkeypatch.setattr("sys.argv", ["record", "all", "--store", str(tmp_path / "s"), "--out", str(tmp_path / "o"), "--workers", "3"])
    assert record.main() == 0 and capsys.readouterr().out == "wrote a.json\nwrote b.json\n"
    assert calls == [(tmp_path / "s" / name, tmp_path / "o" / f"{name}.json", 3) for name in ("a", "b")]


def test_the_grid_of_label_erasure_has_every_classification_method_at_every_rate():
    found = expand(ul.erasure.grid(3, lr=[1e-3, 1e-2]))
    assert len(found) == 2 * 63 and {s.epochs for s in found} == {3} and {s.method.lr for s in found} == {1e-3, 1e-2}
    assert {s.method.name for s in found} == set(ul.METHODS)
    assert set(found) < set(expand(ul.erasure.grid(3, lr=[1e-3, 1e-2], wide=True)))


def test_the_grid_of_representation_collapse_has_every_published_method_at_three_rates_at_least():
    found = expand(ul.collapse.grid(15))
    rates = {name: {s.method.lr for s in found if s.method.name == name} for name in ul.collapse.PUBLISHED[.001, 15]}
    assert {s.method.name for s in found} == set(rates) and {s.epochs for s in found} == {15}
    assert min(map(len, rates.values())) >= 3 and 5 * len(found) < 600
