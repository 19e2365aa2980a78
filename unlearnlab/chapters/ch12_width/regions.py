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
from torch import nn
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

    origin: torch.Tensor
    a: torch.Tensor
    b: torch.Tensor
    along: torch.Tensor
    across: torch.Tensor
    corners: torch.Tensor
    shape: tuple[int, ...]

    def __len__(self):
        return len(self.origin)

    def points(self, start: int = 0, stop: int | None = None) -> torch.Tensor:
        """The points of planes `start` to `stop`: (planes * r * r, *shape), rows `across`,
        columns `along`."""
        part = slice(start, stop)
        x = (
            self.origin[part, None, None]
            + self.along[part, None, :, None] * self.a[part, None, None]
            + self.across[part, :, None, None] * self.b[part, None, None]
        )
        return x.reshape(-1, *self.shape)


def planes(
    first: torch.Tensor, second: torch.Tensor, third: torch.Tensor, resolution: int = 50
) -> Planes:
    """The plane through x1, x2 and x3 of each of k triples, each (k, *shape), floats.

    a = (x2 - x1) / |x2 - x1|; b is the part of x3 - x1 orthogonal to a, normalised. The grid covers
    the bounding box of the three points, which is enlarged by 10% (5% on each side).
    Raises ValueError for inputs that are not floats of one shape, three points on a line, or a
    resolution below 2.
    """
    alike = first.shape == second.shape == third.shape and first.ndim >= 2
    if not alike or not first.is_floating_point():
        raise ValueError(
            "first, second and third must be floats of one shape (k, ...), got "
            + ", ".join(f"{tuple(x.shape)} {x.dtype}" for x in (first, second, third))
        )
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
    corners = torch.stack(
        [torch.cat([zero, zero], 1), torch.cat([length, zero], 1), torch.cat([foot, height], 1)], 1
    )
    low, high = corners.amin(1), corners.amax(1)
    room = MARGIN / 2 * (high - low)
    steps = torch.linspace(0, 1, resolution, dtype=x1.dtype, device=x1.device)
    grid = (low - room)[:, :, None] + (high - low + 2 * room)[:, :, None] * steps
    return Planes(x1, a, b, grid[:, 0], grid[:, 1], corners, tuple(first.shape[1:]))


