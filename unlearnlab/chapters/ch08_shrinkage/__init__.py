"""What notebook 08 uses: what does the work?."""

from . import pictures
