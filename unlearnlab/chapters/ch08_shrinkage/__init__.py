"""What notebook 08 uses: what does the work?"""

from ...course.exercises import check, hints
from . import exercises