def classes(model: nn.Module, found: Planes) -> torch.Tensor:
    """(k, r, r): the class a network with one head gives to every point, in evaluation mode. All
    planes in one pass, in chunks of planes that fit in memory."""
    r = found.along.shape[1]
    at_once, parts = max(1, 4 * BATCH // r**2), []
    for start in range(0, len(found), at_once):
        parts.append(outputs(model, found.points(start, start + at_once))[0].argmax(1))
    return torch.cat(parts).view(len(found), r, r)


def distance(found: Planes, examples: torch.Tensor) -> torch.Tensor:
    """(k, r, r): Euclidean distance of every point to the nearest of `examples` (n, *shape).

    Within its plane a point is as far from an example as two coordinates say, and the example's
    height over the plane is the same for all points; so nothing of size (points, n, d) is made.
    """
    nearest = []
    for i in range(len(found)):
        away = examples.flatten(1) - found.origin[i]
        at = torch.stack([away @ found.a[i], away @ found.b[i]], 1)  # (n, 2)
        height = (away.square().sum(1) - at.square().sum(1)).clamp(min=0)
        along = (found.along[i][:, None] - at[:, 0]).square()  # (r, n)
        across = (found.across[i][:, None] - at[:, 1]).square() + height
        nearest.append((across[:, None] + along[None]).amin(2).sqrt())
    return torch.stack(nearest)


def c_prox(
    before: torch.Tensor, after: torch.Tensor, away: torch.Tensor, delta: float = DELTA
) -> float:
    """1 - the share of points within `delta` of a forget example whose class is the same before and
    after.

    before, after: classes; away: distance to the nearest forget example; all of one shape. Raises
    ValueError for other shapes, or when no point is that near.
    """
    return 1 - _agreement(before, after, away, away <= delta, f"within delta={delta:g}")


def s_far(
    before: torch.Tensor, after: torch.Tensor, away: torch.Tensor, delta: float = DELTA
) -> float:
    """The share of points farther than `delta` from every forget example whose class is the same
    before and after. As `c_prox`."""
    return _agreement(before, after, away, away > delta, f"farther than delta={delta:g}")


def _agreement(before, after, away, chosen, where):
    if not (before.shape == after.shape == away.shape):
        raise ValueError(
            f"before, after and away must have one shape, got {tuple(before.shape)}, "
            f"{tuple(after.shape)}, {tuple(away.shape)}"
        )
    if not chosen.any():
        raise ValueError(
            f"no point lies {where} of a forget example; their distances reach from "
            f"{away.min():.3g} to {away.max():.3g}"
        )
    return (before == after)[chosen].double().mean().item()


def _standard_error(agree, chosen):
    """Of the share of chosen points that agree, a ratio of two sums over planes; the points of one
    plane are not independent."""
    right, count = (x.flatten(1).double().sum(1) for x in (agree & chosen, chosen))
    k, residual = len(count), right - right.sum() / count.sum() * count
    if k == 1:
        return math.nan
    return math.sqrt(k / (k - 1) * residual.square().sum().item()) / count.sum().item()


@dataclass(frozen=True)
class Survey:
    """near: planes through one forget example and two training examples of other classes; far:
    through three test examples. near_away, far_away: distance of their points to the nearest forget
    example. delta: what counts as near."""

    near: Planes
    far: Planes
    near_away: torch.Tensor
    far_away: torch.Tensor
    delta: float

    def classes(self, model: nn.Module) -> tuple[torch.Tensor, torch.Tensor]:
        """What a model says on the near planes and on the far ones. `scores` takes it in place of
        the model."""
        return classes(model, self.near), classes(model, self.far)

    def scores(self, before, after) -> dict[str, float]:
        """{"c_prox": change near the forget examples, "s_far": similarity far from them}
        of two models."""
        first, second = self._said(before), self._said(after)
        return {
            "c_prox": c_prox(first[0], second[0], self.near_away, self.delta),
            "s_far": s_far(first[1], second[1], self.far_away, self.delta),
        }

    def standard_errors(self, before, after) -> dict[str, float]:
        """{"c_prox_se": ..., "s_far_se": ...}: how much `scores` would vary with other planes of
        the same kind, NaN for one plane."""
        first, second = self._said(before), self._said(after)
        return {
            "c_prox_se": _standard_error(first[0] == second[0], self.near_away <= self.delta),
            "s_far_se": _standard_error(first[1] == second[1], self.far_away > self.delta),
        }

    def _said(self, model):
        return self.classes(model) if isinstance(model, nn.Module) else model


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
    near = _through(*map(seen, corners), resolution)
    threes = torch.stack([torch.randperm(len(test), generator=numbers)[:3] for _ in range(planes)])
    far = _through(*(seen(test.tensors[0][i]) for i in threes.T), resolution)
    examples = seen(forget[0])
    return Survey(near, far, distance(near, examples), distance(far, examples), float(delta))


_through = planes  # `survey` has an argument of that name


def _others(forgotten, retained, numbers):
    """(forget example, retained example of another class, one of a third)."""
    draw = lambda count: int(torch.randint(count, (), generator=numbers))
    i = draw(len(forgotten))
    other = (retained != forgotten[i]).nonzero().flatten()
    j = int(other[draw(len(other))])
    third = ((retained != forgotten[i]) & (retained != retained[j])).nonzero().flatten()
    return i, j, int(third[draw(len(third))])


def typical_distance(inputs: torch.Tensor, count: int = 500, seed: int = 0) -> float:
    """The median distance between two different of `inputs` (n, *shape), floats, over at most
    `count` of them: what delta is to be compared with."""
    order = torch.randperm(len(inputs), generator=torch.Generator().manual_seed(seed))
    some = inputs[order[:count].to(inputs.device)]
    return torch.pdist(some.flatten(1)).median().item()
