"""What does a metric say of every candidate, and what of networks that never saw the forget set?"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from ...metrics import Interval, jackknife, klom, klom_floor, mia, u_lira, u_lira_floor
from ...study import table
from .challenge import epsilons, forgetting_quality, forgetting_quality_floor


@dataclass(frozen=True)
class Evidence:
    """What was recorded of the privacy experiment.

    margins: by part ("forget", "unseen", "retain"), by name ("original", "retrained" or a
    method's), (models, examples). accuracy: by part ("forget", "retain", "test"), by name,
    (models,). relearn: by name, (few models,). settings: by method, in words."""

    margins: dict[str, dict[str, torch.Tensor]]
    accuracy: dict[str, dict[str, torch.Tensor]]
    relearn: dict[str, list[float]]
    settings: dict[str, str]


@dataclass(frozen=True)
class Verdict:
    """What one metric says of every candidate.

    scores: by name, one number. each: by name, (examples,), or None for a metric that has no score
    for a single example. floor: what retrained networks score against retrained ones, (draws or
    networks,).
    """

    scores: dict[str, float]
    each: dict[str, torch.Tensor] | None
    floor: torch.Tensor


PER_EXAMPLE = {  # a score of every example, one number of them, and the floor of that number
    "U-LiRA": (u_lira, torch.mean, lambda retrained: u_lira_floor(retrained).mean(1)),
    "KLoM": (klom, torch.mean, lambda retrained: klom_floor(retrained).mean(1)),
    "challenge epsilon": (epsilons, forgetting_quality, forgetting_quality_floor),
}
ATTACK = "membership attack"


def sides(margins: dict[str, torch.Tensor]) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """By name what is to be judged, originals, half of the retrained networks, every method's; and
    what it is judged by, the other half."""
    half = len(margins["retrained"]) // 2
    return margins | {"retrained": margins["retrained"][:half]}, margins["retrained"][half:]


def judge(evidence: Evidence, metric: str, part: str = "forget") -> Verdict:
    """A metric of PER_EXAMPLE for every candidate, on the examples of `part`."""
    score, whole, floor = PER_EXAMPLE[metric]
    candidates, truth = sides(evidence.margins[part])
    each = {name: score(rows, truth) for name, rows in candidates.items()}
    scores = {name: float(whole(values)) for name, values in each.items()}
    return Verdict(scores, each, floor(evidence.margins[part]["retrained"]))


def sure(evidence: Evidence, metric: str, part: str, name: str) -> Interval:
    """The score of one candidate, as in `judge`, with its interval over networks: `jackknife`."""
    score, whole, _ = PER_EXAMPLE[metric]
    candidates, truth = sides(evidence.margins[part])
    return jackknife(lambda a, b: whole(score(a, b)), candidates[name], truth)


def attack(evidence: Evidence, network: int, others: int = 8) -> Verdict:
    """Membership inference on network number `network` of every candidate.

    Forget set against unseen examples; the floor is that of `others` retrained networks.
    """
    forget, unseen = (sides(evidence.margins[part])[0] for part in ("forget", "unseen"))
    losses = lambda rows, name, i: F.softplus(-rows[name][i])
    one = lambda name, i: mia(losses(forget, name, i), losses(unseen, name, i), repeats=1)
    rest = [i for i in range(len(forget["retrained"])) if i != network][:others]
    floor = torch.tensor([one("retrained", i) for i in rest], dtype=torch.float64)
    return Verdict({name: one(name, network) for name in forget}, None, floor)


def load(path: Path | str):
    """(Evidence of "privacy", {"erasure" and "sine": pandas.DataFrame}, provenance) of the file.

    Errors as in `table.read`, and KeyError for one that does not hold all three experiments.
    """
    recorded = table.read(path)
    settings = recorded["settings"].set_index("method")["setting"].to_dict()
    by_name = _steps(recorded["relearn"], "steps").groupby("name", sort=False)["steps"]
    frames = {name: _steps(recorded[name], "relearn") for name in ("erasure", "sine")}
    margins, accuracy = (_tensors(recorded[name], name) for name in ("margins", "accuracy"))
    evidence = Evidence(margins, accuracy, by_name.apply(list).to_dict(), settings)
    return evidence, frames, recorded.provenance


def _steps(frame, column):
    """The frame, with infinity where the file has nothing."""
    return frame.assign(**{column: frame[column].astype(float).fillna(np.inf)})


def _tensors(frame, column):
    """{part: {name: the column's values, a row for each network}}."""
    tensors = {}
    for (part, name), values in frame.groupby(["part", "name"], sort=False)[column]:
        rows = torch.tensor(values.tolist(), dtype=torch.float64)
        tensors.setdefault(part, {})[name] = rows
    return tensors
