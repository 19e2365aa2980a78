"""How does one seed become many? And how do numbers not follow from what torch's defaults are?"""

import argparse
import re
import threading
from collections import defaultdict
from contextlib import ExitStack, contextmanager, nullcontext

import numpy as np
import torch

from . import checks

# torch and Python have one global generator each, and labs run in threads: held by whoever seeds
# one or sets its state.
GLOBAL_GENERATORS = threading.RLock()
# By name, of those inside `put_back`, in threads: how it was before each.
_before = defaultdict(list)


@contextmanager
def put_back(shared):
    """Inside, what all threads share may be changed, such as a generator; afterwards it is as
    before. Of those that overlap in threads the last to end puts back what was before the first.

    shared: by name, what gives its state, a new object each time, and what sets it.
    """
    with GLOBAL_GENERATORS:
        own = {name: look() for name, (look, _) in shared.items()}
        for name, state in own.items():
            _before[name].append(state)
    try:
        yield
    finally:
        with GLOBAL_GENERATORS, ExitStack() as puts:  # all of them, where one fails
            for name, (_, put) in shared.items():
                last = _before[name].pop()
                if last is own[name] or not _before[name]:
                    puts.callback(put, last)


def derived(*parts: int) -> int:
    """A seed of 63 bits that follows from all `parts`, integers of at least 0, in their order.

    Different parts below 2^32 give independent numbers, which sums such as seed + epoch do not;
    only, zeros at the end count for nothing: (1,) and (1, 0) give the same. A larger part counts as
    two: (2^32,) and (0, 1) give the same.
    """
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0] >> np.uint64(1))


def generator(*parts: int) -> torch.Generator:
    """A generator on the CPU, seeded by `derived(*parts)`."""
    return torch.Generator().manual_seed(derived(*parts))


def started(seed: int, i: int) -> int:
    """The seed of training number i < 1,000 of a task. Raises ValueError for a seed beyond which
    there is none."""
    if checks.seed(seed) > 9 * 10**15:
        raise ValueError(f"seed must be at most 9 * 10^15, got {seed}")
    return 1_000 * seed + i


def from_seed(seed: int) -> torch.Generator:
    """A generator on the CPU with this seed itself. Raises ValueError that names it."""
    return torch.Generator().manual_seed(checks.seed(seed))


def shuffled(count: int, generator: torch.Generator) -> torch.Tensor:
    """0, ..., count - 1 in random order, on the CPU."""
    return torch.randperm(count, generator=generator, device="cpu")


def members(labels: torch.Tensor, label: int, generator: torch.Generator) -> torch.Tensor:
    """The positions of a class in `labels`, (n,), on the CPU, in random order."""
    places = (labels == label).nonzero().flatten()
    return places[shuffled(len(places), generator)]


def uniform(*shape: int, generator: torch.Generator) -> torch.Tensor:
    """Numbers in [0, 1), float32 on the CPU."""
    return torch.rand(shape, generator=generator, dtype=torch.float32, device="cpu")


@contextmanager
def on_cpu():
    """Inside, a new tensor is on the CPU unless its maker says otherwise, whatever the reader has
    set as torch's default device."""
    usual = torch.get_default_device().type == "cpu"
    with nullcontext() if usual else torch.device("cpu"):
        yield


def named(text: str) -> tuple[int, ...]:
    """(1, 2, 3) for "1-3", (3, 7) for "3,7": how a command line names seeds.

    Raises ArgumentTypeError for anything else.
    """
    if not re.fullmatch(r"\d+(-\d+)?(,\d+(-\d+)?)*", text):
        raise argparse.ArgumentTypeError(f"must look like 1-5 or 3,7, got {text!r}")
    seeds = {}
    for part in text.split(","):
        first, _, last = part.partition("-")
        seeds |= dict.fromkeys(range(int(first), int(last or first) + 1))
        if int(last or first) < int(first):
            raise argparse.ArgumentTypeError(f"holds an empty range: {part}")
    return tuple(seeds)
