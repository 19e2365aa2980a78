"""Does a recorded result come back as the table it was, and does the grid of Table 1 hold what the paper says?"""
import dataclasses
import json
import threading
from pathlib import Path

import numpy as np
import pandas
import pytest
from elsewhere import DEVICE, elsewhere
from tasks import regression

import unlearnlab as ul
from unlearnlab import record
from unlearnlab.sweep import expand
from unlearnlab.training.fit import Stopped


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


def test_all_makes_every_record_in_the_folder_that_is_named(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(record, "RECORDS", {name: lambda store, out, workers, stop, name=name: calls.append((store, out, workers)) for name in ("a", "b")})
    assert record.main(["all", "--store", str(tmp_path / "s"), "--out", str(tmp_path / "o"), "--workers", "3"]) == 0
    assert calls == [(tmp_path / "s" / name, tmp_path / "o" / f"{name}.json", 3) for name in ("a", "b")]


def test_all_makes_the_records_of_larger_data_sets_too(tmp_path, monkeypatch):
    made = []
    for name in list(record.RECORDS):
        monkeypatch.setitem(record.RECORDS, name, lambda store, out, workers, stop, **where: made.append((out.name, where.get("width"))))
    assert record.main(["all", "--out", str(tmp_path)]) == 0
    assert {name for name, _ in made} <= {path.name for path in (Path(record.__file__).parents[1] / "notebooks" / "results").iterdir()} | {"replication.json"}
    assert {("erasure-mnist-quick.json", None), ("collapse-mnist-quick.json", None), ("erasure-cifar10-quick-width0.25.json", .25),
            ("collapse-cifar10-quick-width0.25.json", .25), ("erasure.json", None)} <= set(made) and len(made) == len(record.RECORDS) + 4


def test_another_data_set_or_device_has_a_store_and_a_file_of_its_own(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setitem(record.RECORDS, "erasure", lambda store, out, workers, stop, **where: calls.append((store.name, out.name, where)))
    for more in ([], ["--dataset", "mnist"], ["--device", "cuda:0"], ["--dataset", "cifar10", "--preset", "paper", "--device", "cuda"],
                 ["--p-retain", ".02", "--width", ".25", "--precision", "bfloat16"]):
        assert record.main(["erasure", "--store", str(tmp_path), "--out", str(tmp_path), *more]) == 0
    where = lambda dataset, preset, device, p_retain=None, width=None, precision="float32": {
        "dataset": dataset, "preset": preset, "device": device, "p_retain": p_retain, "width": width, "precision": precision}
    assert calls == [("erasure", "erasure.json", where("digits", "quick", "cpu")), ("erasure-mnist-quick", "erasure-mnist-quick.json", where("mnist", "quick", "cpu")),
                     ("erasure-cuda", "erasure-cuda.json", where("digits", "quick", "cuda:0")),
                     ("erasure-cifar10-paper-cuda", "erasure-cifar10-paper-cuda.json", where("cifar10", "paper", "cuda")),
                     ("erasure-retain0.02-width0.25-bfloat16", "erasure-retain0.02-width0.25-bfloat16.json", where("digits", "quick", "cpu", .02, .25, "bfloat16"))]


def test_at_the_papers_size_a_record_has_the_papers_grid_and_says_what_was_chosen(monkeypatch, tmp_path):
    calls = []
    monkeypatch.setattr(record, "_recorded", lambda factory, grid, seeds, store, out, workers, command, stop, device: calls.append((factory, expand(grid), command)))
    record.main(["erasure", "--dataset", "cifar10", "--preset", "paper", "--precision", "bfloat16"])
    record.main(["collapse", "--dataset", "cifar10", "--preset", "paper", "--p-retain", ".001"])
    record.main(["collapse"])
    (factory, found, command), (row, rows, words), (plain, plain_grid, usual) = calls
    published = [s for s in found if s.epochs == 2 and s.method.lr <= 1e-3 and s.method.name not in ("KL-Unif", "NegGrad")]
    assert len(published) == 224 and {s.method.lr for s in published} == {1e-3, 1e-4, 1e-5, 1e-6}  # the paper's main figure
    assert {s.epochs for s in found if s.method.name == "GD"} == {2, 8}
    assert factory.args == ("cifar10", "paper") and factory.keywords == {"recipe": dataclasses.replace(ul.recipes.CIFAR10_ERASURE, precision="bfloat16")}
    assert command == "python -m unlearnlab.record erasure --dataset cifar10 --preset paper --precision bfloat16"
    assert row.keywords == {"p_retain": .001} and {s.epochs for s in rows} == {5, 10, 15}
    assert words.endswith("record collapse --dataset cifar10 --preset paper --p-retain 0.001")
    assert plain.keywords == {} and usual == "python -m unlearnlab.record collapse"
    record.main(["collapse", "--dataset", "cifar10", "--preset", "paper", "--precision", "bfloat16"])
    both = calls[-1][0].keywords
    assert {name: recipe.precision for name, recipe in both.items()} == {"recipe": "bfloat16", "warm_start": "bfloat16"}
    record.main(["erasure", "--dataset", "cifar10", "--width", ".25"])
    record.main(["collapse", "--dataset", "cifar10", "--width", ".25"])
    for (laptop, short, words), whole in zip(calls[-2:], (found, plain_grid)):
        network = laptop.keywords["network"]([10, 3])
        assert network.fc[0].in_features == 128 and network.conv1.out_channels == 16  # a quarter of 512 and 64
        assert {s.method.name for s in short} == {s.method.name for s in whole} and len(short) < len(whole) / 3
        assert words.endswith("--dataset cifar10 --width 0.25")
    with pytest.raises(ValueError, match=r"p_retain must be .01 or .001, the shares of the paper's table, got 0.3"):
        record.main(["collapse", "--dataset", "cifar10", "--preset", "paper", "--p-retain", ".3"])


@pytest.mark.parametrize("epochs, share, rates, penalties, last", [(5, .001, {1e-3, 5e-4, 1e-4}, {.1, .2, .5, .9}, {1, 2, 3}),
                                                                   (5, .01, {5e-3, 1e-3, 5e-4, 1e-4}, {.01, .1, .5, .9}, {1, 2, 3}),
                                                                   (15, .001, {5e-3, 1e-3, 5e-4, 1e-4}, {.01, .1, .5, .9}, {3, 5, 7})])
def test_a_row_of_the_table_of_representation_collapse_has_the_papers_grid(epochs, share, rates, penalties, last):
    found = expand(ul.collapse.published_grid(epochs, share))
    own = [s.method for s in found if s.method.name == "MinNorm-OG"]
    assert {s.method.name for s in found} == set(ul.collapse.PUBLISHED[share, epochs]) and {s.epochs for s in found} == {epochs}
    assert {s.method.lr for s in found} == rates and len(own) == len(rates) * 4 * 3 * 3
    assert {m.reg for m in own} == penalties and {m.descent_epochs for m in own} == last and {m.n_pert for m in own} == {50}


def test_a_row_or_a_data_set_that_the_paper_has_not_is_refused():
    with pytest.raises(ValueError, match=r"must be one of \(0.001, 5\), .* got \(0.1, 5\)"):
        ul.collapse.published_grid(5, .1)
    with pytest.raises(ValueError, match="dataset must be one of cifar10, tiny-imagenet, mnist, the paper's, got 'digits'"):
        ul.erasure.published_grid("digits")


def test_a_record_of_another_module_is_made_by_its_program_and_its_failure_is_ours(tmp_path, monkeypatch):
    calls, status = [], [0]
    monkeypatch.setattr(record.subprocess, "run", lambda command, check: calls.append(command[1:]) or type("Done", (), {"returncode": status[0]}))
    record.RECORDS["width"](tmp_path / "s", tmp_path / "width.json", 1)
    assert calls[0] == ["-m", "unlearnlab.experiments.width", "--record", "--store", str(tmp_path / "s"), "--out", str(tmp_path / "width.json")]
    assert [Path(call[-1]).name for call in calls] == ["width.json", "width-planes.json", "width-cifar10.json"]  # the second reads the first
    assert calls[1][calls[1].index("--runs") + 1] == calls[0][-1] and len({call[call.index("--store") + 1] for call in calls}) == 3
    status[0] = 1
    with pytest.raises(RuntimeError, match="-m unlearnlab.experiments.evidence .* ended with status 1"):
        record.RECORDS["evidence"](tmp_path / "s", tmp_path / "evidence.json", 1)


def test_every_recorded_file_has_a_command_that_makes_it():
    made = {path.stem for path in (Path(record.__file__).parents[1] / "notebooks" / "results").glob("*.json")}
    assert {name.partition("-")[0] for name in made} <= set(record.RECORDS)


class Timed:
    """A factory of small tasks that sets the event it is given when it is asked for the task of `last`."""

    def __init__(self, last=None):
        self.last, self.stop = last, threading.Event()

    def __call__(self, seed, stop=None):
        if seed == self.last:
            self.stop.set()
        if self.stop.is_set() and stop is not None:
            raise Stopped("stopped")
        return regression(seed)


@pytest.fixture
def in_process(monkeypatch):
    """Sweeps in this process: small tasks are not worth a worker."""
    monkeypatch.setattr(record, "sweep", lambda factory, grid, seeds, store, backend, **more: ul.sweep(factory, grid, seeds, store, "serial", **more))


def test_time_that_ends_in_a_training_writes_nothing_and_a_later_call_goes_on(in_process, tmp_path, capsys):
    out, grid = tmp_path / "r.json", {"GD": {"epochs": 2, "lr": [1e-3, 1e-2]}, "GA": {"epochs": 2, "lr": 1e-3}}
    early = Timed(last=2)
    record._recorded(early, grid, [1, 2], tmp_path / "store", out, 1, "test", early.stop)
    assert not out.exists() and "r.json: 0 of 3 settings" in capsys.readouterr().out
    record._recorded(Timed(), grid, [1, 2], tmp_path / "store", out, 1, "test")
    assert len(record.load(out)[0]) == 6 and "finished" not in record.load(out)[1]


def test_time_that_ends_in_a_sweep_leaves_whole_methods_and_says_how_much(in_process, tmp_path, monkeypatch, capsys):
    out, grid, stop = tmp_path / "r.json", {"GD": {"epochs": 2, "lr": [1e-3, 1e-2]}, "GA": {"epochs": 2, "lr": [1e-3, 1e-2]}}, threading.Event()

    def cut_short(factory, settings, seeds, store, backend, **more):
        if settings[0].method.name == "GA":  # one run of GA, and time is up
            more["progress"] = lambda row, done, total: stop.set()
        return ul.sweep(factory, settings, seeds, store, "serial", **more)

    with monkeypatch.context() as patch:
        patch.setattr(record, "sweep", cut_short)
        record._recorded(Timed(), grid, [1, 2], tmp_path / "store", out, 1, "test", stop)
    frame, made = record.load(out)
    assert frame["method"].tolist() == ["GD"] * 4 and made["finished"] == "2 of 4 settings"
    assert "r.json: 2 of 4 settings" in capsys.readouterr().out
    record._recorded(Timed(), grid, [1, 2], tmp_path / "store", out, 1, "test")
    assert len(record.load(out)[0]) == 8 and record.load(out)[0]["error"].isna().all() and "finished" not in record.load(out)[1]


def test_part_of_a_record_never_replaces_more_of_it(in_process, monkeypatch, tmp_path, capsys):
    out, grid = tmp_path / "r.json", {"GD": {"epochs": 2, "lr": [1e-3, 1e-2]}, "GA": {"epochs": 2, "lr": 1e-3}}
    record._recorded(Timed(), grid, [1, 2], tmp_path / "store", out, 1, "test")
    whole = out.read_text()
    ul.sweep(Timed(), {"GD": grid["GD"]}, [1, 2], tmp_path / "another", "serial", progress=False)
    early = Timed()

    def cut_short(factory, settings, *rest, **more):
        if settings[0].method.name == "GA":
            early.stop.set()
        return ul.sweep(factory, settings, *rest[:2], "serial", **more)

    monkeypatch.setattr(record, "sweep", cut_short)
    record._recorded(early, grid, [1, 2], tmp_path / "another", out, 1, "test", early.stop)
    assert out.read_text() == whole and "2 of 3 settings, fewer than the file there has" in capsys.readouterr().out
    record._recorded(Timed(), grid, [1], tmp_path / "another", out, 1, "test")  # of fewer seeds, but whole
    assert len(record.load(out)[0]) == 3


def test_a_record_says_where_its_original_and_its_ground_truth_stand(in_process, tmp_path):
    class Known(Timed):
        def __call__(self, seed, stop=None):
            task = regression(seed)
            return dataclasses.replace(task, ground_truth=task.fresh(7))

    for name, factory in (("known", Known()), ("unknown", Timed())):
        record._recorded(factory, {"GD": {"epochs": 1, "lr": 1e-3}}, [3, 1], tmp_path / name, tmp_path / f"{name}.json", 1, "test")
    known, unknown = (record.models(tmp_path / f"{name}.json") for name in ("known", "unknown"))
    tasks = [Known()(seed) for seed in (3, 1)]
    for role, models in (("original", [t.original for t in tasks]), ("ground truth", [t.ground_truth for t in tasks])):
        assert known[role]["size"] == pytest.approx([t.evaluate(m)["size"] for t, m in zip(tasks, models)], rel=1e-5)
    assert unknown == {"original": known["original"]} and len(record.load(tmp_path / "known.json")[0]) == 2
    record.write(tmp_path / "plain.json", record.load(tmp_path / "known.json")[0], {})
    assert record.models(tmp_path / "plain.json") == {}


def test_a_table_made_method_by_method_is_the_one_made_at_once(in_process, tmp_path):
    grid = [{"GD": {"epochs": 2, "lr": [1e-3, 1e-2]}, "MinNorm-OG": {"epochs": 3, "n_pert": [2, 5]}}, {"GA": {"epochs": 40, "lr": 1e30}}]
    record._recorded(Timed(), grid, [3, 1], tmp_path / "store", tmp_path / "parts.json", 1, "test")
    whole = ul.sweep(Timed(), grid, [3, 1], tmp_path / "store", "serial", progress=False)
    record.write(tmp_path / "whole.json", whole, {})
    parts, whole = (json.loads((tmp_path / f"{name}.json").read_text()) for name in ("parts", "whole"))
    assert parts["settings"] == whole["settings"]


def test_minutes_set_the_event_and_are_more_than_none(capsys):
    with record._limit(.001) as stop:
        assert stop.wait(120)
    with record._limit(None) as stop:
        assert not stop.is_set()
    with pytest.raises(SystemExit):
        record.main(["table1", "--minutes", "0"])
    assert "--minutes must be greater than 0, got 0" in capsys.readouterr().err


def test_every_case_of_the_replication_has_the_methods_it_compares_and_settings_that_can_be_run():
    for name, case in ul.replication.CASES.items():
        found = expand(case.grid)
        assert case.about and 5 * len(found) < 1_500, name
        if name.endswith(("-longer", "-start", "-finer")):  # more settings of another case
            assert len({s.method.name for s in found} & set(ul.VARIANTS)) == 1 and not set(found) & set(expand(ul.replication.CASES[name.rpartition("-")[0]].grid)) and case.task is ul.replication.CASES[name.rpartition("-")[0]].task
            continue
        if name == "cifar10-wider":  # more settings of a record of label erasure
            beside = expand(ul.erasure.short_grid())
            assert not set(found) & set(beside) and {s.method.lr for s in found} <= {s.method.lr for s in beside} | {1e-4}
            continue
        assert {"MinNorm-OG", "GD"} <= {s.method.name for s in found}, name
        if name != "arms":
            assert {"Ridge", "NGP"} <= {s.method.name for s in found}
            assert {s.epochs for s in found if s.method.name == "GD"} > {s.epochs for s in found if s.method.name == "MinNorm-OG"}
    arms = {(s.method.rows, s.method.outputs, s.method.decay, s.method.batch_norm) for s in expand(ul.replication.CASES["arms"].grid) if s.method.name == "MinNorm-OG"}
    assert len(arms) == len(ul.replication.ARMS) == 7
    published = set(expand({name: ul.erasure.grid(3)[name] for name in ("MinNorm-OG", "GD")}))
    assert published <= set(expand(ul.replication.CASES["digits"].grid))


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


def test_where_runs_follow_each_other_every_task_is_made_once(tmp_path, monkeypatch):
    made, devices = [], []
    for module in (record, record.sys.modules["unlearnlab.sweep"]):  # there may be no GPU to name
        real = module.provenance
        monkeypatch.setattr(module, "provenance", lambda command, device, real=real: devices.append(device) or real(command))

    def factory(seed, stop=None):
        made.append(seed)
        return regression(seed).to(DEVICE)

    grid = {name: {"epochs": 1, "lr": 1e-3} for name in ("GD", "GA")}
    with elsewhere():
        record._recorded(factory, grid, [1, 2], tmp_path / "store", tmp_path / "r.json", 1, "test", device="cuda")
    assert made == [1, 2] and devices == ["cuda", DEVICE, DEVICE]  # what was asked for, and for each method where its models are
    assert len(record.load(tmp_path / "r.json")[0]) == 4
