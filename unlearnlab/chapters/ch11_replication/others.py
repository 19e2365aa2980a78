"""What else was tried at the paper's size: see `fullsize.others`."""

from dataclasses import replace

from . import fullsize


def study(**options) -> fullsize.FullSize:
    """As `fullsize.study`, with the settings that are not needed for its comparison."""
    title = "CIFAR-10 at the paper's size: GD for longer, cheaper projections, other methods"
    return replace(fullsize.study(**options), name="others", title=title, grid=fullsize.others())


STUDIES = ()
