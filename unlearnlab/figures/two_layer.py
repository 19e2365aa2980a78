"""Pictures of notebook 07: neurons that can go, the function before and after, and what the choice of survivors does to it."""
from dataclasses import dataclass

import numpy as np
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.text import Text

from .style import (BLACK, BLUE, DARK_ORANGE, FORGET, GREEN, GREY, ORANGE, ORIGINAL, PURPLE, RETAIN, SKY, UNLEARNED, VERMILLION, figure,
                    look)

METHOD_STYLES = {"original": (ORANGE, "s"), "last neurons": (VERMILLION, "v"), "pivoted": (BLUE, "o"), "linear program": (GREEN, "D"),
                 "matching pursuit": (PURPLE, "^")}
ROWS = 15              # neurons one above the other in the drawing of a network
TALLEST = 3.0          # of the lab's function; higher values leave the picture
BAR_NAMES = ["neurons h", "retain points", "rank s", "kept"]


@look()
def fit(x, original, retain, forget):
    """The trained network's curve through the retain and forget points. x, original: (n,); sets: pairs (x, y)."""
    fig, ax = figure(size=(7.0, 3.0))
    _function(ax, x, original, None, retain, forget)
    ax.set(xlabel="x", ylabel="f(x)", title="One hundred neurons fit every point, the poisoned one too")
    ax.annotate("forget point", (forget[0][0], forget[1][0]), (12, 0), textcoords="offset points", color=VERMILLION)
    ax.annotate("retain points", (retain[0][-2], retain[1][-2]), (12, 4), textcoords="offset points")
    fig.alt = "A curve through ten retain points of a sine that leaps up between two of them to reach one forget point"
    return fig


@look()
def cancelling(stages, outputs):
    """The weights of five neurons as they are cancelled. stages: {title: c (h,)}; outputs: {title: features @ c}."""
    fig, axes = figure(1, len(stages), size=(2.9 * len(stages), 2.7), sharey=True)
    values = np.concatenate([np.asarray(c) for c in stages.values()])
    room = .2 * np.ptp(values)                             # for the numbers at the ends of the bars
    lowest, highest = values.min() - room, values.max() + room
    for ax, (title, c) in zip(axes, stages.items()):
        place, c = np.arange(1, len(c) + 1), np.asarray(c)
        ax.bar(place, c, color=[BLUE if v else "none" for v in c], width=.6)
        ax.plot(place[c == 0], c[c == 0], linestyle="none", marker="x", color=VERMILLION, markersize=8, markeredgewidth=2)
        ax.axhline(0, color=BLACK, linewidth=.8)
        shown = ", ".join(f"{v:g}" for v in outputs[title])
        ax.set(title=title, xlabel=f"neuron\noutputs ({shown})", ylim=(lowest, highest), xticks=place)
        for i, v in zip(place, c):
            ax.annotate(f"{v:g}", (i, v), (0, -12 if v < 0 else 3 if v else 7), textcoords="offset points", ha="center", fontsize=9)
    axes[0].set_ylabel("output weight c")
    fig.alt = ("Bars of five output weights: after the first cancellation one is zero, after the second two are, and the three "
               "outputs never change")
    return fig


@look()
def choices(x, original, curves, retain, forget):
    """The function after each way to choose the survivors. curves: {method: values (n,)}."""
    fig, axes = figure(1, len(curves), size=(3.0 * len(curves), 2.9), sharey=True)
    for ax, (method, curve) in zip(axes, curves.items()):
        _function(ax, x, original, curve, retain, forget)
        ax.set(xlabel="x", title=method[0].upper() + method[1:], ylim=(-3.2, 3.2))
    axes[0].set_ylabel("f(x)")
    _legend(fig)
    fig.alt = "The cut networks pass through the same ten retain points; between them some stay close to the sine and others swing far away"
    return fig


@look()
def activations(x, panels):
    """Before and after the cut, one panel per activation. panels: {title: (original, cut, retain, forget)}."""
    fig, axes = figure(2, 2, size=(8.6, 5.2), sharex=True, sharey=True)
    for ax, (title, (original, cut, retain, forget)) in zip(axes.flat, panels.items()):
        _function(ax, x, original, cut, retain, forget)
        ax.set(title=title, ylim=(-3.2, 3.2), xlabel="x", ylabel="f(x)")
        ax.label_outer()
    _legend(fig)
    fig.alt = "For ReLU, tanh, SiLU and GELU the cut network meets the original at every retain point and leaves it in between"
    return fig


