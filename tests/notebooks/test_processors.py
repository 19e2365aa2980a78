"""Do notebooks say on other processors what is stored? Last bits of products and of elementwise
kernels differ there.

MKL and torch can be told to compute as an older processor would, the oldest of which differs
most. Here the notebooks that stand nearest to rounding run so; `make processors` runs every
notebook, and every test but the browser's, under more settings.
"""

import os
import subprocess
import sys

from build import HERE

SANITIZE = HERE.parent / "tests" / "notebooks" / "sanitize.cfg"
OLD = {"MKL_CBWR": "COMPATIBLE", "ATEN_CPU_CAPABILITY": "default"}  # without AVX
TOUCHY = ("01", "03")


def test_touchy_notebooks_give_their_stored_outputs_on_an_old_processor():
    notebooks = [str(path) for number in TOUCHY for path in HERE.glob(f"{number}_*.ipynb")]
    assert len(notebooks) == len(TOUCHY)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-o",
        "addopts=",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "--nbval",
        "--nbval-current-env",
        f"--nbval-sanitize-with={SANITIZE}",
        "--nbval-cell-timeout=1800",
        *notebooks,
    ]
    run = subprocess.run(
        command, cwd=HERE.parent, env=os.environ | OLD, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout[-3000:]
