"""The recorded ladders: made once, seed by seed, then compared at the settings that all seeds
chose."""

import dataclasses

import pytest
import torch
from torch.utils.data import TensorDataset

import unlearnlab as ul
from unlearnlab.chapters.ch12_width import choosing
from unlearnlab.chapters.ch12_width import study as ladders
from unlearnlab.course.studies import Place, record
from unlearnlab.data.images import Images
from unlearnlab.study import table
from unlearnlab.tasks import presets, width
from unlearnlab.training.recipe import Recipe

DIGITS, PLANES, CIFAR10 = ladders.STUDIES
RECIPE = Recipe(epochs=2, batch_size=256, lr=0.01)
ONCE = [("retrained", "retrained again"), ("original", "retrained"), *2 * [("original", "NegGrad")]]


@pytest.fixture
def small(monkeypatch):
    """One width, one setting, few planes."""
    usual = width.PRESETS["digits", "quick"]
    tiny = dataclasses.replace(usual, channels={"allcnn": (1,)}, recipe=RECIPE)
    grid = {"NegGrad": {"epochs": 1, "lr": [1e-3, 1e-2], "batch_norm": "frozen"}}
    monkeypatch.setitem(width.PRESETS, ("digits", "quick"), tiny)
    monkeypatch.setattr(choosing, "grid", lambda methods=None: grid)
    monkeypatch.setattr(width, "_EXPERIMENT", dataclasses.replace(width._EXPERIMENT, seeds=()))
    monkeypatch.setattr(ladders, "LADDERS", {"allcnn": (1, 2)})
    monkeypatch.setattr(ladders, "SHARES", (0.2,))
    planes = {
        name: {"planes": count, "resolution": 6} for name, count in (("small", 4), ("full", 8))
    }
    monkeypatch.setattr(ladders, "PLANES", planes)


@pytest.fixture
def place(tmp_path):
    said = []
    return Place(tmp_path / "store", tmp_path / "width.json", say=said.append)


def study(seeds):
    return dataclasses.replace(DIGITS, seeds=seeds)


def test_a_study_of_ladders_is_made_once_and_loads_as_it_was(small, place, monkeypatch):
    assert record(study((1, 2)), place) == 3
    first = place.out.read_text()
    monkeypatch.setattr(ladders, "unlearn", lambda *arguments: pytest.fail("compared again"))
    assert record(study((1, 2)), place) == 3 and place.out.read_text() == first
    found = ladders.load(place.out)
    assert len(found.runs) == 4 and set(found.runs["lr"]) == {1e-3, 1e-2}
    assert sorted(found.models["role"]) == sorted(2 * list(width.ROLES))
    for seed in (1, 2):
        own = found.regions[found.regions.seed == seed]
        assert list(zip(own["before"], own["after"])) == ONCE and set(own["survey"]) == {"small"}
    assert set(found.runs["width"]) == set(found.models["width"]) == {1 / 96}  # not rounded
    assert found.provenance["command"] == "python -m unlearnlab.study width"
    assert "commit" not in found.runs and len(choosing.select(found.runs, "bias")) == 2


def test_a_recorded_run_and_a_recorded_model_say_what_the_task_says(small, place):
    record(study((2,)), place)
    found = ladders.load(place.out)
    cache = place.store / "models"
    task = ul.width.task(seed=2, network="allcnn", width=1 / 96, cache=cache)
    run = ul.unlearn(task, ul.NegGrad(lr=1e-2, batch_norm="frozen"), 1)
    row = found.runs[found.runs.lr == 1e-2].iloc[0]
    for metric in ("test_error", "mia"):
        assert row[metric] == pytest.approx(run.metrics[metric], abs=1e-5)
    models = found.models.set_index("role")
    told = float(task.facts["original"]["training_error"])
    assert models.training_error["original"] == pytest.approx(told, abs=1e-5)
    truth = models.loc["ground-truth"]
    assert truth.training_error == truth.retain_error and models.forget_error.nunique() > 1


def test_a_study_that_is_stopped_has_whole_seeds_and_says_so(small, place, monkeypatch):
    real = ladders.sweep

    def stop_at_the_second(factory, grid, seeds, *rest, **options):
        if seeds == [2]:
            raise KeyboardInterrupt
        return real(factory, grid, seeds, *rest, **options)

    monkeypatch.setattr(ladders, "sweep", stop_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        record(study((1, 2)), place)
    stopped = ladders.load(place.out)
    assert stopped.provenance["finished"] == "1 of 3 parts"
    assert set(stopped.runs.seed) == {1} and not hasattr(stopped, "regions")
    monkeypatch.setattr(ladders, "sweep", real)
    assert record(study((1, 2)), place) == 3
    assert "finished" not in ladders.load(place.out).provenance


def test_shares_are_varied_at_one_width_for_the_methods_that_are_compared(
    small, place, monkeypatch
):
    monkeypatch.setattr(ladders, "SHARES", (0.2, 0.3))
    monkeypatch.setattr(ladders, "SHARE_WIDTH", 1 / 96)
    record(study((2,)), place)
    assert set(ladders.load(place.out).runs["share"]) == {0.2, 0.3}


def test_more_planes_are_surveyed_with_the_settings_of_the_recorded_runs(small, place, monkeypatch):
    record(study((2,)), place)
    more = dataclasses.replace(PLANES, seeds=(2,), widths=(1 / 96,))
    planes = dataclasses.replace(place, out=place.out.with_name("width-planes.json"))
    assert record(more, planes) == 1
    found, runs = ladders.load(planes.out), ladders.load(place.out)
    assert found.regions["survey"].tolist() == 4 * ["full"]
    assert not hasattr(found, "runs") and not hasattr(found, "models")
    assert found.regions["after"].tolist() == runs.regions["after"].tolist()
    assert (found.regions["c_prox_se"] < runs.regions["c_prox_se"]).any()
    assert found.provenance["runs"] == runs.provenance["commit"]
    assert found.provenance["command"] == "python -m unlearnlab.study width-planes"
    with pytest.raises(ValueError, match="width.json has no runs of allcnn at width 0.03125"):
        record(dataclasses.replace(more, widths=(3 / 96,)), planes)


def test_a_study_of_larger_images_holds_the_ladders_models_alone(place, monkeypatch):
    draw = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (5_000, 3, 8, 8), dtype=torch.uint8, generator=draw)
    labels = torch.arange(5_000) % 10
    train, test = TensorDataset(pixels, labels), TensorDataset(pixels[:500], labels[:500])
    images = Images("cifar10", train, test, tuple("abcdefghij"))
    monkeypatch.setattr(presets.data, "load", lambda name, folder=None: images)
    usual = width.PRESETS["cifar10", "quick"]
    recipe = dataclasses.replace(RECIPE, epochs=1)
    tiny = dataclasses.replace(usual, channels={"allcnn": (1, 2)}, recipe=recipe)
    monkeypatch.setitem(width.PRESETS, ("cifar10", "quick"), tiny)
    monkeypatch.setattr(ladders, "LADDERS", {"allcnn": (1, 3)})
    assert record(dataclasses.replace(CIFAR10, seeds=(3,)), place) == 1
    found = ladders.load(place.out)
    assert found.models["width"].tolist() == 2 * [1 / 96] + 2 * [2 / 96]
    assert vars(found).keys() == {"models", "provenance"} and set(found.models["seed"]) == {3}
    assert table.read(place.out).provenance["command"] == "python -m unlearnlab.study width-cifar10"