def _function(ax, x, original, curve, retain, forget):
    ax.plot(x, original, **ORIGINAL)
    if curve is not None:
        ax.plot(x, curve, **UNLEARNED)
    ax.plot(*retain, **RETAIN)
    ax.plot(*forget, **FORGET)


def _legend(fig):
    handles = [Line2D([], [], **style) for style in (ORIGINAL, UNLEARNED, RETAIN, FORGET)]
    fig.legend(handles, ["original", "cut", "retain", "forget"], loc="outside upper center", ncols=4, fontsize=9)


@look()
def duplicates(copies, bound, found, n_r):
    """Active neurons after the cut against the number of retain points that are copies. bound, found: (k,)."""
    fig, ax = figure(size=(7.0, 2.9))
    ax.axhline(n_r, color=GREY, linestyle=":", linewidth=1.4)
    ax.annotate(f"n_r = {n_r}", (copies[-1], n_r), (0, 4), textcoords="offset points", color=GREY, ha="right")
    ax.plot(copies, bound, color=BLACK, linewidth=1.4, linestyle="--")
    ax.annotate("s", (copies[-1], bound[-1]), (9, -4), textcoords="offset points")
    ax.plot(copies, found, color=BLUE, marker="o", linestyle="none", markersize=8)
    ax.annotate("active after the cut", (copies[2], found[2]), (-8, -20), textcoords="offset points", color=BLUE, ha="right")
    ax.set(xlabel="retain points that are copies of another", ylabel="neurons", ylim=(0, n_r + 2), xticks=copies,
           title="Copies ask for nothing new, and the bound knows it")
    fig.alt = "The number of active neurons after the cut equals the rank s, which falls by one with every retain point that is a copy"
    return fig


@look()
def forget_outputs(groups, before, beside):
    """Outputs at the forget point after the cut, one dot per seed. groups: {activation: {method: values}}; before: the fitted
    target; beside: the sine there."""
    fig, ax = figure(size=(8.4, 3.5))
    edge = 4.5
    for value, text in ((before, "before the cut"), (beside, "sin x")):
        ax.axhline(value, color=VERMILLION if value == before else BLACK, linestyle=":", linewidth=1.4)
        ax.annotate(text, (len(groups) - .45, value), (0, 4), textcoords="offset points", ha="right", fontsize=9,
                    color=VERMILLION if value == before else BLACK)
    for i, group in enumerate(groups.values()):
        for j, (method, values) in enumerate(group.items()):
            color, marker = METHOD_STYLES[method]
            inside = np.clip(values, -edge, edge)
            ax.plot(i + .22 * (j - (len(group) - 1) / 2) + np.linspace(-.05, .05, len(values)), inside, marker=marker, color=color,
                    linestyle="none", markersize=5, alpha=.8)
    _method_legend(fig, next(iter(groups.values())))
    ax.set(xticks=range(len(groups)), xticklabels=list(groups), xlim=(-.5, len(groups) - .4), ylim=(-edge - .4, edge + .4))
    ax.set(xlabel="activation", ylabel="f at the forget point", title="The forget point's output after the cut")
    fig.alt = ("After the cut the outputs at the forget point gather near the sine for the linear program and scatter widely for "
               "the pivoted choice")
    return fig


@look()
def calmness(measures):
    """Two measures of each way to choose survivors, one dot per seed. measures: {method: (sums of |c|, largest |f|)}."""
    fig, axes = figure(1, 2, size=(8.6, 3.1), sharey=True)
    for ax, k, label in ((axes[0], 0, "sum of |c_i|"), (axes[1], 1, "largest |f(x)| on the interval")):
        for row, (method, values) in enumerate(measures.items()):
            color, marker = METHOD_STYLES[method]
            ax.semilogx(values[k], row + np.linspace(-.18, .18, len(values[k])), marker=marker, color=color, linestyle="none", markersize=5,
                        alpha=.8)
        ax.set(xlabel=label, yticks=range(len(measures)), yticklabels=list(measures), ylim=(len(measures) - .5, -.5))
    axes[0].set_ylabel("survivors chosen by")
    axes[0].set_title("As few neurons, very different functions")
    fig.alt = ("Ten neurons each: the last neurons need the largest weights by far, the linear program the smallest, and its "
               "functions stay within the data")
    return fig


