"""Where does a lab of images begin? T, and of every method a setting, kept in lab_settings.json.

By experiment, data set and preset: the setting that did best in our record of it, or among a few
that we tried (`benchmarks/lab_settings.py`), or the name of another row, whose settings these are.
"""

from ..ground.files import beside
from ..methods import METHODS, Method

_ROWS = beside(__file__, "lab_settings.json")


def first_settings(experiment: str, dataset: str, preset: str) -> tuple[int, dict[str, Method]]:
    """T and the methods with which the lab of an experiment begins."""
    rows = _ROWS[experiment]
    row = rows[f"{dataset} {preset}"]
    row = rows[row] if isinstance(row, str) else row
    return row["epochs"], {name: METHODS[name](**own) for name, own in row["methods"].items()}
