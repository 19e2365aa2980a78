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
    for bad in (0, 2.5, True):
        with pytest.raises(ValueError, match=f"epochs must be an integer of at least 1, got {bad}"):
            train(fresh(), X, X, epochs=bad)
    with pytest.raises(ValueError, match="save_every must be an integer of at least 1, got 0"):
        train(fresh(), X, X, epochs=1, save_every=0)
    with pytest.raises(ValueError, match="inputs is empty"):
        train(fresh(), X[:0], X[:0], epochs=1)
    with pytest.raises(ValueError, match=r"the model returns \(9, 1\) for targets of shape \(9,\)"):
        train(fresh(), X, X.flatten(), epochs=1)
    with pytest.raises(ArithmeticError, match="the training loss became .* at epoch 100: lr=1e\\+30"):
        train(fresh(), X, X, epochs=100, lr=1e30)


def test_a_network_with_batch_norm_a_frozen_and_an_unused_parameter_resumes_to_the_bit(tmp_path):
    def build():
        torch.manual_seed(0)
        net = torch.nn.Sequential(torch.nn.Linear(1, 6), torch.nn.BatchNorm1d(6), torch.nn.Linear(6, 1))
        net[0].bias.requires_grad_(False)
        net.register_parameter("unused", torch.nn.Parameter(torch.ones(2)))
        return net

    whole, pieces, stop, path = build(), build(), threading.Event(), tmp_path / "net.partial"
    train(whole, X, X.sin(), epochs=300)
    with pytest.raises(Stopped):
        train(build(), X, X.sin(), epochs=300, checkpoint=path, stop=stop, progress=lambda done, loss: stop.set())
    train(pieces, X, X.sin(), epochs=300, checkpoint=path)
    assert all(torch.equal(a, b) for a, b in zip(whole.state_dict().values(), pieces.state_dict().values()))


def test_another_loss_does_not_resume_and_a_folder_that_cannot_be_made_is_named(tmp_path):
    path = tmp_path / "model.partial"
    train(fresh(), X, X.sin(), epochs=100, checkpoint=path)
    with pytest.warns(UserWarning, match="model.partial is for objective = 'squared_error'"):
        train(fresh(), X, X.sin(), epochs=100, checkpoint=path, loss=torch.nn.functional.l1_loss)
    (tmp_path / "file").write_text("")
    with pytest.raises(PermissionError, match="cannot make the folder .*file/sub.*UNLEARNLAB_DATA"):
        train(fresh(), X, X, epochs=1, checkpoint=tmp_path / "file" / "sub" / "model.partial")


def test_a_changed_fact_is_noticed(tmp_path):
    """A single flipped digit in "done" once resumed from the wrong epoch without a word."""
    path = tmp_path / "a.safetensors"
    checkpoints.write(path, {"w": torch.ones(2)}, {"done": "500"})
    path.write_bytes(path.read_bytes().replace(b'"done":"500"', b'"done":"900"'))
    with pytest.raises(checkpoints.BadCheckpoint, match="do not match their SHA-256"):
        checkpoints.read(path)


def test_tied_tensors_and_threads_writing_one_file_are_fine(tmp_path):
    w = torch.arange(3.)
    jobs = [threading.Thread(target=checkpoints.write, args=(tmp_path / "a", {"x": w, "y": w}, {"n": "1"})) for _ in range(8)]
    [job.start() for job in jobs]
    [job.join() for job in jobs]
    assert torch.equal(checkpoints.read(tmp_path / "a")[0]["y"], w) and len(list(tmp_path.iterdir())) == 1


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
