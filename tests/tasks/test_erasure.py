"""The erasure task is paper A's: gray to keep, red and green to forget, two heads, and a metric
that can be computed by hand."""

import copy
import dataclasses
import math
import pickle
import shutil
import threading
from functools import partial

import cloudpickle
import erasure_cases
import pytest
import torch
from erasure_cases import SMALL
from torch import nn
from torch.nn.utils import parameters_to_vector
from torch.utils.data import TensorDataset

import unlearnlab as ul
from unlearnlab.ground.identity import fingerprint
from unlearnlab.tasks import erasure, presets
from unlearnlab.training import checkpoint as checkpoints
from unlearnlab.training import zoo
from unlearnlab.training.fit import Stopped
from unlearnlab.training.recipe import Recipe

task = erasure_cases.task  # a fixture

SEEDS = range(1, 6)


def vector(model):
    return parameters_to_vector(model.parameters()).detach()


def test_the_retain_set_is_a_share_of_the_gray_images_and_the_forget_set_of_the_red_and_green_ones(
    task,
):
    images = ul.erasure.images()
    (inputs, targets), (colored, labels) = task.retain.tensors, task.forget.tensors
    assert (
        inputs.dtype == torch.uint8 and inputs.shape == (144, 3, 8, 8) and targets.shape == (144, 2)
    )
    assert (
        colored.shape == (288, 3, 8, 8)
        and labels[:, 1].bincount().tolist() == [0, 144, 144]
        and (targets[:, 1] == 0).all()
    )
    assert (inputs[:, :1] == inputs).all()
    assert (
        (colored[:144, 1:] == 0).all()
        and (colored[144:, [0, 2]] == 0).all()
        and colored[:144, 0].any()
        and colored[144:, 1].any()
    )
    known = {(bytes(x.flatten().tolist()), int(y)) for x, y in zip(*images.train.tensors)}
    light = [*inputs[:, 0], *colored[:144, 0], *colored[144:, 1]]
    found = [
        (bytes(x.flatten().tolist()), int(y))
        for x, y in zip(light, torch.cat([targets, labels])[:, 0])
    ]
    assert set(found) <= known
    assert all(
        len(set(part)) == 144 for part in (found[:144], found[144:288], found[288:])
    )  # no image twice in one color
    assert set(found[144:288]) != set(found[288:]) != set(found[:144])  # drawn apart


