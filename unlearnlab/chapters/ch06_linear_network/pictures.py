"""Pictures of linear networks: what depth does to a linear function, exact steps, failures, the
smallest parameters, and LinearNetworkLab. finding: as in Figure.done."""

import numpy as np

from ...course.marks import band, decades, dot, floored, halo, lines, name_rows, number_ticks
from ...course.style import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    ORIGINAL,
    PLAIN,
    RIGHT,
    SERIES,
    SKY,
    TARGET,
    UNLEARNED,
    WRONG,
    picture,
)

FLOOR = 1e-16  # of logarithmic axes: smaller values, exact zeros among them, stand on it
RETRAINED = {"color": GREEN, "marker": "D", "markersize": 9, "mfc": "none", "linestyle": "none"}


def _by_depth(values):
    return {f"L = {depth}": one for depth, one in values.items()}


@picture(
    (
        "t",
        "f(θ + t Δ, x) / largest value",
        "Along a straight line of parameters the output is a polynomial of degree L",
    )
)
def along_a_line(ax, t, outputs):
    """One output along theta + t Delta. t (n,). outputs: {depth: (n,)}."""
    lines(ax, t, _by_depth(outputs), PLAIN, linewidth=1.8)


@picture(
    (
        "drift ‖Δ‖",
        "|actual − predicted|\nchange of an output",
        "Move one layer, and the prediction is exact (shaded: rounding)",
    ),
    xscale="log",
    yscale="log",
)
def remainders(ax, drift, values):
    """|actual - predicted change| of an output against drift. values: {name: (n,)}."""
    ax.set_ylim(FLOOR / 3, 3 * max(map(max, values.values())))
    decades(ax.yaxis, -16, 0, 4, floor=True)
    ax.axhspan(FLOOR / 3, 1e-13, color="#EDEDED", zorder=0)
    lines(ax, drift, values, floor=FLOOR, markersize=4)


def _matrix(ax, matrix, limit):
    ax.set(xticks=[], yticks=[])
    return ax.imshow(np.atleast_2d(matrix), cmap="PuOr", vmin=-limit, vmax=limit)


@picture(
    ("input coordinate", "entry of w", "The predictor"),
    ("input", "neuron", "A₁"),
    ("input", "neuron", "Δ, of rank one"),
    ("input", "neuron", "A₁ + Δ"),
    legend=3,
    panels={"width_ratios": [2.2, 1, 1, 1]},
    what="Matrices A₁, Δ and A₁ + Δ, and three predictors entry by entry",
)
def lemma1(axes, first, delta, original, unlearned, retrained):
    """A_1 and Delta, both (h_1, m), and their sum, beside the predictors, (m,)."""
    ax, *panels = axes
    matrices = np.array([first, delta, first + delta])
    for panel, matrix in zip(panels, matrices):
        image = _matrix(panel, matrix, np.abs(matrices).max())
    ax.figure.colorbar(image, ax=panels, label="entry", location="bottom", aspect=40)
    looks = {**ORIGINAL, "marker": "s"}, {**UNLEARNED, "marker": "o"}, RETRAINED
    curves = {"w(θ*)": original, "w(θ* + Δ)": unlearned, "retrained": retrained}
    lines(ax, range(1, len(original) + 1), curves, looks, named=False)


@picture(
    ("P⊥ w, first coordinate", "P⊥ w, second coordinate", "Every start: one predictor"),
    ("‖Δ‖ at the start", "‖Δ‖ at the end", "… and as many different Δ"),
)
def starts(axes, begin, end, drift, shortest):
    """Theorem 3 from k starts, and what is left of them.

    begin, end (k, 2): two coordinates of the predictor's part off the span. drift (k, 2): ||Delta||
    at the start and at the end. shortest: ||Delta|| of Lemma 1.
    """
    left, right = axes
    for path in np.stack([begin, end], 1):
        left.plot(*path.T, "o-", color=SKY, markevery=[0], mfc="white", linewidth=0.9)
    dot(left, (0, 0), "retrained", GREEN, "*", size=14, **halo())
    right.plot(*np.transpose(drift), "o", color=BLUE, markersize=4)
    right.axhline(shortest, label="Lemma 1: the shortest", **TARGET)
    right.set_ylim(0, None)
    right.legend()


@picture(
    *[("input", "hidden"), ("hidden", "output"), ("input", "output")] * 2,
    rows=2,
    size=(7, 4.4),
    what="The matrices of D.4.1, before and after the step",
)
def counter_example(axes, before, after):
    """D.4.1 with its numbers. before, after: (A, c, w) each."""
    titles = [f"{name}, {state}" for state in ("before", "after") for name in "Acw"]
    for ax, matrix, title in zip(axes, (*before, *after), titles):
        _matrix(ax, matrix, 2)
        ax.set_title(title)
        for (i, j), value in np.ndenumerate(np.atleast_2d(matrix)):
            ax.text(j, i, f"{value:.0f}", ha="center", va="center")


