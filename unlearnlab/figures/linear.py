"""Pictures of linear models: the shortest interpolator, where descent ends, what approximation, Ridge and batches cost, and LinearLab."""
import math
from dataclasses import dataclass

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Polygon
from matplotlib.text import Annotation, Text

from .sine import METHOD_LOOKS
from .style import (BLACK, BLUE, DARK_ORANGE, GREEN, GREY, ORANGE, ORIGINAL, PURPLE, SKY, TARGET, UNLEARNED, VERMILLION, Figure, figure,
                    look)

PLANE = "#D6E6F2"
WORDS = {ORANGE: DARK_ORANGE, SKY: "#2B7FB0", PURPLE: "#9C4F7B"}  # for text: darker than the palette's pale colours
REACH = 2.0  # half the height and width of the lab's picture, in the units of theta


@look()
def shortest(x, y, points) -> Figure:
    """One retain point in the plane of theta: its line of interpolators, some of them, and their common foot.

    x (2,), y: the retain input and label. points (k, 2): interpolators.
    """
    x, points = np.asarray(x), np.asarray(points)
    foot, along = float(y) * x / (x @ x), np.array([-x[1], x[0]])
    fig, ax = figure(size=(7, 4.2))
    ax.set(xlim=(-1.2, 2.4), ylim=(-.5, 1.9), aspect="equal", xlabel="θ, first entry", ylabel="θ, second entry")
    ax.axline(foot, foot + along, **TARGET)
    ax.axline((0, 0), x, color=SKY, linewidth=1.6)
    ax.add_patch(Circle((0, 0), np.linalg.norm(foot), fill=False, edgecolor="#A0A0A0", linestyle=":", linewidth=1))
    ax.plot(0, 0, "+", color=BLACK, markersize=9)
    for point in points:
        ax.annotate("", foot, point, arrowprops={"arrowstyle": "->", "color": ORANGE, "linestyle": "--", "linewidth": 1.4, "shrinkB": 6})
    ax.plot(*points.T, "s", color=ORANGE, markersize=8, markeredgecolor="white", linestyle="none", zorder=4)
    ax.plot(*foot, "o", color=BLUE, markersize=10, zorder=5)
    ax.annotate("shortest interpolator", foot, (14, -4), textcoords="offset points", color=BLUE)
    ax.annotate("interpolators", points[points[:, 1].argmax()], (10, 0), textcoords="offset points", color=DARK_ORANGE)
    ax.annotate("span of\nthe input", 1.62 * x, (0, -24), textcoords="offset points", color=WORDS[SKY])
    ax.annotate("equal ‖θ‖", (-np.linalg.norm(foot), 0), (4, -26), textcoords="offset points", color=GREY)
    ax.set_title("Every interpolator has the same projection on the span of the input")
    fig.alt = ("The interpolators of one point form a line; every one of them projects on the same point of the span of the "
               "input, "
               "which is the point of the line nearest the origin")
    return fig


@look()
def row_lengths(ratio, errors) -> Figure:
    """Relative error against the ratio of the longest to the shortest retain input. errors: {name: (k,)}."""
    fig, ax = figure(size=(7.2, 3.5))
    styles = [{"color": VERMILLION, "linestyle": "--", "marker": "s"}, {"color": BLUE, "linestyle": "-", "marker": "o"}]
    for (name, values), style in zip(errors.items(), styles):
        ax.loglog(ratio, np.maximum(values, 1e-17), markersize=4, linewidth=1.6, **style)
        ax.annotate(name, (ratio[-1], values[-1]), (7, 0), textcoords="offset points", va="center", color=style["color"],
                    annotation_clip=False)
    ax.axhline(1e-10, **TARGET)
    ax.annotate("10⁻¹⁰", (ratio[0], 1e-10), (2, 4), textcoords="offset points")
    ax.set(xlabel="longest retain input / shortest", ylabel="relative error", xlim=(ratio[0], ratio[-1]), ylim=(1e-17, 1),
           title="The span does not depend on the lengths of the inputs")
    ax.set_yticks([1e-16, 1e-12, 1e-8, 1e-4, 1])
    ax.minorticks_off()
    fig.alt = ("The projection stays at rounding for every ratio of row lengths; the pseudo-inverse of the rows as they are "
               "loses a digit "
               "whenever the ratio grows tenfold")
    return fig


