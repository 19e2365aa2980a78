"""The moving pictures of ErasureLab and CollapseLab: colored images, what models say of them, and how far a run has come."""
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.ticker import MaxNLocator

from . import style
from .style import Figure, look

WIDTH = 10.0  # inches, as all lengths here
LEFT, TOP, GRID, HEIGHT, IMAGE, LINE = .95, 4.33, 4.52, 1.25, .74, .165  # ErasureLab's grid of images: where, wide, a row high
WHOLE, CORNER = ((-.02, 1.04), (-.09, 1.02)), ((.78, 1.012), (-.025, .27))  # its plane: all of it, or around the ground truth
NAMED = (-10, 0), (-18, -15)  # points from the original's mark to its name, and from the ground truth's
AFTER = {"color": style.BLUE, "marker": "o", "markersize": 5, "linestyle": "-", "linewidth": 1.6}
BARS, ROW, BAR = (3.3, 4.55, 5.8), (.62, 3.72), 1.0  # CollapseLab's three panels: where each begins, bottom and top, width
MODELS = (("original", style.ORANGE, style.DARK_ORANGE), ("unlearned", style.BLUE, style.BLUE), ("ground truth", style.GREEN, style.GREEN))
PREVIOUS = {"color": "#9A9A9A", "marker": ".", "markersize": 4, "linestyle": "--", "linewidth": 1.2}


class ErasurePicture:
    """Test images in rows of one color each, with captions before and after; beside them retain accuracy and forget error.

    columns: images per row. colors: the rows' names. kind: of what is shown, "digit" or "class". `moving` holds the artists
    that a frame changes.
    """

    @look()
    def __init__(self, columns: int, colors: list[str], kind: str):
        self.figure = _empty((WIDTH, 4.9))
        self.images, self.before, self.after = [], [], []
        for row, name in enumerate(colors):
            self._row(row, name, columns)
        _words(self.figure, .1, TOP + .28, "What the network says, before and after", fontsize=11)
        _words(self.figure, .1, .2, f"✓ the right {kind}, and “gray”.   The number is p(gray).", fontsize=9, color=style.GREY)
        self._plane()
        self.moving = [*self.after, self.ghost, self.track, self.now, *self.titles]

    @look()
    def show_images(self, pixels: np.ndarray, said: list[tuple[bool, str]]) -> None:
        """Other images, row after row, (n, h, w, 3) uint8, and what the original says of each. Needs a new background."""
        for image, pixel in zip(self.images, pixels):
            image.set_data(pixel)
            image.set_extent((0, pixel.shape[1], pixel.shape[0], 0))
        _caption(self.before, said)

    @look()
    def show_references(self, original: tuple[float, float], ground_truth: tuple[float, float], zoom: bool) -> None:
        """Where the two trained models stand, (retain accuracy, forget error), and how much of the plane is shown. Needs a new
        background."""
        for point, label, place, (across, up) in zip(self._points, self._names, (original, ground_truth), NAMED):
            point.set_data([place[0]], [place[1]])
            label.xy, left = place, place[0] > .3  # where there is room for the name
            label.set(position=(across if left else -across, up), ha="right" if left else "left")
        (low, high), error = CORNER
        low, width = min(low, ground_truth[0] - .15), high - low  # an easy task's stands beside the ideal
        self.plane.set(**dict(zip(("xlim", "ylim"), ((low, low + width), error) if zoom else WHOLE)))

    def frame(self, said: list[tuple[bool, str]], track: list[tuple[float, float]], previous: list[tuple[float, float]],
              titles: list[str]) -> None:
        """What the model says now of each image, empty for nothing yet; the run's way so far, that of the run before, and up to three
        lines over them."""
        _caption(self.after, said or [(True, "")] * len(self.after))
        self.track.set_data(*_columns(track))
        self.now.set_data(*_columns(track[-1:]))
        self.ghost.set_data(*_columns(previous))
        for text, words in zip(self.titles, titles):
            text.set_text(words)

    def _row(self, row, name, columns):
        top = TOP - row * HEIGHT
        lines = top - IMAGE - .04, top - IMAGE - .04 - LINE
        _words(self.figure, .1, top - IMAGE / 2, name, va="center", fontsize=10.5, fontweight="bold")
        for y, word, color in zip(lines, ("before", "after"), (style.DARK_ORANGE, style.BLUE)):
            _words(self.figure, .1, y, word, va="top", fontsize=9, color=color)
        for column in range(columns):
            x = LEFT + (column + .5) * GRID / columns
            ax = _axes(self.figure, x - IMAGE / 2, top - IMAGE, IMAGE, IMAGE)
            ax.set_axis_off()
            self.images.append(ax.imshow(np.zeros((1, 1, 3), np.uint8), interpolation="nearest"))
            for y, texts in zip(lines, (self.before, self.after)):
                texts.append(_words(self.figure, x, y, "", ha="center", va="top", fontsize=9))

    def _plane(self):
        ax = self.plane = _axes(self.figure, 6.25, .62, 3.6, 3.35)
        ax.set(xlabel="retain accuracy (gray test images)", ylabel="forget error")
        self.ghost, = ax.plot([], [], **PREVIOUS, zorder=2)
        self.track, = ax.plot([], [], **AFTER, zorder=4)
        self.now, = ax.plot([], [], "o", color=style.BLUE, markersize=10, markeredgecolor="white", markeredgewidth=1.5, zorder=5)
        self._points, self._names = [], []
        marks = ("original", "s", style.ORANGE, style.DARK_ORANGE), ("ground truth", "D", style.GREEN, style.GREEN)
        for (name, marker, color, ink), shift in zip(marks, NAMED):
            self._points += ax.plot([], [], marker, color=color, markeredgecolor="black", markersize=9, zorder=3)
            self._names.append(ax.annotate(name, (0, 0), shift, textcoords="offset points", ha="right", va="center", fontsize=9.5, color=ink))
        ax.plot(1, 0, "*", color="none", markeredgecolor="black", markersize=14, zorder=3)
        ax.annotate("ideal", (1, 0), (-2, -15), textcoords="offset points", ha="center", va="center", fontsize=9.5)
        self.titles = [_words(self.figure, 5.75, TOP + up, "", fontsize=size, color=color)
                       for up, size, color in ((.28, 11, style.BLUE), (.06, 9.5, style.BLUE), (-.14, 9, style.GREY))]


