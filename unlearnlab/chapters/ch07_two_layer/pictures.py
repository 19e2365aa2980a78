"""Pictures of two-layer networks: neurons that can go, the function before and after, what the
choice of survivors does to it, and PruneLab. finding: as in Figure.done."""

import numpy as np
from matplotlib.collections import LineCollection

from ...course.marks import key, level, lines, name_rows, note, number_ticks
from ...course.style import (
    BLACK,
    BLUE,
    FORGET,
    GREEN,
    GREY,
    ORANGE,
    ORIGINAL,
    PURPLE,
    RETAIN,
    SKY,
    TARGET,
    UNLEARNED,
    VERMILLION,
    Figure,
    figure,
    look,
)

PALE = "#B8B8B8"
LOOKS = {"original": ORIGINAL, "cut": UNLEARNED, "retain": RETAIN, "forget": FORGET}
DOTS = {
    name: {"color": color, "marker": marker, "linestyle": "none", "markersize": 5, "alpha": 0.8}
    for name, color, marker in (
        ("original", ORANGE, "s"),
        ("last neurons", VERMILLION, "v"),
        ("pivoted", BLUE, "o"),
        ("linear program", GREEN, "D"),
        ("matching pursuit", PURPLE, "^"),
    )
}
LEGEND = {"loc": "outside upper center", "ncols": 4}


@look()
def fit(x, original, retain, forget, finding: str = "") -> Figure:
    """The trained network's curve through its points. x, original (n,). Sets: pairs (x, y)."""
    fig, ax = figure(size=(7.5, 3))
    ax.plot(x, original, **ORIGINAL)
    ax.plot(*retain, label="retain points", **RETAIN)
    ax.plot(*forget, label="forget point", **FORGET)
    ax.legend(loc="upper left")
    ax.set(
        xlabel="x", ylabel="f(x)", title="One hundred neurons fit every point, the poisoned one too"
    )
    return fig.done(finding)


@look()
def cancelling(stages, outputs, finding: str = "") -> Figure:
    """The weights of neurons as they are cancelled. stages: {title: c (h,)}. outputs: {title:
    features @ c}."""
    fig, axes = figure(1, len(stages), size=(8.7, 2.7), sharey=True)
    for ax, (title, c) in zip(axes, stages.items()):
        neurons = np.arange(1, len(c) + 1)
        ax.bar_label(ax.bar(neurons, c, color=BLUE, width=0.6), fmt="{:g}", padding=6)
        ax.plot(neurons[c == 0], c[c == 0], "x", color=VERMILLION, markersize=8, mew=2)
        ax.axhline(0, color=BLACK, linewidth=0.8)
        ax.margins(y=0.25)
        shown = ", ".join(f"{value:g}" for value in outputs[title])
        ax.set(title=title, xlabel=f"neuron\noutputs ({shown})", xticks=neurons)
    axes[0].set_ylabel("output weight c")
    return fig.done(finding, "Output weights c, stage by stage: " + ", ".join(stages))


@look()
def cuts(x, panels, retain, forget, finding: str = "") -> Figure:
    """The function before and after a cut, in four panels: {title: (original, cut), each (n,)}."""
    fig, axes = figure(2, 2, size=(8.6, 5.2), sharex=True, sharey=True)
    for ax, (title, curves) in zip(axes.flat, panels.items()):
        pairs = (x, curves[0]), (x, curves[1]), retain, forget
        for pair, style in zip(pairs, LOOKS.values()):
            ax.plot(*pair, **style)
        ax.set(title=title, ylim=(-3.2, 3.2), xlabel="x", ylabel="f(x)")
        ax.label_outer()
    key(fig, LOOKS, **LEGEND)
    return fig.done(finding, "f(x) before and after the cut: " + ", ".join(panels))


