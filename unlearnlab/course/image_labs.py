"""The moving pictures of ErasureLab and CollapseLab: colored images, what models say of them, and
how far a run has come."""

import numpy as np
from matplotlib.ticker import MaxNLocator

from . import style
from .marks import note
from .style import BLACK, BLUE, DARK_ORANGE, GREEN, GREY, ORANGE, VERMILLION, figure, look

WIDTH = 10.0  # of a page, in inches
BEFORE = {"color": "#9A9A9A", "marker": ".", "markersize": 4, "linestyle": "--", "linewidth": 1.2}
TRACK = {"color": BLUE, "marker": "o", "markersize": 5, "linestyle": "-", "linewidth": 1.6}
NOW = {"color": BLUE, "marker": "o", "markersize": 10, "markeredgecolor": "white"}
REFERENCES = (  # name, marker, color, points from the mark to its name
    ("original", "s", ORANGE, (-10, 0)),
    ("ground truth", "D", GREEN, (-18, -15)),
)
PANELS = (3.3, "original", ORANGE), (4.55, "unlearned", BLUE), (5.8, "ground truth", GREEN)
CUES = {
    (True, True): "both",
    (True, False): "the content",
    (False, True): "the color",
    (False, False): "neither",
}


class RunPicture:
    """A page whose data are inches, and on it the plot of a run.

    `moving`: the artists that a frame changes. What changes the others needs a new background.
    """

    def __init__(self, height: float):
        self.figure, self.page = figure(size=(WIDTH, height))
        self.figure.set_layout_engine("none")
        self.page.set(position=(0, 0, 1, 1), xlim=(0, WIDTH), ylim=(0, height))
        self.page.set_axis_off()
        self.moving = []

    def axes(self, x, y, width, height, **settings):
        """Axes at a place in inches. settings: as in Axes.set."""
        made = self.page.inset_axes((x, y, width, height), transform=self.page.transData)
        made.set(**settings)
        return made

    def image(self, x, y, size):
        """Room for a square image, by its lower left corner."""
        place = {"extent": (x, x + size, y, y + size), "aspect": "auto"}
        return self.page.imshow(np.zeros((1, 1, 3)), interpolation="nearest", **place)

    def plot_run(self, ax, x, y):
        """Empty lines for a run and the run before it, and three lines of words from x, y down."""
        self.ghost, self.track, self.now = (
            ax.plot([], [], **look)[0] for look in (BEFORE, TRACK, NOW)
        )
        self.titles = [
            self.page.text(x, y - down, "", fontsize=size, color=color)
            for down, size, color in ((0, 11, BLUE), (0.22, 9.5, BLUE), (0.42, 8.5, GREY))
        ]
        self.moving += [self.ghost, self.track, self.now, *self.titles]

    def move_run(self, track, previous, titles: list[str]) -> None:
        """The points (x, y) of a run so far, those of the run before, and the three lines."""
        for line, points in ((self.ghost, previous), (self.track, track), (self.now, track[-1:])):
            line.set_data(np.reshape(points, (-1, 2)).T)
        for text, words in zip(self.titles, titles):
            text.set_text(words)


