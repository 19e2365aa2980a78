"""Pictures of linear networks: what depth does to a linear function, exact unlearning, its failures, and the smallest parameters."""
from dataclasses import dataclass

import numpy as np
from matplotlib.lines import Line2D

from .marks import name_ends
from .style import BLACK, BLUE, DARK_ORANGE, GREEN, GREY, ORANGE, ORIGINAL, PURPLE, SKY, UNLEARNED, VERMILLION, figure, look

FLOOR = 1e-16  # of logarithmic axes: smaller values, exact zeros among them, stand on it
LINES = [{"color": BLUE, "linestyle": "-"}, {"color": ORANGE, "linestyle": "--"}, {"color": GREEN, "linestyle": "-."},
         {"color": VERMILLION, "linestyle": ":"}, {"color": PURPLE, "linestyle": (0, (5, 1, 1, 1))}]
WORDS = [BLUE, DARK_ORANGE, GREEN, VERMILLION, "#9A5580"]  # of the lines, dark enough to read


def _floored(values):
    return np.maximum(np.abs(np.asarray(values, dtype=float)), FLOOR)


@look()
def along_a_line(t, outputs):
    """One output along theta + t Delta. t: (n,); outputs: {depth: (n,)}."""
    fig, ax = figure(size=(7.0, 3.4))
    for (depth, values), style, word in zip(outputs.items(), LINES, WORDS):
        ax.plot(t, values, linewidth=1.8, **style)
        ax.annotate(f"L = {depth}", (t[-1], values[-1]), (6, -3), textcoords="offset points", color=word)
    ax.set(xlabel="t", ylabel="f(θ + t Δ, x) / largest value")
    ax.set_title("Along a straight line of parameters the output is a polynomial of degree L")
    ax.set_xlim(t[0], t[-1] + .12 * (t[-1] - t[0]))
    fig.alt = ("Along a line of parameters the output of one layer is straight, that of two a parabola, and those of more layers "
               "bend more often")
    return fig


@look()
def remainders(drift, values):
    """|actual - predicted change| of an output against drift, both logarithmic. values: {name: (n,)}, exact ones first."""
    fig, ax = figure(size=(7.4, 3.7))
    ax.axhspan(FLOOR / 3, 1e-13, color="#EDEDED", zorder=0)
    ax.annotate("rounding", (drift[0], 1e-13), (2, -12), textcoords="offset points", color=GREY)
    markers = ["o", "v", "s", "D", "^"]
    for error, style, marker in zip(values.values(), LINES, markers):
        ax.loglog(drift, _floored(error), marker=marker, markersize=4, linewidth=1.4, **style)
    ax.set(xlabel="drift ‖Δ‖", ylabel="|actual − predicted|\nchange of an output", ylim=(FLOOR / 3, None))
    ax.set_title("Move one layer, and the prediction is exact")
    ax.set_xlim(drift[0] / 1.5, drift[-1] * 30)
    ax.set_xticks([x for x in 10.0 ** np.arange(-6, 4) if drift[0] / 1.5 <= x <= drift[-1] * 1.5])
    ax.set_yticks([1e-16, 1e-12, 1e-8, 1e-4, 1], ["≤ 10⁻¹⁶", "10⁻¹²", "10⁻⁸", "10⁻⁴", "1"])
    ax.minorticks_off()
    name_ends(ax, {name: (drift[-1], _floored(error)[-1], style["color"])
                   for (name, error), style in zip(values.items(), LINES)})
    fig.alt = ("When a single layer moves, predicted and actual change of the outputs differ by rounding only, however long the "
               "move; when several layers move, the difference grows with the square of the drift")
    return fig


