"""Pictures of the colored images: the images themselves, what a model says of them, and where each method lands."""
import math

import numpy as np

from .. import pareto
from . import style
from .marks import halo, name_points
from .style import METHOD_LOOKS, OTHER, Figure, figure, look

AXES = {"xlabel": "retain accuracy (gray test images; higher is better)", "ylabel": "forget error (lower is better)"}


@look()
def image_grid(pixels, captions: list[str], rows: int = 1) -> Figure:
    """Images in rows, each over its caption. pixels: (n, 3, h, w) uint8, n a multiple of `rows`. captions: n."""
    pixels = _pixels(pixels)
    if rows < 1 or len(pixels) % rows:
        raise ValueError(f"rows must divide the number of images, got {rows} rows for {len(pixels)} images")
    if len(captions) != len(pixels):
        raise ValueError(f"captions must be as many as images, {len(pixels)}, got {len(captions)}")
    columns = len(pixels) // rows
    lines = max(caption.count("\n") + 1 for caption in captions)
    fig, axes = figure(rows, columns, size=(1.1 * columns, (.95 + .17 * lines) * rows), squeeze=False)
    for ax, image, caption in zip(axes.flat, pixels, captions):
        _show(ax, image)
        ax.set_xlabel(caption, fontsize=8.5, labelpad=2)
    fig.alt = f"{len(pixels)} images in {rows} rows: " + "; ".join(caption.replace("\n", ", ") for caption in captions)
    return fig


@look()
def predictions(pixels, before: list[tuple[str, float]], after: list[tuple[str, float]]) -> Figure:
    """Images, and under each what a model says before and after unlearning: its class in words, and p(gray) as a bar.

    pixels: (n, 3, h, w) uint8. before, after: n pairs (predicted class, p(gray) from 0 to 1).
    """
    pixels = _pixels(pixels)
    for name, said in (("before", before), ("after", after)):
        if len(said) != len(pixels):
            raise ValueError(f"{name} must hold a pair for each of the {len(pixels)} images, got {len(said)}")
    fig, axes = figure(2, len(pixels), size=(1.15 * len(pixels) + .7, 2.3), squeeze=False,
                       gridspec_kw={"height_ratios": [1, .8], "wspace": .12})
    for i, (image, (above, below)) in enumerate(zip(pixels, axes.T)):
        _show(above, image)
        for height, (word, p), color in ((1, before[i], style.ORANGE), (0, after[i], style.BLUE)):
            below.barh(height, 1, height=.8, color="#EEEEEE")
            below.barh(height, p, height=.8, color=color)
            below.text(.05, height, word, va="center", fontsize=9, **halo())
        below.set(xlim=(0, 1), ylim=(-.5, 1.5))
        below.set_xticks([0, 1], ["0", "1"], fontsize=8)
        below.set_yticks([1, 0], ["before", "after"] if i == 0 else ["", ""])
        below.tick_params(length=0)
        below.grid(False)
        below.spines[:].set_visible(False)
    fig.supxlabel("bars: p(gray), words: predicted class", fontsize=9)
    fig.alt = "Predicted class and p(gray) before and after unlearning: " + "; ".join(
        f"{b[0]} {b[1]:.2f}, then {a[0]} {a[1]:.2f}" for b, a in zip(before, after))
    return fig


@look()
def plane(points: dict[str, tuple], original: tuple[float, float], ground_truth: tuple[float, float] | None = None) -> Figure:
    """Where each method lands. points: name -> (retain accuracy, forget error, standard errors of both; NaN for none).

    original, ground_truth: (retain accuracy, forget error). The ideal is the corner (1, 0).
    """
    fig, ax = figure(size=(7.2, 4.8))
    for name, (accuracy, error, *spread) in points.items():
        _point(ax, name, accuracy, error, *spread)
    places = _references(ax, original, ground_truth) | {name: tuple(point[:2]) for name, point in points.items()}
    _frame(ax, [*points.values(), *places.values()])
    name_points(ax, places, _colors(places), _bars(points.values()))
    fig.alt = "Retain accuracy and forget error: " + "; ".join(f"{name} {x:.2f}, {y:.2f}" for name, (x, y) in places.items())
    return fig


