"""Does every notebook with a lab run from top to bottom in a real browser, without one complaint?

nbval already runs every notebook. A browser adds widgets and JavaScript, so CI opens those that hold a lab;
UNLEARNLAB_BROWSER=all opens every notebook.
"""
import os

import pytest
from build import HERE

EVERY = os.environ.get("UNLEARNLAB_BROWSER") == "all"
NOTEBOOKS = [path.name for path in sorted(HERE.glob("[0-9][0-9]_*.ipynb"))
             if EVERY or "ul.widgets" in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_notebook_runs_clean_in_the_browser(lab, name):
    lab.open(name)
    lab.run_all()
    lab.screenshot(name.removesuffix(".ipynb"))
    lab.assert_clean()
