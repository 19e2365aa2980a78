"""One thread for small models: on them a second gains a little on an idle machine and costs a multiple on a busy one.

The sine network on two cores: 100 epochs of MinNorm-OG take 0.9 of the one-thread time when both cores are free, and 3
to 4 times it when another program keeps one of them busy, because threads that share every small product wait for each
other.
"""
import threading
from contextlib import contextmanager

import torch
from torch import nn

SMALL_MODEL = 1_000_000
_lock, _inside, _before = threading.Lock(), 0, 1


@contextmanager
def few_threads(model: nn.Module):
    """Inside, torch uses one thread if `model` is on the CPU and has at most a million parameters. May be nested and
    used from several threads: the last to leave restores the number that the first one found."""
    global _inside, _before
    parameters = list(model.parameters())
    if sum(p.numel() for p in parameters) > SMALL_MODEL or any(p.device.type != "cpu" for p in parameters):
        yield
        return
    with _lock:
        if _inside == 0:
            _before = torch.get_num_threads()
        _inside += 1
        torch.set_num_threads(1)
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                torch.set_num_threads(_before)
