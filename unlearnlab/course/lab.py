"""What every lab shares: how it shows itself, live or as a picture, its controls, how it redraws,
and how it tells the reader of an error."""

import html
import weakref
from contextlib import contextmanager

import ipywidgets
from IPython import get_ipython

from ..ground.checks import integer, number, one_of
from ..ground.seeds import on_cpu
from .canvas import Canvas
from .style import figure, look

MENU = ipywidgets.Dropdown
SHOWN = {}  # by cell of the notebook: which run of it came last, and the labs that it showed
WIDE = {"style": {"description_width": "110px"}, "layout": {"width": "360px"}}


class Lab:
    """A lab has a `panel` (any widget), a `canvas` (None until there is something to see), a
    one-line `summary`, and `status`, a line for the reader. `error`: what went wrong last, or None.

    A live notebook shows the panel. The stored output also holds the current picture and the
    summary, for whoever reads the notebook on a web page.
    """

    panel: ipywidgets.Widget
    summary: str
    canvas = error = None

    def __init__(self):
        self.status = ipywidgets.HTML()

    def lay_out(self, *rows) -> None:
        """Makes the panel, whose widgets are gone when the lab is."""
        self.panel = ipywidgets.VBox(rows)
        # not when the kernel ends: then there is nobody left to tell
        weakref.finalize(self, close, self.panel).atexit = False

    def close(self) -> None:
        """Its widgets are gone, and what it drew: the end of a lab."""
        close(self.panel)
        self.canvas = self.figure = self.task = self.model = self.drawn = None

    def _repr_mimebundle_(self, include=None, exclude=None):
        _keep(self)
        view = {"version_major": 2, "version_minor": 0, "model_id": self.panel.model_id}
        data = {"application/vnd.jupyter.widget-view+json": view, "text/plain": self.summary}
        if self.canvas is None:
            return data, {}
        alt = {"image/png": {"alt": self.canvas.figure.alt}}
        return data | {"image/png": self.canvas.png()}, alt

    def add(self, follow, controls: dict, late: bool = False) -> tuple:
        """The controls, each an attribute by its name; a change of one calls `follow`.

        controls: name -> widget, or the arguments of `control`. late: as there. Raises ValueError
        by name for a first value that is none of a control's.
        """
        for name, made in controls.items():
            if isinstance(made, tuple):
                check(controls, **{name: made[1]})
                made = control(*made, late=late)
            setattr(self, name, made)
            made.observe(weakly(follow), "value")
        return tuple(getattr(self, name) for name in controls)

    def say(self, text: str = "", error: bool = False) -> None:
        """Tells the reader; an error is marked by a word and a colour."""
        text = html.escape(text)
        if error:
            text = f'<span style="color:#B00020"><b>Error:</b> {text}</span>'
        self.status.value = text and f"<span>{text}</span>"

    @contextmanager
    def telling(self):
        """What goes wrong inside is told to the reader and kept in `error` until the next time."""
        if self.error:
            self.say()
        self.error = None
        try:
            yield
        except BaseException as error:  # SystemExit too: a thread would swallow it
            self.error = error
            self.say(f"{type(error).__name__}: {error}", error=True)

    def redraw(self, change=None) -> None:
        """One new frame, if there is something to see."""
        if self.canvas:
            with self.telling():
                self.show()


class SliderLab(Lab):
    """A lab whose picture follows its controls at once.

    A subclass has

    offers              its controls, from the top down: name -> arguments of `control`
    compute(**values)   what is to be shown, from the controls' values by name
    picture(*axes, shown)   draws it anew into the axes of the canvas, which are empty
    draw(shown)         or this, which lays the figure out anew
    sentence(shown)     the alt text
    table(shown)        HTML beside the controls
    note(shown)         a line below the picture, or ""

    Arguments are first values of controls, by name. Every control is an attribute. `shown` is what
    compute returned for what is in the picture.
    """

    # Arguments of `figure`; of Figure.legend for what the first frame labels, or None for no legend
    # of the figure; as in `control`
    panels = {"columns": 2}
    legend = {"loc": "outside upper center", "ncols": 6, "columnspacing": 1.2}
    late = False

    def __init__(self, **first):
        """Makes the panel and draws the first frame.

        Raises what goes wrong in the first frame, which the reader could not see.
        """
        super().__init__()
        self.numbers = ipywidgets.HTML()
        self.column = ipywidgets.VBox(self.add(self.redraw, self.offers, self.late))
        check(self.offers, **first)
        for name, value in first.items():
            getattr(self, name).value = value
        self.canvas = Canvas(figure(**self.panels)[0])
        top = ipywidgets.HBox([self.column, self.numbers])
        self.lay_out(top, self.canvas.widget, self.status)
        self.show()

    @property
    def summary(self):
        settings = [f"{control.description} {control.value}" for control in self.column.children]
        return f"{type(self).__name__}: {', '.join(settings)}"

    def draw(self, shown) -> None:
        drawn = self.canvas.figure
        for ax in drawn.axes:
            ax.clear()
        self.picture(*drawn.axes, shown)
        if self.legend and not drawn.legends:  # the first frame; later ones are laid out alike
            drawn.legend(**self.legend)

    def table(self, shown) -> str:
        return ""

    note = table

    @look()
    @on_cpu()
    def show(self):
        self.shown = self.compute(**{name: getattr(self, name).value for name in self.offers})
        self.draw(self.shown)
        self.canvas.figure.alt = self.sentence(self.shown)
        self.canvas.draw()
        self.numbers.value = self.table(self.shown)
        self.say(self.note(self.shown))


