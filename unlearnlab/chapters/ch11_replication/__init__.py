"""What notebook 11 uses: a replication."""

from ...course.exercises import check, hints
from . import exercises, fullsize, pictures, study, ways
