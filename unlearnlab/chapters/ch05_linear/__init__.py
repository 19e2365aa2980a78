"""What notebook 05 uses: linear models."""

from ...course.exercises import check, hints
from . import exercises, pictures
from .lab import LinearLab
