"""How long does a reader wait for a lab to be there, and from letting a slider go to the new
picture?

    python benchmarks/labs.py [--repeats 20] [--labs SineLab SpanLab]

Measured in the kernel's process: from the new slider value to the last frame in the Image widget.
The browser adds the transfer of a picture of about 50 kB. SineLab unlearns at T = 100. What it does
and the unlearning alone are measured in turns, so that a busy machine slows both, by the clock and
by the processor time of this process; the last line is the ratio of the medians.
"""

import argparse
import time

import numpy as np

import unlearnlab as ul
from unlearnlab.chapters import (
    ch02_relaxed,
    ch04_sine,
    ch05_linear,
    ch06_linear_network,
    ch07_two_layer,
)


def seconds(works, repeats):
    """Seconds by the clock, and of the processor, (2, repeats), of every one of `works`, in turns,
    after a call of each that warms up."""
    taken = {what: [] for what in works}
    for i in range(repeats + 1):
        for what, work in works.items():
            began = time.perf_counter(), time.process_time()
            work(i)
            ended = time.perf_counter(), time.process_time()
            taken[what].append(np.subtract(ended, began))
    return {what: np.transpose(each[1:]) for what, each in taken.items()}


def slide(lab, name, *values):
    """Moves a slider of the lab to the next of `values`, and makes sure that it drew."""

    def work(i):
        before = lab.canvas.widget.value
        getattr(lab, name).value = values[i % len(values)]
        assert lab.canvas.widget.value != before, f"{type(lab).__name__} did not draw"

    return work


def sine_lab():
    lab = ch04_sine.SineLab(seed=1, epochs=100)

    def slide(i):
        lab.hyperparameters["reg"].value = 0.1 + 0.01 * (i % 2)
        lab.wait()

    def another_seed(i):
        lab.seed.value = 1 + (i + 1) % 2
        lab.wait()

    return {
        "a hyperparameter": slide,
        "the seed": another_seed,
        "the unlearning alone": lambda i: ul.unlearn(lab.task, lab.method, 100),
        "a frame alone": lambda i: lab.canvas.draw(),
    }


def span_lab():
    return {"off": slide(ch02_relaxed.SpanLab(), "off", 0.2, 0.5, 0.9)}


def linear_lab():
    return {"azimuth": slide(ch05_linear.LinearLab(), "azimuth", -100, 0, 50)}


def linear_network_lab():
    lab = ch06_linear_network.LinearNetworkLab()
    lab.width.value = 12
    return {"depth": slide(lab, "depth", 6, 5, 4)}


def prune_lab():
    return {"h": slide(ch07_two_layer.PruneLab(), "h", 50, 90, 140)}


LABS = {
    "SineLab": sine_lab,
    "SpanLab": span_lab,
    "LinearLab": linear_lab,
    "LinearNetworkLab": linear_network_lab,
    "PruneLab": prune_lab,
}


CLASSES = {
    "SineLab": ch04_sine.SineLab,
    "SpanLab": ch02_relaxed.SpanLab,
    "LinearLab": ch05_linear.LinearLab,
    "LinearNetworkLab": ch06_linear_network.LinearNetworkLab,
    "PruneLab": ch07_two_layer.PruneLab,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--labs", nargs="+", choices=list(LABS), default=list(LABS))
    chosen = parser.parse_args()
    for name in chosen.labs:
        made = CLASSES[name]
        works = {"ready": lambda i, made=made: made(), **LABS[name]()}
        taken = seconds(works, chosen.repeats)
        for what, (clock, processor) in taken.items():
            print(
                f"{name:17s} {what:21s} median {np.median(clock):.3f} s  ({clock.min():.3f} to "
                f"{clock.max():.3f}), processor {np.median(processor):.3f} s",
                flush=True,
            )
        if name == "SineLab":
            slider, alone = (
                np.median(taken[what], 1) for what in ("a hyperparameter", "the unlearning alone")
            )
            print(
                "slider to frame / unlearning alone: {:.2f}, processor {:.2f}".format(
                    *slider / alone
                )
            )


if __name__ == "__main__":
    main()
