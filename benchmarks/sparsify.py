"""How fast does `sparsify` remove neurons, beside the linear program and matching pursuit that
remove as many?

    python benchmarks/sparsify.py [--repeats 5] [--patience 20]

Features are ReLU of random projections of n Gaussian inputs in 20 dimensions, of full rank n, from
h neurons. The three methods alternate in one process on the same numbers; the ratio of the medians
is the result. A method that needed longer than `patience` seconds is left out of the larger sizes.
`--json FILE` records everything with provenance.
"""

import argparse
import json
import statistics
import time
from pathlib import Path

import torch
from memory import peak_extra

import unlearnlab as ul
from unlearnlab.chapters.ch07_two_layer import pursuit
from unlearnlab.ground.provenance import provenance

NEURONS, POINTS, INPUTS = (1000, 2000, 4000, 8000), (50, 200, 500), 20
METHODS = {
    "sparsify": ul.two_layer.sparsify,
    "matching_pursuit": pursuit.matching_pursuit,
    "basis_pursuit": pursuit.basis_pursuit,
}


def instance(n, h):
    """(c, features) of n points and h neurons."""
    generator = torch.Generator().manual_seed(n + h)
    draw = lambda *shape: torch.randn(*shape, generator=generator, dtype=torch.float64)
    return draw(h), torch.relu(draw(n, INPUTS) @ draw(INPUTS, h))


def timed(method, c, features):
    """Seconds, how many weights stay, and the error relative to the outputs."""
    began = time.perf_counter()
    new = method(c, features)
    seconds = time.perf_counter() - began
    return (
        seconds,
        int((new != 0).sum()),
        float((features @ (new - c)).norm() / (features @ c).norm()),
    )


def measure(n, h, methods, repeats, patience):
    """{method: summary} of alternating runs, and the methods that stayed below
    `patience` seconds."""
    c, features = instance(n, h)
    memory = {name: peak_extra(instance, (n, h), METHODS[name]) for name in methods}
    runs = {name: [] for name in methods}
    for _ in range(repeats):
        for name in methods:
            if not runs[name] or runs[name][-1][0] < patience:
                runs[name].append(timed(METHODS[name], c, features))
    summary = {}
    for name, results in runs.items():
        seconds = sorted(s for s, _, _ in results)
        summary[name] = {
            "median_seconds": statistics.median(seconds),
            "least": seconds[0],
            "most": seconds[-1],
            "runs": len(seconds),
            "peak_extra_MB": memory[name],
            "stay": results[0][1],
            "error": results[0][2],
        }
    return summary, [name for name in methods if summary[name]["median_seconds"] < patience]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--patience", type=float, default=20)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    for method in METHODS.values():
        method(*instance(5, 20))
    print(f"ReLU features, {chosen.repeats} alternating repeats, each on one thread")
    table = {}
    for n in POINTS:
        methods = list(METHODS)
        for h in NEURONS:
            summary, methods = measure(n, h, methods, chosen.repeats, chosen.patience)
            table[f"n={n}, h={h}"] = summary
            for name, found in summary.items():
                ratio = found["median_seconds"] / summary["sparsify"]["median_seconds"]
                print(
                    f"  n {n:4d}  h {h:5d}  {name:17s} median {found['median_seconds']:8.4f} s  "
                    f"({found['least']:.4f} to {found['most']:.4f})  "
                    f"{ratio:7.1f} x  peak extra {found['peak_extra_MB']:6.1f} MB  "
                    f"{found['stay']:4d} stay  error {found['error']:.0e}",
                    flush=True,
                )
    if chosen.json:
        command = (
            f"python benchmarks/sparsify.py --repeats {chosen.repeats} "
            f"--patience {chosen.patience:g}"
        )
        chosen.json.write_text(
            json.dumps({"provenance": provenance(command), "results": table}, indent=1) + "\n"
        )


if __name__ == "__main__":
    main()
