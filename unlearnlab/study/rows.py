"""Which method made a row of a table?"""

import dataclasses
from collections.abc import Mapping

from ..methods import METHODS, VARIANTS, Method


def method_of(row: Mapping) -> Method:
    """The method of a row of what `ul.sweep` returned or `table.read` read, with its settings.

    row: "method" and hyperparameters by name; one that is missing keeps the method's default.
    Raises KeyError for a method that there is not.
    """
    import pandas

    kind = (METHODS | VARIANTS)[row["method"]]
    names = [field.name for field in dataclasses.fields(kind)]
    return kind(**{name: row[name] for name in names if name in row and not pandas.isna(row[name])})
