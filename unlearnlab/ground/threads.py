"""One thread for small models: on them a second gains a little on an idle machine and costs a
multiple on a busy one.

The sine network on two cores: 100 epochs of MinNorm-OG take 0.9 of the one-thread time when both
cores are free, and 3 to 4 times it when another program keeps one of them busy, because threads
that share every small product wait for each other.
"""

import threading
from contextlib import contextmanager, nullcontext

import torch
from torch import nn

SMALL_MODEL = 1_000_000


_before = []  # of those inside, in threads of the program: the number before each
_lock = threading.Lock()


@contextmanager
def one_thread():
    """Inside, torch uses one thread. It keeps this number per thread of the program, and a new
    thread begins with the one that was set last in any. So each caller restores its own; only, a
    thread that may have begun inside, if it is the last, what was before the first."""
    with _lock:
        before = torch.get_num_threads()
        _before.append(before)
        torch.set_num_threads(1)
    try:
        yield
    finally:
        with _lock:
            first = _before.pop()
            own = _before or threading.current_thread() is threading.main_thread()
            torch.set_num_threads(before if own else first)


def few_threads(model: nn.Module):
    """Inside, torch uses one thread if `model` is on the CPU and has at most a million
    parameters."""
    parameters = list(model.parameters())
    small = sum(p.numel() for p in parameters) <= SMALL_MODEL
    on_cpu = all(p.device.type == "cpu" for p in parameters)
    return one_thread() if small and on_cpu else nullcontext()
