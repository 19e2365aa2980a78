"""`python -m unlearnlab.study`: every recorded file has a name; what cannot be is refused."""

import dataclasses
import os
import re
import subprocess
import sys

import pytest
from small_tasks import regression

from unlearnlab.chapters import ch11_replication
from unlearnlab.chapters import recording as program
from unlearnlab.course import studies
from unlearnlab.course.studies import RESULTS, file_name
from unlearnlab.study import table
from unlearnlab.study.grid import expand

GRID = {"GD": {"epochs": 2, "lr": [1e-3, 1e-2]}}


def toy_factory(seed, stop=None):
    return regression(seed)


@pytest.fixture
def recorded(monkeypatch):
    """(study, place) of every call, instead of making it."""
    calls = []
    monkeypatch.setattr(program, "record", lambda study, place: calls.append((study, place)))
    return calls


def test_every_recorded_file_is_that_of_a_study_and_all_makes_every_one(recorded, tmp_path):
    assert program.main(["all", "--out", str(tmp_path), "--store", str(tmp_path / "s")]) == 0
    large = {path.stem for path in RESULTS.iterdir() if program.STUDIES[path.stem].large}
    made = {place.out.stem for _, place in recorded}
    assert made | large == {path.stem for path in RESULTS.iterdir()} and not made & large
    assert {place.out.parent for _, place in recorded} == {tmp_path}
    assert len({place.store for _, place in recorded}) == len(recorded)
    for study, place in recorded:
        assert study.title and study.parts() and program.studies(place.out.stem) == [study]
        rows = [row for rows in table.read(RESULTS / place.out.name).rows.values() for row in rows]
        assert {row["seed"] for row in rows if "seed" in row} == {*study.seeds}


def test_a_large_study_has_its_name_and_says_how_much_of_it_was_recorded():
    names = {path.stem for path in RESULTS.iterdir()} & {*program.STUDIES}
    large = [name for name in names if program.STUDIES[name].large]
    assert large
    for name in large:
        (study,) = program.studies(name)
        recorded = table.read(RESULTS / f"{name}.json")
        seeds = {*recorded["runs"].seed}
        count = len(expand(study.grid)) * len(seeds)
        assert seeds <= {*study.seeds}
        assert len(recorded["runs"]) == count or "finished" in recorded.provenance


def test_a_name_is_one_study_or_all_that_begin_with_it():
    names = [
        [file_name(study) for study in program.studies(name)]
        for name in (
            "erasure",
            "erasure-mnist-quick",
            "width",
            "width-planes",
            "replication-digits",
        )
    ]
    assert names == [
        ["erasure"],
        ["erasure-mnist-quick"],
        ["width"],
        ["width-planes"],
        ["replication-digits"],
    ]
    assert len(program.studies("replication")) == len(ch11_replication.study.CASES) > 20


