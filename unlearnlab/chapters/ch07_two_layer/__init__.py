"""What notebook 07 uses: two-layer networks."""

from ...course.exercises import check, hints
from . import exercises, pictures
from .lab import PruneLab
