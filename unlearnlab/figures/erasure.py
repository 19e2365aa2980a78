"""Pictures of the colored images: the images themselves, what a model says of them, and where each method lands."""
import math

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.patheffects import withStroke

from .. import pareto
from . import style
from .style import Figure, figure, look

# Color, marker, line: one method looks the same in every picture. The first three are as in the sine experiment.
METHOD_LOOKS = {name: {"color": color, "marker": marker, "linestyle": line} for name, color, marker, line in (
    ("MinNorm-OG", style.BLUE, "o", "-"), ("GD", style.SKY, "s", "--"), ("Ridge", style.PURPLE, "D", "-."),
    ("Retrain", style.GREY, "v", ":"), ("GA", style.VERMILLION, "^", "--"), ("NGP", style.DARK_ORANGE, "P", "-."),
    ("NGD", style.BLACK, "X", "--"), ("l1-Sparse", style.PURPLE, "h", ":"), ("SCRUB", style.GREEN, "<", "-."),
    ("NPO", style.VERMILLION, ">", ":"), ("SalUn", style.DARK_ORANGE, "p", "--"), ("KL-Unif", style.GREEN, "d", "--"),
    ("NegGrad", style.BLACK, "8", ":"))}
OTHER = {"color": style.BLACK, "marker": "o", "linestyle": "-"}
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
            below.text(.05, height, word, va="center", fontsize=9, **_halo())
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
    _label(ax, places, points.values())
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
    _label(ax, references | places, drawn)
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


def _halo():
    return {"path_effects": [withStroke(linewidth=2.5, foreground="white")]}


def _label(ax, places, points):
    """Names beside their places, the nearest free spot for each, with a line to it where that is far.

    places: name -> (accuracy, error). points: what names keep clear of, each (accuracy, error) or with two standard errors.
    """
    ax.figure.canvas.draw()
    pixel, inside = ax.figure.dpi / 72, ax.get_window_extent()
    at = {name: ax.transData.transform(place) for name, place in places.items()}
    taken = [(x - 6 * pixel, y - 6 * pixel, x + 6 * pixel, y + 6 * pixel) for x, y in at.values()]
    taken += [box for point in points for box in _bars(ax, *point)]
    for name, point in at.items():
        color = METHOD_LOOKS.get(name, OTHER)["color"]
        text = ax.annotate(name, places[name], (0, 0), textcoords="offset points", ha="center", va="center", fontsize=9,
                           color=_dark(color), zorder=6, **_halo())
        text.set_in_layout(False)
        size = text.get_window_extent()
        options = [(far, _shift(size, far * pixel, angle)) for far in (9, 15, 24, 35, 48, 64, 82) for angle in range(0, 360, 30)]
        far, shift = min(options, key=lambda option: (_overlap(_box(point, size, option[1]), taken, inside), option[0]))
        taken.append(_box(point, size, shift))
        text.xyann = shift[0] / pixel, shift[1] / pixel
        if far > 15:
            ax.annotate("", places[name], text.xyann, textcoords="offset points", zorder=3, annotation_clip=False,
                        arrowprops={"arrowstyle": "-", "color": color, "linewidth": .6, "shrinkA": 6, "shrinkB": 3}).set_in_layout(False)


def _bars(ax, accuracy, error, across=0., along=0.):
    """The boxes of a marker with its error bars, in pixels."""
    across, along = np.nan_to_num([across, along])
    ends = [(accuracy - across, error - along), (accuracy + across, error + along)]
    (left, low), (right, high) = ax.transData.transform(ends)
    (x, y), pixel = ax.transData.transform((accuracy, error)), ax.figure.dpi / 72
    marker = (x - 6 * pixel, y - 6 * pixel, x + 6 * pixel, y + 6 * pixel)
    return [marker, (left, y - pixel, right, y + pixel), (x - pixel, low, x + pixel, high)]


def _dark(color):
    """The same hue, dark enough for words."""
    return tuple(.7 * part for part in to_rgb(color))


def _shift(box, far, angle):
    """From a point to the center of a box that begins `far` away from it, in pixels."""
    across, up = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    return across * (far + box.width / 2), up * (far + box.height / 2)


def _box(point, box, shift):
    x, y = point[0] + shift[0], point[1] + shift[1]
    return x - box.width / 2, y - box.height / 2, x + box.width / 2, y + box.height / 2


def _overlap(box, taken, inside):
    """The area a box shares with those taken, and, ten times as bad, has outside the axes."""
    shared = lambda a, b: max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))
    own = (box[2] - box[0]) * (box[3] - box[1])
    return sum(shared(box, other) for other in taken) + 10 * (own - shared(box, (inside.x0, inside.y0, inside.x1, inside.y1)))
