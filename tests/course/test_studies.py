"""A study is made seed by seed, goes on after whatever ended it, and loses nothing."""

import dataclasses
import json
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from elsewhere import DEVICE, elsewhere
from small_tasks import regression, spoken
from torch import nn

import unlearnlab as ul
from unlearnlab.course import studies
from unlearnlab.course.studies import Place, Study, record
from unlearnlab.ground import source
from unlearnlab.study import table
from unlearnlab.task import Later
from unlearnlab.training.fit import Stopped

GRID = {"GD": {"epochs": 2, "lr": [1e-3, 1e-2]}, "GA": {"epochs": 2, "lr": 1e-3}}


class Factory:
    """Makes small tasks; is asked for `last` and stops. known: the tasks have a ground truth."""

    def __init__(self, last=None, known=False):
        self.last, self.known, self.stop = last, known, threading.Event()

    def __call__(self, seed, stop=None):
        if seed == self.last:
            self.stop.set()
            raise Stopped("stopped")
        task = regression(seed)
        return dataclasses.replace(task, ground_truth=task.fresh(7)) if self.known else task


def toy(factory=None, grid=GRID, seeds=(3, 1), **more):
    return Study(
        name="toy", title="a toy", factory=factory or Factory(), grid=grid, seeds=seeds, **more
    )


@pytest.fixture(autouse=True)
def in_process(monkeypatch):
    """Sweeps in this process: small tasks are not worth a worker."""

    def sweep(factory, grid, seeds, store, backend, **more):
        return ul.sweep(factory, grid, seeds, store, "serial", **more)

    monkeypatch.setattr(studies, "sweep", sweep)


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path / "store", tmp_path / "new" / "toy.json", workers=1)


def elsewhere_than(place, name):
    """The same study with a store and a file of its own."""
    return dataclasses.replace(
        place, store=place.store / name, out=place.out.with_name(f"{name}.json")
    )


def tables(path):
    content = json.loads(path.read_text())
    return json.dumps(content["tables"])


def test_the_file_holds_what_a_sweep_and_the_models_say(place):
    assert record(toy(Factory(known=True)), place) == 2
    recorded = table.read(place.out)
    whole = ul.sweep(regression, GRID, [3, 1], place.store / "own", "serial", progress=False)
    runs = recorded["runs"]
    assert runs[["method", "lr", "seed"]].equals(whole[["method", "lr", "seed"]])
    assert np.allclose(runs["size"], whole["size"], rtol=1e-5) and "commit" not in runs
    assert recorded.provenance["command"] == "python -m unlearnlab.study toy"
    assert "finished" not in recorded.provenance
    models = recorded["models"].set_index(["role", "seed"])["size"]
    for seed in (3, 1):
        task = Factory(known=True)(seed)
        for role, model in (("original", task.original), ("ground truth", task.ground_truth)):
            assert models[role, seed] == pytest.approx(task.evaluate(model)["size"], rel=1e-5)
    record(toy(), plain := elsewhere_than(place, "plain"))
    assert table.read(plain.out)["models"].role.tolist() == ["original", "original"]


def test_a_diverged_run_has_its_error_in_its_row(place):
    record(toy(grid={"GA": {"epochs": 40, "lr": 1e30}}), place)
    assert table.read(place.out)["runs"].error.notna().all()


def test_a_study_stopped_at_a_seed_has_the_seeds_before_it_and_goes_on_to_the_same_bytes(place):
    early = Factory(last=1)
    stopped = dataclasses.replace(place, stop=early.stop)
    assert record(toy(early), stopped) == 1
    recorded = table.read(place.out)
    assert set(recorded["runs"].seed) == {3} and len(recorded["runs"]) == 3
    assert recorded.provenance["finished"] == "1 of 2 seeds"
    assert record(toy(), place) == 2
    resumed = tables(place.out)
    record(toy(), place)
    assert tables(place.out) == resumed
    assert "finished" not in table.read(place.out).provenance


@pytest.mark.parametrize("end", [KeyboardInterrupt, ZeroDivisionError])
def test_ctrl_c_and_errors_leave_the_seeds_that_are_whole(place, end):
    def factory(seed, stop=None):
        if seed == 1:
            raise end
        return regression(seed)

    with pytest.raises(end):
        record(toy(factory), place)
    assert table.read(place.out).provenance["finished"] == "1 of 2 seeds"
    record(toy(), place)
    assert len(table.read(place.out)["runs"]) == 6


