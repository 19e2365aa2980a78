"""Does training on the whole batch resume to the bit, and refuse what does not fit?"""

import dataclasses
import threading

import pytest
import torch
from fit_cases import PIXELS, TARGETS, fresh

from unlearnlab.networks import MLP, seeded
from unlearnlab.training import fit as trainer
from unlearnlab.training.fit import Stopped
from unlearnlab.training.recipe import Recipe, full_batch

X = torch.linspace(-1, 1, 9)[:, None]


def line():
    return seeded(lambda: MLP([1, 8, 1]), 0)


def full(model, inputs, targets, *, epochs, lr=1e-3, **more):
    return trainer.fit(model, inputs, targets, full_batch(epochs, lr), **more)


def parameters(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def test_an_interrupted_full_batch_ends_where_an_uninterrupted_one_does(tmp_path):
    whole, pieces, path = line(), line(), tmp_path / "model.partial"
    full(whole, X, X.sin(), epochs=700)
    for limit in (100, 400):
        stop = threading.Event()
        with pytest.raises(Stopped, match=f"stopped after {limit} of 700"):
            full(
                line(),
                X,
                X.sin(),
                epochs=700,
                checkpoint=path,
                stop=stop,
                progress=lambda done, loss: done == limit and stop.set(),
            )
    seen = []
    loss = full(
        pieces,
        X,
        X.sin(),
        epochs=700,
        checkpoint=path,
        progress=lambda done, loss: seen.append(done),
    )
    assert seen[0] == 500 and torch.equal(parameters(whole), parameters(pieces))
    assert full(line(), X, X.sin(), epochs=700, checkpoint=path) == loss


def test_a_full_batch_is_trained_by_torchs_adamw_with_the_recipes_rate_and_decay():
    model, ours = line(), line()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.5)
    for _ in range(20):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(X), X.sin()).backward()
        optimizer.step()
    trainer.fit(ours, X, X.sin(), full_batch(20, 0.01, 0.5))
    torch.testing.assert_close(parameters(ours), parameters(model))


def test_a_checkpoint_of_other_settings_or_a_damaged_one_is_named_and_not_used(tmp_path):
    path, expected, model = tmp_path / "model.partial", line(), line()
    full(line(), X, X.sin(), epochs=200, checkpoint=path)
    full(expected, X, X.sin(), epochs=200, lr=0.01)
    with pytest.warns(
        UserWarning, match="model.partial is for recipe = .*0.001.*, but .*0.01.* was asked for"
    ):
        full(model, X, X.sin(), epochs=200, lr=0.01, checkpoint=path)
    assert torch.equal(parameters(model), parameters(expected))
    path.write_bytes(path.read_bytes()[:200])
    with pytest.warns(UserWarning, match="model.partial is damaged"):
        full(line(), X, X.sin(), epochs=200, lr=0.01, checkpoint=path)


def test_bad_training_arguments_and_divergence_are_errors():
    for bad in (0, 2.5, True):
        with pytest.raises(ValueError, match=f"epochs must be an integer of at least 1, got {bad}"):
            full(line(), X, X, epochs=bad)
    with pytest.raises(ValueError, match="inputs is empty"):
        full(line(), X[:0], X[:0], epochs=1)
    with pytest.raises(ValueError, match=r"the model returns \(9, 1\) for targets of shape \(9,\)"):
        full(line(), X, X.flatten(), epochs=1)
    with pytest.raises(
        ArithmeticError, match="the training loss became .* in epoch .*: lr=1e\\+30"
    ):
        full(line(), X, X, epochs=100, lr=1e30)


def test_a_network_with_batch_norm_a_frozen_and_an_unused_parameter_resumes_to_the_bit(tmp_path):
    def build():
        torch.manual_seed(0)
        net = torch.nn.Sequential(
            torch.nn.Linear(1, 6), torch.nn.BatchNorm1d(6), torch.nn.Linear(6, 1)
        )
        net[0].bias.requires_grad_(False)
        net.register_parameter("unused", torch.nn.Parameter(torch.ones(2)))
        return net

    whole, pieces, stop, path = build(), build(), threading.Event(), tmp_path / "net.partial"
    full(whole, X, X.sin(), epochs=300)
    with pytest.raises(Stopped):
        full(
            build(),
            X,
            X.sin(),
            epochs=300,
            checkpoint=path,
            stop=stop,
            progress=lambda done, loss: stop.set(),
        )
    full(pieces, X, X.sin(), epochs=300, checkpoint=path)
    assert all(
        torch.equal(a, b) for a, b in zip(whole.state_dict().values(), pieces.state_dict().values())
    )


def test_another_loss_does_not_resume_and_a_folder_that_cannot_be_made_is_named(tmp_path):
    path = tmp_path / "model.partial"
    full(line(), X, X.sin(), epochs=100, checkpoint=path)
    other = dataclasses.replace(full_batch(100), loss="cross-entropy")
    with pytest.warns(UserWarning, match="model.partial is for .*squared error"):
        trainer.fit(fresh([4]), PIXELS, TARGETS[:, :1], other, checkpoint=path)
    (tmp_path / "file").write_text("")
    with pytest.raises(PermissionError, match="cannot make the folder .*file/sub.*UNLEARNLAB_DATA"):
        full(line(), X, X, epochs=1, checkpoint=tmp_path / "file" / "sub" / "model.partial")


def test_a_folder_where_the_state_should_be_is_refused_before_training(tmp_path):
    with pytest.raises(IsADirectoryError, match="is a folder, but a file is to be written there"):
        full(line(), X, X.sin(), epochs=100, checkpoint=tmp_path)


@pytest.mark.parametrize("weights, mean", [(None, 0.25), ([0, 0, 0, 1], 1), ([1, 1, 1, 9], 0.75)])
@pytest.mark.parametrize("size", [None, 4])
def test_a_regression_is_weighted_sample_by_sample(weights, mean, size):
    """A constant fitted to 0, 0, 0 and 1 is their weighted mean."""
    model, targets = torch.nn.Linear(1, 1), torch.tensor([[0.0], [0], [0], [1]])
    recipe = Recipe(
        epochs=600, batch_size=size, lr=0.1, momentum=0, weight_decay=0, loss="squared error"
    )
    weights = None if weights is None else torch.tensor(weights).float()
    trainer.fit(model, torch.zeros(4, 1), targets, recipe, weights=weights)
    assert abs(model.bias.item() - mean) < 1e-3
