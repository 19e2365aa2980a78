"""Pictures of the sine experiment: fits, the table, the peaks, the residuals."""
import math

import numpy as np
import torch
from matplotlib.ticker import MaxNLocator

from ..data.sine import grid
from . import style
from .style import figure, look

PI_TICKS = [k * math.pi for k in (-5, -3, -1, 1, 3, 5)]
PI_LABELS = ["-5π", "-3π", "-π", "π", "3π", "5π"]


@torch.no_grad()
def curve(model, count: int = 1000) -> tuple[np.ndarray, np.ndarray]:
    """(x, f(x)), each (count,): the model on an even grid over [-5 pi, 5 pi]."""
    x = grid(count)
    return x.flatten().numpy(), model(x).flatten().numpy()


def sup(y: np.ndarray, x: np.ndarray) -> tuple[int, float]:
    """Where a curve is farthest from sin x, and how far."""
    distance = np.abs(y - np.sin(x))
    return int(distance.argmax()), float(distance.max())


def draw_points(ax, task, size: float = 1.0) -> None:
    """Retain and forget points, and sin x behind them."""
    x = np.linspace(PI_TICKS[0], PI_TICKS[-1], 1000)
    ax.plot(x, np.sin(x), **style.TARGET, label="sin x", zorder=1)
    for data, look, name in ((task.retain, style.RETAIN, "retain"), (task.forget, style.FORGET, "forget")):
        px, py = (t.flatten().numpy() for t in data.tensors)
        ax.plot(px, py, **{**look, "markersize": look["markersize"] * size}, label=name, zorder=4)


def sine_axes(ax, limit: float) -> None:
    """The x range of the experiment in multiples of pi, and y in [-limit, limit]."""
    ax.set_xticks(PI_TICKS, PI_LABELS)
    ax.set(xlim=(PI_TICKS[0] - .3, PI_TICKS[-1] + .3), ylim=(-limit, limit), xlabel="x")


@look()
def fits(task, models: dict, limit: float = 3.5, title: str = ""):
    """One panel per model: its curve over the points, and the place of its sup error. models: name -> model."""
    fig, axes = figure(len(models), 1, size=(7.5, 2.1 * len(models)), sharex=True, sharey=True, squeeze=False)
    styles = {"original": style.ORIGINAL, "ground truth": style.GROUND_TRUTH}
    for ax, (name, model) in zip(axes[:, 0], models.items()):
        x, y = curve(model)
        at, error = sup(y, x)
        draw_points(ax, task, .8)
        ax.plot(x, y, **styles.get(name, style.UNLEARNED), zorder=3)
        ax.plot([x[at]] * 2, [np.sin(x[at]), y[at]], color=style.PURPLE, linewidth=3, alpha=.7, zorder=2)
        sine_axes(ax, limit)
        ax.set(ylabel="f(x)", xlabel="x" if ax is axes[-1, 0] else "")
        ax.set_title(f"{name}: sup error {error:.2f}")
    axes[0, 0].legend(loc="upper left", ncols=3, fontsize=8, bbox_to_anchor=(0, 1.02), borderaxespad=0)
    fig.alt = title or f"Fits of the poisoned sine by: {', '.join(models)}. A thick bar marks each one's largest error."
    return fig


@look()
def table(records: list[dict], published: dict, epochs: int):
    """Ours beside the published medians and central ranges, one row per method, log scale.

    records: as from `sine.compare`. published: name -> (median, low, high)."""
    from ..experiments.sine import central
    fig, ax = figure(size=(7.5, 3.6))
    names = list(published)
    for row, name in enumerate(names):
        mine = [r["sup_error"] for r in records if r["method"] == name]
        median, low, high = published[name]
        ax.plot([low, high], [row - .2] * 2, "-", color="#999999", linewidth=6, solid_capstyle="butt", alpha=.6)
        ax.plot(median, row - .2, marker="|", color="black", markersize=10, markeredgewidth=2)
        if mine:
            ours = central(mine)
            ax.plot(mine, [row + .2] * len(mine), "o", color=style.SKY, markersize=4, alpha=.8)
            ax.plot(ours[1:], [row + .2] * 2, color=style.BLUE, linewidth=2, linestyle="-")
            ax.plot(ours[0], row + .2, marker="D", color=style.BLUE, markersize=6)
    ax.set_yticks(range(len(names)), names)
    ax.set(xscale="log", xlabel="sup error (log scale; lower is better)", ylim=(len(names) - .4, -.9))
    ticks = [t for t in (.3, .5, 1, 2, 3, 5, 10, 20, 50, 100, 1000) if ax.get_xlim()[0] <= t <= ax.get_xlim()[1]]
    ax.set_xticks(ticks, [f"{t:g}" for t in ticks])
    ax.minorticks_off()
    ax.set_title(f"T = {epochs}. Gray: published range and median. Blue: ours, and every seed.")
    fig.alt = (f"Sup errors at T = {epochs} for {len(names)} methods, published median and central range beside the "
               "seeds, range and median measured here")
    return fig


