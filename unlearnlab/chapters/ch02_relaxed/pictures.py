"""Pictures of the relaxed problem: the curved set of interpolators, its tangent, what they differ
in, and the two labs. finding: as in Figure.done."""

import numpy as np
import torch

from ...course import curve
from ...course.marks import decades, floored, lines, looks_of, note, over_points
from ...course.style import figure, look

FLOOR, CEILING = 1e-6, 10.0  # of the lab's logarithmic axis; smaller changes stand on its floor
ANSWERS = {"original θ*": (2, 0.5), "the shortest": (1, 1)}  # both have θ₁ θ₂ = 1


@look()
def interpolators(title: str, paths=(), points=(), finding: str = ""):
    """The plane of f = θ₁ θ₂ x, as in `plane`."""
    fig, ax = figure(size=(7.0, 4.1))
    plane(ax, title, paths, points)
    ax.legend(loc="lower left")
    return fig.done(finding, "The plane of θ, and the hyperbola of the interpolators")


def plane(ax, title: str, paths=(), points=()) -> None:
    """Every θ with θ₁ θ₂ = 1, and circles of equal norm.

    paths, points: what else there is, by name: (θ₁, θ₂). Points are named where they are.
    """
    first, turn = np.linspace(0.5, 2.6, 200), np.append(np.linspace(0, np.pi / 2), np.nan)
    radii = np.linalg.norm(list(ANSWERS.values()), axis=1)
    circles = np.outer(radii, np.cos(turn)).ravel(), np.outer(radii, np.sin(turn)).ravel()
    curves = {"fits: f(θ, 1) = 1": (first, 1 / first), "equal ‖θ‖": circles, **dict(paths)}
    axes = {"xlabel": "θ₁", "ylabel": "θ₂", "title": title}
    axes |= {"xlim": (0, 2.6), "ylim": (0, 1.55), "aspect": "equal"}
    lines(ax, None, curves, named=False, axes=axes)
    places = {**ANSWERS, **dict(points)}
    for name, own in looks_of(places, ["original point", "answer"]).items():
        ax.plot(*places[name], **own)
        note(ax, name, places[name], (9, 5) if name in ANSWERS else (-9, -15), own["color"])


def valley(left, right, task, share, shown) -> None:
    """ValleyLab's picture: the same share of the way along two valleys. shown: on curve.grid()."""
    you = {"you": (2 - share, 1 / (2 - share))}
    plane(left, "Two parameters: the valley is a hyperbola", points=you)
    _fit(right, "673 parameters: the curve", task, {"you": shown})


def _fit(ax, title, task, curves):
    """The small curve before and after, over its points."""
    x = curve.grid()
    drawn = {"sin x": x.sin(), "original": task.original(x).detach(), **curves}
    over_points(ax, x, drawn, task.retain.tensors, task.forget.tensors)
    ax.set(ylim=(-2.1, 2.1), title=title)


def span(left, right, task, move) -> None:
    """SpanLab's picture of what `move` returned: left the function before and after, right the
    change of each output, predicted and actual."""
    inputs = torch.cat([task.retain.tensors[0], task.forget.tensors[0]])
    _fit(left, "The function", task, {"θ* + Δ": move.curve})
    low, high = (floored(v, FLOOR).clip(max=CEILING) for v in (move.predicted, move.actual))
    curves = {"stems": (inputs.T.repeat(2, 1), [low, high]), "predicted change": (inputs, low)}
    actual = {"retain": (inputs[:-1], high[:-1]), "forget": (inputs[-1:], high[-1:])}
    axes = {"yscale": "log", "ylim": (FLOOR / 2.2, CEILING * 2), "xlabel": "x"}
    axes |= {"ylabel": "|change of the output|", "title": "Its change at the data points"}
    lines(right, None, curves, named=False, axes=axes)
    lines(right, None, actual, named=False, label="_")  # the left panel has their names
    decades(right.yaxis, -6, 0, 2)
