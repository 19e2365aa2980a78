"""What pictures are made of: lines named at their ends, notes, levels, rows, keys, readable ticks.

Looks (colors, markers, line styles) are dictionaries for Axes.plot; style.py holds them.
"""

import itertools

import numpy as np
from matplotlib.patheffects import withStroke
from matplotlib.transforms import Bbox

from .style import BLACK, INK, NAMED, SERIES, TARGET


def note(ax, text: str, at, shift=(0, 0), color=BLACK, **words):
    """Words beside a point of the data. shift: right and up, in points. Pale colors are darkened.

    words: as in Axes.annotate. Returns the Annotation.
    """
    words |= {"textcoords": "offset points", "color": INK.get(color, color)}
    # a line's end lies on the edge of the axes
    return ax.annotate(text, at, shift, annotation_clip=False, **words)


def halo() -> dict:
    """For words over lines: a white edge."""
    return {"path_effects": [withStroke(linewidth=2.5, foreground="white")]}


def looks_of(names, looks=()) -> dict[str, dict]:
    """The look of every name.

    looks: name -> look, or looks in order; a look is a dictionary, or its name in style.json. What
    has none looks as what its own name begins with ("GD, 300 steps"), or as the next of SERIES.
    """
    given, series = looks if isinstance(looks, dict) else dict(zip(names, looks)), iter(SERIES)
    whole = {}
    for name in names:
        known = [key for key in NAMED if name.lstrip("_").startswith(key)]
        one = given.get(name) or max(known, key=len, default=None) or next(series)
        whole[name] = NAMED[one] if isinstance(one, str) else one
    return whole


def lines(ax, x, curves: dict, looks=(), named: bool = True, floor=None, axes=None, **line) -> None:
    """A line for each of `curves`, in its look, with its name at the right end.

    x: (k,), or None if all curves are tuples. curves: name -> (k,), a tuple of coordinates, or an
    array (3, k): low, middle, high, a line in its band; one number is a level, named at its left
    end. A name, or the label of a look, that begins with "_" is not written. Lines through more
    than 24 points have no markers. looks: as in `looks_of`. named: False leaves the names to a
    legend. floor: as in `floored`. axes: as in Axes.set; names know it, scales come before. line:
    of every line, as in Axes.plot, in place of what its look says.
    """
    looks, ends = looks_of(curves, looks), {}
    for name, values in curves.items():
        look = {"label": name, **looks[name], **line}
        if not isinstance(values, tuple) and np.ndim(values) == 0:
            level(ax, values, name if named else "", x if x is None else x[0], look=look)
            continue
        if not isinstance(values, tuple):
            if np.shape(values)[:-1] == (3,):
                low, values, high = values
                band(ax, x, low, high, look["color"])
            values = x, values
        *across, up = values
        up = floored(up, floor) if floor else up
        if len(up) > 24 and look["linestyle"] != "none" and "markevery" not in look:
            look["marker"] = ""
        ax.plot(*across, up, **look)
        if not look["label"].startswith("_"):
            ends[name] = across[0][-1], up[-1], look["color"]
    ax.set(**axes or {})
    if named and ends:
        name_ends(ax, ends)


