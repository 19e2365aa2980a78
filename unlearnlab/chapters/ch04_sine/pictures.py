"""Pictures of notebook 04: fits of the sine, the table, peaks, runs, residuals, and the lab's."""

import math

import numpy as np
import torch

from ...course.marks import lines, name_rows, note, number_ticks, plain_ticks, seed_row
from ...course.style import (
    BLACK,
    BLUE,
    FORGET,
    GROUND_TRUTH,
    METHOD_LOOKS,
    ORANGE,
    ORIGINAL,
    PURPLE,
    RETAIN,
    TARGET,
    UNLEARNED,
    VERMILLION,
    figure,
    line_look,
    look,
)
from ...data.sine import HALF_WIDTH, grid

PUBLISHED = {
    "color": "#999999",
    "linestyle": "-",
    "linewidth": 6,
    "alpha": 0.55,
    "solid_capstyle": "butt",
    "zorder": 1,
}
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


def draw_points(ax, task, size: float = 1.0) -> list:
    """Retain and forget points, and sin x behind them: their artists."""
    x = grid().flatten()
    drawn = ax.plot(x, x.sin(), **TARGET, label="sin x", zorder=1)
    for data, points, name in ((task.retain, RETAIN, "retain"), (task.forget, FORGET, "forget")):
        points = {**points, "markersize": points["markersize"] * size}
        drawn += ax.plot(*map(torch.flatten, data.tensors), **points, label=name, zorder=4)
    return drawn


def sine_axes(ax, limit: float) -> None:
    """The x range of the experiment in multiples of pi, and y in [-limit, limit]."""
    names = ["-5π", "-3π", "-π", "π", "3π", "5π"]
    ax.set_xticks([k * math.pi for k in (-5, -3, -1, 1, 3, 5)], names)
    ax.set(xlim=(-HALF_WIDTH - 0.3, HALF_WIDTH + 0.3), ylim=(-limit, limit), ylabel="f(x)")


@look()
def fits(task, models: dict, limit: float = 3.5):
    """One panel per model: its curve over the points, and a bar at its worst place.

    models: name -> model.
    """
    fig, axes = figure(len(models), 1, size=(7.5, 2.1 * len(models)), sharex=True, squeeze=False)
    looks = {"original": ORIGINAL, "ground truth": GROUND_TRUTH}
    for ax, (name, model) in zip(axes[:, 0], models.items()):
        x, y = curve(model)
        bar, error = worst(x, y)
        draw_points(ax, task, 0.8)
        ax.plot(x, y, **looks.get(name, UNLEARNED), zorder=3)
        ax.plot(*bar, "-", color=PURPLE, linewidth=3, alpha=0.7, zorder=2)
        sine_axes(ax, limit)
        ax.set_title(f"{name}: sup error {error:.2f}")
    axes[-1, 0].set_xlabel("x")
    axes[0, 0].legend(
        loc="upper left", ncols=3, fontsize=8, bbox_to_anchor=(0, 1.02), borderaxespad=0
    )
    return fig.done(what=f"Fits of the poisoned sine by: {', '.join(models)}")


@look()
def table(records: list[dict], published: dict, epochs: int):
    """Ours below the published medians and central ranges, one row per method.

    records: as from `compare`. published: name -> (median, low, high).
    """
    fig, ax = figure()
    name_rows(ax, list(published), 0.6)
    ax.set(
        xscale="log",
        xlabel="sup error (log scale; lower is better)",
        title=f"T = {epochs}. Gray: published range and median. Blue: ours, and every seed.",
    )
    for row, (name, (median, *ends)) in enumerate(published.items()):
        ax.plot(ends, [row - 0.2] * 2, **PUBLISHED)
        ax.plot(median, row - 0.2, "|", color=BLACK, markersize=10, markeredgewidth=2)
        ours = [r["sup_error"] for r in records if r["method"] == name]
        if ours:
            seed_row(ax, row + 0.2, ours)
    plain_ticks(ax.xaxis)
    return fig.done(
        what=f"Sup errors at T = {epochs} of {', '.join(published)}, published and ours"
    )


@look()
def peaks(task, runs: dict, zoom: tuple[float, float], limit: float):
    """A close look at one stretch of x: the original, and what each method made of it.

    runs: name -> model.
    """
    fig, ax = figure()
    x = torch.linspace(*zoom, 600)[:, None]
    draw_points(ax, task)
    with torch.no_grad():
        curves = {name: model(x) for name, model in {"original": task.original, **runs}.items()}
    looks = {"original": ORIGINAL, **{name: line_look(name) for name in runs}}
    lines(ax, x, curves, looks, named=False)
    ax.set(
        xlim=zoom,
        ylim=(-limit, limit),
        xlabel="x",
        ylabel="f(x)",
        title="The worst place of the original, and what is left of it",
    )
    ax.legend(ncols=3, fontsize=8)
    return fig.done(what=f"Close-up of the original's worst place and of {', '.join(runs)}")


@look()
def spikes(records: list[dict], originals: dict[int, float], methods: list[str]):
    """Each seed's sup error after unlearning against its original's: on the diagonal nothing was
    repaired.

    records: as from `compare`. originals: seed -> sup error of the original.
    """
    fig, ax = figure(size=(6.2, 4.2))
    ax.set(
        xscale="log",
        yscale="log",
        xlabel="sup error of the original (one point per seed)",
        ylabel="sup error after unlearning",
    )
    for name in methods:
        found = [(originals[r["seed"]], r["sup_error"]) for r in records if r["method"] == name]
        points = {**METHOD_LOOKS[name], "linestyle": "none", "markersize": 7, "alpha": 0.85}
        ax.plot(*zip(*found), **points, label=name)
    number_ticks(ax.xaxis, (2, 3, 4, 6))
    number_ticks(ax.yaxis, (0.5, 1, 2, 3, 4, 6))
    ax.axline((2, 2), (3, 3), **TARGET)
    highest = max(originals.values())
    note(ax, "unchanged", (highest, highest), (6, -14), va="top", ha="right", fontsize=9)
    ax.set_ylim(0.5, 1.25 * highest)
    ax.legend(loc="upper left", fontsize=9)
    return fig.done(f"For {', '.join(methods)}")


