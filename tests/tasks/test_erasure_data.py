"""Does label erasure of larger data sets take part by the same images, and begin from published
weights?"""

import shutil
import threading
from functools import partial

import erasure_cases
import pytest
import torch
from erasure_cases import SMALL
from small_images import many

import unlearnlab as ul
from unlearnlab.data.tint import luminance
from unlearnlab.networks import AllCNN, ResNet, seeded
from unlearnlab.tasks import __main__ as command
from unlearnlab.tasks import erasure, presets
from unlearnlab.training import recipe as recipes
from unlearnlab.training import zoo
from unlearnlab.training.fit import Stopped
from unlearnlab.training.recipe import Recipe

task = erasure_cases.task  # a fixture


def test_a_larger_data_set_takes_part_by_the_same_images_whatever_the_seed(tmp_path, monkeypatch):
    many(monkeypatch, 12_000, 3_000)
    one, two = (
        ul.erasure.task("cifar10", seed=seed, cache=tmp_path, **SMALL, progress=lambda *done: None)
        for seed in (1, 2)
    )
    assert (
        len(one.retain) == 160
        and len(one.forget) == 800
        and one.batch_size == 64
        and one.name == "erasure-cifar10"
    )
    images = ul.erasure.images("cifar10")
    assert (
        len(images.train) == 8_000
        and len(images.test) == 1_000
        and len(ul.erasure.images("cifar10", "paper").train) == 12_000
    )
    assert torch.equal(images.train.tensors[0], ul.erasure.images("cifar10").train.tensors[0])
    light = {image.numpy().tobytes() for image in luminance(images.train.tensors[0])}
    assert all(
        image.numpy().tobytes() in light
        for task in (one, two)
        for image in task.retain.tensors[0][:, 0]
    )
    assert one.ground_truth is not two.ground_truth
    assert len(list(tmp_path.iterdir())) == 4


def test_which_images_take_part_is_drawn_by_a_seed_of_its_own_and_a_share_has_one_at_least():
    common = {"recipe": SMALL["recipe"], "batch_size": 8, "train_images": 9}
    size = lambda seed: presets.Size(**common, drawn_by=seed)
    first, again, other = (size(seed).images("digits").train for seed in (0, 0, 1))
    assert len(first) == 9 and torch.equal(first.tensors[0], again.tensors[0])
    assert not torch.equal(first.tensors[0], other.tensors[0])
    assert len(presets.share_of(first, 0.01, 0, 0)) == 1


def test_published_weights_are_where_both_trainings_and_every_fresh_model_start(tmp_path):
    network, recipe = (
        partial(ResNet, 50, width=1 / 32, stem="imagenet"),
        Recipe(epochs=1, batch_size=512, lr=1e-9, weight_decay=0),
    )
    files = [tmp_path / f"resnet50-{i}.pth" for i in range(2)]
    for seed, file in enumerate(files):
        torch.save(seeded(lambda: network(1000), seed).state_dict(), file)
    task, other = (
        ul.erasure.task(
            weights=file,
            network=network,
            recipe=recipe,
            cache=tmp_path,
            progress=lambda *done: None,
        )
        for file in files
    )
    body = torch.load(files[0], weights_only=True)
    for model in (task.original, task.ground_truth, task.fresh(3)):
        assert (
            torch.allclose(model.layer3[0].conv1.weight, body["layer3.0.conv1.weight"], atol=1e-6)
            and len(model(task.retain.tensors[0])) == 2
        )
    assert (
        not torch.allclose(other.original.conv1.weight, body["conv1.weight"], atol=1e-3)
        and other.ground_truth
        and len(list(tmp_path.glob("*.safetensors"))) == 4
    )


def test_a_shipped_model_is_not_asked_for_where_published_weights_are(tmp_path):
    torch.save(erasure.PRESETS["digits", "quick"].network(1000).state_dict(), tmp_path / "body.pth")
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):  # it would train
        ul.erasure.task(
            weights=tmp_path / "body.pth", cache=tmp_path, stop=stop, progress=lambda *done: None
        )


def test_weights_for_a_network_that_takes_none_are_refused_by_name(tmp_path):
    (tmp_path / "body.pth").write_bytes(b"weights")
    network = lambda classes: AllCNN(classes, 1 / 48)
    with pytest.raises(TypeError, match="weights are for a network .*returns a AllCNN"):
        ul.erasure.task(weights=tmp_path / "body.pth", network=network, cache=tmp_path)


def test_the_papers_setting_is_the_papers():
    chosen = erasure.PRESETS["cifar10", "paper"]
    network = chosen.network([10, 3])
    assert (
        sum(p.numel() for p in network.parameters()) == 11_175_501
        and chosen.recipe == recipes.CIFAR10_ERASURE
    )
    assert (chosen.batch_size, chosen.p_forget, chosen.p_retain, chosen.train_images) == (
        256,
        0.01,
        0.01,
        None,
    )


@pytest.mark.parametrize("name", ["train_images", "test_images"])
@pytest.mark.parametrize("count", [-1400, 0, 1.5])
def test_a_number_of_images_is_one_or_more(name, count):
    with pytest.raises((TypeError, ValueError), match=f"{name} must be an integer of at least 1"):
        ul.erasure.task(**{name: count})


def test_loading_a_task_draws_nothing_from_the_callers_random_numbers():
    state = torch.get_rng_state()
    ul.erasure.task(seed=3)
    assert torch.equal(torch.get_rng_state(), state)


def test_the_training_command_makes_only_what_is_missing_or_damaged(tmp_path, capsys, monkeypatch):
    for path in zoo.SHIPPED.glob("erasure-*"):
        shutil.copy(path, tmp_path)
    assert command.main(["erasure", "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out.count("is there and whole") == 10
    damaged = next(tmp_path.glob("erasure-digits-4-ground-truth-*"))
    damaged.write_bytes(damaged.read_bytes()[:-1])
    monkeypatch.setattr(zoo.Training, "make", lambda training, path, *rest: path.write_text("made"))
    assert (
        command.main(["erasure", "--out", str(tmp_path), "--seeds", "2,4-5"]) == 0
        and damaged.read_text() == "made"
    )
    assert capsys.readouterr().out.count("is there and whole") == 5

    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(zoo.Training, "make", interrupted)
    assert command.main(["erasure", "--out", str(tmp_path)]) == 130
    assert "The same command goes on from there" in capsys.readouterr().err
    for text, words in (("one", "--seeds: must look like 1-5 or 3,7"), ("5-1", "empty range: 5-1")):
        with pytest.raises(SystemExit):
            command.main(["erasure", "--seeds", text])
        assert words in capsys.readouterr().err
