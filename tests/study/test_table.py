"""A recorded file comes back as it was written, and one that was changed is refused by name."""

import hashlib
import json
import os
import threading
from pathlib import Path

import numpy as np
import pandas
import pytest

import unlearnlab as ul
from unlearnlab.study import table

RESULTS = Path(ul.__file__).parents[1] / "notebooks" / "results"
DIGESTS = json.loads((Path(__file__).parent / "recorded_digests.json").read_text())
ROWS = [
    {"method": "GD", "lr": 1e-3, "seed": 1, "size": 0.1, "error": None},
    {"method": "MinNorm-OG", "lr": 0.1, "n_pert": 50, "seed": 2, "size": float("nan")},
]


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "new" / "r.json"
    table.write(path, {"runs": ROWS}, {"command": "test"})
    return path


def values(path):
    """A digest of all values of a file: the sorted rows, without the cells that are empty."""
    tables = json.loads(path.read_text(encoding="utf-8"))["tables"]
    lines = []
    for name, content in tables.items():
        for cells in content["rows"]:
            row = dict(zip(content["columns"], cells))
            own = {column: cell for column, cell in row.items() if cell is not None}
            lines.append(json.dumps([name, own], sort_keys=True))
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def test_tables_come_back_as_they_were_written(written):
    recorded = table.read(written)
    runs = recorded["runs"]
    assert recorded.provenance == {"command": "test"} and len(runs) == 2
    assert runs.columns.tolist() == ["method", "lr", "seed", "size", "error", "n_pert"]
    assert runs.seed.tolist() == [1, 2] and runs.seed.dtype == "int64"
    assert runs.n_pert.dtype == "Int64" and runs.n_pert[1] == 50 and runs.n_pert.isna()[0]
    assert "NaN" not in written.read_text(encoding="utf-8")  # which is no JSON
    assert runs["size"].tolist()[0] == 0.1 and runs["size"].isna()[1] and runs.error.isna().all()
    with pytest.raises(KeyError, match="r.json has no table 'models'; it has runs"):
        recorded["models"]


def test_a_frame_is_written_like_its_rows_and_equal_tables_make_equal_files(written, tmp_path):
    frame = table.read(written)["runs"]
    table.write(tmp_path / "again.json", {"runs": frame}, {"command": "test"})
    assert (tmp_path / "again.json").read_bytes() == written.read_bytes()
    mixed = pandas.DataFrame({"a": [np.float32(0.5), 1], "b": [[1, 2.5], ["x", None]]})
    table.write(tmp_path / "mixed.json", {"one": mixed, "none": []}, {})
    again = table.read(tmp_path / "mixed.json")
    assert (
        again["one"].b.tolist() == mixed.b.tolist() and again["none"].empty and "runs" not in again
    )
    with pytest.raises(
        TypeError, match="a cell must be a finite number, a word or a list of these"
    ):
        table.write(tmp_path / "bad.json", {"one": [{"a": object()}]}, {})
    with pytest.raises(TypeError, match="a cell must be a finite number.*got inf"):
        table.write(tmp_path / "bad.json", {"one": [{"a": np.float64("inf")}]}, {})
    assert not (tmp_path / "bad.json").exists()


@pytest.mark.parametrize("name", sorted(DIGESTS))
def test_every_recorded_value_is_the_one_that_was_recorded_first(name):
    """The digests are of the files in the four older formats, before they were converted."""
    assert values(RESULTS / name) == DIGESTS[name]
    assert table.read(RESULTS / name).provenance["commit"]


def test_every_recorded_file_has_its_digest():
    assert {path.name for path in RESULTS.iterdir()} == set(DIGESTS)


def test_a_file_of_which_any_one_character_was_changed_is_refused_by_name(written):
    text = written.read_text()
    places = [i for i, letter in enumerate(text) if letter.isalnum()]
    for i in places:
        other = "7" if text[i] != "7" else "8"
        written.write_text(text[:i] + other + text[i + 1 :])
        with pytest.raises(table.BadTable, match="r.json"):
            table.read(written)


def test_a_file_that_was_cut_is_refused_by_name(written):
    text = written.read_text()
    for length in range(len(text) - 2):
        written.write_text(text[:length])
        with pytest.raises(table.BadTable, match="r.json is no JSON text, or not all of it"):
            table.read(written)


@pytest.mark.parametrize(
    "content, wrong",
    [
        ("[]", "it must have sha256, provenance, tables, it has list"),
        ('{"provenance": {}, "settings": []}', "it has provenance, settings"),
        ("[" * 100_000, "no JSON text"),
        ("\x00", "no JSON text"),
        (b"\xff\xfe", "no JSON text"),
        ('{"sha256": "0", "provenance": {}, "tables": {}}', "was changed after it was written"),
    ],
)
def test_what_is_no_recorded_file_is_refused_with_its_name(tmp_path, content, wrong):
    path = tmp_path / "r.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(table.BadTable, match=f"r.json.*{wrong}"):
        table.read(path)


def test_a_file_that_is_not_there_or_a_folder_is_named(tmp_path):
    for path in (tmp_path / "gone.json", tmp_path):
        with pytest.raises(OSError, match=path.name):
            table.read(path)


def test_what_comes_with_the_course_goes_by_its_name(tmp_path, monkeypatch, written):
    monkeypatch.chdir(tmp_path)
    name = "erasure-cifar10-quick-width0.25"
    assert table.read(name).path == RESULTS / f"{name}.json"
    assert table.read("new/r.json").provenance == {"command": "test"}
    with pytest.raises(FileNotFoundError, match=r"no recorded result at .*results/gone.json; "):
        table.read("gone")
    monkeypatch.setattr(table, "RESULTS", tmp_path / "nowhere")  # the package without a checkout
    with pytest.raises(FileNotFoundError, match=f"{tmp_path}/results/table1.json.*beside the note"):
        table.read("table1")
    written.parent.rename(tmp_path / "results")
    assert table.read("r").provenance == {"command": "test"}


def test_many_writers_of_one_file_leave_a_whole_one_and_nothing_else(tmp_path):
    path = tmp_path / "r.json"

    def write(i):
        for _ in range(20):
            table.write(path, {"runs": [{"i": i, "text": "x" * 2_000 * i}]}, {})
            assert table.read(path)["runs"].shape == (1, 2)

    writers = [threading.Thread(target=write, args=(i,)) for i in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert os.listdir(tmp_path) == ["r.json"] and len(table.read(path)["runs"]) == 1