@look()
def tracks(recorded: dict[str, dict[str, list]]):
    """What happens during a run: retain loss, sup error and |theta| against the epoch.

    recorded: name -> {"epoch", "retain_loss", "sup_error", "norm"}, lists of equal length, starting
    at the original.
    """
    fig, axes = figure(1, 3, size=(8.4, 3.0))
    looks = {name: line_look(name) for name in recorded}
    for ax, (key, title) in zip(axes, TRACKED.items()):
        curves = {name: (track["epoch"], track[key]) for name, track in recorded.items()}
        lines(ax, None, curves, looks, named=False)
        ax.set(xlabel="epoch", title=title)
    axes[0].set_yscale("log")
    for ax in axes[1:]:
        ax.set_ylim(0, None)
    axes[1].legend(fontsize=8)
    return fig.done(f"For {', '.join(recorded)}")


@look()
def residuals(largest: dict[int, float], typical: dict[int, float], sup_errors: dict[int, float]):
    """Per seed: the original's largest and median |f - y| on its own training points, and its sup
    error."""
    fig, (left, right) = figure(1, 2, size=(7.5, 3.0), width_ratios=[3, 2])
    left.plot(*zip(*largest.items()), "D", color=VERMILLION, label="largest of 55")
    left.plot(*zip(*typical.items()), "o", color=BLUE, label="median of 55")
    left.legend(ncols=2, loc="upper left")
    left.set(yscale="log", ylim=(1.5e-3, 8), ylabel="|f(x_i) - y_i|")
    left.set_title("Residuals of the originals")
    right.plot(*zip(*sup_errors.items()), "X", color=ORANGE, markersize=8)
    right.set(ylim=(0, None), ylabel="sup error", title="Sup error before unlearning")
    for ax in (left, right):
        ax.set(xlabel="seed", xticks=list(largest))
    return fig.done()


class LabPicture:
    """The picture of SineLab: the fit on the left, every method's sup error on the right.

    `moving`: the artists a frame changes; `fixed(task, epochs)` draws again what a new seed or T
    changes. published: T -> method -> (median, low, high).
    """

    @look()
    def __init__(self, methods: list[str], published: dict):
        self.methods, self.published, self._fixed = methods, published, []
        self.figure, (self.fit, self.scores) = figure(1, 2, size=(9.2, 3.7), width_ratios=[3, 1.15])
        (self.line,) = self.fit.plot([], [], **UNLEARNED, zorder=3, label="unlearned")
        (self.worst,) = self.fit.plot([], [], "-", color=PURPLE, linewidth=4, alpha=0.6, zorder=2)
        self.label = self.fit.text(
            0.99,
            0.02,
            "",
            transform=self.fit.transAxes,
            ha="right",
            va="bottom",
            color=BLUE,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8},
        )
        (self.marks,) = self.scores.plot([], [], "D", color=BLUE, zorder=3)
        name_rows(self.scores, methods)
        self.fit.set_xlabel("x")
        self.scores.set(xscale="log", xlabel="sup error (log)")
        self.moving = [self.worst, self.line, self.label, self.marks]

    @look()
    def fixed(self, task, epochs: int) -> None:
        """Everything that stays while only the unlearned model changes."""
        for artist in self._fixed:
            artist.remove()
        fit, scores, (x, y) = self.fit, self.scores, curve(task.original)
        nearest = min(self.published, key=lambda t: abs(math.log(epochs / t)))
        published = self.published[nearest]  # of a method of one's own there is nothing
        ends = np.array([span[1:] for span in published.values()]).T
        rows = [self.methods.index(name) for name in published]
        self._fixed = [
            *draw_points(fit, task),
            *scores.plot(ends, [rows, rows], **PUBLISHED),
            *fit.plot(x, y, **ORIGINAL, label="original", zorder=2),
            scores.axvline(task.evaluate(task.original)["sup_error"], **ORIGINAL),
        ]
        sine_axes(fit, np.clip(1.08 * np.abs(y).max(), 2.6, 6))
        fit.set_title(f"Seed {task.seed}")
        fit.legend(
            ncols=5,
            fontsize=8.5,
            loc="lower right",
            bbox_to_anchor=(1.01, 0.99),
            handlelength=1.8,
            columnspacing=1.2,
        )
        number_ticks(scores.xaxis, (0.5, 1, 2, 5, 20) if epochs < 500 else (1, 10, 100, 1000))
        scores.set_xlim(0.3, 60 if epochs < 500 else 3000)
        scores.set_title(f"Gray: published, T = {nearest}", fontsize=9.5)

    def frame(self, y: np.ndarray, name: str, epoch: int, scores: dict[str, float]) -> float:
        """Shows the curve y on the grid and the scores known so far; returns the sup error."""
        x = grid().flatten().numpy()
        bar, error = worst(x, y)
        self.line.set_data(x, y)
        self.worst.set_data(*bar)
        self.label.set_text(f"{name} after {epoch} epochs: sup error {error:.2f}")
        self.mark(scores)
        return error

    def mark(self, scores: dict[str, float]) -> None:
        """Moves the marks on the right to the sup errors known so far."""
        self.marks.set_data(list(scores.values()), [self.methods.index(name) for name in scores])