def _matrix(ax, matrix, limit, title, xlabel, ylabel="output", numbers=False):
    matrix = np.atleast_2d(np.asarray(matrix))
    image = ax.imshow(matrix, cmap="PuOr", vmin=-limit, vmax=limit, aspect="auto" if not numbers else "equal")
    ax.set(title=title, xlabel=xlabel, ylabel=ylabel)
    ax.grid(False)
    ax.set_xticks(range(matrix.shape[1]), range(1, matrix.shape[1] + 1))
    ax.set_yticks(range(matrix.shape[0]), range(1, matrix.shape[0] + 1))
    for spine in ax.spines.values():
        spine.set_visible(True)
    if numbers:
        for (row, column), value in np.ndenumerate(matrix):
            ax.text(column, row, f"{value:.0f}".replace("-", "−"), ha="center", va="center", color=BLACK if value else "#9A9A9A")
    return image


@look()
def lemma1(first, delta, original, unlearned, retrained):
    """Above A_1, Delta and their sum, (h_1, m); below the predictors (m,): original, unlearned, and the retrained one it must equal."""
    fig, axes = figure(2, 3, size=(8.2, 4.9), height_ratios=[1, 1])
    first, delta = np.asarray(first), np.asarray(delta)
    limit = np.abs([first, delta, first + delta]).max()
    for ax, matrix, title in zip(axes[0], (first, delta, first + delta), ("A₁", "Δ, of rank one", "A₁ + Δ")):
        image = _matrix(ax, matrix, limit, title, "input", "neuron")
    fig.colorbar(image, ax=list(axes[0]), label="entry", shrink=.9)
    for ax in axes[1]:
        ax.remove()
    ax = fig.add_subplot(axes[0, 0].get_gridspec()[1, :])
    at = np.arange(1, len(original) + 1)
    ax.axhline(0, color=GREY, linewidth=.8)
    ax.plot(at, original, marker="s", markersize=5, **ORIGINAL)
    ax.plot(at, retrained, color=GREEN, marker="D", markersize=10, markerfacecolor="none", linestyle="none")
    ax.plot(at, unlearned, marker="o", markersize=4, **UNLEARNED)
    ax.set(xlabel="input coordinate", ylabel="entry of w", xticks=at, title="The predictor")
    handles = [Line2D([], [], marker="s", **ORIGINAL), Line2D([], [], marker="o", **UNLEARNED),
               Line2D([], [], color=GREEN, marker="D", markersize=9, markerfacecolor="none", linestyle="none")]
    ax.legend(handles, ["w(θ*)", "w(θ* + Δ)", "retrained"], loc="lower right", bbox_to_anchor=(1, .98), ncols=3, handlelength=1.8)
    fig.alt = ("A rank-one matrix added to A_1 turns the original predictor into one that equals the retrained predictor in every "
               "coordinate")
    return fig


@look()
def starts(begin, end, drift, shortest):
    """Theorem 3: left two coordinates of the predictors' part off the span, (k, 2), at the start and at the end of k runs; right, for
    each run, ||Delta|| of its result against that of its start. drift: (k, 2), start and end; shortest: ||Delta|| of Lemma 1."""
    fig, (left, right) = figure(1, 2, size=(8.6, 3.8))
    begin, end, drift = np.asarray(begin), np.asarray(end), np.asarray(drift)
    for a, b in zip(begin, end):
        left.plot(*np.stack([a, b]).T, color=SKY, linestyle="-", linewidth=.9)
    left.plot(*begin.T, marker="o", color=BLUE, markersize=4, markerfacecolor="white", linestyle="none")
    left.plot(*end.T, marker="*", color=GREEN, markersize=13, markeredgecolor="white", linestyle="none", zorder=4)
    left.annotate("retrained", (0, 0), (10, 8), textcoords="offset points", color=GREEN, fontweight="bold",
                  bbox={"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": .8})
    left.set(xlabel="P⊥ w, first coordinate", ylabel="P⊥ w, second coordinate", title="Every start: one predictor")
    right.plot(*drift.T, marker="o", color=BLUE, markersize=4, linestyle="none")
    right.axhline(shortest, color=GREEN, linestyle="--", linewidth=1.6)
    right.annotate("Lemma 1: the shortest", (drift[:, 0].min(), shortest), (0, 6), textcoords="offset points", color=GREEN)
    right.set(xlabel="‖Δ‖ at the start", ylabel="‖Δ‖ at the end", title="… and as many different Δ", ylim=(0, None))
    fig.alt = ("From all random starts the numerical solution ends at one predictor, the retrained one, but with different "
               "parameters; the change of Lemma 1 is shorter than all of them")
    return fig


