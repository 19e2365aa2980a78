"""Does every notebook find what was recorded, wherever its kernel starts?"""

import ast
import json
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


def own(statement):
    """The names that only live within a statement: of loops and arguments."""
    nodes = list(ast.walk(statement))
    loops = [n.target for n in nodes if isinstance(n, (ast.comprehension, ast.For))]
    looped = {n.id for loop in loops for n in ast.walk(loop) if isinstance(n, ast.Name)}
    return looped | {n.arg for n in nodes if isinstance(n, ast.arg)}


def reading(path):
    """The statements of a notebook that read something, and those they follow from."""
    statements = ast.parse(path.read_text(encoding="utf-8")).body
    wanted, needed = [], set()
    for statement in reversed(statements):
        calls = [n.func for n in ast.walk(statement) if isinstance(n, ast.Call)]
        called = {getattr(f, "attr", getattr(f, "id", "")) for f in calls}
        made = names(statement, ast.Store) - own(statement)
        if called & READ or made & needed:
            wanted.append(statement)
            if isinstance(statement, ast.Assign):
                needed -= made  # what stood there before does not matter
            needed |= names(statement, ast.Load) - own(statement)
    return ast.unparse(ast.Module(wanted[::-1], []))


CODE = {path.stem: reading(path) for path in sorted(NOTEBOOKS.glob("[0-9]*.py"))}


EACH = """
import json, sys, traceback
for name, code in json.load(sys.stdin).items():
    try:
        exec(code, {"__name__": "__main__"})
    except Exception:
        traceback.print_exc()
        sys.exit(name)
"""


@pytest.mark.parametrize("name", CODE)
def test_no_call_that_reads_a_record_is_left_out(name):
    source = (NOTEBOOKS / f"{name}.py").read_text(encoding="utf-8")
    assert all(CODE[name].count(call) == source.count(call) for call in ("table.read(", ".load("))


def test_notebooks_read_their_records_from_any_folder(tmp_path):
    command = [sys.executable, "-c", EACH]  # one process for all, as it takes seconds to start
    given = {"input": json.dumps(CODE), "capture_output": True, "text": True}
    ended = subprocess.run(command, cwd=tmp_path, **given)
    assert ended.returncode == 0, ended.stderr
    assert not list(tmp_path.iterdir())


def test_there_are_notebooks_that_read():
    assert {"04_sine_poisoning", "11_replication"} <= {name for name in CODE if CODE[name]}
