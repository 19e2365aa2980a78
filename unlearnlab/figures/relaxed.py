"""Pictures of the relaxed problem: the curved set of interpolators, its tangent, and what the difference costs."""
from dataclasses import dataclass

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Circle

from .style import (BLACK, BLUE, DARK_ORANGE, FORGET, GREEN, ORANGE, ORIGINAL, RETAIN, SKY, TARGET, UNLEARNED, VERMILLION,
                    figure, look)

FLOOR, CEILING = 1e-6, 10.0  # of the lab's logarithmic axis; smaller changes stand on its floor


@look()
def fit(x, original, target, retain, forget):
    """The original's curve through retain and forget points, and the target. x, original, target: (n,); sets: pairs (x, y)."""
    fig, ax = figure(size=(7.0, 3.2))
    ax.plot(x, target, **TARGET)
    ax.plot(x, original, **ORIGINAL)
    ax.plot(*retain, **RETAIN)
    ax.plot(*forget, **FORGET)
    ax.set(xlabel="x", ylabel="f(θ, x)", ylim=(-1.5, 2.1), title="The original model fits every point, the poisoned one too")
    ax.annotate("forget point", (forget[0][0], forget[1][0]), (12, 2), textcoords="offset points", color=VERMILLION)
    ax.annotate("retain points", (np.pi / 2, 1), (0, 12), textcoords="offset points", ha="center")
    near = int(np.argmin(np.abs(np.asarray(x) + .45)))
    ax.annotate("original model", (x[near], original[near]), (12, -8), textcoords="offset points", color=DARK_ORANGE)
    ax.annotate("sin x", (-2.2, np.sin(-2.2)), (-30, -14), textcoords="offset points")
    fig.alt = "A curve through nine retain points of sin x that leaps up to reach one forget point far above the sine"
    return fig


