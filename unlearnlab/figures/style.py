"""One look for every picture: the Okabe-Ito palette, line styles as a second channel, alt text."""
import io
from contextlib import contextmanager

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as _Figure

BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILLION, PURPLE = (
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7")
DARK_ORANGE, GREY = "#A66F00", "#707070"  # for words: the palette's orange is too pale to read

# What a colour and a line style mean, in every picture of the course
ORIGINAL = {"color": ORANGE, "linestyle": (0, (4, 1.5)), "linewidth": 1.6}
UNLEARNED = {"color": BLUE, "linestyle": "-", "linewidth": 2.0}
GROUND_TRUTH = {"color": GREEN, "linestyle": "-.", "linewidth": 1.6}
TARGET = {"color": BLACK, "linestyle": ":", "linewidth": 1.4}
RETAIN = {"color": BLACK, "marker": "o", "markersize": 4.5, "linestyle": "none"}
FORGET = {"color": VERMILLION, "marker": "X", "markersize": 9, "linestyle": "none", "markeredgecolor": "white"}

RC = {
    "font.size": 10, "axes.titlesize": 11, "axes.titlelocation": "left", "axes.labelsize": 10,
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.color": "#E4E4E4",
    "grid.linewidth": .6, "axes.axisbelow": True, "legend.frameon": False, "figure.facecolor": "white",
    "figure.constrained_layout.use": True,
    "axes.prop_cycle": matplotlib.cycler(color=[BLUE, ORANGE, GREEN, VERMILLION, PURPLE, SKY, BLACK],
                                         linestyle=["-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (3, 1)), "-"]),
}


class Figure(_Figure):
    """A matplotlib figure that shows itself in a notebook, and says in words (`alt`) what it shows.

    No pyplot: nothing is registered anywhere, so that figures may be made in threads and leave no memory behind.
    """

    alt = "A figure"

    def png(self) -> bytes:
        """The picture, the same bytes every time."""
        if self.get_layout_engine() is not None:  # constrained layout moves things a little at every drawing
            self.canvas.draw()
            self.set_layout_engine("none")
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=100, metadata={"Software": None})
        return buffer.getvalue()

    def _repr_mimebundle_(self, include=None, exclude=None):
        data = {"image/png": self.png(), "text/plain": self.alt}
        return data, {"image/png": {"alt": self.alt}}


@contextmanager
def look():
    """Inside, matplotlib draws in the course's style; outside, the reader's own settings are untouched."""
    with matplotlib.rc_context(RC):
        yield


def figure(rows: int = 1, columns: int = 1, size: tuple[float, float] = (7.5, 3.4), **subplots):
    """(Figure, Axes or array of Axes) in the course's style. size: inches. `subplots`: as in Figure.subplots."""
    with look():
        fig = Figure(figsize=size, layout="constrained")
        FigureCanvasAgg(fig)
        return fig, fig.subplots(rows, columns, **subplots)
