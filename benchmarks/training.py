"""How long does an epoch of training take, recorded as a CUDA graph and update by update, and how
long an evaluation?

    python benchmarks/training.py --device cuda --minutes 2
    python benchmarks/training.py --width 0.03 --images 600 --test-images 100 --minutes 1   # a try

ResNet-18 with heads of 10 and 3 on random images of 32 x 32 in batches of 256, by the trainer of
the package: 51,000 images are the original of label erasure at the paper's size. One JSON line for
each measurement, written as soon as it is made; after `--minutes` the rest is left out, and named.

"epoch": seconds of single epochs after the first, which holds the recording. "difference": how far
20 recorded updates (and a short last one) end from 20 made one by one, as a share of each tensor's
largest number, and of the way that the parameters went; "again": how far two trainings made one by
one end from each other. "evaluation": the metrics of label erasure, test images in three colors;
how far they are from those in float32. "tint": the part of it that is no network. tf32 is torch's
default: convolutions alone.
"""

import argparse
import copy
import json
import statistics
import threading
import time
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch.nn.utils import parameters_to_vector
from torch.utils.data import TensorDataset

from unlearnlab.data.tint import tint
from unlearnlab.ground.provenance import provenance
from unlearnlab.networks import ResNet, predict, seeded
from unlearnlab.tasks import erasure
from unlearnlab.training import fit, graph
from unlearnlab.training.recipe import CIFAR10_ERASURE

PRECISIONS = ("bfloat16", "tf32", "float32")
WAYS = ("recorded", "one by one")
PATIENCE = 25  # seconds of one measurement of epochs


def random_images(count, device):
    """(pixels, targets of both heads)"""
    numbers = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (count, 3, 32, 32), dtype=torch.uint8, generator=numbers)
    targets = torch.stack([torch.arange(count) % 10, torch.arange(count) % 3], 1)
    return pixels.to(device), targets.to(device)


@contextmanager
def conditions(precision, way="recorded"):
    """Inside, float32 products have these digits, and updates are recorded or not."""
    kinds = torch.backends.cuda.matmul, torch.backends.cudnn.conv
    before, recorded = [kind.fp32_precision for kind in kinds], graph.recorded
    try:
        kinds[0].fp32_precision = "ieee"
        kinds[1].fp32_precision = "ieee" if precision == "float32" else "tf32"
        if way == "one by one":
            graph.recorded = lambda update, *_: update
        yield
    finally:
        graph.recorded = recorded
        for kind, own in zip(kinds, before):
            kind.fp32_precision = own


def recipe_in(precision, **changes):
    autocast = "bfloat16" if precision == "bfloat16" else "float32"
    return replace(CIFAR10_ERASURE, precision=autocast, milestones=(), **changes)


def spread(seconds):
    return {
        "median_seconds": statistics.median(seconds) if seconds else None,
        "least": min(seconds, default=None),
        "most": max(seconds, default=None),
        "runs": len(seconds),
    }


def wait(device):
    if device == "cuda":
        torch.cuda.synchronize()


def peak_of(device, work):
    """(what work() returns, MB that torch had allocated at most, above what it had before)"""
    if device != "cuda":
        return work(), None
    wait(device)
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    result = work()
    wait(device)
    return result, (torch.cuda.max_memory_allocated() - before) / 2**20


def epochs(build, data, precision, way, chosen):
    """Seconds of single epochs: at most `--epochs` after the first, and PATIENCE."""
    stop, times = threading.Event(), [time.perf_counter()]

    def report(done, loss):
        times.append(time.perf_counter())
        if times[-1] - times[0] > PATIENCE:
            stop.set()

    def work():
        try:
            recipe = recipe_in(precision, epochs=1 + chosen.epochs)
            fit.fit(build(), *data, recipe, progress=report, stop=stop)
        except fit.Stopped:
            pass

    with conditions(precision, way):
        _, peak = peak_of(chosen.device, work)
    first, *rest = [b - a for a, b in zip(times, times[1:])]
    return {"images": len(data[0]), "first_epoch": first, **spread(rest), "peak_extra_MB": peak}


