"""What holds for every picture of the course: it is a figure that says in words what it shows, its
axes have names, and none of its words is cut off."""

from matplotlib.colors import same_color
from matplotlib.text import Text

from unlearnlab.course import style

# what a reader may have set for plots of his own, without LaTeX on this machine
READERS = [
    "dark_background",
    {
        "text.usetex": True,
        "font.size": 30,
        "figure.dpi": 200,
        "savefig.dpi": 300,
        "savefig.bbox": "tight",
        "lines.linewidth": 9,
    },
]


def check_picture(figure, titles_name_heights: bool = False):
    """titles_name_heights: the title of a panel stands for the label of its vertical axis."""
    assert isinstance(figure, style.Figure)
    assert figure.png().startswith(b"\x89PNG")
    check_look(figure)
    for ax in figure.axes:
        if ax.axison:
            check_words(ax, figure.bbox)
        if ax.axison and ax.get_label() != "<colorbar>":
            assert named(ax, "x"), ax.get_title("left")
            assert named(ax, "y") or titles_name_heights and ax.get_title("left"), ax.get_xlabel()


def check_shown(make):
    """`make` draws the same picture twice; a notebook gets it with its words."""
    figure = make()
    check_picture(figure)
    data, metadata = figure._repr_mimebundle_()
    assert figure.png() == data["image/png"] == make().png()
    assert metadata["image/png"]["alt"] == figure.alt and len(figure.alt) > 30


def named(ax, which: str) -> bool:
    """Whether an axis, "x" or "y", has a label, shares one, or counts nothing: its ticks are words
    or none."""
    siblings = getattr(ax, f"get_shared_{which}_axes")().get_siblings(ax)
    ticks = [tick.get_text() for tick in getattr(ax, f"get_{which}ticklabels")()]
    return any(getattr(other, f"get_{which}label")() for other in siblings) or not any(
        mark.isdigit() for tick in ticks for mark in tick
    )


def check_look(figure):
    """It is drawn in the course's style, whatever the reader's own is."""
    assert figure.dpi == 100
    assert all(same_color(ax.get_facecolor(), "white") for ax in figure.axes if ax.axison)
    for text in figure.findobj(Text):
        assert not text.get_usetex() and text.get_fontsize() < 15, text.get_text()


def check_words(ax, room):
    """No title, label or note of the axes reaches out of the picture."""
    for text in (ax.title, ax._left_title, ax.xaxis.label, ax.yaxis.label, *ax.texts):
        if text.get_text().strip() and text.get_visible():
            box = text.get_window_extent()
            assert room.x0 <= box.x0 and box.x1 <= room.x1, text.get_text()
            assert room.y0 <= box.y0 and box.y1 <= room.y1, text.get_text()
