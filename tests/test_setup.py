"""Does one command set up a machine that has only Python and make, also after an interruption,
a move or a change?

`make lab` runs in a small folder with a Python that only pretends: it notes every call and makes
files where venv and pip would.
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")

PRETENDS = """#!/bin/sh
echo "$*" >> "$LOG"
case "$*" in
  *version_info*) exit $TOO_OLD ;;
  "-m venv "*) mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
  "-m pip install"*) touch .venv/half-installed; exit $PIP_FAILS ;;
esac
"""


class Checkout:
    """A folder with the Makefile, the files it depends on, and a Python that pretends."""

    def __init__(self, folder):
        self.folder, self.log = folder, folder / "calls"
        folder.mkdir()
        for name in ("Makefile", "requirements.txt", "pyproject.toml"):
            shutil.copy(ROOT / name, folder)
        self.python = folder / "pretends"
        self.python.write_text(PRETENDS)
        self.python.chmod(0o755)

    def make(self, *goals, python=None, pip_fails=0, too_old=0, **env):
        """Runs make; returns (exit status, what it printed, the calls
        that changed or started something)."""
        self.log.write_text("")
        base = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("MAKE", "MFLAGS", "DISPLAY", "WAYLAND"))
        }
        run = subprocess.run(
            ["make", *goals, f"PYTHON={python or './pretends'}"],
            cwd=self.folder,
            text=True,
            capture_output=True,
            env=base
            | {"LOG": str(self.log), "PIP_FAILS": str(pip_fails), "TOO_OLD": str(too_old)}
            | env,
        )
        calls = [line for line in self.log.read_text().splitlines() if line.startswith("-m")]
        return run.returncode, run.stdout + run.stderr, [call.split()[1] for call in calls]

    @property
    def stamp(self):
        return self.folder / ".venv/.complete"


@pytest.fixture
def checkout(tmp_path):
    return Checkout(tmp_path / "a checkout")


def test_the_first_call_sets_up_and_the_second_starts_at_once(checkout):
    assert checkout.make("lab")[2] == ["venv", "pip", "jupyterlab"]
    assert checkout.make("lab")[2] == ["jupyterlab"]
    assert checkout.make("test")[2] == ["pytest"]


def test_an_interrupted_install_starts_again_from_nothing(checkout):
    status, _, calls = checkout.make("lab", pip_fails=1)
    assert status != 0 and calls == ["venv", "pip"]
    assert not checkout.stamp.exists()
    leftover = checkout.folder / ".venv/half-written"
    leftover.touch()
    assert checkout.make("lab")[2] == ["venv", "pip", "jupyterlab"]
    assert not leftover.exists()


@pytest.mark.parametrize("name", ["requirements.txt", "pyproject.toml"])
def test_a_changed_requirement_installs_again_into_the_same_environment(checkout, name):
    checkout.make("lab")
    os.utime(checkout.stamp, (1, 1))
    os.utime(checkout.folder / name)
    assert checkout.make("lab")[2] == ["pip", "jupyterlab"]


def test_an_interrupted_second_install_starts_again_from_nothing_too(checkout):
    checkout.make("lab")
    os.utime(checkout.stamp, (1, 1))
    assert checkout.make("lab", pip_fails=1)[2] == ["pip"]
    assert checkout.make("lab")[2] == ["venv", "pip", "jupyterlab"]


def test_a_moved_checkout_makes_its_environment_anew(checkout):
    checkout.make("lab")
    moved = checkout.folder.rename(checkout.folder.with_name("moved"))
    checkout.folder, checkout.log = moved, moved / "calls"
    assert checkout.make("lab")[2] == ["venv", "pip", "jupyterlab"]


def test_an_environment_whose_python_is_gone_is_made_anew(checkout):
    checkout.make("lab")
    (checkout.folder / ".venv/bin/python").unlink()
    assert checkout.make("lab")[2] == ["venv", "pip", "jupyterlab"]


def test_a_python_that_is_too_old_is_refused_with_a_remedy(checkout):
    status, text, calls = checkout.make("lab", too_old=1)
    assert status != 0 and calls == []
    assert "needs Python 3.11 or newer" in text and "PYTHON=python3." in text


def test_a_python_that_does_not_exist_is_refused_with_a_remedy(checkout):
    status, text, _ = checkout.make("lab", python="no-such-python")
    assert status != 0 and "needs Python 3.11 or newer" in text


def test_without_a_display_no_browser_is_started(checkout):
    checkout.make("lab", "LAB_FLAGS=--port 9000")
    started = checkout.log.read_text().splitlines()[-1]
    assert "/lab/tree/notebooks/00_start_here.ipynb" in started and started.endswith("--port 9000")
    assert ("--no-browser" in started) == (sys.platform != "darwin")
    assert ("--allow-root" in started) == (os.geteuid() == 0)
    checkout.make("lab", DISPLAY=":0")
    assert "--no-browser" not in checkout.log.read_text().splitlines()[-1]


def test_make_alone_lists_the_commands_and_installs_nothing(checkout):
    status, text, calls = checkout.make()
    assert status == 0 and calls == []
    assert all(
        goal in text for goal in ("make lab", "make test", "make processors", "make notebooks")
    )


def name_of(requirement):
    return re.match(r"[\w.-]+", requirement)[0].lower().replace("_", "-")


def test_every_direct_dependency_is_pinned_exactly():
    lines = [line.strip() for line in (ROOT / "requirements.txt").read_text().splitlines()]
    pins = [line for line in lines if line and not line.startswith("#")]
    assert pins[-1] == "-e ."
    assert [pin for pin in pins[:-1] if not re.fullmatch(r"[\w.-]+==\d[\w.]*", pin)] == []
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert {name_of(one) for one in declared} - {name_of(pin) for pin in pins[:-1]} == set()


def test_every_pin_is_a_version_pyproject_allows():
    requirements = pytest.importorskip("packaging.requirements")
    pins = dict(
        line.split("==") for line in (ROOT / "requirements.txt").read_text().split() if "==" in line
    )
    for one in map(
        requirements.Requirement,
        tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"],
    ):
        assert one.specifier.contains(pins[one.name]), f"{one} does not allow {pins[one.name]}"
