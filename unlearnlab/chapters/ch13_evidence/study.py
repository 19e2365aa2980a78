"""What do many networks, unlearned in every way we have, say of what they were to forget?

    python -m unlearnlab.study evidence    # twenty minutes on one core

The runs behind notebook 13 and EvidenceLab: see privacy.py, and sets.py for other forget sets."""

import inspect
from dataclasses import dataclass

from ...course.rows import method_of
from ...course.studies import Shape
from . import privacy, sets


@dataclass(frozen=True, kw_only=True)
class EvidenceStudy(Shape):
    """Three parts, whose seeds are their own; "privacy" chooses the settings of the others."""

    unit = "parts"

    def parts(self):
        return ("privacy", "sets", "levels")

    def make(self, part, place, so_far):
        if part == "privacy":
            given = f"{inspect.getsource(privacy)}{privacy.GRID}"
            return place.kept(self, part, lambda: privacy.experiment(place.say), given)
        methods = {row["method"]: method_of(row) for row in so_far["settings"]}
        rows = {"sets": sets.several, "levels": sets.by_memorisation}[part]
        given = f"{inspect.getsource(privacy)}{inspect.getsource(sets)}{methods}"
        return place.kept(self, part, lambda: {part: rows(methods)}, given)


STUDIES = (EvidenceStudy(name="evidence", title="what the metrics say of many networks", seeds=()),)
