"""An update that is recorded once and then replayed: on a GPU one launch in place of a thousand.

A ResNet-18 at batches of 256 waits for Python, which launches every kernel by itself, for half of
its time on an H200 (2.6 s an epoch of 51,000 images in bfloat16, 1.02 s as a CUDA graph:
benchmarks/training-h200.jsonl).
"""

import random
import threading
import warnings
from collections.abc import Callable
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn

from ..ground.models import HOOKS, device_of

# Updates made in the ordinary way before one is recorded: libraries set up what they keep
WARM_UP = 3
ONE_AT_A_TIME = threading.Lock()  # CUDA's rule for recordings in a process


def cuda_graph(run: Callable[[], torch.Tensor]) -> Callable[[], torch.Tensor]:
    """Records what `run` asks of the GPU, without doing it. What it returns does it, each time."""
    graph, stream = torch.cuda.CUDAGraph(), torch.cuda.current_stream()
    generator = torch.cuda.default_generators[torch.cuda.current_device()]
    before = generator.clone_state()
    # thread_local: what another thread asks of the GPU meanwhile, a lab's drawing, is no error
    try:
        with (
            ONE_AT_A_TIME,
            torch.cuda.graph(graph, stream=stream, capture_error_mode="thread_local"),
        ):
            output = run()
    except Exception:
        generator.graphsafe_set_state(before)  # the other still waits for the recording's end
        raise

    def replay():
        with ONE_AT_A_TIME:  # a generator of an older torch would take it for part of a recording
            graph.replay()
        return output

    return replay


RECORDERS = {"cuda": cuda_graph}  # by the type of a device; on another every update is made anew


def recorded(update: Callable, model: nn.Module, size: int) -> Callable:
    """`update`, or the same recorded, where the model's device and the model allow.

    update(*batch): one update of `model`, from tensors; returns a tensor. It
    must leave nothing on the host that a next one needs. size: of the batches that are recorded.
    The result of a replayed update is overwritten by the next.
    """
    device = device_of(model)
    if device.type not in RECORDERS:
        return update
    if any(getattr(module, kind) for module in model.modules() for kind in HOOKS):
        return update  # a replay would not call them
    return _Recorded(update, model, size, device)


class _Recorded:
    def __init__(self, update, model, size, device):
        self.update, self.model, self.size = update, model, size
        self.record = RECORDERS[device.type]
        self.stream = torch.cuda.Stream(device) if device.type == "cuda" else None
        self.given_up, self.made, self.replay, self.buffers = False, 0, None, ()

    def __call__(self, *batch):
        with _aside(self.stream):
            if self.given_up or len(batch[0]) != self.size:
                return self.update(*batch)
            if self.replay is None:
                return self._not_yet(batch)
            for buffer, t in zip(self.buffers, batch):
                buffer.copy_(t)
            return self.replay()

    def _not_yet(self, batch):
        """One of the first updates, all of them real ones; the last of them is then recorded."""
        before, held = _coins(), _held(self.model)
        losses = self.update(*batch)
        self.made += 1
        if self.made < WARM_UP:
            return losses
        self.buffers = [t.clone() for t in batch]
        try:
            if _coins() != before:
                raise RuntimeError("the network draws random numbers on the CPU")
            if any(a is not b for a, b in zip(held, _held(self.model), strict=True)):
                raise RuntimeError("the network counts, or puts another tensor in a buffer's place")
            self.replay = self.record(lambda: self.update(*self.buffers))
        except Exception as error:
            self.given_up, self.buffers = True, ()
            reason = str(error).strip().partition("\n")[0]
            warnings.warn(
                f"The updates of this training cannot be recorded as a CUDA graph ({reason}): "
                "they are made one by one, at about half the speed.",
                stacklevel=2,
            )
        return losses


@contextmanager
def _aside(stream):
    """Inside, a GPU works on `stream`, after what it was asked before and before what comes.

    Work on the default stream cannot be recorded, and what is recorded must not depend on any.
    """
    if stream is None:
        yield
        return
    stream.wait_stream(torch.cuda.current_stream(stream.device))
    try:
        with torch.cuda.stream(stream):
            yield
    finally:
        torch.cuda.current_stream(stream.device).wait_stream(stream)


def _held(model):
    """The tensors in its buffers' places, and its numbers: a replay would put no others there."""
    modules = [*model.modules()]
    numbers = [v for m in modules for v in vars(m).values() if isinstance(v, (int, float))]
    return [t for m in modules for t in m._buffers.values()] + numbers


def _coins():
    """The state of what draws random numbers on the CPU: a replay would know only one result."""
    kind, keys, *rest = np.random.get_state()
    return random.getstate(), torch.get_rng_state().tolist(), keys.tolist(), rest
