"""Fixture `lab`: a page of JupyterLab in a real browser, on a copy of the notebooks.
Skips, and says why, without a browser."""

import shutil

import pytest
from browser.lab import Lab
from browser.server import Server, launch
from build import HERE as NOTEBOOKS
from patience import QUIET


# For one module, not the session: while Playwright runs, nothing else in this process can
# start an event loop.
@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with playwright.sync_playwright() as running:
        try:
            found = launch(running, tmp_path_factory.getbasetemp() / "chromium")
        except playwright.Error as error:
            why = str(error).splitlines()[0]
            pytest.skip(f"no Chromium to be had (Debian: apt install chromium): {why}")
        found.set_default_timeout(QUIET * 1000)  # for one click or one key
        yield found
        found.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    temporary = tmp_path_factory.mktemp("jupyter")
    copy = shutil.copytree(
        NOTEBOOKS, temporary / "notebooks", ignore=shutil.ignore_patterns(".*", "__pycache__")
    )
    running = Server(copy, temporary)
    yield running
    running.close()


@pytest.fixture
def lab(browser, request):
    page = Lab(request.getfixturevalue("server"), browser)  # only now: without a browser, no server
    yield page
    page.close()
