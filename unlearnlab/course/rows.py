"""Which method made a row of a table?"""

import dataclasses
from collections.abc import Mapping

from ..methods import METHODS, Method

# Some recorded runs of MinNorm-OG are older than the class of the public code's way. These are its
# settings beside MinNorm-OG's, at the values at which the two are the same.
CORRECTED = {"rows": "eval", "outputs": "after", "decay": "projection"}


def method_of(row: Mapping, *own: type[Method]) -> Method:
    """The method of a row of what `ul.sweep` returned or of a recorded table, with its settings.

    row: "method" and hyperparameters by name; one that is missing keeps the method's default.
    own: classes of your own that may be meant. Raises KeyError that lists the methods there are.
    """
    import pandas

    kinds = METHODS | {kind.name: kind for kind in own}
    given = {name: value for name, value in row.items() if not pandas.isna(value)}
    name = given["method"]
    if name == "MinNorm-OG" and any(given.get(n, value) != value for n, value in CORRECTED.items()):
        name = "MinNorm-OG as published"
    if name not in kinds:
        raise KeyError(f"there is no method {name!r}; there are {', '.join(kinds)}")
    kind = kinds[name]
    names = {field.name for field in dataclasses.fields(kind)}
    return kind(**{name: value for name, value in given.items() if name in names})
