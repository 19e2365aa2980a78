"""How fast, how large and how exact is one projection: layer by layer, by per-sample gradients,
matrix-free, by dense QR?

    python benchmarks/projection.py                    # the sine network, ResNet-18 at width 1/4
    python benchmarks/projection.py --models resnet-1  # width 1: minutes; see below
    python benchmarks/projection.py --device cuda      # the same on a GPU, in float32 without TF32
    python benchmarks/projection.py --device cuda --epochs FILE --minutes 8    # see epochs.py

The four are applied to the same model and inputs in one process, in turns; k = 20, 50, 100 rows,
the last from 50 samples of two heads. Batch norm is in evaluation mode. Beside them one descent
step of AdamW at batch 256. `left` is |J v| / |J theta| of the removed part v, from a float64 pass:
0 is exact. At width 1 the dense procedure takes 9 GB more at k = 50, 18 at 100. What takes over a
minute is timed once. Peak memory is that of a fresh process which does one projection (or step),
above what it had before; on a GPU, what torch had allocated there. `--json FILE` adds every
finished line to a record, with provenance. `--epochs FILE` measures something else: what a
projection and an epoch of every method cost beside descent (epochs.py).
"""

import argparse
import copy
import gc
import json
import math
import statistics
import time
from pathlib import Path

import epochs
import torch
import torch.nn.functional as F
from memory import peak_extra
from torch.func import functional_call, jvp
from torch.nn.utils import parameters_to_vector, vector_to_parameters

import unlearnlab as ul
from unlearnlab.ground.provenance import provenance
from unlearnlab.networks import ResNet, seeded

BATCH = 256
PATIENCE = 60  # seconds: what takes longer is timed once


def problem(name, k, device="cpu"):
    """(model, inputs with k rows). Two heads from k = 100 on for images."""
    if name == "sine":
        task = ul.sine.task(1)
        return copy.deepcopy(task.original).to(device), task.retain.tensors[0].repeat(2, 1)[:k].to(
            device
        )
    heads = [10, 3] if k == 100 else [10]
    width = {"resnet-1/4": 0.25, "resnet-1": 1.0}[name]
    generator = torch.Generator().manual_seed(0)
    model = seeded(lambda: ResNet(18, heads, width), 0)
    with torch.no_grad():
        model.train()(
            torch.randn(64, 3, 32, 32, generator=generator)
        )  # running statistics of its own
    return model.eval().to(device), torch.randn(k // len(heads), 3, 32, 32, generator=generator).to(
        device
    )


def layerwise(model, inputs):
    """Ours: K, t and J^T c layer by layer; no row is formed for most parameters."""
    ul.minnorm_step(model, inputs, 1.0, solver="layerwise")


def matrix_free(model, inputs):
    """Ours: conjugate gradients; vectors only."""
    ul.minnorm_step(model, inputs, 1.0, solver="cg")


def per_sample(model, inputs):
    """All rows at once by vmap, then a float64 Gram matrix and its eigenvalues."""
    rows = ul.output_gradients(model, inputs)
    theta = parameters_to_vector(model.parameters()).detach()
    gram = sum((part := block.double()) @ part.T for block in rows.split(1_000_000, 1))
    inner = sum(
        block.double() @ part.double()
        for block, part in zip(rows.split(1_000_000, 1), theta.split(1_000_000))
    )
    values, vectors = torch.linalg.eigh(gram)
    keep = values > 1e-12 * values[-1]
    c = vectors[:, keep] @ ((vectors[:, keep].T @ inner) / values[keep])
    vector_to_parameters(c.to(rows.dtype) @ rows, model.parameters())


def dense_qr(model, inputs):
    """The plain procedure: one backward pass per row, a dense float64 matrix d x k,
    unpivoted QR."""
    outputs, parameters = model(inputs), list(model.parameters())
    values = torch.cat(
        [h.max(1).values for h in (outputs if isinstance(outputs, tuple) else [outputs])]
    )
    matrix = torch.zeros(
        sum(p.numel() for p in parameters), len(values), dtype=torch.float64, device=inputs.device
    )
    for i in range(len(values)):
        model.zero_grad()
        values[i].backward(retain_graph=True)
        matrix[:, i] = torch.cat(
            [
                torch.zeros_like(p).flatten() if p.grad is None else p.grad.flatten()
                for p in parameters
            ]
        )
    theta = parameters_to_vector(parameters).detach().double()
    q, _ = torch.linalg.qr(matrix)
    vector_to_parameters((q @ (q.T @ theta)).float(), parameters)


def descent(model, inputs):
    """One step of AdamW on a batch of 256, in training mode."""
    model.train()
    inputs = inputs.repeat(BATCH // len(inputs) + 1, *[1] * (inputs.ndim - 1))[:BATCH]
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)
    outputs = model(inputs)
    sum(
        F.mse_loss(h, torch.zeros_like(h))
        if h.shape[1] == 1
        else F.cross_entropy(h, torch.zeros(len(h), dtype=torch.long, device=h.device))
        for h in (outputs if isinstance(outputs, tuple) else [outputs])
    ).backward()
    optimizer.step()


