"""What does a projection cost on today's layers, beside a descent step?

For every small architecture of tests/projection/architectures.py, 64 wide: whether all of it goes
layer by layer or some of it sample by sample, the bytes of a sample's rows that are held, and the
time of a projection over that of a step of gradient descent on the same samples, medians of both.

    python benchmarks/layers.py --repeats 7
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

import torch

from unlearnlab.projection import Projection, layers

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "projection"))
from architectures import ARCHITECTURES, architecture  # noqa: E402

SAMPLES = 50


def timed(work):
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def descend(model, inputs):
    out = model(inputs)
    loss = torch.nn.functional.cross_entropy(out, torch.zeros(len(out), dtype=torch.long))
    for p, g in zip(model.parameters(), torch.autograd.grad(loss, list(model.parameters()))):
        p.data.sub_(1e-6 * g)


def held(model, inputs):
    """(whether a pass for single rows was made, bytes a sample of the rows that were held)."""
    single, sizes = [], []
    rows_of, rows = layers.per_sample_rows, layers.Rows

    def watched_rows(*args):
        single.append(1)
        return rows_of(*args)

    def watched(parameters, values, samples):
        sizes.append(values.numel() * values.element_size() / samples)
        return rows(parameters, values, samples)

    layers.per_sample_rows, layers.Rows = watched_rows, watched
    try:
        Projection(model).step(inputs, 0.0)
    finally:
        layers.per_sample_rows, layers.Rows = rows_of, rows
    return bool(single), sum(sizes)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    repeats = parser.parse_args().repeats
    torch.set_num_threads(1)
    print(f"{SAMPLES} samples, 1 thread, medians of {repeats} alternating repeats")
    print(f"  {'layers':26s} {'way':12s} {'kB held a sample':>17s} {'projection / descent':>21s}")
    for name in ARCHITECTURES:
        model, inputs = architecture(name, SAMPLES, width=64)
        single, size = held(model, inputs)
        projection = Projection(model)
        works = lambda: projection.step(inputs, 1e-6), lambda: descend(model, inputs)
        times = [[timed(work) for work in works] for _ in range(repeats + 1)][1:]
        step, descent = (statistics.median(column) for column in zip(*times))
        way = "per sample" if single else "layerwise"
        print(f"  {name:26s} {way:12s} {size / 1e3:17.1f} {step / descent:21.1f}")


if __name__ == "__main__":
    main()
