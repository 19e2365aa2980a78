"""Are the models of the width task shipped, trained at first use, of the same images?"""

import shutil
import threading

import pytest
import torch
from small_images import many
from torch import nn
from width_cases import vector

import unlearnlab as ul
from unlearnlab.chapters.ch12_width import choosing
from unlearnlab.tasks import presets, width
from unlearnlab.training import checkpoint as checkpoints
from unlearnlab.training import zoo
from unlearnlab.training.fit import Stopped
from unlearnlab.training.recipe import Recipe

SMALL = dict(network="allcnn", width=1 / 48, recipe=Recipe(epochs=2, batch_size=256, lr=0.01))


@pytest.mark.parametrize("network", ["allcnn", "resnet18"])
def test_shipped_models_climb_from_a_training_error_above_0_to_one_of_0(network):
    widths = ul.width.ladder(network=network)
    tasks = {w: ul.width.task(seed=1, network=network, width=w) for w in widths}
    errors = {w: [float(t.facts["original"]["training_error"])] for w, t in tasks.items()}
    assert list(widths) == sorted(widths)
    assert errors[widths[0]][0] > 0.01 and errors[widths[-1]] == [0]
    found = choosing.threshold(errors)
    assert widths[0] < found.width <= widths[-1] and found.low == found.high == found.width
    for chosen in (widths[0], widths[-1]):
        task = ul.width.task(seed=1, network=network, width=chosen)
        both = [torch.cat(pair) for pair in zip(task.retain.tensors, task.forget.tensors)]
        wrong = width.outputs(task.original, both[0])[0].argmax(1) != both[1]
        assert wrong.double().mean().item() == pytest.approx(errors[chosen][0], abs=2e-3)
        assert "commit" in task.facts["original"] and task.facts["ground-truth"][
            "command"
        ].startswith("python -m unlearnlab.experiments.width")
        truth, original = task.evaluate(task.ground_truth), task.evaluate(task.original)
        assert truth["forget_error"] > original["forget_error"] and truth["test_error"] < 1 - 1 / 10
        again = ul.width.retrained_again(seed=1, network=network, width=chosen)
        assert (
            not torch.equal(vector(again), vector(task.ground_truth))
            and task.evaluate(again)["test_error"] < 1 - 1 / 10
        )


def test_ascent_reaches_the_deployed_network_only_if_its_own_statistics_normalise_the_forget_set():
    """The grid's batch_norm="frozen" is there for this: with "retain" the wide network got wrong
    in training mode alone."""
    task, found = ul.width.task(seed=1), {}
    for policy, epochs in (("retain", 16), ("frozen", 6)):
        run = ul.unlearn(task, ul.NegGrad(lr=1e-3, ascent=0.3, batch_norm=policy), epochs)
        with torch.no_grad():
            run.model.train()
            for norm in (m for m in run.model.modules() if isinstance(m, nn.BatchNorm2d)):
                norm.track_running_stats = False
            training = (
                (run.model(task.forget.tensors[0]).argmax(1) != task.forget.tensors[1])
                .double()
                .mean()
                .item()
            )
        found[policy] = run.metrics["forget_error"], training
    assert found["retain"][1] > 0.8 > 0.6 > found["retain"][0] and found["frozen"][0] > 0.8


