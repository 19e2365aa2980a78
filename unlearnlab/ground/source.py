"""The package's own share in every number: which of its modules numbers follow from, and a digest
of their source.

It needs no import of what it reads and only the standard library, and is the same under every
Python.
"""

import ast
import hashlib
from pathlib import Path

PACKAGE = Path(__file__).parents[1]

# Every module that the number of a run, or a trained model, follows from: files and folders.
# Studies, pictures, labs, exercises, theorems and downloads are not among them, so that editing
# one of these voids no store.
NUMBERS = """
    task.py
    loop.py
    projection
    ground/models.py
    ground/modes.py
    ground/optim.py
    ground/points.py
    ground/precision.py
    ground/seeds.py
    ground/threads.py
    methods
    metrics
    networks
    data/images.py
    data/passage.py
    data/sine.py
    data/tint.py
    training/recipe.py
    training/fit.py
    training/graph.py
    training/zoo.py
    tasks/sine.py
    tasks/erasure.py
    tasks/collapse.py
    tasks/width.py
    tasks/passage.py
    course/curve.py
    tasks/presets.py
    chapters/ch10_collapse/validated.py
    chapters/ch11_replication/networks.py
    chapters/ch11_replication/published.py
    chapters/ch11_replication/variants.py
    chapters/ch12_width/regions.py
    chapters/ch12_width/vit.py
    chapters/ch13_evidence/challenge.py
    course/relearning.py
    chapters/ch13_evidence/shadow.py
""".split()

# What an older or a newer Python writes otherwise for the same source, or what only marks a place.
SILENT_FIELDS = {"ctx", "type_comment", "type_ignores", "kind"}


def package_digest(folder: Path = PACKAGE) -> str:
    """SHA-256 over the modules of NUMBERS. Neither the Python that computes it, nor comments,
    docstrings, layout, the order of imports, or the place of a file changes it."""
    digests = sorted(source_digest(path.read_text(encoding="utf-8")) for path in files(folder))
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


def files(folder: Path = PACKAGE) -> list[Path]:
    """The modules of NUMBERS. Raises FileNotFoundError for an entry that names nothing."""
    found = []
    for name in NUMBERS:
        path = folder / name
        if not path.exists():
            raise FileNotFoundError(
                f"unlearnlab.ground.source.NUMBERS names {name}, which is not in {folder}"
            )
        found += path.rglob("*.py") if path.is_dir() else [path]
    return [
        path for path in found if path.name != "__init__.py"
    ]  # which hold names for readers, no rules


def _contents():
    try:
        return {path.relative_to(PACKAGE).as_posix(): path.read_bytes() for path in files()}
    except FileNotFoundError:  # one is gone, or all are in an archive
        return {}


IMPORTED = _contents()  # read when the package is imported: it is what runs


def edited() -> list[str]:
    """Which modules of NUMBERS say something else by now than this process imported."""
    now = _contents()
    return [name for name, text in IMPORTED.items() if not _says(text, now.get(name, b"?"))]


def _says(text, other):
    try:
        return text == other or source_digest(text.decode()) == source_digest(other.decode())
    except (SyntaxError, ValueError):
        return False


def contents() -> str:
    """SHA-256 of every module and data file of the package as they are now."""
    found = sorted(path for kind in ("py", "json") for path in PACKAGE.rglob(f"*.{kind}"))
    parts = (hashlib.sha256(path.read_bytes()).hexdigest() for path in found)
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()


def counted(module: str) -> bool:
    """Whether `package_digest` covers this module, by its dotted name."""
    path = module.partition(".")[2].replace(".", "/")
    folders = tuple(f"{name}/" for name in NUMBERS if not name.endswith(".py"))
    return f"{path}.py" in NUMBERS or f"{path}/".startswith(folders)


def source_digest(text: str) -> str:
    """SHA-256 of what a module's source says."""
    tree = ast.parse(text)
    imported = sorted(_imported(tree))
    return hashlib.sha256(repr((imported, _plain(tree))).encode()).hexdigest()


def _imported(tree):
    """The names that a module binds by imports: what they are called, not where they lie."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from (f"{name.name} {name.asname or ''}" for name in node.names)


def _plain(node):
    """A syntax tree as nested tuples: node types and the fields that say something."""
    if isinstance(node, list):
        return tuple(
            _plain(item) for item in node if not isinstance(item, (ast.Import, ast.ImportFrom))
        )
    if isinstance(node, ast.Constant):
        return "Constant", type(node.value).__name__, repr(node.value)
    if isinstance(node, ast.JoinedStr):
        return "JoinedStr", _merged(node.values)
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = {name: value for name, value in ast.iter_fields(node) if name not in SILENT_FIELDS}
    if isinstance(fields.get("body"), list):
        fields["body"] = [line for line in fields["body"] if not _is_text(line)]
    said = (
        (name, _plain(value))
        for name, value in sorted(fields.items())
        if value is not None and value != []
    )
    return type(node).__name__, tuple(said)


def _is_text(statement):
    """Docstrings, and strings that stand alone."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _merged(values):
    """The parts of an f-string. Pythons differ in where they cut the text between two of its
    fields."""
    parts = []
    for value in values:
        if not isinstance(value, ast.Constant):
            parts.append(_plain(value))
        elif value.value == "":
            continue
        elif parts and parts[-1][0] == "text":
            parts[-1] = ("text", parts[-1][1] + value.value)
        else:
            parts.append(("text", value.value))
    return tuple(parts)
