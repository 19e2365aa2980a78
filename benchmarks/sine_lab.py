"""How long does a reader wait from letting a slider go to the new picture of SineLab, at T = 100?

    python benchmarks/sine_lab.py [--repeats 20]

Measured in the kernel's process: from the new slider value to the last frame in the Image widget. The browser adds the
transfer of a picture of about 50 kB. The parts are measured on their own beside it.
"""
import argparse
import statistics
import time

import unlearnlab as ul


def seconds(work, repeats):
    """Median, least and most of `repeats` calls, after one that warms up."""
    work(0)
    taken = []
    for i in range(repeats):
        began = time.perf_counter()
        work(i + 1)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken), min(taken), max(taken)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=20)
    repeats = parser.parse_args().repeats
    lab = ul.widgets.SineLab(seed=1, epochs=100)

    def slide(i):
        lab.hyperparameters["reg"].value = .1 + .01 * (i % 2)
        lab.wait()

    def another_seed(i):
        lab.seed.value = 1 + (i + 1) % 2
        lab.wait()

    works = {"slider of a hyperparameter": slide, "slider of the seed": another_seed,
             "  the unlearning alone": lambda i: ul.unlearn(lab.task, lab.method, 100),
             "  one frame alone": lambda i: lab.canvas.draw()}
    for name, work in works.items():
        print("{:28s} median {:.3f} s  ({:.3f} to {:.3f})".format(name, *seconds(work, repeats)))


if __name__ == "__main__":
    main()
