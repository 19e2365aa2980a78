"""Does the store of a sweep say what is wrong with it, and mix nothing?"""

import dataclasses
import errno
import functools
import importlib
import json
import os
import shutil
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest
import torch
from small_tasks import regression
from sweep_cases import GRID, numbers, sweep

import unlearnlab as ul
from unlearnlab.ground import files
from unlearnlab.study import store as store_module
from unlearnlab.study.store import Store, StoreMismatch, code_fingerprint, key, task_parts


def doubled(seed):
    task = regression(seed)
    return dataclasses.replace(
        task, evaluate=lambda model: {"size": 2 * task.evaluate(model)["size"]}
    )


@pytest.mark.parametrize(
    "damage",
    [
        lambda b: b[: len(b) // 2],
        lambda b: b"",
        lambda b: b.replace(b'"size":', b'"size":1'),
        lambda b: b"[]",
        lambda b: b"\xff\xfe",
    ],
)
def test_a_damaged_record_is_named_and_run_again(tmp_path, damage):
    frame = sweep(GRID, [1], tmp_path, "serial")
    victim = sorted(tmp_path.iterdir())[2]
    victim.write_bytes(damage(victim.read_bytes()))
    with pytest.warns(UserWarning, match=f"{victim.name} in the store .* is damaged"):
        again = sweep(GRID, [1], tmp_path, "serial")
    assert numbers(again).equals(numbers(frame))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sweep(GRID, [1], tmp_path, "serial")


@pytest.mark.parametrize("made", [{}, {"commit": "0"}, None])
@pytest.mark.parametrize("code", [{}, {"code": "another"}])
def test_a_record_that_does_not_say_how_it_was_made_is_named_and_run_again(tmp_path, made, code):
    frame, kept = sweep(GRID, [1], tmp_path, "serial"), Store(tmp_path)
    victim = kept.names()[2]
    kept.write(victim, kept.read(victim) | code | {"provenance": made})
    with pytest.warns(UserWarning, match=f"{victim}.json in the store .* is damaged"):
        again = sweep(GRID, [1], tmp_path, "serial")
    assert numbers(again).equals(numbers(frame)) and kept.read(victim)["provenance"]["torch"]


def test_a_store_of_other_code_is_refused_by_name(tmp_path, monkeypatch):
    sweep(GRID, [1], tmp_path / "mine", "serial")
    monkeypatch.setattr(
        importlib.import_module("unlearnlab.study.sweep"),
        "code_fingerprint",
        lambda: "somethingelse",
    )
    with pytest.raises(
        StoreMismatch,
        match="mine holds runs of other code .*now somethingelse.*Name another folder",
    ):
        sweep(GRID, [1], tmp_path / "mine", "serial")


def test_a_store_of_other_code_is_refused_before_a_task_is_made(tmp_path, monkeypatch):
    sweep(GRID, [1], tmp_path, "serial")
    monkeypatch.setattr("unlearnlab.study.store.torch.__version__", "1.0")
    store_module._fingerprint.cache_clear()
    made = []
    factory = lambda seed: made.append(seed) or regression(seed)
    with pytest.raises(StoreMismatch, match="holds runs of other code"):
        ul.sweep(factory, GRID, [2], tmp_path, "serial", progress=False)
    store_module._fingerprint.cache_clear()
    assert made == []


def test_a_run_of_other_code_that_joins_the_store_during_a_sweep_is_refused(tmp_path):
    sweep(GRID, [1], tmp_path / "other", "serial")
    others = Store(tmp_path / "other").read_all()

    def progress(row, done, total):
        if done == 1:
            for name, record in others.items():
                Store(tmp_path / "mine").write(name, record | {"code": "another"})

    with pytest.raises(StoreMismatch, match="mine holds runs of other code .*another"):
        ul.sweep(regression, GRID, [1], tmp_path / "mine", "serial", progress=progress)


@pytest.mark.parametrize("name", ["scipy", "sklearn"])
def test_another_version_of_what_metrics_use_is_other_code(name, monkeypatch):
    before = code_fingerprint()
    monkeypatch.setattr(importlib.import_module(name), "__version__", "0.0")
    store_module._fingerprint.cache_clear()
    assert code_fingerprint() != before
    monkeypatch.delitem(sys.modules, name)  # not loaded: what would be
    store_module._fingerprint.cache_clear()
    assert code_fingerprint() == before


def test_a_worker_with_other_libraries_does_nothing(tmp_path, monkeypatch):
    module = importlib.import_module("unlearnlab.study.sweep")
    run, (job, *_) = module._Plan(regression, GRID, [1], "local", 1, 1, 0, None).prepared()
    monkeypatch.setattr("unlearnlab.study.store.numpy.__version__", "1.0")
    store_module._fingerprint.cache_clear()
    with pytest.raises(StoreMismatch, match="the worker has other code .*, or other libraries"):
        run(job)
    store_module._fingerprint.cache_clear()


EDITS_ITSELF = """
from pathlib import Path
import unlearnlab as ul
from unlearnlab.ground import source
from unlearnlab.methods import descent

def sweep(backend):
    try:
        ul.sweep(ul.curve.task, {"GD": {"epochs": 1}}, [1], "store", backend, progress=False)
    except ul.StoreMismatch as error:
        print(type(error).__name__, str(error)[:60])

if __name__ == "__main__":
    file = Path(descent.__file__)
    text = file.read_text()
    file.write_text(text.replace("return state.loss(retain)", "return 0 * state.loss()"))
    sweep("serial")
    import unlearnlab.study.store as store
    store.edited = lambda: []  # as if the file was edited after the look at it
    store._fingerprint = lambda: "what was imported"
    sweep("local")
"""


def test_code_that_was_edited_since_its_import_runs_nothing(tmp_path):
    """Neither here, where the old code would run under the new one's name, nor in a worker, where
    it is the other way round."""
    shutil.copytree(Path(ul.__file__).parent, tmp_path / "unlearnlab")
    (tmp_path / "edits.py").write_text(EDITS_ITSELF)
    run = subprocess.run(
        [sys.executable, "edits.py"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    here, worker = run.stdout.splitlines() or [run.stderr[-2000:]]
    assert here.startswith("StoreMismatch methods/descent.py of unlearnlab changed after it was")
    assert worker.startswith("StoreMismatch the worker has other code of unlearnlab than is here")
    assert not list((tmp_path / "store").iterdir())


def test_other_data_or_another_metric_in_the_same_store_is_another_run(tmp_path):
    first = numbers(sweep(GRID, [1], tmp_path, "serial"))
    for factory in (functools.partial(regression, retain=13), doubled):
        mixed = numbers(ul.sweep(factory, GRID, [1], tmp_path, "serial", progress=False))
        apart = numbers(
            ul.sweep(
                factory, GRID, [1], tmp_path / factory.__class__.__name__, "serial", progress=False
            )
        )
        assert mixed.equals(apart) and not mixed.equals(first)
    assert (
        numbers(sweep(GRID, [1], tmp_path, "serial")).equals(first)
        and len(Store(tmp_path).names()) == 18
    )


def test_a_full_disk_ends_the_sweep_with_words_and_keeps_what_is_there(tmp_path, monkeypatch):
    real, calls = os.replace, []

    def full(*args):
        calls.append(args)
        if len(calls) > 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*args)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        with pytest.raises(
            OSError,
            match=r"cannot write to the store .*No space left on device\). The 3 runs in it",
        ):
            sweep(GRID, [1], tmp_path, "serial")
    assert len(list(tmp_path.iterdir())) == 3 and len(sweep(GRID, [1], tmp_path, "serial")) == 6


def test_a_folder_that_cannot_be_written_is_refused_before_any_work(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError, match="store must be a folder"):
        sweep(GRID, [1], tmp_path / "file")
    with pytest.raises(PermissionError, match="cannot make the folder"):
        sweep(GRID, [1], tmp_path / "file" / "store")
    monkeypatch.setattr("unlearnlab.ground.files.os.access", lambda *a: False)
    with pytest.raises(PermissionError, match="cannot write to the folder"):
        sweep(GRID, [1], tmp_path / "locked")


def test_folders_within_a_store_are_left_alone(tmp_path):
    (tmp_path / "record").mkdir()
    sweep(GRID, [1], tmp_path)
    assert (tmp_path / "record").is_dir()


def test_what_a_killed_writer_left_is_removed_once_it_is_old(tmp_path):
    kept = Store(tmp_path)
    old, young = tmp_path / f".{'0' * 32}.1.2.tmp", tmp_path / f".{'1' * 32}.1.2.tmp"
    for path in (old, young):
        path.write_text("half")
    os.utime(old, (time.time() - 90_000,) * 2)
    files.remove_old_temporaries(tmp_path)
    assert not old.exists() and young.exists() and kept.names() == []


def test_records_are_plain_json_with_their_provenance(tmp_path):
    sweep(GRID, [1], tmp_path, "serial")
    record = json.loads(sorted(tmp_path.iterdir())[0].read_text())
    assert {"run", "code", "metrics", "seconds", "error", "provenance", "sha256"} == record.keys()
    made = record["provenance"]
    assert {"commit", "torch", "device", "threads"} <= made.keys() and record["run"]["seed"] == 1
    assert torch.backends.cpu.get_cpu_capability() in made["device"]


def test_what_a_partial_binds_is_part_of_the_task():
    def bound(**values):
        task = regression(0)
        evaluate = functools.partial(lambda model, **_: {"one": 1.0}, **values)
        return key(task_parts(dataclasses.replace(task, evaluate=evaluate)))

    images = torch.utils.data.TensorDataset(torch.zeros(3))
    same = bound(test=images, both_heads=True)
    assert same == bound(both_heads=True, test=torch.utils.data.TensorDataset(torch.zeros(3)))
    assert (
        len(
            {
                same,
                bound(test=images, both_heads=False),
                bound(test=torch.utils.data.TensorDataset(torch.ones(3)), both_heads=True),
                bound(test=images),
            }
        )
        == 4
    )
