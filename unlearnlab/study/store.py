"""Where do finished runs live, so that nothing that was computed is lost or mistaken for something
else?

A store is a folder with one small JSON file per run, named by what the run was. Each file is
written whole or not at all, knows its own name and SHA-256, and says which code it came from. Any
number of processes may share one.
"""

import json
import re
import sys
import warnings
from functools import cache
from importlib import metadata
from pathlib import Path

import numpy
import torch

from ..ground import checks, files
from ..ground.identity import fingerprint
from ..ground.source import edited, package_digest
from ..loop import COLUMNS
from ..task import Task
from .table import canonical, sha256

FIELDS = {"run", "code", "metrics", "seconds", "error", "provenance"}
_NAME = re.compile(r"[0-9a-f]{32}")


class StoreMismatch(ValueError):
    """The store holds runs of other code, or a worker has other code or made another task or
    method. The message says which."""


def key(identity: dict) -> str:
    """The name of a run: 32 hexadecimal digits of the SHA-256 of what identifies it."""
    return sha256(identity)[:32]


def code_fingerprint() -> str:
    """Of the modules that runs depend on, and of the versions of the libraries they use.

    Raises StoreMismatch when one of the modules was edited since this process imported it: nobody
    could say afterwards which of the two ran.
    """
    if changed := edited():
        raise StoreMismatch(
            f"{', '.join(changed[:3])} of unlearnlab changed after it was imported: restart Python "
            "(in a notebook, the kernel), so that what runs is what is written"
        )
    return _fingerprint()


@cache
def _fingerprint():
    return sha256([package_digest(), *versions()])[:16]


def versions() -> list[str]:
    """Of the libraries that numbers follow from: as loaded, or as they would be."""
    others = {"scipy": "scipy", "sklearn": "scikit-learn"}
    loaded = {name: sys.modules[name].__version__ for name in others if name in sys.modules}
    found = [loaded.get(name) or metadata.version(package) for name, package in others.items()]
    return [torch.__version__, numpy.__version__, *found]


def task_parts(task: Task) -> dict[str, str]:
    """A fingerprint of every part of a task. Raises CannotIdentify that names what has none."""
    return {name: fingerprint(part) for name, part in task.__identity__().items()}


class Store:
    """The records in a folder, which is made if it is not there.

    Raises PermissionError when nothing can be written there, NotADirectoryError when it is a file.
    """

    def __init__(self, folder: Path | str):
        self.folder = checks.path("store", folder)
        if self.folder.exists() and not self.folder.is_dir():
            raise NotADirectoryError(f"store must be a folder, {self.folder} is a file")
        files.check_folder(self.folder, "store")

    def _path(self, name):
        return self.folder / f"{name}.json"

    def write(self, name: str, record: dict) -> None:
        """Writes one record, whole or not at all. Raises OSError, such as for a full disk."""
        text = canonical({**record, "sha256": sha256(record)}) + "\n"
        try:
            files.write_text(self._path(name), text)
        except OSError as error:
            raise OSError(
                error.errno,
                f"cannot write to the store {self.folder} ({error.strerror}). The "
                f"{len(self.names())} runs in it are whole; the same call goes on from there",
            ) from error

    def read(self, name: str) -> dict | None:
        """The record, or None when there is none or it is damaged, which is said in a warning."""
        try:
            record = json.loads(self._path(name).read_text(encoding="utf-8"))
            if record.pop("sha256") != sha256(record):
                raise ValueError("its contents do not match their SHA-256")
            whole = record.keys() == FIELDS and record["provenance"].keys() >= {*COLUMNS[5:]}
            if not whole or key(record["run"]) != name:
                raise ValueError("it is not the record of this run, or not all of it")
            return record
        except FileNotFoundError:
            return None
        except Exception as error:  # whatever else it holds, it is no record
            where = f"{name}.json in the store {self.folder.name}"
            warnings.warn(f"{where} is damaged ({error}); that run is done again", stacklevel=3)

    def names(self) -> list[str]:
        """The names of all records, damaged ones too."""
        return sorted(
            path.stem for path in self.folder.glob("*.json") if _NAME.fullmatch(path.stem)
        )

    def read_all(self) -> dict[str, dict]:
        """Every whole record by name."""
        return {name: record for name in self.names() if (record := self.read(name)) is not None}
