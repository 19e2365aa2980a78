"""A recorded result: a file with a few named tables, where they come from, and a hash of both.

    recorded = table.read("table1")        # of the course; any other by its path
    recorded["runs"]                       # a pandas.DataFrame, one row per run
    recorded.provenance                    # {"command": ..., "commit": ..., ...}

On disk it is JSON: {"sha256": ..., "provenance": {name: text}, "tables": {name: {"columns": [...],
"rows": [[...], ...]}}}. A cell is a number, a word, a list of numbers, or null where a row has
none."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..ground import checks, files

RESULTS = Path(__file__).parents[2] / "notebooks" / "results"  # of a checkout
FIELDS = ("sha256", "provenance", "tables")


class BadTable(ValueError):
    """A recorded file is damaged, was edited, or is no recorded file. The message names it."""


@dataclass(frozen=True)
class Recorded:
    """What a file holds. provenance: words by name. rows: by table, a list of dicts of cells."""

    path: Path
    provenance: dict[str, str]
    rows: dict[str, list[dict]]

    def __contains__(self, name: str) -> bool:
        return name in self.rows

    def __getitem__(self, name: str):
        """A table as a pandas.DataFrame. Raises KeyError that lists what there is.

        A column of whole numbers with gaps has pandas' type Int64; an empty cell is NaN or None.
        """
        import pandas

        if name not in self.rows:
            raise KeyError(f"{self.path.name} has no table {name!r}; it has {', '.join(self.rows)}")
        frame = pandas.DataFrame(self.rows[name])
        kinds = {column: {type(row[column]) for row in self.rows[name]} for column in frame}
        whole = [column for column, kind in kinds.items() if kind == {int, type(None)}]
        return frame.astype(dict.fromkeys(whole, "Int64"))


def read(path: Path | str) -> Recorded:
    """The tables of a file that `write` made.

    path: of a file .json, or the name of one that comes with the course, which is looked for in the
    checkout, whatever the working folder is; without a checkout, in results/ in that folder.

    Raises BadTable, which names the file and what is wrong with it, and OSError for one that is
    not there or cannot be opened.
    """
    path = checks.path("path", path)
    if path.suffix != ".json" and len(path.parts) == 1:
        folder = RESULTS if RESULTS.is_dir() else Path.cwd() / "results"
        path = folder / f"{path}.json"
        if not path.exists():
            raise FileNotFoundError(
                f"no recorded result at {path}; those of the course are in notebooks/results of "
                "its repository: bring that folder beside the notebook"
            )
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise BadTable(f"{path} is no JSON text, or not all of it: {error}") from error
    has = ", ".join(content) if isinstance(content, dict) else type(content).__name__
    if has != ", ".join(FIELDS):
        raise BadTable(
            f"{path} is no recorded result: it must have {', '.join(FIELDS)}, it has {has}"
        )
    said, actual = content.pop("sha256"), sha256(content)
    if said != actual:
        raise BadTable(
            f"{path} was changed after it was written: its content has the SHA-256 {actual}, and "
            f"it says {said}"
        )
    rows = {}
    for name, table in content["tables"].items():
        rows[name] = [dict(zip(table["columns"], row)) for row in table["rows"]]
    return Recorded(path, content["provenance"], rows)


def write(path: Path | str, tables: Mapping, provenance: Mapping[str, str]) -> None:
    """Writes a file whole or not at all, and makes its folder.

    tables: by name, a pandas.DataFrame or a list of rows, each a dict of cells; columns come in
    the order of their first row. provenance: words by name, such as `ground.provenance` gives.

    Raises TypeError for a cell that is no number, word or list, and OSError when it cannot write.
    """
    path = checks.path("path", path)
    for name, given in ("tables", tables), ("provenance", provenance):
        checks.instance(name, given, Mapping, "a dict")
    content = {
        "provenance": dict(provenance),
        "tables": {name: _columns_and_rows(table) for name, table in tables.items()},
    }
    parts = []
    for name, table in content["tables"].items():
        rows = ",\n".join(map(canonical, table["rows"]))
        columns = f'{json.dumps(name)}: {{"columns": {json.dumps(table["columns"])}'
        parts.append(f'{columns}, "rows": [\n{rows}\n]}}')
    head = f'"sha256": "{sha256(content)}",\n"provenance": {json.dumps(content["provenance"])}'
    files.write_text(path, f'{{{head},\n"tables": {{\n' + ",\n".join(parts) + "\n}}\n")


def sha256(value) -> str:
    """In hexadecimal digits, of `canonical`."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def canonical(value) -> str:
    """JSON with sorted keys: equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _columns_and_rows(table):
    if not isinstance(table, list):
        checks.function("to_dict of each of tables", getattr(table, "to_dict", None))
        table = table.to_dict("records")
    columns = list(dict.fromkeys(name for row in table for name in row))
    return {
        "columns": columns,
        "rows": [[_cell(row.get(name)) for name in columns] for row in table],
    }


def _cell(value):
    """What JSON holds of a cell: NaN and pandas' missing value are null."""
    if isinstance(value, (list, tuple)):
        return [_cell(v) for v in value]
    value = value.item() if hasattr(value, "item") else value  # a numpy number
    if type(value).__name__ in ("NAType", "NaTType") or value != value:
        return None
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise TypeError(f"a cell must be a finite number, a word or a list of these, got {value!r}")
