"""Pictures of width: errors along a ladder of widths with the threshold drawn, and decision regions
on planes."""

import math
from fractions import Fraction

import numpy as np
from matplotlib.colors import ListedColormap

from ...course import marks, style
from ...course.style import METHOD_LOOKS, OTHER, Figure, figure, look

# One color for each of ten classes, pale, since the classes are also written in their regions
CLASSES = ListedColormap(
    "#F2C879 #A6D8F5 #7FCEB5 #F8F3A8 #7FB8D9 #EAAE7F #E5BCD3 #B5B5B5 #E3E3E3 #CFC0A5".split()
)
LOOKS = METHOD_LOOKS | style.looks("series") | style.looks("width")


@look()
def curves(
    panels: dict[str, dict[str, np.ndarray]],
    xlabel: str = "width",
    ylabel: str = "error",
    threshold=None,
    looks: dict[str, str] | None = None,
    limits: tuple[float, float | None] = (0, None),
    band: np.ndarray | dict[str, np.ndarray] | None = None,
    level: float | None = None,
    finding: str = "",
) -> Figure:
    """Lines with standard errors, in panels side by side that share their scale.

    panels: title -> name of a line -> (k, 3): x, from the left, mean, standard error (NaN for
    none). xlabel "width" gives a logarithmic axis with fractions. threshold: a
    `choosing.Threshold`, or one for each title: a line where every seed interpolates, and a band
    over the seeds. looks: name of a line -> the method, or "original" or "retrained", that it is to
    look like. limits: of the vertical axis. band: of retrained networks, (k, 3) x, mean, spread to
    both sides, shaded, or one for each title. level: a horizontal line.
    """
    size = 3.6 * len(panels) + 1.2, 3.6
    fig, _ = figure(1, len(panels), size, sharey=True)
    each = lambda given: given if isinstance(given, dict) else dict.fromkeys(panels, given)
    thresholds, bands, ends = each(threshold), each(band), []
    for ax, (title, lines) in zip(fig.axes, panels.items()):
        ax.set(title=title, xlabel=xlabel)
        own = {name: LOOKS.get((looks or {}).get(name, name), OTHER) for name in lines}
        for name, values in lines.items():
            _errors(ax, values, own[name])
        ends.append({n: (*values[-1, :2], own[n]["color"]) for n, values in lines.items()})
        if xlabel == "width":
            _width_axis(ax, np.concatenate(list(lines.values()))[:, 0])
        if level is not None:
            ax.axhline(level, color=style.BLACK, linewidth=1)
        if bands[title] is not None:
            x, mean, spread = bands[title].T
            marks.band(ax, x, mean - spread, mean + spread, LOOKS["retrained"]["color"])
        if thresholds[title]:
            _threshold(ax, thresholds[title])
    fig.axes[0].set(ylabel=ylabel, ylim=limits)
    for ax, names in zip(fig.axes, ends):
        marks.name_ends(ax, names, fontsize=8.5)
    drawn = ", ".join(dict.fromkeys(name for lines in panels.values() for name in lines))
    return fig.done(finding, f"{ylabel} by {xlabel}, {', '.join(panels)}: {drawn}")


@look()
def regions(survey, said: dict, which: list[int], finding: str = "") -> Figure:
    """The class a network gives to every point of a plane: a row per plane, a column per network.

    survey: a `regions.Survey`. said: name of the network -> tensor (k, r, r), what
    `survey.classes(model)` returned for the near planes. which: the planes to show. Dots are the
    examples the plane goes through; the cross is the forget example. Inside the dashed line a
    point is within delta of a forget example.
    """
    size = 2.25 * len(said) + 0.5, 1.85 * len(which) + 0.4
    fig, axes = figure(len(which), len(said), size, squeeze=False)
    for row, i in zip(axes, which):
        for ax, values in zip(row, said.values()):
            _plane(ax, survey, i, values[i].cpu().numpy())
    for ax, name in zip(axes[0], said):
        ax.set_title(name, fontsize=10)
    axes[-1, 0].set(xlabel="distance along a", ylabel="distance along b")
    return fig.done(finding, f"Decision regions of {', '.join(said)} on {len(which)} planes")


