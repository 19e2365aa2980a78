"""Chapters' labs and pictures are drawn for a reader whose own plots look quite different."""

import pytest
from matplotlib import style
from pictures import READERS


@pytest.fixture(autouse=True)
def readers_style():
    with style.context(READERS):
        yield
