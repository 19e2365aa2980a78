"""What notebook 18 uses: a language model that is to forget passages."""

from ...course.exercises import check, hints
from . import asking, exercises, pictures, study
from .lab import PassageLab
from .study import MinNormPassages, NPORetain
