"""How was every recorded figure made, and how is it made again? One command each:

    python -m unlearnlab.record table1                  # 5,940 runs, about half an hour on two cores
    python -m unlearnlab.record erasure                 # 2,060 runs on digits, 25 minutes on two busy cores
    python -m unlearnlab.record collapse                # 565 runs on digits, about 15 minutes on one busy core
    python -m unlearnlab.record replication             # 5,350 runs on digits, MNIST and CIFAR-10, hours on a busy core

    python -m unlearnlab.record width                   # an hour of one core; likewise evidence and interpolation, 3 to 10 minutes
    python -m unlearnlab.record all                     # every file in notebooks/results

    python -m unlearnlab.record erasure --dataset cifar10 --width .25  # on a laptop, with a shorter grid
    python -m unlearnlab.record erasure --dataset cifar10 --preset paper --device cuda --precision bfloat16 --minutes 30

It shows progress, can be stopped, and goes on from what its store holds. Those of the first group end by themselves after
`--minutes`; width, evidence and interpolation, programs of their own, run to the end once begun. The result is a small JSON file with
provenance; of the first group it has every setting which ran on all seeds, and says how many did not.
"""
import argparse
import itertools
import json
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from .experiments import collapse as collapsing
from .experiments import erasure as erasing
from .experiments import replication as replicating
from .experiments import sine
from .ground.files import default_folder, write_text
from .experiments.presets import choose
from .methods.base import HYPERPARAMETERS, RANGES
from .provenance import provenance
from .training.recipe import PRECISIONS
from .sweep import FIXED, expand, sweep
from .training.fit import Stopped


WHOLE = ("digits", "mnist")  # the data sets whose quick preset runs in a second or a few: they get whole grids, others short ones
LARGER = ({"dataset": "mnist"}, {"dataset": "cifar10", "width": .25})  # of erasure and collapse, recorded beside the digits
USUAL = {"dataset": "digits", "preset": "quick", "device": "cpu", "p_retain": None, "width": None, "precision": "float32"}  # of image records


def write(path: Path | str, frame, made: dict[str, str], models: dict[str, dict[str, list]] | None = None) -> None:
    """Writes what `ul.sweep` returned as JSON: one entry per setting, its metrics and seconds as lists in the order of the seeds.

    made: provenance. models: what `models` returns. Numbers keep 6 significant digits. Raises ValueError unless every setting ran on every seed.
    """
    import pandas
    hyperparameters = [name for name in HYPERPARAMETERS if name in frame.columns]
    metrics = [name for name in frame.columns if name not in (*FIXED, *hyperparameters)]
    seeds, settings = list(dict.fromkeys(frame["seed"].tolist())), []
    for values, group in frame.groupby(["method", "epochs", *hyperparameters], sort=False, dropna=False):
        if group["seed"].tolist() != seeds:
            raise ValueError(f"the setting {values} ran on seeds {group['seed'].tolist()}, others on {seeds}: finish the sweep first")
        own = {name: value for name, value in zip(["method", "epochs", *hyperparameters], values) if not pandas.isna(value)}
        lists = {name: [_short(v) for v in group[name]] for name in (*metrics, "seconds")}
        errors = {"error": group["error"].tolist()} if group["error"].notna().any() else {}
        settings.append({**{name: getattr(v, "item", lambda v=v: v)() for name, v in own.items()}, **lists, **errors})
    text = ",\n".join(json.dumps(setting) for setting in settings)
    head = {"provenance": made, "seeds": seeds, **({"models": models} if models else {})}
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in head.items())
    write_text(Path(path), f'{{{lines},\n"settings": [\n{text}\n]}}\n')


def load(path: Path | str):
    """(pandas.DataFrame with one row per run, provenance) of a file that `write` made."""
    import pandas
    content = json.loads(Path(path).read_text(encoding="utf-8"))
    rows = []
    for setting in content["settings"]:
        lists = {name: values for name, values in setting.items() if isinstance(values, list)}
        own = {name: value for name, value in setting.items() if name not in lists}
        rows += [{**own, "seed": seed, **{name: values[i] for name, values in lists.items()}} for i, seed in enumerate(content["seeds"])]
    frame = pandas.DataFrame(rows)
    if "error" not in frame:
        frame["error"] = None
    whole = {name: "Int64" for name in frame.columns if name in RANGES and RANGES[name][2]}
    return frame.astype(whole), content["provenance"]


