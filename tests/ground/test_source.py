"""Is the package's own share the same for the same code, whoever computes it and wherever it
lies?"""

import ast
import collections
import inspect
import os
import shutil
import subprocess
from pathlib import Path

import pytest

import unlearnlab as ul
from unlearnlab.chapters.recording import STUDIES
from unlearnlab.ground import source

PLAIN = '''
import math
from .place import helper as h
NAMES = ["a", "b"]
def scaled(x, *, by=None, **rest):
    """Documented."""
    return f"{x:.3f} and {h(x)!r:>{by}}" "more", {**rest, "k": [None, 1.5, 2j, b"x", True]}
class Rule:
    """A class."""
    strength: float = .5
'''
RECORDED = "6ab4fdd8f9af43ac743fb89915907861c76ffb8c8d4d84646c015e7db734761a"


def test_the_digest_of_a_small_source_is_the_recorded_one():
    assert source.source_digest(PLAIN) == RECORDED


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
def test_another_python_computes_the_same(version):
    python = shutil.which(f"python{version}")
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import source\n"
        "print(source.source_digest(sys.argv[2]), source.package_digest())"
    )
    env = {**os.environ, "PYENV_VERSION": version}  # where pyenv keeps several
    folder = str(Path(source.__file__).parent)
    run = python and subprocess.run(
        [python, "-c", code, folder, PLAIN], capture_output=True, text=True, env=env
    )
    if not run or run.returncode:
        pytest.skip(f"no Python {version} here")
    assert run.stdout.split() == [RECORDED, source.package_digest()]


@pytest.mark.parametrize(
    "old, new",
    [
        ('"""Documented."""', '"""Documented otherwise."""'),
        ('    """Documented."""\n', ""),
        ('NAMES = ["a", "b"]', "NAMES = [\n    'a',\n    'b',  # two\n]"),
        ("return f", "return (f"),
        (
            "import math\nfrom .place import helper as h",
            "from ..other.folder import helper as h\nimport math",
        ),
        ("strength: float = .5", "strength: float = 0.5"),
    ],
)
def test_texts_layout_and_places_change_nothing(old, new):
    changed = PLAIN.replace(old, new)
    if new == "return (f":
        changed = changed.replace("True]}", "True]})")
    assert changed != PLAIN and source.source_digest(changed) == source.source_digest(PLAIN)


@pytest.mark.parametrize(
    "old, new",
    [
        (".5", ".6"),
        ("True", "1"),
        ("1.5", "1"),
        ("by=None", "by=0"),
        ("helper as h", "other as h"),
        ("**rest", "**more"),
        (":.3f", ":.4f"),
        ("!r", ""),
        ("[None, ", "["),
        ('b"x"', '"x"'),
        ("class Rule", "class Rules"),
        (" and ", " or "),
    ],
)
def test_what_says_something_else_changes_it(old, new):
    assert source.source_digest(PLAIN.replace(old, new)) != source.source_digest(PLAIN)


def test_fields_that_an_older_python_lacks_and_empty_ones_change_nothing(monkeypatch):
    before = source.source_digest(PLAIN)
    real = ast.iter_fields
    newer = lambda node: [*real(node), ("type_params", []), ("another", None)]
    monkeypatch.setattr(source.ast, "iter_fields", newer)
    assert source.source_digest(PLAIN) == before


def test_fstrings_are_the_same_however_their_text_is_cut():
    """Pythons before 3.12 and after it cut it differently."""
    tree = ast.parse('f"a{x}bc"')
    pieces = tree.body[0].value.values
    pieces[2:] = [ast.Constant("b"), ast.Constant(""), ast.Constant("c")]
    assert source._plain(tree) == source._plain(ast.parse('f"a{x}bc"'))


def test_a_moved_file_changes_nothing_and_an_edited_one_does(tmp_path, monkeypatch):
    monkeypatch.setattr(source, "NUMBERS", ("a.py", "rules"))
    (tmp_path / "rules").mkdir()
    (tmp_path / "a.py").write_text("A = 1\n")
    (tmp_path / "rules" / "b.py").write_text("B = 2\n")
    before = source.package_digest(tmp_path)
    (tmp_path / "rules" / "b.py").rename(tmp_path / "rules" / "c.py")
    (tmp_path / "picture.py").write_text("C = 3\n")
    assert source.package_digest(tmp_path) == before
    (tmp_path / "a.py").write_text("A = 2\n")
    assert source.package_digest(tmp_path) != before


