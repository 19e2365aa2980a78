"""Pictures of linear models: the shortest interpolator, where descent ends, what approximation,
Ridge and batches cost, and LinearLab. finding: as in Figure.done."""

import math

import numpy as np
from matplotlib.patches import Circle, Polygon

from ...course.marks import arrow, decades, floored, level, lines, note, number_ticks
from ...course.style import (
    BLACK,
    BLUE,
    FORGET,
    GREEN,
    GREY,
    ORANGE,
    ORIGINAL,
    PURPLE,
    RIGHT,
    SERIES,
    SKY,
    TARGET,
    UNLEARNED,
    VERMILLION,
    WRONG,
    Figure,
    figure,
    line_look,
    look,
)

REACH = 2.0  # half the height and width of the lab's picture, in the units of theta


@look()
def shortest(x, y, points, finding: str = "") -> Figure:
    """One retain point in the plane of theta: its line of interpolators, some of them, their foot.

    x (2,), y: the retain input and label. points (k, 2): interpolators.
    """
    x, points = np.asarray(x), np.asarray(points)
    foot = float(y) * x / (x @ x)
    length = np.linalg.norm(foot)
    fig, ax = figure(size=(7, 4.2))
    ax.set(
        xlim=(-1.2, 2.4),
        ylim=(-0.5, 1.9),
        aspect="equal",
        xlabel="θ, first entry",
        ylabel="θ, second entry",
        title="Every interpolator has the same projection on the span of the input",
    )
    ax.axline(foot, foot + [-x[1], x[0]], **TARGET)
    ax.axline((0, 0), x, color=SKY, linewidth=1.6)
    ax.add_patch(Circle((0, 0), length, fill=False, edgecolor="#A0A0A0", linestyle=":"))
    ax.plot(0, 0, "+", color=BLACK, markersize=9)
    for point in points:
        arrow(ax, point, foot, ORANGE, linestyle="--", linewidth=1.4, shrinkB=6)
    ax.plot(*points.T, "s", color=ORANGE, markersize=8, markeredgecolor="white", zorder=4)
    ax.plot(*foot, "o", color=BLUE, markersize=10, zorder=5)
    note(ax, "shortest interpolator", foot, (14, -4), BLUE)
    note(ax, "interpolators", points[points[:, 1].argmax()], (10, 0), ORANGE)
    note(ax, "span of\nthe input", 1.62 * x, (0, -24), SKY)
    note(ax, "equal ‖θ‖", (-length, 0), (4, -26), GREY)
    return fig.done(finding, "The line of interpolators of one point, and the span of its input")


@look()
def row_lengths(ratio, errors, finding: str = "") -> Figure:
    """Relative error against the ratio of the longest to the shortest retain input.

    errors: {name: (k,)}.
    """
    fig, ax = figure()
    ax.set(
        xscale="log",
        yscale="log",
        xlim=(ratio[0], ratio[-1]),
        ylim=(1e-17, 1),
        xlabel="longest retain input / shortest",
        ylabel="relative error",
        title="The span does not depend on the lengths of the inputs",
    )
    decades(ax.yaxis, -16, 0, 4)
    level(ax, 1e-10, "10⁻¹⁰", ratio[0])
    errors = {name: floored(values, 1e-17) for name, values in errors.items()}
    lines(ax, ratio, errors, (WRONG, RIGHT), markersize=4)
    return fig.done(finding)


@look()
def descents(curves, floors, finding: str = "") -> Figure:
    """Distance to the minimum-norm solution in gradient steps.

    curves: {name: (steps + 1,)}. floors: {name: predicted limit, or 0}.
    """
    fig, ax = figure()
    step = np.arange(len(next(iter(curves.values()))))
    ax.set(
        yscale="log",
        xlim=(0, step[-1]),
        xlabel="gradient steps on the retain loss",
        ylabel="distance to the\nminimum-norm solution",
        title="Descent forgets its start only in the span (circles: predicted)",
    )
    looks = [
        {**style, "marker": "", "color": color}
        for style, color in zip(SERIES, (GREEN, BLUE, VERMILLION, ORANGE))
    ]
    lines(ax, step, curves, looks, linewidth=2)
    for floor, style in zip(floors.values(), looks):
        if floor:
            ax.plot(step[::8], 0 * step[::8] + floor, "o", color=style["color"], mfc="white")
    return fig.done(finding)


@look()
def approximate(bound, directions, stopped, finding: str = "") -> Figure:
    """Distance from the ideal against the retain residual, both axes logarithmic.

    bound: (residuals (k,), distances (k,)). directions: {"any direction": (residuals, distances),
    "worst direction": ...}. stopped: the same for an original that stopped early.
    """
    fig, ax = figure()
    ax.set(
        xlabel="retain residual ε = ‖X θ* − y‖",
        ylabel="distance from the\nideal answer",
        title="Unlearning a model that fits only approximately",
        xscale="log",
        yscale="log",
    )
    curves = {"bound ε / σ": bound, **directions, "training stopped early": stopped}
    dots = {"linestyle": "none", "marker": "o", "color": SKY}
    worst = {**dots, "color": VERMILLION, "marker": "D", "markersize": 6}
    looks = TARGET, dots, worst, {**ORIGINAL, "marker": "s"}
    lines(ax, None, curves, looks, named=False, markersize=4.5)
    ax.legend(loc="lower right")
    return fig.done(finding)


