"""What notebook 14 uses: what there was to forget. Networks, records and pictures are those of
notebook 13, in ch13_evidence."""

from ...course.exercises import check, hints
from . import exercises
