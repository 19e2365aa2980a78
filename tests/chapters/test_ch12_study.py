"""The recorded ladders: made once, seed by seed, then compared at the settings that all seeds
chose."""

import dataclasses
from types import SimpleNamespace

import pytest
import torch
from elsewhere import DEVICE, elsewhere
from torch.utils.data import TensorDataset

import unlearnlab as ul
from unlearnlab.chapters.ch12_width import choosing
from unlearnlab.chapters.ch12_width import study as ladders
from unlearnlab.course.studies import Place, file_name, record
from unlearnlab.data.images import Images
from unlearnlab.study import table
from unlearnlab.tasks import presets, width
from unlearnlab.training.recipe import Recipe

DIGITS, CIFAR10, PHOTOGRAPHS = list(ladders.LADDERS.values())[:3]
VIT, FOLLOWING = (ladders.LADDERS[f"width-{name}"] for name in ("vit", "following"))
PLANES = ladders.PLANES_STUDY
RECIPE = Recipe(epochs=2, batch_size=256, lr=0.01)
ONCE = [("retrained", "retrained again"), ("original", "retrained"), *2 * [("original", "NegGrad")]]


def study(seeds, **fields):
    usual = {"ladders": {"allcnn": (1, 2)}, "shares": False}
    return dataclasses.replace(DIGITS, seeds=seeds, **usual | fields)


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path / "store", tmp_path / "width.json", say=lambda text: None)


@pytest.fixture(scope="module")
def small():
    """One width, one setting, few planes."""
    usual = width.PRESETS["digits", "quick"]
    tiny = dataclasses.replace(usual, channels={"allcnn": (1,)}, recipe=RECIPE)
    grid = {"NegGrad": {"epochs": 1, "lr": [1e-3, 1e-2], "batch_norm": "frozen"}}
    sizes = ("small", 4), ("full", 8)
    planes = {name: {"planes": count, "resolution": 6} for name, count in sizes}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(width.PRESETS, ("digits", "quick"), tiny)
        patch.setattr(choosing, "grid", lambda name, methods=None: grid)
        patch.setattr(width, "_EXPERIMENT", dataclasses.replace(width._EXPERIMENT, seeds=()))
        patch.setattr(ladders, "PLANES", planes)
        yield


@pytest.fixture(scope="module")
def recorded(small, tmp_path_factory):
    """A study of two seeds that was stopped in the second, and then made whole."""
    folder, real = tmp_path_factory.mktemp("ladders"), ladders.sweep
    place = Place(folder / "store", folder / "width.json", say=lambda text: None)

    def stop_at_the_second(factory, grid, seeds, *rest, **options):
        if seeds == [2]:
            raise KeyboardInterrupt
        return real(factory, grid, seeds, *rest, **options)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(ladders, "sweep", stop_at_the_second)
        record(study((1, 2)), place)
    stopped = ladders.load(place.out)
    assert record(study((1, 2)), place) == 3
    return SimpleNamespace(place=place, stopped=stopped, whole=ladders.load(place.out))


def test_a_study_of_ladders_is_made_once_and_loads_as_it_was(recorded, monkeypatch):
    found, place = recorded.whole, recorded.place
    first = place.out.read_text()
    monkeypatch.setattr(ladders, "unlearn", lambda *arguments: pytest.fail("compared again"))
    assert record(study((1, 2)), place) == 3 and place.out.read_text() == first
    assert len(found.runs) == 4 and set(found.runs["lr"]) == {1e-3, 1e-2}
    assert sorted(found.models["role"]) == sorted(2 * list(width.ROLES))
    for seed in (1, 2):
        own = found.regions[found.regions.seed == seed]
        assert list(zip(own["before"], own["after"])) == ONCE and set(own["survey"]) == {"small"}
    assert set(found.runs["width"]) == set(found.models["width"]) == {1 / 96}  # not rounded
    assert found.provenance["command"] == "python -m unlearnlab.study width"
    assert "commit" not in found.runs and len(choosing.select(found.runs, "bias")) == 2


def test_a_recorded_run_and_a_recorded_model_say_what_the_task_says(recorded):
    cache = recorded.place.store / "models"
    task = ul.width.task(seed=2, network="allcnn", width=1 / 96, cache=cache)
    run = ul.unlearn(task, ul.NegGrad(lr=1e-2, batch_norm="frozen"), 1)
    row = recorded.whole.runs.query("lr == 1e-2 and seed == 2").iloc[0]
    for metric in ("test_error", "mia"):
        assert row[metric] == pytest.approx(run.metrics[metric], abs=1e-5)
    models = recorded.whole.models.query("seed == 2").set_index("role")
    told = float(task.facts["original"]["training_error"])
    assert models.training_error["original"] == pytest.approx(told, abs=1e-5)
    truth = models.loc["ground-truth"]
    assert truth.training_error == truth.retain_error and models.forget_error.nunique() > 1


def test_a_study_that_is_stopped_has_whole_seeds_and_says_so(recorded):
    assert recorded.stopped.provenance["finished"] == "1 of 3 parts"
    assert set(recorded.stopped.runs.seed) == {1} and not hasattr(recorded.stopped, "regions")
    assert "finished" not in recorded.whole.provenance


def test_shares_are_varied_at_one_width_for_the_methods_that_are_compared(
    small, place, monkeypatch
):
    monkeypatch.setattr(ladders, "SHARES", (0.2, 0.3))
    monkeypatch.setattr(ladders, "SHARE_WIDTH", 1 / 96)
    record(study((2,), shares=True), place)
    assert set(ladders.load(place.out).runs["share"]) == {0.2, 0.3}