@look()
def descents(curves, floors) -> Figure:
    """Distance to the minimum-norm solution in gradient steps. curves: {name: (steps + 1,)}; floors: {name: predicted limit, or 0}."""
    fig, ax = figure(size=(8, 3.8))
    colors = [GREEN, BLUE, VERMILLION, ORANGE]
    styles = ["-", (0, (5, 1.5)), "-.", ":"]
    for (name, values), color, style in zip(curves.items(), colors, styles):
        ax.semilogy(values, color=color, linestyle=style, linewidth=2)
        ax.annotate(name, (len(values) - 1, values[-1]), (6, 0), textcoords="offset points", va="center", annotation_clip=False,
                    color=WORDS.get(color, color))
        if floors[name]:
            ax.plot(np.arange(0, len(values), 8), np.full(len(values[::8]), floors[name]), "o", mfc="white", color=color, markersize=4.5)
    ax.set(xlabel="gradient steps on the retain loss", ylabel="distance to the\nminimum-norm solution", xlim=(0, len(values) - 1),
           title="Descent forgets its start only in the span (circles: predicted)")
    fig.alt = ("From zero and from a start in the span descent comes arbitrarily near the minimum-norm solution; from elsewhere "
               "it stops at "
               "the length of the start's part off the span, and from the original model it never moves")
    return fig


@look()
def approximate(bound, directions, stopped) -> Figure:
    """Distance from the ideal against the retain residual, both axes logarithmic.

    bound: (residuals (k,), distances (k,)). directions: {"any direction": (residuals, distances), "worst direction": ...}. stopped: the
    same for an original that stopped early.
    """
    fig, ax = figure(size=(7.4, 3.9))
    ax.loglog(*bound, color=BLACK, linestyle=":", linewidth=1.6)
    looks = [{"color": SKY, "marker": "o", "markersize": 4}, {"color": VERMILLION, "marker": "D", "markersize": 6}]
    for (name, (size, away)), style in zip(directions.items(), looks):
        ax.plot(size, away, linestyle="none", label=name, **style)
    ax.plot(*stopped, color=ORANGE, marker="s", markersize=4.5, linestyle="--", linewidth=1.2, label="training stopped early")
    at = len(bound[0]) // 3
    ax.annotate("bound ε / σ", (bound[0][at], bound[1][at]), (-6, 5), textcoords="offset points", ha="right")
    ax.set(xlabel="retain residual ε = ‖X θ* − y‖", ylabel="distance from the\nideal answer", title="Unlearning a model that "
                                                            "fits only approximately")
    ax.legend(loc="lower right")
    fig.alt = ("The distance of the unlearned model from the ideal one grows in proportion to the residual and stays below "
               "residual over "
               "smallest singular value; errors along the last left singular vector lie on that line")
    return fig


