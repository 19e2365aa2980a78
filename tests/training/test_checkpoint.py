"""Files of tensors are whole or refused by name."""

import threading

import pytest
import torch

from unlearnlab.training import checkpoint as checkpoints


def test_a_changed_fact_is_noticed(tmp_path):
    """A single flipped digit in "done" once resumed from the wrong epoch without a word."""
    path = tmp_path / "a.safetensors"
    checkpoints.write(path, {"w": torch.ones(2)}, {"done": "500"})
    path.write_bytes(path.read_bytes().replace(b'"done":"500"', b'"done":"900"'))
    with pytest.raises(checkpoints.BadCheckpoint, match="do not match their SHA-256"):
        checkpoints.read(path)


def test_tied_tensors_and_threads_writing_one_file_are_fine(tmp_path):
    w = torch.arange(3.0)
    jobs = [
        threading.Thread(
            target=checkpoints.write, args=(tmp_path / "a", {"x": w, "y": w}, {"n": "1"})
        )
        for _ in range(8)
    ]
    [job.start() for job in jobs]
    [job.join() for job in jobs]
    assert (
        torch.equal(checkpoints.read(tmp_path / "a")[0]["y"], w)
        and len(list(tmp_path.iterdir())) == 1
    )


def test_checkpoints_are_whole_or_refused(tmp_path):
    path, tensors = (
        tmp_path / "sub" / "a.safetensors",
        {"w": torch.arange(6.0).view(2, 3), "n": torch.tensor(3)},
    )
    checkpoints.write(path, tensors, {"seed": "1"})
    back, facts = checkpoints.read(path, {"seed": "1"})
    assert all(torch.equal(back[k], tensors[k]) for k in tensors) and [
        p.name for p in path.parent.iterdir()
    ] == [path.name]
    with pytest.raises(checkpoints.BadCheckpoint, match="a.safetensors is for seed = '1', but '2'"):
        checkpoints.read(path, {"seed": "2"})
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(checkpoints.BadCheckpoint, match="do not match their SHA-256"):
        checkpoints.read(path)
    path.write_bytes(b"not a checkpoint")
    with pytest.raises(checkpoints.BadCheckpoint, match="a.safetensors is damaged"):
        checkpoints.read(path)
    with pytest.raises(FileNotFoundError, match="no checkpoint b.safetensors"):
        checkpoints.read(tmp_path / "b.safetensors")