@look()
def counter_example(before, after):
    """D.4.1 with its numbers. before, after: (A, c, w) each."""
    fig, axes = figure(2, 3, size=(7.0, 4.4), width_ratios=[1, 1, 1])
    for row, (state, matrices) in zip(axes, (("before", before), ("after", after))):
        for ax, matrix, name, across, up in zip(row, matrices, ("A", "c", "w"), ("input", "hidden", "input"), ("hidden", "output", "output")):
            _matrix(ax, matrix, 2, f"{name}, {state}", across, up, numbers=True)
    fig.alt = ("The matrices of D.4.1: before, the predictor is (1, 1, 0); after a step that is feasible to first order it is zero "
               "in every entry")
    return fig


@look()
def failures(paths, cells):
    """Left: (||w|| / ||w_r||, retain error) along runs, {name: (k, 2)}. Right: drift of the failures, {depth: {width: (n,) drifts}}."""
    fig, (left, right) = figure(1, 2, size=(9.0, 3.9))
    for (name, path), color, style in zip(paths.items(), (GREEN, VERMILLION), ("-", "--")):
        error = _floored(path[:, 1])
        left.plot(path[:, 0], error, marker="o", markersize=4, linewidth=1.4, color=color, linestyle=style)
        left.annotate(name, (path[-1, 0], error[-1]), (6, 14 if error[-1] < 1e-6 else -22), textcoords="offset points", color=color)
    left.axvline(1, color=GREY, linestyle=":", linewidth=1.2)
    left.annotate("retrained", (1, 1e-8), (4, 0), textcoords="offset points", color=GREY)
    left.set(yscale="log", xlabel="‖w‖ / ‖w retrained‖", ylabel="retain error", ylim=(FLOOR / 4, 30))
    left.set_title("One network, two relaxed problems")
    left.set_xlim(-.06, None)
    left.set_yticks([1e-16, 1e-12, 1e-8, 1e-4, 1], ["≤ 10⁻¹⁶", "10⁻¹²", "10⁻⁸", "10⁻⁴", "1"])
    left.minorticks_off()
    last = []
    for by_width, style, marker in zip(cells.values(), LINES, "osDv"):
        widths = list(by_width)
        middle = [np.median(by_width[h]) for h in widths]
        spread = [np.quantile(by_width[h], q) for q in (.25, .75) for h in widths]
        right.fill_between(widths, spread[:len(widths)], spread[len(widths):], color=style["color"], alpha=.12, linewidth=0)
        right.plot(widths, middle, marker=marker, markersize=5, linewidth=1.6, **style)
        last.append(middle[-1])
    right.set(xscale="log", xlabel="width", ylabel="drift ‖Δ‖ / ‖θ*‖", title="How far the failure is", ylim=(0, None))
    right.set_xticks(widths, widths)
    right.minorticks_off()
    right.set_xlim(widths[0] / 1.15, widths[-1] * 1.5)
    name_ends(right, {f"L = {depth}": (widths[-1], middle, style["color"])
                      for depth, middle, style in zip(cells, last, LINES)})
    fig.alt = ("Without the penalty the run goes to predictor zero and loses the whole retain fit, with it the run stops at the "
               "retrained predictor and keeps the fit to rounding; the failing step is about as long as the parameters for two layers "
               "or one neuron, and much shorter in deep and wide networks")
    return fig


