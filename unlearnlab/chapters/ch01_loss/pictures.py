"""Pictures of notebook 01: many minimisers of one loss, gradients that vanish, and what a trained
vector gives away. finding: as in Figure.done."""

import numpy as np

from ...course.marks import decades, floored, lines, name_rows, note, vectors
from ...course.style import (
    BLACK,
    BLUE,
    FORGET,
    GREEN,
    ORANGE,
    ORIGINAL,
    PLAIN,
    PURPLE,
    RETAIN,
    SKY,
    UNLEARNED,
    VERMILLION,
    line_look,
    picture,
)

NOTHING = 1e-18  # where a logarithmic axis shows what is exactly 0
ROUNDING = 1e-11  # below this, a float64 gradient of these problems is rounding


SHARE = "share s of the way from unlearned to original"


@picture(
    (SHARE, "mean squared error", "Every point of the line keeps the retain set"),
    (SHARE, "length of θ", "One of them is the shortest"),
)
def many_minimisers(axes, share, retain_loss, forget_loss, length):
    """Losses and norm along theta_r + share (theta* - theta_r), all (k,): share 0 is the unlearned
    model, 1 the original."""
    left, right = axes
    losses = {"retain loss": retain_loss, "forget loss": forget_loss}
    lines(left, share, losses, PLAIN, named=False, linewidth=2)
    right.plot(share, length, color=BLACK)
    for at, name, style in ((0, "unlearned", UNLEARNED), (1, "original", ORIGINAL)):
        right.plot(at, np.interp(at, share, length), marker="s", label=name, **style)
    for ax in axes:
        ax.legend()


@picture(
    ("length of the gradient (shaded: rounding)",),
    legend=3,
    xscale="log",
    what="Lengths of gradients of several models",
)
def gradient_norms(ax, models):
    """Gradient lengths of several models.

    models: {name: {"retain": norm, "forget": norm, "output": mean norm}}.
    """
    name_rows(ax, models)
    ax.axvspan(NOTHING / 30, ROUNDING, color="#EFEFEF")
    output = {**RETAIN, "color": BLUE, "marker": "s"}
    for kind, shift, label, style in (
        ("retain", 0.16, "loss gradient, retain", RETAIN),
        ("forget", -0.16, "loss gradient, forget", FORGET),
        ("output", 0, "output gradient (mean length)", output),
    ):
        lengths = floored([norms[kind] for norms in models.values()], NOTHING)
        ax.plot(lengths, np.arange(len(models)) + shift, label=label, **style)
    decades(ax.xaxis, -18, 3, 3, floor=True)


def _drifts(ax, curves):
    """A line for each of curves, name -> distances (k,); a name begins with its method."""
    steps = np.arange(1, len(next(iter(curves.values()))) + 1)
    lines(ax, steps, curves, {name: line_look(name.split()[0]) for name in curves})


@picture(
    (
        "gradient steps (no AdamW, no weight decay)",
        "distance from θ*",
        "From an interpolating model (circles: predicted)",
    ),
    yscale="log",
)
def steps_from_interpolation(ax, curves, expected):
    """How far plain gradient steps carry. curves: as in `_drifts`. expected: the same of some."""
    _drifts(ax, curves)
    for values in expected.values():
        steps = range(1, len(values) + 1)
        ax.plot(steps, values, "o", color=BLACK, mfc="white", markevery=(12, 25))


@picture(
    *[("prediction on point A", "prediction on point B")] * 2,
    legend=3,
    panels={"sharex": True, "sharey": True},
)
def noise_clouds(axes, panels, centre):
    """Where noise sends two predictions.

    panels: list of (title, cloud (m, 2), target (2,)). centre: the original's (2,).
    """
    for ax, (title, cloud, target) in zip(axes, panels):
        ax.set_title(title)
        ax.plot(*cloud.T, ".", color=PURPLE, alpha=0.55, label="original + noise")
        ax.plot(*centre, "s", color=ORANGE, markersize=9, label="original")
        ax.plot(*target, "*", color=BLUE, markersize=14, label="unlearned")


