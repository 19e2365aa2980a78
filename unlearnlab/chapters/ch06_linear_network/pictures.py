"""Pictures of linear networks: matrices, and LinearNetworkLab. The notebook draws its other ones
itself."""

import numpy as np

from ...course.marks import decades, floored, lines, name_rows
from ...course.style import LOOKS, WRONG, figure, look

FLOOR = 1e-16  # of logarithmic axes: smaller values, exact zeros among them, stand on it


@look()
def matrices(shown: dict, down: int = 1, numbers: bool = False, finding: str = ""):
    """Matrices, or vectors as rows, as images, each with a colour scale of its own.

    shown: title -> (matrix, what is across, what is down). down: how many rows of them. numbers:
    whether to write the entries, on paler colours. finding: as in Figure.done.
    """
    columns = len(shown) // down
    fig, _ = figure(down, columns, (2.4 * columns, 2.2 * down))
    for ax, (title, (matrix, across, up)) in zip(list(fig.axes), shown.items()):
        matrix = np.atleast_2d(matrix)
        limit = (np.abs(matrix).max() or 1) * (1 + numbers)
        image = ax.imshow(matrix, cmap="PuOr", vmin=-limit, vmax=limit)
        ax.set(xticks=[], yticks=[], xlabel=across, ylabel=up, title=title)
        for (i, j), value in np.ndenumerate(matrix) if numbers else ():
            ax.text(j, i, f"{value:g}", ha="center", va="center")
        if not numbers:
            fig.colorbar(image, location="bottom")
    return fig.done(finding, f"Matrices: {'; '.join(shown)}")


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
    axes = {
        "xlabel": "input coordinate",
        "ylabel": "entry of w / ‖w(θ*)‖",
        "ylim": (-1, 1),
        "title": "The predictors",
    }
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
