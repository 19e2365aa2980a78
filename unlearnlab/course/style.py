"""One look for every picture: the Okabe-Ito palette, line styles as a second channel, alt text."""

import io
import threading
from contextlib import contextmanager
from pathlib import Path

import matplotlib.style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as _Figure

from ..ground.files import beside

_DATA = beside(__file__, "style.json")
COLORS = _DATA["colors"]
BLACK, ORANGE, SKY, GREEN, BLUE, VERMILLION, GREY, *_ = COLORS.values()
INK = {COLORS[pale]: dark for pale, dark in _DATA["ink"].items()}  # words: darker than a pale line
RC = matplotlib.rc_params_from_file(
    Path(__file__).with_suffix(".mplstyle"), use_default_template=False
)


def looks(kind: str) -> dict[str, dict]:
    """A table of style.json: name -> look, as Axes.plot takes it."""
    table = {name: look | {"color": COLORS[look["color"]]} for name, look in _DATA[kind].items()}
    for look in table.values():
        if isinstance(look["linestyle"], list):  # JSON has no tuples
            look["linestyle"] = tuple(look["linestyle"])
    return table


# What a colour and a line style mean, in every picture of the course
LOOKS = looks("looks")
ORIGINAL, UNLEARNED, GROUND_TRUTH, TARGET, RETAIN, FORGET, *_ = LOOKS.values()

# Lines that stand for nothing in particular, in this order; the first two are also right and wrong
SERIES = list(looks("series").values())
RIGHT, WRONG, *_ = SERIES

# One method looks the same in every picture; no two share both color and marker
METHOD_LOOKS = looks("methods")
OTHER = {"color": BLACK, "marker": "o", "linestyle": "-"}  # a method of the reader's own

REFERENCES = looks("references")  # what methods are measured by, where they land

# A look of everything that has one, by its name
WIDTHS = dict.fromkeys(METHOD_LOOKS, 1.8) | _DATA["widths"]
NAMED = {**LOOKS, **looks("series")}
NAMED |= {name: {**METHOD_LOOKS[name], "linewidth": width} for name, width in WIDTHS.items()}


_settings = threading.RLock()


@contextmanager
def look():
    """Inside, matplotlib draws in the course's style and nothing of the reader's, who may like dark
    pictures; outside, the reader's own settings stay.

    One thread at a time, as the settings are everybody's: a lab draws in a thread of its own. What
    the reader draws by pyplot at that very moment has the course's style, too.
    """
    with _settings, matplotlib.style.context(RC, after_reset=True):
        yield


class Figure(_Figure):
    """A matplotlib figure that shows itself in a notebook, and says in words (`alt`) what it shows.

    No pyplot: nothing is registered anywhere, so that figures may be made in threads and leave
    no memory behind.
    """

    alt = "A figure"

    def done(self, finding: str = "", what: str = "") -> "Figure":
        """Finishes a picture: no minor ticks, and the alt text. Returns the figure.

        what: what is drawn, default the labels of the axes; a claim only if it is computed from
        the numbers drawn. finding: what there is to see, from whoever made the numbers and has
        checked it.
        """
        drawn = []
        for ax in self.axes:
            ax.minorticks_off()
            words = ax.get_ylabel(), ax.get_xlabel(), ax.get_title(loc="left")
            up, across, title = (" ".join(text.split()) for text in words)
            drawn.append(f"{up or title} by {across}" if across else up or title)
        what = what or "; ".join(filter(None, dict.fromkeys(drawn)))
        self.alt = f"{what}. {finding}".strip() if finding else what
        return self

    @look()
    def png(self) -> bytes:
        """The picture, the same bytes every time."""
        if self.get_layout_engine() is not None:  # constrained layout moves at every drawing
            self.canvas.draw()
            self.set_layout_engine("none")
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=100, metadata={"Software": None})
        return buffer.getvalue()

    def _repr_mimebundle_(self, include=None, exclude=None):
        data = {"image/png": self.png(), "text/plain": self.alt}
        return data, {"image/png": {"alt": self.alt}}


def figure(rows: int = 1, columns: int = 1, size: tuple[float, float] | None = None, **subplots):
    """(Figure, Axes or array of Axes) in the course's style.

    size: inches, default by the number of panels. subplots: as in Figure.subplots.
    """
    with look():
        size = size or (7.5 if columns == 1 else 9.2, 3.5 * rows)
        fig = Figure(figsize=size, layout="constrained")
        FigureCanvasAgg(fig)
        return fig, fig.subplots(rows, columns, **subplots)