def control(words: str, value, first, *rest, late: bool = False) -> ipywidgets.Widget:
    """A slider that begins at `value`. words: what the reader sees beside it.

    first, rest: low, high and step, of whole numbers unless the step is none, and 1 if it is left
    out; or options, which are values or a dictionary words -> value, and MENU for a list instead of
    a slider. late: it changes when it is let go.
    """
    traits = {"description": words, "value": value, **WIDE}
    if isinstance(first, (int, float)):
        high, step = (*rest, 1)[:2]
        kind = ipywidgets.IntSlider if isinstance(step, int) else ipywidgets.FloatSlider
        made = kind(min=first, max=high, step=step, **traits)
    else:
        options = list(first.items() if isinstance(first, dict) else first)
        made = (*rest, ipywidgets.SelectionSlider)[0](options=options, **traits)
    if late and rest != (MENU,):
        made.continuous_update = False
    return made


def check(controls: dict[str, tuple], **values) -> None:
    """Raises ValueError by name for a value that is none of its control's.

    controls: name -> arguments of `control`. values: by the names of controls.
    """
    for name, value in values.items():
        one_of("a first value", name, controls)
        _, _, first, *rest = controls[name]
        if isinstance(first, (int, float)):
            kind = number if isinstance(rest[-1], float) else integer
            kind(name, value, low=first, high=rest[0])
        else:
            one_of(name, value, first.values() if isinstance(first, dict) else first)


def button(press, words: str, icon: str, width=110, hint=None, **more) -> ipywidgets.Button:
    """press: called with a click. width: pixels. hint: when the mouse is over it. more: traits."""
    layout = {"width": f"{width}px"}
    made = ipywidgets.Button(description=words, icon=icon, layout=layout, tooltip=hint, **more)
    made.on_click(weakly(press))
    return made


def weakly(method):
    """Calls it as long as its lab is there: ipywidgets keep what they call, and each other."""
    known = weakref.WeakMethod(method)
    return lambda *given: known() and known()(*given)


def close(widget: ipywidgets.Widget) -> None:
    """Closes a widget and all that it is made of, of which ipywidgets keep a list."""
    for value in widget.trait_values().values():
        for part in value if isinstance(value, tuple) else [value]:
            if isinstance(part, ipywidgets.Widget):
                close(part)
    widget.close()


def _keep(lab):
    """Keeps a lab that a cell shows. When the cell runs again, those of its last run are closed."""
    parent = getattr(get_ipython(), "get_parent", dict)()
    if parent:
        run = parent["header"]["msg_id"]
        cell = parent["metadata"].get("cellId", run)
        last, labs = SHOWN.get(cell, (run, []))
        if last != run:
            for old in {*labs} - {lab}:
                old.close()
            labs = []
        SHOWN[cell] = run, [*labs, lab]


def table(rows: dict[str, tuple], head: tuple = (), caption: str = "") -> str:
    """HTML of a table: name of a row -> its cells, ready to read. head: names of the columns."""
    cell = '<td style="text-align:right;padding:0 8px">{}</td>'.format
    body = [("", [f"<b>{name}</b>" for name in head])] if head else []
    body += rows.items()
    lines = "".join(f"<tr><td>{name}</td>{''.join(map(cell, cells))}</tr>" for name, cells in body)
    return (
        f'<table style="margin-left:16px;line-height:1.4"><caption>{caption}</caption>{lines}'
        "</table>"
    )