@look()
def inside_span(angle, before, after, label, lengths, finding: str = "") -> Figure:
    """What happens as the forget input nears the retain span.

    angle (k,): degrees. before, after (k,): predictions of the forget point by the original and the
    unlearned model; label: its own. lengths: {name: (k,)}, of the original and the unlearned model.
    """
    fig, axes = figure(1, 2)
    predictions = {"original:\nthe label": before, "unlearned": after}
    axes[0].set(
        ylabel="prediction at the forget input",
        title="The forget prediction",
        ylim=(min(0, *after) - 0.3, max(before) + 0.2),
    )
    axes[1].set(ylabel="‖θ‖", title="The price of fitting it", yscale="log")
    for ax, curves in zip(axes, (predictions, lengths)):
        ax.set(xlabel="angle between forget input and retain span, degrees", xlim=(0, angle[-1]))
        lines(ax, angle, curves, (ORIGINAL, UNLEARNED))
    axes[0].plot(0, label, "o", color=BLUE, markersize=8, clip_on=False, zorder=5)
    note(axes[0], "what the retain\nset implies", (0, label), (10, -26))
    return fig.done(finding)


@look()
def ridge_path(lam, distance, slope, largest, finding: str = "") -> Figure:
    """Distance of the ridge solution from the minimum-norm one against the penalty.

    lam, distance (k,). slope: fitted for small lam. largest: the distance for lam -> infinity, the
    length of the minimum-norm solution.
    """
    fig, ax = figure()
    ax.loglog(lam, distance, **line_look("Ridge"))
    level(ax, largest, "‖θᵣ‖: everything shrunk away", lam[0], (2, -14))
    at = len(lam) // 3
    note(ax, f"slope {slope:.2f}", (lam[at], distance[at]), (8, -10), PURPLE)
    ax.set(
        xlabel="penalty λ",
        ylabel="distance to the\nminimum-norm solution",
        title="Ridge is exact only in the limit λ → 0",
    )
    return fig.done(finding)


@look()
def steps_needed(goal, counts, finding: str = "") -> Figure:
    """Steps to reach a distance.

    goal (k,): as a share of the first distance. counts: {(method, label): (k,), inf where never}.
    """
    fig, ax = figure(size=(8.2, 4.1))
    table = np.array(list(counts.values()), float)
    finite = np.isfinite(table)
    top = 5 * table[finite].max()  # where those stand that never arrive
    ax.set(
        xscale="log",
        yscale="log",
        ylim=(0.7, 2 * top),
        xlim=(goal[0] * 1.2, goal[-1] / 1.2),
        xlabel="goal: remaining share of the distance between θ* and θᵣ",
        ylabel="steps",
        title="Steps to come near the minimum-norm solution of the retain set",
    )
    looks = [
        {**line_look(method), "marker": "o" if arrives.all() else "^"}
        for (method, _), arrives in zip(counts, finite)
    ]
    labels = [label for _, label in counts]
    lines(ax, goal, dict(zip(labels, np.where(finite, table, top))), looks, markersize=4.5)
    never = [label for label, arrives in zip(labels, finite) if not arrives.any()]
    return fig.done(f"{finding} never: {', '.join(never) or 'none'}".strip())


@look()
def rows_used(count, gone, expected, repair, finding: str = "") -> Figure:
    """One full projection off some of the retain rows.

    count (k,): rows used. gone: {name: (k,)}, mean share of |theta_r|^2 lost. expected (k,):
    1 - count / n_r. repair (k,): descent steps on the whole retain set that bring it back.
    """
    fig, (left, right) = figure(1, 2)
    curves = {**gone, "1 − n_pert / n_r": expected}
    lines(left, count, curves, (RIGHT, WRONG, TARGET), named=False)
    left.legend(loc="lower left")
    left.set(ylabel="share of ‖θᵣ‖² lost", title="What the projection throws away")
    right.plot(count, repair, color=BLACK, marker="o")
    right.set(ylabel="gradient steps", title="What it takes to learn it again")
    for ax in (left, right):
        ax.set(xlabel="rows used, n_pert", xticks=range(0, max(count) + 1, 5))
    return fig.done(finding)


