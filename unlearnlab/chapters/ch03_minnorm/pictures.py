"""Pictures of MinNorm-OG's inside: how dependent the rows are, what a projection keeps, how strong
each one is. finding: as in Figure.done."""

import numpy as np

from ...course.marks import floored, lines, name_rows, note
from ...course.style import BLUE, GREY, ORANGE, PLAIN, RIGHT, SERIES, TARGET, WRONG, picture


@picture(
    (
        "number of the eigenvalue",
        "eigenvalue / largest",
        "The rows are nearly dependent, far below what float32 can tell",
    ),
    yscale="log",
)
def spectrum(ax, double, single):
    """Eigenvalues (k,), largest first, of a Gram matrix with unit diagonal, formed in float64 and
    in float32; those of the second that are negative are drawn hollow, by their size."""
    number = np.arange(1, len(double) + 1)
    ax.plot(number, double / double[0], "o-", color=BLUE, label="Gram matrix in float64")
    for sign, fill, words in ((1, ORANGE, "in float32"), (-1, "none", "in float32, negative")):
        here = sign * single > 0
        sizes = sign * single[here] / single[0]
        ax.plot(number[here], sizes, "s", color=ORANGE, mfc=fill, label=words)
    ax.axhline(2**-23, color=GREY, linestyle="--", label="rounding of float32")
    ax.axhline(1e-13, label="rank cut of the float64 Gram matrix", **TARGET)
    ax.legend(loc="lower left")


@picture(
    (
        "distance to the SVD's answer / part of θ in the span",
        "",
        "Dependent rows: QR removes what it should not",
    ),
    legend=2,
    xscale="log",
)
def distances(ax, cases):
    """Distance of each answer to the SVD's, relative to the part in the span. cases: {name: {"QR":
    distance, "Gram": distance}}."""
    name_rows(ax, cases)
    ax.axvline(1, **TARGET)
    for way, words, style in (("QR", "QR", WRONG), ("Gram", "Gram, with a rank test", RIGHT)):
        values = floored([ways[way] for ways in cases.values()], 1e-16)
        look = {**style, "linestyle": "none", "markersize": 8}
        ax.plot(values, range(len(cases)), label=words, **look)


@picture(
    (
        "n_pert: retain samples whose outputs the projection keeps",
        "change of all 50 retain outputs\n(root mean square)",
        "The more samples a projection keeps, the less it disturbs",
    ),
    yscale="log",
)
def kept_by_samples(ax, counts, changes, first_order):
    """Change of the retain outputs after one projection, against the number of samples it was told
    to keep.

    counts: (m,). changes: {strength: (m, repeats)} root mean squares, one column per random subset.
    first_order: the same shape, what the rows predict.
    """
    for (strength, change), style in zip(changes.items(), SERIES):
        color, marker = style["color"], style["marker"]
        ax.plot(counts, change, marker, color=color, markersize=3.5, alpha=0.55)
        words = f"strength {strength:g}, median"
        ax.plot(counts, np.median(change, 1), "-", color=color, label=words)
        first = np.median(first_order[strength], 1)[:-1]  # with all samples it is 0
        ax.plot(counts[:-1], first, ":", color=color, label="first order alone")
    ax.legend(ncols=2)


@picture(
    *[("", "strength")] * 2,
    *[("epoch", "share left\noff the span")] * 2,
    rows=2,
    size=(7.5, 4.2),
    panels={"sharex": "col", "sharey": "row"},
)
def schedules(axes, plans):
    """plans: {title: strengths per epoch}, two. Above, the strength of every projection; below,
    what is left of the part off the span."""
    for above, below, (title, plan) in zip(axes, axes[2:], plans.items()):
        share = np.cumprod(np.append(1, 1 - np.array(plan)))
        above.vlines(range(len(plan)), 0, plan, BLUE)
        above.set_title(title)
        below.step(range(len(share)), share, where="post", color=ORANGE)
        note(below, f"{share[-1]:.2f}", (len(plan), share[-1]), (-2, 6), ORANGE, ha="right")
        below.set_ylim(0, 1.08)


@picture(
    (
        "epoch",
        "distance of the two runs /\ndistance from the start",
        "Equal at first, then parted by rounding alone",
    ),
    yscale="log",
    ylim=(1e-8, 1),
)
def parting(ax, epochs, curves):
    """Distance between two runs relative to the way gone. curves: {name: (epochs,)}."""
    lines(ax, epochs, curves, PLAIN, named=False, floor=1e-10)
    ax.legend(loc="upper left")
