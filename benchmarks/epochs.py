"""What do a projection and an epoch of every method cost beside descent, in float32 and in TF32?

    python benchmarks/projection.py --epochs FILE --minutes 8 --device cuda      # width 1: a GPU
    python benchmarks/projection.py --epochs FILE --minutes 2 --width .0625      # a try on a CPU

Random images at the paper's size: 500 to retain, 1,000 to forget, batches of 256, ResNet-18 with
two heads, 50 images protected. FILE is written after every line, with provenance; what the minutes
do not reach is missing from it. "exact": a projection beside the dense float64 one at a quarter of
the width. "steps": a descent step of 256 images and a projection of 50 in turns, medians after a
first call of each, and what the device was asked for. "methods": an epoch of every method and its
ratio to one of GD, likewise.
"""

import copy
import json
import statistics
import time

import torch
import torch.nn.functional as F
from torch.utils.data import TensorDataset

import unlearnlab as ul
from unlearnlab.ground.precision import PRECISIONS, products_in
from unlearnlab.ground.provenance import provenance
from unlearnlab.networks import ResNet, seeded
from unlearnlab.projection import Projection

BATCH, PROTECTED, CLASSES = 256, 50, [10, 3]
EPOCHS, LR = 2, 1e-4


class Record:
    """The file, written whenever something is added, and the clock."""

    def __init__(self, path, minutes, command, device):
        self.path, self.end = path, time.monotonic() + 60 * minutes
        self.results = {"provenance": provenance(command, device)}

    def over(self):
        return time.monotonic() > self.end

    def add(self, part, key, value):
        self.results.setdefault(part, {})[key] = value
        self.path.write_text(json.dumps(self.results, indent=1) + "\n")
        print(json.dumps({part: {key: value}}), flush=True)


def network(width, device):
    """A ResNet-18 whose running statistics are of its own."""
    model = seeded(lambda: ResNet(18, CLASSES, width), 0)
    with torch.no_grad():
        model.train()(_images(64))
    return model.to(device)


def _images(n, seed=0):
    pixels = (n, 3, 32, 32)
    return torch.randint(
        0, 256, pixels, dtype=torch.uint8, generator=torch.Generator().manual_seed(seed)
    )


def random_task(width, device, retain, forget):
    """An erasure task in form and size, of random images and labels."""

    def points(n, seed):
        generator = torch.Generator().manual_seed(seed)
        labels = [torch.randint(0, c, (n,), generator=generator) for c in CLASSES]
        return TensorDataset(_images(n, seed), torch.stack(labels, 1))

    task = ul.Task(
        "random images",
        "classification",
        1,
        network(width, "cpu"),
        None,
        points(retain, 1),
        points(forget, 2),
        lambda seed: seeded(lambda: ResNet(18, CLASSES, width), seed),
        lambda model: {},
        batch_size=BATCH,
    )
    return task.to(device)


def exactness(width, device, products):
    """|step - dense| / |theta| and |J v| / |J theta| of one projection; J in float64."""
    model, inputs = network(width, device).eval(), _images(PROTECTED // 2).to(device)
    theta = torch.nn.utils.parameters_to_vector(model.parameters()).detach().double()
    rows = ul.output_gradients(copy.deepcopy(model).double(), inputs)
    Projection(model, products).step(inputs, 1.0)
    v = theta - torch.nn.utils.parameters_to_vector(model.parameters()).detach().double()
    wrong = (v - ul.project_out(theta, rows)).norm() / theta.norm()
    left = (rows @ v).norm() / (rows @ theta).norm()
    return {"error": float(wrong), "left": float(left), "rows": len(rows), "width": width}


def descent(model, inputs, optimizer):
    """One step of AdamW in training mode."""
    optimizer.zero_grad()
    target = torch.zeros(len(inputs), dtype=torch.long, device=inputs.device)
    sum(F.cross_entropy(head, target) for head in model(inputs)).backward()
    optimizer.step()


def steps(width, device, products, repeats, over):
    """Seconds of a descent step and of a projection, in turns, the plan of the run made before."""
    model = network(width, device)
    images, retained = _images(BATCH).to(device), _images(PROTECTED).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-6, fused=True)
    projection = Projection(model, products)

    def step():
        with products_in(products, images.device):
            descent(model, images, optimizer)

    works = {"descent": step, "projection": lambda: projection.step(retained, 1e-4)}
    seconds = {name: [] for name in works}
    for turn in range(repeats + 2):
        for name, work in works.items():
            took = _seconds(work, device)
            if turn > 1:
                seconds[name].append(took)
        if seconds["projection"] and over():
            break
    result = {name: statistics.median(s) for name, s in seconds.items()}
    result |= {"ratio": result["projection"] / result["descent"], "repeats": turn - 1}
    if device == "cuda":
        result["asked"] = {name: _asked(work) for name, work in works.items()}
    return result


def _seconds(work, device):
    wait = torch.cuda.synchronize if device == "cuda" else lambda: None
    wait()
    began = time.perf_counter()
    work()
    wait()
    return time.perf_counter() - began


def _asked(work):
    """Kernel launches, waits, milliseconds of the device, peak MB, and the longest kernels."""
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    kinds = [torch.profiler.ProfilerActivity.CPU, torch.profiler.ProfilerActivity.CUDA]
    with torch.profiler.profile(activities=kinds) as profile:
        work()
        torch.cuda.synchronize()
    events = profile.key_averages()
    count = lambda word: sum(e.count for e in events if word in e.key)
    kernels = [e for e in events if e.device_type == torch.autograd.DeviceType.CUDA]
    kernels.sort(key=lambda e: -e.self_device_time_total)
    return {
        "launches": count("cudaLaunchKernel"),
        "waits": count("cudaStreamSynchronize"),
        "device_ms": sum(e.self_device_time_total for e in kernels) / 1e3,
        "peak_extra_MB": (torch.cuda.max_memory_allocated() - before) / 2**20,
        "longest_ms": {e.key[:60]: e.self_device_time_total / 1e3 for e in kernels[:8]},
    }


def methods(task, products, repeats, record):
    """Adds an epoch's seconds of each of `ul.METHODS`, beside GD's in the same turn."""
    seconds = {name: [] for name in ul.METHODS}
    for turn in range(repeats + 1):
        for name in sorted(ul.METHODS, key=lambda name: (name != "GD", name != "MinNorm-OG")):
            if record.over():
                return
            run = ul.unlearn(task, ul.METHODS[name](lr=LR), EPOCHS, products=products)
            if turn > 0:
                seconds[name].append(run.seconds / EPOCHS)
        if turn > 0:
            medians = {name: statistics.median(s) for name, s in seconds.items()}
            record.add(
                "methods",
                products,
                {
                    name: {"epoch_seconds": m, "beside_GD": m / medians["GD"], "turns": turn}
                    for name, m in medians.items()
                },
            )


def main(chosen):
    """Everything, the most wanted first, until the minutes are over."""
    width, device, repeats = chosen.width, chosen.device, chosen.repeats
    command = (
        f"python benchmarks/projection.py --epochs FILE --minutes {chosen.minutes:g} --width "
        f"{width:g} --repeats {repeats} --threads {chosen.threads} --device {device}"
    )
    record = Record(chosen.epochs, chosen.minutes, command, device)
    for products in PRECISIONS:
        record.add("exact", products, exactness(max(width / 4, 1 / 64), device, products))
    for products in PRECISIONS:
        if not record.over():
            record.add("steps", products, steps(width, device, products, repeats, record.over))
    task = random_task(width, device, 500, 1000)
    for products in PRECISIONS:
        methods(task, products, repeats, record)