@look()
def peaks(task, runs: dict, zoom: tuple[float, float], limit: float):
    """A close look at one stretch of x: the original, and what each method made of it. runs: name -> model."""
    fig, ax = figure(size=(7.5, 3.4))
    x = torch.linspace(*zoom, 600)[:, None]
    draw_points(ax, task)
    with torch.no_grad():
        ax.plot(x, task.original(x), **style.ORIGINAL, label="original")
        for name, model in runs.items():
            ax.plot(x, model(x), **style.line_look(name), label=name)
    sine_axes(ax, limit)
    ticks = MaxNLocator(6).tick_values(*zoom)
    ax.set_xticks(ticks, [f"{v:g}" for v in ticks])
    ax.set(xlim=zoom, ylabel="f(x)", title="The worst place of the original, and what is left of it")
    ax.legend(ncols=3, fontsize=8, loc="best")
    fig.alt = "Close-up of the original's worst place with the curves of " + ", ".join(runs)
    return fig


@look()
def spikes(records: list[dict], originals: dict[int, float], methods: list[str]):
    """Each seed's sup error after unlearning against its original's: on the diagonal nothing was repaired.

    records: as from `sine.compare`. originals: seed -> sup error of the original. methods: which to draw, up to four.
    """
    fig, ax = figure(size=(6.2, 4.2))
    looks = [("v", style.BLACK), ("s", style.SKY), ("D", style.PURPLE), ("o", style.BLUE)]
    low, high = .5, 1.25 * max(originals.values())
    ax.plot([low, high], [low, high], color="black", linestyle=":", linewidth=1)
    ax.annotate("unchanged", (high * .78, high * .78), xytext=(6, -4), textcoords="offset points", va="top", fontsize=9)
    for name, (marker, colour) in zip(methods, looks):
        found = [(originals[r["seed"]], r["sup_error"]) for r in records if r["method"] == name]
        ax.plot(*zip(*found), marker, linestyle="none", color=colour, markersize=7, label=name, alpha=.85)
    ticks = [.5, 1, 2, 3, 4, 6]
    ax.set(xscale="log", yscale="log", xlabel="sup error of the original (one point per seed)",
           ylabel="sup error after unlearning", xlim=(min(originals.values()) * .85, high), ylim=(low, high))
    ax.set_xticks([t for t in ticks if t >= 2], [str(t) for t in ticks if t >= 2])
    ax.set_yticks(ticks, [str(t) for t in ticks])
    ax.minorticks_off()
    ax.legend(loc="upper left", fontsize=9)
    fig.alt = "Sup error after unlearning against the original's, one point per seed, for " + ", ".join(methods)
    return fig


@look()
def tracks(recorded: dict[str, dict[str, list]]):
    """What happens during a run: retain loss, sup error and |theta| against the epoch.

    recorded: name -> {"epoch", "retain_loss", "sup_error", "norm"}, lists of equal length, starting at the original.
    """
    fig, axes = figure(1, 3, size=(8.4, 3.0))
    for ax, key, title in zip(axes, ("retain_loss", "sup_error", "norm"),
                              ("Retain loss J (log)", "Sup error", "Size of the weights, |θ|")):
        for name, track in recorded.items():
            ax.plot(track["epoch"], track[key], label=name, **style.line_look(name))
        ax.set(xlabel="epoch", title=title, yscale="log" if key == "retain_loss" else "linear")
        if key != "retain_loss":
            ax.set_ylim(0, None)
    axes[1].legend(fontsize=8, loc="best")
    fig.alt = "Retain loss, sup error and size of the weights against the epoch for " + ", ".join(recorded)
    return fig


@look()
def residuals(largest: dict[int, float], typical: dict[int, float], sup_errors: dict[int, float]):
    """Per seed: the original's largest and median |f - y| on its own training points, and its sup error."""
    fig, (left, right) = figure(1, 2, size=(7.5, 3.0), gridspec_kw={"width_ratios": [3, 2]})
    seeds = list(largest)
    left.plot(seeds, list(largest.values()), "D", color=style.VERMILLION)
    left.plot(seeds, list(typical.values()), "o", color=style.BLUE)
    left.set(yscale="log", ylim=(1.5e-3, None), xticks=seeds, xlabel="seed", ylabel="|f(x_i) - y_i|", title="Residuals of the originals")
    left.annotate("largest of 55", (seeds[2], largest[seeds[2]]), xytext=(0, 8), textcoords="offset points",
                  color=style.VERMILLION, ha="center", fontsize=9)
    lowest = min(typical, key=typical.get)
    left.annotate("median of 55", (lowest, typical[lowest]), xytext=(0, -14), textcoords="offset points",
                  color=style.BLUE, ha="center", fontsize=9)
    right.plot(seeds, list(sup_errors.values()), "X", color=style.ORANGE, markersize=8)
    right.set(xticks=seeds, xlabel="seed", ylabel="sup error", ylim=(0, None), title="Sup error before unlearning")
    ratios, sups = [largest[s] / typical[s] for s in seeds], list(sup_errors.values())
    fig.alt = (f"{len(seeds)} originals: the largest residual is {min(ratios):.0f} to {max(ratios):.0f} times the median one, and at "
               f"least {min(largest.values()):.1g}, so none of them interpolates all 55 points; sup errors before unlearning are "
               f"between {min(sups):.1f} and {max(sups):.1f}")
    return fig


