"""Pictures of linear models: the shortest interpolator, where descent ends, what approximation,
Ridge and batches cost, and LinearLab. finding: as in Figure.done."""

import numpy as np
from matplotlib.patches import Circle

from ...course.marks import dot, level, lines, note, number_ticks, vectors
from ...course.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    ORIGINAL,
    PLAIN,
    RIGHT,
    SKY,
    TARGET,
    UNLEARNED,
    VERMILLION,
    WRONG,
    line_look,
    picture,
)

REACH = 2.0  # of the lab's axes, to both sides, in the units of theta


@picture(
    (
        "θ, first entry",
        "θ, second entry",
        "Every interpolator has the same projection on the span of the input",
    ),
    size=(7, 4.2),
    what="The line of interpolators of one point, and the span of its input",
    xlim=(-1.2, 2.4),
    ylim=(-0.5, 1.9),
    aspect="equal",
)
def shortest(ax, x, y, points):
    """One retain point in the plane of theta: its line of interpolators, some of them, their foot.

    x (2,), y: the retain input and label. points (k, 2): interpolators.
    """
    x = np.asarray(x)
    foot = float(y) * x / (x @ x)
    length = np.linalg.norm(foot)
    ax.axline(foot, foot + [-x[1], x[0]], label="interpolators", **TARGET)
    ax.axline((0, 0), x, color=SKY, label="span of the input")
    ax.add_patch(Circle((0, 0), length, fill=False, edgecolor=GREY, linestyle=":"))
    note(ax, "equal ‖θ‖", (-length, 0), (4, 4), GREY)
    for point in points:
        ax.plot(*zip(point, foot), "s--", color=ORANGE)
    dot(ax, foot, "shortest interpolator", BLUE)
    ax.legend(loc="upper right")


@picture(
    (
        "longest retain input / shortest",
        "relative error",
        "The span does not depend on the lengths of the inputs",
    ),
    xscale="log",
    yscale="log",
)
def row_lengths(ax, ratio, errors):
    """Relative error against the ratio of the longest to the shortest retain input.

    errors: {name: (k,)}.
    """
    level(ax, 1e-10, "10⁻¹⁰", ratio[0])
    lines(ax, ratio, errors, (WRONG, RIGHT), floor=1e-17, markersize=4)


@picture(
    (
        "gradient steps on the retain loss",
        "distance to the\nminimum-norm solution",
        "Descent forgets its start only in the span (circles: predicted)",
    ),
    yscale="log",
)
def descents(ax, curves, floors):
    """Distance to the minimum-norm solution in gradient steps.

    curves: {name: (steps + 1,)}. floors: {name: predicted limit, or 0}.
    """
    step = np.arange(len(next(iter(curves.values()))))
    lines(ax, step, curves, PLAIN, linewidth=2)
    for floor in filter(None, floors.values()):
        ax.plot(step[::8], np.full_like(step[::8], floor, float), "o", color=BLACK, mfc="white")


@picture(
    (
        "retain residual ε = ‖X θ* − y‖",
        "distance from the\nideal answer",
        "Unlearning a model that fits only approximately",
    ),
    xscale="log",
    yscale="log",
)
def approximate(ax, bound, directions, stopped):
    """Distance from the ideal against the retain residual, both axes logarithmic.

    bound: (residuals (k,), distances (k,)). directions: {"any direction": (residuals, distances),
    "worst direction": ...}. stopped: the same for an original that stopped early.
    """
    curves = {"bound ε / σ": bound, **directions, "training stopped early": stopped}
    dots = {"linestyle": "none", "marker": "o", "color": SKY}
    worst = {**dots, "color": VERMILLION, "marker": "D"}
    lines(ax, None, curves, (TARGET, dots, worst, {**ORIGINAL, "marker": "s"}), named=False)
    ax.legend()


ANGLE = "angle between forget input and retain span, degrees"


@picture(
    (ANGLE, "prediction at the forget input", "The forget prediction"),
    (ANGLE, "‖θ‖", "The price of fitting it"),
    legend=3,
)
def inside_span(axes, angle, before, after, label, lengths):
    """What happens as the forget input nears the retain span.

    angle (k,): degrees. before, after (k,): predictions of the forget point by the original and the
    unlearned model; label: its own. lengths: {name: (k,)}, of the original and the unlearned model.
    """
    left, right = axes
    right.set_yscale("log")
    predictions = {"original: the label": before, "unlearned": after}
    for ax, curves in zip(axes, (predictions, lengths)):
        lines(ax, angle, curves, (ORIGINAL, UNLEARNED), named=False)
    left.plot(0, label, "o", color=BLUE, label="what the retain set implies")