def models(path: Path | str) -> dict[str, dict[str, list[float]]]:
    """Of a file that `write` made: the metrics of "original" and "ground truth", lists in the order of the seeds; {} where it has none."""
    return json.loads(Path(path).read_text(encoding="utf-8")).get("models", {})


def _models(tasks):
    """The metrics of every task's original, and of its ground truth where it has one."""
    found = {role: [t.evaluate(model) for t in tasks if (model := getattr(t, role.replace(" ", "_"))) is not None]
             for role in ("original", "ground truth")}
    return {role: {name: [_short(m[name]) for m in each] for name in each[0]} for role, each in found.items() if each}


def _short(value):
    return None if value != value else float(f"{value:.6g}")  # JSON has no NaN


def table1(store: Path, out: Path, workers: int, seeds=range(1, 11), epochs=tuple(sine.PUBLISHED), stop=None):
    """The whole grid of paper A's Table 1 (Table 7) on the sine task: every method, T and setting, ten seeds."""
    _recorded(sine.task, [sine.published_grid(t) for t in epochs], seeds, store, out, workers, "python -m unlearnlab.record table1", stop)


def erasure(store: Path, out: Path, workers: int, seeds=range(1, 6), **where):
    """Label erasure, by default on digits: every method, paper A's grid at rates with every method's best inside, widened elsewhere too, five seeds.

    Methods whose one hyperparameter is the rate get the rates between as well: five points make no front. At the paper's size it is
    `ul.erasure.published_grid`, on a laptop with CIFAR-10 or Tiny ImageNet `ul.erasure.short_grid`. where: as in `images`.
    """
    epochs, lr = 3, (3e-4, 1e-3, 3e-3, 1e-2, 3e-2)
    between = {"epochs": epochs, "lr": [(low * high) ** .5 for low, high in itertools.pairwise(lr)]}
    small = [erasing.grid(epochs, lr, wide=True), {"Retrain": between, "GD": between, "GA": between}]
    where = USUAL | where
    if where["preset"] == "paper":
        grid = erasing.published_grid(where["dataset"])
    else:
        grid = small if where["dataset"] in WHOLE else erasing.short_grid()
    images("erasure", erasing, grid, store, out, workers, seeds, **where)


def collapse(store: Path, out: Path, workers: int, seeds=None, **where):
    """Representation collapse, by default on digits: the methods of paper A's table, each at a few rates, five seeds.

    MinNorm-OG and SCRUB get one more value each where the best of the grid lay at an end. At the paper's size it is the paper's grid
    of every row of its table with this accessible share; on a laptop with CIFAR-10 `ul.collapse.short_grid` and three seeds, whose
    models take ten minutes each.
    """
    shrinking_less = {"reg": .1, "reg_decay": .5, "n_pert": 50, "descent_epochs": 8}
    more = {"MinNorm-OG": {"epochs": 15, "lr": [3e-3, 1e-2, 3e-2, 1e-1], **shrinking_less},
            "SCRUB": {"epochs": 15, "lr": [3e-3, 1e-2, 3e-2], "reg": .01, "ascent": .1, "descent_epochs": 5}}
    where = USUAL | where
    short = where["preset"] == "quick" and where["dataset"] not in WHOLE
    grid = collapsing.short_grid() if short else [collapsing.grid(15), more]
    if seeds is None:
        seeds = range(1, 4 if short else 6)
    if where["preset"] == "paper":
        share = .01 if where["p_retain"] is None else where["p_retain"]
        grid = [collapsing.published_grid(epochs, share) for p_retain, epochs in collapsing.PUBLISHED if p_retain == share]
        if not grid:
            raise ValueError(f"p_retain must be .01 or .001, the shares of the paper's table, got {share!r}")
    images("collapse", collapsing, grid, store, out, workers, seeds, **where)


