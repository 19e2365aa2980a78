"""What notebook 05 uses: linear models."""

from ...course import style
from ...course.exercises import check, hints
from ...course.graphs import draw, graph
from . import exercises, pictures
from .lab import LinearLab
