"""What notebook 11 uses: a replication."""

from ...course import style
from ...course.exercises import check, hints
from ...course.fronts import fronts
from . import exercises, pictures, study
from .published import MinNormPublished
from .variants import VARIANTS, MinNormDirection, MinNormOnce, MinNormStart
