"""Makes the trained models that ship with the package; skips what is there and whole.

    python -m unlearnlab.tasks sine --seeds 1-10    # minutes a seed; two side by side use two cores
    python -m unlearnlab.tasks erasure --seeds 1-5

Ctrl-C ends it, and the same command goes on from there.
"""

import argparse
import re
import sys
from pathlib import Path

from ..ground.files import interruptible
from ..ground.provenance import provenance
from ..training import zoo
from ..training.checkpoint import BadCheckpoint
from . import collapse, erasure, sine, width

TASKS = {
    "sine": (sine, "1-10"),
    "erasure": (erasure, "1-5"),
    "collapse": (collapse, "1-5"),
    "width": (width, "1"),
}


def main(arguments: list[str] | None = None) -> int:
    """arguments: default those of the command line. Returns the exit status: 0, or 130 after
    Ctrl-C."""
    parser = argparse.ArgumentParser(
        prog=f"python -m {__package__}", description=__doc__.splitlines()[0]
    )
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("--seeds", help="such as 1-5 or 3,7 (default: those that ship)")
    parser.add_argument(
        "--out",
        type=Path,
        default=zoo.SHIPPED,
        help="folder to write to (default: the shipped models')",
    )
    chosen = parser.parse_args(arguments)
    task, seeds = TASKS[chosen.task]
    seeds = chosen.seeds or seeds
    made = provenance(
        f"python -m {__package__} {chosen.task} --seeds {seeds}"
    )  # now: a checkout may change meanwhile
    jobs = [job for seed in _seeds(parser, seeds) for job in task.shipped(seed)]
    return interruptible(lambda: _make(jobs, chosen.out.expanduser(), made))


def _make(jobs, folder, made):
    for training, measure in jobs:
        path = folder / training.file()
        try:
            training.load(path)
            print(f"{path.name} is there and whole")
        except (FileNotFoundError, BadCheckpoint) as error:
            print(f"to make: {error}")
            with zoo.Bar(training) as bar:
                training.make(path, measure, made, bar)


def _seeds(parser, text):
    if not re.fullmatch(r"\d+(-\d+)?(,\d+(-\d+)?)*", text):
        parser.error(f"--seeds must look like 1-5 or 3,7, got {text!r}")
    ranges = [[int(end) for end in part.split("-")] for part in text.split(",")]
    for ends in ranges:
        if ends[-1] < ends[0]:
            parser.error(f"--seeds holds an empty range: {ends[0]}-{ends[-1]}")
    return sorted({seed for ends in ranges for seed in range(ends[0], ends[-1] + 1)})


if __name__ == "__main__":
    sys.exit(main())