@look()
def duplicates(copies, bound, found, n_r, finding: str = "") -> Figure:
    """Active neurons after the cut against the number of retain points that are copies.

    bound, found: as many numbers as copies.
    """
    fig, ax = figure(size=(7.5, 3))
    ax.set(
        xlabel="retain points that are copies of another",
        ylabel="neurons",
        ylim=(0, n_r + 2),
        xticks=copies,
        title="Copies ask for nothing new, and the bound knows it",
    )
    level(ax, n_r, f"n_r = {n_r}", copies[-1], (0, 4), ha="right")
    looks = (
        {"color": BLACK, "linestyle": "--"},
        {"color": BLUE, "linestyle": "none", "marker": "o", "markersize": 8},
    )
    lines(ax, copies, {"rank s": bound, "active after\nthe cut": found}, looks, gap=24)
    return fig.done(finding)


@look()
def forget_outputs(groups, before, beside, finding: str = "") -> Figure:
    """Outputs at the forget point after the cut, one dot per seed.

    groups: {activation: {method: values}}. before: the fitted target. beside: the sine there.
    """
    fig, ax = figure(size=(8.4, 3.5))
    edge, last = 4.5, len(groups) - 0.45
    level(ax, before, "before the cut", last, (0, 4), {**TARGET, "color": VERMILLION}, ha="right")
    level(ax, beside, "sin x", last, (0, 4), ha="right")
    for i, group in enumerate(groups.values()):
        for shift, (method, values) in zip((-0.33, -0.11, 0.11, 0.33), group.items()):
            x = i + shift + np.linspace(-0.05, 0.05, len(values))
            ax.plot(x, np.clip(values, -edge, edge), **DOTS[method])
    key(fig, {method: DOTS[method] for method in group}, **LEGEND)
    ax.set(
        xticks=range(len(groups)),
        xticklabels=groups,
        xlim=(-0.5, last + 0.05),
        ylim=(-edge - 0.4, edge + 0.4),
        xlabel="activation",
        ylabel="f at the forget point",
        title="The forget point's output after the cut",
    )
    return fig.done(finding)


@look()
def calmness(measures, finding: str = "") -> Figure:
    """Two measures of each way to choose survivors, one dot per seed.

    measures: {method: (sums of |c|, largest |f|)}.
    """
    fig, axes = figure(1, 2, size=(8.6, 3.1), sharey=True)
    for k, (ax, label) in enumerate(zip(axes, ("sum of |c_i|", "largest |f(x)| on the interval"))):
        for row, (method, values) in enumerate(measures.items()):
            spread = np.linspace(-0.18, 0.18, len(values[k]))
            ax.semilogx(values[k], row + spread, **DOTS[method])
        ax.set_xlabel(label)
    name_rows(axes[0], measures)
    axes[0].set(ylabel="survivors chosen by", title="As few neurons, very different functions")
    return fig.done(finding, "Sum of |c_i| and largest |f(x)|, by how the survivors are chosen")


@look()
def zigzag(x, curve, points, kinks, finding: str = "") -> Figure:
    """A ReLU network through points that go up and down. kinks: the x where it bends."""
    fig, ax = figure(size=(7.5, 3))
    ax.plot(x, curve, **UNLEARNED)
    ax.plot(*points, **RETAIN)
    ax.plot(kinks, np.interp(kinks, x, curve), "|", markersize=18, mew=2, color=VERMILLION)
    count = len(points[0])
    ax.set(
        xlabel="x",
        ylabel="f(x)",
        ylim=(-1.5, 1.5),
        title=f"{count} points, {count - 1} slopes that alternate, {len(kinks)} bends",
    )
    return fig.done(finding)


def places(h: int) -> np.ndarray:
    """Where h neurons stand, (h, 2): in columns of 15 between the inputs and the output."""
    column, row = np.divmod(np.arange(h), 15)
    return np.stack([0.5 + 0.06 * (column - column[-1] / 2), 1 - (row + 0.5) / 15], 1)


