"""How much memory does one piece of work need at its peak? Linux only: the kernel's own count of a
process that does nothing else."""

from multiprocessing import get_context
from pathlib import Path

import torch


def peak_extra(make, arguments, work):
    """Peak resident memory of work(*make(*arguments)) in a fresh process, above what `make` left
    there, in MB; NaN if it died.

    make and work must be importable by name: the process is spawned. A forked one would reuse
    memory its parent has freed, and seem to need less.
    """
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_once, args=(theirs, make, arguments, work))
    process.start()
    theirs.close()  # so that a child that dies ends the wait
    try:
        return ours.recv()
    except EOFError:
        return float("nan")
    finally:
        process.join()


def _once(pipe, make, arguments, work):
    torch.set_num_threads(1)
    things = make(*arguments)
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from here
    before = _kilobytes("VmRSS")
    work(*things)
    pipe.send((_kilobytes("VmHWM") - before) / 1024)


def _kilobytes(name):
    return next(
        int(line.split()[1])
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith(name)
    )