def test_every_entry_of_the_list_is_there_and_pictures_are_not_counted():
    counted = {path.name for path in source.files()}
    assert {"minnorm.py", "descent.py", "base.py"} <= counted
    assert (
        not {"sweep.py", "store.py", "fetch.py", "provenance.py", "choosing.py", "style.py"}
        & counted
    )
    assert all(
        source.counted(f"unlearnlab.{name}") for name in ("methods.minnorm", "methods", "task")
    )
    assert not any(
        source.counted(f"unlearnlab.{name}")
        for name in ("study.sweep", "methodsofmine", "chapters.ch04_sine.exercises", "course.style")
    )


def test_an_entry_that_names_nothing_is_refused_by_name(monkeypatch):
    monkeypatch.setattr(source, "NUMBERS", ("gone.py",))
    with pytest.raises(FileNotFoundError, match="names gone.py"):
        source.files()


def module_of(function):
    while hasattr(function, "func"):  # a partial
        function = function.func
    return Path(inspect.getsourcefile(inspect.unwrap(function)))


@pytest.mark.parametrize("name", STUDIES)
def test_the_network_of_a_study_is_among_what_numbers_follow_from(name):
    """Functions of the package stand in a fingerprint by name: only this digest knows of edits."""
    given = getattr(getattr(STUDIES[name], "factory", None), "keywords", {})
    assert "network" not in given or module_of(given["network"]) in source.files()


@pytest.mark.parametrize("kind", ["sine", "erasure", "collapse", "width", "passage"])
def test_what_measures_a_task_of_ours_is_among_what_numbers_follow_from(kind):
    task = getattr(ul, kind).task()
    assert {module_of(task.evaluate), module_of(task.build)} <= {*source.files()}


def test_what_measures_the_images_to_choose_by_is_among_them():
    assert module_of(STUDIES["collapse-validated-cifar10"].factory) in source.files()


# Of what counted modules import: checks that only refuse, files, names, and the settings of grids,
# which stand in a run's identity themselves.
NO_NUMBERS = """data.fetch ground.checks ground.files ground.identity ground.origin
    ground.provenance ground.source ground.stopping tasks.papers training.checkpoint""".split()


def imported(path):
    """The files of the package that a module imports, those that only hold names left out."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            place = path.parents[node.level - 1].joinpath(*(node.module or "").split("."))
            names = [place / alias.name for alias in node.names]
            yield from (p for p in {q.with_suffix(".py") for q in (place, *names)} if p.is_file())


def test_whatever_counted_modules_import_is_counted_too_or_makes_no_numbers():
    """Counted functions go by name: what they call is followed nowhere else."""
    counted, silent = {*source.files()}, set()
    for path in counted:
        silent |= {*imported(path)} - counted
    names = {".".join(p.relative_to(source.PACKAGE).with_suffix("").parts) for p in silent}
    assert sorted(names) == NO_NUMBERS


def test_a_comment_is_no_edit_and_what_is_gone_or_broken_is_one(tmp_path, monkeypatch):
    monkeypatch.setattr(source, "PACKAGE", tmp_path)
    monkeypatch.setattr(source, "NUMBERS", ("a.py", "b.py"))
    monkeypatch.setattr(source.files, "__defaults__", (tmp_path,))
    for name in "ab":
        (tmp_path / f"{name}.py").write_text("A = 1\n")
    monkeypatch.setattr(source, "IMPORTED", source._contents())
    (tmp_path / "a.py").write_text("A = 1  # one\n")
    assert source.edited() == []
    for text in ("A = 2\n", "A = \n"):
        (tmp_path / "a.py").write_text(text)
        assert source.edited() == ["a.py"]
    (tmp_path / "a.py").unlink()
    assert "a.py" in source.edited()


def test_no_two_counted_modules_make_a_rule_of_one_name_that_another_imports():
    """An import says by name what it takes, not from where: the other's would not be seen."""
    made, taken = collections.defaultdict(set), set()
    for path in source.files():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.level:
                taken |= {each.name for each in node.names}
        for node in tree.body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                made[node.name].add(path.name)
    assert {name: made[name] for name in taken if len(made[name]) > 1} == {}