@look()
def smallest(factor, unbalanced, reached):
    """Left ||theta||^2 over the bound against the imbalance t (n,), {L: (n,)}. Right, per depth, (start (k,), reached (k,)) over the bound."""
    fig, (left, right) = figure(1, 2, size=(8.8, 3.7))
    for (depth, values), style, word in zip(unbalanced.items(), LINES, WORDS):
        left.plot(factor, values, linewidth=1.6, **style)
        left.annotate(f"L = {depth}", (factor[-1], values[-1]), (5, -3), textcoords="offset points", color=word)
    left.set(xscale="log", xlabel="t: A₁ times t, c divided by t", ylabel="‖θ‖² / (L ρ^(2/L))", ylim=(.9, None))
    left.set_title("Imbalance costs norm, not fit")
    left.set_xticks([.25, .5, 1, 2, 4], ["¼", "½", "1", "2", "4"])
    left.minorticks_off()
    left.set_xlim(factor[0], factor[-1] * 1.9)
    for depth, (start, end) in reached.items():
        spread = depth + np.linspace(-.24, .24, len(start))
        for x, a, b in zip(spread, start, end):
            right.plot([x, x], [a, b], color="#CFCFCF", linestyle="-", linewidth=.8)
        right.plot(spread, start, marker="o", color=ORANGE, markersize=4, linestyle="none")
        right.plot(spread, end, marker="o", color=BLUE, markersize=4, linestyle="none")
    right.axhline(1, color=BLACK, linestyle=":", linewidth=1.4)
    right.set(xlabel="depth L", ylabel="‖θ‖² / (L ρ^(2/L))", yscale="log", title="20 searches per depth", xticks=list(reached))
    right.annotate("the bound of Theorem 4", (min(reached) - .4, 1), (0, -14), textcoords="offset points")
    top = max(np.max(start) for start, _ in reached.values())
    right.set_ylim(.55, top * 3)
    ticks = [t for t in (1, 3, 10, 30, 100, 300, 1000) if t <= top * 3]
    right.set_yticks(ticks, ticks)
    right.minorticks_off()
    handles = [Line2D([], [], marker="o", color=color, markersize=4, linestyle="none") for color in (ORANGE, BLUE)]
    right.legend(handles, ["start", "reached"], loc="upper left", ncols=2, handletextpad=.1, columnspacing=1)
    fig.alt = ("Unbalanced layers with the same predictor have a larger norm; from 20 random starts at each depth from 2 to 5 the "
               "optimiser ends on the bound of Theorem 4 and never below it")
    return fig


@look()
def minnorm(drift, error, lemma, walks):
    """Left: retain error of MinNorm-OG's step against its drift (n,), and Lemma 1's (drift, error). Right: distance of the predictor from the
    retrained one after every short step, {name: (k,)}."""
    fig, (left, right) = figure(1, 2, size=(9.0, 3.7))
    left.loglog(drift, _floored(error), marker="o", markersize=4, color=BLUE, linewidth=1.5)
    middle = len(drift) // 2
    left.annotate("MinNorm-OG's step:\nslope 2", (drift[middle], error[middle]), (-8, 8), textcoords="offset points", color=BLUE, ha="right")
    left.plot([lemma[0]], _floored([lemma[1]]), marker="*", color=GREEN, markersize=14, markeredgecolor="white", linestyle="none")
    left.annotate("Lemma 1", (lemma[0], _floored([lemma[1]])[0]), (-10, -2), textcoords="offset points", color=GREEN, ha="right")
    left.set(xlabel="drift ‖Δ‖ / ‖θ*‖", ylabel="retain error", title="One step", ylim=(FLOOR / 4, 10))
    left.set_yticks([1e-16, 1e-12, 1e-8, 1e-4, 1], ["≤ 10⁻¹⁶", "10⁻¹²", "10⁻⁸", "10⁻⁴", "1"])
    left.minorticks_off()
    for (name, values), color, style, offset in zip(walks.items(), (VERMILLION, BLUE), ("--", "-"), (6, -14)):
        right.semilogy(np.arange(len(values)), _floored(values), color=color, linestyle=style, linewidth=1.8)
        right.annotate(name, (len(values) - 1, values[-1]), (0, offset), textcoords="offset points", color=color, ha="right")
    right.set(xlabel="short steps", ylabel="‖w − w retrained‖ / ‖w retrained‖", title="Many short steps")
    right.set_ylim(min(v[-1] for v in walks.values()) / 12, 8)
    fig.alt = ("One step of MinNorm-OG changes the retained outputs by the square of its drift, Lemma 1's by rounding only; many "
               "short steps, each followed by a repair of the fit, lead to the retrained predictor")
    return fig


