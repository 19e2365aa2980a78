"""The picture of PruneLab. The notebook draws its other ones itself."""

import numpy as np

from ...course.marks import over_points
from ...course.style import BLUE, FORGET, GREY, RETAIN


def cut_network(figure, x, shown) -> None:
    """PruneLab's picture of what the lab's `cut_network` returned, of one or two inputs: neurons,
    function, counts. x (k,): the grid of each input."""
    inputs = shown.X.shape[1]
    neurons, *functions, counts = figure.subplots(1, 2 + inputs)
    for state, marker, color in ((~shown.alive, "x", GREY), (shown.alive, "o", BLUE)):
        neurons.plot(*np.divmod(np.flatnonzero(state), 15), marker, color=color)
    neurons.set(title="The neurons", xlabel="● stays   × cut", xticks=[], yticks=[])
    retain, forget = (
        (*X.T, y)[:2] for X, y in ((shown.X, shown.y), (shown.X_forget, shown.y_forget))
    )
    if inputs == 1:
        curves = {"original": shown.before, "cut": shown.after}
        over_points(*functions, x, curves, retain, forget)
        functions[0].set(title="The function", ylim=(-3, 3))
        functions[0].legend(ncols=2)
    else:
        for ax, title, values in zip(
            functions, ("f before", "f after"), (shown.before, shown.after)
        ):
            image = ax.pcolormesh(x, x, values.reshape(len(x), -1), cmap="PuOr", vmin=-2, vmax=2)
            ax.plot(*retain, **RETAIN)
            ax.plot(*forget, **FORGET)
            ax.set(xlabel="x₁   ● retain  × forget", ylabel="x₂", title=title)
        figure.colorbar(image, ax=functions, location="bottom", label="f(x₁, x₂)")
    names = "neurons h", "retain points", "rank s", "kept"
    values = len(shown.alive), len(shown.X), shown.rank, shown.kept
    counts.plot(values, names, "o", color=BLUE)
    for name, value in zip(names, values):
        counts.annotate(value, (value, name), (8, -4), textcoords="offset points")
    counts.set(title="Counted", xlabel="number, logarithmic", xscale="log", xlim=(1, 450))
    counts.invert_yaxis()
