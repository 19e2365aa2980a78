"""What notebook 13 uses: is it forgotten?."""

from ...course.exercises import check, hints
from . import challenge, exercises, pictures, privacy, shadow, verdicts
from .lab import EvidenceLab
