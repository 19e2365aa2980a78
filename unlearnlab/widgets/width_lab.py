"""A lab."""
from .lab import Lab


class WidthLab(Lab):
    """To come."""
