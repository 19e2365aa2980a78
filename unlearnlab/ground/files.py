"""Where do files go, how are they written so that each is whole or not there, and what does one
hold that lies beside a module?"""

import contextlib
import itertools
import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from . import checks


def beside(module: str, name: str):
    """What a JSON file holds that lies beside a module. module: its __file__."""
    return json.loads(Path(module).with_name(name).read_text(encoding="utf-8"))


def default_folder(*parts: str) -> Path:
    """$UNLEARNLAB_DATA, else the user's cache folder, and `parts` below it. `~` is the home folder.

    Data sets lie in it, trained models in "models", finished runs in "runs".
    Raises RuntimeError that names UNLEARNLAB_DATA when there is no home folder.
    """
    named = os.environ.get("UNLEARNLAB_DATA")
    try:
        if named:
            return Path(named).expanduser().joinpath(*parts)
        caches = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    except RuntimeError as error:
        raise RuntimeError(
            "this user has no home folder: name a folder in UNLEARNLAB_DATA"
        ) from error
    return caches.joinpath("unlearnlab", *parts)


def chosen_folder(given: Path | str | None, *parts: str, name: str = "folder") -> Path:
    """`given` with `~` expanded, or the default folder with these parts where it is None.

    name: of the argument. Raises TypeError that names it for what is no path.
    """
    return default_folder(*parts) if given is None else checks.path(name, given)


FOLDERS = "folder=, cache=, UNLEARNLAB_DATA"  # what names most of them


def check_writable(path: Path | str, argument: str = FOLDERS) -> None:
    """`check_folder` of the folder of `path`. Raises IsADirectoryError when `path` is a folder."""
    path = Path(path).expanduser()
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder, but a file is to be written there: remove it")
    check_folder(path.parent, argument)


def check_folder(folder: Path, argument: str = FOLDERS) -> None:
    """Makes the folder. argument: what names it, for the message.

    Raises PermissionError that names the folder when nothing can be written there.
    """
    remedy = f"Name another one ({argument})"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PermissionError(
            f"cannot make the folder {folder}: {error.strerror}. {remedy}"
        ) from error
    if not os.access(folder, os.W_OK):
        raise PermissionError(f"cannot write to the folder {folder}. {remedy}")


def write_bytes(path: Path | str, content: bytes) -> None:
    """Writes under a temporary name, one of its own for each process and thread, and renames.

    So a file at `path` is always a whole one. Its folder is made if it is not there.
    Raises OSError, such as for a full disk, and then leaves nothing.
    """
    path = Path(path).expanduser()
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.tmp")
    try:
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(
                file.fileno()
            )  # or a crash of the machine could leave the name without the bytes
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def set_aside(path: Path) -> Path:
    """Renames a file to the first of name.old, name.old2, ... that is free; its new path."""
    numbers = (i if i > 1 else "" for i in itertools.count(1))
    others = (path.with_name(f"{path.name}.old{i}") for i in numbers)
    other = next(other for other in others if not other.exists())
    with contextlib.suppress(FileNotFoundError):  # another process was faster
        path.rename(other)
    return other


def write_text(path: Path | str, text: str) -> None:
    """As `write_bytes`, in UTF-8."""
    write_bytes(path, text.encode())


# Names that `write_bytes` and `data.fetch` give: a folder may be a reader's own, with other files.
TEMPORARIES = ".*.[0-9]*.[0-9]*.tmp", ".incoming-*.tmp"


def remove_old_temporaries(folder: Path) -> None:
    """Removes our temporary files and folders over a day old, left by killed writers; others may be
    in use."""
    for names in TEMPORARIES:
        for path in Path(folder).glob(names):
            with contextlib.suppress(FileNotFoundError):  # another process may clean too
                if time.time() - path.stat().st_mtime > 86_400:
                    shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink()


def interruptible(make: Callable[[], None]) -> int:
    """Calls `make` and returns the exit status: 0, or 130 after Ctrl-C, without a traceback."""
    try:
        make()
    except KeyboardInterrupt:
        print(
            "Stopped; what is finished is kept. The same command goes on from there.",
            file=sys.stderr,
        )
        return 130
    return 0
