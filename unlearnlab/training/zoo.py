"""Where do trained models come from: shipped with the package, kept from earlier, or made now?

A file's name ends in a hash of what the model follows from: the network by name and arguments, its
seed, the data and the recipe. So a model of something else is never taken for the one that is asked
for; it is simply another file. And a file says how its network began, what it answers and which
floating targets it learned, which it holds: a network that was edited without another name is found
out when its weights are loaded.
"""

import copy
import hashlib
import json
import numbers
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy
import torch
from torch import Tensor, nn
from tqdm import tqdm

from ..ground import checks, files
from ..ground.identity import fingerprint
from ..ground.models import heads
from ..ground.provenance import provenance
from ..ground.seeds import on_cpu
from ..ground.stopping import heeding
from ..ground.threads import few_threads
from ..networks import seeded
from . import checkpoint, fit
from .recipe import Recipe

SHIPPED = Path(__file__).parent / "originals"
SHIPPED_SEEDS = range(1, 6)
# What a file's facts say of the training alone, beside what it follows from and how it was made.
OF_TRAINING = "epochs", "start", "answers", "final_loss", "training_error", "seconds"
# of the largest number; processors and versions of torch differ in far later digits
TOLERANCE = 1e-3


@dataclass(frozen=True)
class Stage:
    """One stretch of training, with inputs, targets and weights as `fit` takes them."""

    inputs: Tensor
    targets: Tensor
    recipe: Recipe
    weights: Tensor | None = None

    def digest(self) -> str:
        """SHA-256 of the data, floating targets apart: processors differ in a sine's last bit."""
        targets = None if self.targets.is_floating_point() else self.targets
        tensors = {"inputs": self.inputs, "targets": targets, "weights": self.weights}
        return checkpoint.digest(tensors)


