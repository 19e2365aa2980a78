"""Where in input space did a network change its mind? Decision regions on planes
through three examples.

Paper B's mechanism: a wide network changes its decisions near the forget examples (change score
C_prox) and keeps them far away (similarity score S_far), with a distance delta of 10. Only a
summary of the paper was at hand; the planes and both scores below are our own definitions.

    survey = regions.survey(task, test, planes=500, resolution=50, delta=10.)
    survey.scores(task.original, run.model)           # {"c_prox": ..., "s_far": ...}
    survey.scores(task.original, task.ground_truth)   # beside it: retrained networks disagree too
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.data import TensorDataset

from ...ground import checks
from ...networks.predict import BATCH, outputs

DELTA = 10.0  # paper B's, in units of the normalised pixel vector
MARGIN = 0.1


@dataclass(frozen=True)
class Planes:
    """k planes, each with a grid of r x r points origin + along a + across b.

    origin, a, b: (k, d), a and b orthonormal. along, across: (k, r). corners: (k, 3, 2), the three
    examples' coordinates. shape: of one input, d numbers in all.
    """

    origin: Tensor
    a: Tensor
    b: Tensor
    along: Tensor
    across: Tensor
    corners: Tensor
    shape: tuple[int, ...]

    def points(self, start: int = 0, stop: int | None = None) -> Tensor:
        """The points of planes `start` to `stop`: (planes * r * r, *shape), rows `across`,
        columns `along`."""
        part = slice(start, stop)
        x = self.origin[part, None] + self.along[part, :, None] * self.a[part, None]
        y = self.across[part, :, None] * self.b[part, None]
        return (x[:, None] + y[:, :, None]).reshape(-1, *self.shape)


def through(first: Tensor, second: Tensor, third: Tensor, resolution: int = 50) -> Planes:
    """The planes through x1, x2 and x3 of each of k triples, each (k, *shape), floats.

    a = (x2 - x1) / |x2 - x1|; b is the part of x3 - x1 orthogonal to a, normalised. The grid covers
    the bounding box of the three points, which is enlarged by 10% (5% on each side).
    Raises ValueError for three points on a line, or a resolution below 2.
    """
    checks.integer("resolution", resolution, low=2)
    x1, x2, x3 = (x.flatten(1) for x in (first, second, third))
    length, rest = (x2 - x1).norm(dim=1, keepdim=True), x3 - x1
    a = (x2 - x1) / length
    foot = (rest * a).sum(1, keepdim=True)
    height = (rest - foot * a).norm(dim=1, keepdim=True)
    flat = ~(height > 1e-5 * length.clamp(min=1e-30)).flatten()
    if flat.any():
        raise ValueError(
            f"the three points of plane {int(flat.nonzero()[0])} lie on a line (or two are equal): "
            "they span no plane"
        )
    b = (rest - foot * a) / height
    zero = torch.zeros_like(length)
    corners = torch.cat([zero, zero, length, zero, foot, height], 1).view(-1, 3, 2)
    low, high = corners.aminmax(dim=1)
    room = MARGIN / 2 * (high - low)
    steps = torch.linspace(0, 1, resolution, dtype=x1.dtype, device=x1.device)
    grid = (low - room)[:, :, None] + (high - low + 2 * room)[:, :, None] * steps
    return Planes(x1, a, b, grid[:, 0], grid[:, 1], corners, first.shape[1:])


def classes(model: nn.Module, planes: Planes) -> Tensor:
    """(k, r, r): the class a network with one head gives to every point, in evaluation mode. All
    planes in one pass, in chunks of planes that fit in memory."""
    r = planes.along.shape[1]
    at_once = max(1, 4 * BATCH // r**2)
    starts = range(0, len(planes.origin), at_once)
    said = [outputs(model, planes.points(i, i + at_once))[0].argmax(1) for i in starts]
    return torch.cat(said).view(-1, r, r)


def distance(planes: Planes, examples: Tensor) -> Tensor:
    """(k, r, r): Euclidean distance of every point to the nearest of `examples` (n, *shape)."""
    # the quick way, by a matrix product, would lose digits of those that are near
    exact = {"compute_mode": "donot_use_mm_for_euclid_dist"}
    k, r = planes.along.shape
    each = (planes.points(i, i + 1).flatten(1) for i in range(k))
    away = [torch.cdist(points, examples.flatten(1), **exact).amin(1) for points in each]
    return torch.stack(away).view(k, r, r)


def agreement(agree: Tensor, counted: Tensor) -> tuple[float, float]:
    """The share of counted points that agree, and its standard error, NaN for one plane.

    agree, counted: (k, r, r), of k planes, the points of one of which are not independent; the
    share is a ratio of two sums over planes.
    """
    right, count = (x.flatten(1).double().sum(1) for x in (agree & counted, counted))
    k, total, share = len(count), count.sum().item(), right.sum() / count.sum()
    spread = (right - share * count).square().sum().item()
    return share.item(), math.sqrt(k / (k - 1) * spread) / total if k > 1 else math.nan


@dataclass(frozen=True)
class Survey:
    """near: planes through one forget example and two training examples of other classes; far:
    through three test examples. near_away, far_away: distance of their points to the nearest forget
    example. delta: what counts as near."""

    near: Planes
    far: Planes
    near_away: Tensor
    far_away: Tensor
    delta: float

    def classes(self, model: nn.Module) -> tuple[Tensor, Tensor]:
        """What a model says on the near planes and on the far ones. `scores` takes it in place of
        the model."""
        return classes(model, self.near), classes(model, self.far)

    def scores(self, before, after) -> dict[str, float]:
        """How much two models differ near the forget examples and far from them.

        "c_prox": 1 - the share of points of near planes within delta of a forget example whose
        class is the same before and after. "s_far": the share of points of far planes farther than
        delta from every forget example whose class is the same. "c_prox_se", "s_far_se": how much
        these would vary with other planes of the same kind, NaN for one plane.
        Raises ValueError when no point is that near, or that far.
        """
        said = (self.classes(m) if isinstance(m, nn.Module) else m for m in (before, after))
        counted = {
            "c_prox": (self.near_away, self.near_away <= self.delta, "within"),
            "s_far": (self.far_away, self.far_away > self.delta, "farther than"),
        }
        scores = {}
        for (name, (away, which, where)), one, other in zip(counted.items(), *said):
            if not which.any():
                raise ValueError(
                    f"no point lies {where} delta={self.delta:g} of a forget example; their "
                    f"distances reach from {away.min():.3g} to {away.max():.3g}"
                )
            scores[name], scores[f"{name}_se"] = agreement(one == other, which)
        return scores | {"c_prox": 1 - scores["c_prox"]}


def survey(
    task,
    test: TensorDataset,
    *,
    planes: int = 500,
    resolution: int = 50,
    delta: float = DELTA,
    seed: int = 0,
) -> Survey:
    """The planes for a task with uint8 images and a model that normalises them
    (`task.original.normalise`).

    Near planes go through a forget example, drawn with replacement, and two retained examples of
    two other classes; far planes through three different images of `test`. Everything is drawn
    from `seed`.
    Raises ValueError for a number of planes below 1, or a delta that is not positive.
    """
    planes = checks.integer("planes", planes, low=1)
    checks.number("delta", delta, above=0)
    seen, numbers = task.original.normalise, torch.Generator().manual_seed(seed)
    forget, retain = task.forget.tensors, task.retain.tensors
    labels = forget[1].cpu(), retain[1].cpu()
    i, j, k = torch.tensor([_others(*labels, numbers) for _ in range(planes)]).T
    corners = (forget[0][i], retain[0][j], retain[0][k])
    near = through(*map(seen, corners), resolution)
    threes = torch.stack([torch.randperm(len(test), generator=numbers)[:3] for _ in range(planes)])
    far = through(*(seen(test.tensors[0][i]) for i in threes.T), resolution)
    examples = seen(forget[0])
    return Survey(near, far, distance(near, examples), distance(far, examples), float(delta))


def _others(forgotten, retained, numbers):
    """(forget example, retained example of another class, one of a third)."""

    def draw(which):
        places = which.nonzero().flatten()
        return int(places[torch.randint(len(places), (), generator=numbers)])

    i = draw(torch.ones_like(forgotten))
    other = retained != forgotten[i]
    j = draw(other)
    return i, j, draw(other & (retained != retained[j]))


def typical_distance(inputs: Tensor) -> float:
    """The median distance between two different of `inputs` (n, *shape), floats, over at most 500
    of them: what delta is to be compared with."""
    order = torch.randperm(len(inputs), generator=torch.Generator().manual_seed(0))
    some = inputs[order[:500].to(inputs.device)]
    return torch.pdist(some.flatten(1)).median().item()
