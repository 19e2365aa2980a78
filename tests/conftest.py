"""One thread per test process: workers side by side use the machine better than threads
do, and results repeat."""

import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # of kernels and other processes, too

import torch  # noqa: E402

sys.path.insert(0, str(Path(__file__).parent))
torch.set_num_threads(1)
