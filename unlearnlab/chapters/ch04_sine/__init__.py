"""What notebook 04 uses: the poisoned sine."""

from ...course.exercises import check, hints
from ...course.graphs import draw, fits, graph
from . import exercises, pictures, runs, study
from .lab import SineLab
from .runs import compare, taught