@picture(
    ("‖w‖ / ‖w retrained‖", "retain error", "One network, two relaxed problems"),
    ("width", "drift ‖Δ‖ / ‖θ*‖", "How far the failure is"),
)
def failures(axes, paths, cells):
    """The relaxed problem without a penalty.

    paths: {name: (k, 2)}, ||w|| / ||w_r|| and retain error along runs, first the one that keeps the
    fit. cells: {depth: {width: (n,)}}, drifts of failures, as many in each.
    """
    left, right = axes
    left.set_yscale("log")
    lines(left, None, {n: np.transpose(p) for n, p in paths.items()}, named=False, floor=FLOOR)
    left.axvline(1, label="retrained", **TARGET)
    left.legend(loc="center right")
    decades(left.yaxis, -16, 0, 4, floor=True)
    right.set_xscale("log")
    widths = list(cells[min(cells)])
    drifts = [list(by_width.values()) for by_width in cells.values()]
    low, middle, high = np.quantile(drifts, (0.25, 0.5, 0.75), axis=-1)
    for style, below, above in zip(SERIES, low, high):
        band(right, widths, below, above, style["color"], 0.12)
    right.set_ylim(0, None)
    number_ticks(right.xaxis, widths)
    lines(right, widths, _by_depth(dict(zip(cells, middle))))


NORM = "‖θ‖² / (L ρ^(2/L))"


@picture(
    ("t: A₁ times t, c divided by t", NORM, "Imbalance costs norm, not fit"), ("depth L", NORM)
)
def smallest(axes, factor, unbalanced, reached):
    """||theta||^2 over the bound of Theorem 4.

    unbalanced: {depth: (n,)}, against the imbalance factor (n,). reached: {depth: (starts (k,),
    ends (k,))}, of k searches.
    """
    left, right = axes
    left.set_xscale("log")
    number_ticks(left.xaxis, (0.25, 0.5, 1, 2, 4))
    lines(left, factor, _by_depth(unbalanced), PLAIN)
    begin, end = np.stack(list(reached.values()), 1)
    right.plot(list(reached), begin, "s", color=ORANGE, markersize=4)
    right.plot(list(reached), end, "o", color=BLUE)
    right.set(yscale="log", xticks=list(reached))
    right.set_title(f"{begin.shape[1]} searches per depth: starts (squares), ends")
    right.axhline(1, label="the bound of Theorem 4", **TARGET)
    right.legend()


@picture(
    ("drift ‖Δ‖ / ‖θ*‖", "retain error", "One step"),
    ("short steps", "‖w − w retrained‖ / ‖w retrained‖", "Many short steps"),
    yscale="log",
)
def minnorm(axes, drift, error, lemma, walks):
    """MinNorm-OG's step beside Lemma 1's, and many short ones.

    error (n,): retain error of one step, by its drift (n,). lemma: (drift, error) of Lemma 1.
    walks: {name: (k,)}, distance of the predictor from the retrained one after every short step.
    """
    left, right = axes
    left.set_xscale("log")
    left.plot(drift, error, "o-", color=BLUE, label="MinNorm-OG's step: slope 2")
    left.plot(lemma[0], max(lemma[1], FLOOR), "*", color=GREEN, markersize=14, label="Lemma 1")
    decades(left.yaxis, -16, 0, 4, floor=True)
    for (name, values), style in zip(walks.items(), (WRONG, RIGHT)):
        right.plot(values, label=name, **{**style, "marker": ""})
    for ax in axes:
        ax.legend()


# What the lab compares: name in a comparison -> look, with its name in the legend
COMPARED = {
    "unlearned": {**UNLEARNED, "marker": "o", "label": "unlearned (Lemma 1)"},
    "retrained": {**RETRAINED, "label": "retrained"},
    "relaxed": {**WRONG, "label": "relaxed, no penalty"},
}


def comparison(left, right, shown) -> None:
    """LinearNetworkLab's picture of what `compare` returned: predictors, and their errors."""
    at = range(1, len(shown.original) + 1)
    size = np.linalg.norm(shown.original)
    left.set(xlabel="input coordinate", ylabel="entry of w / ‖w(θ*)‖", ylim=(-1, 1))
    left.set_title("The predictors")
    left.plot(at, shown.original / size, label="original", **ORIGINAL)
    for name, style in COMPARED.items():
        left.plot(at, shown.predictors[name] / size, **style)
    name_rows(right, [style["label"] for style in COMPARED.values()])
    for errors, words, marker in (
        (shown.retain_error, "retain error", "v"),
        (shown.distance, "distance", "^"),
    ):
        values = floored([errors[name] for name in COMPARED], FLOOR)
        right.plot(values, range(len(values)), marker, color=BLACK, mfc="none", label=words)
    right.set(xscale="log", xlim=(FLOOR / 2, 30), xlabel="relative to the retrained solution")
    right.set_title("Fit, and distance from the retrained one")
    decades(right.xaxis, -16, 0, 4, floor=True)