def left(model, after, inputs):
    """|J v| / |J theta| for what was removed, v = theta of `model` minus theta of `after`;
    J in float64."""
    before = copy.deepcopy(model).double().eval()
    theta = dict(before.named_parameters())
    v = {
        name: p.detach() - dict(after.named_parameters())[name].detach().double()
        for name, p in theta.items()
    }
    theta = {name: p.detach() for name, p in theta.items()}

    def outputs(parameters):
        out = functional_call(before, parameters, (inputs.double(),))
        return torch.cat([h.max(1).values for h in (out if isinstance(out, tuple) else [out])])

    change, whole = (jvp(outputs, (theta,), (direction,))[1] for direction in (v, theta))
    return float(change.norm() / whole.norm())


def timed(work, model, inputs):
    """(seconds of one call on a fresh copy, that copy)."""
    fresh, wait = copy.deepcopy(model), torch.cuda.synchronize if inputs.is_cuda else lambda: None
    gc.collect()
    wait()
    began = time.perf_counter()
    work(fresh, inputs)
    wait()
    return time.perf_counter() - began, fresh


def peak(name, k, device, work):
    """Peak extra memory of one call in MB."""
    if device == "cpu":
        return peak_extra(problem, (name, k), work)
    model, inputs = problem(name, k, device)
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    work(model, inputs)
    return (torch.cuda.max_memory_allocated() - before) / 2**20


def measure(name, k, works, repeats, device):
    """{work: {"median_seconds", "least", "most", "runs", "peak_extra_MB", "left"}} for one model
    and number of rows."""
    model, inputs = problem(name, k, device)
    memory = {work: peak(name, k, device, work) for work in works}
    seconds, exact = {work: [] for work in works}, dict.fromkeys(works)
    for _ in range(repeats):
        for work in works:
            if seconds[work] and seconds[work][-1] > PATIENCE:
                continue
            took, after = timed(work, model, inputs)
            if not seconds[work] and work is not descent:
                exact[work] = left(model, after, inputs)
            seconds[work].append(took)
    return {
        work.__name__: {
            "median_seconds": statistics.median(s),
            "least": min(s),
            "most": max(s),
            "runs": len(s),
            "peak_extra_MB": memory[work],
            "left": exact[work],
        }
        for work, s in seconds.items()
    }


def main():
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--models",
        nargs="+",
        choices=["sine", "resnet-1/4", "resnet-1"],
        default=["sine", "resnet-1/4"],
    )
    parser.add_argument("--rows", nargs="+", type=int, choices=[20, 50, 100], default=[20, 50, 100])
    parser.add_argument(
        "--without", nargs="+", choices=["dense_qr", "per_sample", "matrix_free"], default=[]
    )
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--epochs", type=Path, metavar="FILE", help="see epochs.py")
    parser.add_argument("--minutes", type=float, help="begin nothing after (of --epochs: 8)")
    parser.add_argument("--width", type=float, default=1.0, help="of --epochs")
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    if chosen.epochs:
        chosen.minutes = chosen.minutes or 8.0
        epochs.main(chosen)
        return
    end = time.monotonic() + 60 * (chosen.minutes or math.inf)
    torch.backends.cudnn.conv.fp32_precision = torch.backends.cuda.matmul.fp32_precision = (
        "ieee"  # for the descent step too
    )
    works = [
        work
        for work in (descent, layerwise, per_sample, matrix_free, dense_qr)
        if work.__name__ not in chosen.without
    ]
    for work in works:  # what a first call imports and allocates is not its cost
        timed(work, *problem("sine", 20, chosen.device))
    for name in chosen.models:
        for k in chosen.rows:
            if time.monotonic() > end:
                print(f"{name}, k = {k}: left out, the time is up")
                continue
            found = measure(name, k, works, chosen.repeats, chosen.device)
            step = found["descent"]
            print(
                f"{name}, k = {k}, {chosen.device}, {chosen.threads} thread(s), {chosen.repeats} "
                "repeats in turns",
                flush=True,
            )
            for work, r in found.items():
                said = "" if r["left"] is None else f"   left {r['left']:.0e}"
                print(
                    f"  {work:12s} median {r['median_seconds']:8.3f} s "
                    f"({r['least']:.3f} to {r['most']:.3f})   "
                    f"{r['median_seconds'] / found['layerwise']['median_seconds']:7.2f} "
                    "x layerwise   "
                    f"{r['median_seconds'] / step['median_seconds']:6.2f} x a descent step   "
                    f"peak {r['peak_extra_MB']:7.0f} MB = "
                    f"{r['peak_extra_MB'] / max(step['peak_extra_MB'], 1):5.2f} x{said}",
                    flush=True,
                )
            if chosen.json:
                _record(
                    chosen.json,
                    f"{name}, k = {k}" + (", GPU" if chosen.device == "cuda" else ""),
                    found,
                    chosen,
                )


def _record(path, key, found, chosen):
    """Adds to the file, or replaces in it, what was measured for one model and number of rows."""
    name, k = key.removesuffix(", GPU").split(", k = ")
    command = (
        f"python benchmarks/projection.py --models {name} --rows {k} --repeats {chosen.repeats}"
        + (f" --without {' '.join(chosen.without)}" if chosen.without else "")
        + f" --threads {chosen.threads}"
        + (" --device cuda" if chosen.device == "cuda" else "")
    )
    known = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(
        json.dumps(
            {**known, key: {"provenance": provenance(command, chosen.device), "results": found}},
            indent=1,
        )
        + "\n"
    )


if __name__ == "__main__":
    main()
