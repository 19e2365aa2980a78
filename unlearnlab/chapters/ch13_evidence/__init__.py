"""What notebook 13 uses: is it forgotten?."""

from ...course.exercises import check, hints
from . import exercises, pictures, privacy, study, verdicts
from .lab import EvidenceLab
