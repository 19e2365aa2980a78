"""What notebook 00 uses: start here."""

from ...course.exercises import check, hints
from . import exercises
