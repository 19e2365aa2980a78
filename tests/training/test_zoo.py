"""Trained models are the ones that are asked for: shipped, kept or made now,
and never another's."""

import copy
import json
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from unlearnlab.networks import MLP, AllCNN, ResNet
from unlearnlab.tasks import collapse, erasure, passage, sine, width
from unlearnlab.training import checkpoint, zoo
from unlearnlab.training.recipe import Recipe, full_batch
from unlearnlab.training.zoo import Stage, Training

X = torch.linspace(-1, 1, 9)[:, None]
PIXELS = torch.randint(
    0, 256, (24, 3, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
)
RECIPE = Recipe(epochs=2, batch_size=8, lr=0.03)


class Net(nn.Module):
    """A network of the reader's. `gain` stands for any edit of its forward."""

    gain = 1

    def __init__(self, classes):
        super().__init__()
        self.a, self.b = nn.Linear(192, 8), nn.Linear(8, classes)

    def forward(self, x):
        return self.b(torch.relu(self.a(x.float().flatten(1) / 255)) * self.gain)


def image_training(build, seed=1):
    return Training("net", build, seed, (Stage(PIXELS, torch.arange(24) % 4, RECIPE),))


def get(training, cache, made):
    """The model; `made` gets a line for each epoch that had to be trained."""
    return zoo.get(training, cache, progress=lambda *done: made.append(done))[0]


def test_every_shipped_file_holds_the_tensors_that_it_always_held():
    """They were made once; new names and facts came later."""
    recorded = json.loads((Path(__file__).parent / "shipped.json").read_text())
    found = {
        path.name[: -len("-01234567.safetensors")]: checkpoint.digest(checkpoint.read(path)[0])
        for path in zoo.SHIPPED.iterdir()
    }
    assert found == recorded and len(found) == 89


@pytest.mark.parametrize(
    "task, seeds",
    [
        (sine, range(1, 11)),
        (erasure, range(1, 6)),
        (collapse, range(1, 6)),
        (width, [1]),
        (passage, range(1, 6)),
    ],
)
def test_every_shipped_file_is_the_one_that_is_asked_for_whatever_torch_calls_its_layers(
    task, seeds, monkeypatch
):
    monkeypatch.setattr(nn.Module, "__repr__", lambda module: "another text")
    for seed in seeds:
        for training in task.shipped(seed):
            model, facts = training.load(zoo.SHIPPED / training.file())
            assert facts["epochs"] == str(training.epochs()) and not model.training


def test_a_torch_that_draws_other_random_numbers_keeps_the_shipped_models(monkeypatch):
    monkeypatch.setattr(zoo, "seeded", lambda build, seed: build())
    for training in sine.shipped(3):
        training.load(zoo.SHIPPED / training.file())


def test_a_copy_of_a_shipped_model_is_as_good(tmp_path):
    """Such a file was made before files held the floating targets."""
    for training in sine.shipped(3):
        path = zoo.SHIPPED / training.file()
        assert not any("targets" in name for name in checkpoint.read(path)[0])
        training.load(Path(shutil.copy(path, tmp_path)))


def test_a_network_whose_forward_was_edited_is_trained_again(tmp_path, monkeypatch):
    made = []
    first = get(image_training(partial(Net, 4)), tmp_path, made)
    assert len(made) == 2
    again = get(image_training(partial(Net, 4)), tmp_path, made)
    assert len(made) == 2 and torch.equal(first.a.weight, again.a.weight)
    monkeypatch.setattr(Net, "gain", -1)
    edited = get(image_training(partial(Net, 4)), tmp_path, made)
    assert len(made) == 4 and not torch.equal(first.a.weight, edited.a.weight)


def test_a_network_of_the_package_that_answers_or_begins_otherwise_is_trained_again(
    tmp_path, monkeypatch
):
    made, training = [], image_training(partial(AllCNN, 4, 1 / 48))
    get(training, tmp_path, made)
    forward, init = AllCNN.forward, AllCNN.__init__
    with monkeypatch.context() as patch:
        patch.setattr(AllCNN, "forward", lambda model, x: -forward(model, x))
        with pytest.warns(
            UserWarning,
            match="net-.* is of another network, one that gave other answers. It is trained again",
        ):
            get(training, tmp_path, made)
    made.clear()

    def larger(model, *args, **more):
        init(model, *args, **more)
        for p in model.parameters():
            p.data.mul_(1.01)

    monkeypatch.setattr(AllCNN, "__init__", larger)
    with pytest.warns(UserWarning, match="one that began with other weights. It is trained again"):
        get(training, tmp_path, made)
    assert len(made) == 2


def test_other_arguments_seeds_recipes_and_data_are_other_files():
    builds = [
        partial(ResNet, 18, 4, 1 / 64),
        partial(ResNet, 18, 4, 1 / 64, mean=0.4),
        partial(AllCNN, 4, 1 / 48),
        partial(Net, 4),
        partial(Net, 5),
        lambda: AllCNN(4, 1 / 48),
    ]
    names = {image_training(build).file() for build in builds} | {
        image_training(builds[0], seed=2).file()
    }
    assert len(names) == 7 and image_training(builds[0]).file() in names
    assert zoo.describe(builds[1]) == "ResNet(18, 4, 0.015625, mean=0.4)"
    assert zoo.describe(partial(ResNet, np.int64(18), 4.0, np.float64(1))) == "ResNet(18, 4, 1)"
    stages = [
        Stage(X, X.sin(), full_batch(5)),
        Stage(X, X.sin(), full_batch(6)),
        Stage(X[:8], X[:8].sin(), full_batch(5)),
    ]
    assert (
        len({Training("line", partial(MLP, [1, 8, 1]), 0, (stage,)).file() for stage in stages})
        == 3
    )


def test_every_stage_has_a_seed_and_a_state_of_its_own_and_their_epochs_are_counted_together(
    tmp_path, monkeypatch
):
    seen, made, fit = [], [], zoo.fit.fit

    def watched(*args, **more):
        seen.append((more["seed"], more["checkpoint"].name))
        return fit(*args, **more)

    monkeypatch.setattr(zoo.fit, "fit", watched)
    one = image_training(partial(AllCNN, 4, 1 / 48), seed=7)
    get(Training("net", one.build, 7, 2 * one.stages), tmp_path, made)
    assert [seed for seed, _ in seen] == [7, 8] and len({name for _, name in seen}) == 2
    assert [done for _, done, _ in made] == [1, 2, 3, 4]


def test_floating_targets_of_another_function_are_found_out_although_they_are_not_in_the_name(
    tmp_path,
):
    made, build = [], partial(MLP, [1, 8, 1])
    one, other = (
        Training("line", build, 0, (Stage(X, y, full_batch(5)),)) for y in (X.sin(), X.cos())
    )
    assert one.file() == other.file()
    get(one, tmp_path, made)
    with pytest.warns(UserWarning, match="It is trained again"):
        get(other, tmp_path, made)
    assert len(made) == 2


LATER = {  # as they are in the norm and in the first rows
    "in another order": lambda y: torch.cat([y[:8], y[8:].flip(0)]),
    "of another sign": lambda y: torch.cat([y[:8], -y[8:]]),
    "in one row": lambda y: torch.cat([y[:11], -y[11:12], y[12:]]),
    "two rows changed, the waves nearly alike": lambda y: y[[*range(8), 52, *range(9, 52), 8, 53]],
}


@pytest.mark.parametrize("other", LATER)
@pytest.mark.parametrize("stage", [0, 1])
def test_floating_targets_of_any_row_and_stage_are_found_out(tmp_path, other, stage):
    made, inputs = [], torch.linspace(-3, 3, 54)[:, None]
    targets = (inputs + inputs.square() / 10).sin()

    def training(changed):
        both = [targets, targets]
        both[stage] = changed(targets)
        stages = tuple(Stage(inputs, y, full_batch(5)) for y in both)
        return Training("line", partial(MLP, [1, 8, 1]), 0, stages)

    get(training(torch.clone), tmp_path, made)
    with pytest.warns(UserWarning, match="learned other targets. It is trained again"):
        get(training(LATER[other]), tmp_path, made)
    assert len(made) == 4
    get(training(LATER[other]), tmp_path, made)
    # as another processor would have them
    get(training(lambda y: LATER[other](y) * (1 + 3e-7)), tmp_path, made)
    assert len(made) == 4


def test_a_file_with_the_facts_but_not_the_tensors_or_the_answers_is_named_and_made_again(tmp_path):
    made, training = [], image_training(partial(AllCNN, 4, 1 / 48))
    model = get(training, tmp_path, made)
    path = tmp_path / training.file()
    tensors, facts = checkpoint.read(path)
    for change, words in (
        ({"answers": "[]"}, "gave other answers"),
        ({"start": "[]"}, "began with other weights"),
        ({"answers": "half a li"}, "gave other answers"),
        ({"answers": "{}"}, "gave other answers"),
        ({"answers": f"[1{'0' * 400}]"}, "gave other answers"),
        ({"start": '["a"]'}, "began with other weights"),
    ):
        checkpoint.write(path, tensors, facts | change)
        with pytest.warns(UserWarning, match=f"{path.name} .*{words}.*It is trained again"):
            again = get(training, tmp_path, made)
        assert torch.equal(model.fc.weight, again.fc.weight)
    checkpoint.write(path, {"a": torch.ones(1)}, facts)
    with pytest.warns(UserWarning, match="does not hold this network"):
        get(training, tmp_path, made)


def test_a_folder_where_a_model_should_be_is_refused_before_training(tmp_path):
    training = image_training(partial(AllCNN, 4, 1 / 48))
    (tmp_path / training.file()).mkdir()
    with (
        pytest.warns(UserWarning, match="is damaged"),
        pytest.raises(IsADirectoryError, match="remove it"),
    ):
        get(training, tmp_path, [])


def test_answers_leave_the_model_as_it_is_and_do_not_depend_on_its_mode():
    training = image_training(partial(AllCNN, 4, 1 / 48))
    model = training.build().train()
    before = copy.deepcopy(model.state_dict())
    said = training.answers(model)
    assert model.training and said == training.answers(model.eval())
    assert all(torch.equal(a, b) for a, b in zip(before.values(), model.state_dict().values()))
