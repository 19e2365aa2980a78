"""Makes any recorded result again, and goes on where it was interrupted.

    python -m unlearnlab.study table1              # 5,940 runs, half an hour on two cores
    python -m unlearnlab.study erasure             # 2,060 runs on digits, 25 minutes
    python -m unlearnlab.study collapse            # 565 runs on digits, 15 minutes
    python -m unlearnlab.study replication         # 5,350 runs in 14 files, hours
    python -m unlearnlab.study replication-digits  # one of them: a name is that of a file
    python -m unlearnlab.study width               # an hour; then width-planes and width-cifar10
    python -m unlearnlab.study evidence            # a few minutes, reads erasure.json
    python -m unlearnlab.study interpolation       # a quarter of an hour
    python -m unlearnlab.study all                 # every file in notebooks/results but a GPU's

    python -m unlearnlab.study erasure --dataset cifar10 --width .25
    python -m unlearnlab.study erasure --dataset cifar10 --preset paper --device cuda \\
        --precision bfloat16 --minutes 30
    python -m unlearnlab.study fullsize --device cuda --precision bfloat16 --originals FOLDER \\
        --minutes 8 --partial      # label erasure at the paper's size, rates between the paper's
    python -m unlearnlab.study fullsize --test-images 2000 --originals FOLDER --seeds 1 \\
        --minutes 600 --partial    # the same on a CPU, four to six minutes a run

Seed by seed: what ends it early, such as --minutes, leaves the seeds that are whole in the file,
which says how many of how many. Finished runs are kept, and the same command goes on from them.
"""

import argparse
import contextlib
import dataclasses
import importlib
import os
import re
import sys
import threading
from pathlib import Path

from ..ground import files
from ..training.recipe import PRECISIONS
from .images import OPTIONS
from .studies import RESULTS, USUAL, Place, Shape, check, file_name, record

# first word of a name -> the module whose STUDIES hold it. Looked up when it is asked for: the
# library imports no chapter.
MODULES = {
    "table1": "unlearnlab.chapters.ch04_sine.study",
    "erasure": "unlearnlab.chapters.ch09_erasure.study",
    "collapse": "unlearnlab.chapters.ch10_collapse.study",
    "replication": "unlearnlab.chapters.ch11_replication.study",
    "fullsize": "unlearnlab.chapters.ch11_replication.fullsize",
    "others": "unlearnlab.chapters.ch11_replication.others",
    "width": "unlearnlab.chapters.ch12_width.study",
    "evidence": "unlearnlab.chapters.ch13_evidence.study",
    "interpolation": "unlearnlab.chapters.ch14_interpolation.study",
}


def studies(name: str, options: dict | None = None) -> list[Shape]:
    """The studies of a name: "all", that of a file, or of several that begin with it.

    options: some of USUAL, for a study that is not in the list. Raises ValueError for a name or
    options that there is no study of.
    """
    if name == "all" and not options:
        return [
            study for word in MODULES for study in importlib.import_module(MODULES[word]).STUDIES
        ]
    word = name.partition("-")[0]
    if word not in MODULES:
        raise ValueError(f"there is no study {name!r}; there are {', '.join(MODULES)} and all")
    module = importlib.import_module(MODULES[word])
    if options:
        taken = getattr(module, "OPTIONS", OPTIONS) if hasattr(module, "study") else ()
        wrong = options if name != word else options.keys() - {*taken}
        if wrong:
            raise ValueError(f"{name} takes none of --{', --'.join(wrong).replace('_', '-')}")
        return [module.study(**options)]
    large = getattr(module, "LARGE", ())  # not for "all": these want a GPU, or days
    known = {file_name(study): study for study in (*module.STUDIES, *large)}
    if name in known:
        return [known[name]]
    several = [study for own, study in known.items() if own.startswith(f"{name}-")]
    if not several:
        raise ValueError(f"there is no study {name!r}; there are {', '.join(known)}")
    return several


