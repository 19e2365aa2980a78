"""Pictures of linear networks: what depth does to a linear function, exact steps, failures, the
smallest parameters, and LinearNetworkLab. finding: as in Figure.done."""

import numpy as np

from ...course.marks import (
    band,
    decades,
    floored,
    halo,
    key,
    level,
    lines,
    note,
    number_ticks,
    plain_ticks,
)
from ...course.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    ORIGINAL,
    RIGHT,
    SERIES,
    SKY,
    TARGET,
    UNLEARNED,
    VERMILLION,
    WRONG,
    Figure,
    figure,
    look,
)

FLOOR = 1e-16  # of logarithmic axes: smaller values, exact zeros among them, stand on it
PLAIN = [{**style, "marker": ""} for style in SERIES]
RETRAINED = {"color": GREEN, "marker": "D", "markersize": 9, "mfc": "none", "linestyle": "none"}


def _by_depth(values):
    return {f"L = {depth}": one for depth, one in values.items()}


@look()
def along_a_line(t, outputs, finding: str = "") -> Figure:
    """One output along theta + t Delta. t (n,). outputs: {depth: (n,)}."""
    fig, ax = figure()
    ax.set(
        xlim=(t[0], t[-1]),
        xlabel="t",
        ylabel="f(θ + t Δ, x) / largest value",
        title="Along a straight line of parameters the output is a polynomial of degree L",
    )
    lines(ax, t, _by_depth(outputs), PLAIN, linewidth=1.8)
    return fig.done(finding)


@look()
def remainders(drift, values, finding: str = "") -> Figure:
    """|actual - predicted change| of an output against drift. values: {name: (n,)}."""
    fig, ax = figure()
    top = 3 * max(map(max, values.values()))
    ax.set(
        xscale="log",
        yscale="log",
        xlim=(drift[0], drift[-1]),
        ylim=(FLOOR / 3, top),
        xlabel="drift ‖Δ‖",
        ylabel="|actual − predicted|\nchange of an output",
        title="Move one layer, and the prediction is exact",
    )
    decades(ax.yaxis, -16, 0, 4, floor=True)
    ax.axhspan(FLOOR / 3, 1e-13, color="#EDEDED", zorder=0)
    note(ax, "rounding", (drift[0], 1e-13), (6, -12), GREY)
    lines(ax, drift, {name: floored(error, FLOOR) for name, error in values.items()}, markersize=4)
    return fig.done(finding)


def _matrix(ax, matrix, limit, **words):
    matrix = np.atleast_2d(matrix)
    height, width = matrix.shape
    ax.grid(False)
    ax.spines[:].set(visible=True)
    image = ax.imshow(
        matrix, cmap="PuOr", vmin=-limit, vmax=limit, extent=(0.5, width + 0.5, height + 0.5, 0.5)
    )
    ax.set(xticks=range(1, width + 1), yticks=range(1, height + 1), **words)
    return image


@look()
def lemma1(first, delta, original, unlearned, retrained, finding: str = "") -> Figure:
    """A_1 and Delta, both (h_1, m), and their sum, beside the predictors, (m,)."""
    fig, (*axes, last) = figure(1, 4, size=(11, 3.2), width_ratios=[1, 1, 1, 2.2])
    matrices = {"A₁": first, "Δ, of rank one": delta, "A₁ + Δ": first + delta}
    limit = max(np.abs(matrix).max() for matrix in matrices.values())
    for ax, (title, matrix) in zip(axes, matrices.items()):
        image = _matrix(
            ax, matrix, limit, title=title, xlabel="input", ylabel="neuron", aspect="auto"
        )
    fig.colorbar(image, ax=axes, label="entry", location="bottom", shrink=0.5, aspect=40)
    at = np.arange(1, len(original) + 1)
    looks = {**ORIGINAL, "marker": "s"}, {**UNLEARNED, "marker": "o"}, RETRAINED
    curves = {"w(θ*)": original, "w(θ* + Δ)": unlearned, "retrained": retrained}
    lines(last, at, curves, looks, named=False, markersize=4.5)
    last.set(xlabel="input coordinate", ylabel="entry of w", xticks=at, title="The predictor")
    fig.legend(*last.get_legend_handles_labels(), loc="outside upper right", ncols=3)
    return fig.done(finding, "Matrices A₁, Δ and A₁ + Δ, and three predictors entry by entry")


