"""What a task's points may be: looked at before anything is computed from them.

A wrong label or a NaN in one row otherwise shows as a loss that explodes, or as numbers that nobody
asked for. Every message names the set, what came, and the way.
"""

import itertools

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Subset, TensorDataset

from . import checks
from .models import Kept, blamed, check_parameters, described, logits
from .modes import kept_modes

IGNORED = -100  # a target that is nowhere counted: in sequences only, as in torch's cross-entropy

SEEN_BY = "__getitem__", "__getitems__", "__len__"  # by what others look at a dataset
WAYS = (
    "a TensorDataset(inputs, targets), a pair of tensors or of arrays, or a Subset of such a "
    "dataset; of any other dataset, first stack what it holds: "
    "TensorDataset(torch.stack([x for x, _ in data]), torch.tensor([y for _, y in data]))"
)


class Sequences(TensorDataset):
    """Inputs and targets (n, length): a class for every position, or IGNORED."""


def dataset(name: str, data) -> TensorDataset:
    """`data` as a TensorDataset of inputs and targets. Raises TypeError or ValueError by name."""
    for kind, own in itertools.product((TensorDataset, Subset), SEEN_BY):
        if isinstance(data, kind) and getattr(type(data), own, 0) != getattr(kind, own, 0):
            raise TypeError(
                f"{name} is a {type(data).__name__}, whose {own} may return others than the "
                f"samples it holds: give what that returns, as {WAYS}"
            )
    if isinstance(data, Subset):
        whole = dataset(name, data.dataset)
        ends = {"low": -len(whole), "high": len(whole) - 1}
        index = [checks.integer(f"an index of {name}", i, **ends) for i in data.indices]
        index = torch.tensor(index, dtype=torch.long, device="cpu")
        data = TensorDataset(*(t[index.to(t.device)] for t in whole.tensors))
    if isinstance(data, (tuple, list)) and all(isinstance(t, (Tensor, np.ndarray)) for t in data):
        tensors = [_tensor(name, t) for t in data]
        lengths = [sum(t.shape[:1]) for t in tensors]
        if len(set(lengths)) > 1 or not all(t.ndim for t in tensors):
            raise ValueError(f"the parts of {name} differ in length, or have none: {lengths}")
        data = TensorDataset(*tensors)
    if not isinstance(data, TensorDataset):
        parts = data if isinstance(data, (tuple, list)) else ()
        of = f" of {', '.join(type(part).__name__ for part in parts[:3])}" if parts else ""
        raise TypeError(f"{name} must be {WAYS}; got {type(data).__name__}{of}")
    if len(data.tensors) != 2:
        raise ValueError(
            f"{name} must hold two tensors, inputs and targets, got {len(data.tensors)}. What a "
            "model takes beside its inputs, such as a mask, goes into the inputs: stack it with "
            "them, and let the model's forward take it off again"
        )
    if len(data) == 0:
        raise ValueError(f"{name} is empty: a task needs points to retain and points to forget")
    return data


def _tensor(name, values):
    """A tensor as it is, an array as a copy, in this machine's order of bytes."""
    if isinstance(values, np.ma.MaskedArray) or getattr(values, "is_nested", False):
        raise TypeError(
            f"{name} holds a masked array or a nested tensor: leave out the rows that are masked, "
            "pad those that are short"
        )
    if isinstance(values, Tensor):
        return values
    try:
        return torch.as_tensor(np.array(values, values.dtype.newbyteorder("=")))
    except TypeError as error:  # words, objects
        raise TypeError(f"{name} must hold numbers: {error}") from None


def fitting(
    name: str, data: TensorDataset, kind: str, original: nn.Module, smallest: int
) -> TensorDataset:
    """The points in the dtypes that training needs: floating inputs in the model's, class numbers
    in int64, the targets of a regression in the outputs'. The same object where nothing changes.

    kind: "regression" or "classification". original: asked for its outputs on the first two inputs,
    or on one where the smallest batch has no more.
    Raises ValueError that names the set, for values that are not finite, for targets that do not
    fit the outputs, for inputs that the model cannot take.
    """
    inputs, targets = data.tensors
    for what, values in ("inputs", inputs), ("targets", targets):
        _check_finite(f"the {what} of {name}", values)
    parameter = next(original.parameters(), None)
    check_parameters(original)
    if parameter is not None:
        if parameter.device != inputs.device:
            raise ValueError(
                f"the inputs of {name} are on {inputs.device}, the original is on "
                f"{parameter.device}: move one of them, or the whole task by task.to(device)"
            )
        if inputs.is_floating_point():
            inputs = _cast(f"the inputs of {name}", inputs, parameter.dtype)
    outputs, several = _probe(name, original, inputs[: min(2, smallest)])
    if kind == "regression":
        targets = _numbers(name, targets, outputs)
    else:
        targets = _labels(name, targets, outputs, several)
    made = TensorDataset if kind == "regression" or outputs[0].ndim < 3 else Sequences
    same = inputs is data.tensors[0] and targets is data.tensors[1] and isinstance(data, made)
    return data if same else made(inputs, targets)


