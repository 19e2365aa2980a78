"""Pictures of two-layer networks: neurons that can go, what the rest does, and PruneLab. The
notebook draws its simpler ones itself. finding: as in Figure.done."""

import numpy as np

from ...course.marks import over_points
from ...course.style import BLUE, FORGET, GREY, RETAIN, figure, look


@look()
def cancelling(stages, outputs, finding: str = ""):
    """The weights of neurons as they are cancelled. stages: {title: c (h,)}. outputs: {title:
    features @ c}."""
    fig, axes = figure(1, 3, sharey=True)
    for ax, (title, c) in zip(axes, stages.items()):
        neurons = range(1, len(c) + 1)
        ax.bar_label(ax.bar(neurons, c, color=BLUE), fmt="{:g}", padding=3)
        shown = ", ".join(f"{value:g}" for value in outputs[title])
        ax.set(title=f"{title}\noutputs ({shown})", xticks=neurons)
        ax.set(xlabel="neuron", ylabel="output weight c")
        ax.margins(y=0.25)
    return fig.done(finding)


def cut_network(figure, x, shown) -> None:
    """PruneLab's picture of what the lab's `cut_network` returned, of one or two inputs: neurons,
    function, counts. x (k,): the grid of each input."""
    inputs = shown.X.shape[1]
    neurons, *functions, counts = figure.subplots(1, 2 + inputs)
    for state, marker, color in ((~shown.alive, "x", GREY), (shown.alive, "o", BLUE)):
        column, row = np.divmod(np.flatnonzero(state), 15)
        neurons.plot(column, row, marker, color=color)
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
    counts.bar_label(counts.barh(names, values, color=BLUE))
    counts.set(title="Counted", xlabel="number, logarithmic", xscale="log", xlim=(1, 450))
    counts.invert_yaxis()
