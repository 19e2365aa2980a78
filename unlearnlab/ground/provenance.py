"""How a recorded number or a shipped model came about: command, commit, device, versions."""

import platform
import subprocess
from pathlib import Path

import numpy
import torch


def provenance(command: str, device: str = "cpu") -> dict[str, str]:
    """What a reader needs to make the record again. All values are strings, as safetensors metadata
    asks.

    command: the line that made it, relative to the repository root. commit: of the checkout, with
    "+changes" when files git knows had uncommitted edits, or "unknown" outside a checkout. device:
    of a CPU its instructions too, such as AVX2: with others sums round in another way, and the same
    seed trains another network.
    """
    cuda = device.startswith("cuda")
    here = f"cpu ({platform.machine()}, {torch.backends.cpu.get_cpu_capability()})"
    name = torch.cuda.get_device_name() if cuda else here
    return {
        "command": command,
        "commit": _commit(),
        "device": name,
        "threads": str(torch.get_num_threads()),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": numpy.__version__,
    }


def _commit():
    words = "describe --always --exclude=* --abbrev=40 --dirty=+changes".split()
    git = ["git", "-C", str(Path(__file__).parents[1]), *words]
    try:
        return subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
