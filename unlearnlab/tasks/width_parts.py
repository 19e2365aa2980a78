"""Which images have which role in the width task, and what is measured on each part?

[paper] marks what the paper says of itself, of which only a summary was at hand; [ours] what this
file had to decide.
"""

from collections.abc import Mapping

import torch
from torch import nn
from torch.utils.data import TensorDataset

from ..experiments.outputs import outputs
from ..ground import checks
from ..ground.seeds import generator
from ..metrics import margin, mia

FORGET = 200  # [paper] examples to forget


def split(
    labels: torch.Tensor,
    seed: int,
    share: float = 0.2,
    forget_classes: int = 4,
    forget: int = FORGET,
) -> dict[str, torch.Tensor]:
    """Positions of training examples by what they are for: parts never overlap, and are all of
    them.

    labels: (n,). Of every class a `share` is held out. "validation" are those held out,
    "forget_validation" every second one held out of the classes the forget set comes from: [ours]
    the two estimates of an objective are then independent. "forget": so many examples, in equal
    parts of `forget_classes` classes, drawn at random; "retain": all others.

    Raises ValueError for a share outside (0, 1), or when the classes have too few examples to leave
    any to retain.
    """
    labels, drawn = labels.cpu(), generator(checks.seed(seed), 5)
    checks.number("share", share, above=0, below=1)
    known = labels.unique()
    checks.integer("forget_classes", forget_classes, low=1, high=len(known))
    checks.integer("forget", forget, low=1, high=len(labels))
    order = torch.randperm(len(known), generator=drawn)
    touched = known[order[:forget_classes]].sort().values.tolist()
    parts = {"retain": [], "forget": [], "validation": [], "forget_validation": []}
    for label in known.tolist():
        members = (labels == label).nonzero().flatten()
        members = members[torch.randperm(len(members), generator=drawn)]
        held, kept = members.tensor_split([round(share * len(members))])
        if label not in touched:
            parts["validation"].append(held), parts["retain"].append(kept)
            continue
        first = touched.index(label) < forget % forget_classes
        gone = forget // forget_classes + first
        if gone >= len(kept) or len(held) < 2:
            raise ValueError(
                f"forget={forget} of {forget_classes} classes at share={share:g} does not fit: "
                f"class {label} has {len(kept)} training and {len(held)} validation examples"
            )
        parts["validation"].append(held[0::2]), parts["forget_validation"].append(held[1::2])
        parts["forget"].append(kept[:gone]), parts["retain"].append(kept[gone:])
    return {name: torch.cat(part).sort().values for name, part in parts.items()}


def evaluate(model: nn.Module, parts: Mapping[str, TensorDataset]) -> dict[str, float]:
    """The share of wrong answers of each of `parts`, as in `ul.width.splits`, between 0 and 1.

    "test_error", "forget_error", "forget_test_error", "validation_error",
    "forget_validation_error", "retain_error"; and "mia", see `attack`. The validation error is the
    mean over classes of their errors, because the forget set's classes gave half of theirs away.
    """
    said = {name: outputs(model, part.tensors[0])[0] for name, part in parts.items()}
    wrong = {name: said[name].argmax(1) != part.tensors[1] for name, part in parts.items()}
    errors = {f"{name}_error": found.double().mean().item() for name, found in wrong.items()}
    labels = parts["validation"].tensors[1]
    by_class = [wrong["validation"][labels == label].double().mean() for label in labels.unique()]
    return errors | {
        "validation_error": torch.stack(by_class).mean().item(),
        "mia": attack(said, parts),
    }


def attack(said: Mapping[str, torch.Tensor], parts: Mapping[str, TensorDataset]) -> float:
    """Accuracy of telling the forget set from unseen images of its classes, by the loss:
    `metrics.mia`.

    said: logits (n, classes) of both parts. As many of each class on either side; 3 draws of 5
    folds, always the same. The value of a retrained model is its floor: beside .5 alone it says
    nothing. Raises ValueError for fewer than 5 comparable images.
    """
    losses = {
        name: nn.functional.softplus(-margin(said[name], parts[name].tensors[1]))
        for name in ("forget", "forget_test")
    }
    return mia(
        losses["forget"],
        losses["forget_test"],
        seen_labels=parts["forget"].tensors[1],
        unseen_labels=parts["forget_test"].tensors[1],
        repeats=3,
    )
