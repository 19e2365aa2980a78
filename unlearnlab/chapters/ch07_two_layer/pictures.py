"""Pictures of two-layer networks: neurons that can go, the function before and after, what the
choice of survivors does to it, and PruneLab. finding: as in Figure.done."""

import numpy as np

from ...course.marks import level, name_rows, over_points
from ...course.style import (
    BLACK,
    BLUE,
    FORGET,
    GREY,
    RETAIN,
    SERIES,
    TARGET,
    UNLEARNED,
    VERMILLION,
    picture,
)

SURVIVORS = "pivoted", "last neurons", "linear program", "original", "matching pursuit"
DOTS = {
    name: {**style, "linestyle": "none", "alpha": 0.8} for name, style in zip(SURVIVORS, SERIES)
}


@picture(*[("neuron", "output weight c")] * 3, panels={"sharey": True})
def cancelling(axes, stages, outputs):
    """The weights of neurons as they are cancelled. stages: {title: c (h,)}. outputs: {title:
    features @ c}."""
    for ax, (title, c) in zip(axes, stages.items()):
        neurons = range(1, len(c) + 1)
        ax.bar_label(ax.bar(neurons, c, color=BLUE), fmt="{:g}", padding=3)
        shown = ", ".join(f"{value:g}" for value in outputs[title])
        ax.set(title=f"{title}\noutputs ({shown})", xticks=neurons)
        ax.margins(y=0.25)


@picture(
    (
        "retain points that are copies of another",
        "neurons",
        "Copies ask for nothing new, and the bound knows it",
    )
)
def duplicates(ax, copies, bound, found, n_r):
    """Active neurons after the cut against the number of retain points that are copies.

    bound, found: as many numbers as copies.
    """
    ax.set_ylim(0, n_r + 2)
    level(ax, n_r, f"n_r = {n_r}", copies[-1], (0, 4), ha="right")
    ax.plot(copies, bound, "--", color=BLACK, label="rank s")
    ax.plot(copies, found, "o", color=BLUE, label="active after the cut")
    ax.legend(loc="lower left")


@picture(
    ("activation", "f at the forget point", "The forget point's output after the cut"), legend=3
)
def forget_outputs(ax, groups, before, beside):
    """Outputs at the forget point after the cut, one dot per seed.

    groups: {activation: {method: values}}. before: the fitted target. beside: the sine there.
    """
    edge = 4.5
    ax.axhline(before, color=VERMILLION, linestyle="--", label="before the cut")
    ax.axhline(beside, label="sin x", **TARGET)
    for i, group in enumerate(groups.values()):
        for shift, (method, values) in zip((-0.33, -0.11, 0.11, 0.33), group.items()):
            x = i + shift + np.linspace(-0.05, 0.05, len(values))
            label = None if i else method
            ax.plot(x, np.clip(values, -edge, edge), label=label, **DOTS[method])
    ax.set_xticks(range(len(groups)), groups)


@picture(
    ("sum of |c_i|", "survivors chosen by", "As few neurons, very different functions"),
    ("largest |f(x)| on the interval",),
    panels={"sharey": True},
    xscale="log",
    what="Sum of |c_i| and largest |f(x)|, by how the survivors are chosen",
)
def calmness(axes, measures):
    """Two measures of each way to choose survivors, one dot per seed.

    measures: {method: (sums of |c|, largest |f|)}.
    """
    name_rows(axes[0], measures)
    for row, (method, columns) in enumerate(measures.items()):
        for ax, values in zip(axes, columns):
            ax.plot(values, row + np.linspace(-0.18, 0.18, len(values)), **DOTS[method])


@picture(("x", "f(x)"))
def zigzag(ax, x, curve, points, kinks):
    """A ReLU network through points that go up and down. kinks: the x where it bends."""
    ax.plot(x, curve, **UNLEARNED)
    ax.plot(*points, **RETAIN)
    ax.plot(kinks, np.interp(kinks, x, curve), "|", markersize=18, mew=2, color=VERMILLION)
    count = len(points[0])
    ax.set_title(f"{count} points, {count - 1} slopes that alternate, {len(kinks)} bends")


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
