"""What notebook 06 uses: linear networks."""

from ...course import style
from ...course.exercises import check, hints
from ...course.graphs import draw, graph
from . import exercises, pictures, search
from .lab import LinearNetworkLab
