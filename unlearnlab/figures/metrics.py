"""Pictures of evidence: what many models say of one example, and scores that are never drawn without their floor."""
import math

import numpy as np

from ..metrics.floors import Interval, interval
from . import style
from .style import Figure, figure, look

# By name; everything else is a method that is looked at
LOOKS = {"original": style.ORANGE, "retrained": style.GREEN, "others retrained": style.BLACK, "ground truth": style.GREEN,
         "forget set": style.VERMILLION, "unseen": style.BLACK}
LINES = {"original": (0, (4, 1.5)), "retrained": "-.", "others retrained": ":", "ground truth": "-.", "unseen": ":"}


@look()
def histograms(values: dict[str, np.ndarray], xlabel: str, *, bins: int = 20, curves: bool = False, title: str = "") -> Figure:
    """How often each number comes, as outlines over common bins. values: name -> (n,), finite.

    curves: the Gaussian with each group's mean and standard deviation as a thin line over it.
    """
    fig, ax = figure(size=(7.2, 3.2))
    draw_histograms(ax, values, xlabel, bins=bins, curves=curves)
    ax.set_title(title)
    values = {name: _finite(name, v) for name, v in values.items()}
    fig.alt = (f"{title}: " if title else "Histograms: ") + "; ".join(
        f"{name} {np.mean(v):.1f} on average, standard deviation {np.std(v):.1f}" for name, v in values.items())
    return fig


def draw_histograms(ax, values: dict, xlabel: str, *, bins: int = 20, curves: bool = False, of: str = "models") -> None:
    """The same into axes that are there: `histograms`, and the lab."""
    values = {name: _finite(name, v) for name, v in values.items()}
    everything = np.concatenate(list(values.values()))
    edges = np.histogram_bin_edges(everything, bins)
    for name, v in values.items():
        color, line = LOOKS.get(name, style.BLUE), LINES.get(name, "-")
        counts, _ = np.histogram(v, edges)
        ax.stairs(counts / len(v), edges, color=color, linestyle=line, linewidth=1.8, fill=False, label=name)
        ax.stairs(counts / len(v), edges, color=color, alpha=.18, fill=True)
        if curves and v.std() > 0:
            x, width = np.linspace(edges[0], edges[-1], 200), edges[1] - edges[0]
            bell = np.exp(-.5 * ((x - v.mean()) / v.std(ddof=1)) ** 2) / (v.std(ddof=1) * math.sqrt(2 * math.pi))
            ax.plot(x, width * bell, color=color, linestyle=line, linewidth=1)
    ax.set(xlabel=xlabel, ylabel=f"share of the {of}")
    ax.set_ylim(0, 1.18 * ax.get_ylim()[1])
    ax.legend(loc="upper left", ncols=len(values), fontsize=9, handlelength=2.4)


@look()
def beside(panels: dict[str, tuple]) -> Figure:
    """Scores of the same methods under several metrics, one panel each, every one with its floor.

    panels: name of the metric -> (by method, its values over seeds or models, or one number, or an `Interval`; floor, the values of
    retrained models; and, if it is there, the `Interval` of the floor's mean).
    A dot is the mean, a line its 95% interval, Student's for values; the band is where the middle 90% of the floor's values lie, its
    line their mean, the darker band the interval of that mean.
    What counts is how far a dot is from the band, on either side.
    """
    if not panels:
        raise ValueError("panels is empty: there is nothing to draw")
    names = list(next(iter(panels.values()))[0])
    fig, axes = figure(1, len(panels), size=(max(4.6, 1.4 + 1.8 * len(panels)), .9 + .27 * len(names)), squeeze=False, sharey=True)
    said = []
    for ax, (metric, (rows, floor, *sure)) in zip(axes[0], panels.items()):
        if list(rows) != names:
            raise ValueError(f"panels[{metric!r}] must have the same methods as the first panel, got {', '.join(rows)}")
        low, middle, high = draw_floor(ax, floor, *sure)
        for height, (name, values) in enumerate(rows.items()):
            _dot(ax, height, name, values)
        ax.set(title=metric, ylim=(len(names) - .4, -.6))
        ax.set_yticks(range(len(names)), names)
        ax.tick_params(axis="y", length=0)
        ax.title.set_fontsize(9.5)
        means = {name: _mean(values) for name, values in rows.items()}
        said.append(f"{metric}: floor {middle:.2f} ({low:.2f} to {high:.2f}), " + ", ".join(f"{n} {v:.2f}" for n, v in means.items()))
    fig.supxlabel("band: retrained against retrained, middle 90%", fontsize=9)
    fig.alt = "Scores beside their floors. " + "; ".join(said)
    return fig


def draw_floor(ax, floor, sure: Interval | None = None) -> tuple[float, float, float]:
    """The band of a floor's values, a line at their mean, and a darker band for the interval of that mean; (low, mean, high)."""
    floor = _finite("floor", np.atleast_1d(floor))
    low, high = np.quantile(floor, [.05, .95])
    ax.axvspan(low, high, color=style.GREEN, alpha=.2, linewidth=0)
    if sure is not None:
        ax.axvspan(sure.low, sure.high, color=style.GREEN, alpha=.2, linewidth=0)
    ax.axvline(floor.mean(), color=style.GREEN, linestyle="-.", linewidth=1.6)
    return float(low), float(floor.mean()), float(high)


