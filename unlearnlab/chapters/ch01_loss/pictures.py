"""Pictures of notebook 01: many minimisers of one loss, gradients that vanish, and what a trained
vector gives away. finding: as in Figure.done."""

import numpy as np

from ...course.marks import arrow, floored, lines, name_rows, note, over_points
from ...course.style import (
    BLACK,
    BLUE,
    FORGET,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    RETAIN,
    TARGET,
    VERMILLION,
    Figure,
    figure,
    look,
)

METHODS = {
    "GD": {"color": BLUE},
    "GA": {"color": VERMILLION, "linestyle": "--"},
    "NGD": {"color": PURPLE, "linestyle": "-."},
}
NOTHING = 1e-18  # where a logarithmic axis shows what is exactly 0
ROUNDING = 1e-11  # below this, a float64 gradient of these problems is rounding


@look()
def many_minimisers(share, retain_loss, forget_loss, length, finding: str = "") -> Figure:
    """Losses and norm along theta_r + share (theta* - theta_r), all (k,): share 0 is the unlearned
    model, 1 the original."""
    fig, (left, right) = figure(1, 2)
    left.plot(share, forget_loss, color=VERMILLION, linestyle="--", linewidth=2)
    left.plot(share, retain_loss, color=BLACK, linewidth=2.4)
    at = len(share) // 6
    note(left, "forget loss", (share[at], forget_loss[at]), (8, 2), VERMILLION)
    note(left, "retain loss: 0 all along", (share[0], 0), (2, 7))
    left.set(ylabel="mean squared error", title="Every point of the line keeps the retain set")
    right.plot(share, length, color=BLUE, linewidth=2)
    right.margins(y=0.12)
    right.set(ylabel="length of θ", title="One of them is the shortest")
    for at, name, marker, color, shift in (
        (0, "unlearned", "o", BLUE, (0, -16)),
        (1, "original", "s", ORANGE, (-24, 10)),
    ):
        height = np.interp(at, share, length)
        right.plot(at, height, marker, color=color, markersize=8)
        note(right, name, (at, height), shift, ha="center")
    for ax in (left, right):
        ax.set_xlabel("share s of the way from unlearned to original")
    return fig.done(finding)


@look()
def two_fits(x, original, other, retain, forget, finding: str = "") -> Figure:
    """Two networks with the same retain loss. x, original, other: (k,). retain, forget: pairs
    (inputs, targets), flat."""
    fig, ax = figure()
    curves = {"sin x": np.sin(x), "original": original, "other minimiser": other}
    over_points(ax, x, curves, retain, forget)
    ax.legend(loc="upper right", ncols=2)
    ax.set(
        xlabel="input x",
        ylabel="output f(θ, x)",
        ylim=(-1.4, 2.4),
        title="Both networks fit all nine retain points (dots) exactly",
    )
    return fig.done(finding)


@look()
def gradient_norms(models, finding: str = "") -> Figure:
    """Gradient lengths of several models.

    models: {name: {"retain": norm, "forget": norm, "output": mean norm}}.
    """
    fig, ax = figure()
    xlabel = "length of the gradient (shaded: rounding)"
    ax.set(xscale="log", xlim=(NOTHING / 30, 1e4), xlabel=xlabel)
    ax.axvspan(NOTHING / 30, ROUNDING, color="#EFEFEF")
    name_rows(ax, list(models))
    output = {**RETAIN, "color": BLUE, "marker": "s"}
    for kind, shift, label, style in (
        ("retain", 0.16, "loss gradient, retain", RETAIN),
        ("forget", -0.16, "loss gradient, forget", FORGET),
        ("output", 0, "output gradient (mean length)", output),
    ):
        lengths = floored([norms[kind] for norms in models.values()], NOTHING)
        ax.plot(lengths, np.arange(len(models)) + shift, label=label, **style)
    for row, norms in enumerate(models.values()):
        if norms["retain"] == norms["forget"] == 0:
            note(ax, "both exactly 0", (NOTHING, row), (10, 0), va="center")
    fig.legend(loc="outside upper center", ncols=3)
    return fig.done(finding, "Lengths of gradients of several models")


