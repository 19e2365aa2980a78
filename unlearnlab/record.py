"""How was every recorded figure made, and how is it made again? One command each:

    python -m unlearnlab.record table1                  # 5,940 runs, about half an hour on two cores
    python -m unlearnlab.record erasure                 # 2,060 runs on digits, 25 minutes on two busy cores
    python -m unlearnlab.record collapse                # 565 runs on digits, about 15 minutes on one busy core
    python -m unlearnlab.record all                     # every file in notebooks/results

It shows progress, can be stopped, and goes on from what its store holds. The result is one small JSON file with provenance.
"""
import argparse
import functools
import itertools
import json
import os
import sys
from pathlib import Path

from .experiments import collapse as collapsing
from .experiments import erasure as erasing
from .experiments import sine
from .methods.base import HYPERPARAMETERS, RANGES
from .provenance import provenance
from .sweep import FIXED, sweep


def write(path: Path | str, frame, made: dict[str, str]) -> None:
    """Writes what `ul.sweep` returned as JSON: one entry per setting, its metrics and seconds as lists in the order of the seeds.

    made: provenance. Numbers keep 6 significant digits. Raises ValueError unless every setting ran on every seed.
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
    partial = Path(path).with_suffix(".partial")
    partial.parent.mkdir(parents=True, exist_ok=True)
    partial.write_text(f'{{"provenance": {json.dumps(made)},\n"seeds": {json.dumps(seeds)},\n"settings": [\n{text}\n]}}\n', encoding="utf-8")
    os.replace(partial, path)


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


def _short(value):
    return None if value != value else float(f"{value:.6g}")  # JSON has no NaN


def table1(store: Path, out: Path, workers: int, seeds=range(1, 11), epochs=tuple(sine.PUBLISHED)):
    """The whole grid of paper A's Table 1 (Table 7) on the sine task: every method, T and setting, ten seeds."""
    frame = sweep(sine.task, [sine.published_grid(t) for t in epochs], seeds, store, workers=workers)
    write(out, frame, provenance("python -m unlearnlab.record table1") | {"workers": str(workers)})
    return frame


def erasure(store: Path, out: Path, workers: int, seeds=range(1, 6), epochs: int = 3, lr=(3e-4, 1e-3, 3e-3, 1e-2, 3e-2)):
    """Label erasure on digits: every method, paper A's grid at rates with every method's best inside, widened elsewhere too, five seeds.

    Methods whose one hyperparameter is the rate get the rates between as well: five points make no front.
    """
    between = {"epochs": epochs, "lr": [(low * high) ** .5 for low, high in itertools.pairwise(lr)]}
    grid = [erasing.grid(epochs, lr, wide=True), {"Retrain": between, "GD": between, "GA": between}]
    frame = sweep(functools.partial(erasing.task, "digits", "quick"), grid, seeds, store, workers=workers)
    write(out, frame, provenance("python -m unlearnlab.record erasure") | {"workers": str(workers)})
    return frame


def collapse(store: Path, out: Path, workers: int, seeds=range(1, 6), epochs: int = 15):
    """Representation collapse on digits: the methods of paper A's table, each at a few rates, five seeds.

    MinNorm-OG and SCRUB get one more value each where the best of the grid lay at an end.
    """
    shrinking_less = {"reg": .1, "reg_decay": .5, "n_pert": 50, "descent_epochs": (epochs + 1) // 2}
    ascending_less = {"reg": .01, "ascent": .1, "descent_epochs": epochs // 3}
    more = {"MinNorm-OG": {"epochs": epochs, "lr": [3e-3, 1e-2, 3e-2, 1e-1], **shrinking_less},
            "SCRUB": {"epochs": epochs, "lr": [3e-3, 1e-2, 3e-2], **ascending_less}}
    frame = sweep(functools.partial(collapsing.task, "digits", "quick"), [collapsing.grid(epochs), more], seeds, store, workers=workers)
    write(out, frame, provenance("python -m unlearnlab.record collapse") | {"workers": str(workers)})
    return frame


RECORDS = {"table1": table1, "erasure": erasure, "collapse": collapse}


def main():
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m unlearnlab.record", description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=[*RECORDS, "all"])
    parser.add_argument("--store", type=Path, help="folder for finished runs, one in it for each record (default: the user cache)")
    parser.add_argument("--out", type=Path, help="folder for the JSON files (default: notebooks/results)")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes, one thread each (default: cores)")
    chosen = parser.parse_args()
    out = chosen.out or Path(__file__).parents[1] / "notebooks" / "results"
    store = chosen.store or sine.default_cache().parent / "runs"
    try:
        for name in RECORDS if chosen.what == "all" else [chosen.what]:
            RECORDS[name](store / name, out / f"{name}.json", chosen.workers)
            print(f"wrote {name}.json")
    except KeyboardInterrupt:
        print("Stopped; finished runs are kept. The same command goes on from there.")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