class EvidencePicture:
    """Two axes for a lab: what is said, as histograms, and every candidate's score beside the floor, the chosen one in bold."""

    def __init__(self):
        self.figure, (self.left, self.right) = figure(1, 2, size=(10.4, 4.6), gridspec_kw={"width_ratios": [1.5, 1]})

    @look()
    def show(self, groups: dict, of: str, xlabel: str, title: str, scores: dict, floor, metric: str, chosen: str) -> None:
        """groups, xlabel: as in `histograms`, shares of what `of` says. scores: by name, numbers or `Interval`s. floor: values of retrained networks.
        chosen: a name in scores."""
        for ax in (self.left, self.right):
            ax.clear()
            ax.grid(True, color=style.RC["grid.color"], linewidth=style.RC["grid.linewidth"])  # cleared axes draw it their own way
        draw_histograms(self.left, groups, xlabel, of=of)
        self.left.set_title(title)
        draw_floor(self.right, floor)
        for height, (name, value) in enumerate(scores.items()):
            if name == chosen:
                self.right.axhspan(height - .5, height + .5, color="#E4E4E4", linewidth=0, zorder=0)
            _dot(self.right, height, name, value)
        self.right.set(title=metric, ylim=(len(scores) - .4, -.6), xlabel="band: retrained against retrained")
        self.right.set_yticks(range(len(scores)), list(scores))
        self.right.get_yticklabels()[list(scores).index(chosen)].set_fontweight("bold")


@look()
def ladder(widths, scores, floors, ylabel: str) -> Figure:
    """A score of the original at each width, over those of networks retrained at that width. widths, scores: (k,), floors: (k, m)."""
    widths, scores, floors = _finite("widths", widths), _finite("scores", scores), np.asarray(floors, float)
    if len(scores) != len(widths) or floors.ndim != 2 or len(floors) != len(widths):
        raise ValueError(f"scores and floors must have a row for each of the {len(widths)} widths, got {scores.shape} and {floors.shape}")
    fig, ax = figure(size=(6.8, 3.6))
    ax.fill_between(widths, floors.min(1), floors.max(1), color=style.GREEN, alpha=.2, linewidth=0)
    for column in floors.T:
        ax.plot(widths, column, "D", color=style.GREEN, markersize=4.5, markeredgecolor="white", linestyle="none")
    ax.plot(widths, scores, "s", color=style.ORANGE, markersize=6.5, markeredgecolor="white", linestyle=LINES["original"])
    ax.set_xscale("log")
    ax.set(xlabel="width", ylabel=ylabel)
    ax.set_xticks(widths, [f"{width:.2g}" for width in widths])
    ax.minorticks_off()
    for values, name, color in ((scores, "original", style.DARK_ORANGE), (floors.mean(1), "retrained", style.GREEN)):
        ax.annotate(name, (widths[-1], values[-1]), (8, 0), textcoords="offset points", va="center", color=color, fontsize=9)
    ax.margins(x=.12)
    fig.alt = f"{ylabel} by width: " + "; ".join(f"{w:.2g} original {v:.2f}, retrained {f.mean():.2f}" for w, v, f in zip(widths, scores, floors))
    return fig


@look()
def scatter(x, y, xlabel: str, ylabel: str, floor=None) -> Figure:
    """Points, x and y (n,), with the band and the mean of the floor's values along x."""
    x, y = _finite("x", x), _finite("y", y)
    if x.shape != y.shape:
        raise ValueError(f"x and y must be as many, got {len(x)} and {len(y)}")
    fig, ax = figure(size=(6.8, 4))
    if floor is not None:
        draw_floor(ax, floor)
    ax.plot(x, y, "o", color=style.BLUE, markeredgecolor="white", markersize=6, linestyle="none")
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.margins(x=.08, y=.08)
    fig.alt = f"{ylabel} against {xlabel}: {len(x)} points, correlation {np.corrcoef(x, y)[0, 1]:.1f}"
    return fig


def _dot(ax, height, name, values):
    """A mean and its interval, of values or as it is given."""
    color = LOOKS.get(name, style.BLUE)
    if not isinstance(values, Interval):
        values = _finite(name, np.atleast_1d(values))
        values = interval(values) if len(values) > 1 else Interval(*3 * [float(values[0])])
    if values.low < values.high:
        ax.plot([values.low, values.high], [height, height], color=color, linestyle="-", linewidth=1.4, solid_capstyle="butt")
    ax.plot(values.mean, height, "s" if name == "original" else "D" if name in LOOKS else "o", color=color, markeredgecolor="white",
            markersize=6.5, zorder=4)


def _mean(values):
    return values.mean if isinstance(values, Interval) else float(np.mean(values))


def _finite(name, values):
    values = np.asarray(values.cpu() if hasattr(values, "cpu") else values, float)
    if values.ndim != 1 or len(values) == 0 or not np.isfinite(values).all():
        raise ValueError(f"{name} must be finite numbers (n,), got shape {values.shape}")
    return values
