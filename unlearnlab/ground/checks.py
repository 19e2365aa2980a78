"""Is an argument what a function can use? One function per kind; errors name it and what came."""

import math
import numbers
import operator
from collections.abc import Iterable, Sequence

import numpy as np
import torch


def integer(name: str, value, *, low: int | None = None, high: int | None = None) -> int:
    """`value` as an int. numpy integers and 0-d tensors of integers are welcome, bools are not.

    Raises ValueError that names the argument and its range.
    """
    found = _as_integer(value)
    if found is None or low is not None and found < low or high is not None and found > high:
        raise ValueError(f"{name} must be {_integer_words(low, high)}, got {value!r}")
    return found


def integers(name: str, values: Iterable, *, low: int | None = None) -> list[int]:
    """`values` as a list of ints, each as in `integer`. Raises ValueError, for no value too."""
    found = None if isinstance(values, str) or not isinstance(values, Iterable) else list(values)
    if not found:
        raise ValueError(f"{name} must hold at least one integer, got {values!r}")
    return [integer(f"each of {name}", value, low=low) for value in found]


def seed(value, name: str = "seed") -> int:
    """`value` as an int. Raises ValueError unless it is an integer of at least 0."""
    found = _as_integer(value)
    if found is None or found < 0:
        raise ValueError(f"{name} must be a non-negative integer, got {value!r}")
    return found


def number(
    name: str,
    value,
    *,
    low: float | None = None,
    high: float | None = None,
    above: float | None = None,
    below: float | None = None,
) -> float:
    """`value` as a finite float in a range: low <= value <= high, above < value < below.

    Any real number and 0-d tensors are welcome, bools are not. Raises ValueError that names the
    argument and its range.
    """
    found = _as_float(value)
    inside = found is not None and (
        (low is None or found >= low)
        and (high is None or found <= high)
        and (above is None or found > above)
        and (below is None or found < below)
    )
    if not inside:
        raise ValueError(f"{name} must be {_number_words(low, high, above, below)}, got {value!r}")
    return found


def one_of(name: str, value, choices: Iterable, where: str = "") -> None:
    """Raises ValueError that lists `choices` unless `value` is one of them.

    where: what makes these the choices, such as " for digits".
    """
    choices = list(choices)
    comparable = not isinstance(value, (bool, np.ndarray, torch.Tensor))  # True == 1
    if not comparable or value not in choices:
        listed = ", ".join(map(str, choices))
        raise ValueError(f"{name} must be one of {listed}{where}, got {value!r}")


def instance(name: str, value, kind: type | tuple[type, ...], words: str) -> None:
    """Raises TypeError unless `value` is a `kind`. words: what that is, such as "a Recipe"."""
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be {words}, got {_briefly(value)}")


def function(name: str, value, words: str = "") -> None:
    """Raises TypeError unless `value` can be called. words: of what, such as "of a tensor"."""
    if not callable(value):
        raise TypeError(f"{name} must be a function{words and ' ' + words}, got {_briefly(value)}")


def tensor(
    name: str, value, *, dtype: torch.dtype | None = None, shape: Sequence[int | str] | None = None
) -> None:
    """Raises TypeError unless `value` is a tensor of that dtype, ValueError for another shape.

    shape: a number for a size that is known, a word for one that may be anything: ("n", 3).
    """
    kind = str(dtype).removeprefix("torch.") if dtype is not None else ""
    article = "a" if kind[:1] not in ("i",) else "an"
    words = f"{article} {kind} tensor" if kind else "a tensor"
    if not isinstance(value, torch.Tensor):
        raise TypeError(f"{name} must be {words}, got {type(value).__name__}")
    if dtype is not None and value.dtype != dtype:
        raise TypeError(f"{name} must be {words}, got {value.dtype}")
    if shape is not None:
        _check_shape(name, value, shape)


def floats(
    name: str, value, *, shape: Sequence[int | str] | None = None, finite: bool = True
) -> None:
    """Raises TypeError unless `value` is a floating-point tensor, ValueError for another shape.

    shape: as in `tensor`. finite: a value that holds nan or inf is a ValueError too.
    """
    if not isinstance(value, torch.Tensor):
        raise TypeError(f"{name} must be a floating-point tensor, got {type(value).__name__}")
    if not value.is_floating_point():
        raise TypeError(f"{name} must be a floating-point tensor, got a {value.dtype} one")
    if shape is not None:
        _check_shape(name, value, shape)
    if finite:
        wrong = value.numel() - int(torch.isfinite(value).sum())
        if wrong:
            raise ValueError(
                f"{name} must be finite, but {wrong} of {value.numel()} numbers are nan or inf"
            )


def _check_shape(name, value, shape):
    fits = value.ndim == len(shape) and all(
        isinstance(wanted, str) or found == wanted for found, wanted in zip(value.shape, shape)
    )
    if not fits:
        listed = ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "")
        raise ValueError(f"{name} must have shape ({listed}), got {tuple(value.shape)}")


def _as_integer(value):
    """An int, or None for what is none: bools, strings, floats, arrays of more than one number."""
    if isinstance(value, (bool, np.bool_)) or getattr(value, "ndim", 0) != 0:
        return None
    if isinstance(value, torch.Tensor) and (value.dtype == torch.bool or value.is_floating_point()):
        return None
    try:
        return operator.index(value)
    except (TypeError, RuntimeError):
        return None


def _as_float(value):
    """A finite float, or None for what is none."""
    if isinstance(value, (bool, np.bool_)) or getattr(value, "ndim", 0) != 0:
        return None
    if isinstance(value, torch.Tensor):
        real = value.is_floating_point() or value.dtype != torch.bool and not value.is_complex()
    else:
        real = (
            isinstance(value, numbers.Real)
            or isinstance(value, np.ndarray)
            and value.dtype.kind in "iuf"
        )
    try:
        found = float(value) if real else math.nan
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def _integer_words(low, high):
    if low is None and high is None:
        return "an integer"
    if high is None:
        return f"an integer of at least {low}"
    return f"an integer of at most {high}" if low is None else f"an integer from {low} to {high}"


def _number_words(low, high, above, below):
    least = low if low is not None else above
    most = high if high is not None else below
    if least is None and most is None:
        return "a finite number"
    if low is not None and most is not None:
        return f"a number in [{low:g}, {most:g}{']' if high is not None else ')'}"
    if above is not None and below is not None:
        return f"a number between {above:g} and {below:g}"
    left = (
        f"of at least {low:g}"
        if low is not None
        else f"greater than {above:g}"
        if above is not None
        else ""
    )
    right = (
        f"at most {high:g}" if high is not None else f"below {below:g}" if below is not None else ""
    )
    return "a number " + " and ".join(part for part in (left, right) if part)


def _briefly(value):
    """A short value as it is written, a long one by its type."""
    written = repr(value)
    return written if len(written) <= 40 and "\n" not in written else type(value).__name__
