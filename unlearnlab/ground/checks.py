"""Is an argument what a function can use? One function per kind; errors name it and what came."""

import numbers
import sys
from collections.abc import Callable, Hashable, Iterable, Sequence
from math import inf
from pathlib import Path
from types import NoneType

import numpy as np
import torch
from torch import Tensor, nn

LARGEST = {numbers.Real: sys.float_info.max, numbers.Integral: 2**63 - 1}


def integer(name: str, value, *, low: float = -inf, high: float = inf, words="") -> int:
    """`value` as an int. numpy integers and 0-d tensors of integers are welcome, bools are not.

    words: what the message says it must be, in place of the range. Raises ValueError by name.
    """
    place = f" from {low} to {high}" if high < inf else f" of at least {low}"
    words = words or f"an integer{place if low > -inf else ''}"
    return int(number(name, value, low=low, high=high, words=words, kind=numbers.Integral))


def seed(value, name: str = "seed") -> int:
    """`value` as an int. Raises ValueError unless it is an integer from 0 to 2^63 - 1."""
    return integer(name, value, low=0, words="a non-negative integer")


def number(
    name: str,
    value,
    *,
    low: float = -inf,
    high: float = inf,
    above: float = -inf,
    below: float = inf,
    words: str = "",
    kind: type = numbers.Real,
) -> float:
    """`value` as a finite float in a range: low <= value <= high, above < value < below.

    Any real number and 0-d tensors are welcome, bools are not. A range with an upper end has a
    lower one. words: what the message says it must be, in place of the range. kind: of number.
    Raises ValueError by name.
    """
    found = _plain(value)
    inside = (
        isinstance(found, kind)
        and not isinstance(found, bool)
        and abs(found) <= LARGEST[kind]  # NaN is not
        and low <= found <= high
        and above < found < below
    )
    if not inside:
        words = words or range_words("a number", low, high, above, below)
        raise ValueError(f"{name} must be {words}, got {value!r}")
    return found if kind is numbers.Integral else float(found)


def numbers_of(name: str, values) -> np.ndarray:
    """`values` as an array of float64. Raises TypeError unless it holds numbers."""
    values = values.detach().cpu() if isinstance(values, Tensor) else values
    try:
        array = np.asarray(values, float)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name} must be numbers: {error}") from error
    if array.ndim == 0:
        raise TypeError(f"{name} must be numbers, got {values!r}")
    return array


def one_of(name: str, value, choices: Iterable, where: str = "") -> None:
    """Raises ValueError that lists `choices` unless `value` is one of them.

    where: what makes these the choices, such as " for digits".
    """
    choices = list(choices)
    # True == 1, and a tensor has no one answer
    comparable = isinstance(value, Hashable) and not isinstance(value, (bool, Tensor))
    if not comparable or value not in choices:
        listed = ", ".join(map(str, choices))
        raise ValueError(f"{name} must be one of {listed}{where}, got {value!r}")


def instance(name: str, value, kind: type | tuple[type, ...], words: str) -> None:
    """Raises TypeError unless `value` is a `kind`. words: what that is, such as "a Recipe"."""
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be {words}, got {_briefly(value)}")


def function(name: str, value, words: str = "") -> None:
    """Raises TypeError unless `value` can be called. words: of what, such as "of a tensor"."""
    instance(name, value, Callable, f"a function{words and ' ' + words}")


def path(name: str, value) -> Path:
    """`value` as a Path, `~` expanded. Raises TypeError unless it is one, or a text."""
    instance(name, value, (str, Path), "a path")
    return Path(value).expanduser()


def flag(name: str, value) -> None:
    """Raises TypeError unless `value` is True or False."""
    instance(name, value, (bool, np.bool_), "True or False")


def hearers(progress, stop, *more: type, name: str = "progress") -> None:
    """Raises TypeError unless `progress` is None, a function, or one of `more`, and `stop` None or
    a threading.Event. name: of the former."""
    instance(name, progress, (NoneType, Callable, *more), "a function, or left out")
    if stop is not None:
        function("stop.is_set", getattr(stop, "is_set", None))


