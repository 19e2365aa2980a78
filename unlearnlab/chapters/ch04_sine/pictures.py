"""Pictures of notebook 04: fits of the sine, the table, peaks and runs."""

import numpy as np
import torch

from ...course.graphs import graph
from ...course.marks import central, name_rows, over_points, plain_ticks
from ...course.style import BLACK, BLUE, METHOD_LOOKS, PURPLE, SKY, figure, look
from ...data.sine import grid

PUBLISHED = {"color": "#C4C4C4", "linestyle": "-", "linewidth": 6, "solid_capstyle": "butt"}


@torch.no_grad()
def curve(model) -> tuple[np.ndarray, np.ndarray]:
    """(x, f(x)), each (1000,): the model on the grid where its sup error is measured."""
    x = grid()
    return x.flatten().numpy(), model(x).flatten().numpy()


def mark_worst(ax, x, y, **look) -> float:
    """A bar from sin x to a curve where they are farthest apart. Returns its length."""
    at = np.abs(y - np.sin(x)).argmax()
    ends = np.sin(x[at]), y[at]
    ax.plot([x[at]] * 2, ends, "-", color=PURPLE, **look)
    return abs(ends[1] - ends[0])


@look()
def fits(task, models: dict, limit: float = 3.5):
    """One panel per model: its curve over the points, and a bar at its worst place.

    models: name -> model.
    """
    fig, _ = figure(len(models), 1, (7.5, 2.1 * len(models)))
    drawn = {}
    for ax, (name, model) in zip(fig.axes, models.items()):
        x, y = curve(model)
        curves = {"sin x": np.sin(x), name: y}
        over_points(ax, x, curves, task.retain.tensors, task.forget.tensors)
        error = mark_worst(ax, x, y, linewidth=3, alpha=0.7)
        ax.set(title=f"{name}: sup error {error:.2f}", ylim=(-limit, limit))
        ax.label_outer()
        drawn |= {line.get_label(): line for line in ax.get_legend_handles_labels()[0]}
    fig.legend(drawn.values(), drawn, loc="outside upper center", ncols=6)
    return fig.done(what=f"Fits of the poisoned sine by: {', '.join(models)}")


@look()
def table(records: list[dict], published: dict, epochs: int):
    """Ours below the published medians and central ranges, one row per method.

    records: as from `compare`. published: name -> (median, low, high).
    """
    fig, ax = figure()
    ax.set(xlabel="sup error (log scale; lower is better)", xscale="log")
    name_rows(ax, published)
    for row, (name, (median, *ends)) in enumerate(published.items()):
        ax.plot(ends, [row - 0.2] * 2, **PUBLISHED)
        ax.plot(median, row - 0.2, "|", color=BLACK, markersize=10, markeredgewidth=2)
        ours = [r["sup_error"] for r in records if r["method"] == name]
        if ours:
            middle, *ends = central(ours)
            ax.plot(ours, [row + 0.2] * len(ours), "o", color=SKY, markersize=4, alpha=0.8)
            ax.plot(ends, [row + 0.2] * 2, "-", color=BLUE, linewidth=2)
            ax.plot(middle, row + 0.2, "D", color=BLUE)
    plain_ticks(ax.xaxis)
    ax.set_title(f"T = {epochs}. Gray: published range and median. Blue: ours, and every seed.")
    what = f"Sup errors at T = {epochs} of {', '.join(published)}, published and ours"
    return fig.done(what=what)


def spikes(records: list[dict], originals: dict[int, float], methods: list[str]):
    """Each seed's sup error after unlearning against its original's: on the diagonal nothing was
    repaired.

    records: as from `compare`. originals: seed -> sup error of the original.
    """
    curves = {"_unchanged": ([2, 6.5], [2, 6.5])}
    for name in methods:
        pairs = [(originals[r["seed"]], r["sup_error"]) for r in records if r["method"] == name]
        curves[name] = tuple(zip(*pairs))
    dots = {"linestyle": "none", "alpha": 0.85}
    return graph(
        curves=curves,
        looks={name: METHOD_LOOKS[name] | dots for name in methods} | {"_unchanged": "target"},
        log="xy",
        legend={"loc": "best"},
        xlabel="sup error of the original (one point per seed)",
        ylabel="sup error after unlearning",
        title="Dotted: unchanged",
        what=f"Sup error after unlearning by that of the original, for {', '.join(methods)}",
    )


TRACKED = {
    "retain_loss": "Retain loss J (log)",
    "sup_error": "Sup error",
    "norm": "Size of the weights, |θ|",
}


def tracks(recorded: dict[str, dict[str, list]]):
    """What happens during a run: retain loss, sup error and |theta| against the epoch.

    recorded: name -> {"epoch", "retain_loss", "sup_error", "norm"}, lists of equal length, starting
    at the original.
    """
    panels = {}
    for key, title in TRACKED.items():
        curves = {name: (track["epoch"], track[key]) for name, track in recorded.items()}
        axes = {"log": "y"} if key == "retain_loss" else {"ylim": (0, None)}
        panels[title] = {"curves": curves, **axes}
    what = f"Retain loss, sup error and |θ| by epoch, for {', '.join(recorded)}"
    return graph(panels=panels, key=3, line={"marker": ""}, xlabel="epoch", what=what)
