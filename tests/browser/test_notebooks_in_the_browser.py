"""Does every notebook with a lab run in a real browser, without one complaint?

nbval already runs every cell of every notebook. A browser adds widgets and JavaScript. So each
notebook with a lab is opened once, most of them by the test of their lab, in the file beside this
one. UNLEARNLAB_BROWSER=all runs every notebook from top to bottom.
"""

import os
import re
from pathlib import Path

import pytest
from build import HERE

EVERY = os.environ.get("UNLEARNLAB_BROWSER") == "all"
LAB_TESTS = Path(__file__).with_name("test_labs_in_the_browser.py").read_text(encoding="utf-8")
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
