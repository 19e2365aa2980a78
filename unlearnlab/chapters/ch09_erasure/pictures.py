"""Pictures of the colored images: the images themselves, what a model says of them, and where each
method lands."""

import numpy as np

from ...course import style
from ...course.marks import halo, mean_mark, name_points
from ...course.style import METHOD_LOOKS, OTHER, Figure, figure, look
from ...study import choosing

AXES = {
    "xlabel": "retain accuracy (gray test images; higher is better)",
    "ylabel": "forget error (lower is better)",
}
REFERENCES = {
    "original": {"marker": "s", "color": style.ORANGE, "markersize": 9},
    "ground truth": {"marker": "D", "color": style.GREEN, "markersize": 9},
    "ideal": {"marker": "*", "color": "none", "markersize": 12},
}


@look()
def image_grid(pixels, captions: list[str], rows: int = 1) -> Figure:
    """Images in rows, each over its caption. pixels: (n, 3, h, w) uint8, n a multiple of rows."""
    images = _images(pixels)
    columns = len(images) // rows
    if not rows * columns == len(images) == len(captions):
        raise ValueError(
            f"each of {rows} rows must be full and each image have a caption, "
            f"got {len(images)} images and {len(captions)} captions"
        )
    fig, axes = figure(rows, columns, size=(1.1 * columns, 1.12 * rows), squeeze=False)
    for ax, image, caption in zip(axes.flat, images, captions):
        _show(ax, image)
        ax.set_xlabel(caption, fontsize=8.5, labelpad=2)
    return fig.done(what=f"{len(images)} images in {rows} rows: {'; '.join(captions)}")


@look()
def predictions(pixels, before, after) -> Figure:
    """Images, and under each what a model says before and after unlearning: its class in words,
    and p(gray) as a bar.

    pixels: (n, 3, h, w) uint8. before, after: n pairs (predicted class, p(gray) from 0 to 1).
    """
    images, said = _images(pixels), []
    heights = {"height_ratios": [1, 0.8], "wspace": 0.12}
    size = 1.15 * len(images) + 0.7, 2.3
    fig, axes = figure(2, len(images), size=size, squeeze=False, gridspec_kw=heights)
    for image, first, then, (above, below) in zip(images, before, after, axes.T, strict=True):
        _show(above, image)
        for height, (word, p), color in ((1, first, style.ORANGE), (0, then, style.BLUE)):
            below.barh(height, 1, color="#EEEEEE")
            below.barh(height, p, color=color)
            below.text(0.05, height, word, va="center", fontsize=9, **halo())
        below.set(xlim=(0, 1), ylim=(-0.5, 1.5), xticks=[0, 1], yticks=[])
        below.tick_params(length=0, labelsize=8)
        below.grid(False)
        below.spines[:].set_visible(False)
        said.append(f"{first[0]} {first[1]:.2f}, then {then[0]} {then[1]:.2f}")
    axes[1, 0].set_yticks([1, 0], ["before", "after"], fontsize=10)
    fig.supxlabel("bars: p(gray), words: predicted class", fontsize=9)
    return fig.done(
        what=f"Predicted class and p(gray) before and after unlearning: {'; '.join(said)}"
    )


@look()
def plane(
    points: dict[str, tuple], original: tuple, ground_truth: tuple | None = None, finding: str = ""
) -> Figure:
    """Where each method lands. points: name -> (retain accuracy, forget error) and, if known, the
    standard errors of both. original, ground_truth: (retain accuracy, forget error). finding: what
    the picture shows, in place of its numbers where these differ between processors.

    The ideal is the corner (1, 0).
    """
    fig, ax = figure(size=(7.2, 4.8))
    rows = {name: np.nan_to_num([[*point, 0, 0][:4]]) for name, point in points.items()}
    places = {"original": original, "ground truth": ground_truth, "ideal": (1, 0)}
    places |= {name: found[0, :2] for name, found in rows.items()}
    said = _place(ax, rows, places)
    if finding:
        said = list(rows)
    return fig.done(finding, f"Retain accuracy and forget error: {'; '.join(said)}")


@look()
def fronts(points: dict[str, np.ndarray], ground_truth: tuple | None = None) -> Figure:
    """Each method's Pareto front. points: name -> (k, 4), a row per setting: retain accuracy,
    forget error, standard errors of both. ground_truth: (retain accuracy, forget error).

    Dominated settings of a method are small dots.
    """
    fig, ax = figure(size=(7.2, 5.2))
    best, counts, places = {}, [], {"ground truth": ground_truth, "ideal": (1, 0)}
    for name, rows in points.items():
        looks, losses = METHOD_LOOKS.get(name, OTHER), np.abs([1, 0] - rows[:, :2])
        kept = choosing.front(losses)
        best[name] = rows[kept][np.argsort(rows[kept, 0], kind="stable")]
        places[name] = rows[np.hypot(*losses.T).argmin(), :2]
        counts.append(f"{name} {kept.sum()} of {len(rows)} settings")
        dots = {"color": looks["color"], "linestyle": "none", "markersize": 2.5, "alpha": 0.35}
        ax.plot(*rows[~kept, :2].T, marker=".", **dots)
        ax.plot(
            *best[name][:, :2].T, color=looks["color"], linestyle=looks["linestyle"], label=name
        )
    said = _place(ax, best, places)
    return fig.done(
        what=f"Pareto fronts of retain accuracy and forget error: {'; '.join(counts)}; nearest to "
        f"the ideal {'; '.join(said[-len(points) :])}"
    )


def _place(ax, rows, places):
    """Draws each method's rows (k, 4) with their error bars, the references among `places`, limits
    that hold all of them, and the names. Returns "name x, y" of each place."""
    places = {name: tuple(place) for name, place in places.items() if place is not None}
    for name, found in rows.items():
        x, y, across, up = found.T
        mean_mark(ax, x, y, METHOD_LOOKS.get(name, OTHER), xerr=across, yerr=up)
    references = {name: REFERENCES[name] for name in places if name in REFERENCES}
    for name, looks in references.items():
        edge = {"markeredgecolor": style.BLACK, "linestyle": "none", "clip_on": False}
        ax.plot(*places[name], **looks, **edge, zorder=5)
    drawn = np.vstack([*rows.values(), *([*places[name], 0, 0] for name in references)])
    at, error = np.nan_to_num(drawn[:, :2]), np.nan_to_num(drawn[:, 2:])
    low, high = (at - error).min(0), (at + error).max(0)
    room = 0.07 * np.maximum(high - low, 0.02)
    (left, bottom), (right, top) = low - room, high + room
    ax.set(xlim=(left, right), ylim=(bottom, top), **AXES)
    colors = {name: METHOD_LOOKS.get(name, OTHER)["color"] for name in places}
    bars = [np.hstack([at - along, at + along]) for along in (error * [1, 0], error * [0, 1])]
    name_points(ax, places, colors, np.vstack(bars))
    return [f"{name} {x:.2f}, {y:.2f}" for name, (x, y) in places.items()]


def _images(pixels):
    pixels = np.asarray(pixels.cpu() if hasattr(pixels, "cpu") else pixels)
    if pixels.ndim != 4 or pixels.shape[1] != 3 or pixels.dtype != np.uint8:
        raise ValueError(
            f"pixels must be uint8 of shape (n, 3, h, w), got {pixels.dtype} {pixels.shape}"
        )
    return pixels.transpose(0, 2, 3, 1)


def _show(ax, image):
    ax.imshow(image, interpolation="nearest")
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
