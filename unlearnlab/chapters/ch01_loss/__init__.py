"""What notebook 01 uses: why the loss is not enough."""

from ...course.exercises import check, hints
from ...course.marks import fits
from . import exercises, pictures