def _method_legend(fig, methods):
    handles = [Line2D([], [], color=METHOD_STYLES[m][0], marker=METHOD_STYLES[m][1], linestyle="none") for m in methods]
    fig.legend(handles, list(methods), loc="outside upper right", ncols=len(handles), fontsize=9, handletextpad=.2)


@look()
def zigzag(x, curve, points, kinks):
    """A ReLU network through points that go up and down. kinks: the x where it bends."""
    fig, ax = figure(size=(7.0, 2.9))
    ax.plot(x, curve, **UNLEARNED)
    ax.plot(*points, **RETAIN)
    ax.plot(kinks, np.interp(kinks, x, curve), linestyle="none", marker="|", markersize=18, markeredgewidth=2, color=VERMILLION)
    middle = (points[0][:-1] + points[0][1:]) / 2
    for i, place in enumerate(middle):
        up = points[1][i + 1] > points[1][i]
        ax.annotate("up" if up else "down", (place, -1.55), ha="center", fontsize=9, color=BLUE if up else DARK_ORANGE)
    ax.set(xlabel="x", ylabel="f(x)", ylim=(-1.7, 1.5), title=f"{len(points[0])} points, {len(middle)} slopes that alternate, "
                                                              f"{len(kinks)} bends")
    fig.alt = "A zigzag through eight points: its slope changes sign between one interval and the next, so it bends at least six times"
    return fig


@dataclass
class NetworkArtists:
    """The drawing of one network: hidden neurons in columns, lines to and from those that are active."""

    inputs: np.ndarray     # (d_in, 2), where the inputs stand
    dead: PathCollection
    alive: PathCollection
    lines: LineCollection

    def update(self, strength):
        """strength: (h,), |c_i| ||a_i|| after the cut; 0 means the neuron died."""
        strength = np.asarray(strength)
        places, alive = _places(len(strength)), strength > 0
        share = np.sqrt(strength[alive] / strength.max(initial=1e-300))
        self.dead.set_offsets(places[~alive])
        self.alive.set_offsets(places[alive])
        self.alive.set_sizes(20 + 70 * share)
        ends = [np.stack([start, place]) for place in places[alive] for start in (*self.inputs, np.array([1.0, .5]))]
        self.lines.set_segments(ends)
        self.lines.set_linewidths(np.repeat(.3 + 1.5 * share, len(self.inputs) + 1))


@dataclass
class WidthArtists:
    """The parts of the lab's picture that move. inputs: 1 or 2."""

    network: NetworkArtists
    before: Line2D | AxesImage
    after: Line2D | AxesImage
    retain: list
    forget: list
    bars: list
    numbers: list[Text]

    def list(self):
        drawn = [self.before, self.after] + self.retain + self.forget + self.bars + self.numbers
        return [self.network.lines, self.network.dead, self.network.alive, *drawn]

    def update(self, shown):
        """Shows `shown`, what widgets.width_lab.cut_network returned."""
        self.network.update(shown.strength)
        if isinstance(self.before, Line2D):
            points = [(shown.X[:, 0], shown.y)], [(shown.X_forget[:, 0], shown.y_forget)]
            self.before.set_ydata(np.clip(shown.before, -2 * TALLEST, 2 * TALLEST))
            self.after.set_ydata(np.clip(shown.after, -2 * TALLEST, 2 * TALLEST))
        else:
            points = [(shown.X[:, 0], shown.X[:, 1])] * 2, [(shown.X_forget[:, 0], shown.X_forget[:, 1])] * 2
            for image, values in ((self.before, shown.before), (self.after, shown.after)):
                image.set_data(values.reshape(image.get_array().shape))
        for artists, sets in ((self.retain, points[0]), (self.forget, points[1])):
            for artist, xy in zip(artists, sets):
                artist.set_data(*xy)
        values = (len(shown.strength), len(shown.X), shown.rank, shown.kept)
        for bar, number, value in zip(self.bars, self.numbers, values):
            bar.set_width(value - 1)
            number.set_text(str(value))
            number.set_x(1.12 * value)


def width(x, inputs, widest):
    """(Figure, WidthArtists) for one or two inputs. x: the grid (k,) of each input. widest: the largest h."""
    build = _width_one if inputs == 1 else _width_two
    with look():
        return build(np.asarray(x), widest)


