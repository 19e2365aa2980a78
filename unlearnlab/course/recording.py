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
import dataclasses
import importlib
import os
import threading
from pathlib import Path

from ..ground import checks, files, seeds
from ..training.recipe import WORDS
from .studies import IMAGE_OPTIONS, RESULTS, USUAL, Place, Shape, check, file_name, record

# first word of a name -> the module whose STUDIES hold it. Looked up when it is asked for: what
# chapters share imports no chapter.
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
    everything, word = name == "all" and not options, name.partition("-")[0]
    if word not in MODULES and not everything:
        raise ValueError(f"there is no study {name!r}; there are {', '.join(MODULES)} and all")
    modules = [importlib.import_module(MODULES[w]) for w in (MODULES if everything else [word])]
    if options:
        taken = getattr(modules[0], "OPTIONS", IMAGE_OPTIONS)
        own = name == word and hasattr(modules[0], "study")
        wrong = options.keys() - {*taken} if own else options
        if wrong:
            raise ValueError(f"{name} takes none of --{', --'.join(wrong).replace('_', '-')}")
        return [modules[0].study(**options)]
    known = {file_name(study): study for module in modules for study in module.STUDIES}
    if not everything:  # which makes none of those that want a GPU, or days
        known |= {file_name(study): study for study in getattr(modules[0], "LARGE", ())}
    if name in known:
        return [known[name]]
    several = [own for own in known if everything or own.startswith(f"{name}-")]
    if not several:
        raise ValueError(f"there is no study {name!r}; there are {', '.join(known)}")
    return [known[own] for own in several]


def main(arguments: list[str] | None = None) -> int:
    """The command line. Returns 0, or 130 after Ctrl-C."""
    parser = _parser()
    given = parser.parse_args(arguments)
    options = {name: value for name in USUAL if (value := getattr(given, name)) is not None}
    try:
        checks.integer("--workers", given.workers, low=1)
        if given.minutes is not None:
            checks.number("--minutes", given.minutes, above=0)
        if given.test_images is not None:
            checks.integer("--test-images", given.test_images, low=1)
        several = studies(given.name, options)
        if given.seeds:
            several = [dataclasses.replace(study, seeds=given.seeds) for study in several]
        places = _places(several, given)
        for study, place in zip(several, places):
            check(study, place)
    except (ValueError, OSError) as error:
        parser.error(str(error))
    return files.interruptible(lambda: _record(several, places, given.minutes))


def _record(several, places, minutes):
    """Makes the studies; after so many minutes their common event is set, with None never."""
    stop = places[0].stop
    timer = threading.Timer(60 * (minutes or 0), stop.set)
    timer.daemon = True
    if minutes:
        timer.start()
    try:
        for study, place in zip(several, places):
            record(study, place)
    finally:
        timer.cancel()
    if stop.is_set():
        print("Time is up; finished runs are kept. The same command goes on from there.")


def _places(several, given):
    """For each study a place of its own, all with one event that stops them."""
    stop, out = threading.Event(), given.out.expanduser()
    if out.suffix == ".json" and len(several) > 1:
        raise ValueError(
            f"{given.name} makes {len(several)} files: --out must be a folder, got {out}"
        )
    places = []
    for name in map(file_name, several):
        path = out if out.suffix == ".json" else out / f"{name}.json"
        store = files.chosen_folder(given.store, "runs") / name
        places.append(Place(store, path, given.workers, stop, partial=given.partial))
    return places


def _parser():
    about = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        "python -m unlearnlab.study", None, __doc__, formatter_class=about
    )
    add = parser.add_argument
    add("name", help=f"{', '.join(MODULES)}, all, or the name of a file without .json")
    add("--seeds", type=seeds.named, help="such as 1-5 or 3,7 (default: the study's)")
    add("--minutes", type=float, help="end after so long; the same command goes on")
    add("--partial", action="store_true", help="the file has the runs of an unfinished seed, too")
    add("--out", type=Path, default=RESULTS, help="folder, or a .json file (default: %(default)s)")
    add("--store", type=Path, help="folder of finished runs (default: in the user's cache)")
    add("--workers", type=int, default=os.cpu_count(), help="processes (default: the cores)")
    add = parser.add_argument_group("of erasure, collapse, fullsize and others").add_argument
    add("--dataset", help="digits, mnist, cifar10 or tiny-imagenet")
    add("--preset", choices=["quick", "paper"])
    add("--device", help="cpu or cuda, where runs follow each other")
    add("--p-retain", type=float, help="the accessible share (default: the preset's)")
    add("--width", type=float, help="of the network: 1 is full size (default: the preset's)")
    add("--precision", choices=WORDS["precision"], help="of the trainings, on a GPU")
    add("--test-images", type=int, help="fullsize, others: how many judge a run (default: all)")
    add("--originals", type=Path, help="fullsize, others: folder of trained originals")
    return parser
