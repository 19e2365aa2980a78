"""A Task is one unlearning problem: a trained model, what to keep, what to forget, and how to judge
the answer."""

import weakref
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from inspect import signature

import torch
from torch import nn
from torch.utils.data import TensorDataset

from .ground import checks, points
from .ground.identity import CannotIdentify, fingerprint
from .ground.models import copied
from .training.fit import sample_losses

# by kind, the loss of its samples
LOSSES = {"regression": "squared error", "classification": "cross-entropy"}


class Later:
    """A model that is loaded or trained when somebody first asks for it, by a call.

    make: gives the model. identity: all that the model follows from, as strings by name; it stands
    for the model in a fingerprint, so that nobody trains one to name a run that never looks at it.
    A model that was edited afterwards, its weights or what it does, stands for itself.
    """

    def __init__(self, make: Callable[[], nn.Module], identity: dict[str, str]):
        self.make, self.identity, self.model, self.made = make, identity, None, ""

    def __identity__(self):
        edited = self.model is not None and fingerprint(self.model) != self.made
        return {"identity": self.identity, "model": self.model if edited else None}

    def __call__(self) -> nn.Module:
        make = self.make
        if make is not None:
            model = make()
            with suppress(CannotIdentify):  # then it stands for itself, and is refused by name
                self.made = fingerprint(model)
            self.model = model
            self.make = None  # and with it the data it was to be trained on
            _MADE[id(model)] = self
        return self.model


# of models that are there, whose ids nobody else has as long as their Later lives
_MADE = weakref.WeakValueDictionary()


@dataclass(frozen=True, eq=False)
class Task:
    """What an unlearning method is given, and how its answer is judged.

    Args:
        name: what results are filed under.
        kind: "regression" (mean squared error) or "classification" (cross-entropy, summed over
            heads; targets (n,) or (n, heads)).
        seed: of the task, an integer of at least 0; runs combine it with their own.
        original: the model trained on retain and forget together.
        ground_truth: a model trained to the end on the retain set alone, or None, or a `Later`:
            then `task.ground_truth` gives its model, which may have to be trained first, and raises
            what that raises.
        retain, forget: TensorDataset(inputs, targets), or a pair of tensors or arrays, or a Subset
            of such a dataset; kept as a TensorDataset in the dtypes that training needs. Inputs are
            looked at once, with the original's outputs on the first two of them.
        build: of a seed, an untrained model of the original's architecture, reproducible; or None,
            where no method is to begin anew.
        evaluate: of a model, {metric name: float}.
        batch_size: None for full batch (both sets whole), else the size of the paired batches.
        facts: by role, what is known about how a model was made: {"original": {"seed": "1000",
            ...}}.

    `dataclasses.replace` asks for the ground truth; `changed` does not.

    Raises TypeError or ValueError that names the argument.
    """

    name: str
    kind: str
    seed: int
    original: nn.Module
    ground_truth: nn.Module | Later | None = field(repr=False)
    retain: TensorDataset
    forget: TensorDataset
    build: Callable[[int], nn.Module] | None
    evaluate: Callable[[nn.Module], dict[str, float]]
    batch_size: int | None = None
    facts: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self):
        checks.one_of("kind", self.kind, LOSSES)
        object.__setattr__(self, "seed", checks.seed(self.seed))  # of numpy too
        if self.batch_size is not None:
            words = "None (full batch) or an integer of at least 1"
            size = checks.integer("batch_size", self.batch_size, low=1, words=words)
            object.__setattr__(self, "batch_size", size)
        checks.instance("original", self.original, nn.Module, "a torch.nn.Module")
        if self.build is not None:
            checks.function("build", self.build, "of a seed that returns an untrained model")
        checks.function("evaluate", self.evaluate, "of a model that returns its metrics")
        sets = {name: points.dataset(name, getattr(self, name)) for name in ("retain", "forget")}
        size = self.batch_size
        smallest = (len(sets["forget"]) % size or size) if size else 2  # batch
        for name, data in sets.items():
            data = points.fitting(name, data, self.kind, self.original, smallest)
            object.__setattr__(self, name, data)

    def __identity__(self):
        """All that the numbers of a run on it follow from, part by part. Of the facts, which tell
        how the models were made, that is the seeds that a method may begin from."""
        seeds = {
            role: facts.get("seed")
            for role, facts in sorted(self.facts.items())
            if isinstance(facts, dict)
        }
        return {**vars(self), "facts": seeds, "type": type(self)}

    def changed(self, **fields) -> "Task":
        """The same task with other fields. A ground truth that is yet to be made stays so."""
        return type(self)(**{**vars(self), **fields})

    def to(self, device: str | torch.device) -> "Task":
        """The same task on another device; this one stays where it is. Runs on it happen there."""

        device = checks.device(device)

        def moved(model):
            if isinstance(model, Later):
                return Later(lambda: moved(model()), model.identity)
            return None if model is None else copied(model).to(device)

        there = lambda data: TensorDataset(*(t.to(device) for t in data.tensors))
        return self.changed(
            original=moved(self.original),
            ground_truth=moved(vars(self)["ground_truth"]),
            retain=there(self.retain),
            forget=there(self.forget),
            build=self.build and (lambda seed: self.build(seed).to(device)),
        )

    def fresh(self, seed: int = 0) -> nn.Module:
        """An untrained model of the original's architecture; equal for equal `seed`. Raises
        TypeError or ValueError that names `build` where it makes no such model."""
        try:
            signature(self.build).bind(seed)
        except TypeError as error:
            raise TypeError(f"build must take a seed alone: {error}") from None
        model = self.build(seed)
        checks.instance("what build returns", model, nn.Module, "a torch.nn.Module")
        shapes, wanted = ([p.shape for p in m.parameters()] for m in (model, self.original))
        if shapes != wanted:
            raise ValueError(
                "build must return a model of the original's architecture, got parameters of other "
                f"shapes: {[*map(tuple, shapes)]} for {[*map(tuple, wanted)]}"
            )
        return model

    def loss(self, outputs, targets: torch.Tensor) -> torch.Tensor:
        """The mean sample loss J of paper A: squared error, or cross-entropy summed over the
        heads."""
        return sample_losses(outputs, targets, LOSSES[self.kind], "mean")


def _ground_truth(task):
    given = vars(task)["ground_truth"]
    return given() if isinstance(given, Later) else given


def _keep_ground_truth(task, given):
    # a copy by `dataclasses.replace` has the same identity
    vars(task)["ground_truth"] = _MADE.get(id(given), given)


# after the class: within it, a dataclass would take the property for the field's default
Task.ground_truth = property(_ground_truth, _keep_ground_truth)
