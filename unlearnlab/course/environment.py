"""Is this machine ready for the workbook? A line per thing it needs, and what to do otherwise."""

import importlib.metadata
import os
import sys
from dataclasses import dataclass

import torch

from ..ground.files import default_folder
from ..tasks import sine
from ..training import checkpoint, zoo


@dataclass(frozen=True)
class Finding:
    """One thing checked. remedy: what to do when `ok` is false, and empty otherwise."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""

    def __str__(self):
        line = f"{'✓' if self.ok else '✗'} {self.name}: {self.detail}"
        return line + (f"\n    → {self.remedy}" if self.remedy else "")


class Report(list):
    """Findings that print themselves, and a sum of them in the last line."""

    @property
    def ready(self) -> bool:
        """Whether everything checked is as it should be."""
        return all(finding.ok for finding in self)

    def __repr__(self):
        bad = sum(not finding.ok for finding in self)
        last = f"{bad} of {len(self)} things need attention; the arrows say what to do."
        return "\n".join([*map(str, self), "", "Ready." if self.ready else last])


def check() -> Report:
    """Python, PyTorch, the widgets, the shipped models, a folder and the device; about a second."""
    findings = [*_software(), _sine_models(), _image_models(), _folder(), _device()]
    return Report(
        Finding(name, ok, detail, "" if ok else remedy) for name, ok, detail, remedy in findings
    )


PACKAGES = {"ipywidgets": "8.1", "matplotlib": "3.10", "safetensors": "0.5"}


def _software():
    """What a Finding is made of, for Python and everything that has to be installed."""
    python, install = sys.version_info, "pip install -r requirements.txt"
    again = "Install Python 3.11 or newer, delete .venv, and start by: make lab PYTHON=python3.11"
    yield "Python", python >= (3, 11), ".".join(map(str, python[:3])), again
    needs = importlib.metadata.requires("unlearnlab")
    wanted = next(r for r in needs if r.startswith("torch=="))[7:]
    other = f"This is not the workbook's environment. Run: {install} (torch {wanted})"
    yield "PyTorch", torch.__version__.split("+")[0] == wanted, torch.__version__, other
    for name, least in PACKAGES.items():
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            version = "missing"
        new = version != "missing" and _numbers(version) >= _numbers(least)
        remedy = f"Needs {least} or newer. Run: {install}, then restart the kernel"
        yield name, new, version, remedy


def _numbers(version):
    return [int(part) for part in version.split(".")[:2] if part.isdigit()]


def _sine_models():
    return _loaded("shipped models", sine.task, sine.SHIPPED_SEEDS, "seeds are there and whole")


def _image_models():
    names = [
        f"{task}-digits-{seed}-{role}"
        for task in ("erasure", "collapse")
        for seed in zoo.SHIPPED_SEEDS
        for role in ("original", "ground-truth")
    ]
    return _loaded("shipped image models", _read_image_model, names, "are there and whole")


def _read_image_model(name):
    paths = [*zoo.SHIPPED.glob(f"{name}-????????.safetensors"), zoo.SHIPPED / f"{name}.safetensors"]
    try:
        checkpoint.read(paths[0])
    except (ValueError, FileNotFoundError) as error:
        again = f"install it again, or run python -m {sine.__package__} {name.split('-')[0]}"
        raise ValueError(f"{error}. It ships with unlearnlab: {again}") from error


def _loaded(name, load, items, words):
    """What a Finding is made of, for models of which each is read."""
    errors = []
    for item in items:
        try:
            load(item)
        except (ValueError, FileNotFoundError) as error:
            errors.append(str(error))
    whole = f"{len(items) - len(errors)} of {len(items)} {words}"
    return name, not errors, whole, " | ".join(errors)


def _folder():
    folder = default_folder("models")
    nearest = next(path for path in [folder, *folder.parents] if path.exists())
    ok = os.access(nearest, os.W_OK)
    remedy = (
        "Name a folder you may write to in the environment variable UNLEARNLAB_DATA. "
        "Shipped models work without it"
    )
    return "folder for new models", ok, "writable" if ok else "not writable", remedy


def _device():
    words = f"CPU, {os.cpu_count()} cores; all of these notebooks are made for that"
    if torch.cuda.is_available():
        words = f"GPU {torch.cuda.get_device_name()}; these notebooks do not need it"
    return "device", True, words, ""