def device(value) -> torch.device:
    """`value` as a device. Raises ValueError unless torch has it here."""
    try:
        return torch.empty(0, device=value).device
    except Exception as error:
        raise ValueError(f"device must be one that torch has here: {error}") from error


def model(value) -> None:
    """Raises TypeError unless `value` is a network."""
    instance("model", value, nn.Module, "a torch.nn.Module")


def tensor(
    name: str, value, *, dtype: torch.dtype | None = None, shape: Sequence[int | str] | None = None
) -> None:
    """Raises TypeError unless `value` is a tensor of that dtype, ValueError for another shape.

    shape: a number for a size that is known, a word for one that may be anything: ("n", 3).
    """
    kind = f"{dtype} ".removeprefix("torch.") if dtype is not None else ""
    words = f"{'an' if kind.startswith('i') else 'a'} {kind}tensor"
    if not isinstance(value, Tensor):
        raise TypeError(f"{name} must be {words}, got {type(value).__name__}")
    if dtype not in (None, value.dtype):
        raise TypeError(f"{name} must be {words}, got {value.dtype}")
    _check_shape(name, value, shape)


def floats(
    name: str, value, *, shape: Sequence[int | str] | None = None, finite: bool = True
) -> None:
    """Raises TypeError unless `value` is a floating-point tensor, ValueError for another shape.

    shape: as in `tensor`. finite: a value that holds nan or inf is a ValueError too.
    """
    if not isinstance(value, Tensor) or not value.is_floating_point():
        got = f"a {value.dtype} one" if isinstance(value, Tensor) else type(value).__name__
        raise TypeError(f"{name} must be a floating-point tensor, got {got}")
    _check_shape(name, value, shape)
    wrong = value.numel() - int(torch.isfinite(value).sum()) if finite else 0
    if wrong:
        raise ValueError(
            f"{name} must be finite, but {wrong} of {value.numel()} numbers are nan or inf"
        )


def reals(name: str, value, shape: Sequence[int | str]) -> None:
    """As `floats`; and TypeError unless `value` is a float32 or float64 tensor."""
    floats(name, value, shape=shape)
    if value.dtype not in (torch.float32, torch.float64):
        raise TypeError(f"{name} must be a float32 or float64 tensor, got a {value.dtype} one")


def in_range(name: str, value: Tensor, dtype: torch.dtype) -> Tensor:
    """`value`, which follows from the argument `name`, in `dtype`.

    Raises ValueError where it is too large for that dtype.
    """
    stored = value.to(dtype)
    if not torch.isfinite(stored).all():
        raise ValueError(f"{name} must be smaller: the result has entries too large for {dtype}")
    return stored


def _check_shape(name, value, shape):
    if shape is None:
        return
    fits = (isinstance(own, str) or own == size for own, size in zip(shape, value.shape))
    if value.ndim != len(shape) or not all(fits):
        wanted = str(tuple(shape)).replace("'", "")
        raise ValueError(f"{name} must have shape {wanted}, got {tuple(value.shape)}")


def _plain(value):
    """The Python number in a 0-d array or tensor; anything else as it is."""
    array = isinstance(value, (np.ndarray, np.generic, Tensor))
    return value.item() if array and value.ndim == 0 else value


def range_words(noun: str, low, high, above, below=inf) -> str:
    """Such as "a number in [0, 1)", where the bounds are those of `number`."""
    least, most = max(low, above), min(high, below)
    if most < inf:
        left, right = "[" if low > above else "(", "]" if high < below else ")"
        return f"{noun} in {left}{least:g}, {most:g}{right}"
    if least == -inf:
        return noun
    return f"{noun} {'of at least' if low > above else 'greater than'} {least:g}"


def _briefly(value):
    """A short value as it is written, a long one by its type."""
    written = repr(value)
    return written if len(written) <= 40 and "\n" not in written else type(value).__name__
