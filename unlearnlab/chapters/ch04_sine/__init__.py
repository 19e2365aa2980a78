"""What notebook 04 uses: the poisoned sine."""

from ...course.exercises import check, hints
from . import exercises, pictures, study
from .lab import SineLab
