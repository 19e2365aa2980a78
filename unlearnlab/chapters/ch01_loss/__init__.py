"""What notebook 01 uses: why the loss is not enough."""

from ...course.exercises import check, hints
from ...course.graphs import draw, fits, graph
from ...course.marks import dots
from . import exercises
