"""What notebook 10 uses: representation collapse."""

from ...course.exercises import check, hints
from . import exercises, pictures, study
from .lab import CollapseLab
