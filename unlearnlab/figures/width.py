"""Pictures of width: errors along a ladder of widths with the threshold drawn, and decision regions on planes."""
import math
from fractions import Fraction

import numpy as np
from matplotlib.colors import BoundaryNorm, ListedColormap

from . import style
from .erasure import METHOD_LOOKS
from .style import Figure, figure, look

# One color for each of ten classes: the palette in a pale form, since the classes are also written in their regions
CLASSES = ("#F2C879", "#A6D8F5", "#7FCEB5", "#F8F3A8", "#7FB8D9", "#EAAE7F", "#E5BCD3", "#B5B5B5", "#E3E3E3", "#CFC0A5")
LOOKS = {"original": {"color": style.ORANGE, "marker": "s", "linestyle": (0, (4, 1.5))},
         "retrained": {"color": style.GREEN, "marker": "", "linestyle": "-", "linewidth": 5, "alpha": .4},  # broad, under the methods
         "floor": {"color": style.GREY, "marker": "", "linestyle": ":"}}
LINE = {"markersize": 5, "markeredgecolor": "white", "markeredgewidth": .5, "linewidth": 1.6, "elinewidth": .9}
PLAIN = {"color": style.BLACK, "marker": "o", "linestyle": "-"}


@look()
def curves(panels: dict[str, dict[str, np.ndarray]], xlabel: str = "width", ylabel: str = "error", threshold=None,
           looks: dict[str, str] | None = None, ceiling: float | None = None, bottom: float = 0, band: np.ndarray | None = None) -> Figure:
    """Lines with standard errors, in panels side by side that share their scale.

    panels: title -> name of a line -> (k, 3): x, mean, standard error (NaN for none). xlabel "width" gives a logarithmic axis with
    fractions. threshold: a `choosing.Threshold`, or one for each title: a line where every seed interpolates, and a band over the seeds.
    looks: name of a line -> the method, or "original", "retrained" or "floor", that it is to look like. bottom, ceiling: ends of the axis.
    band: (k, 3) x, mean, spread: shaded in every panel from mean - spread to mean + spread, such as the values of retrained models.
    """
    if not panels or not all(panels.values()):
        raise ValueError("panels must hold at least one line each")
    fig, axes = figure(1, len(panels), size=(3.6 * len(panels) + 1.2, 3.6), sharey=True, squeeze=False)
    rows = {title: {name: _line(title, name, values) for name, values in lines.items()} for title, lines in panels.items()}
    top = max(np.nanmax(v[:, 1] + np.nan_to_num(v[:, 2])) for lines in rows.values() for v in lines.values())
    thresholds = threshold if isinstance(threshold, dict) else dict.fromkeys(panels, threshold)
    for ax, (title, lines) in zip(axes[0], rows.items()):
        if band is not None:
            x, mean, spread = _line("band", "", band).T
            ax.fill_between(x, mean - spread, mean + spread, color=style.GREEN, alpha=.15, linewidth=0, zorder=.5)
        for name, values in lines.items():
            own = _look((looks or {}).get(name, name))
            ax.errorbar(values[:, 0], values[:, 1], yerr=values[:, 2], **{**LINE, **own})
        ax.set(title=title, xlabel=xlabel)
        if xlabel == "width":
            _width_axis(ax, np.unique(np.concatenate([v[:, 0] for v in lines.values()])))
        if thresholds[title] is not None:
            _threshold(ax, thresholds[title])
        _label(ax, {name: v[-1] for name, v in lines.items()}, looks or {}, bottom, ceiling or 1.06 * top)
    axes[0, 0].set_ylabel(ylabel)
    axes[0, 0].set_ylim(bottom, ceiling or 1.06 * top)
    widths = list(dict.fromkeys(_fraction(found.width) for found in thresholds.values() if found is not None))
    at = f"; every seed interpolates from width {' and '.join(widths)} on" if widths else ""
    fig.alt = f"{ylabel} by {xlabel}: " + "; ".join(f"{title}, {name}: {v[0, 1]:.2f} at first, {v[-1, 1]:.2f} at last"
                                                  for title, lines in rows.items() for name, v in lines.items()) + at
    return fig


