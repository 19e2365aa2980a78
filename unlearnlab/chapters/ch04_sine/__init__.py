"""What notebook 04 uses: the poisoned sine."""

from ...course.exercises import check, hints
from ...course.marks import fits
from . import exercises, pictures, study
from .comparison import compare
from .lab import SineLab
