"""Label erasure at the paper's size: originals from a folder, settings that are fair, no ground
truth; on images of noise and a tiny network."""

import dataclasses
import functools
import threading

import pytest
import torch
from elsewhere import DEVICE, elsewhere
from safetensors.torch import save_file
from small_images import small

import unlearnlab as ul
from unlearnlab.chapters import recording as program
from unlearnlab.chapters.ch11_replication import fullsize
from unlearnlab.course import studies
from unlearnlab.study import table
from unlearnlab.study.grid import expand
from unlearnlab.tasks import erasure

task = functools.partial(fullsize.task, "cifar10", "paper")


@pytest.fixture(autouse=True)
def tiny(monkeypatch, tmp_path):
    small(monkeypatch, tmp_path / "cache", erasure, "cifar10", 8)
    monkeypatch.setitem(erasure.PRESETS, ("cifar10", "paper"), erasure.PRESETS["cifar10", "quick"])


@pytest.fixture
def originals(tmp_path):
    """A folder with the original of seed 1: two files, one of them in float16."""
    folder = tmp_path / "originals"
    folder.mkdir()
    state = task(7).original.state_dict()
    names = sorted(state)
    half = {name: state[name].half() for name in names[:4]}
    save_file(half, folder / "original-seed1-half.0.safetensors")
    rest = {name: state[name].clone() for name in names[4:]}
    save_file(rest, folder / "original-seed1-half.1.safetensors")
    return folder


def test_the_files_of_a_seed_are_one_original_and_other_seeds_are_trained(originals):
    given, trained = (task(seed, originals=originals) for seed in (1, 10))
    truth = task(7).original.state_dict()
    for name, tensor in given.original.state_dict().items():
        assert torch.allclose(tensor.double(), truth[name].double(), rtol=1e-3, atol=1e-6)
        assert tensor.dtype == truth[name].dtype
    assert not given.original.training and given.ground_truth is trained.ground_truth is None
    whole = ul.erasure.task("cifar10", "quick", 10, progress=lambda *done: None)
    for name, tensor in trained.original.state_dict().items():
        assert torch.equal(tensor, whole.original.state_dict()[name])
    assert torch.equal(trained.retain.tensors[0], whole.retain.tensors[0])
    assert torch.equal(trained.forget.tensors[0], whole.forget.tensors[0])
    assert trained.evaluate(trained.original) == whole.evaluate(whole.original)


def test_a_file_of_another_network_and_a_folder_that_is_not_there_are_refused(originals):
    (originals / "original-seed1-half.1.safetensors").unlink()
    with pytest.raises(ValueError, match="original-seed1-half.0.safetensors do not hold this"):
        task(1, originals=originals)
    with pytest.raises(SystemExit):
        program.main(["fullsize", "--originals", str(originals / "nothing")])


def test_every_method_has_as_many_settings_and_the_first_ones_are_gd_and_minnorm_og():
    settings = expand(fullsize.study().grid)
    assert {s.method.name for s in settings[:36]} == {"GD", "MinNorm-OG"} and len(settings) == 70
    settings += expand(fullsize.study("others").grid)
    assert len(settings) == 176 == len({*settings})
    count = {}
    for s in settings:
        own = getattr(s.method, "n_pert", None), getattr(s.method, "project_every", None)
        key = s.method.name, s.epochs, *own
        count[key] = count.get(key, 0) + 1
    assert count.pop(("MinNorm-OG", 2, 50, 1)) == 24
    assert {count.pop(("GD", epochs, None, None)) for epochs in (2, 3, 4, 5)} == {11}
    assert {*count.values()} == {12} and len(count) == 6 + 3


def test_on_another_device_a_task_is_there_whole_and_its_kernels_are_warm(originals, monkeypatch):
    warmed = []
    monkeypatch.setattr(fullsize, "unlearn", lambda task, method, epochs: warmed.append(method))
    with elsewhere():
        found = task(1, originals=originals, device=DEVICE)
        places = {p.device.type for p in found.original.parameters()}
        assert {places.pop(), found.retain.tensors[0].device.type} == {DEVICE} and not places
        run = ul.unlearn(found, ul.GD(lr=1e-4), 1)
    assert [method.name for method in warmed] == ["GD", "MinNorm-OG"] and run.metrics


def test_time_that_ends_within_a_seed_leaves_its_runs_in_the_file(originals, tmp_path, monkeypatch):
    stop, real = threading.Event(), studies.sweep

    def cut_short(factory, grid, seeds, store, backend, **more):
        after_two = lambda row, done, total: done == 2 and stop.set()
        return real(factory, grid, seeds, store, "serial", **more, progress=after_two)

    monkeypatch.setattr(studies, "sweep", cut_short)
    study = dataclasses.replace(fullsize.study(originals=originals), seeds=(1, 2))
    place = studies.Place(tmp_path / "store", tmp_path / "f.json", 1, stop, partial=True)
    assert studies.record(study, place) == 0
    recorded = table.read(place.out)
    made = recorded.provenance
    assert made["finished"] == "0 of 2 seeds, and 2 of 70 settings of seed 1"
    assert made["command"] == "python -m unlearnlab.study fullsize --originals originals"
    assert made["originals"].startswith("seed 1 from original-seed1-half.0.safetensors and")
    assert recorded["runs"].method.tolist() == ["GD", "GD"]  # in the grid's order
    assert recorded["runs"].epochs.tolist() == [2, 3] and (recorded["runs"].seconds > 0).all()
    assert recorded["models"].role.tolist() == ["original"]
    whole = dataclasses.replace(study, grid={"GD": {"epochs": [2, 3], "lr": 1e-4}}, seeds=(1,))
    assert studies.record(whole, dataclasses.replace(place, stop=threading.Event())) == 1
    again = table.read(place.out)["runs"]
    assert again.equals(recorded["runs"][again.columns])  # seconds too: the store's very runs