@picture(
    *[("epoch (one AdamW update)", "distance from θ* / length of θ*")] * 2,
    panels={"sharey": True},
    yscale="log",
)
def adamw_drift(axes, panels):
    """Drift under AdamW. panels: {title: curves}, as in `_drifts`."""
    for ax, (title, curves) in zip(axes, panels.items()):
        ax.set_title(title)
        _drifts(ax, curves)


@picture(
    (
        "θ, first entry",
        "θ, second entry",
        "Descent from 0: on both points (dashed), on the retain point alone (solid)",
    ),
    size=(7, 5),
    what="The plane of θ, two inputs, and two paths of descent",
    aspect="equal",
    xlim=(-0.35, 2.1),
    ylim=(-0.3, 1.75),
)
def leak_plane(ax, inputs, labels, both, alone):
    """Least squares in the plane.

    inputs (2, 2), labels (2,): the retain point, then the forget point. both, alone: descent paths
    (k, 2) from 0, on both points and on the retain point alone.
    """
    inputs, labels, both, alone = map(np.asarray, (inputs, labels, both, alone))
    for x, y, name, color in zip(inputs, labels, ("retain", "forget"), (BLACK, VERMILLION)):
        foot = y * x / (x @ x)
        line = {"color": color, "linestyle": ":", "label": f"fits the {name} point"}
        ax.axline(foot, foot + [-x[1], x[0]], **line)
        vectors(ax, (0 * x, x, f"{name} input", color, "-"))
    vectors(ax, (alone[-1], both[-1], "leaked", GREEN, "-"))
    for path, name, style in ((both, "θ*", ORIGINAL), (alone, "unlearned", UNLEARNED)):
        ax.plot(*path.T, marker="s", markevery=[-1], label=name, **style)
    ax.legend()


@picture(
    ("entry 1", "entry 2"),
    size=(7.4, 4.2),
    what="θ*, the retain and the forget inputs in space",
    panels={"subplot_kw": {"projection": "3d"}},
)
def leak_space(ax, X_retain, theta, x_forget):
    """Two retain inputs (2, 3) span a plane in three dimensions; theta* (3,) and the forget input
    (3,) stand out of it."""
    X, theta, x = map(np.asarray, (X_retain, theta, x_forget))
    onto = np.linalg.pinv(X) @ X
    corners = np.stack(np.meshgrid((-0.35, 1.9), (-0.35, 1.9)), -1) @ X
    ax.plot_surface(*corners.transpose(2, 0, 1), color=SKY, alpha=0.25, shade=False)
    vectors(
        ax,
        (0 * x, X[0], "retain inputs, and their span", BLACK, "-"),
        (0 * x, X[1], None, BLACK, "-"),
        (onto @ theta, theta, "leaked", GREEN, "-"),
        (onto @ x, x, "out of the span", GREEN, ":"),
        (0 * x, x, "forget input", VERMILLION, "-"),
        (0 * x, theta, "θ*", ORANGE, "--"),
        (0 * x, onto @ theta, "unlearned", BLUE, "-"),
    )
    ax.set_box_aspect(np.ptp([*corners.reshape(-1, 3), theta, x], axis=0), zoom=0.9)
    ax.view_init(elev=16, azim=-62)
    ax.set_zlabel("entry 3")
    ax.figure.legend(loc="outside left center")


@picture(
    (
        "|cosine| between the leaked component and the candidate's part outside the retain span",
        "",
        "Dots: inputs never trained on. Cross: the forget input",
    ),
    what="|cosine| of every candidate, a row for each model",
    xlim=(0, 1.02),
)
def attack(ax, rows):
    """Who was in the forget set? rows: {model: (candidates (m,), forget input)}, |cosine| with the
    leak, or None for no leak."""
    name_rows(ax, rows)
    for row, scores in enumerate(rows.values()):
        if scores is None:
            note(ax, "no leaked component is left to compare with", (0.02, row), va="center")
            continue
        candidates, forget = scores
        jitter = np.linspace(-0.22, 0.22, len(candidates))
        ax.plot(candidates, row + jitter, ".", color=PURPLE, alpha=0.5, markersize=4)
        ax.plot(forget, row, clip_on=False, **FORGET)
