"""What does a metric say of every candidate, and what of networks that never saw the forget set?"""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
import torch.nn.functional as F

from ...course.rows import method_of
from ...ground.seeds import on_cpu
from ...metrics import Interval, against_itself, jackknife, klom, mia, u_lira
from ...study import table
from .challenge import epsilons, forgetting_quality

PER_EXAMPLE = {  # a score of every example, and one number of them
    "U-LiRA": (u_lira, torch.mean),
    "KLoM": (klom, torch.mean),
    "challenge epsilon": (epsilons, forgetting_quality),
}
ATTACK = "membership attack"


def sides(margins: dict[str, torch.Tensor]) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """By name what is to be judged, originals, half of the retrained networks, every method's; and
    what it is judged by, the other half."""
    half = len(margins["retrained"]) // 2
    return margins | {"retrained": margins["retrained"][:half]}, margins["retrained"][half:]


def judge(evidence: SimpleNamespace, metric: str, part: str = "forget"):
    """What a metric of PER_EXAMPLE says of every candidate on the examples of `part`: one number by
    name; (examples,) by name; and the floor, what retrained networks score against retrained ones,
    (draws,)."""
    score, whole = PER_EXAMPLE[metric]
    candidates, truth = sides(evidence.margins[part])
    each = {name: score(rows, truth) for name, rows in candidates.items()}
    scores = {name: float(whole(values)) for name, values in each.items()}
    retrained = evidence.margins[part]["retrained"]
    return scores, each, against_itself(lambda a, b: whole(score(a, b)), retrained)


def sure(evidence: SimpleNamespace, metric: str, part: str, name: str) -> Interval:
    """The score of one candidate, as in `judge`, with its interval over networks: `jackknife`."""
    score, whole = PER_EXAMPLE[metric]
    candidates, truth = sides(evidence.margins[part])
    return jackknife(lambda a, b: whole(score(a, b)), candidates[name], truth)


def attack(evidence: SimpleNamespace, network: int, others: int = 8):
    """Membership inference on network number `network` of every candidate, forget set against
    unseen examples: one number by name, and the floor, that of `others` retrained networks."""
    groups = [sides(evidence.margins[part])[0] for part in ("forget", "unseen")]
    one = lambda name, i: mia(*(F.softplus(-rows[name][i]) for rows in groups), repeats=1)
    rest = [i for i in range(len(groups[0]["retrained"])) if i != network][:others]
    floor = torch.tensor([one("retrained", i) for i in rest], dtype=torch.float64)
    return {name: one(name, network) for name in groups[0]}, floor


@on_cpu()
def load(path: Path | str):
    """What was recorded: margins, by part ("forget", "unseen", "retain"), by name ("original",
    "retrained" or a method's), (models, examples); accuracy, by part ("forget", "retain", "test"),
    by name, (models,); relearn, by name, (few models,); methods, by name, and their settings in
    words. And the provenance of the file.

    Errors as in `table.read`, and KeyError for a file of something else.
    """
    recorded = table.read(path)
    settings = recorded["settings"].set_index("method", drop=False)
    steps = recorded["relearn"].astype({"steps": float}).fillna({"steps": np.inf})
    by_name = steps.groupby("name", sort=False)["steps"]
    evidence = SimpleNamespace(
        settings=settings.setting.to_dict(), relearn=by_name.apply(list).to_dict()
    )
    evidence.methods = {name: method_of(row) for name, row in settings.iterrows()}
    for name in ("margins", "accuracy"):
        by_part = {}
        for (part, who), values in recorded[name].groupby(["part", "name"], sort=False)[name]:
            rows = torch.tensor(values.tolist(), dtype=torch.float64)
            by_part.setdefault(part, {})[who] = rows
        setattr(evidence, name, by_part)
    return evidence, recorded.provenance
