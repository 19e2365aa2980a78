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


PER_EXAMPLE = {
    "U-LiRA": (u_lira, u_lira_floor),
    "KLoM": (klom, klom_floor),
    "challenge epsilon": (epsilons, None),
}
ATTACK = "membership attack"


def candidates(margins: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """By name, what is to be judged: originals, half of the retrained networks, every method's."""
    return {
        name: rows[: len(rows) // 2] if name == "retrained" else rows
        for name, rows in margins.items()
    }


def judge(found: Evidence, metric: str, part: str = "forget") -> Verdict:
    """A metric of PER_EXAMPLE for every candidate, on the examples of `part`.

    It is measured against the other half of the retrained networks. Of epsilons the score is the
    forgetting quality. Raises ValueError for another metric or part.
    """
    if metric not in PER_EXAMPLE or part not in found.margins:
        raise ValueError(
            f"judge knows {', '.join(PER_EXAMPLE)} on {', '.join(found.margins)}, "
            f"got {metric!r} on {part!r}"
        )
    rows, (score, floor) = found.margins[part], PER_EXAMPLE[metric]
    truth = rows["retrained"][len(rows["retrained"]) // 2 :]
    each = {name: score(values, truth) for name, values in candidates(rows).items()}
    if floor is None:
        return Verdict(
            {name: forgetting_quality(values) for name, values in each.items()},
            each,
            forgetting_quality_floor(rows["retrained"]),
        )
    return Verdict(
        {name: values.mean().item() for name, values in each.items()},
        each,
        floor(rows["retrained"]).mean(1),
    )


def sure(found: Evidence, metric: str, part: str, name: str) -> Interval:
    """The score of one candidate, as in `judge`, with its interval over networks: `jackknife`."""
    rows, score = found.margins[part], PER_EXAMPLE[metric][0]
    whole = forgetting_quality if metric == "challenge epsilon" else torch.mean
    return jackknife(
        lambda a, b: whole(score(a, b)),
        candidates(rows)[name],
        rows["retrained"][len(rows["retrained"]) // 2 :],
    )


def attack(found: Evidence, network: int, others: int = 8) -> Verdict:
    """Membership inference on network number `network` of every candidate.

    Forget set against unseen examples; the floor is that of `others` retrained networks. Raises
    ValueError for a network that is not there.
    """
    losses = {
        part: {name: F.softplus(-rows) for name, rows in candidates(found.margins[part]).items()}
        for part in ("forget", "unseen")
    }
    count = len(losses["forget"]["original"])
    if not 0 <= network < count:
        raise ValueError(f"network must be an integer from 0 to {count - 1}, got {network!r}")
    one = lambda name, i: mia(losses["forget"][name][i], losses["unseen"][name][i], repeats=1)
    return Verdict(
        {name: one(name, network) for name in losses["forget"]},
        None,
        torch.tensor(
            [one("retrained", i) for i in range(count) if i != network][:others],
            dtype=torch.float64,
        ),
    )


def load(path: Path | str):
    """(Evidence of "privacy", {"erasure" and "sine": pandas.DataFrame}, provenance) of the file.

    Errors as in `table.read`, and KeyError for one that does not hold all three experiments.
    """
    recorded = table.read(path)
    settings = recorded["settings"].set_index("method")["setting"].to_dict()
    by_name = recorded["relearn"].groupby("name", sort=False)["steps"]
    relearn = {name: steps.astype(float).fillna(np.inf).tolist() for name, steps in by_name}
    frames = {}
    for name in ("erasure", "sine"):
        steps = recorded[name]["relearn"].astype(float).fillna(np.inf)
        frames[name] = recorded[name].assign(relearn=steps)
    evidence = Evidence(
        _tensors(recorded["margins"], "margins"),
        _tensors(recorded["accuracy"], "accuracy"),
        relearn,
        settings,
    )
    return evidence, frames, recorded.provenance


def _tensors(frame, column):
    """{part: {name: the column's values, a row for each network}}."""
    tensors = {}
    for (part, name), rows in frame.groupby(["part", "name"], sort=False):
        values = torch.tensor(rows[column].tolist(), dtype=torch.float64)
        tensors.setdefault(part, {})[name] = values
    return tensors
