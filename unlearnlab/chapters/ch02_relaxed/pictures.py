"""Pictures of the relaxed problem: the curved set of interpolators, its tangent, what they differ
in, and SpanLab. finding: as in Figure.done."""

import numpy as np
import torch
from matplotlib.patches import Circle

from ...course import curve
from ...course.marks import decades, dot, note, over_points
from ...course.style import BLACK, BLUE, FORGET, GREEN, GREY, ORANGE, RETAIN, SKY, figure, look

FLOOR, CEILING = 1e-6, 10.0  # of the lab's logarithmic axis; smaller changes stand on its floor
START, ANSWER = (2, 0.5), (1, 1)  # theta* and the solution of (4), where theta_1 theta_2 = 1


@look()
def interpolators(relaxed=None, walk=None, finding: str = ""):
    """The plane of f = θ₁ θ₂ x: every θ with f(θ, 1) = 1, and circles of equal norm.

    relaxed: {name: (2,)}, points on the tangent at START, which is drawn with them. walk: (n, 2),
    the ends of repeated short steps.
    """
    fig, ax = figure(size=(7.0, 4.1))
    ax.set(xlabel="θ₁", ylabel="θ₂", xlim=(0, 2.6), ylim=(0, 1.55), aspect="equal")
    ax.set_title("Every θ on the hyperbola fits; the answer is its point nearest the origin")
    first = np.linspace(0.5, 2.6, 200)
    ax.plot(first, 1 / first, color=BLACK, linewidth=2, label="f(θ, 1) = 1")
    dot(ax, START, "original θ*", ORANGE, "s")
    dot(ax, ANSWER, "solution of (4)", GREEN, "*", size=15)
    for place in (START, ANSWER):
        ax.add_patch(Circle((0, 0), np.hypot(*place), fill=False, edgecolor=GREY, linestyle=":"))
    note(ax, "equal ‖θ‖", (0.3, 1.42), color=GREY, ha="center")
    if relaxed:
        ax.set_title("The relaxed problem moves along the tangent, and leaves the hyperbola")
        tangent = {"color": SKY, "linestyle": "--", "label": "tangent at θ*: ⟨∇f(θ*, 1), Δ⟩ = 0"}
        ax.axline(START, slope=-START[1] / START[0], **tangent)
        for name, place in relaxed.items():
            dot(ax, place, name, BLUE, shift=(-4, -15))
    if walk is not None:
        ax.set_title("Short steps with a new tangent each time follow the hyperbola")
        ax.plot(*np.transpose(walk), ".-", color=BLUE, label=f"{len(walk) - 1} short steps")
    ax.legend(loc="upper right")
    return fig.done(finding, "The plane of θ, and the hyperbola of the interpolators")


def span(left, right, task, move) -> None:
    """SpanLab's picture of what `move` returned: left the function before and after, right the
    change of each output, predicted and actual."""
    x, inputs = curve.grid(), torch.cat([task.retain.tensors[0], task.forget.tensors[0]])
    curves = {"sin x": x.sin(), "original": task.original(x).detach(), "θ* + Δ": move.curve}
    over_points(left, x, curves, task.retain.tensors, task.forget.tensors)
    left.set(ylim=(-2.1, 2.1), title="The function")
    low, high = (np.clip(np.abs(v), FLOOR, CEILING) for v in (move.predicted, move.actual))
    right.plot(inputs.T.repeat(2, 1), [low, high], "-", color=GREY)
    right.plot(inputs, low, "_", color=SKY, markersize=13, markeredgewidth=2.5, label="predicted")
    right.plot(inputs[:-1], high[:-1], **RETAIN)
    right.plot(inputs[-1:], high[-1:], **FORGET)
    right.set(yscale="log", ylim=(FLOOR / 2.2, CEILING * 2), xlabel="x")
    right.set(ylabel="|change of the output|", title="Its change at the data points")
    decades(right.yaxis, -6, 0, 2)
