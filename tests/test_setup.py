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
from itertools import groupby
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")

SET_UP = ["venv", "pip", "compileall"]
PRETENDS = """#!/bin/sh
echo "$*" >> "$LOG"
case "$*" in
  *version_info*) exit $TOO_OLD ;;
  *pip==*) exit $OLD_PIP_STAYS ;;
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

    def make(self, *goals, python=None, pip_fails=0, too_old=0, old_pip_stays=0, **env):
        """Runs make; returns (exit status, what it printed, the calls
        that changed or started something, by module; pip twice is once)."""
        self.log.write_text("")
        base = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("MAKE", "MFLAGS", "DISPLAY", "WAYLAND", "TEST_FLAGS"))
        }
        run = subprocess.run(
            ["make", *goals, f"PYTHON={python or './pretends'}"],
            cwd=self.folder,
            text=True,
            capture_output=True,
            env=base
            | {"LOG": str(self.log), "PIP_FAILS": str(pip_fails), "TOO_OLD": str(too_old)}
            | {"OLD_PIP_STAYS": str(old_pip_stays)}
            | env,
        )
        calls = [line for line in self.log.read_text().splitlines() if line.startswith("-m")]
        modules = [name for name, _ in groupby(call.split()[1] for call in calls)]
        return run.returncode, run.stdout + run.stderr, modules

    @property
    def stamp(self):
        return self.folder / ".venv/.complete"


@pytest.fixture
def checkout(tmp_path):
    return Checkout(tmp_path / "a checkout")


def test_the_first_call_sets_up_and_the_second_starts_at_once(checkout):
    assert checkout.make("lab")[2] == [*SET_UP, "jupyterlab"]
    assert checkout.make("lab")[2] == ["jupyterlab"]
    assert checkout.make("test")[2] == ["pytest"]


def test_where_no_newer_pip_is_to_be_had_the_old_one_installs(checkout):
    status, text, calls = checkout.make("lab", old_pip_stays=1)
    assert status == 0 and calls == [*SET_UP, "jupyterlab"]
    assert "pip stays as it is" in text and checkout.stamp.exists()


def test_an_interrupted_install_starts_again_from_nothing(checkout):
    status, _, calls = checkout.make("lab", pip_fails=1)
    assert status != 0 and calls == ["venv", "pip"]
    assert not checkout.stamp.exists()
    leftover = checkout.folder / ".venv/half-written"
    leftover.touch()
    assert checkout.make("lab")[2] == [*SET_UP, "jupyterlab"]
    assert not leftover.exists()


@pytest.mark.parametrize("name", ["requirements.txt", "pyproject.toml"])
def test_a_changed_requirement_installs_again_into_the_same_environment(checkout, name):
    checkout.make("lab")
    os.utime(checkout.stamp, (1, 1))
    os.utime(checkout.folder / name)
    assert checkout.make("lab")[2] == [*SET_UP[1:], "jupyterlab"]


def test_an_interrupted_second_install_starts_again_from_nothing_too(checkout):
    checkout.make("lab")
    os.utime(checkout.stamp, (1, 1))
    assert checkout.make("lab", pip_fails=1)[2] == ["pip"]
    assert checkout.make("lab")[2] == [*SET_UP, "jupyterlab"]


def test_a_moved_checkout_makes_its_environment_anew(checkout):
    checkout.make("lab")
    moved = checkout.folder.rename(checkout.folder.with_name("moved"))
    checkout.folder, checkout.log = moved, moved / "calls"
    assert checkout.make("lab")[2] == [*SET_UP, "jupyterlab"]


def test_an_environment_whose_python_is_gone_is_made_anew(checkout):
    checkout.make("lab")
    (checkout.folder / ".venv/bin/python").unlink()
    assert checkout.make("lab")[2] == [*SET_UP, "jupyterlab"]


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


def test_a_build_of_pytorch_is_taken_from_its_own_index_where_one_is_named(checkout):
    assert checkout.make("lab", "TORCH=cpu")[2] == [*SET_UP, "jupyterlab"]
    _, *calls = [call for call in checkout.log.read_text().splitlines() if " install " in call]
    pin = next(
        line for line in (ROOT / "requirements.txt").read_text().split() if "torch==" in line
    )
    assert calls[0].endswith(f"--index-url https://download.pytorch.org/whl/cpu {pin}")
    assert calls[1].endswith("-r requirements.txt") and "index" not in calls[1]
    assert checkout.make("test", "TORCH=cpu")[2] == ["pytest"]  # it is there by then


def test_what_the_readme_says_without_make_calls_what_make_calls(checkout):
    """The README's lines in a shell that finds nothing but a Python."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = re.search(r"Without `make`.*?```\n(.*?)```", readme, re.S)[1].splitlines()
    assert lines.pop(1) == ".venv\\Scripts\\activate" and "`. .venv/bin/activate`" in readme
    alone = checkout.folder / "alone"
    alone.mkdir()
    for tool in ("mkdir", "cp", "touch", "cat"):  # of the Python that pretends
        (alone / tool).symlink_to(shutil.which(tool))
    (alone / "python").symlink_to(checkout.python)
    env = {"PATH": str(alone), "LOG": str(checkout.log), "TOO_OLD": "0", "PIP_FAILS": "0"}
    said = lambda lines: [
        subprocess.run(["/bin/sh", "-e", "-c", line], cwd=checkout.folder, env=env, check=True)
        for line in lines
    ]
    checkout.log.write_text("")
    said(lines)
    by_hand = checkout.log.read_text().splitlines()
    shutil.rmtree(checkout.folder / ".venv")
    by_make = []
    for goal in ("lab", "test", "site"):
        checkout.make(goal, DISPLAY=":0", LAB_FLAGS="")
        by_make += [c for c in checkout.log.read_text().splitlines() if not c.startswith("-c")]
    # what only saves time
    by_make = [c for c in by_make if "compileall" not in c and "pip==" not in c]
    plain = lambda call: re.sub(r" --(allow-root|no-compile|disable-\S+)", "", call).strip()
    opens = "--LabApp.default_url=/lab/tree/"
    assert by_hand == [plain(call).replace(opens, "") for call in by_make]


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


def test_binder_takes_the_same_pins_and_no_cuda():
    lines = (ROOT / ".binder" / "requirements.txt").read_text().splitlines()
    pin = next(
        line for line in (ROOT / "requirements.txt").read_text().split() if "torch==" in line
    )
    assert f"{pin}+cpu" in lines and lines[-1] == "-r ../requirements.txt"
