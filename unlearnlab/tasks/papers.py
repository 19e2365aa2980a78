"""What the papers publish, and the grids that methods are run over: numbers, kept in papers.json.

tables: by row of a table of paper A, a method's numbers. best: the settings that it found best.
labs: by experiment, data set and preset, where a lab begins: T, and of every method the setting
that did best in our record of it, or among a few that we tried (`benchmarks/lab_settings.py`), or
None: as another.
grids: a method's hyperparameters, each a value or a list of values to try, beside those that are
common to all methods of the grid.
"""

import json
from pathlib import Path

from ..methods import METHODS, Method

_DATA = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))


def table(row: str) -> dict[str, tuple]:
    """The numbers of every method in a row of a table."""
    return {method: tuple(numbers) for method, numbers in _DATA["tables"][row].items()}


def best(row: str) -> dict[str, dict]:
    """The hyperparameters of every method that did best in a row of a table."""
    return {method: dict(values) for method, values in _DATA["best"][row].items()}


def methods(row: str) -> dict[str, Method]:
    """The methods at the hyperparameters that did best in a row of a table."""
    return {name: METHODS[name](**values) for name, values in best(row).items()}


def lab(experiment: str, dataset: str, preset: str) -> tuple[int, dict[str, Method]]:
    """T and the methods with which the lab of an experiment begins."""
    rows = _DATA["labs"][experiment]
    row = rows[f"{dataset} {preset}"]
    row = rows[row] if isinstance(row, str) else row
    return row["epochs"], {name: METHODS[name](**own) for name, own in row["methods"].items()}


def grid(name: str, epochs: int, **common) -> dict[str, dict]:
    """A grid as `ul.sweep` takes it. common: in place of what all of its methods share."""
    row = _DATA["grids"][name]
    shared = {"epochs": epochs, **row["common"], **common}
    return {method: {**shared, **own} for method, own in row["methods"].items()}