class CollapsePicture:
    """One painted image, what three models say of it, and the color accuracy after every epoch.

    rows: what is written beside each class's color. colors: (classes, 3), uint8. classes: their names. `moving` holds the artists
    that a frame changes.
    """

    @look()
    def __init__(self, rows: list[str], colors: np.ndarray, classes: list[str]):
        self.figure, self.names, self.classes = _empty((WIDTH, 4.6)), classes, len(classes)
        ax = _axes(self.figure, .15, 2.3, 1.4, 1.4)
        ax.set_axis_off()
        self.image = ax.imshow(np.zeros((1, 1, 3), np.uint8), interpolation="nearest")
        self.caption = _words(self.figure, .15, 2.15, "", va="top", fontsize=10, linespacing=1.5)
        self._rows(rows, colors / 255)
        self.bars, self.verdicts = [], []
        for x, (name, color, ink) in zip(BARS, MODELS):
            self._panel(x, name, color, ink)
        self._epochs()
        bars = [bar for panel in self.bars for bar in panel]
        self.moving = [self.image, self.caption, *self.bands, *self.notes, *self.swatches, *bars, *self.verdicts,
                       self.ghost, self.track, self.now, *self.titles]

    @look()
    def show_references(self, original: float, ground_truth: float, epochs: int) -> None:
        """The color accuracies of the two trained models, and T. Needs a new background."""
        for line, label, height in zip(self._lines, self._names, (original, ground_truth)):
            line.set_ydata([height, height])
            label.xy = (epochs, height)
        self.accuracy.set(xlim=(-.04 * epochs, 1.04 * epochs))

    def frame(self, pixel: np.ndarray, content: int, color: int, caption: str, said: list[np.ndarray | None], track: list[float],
              previous: list[float], titles: list[str]) -> None:
        """The image (h, w, 3) uint8, its class and that of its color; each model's probabilities (classes,), None for nothing yet; the
        run's accuracies so far, those of the run before, and up to three lines over them."""
        self.image.set_data(pixel)
        self.image.set_extent((0, pixel.shape[1], pixel.shape[0], 0))
        self.caption.set_text(caption)
        notes = ("both ▸", "") if content == color else ("content ▸", "color ▸")
        for band, note, row, words in zip(self.bands, self.notes, (content, color), notes):
            band.set_y(row - .5)
            note.set_position((note.get_position()[0], row))
            note.set_text(words)
        for bars, verdict, chances in zip(self.bars, self.verdicts, said):
            for bar, chance in zip(bars, np.zeros(self.classes) if chances is None else chances):
                bar.set_width(chance)
            verdict.set_text("" if chances is None else _verdict(chances, content, color, self.names))
        self.track.set_data(range(len(track)), track)
        self.now.set_data([len(track) - 1], track[-1:])
        self.ghost.set_data(range(len(previous)), previous)
        for text, words in zip(self.titles, titles):
            text.set_text(words)

    def _rows(self, rows, colors):
        """The classes' names and colors, and behind them what marks the image's own two."""
        left, right = 1.62, BARS[-1] + BAR
        ax = _axes(self.figure, left, ROW[0], right - left, ROW[1] - ROW[0])
        ax.set(xlim=(left, right), ylim=(self.classes - .5, -.5))
        ax.set_axis_off()
        self.bands = [ax.axhspan(0, 1, color=style.GREY, alpha=.16, linewidth=0) for _ in range(2)]
        self.notes = [ax.text(left + .05, 0, "", va="center", fontsize=9) for _ in range(2)]
        edge = {"edgecolor": "black", "linewidth": .6}
        self.swatches = ax.barh(range(self.classes), .15, left=BARS[0] - .22, height=.62, color=colors, **edge).patches
        for row, words in enumerate(rows):
            ax.text(BARS[0] - .28, row, words, ha="right", va="center", fontsize=9)

    def _panel(self, x, name, color, ink):
        ax = _axes(self.figure, x, ROW[0], BAR, ROW[1] - ROW[0])
        ax.patch.set_visible(False)
        ax.set(xlim=(0, 1), ylim=(self.classes - .5, -.5), xlabel="probability")
        ax.set_xticks([0, .5, 1], ["0", ".5", "1"])
        ax.set_yticks([])
        ax.grid(False)
        self.bars.append(ax.barh(range(self.classes), [0] * self.classes, height=.62, color=color).patches)
        _words(self.figure, x, 4.25, name, fontsize=11, color=ink)
        self.verdicts.append(_words(self.figure, x, 3.8, "", fontsize=9.5, linespacing=1.3))

    def _epochs(self):
        ax = self.accuracy = _axes(self.figure, 7.6, ROW[0], 2.25, ROW[1] - ROW[0])
        ax.set(xlabel="epoch", ylabel="color accuracy", ylim=(-.02, 1.02))
        ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        self._lines, self._names = [], []
        for (name, _, ink), looks, up in zip((MODELS[0], MODELS[2]), (style.ORIGINAL, style.GROUND_TRUTH), (-4, 4)):
            self._lines += ax.plot([0, 1], [0, 0], transform=ax.get_yaxis_transform(), **looks)
            self._names.append(ax.annotate(name, (0, 0), (0, up), textcoords="offset points", ha="right", va="bottom" if up > 0 else "top",
                                           fontsize=9.5, color=ink))
        self.ghost, = ax.plot([], [], **PREVIOUS)
        self.track, = ax.plot([], [], **AFTER)
        self.now, = ax.plot([], [], "o", color=style.BLUE, markersize=10, markeredgecolor="white", markeredgewidth=1.5)
        self.titles = [_words(self.figure, 7.15, up, "", fontsize=size, color=color)
                       for up, size, color in ((4.25, 11, style.BLUE), (4.03, 9.5, style.BLUE), (3.83, 8.5, style.GREY))]


def _verdict(chances, content, color, names):
    """What a model goes by, in two lines."""
    said = int(chances.argmax())
    follows = {(True, True): "both", (True, False): "the content", (False, True): "the color", (False, False): "neither"}
    return f"says {names[said]}:\n{follows[said == content, said == color]}"


def _empty(size):
    """A figure whose parts stand where they are put."""
    made = Figure(figsize=size, layout="none")
    FigureCanvasAgg(made)
    return made


def _axes(figure, x, y, width, height):
    """Axes at a place in inches."""
    across, up = figure.get_size_inches()
    return figure.add_axes((x / across, y / up, width / across, height / up))


def _words(figure, x, y, text, **style_):
    """Text at a place in inches."""
    across, up = figure.get_size_inches()
    return figure.text(x / across, y / up, text, **style_)


def _caption(texts, said):
    """Sets each text to (right, words), wrong ones in another color; the words carry the mark."""
    for text, (right, words) in zip(texts, said):
        text.set_text(words)
        text.set_color(style.BLACK if right else style.VERMILLION)


def _columns(points):
    return tuple(zip(*points)) or ((), ())
