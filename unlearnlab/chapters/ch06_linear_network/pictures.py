"""Pictures of linear networks: exact steps, a step to zero, and LinearNetworkLab. The notebook
draws its other ones itself. finding: as in Figure.done."""

import numpy as np

from ...course.marks import decades, floored, lines, name_rows
from ...course.style import BLACK, GREEN, ORIGINAL, UNLEARNED, WRONG, picture

FLOOR = 1e-16  # of logarithmic axes: smaller values, exact zeros among them, stand on it
RETRAINED = {"color": GREEN, "marker": "D", "markersize": 9, "mfc": "none", "linestyle": "none"}


def _matrix(ax, matrix, limit):
    ax.set(xticks=[], yticks=[])
    return ax.imshow(np.atleast_2d(matrix), cmap="PuOr", vmin=-limit, vmax=limit)


@picture(
    ("input coordinate", "entry of w", "The predictor"),
    ("input", "neuron", "A₁"),
    ("input", "neuron", "Δ, of rank one"),
    ("input", "neuron", "A₁ + Δ"),
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
    ax.figure.legend(loc="outside upper center", ncols=3)


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
    decades(right.xaxis, -16, 0, 4)
