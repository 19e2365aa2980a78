"""Which runs does a grid name?"""

import dataclasses
import itertools
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ..ground import checks
from ..ground.identity import fingerprint
from ..loop import TAKEN
from ..methods import METHODS, Method


class Setting(NamedTuple):
    """One row of a grid: a method with its hyperparameters, for so many epochs."""

    method: Method
    epochs: int


def expand(grid) -> list[Setting]:
    """Every combination a grid names, in its order, each once.

    grid: {method name or class: {hyperparameter or "epochs": value or list of values}}, one
    (Method, epochs) pair or Setting, or a list of such. A hyperparameter that is not named keeps
    the method's default; epochs must be named.

    Raises TypeError or ValueError that names the method and the hyperparameter at fault, or two
    methods of one name; or a hyperparameter named like a column of the table; CannotIdentify for a
    method of which nobody could say whether it is the same as another.
    """
    settings, kinds = {}, {}
    for method, epochs in _settings(grid):
        epochs = checks.integer(f"{method.name}: epochs", epochs, low=1)
        # not by ==, for which 1 and True are one, and which a field may be left out of
        settings[fingerprint(method), epochs] = Setting(method, epochs)
        kind = type(method)
        if kinds.setdefault(kind.name, kind) is not kind:
            raise ValueError(
                f"two methods of this grid are called {kind.name!r}, which the table could not "
                "tell apart: give one another name, as in `name = ...`"
            )
        for field in dataclasses.fields(kind):
            if field.name in TAKEN:
                raise ValueError(
                    f"{kind.name} has a hyperparameter {field.name!r}, as a column of the table "
                    "is called: give it another name"
                )
    return list(settings.values())


def _settings(grid):
    if isinstance(grid, Mapping):
        return [setting for name, values in grid.items() for setting in _combinations(name, values)]
    if isinstance(grid, tuple) and len(grid) == 2 and isinstance(grid[0], Method):
        return [grid]
    if (
        isinstance(grid, Iterable)
        and not isinstance(grid, (str, bytes))
        and getattr(grid, "ndim", 1)
    ):
        return [setting for part in grid for setting in _settings(part)]
    raise TypeError(
        "grid must be a dict of methods, (Method, epochs) pairs, or a list of these, "
        f"got {type(grid).__name__}"
    )


def _combinations(method, values):
    kind = METHODS.get(method, method)
    if not isinstance(kind, type) or not issubclass(kind, Method):
        raise ValueError(
            f"grid names no method: {method!r}; there are {', '.join(METHODS)}, and classes, "
            "such as ul.NTK or your own"
        )
    name, known = kind.name, [f.name for f in dataclasses.fields(kind)]
    checks.instance(f"grid[{name!r}]", values, Mapping, "a dict of hyperparameters")
    for hyperparameter in values.keys() - {*known, "epochs"}:
        raise ValueError(
            f"{name} has no hyperparameter {hyperparameter!r}; it has epochs, {', '.join(known)}"
        )
    if "epochs" not in values:
        raise ValueError(f"grid[{name!r}] must say for how many epochs")
    lists = {hyperparameter: listed(value) for hyperparameter, value in values.items()}
    for hyperparameter, several in lists.items():
        if not several:
            raise ValueError(f"grid[{name!r}][{hyperparameter!r}] is empty")
    for combination in itertools.product(*lists.values()):
        given = dict(zip(lists, combination))
        epochs = given.pop("epochs")
        yield kind(**given), epochs


def listed(value) -> list:
    """One value or several, as a list."""
    single = isinstance(value, str) or not isinstance(value, Iterable)
    return [value] if single or getattr(value, "ndim", 1) == 0 else list(value)