@look()
def passes(n_pert, panels, finding: str = "") -> Figure:
    """One pass over batches. n_pert (k,). panels: list of (title, {strength: (k,)}), from 0 up."""
    fig, axes = figure(1, len(panels), sharex=True)
    for ax, (title, curves) in zip(axes, panels):
        curves = {f"strength {strength:g}": values for strength, values in curves.items()}
        lines(ax, n_pert, curves, named=False)
        top = max(1, *map(max, curves.values()))
        ax.set(title=title, xlabel="rows per batch, n_pert", xscale="log", ylim=(-0.04, 1.12 * top))
        number_ticks(ax.xaxis, n_pert)
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return fig.done(finding)


def project(points, azimuth: float, elevation: float) -> np.ndarray:
    """Orthographic view of points (..., 3) from angles in degrees: (..., 2), right and up."""
    a, e = math.radians(azimuth), math.radians(elevation)
    right = [-math.sin(a), math.cos(a), 0]
    up = [-math.sin(e) * math.cos(a), -math.sin(e) * math.sin(a), math.cos(e)]
    return np.asarray(points, float) @ np.array([right, up]).T


def in_sight(point, azimuth: float, elevation: float) -> bool:
    """Whether the lab's picture holds this point (3,)."""
    return bool(np.abs(project(point, azimuth, elevation)).max() <= REACH)


# The vectors of the lab's picture: from, to (fields of a Scene), look, name in the key
VECTORS = (
    ("zero", "first", {"color": BLACK, "marker": "o", "markersize": 5}, "retain input"),
    ("zero", "last", {"color": BLACK, "marker": "o", "markersize": 5}, None),
    ("zero", "x_forget", {**FORGET, "linestyle": "-"}, "forget input, and\nits foot in the span"),
    ("x_foot", "x_forget", {"color": VERMILLION, "linestyle": ":"}, None),
    ("unlearned", "original", {"color": ORANGE, "linestyle": ":"}, None),
    (
        "zero",
        "original",
        {"color": ORANGE, "linestyle": "--", "marker": "s", "markersize": 8},
        "θ*: shortest vector\nthat fits all of D",
    ),
    (
        "zero",
        "unlearned",
        {"color": BLUE, "linestyle": "none", "marker": "o", "markersize": 8},
        "its projection:\nunlearned",
    ),
    (
        "zero",
        "retrained",
        {
            "color": GREEN,
            "linestyle": "none",
            "marker": "o",
            "markersize": 16,
            "markerfacecolor": "none",
            "markeredgewidth": 2.2,
        },
        "shortest vector that\nfits Dᵣ: retrained",
    ),
)


class SpacePicture:
    """LinearLab's picture: the retain span, the forget input, theta*, its projection, and the
    retrained solution. `moving`: the artists that a frame changes."""

    @look()
    def __init__(self):
        self.figure, (names, ax) = figure(1, 2, size=(7.6, 4.7), width_ratios=[1, 2.2])
        names.axis("off")
        ax.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), aspect="equal", xticks=[], yticks=[])
        ax.spines[:].set(visible=True, color="#D0D0D0")
        self.span = ax.add_patch(
            Polygon(
                np.zeros((4, 2)),
                facecolor="#D6E6F2",
                edgecolor=SKY,
                alpha=0.75,
                label="retain span",
            )
        )
        self.axes = ax.plot(np.zeros((2, 3)), np.zeros((2, 3)), "-", color="#A0A0A0", linewidth=1)
        self.entries = [
            ax.text(0, 0, f"entry {i}", color=GREY, fontsize=8, ha="center", va="center")
            for i in (1, 2, 3)
        ]
        drawn = {"linestyle": "-", "linewidth": 2, "markevery": [-1]}
        self.vectors = [
            ax.plot([], [], label=name, **drawn | style)[0] for _, _, style, name in VECTORS
        ]
        self.moving = [self.span, *self.axes, *self.entries, *self.vectors]
        names.legend(
            *ax.get_legend_handles_labels(),
            loc="center left",
            bbox_to_anchor=(-0.05, 0.5),
            labelspacing=1.2,
            borderpad=0,
        )

    def update(self, scene, azimuth: float, elevation: float) -> None:
        """Shows a `Scene` from azimuth and elevation in degrees."""

        def view(*points):
            return project(np.stack(points), azimuth, elevation)

        at = {name: np.asarray(value) for name, value in vars(scene).items()}
        at |= {"zero": np.zeros(3), "first": at["X_retain"][0], "last": at["X_retain"][-1]}
        u, w = at["basis"][[0, -1]]  # one retain input: the same vector twice, and a line
        self.span.set(
            xy=0.75 * REACH * view(-u - w, u - w, u + w, w - u),
            linewidth=1 if len(at["basis"]) == 2 else 4,
        )
        for artist, text, unit in zip(self.axes, self.entries, np.eye(3)):
            artist.set_data(*view(at["zero"], 0.6 * unit).T)
            text.set_position(view(0.72 * unit)[0])
        for artist, (start, end, *_) in zip(self.vectors, VECTORS):
            artist.set_data(*view(at[start], at[end]).T)
