"""Does the package work where there is no checkout: built, installed, and used from elsewhere?"""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NO_NETWORK = ("No matching distribution", "Could not find a version", "NewConnectionError")
LAB = """
import sys, unlearnlab
assert unlearnlab.__file__.startswith(sys.prefix), unlearnlab.__file__
from unlearnlab.chapters import ch02_relaxed as ch
lab = ch.SpanLab(seed=1)
before = lab.canvas.figure.alt
lab.off.value = 0.5
assert lab.canvas.figure.alt != before and lab.error is None
print(repr(lab))
"""


def run(*command, cwd):
    """What a command prints, with no sign of the checkout in its environment."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(command, cwd=cwd, env=env, text=True, capture_output=True)


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """A folder with an environment of its own that has the wheel, and its Python.

    What the wheel asks for is lent by the environment that runs the tests, behind its own.
    """
    folder = tmp_path_factory.mktemp("far from the checkout")
    copy = folder / "copy"  # building writes beside what it builds
    shutil.copytree(ROOT / "unlearnlab", copy / "unlearnlab")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    built = run(*pip, "wheel", "--no-deps", "-w", str(folder), str(copy), cwd=folder)
    if built.returncode and any(words in built.stderr for words in NO_NETWORK):
        pytest.skip("pip cannot fetch setuptools, which builds the wheel")
    assert built.returncode == 0, built.stderr
    run(sys.executable, "-m", "venv", "--without-pip", str(folder / "venv"), cwd=folder)
    python = str(folder / "venv" / "bin" / "python")
    (site,) = (folder / "venv").glob("lib/*/site-packages")
    (site / "lent.pth").write_text(sysconfig.get_path("purelib"))
    (wheel,) = folder.glob("unlearnlab-*.whl")
    put = ("install", "--no-index", "--no-deps", "--ignore-installed", str(wheel))
    installed = run(*pip, "--python", python, *put, cwd=folder)
    assert installed.returncode == 0, installed.stderr
    return folder, python


def test_the_environment_check_of_a_wheel_says_ready(elsewhere):
    folder, python = elsewhere
    said = run(python, "-m", "unlearnlab.course.environment", cwd=folder)
    assert said.returncode == 0 and said.stdout.endswith("Ready.\n"), said.stdout + said.stderr


def test_a_lab_of_a_wheel_moves(elsewhere):
    folder, python = elsewhere
    said = run(python, "-c", LAB, cwd=folder)
    assert said.returncode == 0 and "SpanLab" in said.stdout, said.stdout + said.stderr


def test_a_notebook_finds_the_records_beside_it(elsewhere):
    """As on a hosted notebook service, where the package was installed from the folder above."""
    folder, python = elsewhere
    (folder / "results").mkdir()
    shutil.copy(ROOT / "notebooks" / "results" / "interpolation.json", folder / "results")
    code = "import unlearnlab as ul; print(len(ul.table.read('interpolation').rows))"
    said = run(python, "-c", code, cwd=folder)
    assert said.returncode == 0 and int(said.stdout) > 0, said.stdout + said.stderr
