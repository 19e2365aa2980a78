"""Train an image model by minibatches: resumable after every epoch, the same result however often interrupted.

Images stay on the model's device as uint8; a batch is gathered, augmented and normalised there, without worker processes.
"""
import json
import math
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from . import checkpoints
from .recipes import Recipe
from .ground.threads import few_threads
from .training import Stopped

VERSION = "1"      # of this file's arithmetic: counts as part of what a trained model is
SAVE_SECONDS = 10  # at most so often is the state written; a stop or an error writes it too


def fit(model: nn.Module, inputs: torch.Tensor, targets: torch.Tensor, recipe: Recipe, *, seed: int = 0,
        weights: torch.Tensor | None = None, checkpoint: Path | None = None,
        progress: Callable[[int, float], None] | None = None, stop: threading.Event | None = None) -> float:
    """SGD on the cross-entropy, summed over heads, in place; returns the last epoch's mean loss.

    inputs: (n, 3, h, w) uint8. targets: (n,), or (n, heads) for a model that returns a tuple. weights: (n,), factors on
    the samples' losses, of which a batch's loss is the mean (None: all 1). All on the model's device. Which samples meet in
    a batch, and how they are augmented, follows from `seed` and the epoch alone.

    With a `checkpoint` path the weights and the momentum after the last finished epoch are kept there, and a later call
    with the same recipe, seed and data goes on from there, to the bit; a file that is damaged or of another training is
    named in a warning and training starts over. progress(epochs done, the epoch's mean loss) after every epoch. stop: set
    it to end within one batch by `Stopped`.

    Raises TypeError for inputs that are not uint8, ValueError for shapes that do not fit or wrong weights, PermissionError
    for a checkpoint folder that cannot be written, Stopped, and ArithmeticError when the loss is no longer finite.
    """
    _check(model, inputs, targets, weights)
    if checkpoint is not None:
        checkpoints.check_writable(checkpoint)
    fast = recipe.precision == "bfloat16" and inputs.device.type == "cuda"
    if fast:
        model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(model.parameters(), lr=recipe.lr, momentum=recipe.momentum, weight_decay=recipe.weight_decay,
                                fused=True)
    for p in model.parameters():  # now: fused SGD fails on a parameter whose first gradient comes later than others'
        optimizer.state[p]["momentum_buffer"] = torch.zeros_like(p)
    saved = _Saved(checkpoint, model, optimizer, identity(model, inputs, targets, weights, recipe, seed))
    cast = (lambda: torch.autocast("cuda", torch.bfloat16)) if fast else nullcontext
    with few_threads(model), torch.enable_grad():
        done, value = saved.restore()
        model.train()
        try:
            while done < recipe.epochs:
                value = _epoch(model, optimizer, (inputs, targets, weights), recipe, done, seed, cast, stop)
                done += 1
                saved.keep(done, value, last=done == recipe.epochs)
                if progress is not None:
                    progress(done, value)
        except BaseException:
            saved.write()
            raise
    if fast:
        model.to(memory_format=torch.contiguous_format)
    optimizer.zero_grad()
    model.eval()
    return value


def identity(model: nn.Module, inputs: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor | None, recipe: Recipe,
             seed: int) -> dict[str, str]:
    """Everything a training's result follows from, apart from the device: as facts of its checkpoint."""
    data = {"inputs": inputs, "targets": targets} | ({} if weights is None else {"weights": weights})
    return {"recipe": json.dumps(recipe.facts(), sort_keys=True), "seed": str(seed), "data": checkpoints.digest(data),
            "start": checkpoints.digest(model.state_dict()), "version": VERSION}


def sample_losses(outputs, targets: torch.Tensor) -> torch.Tensor:
    """(n,): the cross-entropy of every sample, summed over the heads that `outputs`, (n, classes) or a tuple, has."""
    if isinstance(outputs, (tuple, list)):
        if targets.ndim != 2 or targets.shape[1] < len(outputs):
            raise ValueError(f"a model with {len(outputs)} heads needs targets (n, {len(outputs)}), got {tuple(targets.shape)}")
        return sum(F.cross_entropy(head, targets[:, i], reduction="none") for i, head in enumerate(outputs))
    return F.cross_entropy(outputs, targets, reduction="none")


