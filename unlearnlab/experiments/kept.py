"""How does a recording that was stopped go on? Finished parts are in files, each of which is whole or not there."""
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path


def kept(path: Path, make: Callable[[], list]) -> list:
    """What `make` returned the first time, from then on as `path` holds it."""
    if not path.exists():
        replace_text(path, json.dumps(make()))
    return json.loads(path.read_text(encoding="utf-8"))


def replace_text(path: Path, text: str) -> None:
    """Writes `path` under a temporary name and renames it. Its folder is made if it is not there."""
    temporary = path.with_suffix(".partial")
    temporary.parent.mkdir(parents=True, exist_ok=True)
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)


def interruptible(make: Callable[[], None]) -> int:
    """Calls `make` and returns the exit status: 0, or 130 after Ctrl-C, which is said without a traceback."""
    try:
        make()
    except KeyboardInterrupt:
        print("Stopped; what is finished is kept. The same command goes on from there.", file=sys.stderr)
        return 130
    return 0
