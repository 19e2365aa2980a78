"""The trainer: full batch or minibatches, resumable, the same result however often it is
interrupted.

Images stay on the model's device as uint8; a batch is gathered, augmented and normalised there,
without worker processes. On a GPU an update is recorded once and replayed, and nothing but an
epoch's order, its crops and its loss passes between the two.
"""

import json
import math
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict
from functools import lru_cache, partial
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..ground import checks, files, optim, seeds
from ..ground.identity import fingerprint
from ..ground.models import device_of, logits
from ..ground.modes import kept_modes
from ..ground.origin import PACKAGE
from ..ground.points import IGNORED
from ..ground.source import IMPORTED
from ..ground.stopping import Stopped, heeding
from ..ground.threads import few_threads
from . import checkpoint as checkpoints
from . import graph
from .recipe import Recipe

VERSION = "1"  # of this file's arithmetic: counts as part of what a trained model is
SAVE_SECONDS = 10  # at most so often is the state written; a stop or an error writes it too
FULL_BATCH_ROUND = 100  # epochs of one update each between two reports


def fit(
    model: nn.Module,
    inputs: Tensor,
    targets: Tensor,
    recipe: Recipe,
    *,
    seed: int = 0,
    weights: Tensor | None = None,
    checkpoint: Path | None = None,
    progress: Callable[[int, float], None] | None = None,
    stop: threading.Event | None = None,
) -> float:
    """Trains `model` in place and leaves it in evaluation mode; returns the last epoch's mean loss.

    Args:
        inputs: (n, ...); for the cross-entropy (n, 3, h, w) uint8, or (n, length) int64 tokens.
            All data on the model's device.
        targets: (n,), or (n, heads) for a model that returns a tuple; (n, length) for tokens; for
            the squared error of the outputs' shape.
        seed: from it and the epoch follows which samples meet in a batch, and their augmentation.
        weights: (n,), factors on the samples' losses, of which a batch's loss is the mean.
        checkpoint: a file for what was done so far. A later call with the same network, recipe,
            seed and data goes on from there, on a CPU to the bit (dropout's draws apart, and what
            a module keeps beside parameters and buffers). A warning names a file that is damaged or
            of something else, which is renamed, and training starts over; or cannot be written.
        progress: called with (epochs done, loss), after every epoch, or every 100 of a full batch.
        stop: set it to end within a layer, or on a GPU an update, by `Stopped`.

    Raises TypeError or ValueError for what does not fit, PermissionError for a checkpoint folder
    that cannot be written, Stopped, and ArithmeticError when the loss is no longer finite.
    """
    checks.hearers(progress, stop)
    seed = checks.seed(seed)
    _check(model, inputs, targets, weights, recipe)
    if _fast(recipe, inputs):
        model.to(memory_format=torch.channels_last)
    optimizer = _optimizer(model, recipe)
    data = {"inputs": inputs, "targets": targets, "weights": weights}
    saved = _Saved(checkpoint, model, optimizer, partial(_identity, model, data, recipe, seed))
    one, size = partial(_update, model, optimizer, recipe), recipe.batch_size or len(inputs)
    update = lru_cache(1)(lambda first_head: graph.recorded(partial(one, first_head), model, size))
    heeded = None if device_of(model).type in graph.RECORDERS else stop  # a replay calls no hook
    with few_threads(model), torch.enable_grad(), heeding(heeded, model, "in a training"):
        how = data.values(), recipe, seed, stop or threading.Event()
        value = _rounds(model, recipe, partial(_epoch, update, optimizer, *how), saved, progress)
    if _fast(recipe, inputs):
        model.to(memory_format=torch.contiguous_format)
    optimizer.zero_grad()
    return value


def _fast(recipe, inputs):
    return recipe.precision == "bfloat16" and inputs.device.type == "cuda"


def _rounds(model, recipe, train_epoch, saved, progress):
    """From where the file stands to the end: epochs in training mode, and after each round of them
    a report."""
    size = FULL_BATCH_ROUND if recipe.batch_size is None else 1
    done, value = saved.restore()
    model.train()
    try:
        while done < recipe.epochs:
            last = min(done + size, recipe.epochs)
            for epoch in range(done, last):
                value = train_epoch(epoch)
            done = last
            saved.keep(done, value)
            if progress is not None:
                progress(done, value)
    finally:
        saved.write()
    model.eval()
    return value


def _identity(model, data, recipe, seed):
    """All that a training's result follows from: facts of its checkpoint."""
    checkpoints.held(model)
    # classes of this package go by name in a fingerprint: an edit of theirs is seen in their file
    kinds = {kind for m in model.modules() for kind in type(m).__mro__}
    own = sorted({kind.__module__ for kind in kinds if kind.__module__.split(".")[0] == PACKAGE})
    sources = [IMPORTED.get(f"{name.partition('.')[2].replace('.', '/')}.py") for name in own]
    return {
        "recipe": json.dumps(asdict(recipe), sort_keys=True),
        "seed": str(seed),
        "data": checkpoints.digest(data),
        "network": fingerprint(model, sources),
        "version": VERSION,
    }