@dataclass(frozen=True)
class Training:
    """One model that can be had.

    build: makes it untrained, by a class or function and its arguments. seed: draws its start and
    its batches. stages: train it, one after the other. measure: of the trained model, numbers that
    are written with it. command: what makes its file. shipped: whether that must be in the package.
    measured: on what, in words; "" as those that ship. A file that was measured otherwise is the
    same model's, but its numbers are not taken.
    """

    name: str
    build: Callable[[], nn.Module]
    seed: int
    stages: tuple[Stage, ...]
    measure: Callable[[nn.Module], dict[str, float]] = lambda model: {}
    command: str = ""
    shipped: bool = False
    measured: str = ""

    @cached_property  # digests of 150 MB of pixels at full size
    def identity(self) -> dict[str, str]:
        """All that the trained model follows from, the device and torch's version apart."""
        return {
            "network": describe(self.build),
            "seed": str(self.seed),
            "version": fit.VERSION,
            "data": json.dumps([stage.digest() for stage in self.stages]),
            "recipes": json.dumps([asdict(stage.recipe) for stage in self.stages], sort_keys=True),
        }

    def file(self) -> str:
        """name-hash.safetensors"""
        text = json.dumps(self.identity, sort_keys=True)
        return f"{self.name}-{hashlib.sha256(text.encode()).hexdigest()[:8]}.safetensors"

    def epochs(self) -> int:
        """Over all stages."""
        return sum(stage.recipe.epochs for stage in self.stages)

    def load(self, path: Path) -> tuple[nn.Module, dict[str, str]]:
        """(model in evaluation mode on the data's device, facts) of a file, without the numbers
        that another `measure` gave.

        Raises FileNotFoundError, or BadCheckpoint that names a file that is damaged or was made by
        another network or of other targets. How a shipped network began is not compared: a torch
        that draws other random numbers is none of its concern. Of a file that was made before files
        held the floating targets, as those that ship, the first and the norm are compared.
        """
        tensors, facts = checkpoint.read(path, self.identity)
        model = self.untrained()
        if path.parent != SHIPPED:
            _compare(path, "began with other weights", self.start(model), facts.get("start"))
        for name, own in self.targets().items():
            if name not in tensors and "targets" in facts:  # sums, which others may share
                raise checkpoint.BadCheckpoint(f"{path.name} does not hold its targets")
            if not _alike(own, tensors.pop(name, own)):
                raise checkpoint.BadCheckpoint(
                    f"{path.name} is of another training, one that learned other targets"
                )
        try:
            checkpoint.put(model, tensors)
        except (RuntimeError, AttributeError) as error:
            raise checkpoint.BadCheckpoint(
                f"{path.name} does not hold this network: {error}"
            ) from error
        _compare(path, "gave other answers", self.answers(model), facts.get("answers"))
        model.eval()
        if facts.get("measured", "") != self.measured:  # those that ship say nothing of it
            own = {*self.identity, *provenance(""), *OF_TRAINING}
            facts = {name: value for name, value in facts.items() if name in own}
        return model.to(self.stages[0].inputs.device), facts

    def make(self, path: Path, progress=None, stop=None) -> None:
        """Trains the model as `train` does, and writes it."""
        self.write(path, *self.train(path, progress, stop))

    def train(self, path: Path, progress=None, stop=None) -> tuple[nn.Module, dict[str, str]]:
        """The trained model, and its facts: its provenance and what `measure` says of it.

        path: of the file that will be written, beside which the unfinished ones lie.
        An interrupted training goes on from its last epochs. progress(epochs done over all stages,
        loss), default a bar on standard error; stop: as in `fit`.
        """
        if progress is None:
            with Bar(self) as bar:
                return self.train(path, bar, stop)
        # now: a checkout may change meanwhile
        made = provenance(self.command, self.stages[0].inputs.device.type)
        began = time.perf_counter()
        model = self.untrained()
        start = self.start(model)
        model.to(self.stages[0].inputs.device)
        before = 0
        for i, stage in enumerate(self.stages):
            loss = fit.fit(
                model,
                stage.inputs,
                stage.targets,
                stage.recipe,
                seed=self.seed + i,
                weights=stage.weights,
                checkpoint=path.with_name(f"{path.name}.{i}.partial"),
                progress=lambda done, loss: progress(before + done, loss),
                stop=stop,
            )
            before += stage.recipe.epochs
        with heeding(stop, model, "while the trained model was measured"):
            measured = {
                "final_loss": loss,
                "seconds": time.perf_counter() - began,
                **self.measure(model),
            }
        facts = {
            "epochs": str(self.epochs()),
            "start": json.dumps(start),
            "measured": self.measured,
            "answers": json.dumps(self.answers(model)),
        }
        facts |= {name: f"{value:.6g}" for name, value in measured.items()}
        return model, {**self.identity, **made, **facts}

    def write(self, path: Path, model: nn.Module, facts: dict[str, str]) -> None:
        """The file of a trained model, in the place of the unfinished ones."""
        checkpoint.write(path, checkpoint.held(model) | self.targets(), facts)
        for left in path.parent.glob(f"{path.name}.*.partial"):
            left.unlink(missing_ok=True)

    def untrained(self) -> nn.Module:
        """The network before the first stage. Raises TypeError where `build` makes none."""
        try:
            model = seeded(self.build, self.seed)
        except TypeError as error:
            raise TypeError(f"network must make one of what it is given: {error}") from error
        checks.instance("what network returns", model, nn.Module, "a torch.nn.Module")
        if not [*model.parameters()]:
            raise ValueError("what network returns must have parameters")
        checkpoint.held(model)
        return model

    def start(self, model: nn.Module) -> list[float]:
        """Numbers that tell one untrained network from another."""
        return _marks(nn.utils.parameters_to_vector(model.parameters()))

    def targets(self) -> dict[str, Tensor]:
        """The floating ones, by the name that they have in a file."""
        each = ((f"targets of stage {i}", stage.targets) for i, stage in enumerate(self.stages))
        return {name: targets for name, targets in each if targets.is_floating_point()}

    @torch.no_grad()
    def answers(self, model: nn.Module) -> list[float]:
        """What the model says of two inputs, on the CPU, and a few of the floating targets."""
        stage = self.stages[-1]
        model = copy.deepcopy(model).cpu()
        model.eval()
        with few_threads(model):
            outputs = heads(model(stage.inputs[:2].cpu().clone()))
        said = [x for head in outputs for x in head.double().flatten()[:64]]
        if stage.targets.is_floating_point():
            said += [stage.targets.double().norm(), *stage.targets[:8].double().flatten()[:8]]
        return [_short(x) for x in said]