@look()
def starts(begin, end, drift, shortest, finding: str = "") -> Figure:
    """Theorem 3 from k starts, and what is left of them.

    begin, end (k, 2): two coordinates of the predictor's part off the span. drift (k, 2): ||Delta||
    at the start and at the end. shortest: ||Delta|| of Lemma 1.
    """
    fig, (left, right) = figure(1, 2)
    begin, end, drift = map(np.asarray, (begin, end, drift))
    left.plot(*np.stack([begin, end], axis=1).T, color=SKY, linestyle="-", linewidth=0.9)
    left.plot(*begin.T, "o", color=BLUE, markersize=4, mfc="white")
    left.plot(*end.T, "*", color=GREEN, markersize=13, mec="white", zorder=4)
    note(left, "retrained", (0, 0), (10, 8), GREEN, fontweight="bold", **halo())
    left.set(
        xlabel="P⊥ w, first coordinate",
        ylabel="P⊥ w, second coordinate",
        title="Every start: one predictor",
    )
    right.plot(*drift.T, "o", color=BLUE, markersize=4)
    level(
        right,
        shortest,
        "Lemma 1: the shortest",
        drift[:, 0].min(),
        (0, 6),
        {"color": GREEN, "linestyle": "--"},
    )
    right.set(
        xlabel="‖Δ‖ at the start",
        ylabel="‖Δ‖ at the end",
        ylim=(0, None),
        title="… and as many different Δ",
    )
    return fig.done(finding)


@look()
def counter_example(before, after, finding: str = "") -> Figure:
    """D.4.1 with its numbers. before, after: (A, c, w) each."""
    fig, axes = figure(2, 3, size=(7, 4.4))
    words = ("A", "input", "hidden"), ("c", "hidden", "output"), ("w", "input", "output")
    for row, state, matrices in zip(axes, ("before", "after"), (before, after)):
        for ax, matrix, (name, across, up) in zip(row, matrices, words):
            _matrix(ax, matrix, 2, title=f"{name}, {state}", xlabel=across, ylabel=up)
            for (i, j), value in np.ndenumerate(np.atleast_2d(matrix)):
                ax.text(
                    j + 1,
                    i + 1,
                    f"{value:.0f}".replace("-", "−"),
                    ha="center",
                    va="center",
                    color=BLACK if value else GREY,
                )
    return fig.done(finding, "The matrices of D.4.1, before and after the step")


@look()
def failures(paths, cells, finding: str = "") -> Figure:
    """The relaxed problem without a penalty.

    paths: {name: (k, 2)}, ||w|| / ||w_r|| and retain error along runs, first the one that keeps the
    fit. cells: {depth: {width: (n,)}}, drifts of failures, as many in each.
    """
    fig, (left, right) = figure(1, 2)
    left.axvline(1, **TARGET)
    note(left, "retrained", (1, 3e-6), (4, 0))
    curves = {name: (path[:, 0], floored(path[:, 1], FLOOR)) for name, path in paths.items()}
    lines(left, None, curves, (RIGHT, WRONG), named=False, markersize=4)
    left.legend(loc="center right")
    left.set(
        yscale="log",
        xlabel="‖w‖ / ‖w retrained‖",
        ylabel="retain error",
        title="One network, two relaxed problems",
    )
    decades(left.yaxis, -16, 0, 4, floor=True)
    widths = list(cells[min(cells)])
    drifts = [list(by_width.values()) for by_width in cells.values()]
    low, middle, high = np.quantile(drifts, (0.25, 0.5, 0.75), axis=-1)
    right.set(
        xscale="log",
        xlim=(widths[0] / 1.15, widths[-1]),
        ylim=(0, 1.05 * high.max()),
        xlabel="width",
        ylabel="drift ‖Δ‖ / ‖θ*‖",
        title="How far the failure is",
    )
    for style, below, above in zip(SERIES, low, high):
        band(right, widths, below, above, style["color"], 0.12)
    number_ticks(right.xaxis, widths)
    lines(right, widths, _by_depth(dict(zip(cells, middle))), markersize=5)
    return fig.done(finding)


@look()
def smallest(factor, unbalanced, reached, finding: str = "") -> Figure:
    """||theta||^2 over the bound of Theorem 4.

    unbalanced: {depth: (n,)}, against the imbalance factor (n,). reached: {depth: (starts (k,),
    ends (k,))}, of k searches.
    """
    fig, (left, right) = figure(1, 2)
    left.set(
        xscale="log",
        xlim=(factor[0], factor[-1]),
        ylim=(0.9, 1.05 * max(unbalanced[2])),
        xlabel="t: A₁ times t, c divided by t",
        title="Imbalance costs norm, not fit",
    )
    number_ticks(left.xaxis, (0.25, 0.5, 1, 2, 4))
    lines(left, factor, _by_depth(unbalanced), PLAIN)
    dot = {"marker": "o", "markersize": 4, "linestyle": "none"}
    looks = {"start": {**dot, "color": ORANGE}, "reached": {**dot, "color": BLUE}}
    for depth, runs in reached.items():
        x = depth + np.linspace(-0.24, 0.24, len(runs[0]))
        for values, style in zip(runs, looks.values()):
            right.plot(x, values, **style)
    highest = max(max(begin) for begin, _ in reached.values())
    right.set(
        yscale="log",
        ylim=(0.55, 3 * highest),
        xticks=list(reached),
        xlabel="depth L",
        title=f"{len(x)} searches per depth",
    )
    plain_ticks(right.yaxis)
    level(right, 1, "the bound of Theorem 4", min(reached) - 0.2, (0, -14))
    key(right, looks, loc="upper left", ncols=2)
    for ax in (left, right):
        ax.set_ylabel("‖θ‖² / (L ρ^(2/L))")
    return fig.done(finding)