class ErasurePicture(RunPicture):
    """Test images in rows of one color each, with captions before and after; beside them retain
    accuracy and forget error.

    columns: images per row. colors: the rows' names. kind: of what is shown, "digit" or "class".
    """

    @look()
    def __init__(self, columns: int, colors: list[str], kind: str):
        super().__init__(4.9)
        self.images, self.before, self.after = [], [], []
        for top, name in zip((4.33, 3.08, 1.83), colors):
            self._row(top, name, columns)
        key = f"✓ the right {kind}, and “gray”.   The number is p(gray)."
        self.page.text(0.1, 4.61, "What the network says, before and after", fontsize=11)
        self.page.text(0.1, 0.2, key, fontsize=9, color=GREY)
        self._plane()
        self.moving += self.after

    def show_images(self, pixels: np.ndarray, said: list[tuple[bool, str]]) -> None:
        """Other images, row after row, (n, h, w, 3) uint8, and what the original says of each, as
        in `frame`. Needs a new background."""
        for image, pixel in zip(self.images, pixels):
            image.set_data(pixel)
        _caption(self.before, said)

    def show_references(self, original, ground_truth, zoom: bool) -> None:
        """Where the two trained models stand, (retain accuracy, forget error), and whether only
        the corner around the ground truth is shown. Needs a new background."""
        places = original, ground_truth
        for mark, name, place, (*_, shift) in zip(self.marks, self.names, places, REFERENCES):
            mark.set_data(np.reshape(place, (2, 1)))
            name.xy, (across, up) = place, shift
            if place[0] > 0.3:  # where there is room for the name
                name.set(position=(across, up), ha="right")
            else:
                name.set(position=(-across, up), ha="left")
        self.plane.set(xlim=(-0.02, 1.04), ylim=(-0.09, 1.02))
        if zoom:
            left = min(0.78, ground_truth[0] - 0.15)  # an easy task's is beside the ideal
            self.plane.set(xlim=(left, left + 0.232), ylim=(-0.025, 0.27))

    def frame(self, said: list[tuple[bool, str]], *run) -> None:
        """What the model says now of each image: whether it is right, and words; none for nothing
        yet. run: as in `move_run`."""
        _caption(self.after, said or [(True, "")] * len(self.after))
        self.move_run(*run)

    def _row(self, top, name, columns):
        lines = (
            (top - 0.78, "before", DARK_ORANGE, self.before),
            (top - 0.945, "after", BLUE, self.after),
        )
        small = {"va": "top", "fontsize": 9}
        self.page.text(0.1, top - 0.37, name, va="center", fontweight="bold")
        for y, words, color, _ in lines:
            self.page.text(0.1, y, words, color=color, **small)
        for x in 0.95 + 4.52 * (np.arange(columns) + 0.5) / columns:
            self.images.append(self.image(x - 0.37, top - 0.74, 0.74))
            for y, _, _, captions in lines:
                captions.append(self.page.text(x, y, "", ha="center", **small))

    def _plane(self):
        words = {"xlabel": "retain accuracy (gray test images)", "ylabel": "forget error"}
        ax = self.plane = self.axes(6.25, 0.62, 3.6, 3.35, **words)
        self.marks, self.names = [], []
        small = {"va": "center", "fontsize": 9.5, "annotation_clip": None}
        edge = {"markeredgecolor": BLACK, "linestyle": "none"}
        ax.plot(1, 0, marker="*", color="none", markersize=14, **edge)
        note(ax, "ideal", (1, 0), (-2, -15), ha="center", **small)
        for name, marker, color, shift in REFERENCES:
            self.marks += ax.plot([], [], marker=marker, color=color, markersize=9, **edge)
            self.names.append(note(ax, name, (0, 0), shift, color, **small))
        self.plot_run(ax, 5.75, 4.61)


