"""What notebook 07 uses: two-layer networks."""

from ...course.exercises import check, hints
from ...course.marks import fits
from . import exercises, pictures, pursuit
from .fitting import fit
from .lab import PruneLab