def _drifts(ax, curves):
    """A line for each of curves, name -> distances (k,); a name begins with its method."""
    steps = np.arange(1, len(next(iter(curves.values()))) + 1)
    ax.set(yscale="log", xlim=(0, len(steps)))
    looks = {name: METHODS[name.split()[0]] for name in curves}
    lines(ax, steps, curves, looks, linewidth=2)


@look()
def steps_from_interpolation(curves, expected, finding: str = "") -> Figure:
    """How far plain gradient steps carry. curves: as in `_drifts`. expected: the same of some."""
    fig, ax = figure()
    ax.set(
        xlabel="gradient steps (no AdamW, no weight decay)",
        ylabel="distance from θ*",
        title="From an interpolating model (circles: predicted)",
    )
    _drifts(ax, curves)
    for name, values in expected.items():
        color, steps = METHODS[name.split()[0]]["color"], np.arange(1, len(values) + 1)
        ax.plot(steps, values, "o", color=color, mfc="white", markevery=(12, 25))
    return fig.done(finding)


@look()
def noise_clouds(panels, centre, finding: str = "") -> Figure:
    """Where noise sends two predictions.

    panels: list of (title, cloud (m, 2), target (2,)). centre: the original's (2,).
    """
    fig, axes = figure(1, len(panels), sharex=True, sharey=True)
    for ax, (title, cloud, target) in zip(axes, panels):
        ax.plot(*cloud.T, ".", color=PURPLE, markersize=3.5, alpha=0.55)
        arrow(ax, centre, target, BLUE, linestyle="--", linewidth=1.4)
        ax.plot(*centre, "s", color=ORANGE, markeredgecolor="white", markersize=9)
        ax.plot(*target, "*", color=BLUE, markersize=14)
        note(ax, "unlearned", target, (0, 11), BLUE, ha="center")
        note(ax, "original + noise", cloud[cloud[:, 1].argmin()], (0, -13), PURPLE, ha="center")
        ax.set(title=title, xlabel="prediction on point A")
        ax.margins(0.18)
    axes[0].set_ylabel("prediction on point B")
    return fig.done(finding)


@look()
def adamw_drift(panels, finding: str = "") -> Figure:
    """Drift under AdamW. panels: {title: curves}, as in `_drifts`."""
    fig, axes = figure(1, len(panels), sharex=True, sharey=True)
    axes[0].set_ylabel("distance from θ* / length of θ*")
    for ax, (title, curves) in zip(axes, panels.items()):
        ax.set(title=title, xlabel="epoch (one AdamW update)")
        _drifts(ax, curves)
    return fig.done(finding)


@look()
def leak_plane(inputs, labels, both, alone, finding: str = "") -> Figure:
    """Least squares in the plane.

    inputs (2, 2), labels (2,): the retain point, then the forget point. both, alone: descent paths
    (k, 2) from 0, on both points and on the retain point alone.
    """
    inputs, labels, both, alone = map(np.asarray, (inputs, labels, both, alone))
    fig, ax = figure(size=(7, 5))
    ax.set(
        xlim=(-0.35, 2.1),
        ylim=(-0.3, 1.75),
        aspect="equal",
        xlabel="θ, first entry",
        ylabel="θ, second entry",
        title="Descent from 0: on both points (dashed), on the retain point alone (solid)",
    )
    names = ("retain", BLACK, (6, 2), 1.15), ("forget", VERMILLION, (-64, -20), -0.95)
    for x, y, (name, color, shift, way) in zip(inputs, labels, names):
        foot, turned = y * x / (x @ x), np.array([-x[1], x[0]])
        ax.axline(foot, foot + turned, **{**TARGET, "color": color})
        note(ax, f"fits the {name} point", foot + way * turned, (9, 4), color)
        arrow(ax, (0, 0), x, color, "-|>", linewidth=1.8, shrinkA=0, shrinkB=0)
        note(ax, f"{name} input", x, shift, color)
    for path, color, line, marker, name, shift in (
        (both, ORANGE, "--", "s", "θ*", (9, 5)),
        (alone, BLUE, "-", "o", "unlearned", (12, -14)),
    ):
        ax.plot(
            *path.T,
            color=color,
            linestyle=line,
            marker=marker,
            markevery=[-1],
            markersize=9,
            zorder=4,
        )
        note(ax, name, path[-1], shift, color)
    arrow(ax, alone[-1], both[-1], GREEN, linewidth=2.4, shrinkA=4, shrinkB=5)
    note(ax, "leaked", (both[-1] + alone[-1]) / 2, (8, 2), GREEN)
    return fig.done(finding, "The plane of θ, two inputs, and two paths of descent")