def _cast(what, values, dtype):
    if values.dtype == dtype:
        return values
    cast = values.to(dtype)
    _check_finite(f"{what} in {dtype}, as the original computes,", cast)
    return cast


def _check_finite(what, values):
    if values.is_quantized or values.is_nested or values.layout != torch.strided:
        raise ValueError(f"{what} must be a dense tensor, got {values.type()}: to_dense()")
    if values.is_complex():
        raise ValueError(f"{what} must be real numbers, got {values.dtype}")
    rows = (~torch.isfinite(values)[:, None].flatten(1).all(1)).nonzero().flatten()
    if len(rows):
        listed = ", ".join(map(str, rows[:5].tolist())) + (", ..." if len(rows) > 5 else "")
        raise ValueError(
            f"{what} hold NaN or infinity in {len(rows)} of {len(values)} rows: {listed}"
        )


@torch.no_grad()
def _probe(name, original, inputs):
    """The outputs on these first inputs, as a list of heads, and whether the model returns several.
    Nothing of it changes."""
    kept, first, before = Kept(original), inputs.clone(), {*original.parameters()}
    try:
        with (
            kept_modes(original.modules()),
            kept,
            blamed("the original", f"the first inputs of {name}", first),
        ):
            original.eval()
            outputs = logits(original(first))
            made = {*original.parameters()} - before
    finally:
        kept.put_back()
    if made:
        raise ValueError(
            "the original makes parameters in its first forward, which no optimizer would know: "
            "run it once before it is given to a task"
        )
    several = isinstance(outputs, (tuple, list))
    heads = list(outputs) if several else [outputs]
    for i, head in enumerate(heads):
        if not isinstance(head, Tensor) or head.shape[:1] != first.shape[:1]:
            raise ValueError(
                f"head {i} of the original must return a tensor with a row for every input, got "
                f"{described(head)} for {len(first)}"
            )
        if head.isnan().any():
            raise ValueError(f"head {i} of the original is NaN on the first inputs of {name}")
    return heads, several


def _numbers(name, targets, heads):
    """The targets of a regression, as many a sample as the heads have outputs together."""
    wanted = heads[0].shape[1:]
    if len(heads) > 1:
        wanted = (sum(head[0].numel() for head in heads),)
    if targets.shape[1:] != wanted:
        way = ": targets[:, None]" if targets.ndim == 1 and tuple(wanted) == (1,) else ""
        raise ValueError(
            f"the targets of {name} have shape {tuple(targets.shape)}, but the original returns "
            f"{('n', *wanted)} for n inputs{way}".replace("'", "")
        )
    return _cast(f"the targets of {name}", targets, heads[0].dtype)


def _labels(name, targets, heads, several):
    """Class numbers in int64: (n,), (n, heads), or (n, length) for logits (n, length, classes)."""
    what, classes = f"the targets of {name}", [head.shape[-1] for head in heads]
    if not all(head.ndim in (2, 3) for head in heads):
        raise ValueError(
            "the original must return (n, classes) or (n, length, classes) from every head, got "
            f"{[*map(described, heads)]} for {len(heads[0])} inputs"
        )
    if 1 in classes:
        raise ValueError(
            "the original gives a single logit, but cross-entropy is over the logits of all "
            "classes: two classes need two"
        )
    if len(heads) == 1 and targets.ndim > 1 and targets.shape[1:] == heads[0].shape[1:]:
        raise ValueError(
            f"{what} are one-hot or shares, {tuple(targets.shape)} for {classes[0]} classes; they "
            "must be class numbers: targets.argmax(-1)"
        )
    if targets.dtype == torch.bool or targets.is_floating_point():
        raise ValueError(f"{what} must be class numbers, integers from 0 on, got {targets.dtype}")
    targets = targets.to(torch.int64)
    sequence = len(heads) == 1 and heads[0].ndim == 3
    wanted = heads[0].shape[1:2] if sequence else (len(heads),) * several
    if targets.shape[1:] == (1,) and wanted == ():
        targets = targets[:, 0]  # a column
    if targets.shape[1:] != wanted:
        heads = f" for the {len(classes)} heads of the original" if several else ""
        shape = str(("n", *wanted)).replace("'", "")
        raise ValueError(f"{what} must have shape {shape}{heads}, got {tuple(targets.shape)}")
    _check_classes(what, targets.cpu(), classes, sequence)
    return targets


def _check_classes(what, targets, classes, sequence):
    counted = targets != IGNORED if sequence else torch.ones_like(targets, dtype=torch.bool)
    if sequence and not counted.any(1).all():
        row = int((~counted.any(1)).nonzero()[0])
        raise ValueError(f"{what} are all {IGNORED}, nothing to learn, in row {row}")
    limits = torch.tensor(classes if len(classes) > 1 else classes[0], device=targets.device)
    wrong = counted & ((targets < 0) | (targets >= limits))
    if wrong.any():
        row = int((wrong.any(1) if wrong.ndim > 1 else wrong).nonzero()[0])
        highest = " or ".join(str(c - 1) for c in classes)
        raise ValueError(
            f"{what} must be class numbers from 0 to {highest}, got {targets[row].tolist()} in "
            f"row {row}"
        )
