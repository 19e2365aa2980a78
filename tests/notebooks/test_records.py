"""Does every notebook find what was recorded, wherever its kernel starts?"""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import unlearnlab as ul

NOTEBOOKS = Path(ul.__file__).parents[1] / "notebooks"
READ = {"read", "load", "read_text", "read_bytes", "open", "Path"}


def names(statement, context):
    """The names that a statement looks up (ast.Load) or binds (ast.Store)."""
    found = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, context):
            found.add(node.id)
        elif isinstance(node, (ast.alias, ast.FunctionDef)) and context is ast.Store:
            found.add(getattr(node, "asname", None) or node.name)
    return found


def reading(path):
    """The statements of a notebook that read something, and those they follow from."""
    statements = ast.parse(path.read_text(encoding="utf-8")).body
    wanted, needed = [], set()
    for statement in reversed(statements):
        calls = [n.func for n in ast.walk(statement) if isinstance(n, ast.Call)]
        called = {getattr(f, "attr", getattr(f, "id", "")) for f in calls}
        if called & READ or names(statement, ast.Store) & needed:
            wanted.append(statement)
            needed |= names(statement, ast.Load)
    return ast.unparse(ast.Module(wanted[::-1], []))


CODE = {path.stem: reading(path) for path in sorted(NOTEBOOKS.glob("[0-9]*.py"))}


@pytest.mark.parametrize("name", [name for name, code in CODE.items() if code])
def test_a_notebook_reads_its_records_from_any_folder(name, tmp_path):
    ended = subprocess.run(
        [sys.executable, "-c", CODE[name]], cwd=tmp_path, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    assert not list(tmp_path.iterdir())


def test_there_are_notebooks_that_read():
    assert {"04_sine_poisoning", "11_replication"} <= {name for name in CODE if CODE[name]}
