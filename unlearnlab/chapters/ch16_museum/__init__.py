"""What notebook 16 uses: the bug museum."""

from ...course.exercises import check, hints
from ...course.graphs import draw
from . import exercises
