"""What notebook 14 uses: what there was to forget. Networks and pictures are those of notebook 13,
in ch13_evidence."""

from ...course.exercises import check, hints
from ...course.relearning import relearn_time
from . import exercises, study
