"""The environment check finds what is wrong and says what to do."""

import importlib.metadata
import shutil
import sys

import pytest
import torch

from unlearnlab.course import environment
from unlearnlab.training import zoo


def finding(report, name):
    return next(f for f in report if f.name == name)


def test_this_environment_is_ready():
    report = environment.check()
    assert report.ready and repr(report).endswith("Ready.") and "→" not in repr(report)


def test_a_wrong_torch_an_old_python_and_a_missing_package_come_with_a_remedy(monkeypatch):
    monkeypatch.setattr("sys.version_info", (3, 9, 1))
    real = importlib.metadata.version

    def version(name):
        if name == "ipywidgets":
            raise importlib.metadata.PackageNotFoundError(name)
        return {"matplotlib": "3.2.1", "torch": "2.8.0+cpu"}.get(name) or real(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    report = environment.check()
    assert not report.ready and repr(report).endswith(
        "4 of 10 things need attention; the arrows say what to do."
    )
    assert 'pip install "torch>=2.9"' in finding(report, "torch").remedy
    assert "make lab PYTHON=python3.11" in finding(report, "Python").remedy
    assert (
        finding(report, "ipywidgets").detail == "missing"
        and "matplotlib>=3.10" in finding(report, "matplotlib").remedy
    )


def test_an_installation_of_an_earlier_version_is_checked_too(monkeypatch):
    earlier = ["torch==2.13.0", "ipywidgets>=8.1", "matplotlib>=3.10", "safetensors>=0.5"]
    earlier += ["scipy>=1.13", "scikit-learn>=1.5"]
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: earlier)
    assert finding(environment.check(), "ipywidgets").ok


def test_a_damaged_model_is_named(monkeypatch, tmp_path):
    shutil.copytree(zoo.SHIPPED, tmp_path / "models")
    next((tmp_path / "models").glob("sine-4-original-*")).write_bytes(b"short")
    monkeypatch.setattr(zoo, "SHIPPED", tmp_path / "models")
    found = finding(environment.check(), "shipped models")
    assert (
        not found.ok
        and found.detail == "88 of 89 are there and whole"
        and "sine-4-original" in found.remedy
    )


def test_damaged_and_missing_models_of_every_task_are_named(monkeypatch, tmp_path):
    shutil.copytree(zoo.SHIPPED, tmp_path / "models")
    monkeypatch.setattr(zoo, "SHIPPED", tmp_path / "models")
    next((tmp_path / "models").glob("erasure-digits-2-original-*")).write_bytes(b"short")
    next((tmp_path / "models").glob("collapse-digits-5-ground-truth-*")).unlink()
    next((tmp_path / "models").glob("passage-1-original-*")).unlink()
    next((tmp_path / "models").glob("width-digits-allcnn-0.25-1-original-*")).unlink()
    found = finding(environment.check(), "shipped models")
    assert not found.ok and found.detail == "85 of 89 are there and whole"
    named = "erasure-digits-2-original", "collapse-digits-5-ground-truth", "passage-1-original"
    assert all(name in found.remedy for name in (*named, "width-digits-allcnn-0.25-1-original"))


def test_where_scikit_learn_is_missing_the_check_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    found = finding(environment.check(), "shipped models")
    assert not found.ok and "sklearn.datasets" in found.remedy


def test_a_folder_that_cannot_be_written_is_reported(monkeypatch):
    monkeypatch.setattr("os.access", lambda path, mode: False)
    assert "UNLEARNLAB_DATA" in finding(environment.check(), "folder for new models").remedy


@pytest.mark.parametrize("gpu", [True, False])
def test_the_device_is_described_either_way(monkeypatch, gpu):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "H1")
    found = finding(environment.check(), "device")
    assert found.ok and ("GPU H1" in found.detail) == gpu
