"""A lab."""
from .lab import Lab


class LinearNetworkLab(Lab):
    """To come."""
