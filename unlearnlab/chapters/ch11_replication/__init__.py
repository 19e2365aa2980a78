"""What notebook 11 uses: a replication."""

from ...course.exercises import check, hints
from . import exercises, fullsize, pictures, study, ways
from .published import MinNormPublished
from .variants import VARIANTS, MinNormDirection, MinNormOnce, MinNormStart