def test_options_make_a_study_that_is_not_in_the_list(recorded, tmp_path):
    where = ["--out", str(tmp_path), "--workers", "3", "--seeds", "1-2,7"]
    paper = ["--preset", "paper", "--precision", "bfloat16", "--p-retain", ".001"]
    assert program.main(["collapse", "--dataset", "cifar10", *paper, *where]) == 0
    ((study, place),) = recorded
    assert place.out == tmp_path / "collapse-cifar10-paper-retain0.001-bfloat16.json"
    assert study.seeds == (1, 2, 7) and place.workers == 3
    assert studies.command(study).endswith("--p-retain 0.001 --precision bfloat16")
    assert program.main(["erasure", "--out", str(tmp_path / "a.json")]) == 0
    assert recorded[1][1].out == tmp_path / "a.json"


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["nothing"], "there is no study 'nothing'; there are directions, table1, erasure"),
        (["width-nothing"], "there is no study 'width-nothing'; there are width, width-cifar10"),
        (["table1", "--dataset", "mnist"], "table1 takes none of --dataset"),
        (["table1", "--test-images", "9"], "table1 takes none of --test-images"),
        (["width", "--dataset", "digits"], "--dataset must be .*cifar10, for width, got 'digits'"),
        (["fullsize", "--dataset", "mnist"], "fullsize takes none of --dataset"),
        (["others", "--originals", "/nowhere"], "there is no folder of originals /nowhere"),
        (["fullsize", "--originals", "/nowhere"], "there is no folder of originals /nowhere"),
        (["all", "--p-retain", ".1"], "all takes none of --p-retain"),
        (["erasure", "--width", "0"], "--width must be a number greater than 0, got 0"),
        (["erasure", "--p-retain", "2"], "--p-retain must be a number .*, got 2"),
        (["erasure", "--device", "gpu"], "device must be one that torch has here"),
        (["erasure", "--dataset", "mist"], "dataset must be one of digits, mnist"),
        (
            ["collapse", "--dataset", "cifar10", "--preset", "paper", "--p-retain", ".3"],
            "p_retain must be one of 0.001, 0.01, the shares of the paper's table, got 0.3",
        ),
        (["table1", "--minutes", "0"], "--minutes must be a number greater than 0, got 0"),
        (["table1", "--seeds", "one"], "must look like 1-5 or 3,7, got 'one'"),
        (["table1", "--seeds", "3-1"], "holds an empty range: 3-1"),
        (["table1", "--workers", "0"], "--workers must be an integer of at least 1, got 0"),
        (["width", "--seeds", "9"], "seeds must be among"),
        (["table1", "--seeds", "1"], "table1.json holds seeds .* which this would not make"),
        (["replication", "--out", "a.json"], r"makes \d+ files: --out must be a folder"),
        (["table1", "--out", os.devnull + "/a"], "cannot make the folder"),
    ],
)
def test_what_cannot_be_made_is_refused_before_any_work(recorded, capsys, arguments, words):
    with pytest.raises(SystemExit) as exit:
        program.main(arguments)
    assert exit.value.code == 2 and recorded == []
    text = " ".join(capsys.readouterr().err.split())
    assert re.search(words, text), text


def test_minutes_end_a_study_and_the_same_command_goes_on(monkeypatch, tmp_path, capsys):
    study = studies.Study(name="toy", title="", factory=toy_factory, grid=GRID, seeds=(1, 2))
    monkeypatch.setattr(program, "studies", lambda name, options: [study])
    given = ["toy", "--out", str(tmp_path), "--store", str(tmp_path / "s"), "--workers", "1"]
    real = studies.sweep

    def first_alone(factory, grid, seeds, store, backend, stop, **more):
        frame = real(factory, grid, seeds, store, "serial", stop=stop, progress=False)
        assert stop.wait(60)  # time is up after the first seed
        return frame

    monkeypatch.setattr(studies, "sweep", first_alone)
    assert program.main([*given, "--minutes", ".0001"]) == 0
    said = capsys.readouterr().out
    assert "toy.json: " in said and "Time is up; finished runs are kept" in said
    monkeypatch.setattr(
        studies, "sweep", lambda *a, backend, **m: real(*a, "serial", progress=False)
    )
    assert program.main(given) == 0
    assert len(table.read(tmp_path / "toy.json")["runs"]) == 4


def test_ctrl_c_is_status_130_with_a_sentence(monkeypatch, tmp_path, capsys):
    def interrupted(study, place):
        raise KeyboardInterrupt

    monkeypatch.setattr(program, "record", interrupted)
    assert program.main(["evidence", "--out", str(tmp_path)]) == 130
    assert "The same command goes on" in capsys.readouterr().err


def test_the_library_imports_no_chapter():
    modules = "unlearnlab, unlearnlab.study.__main__, unlearnlab.course.studies"
    code = f"import sys, {modules}; print([m for m in sys.modules if 'chapters' in m])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_program_is_the_librarys_command():
    command = [sys.executable, "-m", "unlearnlab.study", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (
        done.stdout.startswith("usage: python -m unlearnlab.study") and "--minutes" in done.stdout
    )


def test_a_study_of_any_shape_has_what_the_program_asks_for():
    for study in program.studies("all"):
        assert {"name", "title", "seeds", "options"} <= {f.name for f in dataclasses.fields(study)}
        assert study.unit in ("seeds", "parts") and len(study.parts()) >= len(study.seeds)
