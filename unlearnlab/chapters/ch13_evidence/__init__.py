"""What notebook 13 uses: is it forgotten?."""

from ...course.exercises import check, hints
from . import challenge, exercises, pictures, privacy, shadow, study, verdicts
from .lab import EvidenceLab
