"""Pictures of notebook 01: many minimisers of one loss, gradients that vanish, and what a trained vector gives away."""
import numpy as np

from .style import (BLACK, BLUE, DARK_ORANGE, FORGET, GREEN, ORANGE, ORIGINAL, PURPLE, RETAIN, TARGET, UNLEARNED, VERMILLION,
                    Figure, figure, look)

METHOD = {"GD": BLUE, "GA": VERMILLION, "NGD": PURPLE}
NOTHING = 1e-18   # where a logarithmic axis shows what is exactly 0
ROUNDING = 1e-11  # below this, a float64 gradient of these problems is rounding


@look()
def many_minimisers(share, retain_loss, forget_loss, length) -> Figure:
    """Losses and norm along theta_r + share (theta* - theta_r). All (k,): share 0 is the unlearned model, 1 the original."""
    share, retain_loss, forget_loss, length = map(np.asarray, (share, retain_loss, forget_loss, length))
    fig, (left, right) = figure(1, 2, size=(8.4, 3.3))
    left.plot(share, forget_loss, **{**FORGET, "marker": "", "linestyle": "--", "linewidth": 2})
    left.plot(share, retain_loss, color=BLACK, linewidth=2.4)
    left.annotate("forget loss", (share[len(share) // 6], forget_loss[len(share) // 6]), (8, 2),
                  textcoords="offset points", color=VERMILLION)
    left.annotate("retain loss: 0 all along", (share[0], 0), (2, 7), textcoords="offset points")
    left.set(ylabel="mean squared error", title="Every point of the line keeps the retain set")
    right.plot(share, length, color=BLUE, linewidth=2)
    right.set(ylabel="length of θ", title="One of them is the shortest", ylim=(.93 * length.min(), 1.01 * length.max()))
    for at, name, color in ((0, "unlearned", BLUE), (1, "original", ORANGE)):
        right.plot(at, np.interp(at, share, length), "o" if at == 0 else "s", color=color, markersize=8, zorder=3)
        right.annotate(name, (at, np.interp(at, share, length)), (0, -14 if at == 0 else 10), textcoords="offset points",
                       ha="center" if at == 0 else "right")
    for ax in (left, right):
        ax.set_xlabel("share s of the way from unlearned to original")
    fig.alt = ("Along the line from the unlearned to the original parameters the retain loss is 0 everywhere, the forget "
               "loss falls to 0 at the original, and the length of theta is smallest at the unlearned end")
    return fig


@look()
def two_fits(x, original, other, retain, forget) -> Figure:
    """Two networks with the same retain loss. x, original, other: (k,). retain, forget: pairs (inputs, targets), flat."""
    x, original, other = map(np.asarray, (x, original, other))
    fig, ax = figure(size=(7.5, 3.4))
    ax.plot(x, original, **ORIGINAL)
    ax.plot(x, other, **UNLEARNED)
    ax.plot(x, np.sin(x), **TARGET)
    ax.plot(*retain, **RETAIN)
    ax.plot(*forget, **FORGET)
    near = int(np.argmin(np.abs(x - float(forget[0][0]))))
    ax.annotate("forget point", (forget[0][0], forget[1][0]), (9, 0), textcoords="offset points", va="center", color=VERMILLION)
    ax.annotate("original", (x[near], original[near]), (-15, -24), textcoords="offset points", ha="right", color=DARK_ORANGE)
    ax.annotate("other minimiser", (x[near], other[near]), (60, -37), textcoords="offset points", color=BLUE)
    ax.annotate("sin x (dotted)", (x[near], np.sin(x[near])), (0, -20), textcoords="offset points")
    ax.set(xlabel="input x", ylabel="output f(θ, x)", title="Both networks fit all nine retain points (dots) exactly")
    fig.alt = ("Two networks pass through the same nine retain points. The original also climbs to the forget point at 1.5; "
               "the other one does not")
    return fig


@look()
def gradient_norms(models) -> Figure:
    """Gradient lengths of several models. models: {name: {"retain": norm, "forget": norm, "output": mean norm}}."""
    fig, ax = figure(size=(8.4, 1.5 + .55 * len(models)))
    ax.set_xscale("log")
    ax.axvspan(NOTHING / 30, ROUNDING, color="#EFEFEF", zorder=0)
    kinds = (("retain", "o", BLACK, .16, "loss gradient, retain"), ("forget", "X", VERMILLION, -.16, "loss gradient, forget"),
             ("output", "s", BLUE, 0, "output gradient (mean length)"))
    for kind, marker, color, shift, label in kinds:
        values = [max(float(norms[kind]), NOTHING) for norms in models.values()]
        ax.plot(values, np.arange(len(models)) + shift, marker, color=color, markersize=7, label=label, clip_on=False)
    for row, norms in enumerate(models.values()):
        if norms["retain"] == norms["forget"] == 0:
            ax.annotate("both exactly 0", (NOTHING, row), (10, 0), textcoords="offset points", va="center")
    ax.set(yticks=range(len(models)), yticklabels=list(models), ylim=(len(models) - .5, -.5), xlim=(NOTHING / 30, 1e4),
           xlabel="length of the gradient (shaded: rounding)")
    ax.grid(False, axis="y")
    ax.legend(loc="lower center", bbox_to_anchor=(.5, 1), ncols=3, handletextpad=.2, columnspacing=1.2, frameon=False)
    vanish = [name for name, norms in models.items() if max(norms["retain"], norms["forget"]) < ROUNDING]
    fig.alt = ("Lengths of gradients, log scale: retain and forget loss gradients are zero up to rounding for "
               f"{' and '.join(vanish) or 'none'}, and for no other model; output gradients are large for every model")
    return fig


@look()
def steps_from_interpolation(curves) -> Figure:
    """How far plain gradient steps carry. curves: list of dicts with method ("GD", "GA" or "NGD"), label, drift (k,),
    and perhaps style (a line style) and expected (k,)."""
    fig, ax = figure(size=(8.4, 3.9))
    ax.set_yscale("log")
    for curve in curves:
        drift = np.asarray(curve["drift"])
        steps = np.arange(1, len(drift) + 1)
        color = METHOD[curve["method"]]
        ax.plot(steps, drift, color=color, linestyle=curve.get("style", "-"), linewidth=2)
        if curve.get("expected") is not None:
            every = slice(len(drift) // 16, None, len(drift) // 8)
            ax.plot(steps[every], np.asarray(curve["expected"])[every], "o", color=color, mfc="white", markersize=5.5)
        ax.annotate(curve["label"], (steps[-1], drift[-1]), (6, 0), textcoords="offset points", va="center",
                    color=color, annotation_clip=False)
    ax.set(xlabel="gradient steps (no AdamW, no weight decay)", ylabel="distance from θ*", xlim=(0, len(drift)),
           title="From an interpolating model (circles: predicted)")
    fig.alt = ("Distance from theta* in plain gradient steps: ascent started a little off interpolation grows "
               "exponentially at the predicted rate, descent goes nowhere, noisy descent grows like the square root")
    return fig


@look()
def noise_clouds(panels, centre) -> Figure:
    """Where noise sends two predictions. panels: list of (title, cloud (m, 2), target (2,)). centre: the original's (2,)."""
    fig, axes = figure(1, len(panels), size=(8.6, 4), sharex=True, sharey=True)
    for i, (ax, (title, cloud, target)) in enumerate(zip(np.atleast_1d(axes), panels)):
        cloud = np.asarray(cloud)
        ax.plot(cloud[:, 0], cloud[:, 1], ".", color=PURPLE, markersize=3.5, alpha=.55)
        ax.annotate("", target, centre, arrowprops={"arrowstyle": "->", "color": BLUE, "linestyle": "--", "linewidth": 1.4})
        ax.plot(*centre, "s", color=ORANGE, markeredgecolor="white", markersize=9)
        ax.plot(*target, "*", color=BLUE, markersize=14)
        ax.annotate("unlearned", target, (0, 11), textcoords="offset points", ha="center", color=BLUE)
        ax.set(title=title, xlabel="prediction on point A")
        ax.margins(.18)
        if i == 0:
            ax.set_ylabel("prediction on point B")
            ax.annotate("original + noise", cloud[cloud[:, 1].argmin()], (0, -13), textcoords="offset points", ha="center",
                        color=PURPLE)
    fig.alt = ("Two clouds of noisy predictions around the original: the same cloud whichever point is to be forgotten, "
               "while the unlearned model lies in a different place each time, outside the cloud")
    return fig


@look()
def adamw_drift(panels) -> Figure:
    """Drift under AdamW. panels: list of (title, curves, note); curves as in `steps_from_interpolation`, one per run."""
    fig, axes = figure(1, len(panels), size=(9, 3.9), sharex=True, sharey=True)
    for i, (ax, (title, curves, note)) in enumerate(zip(np.atleast_1d(axes), panels)):
        ax.set_yscale("log")
        for curve in curves:
            drift = np.asarray(curve["drift"])
            color = METHOD[curve["method"]]
            ax.plot(np.arange(1, len(drift) + 1), drift, color=color, linestyle=curve.get("style", "-"), linewidth=2)
            ax.annotate(curve["label"], (len(drift), drift[-1]), (5, 0), textcoords="offset points", va="center",
                        color=color, annotation_clip=False)
        if note:
            ax.annotate(note, (.5, .06), xycoords="axes fraction", ha="center")
        ax.set(title=title, xlabel="epoch (one AdamW update)", xlim=(0, len(drift)))
        if i == 0:
            ax.set_ylabel("distance from θ* / length of θ*")
    fig.alt = ("Drift under AdamW from interpolation: in exact arithmetic and with no weight decay descent and ascent stay "
               "where they are; weight decay, or rounding in a network, sets both moving, and ascent does not stop")
    return fig


@look()
def leak_plane(x_retain, y_retain, x_forget, y_forget, path, retained_path) -> Figure:
    """Least squares in the plane: one retain input (2,), one forget input (2,), two descent paths (k, 2) from 0."""
    x_retain, x_forget, path, alone = map(np.asarray, (x_retain, x_forget, path, retained_path))
    fig, ax = figure(size=(7, 5))
    ax.set(xlim=(-.35, 2.1), ylim=(-.3, 1.75), aspect="equal", xlabel="θ, first entry", ylabel="θ, second entry")
    for x, y, style, name in ((x_retain, y_retain, TARGET, "fits the retain point"),
                              (x_forget, y_forget, {**TARGET, "color": VERMILLION}, "fits the forget point")):
        y, steep = float(y), abs(x[0]) > abs(x[1])
        foot = y * x / (x @ x)
        ax.axline(foot, foot + [-x[1], x[0]], **style)
        at = ((y - 1.55 * x[1]) / x[0], 1.55) if steep else (1.25, (y - 1.25 * x[0]) / x[1])
        ax.annotate(name, at, (9, 0) if steep else (0, 9), textcoords="offset points", color=style["color"], va="center")
    _arrow(ax, (0, 0), x_retain, BLACK, "retain input", (6, 2))
    _arrow(ax, (0, 0), x_forget, VERMILLION, "forget\ninput", (-46, -22))
    ax.plot(*path.T, color=ORANGE, linestyle="--", linewidth=1.8)
    ax.plot(*alone.T, color=BLUE, linewidth=2.6, zorder=4)
    ax.plot(*path[-1], "s", color=ORANGE, markersize=9, zorder=4)
    ax.plot(*alone[-1], "o", color=BLUE, markersize=9, zorder=4)
    ax.annotate("", path[-1], alone[-1], arrowprops={
        "arrowstyle": "->", "color": GREEN, "linewidth": 2.4, "shrinkA": 4, "shrinkB": 5})
    ax.annotate("leaked", (path[-1] + alone[-1]) / 2, (8, 2), textcoords="offset points", color=GREEN)
    ax.annotate("θ*", path[-1], (9, 5), textcoords="offset points", color=DARK_ORANGE)
    ax.annotate("unlearned", alone[-1], (12, -14), textcoords="offset points", color=BLUE)
    ax.set_title("Descent from 0: on both points (dashed), on the retain point alone (solid)")
    fig.alt = ("Descent on both points ends where the two lines of interpolators cross; descent on the retain point alone "
               "ends on the retain input's own direction, at the projection of theta*; the difference is perpendicular to it")
    return fig


@look()
def leak_space(X_retain, theta, x_forget) -> Figure:
    """Two retain inputs span a plane in three dimensions; theta* stands out of it. X_retain (2, 3), theta, x_forget (3,)."""
    X, theta, x = map(np.asarray, (X_retain, theta, x_forget))
    basis = np.linalg.svd(X, full_matrices=False)[2]
    foot, x_foot = basis.T @ (basis @ theta), basis.T @ (basis @ x)
    fig, ax = figure(size=(7.4, 4.2), subplot_kw={"projection": "3d"})
    ax.computed_zorder = False
    reach = np.array([[-.35, -.35], [1.9, -.35], [1.9, 1.9], [-.35, 1.9]]) @ X
    ax.plot_trisurf(*reach.T, triangles=[[0, 1, 2], [0, 2, 3]], color="#D6E6F2", alpha=.6, edgecolor="none", shade=False, zorder=0)
    for end, color, name, style in ((X[0], BLACK, "retain input", "-"), (X[1], BLACK, "retain input", "-"),
                                    (x, VERMILLION, "forget input", "-"), (theta, ORANGE, "θ*", "--")):
        ax.plot(*np.stack([0 * end, end]).T, color=color, linestyle=style, linewidth=2, zorder=3)
        ax.text(*(end * 1.06), name, color=DARK_ORANGE if color == ORANGE else color, zorder=6, ha="right" if color == VERMILLION else "left")
    for a, b, name in ((foot, theta, "leaked"), (x_foot, x, "")):
        ax.plot(*np.stack([a, b]).T, color=GREEN, linestyle="-" if name else ":", linewidth=3, zorder=4)
        ax.text(*((a + b) / 2), f"  {name}", color=GREEN, zorder=6)
    ax.scatter(*theta, color=ORANGE, marker="s", s=45, zorder=5, depthshade=False)
    ax.scatter(*foot, color=BLUE, marker="o", s=50, zorder=5, depthshade=False)
    ax.text(*foot, "  unlearned", color=BLUE, zorder=6, va="top")
    ax.text(*reach[1], "  span of the\n  retain inputs", color=BLUE, zorder=6, va="top")
    ax.set(xlabel="entry 1", ylabel="entry 2", zlabel="entry 3")
    ax.set_box_aspect(np.ptp(np.vstack([reach, [theta, x, 0 * x]]), axis=0), zoom=1.25)
    ax.view_init(elev=16, azim=-62)
    fig.alt = ("Theta* stands out of the plane spanned by the two retain inputs; the part that stands out is parallel to the "
               "part of the forget input that stands out, and the unlearned model is the foot in the plane")
    return fig


@look()
def attack(rows) -> Figure:
    """Who was in the forget set? rows: {model: (candidates (m,), forget input)}, |cosine| with the leak, or None for no leak."""
    fig, ax = figure(size=(8.4, 1.3 + .55 * len(rows)))
    for row, found in enumerate(rows.values()):
        if found is None:
            ax.annotate("no leaked component is left to compare with", (.02, row), va="center")
            continue
        candidates, forget = found
        jitter = .22 * np.sin(7.3 * np.arange(len(candidates)))
        ax.plot(candidates, row + jitter, ".", color=PURPLE, alpha=.5, markersize=4)
        ax.plot(float(forget), row, clip_on=False, **FORGET)
    ax.annotate("forget input", (1, 0), (-9, 0), textcoords="offset points", ha="right", va="center", color=VERMILLION)
    ax.annotate("inputs never trained on", (.02, 0), (0, 13), textcoords="offset points", color=PURPLE, va="bottom")
    ax.set(yticks=range(len(rows)), yticklabels=list(rows), ylim=(len(rows) - .5, -.62), xlim=(0, 1.02),
           xlabel="|cosine| between the leaked component and the candidate's part outside the retain span")
    ax.grid(False, axis="y")
    told = [name for name, found in rows.items() if found is not None and float(found[1]) > max(map(float, found[0]))]
    clean = [name for name, found in rows.items() if found is None]
    fig.alt = (f"The forget input scores above every other candidate in: {'; '.join(told) or 'none'}. "
               f"No leaked component is left in: {'; '.join(clean) or 'none'}")
    return fig


def _arrow(ax, start, end, color, name, offset):
    ax.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": color, "linewidth": 1.8, "shrinkA": 0, "shrinkB": 0})
    ax.annotate(name, end, offset, textcoords="offset points", color=color)
