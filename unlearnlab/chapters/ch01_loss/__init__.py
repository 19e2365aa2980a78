"""What notebook 01 uses: why the loss is not enough."""

from ...course import style
from ...course.exercises import check, hints
from ...course.graphs import fits, graph
from . import exercises, pictures
