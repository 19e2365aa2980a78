"""Where do the trained models of an image task come from: shipped, kept from an earlier run, or made now?

A file's name ends in a hash of everything the model follows from, so a model of other data, another recipe or another
network is never taken for the one that is asked for; it is simply another file.
"""
import argparse
import hashlib
import json
import os
import re
import sys
import time
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from torch import nn
from tqdm import tqdm

from .. import checkpoints, sgd
from ..models import seeded
from ..provenance import provenance
from ..recipes import Recipe

SHIPPED = Path(__file__).parent / "originals"
SHIPPED_SEEDS = range(1, 6)


@dataclass(frozen=True)
class Stage:
    """One stretch of training: inputs (n, 3, h, w) uint8, targets (n,) or (n, heads), weights (n,) or None, and its recipe."""

    inputs: torch.Tensor
    targets: torch.Tensor
    recipe: Recipe
    weights: torch.Tensor | None = None


@dataclass(frozen=True)
class Training:
    """One model that can be had: `build` makes it untrained, `seed` draws its start and its batches, `stages` train it."""

    name: str
    build: Callable[[], nn.Module]
    seed: int
    stages: tuple[Stage, ...]

    @cached_property  # digests of 150 MB of pixels at full size
    def identity(self) -> dict[str, str]:
        """All that the trained model follows from, the device and torch's version apart."""
        data = [checkpoints.digest({"inputs": s.inputs, "targets": s.targets} | ({} if s.weights is None else {"weights": s.weights}))
                for s in self.stages]
        return {"network": str(self._untrained(0)), "seed": str(self.seed), "data": json.dumps(data), "version": sgd.VERSION,
                "recipes": json.dumps([s.recipe.facts() for s in self.stages], sort_keys=True)}

    def file(self) -> str:
        """name-hash.safetensors"""
        text = json.dumps(self.identity, sort_keys=True)
        return f"{self.name}-{hashlib.sha256(text.encode()).hexdigest()[:8]}.safetensors"

    def load(self, path: Path) -> tuple[nn.Module, dict[str, str]]:
        """(model in evaluation mode on the data's device, facts). Raises FileNotFoundError, or BadCheckpoint by name."""
        tensors, facts = checkpoints.read(path, self.identity)
        model = self._untrained(0)
        try:
            model.load_state_dict(tensors)
        except RuntimeError as error:
            raise checkpoints.BadCheckpoint(f"{path.name} does not hold this network: {error}") from error
        return model.to(self.stages[0].inputs.device).eval(), facts

    def make(self, path: Path, measure: Callable[[nn.Module], dict[str, float]], made: dict[str, str],
             progress: Callable[[int, float], None] | None = None, stop=None) -> None:
        """Trains and writes the model, with its provenance `made` and what `measure` says of it. An interrupted training goes on
        from its last epochs. progress(epochs done over all stages, loss)."""
        model, began, before, partials = self._untrained(self.seed).to(self.stages[0].inputs.device), time.perf_counter(), 0, []
        for i, stage in enumerate(self.stages):
            partials.append(path.with_name(f"{path.name}.{i}.partial"))
            report = progress and (lambda done, loss, before=before: progress(before + done, loss))
            loss = sgd.fit(model, stage.inputs, stage.targets, stage.recipe, seed=self.seed + i, weights=stage.weights,
                           checkpoint=partials[-1], progress=report, stop=stop)
            before += stage.recipe.epochs
        numbers = {"final_loss": loss, "seconds": time.perf_counter() - began, **measure(model)}
        checkpoints.write(path, model.state_dict(), {**self.identity, **made, **{k: f"{v:.6g}" for k, v in numbers.items()}})
        for partial in partials:
            partial.unlink(missing_ok=True)

    def epochs(self) -> int:
        """Over all stages."""
        return sum(stage.recipe.epochs for stage in self.stages)

    def _untrained(self, seed):
        return seeded(self.build, seed)


