"""What notebook 03 uses: MinNorm-OG."""

from ...course.exercises import check, hints
from ...course.marks import fits
from . import exercises, pictures
