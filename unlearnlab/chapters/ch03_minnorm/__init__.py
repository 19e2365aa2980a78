"""What notebook 03 uses: MinNorm-OG."""

from ...course.exercises import check, hints
from ...course.graphs import draw, fits, graph
from . import exercises, study
