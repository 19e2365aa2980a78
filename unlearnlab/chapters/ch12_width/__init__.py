"""What notebook 12 uses: width and unlearning."""

from ...course.exercises import check, hints
from . import choosing, exercises, pictures, regions, study
from .lab import WidthLab
