"""Pictures of notebook 08: what the projection does beyond shrinking, and what each measure sees of it."""
import numpy as np

from .marks import plain_ticks
from .style import BLACK, BLUE, DARK_ORANGE, GREY, SKY, figure, line_look, look

MEASURES = {"sup_error": "largest error", "rms_error": "root-mean-square error", "retain_error": "error on the retain points"}
ZERO = {"sup_error": 1.0, "rms_error": .5 ** .5, "retain_error": .5 ** .5}  # of the function 0 against a sine, about


@look()
def arms(values: dict[str, dict[str, list[float]]], title: str = ""):
    """One row per arm, one panel per measure: every seed as a dot, the median, and the range without the 2 best and 2 worst.

    values: arm -> measure -> one number per seed. A dotted line marks the function 0."""
    from ..experiments.sine import central
    fig, axes = figure(1, 3, size=(9.6, 1.1 + .36 * len(values)), sharey=True)
    for ax, (measure, words) in zip(axes, MEASURES.items()):
        for row, found in enumerate(values.values()):
            median, low, high = central(found[measure])
            ax.plot(found[measure], [row] * len(found[measure]), "o", color=SKY, markersize=4, alpha=.8)
            ax.plot([low, high], [row, row], color=BLUE, linewidth=2, linestyle="-")
            ax.plot(median, row, marker="D", color=BLUE, markersize=6)
        ax.axvline(ZERO[measure], color=BLACK, linestyle=":", linewidth=1.2)
        ax.set(xscale="log", xlabel=words, ylim=(len(values) - .4, -.6))
        plain_ticks(ax.xaxis)
    axes[0].set_yticks(range(len(values)), list(values))
    axes[0].set_ylabel("what is run")
    axes[0].set_title(title)
    axes[2].annotate("dotted: the function 0", (1, 1.02), xycoords="axes fraction", ha="right", va="bottom", fontsize=9)
    fig.alt = f"{title}. Largest, root-mean-square and retain error of ten seeds for: {', '.join(values)}"
    return fig


@look()
def by_rows(counts, values: dict[str, list[list[float]]], samples: int):
    """The three errors against the number of protected samples. counts: (k,). values: measure -> (k, seeds)."""
    from ..experiments.sine import central
    fig, axes = figure(1, 3, size=(9.6, 3.0))
    for ax, (measure, words) in zip(axes, MEASURES.items()):
        median, low, high = np.array([central(found) for found in values[measure]]).T
        ax.fill_between(counts, low, high, color=SKY, alpha=.3, linewidth=0)
        ax.plot(counts, median, "o-", color=BLUE, markersize=5)
        ax.axhline(ZERO[measure], color=BLACK, linestyle=":", linewidth=1.2)
        ax.annotate("the function 0", (counts[-1], ZERO[measure]), (0, 4), textcoords="offset points", ha="right", fontsize=9)
        ax.set(xlabel=f"protected samples, of {samples}", ylabel=words, yscale="log", xticks=[0, 10, 20, 30, 40, 50][:samples // 10 + 1])
        plain_ticks(ax.yaxis)
    axes[0].set_title("Median of ten seeds; band: without the 2 best and 2 worst")
    fig.alt = ("The error on the retain points falls steadily as more samples are protected, the root-mean-square error falls too, and the "
               "largest error hardly changes until more than half are protected")
    return fig


@look()
def one_step(shares, errors: dict[str, list[list[float]]], before: float):
    """The error on the retain points after one shrink step of each size. errors: which part shrinks -> (shares, seeds).

    before: the median error of the original models, dotted."""
    fig, ax = figure(size=(7.5, 3.4))
    for (part, values), color, line in zip(errors.items(), (BLUE, DARK_ORANGE, GREY), ("-", "--", ":")):
        middle = np.median(values, axis=1)
        ax.plot(shares, middle, marker="o", markersize=4, color=color, linestyle=line, linewidth=2)
        ax.annotate(part, (shares[-1], middle[-1]), (7, 0), textcoords="offset points", va="center", color=color)
    ax.axhline(before, color=BLACK, linestyle=":", linewidth=1.2)
    ax.annotate("before the step", (shares[0], before), (0, -12), textcoords="offset points", fontsize=9)
    ax.set(xscale="log", yscale="log", xlabel="share of that part of theta removed in one step", ylabel="error on the retain points,\nmedian of ten seeds")
    ax.set(xlim=(ax.get_xlim()[0], ax.get_xlim()[1] * 2.5), ylim=(ax.get_ylim()[0] / 1.4, ax.get_ylim()[1]))
    for axis in (ax.xaxis, ax.yaxis):
        plain_ticks(axis)
    ax.set_title("One step, and what it does to what should stay")
    fig.alt = ("Shrinking the part of theta inside the span raises the retain error at once, as much as shrinking all of theta; shrinking the "
               "part outside leaves it where it was until a tenth is removed")
    return fig


@look()
def budgets(curves: dict[str, tuple], cost: str):
    """Median error against what was spent. curves: name -> (spent (k,), median error (k,)). cost: what the x axis counts."""
    fig, ax = figure(size=(7.5, 3.4))
    for name, (spent, error) in curves.items():
        looks = line_look(name)
        ax.plot(spent, error, marker="o", markersize=4, **looks)
        ax.annotate(name, (spent[-1], error[-1]), (7, 0), textcoords="offset points", va="center", color=looks["color"])
    ax.set(xscale="log", yscale="log", xlabel=cost, ylabel="root-mean-square error,\nmedian of ten seeds")
    low, high = ax.get_xlim()
    ax.set_xlim(low, high * 2.2)
    for axis in (ax.xaxis, ax.yaxis):
        plain_ticks(axis)
    ax.set_title("What the same work buys")
    fig.alt = f"Median root-mean-square error against {cost} for {', '.join(curves)}"
    return fig