class LabPicture:
    """The picture of SineLab: the fit on the left, every method's sup error on the right.

    `moving` holds the artists a frame changes; `fixed(task, epochs)` redraws what a new seed or T changes.
    """

    @look()
    def __init__(self, methods: list[str], published: dict):
        self.methods, self.published = methods, published
        self.figure, (self.fit, self.scores) = figure(1, 2, size=(9.2, 3.7), gridspec_kw={"width_ratios": [3, 1.15]})
        self.line, = self.fit.plot([], [], **style.UNLEARNED, zorder=3)
        self.worst, = self.fit.plot([], [], color=style.PURPLE, linewidth=4, alpha=.6, zorder=2)
        self.label = self.fit.text(.99, .02, "", transform=self.fit.transAxes, ha="right", va="bottom", fontsize=10,
                                   color=style.BLUE, bbox={"facecolor": "white", "edgecolor": "none", "alpha": .8})
        self.marks, = self.scores.plot([], [], "D", color=style.BLUE, markersize=6, zorder=3)
        self.moving = [self.worst, self.line, self.label, self.marks]
        self._fixed = []

    @look()
    def fixed(self, task, epochs: int) -> None:
        """Everything that stays while only the unlearned model changes."""
        for artist in self._fixed:
            artist.remove()
        before = set(self.fit.get_children()) | set(self.scores.get_children())
        x, y = curve(task.original)
        draw_points(self.fit, task)
        self.fit.plot(x, y, **style.ORIGINAL, label="original", zorder=2)
        sine_axes(self.fit, min(max(2.6, 1.08 * np.abs(y).max()), 6))
        self.fit.set_ylabel("f(x)")
        self.fit.set_title(f"Seed {task.seed}", loc="left")
        self._score_rows(epochs, task.evaluate(task.original)["sup_error"])
        self._fixed = list((set(self.fit.get_children()) | set(self.scores.get_children())) - before)
        self.line.set_label("unlearned")
        self.fit.legend(ncols=5, fontsize=8.5, loc="lower right", bbox_to_anchor=(1.01, .99), handlelength=1.8,
                        columnspacing=1.2)

    def _score_rows(self, epochs, original):
        ax, nearest = self.scores, min(self.published, key=lambda t: abs(math.log(epochs / t)))
        for row, name in enumerate(self.methods):
            _, low, high = self.published[nearest][name]
            ax.plot([low, high], [row] * 2, "-", color="#999999", linewidth=6, alpha=.5, solid_capstyle="butt", zorder=1)
        ax.plot([original] * 2, [-.6, len(self.methods) - .4], **style.ORIGINAL, zorder=1)
        ax.set_yticks(range(len(self.methods)), self.methods, fontsize=9)
        ax.set(xscale="log", xlim=(.3, 60 if epochs < 500 else 3000), ylim=(len(self.methods) - .4, -.6),
               xlabel="sup error (log)")
        ax.set_title(f"Gray: published, T = {nearest}", loc="left", fontsize=9.5)
        ticks = [.5, 1, 2, 5, 20] if epochs < 500 else [1, 10, 100, 1000]
        ax.set_xticks(ticks, [f"{t:g}" for t in ticks], fontsize=8)
        ax.minorticks_off()

    def frame(self, y: np.ndarray, name: str, epoch: int, scores: dict[str, float]) -> float:
        """Moves the artists to the curve y on the grid and the scores known so far; returns the sup error."""
        x = grid().flatten().numpy()
        at, error = sup(y, x)
        self.line.set_data(x, y)
        self.worst.set_data([x[at]] * 2, [np.sin(x[at]), y[at]])
        self.label.set_text(f"{name} after {epoch} epochs: sup error {error:.2f}")
        self.mark(scores)
        return error

    def mark(self, scores: dict[str, float]) -> None:
        """Moves the marks on the right to the sup errors known so far."""
        self.marks.set_data(list(scores.values()), [self.methods.index(name) for name in scores])
