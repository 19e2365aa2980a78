"""What notebook 03 uses: MinNorm-OG."""

from ...course import style
from ...course.exercises import check, hints
from ...course.graphs import fits, graph
from . import exercises, pictures