class WidthPicture:
    """PruneLab's picture for one or two inputs, whose function is drawn on the grid x (k,) of each.

    moving: the artists that a frame changes.
    """

    @look()
    def __init__(self, x, inputs: int):
        middle, names = ([4.2], ["x", "1"]) if inputs == 1 else ([2.8, 2.8], ["x₁", "x₂", "1"])
        self.figure, (left, *axes, right) = figure(
            1, 2 + inputs, size=(11, 3.6), width_ratios=[3, *middle, 2.6]
        )
        self.ends = _network(left, names)
        (self.dead,) = left.plot([], [], "x", color=PALE, markersize=4)
        (self.alive,) = left.plot([], [], "o", color=BLUE, markersize=7, mec="white", zorder=4)
        self.links = left.add_collection(LineCollection([], colors=SKY, linewidths=0.8, zorder=3))
        self.functions = _curves(*axes, x) if inputs == 1 else _surfaces(axes, x)
        self.retain, self.forget = (
            [ax.plot([], [], label=name, **LOOKS[name])[0] for ax in axes]
            for name in ("retain", "forget")
        )
        self.figure.legend(*axes[0].get_legend_handles_labels(), **LEGEND)
        name_rows(right, ("neurons h", "retain points", "rank s", "kept"))
        right.set(title="Counted", xlabel="number, logarithmic", xscale="log", xlim=(1, 450))
        number_ticks(right.xaxis, (1, 10, 100))
        self.bars = right.barh(range(4), 1, color=[ORANGE, PALE, BLACK, BLUE], height=0.55)
        self.numbers = [right.text(1, i, "", va="center") for i in range(4)]
        self.moving = [
            self.dead,
            self.links,
            self.alive,
            *self.functions,
            *self.retain,
            *self.forget,
            *self.bars,
            *self.numbers,
        ]

    def update(self, shown) -> None:
        """Shows a Cut of the lab."""
        at = places(len(shown.alive))
        self.dead.set_data(*at[~shown.alive].T)
        self.alive.set_data(*at[shown.alive].T)
        self.links.set_segments([(end, place) for place in at[shown.alive] for end in self.ends])
        for drawn, values in zip(self.functions, (shown.before, shown.after)):
            if len(self.retain) == 1:
                drawn.set_ydata(values)
            else:
                drawn.set_data(values.reshape(drawn.get_array().shape))
        sets = (self.retain, shown.X, shown.y), (self.forget, shown.X_forget, shown.y_forget)
        for artists, X, y in sets:
            for artist in artists:  # one input: x and y; two: both inputs
                artist.set_data(*np.column_stack([X, y]).T[:2])
        values = len(shown.alive), len(shown.X), shown.rank, shown.kept
        for bar, number, value in zip(self.bars, self.numbers, values):
            bar.set_width(value)
            number.set(text=value, x=1.12 * value)


def _network(ax, inputs):
    """Draws inputs, named, and the output. Returns where they stand, (inputs + 1, 2)."""
    ends = np.array([*zip(np.zeros(len(inputs)), np.linspace(0.75, 0.25, len(inputs))), (1, 0.5)])
    ax.plot(*ends.T, "o", color=BLACK, markersize=8, zorder=4)
    for name, place in zip([*inputs, "f"], ends):
        note(
            ax, name, place, (18 * place[0] - 9, 0), ha="left" if place[0] else "right", va="center"
        )
    ax.set(xlim=(-0.16, 1.14), ylim=(-0.06, 1.02), xticks=[], yticks=[], title="The network")
    ax.set_xlabel("● stays   × cut", color=GREY)
    ax.spines[:].set_visible(False)
    return ends


def _curves(ax, x):
    ax.set(xlabel="x", ylabel="f(x)", ylim=(-3, 3), xlim=(x[0], x[-1]), title="The function")
    return [ax.plot(x, 0 * x, label=name, **LOOKS[name])[0] for name in ("original", "cut")]


def _surfaces(axes, x):
    images = []
    for ax, title in zip(axes, ("f before", "f after")):
        ax.grid(False)
        ax.set(xlabel="x₁", ylabel="x₂", title=title)
        images.append(
            ax.imshow(
                np.zeros((len(x), len(x))),
                origin="lower",
                cmap="PuOr",
                vmin=-2,
                vmax=2,
                extent=(x[0], x[-1], x[0], x[-1]),
            )
        )
    ax.figure.colorbar(
        images[0], ax=axes, location="bottom", shrink=0.7, aspect=30, label="f(x₁, x₂)"
    )
    return images
