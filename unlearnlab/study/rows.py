"""Which method made a row of a table?"""

import dataclasses
from collections.abc import Mapping

from ..methods import METHODS, VARIANTS, Method, MinNormOG, MinNormPublished

# Some recorded runs are older than the class of the public code's way. These are its settings
# beside MinNorm-OG's, at the values at which the two are the same.
CORRECTED = {"rows": "eval", "outputs": "after", "decay": "projection"}


def method_of(row: Mapping, *own: type[Method]) -> Method:
    """The method of a row of what `ul.sweep` returned or of a recorded table, with its settings.

    row: "method" and hyperparameters by name; one that is missing keeps the method's default.
    own: classes of your own that may be meant. Raises KeyError that lists the methods there are.
    """
    import pandas

    kinds = METHODS | VARIANTS | {kind.name: kind for kind in own}
    if row["method"] not in kinds:
        raise KeyError(f"there is no method {row['method']!r}; there are {', '.join(kinds)}")
    kind = kinds[row["method"]]
    given = {name: value for name, value in row.items() if not pandas.isna(value)}
    if kind is MinNormOG and CORRECTED != {
        name: given.get(name, CORRECTED[name]) for name in CORRECTED
    }:
        kind = MinNormPublished
    names = {field.name for field in dataclasses.fields(kind)}
    return kind(**{name: value for name, value in given.items() if name in names})
