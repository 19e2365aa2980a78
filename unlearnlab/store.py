"""Where do finished runs live, so that nothing that was computed is lost or mistaken for something else?

A store is a folder with one small JSON file per run, named by what the run was. Each file is written whole or not at
all, carries its own SHA-256, and says which code and which data it came from. Any number of processes may share one.
"""
import ast
import contextlib
import hashlib
import inspect
import json
import os
import re
import threading
import time
import warnings
from functools import cache, partial
from pathlib import Path

import numpy
import torch

from .ground import files
from .training import checkpoint as checkpoints
from .task import Task

PACKAGE = Path(__file__).parent
# What cannot change the number of a run that has its task and its setting: pictures, lessons and labs, the theorems, which no
# run uses, and the lists of what is to be run.
SILENT = ("figures", "lessons", "widgets", "theory", "store.py", "sweep.py", "record.py", "selection.py", "pareto.py", "environment.py",
          "provenance.py", "checkpoints.py", "__init__.py", "experiments/replication.py")
_NAME = re.compile(r"[0-9a-f]{32}\.json")


class StoreMismatch(ValueError):
    """The store holds runs of other code or other data. The message names the store and what differs."""


def canonical(value) -> str:
    """JSON with sorted keys: equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def key(identity: dict) -> str:
    """The name of a run: 32 hexadecimal digits of the SHA-256 of what identifies it."""
    return hashlib.sha256(canonical(identity).encode()).hexdigest()[:32]


@cache
def code_fingerprint() -> str:
    """SHA-256 over the modules that runs depend on, without comments, docstrings and layout, and over the versions of
    torch and numpy."""
    sha = hashlib.sha256(f"torch {torch.__version__} numpy {numpy.__version__}".encode())
    for name, path in _counted():
        sha.update(f"{name}\n{_bare(path.read_text(encoding='utf-8'))}".encode())
    return sha.hexdigest()[:16]


def _counted():
    """(name, path) of the modules that runs depend on."""
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE)
        if not {name.parts[0], name.as_posix()} & {*SILENT}:
            yield name.as_posix(), path


def _bare(source):
    """The syntax tree of `source` as text, without docstrings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    return ast.dump(tree)


def _source(function):
    """The source of the reader's own function, and what a partial binds; the package's source is in code_fingerprint already."""
    if isinstance(function, partial):
        bound = {**dict(enumerate(function.args)), **function.keywords}
        return repr((_source(function.func), sorted((str(name), _value(value)) for name, value in bound.items())))
    if getattr(function, "__module__", "").startswith(f"{__package__}."):
        return function.__qualname__
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):  # typed into a plain interpreter, or an object that can be called
        return getattr(function, "__qualname__", type(function).__qualname__)


def _value(bound):
    """Text that is equal for equal values, in any process."""
    tensors = (bound,) if isinstance(bound, torch.Tensor) else getattr(bound, "tensors", None)
    if tensors is not None:
        return checkpoints.digest({str(i): t for i, t in enumerate(tensors)})
    return _source(bound) if callable(bound) else repr(bound) if isinstance(bound, (str, int, float, tuple, type(None))) else type(bound).__qualname__


def task_fingerprint(task: Task) -> str:
    """SHA-256 over a task's models, data, settings and the source of its functions: what has the same one gives the same runs."""
    tensors = {f"{name}.{i}": t for name in ("retain", "forget") for i, t in enumerate(getattr(task, name).tensors)}
    for name in ("original", "ground_truth"):
        model = getattr(task, name)
        tensors |= {f"{name}.{key}": t for key, t in model.state_dict().items()} if model is not None else {}
    facts = {"name": task.name, "kind": task.kind, "seed": str(task.seed), "batch_size": str(task.batch_size),
             "build": _source(task.build), "evaluate": _source(task.evaluate)}
    return checkpoints.digest(tensors, facts)[:16]


class Store:
    """The records in `folder`. path: made if it is not there.

    Raises PermissionError when nothing can be written there, NotADirectoryError when it is a file.
    """

    def __init__(self, folder: Path | str):
        self.folder = Path(folder)
        if self.folder.exists() and not self.folder.is_dir():
            raise NotADirectoryError(f"store must be a folder, {self.folder} is a file")
        files.check_writable(self.folder / "record", "store")

    def _path(self, name):
        return self.folder / f"{name}.json"

    def __contains__(self, name: str) -> bool:
        return self._path(name).exists()

    def write(self, name: str, record: dict) -> None:
        """Writes one record under a temporary name and renames it. Raises OSError, such as for a full disk, and leaves nothing."""
        text = canonical({**record, "sha256": _digest(record)}) + "\n"
        temporary = self.folder / f".{name}.{os.getpid()}.{threading.get_ident()}.tmp"
        try:
            with open(temporary, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self._path(name))
        finally:
            temporary.unlink(missing_ok=True)

    def read(self, name: str) -> dict | None:
        """The record, or None when there is none or it is damaged, which is said in a warning."""
        try:
            text = self._path(name).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            return self._damaged(name, error)
        try:
            record = json.loads(text)
            stored = record.pop("sha256")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return self._damaged(name, error)
        return record if stored == _digest(record) else self._damaged(name, "its contents do not match their SHA-256")

    def _damaged(self, name, why):
        warnings.warn(f"{name}.json in the store {self.folder.name} is damaged ({why}); that run is done again", stacklevel=4)
        return None

    def names(self) -> list[str]:
        """The names of all records, damaged ones too."""
        return sorted(path.stem for path in self.folder.iterdir() if _NAME.fullmatch(path.name))

    def read_all(self) -> dict[str, dict]:
        """Every whole record by name."""
        return {name: record for name in self.names() if (record := self.read(name)) is not None}

    def clean(self) -> None:
        """Removes temporary files over an hour old: what a killed writer left behind. A younger one may be in use."""
        for path in self.folder.glob(".*.tmp"):
            with contextlib.suppress(FileNotFoundError):  # another process may clean too
                if time.time() - path.stat().st_mtime > 3600:
                    path.unlink()


def _digest(record):
    return hashlib.sha256(canonical(record).encode()).hexdigest()