@look()
def minnorm(drift, error, lemma, walks, finding: str = "") -> Figure:
    """MinNorm-OG's step beside Lemma 1's, and many short ones.

    error (n,): retain error of one step, by its drift (n,). lemma: (drift, error) of Lemma 1.
    walks: {name: (k,)}, distance of the predictor from the retrained one after every short step.
    """
    fig, (left, right) = figure(1, 2)
    left.loglog(drift, error, color=BLUE, marker="o", markersize=4)
    middle = len(drift) // 2
    note(
        left,
        "MinNorm-OG's step:\nslope 2",
        (drift[middle], error[middle]),
        (-8, 8),
        BLUE,
        ha="right",
    )
    star = lemma[0], max(lemma[1], FLOOR)
    left.plot(*star, "*", color=GREEN, markersize=14)
    note(left, "Lemma 1", star, (-10, -2), GREEN, ha="right")
    left.set(xlabel="drift ‖Δ‖ / ‖θ*‖", ylabel="retain error", title="One step")
    decades(left.yaxis, -16, 0, 4, floor=True)
    right.set(
        yscale="log",
        xlabel="short steps",
        ylabel="‖w − w retrained‖ / ‖w retrained‖",
        title="Many short steps",
    )
    looks = [{**style, "marker": ""} for style in (WRONG, RIGHT)]
    lines(right, np.arange(len(next(iter(walks.values())))), walks, looks, named=False)
    right.legend(loc="lower left")
    return fig.done(finding)


# What the lab compares: name in a Comparison -> name in the key
NAMES = {
    "unlearned": "unlearned (Lemma 1)",
    "retrained": "retrained",
    "relaxed": "relaxed, no penalty",
}
LOOKS = {
    "unlearned": {"color": BLUE, "marker": "o", "markersize": 4.5, "linestyle": "-"},
    "retrained": RETRAINED,
    "relaxed": {"color": VERMILLION, "marker": "X", "markersize": 6, "linestyle": ":"},
}


class NetworkPicture:
    """LinearNetworkLab's picture for m inputs: left the predictors' entries, right their errors.

    moving: the artists that a frame changes.
    """

    @look()
    def __init__(self, m: int):
        self.figure, (left, right) = figure(1, 2, size=(9.2, 4))
        at = np.arange(1, m + 1)
        left.axhline(0, color=GREY, linewidth=0.8)
        left.set(
            xlabel="input coordinate",
            ylabel="entry of w / ‖w(θ*)‖",
            ylim=(-1, 1),
            xticks=at[::3],
            title="The predictors",
        )
        right.axhline(0.5, color=GREY, linewidth=0.8)
        right.set(
            xscale="log",
            xlim=(FLOOR / 2, 30),
            ylim=(-0.6, 1.6),
            ylabel="error",
            xlabel="relative to the retrained solution",
            title="Fit, and distance from the retrained one",
        )
        right.set_yticks(
            [0, 1], ["of the predictor", "of the retain fit"], rotation=90, va="center"
        )
        decades(right.xaxis, -16, 0, 4, floor=True)
        (self.original,) = left.plot(at, 0 * at, label="original", **ORIGINAL)
        self.predictors, self.errors = {}, {}
        for (name, style), up in zip(LOOKS.items(), (0.22, 0, -0.22)):
            (self.predictors[name],) = left.plot(at, 0 * at, label=NAMES[name], **style)
            dots = {**style, "linestyle": "none", "markersize": 9, "clip_on": False}
            (self.errors[name],) = right.plot([1, 1], [1 + up, up], **dots)
        self.figure.legend(loc="outside upper right", ncols=4)
        self.moving = [self.original, *self.predictors.values(), *self.errors.values()]

    def update(self, shown) -> None:
        """Shows a Comparison of the lab."""
        size = np.linalg.norm(shown.original)
        self.original.set_ydata(shown.original / size)
        for name, line in self.predictors.items():
            line.set_ydata(shown.predictors[name] / size)
            errors = shown.retain_error[name], shown.distance[name]
            self.errors[name].set_xdata(floored(errors, FLOOR))