def test_another_setting_trains_at_first_use_stops_resumes_and_is_kept(tmp_path):
    seen, stop = [], threading.Event()
    with pytest.raises(Stopped, match="stopped after 1 of 2 epochs"):
        ul.width.task(
            cache=tmp_path, **SMALL, stop=stop, progress=lambda name, done, loss: stop.set()
        )
    one = ul.width.task(cache=tmp_path, **SMALL, progress=lambda *done: seen.append(done[:2]))
    names = ["width-digits-allcnn-0.02083-1-original", "width-digits-allcnn-0.02083-1-ground-truth"]
    assert seen == [(names[0], 2)]
    first = vector(one.ground_truth)
    assert seen == [(names[0], 2), (names[1], 1), (names[1], 2)]
    two = ul.width.task(
        cache=tmp_path, **SMALL, progress=lambda *done: pytest.fail("trained again")
    )
    assert (
        torch.equal(vector(one.original), vector(two.original))
        and torch.equal(first, vector(two.ground_truth))
        and len(list(tmp_path.iterdir())) == 2
    )
    other = ul.width.task(cache=tmp_path, **SMALL, share=0.3, progress=lambda *done: None)
    assert other.ground_truth is not None
    again = ul.width.retrained_again(cache=tmp_path, **SMALL, progress=lambda *done: None)
    assert len(list(tmp_path.iterdir())) == 5 and not torch.equal(
        vector(again), vector(one.ground_truth)
    )
    run = ul.unlearn(one, ul.NegGrad(lr=1e-3, ascent=0.1), epochs=1)
    assert torch.equal(vector(one.original), vector(two.original)) and set(run.metrics) == set(
        one.evaluate(one.original)
    )


def test_wrong_arguments_and_missing_files_are_refused_by_name(tmp_path, monkeypatch):
    for change, words in (
        (dict(dataset="mnist"), "dataset must be one of digits, cifar10, got 'mnist'"),
        (dict(preset="paper"), "preset must be one of quick for digits"),
        (dict(seed=-1), "seed must be a non-negative integer"),
        (
            dict(network="vit"),
            "network must be one of resnet10, resnet18, resnet34, resnet50, allcnn",
        ),
        (
            dict(width=1 / 100),
            "width must be a number from 1/64, one channel in the first layer, to",
        ),
        (dict(width="wide"), "width must be"),
        (dict(share=1.5), "share must be"),
        (dict(batch_size=0), "batch_size must be"),
    ):
        with pytest.raises(ValueError, match=words):
            ul.width.task(**change)
    with pytest.raises(TypeError, match="recipe must be a Recipe"):
        ul.width.task(recipe={})
    with pytest.raises(
        ValueError, match="network must be one of resnet18, allcnn, the preset's, got 'resnet50'"
    ):
        ul.width.ladder(network="resnet50")
    monkeypatch.setattr(zoo, "SHIPPED", tmp_path)
    with pytest.raises(
        FileNotFoundError,
        match="width-digits-resnet18-0.09375-1-original.*install it again.*width --seeds 1",
    ):
        ul.width.task()
    shutil.copy(
        next(
            (presets.Path(zoo.__file__).parent / "originals").glob(
                "width-digits-resnet18-0.09375-1-original*"
            )
        ),
        tmp_path,
    )
    file = next(tmp_path.iterdir())
    file.write_bytes(file.read_bytes()[:-5])
    with pytest.raises(
        checkpoints.BadCheckpoint, match=f"{file.name} is damaged.*install it again"
    ):
        ul.width.task()


def test_larger_images_take_part_by_the_same_images_whatever_the_seed(tmp_path, monkeypatch):
    many(monkeypatch, 5_000, 2_000)
    one, two = (ul.width.splits("cifar10", seed=seed) for seed in (1, 2))
    everything = lambda parts: {
        bytes(x.flatten().tolist())
        for name in ("retain", "forget", "validation", "forget_validation")
        for x in parts[name].tensors[0]
    }
    assert (
        len(everything(one)) == 2_000
        and everything(one) == everything(two)
        and len(one["test"]) == 1_000
    )
    assert len(one["forget"].tensors[1].unique()) == 2 and len(one["forget"]) == 200
    task = ul.width.task("cifar10", cache=tmp_path, **SMALL, progress=lambda *done: None)
    assert (
        task.name == "width-cifar10-allcnn-0.02083"
        and len(task.retain) + 200 + len(one["validation"]) + len(one["forget_validation"]) == 2_000
    )


def test_loading_a_task_draws_nothing_from_the_callers_random_numbers():
    state = torch.get_rng_state()
    ul.width.task(seed=1, width=1 / 64)
    assert torch.equal(torch.get_rng_state(), state)
