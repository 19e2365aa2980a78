"""Pictures of notebook 04: the table, and the lab's."""

import math

import numpy as np
import torch

from ...course.marks import name_rows, over_points, plain_ticks, seed_row
from ...course.style import BLACK, BLUE, ORIGINAL, PURPLE, UNLEARNED, figure, look
from ...data.sine import grid

PUBLISHED = {"color": "#C4C4C4", "linestyle": "-", "linewidth": 6, "solid_capstyle": "butt"}


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
            seed_row(ax, row + 0.2, ours)
    plain_ticks(ax.xaxis)
    ax.set_title(f"T = {epochs}. Gray: published range and median. Blue: ours, and every seed.")
    what = f"Sup errors at T = {epochs} of {', '.join(published)}, published and ours"
    return fig.done(what=what)


class LabPicture:
    """The picture of SineLab: the fit on the left, every method's sup error on the right.

    `moving`: the artists a frame changes, made anew by `fixed(task, epochs)` with all that a new
    seed or T changes. published: T -> method -> (median, low, high).
    """

    @look()
    def __init__(self, methods: list[str], published: dict):
        self.methods, self.published, self.moving = methods, published, []
        self.figure, _ = figure(1, 2, (9.2, 3.7), width_ratios=[3, 1.15])

    @look()
    def fixed(self, task, epochs: int) -> None:
        """Everything that stays while only the unlearned model changes."""
        fit, scores = self.figure.axes
        fit.clear()
        scores.clear()
        x, y = curve(task.original)
        _over_points(fit, task, x, {"original": y}, np.clip(1.3 * np.abs(y).max(), 2.6, 6))
        (self.worst,) = fit.plot([], [], color=PURPLE, linewidth=4, alpha=0.6)
        (self.line,) = fit.plot(x, y, label="unlearned", **UNLEARNED)
        self.title = fit.set_title(f"Seed {task.seed}")
        fit.legend(ncols=5, fontsize=8.5, loc="upper right")
        nearest = min(self.published, key=lambda t: abs(math.log(epochs / t)))
        name_rows(scores, self.methods)
        for name, (_, *ends) in self.published[
            nearest
        ].items():  # of one's own method there is nothing
            scores.plot(ends, [self.methods.index(name)] * 2, **PUBLISHED)
        scores.axvline(task.evaluate(task.original)["sup_error"], **ORIGINAL)
        (self.marks,) = scores.plot([], [], "D", color=BLUE)
        scores.set(xscale="log", xlim=(0.3, 60 if epochs < 500 else 3000))
        scores.set(xlabel="sup error (log)", title=f"Gray: published, T = {nearest}")
        plain_ticks(scores.xaxis)
        self.moving[:] = self.worst, self.line, self.title, self.marks
        for artist in self.moving:
            artist.set_animated(True)

    def frame(self, y: np.ndarray, words: str, scores: dict[str, float]) -> float:
        """Shows the curve y on the grid and the scores known so far; returns the sup error.

        words: whose curve it is."""
        bar, error = worst(self.line.get_xdata(), y)
        self.line.set_ydata(y)
        self.worst.set_data(*bar)
        self.title.set_text(f"{words}: sup error {error:.2f}")
        self.mark(scores)
        return error

    def mark(self, scores: dict[str, float]) -> None:
        """Moves the marks on the right to the sup errors known so far."""
        self.marks.set_data(list(scores.values()), [self.methods.index(name) for name in scores])