def test_shares_seeds_and_batches_are_what_is_asked_for(task):
    small = ul.erasure.task(seed=1, p_retain=0.02)
    assert len(small.retain) == 29 and small.batch_size == task.batch_size == 64
    assert torch.equal(small.retain.tensors[0], task.retain.tensors[0][:29])
    assert torch.equal(vector(small.original), vector(task.original))
    again, other = ul.erasure.task(seed=1), ul.erasure.task(seed=2, batch_size=16)
    assert all(
        torch.equal(a, b)
        for a, b in zip(
            task.forget.tensors + task.retain.tensors, again.forget.tensors + again.retain.tensors
        )
    )
    assert (
        not torch.equal(other.forget.tensors[0], task.forget.tensors[0]) and other.batch_size == 16
    )
    assert not torch.equal(vector(other.original), vector(task.original))
    assert torch.equal(vector(task.fresh(3)), vector(task.fresh(3))) and not torch.equal(
        vector(task.fresh(3)), vector(task.fresh(4))
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_shipped_originals_name_every_color_and_ground_truths_know_gray_alone(seed):
    task = ul.erasure.task(seed=seed)
    images = ul.erasure.images()
    gray, colored = erasure.retain_set(images), erasure.forget_set(images, 0.1, seed)
    for data in (gray, colored):
        content, color = erasure.outputs(task.original, data.tensors[0])
        assert (content.argmax(1) == data.tensors[1][:, 0]).double().mean() > 0.99
        assert (color.argmax(1) == data.tensors[1][:, 1]).double().mean() > 0.99
    original, truth = task.evaluate(task.original), task.evaluate(task.ground_truth)
    assert original["retain_accuracy"] > 0.95 and original["forget_error"] == pytest.approx(
        2 / 3, abs=0.03
    )
    assert truth["retain_accuracy"] > 0.95 and truth["forget_error"] < 1e-3
    for role, metrics in (("original", original), ("ground-truth", truth)):
        facts = task.facts[role]
        assert (
            facts["seed"]
            and "commit" in facts
            and facts["command"].startswith("python -m unlearnlab.experiments.erasure")
        )
        assert float(facts["forget_error"]) == pytest.approx(
            metrics["forget_error"], rel=1e-3, abs=1e-6
        )


class Reads(nn.Module):
    """Says of an image what its first pixels say: content 1 when red and green together
    are above 50; color by what is brighter."""

    def __init__(self):
        super().__init__()
        self.unused = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        red, green, blue = x[:, :, 0, 0].double().unbind(1)
        content = torch.stack([torch.full_like(red, 50.0), red + green], 1)
        return content, torch.stack([blue, red - 2 * blue, green - blue], 1) / 100


def test_the_metric_is_that_of_a_computation_by_hand():
    light, labels = [0, 40, 200, 60], [0, 1, 0, 1]
    test = TensorDataset(
        torch.tensor(light, dtype=torch.uint8)[:, None, None, None].expand(4, 1, 2, 2),
        torch.tensor(labels),
    )
    right, content_right, errors = {}, {}, []
    for name, on in (("gray", (1, 1, 1)), ("red", (1, 0, 0)), ("green", (0, 1, 0))):
        for value, label in zip(light, labels):
            r, g, b = (value * channel for channel in on)
            logits = [b / 100, (r - 2 * b) / 100, (g - b) / 100]
            gray = math.exp(logits[0]) / sum(math.exp(v) for v in logits)
            errors.append((1 - gray) ** 2)
            hit = int(r + g > 50) == label
            content_right.setdefault(name, []).append(hit)
            right.setdefault(name, []).append(hit and logits.index(max(logits)) == 0)
    mean = lambda values: sum(values) / len(values)
    pair, alone = erasure.evaluate(Reads(), test), erasure.evaluate(Reads(), test, both_heads=False)
    assert pair["forget_error"] == alone["forget_error"] == pytest.approx(mean(errors))
    for result, expected in ((pair, right), (alone, content_right)):
        assert (
            result["retain_accuracy"] == result["utility"] == pytest.approx(mean(expected["gray"]))
        )
        assert result["unlearning"] == pytest.approx(mean(expected["red"] + expected["green"]))
    assert pair["unlearning"] != alone["unlearning"]


def test_a_task_of_content_alone_has_that_metric_and_a_name_of_its_own(task):
    alone = ul.erasure.task(seed=1, both_heads=False)
    found = alone.evaluate(task.original)
    assert found == erasure.evaluate(task.original, ul.erasure.images().test, both_heads=False)
    assert found != task.evaluate(task.original) and alone.name == "erasure-digits-content"
    default = ul.erasure.task(seed=1, both_heads=None)
    assert default.name == task.name and default.evaluate.keywords["both_heads"] is True


@pytest.mark.parametrize("change", [{"both_heads": False}, {"test_images": 40}])
def test_facts_hold_no_numbers_of_another_metric_or_other_test_images(task, change):
    usual, other = (t.facts["original"] for t in (task, ul.erasure.task(seed=1, **change)))
    assert usual["unlearning"] and not {"unlearning", "forget_error"} & other.keys()
    assert other == {name: usual[name] for name in other} and other["final_loss"]


def test_a_model_of_two_presets_has_the_numbers_of_what_each_measures(tmp_path, monkeypatch):
    found = ul.images.load("digits")
    test = TensorDataset(*(torch.cat([t] * 6) for t in found.test.tensors))  # "quick" takes 1,000
    few = dataclasses.replace(found, name="cifar10", test=test)
    monkeypatch.setattr(presets.data, "load", lambda *given, **how: few)
    small = {"network": partial(ul.networks.ResNet, 18, width=1 / 32), "cache": tmp_path}
    small |= {"recipe": Recipe(epochs=1, batch_size=256, lr=0.03), "p_color": 0.2, "p_retain": 0.5}
    facts = {}
    for preset, more in (("paper", {}), ("quick", {}), ("paper", {})):
        more = more | {"train_images": 50_000, "progress": lambda *done: None, **small}
        made = ul.erasure.task("cifar10", preset, 6, **more)
        own, facts = made.evaluate(made.original), made.facts["original"]
        known = {name: float(facts[name]) for name in own.keys() & facts.keys()}
        assert known == pytest.approx({name: own[name] for name in known}, rel=1e-5)
    assert known and len([*tmp_path.glob("*original*.safetensors")]) == 1


def test_evaluating_is_in_evaluation_mode_and_leaves_every_module_in_its_own(task):
    model = copy.deepcopy(task.original).train()
    model.bn1.eval()
    assert task.evaluate(model) == task.evaluate(
        task.original
    )  # the deployed function, by running statistics
    assert model.training and model.layer1.training and not model.bn1.training
    assert all(
        torch.equal(a, b)
        for a, b in zip(model.state_dict().values(), task.original.state_dict().values())
    )


@pytest.mark.parametrize(
    "method",
    [ul.GD(lr=3e-3), ul.MinNormOG(lr=1e-3, reg=0.1, reg_decay=0.8)],
    ids=["GD", "MinNorm-OG"],
)
def test_a_few_epochs_of_unlearning_go_toward_the_ground_truth_and_leave_the_original_alone(
    task, method
):
    before, start, truth = (
        vector(task.original).clone(),
        task.evaluate(task.original),
        task.evaluate(task.ground_truth),
    )
    run = ul.unlearn(task, method, epochs=3, seed=0)
    assert torch.equal(before, vector(task.original))
    assert truth["forget_error"] < run.metrics["forget_error"] < 0.5 * start["forget_error"]
    assert (
        0.75
        < run.metrics["retain_accuracy"]
        < max(start["retain_accuracy"], truth["retain_accuracy"]) + 0.02
    )
    assert run.metrics["unlearning"] > start["unlearning"] + 0.1


def test_another_setting_trains_at_first_use_stops_resumes_and_is_kept(tmp_path):
    seen, stop = [], threading.Event()
    with pytest.raises(Stopped, match="stopped after 1 of 2 epochs"):
        ul.erasure.task(
            seed=1, cache=tmp_path, **SMALL, stop=stop, progress=lambda name, done, loss: stop.set()
        )
    assert [p.suffix for p in tmp_path.iterdir()] == [".partial"]
    one = ul.erasure.task(
        seed=1, cache=tmp_path, **SMALL, progress=lambda *done: seen.append(done[:2])
    )
    names = ["erasure-digits-1-original", "erasure-digits-1-ground-truth"]
    assert seen == [(names[0], 2)]
    assert "commit" not in one.facts["ground-truth"]
    first = vector(one.ground_truth)
    assert seen == [(names[0], 2), (names[1], 1), (names[1], 2)]
    assert "commit" in one.facts["ground-truth"]
    two = ul.erasure.task(
        seed=1, cache=tmp_path, **SMALL, progress=lambda *done: pytest.fail("trained again")
    )
    assert (
        torch.equal(vector(one.original), vector(two.original))
        and torch.equal(first, vector(two.ground_truth))
        and one.facts["original"]["recipes"].count("epochs") == 2
    )
    assert len(list(tmp_path.iterdir())) == 2
    ul.erasure.task(seed=1, cache=tmp_path, **SMALL, p_color=0.2)
    assert (
        len(list(tmp_path.iterdir())) == 3
    )  # another original; the ground truth never saw a color
    file = next(tmp_path.glob("*ground-truth*"))
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.warns(
        UserWarning, match="erasure-digits-1-ground-truth-.* is damaged.*trained again"
    ):
        again = ul.erasure.task(seed=1, cache=tmp_path, **SMALL)
    assert torch.equal(vector(one.ground_truth), vector(again.ground_truth))


def test_an_experiment_begins_without_a_ground_truth_and_trains_it_once_when_asked(tmp_path):
    names = []
    how = dict(cache=tmp_path, **SMALL, progress=lambda name, done, loss: names.append(name))
    task = ul.erasure.task(seed=1, **how)
    before = fingerprint(task)
    run = ul.unlearn(task, ul.GD(), 1)
    others = task.changed(name="other"), task.to("cpu"), pickle.loads(cloudpickle.dumps(task))
    assert task.fresh() and task.evaluate(run.model) and repr(task) and task == task
    ul.sweep(lambda seed: task, {"GD": {"epochs": 1}}, [1], tmp_path / "runs", "serial")
    assert set(names) == {"erasure-digits-1-original"}
    truth = vector(others[0].ground_truth)
    trained = len(names)
    for one in (*others, task, ul.erasure.task(seed=1, **how)):
        assert torch.equal(vector(one.ground_truth), truth)
        assert one.ground_truth is one.ground_truth
    assert len(names) == trained  # the file is there
    # nobody can tell from a run on it whether its ground truth has been trained yet
    assert fingerprint(task) == before == fingerprint(ul.erasure.task(seed=1, **how))
    copied = dataclasses.replace(task, facts=task.facts)
    assert fingerprint(copied) == before and copied.ground_truth is task.ground_truth
    with torch.no_grad():
        next(task.ground_truth.parameters()).add_(1)
    assert fingerprint(task) != before  # no longer what was trained
    more = dict(how, recipe=dataclasses.replace(SMALL["recipe"], lr=0.02))
    assert fingerprint(ul.erasure.task(seed=1, **more)) != before


def test_a_stopped_ground_truth_goes_on_where_it_was(tmp_path):
    stop, seen = threading.Event(), []

    def report(name, done, loss):
        seen.append((name.removeprefix("erasure-digits-1-"), done))
        if name.endswith("truth"):
            stop.set()

    task = ul.erasure.task(seed=1, cache=tmp_path, **SMALL, stop=stop, progress=report)
    for _ in range(2):  # within the second epoch, and before the trained model is measured
        with pytest.raises(Stopped):
            task.ground_truth
        stop.clear()
    assert isinstance(task.ground_truth, nn.Module)
    assert seen[2:] == [("ground-truth", 1), ("ground-truth", 2)]


@pytest.mark.parametrize("experiment", [ul.erasure, ul.collapse, ul.width])
def test_the_papers_preset_trains_in_bfloat16_on_a_gpu_alone(experiment):
    def precisions(preset, device):
        found = presets.choose(experiment.PRESETS, "cifar10", preset, device)
        return {part.precision for part in vars(found).values() if isinstance(part, Recipe)}

    assert precisions("paper", "cuda:0") == {"bfloat16"}
    assert precisions("paper", "cpu") == precisions("quick", "cuda") == {"float32"}


def test_wrong_arguments_and_damaged_files_are_refused_by_name(tmp_path, monkeypatch):
    for change, words in (
        (dict(dataset="svhn"), "dataset must be one of digits, mnist, cifar10, tiny-imagenet, got"),
        (dict(preset="paper"), "preset must be one of quick for digits, got 'paper'"),
        (
            dict(dataset="mnist", preset="full"),
            "preset must be one of quick, paper for mnist, got 'full'",
        ),
        (dict(seed=-1), "seed must be a non-negative integer, got -1"),
        (dict(seed=1.5), "seed must be"),
        (dict(p_color=0), r"p_color must be a number in \(0, 1\], got 0"),
        (dict(p_color=0.1, p_forget=0.2), "erasure.task takes p_color.* in place of p_forget"),
        (dict(p_retain=1.1), r"p_retain must be a number in \(0, 1\], got 1.1"),
        (dict(batch_size=0), "batch_size must be an integer of at least 1, got 0"),
        (
            dict(dataset="tiny-imagenet", preset="paper"),
            "weights must name a file: .*ResNet-50 of ImageNet",
        ),
    ):
        with pytest.raises((TypeError, ValueError), match=words):
            ul.erasure.task(**change)
    shutil.copytree(zoo.SHIPPED, tmp_path / "copy")
    monkeypatch.setattr(zoo, "SHIPPED", tmp_path / "copy")
    one, two = (
        next((tmp_path / "copy").glob(f"erasure-digits-{seed}-original-*")) for seed in (1, 2)
    )
    shutil.copy(two, one)
    with pytest.raises(checkpoints.BadCheckpoint, match=f"{one.name} is for seed"):
        ul.erasure.task(seed=1)
    two.write_bytes(two.read_bytes()[:-7])
    with pytest.raises(
        checkpoints.BadCheckpoint, match=f"{two.name} is damaged.*install it again.*--seeds 2"
    ):
        ul.erasure.task(seed=2)
    two.unlink()
    with pytest.raises(FileNotFoundError, match=f"{two.name}.*install it again.*erasure --seeds 2"):
        ul.erasure.task(seed=2)