@look()
def fronts(points: dict[str, np.ndarray], original: tuple[float, float] | None = None,
           ground_truth: tuple[float, float] | None = None) -> Figure:
    """Each method's Pareto front. points: name -> (k, 4), a row per setting: retain accuracy, forget error, standard errors of both.

    Dominated settings of a method are small dots. original, ground_truth: (retain accuracy, forget error).
    """
    fig, ax = figure(size=(7.2, 5.2))
    best, places, counts = {}, {}, []
    for name, rows in points.items():
        rows = np.asarray(rows, float)
        if rows.ndim != 2 or rows.shape[1] != 4:
            raise ValueError(f"points[{name!r}] must have shape (k, 4), got {rows.shape}")
        kept = pareto.front(np.stack([1 - rows[:, 0], rows[:, 1]], 1))
        best[name] = rows[kept][np.argsort(rows[kept, 0], kind="stable")]
        looks = METHOD_LOOKS.get(name, OTHER)
        ax.plot(rows[~kept, 0], rows[~kept, 1], ".", color=looks["color"], markersize=2.5, alpha=.35, linestyle="none")
        ax.plot(best[name][:, 0], best[name][:, 1], color=looks["color"], linestyle=looks["linestyle"], linewidth=1.6, label=name)
        for row in best[name]:
            _point(ax, name, *row)
        places[name] = tuple(best[name][np.argmin((1 - best[name][:, 0]) ** 2 + best[name][:, 1] ** 2), :2])
        counts.append(f"{name} {kept.sum()} of {len(rows)} settings, nearest to the ideal {places[name][0]:.2f}, {places[name][1]:.2f}")
    references = _references(ax, original, ground_truth)
    drawn = [row for rows in best.values() for row in rows]
    _frame(ax, [*drawn, *references.values()])
    places = references | places
    name_points(ax, places, _colors(places), _bars(drawn))
    fig.alt = "Pareto fronts of retain accuracy and forget error: " + "; ".join(counts)
    return fig


def _pixels(pixels):
    pixels = np.asarray(pixels.cpu() if hasattr(pixels, "cpu") else pixels)
    if pixels.ndim != 4 or pixels.shape[1] != 3 or pixels.dtype != np.uint8 or len(pixels) == 0:
        raise ValueError(f"pixels must be uint8 of shape (n, 3, h, w), n at least 1, got {pixels.dtype} {pixels.shape}")
    return pixels.transpose(0, 2, 3, 1)


def _show(ax, image):
    ax.imshow(image, interpolation="nearest")
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)


def _point(ax, name, accuracy, error, *spread):
    looks = METHOD_LOOKS.get(name, OTHER)
    across, along = spread or (math.nan, math.nan)
    ax.errorbar(accuracy, error, xerr=across, yerr=along, color=looks["color"], marker=looks["marker"], markersize=6.5,
                markeredgecolor="white", markeredgewidth=.6, linestyle="none", elinewidth=1, zorder=4)


def _references(ax, original, ground_truth):
    """Draws the original, the ground truth and the ideal; returns {name: place}."""
    places = {"original": original, "ground truth": ground_truth, "ideal": (1, 0)}
    looks = {"original": ("s", style.ORANGE, 9), "ground truth": ("D", style.GREEN, 9), "ideal": ("*", "none", 12)}
    places = {name: tuple(place) for name, place in places.items() if place is not None}
    for name, place in places.items():
        marker, color, size = looks[name]
        ax.plot(*place, marker, color=color, markeredgecolor="black", markersize=size, zorder=5, clip_on=False, linestyle="none")
    return places


def _frame(ax, points):
    """Limits that hold the points, their error bars and the ideal, and leave room for names."""
    rows = np.nan_to_num(np.array([[*point, 0, 0][:4] for point in points] + [[1, 0, 0, 0]], float))
    low, high = (rows[:, :2] - rows[:, 2:]).min(0), (rows[:, :2] + rows[:, 2:]).max(0)
    room = .07 * np.maximum(high - low, .02)
    ax.set(xlim=(low[0] - room[0], high[0] + room[0]), ylim=(low[1] - room[1], high[1] + room[1]), **AXES)


def _colors(names):
    return {name: METHOD_LOOKS.get(name, OTHER)["color"] for name in names}


def _bars(points):
    """Boxes around error bars, (2 n, 4): left, bottom, right, top.

    points: (accuracy, error) or with two standard errors.
    """
    rows = np.nan_to_num(np.array([[*point, 0, 0][:4] for point in points], float))
    at, error = rows[:, :2], rows[:, 2:]
    across, up = error * [1, 0], error * [0, 1]
    return np.vstack([np.hstack([at - along, at + along]) for along in (across, up)])
