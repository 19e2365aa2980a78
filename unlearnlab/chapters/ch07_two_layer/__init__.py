"""What notebook 07 uses: two-layer networks."""

from ...course.exercises import check, hints
from ...course.graphs import draw, fits, graph
from ...course.marks import dots
from . import exercises, pictures, pursuit
from .fitting import fit, fit_many
from .lab import PruneLab
