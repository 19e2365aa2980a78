"""One thread per test process: workers side by side use the machine better than threads
do, and results repeat."""

import gc
import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # of kernels and other processes, too

import pytest  # noqa: E402
import torch  # noqa: E402
from filelock import FileLock  # noqa: E402

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "site")]
torch.set_num_threads(1)


def pytest_collection_finish():
    """What thousands of tests and their modules hold stays: nobody need look through it again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def website(tmp_path_factory):
    """The folder of the course's website, built now, by the first worker that needs it."""
    pytest.importorskip("sphinx", reason="Sphinx is not installed")
    import website as made

    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # which all workers have
    html = folder / "website"
    with FileLock(folder / "website.lock"):
        if not html.exists():
            made.build(folder / "source", folder / "unfinished")  # ends the process at a fault
            (folder / "unfinished").rename(html)
    return html
