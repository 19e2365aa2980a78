"""Is this machine ready for the workbook? One line per thing it needs, and what to do where something is missing."""
import importlib.metadata
import os
import sys
from dataclasses import dataclass

import torch

from .training import checkpoint as checkpoints
from .experiments import sine
from .ground.files import default_folder
from .training import zoo


@dataclass(frozen=True)
class Finding:
    """One thing checked. `remedy` says what to do when `ok` is false, and is empty otherwise."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""

    def __str__(self):
        return f"{'✓' if self.ok else '✗'} {self.name}: {self.detail}" + (f"\n    → {self.remedy}" if self.remedy else "")


class Report(list):
    """Findings that print themselves, and a sum of them in the last line."""

    @property
    def ready(self) -> bool:
        """Whether everything checked is as it should be."""
        return all(finding.ok for finding in self)

    def __repr__(self):
        bad = sum(not finding.ok for finding in self)
        last = "Ready." if self.ready else f"{bad} of {len(self)} things need attention; the arrows say what to do."
        return "\n".join([*map(str, self), "", last])


def check() -> Report:
    """Python, the pinned PyTorch, the widgets, the shipped models, memory, and the device. Takes about a second."""
    return Report([_python(), _torch(), _package("ipywidgets", "8.1"), _package("matplotlib", "3.10"),
                   _package("safetensors", "0.5"), _models(), _image_models(), _cache(), _device()])


def _python():
    ok = sys.version_info >= (3, 11)
    remedy = "" if ok else "Install Python 3.11 or newer, delete .venv, and start by: make lab PYTHON=python3.11"
    return Finding("Python", ok, ".".join(map(str, sys.version_info[:3])), remedy)


def _torch():
    wanted = next(r for r in importlib.metadata.requires("unlearnlab") if r.startswith("torch=="))[7:]
    found = torch.__version__.split("+")[0]
    remedy = "" if found == wanted else f"This is not the workbook's environment. Run: pip install -r requirements.txt (torch {wanted})"
    return Finding("PyTorch", found == wanted, torch.__version__, remedy)


def _package(name, least):
    try:
        found = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        found = "missing"
    number = lambda text: [int(part) for part in text.split(".")[:2] if part.isdigit()]
    ok = found != "missing" and number(found) >= number(least)
    return Finding(name, ok, found, "" if ok else f"Needs {least} or newer. Run: pip install -r requirements.txt, then restart the kernel")


def _models():
    whole, errors = 0, []
    for seed in sine.SHIPPED_SEEDS:
        try:
            sine.task(seed)
            whole += 1
        except (ValueError, FileNotFoundError) as error:
            errors.append(str(error))
    return Finding("shipped models", not errors, f"{whole} of {len(sine.SHIPPED_SEEDS)} seeds are there and whole", " | ".join(errors))


def _image_models():
    whole, errors = 0, []
    for name in (f"{task}-digits-{seed}-{role}" for task in ("erasure", "collapse") for seed in zoo.SHIPPED_SEEDS for role in ("original", "ground-truth")):
        found = list(zoo.SHIPPED.glob(f"{name}-*.safetensors"))
        try:
            checkpoints.read(found[0] if found else zoo.SHIPPED / f"{name}.safetensors")
            whole += 1
        except (ValueError, FileNotFoundError) as error:
            errors.append(f"{error}. It ships with unlearnlab: install it again, or run python -m unlearnlab.experiments {name.split('-')[0]}")
    return Finding("shipped image models", not errors, f"{whole} of {whole + len(errors)} are there and whole", " | ".join(errors))


def _cache():
    folder = default_folder("models")
    nearest = next(path for path in [folder, *folder.parents] if path.exists())
    ok = os.access(nearest, os.W_OK)
    remedy = "" if ok else "Name a folder you may write to in the environment variable UNLEARNLAB_DATA. Shipped models work without it"
    return Finding("folder for new models", ok, "writable" if ok else "not writable", remedy)


def _device():
    if torch.cuda.is_available():
        return Finding("device", True, f"GPU {torch.cuda.get_device_name()}; these notebooks do not need it")
    return Finding("device", True, f"CPU, {os.cpu_count()} cores; all of these notebooks are made for that")
