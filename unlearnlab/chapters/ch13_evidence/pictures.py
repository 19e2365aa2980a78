"""Pictures of evidence: what many models say of one example, and scores that are never drawn
without their floor."""

import numpy as np

from ...course import style
from ...course.marks import band, name_ends, name_rows
from ...course.style import Figure, figure, look
from ...metrics.floors import Interval, interval

# Color, line and marker, by name; everything else is a method that is looked at
LOOKS = {
    "original": (style.ORANGE, style.ORIGINAL["linestyle"], "s"),
    "retrained": (style.GREEN, "-.", "D"),
    "others retrained": (style.BLACK, ":", "D"),
    "ground truth": (style.GREEN, "-.", "D"),
    "forget set": (style.VERMILLION, "-", "D"),
    "unseen": (style.BLACK, ":", "D"),
}
METHOD = style.BLUE, "-", "o"


@look()
def histograms(values: dict[str, np.ndarray], xlabel: str, title: str = "") -> Figure:
    """How often each number comes, as outlines over common bins, and as a thin line the Gaussian
    of each group's mean and standard deviation. values: name -> (n,), finite."""
    fig, ax = figure(size=(7.2, 3.2))
    groups = draw_histograms(ax, values, xlabel, bells=True)
    ax.set_title(title)
    said = [
        f"{name} {found.mean():.1f} on average, standard deviation {found.std():.1f}"
        for name, found in groups.items()
    ]
    return fig.done(what=f"{title or 'Histograms'}: {'; '.join(said)}")


def draw_histograms(ax, values: dict, xlabel: str, of: str = "models", bells: bool = False) -> dict:
    """The same into axes that are there; the values as arrays. of: what is counted. bells: with
    the Gaussians."""
    values = {name: _finite(name, found) for name, found in values.items()}
    edges = np.histogram_bin_edges(np.concatenate(list(values.values())), 20)
    x, width = np.linspace(edges[0], edges[-1], 200), edges[1] - edges[0]
    for name, found in values.items():
        color, line, _ = LOOKS.get(name, METHOD)
        shares = np.histogram(found, edges)[0] / len(found)
        ax.stairs(shares, edges, color=color, linestyle=line, linewidth=1.8, label=name)
        ax.stairs(shares, edges, color=color, alpha=0.18, fill=True)
        if bells and found.std() > 0:
            spread = found.std(ddof=1)
            bell = np.exp(-(((x - found.mean()) / spread) ** 2) / 2) / spread
            ax.plot(x, width * bell / np.sqrt(2 * np.pi), color=color, linestyle=line, linewidth=1)
    ax.set(xlabel=xlabel, ylabel=f"share of the {of}", ylim=(0, 1.18 * ax.get_ylim()[1]))
    ax.legend(loc="upper left", ncols=len(values), fontsize=9, handlelength=2.4)
    return values


@look()
def beside(panels: dict[str, tuple]) -> Figure:
    """Scores of the same methods under several metrics, one panel each, every one with its floor.

    panels: name of the metric -> (by method, its values over seeds or models, or one number, or an
    `Interval`; floor, the values of retrained models; and, if it is there, the `Interval` of the
    floor's mean). A dot is the mean, a line its 95% interval, Student's for values; the band is
    where the middle 90% of the floor's values lie, its line their mean, the darker band the
    interval of that mean. What counts is how far a dot is from the band, on either side.
    """
    if not panels:
        raise ValueError("panels is empty: there is nothing to draw")
    names, said = list(next(iter(panels.values()))[0]), []
    size = max(4.6, 1.4 + 1.8 * len(panels)), 0.9 + 0.27 * len(names)
    fig, axes = figure(1, len(panels), size, squeeze=False, sharey=True)
    for ax, (metric, (rows, floor, *sure)) in zip(axes[0], panels.items()):
        if list(rows) != names:
            raise ValueError(
                f"panels[{metric!r}] must have the same methods as the first panel, "
                f"got {', '.join(rows)}"
            )
        low, middle, high = draw_floor(ax, floor, *sure)
        means = draw_rows(ax, rows)
        ax.set_title(metric, fontsize=9.5)
        ax.tick_params(axis="y", length=0)
        scores = ", ".join(f"{name} {mean:.2f}" for name, mean in means.items())
        said.append(f"{metric}: floor {middle:.2f} ({low:.2f} to {high:.2f}), {scores}")
    fig.supxlabel("band: retrained against retrained, middle 90%", fontsize=9)
    return fig.done(what=f"Scores beside their floors. {'; '.join(said)}")


def draw_floor(ax, floor, sure: Interval | None = None) -> tuple[float, float, float]:
    """The band of a floor's values, a line at their mean, and a darker band for the interval of
    that mean; (low, mean, high)."""
    floor = _finite("floor", np.atleast_1d(floor))
    low, high = np.quantile(floor, [0.05, 0.95])
    spans = [(low, high), (sure.low, sure.high)] if sure else [(low, high)]
    for span in spans:
        ax.axvspan(*span, color=style.GREEN, alpha=0.2, linewidth=0)
    ax.axvline(floor.mean(), color=style.GREEN, linestyle="-.", linewidth=1.6)
    return low, floor.mean(), high


