"""Pictures of MinNorm-OG's inside: how dependent the rows are, what a projection keeps, how strong
each one is. finding: as in Figure.done."""

import numpy as np

from ...course.marks import floored, level, lines, name_rows, note, over_points
from ...course.style import BLUE, GREY, ORANGE, RIGHT, SERIES, SKY, TARGET, WRONG, figure, look


@look()
def spectrum(double, single, finding: str = ""):
    """Eigenvalues (k,), largest first, of a Gram matrix with unit diagonal, formed in float64 and
    in float32; those of the second that are negative are drawn hollow, by their size."""
    fig, ax = figure()
    number = np.arange(1, len(double) + 1)
    ax.set(
        xlabel="number of the eigenvalue",
        ylabel="eigenvalue / largest",
        yscale="log",
        xlim=(0, len(double) + 1),
        ylim=(1e-14, 3),
        title="The rows are nearly dependent, far below what float32 can tell",
    )
    squares = {"color": ORANGE, "marker": "s", "markersize": 4, "linestyle": "none"}
    ax.plot(number, np.abs(single) / single[0], **squares, mfc="none")
    ax.plot(number[single > 0], single[single > 0] / single[0], **squares)
    ax.plot(number, double / double[0], color=BLUE, marker="o", markersize=4)
    level(ax, 1e-13, "rank cut of the float64 Gram matrix", 1)
    level(ax, 2**-23, "rounding of float32", 1, (2, -13), {"color": GREY, "linestyle": "--"})
    half = len(double) // 2
    note(
        ax,
        "Gram matrix in float64",
        (number[half], double[half] / double[0]),
        (-10, -18),
        BLUE,
        ha="right",
    )
    note(ax, "in float32 (hollow: negative)", (number[-1], 2**-20), (0, 12), ORANGE, ha="right")
    return fig.done(finding)


@look()
def distances(cases, finding: str = ""):
    """Distance of each answer to the SVD's, relative to the part in the span. cases: {name: {"QR":
    distance, "Gram": distance}}."""
    fig, ax = figure(size=(7.5, 2.6))
    xlabel = "distance to the SVD's answer / part of θ in the span"
    title = "Dependent rows: QR removes what it should not"
    ax.set(xscale="log", xlim=(1e-16, 10), title=title, xlabel=xlabel)
    name_rows(ax, list(cases), 0.6)
    ax.axvline(1, **TARGET)
    for way, words, marker, style in (
        ("QR", "QR", "X", WRONG),
        ("Gram", "Gram, with a rank test", "o", RIGHT),
    ):
        found = floored([ways[way] for ways in cases.values()], 1e-16)
        ax.plot(found, range(len(cases)), marker, color=style["color"], markersize=8)
        note(ax, words, (found[0], 0), (0, 9), style["color"], ha="center")
    return fig.done(finding)


@look()
def kept_by_samples(counts, changes, first_order, finding: str = ""):
    """Change of the retain outputs after one projection, against the number of samples it was told
    to keep.

    counts: (m,). changes: {strength: (m, repeats)} root mean squares, one column per random subset.
    first_order: the same shape, what the rows predict.
    """
    fig, ax = figure()
    for (strength, change), style in zip(changes.items(), SERIES):
        color, points = (
            style["color"],
            {"marker": style["marker"], "markersize": 3.5, "alpha": 0.55},
        )
        ax.semilogy(counts, change, color=color, linestyle="none", **points)
        ax.plot(counts, np.median(change, 1), color=color, linestyle="-")
        ax.plot(counts[:-1], np.median(first_order[strength], 1)[:-1], color=color, linestyle=":")
        note(ax, f"strength {strength:g}", (0, np.max(change)), (0, 10), color)
    low, high = ax.get_ylim()
    note(
        ax, "lines: medians\ndotted: first order alone, 0 at the right end", (0, low), (0, 10), GREY
    )
    ax.set(
        xlabel="n_pert: retain samples whose outputs the projection keeps",
        ylabel="change of all 50 retain outputs\n(root mean square)",
        ylim=(low, 2.5 * high),
        title="The more samples a projection keeps, the less it disturbs",
    )
    return fig.done(finding)


@look()
def schedules(plans, finding: str = ""):
    """plans: {title: strengths per epoch}. Above, the strength of every projection; below, what is
    left of the part off the span."""
    fig, axes = figure(2, len(plans), size=(7.5, 4.2), sharex="col", sharey="row")
    for (above, below), (title, plan) in zip(axes.T, plans.items()):
        share = np.cumprod(np.append(1, 1 - np.array(plan)))
        (on,) = np.nonzero(plan)
        above.stem(on, np.array(plan)[on], BLUE, basefmt=" ").markerline.set_markersize(3.5)
        above.set_title(title)
        below.step(range(len(share)), share, where="post", color=ORANGE, linewidth=1.8)
        note(below, f"{share[-1]:.2f}", (len(plan), share[-1]), (-2, 6), ORANGE, ha="right")
        below.set(xlabel="epoch", ylim=(0, 1.08))
        for ax in (above, below):
            ax.axvspan(on[-1] + 1, len(plan), color=SKY, alpha=0.18, linewidth=0)
        middle = (on[-1] + 1 + len(plan)) / 2
        note(above, "descent\nonly", (middle, 0.8 * max(plan)), color=GREY, ha="center", fontsize=9)
    axes[0, 0].set_ylabel("strength")
    axes[1, 0].set_ylabel("share left\noff the span")
    return fig.done(finding, "Strength of every projection, and the share left off the span")


@look()
def parting(epochs, curves, finding: str = ""):
    """Distance between two runs relative to the way gone. curves: {name: (epochs,)}."""
    fig, ax = figure()
    ax.set(
        xlabel="epoch",
        ylabel="distance of the two runs /\ndistance from the start",
        yscale="log",
        ylim=(1e-8, 1),
        title="Equal at first, then parted by rounding alone",
    )
    curves = {name: floored(values, 1e-10) for name, values in curves.items()}
    lines(ax, epochs, curves, [{**style, "marker": ""} for style in SERIES], named=False)
    ax.legend(loc="upper left")
    return fig.done(finding)


@look()
def fits(x, models, target, retain, forget, finding: str = ""):
    """x, target: (n,). models: {title: (original, unlearned)}, curves (n,); one panel each. retain,
    forget: pairs (x, y)."""
    fig, axes = figure(len(models), 1, size=(7.5, 5), sharex=True, sharey=True)
    for ax, (title, (original, unlearned)) in zip(axes, models.items()):
        curves = {"sin x": target, "original": original, "unlearned": unlearned}
        over_points(ax, x, curves, retain, forget)
        ax.set(ylabel="f(θ, x)", ylim=(-4.2, 4.2), title=title)
    axes[-1].set_xlabel("x")
    axes[0].legend(ncols=5, loc="lower center", fontsize=9, columnspacing=1.2)
    return fig.done(finding)