def get(training: Training, measure: Callable[[nn.Module], dict[str, float]], *, shipped: bool, cache: Path | None, command: str,
        progress: Callable[[str, int, float], None] | None = None, stop=None) -> tuple[nn.Module, dict[str, str]]:
    """(model, facts) of `training`, from the package if it is there or must be (`shipped`), else from `cache`, where it is made
    if need be.

    command: what makes the shipped file, or this one. progress(name, epochs done, loss): default a bar on stderr.
    Raises BadCheckpoint or FileNotFoundError by name for a shipped file; a damaged one in the cache is made again, with a warning.
    """
    path = SHIPPED / training.file()
    if not shipped and not path.exists():
        path = Path(cache or default_cache()) / path.name
    try:
        return training.load(path)
    except (FileNotFoundError, checkpoints.BadCheckpoint) as error:
        if path.parent == SHIPPED:
            raise type(error)(f"{error}. It ships with unlearnlab: install it again, or make it by {command}") from error
        if path.exists():
            warnings.warn(f"{error}. It is trained again.", stacklevel=3)
    made = provenance(command, training.stages[0].inputs.device.type)
    if progress is not None:
        training.make(path, measure, made, lambda *done: progress(training.name, *done), stop)
    else:
        with Bar(training) as bar:
            training.make(path, measure, made, bar, stop)
    return training.load(path)


def default_cache() -> Path:
    """Where trained models are kept: $UNLEARNLAB_DATA, else the user's cache folder."""
    root = os.environ.get("UNLEARNLAB_DATA")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return (Path(root) if root else base / "unlearnlab") / "models"


class Bar(tqdm):
    """A progress bar over the epochs of one training; call it with (epochs done, loss)."""

    def __init__(self, training: Training):
        super().__init__(total=training.epochs(), desc=training.name, unit="epoch")

    def __call__(self, done, loss):
        self.set_postfix_str(f"loss {loss:.4f}", refresh=False)
        self.update(done - self.n)


def run(module: str, doc: str, trainings: Callable[[int], Iterable[tuple[Training, Callable]]],
        arguments: list[str] | None = None) -> int:
    """The program `python -m module --seeds 1-5`: makes what is missing or damaged among the shipped models.

    trainings(seed): each (Training, measure). arguments: default those of the command line. Returns the exit status: 0, or
    130 after Ctrl-C; what was done is kept, and the same command goes on from there.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=doc.splitlines()[0])
    parser.add_argument("--seeds", default="1-5", help="such as 1-5 or 3,7 (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=SHIPPED, help="folder to write to (default: the shipped models')")
    chosen = parser.parse_args(arguments)
    made = provenance(f"python -m {module} --seeds {chosen.seeds}")  # now: a checkout may change while this runs
    try:
        for training, measure in [job for seed in _seeds(parser, chosen.seeds) for job in trainings(seed)]:
            path = chosen.out / training.file()
            try:
                training.load(path)
                print(f"{path.name} is there and whole")
            except (FileNotFoundError, checkpoints.BadCheckpoint) as error:
                print(f"to make: {error}")
                with Bar(training) as bar:
                    training.make(path, measure, made, bar)
    except KeyboardInterrupt:
        print("Stopped; what was done is kept. The same command goes on from there.", file=sys.stderr)
        return 130
    return 0


def _seeds(parser, text):
    if not re.fullmatch(r"\d+(-\d+)?(,\d+(-\d+)?)*", text):
        parser.error(f"--seeds must look like 1-5 or 3,7, got {text!r}")
    ranges = [[int(end) for end in part.split("-")] for part in text.split(",")]
    for ends in ranges:
        if ends[-1] < ends[0]:
            parser.error(f"--seeds holds an empty range: {ends[0]}-{ends[-1]}")
    return sorted({seed for ends in ranges for seed in range(ends[0], ends[-1] + 1)})
