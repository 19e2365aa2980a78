"""What notebook 18 uses: a language model that is to forget passages."""

from . import pictures, study
from .study import MinNormPassages, NPORetain