def draw_rows(ax, rows: dict) -> dict[str, float]:
    """A row for each method, its mean and interval, of values or as it is given; the means."""
    means = {}
    for height, (name, values) in enumerate(rows.items()):
        color, _, marker = LOOKS.get(name, METHOD)
        if not isinstance(values, Interval):
            values = _finite(name, np.atleast_1d(values))
            one = values[0]
            values = interval(values) if len(values) > 1 else Interval(one, one, one)
        means[name], ends = values.mean, [values.low, values.high]
        if values.low < values.high:
            ax.plot(ends, [height] * 2, "-", color=color, linewidth=1.4, solid_capstyle="butt")
        dot = {"markeredgecolor": "white", "markersize": 6.5, "zorder": 4}
        ax.plot(values.mean, height, marker, color=color, **dot)
    name_rows(ax, list(rows))
    return means


class EvidencePicture:
    """Two axes for a lab: what is said, as histograms, and every candidate's score beside the
    floor, the chosen one in bold."""

    def __init__(self):
        self.figure, (self.left, self.right) = figure(1, 2, (10.4, 4.6))
        # a canvas draws the frames before there is anything in them
        self.figure.set_layout_engine("none")
        self.left.set_position([0.07, 0.12, 0.49, 0.81])
        self.right.set_position([0.685, 0.12, 0.3, 0.81])

    @look()
    def show(
        self,
        groups: dict,
        of: str,
        xlabel: str,
        title: str,
        scores: dict,
        floor,
        metric: str,
        chosen: str,
    ) -> None:
        """groups, of, xlabel: as in `draw_histograms`. scores: by name, numbers or `Interval`s.
        floor: values of retrained networks. chosen: a name in scores."""
        grid = {name: style.RC[f"grid.{name}"] for name in ("color", "linewidth")}
        for ax in (self.left, self.right):
            ax.clear()
            ax.grid(True, **grid)  # cleared axes draw it their own way
        draw_histograms(self.left, groups, xlabel, of)
        self.left.set_title(title)
        draw_floor(self.right, floor)
        draw_rows(self.right, scores)
        row = list(scores).index(chosen)
        self.right.axhspan(row - 0.5, row + 0.5, color="#E4E4E4", linewidth=0, zorder=0)
        self.right.set(title=metric, xlabel="band: retrained against retrained")
        self.right.get_yticklabels()[row].set_fontweight("bold")


@look()
def ladder(widths, scores, floors, ylabel: str) -> Figure:
    """A score of the original at each width, over those of networks retrained at that width.
    widths, scores: (k,), floors: (k, m)."""
    widths, scores = _finite("widths", widths), _finite("scores", scores)
    floors = np.asarray(floors, float)
    if len(scores) != len(widths) or floors.ndim != 2 or len(floors) != len(widths):
        raise ValueError(
            f"scores and floors must have a row for each of the {len(widths)} widths, "
            f"got {scores.shape} and {floors.shape}"
        )
    fig, ax = figure(size=(6.8, 3.6))
    ax.set(xscale="log", xlabel="width", ylabel=ylabel)
    ax.margins(x=0.12)
    ax.set_xticks(widths, [f"{width:.2g}" for width in widths])
    band(ax, widths, floors.min(1), floors.max(1), style.GREEN, 0.2)
    ax.plot(widths, floors, "D", color=style.GREEN, markersize=4.5, markeredgecolor="white")
    ax.plot(widths, scores, "s", **style.ORIGINAL, markersize=6.5, markeredgecolor="white")
    means = floors.mean(1)
    ends = {
        "original": (widths[-1], scores[-1], style.ORANGE),
        "retrained": (widths[-1], means[-1], style.GREEN),
    }
    name_ends(ax, ends, fontsize=9)
    said = [
        f"{width:.2g} original {score:.2f}, retrained {mean:.2f}"
        for width, score, mean in zip(widths, scores, means)
    ]
    return fig.done(what=f"{ylabel} by width: {'; '.join(said)}")


@look()
def scatter(x, y, xlabel: str, ylabel: str, floor) -> Figure:
    """Points, x and y (n,), with the band and the mean of the floor's values along x."""
    x, y = _finite("x", x), _finite("y", y)
    if x.shape != y.shape:
        raise ValueError(f"x and y must be as many, got {len(x)} and {len(y)}")
    fig, ax = figure(size=(6.8, 4))
    draw_floor(ax, floor)
    ax.plot(x, y, "o", color=style.BLUE, markeredgecolor="white")
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.margins(x=0.08, y=0.08)
    alike = np.corrcoef(x, y)[0, 1]
    words = f"{ylabel} against {xlabel}: {len(x)} points, correlation {alike:.1f}"
    return fig.done(what=words)


def _finite(name, values):
    values = np.asarray(values, float)
    if values.ndim != 1 or len(values) == 0 or not np.isfinite(values).all():
        raise ValueError(f"{name} must be finite numbers (n,), got shape {values.shape}")
    return values
