"""What notebook 01 uses: why the loss is not enough."""

from ...course.exercises import check, hints
from . import exercises, pictures
