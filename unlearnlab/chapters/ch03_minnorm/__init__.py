"""What notebook 03 uses: MinNorm-OG."""

from ...course.exercises import check, hints
from . import exercises, pictures
