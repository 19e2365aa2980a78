"""One look for every picture: the Okabe-Ito palette, line styles as a second channel, alt text."""

import io
import threading
from contextlib import contextmanager
from functools import wraps

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as _Figure

BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILLION, PURPLE = (
    "#000000",
    "#E69F00",
    "#56B4E9",
    "#009E73",
    "#F0E442",
    "#0072B2",
    "#D55E00",
    "#CC79A7",
)
DARK_ORANGE, GREY = "#A66F00", "#707070"
INK = {ORANGE: DARK_ORANGE, SKY: "#2B7FB0", PURPLE: "#9C4F7B"}  # words: darker than a pale line

# What a colour and a line style mean, in every picture of the course
ORIGINAL = {"color": ORANGE, "linestyle": (0, (4, 1.5)), "linewidth": 1.6}
UNLEARNED = {"color": BLUE, "linestyle": "-", "linewidth": 2.0}
GROUND_TRUTH = {"color": GREEN, "linestyle": "-.", "linewidth": 1.6}
TARGET = {"color": BLACK, "linestyle": ":", "linewidth": 1.4}
RETAIN = {"color": BLACK, "marker": "o", "markersize": 4.5, "linestyle": "none"}
FORGET = {
    "color": VERMILLION,
    "marker": "X",
    "markersize": 9,
    "linestyle": "none",
    "markeredgecolor": "white",
}

# Lines that stand for nothing in particular, in this order; the first two are also right and wrong
SERIES = tuple(
    {"color": color, "marker": marker, "linestyle": line}
    for color, marker, line in (
        (BLUE, "o", "-"),
        (VERMILLION, "s", "--"),
        (GREEN, "^", "-."),
        (ORANGE, "D", ":"),
        (PURPLE, "v", (0, (5, 1, 1, 1))),
    )
)
RIGHT, WRONG = SERIES[:2]
PLAIN = tuple({**style, "marker": ""} for style in SERIES)

# One method looks the same in every picture; no two share both color and marker
METHOD_LOOKS = {
    name: {"color": color, "marker": marker, "linestyle": line}
    for name, color, marker, line in (
        ("MinNorm-OG", BLUE, "o", "-"),
        ("GD", SKY, "s", "--"),
        ("Ridge", PURPLE, "D", "-."),
        ("Retrain", GREY, "v", ":"),
        ("GA", VERMILLION, "^", "--"),
        ("NGP", DARK_ORANGE, "P", "-."),
        ("NGD", BLACK, "X", "--"),
        ("l1-Sparse", PURPLE, "h", ":"),
        ("SCRUB", GREEN, "<", "-."),
        ("NPO", VERMILLION, ">", ":"),
        ("SalUn", DARK_ORANGE, "p", "--"),
        ("KL-Unif", GREEN, "d", "--"),
        ("NegGrad", BLACK, "8", ":"),
    )
}
OTHER = {"color": BLACK, "marker": "o", "linestyle": "-"}  # a method of the reader's own

RC = {
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.labelsize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#E4E4E4",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "figure.constrained_layout.use": True,
    "axes.prop_cycle": matplotlib.cycler(
        color=[BLUE, ORANGE, GREEN, VERMILLION, PURPLE, SKY, BLACK],
        linestyle=["-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (3, 1)), "-"],
    ),
}


def line_look(name: str) -> dict:
    """The look of a method whose line has no markers; the reader's own is grey and dotted."""
    look = METHOD_LOOKS.get(name, {"color": GREY, "linestyle": ":"})
    width = {"MinNorm-OG": 2.0, "GD": 2.4}.get(name, 1.8)
    return {"color": look["color"], "linestyle": look["linestyle"], "linewidth": width}


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


_settings = threading.RLock()


@contextmanager
def look():
    """Inside, matplotlib draws in the course's style; outside, the reader's own settings stay.

    One thread at a time, as the settings are everybody's: a lab draws in a thread of its own.
    """
    with _settings, matplotlib.rc_context(RC):
        yield


def figure(rows: int = 1, columns: int = 1, size: tuple[float, float] | None = None, **subplots):
    """(Figure, Axes or array of Axes) in the course's style.

    size: inches, default by the number of panels. subplots: as in Figure.subplots.
    """
    with look():
        size = size or (7.5 if columns == 1 else 9.2, 3.5 * rows)
        fig = Figure(figsize=size, layout="constrained")
        FigureCanvasAgg(fig)
        return fig, fig.subplots(rows, columns, **subplots)


def picture(
    *words: tuple[str, ...],
    rows: int = 1,
    size: tuple[float, float] | None = None,
    what: str = "",
    legend: int = 0,
    panels: dict | None = None,
    **properties,
):
    """Decorator: a function that draws into axes becomes one that returns a finished Figure.

    The function gets the Axes (the list of them, if several), then what its caller gives. The
    caller may add finding="...", as in Figure.done. What the function returns, if anything, goes
    for `what`.

    words: of every panel, in this order, what is across, up, and the title; the last may be left
    out. legend: columns of one above the panels, of what is labelled in the first; 0: none.
    panels: as in Figure.subplots. properties: of all Axes, as in Axes.set. what: as in Figure.done.
    """

    def decorate(draw):
        @wraps(draw)
        @look()
        def drawn(*given, finding: str = "", **named) -> Figure:
            fig, axes = figure(rows, len(words) // rows, size, **panels or {})
            for ax, labels in zip(fig.axes, words):
                ax.set(**dict(zip(("xlabel", "ylabel", "title"), labels)), **properties)
            said = draw(axes if len(words) == 1 else fig.axes, *given, **named)
            if legend:
                names = fig.axes[0].get_legend_handles_labels()
                fig.legend(*names, loc="outside upper center", ncols=legend)
            return fig.done(finding, said or what)

        return drawn

    return decorate
