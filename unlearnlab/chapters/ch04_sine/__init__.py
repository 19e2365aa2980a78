"""What notebook 04 uses: the poisoned sine."""

from ...course import style
from ...course.exercises import check, hints
from ...course.graphs import fits, graph
from . import exercises, pictures, study
from .comparison import compare
from .lab import SineLab
