"""Pictures of linear networks: exact steps, a step to zero, and LinearNetworkLab. The notebook
draws its other ones itself. finding: as in Figure.done."""

import numpy as np

from ...course.marks import decades, floored, lines, name_rows
from ...course.style import LOOKS, WRONG, figure, look

FLOOR = 1e-16  # of logarithmic axes: smaller values, exact zeros among them, stand on it
ENTRIES = {"xlabel": "input coordinate", "ylabel": "entry of w", "title": "The predictor"}


def _matrix(ax, matrix, limit, **words):
    ax.set(xticks=[], yticks=[], **words)
    return ax.imshow(np.atleast_2d(matrix), cmap="PuOr", vmin=-limit, vmax=limit)


@look()
def lemma1(first, delta, original, unlearned, retrained, finding: str = ""):
    """A_1 and Delta, both (h_1, m), and their sum, beside the predictors, (m,)."""
    fig, (ax, *panels) = figure(1, 4, width_ratios=[2.2, 1, 1, 1])
    matrices = np.array([first, delta, first + delta])
    for panel, matrix, title in zip(panels, matrices, ("A₁", "Δ, of rank one", "A₁ + Δ")):
        words = {"xlabel": "input", "ylabel": "neuron", "title": title}
        image = _matrix(panel, matrix, np.abs(matrices).max(), **words)
    fig.colorbar(image, ax=panels, label="entry", location="bottom", aspect=40)
    curves = {"w(θ*)": original, "w(θ* + Δ)": unlearned, "retrained": retrained}
    lines(ax, range(1, len(original) + 1), curves, named=False, axes=ENTRIES)
    fig.legend(loc="outside upper center", ncols=3)
    what = "Matrices A₁, Δ and A₁ + Δ, and three predictors entry by entry"
    return fig.done(finding, what)


@look()
def counter_example(before, after, finding: str = ""):
    """D.4.1 with its numbers. before, after: (A, c, w) each."""
    fig, axes = figure(2, 3, (7, 4.4))
    sides = ("input", "hidden"), ("hidden", "output"), ("input", "output")
    for row, matrices, state in zip(axes, (before, after), ("before", "after")):
        for ax, matrix, name, (across, up) in zip(row, matrices, "Acw", sides):
            _matrix(ax, matrix, 2, xlabel=across, ylabel=up, title=f"{name}, {state}")
            for (i, j), value in np.ndenumerate(np.atleast_2d(matrix)):
                ax.text(j, i, f"{value:.0f}", ha="center", va="center")
    return fig.done(finding, "The matrices of D.4.1, before and after the step")


# What the lab compares: name in a comparison -> look, with its name in the legend
COMPARED = {
    "unlearned": {**LOOKS["w(θ* + Δ)"], "label": "unlearned (Lemma 1)"},
    "retrained": {**LOOKS["retrained"], "label": "retrained"},
    "relaxed": {**WRONG, "label": "relaxed, no penalty"},
}


def comparison(left, right, shown) -> None:
    """LinearNetworkLab's picture of what `compare` returned: predictors, and their errors."""
    curves = {"original": shown.original, **shown.predictors}
    curves = {name: w / np.linalg.norm(shown.original) for name, w in curves.items()}
    axes = {**ENTRIES, "ylabel": "entry of w / ‖w(θ*)‖", "ylim": (-1, 1), "title": "The predictors"}
    lines(left, range(1, len(shown.original) + 1), curves, COMPARED, named=False, axes=axes)
    name_rows(right, [style["label"] for style in COMPARED.values()])
    for errors, words, marker in (
        (shown.retain_error, "retain error", "v"),
        (shown.distance, "distance", "^"),
    ):
        values = floored([errors[name] for name in COMPARED], FLOOR)
        right.plot(values, range(len(values)), f"k{marker}", mfc="none", label=words)
    right.set(xscale="log", xlim=(FLOOR / 2, 30), xlabel="relative to the retrained solution")
    right.set_title("Fit, and distance from the retrained one")
    decades(right.xaxis, -16, 0, 4)