def describe(part) -> str:
    """A function or class of this package by name, with the arguments that a partial binds to it.

    Anything from outside the package by what it is made of (`fingerprint`), files by their
    contents.
    """
    if isinstance(part, partial):
        given = [describe(value) for value in part.args]
        given += [f"{name}={describe(value)}" for name, value in sorted(part.keywords.items())]
        return f"{describe(part.func)}({', '.join(given)})"
    if isinstance(part, (list, tuple)):
        return f"[{', '.join(map(describe, part))}]"
    if isinstance(part, Path):
        return f"file {hashlib.sha256(part.read_bytes()).hexdigest()[:16]}"
    if isinstance(part, numbers.Real) and not isinstance(part, bool):  # 1, 1.0 and numpy's alike
        return repr(int(part) if float(part).is_integer() else float(part))
    if part is None or isinstance(part, (bool, str)):
        return repr(part)
    package = getattr(part, "__module__", "").split(".")[0] == __name__.split(".")[0]
    name = getattr(part, "__qualname__", "<")
    return name if package and "<" not in name else f"{name} {fingerprint(part)}"


@on_cpu()
def get(
    training: Training,
    cache: Path | None = None,
    progress: Callable[[str, int, float], None] | None = None,
    stop=None,
) -> tuple[nn.Module, dict[str, str]]:
    """(model, facts) of `training`: from the package if it is there, else from `cache`, where it is
    made if need be.

    Args:
        cache: a folder, default UNLEARNLAB_DATA or the user cache.
        progress: called with (name, epochs done, loss); default a bar on standard error.

    Raises BadCheckpoint or FileNotFoundError by name for a shipped file; one in the cache that is
    damaged or by another network is made again, with a warning.
    """
    path = place(training, cache)
    checks.hearers(progress, stop)
    try:
        return training.load(path)
    except (FileNotFoundError, checkpoint.BadCheckpoint) as error:
        if path.parent == SHIPPED:
            raise type(error)(
                f"{error}. It ships with unlearnlab: install it again, or make it by "
                f"{training.command}"
            ) from error
        if path.exists():
            warnings.warn(f"{error}. It is trained again.", stacklevel=3)
    files.check_writable(path)
    report = progress and partial(progress, training.name)
    model, facts = training.train(path, report, stop)
    try:
        training.write(path, model, facts)
        return training.load(path)
    except (OSError, checkpoint.BadCheckpoint) as error:  # a full disk, say
        warnings.warn(f"{path} could not be kept: {error}. This time it is used.", stacklevel=3)
        return model, facts


def place(training: Training, cache: Path | None) -> Path:
    """Where the file of a model is, or will be. cache: as in `get`."""
    path = SHIPPED / training.file()
    if training.shipped or path.exists():
        return path
    return files.chosen_folder(cache, "models", name="cache") / path.name


class Bar(tqdm):
    """A progress bar over the epochs of one training; call it with (epochs done, loss)."""

    def __init__(self, training: Training):
        # on a CPU nothing is, whatever the recipe says
        fast = any(s.recipe.precision == "bfloat16" and s.inputs.is_cuda for s in training.stages)
        words = f"{training.name}{', in bfloat16' if fast else ''}"
        super().__init__(total=training.epochs(), desc=words, unit="epoch")

    def __call__(self, done, loss):
        self.set_postfix_str(f"loss {loss:.4f}", refresh=False)
        self.update(done - self.n)


def _short(number):
    return float(f"{float(number):.6g}")


def _marks(values):
    """Mean size, norm, and the product with a wave."""
    values = values.detach().cpu().double().flatten()
    wave = torch.arange(len(values), dtype=torch.float64).cos()
    return [_short(values.abs().mean()), _short(values.norm()), _short(values @ wave)]


def _alike(targets, others):
    """Whether they are the same but for later digits: data have not been through a network."""
    if targets.shape != others.shape:
        return False
    targets, others = targets.cpu().double(), others.double()
    small = 1e-6 * float(targets.abs().median())  # a sine is 0 but for rounding here and there
    return torch.allclose(others, targets, rtol=1e-5, atol=small)


def _compare(path, what, own, written):
    """Raises BadCheckpoint unless the numbers agree with those of the file, given as JSON."""
    try:
        expected = json.loads(written or "[]")
        atol = TOLERANCE * max(map(abs, expected), default=0.0)
        alike = len(own) == len(expected) and numpy.allclose(own, expected, rtol=0, atol=atol)
    except Exception:  # whatever else the fact holds, it is no list of numbers
        alike = False
    if not alike:
        raise checkpoint.BadCheckpoint(f"{path.name} is of another network, one that {what}")
