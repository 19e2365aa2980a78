"""What notebook 09 uses: label erasure."""

from ...course.exercises import check, hints
from ...course.fronts import fronts
from . import exercises, pictures, study
from .lab import ErasureLab
