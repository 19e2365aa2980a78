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
    packages = (("ipywidgets", "8.1"), ("matplotlib", "3.10"), ("safetensors", "0.5"))
    return Report(
        [
            _python(),
            _torch(),
            *(_package(name, least) for name, least in packages),
            _sine_models(),
            _image_models(),
            _cache(),
            _device(),
        ]
    )


def _python():
    ok = sys.version_info >= (3, 11)
    remedy = "Install Python 3.11 or newer, delete .venv, and start by: make lab PYTHON=python3.11"
    return Finding("Python", ok, ".".join(map(str, sys.version_info[:3])), "" if ok else remedy)


def _torch():
    needs = importlib.metadata.requires("unlearnlab")
    wanted = next(r for r in needs if r.startswith("torch=="))[7:]
    ok = torch.__version__.split("+")[0] == wanted
    remedy = (
        "This is not the workbook's environment. "
        f"Run: pip install -r requirements.txt (torch {wanted})"
    )
    return Finding("PyTorch", ok, torch.__version__, "" if ok else remedy)


def _package(name, least):
    try:
        found = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        found = "missing"
    ok = found != "missing" and _numbers(found) >= _numbers(least)
    remedy = (
        f"Needs {least} or newer. Run: pip install -r requirements.txt, then restart the kernel"
    )
    return Finding(name, ok, found, "" if ok else remedy)


def _numbers(version):
    return [int(part) for part in version.split(".")[:2] if part.isdigit()]


def _sine_models():
    whole, errors = 0, []
    for seed in sine.SHIPPED_SEEDS:
        try:
            sine.task(seed)
            whole += 1
        except (ValueError, FileNotFoundError) as error:
            errors.append(str(error))
    detail = f"{whole} of {len(sine.SHIPPED_SEEDS)} seeds are there and whole"
    return Finding("shipped models", not errors, detail, " | ".join(errors))


def _image_models():
    names = [
        f"{task}-digits-{seed}-{role}"
        for task in ("erasure", "collapse")
        for seed in zoo.SHIPPED_SEEDS
        for role in ("original", "ground-truth")
    ]
    errors = []
    for name in names:
        found = list(zoo.SHIPPED.glob(f"{name}-????????.safetensors"))
        try:
            checkpoint.read(found[0] if found else zoo.SHIPPED / f"{name}.safetensors")
        except (ValueError, FileNotFoundError) as error:
            command = f"python -m {sine.__package__} {name.split('-')[0]}"
            errors.append(f"{error}. It ships with unlearnlab: install it again, or run {command}")
    detail = f"{len(names) - len(errors)} of {len(names)} are there and whole"
    return Finding("shipped image models", not errors, detail, " | ".join(errors))


def _cache():
    folder = default_folder("models")
    nearest = next(path for path in [folder, *folder.parents] if path.exists())
    ok = os.access(nearest, os.W_OK)
    remedy = (
        "Name a folder you may write to in the environment variable UNLEARNLAB_DATA. "
        "Shipped models work without it"
    )
    detail = "writable" if ok else "not writable"
    return Finding("folder for new models", ok, detail, "" if ok else remedy)


def _device():
    if torch.cuda.is_available():
        name = torch.cuda.get_device_name()
        return Finding("device", True, f"GPU {name}; these notebooks do not need it")
    detail = f"CPU, {os.cpu_count()} cores; all of these notebooks are made for that"
    return Finding("device", True, detail)
