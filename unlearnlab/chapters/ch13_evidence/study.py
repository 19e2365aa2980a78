"""What do many networks, unlearned in every way we have, say of what they were to forget?

    python -m unlearnlab.study evidence    # a few minutes on one core

The runs behind notebook 13 and EvidenceLab: see privacy.py."""

import inspect

from ...course.studies import Shape
from . import privacy


class EvidenceStudy(Shape):
    """One part, whose seeds are its own."""

    unit = "parts"

    def parts(self):
        return ("privacy",)

    def make(self, part, place, so_far):
        given = f"{inspect.getsource(privacy)}{privacy.GRID}"
        return place.kept(self, part, lambda: privacy.experiment(place.say), given)


STUDIES = (EvidenceStudy(name="evidence", title="what metrics say of 512 networks", seeds=()),)
