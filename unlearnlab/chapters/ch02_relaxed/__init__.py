"""What notebook 02 uses: the relaxed problem."""

from ...course.exercises import check, hints
from ...course.graphs import fits, graph
from . import exercises, pictures
from .lab import SpanLab, ValleyLab, valley