@look()
def leak_space(X_retain, theta, x_forget, finding: str = "") -> Figure:
    """Two retain inputs (2, 3) span a plane in three dimensions; theta* (3,) and the forget input
    (3,) stand out of it."""
    X, theta, x = map(np.asarray, (X_retain, theta, x_forget))
    fig, ax = figure(size=(7.4, 4.2), subplot_kw={"projection": "3d"})
    ax.computed_zorder = False
    corners = np.stack(np.meshgrid((-0.35, 1.9), (-0.35, 1.9)), -1) @ X
    ax.plot_surface(*corners.transpose(2, 0, 1), color="#D6E6F2", alpha=0.6, shade=False)
    onto = np.linalg.pinv(X) @ X
    for end, color, line, words, side in (
        (X[0], BLACK, "-", "  retain input", "left"),
        (X[1], BLACK, "-", "  retain input", "left"),
        (x, VERMILLION, "-", "forget input  ", "right"),
        (theta, ORANGE, "--", "  θ*", "left"),
        (onto @ theta, BLUE, "-", "  unlearned", "left"),
    ):
        drawn = np.stack([0 * end, end]).T
        ax.plot(*drawn, color=color, linestyle=line, linewidth=2, marker="o", markevery=[-1])
        ax.text(*end, words, color=INK.get(color, color), ha=side)
    for end, line in ((theta, "-"), (x, ":")):
        ax.plot(*np.stack([onto @ end, end]).T, color=GREEN, linestyle=line, linewidth=3)
    ax.text(*(theta + onto @ theta) / 2, "  leaked", color=GREEN)
    ax.text(*corners[0, 1], "  span of the\n  retain inputs", color=BLUE, va="top")
    ax.set(xlabel="entry 1", ylabel="entry 2", zlabel="entry 3")
    ax.set_box_aspect(np.ptp([*corners.reshape(-1, 3), theta, x], axis=0), zoom=1.25)
    ax.view_init(elev=16, azim=-62)
    return fig.done(finding, "θ*, the retain and the forget inputs in space")


@look()
def attack(rows, finding: str = "") -> Figure:
    """Who was in the forget set? rows: {model: (candidates (m,), forget input)}, |cosine| with the
    leak, or None for no leak."""
    fig, ax = figure(size=(8.4, 4))
    name_rows(ax, list(rows), 0.62)
    words = "|cosine| between the leaked component and the candidate's part outside the retain span"
    ax.set(xlim=(0, 1.02), xlabel=words)
    for row, found in enumerate(rows.values()):
        if found is None:
            note(ax, "no leaked component is left to compare with", (0.02, row), va="center")
            continue
        candidates, forget = found
        jitter = 0.22 * np.sin(7.3 * np.arange(len(candidates)))
        ax.plot(candidates, row + jitter, ".", color=PURPLE, alpha=0.5, markersize=4)
        ax.plot(forget, row, clip_on=False, **FORGET)
    note(ax, "forget input", (1, 0), (-9, 0), VERMILLION, ha="right", va="center")
    note(ax, "inputs never trained on", (0.02, 0), (0, 13), PURPLE)
    return fig.done(finding, "|cosine| of every candidate, a row for each model")
