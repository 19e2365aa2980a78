"""Does every notebook with a lab run in a real browser, without one complaint?

nbval already runs every cell of every notebook. A browser adds widgets and JavaScript. So each
notebook with a lab is opened once, most of them by the test of their lab, in a file beside this
one: there the shorter notebooks are run from top to bottom, and of the longer ones the cells with
their lab. UNLEARNLAB_BROWSER=all runs every notebook from top to bottom.
"""

import os
import re
from pathlib import Path

import pytest
from build import HERE

EVERY = os.environ.get("UNLEARNLAB_BROWSER") == "all"
LAB_TESTS = "".join(
    path.read_text(encoding="utf-8")
    for path in Path(__file__).parent.glob("test_*_lab_in_the_browser.py")
)
NOTEBOOKS = [
    path.name
    for path in sorted(HERE.glob("[0-9][0-9]_*.ipynb"))
    if EVERY
    or re.search(r"\bch\w*\.\w+Lab\(", path.read_text(encoding="utf-8"))
    and f'lab.open("{path.name}")' not in LAB_TESTS
]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_notebook_runs_clean_in_the_browser(lab, name):
    lab.open(name)
    lab.run_all()
    lab.screenshot(name.removesuffix(".ipynb"))
    lab.assert_clean()