def dots(values, shift: float = 0.0, spread: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Where dots stand in rows 0, 1, ...: values, and heights.

    values: (rows,) or (rows, n). shift: of the heights. spread: half the room in which the n of a
    row are spread up and down.
    """
    values = np.reshape(np.asarray(values, float), (len(values), -1))
    rows = np.arange(len(values))[:, None] + shift
    heights = rows + np.linspace(-spread, spread, values.shape[1])
    return values.ravel(), heights.ravel()


def over_points(ax, x, curves: dict, retain, forget) -> None:
    """Functions of x under the points of both sets, all labelled for a legend.

    curves: name -> (k,); any name that has no look is an unlearned model's. retain, forget:
    pairs (x, y).
    """
    looks = dict.fromkeys(curves.keys() - NAMED, "unlearned")
    drawn = {**curves, "retain": tuple(retain), "forget": tuple(forget)}
    lines(ax, x, drawn, looks, named=False, axes={"xlabel": "x", "ylabel": "f(θ, x)"})


def name_ends(ax, ends: dict, gap: float = 12, **words) -> None:
    """Names right of the ends of lines, moved up and down as little as keeps them apart.

    ends: name -> (x, y, color). gap: least distance of two names, in points. words: as in `note`.
    Call it when the limits and scales of the axes are set.
    """
    if len(ends) > 1:
        ax.figure.canvas.draw()  # the layout decides how far apart two values are
    points = 72 / ax.figure.dpi
    places = [(float(x), float(y)) for x, y, _ in ends.values()]
    heights = ax.transData.transform(places)[:, 1] * points
    low, high = ax.get_window_extent().intervaly * points
    moved = apart(heights, gap, low + gap / 4, high - gap / 4) - heights
    for (name, (*_, color)), place, up in zip(ends.items(), places, moved):
        note(ax, name, place, (7, up), color, va="center", **words)


def apart(heights, gap: float, low: float = -np.inf, high: float = np.inf) -> np.ndarray:
    """The heights (n,), moved as little as possible (least squares) so that no two are nearer than
    `gap`; within low and high where there is room. Equal heights keep their order."""
    from scipy.optimize import isotonic_regression

    heights = np.asarray(heights, float)
    order, steps = np.argsort(heights, kind="stable"), gap * np.arange(len(heights))
    placed = isotonic_regression(heights[order] - steps).x
    high = max(low, high - steps[-1])
    moved = np.empty_like(heights)
    moved[order] = np.clip(placed, low, high) + steps
    return moved


def name_points(ax, places: dict, colors: dict, boxes) -> None:
    """Names around their points, each at the nearest free spot, with a line to the point.

    places: name -> (x, y). colors: name -> color. boxes: (n, 4), what else names keep clear of:
    left, bottom, right, top, in the data. Call it when the limits of the axes are set.
    """
    ax.figure.canvas.draw()
    pixel, inside, to_pixels = ax.figure.dpi / 72, ax.get_window_extent(), ax.transData.transform
    centers = to_pixels(list(places.values()))
    taken = [Bbox([center, center]).padded(6 * pixel) for center in centers]
    taken += [Bbox(to_pixels(np.reshape(box, (2, 2)))).padded(4 * pixel) for box in boxes]
    angles = np.radians(range(0, 360, 30))
    ways = np.stack([np.cos(angles), np.sin(angles)], 1)
    middle = {"ha": "center", "va": "center", "fontsize": 9, "zorder": 6, **halo()}
    for (name, place), center in zip(places.items(), centers):
        text = note(ax, name, place, color=colors[name], **middle)
        text.set_in_layout(False)
        half = np.array(text.get_window_extent().size) / 2
        for far, way in itertools.product((9, 15, 24, 35, 48, 64, 82), ways):
            shift = way * (far * pixel + half)
            box = Bbox([center + shift - half, center + shift + half])
            within = inside.contains(*box.min) and inside.contains(*box.max)
            if within and not box.count_overlaps(taken):
                break
        taken.append(box)
        text.xyann = tuple(shift / pixel)
        line = {"arrowstyle": "-", "color": colors[name], "linewidth": 0.6, "shrinkA": 6}
        note(ax, "", place, text.xyann, arrowprops=line).set_in_layout(False)


def level(ax, height: float, text: str = "", at=None, shift=(2, 4), look=TARGET, **words) -> None:
    """A horizontal line at a height, and words on it from x = `at` on, in the line's color."""
    ax.axhline(height, **look)
    if text:
        note(ax, text, (at, height), shift, look["color"], **words)


def band(ax, x, low, high, color) -> None:
    """A shaded area between two curves (k,)."""
    ax.fill_between(x, low, high, color=color, alpha=0.15, linewidth=0)


def mean_mark(ax, x, y, look: dict, **errors) -> None:
    """Means with their standard errors, no line. look: color and marker. errors: xerr, yerr and
    others as in Axes.errorbar."""
    ax.errorbar(
        x,
        y,
        color=look["color"],
        marker=look["marker"],
        markeredgecolor="white",
        markersize=6.5,
        markeredgewidth=0.6,
        linestyle="none",
        elinewidth=1.5,
        zorder=4,
        **errors,
    )


def name_rows(ax, names) -> None:
    """Rows numbered from 0, top to bottom, each with its name at the left."""
    ax.set_yticks(range(len(names)), list(names))
    ax.set_ylim(len(names) - 0.5, -0.5)


def floored(values, floor: float) -> np.ndarray:
    """Sizes for a logarithmic axis: what is smaller, zeros among them, stands on the floor."""
    return np.maximum(np.abs(np.asarray(values, float)), floor)


def decades(axis, low: int, high: int, step: int) -> None:
    """Ticks ≤ 10^low, 10^(low + step), ..., 10^high and no others."""
    powers = range(low, high + 1, step)
    first, *names = [f"$10^{{{k}}}$" for k in powers]
    axis.set_ticks([10.0**k for k in powers], [f"≤ {first}", *names])
    axis.set_ticks([], minor=True)


def plain_ticks(axis) -> None:
    """Two to five numbers without exponents on a logarithmic axis: powers of ten and their
    5-folds, or finer where the axis is short. Over five decades the powers of ten stay."""
    low, high = sorted(axis.get_view_interval())
    if high / low >= 1e5:
        return
    fine = (1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 9)
    for digits in ((1,), (1, 5), (1, 2, 5), (1, 1.5, 2, 3, 5, 7), fine):
        ticks = [d * 10.0**k for k in range(-4, 5) for d in digits]
        ticks = [tick for tick in ticks if low <= tick <= high]
        if len(ticks) > 2 or len(digits) < len(ticks):
            break
    number_ticks(axis, ticks)


def pi_ticks(axis) -> None:
    """Ticks at multiples of pi, or of 2 pi where there are more than three."""
    low, high = np.divide(axis.get_view_interval(), np.pi)
    whole = np.arange(np.ceil(low), high).astype(int)
    ticks = whole[whole % 2 == 0] if len(whole) > 3 else whole
    words = {-1: "-π", 0: "0", 1: "π"}
    axis.set_ticks(ticks * np.pi, [words.get(tick, f"{tick}π") for tick in ticks])


def number_ticks(axis, ticks) -> None:
    """Ticks at exactly these values, written without exponents."""
    axis.set_ticks(ticks, [f"{tick:g}" for tick in ticks])
    axis.set_ticks([], minor=True)