def sample_losses(
    outputs, targets: Tensor, loss: str = "cross-entropy", reduction: str = "none"
) -> Tensor:
    """The losses of every sample, or with reduction "mean" what is trained on.

    loss "cross-entropy": (n,), summed over the heads that `outputs`, (n, classes) or a tuple, has.
    What names its parts has them in its "logits".
    Of sequences, outputs (n, length, classes) and targets (n, length), the mean over the positions
    that are not IGNORED: over a sample's own, or with reduction "mean" over the whole batch's.
    "squared error": of the outputs' shape; of a tuple of them, side by side. Raises ValueError for
    targets of another shape, which torch would broadcast.
    """
    outputs = logits(outputs)
    several = isinstance(outputs, (tuple, list))
    if loss == "squared error":
        if several:
            outputs = torch.cat([head.reshape(len(head), -1) for head in outputs], 1)
        if outputs.shape != targets.shape:
            raise ValueError(
                f"the model returns {tuple(outputs.shape)} for targets of shape "
                f"{tuple(targets.shape)}: they must have the same shape"
            )
        return F.mse_loss(outputs, targets, reduction=reduction)
    if not several:
        losses = _entropy(outputs.movedim(-1, 1), targets, reduction)
        if losses.ndim < 2:
            return losses
        return losses.sum(1) / (targets != IGNORED).sum(1).clamp(min=1)
    if targets.ndim != 2 or targets.shape[1] != len(outputs):
        raise ValueError(
            f"a model with {len(outputs)} heads needs targets (n, {len(outputs)}), "
            f"got {tuple(targets.shape)}"
        )
    each = zip(outputs, targets.unbind(1))
    return sum(_entropy(head, labels, reduction) for head, labels in each)


def _entropy(outputs, labels, reduction):
    try:
        return F.cross_entropy(outputs, labels, reduction=reduction)
    except IndexError as error:  # which says no more than "Target 8 is out of bounds."
        classes = outputs.shape[1]
        raise ValueError(f"targets must be class numbers below {classes}: {error}") from None