@look()
def interpolators(original, answer, relaxed=None, labels=None, walk=None):
    """The plane of f = θ₁ θ₂ x: every θ with f(θ, 1) = 1, and circles of equal norm.

    original, answer: (2,), θ* and the solution of (4). relaxed: (n, 2), points on the tangent at θ*, with `labels`; their
    presence draws the tangent. walk: (n, 2), the ends of repeated short steps.
    """
    fig, ax = figure(size=(7.0, 4.1))
    ax.set(xlim=(0, 2.6), ylim=(0, 1.55), xlabel="θ₁", ylabel="θ₂", aspect="equal")
    first = np.linspace(.5, 2.6, 200)
    ax.plot(first, 1 / first, color=BLACK, linewidth=2)
    ax.annotate("f(θ, 1) = 1", (.72, 1 / .72), (8, 0), textcoords="offset points")
    for radius in (np.linalg.norm(answer), np.linalg.norm(original)):
        ax.add_patch(Circle((0, 0), radius, fill=False, edgecolor="#A0A0A0", linestyle=":", linewidth=1))
    ax.annotate("equal ‖θ‖", (.3, 1.45), color="#707070", ha="center")
    _mark(ax, original, "s", ORANGE, "original θ*", (8, 8), DARK_ORANGE)
    _mark(ax, answer, "*", GREEN, "solution of (4)", (10, 4), GREEN, 15)
    fig.alt = "The interpolating parameters form a hyperbola; its point nearest the origin is (1, 1), the original lies at (2, 0.5)"
    ax.set_title("Every θ on the hyperbola fits; the answer is its point nearest the origin")
    if relaxed is not None:
        _tangent(ax, original)
        for point, label in zip(relaxed, labels):
            _mark(ax, point, "o", BLUE, label, (0, -15), BLUE, ha="center")
        ax.set_title("The relaxed problem moves along the tangent, and leaves the hyperbola")
        fig.alt = ("Along the tangent at the original, weak steps stay near the hyperbola of interpolating parameters; the full step ends "
                   "far below it, close to the origin")
    if walk is not None:
        ax.plot(*np.asarray(walk).T, color=BLUE, marker=".", markersize=4, linewidth=1)
        ax.annotate(f"{len(walk) - 1} short steps", walk[len(walk) // 20], (-12, -20), textcoords="offset points", color=BLUE, ha="right")
        ax.set_title("Short steps with a new tangent each time follow the hyperbola")
        fig.alt = "A hundred short steps from the original follow the hyperbola closely and end near (1, 1), slightly inside the curve"
    return fig


def _mark(ax, point, marker, color, label, offset, text_color, size=8, ha="left"):
    ax.plot(*point, marker=marker, color=color, markersize=size, markeredgecolor="white", linestyle="none", zorder=4)
    ax.annotate(label, point, offset, textcoords="offset points", color=text_color, ha=ha)


def _tangent(ax, original):
    a, b = original
    first = np.array([0, 2.6])
    ax.plot(first, b - b / a * (first - a), color=SKY, linestyle="--", linewidth=1.6)
    ax.annotate("tangent at θ*:\n⟨∇f(θ*, 1), Δ⟩ = 0", (2.08, .2), color="#2B7FB0")


@look()
def orders(drift, changes, bound):
    """Largest retained change against drift, both logarithmic. changes: {name: (values (n,), fitted slope)}; bound (n,)."""
    fig, ax = figure(size=(7.0, 3.6))
    styles = [{"color": VERMILLION, "marker": "s", "linestyle": "--"}, {"color": BLUE, "marker": "o", "linestyle": "-"}]
    for (name, (values, slope)), style in zip(changes.items(), styles):
        ax.loglog(drift, values, markersize=4, linewidth=1.6, **style)
        ax.annotate(f"{name}: slope {slope:.1f}", (drift[-1], values[-1]), (8, -3), textcoords="offset points", color=style["color"])
    ax.loglog(drift, bound, color=BLACK, linestyle=":", linewidth=1.4)
    near = len(drift) // 3
    ax.annotate("bound ½ M ‖Δ‖²", (drift[near], bound[near]), (-8, 4), textcoords="offset points", ha="right")
    ax.set(xlabel="drift ‖Δ‖", ylabel="largest change of a\nretained output", title="Off the span, the price of a step is its square")
    ax.set_xlim(drift[0] / 1.5, drift[-1] * 40)
    ax.set_xticks([t for t in 10.0 ** np.arange(-6, 3) if drift[0] / 1.5 <= t <= drift[-1] * 1.5])
    ax.minorticks_off()
    fig.alt = ("On logarithmic axes the retained outputs change in proportion to the drift along the span, and to its square off the span, "
               "where the bound from the second derivative lies above every point")
    return fig


@dataclass
class SpanArtists:
    """The parts of the lab's picture that move."""

    curve: Line2D
    stems: Line2D
    predicted: Line2D
    actual: Line2D
    forget_predicted: Line2D
    forget_actual: Line2D

    def list(self):
        return list(vars(self).values())

    def update(self, move):
        """Shows `move`, what widgets.span_lab.move returned."""
        self.curve.set_ydata(move.curve)
        low, high = (np.clip(np.abs(v), FLOOR, CEILING) for v in (move.predicted, move.actual))
        self.predicted.set_ydata(low), self.actual.set_ydata(high)
        self.stems.set_ydata(np.stack([low, high, np.full(len(low), np.nan)], 1).ravel())
        for artist, value in ((self.forget_predicted, move.forget_predicted), (self.forget_actual, move.forget_actual)):
            artist.set_ydata([np.clip(abs(value), FLOOR, CEILING)])


@look()
def span(x, original, target, retain, forget):
    """(Figure, SpanArtists): left the function before and after, right the change of each output, predicted and actual."""
    fig, (left, right) = figure(1, 2, size=(9.2, 3.7))
    left.plot(x, target, **TARGET)
    left.plot(x, original, **ORIGINAL)
    left.plot(*retain, **RETAIN)
    left.plot(*forget, **FORGET)
    (curve,) = left.plot(x, original, **UNLEARNED)
    left.set(xlabel="x", ylabel="f(θ, x)", ylim=(-2.1, 2.1), title="The function")
    handles = [Line2D([], [], **style) for style in (ORIGINAL, UNLEARNED, TARGET)]
    left.legend(handles, ["θ*", "θ* + Δ", "sin x"], loc="lower right", ncols=3, fontsize=9, handlelength=1.8, columnspacing=1.0)
    where = retain[0]
    (stems,) = right.semilogy(np.repeat(where, 3), np.ones(3 * len(where)), color="#B0B0B0", linewidth=1)
    (predicted,) = right.semilogy(where, np.ones(len(where)), color=SKY, marker="_", markersize=13, markeredgewidth=2.5, linestyle="none")
    (actual,) = right.semilogy(where, np.ones(len(where)), **RETAIN)
    (f_predicted,) = right.semilogy(forget[0], [1], color=VERMILLION, marker="_", markersize=13, markeredgewidth=2.5, linestyle="none")
    (f_actual,) = right.semilogy(forget[0], [1], **FORGET)
    right.set(xlabel="x", ylabel="|change of the output|", ylim=(FLOOR / 2.2, CEILING * 2), title="Its change at the data points")
    right.set_yticks([1e-6, 1e-4, 1e-2, 1], ["≤ 10⁻⁶", "10⁻⁴", "10⁻²", "1"])
    right.minorticks_off()
    handles = [Line2D([], [], color=SKY, marker="_", markersize=11, markeredgewidth=2.5, linestyle="none"), Line2D([], [], **RETAIN),
               Line2D([], [], **FORGET)]
    fig.legend(handles, ["predicted", "actual, retain", "actual, forget"], loc="outside upper right", ncols=3, fontsize=9, handletextpad=.2)
    return fig, SpanArtists(curve, stems, predicted, actual, f_predicted, f_actual)
