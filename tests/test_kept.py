"""A recording that was stopped goes on from whole files."""
import pytest

from unlearnlab.experiments.kept import interruptible, kept, replace_text


def test_what_is_kept_is_made_once_and_a_part_that_failed_leaves_nothing(tmp_path):
    path = tmp_path / "new" / "part.json"
    with pytest.raises(ZeroDivisionError):
        kept(path, lambda: [1 / 0])
    assert not path.exists()
    assert kept(path, lambda: [{"a": 1.5}]) == kept(path, lambda: pytest.fail("made again")) == [{"a": 1.5}]
    replace_text(path, "[]")
    assert kept(path, lambda: pytest.fail("made again")) == [] and [p.name for p in path.parent.iterdir()] == ["part.json"]


def test_ctrl_c_is_status_130_with_a_sentence_and_other_errors_pass(capsys):
    def stop():
        raise KeyboardInterrupt

    assert interruptible(stop) == 130 and "The same command goes on" in capsys.readouterr().err
    assert interruptible(lambda: None) == 0
    with pytest.raises(ZeroDivisionError):
        interruptible(lambda: 1 / 0)
