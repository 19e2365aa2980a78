"""Does CONTRIBUTING's page lead where it says? Its examples are run, and its chapter is made, in a
copy of the course."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
FILE = re.compile(r"^`([\w/.]+)`\n\n```python\n(.*?)^```", re.M | re.S)


def part(title):
    """What stands below a heading of the page."""
    return re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S)[1]


@pytest.mark.parametrize("title, says", [("A method", "sup_error"), ("A task", "error_rate")])
def test_the_examples_run_as_they_stand(title, says, tmp_path):
    (code,) = re.findall(r"```python\n(.*?)^```", part(title), re.M | re.S)
    (tmp_path / "example.py").write_text(code, encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "example.py"], cwd=tmp_path, capture_output=True, text=True
    )
    assert run.returncode == 0 and says in run.stdout, run.stderr


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The course with the page's chapter, built by the page's commands."""
    folder = tmp_path_factory.mktemp("a copy")
    shutil.copytree(ROOT / "unlearnlab", folder / "unlearnlab")
    (folder / "notebooks").mkdir()
    shutil.copy(ROOT / "notebooks" / "build.py", folder / "notebooks")
    files = FILE.findall(part("A chapter"))
    assert len(files) == 3
    for name, text in files:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    commands = re.search(r"```\n(python .*?)^```", part("A chapter"), re.M | re.S)[1]
    for command in commands.splitlines():
        run = subprocess.run(
            [sys.executable, *shlex.split(command)[1:]],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(folder)},
            capture_output=True,
            text=True,
        )
        assert run.returncode == 0, run.stdout + run.stderr
    return folder


def test_the_chapter_is_built_and_its_exercise_waits_for_an_answer(copy):
    notebook = nbformat.read(copy / "notebooks" / "19_example.ipynb", as_version=4)
    shown = str([cell.get("outputs") for cell in notebook.cells])
    assert "still a stub" in shown and "Hint 3" in shown and "Traceback" not in shown


@pytest.mark.parametrize(
    "answer, says",
    [
        ("theta - share * theta", "right. The cells below use your function"),
        ("theta + share * theta", "that is longer than before"),
        ("share * theta", "return what is left"),
    ],
)
def test_the_exercise_of_the_chapter_knows_right_from_wrong(copy, answer, says):
    code = "from unlearnlab.chapters import ch19_example as ch\n"
    code += f"ch.check('shrunk', lambda theta, share: {answer})"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=copy, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(copy)},
    )  # fmt: skip
    assert says in run.stdout + run.stderr