def test_more_planes_are_surveyed_with_the_settings_of_the_recorded_runs(recorded):
    runs, place = recorded.whole, recorded.place
    more = dataclasses.replace(PLANES, seeds=(2,), widths=(1 / 96,))
    planes = dataclasses.replace(place, out=place.out.with_name("width-planes.json"))
    assert record(more, planes) == 1
    found, own = ladders.load(planes.out), runs.regions.query("seed == 2")
    assert found.regions["survey"].tolist() == 4 * ["full"]
    assert not hasattr(found, "runs") and not hasattr(found, "models")
    assert found.regions["after"].tolist() == own["after"].tolist()
    assert (found.regions["c_prox_se"].to_numpy() < own["c_prox_se"].to_numpy()).any()
    assert found.provenance["runs"] == runs.provenance["commit"]
    assert found.provenance["command"] == "python -m unlearnlab.study width-planes"
    with pytest.raises(ValueError, match="width.json has no runs of allcnn at width 0.03125"):
        record(dataclasses.replace(more, widths=(3 / 96,)), planes)


def test_rates_that_follow_the_width_are_the_grids_at_the_middle_and_inverse_to_it(small, place):
    more = dict(name="width-following", follow=True, survey="")
    record(study((1,), channels=(1, 8), **more), place)
    found = ladders.load(place.out)
    rates = found.runs.groupby("width").lr.apply(set).to_dict()
    assert rates == {1 / 96: {4e-3, 4e-2}, 8 / 96: {5e-4, 5e-3}} and not hasattr(found, "models")


def test_a_transformer_and_two_depths_have_rungs_of_their_own(place):
    depth = ladders.LADDERS["width-depth"]
    names = [rung["network"] for rung, _ in depth.rungs(1)]
    assert names == ["resnet10", "resnet34"]
    assert {rung["width"] for rung, _ in depth.rungs(1)} == {1.5 / 64}
    rungs = [rung for rung, _ in VIT.rungs(1)]
    assert [rung["width"] for rung in rungs] == [2 / 64, 12 / 64]
    short = dataclasses.replace(VIT.recipe, epochs=1)
    task = ladders._made(width.task, rungs[0], 1, place, recipe=short)
    assert task.name == "width-digits-ViT-0.03125"
    assert task.original(task.forget.tensors[0][:2]).shape == (2, 10)


@pytest.fixture
def photographs(monkeypatch):
    """CIFAR-10 replaced by noise of 8 by 8 pixels, one epoch a training."""
    draw = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (5_000, 3, 8, 8), dtype=torch.uint8, generator=draw)
    labels = torch.arange(5_000) % 10
    train, test = TensorDataset(pixels, labels), TensorDataset(pixels[:500], labels[:500])
    images = Images("cifar10", train, test, tuple("abcdefghij"))
    monkeypatch.setattr(presets.data, "load", lambda name, folder=None, stop=None: images)
    usual = width.PRESETS["cifar10", "quick"]
    recipe = dataclasses.replace(RECIPE, epochs=1)
    tiny = dataclasses.replace(usual, channels={"allcnn": (1, 2)}, recipe=recipe)
    monkeypatch.setitem(width.PRESETS, ("cifar10", "quick"), tiny)


def test_a_study_without_a_grid_holds_the_ladders_models_alone(photographs, place):
    alone = dataclasses.replace(CIFAR10, seeds=(3,), ladders={"allcnn": (1, 3)})
    assert record(alone, place) == 1
    found = ladders.load(place.out)
    assert found.models["width"].tolist() == 2 * [1 / 96] + 2 * [2 / 96]
    assert vars(found).keys() == {"models", "provenance"} and set(found.models["seed"]) == {3}
    assert table.read(place.out).provenance["command"] == "python -m unlearnlab.study width-cifar10"


def test_photographs_are_unlearned_and_their_regions_compared_on_the_same_images(
    photographs, place, monkeypatch
):
    grid = {"NegGrad": {"epochs": 1, "lr": [1e-3], "batch_norm": "frozen"}}
    monkeypatch.setattr(choosing, "grid", lambda name, methods=None: grid)
    monkeypatch.setitem(ladders.PLANES, "photographs", {"planes": 4, "resolution": 6})
    short = dict(ladders={"allcnn": (1,)}, channels=(1,), seeds=(1,), compared=("allcnn", 1))
    assert record(dataclasses.replace(PHOTOGRAPHS, **short), place) == 2
    found = ladders.load(place.out)
    assert len(found.runs) == 1 and sorted(found.models.role) == sorted(width.ROLES)
    assert list(zip(found.regions.before, found.regions.after)) == ONCE


def test_a_ladder_with_options_is_made_on_the_device_that_they_name(small, place):
    options = {"dataset": "cifar10", "preset": "paper", "device": "cuda", "precision": "bfloat16"}
    assert file_name(ladders.study(**options)) == "width-cifar10-paper-cuda-bfloat16"
    own = dataclasses.replace(
        ladders.study(device=DEVICE), dataset="digits", ladders={"allcnn": (1,)}, recipe=RECIPE
    )
    with elsewhere():
        assert record(own, place) == 1
    made = ladders.load(place.out)
    assert made.runs["method"].eq("NegGrad").all() and len(made.models) == 3