def replication(store: Path, out: Path, workers: int, seeds=range(1, 6), cases=tuple(replicating.CASES), stop=None):
    """The cases of `ul.replication`, each to a file of its own beside `out`: replication-digits.json, ..."""
    for name in cases:
        case = replicating.CASES[name]
        _recorded(case.task, case.grid, seeds, store / name, out.with_name(f"{out.stem}-{name}.json"), workers,
                  f"python -m unlearnlab.record replication --cases {name}", stop)


def images(what: str, experiment, grid, store: Path, out: Path, workers: int, seeds, *, dataset: str, preset: str, device: str,
           p_retain: float | None, width: float | None, precision: str, stop=None) -> None:
    """A grid on the task that the module `experiment` makes of a data set and a preset, on a device.

    p_retain: the accessible share; width: of the network; None for the preset's. precision: of the trainings; "bfloat16" on a GPU alone.
    """
    given = {name: value for name, value in (("device", device), ("p_retain", p_retain)) if value != USUAL[name]}
    chosen = choose(experiment.PRESETS, dataset, preset)
    if width is not None:
        given["network"] = partial(chosen.network, width=width)
    if precision != USUAL["precision"]:
        given |= {name: replace(getattr(chosen, name), precision=precision) for name in ("recipe", "warm_start") if hasattr(chosen, name)}
    words = _words({"dataset": dataset, "preset": preset, "device": device, "p_retain": p_retain, "width": width, "precision": precision})
    _recorded(partial(experiment.task, dataset, preset, **given), grid, seeds, store, out, workers,
              " ".join(["python -m unlearnlab.record", what, *words]), stop, device)


def _words(where):
    """The options of the command line that differ from what is usual."""
    return [f"--{name.replace('_', '-')} {value}" for name, value in where.items() if value != USUAL[name]]


def _recorded(factory, grid, seeds, store, out, workers, command, stop=None, device="cpu"):
    """Trains what is missing, sweeps method by method, and writes what ran on every seed, whatever ended it."""
    import pandas
    frames, seeds, settings = [], list(seeds), expand(grid)
    made = provenance(command, device) | {"workers": str(workers)}  # now: a checkout may change while this runs
    try:
        tasks = {seed: factory(seed, stop=stop) for seed in seeds}
        where = (factory, "local") if device == "cpu" else (tasks.__getitem__, "serial")  # a large task takes seconds to make
        known = _models(tasks.values())
        for part in _by_method(settings):
            frames.append(sweep(where[0], part, seeds, store, where[1], workers=workers, stop=stop))
    except Stopped:
        pass
    done = _on_every_seed(pandas.concat(frames, ignore_index=True), len(seeds)) if frames else ()
    finished = len(done) // len(seeds)
    longer = finished < len(settings) and out.exists() and len(json.loads(out.read_text(encoding="utf-8"))["settings"]) > finished
    if finished and not longer:
        write(out, done, made | ({} if finished == len(settings) else {"finished": f"{finished} of {len(settings)} settings"}), known)
    print(f"{out.name}: {finished} of {len(settings)} settings" + (", fewer than the file there has: it stays as it is" if longer else ""))


def _by_method(settings):
    """A list of settings for each method, so that a sweep that is cut short has whole methods rather than a little of each."""
    parts = {}
    for setting in settings:
        parts.setdefault(setting.method.name, []).append(setting)
    return list(parts.values())


def _on_every_seed(frame, count):
    """The rows of settings that ran `count` times."""
    own = ["method", "epochs", *(name for name in HYPERPARAMETERS if name in frame.columns)]
    return frame[frame.groupby(own, dropna=False)["seed"].transform("size") == count]


def _program(module, *commands):
    """A record that a module of its own makes, as a program, once for each list of options: it says itself how far it is."""
    def run(store: Path, out: Path, workers: int, stop=None):
        values = {"store": str(store), "out": str(out), "folder": str(out.parent), "stem": str(out.with_suffix(""))}
        for options in commands:
            command = [sys.executable, "-m", module, *(option.format(**values) for option in options)]
            status = subprocess.run(command, check=False).returncode
            if status:
                raise RuntimeError(f"{' '.join(command[1:])} ended with status {status}")
    return run