def _plane(ax, survey, i, values):
    """The classes (r, r) on near plane i, the examples it goes through, and what is within delta
    of a forget example."""
    near = survey.near
    parts = near.along, near.across, survey.near_away, near.corners
    along, across, away, corners = (part[i].cpu().numpy() for part in parts)
    extent = along[0], along[-1], across[0], across[-1]
    ax.imshow(
        values, CLASSES, extent=extent, origin="lower", interpolation="nearest", vmin=-0.5, vmax=9.5
    )
    if away.min() < survey.delta < away.max():
        ax.contour(
            along,
            across,
            away,
            levels=[survey.delta],
            colors=style.VERMILLION,
            linestyles="--",
            linewidths=1,
        )
    for label in np.unique(values):
        places = np.argwhere(values == label)
        if len(places) < 0.03 * values.size:
            continue
        # a point of the region, as near its middle as one is
        row, column = places[np.square(places - places.mean(0)).sum(1).argmin()]
        ax.text(along[column], across[row], str(label), ha="center", va="center")
    ax.plot(*corners.T, "o", color=style.BLACK, markersize=5, markeredgecolor="white")
    ax.plot(*corners[0], **style.FORGET)
    ax.grid(False)
    ax.tick_params(labelsize=7, length=2)


def _errors(ax, values, own, **more):
    """One line (k, 3) with its standard errors."""
    edge = {"markersize": 5, "markeredgecolor": "white", "markeredgewidth": 0.5}
    ax.errorbar(*values.T, **{**edge, "linewidth": 1.6, "elinewidth": 0.9, **own, **more})


def _width_axis(ax, widths):
    widths = np.unique(widths)
    ax.set(xscale="log", xlim=(widths[0] / 1.15, widths[-1] * 1.15))
    ax.set_xticks(widths, map(fraction, widths), rotation=60, fontsize=8)
    ax.set_xticks([], minor=True)


def _threshold(ax, threshold):
    """A line and a band, unless no width is wide enough."""
    if math.isfinite(threshold.width):
        ax.axvspan(threshold.low, threshold.high, color="#EDEDED", zorder=0)
        ax.axvline(threshold.width, color=style.BLACK, linewidth=1, linestyle=(0, (2, 2)), zorder=1)
        ax.text(
            threshold.width,
            0.99,
            " interpolates",
            fontsize=8,
            transform=ax.get_xaxis_transform(),
            va="top",
        )


def fraction(width: float) -> str:
    """A width as it is written: 1/48."""
    return str(Fraction(width).limit_denominator(128))


@look()
def show_rung(ax, planes, rung, title: str) -> None:
    """The recorded errors of a method along the ladder, with the width of a rung marked, and in
    `planes`, three axes, a plane as three networks see it there.

    rung: what the lab shows: a width; lines, name -> (k, 3), as in `curves`, with their threshold;
    a survey of one near plane, and said, the classes (r, r) of original, unlearned and retrained
    network on it.
    """
    looks = style.WRONG, style.RIGHT, LOOKS["retrained"]
    for (name, values), own in zip(rung.lines.items(), looks):
        _errors(ax, values, own, label=name)
    _width_axis(ax, values[:, 0])
    _threshold(ax, rung.threshold)
    ax.axvline(rung.width, color=style.ORANGE, linewidth=5, alpha=0.35, zorder=0)
    ax.set(ylim=(0, 1.5), yticks=np.linspace(0, 1, 6), xlabel="width", ylabel="error", title=title)
    # over the lines, whose errors end at 1
    ax.legend(fontsize=8, loc="upper left", bbox_to_anchor=(0, 0.95))
    for ax, name, values in zip(planes, ("original", "unlearned", "retrained"), rung.said):
        _plane(ax, rung.survey, 0, values)
        ax.set_title(name, fontsize=10)
