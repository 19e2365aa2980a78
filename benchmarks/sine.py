"""How fast is MinNorm-OG on the sine task, beside the row-by-row, dense float64 QR procedure it
replaces?

    python benchmarks/sine.py [--repeats 5] [--threads 1]

Both run the same schedule from the same original: T = 100 epochs, 50 projections of all 50 retain
samples, AdamW. They alternate in one process; the ratio of the medians is the result. `--json FILE`
records it with provenance.
"""

import argparse
import copy
import json
import statistics
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from memory import peak_extra

import unlearnlab as ul
from unlearnlab.ground.provenance import provenance

EPOCHS, PROJECTIONS = 100, 50
METHOD = ul.MinNormOG(
    lr=1e-3, reg=0.1, reg_decay=0.9, n_pert=50, project_every=1, descent_epochs=EPOCHS - PROJECTIONS
)


def problem():
    """(task,): the sine of seed 1."""
    return (ul.sine.task(seed=1),)


def layerwise(task):
    """Ours."""
    return ul.unlearn(task, METHOD, EPOCHS).model


def row_by_row(task):
    """The plain procedure: one backward pass per row, a dense float64 matrix d x rows,
    unpivoted QR."""
    model, (x, y) = copy.deepcopy(task.original), task.retain.tensors
    optimizer, strength = torch.optim.AdamW(model.parameters(), lr=METHOD.lr), METHOD.reg
    for epoch in range(EPOCHS):
        if epoch < PROJECTIONS:
            theta = torch.nn.utils.parameters_to_vector(model.parameters()).detach().double()
            q, _ = torch.linalg.qr(_dense_rows(model, x))
            theta -= strength * (theta - q @ (q.T @ theta))
            torch.nn.utils.vector_to_parameters(theta.float(), model.parameters())
            strength *= METHOD.reg_decay
        optimizer.zero_grad()
        F.mse_loss(model(x), y).backward()
        optimizer.step()
    return model


def _dense_rows(model, x):
    outputs, parameters = model(x).flatten(), list(model.parameters())
    matrix = torch.zeros(sum(p.numel() for p in parameters), len(x), dtype=torch.float64)
    for i in range(len(x)):
        model.zero_grad()
        outputs[i].backward(retain_graph=True)
        matrix[:, i] = torch.cat([p.grad.flatten() for p in parameters])
    return matrix


def gradient_descent(task):
    """The same epochs without projections, as a floor."""
    return ul.unlearn(task, ul.GD(lr=METHOD.lr), EPOCHS).model


def _timed(work, task):
    began = time.perf_counter()
    model = work(task)
    return time.perf_counter() - began, task.evaluate(model)["sup_error"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    (task,), works = problem(), (layerwise, row_by_row, gradient_descent)
    memory = {work.__name__: peak_extra(problem, (), work) for work in works}
    for work in works[::2]:
        work(task)
    results = {work.__name__: [] for work in works}
    for _ in range(chosen.repeats):
        for work in works:
            results[work.__name__].append(_timed(work, task))
    print(
        f"sine, 1-300-300-1 (d = 91,201), {EPOCHS} epochs, {PROJECTIONS} projections of 50 rows, "
        f"{chosen.threads} thread(s), {chosen.repeats} alternating repeats"
    )
    summary = {}
    for name, runs in results.items():
        seconds = sorted(s for s, _ in runs)
        summary[name] = {
            "median_seconds": statistics.median(seconds),
            "least": seconds[0],
            "most": seconds[-1],
            "peak_extra_MB": memory[name],
            "sup_error": runs[0][1],
        }
        print(
            f"  {name:17s} median {statistics.median(seconds):7.3f} s  "
            f"({seconds[0]:.3f} to {seconds[-1]:.3f})   "
            f"peak extra memory {memory[name]:6.1f} MB   sup error {runs[0][1]:.2f}"
        )
    median = {name: s["median_seconds"] for name, s in summary.items()}
    print(
        f"  row_by_row / layerwise = {median['row_by_row'] / median['layerwise']:.0f}    "
        f"layerwise / gradient_descent = {median['layerwise'] / median['gradient_descent']:.1f}"
    )
    if chosen.json:
        command = f"python benchmarks/sine.py --repeats {chosen.repeats} --threads {chosen.threads}"
        chosen.json.write_text(
            json.dumps({"provenance": provenance(command), "results": summary}, indent=1) + "\n"
        )


if __name__ == "__main__":
    main()
