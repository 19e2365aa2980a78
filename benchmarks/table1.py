"""How far is the search behind Table 1 from the least that this processor could take for it?

    python benchmarks/table1.py [--repeats 5]

The floor counts what an epoch on the sine task cannot do without, on one thread: the products of
the forward and backward pass at this processor's best rate for them, and the traffic of AdamW (it
reads weight, gradient and two moments and writes weight and moments: 28 bytes a parameter) at its
best rate for vectors of that size. A projection adds one float64 pass and its Gram matrices. Both
rates are measured here, in the same process. Then one run of every method at T = 100 is timed in
turns beside its floor; the record of the whole search (notebooks/results/table1.json) is divided by
the sum of all floors. `--json FILE` records it with provenance.
"""

import argparse
import json
import statistics
import time
from pathlib import Path

import torch

import unlearnlab as ul
from unlearnlab.ground.provenance import provenance
from unlearnlab.study.sweep import expand
from unlearnlab.tasks import sine

WEIGHTS = [fan_in * fan_out for fan_in, fan_out in zip(sine.WIDTHS, sine.WIDTHS[1:])]
PARAMETERS = sum(WEIGHTS) + sum(sine.WIDTHS[1:])
RECORD = Path(__file__).parents[1] / "notebooks" / "results" / "table1.json"


def pass_flops(samples):
    """Forward, gradients of the weights, and gradients of the activations below every layer
    but the first."""
    return 2 * samples * (3 * sum(WEIGHTS) - WEIGHTS[0])


def floor(method, epochs, rates, retain=50, forget=5):
    """The least seconds for one run: {rate: amount} over the rates."""
    samples = {"GA": forget, "NGP": retain + forget}.get(method.name, retain)
    single, moved, double = epochs * pass_flops(samples), epochs * 28 * PARAMETERS, 0
    if isinstance(method, ul.MinNormOG):
        projections = sum(method.projects_in(epoch, epochs) for epoch in range(epochs))
        grams = 2 * 2 * retain**2 * sum(sine.WIDTHS)
        double = projections * (pass_flops(retain) + grams)
    return single / rates["float32"] + double / rates["float64"] + moved / rates["bytes"]


def measured_rates(repeats=200):
    """{"float32", "float64": operations a second in products of the network's shapes, "bytes": per
    second through AdamW's vectors}."""

    def best(work):
        times = []
        for _ in range(repeats):
            began = time.perf_counter()
            work()
            times.append(time.perf_counter() - began)
        return min(times)

    rates = {}
    for name, dtype in (("float32", torch.float32), ("float64", torch.float64)):
        a, b = torch.randn(50, 300, dtype=dtype), torch.randn(300, 300, dtype=dtype)
        out = torch.empty(50, 300, dtype=dtype)
        rates[name] = 2 * 50 * 300 * 300 / best(lambda: torch.mm(a, b, out=out))
    x, y = torch.randn(PARAMETERS), torch.randn(PARAMETERS)
    rates["bytes"] = 12 * PARAMETERS / best(lambda: x.add_(y, alpha=1e-9))
    return rates


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    task, best = ul.sine.task(1), sine.best_settings(100)
    rates = measured_rates()
    print(
        f"one thread: {rates['float32'] / 1e9:.0f} and {rates['float64'] / 1e9:.0f} Gflop/s in "
        f"float32 and float64, {rates['bytes'] / 1e9:.0f} GB/s in the cache"
    )
    seconds = {name: [] for name in best}
    for method in best.values():
        ul.unlearn(task, method, 100)
    for _ in range(chosen.repeats):
        for name, method in best.items():
            seconds[name].append(ul.unlearn(task, method, 100).seconds)
    methods = {}
    for name, method in best.items():
        least, median = floor(method, 100, rates), statistics.median(seconds[name])
        methods[name] = {
            "floor_seconds": least,
            "median_seconds": median,
            "least": min(seconds[name]),
            "most": max(seconds[name]),
        }
        print(
            f"  {name:11s} T = 100: floor {least * 1e3:6.1f} ms   median {median * 1e3:6.1f} ms "
            f"({min(seconds[name]) * 1e3:.1f} to {max(seconds[name]) * 1e3:.1f}) = "
            f"{median / least:4.1f} x its floor"
        )
    settings = [s for epochs in sine.PUBLISHED for s in expand(sine.published_grid(epochs))]
    whole = 10 * sum(floor(s.method, s.epochs, rates) for s in settings)
    spent = ul.table.read(RECORD)["runs"]["seconds"].sum()
    print(
        f"the whole search, {10 * len(settings)} runs: floor {whole / 60:.1f} core minutes; "
        f"recorded {spent / 60:.1f} = {spent / whole:.1f} x"
    )
    if chosen.json:
        result = {
            "rates": rates,
            "methods": methods,
            "search": {
                "runs": 10 * len(settings),
                "floor_seconds": whole,
                "recorded_seconds": float(spent),
            },
        }
        command = f"python benchmarks/table1.py --repeats {chosen.repeats}"
        chosen.json.write_text(
            json.dumps({"provenance": provenance(command), **result}, indent=1) + "\n"
        )


if __name__ == "__main__":
    main()
