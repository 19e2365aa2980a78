"""What axe-core sees on a page: contrast, names of controls, alt texts, order of headings and what
else WCAG 2.1 asks at levels A and AA and a program can see."""

import pytest

axe_core = pytest.importorskip(
    "axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed"
)
WCAG = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}


def complaints(page, context=None, but=()):
    """What axe finds wrong in `page`, in words.

    context: the part to be looked at, as axe takes it; all by default. but: names of rules.
    """
    found = axe_core.Axe().run(page, context, WCAG).response["violations"]
    return [
        f"{one['id']}: {node['html'][:120]}"
        for one in found
        if one["id"] not in but
        for node in one["nodes"]
    ]