RECORDS = {"table1": table1, "erasure": erasure, "collapse": collapse, "replication": replication,
           "width": _program("unlearnlab.experiments.width", ["--record", "--store", "{store}", "--out", "{out}"],
                             ["--record", "--planes", "--runs", "{out}", "--store", "{store}-planes", "--out", "{stem}-planes.json"],
                             ["--record", "--dataset", "cifar10", "--store", "{store}-cifar10", "--out", "{stem}-cifar10.json"]),
           "evidence": _program("unlearnlab.experiments.evidence", ["--out", "{folder}"]),
           "interpolation": _program("unlearnlab.experiments.interpolation", ["--store", "{store}", "--out", "{out}"])}


@contextmanager
def _limit(minutes):
    """An event that is set after so many minutes; None: never."""
    stop = threading.Event()
    timer = threading.Timer(60 * minutes, stop.set) if minutes else None
    try:
        if timer:
            timer.daemon = True
            timer.start()
        yield stop
    finally:
        if timer:
            timer.cancel()


def main(arguments=None):
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m unlearnlab.record", description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=[*RECORDS, "all"])
    parser.add_argument("--store", type=Path, help="folder for finished runs, one in it for each record (default: the user cache)")
    parser.add_argument("--out", type=Path, help="folder for the JSON files (default: notebooks/results)")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes, one thread each (default: cores)")
    parser.add_argument("--minutes", type=float, help="end after so long, but for width, evidence and interpolation; the same command "
                        "goes on (default: at the end)")
    parser.add_argument("--dataset", default=USUAL["dataset"], choices=list(dict.fromkeys(name for name, _ in erasing.PRESETS)))
    parser.add_argument("--preset", default=USUAL["preset"], choices=["quick", "paper"])
    parser.add_argument("--device", default=USUAL["device"], help="of erasure and collapse: cpu or cuda, where runs follow each other")
    parser.add_argument("--p-retain", type=float, help="of erasure and collapse: the accessible share (default: the preset's)")
    parser.add_argument("--width", type=float, help="of the network of erasure and collapse: 1 is full size (default: the preset's)")
    parser.add_argument("--precision", default=USUAL["precision"], choices=PRECISIONS, help="of the trainings of erasure and collapse, on a GPU")
    parser.add_argument("--cases", nargs="+", default=list(replicating.CASES), choices=list(replicating.CASES), help="of replication")
    chosen = parser.parse_args(arguments)
    if chosen.minutes is not None and not chosen.minutes > 0:
        parser.error(f"--minutes must be greater than 0, got {chosen.minutes:g}")
    out = chosen.out or Path(__file__).parents[1] / "notebooks" / "results"
    store = chosen.store or default_folder("runs")
    try:
        with _limit(chosen.minutes) as stop:
            for name in RECORDS if chosen.what == "all" else [chosen.what]:
                for more in ({}, *(LARGER if chosen.what == "all" and name in ("erasure", "collapse") else ())):
                    _make(name, argparse.Namespace(**vars(chosen) | more), store, out, stop)
            if stop.is_set():
                print("Time is up; finished runs are kept. The same command goes on from there.")
    except KeyboardInterrupt:
        print("Stopped; finished runs are kept. The same command goes on from there.")
        return 130
    return 0


def _make(name, chosen, store, out, stop):
    where = {option: getattr(chosen, option) for option in USUAL}
    options = {"erasure": where, "collapse": where, "replication": {"cases": chosen.cases}}.get(name, {})
    if options is where:  # whatever is chosen otherwise is another record; another device, too, adds in another order
        data = [chosen.dataset, chosen.preset] if (chosen.dataset, chosen.preset) != ("digits", "quick") else []
        device = [] if chosen.device == "cpu" else [chosen.device.partition(":")[0]]
        share = [] if chosen.p_retain is None else [f"retain{chosen.p_retain:g}"]
        width = [] if chosen.width is None else [f"width{chosen.width:g}"]
        name = "-".join([name, *data, *device, *share, *width, *([] if chosen.precision == "float32" else [chosen.precision])])
    RECORDS[name.partition("-")[0]](store / name, out / f"{name}.json", chosen.workers, stop=stop, **options)


if __name__ == "__main__":
    sys.exit(main())