@look()
def regions(survey, said: dict[str, np.ndarray], which: list[int], near: bool = True, finding: str = "") -> Figure:
    """The class a network gives to every point of a plane: a row per plane, a column per network.

    survey: a `regions.Survey`. said: name of the network -> (k, r, r), what `survey.classes(model)` returned for the near planes,
    or for the far ones with near=False. which: the planes to show. Dots are the examples the plane goes through; on near planes
    the first, a cross, is the forget example. Inside the dashed line a point is within delta of a forget example.
    finding: what there is to see, for the alt text, which holds no number: live runs differ in theirs from machine to machine.
    """
    planes, away = (survey.near, survey.near_away) if near else (survey.far, survey.far_away)
    shown = {name: np.asarray(values.cpu() if hasattr(values, "cpu") else values) for name, values in said.items()}
    for name, values in shown.items():
        if values.shape != tuple(away.shape):
            raise ValueError(f"said[{name!r}] must have shape {tuple(away.shape)}, got {values.shape}")
    fig, axes = figure(len(which), len(shown), size=(2.25 * len(shown) + .5, 1.85 * len(which) + .4), squeeze=False)
    for place, (row, i) in enumerate(zip(axes, which)):
        along, across = planes.along[i].cpu().numpy(), planes.across[i].cpu().numpy()
        for ax, (name, values) in zip(row, shown.items()):
            _plane(ax, along, across, values[i], away[i].cpu().numpy(), survey.delta)
            corners = planes.corners[i].cpu().numpy()
            ax.plot(*corners.T, "o", color=style.BLACK, markersize=5, markeredgecolor="white")
            if near:
                ax.plot(*corners[0], **{**style.FORGET, "markersize": 10})
            if place == 0:
                ax.set_title(name, fontsize=10)
    axes[-1, 0].set_xlabel("distance along a")
    axes[-1, 0].set_ylabel("distance along b")
    fig.alt = f"Decision regions of {', '.join(shown)} on {len(which)} planes. {finding}".strip()
    return fig