def crop_and_flip(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """A random square of .7 to 1 of each image's area, scaled back to its size, every second one
    mirrored: (n, c, h, w) uint8."""
    # from pinned memory: nobody waits for the copy
    numbers = seeds.uniform(4, len(pixels), generator=generator)
    numbers = numbers.pin_memory() if pixels.is_cuda else numbers
    area, x, y, side = numbers.to(pixels.device, non_blocking=True)
    zoom = (0.7 + 0.3 * area).sqrt()
    flip, none, room = torch.where(side < 0.5, -zoom, zoom), torch.zeros_like(zoom), 1 - zoom
    # the crop stays inside the image
    entries = flip, none, (2 * x - 1) * room, none, zoom, (2 * y - 1) * room
    grid = F.affine_grid(
        torch.stack(entries, 1).view(-1, 2, 3), list(pixels.shape), align_corners=False
    )
    moved = F.grid_sample(
        pixels.float(), grid, mode="bilinear", padding_mode="border", align_corners=False
    )
    return moved.round().clamp(0, 255).to(torch.uint8)


def _optimizer(model, recipe):
    device = device_of(model)
    recorded = device.type in graph.RECORDERS
    # as a tensor, a recorded update reads the rate anew each time
    lr = torch.tensor(recipe.lr, device=device) if recorded else recipe.lr
    common = {"lr": lr, "weight_decay": recipe.weight_decay, "fused": True}
    if recipe.optimizer == "adamw":
        optimizer = optim.AdamW(model.parameters(), capturable=recorded, **common)
        # torch warns of the updates that come before the recording
        optimizer._warned_capturable_if_run_uncaptured = True
        return optimizer
    optimizer = optim.SGD(model.parameters(), momentum=recipe.momentum, **common)
    for p in model.parameters():
        # now: fused SGD fails where a parameter's first gradient comes later than others'
        optimizer.state[p]["momentum_buffer"] = torch.zeros_like(p)
    return optimizer


def _update(model, optimizer, recipe, first_head, inputs, targets, weights=None):
    """One update on a batch; the samples' losses."""
    optimizer.zero_grad()
    # every weight is cast once an update: a cache of them would only outlive a recording
    how = {"dtype": torch.bfloat16, "cache_enabled": False}
    with torch.autocast("cuda", **how) if _fast(recipe, inputs) else nullcontext():
        outputs = logits(model(inputs))
        if first_head and isinstance(outputs, (tuple, list)):
            outputs, targets = outputs[:1], targets[..., :1]
        losses = sample_losses(outputs, targets, recipe.loss)
    if weights is not None:
        losses = losses * weights.view(-1, *[1] * (losses.ndim - 1))
    losses.mean().backward()
    optimizer.step()
    return losses.detach()


def _epoch(update, optimizer, data, recipe, seed, stop, epoch):
    rate, generator = recipe.lr_in(epoch), seeds.generator(seed, epoch)
    for group in optimizer.param_groups:
        if isinstance(group["lr"], Tensor):
            group["lr"].fill_(rate)
        else:
            group["lr"] = rate
    inputs, *others = (t for t in data if t is not None)
    total, count, batches = 0, 0, [slice(None)]
    if recipe.batch_size is not None:  # each sample once
        order = seeds.shuffled(len(inputs), generator)
        batches = split(order.to(inputs.device), recipe.batch_size)
    for rows in batches:
        if stop.is_set():
            raise Stopped(f"stopped after {epoch} of {recipe.epochs} epochs")
        some = inputs[rows]
        if recipe.augment == "crop+flip":
            some = crop_and_flip(some, generator)
        made = update(epoch < recipe.first_head_epochs)
        losses = made(some, *(t[rows] for t in others))
        total, count = total + losses.sum(), count + losses.numel()
    value = float(total) / count
    if not math.isfinite(value):
        raise ArithmeticError(
            f"the training loss became {value} in epoch {epoch + 1}: lr={rate:g} is too large"
        )
    return value


def split(order: Tensor, size: int) -> list[Tensor]:
    """Batches of `size`; a last one of a single sample, which batch norm cannot normalise, joins
    the one before."""
    batches = list(order.split(size))
    if len(batches) == 1 or len(batches[-1]) > 1:
        return batches
    return [*batches[:-2], torch.cat(batches[-2:])]


class _Saved:
    """The state after the last finished round, in memory at once and on disk soon."""

    def __init__(self, path, model, optimizer, identity):
        self.path = path and Path(path).expanduser()
        self.model, self.optimizer = model, optimizer
        if path is not None:
            files.check_writable(path)
            with kept_modes([*model.modules()]):  # whatever mode it comes in
                model.train()
                self.facts = identity()
        self.kept, self.written = None, time.monotonic()

    def keep(self, done, value):
        if self.path is None:
            return
        held = checkpoints.held(self.model).items()
        tensors = {f"model.{name}": t.detach().clone() for name, t in held}
        for i, state in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{i}.{name}": t.clone() for name, t in state.items()}
        self.kept = tensors, {**self.facts, "done": str(done), "loss": repr(value)}
        if time.monotonic() - self.written > SAVE_SECONDS:
            self.write()

    def write(self):
        if self.kept is None:
            return
        self.written = time.monotonic()
        try:
            checkpoints.write(self.path, *self.kept)
            self.kept = None
        except OSError as error:  # what is trained is worth more than its file
            warnings.warn(f"{self.path} could not be written: {error}", stacklevel=3)

    def restore(self):
        """(epochs done, loss) of what the file holds, or (0, nan)."""
        if self.path is None or not self.path.exists():
            return 0, math.nan
        try:
            tensors, facts = checkpoints.read(self.path, self.facts)
        except checkpoints.BadCheckpoint as error:
            kept = files.set_aside(self.path).name
            warnings.warn(
                f"{error}. Training starts from the first epoch; the file is kept as {kept}.",
                stacklevel=3,
            )
            return 0, math.nan
        model, parameters = {}, list(self.model.parameters())
        for name, t in tensors.items():
            part, place = name.split(".", 1)
            if part == "model":
                model[place] = t
                continue
            i, key = place.split(".")
            p = parameters[int(i)]
            # but for the step laid out as the parameter, as fused updates ask
            own = t.to(p.device) if key == "step" else torch.empty_like(p).copy_(t)
            self.optimizer.state[p][key] = own
        checkpoints.put(self.model, model)
        return int(facts["done"]), float(facts["loss"])


def _check(model, inputs, targets, weights, recipe):
    n, classes = len(inputs), recipe.loss == "cross-entropy"
    images, like = classes and inputs.dtype != torch.int64, inputs if classes else targets
    if n == 0:
        raise ValueError("inputs is empty: there is nothing to train on")
    if images:
        checks.tensor("inputs", inputs, dtype=torch.uint8, shape=("n", 3, "height", "width"))
    elif recipe.augment == "crop+flip":
        words = 'of a recipe with augment="crop+flip"'
        checks.tensor(f"inputs {words}", inputs, dtype=torch.uint8, shape=("n", "c", "h", "w"))
    shape = (n, "heads")[: targets.ndim] if images else (n, *like.shape[1:])
    checks.tensor("targets", targets, shape=shape)
    if classes:
        counted = targets if images else targets[targets != IGNORED]
        if targets.dtype not in (torch.int64, torch.uint8) or (counted < 0).any():
            got = f"{targets.dtype} from {counted.min()} on"
            raise ValueError(f"targets must be class numbers from 0 on, int64, got {got}")
    device = device_of(model)
    for name, t in (("inputs", inputs), ("targets", targets), ("weights", weights)):
        if t is not None and t.device != device:
            raise ValueError(
                f"{name} are on {t.device}, the model is on {device}: move one of them"
            )
    if weights is not None:
        checks.floats("weights", weights, shape=(n,))
        if not (weights >= 0).all() or not weights.any():
            raise ValueError("weights must not be negative, nor all 0")
