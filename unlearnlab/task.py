"""A Task is one unlearning problem: a trained model, what to keep, what to forget, and how to judge the answer."""
import copy
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import TensorDataset

from .ground import checks
from .training import squared_error

KINDS = ("regression", "classification")


@dataclass(frozen=True)
class Task:
    """original: the model trained on retain and forget together. retain, forget: TensorDataset(inputs, targets).
    fresh(seed): an untrained model, same architecture, reproducible. evaluate(model): {metric name: float}.
    ground_truth: a model trained to the end on the retain set alone, or None.
    batch_size: None for full-batch (both sets whole), else the size of the paired batches.
    kind: "regression" (mean squared error) or "classification" (cross-entropy, summed over heads; targets (n,) or
    (n, heads)). facts: what is known about how the models were made.
    """

    name: str
    kind: str
    seed: int
    original: nn.Module
    ground_truth: nn.Module | None
    retain: TensorDataset
    forget: TensorDataset
    build: Callable[[int], nn.Module]
    evaluate: Callable[[nn.Module], dict[str, float]]
    batch_size: int | None = None
    facts: dict[str, str] = field(default_factory=dict)

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {KINDS}, got {self.kind!r}")
        if self.batch_size is not None:
            words = "batch_size must be None (full batch) or else it"
            object.__setattr__(self, "batch_size", checks.integer(words, self.batch_size, low=1))
        object.__setattr__(self, "seed", checks.seed(self.seed))
        for name in ("retain", "forget"):
            if len(getattr(self, name)) == 0:
                raise ValueError(f"{name} is empty: a task needs points to retain and points to forget")

    def __identity__(self):
        """All that the numbers of a run on it follow from, part by part. Of the facts, which tell how the models were made, that
        is the seeds that a method may begin from."""
        seeds = {role: facts.get("seed") for role, facts in sorted(self.facts.items()) if isinstance(facts, dict)}
        return {**vars(self), "facts": seeds, "type": type(self)}

    def to(self, device: str | torch.device) -> "Task":
        """The same task on another device; this one stays where it is. Runs on it happen there."""
        moved = lambda model: None if model is None else copy.deepcopy(model).to(device)
        points = lambda data: TensorDataset(*(t.to(device) for t in data.tensors))
        return replace(self, original=moved(self.original), ground_truth=moved(self.ground_truth), retain=points(self.retain),
                       forget=points(self.forget), build=lambda seed: self.build(seed).to(device))

    def fresh(self, seed: int = 0) -> nn.Module:
        """An untrained model of the original's architecture; equal for equal task seed and `seed`."""
        return self.build(seed)

    def loss(self, outputs, targets: torch.Tensor) -> torch.Tensor:
        """The mean sample loss J of paper A: squared error, or cross-entropy summed over the heads."""
        if self.kind == "regression":
            return squared_error(outputs, targets)
        if isinstance(outputs, (tuple, list)):
            if targets.ndim != 2 or targets.shape[1] != len(outputs):
                raise ValueError(f"a model with {len(outputs)} heads needs targets (n, {len(outputs)}), got {tuple(targets.shape)}")
            return sum(F.cross_entropy(head, targets[:, i]) for i, head in enumerate(outputs))
        return F.cross_entropy(outputs, targets)
