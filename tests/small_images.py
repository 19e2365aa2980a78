"""A data set and a preset small enough to train on in a test."""

import dataclasses

import torch
from torch.utils.data import TensorDataset

from unlearnlab.data.images import Images
from unlearnlab.networks import AllCNN
from unlearnlab.tasks import presets
from unlearnlab.training.recipe import Recipe


def small(
    monkeypatch,
    cache,
    experiment,
    dataset,
    size,
    classes=tuple("0123456789"),
    epochs=2,
    preset="quick",
    channels=1,
    **more,
):
    """From now on `dataset` is 60 images of noise, size x size, and its preset
    of `experiment` a tiny network for a few epochs. more: in place of what that says."""
    pixels = torch.randint(
        0,
        256,
        (60, channels, size, size),
        dtype=torch.uint8,
        generator=torch.Generator().manual_seed(0),
    )
    data = TensorDataset(pixels, torch.arange(60) % 10)
    monkeypatch.setattr(
        presets.data,
        "load",
        lambda name, folder=None, stop=None: Images(name, data, data, tuple(classes)),
    )
    default, short = (
        experiment.PRESETS[dataset, preset],
        Recipe(epochs=epochs, batch_size=30, lr=0.01),
    )
    chosen = dataclasses.replace(
        default,
        network=more.pop("network", lambda heads: AllCNN(heads, 1 / 48)),
        train_images=None,
        test_images=None,
        **{name: short for name in ("recipe", "warm_start") if hasattr(default, name)} | more,
    )
    monkeypatch.setitem(experiment.PRESETS, (dataset, preset), chosen)
    monkeypatch.setenv("UNLEARNLAB_DATA", str(cache))


def many(monkeypatch, count, test):
    """From now on every data set is CIFAR-10's shape in small: `count` images of noise, and the
    first `test` of them to test on."""
    pixels = torch.randint(
        0, 256, (count, 3, 4, 4), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )
    data = TensorDataset(pixels, torch.arange(count) % 10)
    whole = Images("cifar10", data, TensorDataset(*data[:test]), tuple("abcdefghij"))
    monkeypatch.setattr(presets.data, "load", lambda name, folder=None, stop=None: whole)
