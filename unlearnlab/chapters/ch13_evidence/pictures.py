"""Pictures of evidence: what many models say of one example, and scores that are never drawn
without their floor."""

import numpy as np
from scipy.stats import norm

from ...course import style
from ...course.marks import name_rows
from ...course.style import Figure, figure, look
from ...metrics.floors import Interval, interval

# By name; everything else is a method that is looked at
LOOKS = style.METHOD_LOOKS | style.looks("evidence")


@look()
def histograms(values: dict[str, np.ndarray], xlabel: str, title: str = "", finding="") -> Figure:
    """How often each number comes, as outlines over common bins, and as a thin line the Gaussian
    of each group's mean and standard deviation. values: name -> (n,), finite."""
    fig, ax = figure(size=(7.2, 3.2))
    draw_histograms(ax, values, xlabel, bells=True)
    ax.set_title(title)
    return fig.done(finding, f"{title}, {xlabel}: {', '.join(values)}")


def draw_histograms(ax, values: dict, xlabel: str, of: str = "models", bells: bool = False) -> None:
    """The same into axes that are there. of: what is counted. bells: with the Gaussians."""
    values = {name: np.asarray(numbers) for name, numbers in values.items()}
    edges = np.histogram_bin_edges(np.concatenate(list(values.values())), 20)
    x, width = np.linspace(edges[0], edges[-1], 200), edges[1] - edges[0]
    for name, numbers in values.items():
        color, _, line = LOOKS.get(name, style.RIGHT).values()
        shares = np.histogram(numbers, edges)[0] / len(numbers)
        ax.stairs(shares, edges, color=color, linestyle=line, linewidth=1.8, label=name)
        ax.stairs(shares, edges, color=color, alpha=0.18, fill=True)
        if bells:
            bell = width * norm.pdf(x, numbers.mean(), numbers.std(ddof=1))
            ax.plot(x, bell, color=color, linestyle=line, linewidth=1)
    ax.set(xlabel=xlabel, ylabel=f"share of the {of}", ylim=(0, 1.18 * ax.get_ylim()[1]))
    ax.legend(loc="upper left", ncols=len(values), fontsize=9, handlelength=2.4)


@look()
def beside(panels: dict[str, tuple], finding: str = "") -> Figure:
    """Scores of the same methods under several metrics, one panel each, every one with its floor.

    panels: name of the metric -> (by method, its values over seeds or models, or one number, or an
    `Interval`; floor, the values of retrained models; and, if it is there, the `Interval` of the
    floor's mean). A dot is the mean, a line its 95% interval, Student's for values; the band is
    where the middle 90% of the floor's values lie, its line their mean, the darker band the
    interval of that mean. What counts is how far a dot is from the band, on either side.
    """
    names = list(next(iter(panels.values()))[0])
    size = max(4.6, 1.4 + 1.8 * len(panels)), 0.9 + 0.27 * len(names)
    fig, _ = figure(1, len(panels), size, sharey=True)
    for ax, (metric, (rows, *floor)) in zip(fig.axes, panels.items()):
        draw_floor(ax, *floor)
        draw_rows(ax, {name: rows[name] for name in names})
        ax.set_title(metric, fontsize=9.5)
        ax.tick_params(axis="y", length=0)
    fig.supxlabel("band: retrained against retrained, middle 90%", fontsize=9)
    what = f"{', '.join(panels)} beside their floors, for {', '.join(names)}"
    return fig.done(finding, what)


def draw_floor(ax, floor, sure: Interval | None = None) -> None:
    """The band of a floor's values, a line at their mean, and a darker band for the interval of
    that mean."""
    floor = np.asarray(floor)
    spans = [np.quantile(floor, [0.05, 0.95])] + ([sure[1:]] if sure else [])
    for span in spans:
        ax.axvspan(*np.maximum(span, 0), color=style.GREEN, alpha=0.2, linewidth=0)
    ax.axvline(floor.mean(), color=style.GREEN, linestyle="-.", linewidth=1.6)


def draw_rows(ax, rows: dict) -> None:
    """A row for each method, its mean and interval, of values or as it is given."""
    for height, (name, values) in enumerate(rows.items()):
        color, marker, _ = LOOKS.get(name, style.RIGHT).values()
        if not isinstance(values, Interval):
            values = np.atleast_1d(np.asarray(values, float))
            mean, low, high = interval(values) if len(values) > 1 else values.repeat(3)
            # no error, share or number of steps is below 0, and no share above 1
            values = Interval(mean, max(low, 0), min(high, 1) if values.max() <= 1 else high)
        if values.low < values.high:
            ends = [values.low, values.high]
            ax.plot(ends, [height] * 2, "-", color=color, linewidth=1.4, solid_capstyle="butt")
        ax.plot(
            values.mean,
            height,
            marker,
            color=color,
            markeredgecolor="white",
            markersize=6.5,
            zorder=4,
        )
    name_rows(ax, list(rows))


@look()
def show_evidence(
    left, right, histograms: tuple, title: str, scores: dict, floor, metric: str, method: str
) -> None:
    """What is said, as histograms in the axes `left`, and in `right` every candidate's score beside
    the floor, one in bold.

    histograms: arguments of `draw_histograms`. scores: by name, numbers or `Interval`s. floor:
    values of retrained networks. method: a name in scores.
    """
    draw_histograms(left, *histograms)
    left.set_title(title)
    draw_floor(right, floor)
    draw_rows(right, scores)
    row = list(scores).index(method)
    right.axhspan(row - 0.5, row + 0.5, color="#E4E4E4", linewidth=0, zorder=0)
    right.set(title=metric, xlabel="band: retrained against retrained")
    right.get_yticklabels()[row].set_fontweight("bold")
