"""A lab."""
from .lab import Lab


class LinearLab(Lab):
    """To come."""
