"""Makes any recorded result again, and goes on where it was interrupted.

    python -m unlearnlab.study table1              # 5,940 runs, half an hour on two cores
    python -m unlearnlab.study directions          # 2,340 runs on the sine, twenty minutes
    python -m unlearnlab.study erasure             # 2,060 runs on digits, 25 minutes
    python -m unlearnlab.study collapse            # 565 runs on digits, 15 minutes
    python -m unlearnlab.study replication         # all of notebook 11, a file a case: hours
    python -m unlearnlab.study replication-digits  # one of them: a name is that of a file
    python -m unlearnlab.study width               # an hour; then width-planes and width-cifar10
    python -m unlearnlab.study evidence            # ten minutes; then evidence-erasure, -sine
    python -m unlearnlab.study interpolation       # a quarter of an hour
    python -m unlearnlab.study passage             # 900 runs of a language model, half an hour
    python -m unlearnlab.study all                 # all but those at the paper's size

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
import os
import threading
from functools import partial
from pathlib import Path

from ..course import image_study
from ..course.studies import RESULTS, USUAL, Place, Shape, check, file_name, record
from ..ground import checks, files, seeds
from . import (
    ch03_minnorm,
    ch04_sine,
    ch09_erasure,
    ch10_collapse,
    ch12_width,
    ch13_evidence,
    ch14_to_forget,
    ch15_interpolation,
    ch18_passage,
)
from .ch11_replication import fullsize
from .ch11_replication import study as replication

MODULES = (
    ch03_minnorm.study,
    ch04_sine.study,
    ch09_erasure.study,
    ch10_collapse.study,
    replication,
    fullsize,
    ch12_width.study,
    ch13_evidence.privacy,
    ch14_to_forget.study,
    ch15_interpolation.study,
    ch18_passage.study,
)
STUDIES = {file_name(study): study for module in MODULES for study in module.STUDIES}
WORDS = tuple(dict.fromkeys(name.partition("-")[0] for name in STUDIES))
# what makes a study that is not in the list, and of which options
MAKERS = {
    "erasure": (ch09_erasure.study.study, image_study.OPTIONS),
    "collapse": (ch10_collapse.study.study, image_study.OPTIONS),
    "width": (ch12_width.study.study, ch12_width.study.OPTIONS),
    "evidence-erasure": (ch14_to_forget.study.study, ("dataset",)),
    "fullsize": (fullsize.study, fullsize.OPTIONS),
    "others": (partial(fullsize.study, "others"), fullsize.OPTIONS),
}


def studies(name: str, options: dict | None = None) -> list[Shape]:
    """The studies of a name: "all", that of a file, or of several that begin with it.

    options: some of USUAL, for a study that is not in the list. Raises ValueError for a name or
    options that there is no study of.
    """
    if name == "all":
        if options:
            raise ValueError(f"all takes none of --{', --'.join(options).replace('_', '-')}")
        return [study for study in STUDIES.values() if not study.large]
    alike = [known for known in STUDIES if known.split("-")[0] == name.split("-")[0]]
    if options and alike:
        maker, taken = MAKERS.get(name, (None, ()))
        if wrong := options.keys() - {*taken}:
            raise ValueError(f"{name} takes none of --{', --'.join(wrong).replace('_', '-')}")
        return [maker(**options)]
    several = [name] if name in STUDIES else [own for own in alike if own.startswith(f"{name}-")]
    if not several:
        there = ", ".join(alike) or f"{', '.join(WORDS)} and all"
        raise ValueError(f"there is no study {name!r}; there are {there}")
    return [STUDIES[own] for own in several]


def main(arguments: list[str] | None = None) -> int:
    """The command line. Returns 0, or 130 after Ctrl-C."""
    parser, stop = _parser(), threading.Event()
    given = parser.parse_args(arguments)
    options = {name: value for name in USUAL if (value := getattr(given, name)) is not None}
    try:
        checks.integer("--workers", given.workers, low=1)
        checks.number("--minutes", given.minutes, above=0)
        _check(**options)
        several = studies(given.name, options)
        if given.seeds:
            several = [dataclasses.replace(study, seeds=given.seeds) for study in several]
        out = given.out.expanduser()
        if out.suffix == ".json" and len(several) > 1:
            raise ValueError(
                f"{given.name} makes {len(several)} files: --out must be a folder, got {out}"
            )
        made = []
        for study in several:
            name = file_name(study)
            path = out if out.suffix == ".json" else out / f"{name}.json"
            store = files.chosen_folder(given.store, "runs") / name
            place = Place(store, path, given.workers, stop, partial=given.partial)
            check(study, place)
            made.append((study, place))
    except (ValueError, OSError) as error:
        parser.error(str(error))
    # after so many minutes the event that all places share is set
    timer = threading.Timer(60 * given.minutes, stop.set)
    timer.daemon = True

    def make():
        timer.start()
        for study, place in made:
            record(study, place)
        timer.cancel()
        if stop.is_set():
            print("Time is up; finished runs are kept. The same command goes on from there.")

    return files.interruptible(make)


def _check(device="cpu", width=1, p_retain=1, test_images=1, **others):
    checks.device(device)
    checks.number("--width", width, above=0)
    checks.number("--p-retain", p_retain, above=0, high=1)
    checks.integer("--test-images", test_images, low=1)


def _parser():
    about = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        "python -m unlearnlab.study", None, __doc__, formatter_class=about
    )
    add = parser.add_argument
    add("name", help=f"{', '.join(WORDS)}, all, or the name of a file without .json")
    add("--seeds", type=seeds.named, help="such as 1-5 or 3,7 (default: the study's)")
    year = 525_600
    add("--minutes", type=float, default=year, help="end after so long; the same command goes on")
    add("--partial", action="store_true", help="the file has the runs of an unfinished seed, too")
    add("--out", type=Path, default=RESULTS, help="folder, or a .json file (default: %(default)s)")
    add("--store", type=Path, help="folder of finished runs (default: in the user's cache)")
    add("--workers", type=int, default=os.cpu_count(), help="processes (default: the cores)")
    add = parser.add_argument_group("of erasure, collapse, width, fullsize and others").add_argument
    add("--dataset", help="digits, mnist, cifar10 or tiny-imagenet")
    add("--preset", help="quick or paper")
    add("--device", help="cpu or cuda, where runs follow each other")
    add("--p-retain", type=float, help="the accessible share (default: the preset's)")
    add("--width", type=float, help="of the network: 1 is full size (default: the preset's)")
    add("--precision", help="of the trainings: float32, or bfloat16 on a GPU")
    add("--test-images", type=int, help="of images: how many judge a run (default: all)")
    add("--originals", type=Path, help="fullsize, others: folder of trained originals")
    return parser
