"""Files are whole or not there, and a recording that was stopped goes on from whole files."""

import threading
from pathlib import Path

import pytest

from unlearnlab.ground import files
from unlearnlab.ground.files import interruptible, write_text


def test_two_threads_that_write_one_file_leave_one_of_the_two_whole(tmp_path):
    path, texts = tmp_path / "file", ["a" * 100_000, "b" * 100_000]
    writers = [
        threading.Thread(target=lambda text=text: [write_text(path, text) for _ in range(20)])
        for text in texts
    ]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert not path.exists() or path.read_text() in texts
    assert path.read_text() in texts and len(list(tmp_path.iterdir())) == 1


def test_ctrl_c_is_status_130_with_a_sentence_and_other_errors_pass(capsys):
    def stop():
        raise KeyboardInterrupt

    assert interruptible(stop) == 130 and "The same command goes on" in capsys.readouterr().err
    assert interruptible(lambda: None) == 0
    with pytest.raises(ZeroDivisionError):
        interruptible(lambda: 1 / 0)


def test_a_tilde_is_the_home_folder_wherever_a_folder_is_named(monkeypatch):
    monkeypatch.setenv("UNLEARNLAB_DATA", "~/data")
    assert files.default_folder("models") == Path.home() / "data" / "models"
    assert files.chosen_folder("~/x") == Path.home() / "x"
    assert files.chosen_folder(None) == Path.home() / "data"
    monkeypatch.delenv("UNLEARNLAB_DATA")
    monkeypatch.setenv("XDG_CACHE_HOME", "~/caches")
    assert files.default_folder() == Path.home() / "caches" / "unlearnlab"


def test_a_user_without_a_home_is_told_which_variable_to_set(monkeypatch):
    def expanduser(path):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("UNLEARNLAB_DATA", raising=False)
    monkeypatch.setattr(Path, "expanduser", expanduser)
    with pytest.raises(RuntimeError, match="UNLEARNLAB_DATA"):
        files.default_folder("models")


def test_a_folder_that_cannot_be_made_is_named_with_what_to_change(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(PermissionError, match=r"cannot make the folder .*file.*\(store\)"):
        files.check_writable(tmp_path / "file" / "below" / "record", "store")
    with pytest.raises(PermissionError, match=r"\(folder=, cache=, UNLEARNLAB_DATA\)"):
        files.check_writable(tmp_path / "file" / "below" / "record")