@look()
def inside_span(angle, before, after, label, lengths) -> Figure:
    """What happens as the forget input nears the retain span. angle (k,), degrees. before, after (k,): predictions of the forget point
    by the original and the unlearned model; label: its own. lengths: {name: (k,)}, of the original and the unlearned model."""
    fig, (left, right) = figure(1, 2, size=(9, 3.5))
    left.plot(angle, before, **ORIGINAL)
    left.plot(angle, after, **UNLEARNED)
    left.annotate("original: the "
                  "label", (angle[-1], before[-1]), (-2, -14), textcoords="offset points", color=DARK_ORANGE, ha="right")
    left.annotate("unlearned", (angle[len(angle) // 2], after[len(angle) // 2]), (8, -14), textcoords="offset points", color=BLUE)
    left.plot(0, label, "o", color=BLUE, markersize=8, clip_on=False, zorder=5)
    left.annotate("what the retain\nset implies", (0, label), (10, -26), textcoords="offset points")
    left.set(ylabel="prediction at the forget input", title="The forget prediction", ylim=(min(0, *after) - .3, max(before) + .2))
    at = len(angle) // 3
    for (name, values), style, color, below in zip(lengths.items(), (ORIGINAL, UNLEARNED), (DARK_ORANGE, BLUE), (6, -16)):
        right.semilogy(angle, values, **style)
        right.annotate(name, (angle[at], values[at]), (0, below), textcoords="offset points", color=color)
    right.set(ylabel="‖θ‖", title="The price of fitting "
                                  "it", ylim=(.5 * min(map(min, lengths.values())), 1.5 * max(map(max, lengths.values()))))
    for ax in (left, right):
        ax.set(xlabel="angle between forget input and retain span, degrees", xlim=(0, angle[-1]))
    fig.alt = ("As the forget input turns into the retain span, the unlearned model's prediction of it goes to the value the "
               "retain set "
               "implies, while the original needs an ever longer theta to fit a different label")
    return fig


@look()
def ridge_path(lam, distance, slope, largest) -> Figure:
    """Distance of the ridge solution from the minimum-norm one against the penalty. lam, distance (k,); slope: fitted for small lam;
    largest: the distance for lam -> infinity, the length of the minimum-norm solution."""
    fig, ax = figure(size=(7, 3.4))
    ax.loglog(lam, distance, **METHOD_LOOKS["Ridge"])
    ax.axhline(largest, **TARGET)
    ax.annotate("‖θᵣ‖: everything shrunk away", (lam[0], largest), (2, -14), textcoords="offset points")
    at = len(lam) // 3
    ax.annotate(f"slope {slope:.2f}", (lam[at], distance[at]), (8, -10), textcoords="offset points", color=WORDS[PURPLE])
    ax.set(xlabel="penalty λ", ylabel="distance to the\nminimum-norm solution", title="Ridge is exact only in the limit λ → 0")
    fig.alt = "The distance of the ridge solution from the minimum-norm one falls in proportion to the penalty, and is never zero"
    return fig


@look()
def steps_needed(goal, counts) -> Figure:
    """Steps to reach a distance. goal (k,): as a share of the first distance. counts: {(method, label): (k,), inf where never}."""
    fig, ax = figure(size=(8.2, 4.1))
    looks = {**METHOD_LOOKS, "Retrain": {"color": GREEN, "linestyle": (0, (5, 1.5)), "linewidth": 2.0}}
    top = 10 ** math.ceil(math.log10(max(v for values in counts.values() for v in values if math.isfinite(v))) + .7)
    for (method, label), values in counts.items():
        values, style = np.asarray(values, dtype=float), looks[method]
        shown = np.where(np.isfinite(values), values, top)
        ax.loglog(goal, shown, marker="o" if np.isfinite(values).all() else "^", markersize=4.5, **style)
        ax.annotate(label, (goal[-1], shown[-1]), (8, 0), textcoords="offset points", va="center", annotation_clip=False,
                    color=WORDS.get(style["color"], style["color"]))
    ax.set(xlabel="goal: remaining share of the distance between θ* and "
                  "θᵣ", ylabel="steps", ylim=(.7, top * 1.6), xlim=(goal[0] * 1.2, goal[-1] / 1.2),
           title="Steps to come near the minimum-norm solution of the retain set")
    ax.minorticks_off()
    never = [label for (_, label), values in counts.items() if not np.isfinite(values).any()]
    fig.alt = ("The full projection needs one step for every goal; a repeated partial one and retraining need steps that grow "
               "with the logarithm of the "
               f"accuracy, Ridge more than in proportion to the accuracy; never: {', '.join(never) or 'none'}")
    return fig


@look()
def rows_used(count, gone, expected, repair) -> Figure:
    """One full projection off some of the retain rows. count (k,): rows used. gone: {name: (k,)}, mean share of |theta_r|^2 lost; expected
    (k,): 1 - count / n_r. repair (k,): descent steps on the whole retain set that bring it back."""
    fig, (left, right) = figure(1, 2, size=(9, 3.5))
    styles = [{"color": BLUE, "marker": "o", "linestyle": "-"}, {"color": VERMILLION, "marker": "s", "linestyle": "--"}]
    for (name, values), style in zip(gone.items(), styles):
        left.plot(count, values, markersize=5, **style, label=name)
    left.plot(count, expected, color=BLACK, linestyle=":", linewidth=1.4, label="1 − n_pert / n_r")
    left.legend(loc="lower left")
    left.set(ylabel="share of ‖θᵣ‖² lost", title="What the projection throws away", ylim=(-.03, 1.05))
    right.plot(count, repair, color=BLACK, marker="o", markersize=5, linewidth=1.6)
    right.set(ylabel="gradient steps", title="What it takes to learn it again", ylim=(-1, 1.15 * max(repair)))
    for ax in (left, right):
        ax.set(xlabel="rows used, n_pert", xticks=range(0, max(count) + 1, 5))
    fig.alt = ("Projecting off fewer rows throws away more of what the retain set taught; the steps of descent needed to learn "
               "it again stay near those "
               "of retraining until nearly all rows are used")
    return fig


@look()
def passes(n_pert, panels) -> Figure:
    """One pass over batches. n_pert (k,). panels: list of (title, {strength: (k,)}), values as shares from 0 up."""
    fig, axes = figure(1, len(panels), size=(9.4, 3.6), sharex=True)
    looks = [{"color": BLUE, "marker": "o", "linestyle": "-"}, {"color": VERMILLION, "marker": "s", "linestyle": "--"},
             {"color": GREEN, "marker": "^", "linestyle": "-."}]
    for i, (ax, (title, curves)) in enumerate(zip(axes, panels)):
        for (strength, values), style in zip(curves.items(), looks):
            ax.plot(n_pert, values, markersize=5, linewidth=1.6, label=f"strength {strength:g}", **style)
        ax.set(title=title, xlabel="rows per batch, n_pert", ylim=(-.04, 1.12 * max(1, *(max(v) for v in curves.values()))))
        ax.set_xscale("log")
        ax.set_xticks(n_pert, [str(n) for n in n_pert])
        ax.minorticks_off()
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    fig.alt = ("After one pass, small batches have removed more of the leak, because there are more of them, and have damaged "
               "the retain predictions more; "
               "only the batch of all rows keeps the predictions at every strength")
    return fig


def project(points, azimuth: float, elevation: float) -> np.ndarray:
    """Orthographic view of points (..., 3) from azimuth and elevation in degrees: (..., 2), right and up."""
    a, e = math.radians(azimuth), math.radians(elevation)
    view = np.array([[-math.sin(a), math.cos(a), 0], [-math.sin(e) * math.cos(a), -math.sin(e) * math.sin(a), math.cos(e)]])
    return np.asarray(points, dtype=float) @ view.T


def in_sight(point, azimuth: float, elevation: float) -> bool:
    """Whether the lab's picture holds this point (3,)."""
    return bool(np.abs(project(point, azimuth, elevation)).max() <= REACH)


@dataclass
class SpaceArtists:
    """The parts of the lab's picture that move."""

    plane: Polygon
    line: Line2D
    axes: list[Line2D]
    axis_names: list[Text]
    inputs: list[Line2D]
    forget: Line2D
    lift: Line2D
    drop: Line2D
    original: Line2D
    foot: Line2D
    ring: Line2D
    words: list[Annotation]

    def list(self):
        """In the order of drawing."""
        return [artist for value in vars(self).values() for artist in (value if isinstance(value, list) else [value])]

    def update(self, scene, azimuth, elevation):
        """Shows `scene`, what widgets.linear_lab.scene returned, from azimuth and elevation in degrees."""
        view = lambda *points: project(np.stack([np.asarray(p, dtype=float) for p in points]), azimuth, elevation)
        zero, plane = np.zeros(3), len(scene.basis) == 2
        u, w = np.asarray(scene.basis[0]), np.asarray(scene.basis[-1])
        self.plane.set_visible(plane), self.line.set_visible(not plane), self.inputs[1].set_visible(plane)
        self.plane.set_xy(.75 * REACH * view(-u - w, u - w, u + w, -u + w))
        self.line.set_data(*(2 * REACH * view(-u, u)).T)
        for artist, name, unit in zip(self.axes, self.axis_names, np.eye(3)):
            artist.set_data(*view(zero, .6 * unit).T)
            name.set_position(view(.72 * unit)[0])
        segments = {self.forget: (zero, scene.x_forget), self.lift: (scene.x_forget, scene.x_foot), self.original: (zero, scene.original),
                    self.drop: (scene.original, scene.unlearned), self.foot: (scene.unlearned,), self.ring: (scene.retrained,)}
        segments |= {artist: (zero, x) for artist, x in zip(self.inputs, scene.X_retain)}
        for artist, points in segments.items():
            artist.set_data(*view(*points).T)
        places = view(scene.original, scene.x_forget)
        sides = (-1, 1) if places[0, 0] <= places[1, 0] else (1, -1)  # the words point away from each other
        for word, place, side in zip(self.words, places, sides):
            word.xy = place
            word.set(position=(9 * side, 6), ha="left" if side > 0 else "right", visible=bool(np.abs(place).max() <= REACH))


@look()
def space() -> tuple[Figure, SpaceArtists]:
    """(Figure, SpaceArtists) of LinearLab: the retain span, the forget input, theta*, its projection and the retrained solution."""
    fig, (key, ax) = figure(1, 2, size=(7.6, 4.7), gridspec_kw={"width_ratios": [1, 2.2]})
    key.axis("off"), ax.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), aspect="equal", xticks=[], yticks=[])
    for side in ax.spines.values():
        side.set(visible=True, color="#D0D0D0")
    plane = ax.add_patch(Polygon(np.zeros((4, 2)), facecolor=PLANE, edgecolor=SKY, alpha=.75, linewidth=1))
    line = lambda linestyle="-", **style: ax.plot([0, 0], [0, 0], linestyle=linestyle, **style)[0]
    tip = {"linewidth": 2, "markevery": [1]}
    span = line(color=SKY, linewidth=4, alpha=.7)
    axes = [line(color="#A0A0A0", linewidth=1) for _ in range(3)]
    names = [ax.text(0, 0, f"entry {i + 1}", color=GREY, fontsize=8, ha="center", va="center") for i in range(3)]
    inputs = [line(color=BLACK, marker="o", markersize=5, **tip) for _ in range(2)]
    forget = line(color=VERMILLION, marker="X", markersize=9, markeredgecolor="white", **tip)
    lift, drop = line(":", color=VERMILLION, linewidth=1.3), line(":", color=ORANGE, linewidth=1.6)
    original = line("--", color=ORANGE, marker="s", markersize=8, **tip)
    foot = line("none", color=BLUE, marker="o", markersize=8)
    ring = line("none", color=GREEN, marker="o", markersize=16, markerfacecolor="none", markeredgewidth=2.2)
    words = [ax.annotate(text, (0, 0), (9, 5), textcoords="offset points", color=color)
             for text, color in (("θ*", DARK_ORANGE), ("forget input", VERMILLION))]
    handles = [inputs[0], plane, forget, original, foot, ring]
    labels = ["retain input", "retain span", "forget input, and\nits foot in the span", "θ*: shortest vector\nthat fits all of "
                                                            "D", "its projection:\nunlearned",
              "shortest vector that\nfits Dᵣ: retrained"]
    key.legend(handles, labels, loc="center left", bbox_to_anchor=(-.05, .5), labelspacing=1.2, borderpad=0)
    fig.alt = "Retain span, forget input, original, unlearned and retrained model in three dimensions"
    return fig, SpaceArtists(plane, span, axes, names, inputs, forget, lift, drop, original, foot, ring, words)