@picture(
    (
        "penalty λ",
        "distance to the\nminimum-norm solution",
        "Ridge is exact only in the limit λ → 0",
    ),
    xscale="log",
    yscale="log",
)
def ridge_path(ax, lam, distance, slope, largest):
    """Distance of the ridge solution from the minimum-norm one against the penalty.

    lam, distance (k,). slope: fitted for small lam. largest: the distance for lam -> infinity, the
    length of the minimum-norm solution.
    """
    ax.plot(lam, distance, label=f"slope {slope:.2f} at the left", **line_look("Ridge"))
    level(ax, largest, "‖θᵣ‖: everything shrunk away", lam[0], (2, -14))
    ax.legend()


@picture(
    (
        "goal: remaining share of the distance between θ* and θᵣ",
        "steps",
        "Steps to come near the minimum-norm solution of the retain set",
    ),
    xscale="log",
    yscale="log",
)
def steps_needed(ax, goal, counts):
    """Steps to reach a distance.

    goal (k,): as a share of the first distance. counts: {(method, label): (k,), inf where never}.
    """
    table = np.array(list(counts.values()), float)
    arrives = np.isfinite(table)
    table[~arrives] = 5 * table[arrives].max()
    looks = [
        {**line_look(method), "marker": "o" if ever.all() else "^"}
        for (method, _), ever in zip(counts, arrives)
    ]
    labels = [label for _, label in counts]
    ax.invert_xaxis()
    lines(ax, goal, dict(zip(labels, table)), looks, markersize=4.5)
    never = [label for label, ever in zip(labels, arrives) if not ever.any()]
    return f"Steps by goal; never: {', '.join(never) or 'none'}"


@picture(
    ("rows used, n_pert", "share of ‖θᵣ‖² lost", "What the projection throws away"),
    ("rows used, n_pert", "gradient steps", "What it takes to learn it again"),
)
def rows_used(axes, count, gone, expected, repair):
    """One full projection off some of the retain rows.

    count (k,): rows used. gone: {name: (k,)}, mean share of |theta_r|^2 lost. expected (k,):
    1 - count / n_r. repair (k,): descent steps on the whole retain set that bring it back.
    """
    left, right = axes
    lines(left, count, {**gone, "1 − n_pert / n_r": expected}, (RIGHT, WRONG, TARGET), named=False)
    left.legend()
    right.plot(count, repair, "o-", color=BLACK)


@picture(*[("rows per batch, n_pert",)] * 3, legend=3, xscale="log")
def passes(axes, n_pert, panels):
    """One pass over batches. n_pert (k,). panels: list of (title, {strength: (k,)}), from 0 up."""
    for ax, (title, curves) in zip(axes, panels):
        curves = {f"strength {strength:g}": values for strength, values in curves.items()}
        lines(ax, n_pert, curves, named=False)
        ax.set_title(title)
        number_ticks(ax.xaxis, n_pert)


def space(ax, shown) -> None:
    """LinearLab's picture of a `scene`, in Axes3D: the retain span, the inputs and the models."""
    X, basis, zero = (np.asarray(array) for array in (shown.X_retain, shown.basis, np.zeros(3)))
    u, w = 0.75 * REACH * basis[[0, -1]]  # one retain input: the same vector twice, and a line
    corners = np.array([[-u - w, u - w], [w - u, u + w]])
    ax.plot_surface(*corners.T, color=SKY, alpha=0.25, shade=False)
    ax.plot(*np.stack([-u, u]).T, color=SKY, label="retain span")
    vectors(
        ax,
        *((zero, x, name, BLACK, "-") for x, name in zip(X, ("retain inputs", None))),
        (zero, shown.x_forget, "forget input", VERMILLION, "-"),
        (shown.x_forget, shown.x_foot, "its foot in the span", VERMILLION, ":"),
        (zero, shown.original, "θ*: shortest vector\nthat fits all of D", ORANGE, "--"),
        (shown.original, shown.unlearned, "its projection:\nunlearned", BLUE, ":"),
    )
    ring = {"markersize": 16, "mfc": "none", "mew": 2.2, "linestyle": "none"}
    words = "shortest vector that\nfits Dᵣ: retrained"
    ax.plot(*shown.retrained[:, None], "o", color=GREEN, label=words, **ring)
    limits = dict.fromkeys(("xlim", "ylim", "zlim"), (-REACH, REACH))
    ax.set(**limits, proj_type="ortho", box_aspect=(1, 1, 1), xticks=[], yticks=[], zticks=[])
    ax.set(xlabel="entry 1", ylabel="entry 2", zlabel="entry 3", in_layout=False)