SOLUTIONS = {"unlearned": {"color": BLUE, "marker": "o"}, "retrained": {"color": GREEN, "marker": "D"},
             "relaxed": {"color": VERMILLION, "marker": "X"}}
NAMES = {"unlearned": "unlearned (Lemma 1)", "retrained": "retrained", "relaxed": "relaxed, no penalty"}


@dataclass
class NetworkArtists:
    """The parts of the lab's picture that move."""

    original: Line2D
    predictors: dict   # name -> Line2D, the entries of w
    errors: dict       # name -> Line2D, its retain error and its distance, at two heights

    def list(self):
        return [self.original, *self.predictors.values(), *self.errors.values()]

    def update(self, shown):
        """Shows `shown`, what widgets.linear_network_lab.compare returned."""
        size = np.linalg.norm(shown.original)
        self.original.set_ydata(np.clip(shown.original / size, -.85, .85))
        for name, line in self.predictors.items():
            line.set_ydata(np.clip(shown.predictors[name] / size, -.85, .85))
            self.errors[name].set_xdata(np.clip([shown.retain_error[name], shown.distance[name]], FLOOR, 10))


@look()
def network(m):
    """(Figure, NetworkArtists) of the lab, for m inputs: left the predictors' entries, right their errors on a logarithmic axis."""
    fig, (left, right) = figure(1, 2, size=(9.2, 4.0), width_ratios=[1.15, 1])
    at = np.arange(1, m + 1)
    left.axhline(0, color=GREY, linewidth=.8)
    (original,) = left.plot(at, np.zeros(m), **ORIGINAL)
    predictors, errors = {}, {}
    looks = {"retrained": {"markersize": 10, "markerfacecolor": "none", "linestyle": "none"},
             "unlearned": {"markersize": 4.5, "linestyle": "-", "linewidth": 1.4},
             "relaxed": {"markersize": 6, "linestyle": ":", "linewidth": 1}}
    heights = {"unlearned": .22, "retrained": 0, "relaxed": -.22}
    for name, more in looks.items():
        (predictors[name],) = left.plot(at, np.zeros(m), **SOLUTIONS[name], **more)
        (errors[name],) = right.plot([FLOOR] * 2, [1 + heights[name], heights[name]], **SOLUTIONS[name], linestyle="none", markersize=9,
                                     markerfacecolor="none" if name == "retrained" else SOLUTIONS[name]["color"], clip_on=False)
    left.set(xlabel="input coordinate", ylabel="entry of w / ‖w(θ*)‖", ylim=(-.88, .88), xticks=at[::3], title="The predictors")
    right.set(xscale="log", xlim=(FLOOR / 2, 30), ylim=(-.6, 1.6), xlabel="relative to the retrained solution", ylabel="error",
              title="Fit, and distance from the retrained one")
    right.set_yticks([0, 1], ["of the predictor", "of the retain fit"], rotation=90, va="center")
    right.set_xticks([1e-16, 1e-12, 1e-8, 1e-4, 1], ["≤ 10⁻¹⁶", "10⁻¹²", "10⁻⁸", "10⁻⁴", "1"])
    right.axhline(.5, color=GREY, linewidth=.8)
    right.minorticks_off()
    handles = [Line2D([], [], **ORIGINAL)] + [Line2D([], [], **SOLUTIONS[name], **looks[name]) for name in SOLUTIONS]
    fig.legend(handles, ["original", *(NAMES[name] for name in SOLUTIONS)], loc="outside upper right", ncols=4, fontsize=9, handletextpad=.4)
    return fig, NetworkArtists(original, predictors, errors)