def test_time_that_ends_within_a_seed_keeps_its_runs_in_the_store_alone(place, monkeypatch):
    stop, real = threading.Event(), studies.sweep

    def cut_short(*arguments, **more):
        return real(*arguments, **more, progress=lambda row, done, total: stop.set())

    with monkeypatch.context() as patch:
        patch.setattr(studies, "sweep", cut_short)
        assert record(toy(), dataclasses.replace(place, stop=stop)) == 0
    assert not place.out.exists() and len(list(place.store.glob("*.json"))) == 1
    assert record(toy(), place) == 2


def test_a_study_that_ends_within_a_seed_measures_and_trains_nothing_more(place, monkeypatch):
    """It writes the runs so far, where those are asked for, with what was measured before them."""
    trained, real = [], studies.sweep

    def factory(seed, stop=None):
        train = lambda: trained.append(seed) or regression(seed).fresh(7)
        return regression(seed).changed(ground_truth=Later(train, {"seed": str(seed)}))

    def cut_short(*arguments, **more):
        return real(*arguments, **more, progress=lambda row, done, total: more["stop"].set())

    early = dataclasses.replace(place, stop=threading.Event(), partial=True)
    with monkeypatch.context() as patch:
        patch.setattr(studies, "sweep", cut_short)
        assert record(toy(factory), early) == 0
    recorded = table.read(place.out)
    assert len(recorded["runs"]) == 1 and recorded["models"].role.tolist() == ["original"]
    assert recorded.provenance["finished"] == "0 of 2 seeds, and 1 of 3 settings of seed 3"
    assert not trained and record(toy(factory), place) == 2 and trained == [3, 1]


def test_a_stop_after_the_last_run_keeps_the_runs_where_a_part_is_asked_for(place, monkeypatch):
    """The ground truth, which is measured last, is then missing."""
    real = studies.sweep

    def factory(seed, stop=None):
        task = spoken(seed)
        return task.changed(ground_truth=task.fresh(7))

    def until_the_last(*arguments, **more):
        ended = lambda row, done, total: more["stop"].set() if done == total else None
        return real(*arguments, **more, progress=ended)

    monkeypatch.setattr(studies, "sweep", until_the_last)
    for partial in (False, True):
        early = dataclasses.replace(place, stop=threading.Event(), partial=partial)
        assert record(toy(factory), early) == 0
        assert place.out.exists() == partial
        place.store = place.store / "anew"
    recorded = table.read(place.out)
    assert len(recorded["runs"]) == 3 and recorded["models"].role.tolist() == ["original"]
    assert recorded.provenance["finished"] == "0 of 2 seeds, and 3 of 3 settings of seed 3"


def test_a_model_that_an_evaluation_changes_is_the_same_for_every_worker(place):
    """Runs are known by it, too."""

    def measured(model):
        model.eval()
        return {"one": 1.0}

    def factory(seed, stop=None):
        task = regression(seed).changed(evaluate=measured)
        task.original.train()
        return task

    for workers in (1, 2, 1):
        record(toy(factory, seeds=(3,)), dataclasses.replace(place, workers=workers))
    assert len(list(place.store.glob("*.json"))) == 3


def test_a_study_hears_a_stop_while_it_measures_a_model(place):
    def factory(seed, stop=None):
        measure = lambda model: {"said": said.append(model(inputs)) or 1.0}
        task = regression(seed).changed(evaluate=measure)
        task.original[0].register_forward_pre_hook(lambda *_: place.stop.set())
        return task

    said, inputs = [], regression().retain.tensors[0]
    assert record(toy(factory), dataclasses.replace(place, partial=True)) == 0
    assert not said and not place.out.exists()


def test_part_of_a_study_never_replaces_more_of_it(place):
    record(toy(), place)
    whole, said = place.out.read_text(), []
    early = Factory(last=1)
    other = Place(place.store / "other", place.out, 1, early.stop, said.append)
    assert record(toy(early), other) == 1
    assert place.out.read_text() == whole
    stays = "and the file there has more or others: it stays as it is"
    assert said == [f"toy.json: 1 of 2 seeds, {stays}"]


def test_part_of_a_study_never_replaces_a_seed_that_it_has_not(place):
    other = dataclasses.replace(place, store=place.store / "other")
    record(toy(seeds=(1,)), place)
    early = Factory(last=1)
    assert record(toy(early), dataclasses.replace(other, stop=early.stop)) == 1
    assert {row["seed"] for row in table.read(place.out).rows["runs"]} == {1}
    assert record(toy(), other) == 2
    assert {row["seed"] for row in table.read(place.out).rows["runs"]} == {1, 3}


