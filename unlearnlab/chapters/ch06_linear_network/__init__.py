"""What notebook 06 uses: linear networks."""

from ...course.exercises import check, hints
from . import exercises, failures, pictures, search
from .lab import LinearNetworkLab
