"""The moving pictures of ErasureLab: colored images with what a model says of them, and a run's way through the plane."""
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg

from . import style
from .style import Figure, look

SIZE = (10.0, 4.9)  # inches
LEFT, TOP, CELL, IMAGE, LINE = .95, 4.33, (1.13, 1.25), .74, .165  # the grid of images, in inches
WHOLE, CORNER = ((-.02, 1.04), (-.09, 1.02)), ((.78, 1.012), (-.025, .27))  # limits of the plane: all of it, or around the ideal
AFTER = {"color": style.BLUE, "marker": "o", "markersize": 5, "linestyle": "-", "linewidth": 1.6}
PREVIOUS = {"color": "#9A9A9A", "marker": ".", "markersize": 4, "linestyle": "--", "linewidth": 1.2}


class ErasurePicture:
    """Test images in rows of one color each, with captions before and after; beside them retain accuracy and forget error.

    columns: images per row. colors: the rows' names. `moving` holds the artists that a frame changes.
    """

    @look()
    def __init__(self, columns: int, colors: list[str]):
        self.figure = _empty(SIZE)
        self.images, self.before, self.after = [], [], []
        for row, name in enumerate(colors):
            self._row(row, name, columns)
        _words(self.figure, .1, TOP + .28, "What the network says, before and after", fontsize=11)
        _words(self.figure, .1, .2, "✓ the right digit, and “gray”.   The number is p(gray).", fontsize=9, color=style.GREY)
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
        for point, label, place in zip(self._points, self._names, (original, ground_truth)):
            point.set_data([place[0]], [place[1]])
            label.xy = place
        self.plane.set(**dict(zip(("xlim", "ylim"), CORNER if zoom else WHOLE)))

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
        top = TOP - row * CELL[1]
        lines = top - IMAGE - .04, top - IMAGE - .04 - LINE
        _words(self.figure, .1, top - IMAGE / 2, name, va="center", fontsize=10.5, fontweight="bold")
        for y, word, color in zip(lines, ("before", "after"), (style.DARK_ORANGE, style.BLUE)):
            _words(self.figure, .1, y, word, va="top", fontsize=9, color=color)
        for column in range(columns):
            x = LEFT + (column + .5) * CELL[0]
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
        marks = (("original", "s", style.ORANGE, style.DARK_ORANGE, (-10, 0), "center"),
                 ("ground truth", "D", style.GREEN, style.GREEN, (-18, -15), "center"))
        for name, marker, color, ink, shift, va in marks:
            self._points += ax.plot([], [], marker, color=color, markeredgecolor="black", markersize=9, zorder=3)
            self._names.append(ax.annotate(name, (0, 0), shift, textcoords="offset points", ha="right", va=va, fontsize=9.5, color=ink))
        ax.plot(1, 0, "*", color="none", markeredgecolor="black", markersize=14, zorder=3)
        ax.annotate("ideal", (1, 0), (-2, -15), textcoords="offset points", ha="center", va="center", fontsize=9.5)
        self.titles = [_words(self.figure, 5.75, TOP + up, "", fontsize=size, color=color)
                       for up, size, color in ((.28, 11, style.BLUE), (.06, 9.5, style.BLUE), (-.14, 9, style.GREY))]


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