class CollapsePicture(RunPicture):
    """One painted image, what three models say of it, and the color accuracy after every epoch.

    rows: what is written beside each class's color. colors: (classes, 3), uint8. classes: names.
    """

    @look()
    def __init__(self, rows: list[str], colors: np.ndarray, classes: list[str]):
        super().__init__(4.6)
        self.classes = classes
        self.painted = self.image(0.15, 2.3, 1.4)
        self.caption = self.page.text(0.15, 2.15, "", va="top", linespacing=1.5)
        self.moving += [self.painted, self.caption]
        self._rows(rows, colors / 255)
        self._epochs()

    def show_references(self, original: float, ground_truth: float, epochs: int) -> None:
        """The color accuracies of the two trained models, and T. Needs a new background."""
        for line, name, height in zip(self.levels, self.names, (original, ground_truth)):
            line.set_ydata([height, height])
            name.xy = epochs, height
        self.accuracy.set_xlim(-0.04 * epochs, 1.04 * epochs)

    def frame(self, pixel: np.ndarray, content: int, color: int, caption: str, said, *run) -> None:
        """The image (h, w, 3) uint8, its class and that of its color; each model's probabilities
        (classes,), None for nothing yet. run: as in `move_run`."""
        self.painted.set_data(pixel)
        self.caption.set_text(caption)
        words = ("both ▸", "") if content == color else ("content ▸", "color ▸")
        for band, text, row, cue in zip(self.bands, self.notes, (content, color), words):
            band.set_y(row - 0.5)
            text.set(y=row, text=cue)
        for bars, verdict, chances in zip(self.bars, self.verdicts, said):
            words = ""
            if chances is None:
                chances = np.zeros(len(bars))
            else:
                best = int(chances.argmax())
                words = f"says {self.classes[best]}:\n{CUES[best == content, best == color]}"
            verdict.set_text(words)
            for bar, chance in zip(bars, chances):
                bar.set_width(chance)
        self.move_run(*run)

    def _rows(self, rows, colors):
        """A row for each class: its name and color, and a bar for each model, as long in inches as
        the probability. Bands mark the rows of the image's content and color."""
        count, bottom = np.arange(len(rows)), len(rows) - 0.5
        ax = self.axes(0, 0.62, WIDTH, 3.1, xlim=(0, WIDTH), ylim=(bottom, -0.5), yticks=[])
        ax.patch.set_visible(False)
        ax.spines[:].set_visible(False)
        ax.grid(False)
        self.bands = ax.barh([0, 0], 5.18, 1, 1.62, color=GREY, alpha=0.16).patches
        self.notes = [ax.text(1.67, 0, "", va="center", fontsize=9) for _ in range(2)]
        edge = {"edgecolor": BLACK, "linewidth": 0.6}
        swatches = ax.barh(count, 0.15, 0.62, 3.08, color=colors, **edge).patches
        for row, words in enumerate(rows):
            ax.text(3.02, row, words, ha="right", va="center", fontsize=9)
        self.bars, self.verdicts, ticks = [], [], {}
        for x, name, color in PANELS:
            self.bars.append(ax.barh(count, 0, 0.62, x, color=color).patches)
            ax.plot(
                [x, x, x + 1],
                [-0.5, bottom, bottom],
                "-",
                color=BLACK,
                linewidth=0.8,
                clip_on=False,
            )
            ticks |= {x: "0", x + 0.5: ".5", x + 1: "1"}
            self.page.text(x, 4.25, name, fontsize=11, color=style.INK.get(color, color))
            self.page.text(x + 0.5, 0.22, "probability", ha="center")
            self.verdicts.append(self.page.text(x, 3.8, "", fontsize=9.5, linespacing=1.3))
        ax.set_xticks(list(ticks), list(ticks.values()))
        bars = [bar for panel in self.bars for bar in panel]
        self.moving += [*self.bands, *self.notes, *swatches, *bars, *self.verdicts]

    def _epochs(self):
        words = {"xlabel": "epoch", "ylabel": "color accuracy"}
        ax = self.accuracy = self.axes(7.6, 0.62, 2.25, 3.1, ylim=(-0.02, 1.02), **words)
        ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        self.levels, self.names = [], []
        levels = {"original": (style.ORIGINAL, -4, "top")}
        levels["ground truth"] = style.GROUND_TRUTH, 4, "bottom"
        for name, (looks, up, va) in levels.items():
            self.levels.append(ax.axhline(0, **looks))
            words = {"ha": "right", "va": va, "fontsize": 9.5}
            self.names.append(note(ax, name, (0, 0), (0, up), looks["color"], **words))
        self.plot_run(ax, 7.15, 4.25)


def _caption(texts, said):
    """Sets each text to (right, words), wrong ones in another color; the words carry the mark."""
    for text, (right, words) in zip(texts, said):
        text.set(text=words, color=BLACK if right else VERMILLION)