def _width_one(x, widest):
    fig, axes = figure(1, 3, size=(11.0, 3.6), width_ratios=[3, 4.2, 2.6])
    (before,) = axes[1].plot(x, 0 * x, **ORIGINAL)
    (after,) = axes[1].plot(x, 0 * x, **UNLEARNED)
    (retain,), (forget,) = axes[1].plot([], [], **RETAIN), axes[1].plot([], [], **FORGET)
    axes[1].set(xlabel="x", ylabel="f(x)", ylim=(-TALLEST, TALLEST), xlim=(x[0], x[-1]), title="The function")
    _legend(fig)
    return fig, WidthArtists(_network(axes[0], ["x", "1"]), before, after, [retain], [forget], *_bars(axes[2], widest))


def _width_two(x, widest):
    fig, axes = figure(1, 4, size=(11.0, 3.6), width_ratios=[3, 2.8, 2.8, 2.4])
    images, retain, forget = [], [], []
    for ax, title in ((axes[1], "f before"), (axes[2], "f after")):
        extent = (x[0], x[-1], x[0], x[-1])
        images.append(ax.imshow(np.zeros((len(x), len(x))), origin="lower", extent=extent, cmap="PuOr", vmin=-2, vmax=2, aspect="equal"))
        retain += ax.plot([], [], **{**RETAIN, "markeredgecolor": "white", "markersize": 6})
        forget += ax.plot([], [], **FORGET)
        ax.set(xlabel="x₁", ylabel="x₂", title=title)
        ax.grid(False)
    fig.colorbar(images[1], ax=list(axes[1:3]), location="bottom", shrink=.7, aspect=30, ticks=[-2, -1, 0, 1, 2], label="f(x₁, x₂)")
    handles = [Line2D([], [], **style) for style in (RETAIN, FORGET)]
    fig.legend(handles, ["retain", "forget"], loc="outside upper center", ncols=2, fontsize=9)
    return fig, WidthArtists(_network(axes[0], ["x₁", "x₂", "1"]), *images, retain, forget, *_bars(axes[3], widest))


def _network(ax, names):
    places = np.stack([np.zeros(len(names)), np.linspace(.75, .25, len(names))], 1)
    lines = ax.add_collection(LineCollection([], colors=SKY, zorder=1))
    dead = ax.scatter([], [], s=14, marker="x", color="#B8B8B8", linewidth=1, zorder=2)
    alive = ax.scatter([], [], s=40, color=BLUE, edgecolor="white", linewidth=.5, zorder=3)
    ax.scatter(*np.vstack([places, [1.0, .5]]).T, s=60, color=BLACK, zorder=3)
    for name, (x, y) in zip([*names, "f"], np.vstack([places, [1.0, .5]])):
        ax.annotate(name, (x, y), (-9 if x == 0 else 9, 0), textcoords="offset points", ha="right" if x == 0 else "left", va="center")
    ax.set(xlim=(-.16, 1.14), ylim=(-.06, 1.02), xticks=[], yticks=[], title="The network")
    ax.set_xlabel("● stays   × cut", color=GREY)
    ax.set_ylabel(" ")
    ax.spines[:].set_visible(False)
    return NetworkArtists(places, dead, alive, lines)


def _places(h):
    """Where h neurons stand: in columns between the inputs and the output."""
    columns = -(-h // ROWS)
    column, row = np.divmod(np.arange(h), ROWS)
    wide = min(.52, .06 * (columns - 1))
    x = .5 + (wide * (column / max(columns - 1, 1) - .5) if columns > 1 else 0 * column)
    return np.stack([x, 1 - (row + .5) / ROWS], 1)


def _bars(ax, widest):
    bars = list(ax.barh(range(4), [1] * 4, left=1, color=[ORANGE, "#B8B8B8", BLACK, BLUE], height=.55))
    numbers = [ax.text(0, i, "", va="center") for i in range(4)]
    ax.set(yticks=range(4), yticklabels=BAR_NAMES, ylim=(3.6, -.6), title="Counted", xlabel="number, logarithmic")
    ax.set(xscale="log", xlim=(1, 3 * widest), xticks=[1, 10, 100], xticklabels=["1", "10", "100"])
    ax.minorticks_off()
    ax.set_ylabel(" ")
    return bars, numbers
