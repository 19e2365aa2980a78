"""What notebook 15 uses: when it does not interpolate."""

from ...course.exercises import check, hints
from . import exercises, study
