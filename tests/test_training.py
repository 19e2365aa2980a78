"""Training resumes to the bit, and files that are not whole or not the right ones are refused by name."""
import threading

import pytest
import torch

from unlearnlab import checkpoints
from unlearnlab.models import MLP, seeded
from unlearnlab.training import Stopped, train

X = torch.linspace(-1, 1, 9)[:, None]


def fresh():
    return seeded(lambda: MLP([1, 8, 1]), 0)


def parameters(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def test_an_interrupted_training_ends_where_an_uninterrupted_one_does(tmp_path):
    whole, pieces, path = fresh(), fresh(), tmp_path / "model.partial"
    train(whole, X, X.sin(), epochs=700)
    for limit in (100, 400):
        stop = threading.Event()
        with pytest.raises(Stopped, match=f"stopped after {limit} of 700"):
            train(fresh(), X, X.sin(), epochs=700, checkpoint=path, stop=stop,
                  progress=lambda done, loss: done == limit and stop.set())
    seen = []
    loss = train(pieces, X, X.sin(), epochs=700, checkpoint=path, progress=lambda done, loss: seen.append(done))
    assert seen[0] == 500 and torch.equal(parameters(whole), parameters(pieces))
    assert train(fresh(), X, X.sin(), epochs=700, checkpoint=path) == loss


def test_a_checkpoint_of_other_settings_or_a_damaged_one_is_named_and_not_used(tmp_path):
    path, expected, model = tmp_path / "model.partial", fresh(), fresh()
    train(fresh(), X, X.sin(), epochs=200, checkpoint=path)
    train(expected, X, X.sin(), epochs=200, lr=.01)
    with pytest.warns(UserWarning, match="model.partial is for lr = '0.001', but '0.01' was asked for"):
        train(model, X, X.sin(), epochs=200, lr=.01, checkpoint=path)
    assert torch.equal(parameters(model), parameters(expected))
    path.write_bytes(path.read_bytes()[:200])
    with pytest.warns(UserWarning, match="model.partial is damaged"):
        train(fresh(), X, X.sin(), epochs=200, lr=.01, checkpoint=path)


def test_bad_training_arguments_and_divergence_are_errors():
    with pytest.raises(ValueError, match="epochs must be at least 1"):
        train(fresh(), X, X, epochs=0)
    with pytest.raises(ArithmeticError, match="the training loss became .* at epoch 100: lr=1e\\+30"):
        train(fresh(), X, X, epochs=100, lr=1e30)


def test_checkpoints_are_whole_or_refused(tmp_path):
    path, tensors = tmp_path / "sub" / "a.safetensors", {"w": torch.arange(6.).view(2, 3), "n": torch.tensor(3)}
    checkpoints.write(path, tensors, {"seed": "1"})
    back, facts = checkpoints.read(path, {"seed": "1"})
    assert all(torch.equal(back[k], tensors[k]) for k in tensors) and [p.name for p in path.parent.iterdir()] == [path.name]
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
