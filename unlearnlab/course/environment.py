"""Is this machine ready for the workbook? A line per thing it needs, and what to do otherwise.

As a program: python -m unlearnlab.course.environment
"""

import importlib.metadata
import os
import re
import sys
from typing import NamedTuple

import torch

from ..ground.files import default_folder
from ..tasks import collapse, erasure, passage, sine, width
from ..training import checkpoint, zoo
from .console import written


class Finding(NamedTuple):
    """One thing checked. remedy: what to do when `ok` is false."""

    name: str
    ok: bool
    detail: str
    remedy: str

    def __str__(self):
        line = f"{'✓' if self.ok else '✗'} {self.name}: {self.detail}"
        return written(line + ("" if self.ok else f"\n    → {self.remedy}"))


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
    """Python, PyTorch, the widgets, the shipped models, a folder and the device; a few seconds."""
    parts = *_software(), *_models(), _folder(), _device()
    return Report(Finding(*part) for part in parts)


def _software():
    """What a Finding is made of, for Python and everything that has to be installed."""
    python = sys.version_info
    again = "Install Python 3.11 or newer, delete .venv, and start by: make lab PYTHON=python3.11"
    yield "Python", python >= (3, 11), ".".join(map(str, python[:3])), again
    least = dict(re.split("[=>]=", need)[:2] for need in importlib.metadata.requires("unlearnlab"))
    for name in ("torch", "scipy", "scikit-learn", "ipywidgets", "matplotlib", "safetensors"):
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            version = "missing"
        new = _numbers(version) >= _numbers(least[name])  # "missing" has none
        remedy = f'Run: pip install "{name}>={least[name]}", then restart the kernel'
        yield name, new, version, remedy


def _numbers(version):
    return [int(part) for part in version.split(".")[:2] if part.isdigit()]


def _models():
    """The same, for models that ship with the package, each of which is read."""
    tasks = sine, erasure, collapse, width, passage
    seeds = {task: getattr(task, "SHIPPED_SEEDS", zoo.SHIPPED_SEEDS) for task in tasks}
    try:
        made = [part for task in tasks for seed in seeds[task] for part in task.shipped(seed)]
    except ImportError as error:
        yield "shipped models", False, "cannot be looked for", f"First install: {error}"
        return
    errors = []
    for training in made:
        try:
            checkpoint.read(zoo.SHIPPED / training.file(), training.identity)
        except (ValueError, FileNotFoundError) as error:
            errors.append(str(error))
    again = (
        "They ship with unlearnlab: install it again, or run python -m unlearnlab.tasks and the "
        "first word of what is not there"
    )
    whole = f"{len(made) - len(errors)} of {len(made)} are there and whole"
    yield "shipped models", not errors, whole, " | ".join([*errors, again])


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


if __name__ == "__main__":
    report = check()
    print(report)
    sys.exit(not report.ready)
