"""Pictures of notebook 04: fits of the sine, the table, peaks, runs and residuals."""

import numpy as np
import torch

from ...course.marks import name_rows, over_points, plain_ticks, seed_row
from ...course.style import (
    BLACK,
    BLUE,
    METHOD_LOOKS,
    PURPLE,
    TARGET,
    VERMILLION,
    figure,
    line_look,
    look,
    picture,
)
from ...data.sine import grid

PUBLISHED = {"color": "#C4C4C4", "linestyle": "-", "linewidth": 6, "solid_capstyle": "butt"}
TRACKED = {
    "retain_loss": "Retain loss J (log)",
    "sup_error": "Sup error",
    "norm": "Size of the weights, |θ|",
}


@torch.no_grad()
def curve(model) -> tuple[np.ndarray, np.ndarray]:
    """(x, f(x)), each (1000,): the model on the grid where its sup error is measured."""
    x = grid()
    return x.flatten().numpy(), model(x).flatten().numpy()


def worst(x, y) -> tuple[tuple, float]:
    """A bar from sin x to a curve where they are farthest apart, ((x, x), (sin x, y)), and its
    length."""
    distance = np.abs(y - np.sin(x))
    at = distance.argmax()
    return ((x[at], x[at]), (np.sin(x[at]), y[at])), float(distance[at])


def _over_points(ax, task, x, curves, limit):
    curves = {"sin x": np.sin(x), **curves}
    over_points(ax, x, curves, task.retain.tensors, task.forget.tensors)
    ax.set_ylim(-limit, limit)


@look()
def fits(task, models: dict, limit: float = 3.5):
    """One panel per model: its curve over the points, and a bar at its worst place.

    models: name -> model.
    """
    fig, _ = figure(len(models), 1, (7.5, 2.1 * len(models)))
    for ax, (name, model) in zip(fig.axes, models.items()):
        x, y = curve(model)
        bar, error = worst(x, y)
        _over_points(ax, task, x, {name: y}, limit)
        ax.plot(*bar, "-", color=PURPLE, linewidth=3, alpha=0.7)
        ax.set_title(f"{name}: sup error {error:.2f}")
        ax.label_outer()
    return fig.done(what=f"Fits of the poisoned sine by: {', '.join(models)}")


@picture(("sup error (log scale; lower is better)",), xscale="log")
def table(ax, records: list[dict], published: dict, epochs: int):
    """Ours below the published medians and central ranges, one row per method.

    records: as from `compare`. published: name -> (median, low, high).
    """
    name_rows(ax, published)
    for row, (name, (median, *ends)) in enumerate(published.items()):
        ax.plot(ends, [row - 0.2] * 2, **PUBLISHED)
        ax.plot(median, row - 0.2, "|", color=BLACK, markersize=10, markeredgewidth=2)
        ours = [r["sup_error"] for r in records if r["method"] == name]
        if ours:
            seed_row(ax, row + 0.2, ours)
    plain_ticks(ax.xaxis)
    ax.set_title(f"T = {epochs}. Gray: published range and median. Blue: ours, and every seed.")
    return f"Sup errors at T = {epochs} of {', '.join(published)}, published and ours"


@picture(
    (
        "sup error of the original (one point per seed)",
        "sup error after unlearning",
        "Dotted: unchanged",
    ),
    xscale="log",
    yscale="log",
)
def spikes(ax, records: list[dict], originals: dict[int, float], methods: list[str]):
    """Each seed's sup error after unlearning against its original's: on the diagonal nothing was
    repaired.

    records: as from `compare`. originals: seed -> sup error of the original.
    """
    for name in methods:
        pairs = [(originals[r["seed"]], r["sup_error"]) for r in records if r["method"] == name]
        style = {**METHOD_LOOKS[name], "linestyle": "none", "alpha": 0.85}
        ax.plot(*zip(*pairs), label=name, **style)
    for axis in (ax.xaxis, ax.yaxis):
        plain_ticks(axis)
    ax.axline((2, 2), (3, 3), **TARGET)
    ax.legend()
    return f"Sup error after unlearning by that of the original, for {', '.join(methods)}"


@picture(*[("epoch",)] * 3)
def tracks(axes, recorded: dict[str, dict[str, list]]):
    """What happens during a run: retain loss, sup error and |theta| against the epoch.

    recorded: name -> {"epoch", "retain_loss", "sup_error", "norm"}, lists of equal length, starting
    at the original.
    """
    for ax, (key, title) in zip(axes, TRACKED.items()):
        for name, track in recorded.items():
            ax.plot(track["epoch"], track[key], label=name, **line_look(name))
        ax.set_title(title)
    axes[0].set_yscale("log")
    for ax in axes[1:]:
        ax.set_ylim(0, None)
    axes[1].legend(fontsize=8)
    return f"Retain loss, sup error and |θ| by epoch, for {', '.join(recorded)}"


@picture(("seed", "|f(x_i) - y_i|", "Residuals of the originals"), yscale="log")
def residuals(ax, largest: dict, typical: dict):
    """Per seed: the original's largest and median |f - y| on its own training points."""
    ax.plot(*zip(*largest.items()), "D", color=VERMILLION, label="largest of 55")
    ax.plot(*zip(*typical.items()), "o", color=BLUE, label="median of 55")
    ax.legend(ncols=2)
