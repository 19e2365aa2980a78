"""One thread per test process: workers side by side use the machine better than threads
do, and results repeat."""

import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent))
torch.set_num_threads(1)
