"""Pictures of the relaxed problem: the curved set of interpolators, its tangent, what they differ
in, and SpanLab. finding: as in Figure.done."""

import numpy as np
import torch

from ...course import curve
from ...course.marks import decades, floored, lines, looks_of, note, over_points
from ...course.style import figure, look

FLOOR, CEILING = 1e-6, 10.0  # of the lab's logarithmic axis; smaller changes stand on its floor
ANSWERS = {"original θ*": (2, 0.5), "solution of (4)": (1, 1)}  # both have θ₁ θ₂ = 1


@look()
def interpolators(title: str, paths=(), points=(), finding: str = ""):
    """The plane of f = θ₁ θ₂ x: every θ with f(θ, 1) = 1, and circles of equal norm.

    paths, points: what else there is, by name: (θ₁, θ₂). Points are named where they are.
    """
    fig, ax = figure(size=(7.0, 4.1))
    first, turn = np.linspace(0.5, 2.6, 200), np.append(np.linspace(0, np.pi / 2), np.nan)
    radii = np.linalg.norm(list(ANSWERS.values()), axis=1)
    circles = np.outer(radii, np.cos(turn)).ravel(), np.outer(radii, np.sin(turn)).ravel()
    curves = {"f(θ, 1) = 1": (first, 1 / first), "equal ‖θ‖": circles, **dict(paths)}
    limits = {"xlim": (0, 2.6), "ylim": (0, 1.55), "aspect": "equal"}
    axes = {"xlabel": "θ₁", "ylabel": "θ₂", "title": title, **limits}
    lines(ax, None, curves, named=False, axes=axes)
    ax.legend(loc="upper right")
    places = {**ANSWERS, **dict(points)}
    for name, own in looks_of(places, ["original point", "answer"]).items():
        ax.plot(*places[name], **own)
        note(ax, name, places[name], (9, 5) if name in ANSWERS else (-9, -15), own["color"])
    return fig.done(finding, "The plane of θ, and the hyperbola of the interpolators")


def span(left, right, task, move) -> None:
    """SpanLab's picture of what `move` returned: left the function before and after, right the
    change of each output, predicted and actual."""
    x, inputs = curve.grid(), torch.cat([task.retain.tensors[0], task.forget.tensors[0]])
    curves = {"sin x": x.sin(), "original": task.original(x).detach(), "θ* + Δ": move.curve}
    over_points(left, x, curves, task.retain.tensors, task.forget.tensors)
    left.set(ylim=(-2.1, 2.1), title="The function")
    low, high = (floored(v, FLOOR).clip(max=CEILING) for v in (move.predicted, move.actual))
    curves = {
        "stems": (inputs.T.repeat(2, 1), [low, high]),
        "predicted change": (inputs, low),
        "_retain": (inputs[:-1], high[:-1]),
        "_forget": (inputs[-1:], high[-1:]),
    }
    limits = {"yscale": "log", "ylim": (FLOOR / 2.2, CEILING * 2), "xlabel": "x"}
    words = {"ylabel": "|change of the output|", "title": "Its change at the data points"}
    lines(right, None, curves, named=False, axes=limits | words)
    decades(right.yaxis, -6, 0, 2)
