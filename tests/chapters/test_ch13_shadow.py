"""A stack of models is what its models would have been alone."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import unlearnlab as ul
from unlearnlab.chapters.ch13_evidence.shadow import _batches, train_ensemble
from unlearnlab.metrics import halves, margin
from unlearnlab.networks import seeded

N = 24
X = torch.randn(N, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
Y = torch.arange(N) % 3


def build(seed):
    return seeded(lambda: ul.MLP([4, 8, 3]), seed).double()


@torch.no_grad()
def logits(models, inputs=X):
    return torch.stack([model(inputs) for model in models])


def test_every_model_is_the_one_that_a_plain_loop_trains():
    """In whole batches, whose order does not matter."""
    included = halves(3, N)
    some = included & (included.cumsum(1) <= included.sum(1).min())  # parts of one size
    ensemble = train_ensemble(build, X, Y, some, epochs=20, lr=1e-2, batch_size=N, seed=5)
    for i, part in enumerate(some):
        alone = build(5 + i)
        optimizer = torch.optim.AdamW(alone.parameters(), lr=1e-2, weight_decay=0)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 20)
        for _ in range(20):
            optimizer.zero_grad()
            F.cross_entropy(alone(X[part]), Y[part]).backward()
            optimizer.step()
            schedule.step()
        assert all(
            torch.allclose(a, b, atol=1e-9)
            for a, b in zip(alone.parameters(), ensemble[i].parameters())
        )
        assert torch.allclose(margin(logits(ensemble), Y)[i], margin(alone(X), Y), atol=1e-8)


def test_no_model_feels_what_another_sees():
    included = halves(4, N)
    other = included.clone()
    other[3] = ~other[3]
    settings = {"epochs": 3, "batch_size": 5}
    a, b = (logits(train_ensemble(build, X, Y, rows, **settings)) for rows in (included, other))
    assert torch.equal(a[:3], b[:3]) and not torch.equal(a[3], b[3])


def test_a_model_never_sees_an_example_it_is_to_be_kept_from_and_sees_all_others_every_epoch():
    """The labels of what is left out are wrong, and nobody notices;
    the batches are counted by a spy."""
    included = torch.zeros(2, N, dtype=torch.bool)
    included[0, :7], included[1, 5:] = True, True
    spoiled = torch.where(torch.arange(N) < 5, (Y + 1) % 3, Y)
    a, b = (
        logits(train_ensemble(build, X, labels, included, epochs=2, batch_size=4))
        for labels in (Y, spoiled)
    )
    assert torch.equal(a[1], b[1]) and not torch.equal(a[0], b[0])
    draw = torch.Generator().manual_seed(0)
    for _ in range(3):
        batches = _batches(included, 4, draw)
        assert len(batches) == 5 and all(batch.shape == (2, 4) for batch in batches)
        for row, part in zip(torch.cat(batches, 1), included):
            times = row.bincount(minlength=N)
            assert (
                (times[~part] == 0).all()
                and (times[part] >= 1).all()
                and times[part].max() - times[part].min() <= 1
            )


def test_it_learns_and_float32_and_convolutions_work_too():
    images = torch.randn(N, 1, 4, 4, generator=torch.Generator().manual_seed(1))
    network = lambda seed: seeded(
        lambda: nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(256, 3)
        ),
        seed,
    )
    ensemble = train_ensemble(
        network, images, Y, torch.ones(2, N, dtype=torch.bool), epochs=60, batch_size=8, lr=1e-2
    )
    said = logits(ensemble, images)
    assert said.shape == (2, N, 3) and said.dtype == torch.float32
    assert (said.argmax(2) == Y).all() and not torch.equal(said[0], said[1])


def test_one_seed_gives_one_ensemble_and_leaves_torchs_generator_alone():
    state = torch.random.get_rng_state()
    first, again, other = (
        logits(train_ensemble(build, X, Y, halves(2, N), epochs=2, seed=seed)) for seed in (0, 0, 1)
    )
    assert (
        torch.equal(first, again)
        and not torch.equal(first, other)
        and torch.equal(state, torch.random.get_rng_state())
    )


@pytest.mark.parametrize(
    "change, says",
    [
        (
            {"build": lambda seed: nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3))},
            "build must give models without batch norm",
        ),
        (
            {"build": lambda seed: nn.Sequential(nn.Linear(4, 3), nn.Dropout())},
            "build must give models without dropout",
        ),
    ],
)
def test_layers_that_mix_models_are_refused_by_name(change, says):
    arguments = {
        "build": build,
        "inputs": X,
        "labels": Y,
        "included": halves(2, N),
        "epochs": 1,
    } | change
    with pytest.raises((TypeError, ValueError), match=says):
        train_ensemble(**arguments)


def test_a_loss_that_is_no_number_is_an_error():
    with pytest.raises(ArithmeticError, match="a model's loss became nan in epoch 1"):
        train_ensemble(build, X * torch.inf, Y, halves(2, N), epochs=2)
