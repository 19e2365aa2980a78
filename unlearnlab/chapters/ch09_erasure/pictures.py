"""Pictures of the colored images: the images themselves, what a model says of them, and where each
method lands."""

import numpy as np

from ...course import style
from ...course.marks import mean_mark, name_points
from ...course.style import METHOD_LOOKS, OTHER, Figure, figure, look
from ...study import choosing

AXES = {
    "xlabel": "retain accuracy (gray test images; higher is better)",
    "ylabel": "forget error (lower is better)",
}
EDGE = {"markeredgecolor": style.BLACK, "linestyle": "none", "clip_on": False, "zorder": 5}
REFERENCES = {
    "original": {"marker": "s", "color": style.ORANGE, "markersize": 9, **EDGE},
    "ground truth": {"marker": "D", "color": style.GREEN, "markersize": 9, **EDGE},
    "ideal": {"marker": "*", "color": "none", "markersize": 12, **EDGE},
}


@look()
def image_grid(pixels, captions: list[str], rows: int = 1) -> Figure:
    """Images in rows, each over its caption. pixels: (n, 3, h, w) uint8, n a multiple of rows."""
    columns, lines = len(captions) // rows, 1 + captions[0].count("\n")
    size = 1.1 * columns, (0.97 + 0.15 * lines) * rows
    fig, axes = figure(rows, columns, size=size, squeeze=False)
    for ax, image, caption in zip(axes.flat, pixels, captions, strict=True):
        ax.imshow(image.cpu().permute(1, 2, 0).numpy(), interpolation="nearest")
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        ax.set_xlabel(caption, fontsize=8.5, labelpad=2)
    return fig.done(what=f"{len(captions)} images in {rows} rows: {'; '.join(captions)}")


@look()
def plane(
    points: dict[str, tuple], original: tuple, ground_truth: tuple | None = None, finding: str = ""
) -> Figure:
    """Where each method lands. points: name -> (retain accuracy, forget error) and, if known, the
    standard errors of both. original, ground_truth: (retain accuracy, forget error).

    The ideal is the corner (1, 0).
    """
    fig, ax = figure(size=(7.2, 4.8))
    rows = {name: np.nan_to_num([[*point, 0, 0][:4]]) for name, point in points.items()}
    places = {"original": original, "ground truth": ground_truth, "ideal": (1, 0)}
    places |= {name: own[0, :2] for name, own in rows.items()}
    _place(ax, rows, places)
    return fig.done(finding, f"Retain accuracy and forget error: {'; '.join(rows)}")


@look()
def fronts(
    points: dict[str, np.ndarray], ground_truth: tuple | None = None, finding: str = ""
) -> Figure:
    """Each method's Pareto front. points: name -> (k, 4), a row per setting: retain accuracy,
    forget error, standard errors of both. ground_truth: (retain accuracy, forget error).

    Dominated settings of a method are small dots; its name is at the one nearest to the ideal.
    """
    fig, ax = figure(size=(7.2, 5.2))
    best, places = {}, {"ground truth": ground_truth, "ideal": (1, 0)}
    for name, rows in points.items():
        looks, losses = METHOD_LOOKS.get(name, OTHER), np.abs([1, 0] - rows[:, :2])
        kept = choosing.front(losses)
        best[name] = rows[kept][np.argsort(rows[kept, 0], kind="stable")]
        places[name] = rows[np.hypot(*losses.T).argmin(), :2]
        line = {"color": looks["color"], "linestyle": looks["linestyle"], "label": name}
        ax.plot(*rows[~kept, :2].T, ".", color=looks["color"], markersize=2.5, alpha=0.35)
        ax.plot(*best[name][:, :2].T, **line)
    _place(ax, best, places)
    what = f"Pareto fronts of retain accuracy and forget error: {'; '.join(points)}"
    return fig.done(finding, what)


def _place(ax, rows, places):
    """Draws each method's rows (k, 4) with their error bars, the references among `places`, limits
    that hold all of them, and the names."""
    places = {name: tuple(place) for name, place in places.items() if place is not None}
    for name, values in rows.items():
        x, y, across, up = values.T
        mean_mark(ax, x, y, METHOD_LOOKS.get(name, OTHER), xerr=across, yerr=up)
    for name in set(REFERENCES) & set(places):
        ax.plot(*places[name], **REFERENCES[name])
    drawn = np.nan_to_num(np.vstack([*rows.values(), *([*xy, 0, 0] for xy in places.values())]))
    at, across, up = drawn[:, :2], drawn[:, 2:] * [1, 0], drawn[:, 2:] * [0, 1]
    low, high = (at - across - up).min(0), (at + across + up).max(0)
    room = 0.07 * np.maximum(high - low, 0.02)
    limits = np.transpose([low - room, high + room])
    ax.set(xlim=limits[0], ylim=limits[1], **AXES)
    bars = [np.hstack([at - along, at + along]) for along in (across, up)]
    colors = {name: METHOD_LOOKS.get(name, OTHER)["color"] for name in places}
    name_points(ax, places, colors, np.vstack(bars))
