"""Makes the trained models that ship with the package; skips what is there and whole.

    python -m unlearnlab.tasks sine --seeds 1-10    # minutes a seed; two side by side use two cores
    python -m unlearnlab.tasks erasure --seeds 1-5

Ctrl-C ends it, and the same command goes on from there.
"""

import argparse
import sys
from pathlib import Path

from ..ground import seeds
from ..ground.files import interruptible
from ..training import zoo
from ..training.checkpoint import BadCheckpoint
from . import collapse, erasure, passage, sine, width

TASKS = {"sine": sine, "erasure": erasure, "collapse": collapse, "width": width, "passage": passage}


def main(arguments: list[str] | None = None) -> int:
    """arguments: default those of the command line. Returns the exit status: 0, or 130 after
    Ctrl-C."""
    parser = argparse.ArgumentParser(
        prog=f"python -m {__package__}", description=__doc__.splitlines()[0]
    )
    add = parser.add_argument
    add("task", choices=TASKS)
    add("--seeds", type=seeds.named, help="such as 1-5 or 3,7 (default: those that ship)")
    add("--out", type=Path, default=zoo.SHIPPED, help="folder (default: the shipped models')")
    given = parser.parse_args(arguments)
    task = TASKS[given.task]
    numbers = sorted(given.seeds or getattr(task, "SHIPPED_SEEDS", zoo.SHIPPED_SEEDS))
    trainings = [training for seed in numbers for training in task.shipped(seed)]
    return interruptible(lambda: _make(trainings, given.out.expanduser()))


def _make(trainings, folder):
    for training in trainings:
        path = folder / training.file()
        try:
            training.load(path)
            print(f"{path.name} is there and whole")
        except (FileNotFoundError, BadCheckpoint) as error:
            print(f"to make: {error}")
            training.make(path)


if __name__ == "__main__":
    sys.exit(main())
