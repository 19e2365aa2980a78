"""Do the settings with which ErasureLab and CollapseLab begin forget and keep, where a lab has to
train its original first?

    python benchmarks/lab_settings.py erasure cifar10 --out benchmarks/lab-settings.json

runs every method at the lab's first values on the seeds asked for, trains what is not there yet
(minutes an original), and adds the rows to the file. tests/chapters/test_lab_settings.py reads it.
"""

import argparse
import dataclasses
import json
from pathlib import Path

import unlearnlab as ul
from unlearnlab.course.lab_settings import first_settings
from unlearnlab.ground.provenance import provenance

METRICS = {
    "erasure": ("retain_accuracy", "forget_error"),
    "collapse": ("color_accuracy", "utility"),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("experiment", choices=METRICS)
    parser.add_argument("dataset")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--methods", nargs="+", help="default all")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    epochs, methods = first_settings(given.experiment, given.dataset, "quick")
    told = provenance(f"python benchmarks/lab_settings.py {given.experiment} {given.dataset}")
    for seed in given.seeds:
        task = getattr(ul, given.experiment).task(given.dataset, seed=seed)
        shown = lambda metrics: {
            name: round(metrics[name], 4) for name in METRICS[given.experiment]
        }
        start = shown(task.evaluate(task.original))
        print(seed, "original", start)
        for name in given.methods or methods:
            run = ul.unlearn(task, methods[name], epochs)
            row = {
                "experiment": given.experiment,
                "dataset": given.dataset,
                "seed": seed,
                "method": name,
                "epochs": epochs,
                "settings": dataclasses.asdict(methods[name]),
                "original": start,
                **shown(run.metrics),
            }
            print(seed, name, shown(run.metrics), f"{run.seconds:.1f} s", flush=True)
            if given.out:
                _add(given.out, row, told)


def _add(path, row, told):
    """The row in place of that of the same run, and where it was made."""
    held = json.loads(path.read_text()) if path.exists() else {"made": {}, "rows": []}
    key = lambda row: [row[name] for name in ("experiment", "dataset", "seed", "method")]
    held["made"][f"{row['experiment']} {row['dataset']}"] = told
    held["rows"] = [*(old for old in held["rows"] if key(old) != key(row)), row]
    path.write_text(json.dumps(held, indent=1) + "\n")


if __name__ == "__main__":
    main()