def test_a_place_where_nothing_can_be_written_is_refused_before_the_first_run(place):
    never = toy(lambda seed, stop=None: pytest.fail("a run began"))
    place.out.mkdir(parents=True)
    with pytest.raises(IsADirectoryError, match="toy.json"):
        record(never, place)
    place.out.rmdir()
    place.out.write_text("{")
    with pytest.raises(table.BadTable, match="toy.json"):
        record(never, place)
    with pytest.raises(PermissionError, match="cannot make the folder .*toy.json.*--out"):
        record(never, dataclasses.replace(place, out=place.out / "below.json"))


def test_fewer_seeds_than_the_file_has_are_refused_before_the_first_run(place):
    record(toy(), place)
    never = toy(lambda seed, stop=None: pytest.fail("a run began"), seeds=(1,))
    with pytest.raises(ValueError, match=r"toy.json holds seeds \[3\], which this would not make"):
        record(never, place)
    assert record(toy(seeds=(3, 1, 2)), place) == 3


def test_parts_that_are_no_sweep_are_kept_until_what_they_follow_from_changes(place, monkeypatch):
    made = []

    def make(given="", options=None):
        study, rows = toy(options=options or {}), [{"a": 1, "b": 0.5}, {"a": 2, "b": None}]
        call = lambda: made.append(given) or {"rows": rows}
        assert place.kept(study, "one", call, given) == {"rows": rows}
        return len(made)

    assert make() == make() == 1
    assert make("other settings") == 2 and make("other settings", {"width": 0.5}) == 3
    path = place.store / "parts" / "one.json"
    path.write_text(path.read_text().replace("0.5", "0.6"))
    assert make("other settings", {"width": 0.5}) == 4
    monkeypatch.setattr(studies, "code_fingerprint", lambda: "other code")
    place.stop.set()
    with pytest.raises(Stopped):
        make()


def test_parts_of_an_edited_package_are_made_again_and_filed_under_what_ran(place, monkeypatch):
    package, made = place.store / "package", []
    package.mkdir(parents=True)
    data = package / "grids.json"
    data.write_text("1")
    monkeypatch.setattr(source, "PACKAGE", package)
    monkeypatch.setattr(studies, "code_fingerprint", lambda: "code")

    def kept(place):
        return place.kept(toy(), "one", lambda: made.append(1) or {"rows": [{"a": len(made)}]})

    place = dataclasses.replace(place)  # as after a start
    data.write_text("2")  # while it runs with what it read
    assert kept(place) == {"rows": [{"a": 1}]}
    assert kept(dataclasses.replace(place)) == {"rows": [{"a": 2}]}
    assert kept(dataclasses.replace(place)) == {"rows": [{"a": 2}]}


def test_a_part_hears_a_stop_while_a_network_runs(place):
    def make():
        place.stop.set()
        nn.Linear(1, 1)(torch.zeros(1))
        pytest.fail("the network ran")

    with pytest.raises(Stopped, match="while one was made"):
        place.kept(toy(), "one", make)
    assert not list(place.store.rglob("one.json"))


def test_every_unusual_option_is_in_the_name_and_in_the_command():
    options = {"dataset": "cifar10", "preset": "paper", "device": "cuda:1", "p_retain": 0.02}
    study = toy(options=options | {"width": 0.25, "precision": "bfloat16"})
    assert studies.file_name(study) == "toy-cifar10-paper-cuda-retain0.02-width0.25-bfloat16"
    words = "--dataset cifar10 --preset paper --device cuda:1 --p-retain 0.02 --width 0.25"
    assert studies.command(study) == f"python -m unlearnlab.study toy {words} --precision bfloat16"
    assert studies.file_name(toy(options={"dataset": "digits"})) == "toy"


def test_on_another_device_every_task_is_made_once(place, monkeypatch):
    made = []
    monkeypatch.setattr("torch.cuda.get_device_name", lambda: "a GPU")  # there may be none to name

    def factory(seed, stop=None):
        made.append(seed)
        return regression(seed).to(DEVICE)

    with elsewhere():
        record(toy(factory, seeds=(1, 2), options={"device": "cuda"}), place)
    recorded = table.read(place.out)
    assert made == [1, 2] and len(recorded["runs"]) == 6
    assert recorded.provenance["device"] == "a GPU"


def test_files_that_another_study_made_lie_beside_or_among_the_results(place):
    assert place.beside("table1.json") == studies.RESULTS / "table1.json"
    place.out.parent.mkdir()
    place.out.with_name("table1.json").write_text("")
    assert place.beside("table1.json") == place.out.with_name("table1.json")
    assert Place("~/s", "~/o.json").store == Path.home() / "s"
