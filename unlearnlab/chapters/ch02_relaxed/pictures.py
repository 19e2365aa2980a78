"""Pictures of the relaxed problem: the curved set of interpolators, its tangent, what they differ
in, and SpanLab. finding: as in Figure.done."""

import numpy as np
from matplotlib.patches import Circle

from ...course.marks import decades, lines, note, over_points
from ...course.style import (
    BLACK,
    BLUE,
    FORGET,
    GREEN,
    GREY,
    ORANGE,
    RETAIN,
    RIGHT,
    SKY,
    TARGET,
    WRONG,
    figure,
    look,
)

FLOOR, CEILING = 1e-6, 10.0  # of the lab's logarithmic axis; smaller changes stand on its floor
START, ANSWER = (2, 0.5), (1, 1)  # theta* and the solution of (4), where theta_1 theta_2 = 1


@look()
def fit(x, original, target, retain, forget, finding: str = ""):
    """The original's curve through retain and forget points, and the target. x, original, target:
    (n,); retain, forget: pairs (x, y)."""
    fig, ax = figure()
    over_points(ax, x, {"sin x": target, "original model": original}, retain, forget)
    ax.legend(loc="upper right", ncols=2)
    ax.set(
        xlabel="x",
        ylabel="f(θ, x)",
        ylim=(-1.5, 2.4),
        title="The original model fits every point, the poisoned one too",
    )
    return fig.done(finding)


@look()
def interpolators(relaxed=None, walk=None, finding: str = ""):
    """The plane of f = θ₁ θ₂ x: every θ with f(θ, 1) = 1, and circles of equal norm.

    relaxed: {name: (2,)}, points on the tangent at START, which is drawn with them. walk: (n, 2),
    the ends of repeated short steps.
    """
    fig, ax = figure(size=(7.0, 4.1))
    ax.set(
        xlim=(0, 2.6),
        ylim=(0, 1.55),
        xlabel="θ₁",
        ylabel="θ₂",
        aspect="equal",
        title="Every θ on the hyperbola fits; the answer is its point nearest the origin",
    )
    first = np.linspace(0.5, 2.6, 200)
    ax.plot(first, 1 / first, color=BLACK, linewidth=2)
    note(ax, "f(θ, 1) = 1", (0.72, 1 / 0.72), (8, 0))
    note(ax, "equal ‖θ‖", (0.3, 1.45), color=GREY, ha="center")
    for place, name, shift, marker, color, size in (
        (START, "original θ*", (8, 8), "s", ORANGE, 8),
        (ANSWER, "solution of (4)", (10, 4), "*", GREEN, 15),
    ):
        ax.add_patch(
            Circle((0, 0), np.hypot(*place), fill=False, edgecolor="#A0A0A0", linestyle=":")
        )
        ax.plot(*place, marker, color=color, markersize=size, markeredgecolor="white", zorder=4)
        note(ax, name, place, shift, color)
    if relaxed:
        ax.set_title("The relaxed problem moves along the tangent, and leaves the hyperbola")
        ax.axline(START, slope=-START[1] / START[0], color=SKY, linestyle="--", linewidth=1.6)
        note(ax, "tangent at θ*:\n⟨∇f(θ*, 1), Δ⟩ = 0", (2.08, 0.2), color=SKY)
        for name, place in relaxed.items():
            ax.plot(*place, "o", color=BLUE, markersize=8, markeredgecolor="white")
            note(ax, name, place, (0, -15), BLUE, ha="center")
    if walk is not None:
        ax.set_title("Short steps with a new tangent each time follow the hyperbola")
        ax.plot(*np.transpose(walk), ".-", color=BLUE, markersize=4, linewidth=1)
        note(
            ax, f"{len(walk) - 1} short steps", walk[len(walk) // 20], (-12, -20), BLUE, ha="right"
        )
    return fig.done(finding, "The plane of θ, and the hyperbola of the interpolators")


@look()
def orders(drift, changes, bound, finding: str = ""):
    """Largest retained change against drift, both logarithmic. changes: {name: values (n,)}, along
    the span and off it. bound (n,)."""
    fig, ax = figure()
    ax.set(
        xscale="log",
        yscale="log",
        xlim=(drift[0] / 1.5, drift[-1] * 40),
        xlabel="drift ‖Δ‖",
        ylabel="largest change of a\nretained output",
        title="Off the span, the price of a step is its square",
    )
    curves = {**changes, "bound ½ M ‖Δ‖²": bound}
    lines(ax, drift, curves, (WRONG, RIGHT, TARGET), markersize=4)
    decades(ax.xaxis, -3, 1)
    return fig.done(finding)


class SpanPicture:
    """SpanLab's picture: left the function before and after a move, right the change of each
    output, predicted and actual. `moving`: the artists that a frame changes."""

    @look()
    def __init__(self, x, original, target, retain, forget):
        """x, original, target: (n,). retain, forget: pairs (x, y)."""
        self.figure, (left, right) = figure(1, 2, size=(9.2, 3.7))
        curves = {"sin x": target, "θ*": original, "θ* + Δ": original}
        over_points(left, x, curves, retain, forget)
        self.curve = left.lines[2]
        left.legend(handles=left.lines[:3], loc="lower right", ncols=3, fontsize=9)
        left.set(xlabel="x", ylabel="f(θ, x)", ylim=(-2.1, 2.1), title="The function")
        right.set(
            xlabel="x",
            ylabel="|change of the output|",
            yscale="log",
            ylim=(FLOOR / 2.2, CEILING * 2),
            title="Its change at the data points",
        )
        decades(right.yaxis, -6, 0, 2, floor=True)
        where = np.append(retain[0], forget[0])
        height = np.ones(len(where))
        dash = {"color": SKY, "markersize": 13, "markeredgewidth": 2.5}
        (self.stems,) = right.plot(where.repeat(3), height.repeat(3), color="#B0B0B0")
        (self.predicted,) = right.plot(where, height, "_", label="predicted", **dash)
        (self.actual,) = right.plot(where[:-1], height[:-1], label="actual, retain", **RETAIN)
        (self.forget,) = right.plot(where[-1:], height[-1:], label="actual, forget", **FORGET)
        self.moving = [self.curve, self.stems, self.predicted, self.actual, self.forget]
        words = {"loc": "outside upper right", "ncols": 3, "fontsize": 9}
        self.figure.legend(*right.get_legend_handles_labels(), **words)

    def update(self, move) -> None:
        """Shows `move`, what lab.move returned."""
        self.curve.set_ydata(move.curve)
        low, high = (np.clip(np.abs(v), FLOOR, CEILING) for v in (move.predicted, move.actual))
        self.predicted.set_ydata(low)
        self.actual.set_ydata(high[:-1])
        self.forget.set_ydata(high[-1:])
        self.stems.set_ydata(np.stack([low, high, np.nan * low], 1).ravel())