def _epoch(model, optimizer, data, recipe, epoch, seed, cast, stop):
    for group in optimizer.param_groups:
        group["lr"] = recipe.lr_in(epoch)
    draw = np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0] >> np.uint64(1)
    generator = torch.Generator().manual_seed(int(draw))
    inputs, targets, weights = data
    order, total = torch.randperm(len(inputs), generator=generator).to(inputs.device), 0
    for chosen in _batches(order, recipe.batch_size):
        if stop is not None and stop.is_set():
            raise Stopped(f"stopped after {epoch} of {recipe.epochs} epochs")
        images = inputs[chosen] if recipe.augment == "none" else crop_and_flip(inputs[chosen], generator)
        optimizer.zero_grad()
        with cast():
            outputs = model(images)
            if epoch < recipe.first_head_epochs and isinstance(outputs, (tuple, list)):
                outputs = outputs[:1]
            losses = sample_losses(outputs, targets[chosen])
        losses = losses if weights is None else losses * weights[chosen]
        losses.mean().backward()
        optimizer.step()
        total = total + losses.detach().sum()
    value = float(total) / len(inputs)
    if not math.isfinite(value):
        raise ArithmeticError(f"the training loss became {value} in epoch {epoch + 1}: lr={recipe.lr_in(epoch):g} is too large")
    return value


def _batches(order, size):
    """Batches of `size`; a last one of a single sample, which batch norm cannot normalise, joins the one before."""
    batches = list(order.split(size))
    return batches if len(batches) == 1 or len(batches[-1]) > 1 else [*batches[:-2], torch.cat(batches[-2:])]


def crop_and_flip(pixels: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """A random square of .7 to 1 of each image's area, scaled back to its size, every second one mirrored: (n, c, h, w) uint8."""
    n = len(pixels)
    area, x, y, side = torch.rand(4, n, generator=generator).to(pixels.device)
    zoom = (.7 + .3 * area).sqrt()
    matrix = torch.zeros(n, 2, 3, device=pixels.device)
    matrix[:, 0, 0] = torch.where(side < .5, -zoom, zoom)
    matrix[:, 1, 1] = zoom
    matrix[:, 0, 2], matrix[:, 1, 2] = (2 * x - 1) * (1 - zoom), (2 * y - 1) * (1 - zoom)  # the crop stays inside the image
    grid = F.affine_grid(matrix, list(pixels.shape), align_corners=False)
    moved = F.grid_sample(pixels.float(), grid, mode="bilinear", padding_mode="border", align_corners=False)
    return moved.round().clamp(0, 255).to(torch.uint8)


class _Saved:
    """The state after the last finished epoch, in memory at once and on disk soon: weights, buffers and momentum."""

    def __init__(self, path, model, optimizer, facts):
        self.path, self.model, self.optimizer, self.facts = path, model, optimizer, facts
        self.kept, self.written = None, time.monotonic()

    def keep(self, done, value, last):
        if self.path is None:
            return
        tensors = {f"model.{name}": t.detach().clone() for name, t in self.model.state_dict().items()}
        tensors |= {f"momentum.{i}": buffer.clone() for i, buffer in enumerate(self._momentum())}
        self.kept = tensors, {**self.facts, "done": str(done), "loss": repr(value)}
        if last or time.monotonic() - self.written > SAVE_SECONDS:
            self.write()

    def write(self):
        if self.kept is not None:
            checkpoints.write(self.path, *self.kept)
            self.kept, self.written = None, time.monotonic()

    def restore(self):
        if self.path is None or not Path(self.path).exists():
            return 0, float("nan")
        try:
            tensors, found = checkpoints.read(self.path, self.facts)
        except checkpoints.BadCheckpoint as error:
            warnings.warn(f"{error}. Training starts from the first epoch.", stacklevel=3)
            return 0, float("nan")
        self.model.load_state_dict({name[6:]: t for name, t in tensors.items() if name.startswith("model.")})
        for i, buffer in enumerate(self._momentum()):
            buffer.copy_(tensors[f"momentum.{i}"])
        return int(found["done"]), float(found["loss"])

    def _momentum(self):
        return [self.optimizer.state[p]["momentum_buffer"] for p in self.model.parameters()]


def _check(model, inputs, targets, weights):
    n = len(inputs)
    if inputs.dtype != torch.uint8:
        raise TypeError(f"inputs must be uint8 pixels, got {inputs.dtype}")
    if inputs.ndim != 4 or n < 2:
        raise ValueError(f"inputs must have shape (n, 3, height, width) with n of at least 2, got {tuple(inputs.shape)}")
    if len(targets) != n or targets.ndim not in (1, 2):
        raise ValueError(f"targets must have shape ({n},) or ({n}, heads), got {tuple(targets.shape)}")
    device = next(model.parameters()).device
    for name, t in (("inputs", inputs), ("targets", targets), ("weights", weights)):
        if t is not None and t.device != device:
            raise ValueError(f"{name} are on {t.device}, the model is on {device}: move one of them")
    right = weights is None or weights.shape == (n,) and torch.isfinite(weights).all() and (weights >= 0).all() and (weights > 0).any()
    if not right:
        raise ValueError(f"weights must be ({n},) finite numbers, none negative and not all 0, got shape {tuple(weights.shape)}")