def _plane(ax, along, across, values, away, delta):
    cells = [along[0], along[-1], across[0], across[-1]]
    ax.imshow(values, extent=cells, origin="lower", interpolation="nearest", aspect="equal", cmap=ListedColormap(CLASSES),
              norm=BoundaryNorm(np.arange(-.5, 10.5), 10))
    if away.min() < delta < away.max():
        ax.contour(along, across, away, levels=[delta], colors=[style.VERMILLION], linestyles="--", linewidths=1)
    for label in np.unique(values):
        rows, columns = np.nonzero(values == label)
        if len(rows) < .03 * values.size:
            continue
        i = np.argmin((rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2)  # a point of the region, as near its middle as one is
        ax.text(along[columns[i]], across[rows[i]], str(label), ha="center", va="center", fontsize=10, color="#222222")
    ax.grid(False)
    ax.tick_params(labelsize=7, length=2)


def _line(title, name, values):
    values = np.asarray(values, float)
    if values.ndim != 2 or values.shape[1] != 3 or len(values) == 0:
        raise ValueError(f"panels[{title!r}][{name!r}] must have shape (k, 3): x, mean, standard error; got {values.shape}")
    return values[np.argsort(values[:, 0], kind="stable")]


def _look(name):
    return LOOKS.get(name) or METHOD_LOOKS.get(name, PLAIN)


def _width_axis(ax, widths):
    ax.set_xscale("log")
    ax.set_xticks(widths, [_fraction(w) for w in widths], rotation=60, fontsize=8)
    ax.set_xticks([], minor=True)
    ax.set_xlim(widths[0] / 1.15, widths[-1] * 1.15)


def _threshold(ax, threshold):
    if math.isfinite(threshold.low):
        ax.axvspan(threshold.low, min(threshold.high, ax.get_xlim()[1]), color="#EDEDED", zorder=0)
    if math.isfinite(threshold.width):
        ax.axvline(threshold.width, color=style.BLACK, linewidth=1, linestyle=(0, (2, 2)), zorder=1)
        ax.text(threshold.width, .99, " interpolates", transform=ax.get_xaxis_transform(), fontsize=8, va="top")


def _label(ax, ends, looks, bottom, top):
    """Names at the right end of their lines, pushed apart where they would touch."""
    gap, floor, places = .062 * (top - bottom), -math.inf, {}
    for name, end in sorted(ends.items(), key=lambda item: item[1][1]):
        floor = max(end[1], floor + gap)
        places[name] = floor
    over = max(0, max(places.values()) - (top - .03 * (top - bottom)))
    for name, y in places.items():
        ax.annotate(name, (ends[name][0], ends[name][1]), (1.02, (y - over - bottom) / (top - bottom)), textcoords="axes fraction", va="center", fontsize=8.5,
                    color=style.DARK_ORANGE if name == "original" else _look(looks.get(name, name))["color"], annotation_clip=False)


def _fraction(width):
    if not math.isfinite(width):
        return "none"
    found = Fraction(width).limit_denominator(128)
    return f"{found.numerator}/{found.denominator}"


class LadderPicture:
    """The recorded errors of a method along the ladder, with the chosen width marked, and one plane as three networks see it there."""

    NETWORKS = ("original", "unlearned", "retrained")

    @look()
    def __init__(self):
        self.figure, axes = figure(1, 4, size=(10.4, 3.7))
        self.figure.set_layout_engine("none")  # the frames' contents differ in size, their axes are to stay
        self.curves, self.planes = axes[0], axes[1:]
        self.curves.set_position([.06, .21, .34, .69])
        for i, ax in enumerate(self.planes):
            ax.set_position([.445 + .19 * i, .13, .165, .74])

    @look()
    def show(self, lines: dict[str, np.ndarray], threshold, width: float, survey, said: list[np.ndarray], title: str) -> None:
        """lines: name -> (k, 3), as in `curves`. survey: with one near plane. said: the classes (r, r) of original, unlearned and
        retrained network on it. Needs a new background."""
        ax = self.curves
        ax.clear()
        for (name, values), own in zip(lines.items(), ({"color": style.VERMILLION, "marker": "o", "linestyle": "-"},
                                                       {"color": style.BLUE, "marker": "s", "linestyle": "--"},
                                                       {"color": style.GREEN, "marker": "", "linestyle": "-", "linewidth": 4, "alpha": .4})):
            values = _line("curves", name, values)
            ax.errorbar(values[:, 0], values[:, 1], yerr=values[:, 2], label=name, **{**LINE, **own})
        _width_axis(ax, values[:, 0])
        _threshold(ax, threshold)
        ax.axvline(width, color=style.ORANGE, linewidth=5, alpha=.35, zorder=0)
        ax.set(ylim=(0, 1.5), yticks=np.linspace(0, 1, 6), xlabel="width", ylabel="error", title=title)
        ax.legend(fontsize=8, loc="upper left", bbox_to_anchor=(0, .95))  # over the lines, whose errors end at 1
        along, across, away = (t[0].cpu().numpy() for t in (survey.near.along, survey.near.across, survey.near_away))
        for ax, name, values in zip(self.planes, self.NETWORKS, said):
            ax.clear()
            _plane(ax, along, across, np.asarray(values), away, survey.delta)
            corners = survey.near.corners[0].cpu().numpy()
            ax.plot(*corners.T, "o", color=style.BLACK, markersize=4.5, markeredgecolor="white")
            ax.plot(*corners[0], **{**style.FORGET, "markersize": 9})
            ax.set_title(name, fontsize=10)