def difference(build, data, precision):
    """How far trainings of one epoch, 20 whole batches and a short one, end from each other."""

    def trained(way):
        model = build()
        with conditions(precision, way):
            fit.fit(model, *data, recipe_in(precision, epochs=1, lr=2**-10))
        return model

    def far(one, two):
        pairs = zip(one.state_dict().values(), two.state_dict().values())
        shares = [float((a - b).abs().max() / b.abs().max().clamp(min=1e-30)) for a, b in pairs]
        ours, theirs, begun = (parameters_to_vector(m.parameters()) for m in (one, two, start))
        share = (ours - theirs).norm() / (theirs - begun).norm()
        return {"most": max(shares), "of_the_way": share.item()}

    start, recorded = build(), trained("recorded")
    made, again = trained("one by one"), trained("one by one")
    return {"recorded_from_one_by_one": far(recorded, made), "again": far(again, made)}


def evaluation(model, test, precision, size, reference, chosen):
    """Seconds of an evaluation in batches of `size`, and how far its metrics are from
    `reference`."""
    own = predict.at_once
    predict.at_once = lambda device: size
    try:
        with conditions(precision):
            words = "bfloat16" if precision == "bfloat16" else None
            metrics, peak = peak_of(
                chosen.device, lambda: erasure.evaluate(model, test, precision=words)
            )
            seconds = []
            for _ in range(chosen.repeats):
                began = time.perf_counter()
                erasure.evaluate(model, test, precision=words)
                seconds.append(time.perf_counter() - began)
    finally:
        predict.at_once = own
    away = {name: abs(value - reference[name]) for name, value in metrics.items()}
    return {**spread(seconds), "from_float32": away, "peak_extra_MB": peak}


def tinting(test, chosen):
    """Seconds of the three tints of the test images."""
    seconds = []
    for _ in range(1 + chosen.repeats):
        wait(chosen.device)
        began = time.perf_counter()
        for color in erasure.COLORS.values():
            tint(test.tensors[0], color)
        wait(chosen.device)
        seconds.append(time.perf_counter() - began)
    return spread(seconds[1:])


def measurements(chosen):
    """(words, a function that measures), the most wanted first."""
    build = lambda: seeded(lambda: ResNet(18, [10, 3], chosen.width), 0).to(chosen.device)
    data = random_images(chosen.images, chosen.device)
    some = [t[: min(20 * 256 + 56, chosen.images)] for t in data]
    pixels, targets = random_images(chosen.test_images, chosen.device)
    test = TensorDataset(pixels, targets[:, 0].contiguous())
    model = build()
    with torch.no_grad():
        model.train()(pixels[:256])  # running statistics of its own
    with conditions("float32"):
        reference = erasure.evaluate(model, test)

    for way in WAYS:
        words = {"what": "epoch", "precision": "bfloat16", "way": way}
        yield words, lambda way=way: epochs(build, data, "bfloat16", way, chosen)
    for precision in PRECISIONS:
        words = {"what": "difference", "precision": precision}
        yield words, lambda precision=precision: difference(build, some, precision)
    yield {"what": "tint"}, lambda: tinting(test, chosen)
    for size in (2048, 512, 4096):
        for precision in PRECISIONS:
            words = {"what": "evaluation", "precision": precision, "batch": size}
            words["images"] = 3 * chosen.test_images
            how = precision, size, reference, chosen
            yield words, lambda how=how: evaluation(copy.deepcopy(model), test, *how)
    for precision in PRECISIONS[1:]:
        for way in WAYS:
            words = {"what": "epoch", "precision": precision, "way": way}
            how = precision, way, chosen
            yield words, lambda how=how: epochs(build, data, *how)


def main():
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--width", type=float, default=1.0)
    parser.add_argument("--images", type=int, default=51_000)
    parser.add_argument("--test-images", type=int, default=10_000)
    parser.add_argument("--epochs", type=int, default=4, help="that are timed, after a first")
    parser.add_argument("--repeats", type=int, default=5, help="of an evaluation")
    parser.add_argument("--threads", type=int, default=1)
    chosen = parser.parse_args()
    ends = time.monotonic() + 60 * chosen.minutes
    torch.set_num_threads(chosen.threads)
    say = lambda line: print(json.dumps(line), flush=True)
    given = " ".join(f"--{name.replace('_', '-')} {value}" for name, value in vars(chosen).items())
    say(provenance(f"python benchmarks/training.py {given}", chosen.device))
    left_out = []
    for words, measure in measurements(chosen):
        if time.monotonic() > ends:
            left_out.append(words)
            continue
        try:
            say({**words, **measure()})
        except Exception as error:  # the others are measured all the same
            say({**words, "error": f"{type(error).__name__}: {error}"[:300]})
    say({"what": "end", "left_out": left_out})


if __name__ == "__main__":
    main()
