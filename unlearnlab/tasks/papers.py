"""What the papers publish, and the grids that methods are run over: numbers, kept in papers.json.

tables: by row of a table of paper A, a method's numbers. best: the settings that it found best.
grids: a method's hyperparameters, each a value or a list of values to try, beside those that are
common to all methods of the grid.
"""

from ..ground.files import beside

_DATA = beside(__file__, "papers.json")


def table(row: str) -> dict[str, tuple]:
    """The numbers of every method in a row of a table."""
    return {method: tuple(numbers) for method, numbers in _DATA["tables"][row].items()}


def best(row: str) -> dict[str, dict]:
    """The hyperparameters of every method that did best in a row of a table."""
    return {method: dict(values) for method, values in _DATA["best"][row].items()}


def grid(name: str, epochs: int, **common) -> dict[str, dict]:
    """A grid as `ul.sweep` takes it. common: in place of what all of its methods share."""
    row = _DATA["grids"][name]
    shared = {"epochs": epochs, **row["common"], **common}
    return {method: {**shared, **own} for method, own in row["methods"].items()}