def main(arguments: list[str] | None = None) -> int:
    """The command line. Returns 0, or 130 after Ctrl-C."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    options = {name: value for name in USUAL if (value := getattr(chosen, name)) is not None}
    try:
        found = studies(chosen.name, options)
        if chosen.seeds:
            found = [dataclasses.replace(study, seeds=chosen.seeds) for study in found]
        places = _places(found, chosen)
        for study, place in zip(found, places):
            check(study, place)
    except (ValueError, OSError) as error:
        parser.error(str(error))
    return files.interruptible(lambda: _record(found, places, chosen.minutes))


def _record(found, places, minutes):
    with _limit(minutes, places[0].stop) as stop:
        for study, place in zip(found, places):
            record(study, place)
        if stop.is_set():
            print("Time is up; finished runs are kept. The same command goes on from there.")


def _places(found, chosen):
    """For each study a place of its own, all with one event that stops them."""
    stop, out = threading.Event(), chosen.out.expanduser()
    if out.suffix == ".json" and len(found) > 1:
        raise ValueError(
            f"{chosen.name} makes {len(found)} files: --out must be a folder, got {out}"
        )
    places = []
    for study in found:
        name = file_name(study)
        path = out if out.suffix == ".json" else out / f"{name}.json"
        store = files.chosen_folder(chosen.store, *([] if chosen.store else ["runs"])) / name
        places.append(Place(store, path, chosen.workers, stop, partial=chosen.partial))
    return places


@contextlib.contextmanager
def _limit(minutes, stop):
    """Sets the event after so many minutes; None: never."""
    timer = threading.Timer(60 * minutes, stop.set) if minutes else None
    try:
        if timer:
            timer.daemon = True
            timer.start()
        yield stop
    finally:
        if timer:
            timer.cancel()


def _parser():
    about = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        "python -m unlearnlab.study", None, __doc__, formatter_class=about
    )
    add = parser.add_argument
    add("name", help=f"{', '.join(MODULES)}, all, or the name of a file without .json")
    add("--seeds", type=_seeds, help="such as 1-5 or 3,7 (default: the study's)")
    add("--minutes", type=_minutes, help="end after so long; the same command goes on")
    add("--partial", action="store_true", help="the file has the runs of an unfinished seed, too")
    add("--out", type=Path, default=RESULTS, help="folder, or a .json file (default: %(default)s)")
    add("--store", type=Path, help="folder of finished runs (default: in the user's cache)")
    add("--workers", type=_count, default=os.cpu_count(), help="processes (default: the cores)")
    _image_options(
        parser.add_argument_group("of erasure, collapse, fullsize and others").add_argument
    )
    return parser


def _image_options(add):
    add("--dataset", help="digits, mnist, cifar10 or tiny-imagenet")
    add("--preset", choices=["quick", "paper"])
    add("--device", help="cpu or cuda, where runs follow each other")
    add("--p-retain", type=float, help="the accessible share (default: the preset's)")
    add("--width", type=float, help="of the network: 1 is full size (default: the preset's)")
    add("--precision", choices=PRECISIONS, help="of the trainings, on a GPU")
    add("--test-images", type=_count, help="fullsize, others: how many judge a run (default: all)")
    add("--originals", type=_folder, help="fullsize, others: folder of trained originals")


def _seeds(text):
    """(1, 2, 3) for "1-3", (3, 7) for "3,7"."""
    if not re.fullmatch(r"\d+(-\d+)?(,\d+(-\d+)?)*", text):
        raise argparse.ArgumentTypeError(f"must look like 1-5 or 3,7, got {text!r}")
    found = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    if not found:
        raise argparse.ArgumentTypeError(f"holds an empty range: {text}")
    return tuple(dict.fromkeys(found))


def _minutes(text):
    value = float(text)
    if not value > 0:
        raise argparse.ArgumentTypeError(f"must be greater than 0, got {value:g}")
    return value


def _folder(text):
    return Path(text).expanduser()


def _count(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {value}")
    return value


if __name__ == "__main__":
    sys.exit(main())
